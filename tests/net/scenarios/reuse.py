#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""Connection reuse (RFC 5923): over TLS what is for a trunk goes back over the connection it made when it asks for that and its certificate is for the name in
its Via; over TCP when it is a trunk's address, with no phone at it. A trunk that connects from any port is known by where it says it listens."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from certificates import Contexts  # noqa: E402
from gateway import stage  # noqa: E402
from lab import wait_for  # noqa: E402

VERIFY = "tls-verify = ask"
PEERS = """
trunk other {{ peer = "{ip}:5090" transport = {transport} address = "outside" }}
trunk named {{ peer = "{ip}:5080" transport = {transport} address = "outside" domain = "named.example.com" }}
route named {{ prefix = "6" to = "named" strip = 1 }}
route back {{ prefix = "5" to = "alice" strip = 1 }}
route other {{ prefix = "8" to = "other" strip = 1 }}
"""


def peer(s, port, user="carrier", alias=True):
    """A trunk's other end: its requests ask for reuse, or not."""
    p = s.phone("b", user, port=port)
    p.password = None
    via = p.via
    p.via = lambda branch=None: via(branch) + (";alias" if alias else "")
    return p


def connect(p):
    """It connects anew and says something, by which the gateway knows it; then a request comes."""
    p.wire.hang_up()
    p.wire.connect()
    assert p.ask("OPTIONS").status == 200
    return p.wire.mine


def reached(s, alice, p, number):
    """The connection over which a call of Alice's gets there."""
    d = alice.invite(number)
    other, invite = p.answer_invite()
    other.refuse(invite, 486, "Busy Here")
    d.failed(486)
    return next(c for c in p.wire.all if c.peer == invite.source), invite


def reuse(transport):
    with stage(transport=transport, outside=VERIFY) as s:
        s.gw.configure(more=PEERS.format(ip=s.ip_b, transport=transport))
        s.gw.ctl("reload")
        alice = s.phone("a")
        assert alice.register().status == 200
        carrier = peer(s, 5080)

        # Asked for: there is one connection, for both ways.
        mine = connect(carrier)
        at, invite = reached(s, alice, carrier, "9555")
        assert at is mine and len(carrier.wire.all) == 1, carrier.wire.all
        assert s.gw.counter("connections", "reused") == 2, "INVITE and ACK"  # ours asks for the same
        assert ";alias" in invite.get("via"), invite.get("via")

        # It ends: a new one is made.
        carrier.wire.hang_up()
        wait_for("the connection to end", lambda: not [c for c in s.gw.show("connections") if c["address"] == "outside"])
        at, _ = reached(s, alice, carrier, "9555")
        assert at is not mine and carrier.wire.mine is None
        carrier.wire.hang_up()

        if transport == "tls":
            # The same address with a name that its certificate does not have: that connection is not for it, and another one is refused.
            at, _ = reached(s, alice, carrier, "9555")
            d = alice.invite("6555")
            carrier.pump(0.1)
            m = d.response()
            assert m.status >= 500, m
            d.ack(m)
            carrier.nothing(lambda m: m.method == "INVITE", 0)
            assert [c for c in carrier.wire.all if c is at], "the other connection has ended"
            carrier.wire.hang_up()
            carrier.wire.contexts = Contexts(s.authority, s.gw_b, s.authority.sign("named", "DNS:named.example.com", f"IP:{s.ip_b}"))
        at, _ = reached(s, alice, carrier, "9555")
        assert reached(s, alice, carrier, "6555")[0] is at
        carrier.wire.hang_up()
        if transport == "tls":
            carrier.wire.contexts = s.contexts("carrier", s.ip_b, s.gw_b)

        # Not asked for: the gateway makes its own. It is the trunk's all the same, though From has a user's name.
        silent = peer(s, 5090, "1001", alias=False)
        mine = connect(silent)
        at, _ = reached(s, alice, silent, "8555")
        assert at is not mine
        d = silent.invite("51001")
        other, invite = alice.answer_invite()
        other.refuse(invite, 486, "Busy Here")
        d.failed(486)
        wait_for("its record", lambda: [r for r in s.gw.cdr_rows() if r["source"] == "other"])

        # Somebody else there: neither believed to be a trunk when a user's name is in From, nor given what is for one.
        stranger = peer(s, 5091, "1001")
        connect(stranger)
        d = stranger.invite("51001")
        d.failed(407)
        if transport == "tcp":
            # The trunk's port in Via, from a host with a phone: not for somebody else's connection.
            bob = s.phone("b", "bob", port=5092)
            assert bob.register().status == 200
        else:
            # A certificate for another name: the gateway makes its own connection.
            thief = s.authority.sign("thief", "DNS:elsewhere.example.com")
            carrier.wire.contexts.client = Contexts(s.authority, s.gw_b, thief).client
        mine = connect(carrier)
        at, _ = reached(s, alice, carrier, "9555")
        assert at is not mine


for transport in ("tcp", "tls"):
    reuse(transport)
