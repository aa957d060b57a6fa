#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""NFAS (Q.931 annex F): two spans whose calls share a D-channel and its backup. nfas.py KIND TYPE SIDE: tandem-isdn is SIDE. Where DAHDI is not real only."""
import sys
import tempfile

from results import DCHANNEL, WIDTH as WIDTHS, shows, switch
from alone import OTHER, isdn, up

kind, type, side = sys.argv[1:4]
WIDTH = WIDTHS[kind]
FIRST = DCHANNEL[kind]
MORE = f'spans = {{ 1, 2 }} d-channels = {{ {FIRST}, {FIRST + WIDTH} }} exclusive = yes t200 = 200ms t203 = 500ms t309 = 60s'


def place(span):
    return f"ds/{'ds1' if kind == 't1' else 'e1'}-{span}/{FIRST}"


def answered(number):
    call, _ = agent.setup(number)
    came = far.setup(called=number)
    far.answer(came["call"])
    agent.take("answer", call=call)
    return call, came["call"]


def lost(*which):
    for verb in ("mute", "deaf"):
        far.do(verb, *which)


def back(*which):
    for verb in ("mute", "deaf"):
        far.do(verb, *which, "off")


def active():
    return [d["role"] for d in agent.ask("show isdn")[0]["dchannels"] if d["active"]]


def states():
    return [c["state"] for c in agent.ask("show isdn-calls")]


def the_backup_takes_over():
    """The D-channel in use is lost: answered calls go on over the backup, end over it, and others begin."""
    agent.call, far.call_there = answered("1")
    assert active() == ["primary"]
    lost()
    agent.take("dchannel", 20, active=True, up=True, endpoint=place(2))
    assert active() == ["backup"] and states() == ["active"]
    call, there = answered("2")
    assert far.hang_up(there)["cause"] == 16
    agent.take("release", call=call)
    assert states() == ["active"]


def and_the_first_one_is_a_backup_then():
    """What is back does not take the calls away from the other; when that one is lost they go on again."""
    agent.waiting.clear()
    back()
    agent.take("dchannel", 20, up=True, active=False, endpoint=place(1))
    assert active() == ["backup"] and states() == ["active"]
    lost("backup")
    agent.take("dchannel", 20, active=True, up=True, endpoint=place(1))
    assert active() == ["primary"] and states() == ["active"]
    agent.do("release", agent.call)
    far.take("disconnect", call=far.call_there)
    agent.take("release", call=agent.call)
    back("backup")
    agent.idle()
    far.idle()


with tempfile.TemporaryDirectory() as folder, switch(kind, 1, "service", side=OTHER[side], type=type, folder=folder, backup=f"{folder}/{FIRST + WIDTH}") as far:
    with isdn(kind, type, side, MORE, folder, spans="") as agent:
        up(agent)
        far.up()
        far.take("backup", 20, up=True)
        shows(f"nfas: {kind} {type} {side}: the backup D-channel takes over, and calls go on", the_backup_takes_over)
        shows(f"nfas: {kind} {type} {side}: and back", and_the_first_one_is_a_backup_then)
