#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""signalling.py KIND TYPE SIDE [CASE...]: what every switch type and role must do: calls both ways with numbers and bearer, overlap, refusals, restarts, and all
channels at once. tandem-isdn is SIDE."""
import os
import sys

from results import BEARERS, shows
from alone import linked

kind, type, side = sys.argv[1:4]
OVERLAP = "overlap-send = yes overlap-receive = yes"
COUNT = 1000 if os.environ.get("LONG", "0") != "0" else 50
CAUSES = (1, 3, 17, 18, 19, 21, 22, 27, 28, 31, 34, 38, 41, 42, 44, 47, 57, 58, 63, 65, 79, 88, 102, 127)


def place_of(endpoint):
    return int(endpoint.rpartition("/")[2])


def call_out():
    for bearer in ("speech", "audio", "digital"):
        call, endpoint = agent.setup("5551234", bearer=bearer, calling={"number": "2223333", "presentation": "allowed", "screening": "not-screened"})
        came = far.setup(called="5551234", bearer=bearer)
        assert came["channel"] == place_of(endpoint), (came, endpoint)
        assert came["calling"]["number"] == "2223333", came
        far.do("proceeding", came["call"])
        agent.take("proceeding", call=call)
        far.do("alerting", came["call"])
        agent.take("alerting", call=call)
        far.do("connect", came["call"])
        agent.take("answer", call=call)
        agent.do("release", call)
        assert far.take("disconnect", call=came["call"])["cause"] == 16
        agent.take("release", call=call)
    agent.idle()
    far.idle()


def call_in():
    for bearer in ("speech", "audio", "digital"):
        out = far.call("5559876", calling="2224444", bearer=bearer)
        came = agent.take("setup")
        assert (came["called"]["number"], came["calling"]["number"], came["bearer"]) == ("5559876", "2224444", bearer), came
        assert not came["overlap"] and place_of(came["endpoint"]) in BEARERS[kind]
        for verb, event in (("proceeding", "proceeding"), ("alerting", "alerting"), ("answer", "connect")):
            agent.do(verb, came["call"])
            far.take(event, call=out)
        assert far.hang_up(out)["cause"] == 16
        assert agent.take("release", call=came["call"])["cause"] == 16
    agent.idle()
    far.idle()


def bearers_that_are_none():
    for bearer in ("restricted", "tones", "video"):
        assert far.over(far.call("1", bearer=bearer))["cause"] == 65


def refused():
    for cause in CAUSES:
        call, _ = agent.setup("1")
        far.do("hangup", far.setup()["call"], cause=cause)
        assert agent.take("release", call=call)["cause"] == cause, cause
    for cause in CAUSES:
        out = far.call("1")
        agent.do("release", agent.take("setup")["call"], cause=cause)
        assert far.over(out)["cause"] == cause, cause
    agent.idle()
    far.idle()


def progress():
    call, _ = agent.setup("1")
    came = far.setup()
    far.do("progress", came["call"], progress=8)
    assert agent.take("progress", call=call)["progress"] == 8
    far.hang_up(came["call"], 31)
    out = far.call("1")
    came = agent.take("setup")
    agent.do("proceeding", came["call"])
    agent.do("progress", came["call"], progress=8)
    assert far.take("progress", call=out)["progress"] & 8
    agent.do("release", came["call"], cause=31)
    far.over(out)


def indicators():
    """Progress indicators (Q.931 4.5.23) in each message that has them, both ways: 1 and 8 are media before the answer, others are not."""
    bits = {1: 1, 2: 2, 8: 8}  # libpri's
    for description in bits:
        for verb in ("proceeding", "progress", "alerting"):
            call, _ = agent.setup("1")
            came = far.setup()
            far.do("append", "tx", verb, f"1e0281{0x80 | description:02x}")
            far.do(verb, came["call"], progress=0)
            assert agent.take(verb, call=call).get("progress") == description, (verb, description)
            agent.do("release", call)
            agent.take("release", call=call)
            far.idle()
        out = far.call("1")
        came = agent.take("setup")
        for verb in ("proceeding", "progress", "alerting"):
            agent.do(verb, came["call"], progress=description)
            assert far.take(verb, call=out)["progress"] == bits[description], (verb, description)
        agent.do("release", came["call"])
        far.over(out)
    agent.idle()


def another_channel():
    """The far end's choice is taken where the call may have any channel (Q.931 5.1.2), and not where it must have its own."""
    for exclusive in (False, True):
        call, endpoint = agent.setup("1", exclusive=exclusive) if not exclusive else agent.setup("1", endpoint=agent.ask("show isdn-channels")[0]["endpoint"])
        came = far.setup()
        other = next(c for c in BEARERS[kind] if c not in (came["channel"], 3)) if came["channel"] != 3 else 4
        far.do("proceeding", came["call"], channel=other)
        told = agent.take(("proceeding", "release"), call=call)
        if told["event"] == "proceeding":
            assert place_of(told["endpoint"]) == other, told
            agent.do("release", call)
            agent.take("release", call=call)
        far.idle()
    agent.idle()


def in_a_call():
    """The far user is held, and is back; what it dials in the call."""
    call, _ = agent.setup("1")
    came = far.setup()
    far.answer(came["call"])
    agent.take("answer", call=call)
    for info in (121, 122) if type.startswith("euroisdn") else ():  # libpri has NOTIFY for no others
        far.do("notify", came["call"], info=info)
        assert agent.take("notify", call=call)["notify"] == info
        agent.do("notify", call, notify=info)
        assert far.take("notify")["progress"] == info
    far.do("append", "tx", "information", "2c0137")  # keypad facility
    far.do("digits", came["call"], "1")
    assert agent.take("keypad", call=call)["digits"] == "7"
    far.hang_up(came["call"])
    agent.take("release", call=call)


def overlap():
    call, _ = agent.setup("55", complete=False)
    came = far.setup(complete=False)
    far.do("setup-ack", came["call"], "tone")
    assert agent.take("setup-ack", call=call)["progress"] == 8
    agent.do("digits", call, digits="12")
    assert "".join(far.take("digits", complete=False)["digits"] for _ in range(2)) == "12"
    agent.do("digits", call, digits="3", complete=True)
    assert far.take("digits", complete=True)["digits"] == "3"
    far.do("proceeding", came["call"])
    agent.take("proceeding", call=call)
    agent.do("release", call)
    agent.take("release", call=call)
    far.idle()
    out = far.call("55", "overlap")
    came = agent.take("setup", overlap=True)
    far.take("setup-ack", call=out)
    far.do("digits", out, "12")
    assert "".join(agent.take("digits", call=came["call"])["digits"] for _ in range(2)) == "12"
    # In-band information while digits are gathered does not end that.
    agent.do("progress", came["call"], progress=8)
    assert far.take("progress", call=out)["progress"] & 8
    far.do("digits", out, "3")
    assert agent.take("digits", call=came["call"])["digits"] == "3"
    agent.do("proceeding", came["call"])
    far.take("proceeding", call=out)
    agent.do("release", came["call"], cause=1)
    far.over(out)


def restarts():
    out = far.call("1")
    came = agent.take("setup")
    agent.do("answer", came["call"])
    channel = far.take("connect", call=out)["channel"]
    far.do("restart", channel=channel)
    agent.take("release", call=came["call"])
    far.take("restart-ack", channel=channel)
    far.do("forget", out)
    agent.idle()
    call, endpoint = agent.setup("1")
    far.answer(far.setup()["call"])
    agent.take("answer", call=call)
    agent.ask("isdn restart", endpoint=endpoint)
    assert agent.take("release", call=call)["cause"] == 41
    far.take("restart", channel=place_of(endpoint))
    agent.idle()
    far.idle()


def all_at_once():
    far.do("auto", "answer")
    calls = [agent.setup(str(i))[0] for i in range(len(BEARERS[kind]))]
    for call in calls:
        agent.take("answer", call=call)
    assert {place_of(c["endpoint"]) for c in agent.ask("show isdn-calls")} == set(BEARERS[kind])
    more, endpoint = agent.setup("99")
    assert endpoint is None and agent.take("release", call=more)["cause"] == 34
    assert far.over(far.call("1", channel=1))["cause"] in (34, 44)
    for call in calls:
        agent.do("release", call)
    for call in calls:
        agent.take("release", call=call)
    agent.idle()
    far.idle()
    far.do("auto")


def one_after_another():
    far.do("auto", "answer")
    for i in range(COUNT):
        call, _ = agent.setup(str(i))
        agent.take("answer", call=call)
        agent.do("release", call)
        agent.take("release", call=call)
    agent.idle()
    far.idle()
    far.do("auto")


CASES = [call_out, call_in, bearers_that_are_none, refused, progress, indicators, another_channel, in_a_call, overlap, restarts, all_at_once]
if (type, side) == ("euroisdn", "user"):
    CASES.append(one_after_another)
name = f"{kind} {type} {side}"
with linked(kind, type, side, OVERLAP, words=["overlap", "service"]) as (agent, far):
    for case in CASES:
        if case.__name__ in sys.argv[4:] or not sys.argv[4:]:
            shows(f"{name}: {case.__name__.replace('_', ' ')}", case)
