#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""Session timers (RFC 4028), each side of a call for itself: too short a session is refused, the refresher refreshes, also after a kill of the
call agent, and a session that nobody refreshes ends, with the reason told to both sides."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402

ALLOW = ("Allow", "INVITE, ACK, BYE, CANCEL, UPDATE")

with stage(sip="session-expires = 8s min-se = 4s probe-interval = 0", process="restart-max = 50ms") as s:
    alice, bob = s.pair()

    d = alice.invite("1002", headers=[("Supported", "timer"), ("Session-Expires", "1")])
    refused = d.response(method="INVITE")
    assert refused.status == 422 and refused.get("min-se") == "4", refused
    d.ack(refused)

    # The callee's side wants longer sessions than we: it is asked again, and the caller learns nothing of it.
    d = alice.invite("1002")
    e, invite = bob.answer_invite()
    e.refuse(invite, 422, headers=[("Min-SE", "90")])
    e, again = bob.answer_invite()
    assert again.get("call-id") == invite.get("call-id") and again.cseq == invite.cseq + 1, again.raw
    assert again.get("session-expires") == "90" and again.get("min-se") == "90", again.raw
    e.reply(again, 200, "OK", bob.sdp(), headers=[("Session-Expires", "90;refresher=uas"), ("Require", "timer")])
    e.get("ACK")
    assert not d.connected().get("session-expires")
    d.bye(e)

    # Alice asks us to refresh her: that is between her and us.
    d = alice.invite("1002", headers=[("Supported", "timer"), ("Session-Expires", "8;refresher=uas"), ALLOW])
    e, invite = bob.answer_invite()
    e.accept(invite)
    e.get("ACK")
    ok = d.connected()
    assert ok.get("session-expires") == "8;refresher=uas" and ok.get("require") == "timer", ok.raw
    update = d.get("UPDATE")
    assert update.get("session-expires") == "8;refresher=uac" and not update.body, update.raw
    d.reply(update, 200, "OK", headers=[("Session-Expires", "8;refresher=uac"), ("Require", "timer")])
    # ... and a re-INVITE that wants less than we allow is refused without harm.
    d.request("INVITE", alice.sdp(), headers=[("Supported", "timer"), ("Session-Expires", "1")])
    assert d.failed(422).get("min-se") == "4"
    bob.nothing(lambda m: m.method, 0.1)
    d.bye(e)

    def call(ask, grant, grant_headers=()):
        d = alice.invite("1002", headers=ask)
        e, invite = bob.answer_invite()
        assert "timer" in invite.get("supported") and invite.get("session-expires") == "8", invite
        e.reply(invite, 200, "OK", bob.sdp(), headers=[*grant, *grant_headers])
        ok = d.response(200)
        d.ack(ok)
        e.get("ACK")
        return d, e, invite, ok

    # The gateway refreshes Bob, who knows UPDATE, and goes on after a kill; Alice has no timer.
    d, e, invite, ok = call([], [("Session-Expires", "8;refresher=uac"), ("Require", "timer"), ALLOW])
    assert not ok.get("session-expires"), ok
    s.gw.kill("tandem-ca")
    update = e.get("UPDATE")
    assert update.get("session-expires") == "8;refresher=uac" and not update.body, update
    e.reply(update, 200, "OK", headers=[("Session-Expires", "8;refresher=uac"), ("Require", "timer")])
    alice.nothing(lambda m: m.method, 0.1)
    d.bye(e)

    # Who knows no UPDATE gets a re-INVITE with what it was offered, under the same version.
    d, e, invite, ok = call([], [("Session-Expires", "8;refresher=uac"), ("Require", "timer")], [("Allow", "INVITE, ACK, BYE, CANCEL")])
    again = e.get("INVITE")
    assert again.body == invite.body, again.body
    e.reply(again, 200, "OK", bob.sdp(), headers=[("Session-Expires", "8;refresher=uac"), ("Require", "timer")])
    e.get("ACK")
    alice.nothing(lambda m: m.method, 0.1)
    d.bye(e)

    # Alice was to refresh and does so once, then no more: both sides are told.
    d, e, invite, ok = call([("Supported", "timer"), ("Session-Expires", "8")], [])
    assert ok.get("session-expires") == "8;refresher=uac" and ok.get("require") == "timer", ok
    d.request("UPDATE", headers=[("Supported", "timer"), ("Session-Expires", "8;refresher=uac")])
    ok = d.response(method="UPDATE")
    assert ok.status == 200 and ok.get("session-expires") == "8;refresher=uac", ok
    bye = d.hung_up()
    assert "Session expired" in bye.get("reason"), bye
    bye = e.hung_up()
    assert "cause=102" in bye.get("reason"), bye
    assert s.gw.counter("sip", "session-expired") == 1
