#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: transports
"""RFC 3665 3.1 to 3.3 and 3.8 to 3.11 through the proxy role: what passes is what was sent but for Via, Max-Forwards, Record-Route and Route;
both sides hang up along the route; CANCEL, busy, nobody there; two phones of one user ring."""
import re
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402

PROXY = 'role = proxy'

with stage(inside=PROXY, outside=PROXY) as s:
    alice, bob = s.pair()

    # 3.1: a call, the caller hangs up
    da = alice.invite("1002", headers=[("X-Anything", "odd;  spacing, kept"), ("Subject", "lunch")])
    assert da.response(100).status == 100
    db, invite = bob.answer_invite()
    assert invite.uri == bob.uri(), invite.uri
    assert invite.get("max-forwards") == "69" and len(invite.all("via")) == 2 and invite.get("max-breadth") == "60", invite.raw
    assert invite.get("x-anything") == "odd;  spacing, kept" and invite.body == alice.sdp() and invite.contact_uri() == alice.uri()
    assert invite.get("call-id") == da.call_id and invite.get("from") == da.local, "a proxy changes no identity"
    routes = invite.all("record-route")
    assert [re.search(r"@([0-9.]+):506[01](?:;transport=\w+)?;lr>", r).group(1) for r in routes] == [s.gw_b, s.gw_a], routes
    db.reply(invite, 180, "Ringing")
    da.response(180)
    db.reply(invite, 200, "OK", bob.sdp())
    ok = da.response(200)
    assert len(ok.all("via")) == 1 and ok.body == bob.sdp() and ok.contact_uri() == bob.uri() and ok.all("record-route") == routes, ok.raw
    da.ack(ok)
    ack = db.get("ACK")
    assert ack.uri == bob.uri() and not ack.all("route") and len(ack.all("via")) == 2, ack.raw
    da.bye(db)

    # the callee hangs up, after a re-INVITE of its own
    da, db, invite, ok = s.call(alice, bob)
    db.request("INVITE", bob.sdp())
    again = da.get("INVITE")
    assert again.uri == alice.uri() and not again.all("route") and not again.all("record-route"), again.raw
    da.reply(again, 200, "OK", alice.sdp())
    db.ack(db.response(200))
    da.get("ACK")
    db.bye(da)

    # a 2xx is repeated until its ACK has come, by the callee alone
    da = alice.invite("1002")
    db, invite = bob.answer_invite()
    db.reply(invite, 200, "OK", bob.sdp())
    ok = da.response(200)
    db.reply(invite, 200, "OK", bob.sdp())
    alice.pump(1)
    assert alice.repeats == 1, "the repeated 200 did not come through"
    da.ack(ok)
    db.get("ACK")
    da.bye(db)

    # 3.8: CANCEL while it rings
    da = alice.invite("1002")
    db, invite = bob.answer_invite()
    db.reply(invite, 180, "Ringing")
    da.response(180)
    da.cancel()
    assert alice.take(lambda m: m.cseq_method == "CANCEL" and m.status, "answer to CANCEL").status == 200
    cancel = db.get("CANCEL")
    assert cancel.all("via")[0] == invite.all("via")[0] and cancel.uri == invite.uri
    db.reply(cancel, 200, "OK", contact=False)
    db.reply(invite, 487, "Request Terminated")
    gone = da.response(487)
    da.ack(gone)
    assert db.get("ACK").all("via") == [invite.all("via")[0]]

    # 3.10: busy; its ACK ends at the proxy, which sends one of its own
    da = alice.invite("1002")
    db, invite = bob.answer_invite()
    db.reply(invite, 486, "Busy Here", headers=[("Warning", '399 bob "in a meeting"')])
    busy = da.response(486)
    assert busy.get("warning") == '399 bob "in a meeting"' and busy.start == "SIP/2.0 486 Busy Here", busy.raw
    da.ack(busy)
    db.get("ACK")

    # two phones of Bob's: both ring, one answers, the other is cancelled
    other = s.phone("b", "bob", port=5062)
    assert other.register().status == 200
    da = alice.invite("1002")
    (d1, i1), (d2, i2) = bob.answer_invite(), other.answer_invite()
    assert i1.uri == bob.uri() and i2.uri == other.uri() and i1.all("via")[0] != i2.all("via")[0]
    assert i1.get("max-breadth") == i2.get("max-breadth") == "30"
    d1.reply(i1, 180, "Ringing")
    d2.reply(i2, 180, "Ringing")
    da.response(180)
    da.response(180)
    d2.reply(i2, 200, "OK", other.sdp())
    ok = da.response(200)
    da.ack(ok)
    d2.get("ACK")
    cancel = d1.get("CANCEL")
    d1.reply(cancel, 200, "OK", contact=False)
    d1.reply(i1, 487, "Request Terminated")
    d1.get("ACK")
    da.bye(d2)
    alice.nothing(lambda m: m.status == 487, 0.1)
    assert other.register(0).status == 200

    # 3.9: nobody answers: 408 from Timer B
    da = alice.invite("1002")
    bob.answer_invite()
    da.ack(da.response(408))
    bob.waiting.clear()

    # 3.11: nobody there; a number that leads nowhere
    assert bob.register(0).status == 200
    da = alice.invite("1002")
    da.ack(da.response(480))
    da = alice.invite("77777")
    da.ack(da.response(404))
    s.gw.idle()
    rows = s.gw.cdrs(9)
    assert sorted((r["sip_code"], r["source"], bool(r["answer"])) for r in rows) == [
        *[(200, "alice", True)] * 4, *[(code, "alice", False) for code in (404, 408, 480, 486, 487)]], [dict(r) for r in rows]
