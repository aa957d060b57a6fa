#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""Transfer across unlike legs: users and trunks as transferor, as the one who stays and as target; after consultation with both calls here and with one elsewhere; and a
kill of the call agent after each step: what was there goes on, what was under way ends on all sides, nobody is left waiting."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from phone import host  # noqa: E402
from steps import in_place_of, moved, talk  # noqa: E402

MORE = '''
user carol { password = "singer" numbers = { "1003" } display = "Carol" address = "outside" }
trunk pbx { peer = "10.79.2.2:5081" address = "outside" allow-transfer = yes numbers-out = as-is }
route pbx { prefix = "7" to = "pbx" }
'''

with stage(more=MORE, process="restart-max = 50ms") as s:
    alice, bob = s.pair()
    carol = s.phone("b", "carol", "singer", port=5070)
    assert carol.register().status == 200
    carrier, pbx = s.carrier(), s.phone("b", "pbx", port=5081)
    pbx.password = None
    numbers = {"alice": "1001", "bob": "1002", "carol": "1003", "carrier": "90301234", "pbx": "7123"}

    def called(one, other):
        """One calls the other; both dialogs."""
        number = numbers[other.user]
        a, b, _, _ = s.call(one, other, number)
        return a, b

    def blind(stays, by, to, caller):
        """`caller` has called the other of the first two; the transferor sends the one who stays to the third."""
        d, e = called(stays, by) if caller is stays else called(by, stays)
        own, going = (d, e) if caller is stays else (e, d)
        going.refer(f"sip:{numbers[to.user]}@{host(by.gateway)}")
        going.told(100)
        c, invite = to.rings()
        going.told(180)
        c.accept(invite)
        c.get("ACK")
        going.told(200)
        going.hung_up()
        offer = moved(own)
        talk(s, stays, offer, to, invite)
        own.bye(c) if caller is stays else c.bye(own)

    # Blind, in each role a user and a trunk; each of them has called or was called.
    for stays, by, to in ((alice, bob, carrier), (carrier, bob, alice), (carrier, bob, pbx), (alice, pbx, bob), (carrier, pbx, bob), (alice, pbx, carrier)):
        for caller in (stays, by):
            if caller is not carrier or by is not pbx:  # no trunk calls another's numbers
                blind(stays, by, to, caller)

    def attended(stays, by, to):
        """Both calls are here: the one who stays and the other party of the second call come together."""
        d, e = called(stays, by)
        e2, c = called(by, to)
        e.refer(in_place_of(f"sip:{numbers[to.user]}@{host(by.gateway)}", e2))
        e.told(100)
        to_c = moved(c)
        e.told(200)
        e.hung_up(), e2.hung_up()
        talk(s, stays, moved(d), to, to_c)
        c.bye(d)

    for stays, by, to in ((alice, bob, carol), (alice, bob, carrier), (carrier, bob, alice), (alice, pbx, bob)):
        attended(stays, by, to)

    # The consultation was another box's: the target knows that dialog, and takes Alice in its place (RFC 5589 7.3).
    d, e = called(alice, bob)
    e.refer(f"sip:{numbers['carrier']}@{host(bob.gateway)}?Replaces=elsewhere%40there%3Bto-tag%3Dx%3Bfrom-tag%3Dy")
    e.told(100)
    c, invite = carrier.answer_invite()
    assert invite.get("replaces") == "elsewhere@there;to-tag=x;from-tag=y", invite.raw
    c.accept(invite)
    c.get("ACK")
    e.told(200)
    e.hung_up()
    talk(s, alice, moved(d), carrier, invite)
    d.bye(c)

    # --- kills

    def killed(step):
        """The call agent dies after that step of a blind transfer, and what has to be is."""
        a, b = called(alice, bob)
        b.request("REFER", headers=[("Refer-To", "<sip:1003@x>")])
        assert b.response(method="REFER").status == 202
        trying = b.get("NOTIFY")
        c, invite = carol.answer_invite()
        if step != "asked":
            b.reply(trying, 200, "OK", contact=False)
            c.reply(invite, 180, "Ringing")
            b.told(180)
        if step in ("asked", "rings"):
            s.gw.kill("tandem-ca")
            if step == "asked":
                b.reply(trying, 200, "OK", contact=False)
                c.reply(invite, 180, "Ringing")  # before that there is no CANCEL (RFC 3261 9.1)
            c.cancelled(invite)
            b.told(503)
            return a.bye(b)
        c.accept(invite)
        c.get("ACK")
        b.told(200)
        if step == "released":  # before the transferor has answered BYE, and before Alice has heard
            bye = b.get("BYE")
            s.gw.kill("tandem-ca")
            b.reply(bye, 200, "OK", contact=False)
        else:
            b.hung_up()
        offer = a.get("INVITE")
        if step == "offered":
            s.gw.kill("tandem-ca")
        a.accept(offer, alice.sdp(version=5))
        a.get("ACK")
        if step == "followed":
            s.gw.kill("tandem-ca")
        talk(s, alice, offer, carol, invite)
        return c.bye(a)

    for step in ("asked", "rings", "released", "offered", "followed"):
        killed(step)
        s.gw.idle()

    # After consultation: while Carol is asked, both calls are as they were.
    a, b = called(alice, bob)
    b2, c = called(bob, carol)
    b.refer(in_place_of("sip:1003@x", b2))
    b.told(100)
    offer = c.get("INVITE")
    s.gw.kill("tandem-ca")
    b.told(503)
    c.accept(offer)
    c.get("ACK")
    b2.bye(c)
    a.bye(b)
