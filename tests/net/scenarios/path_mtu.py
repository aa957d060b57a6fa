#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""RFC 3261 18.1.1: a request within 200 bytes of the path's MTU goes by TCP, be that known from the route or told by a router while the request is on its way;
by UDP all the same to who takes no TCP."""
import socket
import struct
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from lab import SOON, entered  # noqa: E402
from sipmsg import write  # noqa: E402
from wire import Connection  # noqa: E402

MTU = 1000


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xffff)
    return 0xffff & ~(total + (total >> 16))


def too_large(s, request, port):
    """What a router on the way says of a datagram (RFC 1191 4): the packet as it was, up to some length."""
    pack = lambda ip: socket.inet_aton(ip)
    quoted = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 28 + len(request), 0, 0x4000, 64, socket.IPPROTO_UDP, 0, pack(s.gw_b), pack(s.ip_b)) + \
        struct.pack("!HHHH", 5060, port, 8 + len(request), 0) + request[:520]
    head = lambda check: struct.pack("!BBHHH", 3, 4, check, 0, MTU)
    with entered(s.ns_b):
        raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    raw.sendto(head(checksum(head(0) + quoted)) + quoted, (s.gw_b, 0))
    raw.close()


def by_tcp(listener):
    """The request that comes over a new connection; refused there."""
    conn, _ = listener.accept()
    conn.settimeout(SOON)
    c = Connection(conn, None)
    while not (raw := c.message()):
        c.data += conn.recv(65536)
    text = raw.decode()
    values = {line.split(": ")[0].lower(): line.split(": ", 1)[1] for line in text.split("\r\n\r\n")[0].split("\r\n")[1:]}
    to = ("To", values["to"] + ";tag=x")
    conn.sendall(write("SIP/2.0 486 Busy Here", [(n, values[n.lower()]) for n in ("Via", "From", "Call-ID", "CSeq")] + [to]))
    conn.close()
    return text


def listen(s, port):
    with entered(s.ns_b):
        listener = socket.create_server((s.ip_b, port))
    listener.settimeout(SOON)
    return listener


with stage(registrar="max-contacts = 10") as s:
    alice = s.phone("a")
    assert alice.register().status == 200

    def call(subject):
        return alice.invite("1002", headers=[("Subject", "s" * subject)])

    # The way is as wide as can be.
    bob = s.phone("b", port=5070)
    assert bob.register().status == 200
    listener = listen(s, 5070)
    d = call(0)
    other, invite = bob.answer_invite()
    pad = 1150 - len(invite.raw)
    other.refuse(invite, 486)
    d.failed(486)
    d = call(pad)
    other, invite = bob.answer_invite()
    assert 1100 < len(invite.raw) < 1200, len(invite.raw)

    # Then it turns out not to be: that one comes by TCP at once, and so does the next.
    too_large(s, invite.raw, 5070)
    text = by_tcp(listener)
    assert text.startswith("INVITE ") and "\r\nVia: SIP/2.0/TCP " in text, text
    d.failed(486)
    d = call(pad)
    by_tcp(listener)
    d.failed(486)
    bob.waiting.clear()

    # Who takes no TCP gets it by UDP, in fragments.
    assert bob.register(expires=0).status == 200
    desk = s.phone("b", port=5080)
    assert desk.register().status == 200
    d = call(pad)
    other, invite = desk.answer_invite()
    assert invite.get("via").startswith("SIP/2.0/UDP ") and s.gw.counter("sip", "no-tcp") == 1
    other.refuse(invite, 486)
    d.failed(486)
    assert desk.register(expires=0).status == 200

    # A route says so from the beginning.
    ip = s.another("b")
    s.lab.inside(s.ns_gw, "ip", "route", "add", f"{ip}/32", "dev", "out0", "mtu", str(MTU))
    narrow = s.phone("b", port=5090, ip=ip)
    assert narrow.register().status == 200
    with entered(s.ns_b):
        listener = socket.create_server((ip, 5090))
    listener.settimeout(SOON)
    d = call(pad)
    by_tcp(listener)
    d.failed(486)
    narrow.nothing(lambda m: m.method == "INVITE", 0.1)
