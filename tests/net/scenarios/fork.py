#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""Two contacts ring in parallel; the loser is cancelled, the caller hears one answer."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402

with stage() as s:
    alice, bob = s.pair()
    desk = s.phone("b", port=5090)
    desk.register(call_id="desk")
    d = alice.invite("1002")
    d1, i1 = bob.answer_invite()
    d2, i2 = desk.answer_invite()
    d1.reply(i1, 180, "Ringing")
    d2.reply(i2, 180, "Ringing")
    d.response(180)
    d2.reply(i2, 200, "OK", desk.sdp())
    cancel = d1.get("CANCEL")
    d1.reply(cancel, 200, "OK")
    d1.reply(i1, 487, "Request Terminated")
    ok = d.response(200)
    d.ack(ok)
    d2.get("ACK")
    bob.take(lambda m: m.method == "ACK", "ACK of 487")
    d.request("BYE")
    d2.hung_up()
    assert d.response(method="BYE").status == 200

    # Both answer: the second is acknowledged and hung up.
    d = alice.invite("1002")
    d1, i1 = bob.answer_invite()
    d2, i2 = desk.answer_invite()
    d1.reply(i1, 200, "OK", bob.sdp())
    d2.reply(i2, 200, "OK", desk.sdp())
    ok = d.response(200)
    d.ack(ok)
    d1.get("ACK")
    d2.get("ACK")
    d2.hung_up()
    d.request("BYE")
    d1.hung_up()
    assert d.response(method="BYE").status == 200
