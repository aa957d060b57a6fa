#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""Re-INVITEs that cross (RFC 3261 14.1, RFC 5407 3.3.1), that are given up, and that come while another is not over: each side sees what its own dialog calls for, and
in the end both have what was asked for."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from sipmsg import Sdp  # noqa: E402


def direction(m):
    return Sdp(m.body).media[0]["direction"]


with stage() as s:
    alice, bob = s.pair()

    # At Bob's side, whose Call-ID is ours: he tries again first, and that goes through at once; Alice is told to come back.
    a, b, _, _ = s.call(alice, bob)
    a.request("INVITE", alice.sdp(direction="sendonly"))
    ours = b.get("INVITE")
    b.request("INVITE", bob.sdp(direction="inactive"))
    b.failed(491)
    b.refuse(ours, 491)
    alice.nothing(lambda m: m.status and m.status > 100, 0.1)
    b.request("INVITE", bob.sdp(direction="inactive"))
    a.failed(491)
    m = a.get("INVITE")
    assert direction(m) == "inactive", m.body
    a.accept(m, alice.sdp(direction="inactive"))
    a.get("ACK")
    assert direction(b.connected()) == "inactive"
    m, ok = a.reinvite(b, alice.sdp(direction="sendonly"), bob.sdp(direction="recvonly"))
    assert direction(m) == "sendonly" and direction(ok) == "recvonly"
    a.bye(b)

    # At Alice's side, whose Call-ID is hers: we wait the shorter time, and Bob learns nothing of it.
    a, b, _, _ = s.call(alice, bob)
    b.request("INVITE", bob.sdp(direction="sendonly"))
    ours = a.get("INVITE")
    a.request("INVITE", alice.sdp(direction="inactive"))
    a.failed(491)
    a.refuse(ours, 491)
    again = a.get("INVITE")
    assert again.cseq > ours.cseq and again.body == ours.body, again.raw
    assert not any(m.status and m.status >= 300 and m.get("call-id") == b.call_id for m in bob.received), "the glare was not his"
    a.accept(again, alice.sdp(direction="recvonly"))
    a.get("ACK")
    assert direction(b.connected()) == "recvonly"
    a.bye(b)

    # Given up: so is the one that it became; and an answer that crosses the CANCEL is put right.
    a, b, _, _ = s.call(alice, bob)
    a.request("INVITE", alice.sdp(direction="sendonly"))
    ours = b.get("INVITE")
    b.reply(ours, 100, "Trying")
    a.give_up()
    b.cancelled(ours)
    a.request("INVITE", alice.sdp(direction="sendonly"))
    ours = b.get("INVITE")
    b.reply(ours, 100, "Trying")
    a.give_up()
    cancel = b.get("CANCEL")
    b.accept(ours, bob.sdp(direction="recvonly"))
    b.reply(cancel, 200, "OK", contact=False)
    b.get("ACK")
    right = b.get("INVITE")
    assert direction(right) == "sendrecv", right.body
    b.accept(right)
    b.get("ACK")
    a.bye(b)

    # Alice's comes while Bob owes an ACK: it goes on when that has come.
    a, b, _, _ = s.call(alice, bob)
    b.request("INVITE", bob.sdp(direction="sendonly"))
    m = a.get("INVITE")
    a.accept(m, alice.sdp(direction="recvonly"))
    a.get("ACK")
    ok = b.response(200, method="INVITE")
    a.request("INVITE", alice.sdp())
    bob.nothing(lambda m: m.method == "INVITE", 0.1)
    b.ack(ok)
    m = b.get("INVITE")
    assert direction(m) == "sendrecv", m.body
    b.accept(m)
    a.connected()
    b.get("ACK")
    a.bye(b)

    # An UPDATE may change an answered call as well (RFC 3311 5.1); at the other side that is a re-INVITE, which may take its time.
    a, b, _, _ = s.call(alice, bob)
    a.request("UPDATE", alice.sdp(direction="sendonly"))
    m = b.get("INVITE")
    assert direction(m) == "sendonly", m.body
    b.accept(m, bob.sdp(direction="recvonly"))
    b.get("ACK")
    ok = a.response(200, method="UPDATE")
    assert direction(ok) == "recvonly", ok.body
    a.request("UPDATE", alice.sdp(direction="inactive"))
    b.refuse(b.get("INVITE"), 488)
    assert a.response(method="UPDATE").status == 488
    a.bye(b)
