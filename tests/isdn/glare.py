#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Glare (Q.931 5.7), and other messages that cross on a link that takes its time. glare.py KIND TYPE SIDE: tandem-isdn is SIDE."""
import contextlib
import sys
import time

from results import shows
from alone import linked
from switch import Unexpected

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
    end = time.monotonic() + 2 * agent.patience
    crossing(True)
    far.do("auto", "answer")
    ours, endpoint = agent.setup("1", exclusive=exclusive)
    theirs = far.call("2", *(["exclusive"] if exclusive else []), channel=int(endpoint.rpartition("/")[2]))
    said = {}
    while len(said) < 2:
        with contextlib.suppress(AssertionError):
            e = agent.take(("setup", "answer", "release"), 0.1)
            if e["event"] == "setup":
                agent.do("answer", e["call"])
            elif e["call"] == ours:
                said[ours] = e
        with contextlib.suppress(Unexpected):
            said[theirs] = far.take(("connect", "release", "released"), 0.1, call=theirs)
        assert time.monotonic() < end, f"only {said}"
    for e in said.values():
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
    end, cleared = time.monotonic() + 3 * agent.patience, set()
    while True:  # whoever has a call ends it
        theirs, ours = far.calls(), agent.ask("show isdn-calls")
        if not theirs and not ours:
            break
        assert time.monotonic() < end, f"still there: {theirs} {ours}"
        for call in {c["call"] for c in theirs if c["call"].startswith("in-")} - cleared:
            far.do("hangup", call)
            cleared.add(call)
        for call in ours:
            if call["state"] != "clearing":
                agent.do("release", call["call"])
        time.sleep(0.05)
    far.do("auto")
    settled()


def case(what, function, *arguments):
    far.waiting.clear()
    agent.waiting.clear()
    shows(f"{kind} {type} {side}: {what}", function, *arguments)


with linked(kind, type, side) as (agent, far):
    case("both take one channel, which may be another", both_take_one, False)
    case("both take one channel and no other", both_take_one, True)
    case("an answer crosses clearing", answer_crosses_clearing)
    case("both clear", both_clear)
    case("many calls at once from both sides", many_at_once)
