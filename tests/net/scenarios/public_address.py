#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: families
"""Behind one-to-one NAT: peers outside the local networks see the public address in Via, Contact and SDP; those inside see the local one."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from sipmsg import Sdp  # noqa: E402

PUBLIC = {4: "203.0.113.7", 6: "2001:db8:113::7"}
NAT = f'public = {{ "{PUBLIC[4]}", "{PUBLIC[6]}" }} local-networks = {{ "10.79.2.128/25", "fd79:2::200/120" }}'

with stage(outside=NAT) as s:
    alice, bob = s.phone("a"), s.phone("b", ip=s.another("b"))
    carrier = s.carrier()
    for p in (alice, bob):
        assert p.register().status == 200
    public = PUBLIC[s.fb]
    for number, callee, theirs, hidden in (("9555", carrier, public, s.gw_b), ("1002", bob, s.gw_b, public)):
        da, db, invite, ok = s.call(alice, callee, number)
        assert theirs in invite.get("via") and theirs in invite.get("contact"), invite.raw
        assert Sdp(invite.body).at()[0] == theirs, invite.body
        assert hidden.encode() not in invite.raw, f"{hidden} in {invite.raw}"
        assert Sdp(ok.body).at()[0] == s.gw_a and all(ip.encode() not in ok.raw for ip in PUBLIC.values()), ok.raw
        # B's side of the wire is the test's: what is sent to the public address goes to the local one.
        da.bye(db)

    # The other way round: answers carry it, too.
    da, db, invite, ok = s.call(carrier, alice, "1001")
    assert public in ok.get("contact") and Sdp(ok.body).at()[0] == public and s.gw_b.encode() not in ok.raw.split(b"\r\n\r\n")[1], ok.raw
    da.bye(db)
