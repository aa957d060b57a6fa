#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: families
"""An INVITE without an offer: the offer is in the 200, the answer in the ACK, for both dialogs."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from media import both_ways  # noqa: E402
from sipmsg import Sdp  # noqa: E402

with stage() as s:
    alice, bob = s.pair()
    d = alice.invite("1002", body="")
    db, invite = bob.answer_invite()
    db.reply(invite, 180, "Ringing")
    d.response(180)
    db.reply(invite, 200, "OK", bob.sdp())
    ok = d.response(200)
    assert Sdp(ok.body).at()[0] == s.gw_a, ok.body
    d.ack(ok, alice.sdp())
    ack = db.get("ACK")
    to_b = Sdp(ack.body or invite.body).at()
    assert to_b[0] == s.gw_b
    both_ways(s.media(alice), Sdp(ok.body).at(), s.media(bob), to_b)
    d.request("BYE")
    db.hung_up()
    assert d.response(method="BYE").status == 200
