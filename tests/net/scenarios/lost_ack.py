#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: families
"""An answer that is never acknowledged: the 200 is repeated, then both sides are told to hang up."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402

with stage() as s:
    alice, bob = s.pair()
    d = alice.invite("1002")
    db, invite = bob.answer_invite()
    db.reply(invite, 200, "OK", bob.sdp())
    ok = d.response(200)
    d.remote, d.target = ok.get("to"), ok.contact_uri()
    bye = alice.take(lambda m: m.method == "BYE", "BYE after 64 T1")
    assert alice.repeats >= 5, f"the 200 was repeated {alice.repeats} times in 64 T1"
    d.reply(bye, 200, "OK", contact=False)
    db.get("ACK")
    db.hung_up()
    s.gw.idle()
    assert len(s.gw.cdrs(1)) == 1
