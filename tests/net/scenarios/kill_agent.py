#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: engines
"""kill -9 of the call agent in the middle of an answered and a ringing call: registrations are served at once, what is left of the calls is cleared away,
a peer's BYE is told so, each call has one CDR row, and new calls work."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from media import both_ways  # noqa: E402
from sipmsg import Sdp  # noqa: E402

with stage() as s:
    alice, bob = s.pair()
    carrier = s.carrier()
    da, db, invite, ok = s.call(alice, bob)
    ma, mb = s.media(alice), s.media(bob)
    both_ways(ma, Sdp(ok.body).at(), mb, Sdp(invite.body).at())
    ringing = carrier.invite("1001")
    dr, waiting = alice.answer_invite()
    dr.reply(waiting, 180, "Ringing")
    ringing.response(180)

    s.gw.kill("tandem-ca")
    assert sorted(r["aor"].split("@")[0].split(":")[-1] for r in s.gw.show("registrations")) == ["alice", "bob"]
    for d in (da, db):
        d.request("BYE")
        gone = d.response(method="BYE")
        assert gone.status == 481, gone
    s.gw.idle()
    rows = s.gw.cdrs(2)
    assert [r["released_by"] for r in rows] == ["restart", "restart"], [dict(r) for r in rows]
    assert [bool(r["answer"]) for r in rows] == [True, False], "one was answered, one rang"

    da, db, invite, ok = s.call(alice, bob)
    both_ways(ma, Sdp(ok.body).at(), mb, Sdp(invite.body).at())
    da.bye(db)
    rows = s.gw.cdrs(3)
    assert [r["released_by"] for r in rows] == ["restart", "restart", "caller"], [dict(r) for r in rows]
