#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages that no switch sends: what Q.931 5.8 says of each comes back, and the calls after it are as ever. tandem-isdn is the user."""
import itertools
import random

from results import shows
from alone import both, up
import q931
from q931 import bearer, called, cause, cause_of, channel, element, message

references = itertools.count(1)


def reply(*kinds, reference=None, timeout=None):
    """The next message of tandem-isdn's that is one of these kinds; its cause."""
    m = far.take("message", timeout, q931=lambda k: k in kinds, **({} if reference is None else {"reference": reference}))
    return m["q931"], cause_of(bytes.fromhex(m["hex"]))


def send(kind, reference, *elements, **how):
    far.do("message", message(kind, reference, *elements, **how).hex())


def setup(reference, *elements):
    send("setup", reference, *elements)


def heeded():
    """All that was sent has been taken: what is sent last is answered."""
    send("status-enquiry", 999)
    reply("status", "release-complete", reference=999)


def well():
    """A call in, answered and cleared."""
    reference = next(references)
    setup(reference, bearer(), channel(5), called("77"))
    came = agent.take("setup")
    assert came["called"]["number"] == "77", came
    agent.do("answer", came["call"])
    assert reply("connect", reference=reference)
    send("connect-ack", reference)
    send("disconnect", reference, cause(16))
    assert reply("release", reference=reference)
    send("release-complete", reference)
    agent.take("release", call=came["call"])
    agent.idle()


def refused_setup(expected, *elements):
    """A SETUP that cannot be: RELEASE COMPLETE with that cause, and the agent hears nothing."""
    reference = next(references)
    setup(reference, *elements)
    why = reply("release-complete", reference=reference)[1]
    assert why in expected, why
    agent.idle()


def active():
    """The reference of an answered call, and the agent's name of it."""
    reference = next(references)
    setup(reference, bearer(), channel(6), called("77"))
    call = agent.take("setup")["call"]
    agent.do("answer", call)
    reply("connect", reference=reference)
    send("connect-ack", reference)
    return reference, call


def end(reference, call):
    send("disconnect", reference, cause(16))
    reply("release", reference=reference)
    send("release-complete", reference)
    agent.take("release", call=call)
    agent.idle()


def strange_in_a_call(expected, kind, *elements):
    """STATUS with one of these causes, and the call goes on."""
    reference, call = active()
    send(kind, reference, *elements)
    what, why = reply("status", reference=reference)
    assert why in expected, why
    end(reference, call)


def no_such_call():
    """5.8.3.2: of a call that nobody knows."""
    reference = next(references)
    send("connect", reference, theirs=True)
    assert reply("release", "release-complete", reference=reference)[1] == 81
    send("release-complete", reference, theirs=True)
    send("release", reference, cause(16))
    assert reply("release-complete", reference=reference)
    send("status-enquiry", reference)
    assert reply("status", "release-complete", reference=reference)


def without_cause():
    """5.8.6.1: a DISCONNECT without a cause clears all the same, with cause 96."""
    reference, call = active()
    send("disconnect", reference)
    assert reply("release", reference=reference)[1] == 96
    send("release-complete", reference)
    agent.take("release", call=call)
    agent.idle()


def too_short():
    """5.8.1 to 5.8.3.1: what is too short, of another protocol or with an impossible reference is ignored."""
    for octets in ("08", "0801", "080200", "08020001", "0f0200010504038090a3", "080f", "ff", "00"):
        far.do("message", octets.replace(" ", ""))
    far.none("message", 1.0)


def beyond_the_end():
    """5.8.4 leaves it open what becomes of it; it disturbs nothing else."""
    setup(next(references), bearer(), channel(7), b"\x70\x7f\x80" + b"1")
    heeded()
    clean()
    well()


def extremes():
    """What is allowed and rare: elements of other codesets, empty, of unknown kinds; they are passed over."""
    reference = next(references)
    setup(reference, bearer(), channel(8), called("88"), b"\x9d", element(0x01, 1, 2, 3), element(0x7D), element(0x5C, b"?" * 40), b"\xc3", b"\xd0")
    came = agent.take("setup")
    assert came["called"]["number"] == "88", came
    agent.do("release", came["call"], cause=21)
    reply("release", "release-complete", "disconnect", reference=reference)
    send("release-complete", reference)
    agent.take("release", call=came["call"])
    agent.idle()


def storm(count=400):
    """Whole messages with some octets changed, cut or doubled: tandem-isdn lives, and no channel stays taken."""
    dice = random.Random(931)
    kinds = list(q931.TYPES)
    for i in range(count):
        parts = [bearer(), channel(dice.randrange(1, 31)), called("77"), cause(dice.randrange(128)), q931.progress(8), q931.calling("123"), q931.call_state(dice.randrange(64))]
        octets = bytearray(message(dice.choice(kinds), 500 + dice.randrange(20), *dice.sample(parts, dice.randrange(len(parts)))))
        for _ in range(dice.randrange(4)):
            octets[dice.randrange(len(octets))] = dice.randrange(256)
        if dice.random() < 0.2:
            octets = octets[:dice.randrange(1, len(octets))]
        if dice.random() < 0.1:
            octets = octets * 2
        far.do("message", bytes(octets[:250]).hex())
        if i % 10 == 9:  # no more are on their way than the link takes
            heeded()
    for reference in range(500, 520):
        send("release-complete", reference)
    send("restart", 0, q931.restart_indicator(7))
    reply("restart-ack")
    for call in agent.ask("show isdn-calls"):
        agent.do("release", call["call"])
    for reference in range(500, 520):
        send("release-complete", reference)
    agent.idle()


def clean():
    """What a case that failed has left would fail the others."""
    for call in agent.ask("show isdn-calls"):
        agent.do("release", call["call"])
    for reference in range(1, next(references)):
        send("release-complete", reference)
    heeded()
    agent.idle()
    far.waiting.clear()
    agent.waiting.clear()


with both("e1", "euroisdn", "user", words=["raw"]) as (agent, far):
    far.up()
    # Each channel is restarted when the link comes up.
    acknowledged = 0
    while acknowledged < 30:
        m = far.take("message", q931="restart")
        far.do("message", message("restart-ack", m["reference"], *(bytes([k, len(v)]) + v for k, v in q931.elements(bytes.fromhex(m["hex"])).items()), theirs=True).hex())
        acknowledged += 1
    up(agent)
    cases = [
        ("a well call", well),
        ("SETUP without bearer capability", refused_setup, (96,), channel(1), called("77")),
        ("SETUP without channel identification", refused_setup, (96,), bearer(), called("77")),
        ("SETUP with an empty bearer capability", refused_setup, (65, 96, 100), element(0x04), channel(1), called("77")),
        ("SETUP for a channel there is none of", refused_setup, (44, 82), bearer(), channel(16), called("77")),
        ("SETUP with what must be understood and is not", refused_setup, (96, 99), bearer(), channel(1), called("77"), element(0x0A, 1, 2)),
        ("an unknown message in a call", strange_in_a_call, (97, 98), 0x77),
        ("a message that does not belong there", strange_in_a_call, (98, 101), "setup-ack"),
        ("a call that nobody knows", no_such_call),
        ("DISCONNECT without a cause", without_cause),
        ("messages that are none", too_short),
        ("an element beyond the end", beyond_the_end),
        ("what is rare", extremes),
        ("a storm", storm),
        ("a well call after it", well),
    ]
    for what, function, *arguments in cases:
        clean()
        shows(f"malformed: {what}", function, *arguments)
