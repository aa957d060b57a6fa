#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""A trunk known by the name in its certificate (RFC 5922), wherever it comes from, over TLS and secure WebSocket: names that count and that do not; no
certificate, one that is over, one that nobody believes."""
import os
import socket
import ssl
import sys
sys.path.insert(0, sys.path[0] + "/..")
from certificates import Authority, Contexts  # noqa: E402
from gateway import stage  # noqa: E402
from lab import SOON, entered, wait_for  # noqa: E402

MORE = """
trunk certified { peer = "10.79.2.77:5061" transport = tls certificate = "carrier.example.com" address = "outside" }
route back { prefix = "5" to = "alice" strip = 1 source = "certified" }
"""
COUNTERS = {"tls": ("stream", "tls-failed"), "wss": ("websocket", "no-handshake")}

with stage(transport="tls", outside='transports = {"udp", "tls", "wss"} tls-verify = ask', more=MORE) as s:
    alice = s.phone("a")
    assert alice.register().status == 200
    ip = s.another("b")
    os.mkdir(os.path.join(s.lab.dir, "other"))
    stranger = Authority(os.path.join(s.lab.dir, "other"))
    shown = {
        "uri": s.authority.sign("uri", "URI:sip:carrier.example.com", "DNS:else.example.com"),
        "dns": s.authority.sign("dns", "DNS:Carrier.Example.com"),
        "wrong": s.authority.sign("wrong", "DNS:else.example.com"),
        "outranked": s.authority.sign("outranked", "DNS:carrier.example.com", "URI:sip:else.example.com"),
        "wildcard": s.authority.sign("wildcard", "DNS:*.example.com"),
        "none": None,
        "over": s.authority.sign("over", "DNS:carrier.example.com", days=-1),
        "unbelieved": stranger.sign("unbelieved", "DNS:carrier.example.com"),
    }

    def peer(own, transport, port):
        p = s.phone("b", "1001", port=port, ip=ip, transport=transport)
        p.password = None
        p.wire.hang_up()
        contexts = Contexts(s.authority, s.gw_b, own)
        if transport == "tls":
            p.wire.contexts = contexts
        else:
            p.wire.args = (*p.wire.args[:-1], contexts)
        return p

    def turned_away(own, transport):
        """With TLS 1.3 the client hears of it after its side of the handshake."""
        context = Contexts(s.authority, s.gw_b, own).client
        try:
            with entered(s.ns_b):
                sock = socket.create_connection((s.gw_b, {"tls": 5061, "wss": 8443}[transport]), SOON, (ip, 0))
            with context.wrap_socket(sock, server_hostname=s.gw_b) as c:
                return not c.recv(100)
        except ssl.SSLError as e:
            return "ALERT" in e.reason
        except ConnectionError:
            return True

    calls = 0
    for n, transport in enumerate(("tls", "wss")):
        port = 5100 + 20 * n
        for name in ("uri", "dns"):
            port += 1
            p = peer(shown[name], transport, port)
            assert p.ask("OPTIONS").status == 200, "a stranger's answer"
            names = [c["names"] for c in s.gw.show("connections") if c["transport"] == transport and c["address"] == "outside"]
            assert names == [{"uri": "carrier.example.com", "dns": "Carrier.Example.com"}[name]], names
            d = p.invite("51001")
            other, invite = alice.answer_invite()
            other.accept(invite)
            d.connected()
            other.get("ACK")
            other.bye(d)
            calls += 1
            assert s.gw.cdrs(calls)[-1]["source"] == "certified", s.gw.cdrs(calls)
            p.close()
        for name in ("wrong", "outranked", "wildcard", "none"):
            port += 1
            p = peer(shown[name], transport, port)
            answer = p.ask("OPTIONS")
            assert answer.status == 403 and not answer.get("server"), f"{name}: {answer.raw}"
            p.invite("51001").failed(407)
            p.close()
        for name in ("over", "unbelieved"):
            port += 1
            before = s.gw.counter(*COUNTERS[transport])
            assert turned_away(shown[name], transport), f"{name}: it was let in"
            wait_for("it to be counted", lambda: s.gw.counter(*COUNTERS[transport]) == before + 1)
    alice.nothing(lambda m: m.method == "INVITE", 0.1)
