#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Glare (Q.931 5.7), and other messages that cross on a link that takes its time. glare.py KIND TYPE SIDE: tandem-isdn is SIDE."""
import sys

from results import shows
from alone import linked

kind, type, side = sys.argv[1:4]
CROSSING = 300  # ms


def crossing(on):
    far.do("slow", rx=CROSSING if on else 0, tx=CROSSING if on else 0)


def settled():
    crossing(False)
    agent.idle()
    far.idle()


def both_take_one(exclusive):
    """Both ask for the same channel at once: whoever does not get it has another, or is refused for that; both know the same at the end."""
    crossing(True)
    far.do("auto", "answer")
    ours, endpoint = agent.setup("1", exclusive=exclusive)
    theirs = far.call("2", *(["exclusive"] if exclusive else []), channel=int(endpoint.rpartition("/")[2]))
    agent_said, far_said = {}, {}
    while len(agent_said) + len(far_said) < 2:
        e = agent.take(("setup", "answer", "release"))
        if e["event"] == "setup":
            agent.do("answer", e["call"])
            far_said[theirs] = far.take(("connect", "release", "released"), call=theirs)
        elif e["call"] == ours:
            agent_said[ours] = e
            if e["event"] == "answer" and side == "network":
                far_said[theirs] = far.take(("connect", "release", "released"), call=theirs)
    for e in (*agent_said.values(), *far_said.values()):
        assert e["event"] in ("answer", "connect") or e["cause"] in (34, 44), e
    crossing(False)
    calls = agent.ask("show isdn-calls")
    assert calls and len({c["endpoint"] for c in calls}) == len(calls), calls
    for call in calls:
        agent.do("release", call["call"])
    far.do("auto")
    settled()


def answer_crosses_clearing():
    """We clear while the far end answers."""
    crossing(True)
    call, _ = agent.setup("1")
    came = far.setup()
    far.do("proceeding", came["call"])
    agent.take("proceeding", call=call)
    far.do("connect", came["call"])
    agent.do("release", call)
    agent.take("release", call=call)
    settled()


def both_clear():
    call, _ = agent.setup("1")
    came = far.setup()
    far.answer(came["call"])
    agent.take("answer", call=call)
    crossing(True)
    far.do("hangup", came["call"])
    agent.do("release", call)
    agent.take("release", call=call)
    settled()


def many_at_once():
    """Both sides ask for twelve channels while each other's SETUPs are on their way: none stays taken."""
    far.do("auto", "answer")
    crossing(True)
    for i in range(12):
        agent.setup(str(i))
        far.call(str(i))
    crossing(False)
    ended = set()
    while len(ended) < 12:  # each call of the switch comes and is refused, or cannot come
        for call in far.calls():
            if call["call"].startswith("in-"):
                far.do("hangup", call["call"])
        for call in agent.ask("show isdn-calls"):
            if call["direction"] == "in" and call["state"] in ("present", "proceeding"):
                agent.do("release", call["call"], cause=17)
        ended.add(far.take(("release", "released"), call=lambda c: c.startswith("out-"))["call"])
    for call in agent.ask("show isdn-calls"):
        if call["state"] != "clearing":
            agent.do("release", call["call"])
    far.do("auto")
    settled()


with linked(kind, type, side) as (agent, far):
    name = f"{kind} {type} {side}"
    shows(f"{name}: both take one channel, which may be another", both_take_one, False)
    shows(f"{name}: both take one channel and no other", both_take_one, True)
    for case in (answer_crosses_clearing, both_clear, many_at_once):
        shows(f"{name}: {case.__name__.replace('_', ' ')}", case)
