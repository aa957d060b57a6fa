#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: families
"""Busy, declined, nobody registered, unknown number, unreachable phone, no answer: the caller is told, the CDR has a row."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402

with stage(sip="ring-timeout = 500ms") as s:
    alice, bob = s.pair()

    def attempt(number, status=None, then=None):
        d = alice.invite(number)
        if status:
            db, invite = bob.answer_invite()
            db.reply(invite, status, "So be it")
            bob.take(lambda m: m.method == "ACK" and m.get("call-id") == db.call_id, "ACK of the refusal")
        final = d.response()
        d.ack(final)
        return final.status

    assert attempt("1002", 486) == 486
    assert attempt("1002", 603) == 603
    assert attempt("1002", 480) == 480
    assert attempt("5550123") == 404

    d = alice.invite("1002")
    db, invite = bob.answer_invite()
    db.reply(invite, 180, "Ringing")
    d.response(180)
    cancel = db.get("CANCEL")
    db.reply(cancel, 200, "OK")
    db.reply(invite, 487, "Request Terminated")
    final = d.response()
    d.ack(final)
    assert final.status in (408, 480), final
    bob.take(lambda m: m.method == "ACK" and m.get("call-id") == db.call_id, "ACK of 487")

    bob.sock.close()
    assert attempt("1002") in (408, 480, 500), "an unreachable phone"
    s.gw.idle()
    rows = s.gw.cdrs(6)
    assert len(rows) == 6, f"{len(rows)} rows for 6 attempts"
    assert sorted(r["sip_code"] for r in rows)[:1] == [404], rows
