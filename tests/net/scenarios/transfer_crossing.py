#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""A re-INVITE is under way when the one who is to come in a transfer answers: the transfer goes on, and who stays is told of it once the other offer is over."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from media import both_ways  # noqa: E402
from sipmsg import Sdp  # noqa: E402

with stage() as s:
    alice, bob = s.pair()
    carrier = s.carrier()

    def transfer_rings():
        da, db, _, _ = s.call(alice, bob)
        da.refer("sip:9555@x")
        da.told(100)
        e, invite = carrier.answer_invite()
        return da, db, e, invite

    def changed_over(da, db, e, invite):
        """Bob is told where Carol is."""
        m = db.get("INVITE")
        db.accept(m)
        db.get("ACK")
        both_ways(s.media(bob), Sdp(m.body).at(), s.media(carrier), Sdp(invite.body).at())
        db.bye(e)

    # The transferor puts Bob on hold meanwhile, and Bob has not answered that.
    da, db, e, invite = transfer_rings()
    da.request("INVITE", alice.sdp(direction="sendonly"))
    hold = db.get("INVITE")
    e.accept(invite)
    e.get("ACK")
    refused = da.failed(491)
    da.told(200)
    da.hung_up()
    bob.nothing(lambda m: m.method == "BYE", 0.1)
    db.accept(hold, bob.sdp(direction="recvonly"))
    db.get("ACK")
    changed_over(da, db, e, invite)

    # Bob wanted something of the transferor: he is told that it crossed.
    da, db, e, invite = transfer_rings()
    db.request("INVITE", bob.sdp(direction="sendonly"))
    da.get("INVITE")
    e.accept(invite)
    e.get("ACK")
    db.failed(491)
    da.told(200)
    da.hung_up()
    changed_over(da, db, e, invite)

    # Bob has asked for an offer, and has it: his ACK comes first.
    da, db, e, invite = transfer_rings()
    db.request("INVITE")
    ok = db.response(200, method="INVITE")
    e.accept(invite)
    e.get("ACK")
    da.told(200)
    da.hung_up()
    db.ack(ok, bob.sdp())
    changed_over(da, db, e, invite)
