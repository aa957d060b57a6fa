#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""INVITE with Replaces (RFC 3891): a phone takes the place of another in a call; the dialog is named as the gateway's peer knows it. What does not
fit is refused and disturbs nothing."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from media import both_ways  # noqa: E402
from sipmsg import Sdp  # noqa: E402
from steps import moved, replaces  # noqa: E402

CAROL = 'user carol { password = "singer" numbers = { "1003" } display = "Carol" address = "outside" }'

with stage(more=CAROL, process="restart-max = 50ms") as s:
    alice, bob = s.pair()
    carol = s.phone("b", "carol", "singer", port=5070)
    assert carol.register().status == 200
    ma, mb, mc = s.media(alice), s.media(bob), s.media(carol)

    def refused(status, value, body=None):
        d = carol.invite("1002", body, headers=[("Replaces", value)])
        m = d.response(method="INVITE")
        assert m.status == status, m
        d.ack(m)

    for replaced in ("callee", "caller"):
        da, db, invite, ok = s.call(alice, bob)
        # The tags are those of the gateway (to) and of the phone that gives its place away (from).
        gone, stays = (db, da) if replaced == "callee" else (da, db)
        gateway_tag = invite.tag("from") if replaced == "callee" else ok.tag("to")
        name = f"{gone.call_id};to-tag={gateway_tag};from-tag={gone.tag}"
        refused(481, f"{gone.call_id};to-tag={gone.tag};from-tag={gateway_tag}")
        refused(486, name + ";early-only")
        refused(400, f"{gone.call_id};to-tag=x")
        # The one who stays refuses: all is as it was.
        d = carol.invite("1002", headers=[("Replaces", name)])
        offer = stays.get("INVITE")
        stays.reply(offer, 488, "No", contact=False)
        stays.get("ACK")
        m = d.response(method="INVITE")
        assert m.status == 488, m
        d.ack(m)
        both_ways(ma, Sdp(ok.body).at(), mb, Sdp(invite.body).at())
        # It agrees.
        d = carol.invite("1002", headers=[("Replaces", name), ("Require", "replaces")])
        offer = moved(stays)
        answer = d.connected()
        gone.hung_up()
        refused(603, name)  # that place is another's now
        m = ma if stays is da else mb
        both_ways(m, Sdp(offer.body).at(), mc, Sdp(answer.body).at())
        s.gw.kill("tandem-ca")
        both_ways(m, Sdp(offer.body).at(), mc, Sdp(answer.body).at())
        (d if replaced == "callee" else stays).bye(stays if replaced == "callee" else d)

    # Pick-up: Bob's phone rings and Carol answers. The name is that of the dialog that the gateway has begun; the caller's rings for it alone.
    da = alice.invite("1002")
    db, invite = bob.answer_invite()
    db.reply(invite, 180, "Ringing")
    rings = da.response(180)
    early = replaces(db)
    refused(481, f"{da.call_id};to-tag={rings.tag('to')};from-tag={da.tag}")
    d = carol.invite("1002", headers=[("Replaces", early + ";early-only"), ("Require", "replaces")])
    taken, answered = d.response(200, method="INVITE"), da.response(200, method="INVITE")
    d.ack(taken)
    da.ack(answered)
    cancel = db.cancelled(invite)
    assert "completed elsewhere" in cancel.get("reason"), cancel.raw
    both_ways(ma, Sdp(answered.body).at(), mc, Sdp(taken.body).at())
    s.gw.kill("tandem-ca")
    both_ways(ma, Sdp(answered.body).at(), mc, Sdp(taken.body).at())
    refused(481, early)  # nobody remembers after that
    da.bye(d)

    # The same when the caller has made no offer, and when Carol makes none: whose it is, is answered in the ACK.
    for offerless in ("caller", "carol", "both"):
        da = alice.invite("1002", "" if offerless != "carol" else None)
        db, invite = bob.rings()
        da.response(180)
        assert bool(invite.body) == (offerless == "carol"), invite
        early = replaces(db)
        if offerless == "both":
            refused(488, early, body="")
            da.cancel()
            assert da.response(method="CANCEL").status == 200
            da.ack(da.response(487, method="INVITE"))
            db.cancelled(invite)
            continue
        d = carol.invite("1002", "" if offerless == "carol" else None, headers=[("Replaces", early)])
        if offerless == "caller":
            answered = da.response(200, method="INVITE")
            da.ack(answered, alice.sdp())
            taken = d.connected()
        else:
            taken = d.response(200, method="INVITE")
            d.ack(taken, carol.sdp())
            answered = da.connected()
        db.cancelled(invite)
        both_ways(ma, Sdp(answered.body).at(), mc, Sdp(taken.body).at())
        d.bye(da)

    # In an answered call, without an offer: Carol gets one, and the one who stays her answer.
    da, db, invite, ok = s.call(alice, bob)
    d = carol.invite("1002", "", headers=[("Replaces", replaces(db))])
    taken = d.response(200, method="INVITE")
    d.ack(taken, carol.sdp())
    offer = moved(da)
    db.hung_up()
    both_ways(ma, Sdp(offer.body).at(), mc, Sdp(taken.body).at())
    da.bye(d)

    # A transfer rings Carol's phone, and her other one takes it.
    other = s.phone("b", "carol", "singer", port=5074)
    da, db, _, _ = s.call(alice, bob)
    db.refer("sip:1003@x")
    db.told(100)
    dc, invite = carol.rings()
    db.told(180)
    d = other.invite("1003", headers=[("Replaces", replaces(dc) + ";early-only")])
    dc.cancelled(invite)
    offer = moved(da)
    taken = d.connected()
    db.told(200)
    db.hung_up()
    mo = s.media(other)
    both_ways(ma, Sdp(offer.body).at(), mo, Sdp(taken.body).at())
    da.bye(d)
