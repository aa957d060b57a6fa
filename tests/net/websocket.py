# SPDX-License-Identifier: GPL-3.0-or-later
"""A WebSocket client (RFC 6455) that can also do what it should not, and SIP over it (RFC 7118) as a wire of phone.py."""
import base64
import hashlib
import os
import select
import socket
import struct
import time

from lab import SOON, entered

PORTS = {"ws": 8080, "wss": 8443}
CONTINUED, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


def family(ip):
    return socket.AF_INET6 if ":" in ip else socket.AF_INET


class WebSocket:
    """One connection; `handshake` is left to the caller when False."""

    def __init__(self, ns, ip, gateway, transport="ws", contexts=None, handshake=True, **how):
        with entered(ns):
            self.sock = socket.socket(family(ip))
            self.sock.bind((ip, 0))
            self.sock.settimeout(SOON)
            self.sock.connect((gateway, PORTS[transport]))
        self.peer = (gateway, PORTS[transport])
        if transport == "wss":
            self.sock = contexts.client.wrap_socket(self.sock, server_hostname=contexts.server_name)
        self.data, self.message, self.pongs, self.closed, self.head = b"", b"", [], None, ""
        if handshake:
            status = self.shake_hands(**how)
            assert status == 101, f"handshake got {status}"

    def shake_hands(self, protocol="sip", origin=None, version="13", upgrade=True):
        """The answer's status; 0 when the connection was closed instead."""
        key = base64.b64encode(os.urandom(16)).decode()
        lines = ["GET / HTTP/1.1", f"Host: {self.peer[0]}:{self.peer[1]}", *(["Upgrade: websocket", "Connection: Upgrade"] if upgrade else []),
                 f"Sec-WebSocket-Key: {key}", f"Sec-WebSocket-Version: {version}", *([f"Sec-WebSocket-Protocol: {protocol}"] if protocol else []),
                 *([f"Origin: {origin}"] if origin else [])]
        self.sock.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        while b"\r\n\r\n" not in self.data:
            try:
                more = self.sock.recv(4096)
            except OSError:
                more = b""
            if not more:
                return 0
            self.data += more
        head, _, self.data = self.data.partition(b"\r\n\r\n")
        text = self.head = head.decode().lower()
        status = int(text.split()[1])
        if status == 101:
            accept = base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode().lower()
            assert f"sec-websocket-accept: {accept}" in text and "sec-websocket-protocol: sip" in text, text
        return status

    def frame(self, opcode, payload=b"", fin=True, masked=True, rsv=0):
        length = len(payload)
        head = bytes([fin << 7 | rsv << 4 | opcode])
        head += bytes([masked << 7 | length]) if length < 126 else bytes([masked << 7 | 126]) + struct.pack("!H", length) if length < 65536 else \
            bytes([masked << 7 | 127]) + struct.pack("!Q", length)
        mask = os.urandom(4)
        if masked:
            payload = mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload))
        self.sock.sendall(head + payload)

    def take(self):
        """One frame of what has come: (opcode, payload), or None."""
        if len(self.data) < 2:
            return None
        assert not self.data[1] & 0x80, "a server does not mask"
        length, at = self.data[1] & 0x7F, 2
        if length >= 126:
            size = 2 if length == 126 else 8
            if len(self.data) < 2 + size:
                return None
            length, at = int.from_bytes(self.data[2:2 + size], "big"), 2 + size
        if len(self.data) < at + length:
            return None
        opcode, payload, self.data = self.data[0] & 15, self.data[at:at + length], self.data[at + length:]
        return opcode, payload

    def next(self, timeout):
        """The next message; None when none came in time, b"" when it was closed: then `closed` is the close code, 0 without one."""
        end = time.monotonic() + timeout
        while True:
            while frame := self.take():
                opcode, payload = frame
                if opcode in (TEXT, BINARY):
                    return payload
                if opcode == PING:
                    self.frame(PONG, payload)
                elif opcode == PONG:
                    self.pongs.append(payload)
                elif opcode == CLOSE:
                    self.closed = struct.unpack("!H", payload[:2])[0] if payload else 1005
                    return b""
            if not (hasattr(self.sock, "pending") and self.sock.pending()) and not select.select([self.sock], [], [], max(end - time.monotonic(), 0))[0]:
                return None
            try:
                more = self.sock.recv(65536)
            except OSError:
                more = b""
            if not more:
                self.closed = self.closed or 0
                return b""
            self.data += more

    def close_code(self, timeout=SOON):
        """Waits until the other side has closed it."""
        while self.closed is None:
            if self.next(timeout) is None:
                raise AssertionError("the connection was not closed")
        return self.closed

    def close(self):
        self.sock.close()


class WebSockets:
    """What phone.py speaks over: one WebSocket, made when it is first needed and made anew after hang_up()."""

    def __init__(self, ns, ip, gateway, transport, contexts=None):
        self.args = ns, ip, gateway, transport, contexts
        self.ws = None

    @property
    def sock(self):
        return self.connect().sock

    def connect(self):
        self.ws = self.ws or WebSocket(*self.args)
        return self.ws

    def send(self, data, to=None):
        self.connect().frame(TEXT, data)

    def deaf(self):
        """It never has a port to connect to."""

    def receive(self, timeout):
        data = self.connect().next(timeout)
        return (data, self.ws.peer) if data else None

    def hang_up(self):
        if self.ws:
            self.ws.close()
        self.ws = None

    close = hang_up
