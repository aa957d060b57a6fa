#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: transports
"""The main flows over each transport: registration, calls both ways, hold, refusal, CANCEL, a trunk; a kill -9 of the call agent in between. Plain TCP
connections outlive it; over TLS what is to be sent to a phone waits until that one has registered anew."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from sipmsg import Sdp  # noqa: E402
from lab import SOON, wait_for  # noqa: E402

with stage(process="restart-max = 50ms") as s:
    alice, bob = s.pair()
    carrier = s.carrier()
    token = s.transport.upper()

    # Both legs say what they are on, in Via and Contact.
    da, db, invite, ok = s.call(alice, bob)
    mark = f";transport={s.transport}"
    assert invite.get("via").startswith(f"SIP/2.0/{token} "), invite.get("via")
    assert (mark in invite.contact_uri()) == (mark in ok.contact_uri()) == (s.transport != "udp"), (invite.contact_uri(), ok.contact_uri())
    m, _ = da.reinvite(db, alice.sdp(version=2, direction="sendonly"), bob.sdp(version=2, direction="recvonly"))
    assert Sdp(m.body).media[0]["direction"] == "sendonly"
    db.reinvite(da, bob.sdp(version=3), alice.sdp(version=3))
    da.bye(db)

    # Refused, and cancelled.
    d = alice.invite("1002")
    db, m = bob.answer_invite()
    db.refuse(m, 486, "Busy Here")
    d.failed(486)
    d = alice.invite("1002")
    db, m = bob.answer_invite()
    db.reply(m, 180, "Ringing")
    d.response(180)
    d.cancel()
    assert d.response(method="CANCEL").status == 200
    db.reply(db.get("CANCEL"), 200, "OK")
    db.refuse(m, 487, "Request Terminated")
    d.failed(487)

    # To a trunk: the gateway connects to it, once.
    for _ in range(2):
        da, db, m, ok = s.call(alice, carrier, "91234")
        assert m.uri.startswith("sip:1234@"), m.uri
        db.bye(da)
    if s.transport != "udp":
        assert len(carrier.wire.all) == 1, "a connection for each call"
        rows = s.gw.show("connections")
        assert [r["accepted"] for r in rows if r["peer"].endswith(":5080")] == [False] and len(rows) == 3, rows
        assert {r["transport"] for r in rows} == {s.transport} and all(r["rx_bytes"] and r["tx_bytes"] for r in rows), rows
        assert {bool(r["tls"]) for r in rows} == {s.transport == "tls"}, rows

    for way in ("rx", "tx"):
        assert s.gw.counter("sip-transport", f"{s.transport}-{way}") > 10
        assert all(s.gw.counter("sip-transport", f"{t}-{way}") == 0 for t in ("udp", "tcp", "tls") if t != s.transport), s.gw.show("counters")

    # The program dies in a call. TCP goes on as if nothing had been.
    da, db, *_ = s.call(alice, bob)
    mine = [p.wire.mine for p in (alice, bob)] if s.transport != "udp" else []
    s.gw.kill("tandem-ca")
    if s.transport == "tcp":
        db.bye(da)
        assert [p.wire.mine for p in (alice, bob)] == mine, "a connection was lost"
        assert len(s.gw.show("connections")) == 3
    elif s.transport == "tls":
        for p in (alice, bob):
            wait_for("the connection to end", lambda p=p: p.drain() or not p.wire.mine)
            p.wire.listener.close()  # as of a phone behind a NAT, nobody can connect to it
            p.wire.listener = None
        db.request("BYE")
        alice.nothing(lambda m: m.method)
        assert alice.register().status == 200
        da.hung_up()
        assert db.response(method="BYE").status == 200
        # Who never comes back: the call is over all the same.
        assert bob.register().status == 200
        da, db, *_ = s.call(alice, bob)
        s.gw.kill("tandem-ca")
        db.hang_up()
    else:
        da.bye(db)

    # A phone asks by STUN, on the same port, whether its way to us is still the same (RFC 5626 4.4.2); strangers get nothing.
    if s.transport == "udp":
        ask = bytes.fromhex("000100002112a442") + b"abcdefghijkl"
        alice.wire.send(ask)
        raw, _ = alice.wire.receive(SOON)
        port, ip = 5060 ^ 0x2112, bytes(x ^ y for x, y in zip(map(int, s.ip_a.split(".")), bytes.fromhex("2112a442")))
        assert raw == bytes.fromhex("0101000c2112a442") + b"abcdefghijkl" + bytes.fromhex("002000080001") + port.to_bytes(2, "big") + ip, raw.hex()
        stranger = s.phone("a", port=5062, ip=s.another("a"))
        stranger.wire.send(ask)
        assert stranger.wire.receive(0.3) is None
