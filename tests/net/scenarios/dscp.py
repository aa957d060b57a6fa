#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: media
"""Voice leaves marked EF and signalling CS5, whatever the peers' marks are; an address may say otherwise."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
import socket  # noqa: E402
from lab import SOON  # noqa: E402
from media import both_ways  # noqa: E402
from sipmsg import Sdp  # noqa: E402

EF, CS5, AF41 = 46, 40, 34


def mark(sock, flags=0):
    """DSCP of the next datagram and its data."""
    data, told, _, _ = sock.recvmsg(4096, 64, flags)
    dscp = next(value[0] >> 2 for level, kind, value in told if (level, kind) in ((socket.IPPROTO_IP, socket.IP_TOS), (socket.IPPROTO_IPV6, socket.IPV6_TCLASS)))
    return dscp, data


def marks(sock, n):
    """DSCPs among the next n datagrams."""
    sock.settimeout(SOON)
    return {mark(sock)[0] for _ in range(n)}


def tell_marks(sock):
    if sock.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVTCLASS, 1)
    else:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)


with stage(outside="dscp-voice = 34") as s:
    alice, bob = s.pair()
    da, db, invite, ok = s.call(alice, bob)
    ma, mb = s.media(alice), s.media(bob)
    to_a, to_b = Sdp(ok.body).at(), Sdp(invite.body).at()
    both_ways(ma, to_a, mb, to_b)
    for sender, to, receiver, wanted in ((ma, to_a, mb, AF41), (mb, to_b, ma, EF)):
        tell_marks(receiver.rtp)
        tell_marks(receiver.rtcp)
        sender.send(to, 20)
        assert marks(receiver.rtp, 20) == {wanted}, f"RTP to {receiver.ip}"
        sender.sender_report((to[0], to[1] + 1), "someone@somewhere")
        assert marks(receiver.rtcp, 1) == {wanted}, f"RTCP to {receiver.ip}"
    da.bye(db)
    for phone in (alice, bob):
        tell_marks(phone.sock)
        phone.ask("OPTIONS", wait=False)
        assert marks(phone.sock, 1) == {CS5}, f"an answer to {phone.user}"
    d = alice.invite("1002")
    dscp, data = mark(bob.sock, socket.MSG_PEEK)
    assert data.startswith(b"INVITE") and dscp == CS5, (dscp, data)
    _, invite = bob.answer_invite()
    db.reply(invite, 486, "Busy Here")
    d.ack(d.response(486))
    bob.request("ACK")
