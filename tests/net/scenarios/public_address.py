#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""Behind one-to-one NAT: peers outside the local networks see the public address in Via, Contact and SDP, those inside do not."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from sipmsg import Sdp  # noqa: E402

with stage(outside='public = { "203.0.113.7" } local-networks = { "10.79.1.0/24" }') as s:
    alice, bob = s.pair()
    da, db, invite, ok = s.call(alice, bob)
    assert "203.0.113.7" in invite.get("via") and "203.0.113.7" in invite.get("contact"), invite.raw
    assert Sdp(invite.body).at()[0] == "203.0.113.7", invite.body
    assert s.gw_b.encode() not in invite.raw, invite.raw
    assert Sdp(ok.body).at()[0] == s.gw_a and b"203.0.113" not in ok.raw
    da.request("BYE")
    # Bob's side of the wire is the test's: what he sends to the public address goes to the local one.
    db.hung_up()
    assert da.response(method="BYE").status == 200
