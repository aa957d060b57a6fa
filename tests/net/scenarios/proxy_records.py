#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""The record of a call that passes through a proxy lasts from its INVITE to its BYE, whoever hangs up, over a kill -9 as well; what rang at the kill has one, too; a call whose
BYE never comes is over when its session is. Two branches that both answer are one call, until both are over."""
import sys
import time
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from lab import wait_for  # noqa: E402

PROXY = "role = proxy"

with stage(inside=PROXY, outside=PROXY, sip="ring-timeout = 1500ms") as s:
    alice, bob = s.pair()

    def record(n):
        """The newest of n records."""
        rows = s.gw.cdrs(n)
        assert len(rows) == n, rows
        return rows[-1]

    # a call of 300 ms; both sides change it meanwhile
    da, db, _, _ = s.call(alice, bob)
    time.sleep(0.3)
    db.reinvite(da, bob.sdp(), alice.sdp())
    assert not s.gw.cdr_rows(), "the record was written before the call was over"
    da.bye(db)
    r = record(1)
    assert r["setup"] <= r["progress"] <= r["answer"] and 300 <= r["ended"] - r["answer"] < 3000, r
    assert (r["released_by"], r["sip_code"], r["source"], r["target"], r["caller"], r["called"]) == ("caller", 200, "alice", "bob", "alice", "1002"), r
    assert r["called_sent"] == bob.uri(), r

    # the called side hangs up after a kill
    da, db, _, _ = s.call(alice, bob)
    s.gw.kill("tandem-ca")
    db.bye(da)
    r = record(2)
    assert r["released_by"] == "called" and r["ended"] > r["answer"] >= r["setup"], r

    # three that ring at a kill: answered, refused, and one of which nothing is heard any more
    calls = [alice.invite("1002") for _ in range(3)]
    rung = {}
    for _ in calls:
        d, invite = bob.rings()
        rung[d.call_id] = d, invite
    for c in calls:
        c.response(180)
    s.gw.kill("tandem-ca")
    d, invite = rung[calls[0].call_id]
    d.accept(invite)
    calls[0].connected()
    d.get("ACK")
    calls[0].bye(d)
    d, invite = rung[calls[1].call_id]
    d.reply(invite, 486, "Busy Here")
    calls[1].failed(486)
    rows = s.gw.cdrs(5)
    rows = {(r["sip_code"], r["released_by"], bool(r["answer"])) for r in rows[2:]}
    assert rows == {(200, "caller", True), (486, "called", False), (0, "restart", False)}, rows
    bob.waiting.clear()

    # no BYE: the session expires; a refresh (RFC 4028) keeps it
    def session(d, method, **kw):
        m = d.get(method)
        d.reply(m, 200, "OK", d.phone.sdp(), headers=[("Session-Expires", "3;refresher=uac"), ("Require", "timer")], **kw)
    da = alice.invite("1002", headers=[("Supported", "timer"), ("Session-Expires", "3")])
    db, invite = bob.answer_invite()
    db.reply(invite, 200, "OK", bob.sdp(), headers=[("Session-Expires", "3;refresher=uac"), ("Require", "timer")])
    da.connected()
    db.get("ACK")
    began = time.monotonic()
    time.sleep(1.8)
    da.request("UPDATE", headers=[("Session-Expires", "3;refresher=uac"), ("Supported", "timer")])
    session(db, "UPDATE")
    da.response(method="UPDATE")
    wait_for("the session to expire", lambda: not s.gw.show("calls"))
    assert time.monotonic() - began > 4.5, "it did not last as long as it was refreshed"
    r = record(6)
    assert r["answer"] and r["released_by"] == "tandem" and "session" in r["why"], r

    # two phones answer at once: one record, until both have hung up
    other = s.phone("b", "bob", port=5062)
    assert other.register().status == 200
    da = alice.invite("1002")
    (d1, i1), (d2, i2) = bob.answer_invite(), other.answer_invite()
    d1.accept(i1)
    d2.accept(i2)
    one, two = (alice.take(lambda m: m.status == 200 and m.get("call-id") == da.call_id, "200") for _ in range(2))
    for ok in (one, two):
        d = d1 if ok.contact_uri() == bob.uri() else d2
        da.remote, da.target, da.routes = ok.get("to"), ok.contact_uri(), ok.all("record-route")[::-1]
        da.ack(ok)
        d.get("ACK")
        assert len(s.gw.show("calls")) == 1
        if ok is one:
            kept = da.remote, da.target, da.routes, d
            continue
        da.bye(d)
    assert len(s.gw.show("calls")) == 1, "one dialog is left"
    da.remote, da.target, da.routes, d = kept
    da.bye(d)
    s.gw.idle()
    assert record(7)["released_by"] == "caller"
