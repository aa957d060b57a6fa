#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""Both re-INVITE at once: one is refused with 491 and the call goes on; a second offer while one is open is 491 too."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402

with stage() as s:
    alice, bob = s.pair()
    da, db, _, _ = s.call(alice, bob)
    da.request("INVITE", alice.sdp(version=2, direction="sendonly"))
    m = db.get("INVITE")
    db.request("INVITE", bob.sdp(version=2, direction="sendonly"))
    refused = db.response(491)
    db.ack(refused)
    db.reply(m, 200, "OK", bob.sdp(direction="recvonly"))
    ok = da.response(200)
    da.ack(ok)
    db.get("ACK")

    # The other way round: Bob refuses ours with 491; it is tried again.
    da.request("INVITE", alice.sdp(version=3))
    m = db.get("INVITE")
    db.reply(m, 491, "Request Pending")
    db.get("ACK")
    again = db.get("INVITE", 6)
    db.reply(again, 200, "OK", bob.sdp())
    ok = da.response(200, timeout=6)
    da.ack(ok)
    db.get("ACK")
    da.request("BYE")
    db.hung_up()
    assert da.response(method="BYE").status == 200
