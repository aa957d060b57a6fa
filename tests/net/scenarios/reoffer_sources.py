#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: media
"""Each completed offer and answer, also one that changes nothing, lets a phone behind a NAT be heard from another port once; a NAT that forgets is followed
within three packets; strangers who spray every media port get nothing in and nothing out."""
import socket
import struct
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from lab import entered  # noqa: E402
from media import Media, both_ways  # noqa: E402
from sipmsg import Sdp  # noqa: E402

with stage() as s:
    alice, bob = s.pair()
    da, db, invite, ok = s.call(alice, bob)
    to_a, to_b = Sdp(ok.body).at(), Sdp(invite.body).at()
    mb = s.media(bob)
    nat = Media(s.ns_a, s.ip_a, 45000, 0xA11CE)
    ports = range(min(to_a[1], to_b[1]) - 20, max(to_a[1], to_b[1]) + 20)
    strangers = []
    for ns, ip, plen, dev in ((s.ns_a, "10.79.1.66" if s.fa == 4 else "fd79:1::66", 24 if s.fa == 4 else 64, "a0"),
                              (s.ns_b, "10.79.2.66" if s.fb == 4 else "fd79:2::66", 24 if s.fb == 4 else 64, "b0")):
        s.lab.inside(ns, "ip", "addr", "add", f"{ip}/{plen}", "dev", dev, *(["nodad"] if ":" in ip else []))
        with entered(ns):
            sock = socket.socket(socket.AF_INET6 if ":" in ip else socket.AF_INET, socket.SOCK_DGRAM)
            sock.bind((ip, 45000))
        strangers.append((sock, to_a[0] if ns == s.ns_a else to_b[0]))

    def spray():
        """From strangers on both sides: guessed SSRCs with the right sequence, the right SSRC with a wrong one; RTP and RTCP."""
        for sock, gw in strangers:
            for port in ports:
                for ssrc, seq in ((0xBAD, nat.seq + 1), (nat.ssrc, nat.seq + 20000), (mb.ssrc, mb.seq + 20000)):
                    sock.sendto(struct.pack("!BBHII", 0x80, 0, seq & 0xFFFF, 0, ssrc) + b"stranger" * 20, (gw, port))
                sock.sendto(struct.pack("!BBHII", 0x80, 200, 6, nat.ssrc, 0) + b"strange!" * 2, (gw, port))

    def clean(what):
        for sock, _ in strangers:
            sock.setblocking(False)
            try:
                raise AssertionError(f"{what}: a stranger was sent {sock.recv(2048)!r}")
            except BlockingIOError:
                pass

    def talk(a, what):
        both_ways(a, to_a, mb, to_b, 10)
        clean(what)

    def reinvite(version):
        da.request("INVITE", alice.sdp(version=version))
        m = db.get("INVITE")
        db.reply(m, 200, "OK", bob.sdp(version=version))
        da.ack(da.response(200))
        db.get("ACK")

    spray()
    talk(nat, "before anything was latched")
    spray()
    talk(nat, "latched")
    reinvite(1)
    spray()
    after = Media(s.ns_a, s.ip_a, 46000, 0xA11CF)
    talk(after, "after an offer without a change")
    # Once: the next stranger on Alice's own address is one.
    neighbour = Media(s.ns_a, s.ip_a, 47000, 0xBAD)
    neighbour.send(to_a, 5)
    nat.send(to_a, 5)
    assert mb.receive(1, 0.3) == [], "another port was let in without another offer"
    # The NAT forgets: the same stream from elsewhere.
    moved = Media(s.ns_a, s.ip_a, 48000, 0xA11CF)
    moved.seq = after.seq
    sent = moved.send(to_a, 3)
    assert mb.receive(1, 2)[0][0] in sent, "none of three packets was heard after the NAT had forgotten"
    mb.drain()
    spray()
    talk(moved, "after the NAT had forgotten")
    assert neighbour.drain() == [] and after.drain() == [], "media goes where nobody is any more"
    da.request("BYE")
    db.hung_up()
    assert da.response(method="BYE").status == 200
