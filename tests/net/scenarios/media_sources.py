#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: media
"""Media is refused from strangers, follows a NAT once per offer and answer, and a second party cannot take a stream over."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from media import Media, both_ways  # noqa: E402
from sipmsg import Sdp  # noqa: E402

with stage(bob="latch = no") as s:
    alice, bob = s.pair()
    da, db, invite, ok = s.call(alice, bob)
    to_a, to_b = Sdp(ok.body).at(), Sdp(invite.body).at()
    mb = s.media(bob)
    # Alice is behind a NAT: her packets come from another port than she said. The first one teaches it.
    nat = Media(s.ns_a, s.ip_a, 45000, 0xA11CE)
    both_ways(nat, to_a, mb, to_b)
    # A stranger on another address who knows the SSRC but not where the sequence is, and one on Alice's address with another SSRC.
    s.lab.inside(s.ns_a, "ip", "addr", "add", "10.79.1.66/24" if s.fa == 4 else "fd79:1::66/64", "dev", "a0", *(["nodad"] if s.fa == 6 else []))
    stranger = Media(s.ns_a, "10.79.1.66" if s.fa == 4 else "fd79:1::66", 45000, 0xA11CE)
    neighbour = Media(s.ns_a, s.ip_a, 46000, 0xBAD)
    stranger.seq, neighbour.seq = nat.seq + 20000, nat.seq
    for intruder in (stranger, neighbour):
        intruder.send(to_a, 20)
    assert mb.receive(1, 0.3) == [], "packets of an intruder came through"
    both_ways(nat, to_a, mb, to_b)
    assert stranger.drain() == [] and neighbour.drain() == [], "the stream was turned to an intruder"
    # Bob is held to what he said.
    other = Media(s.ns_b, s.ip_b, 47000, 0xB0B)
    other.send(to_b, 20)
    assert nat.receive(1, 0.3) == [], "Bob's packets from another port came through though latch = no"
    refused = sum(st["refused"] for st in s.gw.show("streams"))
    assert refused >= 60, f"{refused} packets counted as refused, 60 were"
    da.request("BYE")
    db.hung_up()
    assert da.response(method="BYE").status == 200
