#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""Ten thousand damaged datagrams at every open port, the same ones each time: no daemon falls, and a good call still goes through."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
import os  # noqa: E402
import random  # noqa: E402
import re  # noqa: E402
import select  # noqa: E402
import socket  # noqa: E402
import struct  # noqa: E402
from lab import SOON, entered  # noqa: E402
from media import both_ways  # noqa: E402
from sipmsg import Sdp, sdp  # noqa: E402

COUNT = int(os.environ.get("COUNT", "10000"))
WINDOW = 50     # datagrams between two questions that must be answered: the daemon keeps up, nothing is lost unseen
dice = random.Random(3261)
HOSTILE = [b"\0", b"\r\n", b"\r\n\r\n", b"\n", b":", b";", b"<", b">", b'"', b"%00", b"@", b"[::", b" ", b"=", b",", b"-1", b"0", b"4294967296",
           b"99999999999999999999", b"\xff\xfe", b"A" * 600, b"sip:", b"tag=", b";branch=z9hG4bK", b"$", b"*", b"c=IN IP6 ::\r\n", b"m=audio 0 RTP/AVP 0\r\n"]


def damage(raw, others):
    """One to four changes of a message: bytes, numbers, lines, or a piece of another message."""
    raw = bytearray(raw)
    for _ in range(dice.choice((1, 1, 2, 4))):
        at = dice.randrange(len(raw) + 1)
        end = min(len(raw), at + dice.choice((1, 1, 4, 30)))
        kind = dice.randrange(7)
        if kind == 0 and at < len(raw):
            raw[at] = dice.randrange(256)
        elif kind == 1:
            del raw[at:end]
        elif kind == 2:
            raw[at:at] = dice.choice(HOSTILE)
        elif kind == 3:
            raw[at:end] = dice.choice(HOSTILE)
        elif kind == 4:
            raw[at:at] = raw[at:end] * dice.choice((2, 20))
        elif kind == 5:
            lines = bytes(raw).split(b"\r\n")
            lines.insert(dice.randrange(len(lines) + 1), lines.pop(dice.randrange(len(lines))))
            raw = bytearray(b"\r\n".join(lines))
        else:
            other = dice.choice(others)
            cut = dice.randrange(len(other) + 1)
            raw[at:end] = other[cut:cut + 80]
    return bytes(raw[:8000])


def flood(seeds, send, alive, count):
    for i in range(count):
        send(damage(dice.choice(seeds), seeds))
        if i % WINDOW == WINDOW - 1:
            alive()


def drain(*socks, silence=0):
    """Throws away what has come, until nothing has for a while: what nobody answers is repeated every eighth of a second."""
    while ready := select.select(socks, [], [], silence)[0]:
        for sock in ready:
            sock.recv(65536)


def sip_flood(s, alice, bob, carrier):
    """Requests and responses of a whole call, from registered phones and from a trunk that needs no password."""
    da, db, _, _ = s.call(alice, bob)
    seeds = alice.sent + bob.sent
    probe = s.phone("a", "probe", port=5090)

    def phone_alive():
        assert probe.options() == 200
        drain(alice.sock, bob.sock, carrier.sock)

    for p in (alice, bob, carrier):
        flood(seeds, lambda raw, p=p: p.sock.sendto(raw, (p.gateway, 5060)), phone_alive, COUNT // 6)
    da.request("BYE")
    db.request("BYE")
    phone_alive()
    s.gw.idle(20)
    drain(alice.sock, bob.sock, carrier.sock, silence=0.5)


def mgcp_flood(s, port, seeds, count):
    with entered(s.ns_gw):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.connect(("127.0.0.1", port))
    serial = 1000000

    def alive(verb="AUEP", endpoint="rtpbridge/1"):
        nonlocal serial
        serial += 1
        sock.settimeout(SOON)
        sock.send(f"{verb} {serial} {endpoint}@mg.tandem MGCP 1.0\r\n".encode())
        answer = re.compile(rb"^\d+ %d\b" % serial, re.M)
        while not answer.search(sock.recv(65536)):
            pass

    flood(seeds, sock.send, alive, count)
    alive("DLCX", "rtpbridge/*")


def mgcp_seeds(ip):
    body = sdp(ip, 40500)
    heads = ["CRCX 1 rtpbridge/$@mg.tandem MGCP 1.0\r\nC: a1\r\nL: p:20, a:PCMU, nt:IN\r\nM: sendrecv\r\nX-Address: inside\r\nX-Latch: nat\r\n",
             "CRCX 2 rtpbridge/7@mg.tandem MGCP 1.0\r\nC: a1\r\nM: recvonly\r\n", "MDCX 3 rtpbridge/7@mg.tandem MGCP 1.0\r\nC: a1\r\nI: 1\r\nM: sendrecv\r\n",
             "DLCX 4 rtpbridge/7@mg.tandem MGCP 1.0\r\nC: a1\r\n", "AUCX 5 rtpbridge/7@mg.tandem MGCP 1.0\r\nI: 1\r\nF: C,N,L,M,LC,P\r\n",
             "RQNT 6 rtpbridge/7@mg.tandem MGCP 1.0\r\nX: 1f\r\nR: l/hd(N)\r\nQ: loop\r\n", "NTFY 7 rtpbridge/7@mg.tandem MGCP 1.0\r\nX: 1f\r\nO: x+a/lost\r\n",
             "RSIP 8 rtpbridge/*@mg.tandem MGCP 1.0\r\nRM: restart\r\n", "EPCF 9 rtpbridge/7@mg.tandem MGCP 1.0\r\nB: e:mu\r\n",
             "AUEP 10 rtpbridge/*@mg.tandem MGCP 1.0\r\nF: A,R,D,S,X,N,I,T,O,ES\r\n", "200 1 OK\r\nI: FDE234C8\r\nK: 1-20, 25\r\n", "000 2\r\n", "515 3 no\r\n"]
    return [h.encode() for h in heads] + [(h + "\r\n" + body).encode() for h in heads[:3]] + [("\r\n.\r\n".join(heads[3:6])).encode()]


def media_flood(s, alice, bob, count):
    da, db, invite, ok = s.call(alice, bob)
    a, b = s.media(alice), s.media(bob)
    ports = ((a, Sdp(ok.body).at()), (b, Sdp(invite.body).at()))
    rtp = struct.pack("!BBHII", 0x80, 0, 1, 160, a.ssrc) + bytes(160)
    sr = struct.pack("!BBHIIIIII", 0x80, 200, 6, a.ssrc, 1, 2, 3, 4, 5)
    report = struct.pack("!BBHIIIIIII", 0x81, 201, 7, a.ssrc, b.ssrc, 0x01000002, 3, 4, 5, 6)
    sdes = struct.pack("!BBHIBB", 0x81, 202, 4, a.ssrc, 1, 9) + b"a@example\0"
    xr = struct.pack("!BBHIBBHII", 0x80, 207, 4, a.ssrc, 4, 0, 2, 1, 2)
    bye = struct.pack("!BBHI", 0x81, 203, 1, a.ssrc)
    seeds = [rtp, bytes([0x90]) + rtp[1:12] + b"\xbe\xde\0\1abcd" + rtp[12:], bytes([0xa3]) + rtp[1:], sr + sdes, report + sdes + bye, sr + xr, b"\0\1\0\0\x21\x12\xa4\x42" + bytes(12)]
    flip = 0

    def send(raw):
        nonlocal flip
        flip += 1
        end, to = ports[flip & 1]
        (end.rtp if flip & 2 else end.rtcp).sendto(raw, (to[0], to[1] + (flip >> 2 & 1)))

    flood(seeds, send, lambda: [end.drain() for end, _ in ports], count)
    alice.waiting.clear()
    bob.waiting.clear()
    da.bye(db)


def good_call(s, alice, bob):
    for p in (alice, bob):
        p.waiting.clear()
        assert p.register().status == 200
    da, db, invite, ok = s.call(alice, bob)
    both_ways(s.media(alice, 41000), Sdp(ok.body).at(), s.media(bob, 41100), Sdp(invite.body).at())
    da.bye(db)


DAEMONS = ("tandem-ca", "tandem-mg")
with stage(sip="ring-timeout = 1s") as s:
    before = {d: s.gw.pid_of(d) for d in DAEMONS}
    alice, bob = s.pair()
    sip_flood(s, alice, bob, s.carrier())
    media_flood(s, alice, bob, COUNT // 6)
    mgcp_flood(s, 2427, mgcp_seeds(s.ip_a), COUNT // 6)
    mgcp_flood(s, 2727, mgcp_seeds(s.ip_a), COUNT // 6)
    assert {d: s.gw.pid_of(d) for d in DAEMONS} == before, "a daemon has fallen"
    s.gw.idle(20)
    good_call(s, alice, bob)
