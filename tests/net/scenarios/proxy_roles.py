#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""A proxy without state on one side and a redirect server on the other: repetitions, CANCEL and the ACK of a refusal take the same way with the
same branch, nothing is kept or answered by the proxy itself, strangers get nothing but help; 302, 404, 480 from the redirect server."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from lab import wait_for  # noqa: E402

SITE = 'site here { emergency = { "112" } emergency-to = { "carrier" } }'

with stage(inside="role = stateless", outside="role = redirect", more=SITE) as s:
    alice, bob = s.pair()
    s.gw.idle()
    alice.password = None  # nobody can be asked: she is known by where she is registered

    da = alice.invite("1002")
    db, invite = bob.answer_invite()
    assert len(invite.all("via")) == 2 and len(invite.all("record-route")) == 2 and invite.get("max-forwards") == "69", invite.raw
    assert s.gw.busy() == {}, "a transaction, of a proxy without state"
    alice.send(alice.sent[-1])  # again: it goes on as it is
    wait_for("the repetition", lambda: bob.pump(0.1) and bob.repeats == 1)
    bob.nothing(seconds=0.1)
    db.reply(invite, 180, "Ringing")
    da.response(180)
    db.reply(invite, 200, "OK", bob.sdp())
    ok = da.response(200)
    assert len(ok.all("via")) == 1
    da.ack(ok)
    db.get("ACK")
    db.request("BYE")
    bye = da.get("BYE")
    da.reply(bye, 200, "OK", contact=False)
    assert db.response(method="BYE").status == 200

    # CANCEL, and the ACK of the refusal, have the INVITE's branch
    da = alice.invite("1002")
    db, invite = bob.answer_invite()
    db.reply(invite, 180, "Ringing")
    da.response(180)
    da.cancel()
    cancel = db.get("CANCEL")
    assert cancel.all("via")[0] == invite.all("via")[0]
    db.reply(cancel, 200, "OK", contact=False)
    assert da.response(method="CANCEL").status == 200
    db.reply(invite, 487, "Request Terminated")
    da.ack(da.response(487))
    assert db.get("ACK").all("via")[0] == invite.all("via")[0]

    # a stranger, and Alice towards what is no user
    stranger = s.phone("a", "mallory", ip=s.another("a"))
    stranger.password = None
    stranger.invite("1002")
    bob.nothing(lambda m: m.method == "INVITE", 0.2)
    stranger.nothing(seconds=0.1)
    da = alice.invite("9123")
    da.ack(da.response(404))

    # an emergency call is the B2BUA's, whoever makes it
    psap = s.carrier()
    d = stranger.invite("112")
    other, invite = psap.answer_invite()
    assert invite.get("call-id") != d.call_id and invite.uri.startswith("sip:112@"), invite.raw
    other.reply(invite, 200, "OK", psap.sdp())
    d.ack(d.response(200))
    other.get("ACK")
    d.bye(other)

    # the other side: where things are, and nothing else
    d = bob.invite("1001")
    moved = d.response(302)
    assert moved.get("contact") == f"<{alice.uri()}>", moved.raw
    d.ack(moved)
    alice.nothing(lambda m: m.method == "INVITE", 0.1)
    d = bob.invite("4711")
    d.ack(d.response(404))
    alice.password = "wonderland"
    assert alice.register(0).status == 200
    d = bob.invite("1001")
    d.ack(d.response(480))
