#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""TCP peers that misbehave: slow, silent, lying about lengths, speaking something else, too many, or not reading; each is disconnected and counted, none
disturbs another. Messages in one piece, in many, and several at once; keep-alives; answers after the connection has gone; large requests, with TCP and without."""
import contextlib
import select
import socket
import sys
import time
sys.path.insert(0, sys.path[0] + "/..")
from gateway import A, INSIDE, stage  # noqa: E402
from lab import SOON, entered, wait_for  # noqa: E402
from sipmsg import Message  # noqa: E402
from wire import Connection  # noqa: E402

LIMITS = "connections { receive-timeout = 1s max-per-source = 8 queue = 65536 }"


def options(branch, length="0", body="", headers="", port=5060):
    length = f"Content-Length: {length}\r\n" if length is not None else ""
    return (f"OPTIONS sip:10.79.1.1 SIP/2.0\r\nVia: SIP/2.0/TCP 10.79.1.2:{port};branch=z9hG4bK{branch}\r\nMax-Forwards: 70\r\nFrom: <sip:alice@10.79.1.1>;tag=t\r\n"
            f"To: <sip:10.79.1.1>\r\nCall-ID: {branch}\r\nCSeq: 1 OPTIONS\r\n{headers}{length}\r\n{body}").encode()


with stage(more=LIMITS, registrar="max-contacts = 10", transport="udp") as s:
    alice, bob = s.pair()
    opened = []

    def connect():
        with entered(s.ns_a):
            sock = socket.create_connection((s.gw_a, 5060), SOON)
        opened.append(sock)
        return sock

    def answer(sock, timeout=SOON):
        """The next message on it; None: it was closed."""
        c = Connection(sock, None)
        end = time.monotonic() + timeout
        while not (m := c.message()):
            assert select.select([sock], [], [], end - time.monotonic())[0], "no answer"
            data = sock.recv(65536)
            if not data:
                return None
            c.data += data
        return Message(m)

    def closed(sock, timeout=SOON):
        """Asserts that it is ended within that time, whatever else comes."""
        end = time.monotonic() + timeout
        while True:
            assert select.select([sock], [], [], max(end - time.monotonic(), 0))[0], "it is still open"
            try:
                if not sock.recv(65536):
                    break
            except ConnectionResetError:
                break
        sock.close()
        opened.remove(sock)

    def counter(name):
        return s.gw.counter("connections", name)

    # Whole, byte by byte, two at once with line ends around them.
    sock = connect()
    sock.sendall(options("whole"))
    assert answer(sock).get("call-id") == "whole"
    for byte in options("bytes", 4, "abcd", "Content-Type: text/plain\r\n"):
        sock.sendall(bytes([byte]))
    assert answer(sock).get("call-id") == "bytes"
    sock.sendall(b"\r\n" + options("one") + options("two", " 4 ", "abcd", "Content-Type: text/plain\r\n"))
    c = Connection(sock, None)
    got = set()
    while len(got) < 2:
        c.data += sock.recv(65536)
        while m := c.message():
            got.add(Message(m).get("call-id"))
    assert got == {"one", "two"}, got
    # RFC 5626 4.4.1: two line ends are answered with one.
    sock.sendall(b"\r\n\r\n")
    assert select.select([sock], [], [], 2)[0] and sock.recv(100) == b"\r\n"
    sock.close()
    opened.remove(sock)

    # 18.3: without a length, or with one that cannot be, nobody knows where the next message begins: 400, and the end.
    for length, status in ((None, 400), ("many", 400), ("-1", 400), ("4294967296", 400), ("5\r\nContent-Length: 6", 400), ("100000", 513)):
        sock = connect()
        sock.sendall(options("lie", length, "abcde"))
        m = answer(sock)
        assert m and m.status == status, (length, m)
        closed(sock)
    # No SIP at all: nothing is said.
    for junk in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\r\n" * 3, b"\n" * 10, b"x" * 10000):
        sock = connect()
        sock.sendall(junk)
        assert answer(sock) is None, junk
        closed(sock)
    assert counter("bad-frame") == 10, counter("bad-frame")

    # Slow: no first message, one that does not go on, a header without an end, a body that does not come, one byte now and then.
    slow = [connect() for _ in range(4)]
    slow[1].sendall(b"OPTIONS sip:10.79.1.1 SIP/2.0\r\n")
    slow[2].sendall(options("slow", 10, "abc"))
    started = time.monotonic()
    with contextlib.suppress(ConnectionError):  # it may end between the look and the byte
        while not select.select([slow[3]], [], [], 0.02)[0]:
            slow[3].sendall(b"X")
            assert time.monotonic() < started + SOON, "a byte now and then keeps a connection open"
    for sock in slow:
        closed(sock)
    assert counter("slow") == 4, counter("slow")
    before = counter("bad-frame")
    sock = connect()
    endless = b"OPTIONS sip:10.79.1.1 SIP/2.0\r\n" + b"X: 1234567890\r\n" * 8000
    try:
        sock.sendall(endless)
    except OSError:
        pass
    closed(sock)
    assert counter("bad-frame") == before + 1

    # Too many from one address; others are served.
    wait_for("the connections to end", lambda: s.gw.show("connections") == [])
    crowd = [connect() for _ in range(8)]
    for i, sock in enumerate(crowd):
        sock.sendall(options(f"crowd{i}"))
        assert answer(sock).status
    sock = connect()
    closed(sock)
    assert counter("refused-source") == 1
    # Of IPv6 a subscriber has as many addresses as he likes.
    here = [A[6], "fd79:1::201", "fd79:1::202"]
    for ip in here[1:]:
        s.lab.inside(s.ns_a, "ip", "addr", "add", f"{ip}/64", "dev", "a0", "nodad")
    with entered(s.ns_a):
        crowd6 = [socket.create_connection((INSIDE[6], 5060), SOON, (here[i % 3], 0)) for i in range(9)]
    opened.extend(crowd6)
    wait_for("the ninth to be refused", lambda: counter("refused-source") == 2)
    with entered(s.ns_b):
        other = socket.create_connection((s.gw_b, 5060), SOON)
    other.sendall(options("other"))
    assert answer(other).status
    other.close()
    for sock in crowd:
        sock.close()
        opened.remove(sock)
    wait_for("the connections to end", lambda: s.gw.show("connections") == [])

    # One that does not read what it is sent is disconnected when its queue is full.
    sock = connect()
    sock.setblocking(False)
    before = s.gw.counter("stream", "overflow")
    n, rest, end = 0, b"", time.monotonic() + SOON
    while s.gw.counter("stream", "overflow") == before and time.monotonic() < end:
        try:
            for _ in range(200):
                if not rest:
                    n += 1
                    rest = options(f"deaf{n}")
                rest = rest[sock.send(rest):]
        except BlockingIOError:
            time.sleep(0.01)
        except OSError:
            break
    assert s.gw.counter("stream", "overflow") == before + 1, "a peer that reads nothing is still served"
    sock.close()
    opened.remove(sock)

    # Nobody was disturbed.
    da, db, *_ = s.call(alice, bob)
    da.bye(db)

    # A large request changes to TCP where the peer has it (18.1.1), with the same port, and goes by UDP where it has not.
    large = [("Subject", "s" * 1200)]
    da = alice.invite("1002", headers=large)
    db, invite = bob.answer_invite()
    assert len(invite.raw) > 1300 and invite.get("via").startswith("SIP/2.0/UDP "), invite.get("via")
    assert s.gw.counter("sip", "no-tcp") == 1
    db.accept(invite)
    da.connected()
    db.get("ACK")
    da.bye(db)
    with entered(s.ns_b):
        listener = socket.create_server((s.ip_b, 5090))
    desk = s.phone("b", port=5090)
    assert desk.register().status == 200
    bob.register(expires=0)
    da = alice.invite("1002", headers=large)
    conn, _ = listener.accept()
    invite = answer(conn)
    assert invite.method == "INVITE" and invite.get("via").startswith("SIP/2.0/TCP "), invite.get("via")
    conn.sendall(b"SIP/2.0 486 Busy Here\r\n" + "".join(f"{n}: {invite.get(n)}\r\n" for n in ("via", "from", "to", "call-id", "cseq")).encode() + b"Content-Length: 0\r\n\r\n")
    assert answer(conn).method == "ACK"
    da.failed(486)
    assert not [m for m in desk.waiting if m.method], desk.waiting
    conn.close()

    # The connection a request came on has gone: the answer goes to the port its Via says (18.2.2).
    mobile = s.phone("a", port=5099, transport="tcp")
    da = mobile.invite("1002")
    db, invite = desk.answer_invite()
    mobile.wire.hang_up()
    wait_for("the connection to end", lambda: not s.gw.show("connections"))
    db.refuse(invite, 486, "Busy Here")
    da.failed(486)
