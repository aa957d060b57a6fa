#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""Keep-alives (RFC 5626 4.4) on each transport. Phones: two line ends over TCP, TLS and WebSockets are answered with one, also between messages that come in
pieces; STUN over UDP. Trunks: the gateway keeps the connections it has made alive; one that fails is replaced, and the trunk registered over the new one."""
import os
import select
import socket
import struct
import sys
import time
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from lab import SOON, entered, wait_for  # noqa: E402
from websocket import TEXT  # noqa: E402
from wire import Connection  # noqa: E402

MORE = """
connections {{ keep-alive = 300ms }}
trunk reg {{ peer = "{ip}:5091" transport = tcp address = "outside" register = yes auth-user = "acct" password = "secret" register-expiry = 60s register-retry-min = 100ms
  register-retry-max = 1s }}
"""


def phones(s):
    for transport in ("tcp", "tls"):
        p = s.phone("a", transport=transport)
        assert p.register().status == 200
        c = p.wire.mine
        c.sock.sendall(b"\r\n")
        c.sock.sendall(b"\r\n")
        p.wire.receive(0.1)
        wait_for("the pong", lambda: (p.wire.receive(0.05), c.pongs)[1])
        assert c.pongs == 1
        p.close()
    p = s.phone("a", transport="wss")
    assert p.register().status == 200
    p.wire.ws.frame(TEXT, b"\r\n\r\n")
    assert p.wire.ws.next(SOON) == b"\r\n"
    p.close()

    p = s.phone("a", transport="udp")
    assert p.register().status == 200
    ask = struct.pack("!HHI", 1, 0, 0x2112A442) + os.urandom(12)
    p.wire.send(ask)
    answer, _ = p.wire.receive(SOON)
    assert answer[:2] == b"\x01\x01" and answer[4:20] == ask[4:20], answer


class Registrar:
    """The trunk's other end, which answers keep-alives or not."""

    def __init__(self, s):
        with entered(s.ns_b):
            self.listener = socket.create_server((s.ip_b, 5091))
        self.listener.settimeout(SOON)

    def accept(self):
        sock, peer = self.listener.accept()
        self.c = Connection(sock, peer)

    def register(self, timeout=SOON):
        """The next REGISTER, granted."""
        end = time.monotonic() + timeout
        while not (raw := self.c.message()):
            assert select.select([self.c.sock], [], [], max(end - time.monotonic(), 0))[0], "no REGISTER"
            data = self.c.sock.recv(65536)
            assert data, "the connection was ended"
            self.c.data += data
        lines = raw.decode().split("\r\n")
        assert lines[0].startswith("REGISTER "), lines[0]
        kept = [line for line in lines[1:] if line.split(":")[0] in ("Via", "From", "Call-ID", "CSeq", "Contact", "Expires")]
        to = next(line for line in lines if line.startswith("To:")) + ";tag=r"
        self.c.sock.sendall("\r\n".join(["SIP/2.0 200 OK", *kept, to, "Content-Length: 0", "", ""]).encode())

    def pings(self, n, answered):
        """Takes n keep-alives, which come when nothing else does."""
        for _ in range(n):
            got = b""
            while len(got) < 4:
                assert select.select([self.c.sock], [], [], SOON)[0], "no keep-alive"
                got += self.c.sock.recv(4 - len(got))
            assert got == b"\r\n\r\n", got
            if answered:
                self.c.sock.sendall(b"\r\n")

    def ended(self):
        end = time.monotonic() + SOON
        while time.monotonic() < end:
            assert select.select([self.c.sock], [], [], SOON)[0], "it is still open"
            if not self.c.sock.recv(100):
                return
        raise AssertionError("it is still open")


def trunks(s, registrar):
    registrar.accept()
    registrar.register()
    registrar.pings(3, answered=False)  # who never answers is not expected to
    registrar.pings(2, answered=True)
    wait_for("two to be answered", lambda: s.gw.counter("keep-alive", "answered") == 2)
    # Then it does not any more.
    registrar.ended()
    assert s.gw.counter("keep-alive", "failed") == 1
    registrar.accept()
    registrar.register()
    # It ends the connection itself.
    registrar.c.sock.close()
    registrar.accept()
    registrar.register()
    state = next(t["registration"] for t in s.gw.show("trunks") if t["trunk"] == "reg")
    assert state == "registered", state


with stage(transport="tls", start=False) as s:
    s.gw.configure(inside=s.gw.sections["inside"] + ' transports = { "udp", "tcp", "tls", "wss" }', more=MORE.format(ip=s.ip_b))
    registrar = Registrar(s)
    s.gw.start()
    trunks(s, registrar)
    phones(s)
