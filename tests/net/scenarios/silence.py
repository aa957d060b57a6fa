#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: engines
"""Media that should flow and does not ends the call on both sides; on hold it does not."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from media import both_ways  # noqa: E402
from sipmsg import Sdp  # noqa: E402

with stage(media="silence-timeout = 1s") as s:
    alice, bob = s.pair()
    da, db, invite, ok = s.call(alice, bob)
    both_ways(s.media(alice), Sdp(ok.body).at(), s.media(bob), Sdp(invite.body).at())
    da.hung_up(6)
    db.hung_up(6)
    s.gw.idle()

    da, db, invite, ok = s.call(alice, bob)
    da.request("INVITE", alice.sdp(version=2, direction="inactive"))
    m = db.get("INVITE")
    db.reply(m, 200, "OK", bob.sdp(version=2, direction="inactive"))
    da.ack(da.response(200))
    db.get("ACK")
    alice.nothing(lambda m: m.method == "BYE", 2.5)
    bob.nothing(lambda m: m.method == "BYE", 0.1)
    da.request("BYE")
    db.hung_up()
    assert da.response(method="BYE").status == 200
