#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: crossed
"""SIP over WebSocket, plain and secure (RFC 7118): registration and calls with phones that have no address, frames and handshakes that are wrong, a
client that is back after tandem-ca was killed."""
import socket
import sys
sys.path.insert(0, sys.path[0] + "/..")
from certificates import Authority, Contexts  # noqa: E402
from gateway import stage  # noqa: E402
from lab import SOON, entered, wait_for  # noqa: E402
from websocket import BINARY, CLOSE, CONTINUED, PING, PORTS, TEXT, WebSocket  # noqa: E402

OPTIONS = "OPTIONS sip:{gw} SIP/2.0\r\nVia: SIP/2.0/WS x.invalid;branch=z9hG4bK{n}\r\nFrom: <sip:alice@test.invalid>;tag=1\r\nTo: <sip:{gw}>\r\n" \
          "Call-ID: frames{n}\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\n\r\n"
serial = iter(range(1000))


def options(s):
    return OPTIONS.format(gw=s.gw_a, n=next(serial)).encode()


def frames(s):
    """Fragments, pings, binary, keep-alives: all as one would expect; each mistake ends its own connection, with the right code."""
    def client(**how):
        return WebSocket(s.ns_a, s.ip_a, s.gw_a, **how)

    c = client()
    ask = options(s)
    c.frame(TEXT, ask[:10], fin=False)
    c.frame(PING, b"between")
    c.frame(CONTINUED, ask[10:50], fin=False)
    c.frame(CONTINUED, ask[50:])
    assert c.next(3).startswith(b"SIP/2.0 ") and c.pongs == [b"between"]
    c.frame(BINARY, options(s))
    assert c.next(3).startswith(b"SIP/2.0 ")
    c.frame(TEXT, b"\r\n\r\n")
    assert c.next(3) == b"\r\n", "keep-alive (RFC 5626 4.4.1)"
    c.frame(TEXT, b"junk\r\n\r\n")
    c.frame(TEXT, options(s))
    assert c.next(3).startswith(b"SIP/2.0 "), "junk does not end a connection whose messages come whole"
    c.frame(CLOSE, b"\x03\xe8")
    assert c.close_code() == 1000

    bad = [(lambda c: c.frame(CONTINUED, b"x"), (1002, 0), "nothing to continue"),
           (lambda c: c.frame(TEXT, b"\xff\xfe\xfd"), (1007, 0), "no UTF-8"),
           (lambda c: c.frame(3, b"x"), (1002, 0), "reserved opcode"),
           (lambda c: c.frame(TEXT, b"x", rsv=4), (1002, 0), "reserved bit"),
           (lambda c: c.frame(PING, b"x" * 200), (1002, 0), "long ping"),
           (lambda c: [c.frame(TEXT if not i else CONTINUED, b"x" * 60000, fin=False) for i in range(3)], (1009, 0), "too long")]
    for act, codes, what in bad:
        c = client()
        try:
            act(c)
        except OSError:
            pass
        assert c.close_code() in codes, f"{what}: closed with {c.closed}"

    assert client(handshake=False).shake_hands(protocol=None) == 400
    assert client(handshake=False).shake_hands(protocol="chat") != 101
    for how in ({"version": "7"}, {"upgrade": False}):
        c = client(handshake=False)
        assert c.shake_hands(**how) == 426 and "sec-websocket-version: 13" in c.head and "upgrade: websocket" in c.head, c.head  # RFC 6455 4.4
    assert client(handshake=False).shake_hands(origin="https://evil.example") == 403
    assert client(handshake=False).shake_hands(origin="https://phone.example") == 101
    # A handshake that stops is ended: of HTTP, and of TLS.
    before = s.gw.counter("websocket", "no-handshake")
    for transport, begins in (("ws", b"GET / HTTP/1.1\r\nHost"), ("wss", b"\x16\x03\x01\x02\x00\x01")):
        with entered(s.ns_a):
            silent = socket.create_connection((s.gw_a, PORTS[transport]), SOON)
        silent.settimeout(4)
        silent.sendall(begins)
        try:
            assert not silent.recv(100), "something was said"
        except ConnectionError:
            pass
        silent.close()
    assert s.gw.counter("websocket", "no-handshake") == before + 2
    # A length that lies: the message is one, whatever it says (RFC 7118 4.2), and the next one is as good as any.
    before = s.gw.counter("sip", "malformed-answered")
    c = client()
    c.frame(TEXT, options(s).replace(b"\r\n\r\n", b"\r\nContent-Length: 10\r\n\r\nabc"))
    assert c.next(3).startswith(b"SIP/2.0 ") and s.gw.counter("sip", "malformed-answered") == before + 1
    c.frame(TEXT, options(s))
    assert c.next(3).startswith(b"SIP/2.0 ")
    c.close()


def calls(s):
    """A browser's phone calls a phone on UDP, and is called; both ends of the call see only the gateway."""
    alice, bob = s.phone("a", transport="wss"), s.phone("b")
    for p in (alice, bob):
        answer = p.register()
        assert answer.status == 200, answer
    da, db, invite, ok = s.call(alice, bob)
    assert ".invalid" not in invite.raw.decode(), invite.raw
    assert "transport=ws" in ok.get("contact"), ok.raw
    da.bye(db)
    db, da, invite, ok = s.call(bob, alice, "1001")
    assert invite.uri == alice.uri() and invite.get("via").startswith("SIP/2.0/WSS "), invite.raw
    db.bye(da)
    return alice, bob


def another_certificate(s):
    """A certificate is replaced: who connects from then on sees the new one, who is there goes on."""
    contexts = Contexts(s.authority, s.gw_a)
    old = WebSocket(s.ns_a, s.ip_a, s.gw_a, "wss", contexts)
    shown = old.sock.getpeercert(True)
    old.frame(TEXT, options(s))
    assert old.next(3).startswith(b"SIP/2.0 ")
    s.authority.sign("gateway", f"IP:{s.gw_a}", f"IP:{s.gw_b}")
    s.gw.reload()

    def is_new():
        c = WebSocket(s.ns_a, s.ip_a, s.gw_a, "wss", contexts)
        now = c.sock.getpeercert(True)
        c.close()
        return now != shown
    wait_for("the new certificate", is_new, step=0.1)
    old.frame(TEXT, options(s))
    assert old.next(3).startswith(b"SIP/2.0 ")
    assert "wss" in [c["transport"] for c in s.gw.show("connections")]
    old.close()


def after_a_kill(s, alice, bob):
    """The session dies with the process; a BYE for a client that is not back yet waits, and goes to its new connection."""
    da, db, invite, ok = s.call(alice, bob)
    s.gw.kill("tandem-ca")
    alice.wire.hang_up()
    db.request("BYE")
    answer = alice.register()
    assert answer.status == 200, answer
    da.hung_up()
    assert db.response(method="BYE").status == 200


with stage(start=False) as s:
    s.authority = s.authority or Authority(s.lab.dir)
    file, key = s.authority.sign("gateway", f"IP:{s.gw_a}", f"IP:{s.gw_b}")
    s.gw.configure(inside='transports = {"udp", "ws", "wss"} ws-origins = {"https://phone.example"}',
                   more="connections { receive-timeout = 1s }", certificates=f'certificate gateway {{ file = "{file}" key = "{key}" }}')
    s.gw.start()
    frames(s)
    alice, bob = calls(s)
    another_certificate(s)
    after_a_kill(s, alice, bob)
