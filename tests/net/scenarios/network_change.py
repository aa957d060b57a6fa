#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: media
"""A phone behind a NAT changes networks and re-INVITEs from there: its media is heard from its new address and goes there, that of its old address is not any
more. Not before the offer is answered, and not when it is refused."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from media import Media, both_ways  # noqa: E402
from sipmsg import Sdp  # noqa: E402

with stage() as s:
    alice, bob = s.pair()
    da, db, invite, ok = s.call(alice, bob)
    to_a, to_b = Sdp(ok.body).at(), Sdp(invite.body).at()
    old, mb = Media(s.ns_a, s.ip_a, 45000, 0xA11CE), s.media(bob)
    both_ways(old, to_a, mb, to_b, 10)
    there = s.another("a")
    new = Media(s.ns_a, there, 46000, 0xA11CF)
    description = alice.sdp(version=1)  # as before: it knows nothing of its NAT
    da.phone = s.phone("a", ip=there)

    def is_heard(m):
        m.send(to_a, 5)
        return mb.receive(1, 0.3) != []

    def reinvite(status):
        da.request("INVITE", description)
        m = db.get("INVITE")
        assert not is_heard(new), "heard from an address whose offer is not answered yet"
        db.reply(m, status, "Answer", bob.sdp(version=1) if status == 200 else "")
        answer = da.response(method="INVITE")
        assert answer.status == status, f"re-INVITE got {answer}"
        da.ack(answer)
        db.get("ACK")

    assert not is_heard(new), "heard from an address that nobody has signalled from"
    reinvite(488)
    assert not is_heard(new), "heard from an address whose offer was refused"
    both_ways(old, to_a, mb, to_b, 10)
    reinvite(200)
    both_ways(new, to_a, mb, to_b, 10)
    assert not is_heard(old), "still heard from the old network"
    da.request("BYE")
    db.hung_up()
    assert da.response(method="BYE").status == 200
