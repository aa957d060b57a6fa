#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""Hunt groups: all ring and the first to answer has the call; in sequence each rings for its time; in turn; the one that has not rung longest first; nobody answers:
the next number. A member that declines takes only itself out."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402

MORE = """
user carol { password = "c" numbers = { "1003" } forward-busy = "1001" }
hunt all { numbers = { "600" } members = { "bob", "carol", "nobody" } ring-time = 5s }
hunt row { numbers = { "601" } members = { "bob", "carol" } strategy = sequence ring-time = 400ms then = "9555" }
hunt turn { numbers = { "602" } members = { "bob", "carol" } strategy = round-robin }
hunt fair { numbers = { "603" } members = { "bob", "carol" } strategy = least-recent }
"""

with stage() as s:
    s.gw.configure(more=MORE)
    s.gw.ctl("reload")
    alice, bob = s.pair()
    carrier = s.carrier()
    carol = s.phone("b", "carol", "c", port=5074)
    assert carol.register().status == 200

    def refuse(peer, d, invite, status):
        d.reply(invite, status, "No")
        peer.take(lambda m: m.method == "ACK" and m.get("call-id") == d.call_id, "ACK")

    def give_up(d, invite):
        cancel = d.get("CANCEL")
        d.reply(cancel, 200, "OK")
        d.reply(invite, 487, "Request Terminated")
        d.get("ACK")

    d = alice.invite("600")
    db, ib = bob.answer_invite()
    dc, ic = carol.answer_invite()
    refuse(bob, db, ib, 603)
    dc.reply(ic, 200, "OK", carol.sdp())
    d.ack(d.response(200))
    dc.get("ACK")
    d.bye(dc)

    d = alice.invite("601")
    db, ib = bob.answer_invite()
    db.reply(ib, 180, "Ringing")
    d.response(180)
    carol.nothing(lambda m: m.method == "INVITE", 0.1)
    give_up(db, ib)
    dc, ic = carol.answer_invite()
    refuse(carol, dc, ic, 486)
    dt, it = carrier.answer_invite()
    assert it.uri.startswith("sip:555@"), it.uri
    dt.reply(it, 200, "OK", carrier.sdp())
    d.ack(d.response(200))
    dt.get("ACK")
    d.bye(dt)

    def order(number):
        """Who rings first and second; both are busy."""
        d = alice.invite(number)
        rang = []
        while len(rang) < 2:
            for name, peer in (("bob", bob), ("carol", carol)):
                if name not in rang and any(m.method == "INVITE" for m in peer.waiting) or peer.pump(0.02) and any(m.method == "INVITE" for m in peer.waiting):
                    dp, invite = peer.answer_invite()
                    refuse(peer, dp, invite, 486)
                    rang.append(name)
        final = d.response()
        d.ack(final)
        assert final.status == 486, final
        return rang

    assert [order("602")[0] for _ in range(3)] == ["bob", "carol", "bob"]
    assert order("603") == ["bob", "carol"]
    d = alice.invite("603")
    db, ib = bob.answer_invite()
    db.reply(ib, 200, "OK", bob.sdp())
    d.ack(d.response(200))
    db.get("ACK")
    d.bye(db)
    assert order("603") == ["carol", "bob"], "bob rang last"
