#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""Failover while the caller rings: a group's trunks in turn on 503 and on silence, each with its own time; a peer that let a call go unanswered comes last; a
503 of all goes up as 500 without Retry-After, want of lines as 503; a definite answer ends the search; the record names the trunk that took the call."""
import sys
import time
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402

MORE = """
trunk one {{ peer = {{ "{ip}:5091", "{ip}:5092" }} address = "outside" first-response = 1s }}
trunk two {{ peer = "{ip}:5093" address = "outside" answer-time = 1500ms }}
group both {{ members = {{ "one", "two priority=1" }} }}
route both {{ prefix = "8" to = "both" strip = 1 }}
"""

with stage(t1=100, t2=800) as s:  # Timer B is 6.4 s
    s.gw.configure(more=MORE.format(ip=s.ip_b))
    s.gw.ctl("reload")
    alice, _ = s.pair()
    silent, second, two = (s.phone("b", name, port=port) for name, port in (("one-a", 5091), ("one-b", 5092), ("two", 5093)))

    def refused(peer, status, headers=()):
        d, invite = peer.answer_invite()
        d.reply(invite, status, "No", headers=headers)
        d.get("ACK")
        return invite

    # Nothing comes from the first, the second is out of order, the third takes the call.
    began = time.monotonic()
    d = alice.invite("8123")
    refused(second, 503, [("Retry-After", "60")])
    waited = time.monotonic() - began
    assert 0.95 < waited < 5, f"{waited:.2f} s until the second was tried"
    db, invite = two.answer_invite()
    assert invite.uri.startswith("sip:123@"), invite.uri
    db.reply(invite, 180, "Ringing")
    d.response(180)
    db.reply(invite, 200, "OK", two.sdp())
    d.ack(d.response(200))
    db.get("ACK")
    d.bye(db)
    assert silent.request("INVITE").uri.startswith("sip:123@")
    assert not [m for m in alice.received if m.status and 300 <= m.status and m.status not in (401, 407)], "the caller saw a failure"

    # The one that said nothing is tried last now; what the others said is what the caller is told, for a silence says nothing (RFC 3261 16.7 step 6).
    d = alice.invite("8124")
    refused(second, 503, [("Retry-After", "60")])
    silent.take(lambda m: m.method == "INVITE" and "sip:124@" in m.uri, "the call at the silent one")
    refused(two, 503, [("Retry-After", "60")])
    final = d.response()
    d.ack(final)
    assert final.status == 500 and final.get("retry-after") is None, final.raw

    # A 503 of all is a 500 here, without Retry-After (RFC 3261 16.7). Want of lines is told as such, a busy party ends the search.
    s.gw.configure(more=MORE.format(ip=s.ip_b).replace(f'"{s.ip_b}:5091", ', ""))
    s.gw.ctl("reload")
    d = alice.invite("8000")
    refused(second, 503, [("Retry-After", "60")])
    refused(two, 503, [("Retry-After", "60")])
    final = d.response()
    d.ack(final)
    assert final.status == 500 and final.get("retry-after") is None, final.raw
    d = alice.invite("8125")
    refused(second, 503, [("Reason", "Q.850;cause=34")])
    refused(two, 503, [("Reason", "Q.850;cause=34")])
    final = d.response()
    d.ack(final)
    assert final.status == 503 and final.get("retry-after") is None, final.raw
    d = alice.invite("8126")
    refused(second, 486)
    final = d.response()
    d.ack(final)
    assert final.status == 486, final
    two.nothing(lambda m: m.method == "INVITE", 0.2)

    # The last one rings for its time only.
    began = time.monotonic()
    d = alice.invite("8127")
    refused(second, 500)
    db, invite = two.answer_invite()
    db.reply(invite, 180, "Ringing")
    d.response(180)
    cancel = db.get("CANCEL")
    assert 1.45 < time.monotonic() - began < 6
    db.reply(cancel, 200, "OK")
    db.reply(invite, 487, "Request Terminated")
    final = d.response()
    d.ack(final)
    assert final.status in (408, 500), final
    db.get("ACK")
    s.gw.idle()
    rows = s.gw.cdrs(6)
    assert [r["target"] for r in rows][0] == "two" and rows[0]["sip_code"] == 200, rows
