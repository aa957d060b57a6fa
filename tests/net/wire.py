# SPDX-License-Identifier: GPL-3.0-or-later
"""What a scripted peer's messages go over. All have send(data, to), receive(timeout) -> (bytes, source) or None, and `sock`, what to wait for."""
import re
import select
import socket
import ssl
import time

import websocket
from lab import SOON, entered

PORTS = {"udp": 5060, "tcp": 5060, "tls": 5061}


def family(ip):
    return socket.AF_INET6 if ":" in ip else socket.AF_INET


class Datagrams:
    def __init__(self, ns, ip, port, gateway):
        self.gateway = gateway
        with entered(ns):
            self.sock = socket.socket(family(ip), socket.SOCK_DGRAM)
            self.sock.bind((ip, port))

    def send(self, data, to=None):
        self.sock.sendto(data, to or (self.gateway, PORTS["udp"]))

    def receive(self, timeout):
        if not select.select([self.sock], [], [], max(timeout, 0))[0]:
            return None
        return self.sock.recvfrom(65536)

    def close(self):
        self.sock.close()


class Connection:
    def __init__(self, sock, peer):
        self.sock, self.peer, self.data = sock, peer, b""
        self.pongs = 0  # line ends between messages
        self.sock.settimeout(SOON)

    def message(self):
        """Takes one whole message from what has come."""
        while self.data.startswith(b"\r\n"):
            self.data, self.pongs = self.data[2:], self.pongs + 1
        head, separator, body = self.data.partition(b"\r\n\r\n")
        if not separator:
            return None
        found = re.search(rb"^content-length:\s*(\d+)", head, re.I | re.M)
        if not found:
            raise ValueError(f"no Content-Length on a stream: {head!r}")
        length = len(head) + 4 + int(found.group(1))
        if len(self.data) < length:
            return None
        whole, self.data = self.data[:length], self.data[length:]
        return whole


class Streams:
    """TCP or TLS: one connection to the gateway, made when it is first needed, and those the gateway makes to our port."""

    def __init__(self, ns, ip, port, gateway, transport, contexts=None):
        self.ns, self.ip, self.gateway, self.transport, self.contexts = ns, ip, gateway, transport, contexts
        with entered(ns):
            self.listener = socket.create_server((ip, port), family=family(ip))
        self.sock = self.listener
        self.all, self.mine = [], None

    def connect(self):
        """A new connection to the gateway, over which requests go from now on."""
        with entered(self.ns):
            sock = socket.socket(family(self.ip))
            sock.bind((self.ip, 0))
            sock.settimeout(SOON)
            sock.connect((self.gateway, PORTS[self.transport]))
        if self.transport == "tls":
            sock = self.contexts.client.wrap_socket(sock, server_hostname=self.contexts.server_name)
        self.mine = Connection(sock, sock.getpeername()[:2])
        self.all.append(self.mine)
        return self.mine

    def hang_up(self):
        """Ends all connections; the port is still listened at."""
        for c in self.all:
            c.sock.close()
        self.all, self.mine = [], None

    def deaf(self):
        """Nobody can connect to it, as to a phone behind a NAT: only its own connections are there."""
        self.listener.close()
        self.listener = None

    def accept(self):
        sock, peer = self.listener.accept()
        if self.transport == "tls":
            sock.settimeout(SOON)
            sock = self.contexts.server.wrap_socket(sock, server_side=True)
        self.all.append(Connection(sock, peer[:2]))

    def send(self, data, to=None):
        while ready := self.all and select.select([c.sock for c in self.all], [], [], 0)[0]:
            if not any(self.read(c) for c in self.all[:] if c.sock in ready):
                break
        at = [c for c in self.all if to and c.peer == tuple(to[:2])]
        usable = at or ([self.mine] if self.mine else self.all[-1:]) or [self.connect()]
        usable[-1].sock.sendall(data)

    def lost(self, c):
        c.sock.close()
        self.all.remove(c)
        if self.mine is c:
            self.mine = None

    def read(self, c):
        """Takes what has come; a connection that has ended is forgotten. Of TLS there may be something that is nothing yet: None."""
        c.sock.setblocking(False)
        try:
            data = c.sock.recv(65536)
        except (ssl.SSLWantReadError, BlockingIOError):
            data = None
        except (ConnectionResetError, ssl.SSLError):
            data = b""
        c.sock.settimeout(SOON)
        c.data += data or b""
        if data == b"":
            self.lost(c)
        return data

    def receive(self, timeout):
        end = time.monotonic() + timeout
        while True:
            for c in self.all:
                whole = c.message()
                if whole:
                    return whole, c.peer
            pending = [c for c in self.all if self.transport == "tls" and c.sock.pending()]
            left = 0 if pending else max(end - time.monotonic(), 0)
            ready = select.select([*([self.listener] if self.listener else []), *(c.sock for c in self.all)], [], [], left)[0]
            if not ready and not pending:
                return None
            if self.listener and self.listener in ready:
                self.accept()
            for c in [c for c in self.all if c.sock in ready or c in pending]:
                self.read(c)

    def close(self):
        self.hang_up()
        if self.listener:
            self.listener.close()


def wire(ns, ip, port, gateway, transport, contexts=None):
    if transport in websocket.PORTS:
        return websocket.WebSockets(ns, ip, gateway, transport, contexts)
    return Datagrams(ns, ip, port, gateway) if transport == "udp" else Streams(ns, ip, port, gateway, transport, contexts)
