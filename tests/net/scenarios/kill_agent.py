#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: engines
"""kill -9 of the call agent: media flows on, either side can end the answered call, a ringing call ends cleanly, one CDR row each."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from media import both_ways  # noqa: E402
from sipmsg import Sdp  # noqa: E402

with stage() as s:
    alice, bob = s.pair()
    for ender in ("a", "b"):
        da, db, invite, ok = s.call(alice, bob)
        ma, mb = s.media(alice), s.media(bob)
        to_a, to_b = Sdp(ok.body).at(), Sdp(invite.body).at()
        both_ways(ma, to_a, mb, to_b)
        s.gw.kill("tandem-ca")
        both_ways(ma, to_a, mb, to_b)
        first, second = (da, db) if ender == "a" else (db, da)
        first.request("BYE")
        second.hung_up()
        assert first.response(method="BYE").status == 200
        s.gw.idle()
        for m in (ma, mb):
            m.rtp.close()
            m.rtcp.close()
    rows = s.gw.cdrs(2)
    assert len(rows) == 2, f"{len(rows)} CDR rows for 2 calls"
    assert all(r["sip_code"] == 200 and r["answer"] for r in rows), rows

    d = alice.invite("1002")
    db, invite = bob.answer_invite()
    db.reply(invite, 180, "Ringing")
    d.response(180)
    s.gw.kill("tandem-ca")
    s.gw.idle()
    wanted = {r["id"] for r in s.gw.cdrs(3)}
    assert len(wanted) == 3, "the ringing call has a row, too"
