#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""Transfer (RFC 5589): blind and after consultation, by either side of a call, with NOTIFY of how it goes; what fails leaves the call as it was; media
flow between those who are left; who may not is refused; a transferred call survives a kill of the call agent."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from urllib.parse import quote  # noqa: E402

from gateway import stage  # noqa: E402
from media import both_ways  # noqa: E402
from phone import host  # noqa: E402
from sipmsg import Sdp  # noqa: E402

CAROL = 'user carol { password = "singer" numbers = { "1003" } display = "Carol" address = "outside" }'

with stage(more=CAROL, process="restart-max = 50ms", bob="allow-transfer = yes") as s:
    alice, bob = s.pair()
    carol = s.phone("b", "carol", "singer", port=5070)
    assert carol.register().status == 200
    carrier = s.carrier()

    def refer(d, to, headers=(), accepted=202):
        d.request("REFER", headers=[("Refer-To", to), ("Referred-By", f"<sip:{d.phone.user}@{host(d.phone.ip)}>"), *headers])
        answer = d.response(method="REFER")
        assert answer.status == accepted, answer
        return answer

    def told(d, status, over=None):
        m = d.get("NOTIFY")
        assert m.body.startswith(f"SIP/2.0 {status} ") and m.get("content-type").startswith("message/sipfrag"), m
        assert m.get("event").startswith("refer"), m
        over = status >= 200 if over is None else over
        assert m.get("subscription-state").startswith("terminated" if over else "active"), m
        d.reply(m, 200, "OK")

    def follow(d, want):
        """The one who stays is re-offered where its media go from now on."""
        m = d.get("INVITE")
        d.reply(m, 200, "OK", d.phone.sdp(version=d.cseq + 10))
        d.get("ACK")
        assert Sdp(m.body).version > 0, want
        return m

    def blind(stays, by, expected_from):
        """`by` sends `stays` to Carol; returns Carol's dialog and the two descriptions."""
        refer(by, f"<sip:1003@{host(by.phone.gateway)}>")
        told(by, 100)
        e, invite = carol.answer_invite()
        assert invite.get("from").startswith(expected_from), invite.get("from")
        assert f"<sip:{by.phone.user}@{host(s.gw_b)}>" == invite.get("referred-by"), invite.raw
        e.reply(invite, 180, "Ringing")
        told(by, 180)
        e.reply(invite, 200, "OK", carol.sdp())
        e.get("ACK")
        told(by, 200)
        by.hung_up()
        m = follow(stays, "Carol")
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
    refer(db, "<sip:1003@x>")
    told(db, 100)
    e, m = carol.answer_invite()
    e.reply(m, 486, "Busy")
    told(db, 486)
    both_ways(ma, Sdp(ok.body).at(), mb, Sdp(invite.body).at())
    refer(db, "<sip:nobody@x>")
    told(db, 100)
    told(db, 404)
    da.request("INFO", "x", content_type="text/plain")
    db.reply(db.get("INFO"), 200, "OK")
    assert da.response(method="INFO").status == 200
    # A transferor that leaves at once does not end what it began.
    refer(db, "<sip:1003@x>", headers=[("Refer-Sub", "false")])
    db.request("BYE")
    assert db.response(method="BYE").status == 200
    e, m = carol.answer_invite()
    e.reply(m, 200, "OK", carol.sdp())
    e.get("ACK")
    follow(da, "Carol")
    da.bye(e)

    # To a number of a trunk's, as tel URI, on behalf of who asks.
    da, db, _, _ = s.call(alice, bob)
    refer(db, "<tel:9-0301234>")
    told(db, 100)
    e, m = carrier.answer_invite()
    assert b"INVITE sip:0301234@" in m.raw, m.raw
    e.reply(m, 200, "OK", carrier.sdp())
    e.get("ACK")
    told(db, 200)
    db.hung_up()
    follow(da, "the carrier")
    da.bye(e)

    # What cannot be asked for: nonsense, another method, too much at a time, by whom it is not allowed.
    da, db, _, _ = s.call(alice, bob)
    refer(db, "<http://x/>", accepted=416)
    refer(db, "<sip:1003@x;method=SUBSCRIBE>", accepted=501)
    refer(db, "<sip:1003@x?Replaces=a%0d%0aX>", accepted=400)
    db.request("REFER")
    assert db.response(method="REFER").status == 400
    refer(db, "<sip:1003@x>")
    told(db, 100)
    e, m = carol.answer_invite()
    e.reply(m, 180, "Ringing")
    told(db, 180)
    refer(db, "<sip:1003@x>", accepted=491)
    da.bye(db)
    cancel = e.get("CANCEL")
    e.reply(cancel, 200, "OK", contact=False)
    e.reply(m, 487, "Terminated", contact=False)
    e.get("ACK")
    dc, db, _, _ = s.call(carrier, bob)
    refer(dc, "<sip:1003@x>", accepted=403)
    db.bye(dc)

    # A kill while it rings: the transfer is off and the call is as it was.
    da, db, _, _ = s.call(alice, bob)
    refer(db, "<sip:1003@x>")
    told(db, 100)
    e, m = carol.answer_invite()
    e.reply(m, 180, "Ringing")
    told(db, 180)
    s.gw.kill("tandem-ca")
    cancel = e.get("CANCEL")
    e.reply(cancel, 200, "OK", contact=False)
    e.reply(m, 487, "Terminated", contact=False)
    e.get("ACK")
    told(db, 503)
    refer(db, "<sip:nobody@x>")
    told(db, 100)
    told(db, 404)
    da.bye(db)

    # After consultation: Bob has Alice on one line and calls Carol; then they have each other.
    for bob_called_alice in (False, True):
        if bob_called_alice:
            db, da, _, _ = s.call(bob, alice, "1001")
        else:
            da, db, _, _ = s.call(alice, bob)
        d2, e, _, ok = s.call(bob, carol, "1003")
        replaces = f"{d2.call_id};to-tag={ok.tag('to')};from-tag={d2.tag}"
        refer(db, f"<sip:1003@{host(s.gw_b)}?Replaces={quote(replaces, safe='')}>")
        told(db, 100)
        offer = e.get("INVITE")
        e.reply(offer, 200, "OK", carol.sdp(version=7))
        e.get("ACK")
        told(db, 200)
        db.hung_up()
        d2.hung_up()
        m = follow(da, "Carol")
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
        replaces = f"{d2.call_id};to-tag={rings.tag('to')};from-tag={d2.tag}"
        refer(db, f"<sip:1003@{host(s.gw_b)}?Replaces={quote(replaces, safe='')}>")
        told(db, 100)
        told(db, 180)
        if not answers:
            e.refuse(invite, 486)
            d2.failed(486)
            told(db, 486)
            da.bye(db)
            continue
        e.reply(invite, 200, "OK", carol.sdp())
        e.get("ACK")
        d2.ack(d2.response(200))
        offer = e.get("INVITE")
        e.reply(offer, 200, "OK", carol.sdp(version=7))
        e.get("ACK")
        told(db, 200)
        db.hung_up()
        d2.hung_up()
        m = follow(da, "Carol")
        both_ways(ma, Sdp(m.body).at(), mc, Sdp(offer.body).at())
        da.bye(e)
