#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""NFAS (Q.931 annex F): two spans whose calls share a D-channel and its backup. nfas.py KIND TYPE SIDE: tandem-isdn is SIDE. Where DAHDI is not real only."""
import sys
import tempfile

from results import DCHANNEL, WIDTH as WIDTHS, shows, switch
from alone import OTHER, isdn, up
from lab import wait_for

kind, type, side = sys.argv[1:4]
WIDTH = WIDTHS[kind]
FIRST = DCHANNEL[kind]
MORE = f'spans = {{ 1, 2 }} d-channels = {{ {FIRST}, {FIRST + WIDTH} }} exclusive = yes t200 = 200ms t203 = 500ms t309 = 60s'


PLACES = {role: f"ds/{'ds1' if kind == 't1' else 'e1'}-{span}/{FIRST}" for role, span in (("primary", 1), ("backup", 2))}


def answered(number):
    call, _ = agent.setup(number)
    came = far.setup(called=number)
    far.answer(came["call"])
    agent.take("answer", call=call)
    far.take("frame", dir="rx", q931="connect-ack")
    return call, came["call"]


def which(role):
    return ["backup"] if role == "backup" else []


def lost(role):
    for verb in ("mute", "deaf"):
        far.do(verb, *which(role))


def back(role):
    for verb in ("mute", "deaf"):
        far.do(verb, *which(role), "off")


def dchannels(key):
    return [d["role"] for d in agent.ask("show isdn")[0]["dchannels"] if d[key]]


def states():
    return [c["state"] for c in agent.ask("show isdn-calls")]


def told(role, active):
    agent.take("dchannel", 20, up=True, active=active, endpoint=PLACES[role])


def the_other_takes_over(first, other):
    """The D-channel in use is lost: answered calls go on over the other one, end over it, and others begin."""
    agent.call, far.call_there = answered("1")
    assert dchannels("active") == [first]
    lost(first)
    told(other, active=True)
    assert dchannels("active") == [other] and states() == ["active"]
    call, there = answered("2")
    assert far.hang_up(there)["cause"] == 16
    agent.take("release", call=call)
    assert states() == ["active"]


def and_the_first_one_is_a_backup_then(first, other):
    """What is back does not take the calls away from the other; when that one is lost they go on again."""
    agent.waiting.clear()
    back(first)
    told(first, active=False)
    assert dchannels("active") == [other] and states() == ["active"]
    lost(other)
    told(first, active=True)
    assert dchannels("active") == [first] and states() == ["active"]
    agent.do("release", agent.call)
    far.take("disconnect", call=far.call_there)
    agent.take("release", call=agent.call)
    back(other)
    agent.idle()
    far.idle()


for first, other in (("primary", "backup"), ("backup", "primary")):
    with tempfile.TemporaryDirectory() as folder, switch(kind, 1, "service", "trace", side=OTHER[side], type=type, folder=folder, backup=f"{folder}/{FIRST + WIDTH}") as far:
        lost(other)  # until the first one is in use: it is whichever alone comes up
        with isdn(kind, type, side, MORE, folder, spans="") as agent:
            up(agent)
            back(other)
            wait_for("both D-channels to be up", lambda: len(dchannels("up")) == 2, 20, 0.05)
            shows(f"nfas: {kind} {type} {side}: the {other} takes over from the {first}, and calls go on", the_other_takes_over, first, other)
            shows(f"nfas: {kind} {type} {side}: and back to the {first}", and_the_first_one_is_a_backup_then, first, other)
