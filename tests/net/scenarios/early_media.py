#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: media
"""183 with a session description opens media before the answer, both ways."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from media import both_ways  # noqa: E402
from sipmsg import Sdp  # noqa: E402

with stage() as s:
    alice, bob = s.pair()
    d = alice.invite("1002")
    db, invite = bob.answer_invite()
    db.reply(invite, 183, "Session Progress", bob.sdp())
    early = d.response(183)
    ma, mb = s.media(alice), s.media(bob)
    to_a, to_b = Sdp(early.body).at(), Sdp(invite.body).at()
    both_ways(ma, to_a, mb, to_b)
    db.reply(invite, 200, "OK", bob.sdp())
    ok = d.response(200)
    d.ack(ok)
    db.get("ACK")
    assert Sdp(ok.body).at() == to_a, "the port moved at the answer"
    both_ways(ma, to_a, mb, to_b)
    db.request("BYE")
    d.hung_up()
    assert db.response(method="BYE").status == 200
