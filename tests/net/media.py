# SPDX-License-Identifier: GPL-3.0-or-later
"""RTP ends for scenarios: a pair of sockets that sends numbered packets and says what came."""
import select
import socket
import struct
import time

from lab import SOON, entered

SO_RCVBUFFORCE = 33


class Media:
    def __init__(self, ns, ip, port, ssrc):
        self.ip, self.port, self.ssrc, self.seq = ip, port, ssrc, 1000
        family = socket.AF_INET6 if ":" in ip else socket.AF_INET
        with entered(ns):
            self.rtp, self.rtcp = (socket.socket(family, socket.SOCK_DGRAM) for _ in range(2))
            self.rtp.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 8 << 20)  # what comes is looked at late
            self.rtp.bind((ip, port))
            self.rtcp.bind((ip, port + 1))
        self.got = []

    def payload(self, seq):
        return bytes((seq + i) & 255 for i in range(160))

    def send(self, to, n=1, gap=0.002, ssrc=None):
        """Sends n RTP packets to (ip, port); returns them."""
        sent = []
        for _ in range(n):
            self.seq += 1
            packet = struct.pack("!BBHII", 0x80, 0, self.seq & 0xFFFF, self.seq * 160 & 0xFFFFFFFF, ssrc or self.ssrc) + self.payload(self.seq)
            self.rtp.sendto(packet, to)
            sent.append(packet)
            time.sleep(gap)
        return sent

    def receive(self, n=1, timeout=SOON, sock=None):
        """Waits for n packets: [(bytes, source)], fewer when they do not come."""
        got, end, sock = [], time.monotonic() + timeout, sock or self.rtp
        while len(got) < n and select.select([sock], [], [], max(end - time.monotonic(), 0))[0]:
            got.append(sock.recvfrom(2048))
        return got

    def close(self):
        self.rtp.close()
        self.rtcp.close()

    def drain(self):
        return self.receive(100000, 0.05)

    def sender_report(self, to, cname):
        """A compound RTCP packet: SR and SDES with that CNAME."""
        text = cname.encode()
        item = struct.pack("!BB", 1, len(text)) + text
        chunk = struct.pack("!I", self.ssrc) + item + bytes(4 - (len(item) % 4))
        sdes = struct.pack("!BBH", 0x81, 202, len(chunk) // 4) + chunk
        sr = struct.pack("!BBHIIIIII", 0x80, 200, 6, self.ssrc, 0xE0000000, 0, self.seq * 160 & 0xFFFFFFFF, 10, 1600)
        self.rtcp.sendto(sr + sdes, to)


def both_ways(a, to_a, b, to_b, n=30):
    """n packets in each direction through the gateway, A sending to to_a: asserts that the payload arrives as it was. The first packet of a direction may be
    what teaches the gateway where it comes from, so one goes ahead; where it passes, it may be late."""
    ahead = a.send(to_a) + b.send(to_b)
    a.drain()
    b.drain()
    for sender, to, receiver in ((a, to_a, b), (b, to_b, a)):
        sent = sender.send(to, n)
        got = [data for data, _ in receiver.receive(n) if data not in ahead]
        got += [data for data, _ in receiver.receive(n - len(got))]
        assert got == sent, f"{len(got)} of {n} packets came, {sum(g != s for g, s in zip(got, sent))} of them different"
