#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""Input made to hold or confuse the gateway, each answered clearly or its connection closed, and counted under its reason, while a call beside it has its media, changes and
ends: headers that do not end, a peer that sends a byte now and then, handshakes of TLS and WebSocket that stop, lengths that lie, DNS answers that loop, bodies
nested and split without end."""
import contextlib
import select
import socket
import sys
import time
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from lab import SOON, entered, wait_for  # noqa: E402
from media import both_ways  # noqa: E402
from nameserver import BadServer, wire_name  # noqa: E402
from sipmsg import Sdp  # noqa: E402

CNAME = 5
MORE = 'connections { receive-timeout = 300ms } dns { servers = { "10.79.2.200" } attempt = 200ms timeout = 1s }'
LISTEN = 'transports = { "udp", "tcp", "tls", "ws" }'
HEAD = ("{method} sip:10.79.1.1 SIP/2.0\r\nVia: SIP/2.0/{via} 10.79.1.2:5099;branch=z9hG4bK{name}\r\nMax-Forwards: 70\r\nFrom: <sip:alice@10.79.1.1>;tag=t\r\nTo: <sip:10.79.1.1>\r\n"
        "Call-ID: {name}\r\nCSeq: 1 {method}\r\n")


def options(name, via="TCP", tail="Content-Length: 0\r\n\r\n"):
    return (HEAD.format(method="OPTIONS", via=via, name=name) + tail).encode()


def loops(name, kind):
    return [("a.loop.test", CNAME, wire_name("b.loop.test")), ("b.loop.test", CNAME, wire_name("a.loop.test"))]


class Trouble:
    """A stranger to nobody: it is at Alice's address, where a phone is registered."""

    def __init__(self, s):
        self.s = s

    def connect(self, port=5060):
        with entered(self.s.ns_a):
            return socket.create_connection((self.s.gw_a, port), SOON)

    def closed(self, sock, timeout=SOON):
        """All that came until it was ended."""
        got, end = b"", time.monotonic() + timeout
        while True:
            assert select.select([sock], [], [], max(end - time.monotonic(), 0))[0], f"it is still open, having said {got!r}"
            try:
                data = sock.recv(65536)
            except ConnectionResetError:
                data = b""
            if not data:
                sock.close()
                return got
            got += data

    def pours(self, sock, piece, most=16 << 20):
        """Sends that again and again until the other side has had enough."""
        sock.settimeout(SOON)
        with contextlib.suppress(OSError):
            for _ in range(most // len(piece)):
                sock.sendall(piece)
            raise AssertionError(f"{most} bytes were taken")
        return self.closed(sock)

    def drips(self, sock, text):
        with contextlib.suppress(ConnectionError):  # it may end between the look and the byte
            for byte in text:
                if select.select([sock], [], [], 0.02)[0]:
                    break
                sock.sendall(bytes([byte]))
        return self.closed(sock)

    # --- one kind each

    def endless_header(self):
        sock = self.connect()
        sock.sendall(options("endless", tail="Subject: "))
        self.pours(sock, b"x" * 4096)

    def endless_headers(self):
        sock = self.connect()
        sock.sendall(options("lines", tail=""))
        self.pours(sock, b"X-Line: 1234567890\r\n" * 200)

    def endless_fold(self):
        sock = self.connect()
        sock.sendall(options("folds", tail="Subject: a\r\n"))
        self.pours(sock, b" b\r\n" * 1000)

    def no_line_end(self):
        self.pours(self.connect(), b"x" * 4096)

    def slow_loris(self):
        self.drips(self.connect(), options("loris"))

    def slow_body(self):
        sock = self.connect()
        sock.sendall(options("body", tail="Content-Type: text/plain\r\nContent-Length: 100\r\n\r\n"))
        self.drips(sock, b"y" * 100)

    def silent(self):
        self.closed(self.connect(), 1)

    def tls_stops(self):
        sock = self.connect(5061)
        sock.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
        self.closed(sock)

    def tls_never_begins(self):
        self.closed(self.connect(5061), 1)

    def tls_is_none(self):
        sock = self.connect(5061)
        sock.sendall(options("plain"))
        self.closed(sock)

    def websocket_stops(self):
        sock = self.connect(8080)
        sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n")
        self.closed(sock)

    def length_too_short(self):
        """The rest is no message."""
        sock = self.connect()
        sock.sendall(options("short", tail="Content-Length: 0\r\n\r\nabcdefgh ijkl\r\n\r\n"))
        assert self.closed(sock).startswith(b"SIP/2.0 200 ")

    def length_no_number(self):
        sock = self.connect()
        sock.sendall(options("nan", tail="Content-Length: 1e3\r\n\r\n"))
        assert self.closed(sock).startswith(b"SIP/2.0 400 ")

    def length_too_long(self):
        sock = self.connect()
        sock.sendall(options("long", tail="Content-Length: 4000000000\r\n\r\n"))
        assert self.closed(sock).startswith(b"SIP/2.0 513 ")

    def datagram_too_short(self):
        with entered(self.s.ns_a):
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind((self.s.ip_a, 5099))
        sock.settimeout(SOON)
        sock.sendto(options("cut", "UDP", "Content-Length: 10\r\n\r\nabc"), (self.s.gw_a, 5060))
        assert sock.recv(4096).startswith(b"SIP/2.0 400 Content-Length")
        sock.close()


# What each is counted as, and how many times.
KINDS = [
    (Trouble.endless_header, "connections.bad-frame"), (Trouble.endless_headers, "connections.bad-frame"), (Trouble.endless_fold, "connections.bad-frame"),
    (Trouble.no_line_end, "connections.bad-frame"), (Trouble.slow_loris, "connections.slow"), (Trouble.slow_body, "connections.slow"),
    (Trouble.silent, "connections.slow"), (Trouble.tls_stops, "stream.tls-failed"), (Trouble.tls_never_begins, "stream.tls-failed"),
    (Trouble.tls_is_none, "stream.tls-failed"), (Trouble.websocket_stops, "websocket.no-handshake"), (Trouble.length_too_short, "connections.bad-frame"),
    (Trouble.length_no_number, "connections.bad-frame"), (Trouble.length_too_long, "connections.bad-frame"), (Trouble.datagram_too_short, "malformed.content-length"),
]


def bombs():
    """Bodies of several parts: nested, many side by side, both, and all boundaries."""
    deep = "x"
    for depth in range(100):
        deep = f"--b{depth}\r\nContent-Type: multipart/mixed;boundary=b{depth - 1}\r\n\r\n{deep}\r\n--b{depth}--\r\n"
    yield deep, "b99"
    yield "--b\r\nContent-Type: text/plain\r\n\r\nx\r\n" * 500 + "--b--\r\n", "b"
    both = "x"
    for depth in range(12):
        both = "".join(f"--b{depth}\r\nContent-Type: multipart/mixed;boundary=b{depth - 1}\r\n\r\n{both if not i else 'y'}\r\n" for i in range(20)) + f"--b{depth}--\r\n"
    yield both, "b11"
    yield "--b" * 6000, "b"


with stage(transport="tls", inside=LISTEN, outside=LISTEN, more=MORE) as s:
    bad = BadServer(s.ns_b, s.another("b"), loops)
    alice, bob = s.pair()
    carrier = s.carrier()
    da, db, invite, ok = s.call(alice, bob)
    ma, mb = s.media(alice), s.media(bob)
    trouble, version = Trouble(s), 2

    def counted(what, name, do):
        before = s.gw.counter(*name.split("."))
        do()
        try:
            wait_for("the count", lambda: s.gw.counter(*name.split(".")) > before)
        except TimeoutError:
            raise AssertionError(f"{what} is not counted as {name}") from None

    def undisturbed():
        both_ways(ma, Sdp(ok.body).at(), mb, Sdp(invite.body).at(), 2)

    for what, name in KINDS:
        counted(what.__name__, name, lambda: what(trouble))
        undisturbed()

    for body, boundary in bombs():
        def bomb():
            d = alice.invite("1002", body, [("Content-Type", f"multipart/mixed;boundary={boundary}")])
            d.failed(400)
        plain = alice.send
        alice.send = lambda data, to=None: plain(data.replace(b"Content-Type: application/sdp\r\nContent-Length", b"Content-Length") if b"multipart/" in data else data, to)
        counted("a bomb", "refused.parts", bomb)
        alice.send = plain
        undisturbed()

    # The answers to a name loop: the peer itself is asked (RFC 3261 8.1.2 has no more to offer), and the call ends as it should.
    def lost_name():
        d = alice.invite("9555")
        dc, asked = carrier.answer_invite()
        dc.reply(asked, 200, "OK", carrier.sdp(), headers=[("Contact", "<sip:carrier@a.loop.test>")], contact=False)
        d.ack(d.response(200))
        dc.get("ACK")
        d.bye(dc)
    counted("a loop", "dns.loop", lost_name)
    undisturbed()

    da.reinvite(db, alice.sdp(version=2), bob.sdp(version=2))
    da.bye(db)
    bad.close()
