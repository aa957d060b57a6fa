#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""kill -9 of the call agent while phones talk over TLS and over WebSocket, whose sessions die with it: what is to be said to a phone waits until it is back and
goes over its new connection, a BYE, a changed offer, the end of what rang; when it does not come back within Timer F, the call ends and the other
side is told why."""
import sys
import time
sys.path.insert(0, sys.path[0] + "/..")
from gateway import T1_MS, stage  # noqa: E402
from lab import wait_for  # noqa: E402
from media import both_ways  # noqa: E402
from sipmsg import Sdp  # noqa: E402

LISTEN = 'transports = { "udp", "tls", "ws", "wss" }'
PATIENCE = 64 * T1_MS / 1000  # Timer F, s


def is_final(method):
    return lambda m: m.status and m.status >= 200 and m.cseq_method == method


def back(*phones):
    """They notice that their connection has ended, make another one and register over it."""
    for p in phones:
        p.wire.hang_up()
        assert p.register().status == 200


def killed_in_a_call(s, alice, bob):
    call = s.call(alice, bob)
    s.gw.kill("tandem-ca")
    return call


def hung_up(s, alice, bob):
    """A BYE waits for the phone, from whichever side."""
    for gone, other in ((alice, bob), (bob, alice)):
        da, db, *_ = killed_in_a_call(s, alice, bob)
        back(other)
        one, waits = (da, db) if other is alice else (db, da)
        one.hang_up()
        assert [c["state"] for c in s.gw.show("calls")] == ["ending"], "it is over before the other side was told"
        back(gone)
        waits.hung_up()


def changed(s, alice, bob):
    """A re-INVITE waits likewise, from the side that called and from the other; then the call goes on as ever."""
    da, db, invite, ok = killed_in_a_call(s, alice, bob)
    back(alice)
    da.request("INVITE", alice.sdp(version=2, direction="sendonly"))
    alice.nothing(is_final("INVITE"), 0.3)
    back(bob)
    held = db.get("INVITE")
    assert Sdp(held.body).media[0]["direction"] == "sendonly", held.body
    db.accept(held, bob.sdp(version=2, direction="recvonly"))
    da.connected()
    db.get("ACK")
    db.reinvite(da, bob.sdp(version=3), alice.sdp(version=3))
    ma, mb = s.media(alice), s.media(bob)
    both_ways(ma, Sdp(ok.body).at(), mb, Sdp(invite.body).at(), 5)
    for m in (ma, mb):
        m.close()
    da.bye(db)


def ringing(s, alice, bob):
    """What rang ends at both sides once they are back."""
    da = alice.invite("1002")
    db, invite = bob.rings()
    da.response(180)
    s.gw.kill("tandem-ca")
    back(alice, bob)
    da.failed(503)
    db.cancelled(invite)


def never_back(s, alice, bob):
    """Alice's phone does not come: what Bob asks is refused when Timer B is over, and the call is released with a reason."""
    da, db, *_ = killed_in_a_call(s, alice, bob)
    back(bob)
    db.request("INVITE", bob.sdp(version=2, direction="sendonly"))
    began = time.monotonic()
    refused = db.response(method="INVITE", timeout=2 * PATIENCE)
    assert PATIENCE / 2 < time.monotonic() - began and refused.status in (408, 480, 500, 503, 504), refused
    db.ack(refused)
    bye = db.hung_up()
    s.gw.idle()
    assert bye.get("reason").startswith("Q.850;cause=102"), bye.raw
    row = wait_for("the record", lambda: [r for r in s.gw.cdr_rows() if r["a_call_id"] == da.call_id])[0]
    assert (row["released_by"], row["cause"]) == ("caller", 102), row
    back(alice)
    da.request("BYE")
    assert da.response(method="BYE").status == 481


def never_told(s, alice, bob):
    """Bob has hung up, and Alice's phone does not come: it is over when Timer F is."""
    da, db, *_ = killed_in_a_call(s, alice, bob)
    back(bob)
    db.hang_up()
    began = time.monotonic()
    s.gw.idle()
    assert time.monotonic() - began > PATIENCE / 2, "nobody waited for Alice"
    back(alice)
    da.request("BYE")
    assert da.response(method="BYE").status == 481


with stage(transport="tls", inside=LISTEN, outside=LISTEN, process="restart-max = 20ms") as s:
    comes = hung_up, changed, ringing
    for one, other, cases in (("tls", "tls", (*comes, never_back)), ("wss", "tls", comes), ("ws", "wss", (*comes, never_told))):
        alice, bob = s.phone("a", transport=one), s.phone("b", transport=other)
        for p in (alice, bob):
            p.wire.deaf()
            assert p.register().status == 200
        for what in cases:
            try:
                what(s, alice, bob)
            except BaseException:
                print(f"--- in {what.__name__}, {one} to {other}", file=sys.stderr)
                raise
        for p in (alice, bob):
            assert p.register(expires=0).status == 200
            p.close()
