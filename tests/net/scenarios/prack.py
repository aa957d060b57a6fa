#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""RFC 3262: each side of a call has reliable provisional responses for itself; RFC 3311: what was agreed on in them is changed by UPDATE."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from sipmsg import Sdp  # noqa: E402

with stage() as s:
    a, b = s.pair()

    # Only the caller requires it; the callee knows nothing of it.
    d = a.invite("1002", headers=[("Require", "100rel")])
    e, invite = b.answer_invite()
    assert "100rel" in invite.get("supported") and not invite.get("require"), invite
    e.reply(invite, 180, "Ringing")
    ringing = d.response(180)
    assert ringing.get("require") == "100rel" and int(ringing.get("rseq")) > 0, ringing
    d.request("PRACK", headers=[("RAck", f"{ringing.get('rseq')} {ringing.cseq} INVITE")])
    assert d.response(method="PRACK").status == 200
    invite_cseq = ringing.cseq
    e.reply(invite, 200, "OK", b.sdp())
    e.get("ACK")
    d.cseq = invite_cseq
    ok = d.response(200, method="INVITE")
    d.ack(ok)
    d.cseq += 1
    d.bye(e)

    # Only the callee does it.
    d = a.invite("1002")
    e, invite = b.answer_invite()
    e.reply(invite, 183, "Progress", b.sdp(), headers=[("Require", "100rel"), ("RSeq", "77")])
    prack = e.get("PRACK")
    assert prack.get("rack") == f"77 {invite.cseq} INVITE", prack
    e.reply(prack, 200, "OK")
    early = d.response(183)
    assert not early.get("require") and not early.get("rseq"), early
    e.reply(invite, 200, "OK", b.sdp())
    ack = e.get("ACK")
    ok = d.response(200)
    d.ack(ok)
    d.bye(e)

    # Both do: an offer before the answer goes through, either way, and the answer is what was agreed on last.
    d = a.invite("1002", headers=[("Supported", "100rel"), ("Allow", "INVITE, ACK, BYE, CANCEL, UPDATE, PRACK")])
    e, invite = b.answer_invite()
    cseq = invite_cseq = d.cseq
    e.reply(invite, 183, "Progress", b.sdp(), headers=[("Require", "100rel"), ("RSeq", "5"), ("Allow", "INVITE, ACK, BYE, CANCEL, UPDATE, PRACK")])
    e.reply(e.get("PRACK"), 200, "OK")
    early = d.response(183)
    d.request("UPDATE", a.sdp())
    assert d.response(method="UPDATE").status == 500, "the answer has no PRACK yet"
    d.request("PRACK", headers=[("RAck", f"{early.get('rseq')} {invite_cseq} INVITE")])
    assert d.response(method="PRACK").status == 200
    d.request("UPDATE", a.sdp(direction="sendonly"))
    update = e.get("UPDATE")
    assert Sdp(update.body).media[0]["direction"] == "sendonly", update.body
    e.reply(update, 200, "OK", b.sdp(direction="recvonly"))
    ok = d.response(method="UPDATE")
    assert ok.status == 200 and Sdp(ok.body).media[0]["direction"] == "recvonly", ok
    e.request("UPDATE", b.sdp())
    update = d.get("UPDATE")
    d.reply(update, 200, "OK", a.sdp())
    assert e.response(method="UPDATE").status == 200
    e.reply(invite, 200, "OK")
    e.get("ACK")
    d.cseq, last = invite_cseq, d.cseq
    ok = d.response(200, method="INVITE")
    assert Sdp(ok.body).media[0]["direction"] == "sendrecv", ok.body
    d.ack(ok)
    d.cseq = last
    d.bye(e)

    # A caller that never acknowledges is given up, and so is the callee.
    d = a.invite("1002", headers=[("Require", "100rel")])
    e, invite = b.answer_invite()
    e.reply(invite, 180, "Ringing")
    lost = d.response(method="INVITE")
    assert lost.status == 504, lost
    d.ack(lost)
    cancel = e.get("CANCEL")
    e.reply(cancel, 200, "OK", contact=False)
    e.reply(invite, 487, "Terminated", contact=False)
