#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: families
"""CANCEL before the answer reaches the called phone; one that crosses the answer ends in BYE."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402

with stage() as s:
    alice, bob = s.pair()
    d = alice.invite("1002")
    db, invite = bob.answer_invite()
    db.reply(invite, 180, "Ringing")
    d.response(180)
    d.cancel()
    cancel = db.get("CANCEL")
    db.reply(cancel, 200, "OK")
    db.reply(invite, 487, "Request Terminated")
    assert d.response(200, method="CANCEL")
    d.ack(d.response(487, method="INVITE"))
    bob.take(lambda m: m.method == "ACK", "ACK of 487")

    # Late: Bob answers while the CANCEL is under way. He must be told to hang up.
    d = alice.invite("1002")
    db, invite = bob.answer_invite()
    db.reply(invite, 180, "Ringing")
    d.response(180)
    d.cancel()
    db.reply(invite, 200, "OK", bob.sdp())
    first = d.response(method="INVITE")
    if first.status == 200:
        d.ack(first)
        d.hung_up()
    else:
        assert first.status == 487, first
        d.ack(first)
    db.get("ACK")
    db.hung_up()
