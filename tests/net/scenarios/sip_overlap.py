#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""Numbers of SIP calls that come in parts, an INVITE for each (RFC 3578 3.5, RFC 4497 8.3.9): to the ISDN as they come; where they cannot, the longer number is a call of
its own; a number that is too short is 484. The network is a script (isdn.py)."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage, wait_for  # noqa: E402
from isdn import exchange  # noqa: E402
from media import both_ways  # noqa: E402
from sipmsg import Sdp  # noqa: E402

CHANNEL = "ds/e1-1/7"
ROUTES = """
route mine { prefix = "088" caller = "carrier" to = "bob" }
route help { prefix = "11" to = "bob" }
site here { emergency = { "112" } emergency-to = "pri" }
route longer { called = "66" to = "block" }
route own { called = "6" caller = "alice" to = "block:603" }
"""


def further(d, number, **kw):
    """The same call with more digits; the INVITE before it is answered with 484."""
    d.target = f"sip:{number}@{d.phone.gateway}"
    d.remote = f"<{d.target}>"
    before = d.cseq, d.invite_lines
    d.request("INVITE", d.phone.sdp(**{"version": 2, **kw}))
    return before


def incomplete(d, before):
    """484 to the INVITE of that number."""
    cseq, lines = before
    m = d.phone.take(lambda m: m.status and m.status >= 200 and m.get("call-id") == d.call_id and m.cseq == cseq, f"484 to CSeq {cseq}")
    assert m.status == 484, m.raw
    now = d.invite_lines
    d.invite_lines = lines
    d.ack(m)
    d.invite_lines = now


with stage(start=False) as s:
    s.gw.sections["trunk"], s.gw.sections["alice"] = "overlap = yes", "overlap = yes"
    x, channels = exchange(s, isdn="overlap-send = yes", more=ROUTES)
    alice, bob = s.pair()
    carrier = s.carrier()

    def over():
        s.gw.over()
        wait_for("the channel to be free", lambda: not channels.conns)

    def begins(number="089"):
        d = carrier.invite(number)
        args = x.told("setup")
        assert args["called"]["number"] == number and args["called"]["complete"] is False, args
        assert args["calling"]["name"] == "Phone carrier", args
        return d, args["call"]

    # The number goes on while dial tone is heard; the network has enough, rings and answers.
    d, call = begins()
    x.say("setup-ack", call, endpoint=CHANNEL, progress=8)
    at = Sdp(d.response(183).body).at()
    before = further(d, "08912")
    assert x.told("digits", call) == {"call": call, "digits": "12", "complete": False}
    incomplete(d, before)
    assert Sdp(d.response(183).body).at() == at
    before = further(d, "089123", version=3)
    assert x.told("digits", call)["digits"] == "3"
    incomplete(d, before)
    x.say("proceeding", call, endpoint=CHANNEL)
    x.say("alerting", call, endpoint=CHANNEL)
    d.response(180)
    x.say("answer", call, endpoint=CHANNEL)
    ok = d.connected()
    m = s.media(carrier)
    both_ways(m, Sdp(ok.body).at(), channels.conns[CHANNEL]["media"], channels.at(CHANNEL), 5)
    m.close()
    x.say("release", call, endpoint=CHANNEL, cause=16, remote=True)
    d.hung_up()
    over()
    assert s.gw.cdrs(1)[-1]["called"] == "089123", s.gw.cdrs(1)[-1]["called"]

    # Another number, or the same once more, is none of that call: 485. The caller gives up.
    d, call = begins()
    first = d.cseq, d.invite_lines, d.invite_target
    for other in ("0777", "089"):
        further(d, other)
        d.failed(485)
    d.cseq, d.invite_lines, d.invite_target = first
    d.give_up()
    x.released(call, 16)
    over()

    # The network has had enough, or what is described is another thing: the longer number is a call of its own.
    for whole in True, False:
        d, call = begins()
        if whole:
            x.say("proceeding", call, endpoint=CHANNEL)
            x.say("alerting", call, endpoint=CHANNEL)
            d.response(180)
            before = further(d, "0891")
        else:
            before = further(d, "0891", direction="sendonly")
        incomplete(d, before)
        x.released(call, 28)
        args = x.told("setup")
        assert args["called"]["number"] == "0891", args
        x.say("release", args["call"], endpoint=None, cause=28, remote=True)
        d.failed(484)
        over()

    # Who calls counts: this caller's are no calls to the ISDN, though the digits alone lead there.
    d = carrier.invite("088")
    db, invite = bob.rings()
    d.response(180)
    before = further(d, "0881")
    incomplete(d, before)
    db.cancelled(invite)
    db, invite = bob.rings()
    d.response(180)
    d.give_up()
    db.cancelled(invite)
    over()

    # A call for help is one of its own, with its last digit; what was called before that is given up.
    d = carrier.invite("11")
    db, invite = bob.rings()
    d.response(180)
    before = further(d, "112")
    incomplete(d, before)
    db.cancelled(invite)
    args = x.told("setup")
    assert args["called"]["number"] == "112" and "complete" not in args["called"], args
    x.say("release", args["call"], endpoint=None, cause=17, remote=True)
    d.failed(486)
    over()

    # A phone that dials on is asked for more as long as the number leads nowhere; one that does not is told that it leads nowhere.
    for number in ("1", "10", "100"):
        alice.invite(number).failed(484)
    d = alice.invite("1002")
    db, invite = bob.rings()
    d.response(180)
    d.give_up()
    db.cancelled(invite)
    alice.invite("77").failed(404)
    bob.invite("100").failed(404)
    alice.invite("6").failed(603)
    # Who takes somebody's place dials nothing: there is no such call, however short the number is.
    alice.invite("10", headers=[("Replaces", "nobody@alice.invalid;to-tag=1;from-tag=2")]).failed(481)
    s.gw.over()
