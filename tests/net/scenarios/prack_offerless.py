#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""A call without an offer and reliable provisional responses (RFC 3262 5): the first one carries the offer, its PRACK the answer, on each side of the gateway;
and where only one side knows of them."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from media import both_ways  # noqa: E402
from sipmsg import Sdp  # noqa: E402

KNOWN = ("Allow", "INVITE, ACK, BYE, CANCEL, UPDATE, PRACK")
RELIABLE = [("Require", "100rel"), ("RSeq", "5"), KNOWN]


def rack(response):
    return [("RAck", f"{response.get('rseq')} {response.cseq} INVITE")]


def alaw(phone):
    return [f"m=audio {phone.media_port} RTP/AVP 8", "a=rtpmap:8 PCMA/8000"]


def accepted(d, number, **kw):
    """The 200 to the INVITE with that CSeq, acknowledged."""
    last, d.cseq = d.cseq, number
    ok = d.connected(**kw)
    d.cseq = last
    return ok


with stage() as s:
    a, b = s.pair()
    ma, mb = s.media(a), s.media(b)

    # Both know it: the callee's offer goes to the caller, the caller's answer to the callee, each under its own PRACK; later both may change it.
    d = a.invite("1002", body="", headers=[("Supported", "100rel"), KNOWN])
    number = d.cseq
    e, invite = b.answer_invite()
    assert "100rel" in invite.get("supported") and not invite.body, invite.raw
    e.reply(invite, 183, "Progress", b.sdp(), headers=RELIABLE)
    early = d.response(183)
    assert early.get("require") == "100rel" and Sdp(early.body).at()[0] == s.gw_a, early.raw
    assert not any(m.method == "PRACK" for m in b.received), "nobody has answered yet"
    d.request("PRACK", a.sdp(), headers=rack(early))
    assert d.response(method="PRACK").status == 200
    prack = e.get("PRACK")
    assert prack.get("rack") == f"5 {invite.cseq} INVITE" and Sdp(prack.body).at()[0] == s.gw_b, prack.raw
    e.reply(prack, 200, "OK")
    both_ways(ma, Sdp(early.body).at(), mb, Sdp(prack.body).at())
    e.reply(invite, 180, "Ringing", headers=[("Require", "100rel"), ("RSeq", "6")])
    e.reply(e.get("PRACK"), 200, "OK")
    d.cseq, last = number, d.cseq
    d.response(180)
    d.cseq = last
    d.request("UPDATE", a.sdp(direction="sendonly"))
    e.reply(e.get("UPDATE"), 200, "OK", b.sdp(direction="recvonly"))
    assert d.response(method="UPDATE").status == 200
    e.reply(invite, 200, "OK")
    assert not e.get("ACK").body
    accepted(d, number)
    d.bye(e)

    # The caller does not know it: nor does the callee learn of it.
    d = a.invite("1002", body="")
    e, invite = b.answer_invite()
    assert "100rel" not in invite.get("supported"), invite.raw
    e.reply(invite, 180, "Ringing")
    assert not d.response(180).get("require")
    e.accept(invite)
    d.connected(a.sdp())
    assert e.get("ACK").body
    d.bye(e)

    # The caller requires it and the callee does not know it: what rings has an offer, and what the callee then offers is another.
    d = a.invite("1002", body="", headers=[("Require", "100rel"), KNOWN])
    number = d.cseq
    e, invite = b.answer_invite()
    e.reply(invite, 180, "Ringing")
    ringing = d.response(180)
    assert ringing.get("require") == "100rel" and Sdp(ringing.body).at()[0] == s.gw_a, ringing.raw
    d.request("PRACK", a.sdp(), headers=rack(ringing))
    assert d.response(method="PRACK").status == 200
    e.reply(invite, 200, "OK", b.sdp(media=alaw(b)))
    update = d.get("UPDATE")
    assert Sdp(update.body).media[0]["formats"] == ["8"], update.body
    d.reply(update, 200, "OK", a.sdp(media=alaw(a)))
    ack = e.get("ACK")
    assert Sdp(ack.body).media[0]["formats"] == ["8"], ack.body
    accepted(d, number)
    both_ways(ma, Sdp(update.body).at(), mb, Sdp(ack.body).at())
    d.bye(e)

    # ... and the caller has no UPDATE: what both can do.
    d = a.invite("1002", body="", headers=[("Require", "100rel"), ("Allow", "INVITE, ACK, BYE, CANCEL, PRACK")])
    number = d.cseq
    e, invite = b.answer_invite()
    e.reply(invite, 180, "Ringing")
    ringing = d.response(180)
    d.request("PRACK", a.sdp(), headers=rack(ringing))
    assert d.response(method="PRACK").status == 200
    e.accept(invite)
    ack = e.get("ACK")
    accepted(d, number)
    both_ways(ma, Sdp(ringing.body).at(), mb, Sdp(ack.body).at())
    d.bye(e)

    # ... and the callee answers before the caller has acknowledged that it rings.
    d = a.invite("1002", body="", headers=[("Require", "100rel"), KNOWN])
    number = d.cseq
    e, invite = b.answer_invite()
    e.reply(invite, 180, "Ringing")
    ringing = d.response(180)
    e.accept(invite)
    a.nothing(lambda m: m.status == 200, 0.1)
    d.request("PRACK", a.sdp(), headers=rack(ringing))
    assert d.response(method="PRACK").status == 200
    d.reply(d.get("UPDATE"), 200, "OK", a.sdp())
    assert e.get("ACK").body
    accepted(d, number)
    d.bye(e)
