#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""Transfer (RFC 5589): blind and after consultation, by either side of a call, with NOTIFY of how it goes; what fails leaves the call as it was; media
flow between those who are left; who may not is refused; a transferred call survives a kill of the call agent."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from media import both_ways  # noqa: E402
from phone import host  # noqa: E402
from sipmsg import Sdp  # noqa: E402
from steps import in_place_of, moved  # noqa: E402

CAROL = 'user carol { password = "singer" numbers = { "1003" } display = "Carol" address = "outside" }'

with stage(more=CAROL, process="restart-max = 50ms", bob="allow-transfer = yes") as s:
    alice, bob = s.pair()
    carol = s.phone("b", "carol", "singer", port=5070)
    assert carol.register().status == 200
    carrier = s.carrier()

    def blind(stays, by, expected_from):
        """`by` sends `stays` to Carol; returns Carol's dialog and the two descriptions."""
        by.refer(f"sip:1003@{host(by.phone.gateway)}")
        by.told(100)
        e, invite = carol.answer_invite()
        assert invite.get("from").startswith(expected_from), invite.get("from")
        assert f"<sip:{by.phone.user}@{host(s.gw_b)}>" in invite.get("referred-by"), invite.raw
        e.reply(invite, 180, "Ringing")
        by.told(180)
        e.accept(invite)
        e.get("ACK")
        by.told(200)
        by.hung_up()
        m = moved(stays)
        return e, Sdp(invite.body).at(), Sdp(m.body).at()

    # Blind, by the callee; then the one who came is transferred on by the one who stayed ... and each end can hang up, also after a kill.
    da, db, _, _ = s.call(alice, bob)
    e, to_c, to_a = blind(da, db, 'Alice <sip:alice@')
    ma, mc = s.media(alice), s.media(carol)
    both_ways(ma, to_a, mc, to_c)
    s.gw.kill("tandem-ca")
    both_ways(ma, to_a, mc, to_c)
    e.bye(da)

    # Blind, by the caller.
    da, db, _, _ = s.call(alice, bob)
    e, to_c, to_b = blind(db, da, 'Bob <sip:1002@')
    mb = s.media(bob)
    both_ways(mb, to_b, mc, to_c)
    s.gw.kill("tandem-ca")
    db.bye(e)

    # Nobody takes it: the call is as it was.
    da, db, invite, ok = s.call(alice, bob)
    db.refer("sip:1003@x")
    db.told(100)
    e, m = carol.answer_invite()
    e.reply(m, 486, "Busy")
    db.told(486)
    both_ways(ma, Sdp(ok.body).at(), mb, Sdp(invite.body).at())
    db.refer("sip:nobody@x")
    db.told(100)
    db.told(404)
    da.request("INFO", "x", content_type="text/plain")
    db.reply(db.get("INFO"), 200, "OK")
    assert da.response(method="INFO").status == 200
    # A transferor that leaves at once does not end what it began.
    db.refer("sip:1003@x", headers=[("Refer-Sub", "false")])
    db.hang_up()
    e, m = carol.answer_invite()
    e.accept(m)
    e.get("ACK")
    moved(da)
    da.bye(e)

    # To a number of a trunk's, as tel URI, on behalf of who asks.
    da, db, _, _ = s.call(alice, bob)
    db.refer("tel:9-0301234")
    db.told(100)
    e, m = carrier.answer_invite()
    assert b"INVITE sip:0301234@" in m.raw, m.raw
    e.accept(m)
    e.get("ACK")
    db.told(200)
    db.hung_up()
    moved(da)
    da.bye(e)

    # What cannot be asked for: nonsense, another method, too much at a time, by whom it is not allowed.
    da, db, _, _ = s.call(alice, bob)
    db.refer("http://x/", wanted=416)
    db.refer("sip:1003@x;method=SUBSCRIBE", wanted=501)
    db.refer("sip:1003@x?Replaces=a%0d%0aX", wanted=400)
    db.request("REFER")
    assert db.response(method="REFER").status == 400
    db.refer("sip:1003@x")
    db.told(100)
    e, m = carol.answer_invite()
    e.reply(m, 180, "Ringing")
    db.told(180)
    db.refer("sip:1003@x", wanted=491)
    da.bye(db)
    e.cancelled(m)
    dc, db, _, _ = s.call(carrier, bob)
    dc.refer("sip:1003@x", wanted=403)
    db.bye(dc)

    # A kill while it rings: the transfer is off and the call is as it was.
    da, db, _, _ = s.call(alice, bob)
    db.refer("sip:1003@x")
    db.told(100)
    e, m = carol.answer_invite()
    e.reply(m, 180, "Ringing")
    db.told(180)
    s.gw.kill("tandem-ca")
    e.cancelled(m)
    db.told(503)
    db.refer("sip:nobody@x")
    db.told(100)
    db.told(404)
    da.bye(db)

    # After consultation: Bob has Alice on one line and calls Carol; then they have each other.
    for bob_called_alice in (False, True):
        if bob_called_alice:
            db, da, _, _ = s.call(bob, alice, "1001")
        else:
            da, db, _, _ = s.call(alice, bob)
        d2, e, _, ok = s.call(bob, carol, "1003")
        db.refer(in_place_of(f"sip:1003@{host(s.gw_b)}", d2))
        db.told(100)
        offer = moved(e)
        db.told(200)
        db.hung_up()
        d2.hung_up()
        m = moved(da)
        both_ways(ma, Sdp(m.body).at(), mc, Sdp(offer.body).at())
        s.gw.kill("tandem-ca")
        both_ways(ma, Sdp(m.body).at(), mc, Sdp(offer.body).at())
        (da if bob_called_alice else e).bye(e if bob_called_alice else da)

    # Before Carol has answered (RFC 5589 7.6): the transfer waits for her, and is off when she does not want to.
    for answers in (False, True):
        da, db, _, _ = s.call(alice, bob)
        d2 = bob.invite("1003")
        e, invite = carol.answer_invite()
        e.reply(invite, 180, "Ringing")
        rings = d2.response(180)
        db.refer(in_place_of(f"sip:1003@{host(s.gw_b)}", d2))
        db.told(100)
        db.told(180)
        if not answers:
            e.refuse(invite, 486)
            d2.failed(486)
            db.told(486)
            da.bye(db)
            continue
        e.accept(invite)
        e.get("ACK")
        d2.ack(d2.response(200))
        offer = moved(e)
        db.told(200)
        db.hung_up()
        d2.hung_up()
        m = moved(da)
        both_ways(ma, Sdp(m.body).at(), mc, Sdp(offer.body).at())
        da.bye(e)
