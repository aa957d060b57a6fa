#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: media
"""RTCP is relayed with the CNAME replaced by one of ours, the same for the whole call; rtcp-mux may be on one side alone."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
import struct  # noqa: E402
from media import both_ways  # noqa: E402
from sipmsg import Sdp  # noqa: E402


def cname(packet):
    """The CNAME of a compound RTCP packet, and its first SSRC."""
    at, found = 0, None
    while at < len(packet):
        kind, words = packet[at + 1], struct.unpack_from("!H", packet, at + 2)[0]
        if kind == 202:
            assert packet[at + 8] == 1, "the first item is not a CNAME"
            found = packet[at + 10:at + 10 + packet[at + 9]].decode()
        at += 4 * (words + 1)
    assert at == len(packet), "lengths do not add up"
    return found, struct.unpack_from("!I", packet, 4)[0]


def report(sender, to, receiver, sock, name):
    """A sender report from one end to the other: the name it arrives with."""
    sender.sender_report(to, name)
    got = receiver.receive(1, 3.0, sock)
    assert got, f"RTCP of {name} did not come"
    packet, _ = got[0]
    assert name.split("@")[1].encode() not in packet, f"{name} reached the other side"
    told, ssrc = cname(packet)
    assert told and ssrc == sender.ssrc, (told, ssrc)
    return told


with stage() as s:
    alice, bob = s.pair()
    da, db, invite, ok = s.call(alice, bob)
    ma, mb = s.media(alice), s.media(bob)
    (ip_a, port_a), (ip_b, port_b) = Sdp(ok.body).at(), Sdp(invite.body).at()
    both_ways(ma, (ip_a, port_a), mb, (ip_b, port_b))
    names = {report(ma, (ip_a, port_a + 1), mb, mb.rtcp, "alice@desk.secret.example") for _ in range(3)}
    assert len(names) == 1, f"the name changed within a call: {names}"
    assert report(mb, (ip_b, port_b + 1), ma, ma.rtcp, "bob@basement.secret.example") not in names
    da.bye(db)
    for m in (ma, mb):
        m.close()

    # Alice multiplexes, Bob does not know what that is.
    da, db, invite, ok = s.call(alice, bob, offer=alice.sdp(attributes=["a=rtcp-mux"]))
    assert "a=rtcp-mux" in ok.body, ok.body
    ma, mb = s.media(alice), s.media(bob)
    (ip_a, port_a), (ip_b, port_b) = Sdp(ok.body).at(), Sdp(invite.body).at()
    both_ways(ma, (ip_a, port_a), mb, (ip_b, port_b))
    ma.rtcp.close()
    ma.rtcp = ma.rtp
    report(ma, (ip_a, port_a), mb, mb.rtcp, "alice@desk.secret.example")
    report(mb, (ip_b, port_b + 1), ma, ma.rtp, "bob@basement.secret.example")
    both_ways(ma, (ip_a, port_a), mb, (ip_b, port_b))
    da.bye(db)
