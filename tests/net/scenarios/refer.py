#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""REFER outside of dialogs (RFC 3515): it goes on to whom it names, and what that one tells of it comes back in a dialog, or none is wanted (RFC 4488). One
with Target-Dialog (RFC 4538) is about a call in progress, and transfers it as one within would (RFC 5589 4)."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from phone import host  # noqa: E402
from steps import answered, moved, notify, refer, taken, target_dialog  # noqa: E402

CAROL = 'user carol { password = "singer" numbers = { "1003" } display = "Carol" address = "outside" }'


with stage(more=CAROL, process="restart-max = 50ms") as s:
    alice, bob = s.pair()
    carol = s.phone("b", "carol", "singer", port=5070)
    assert carol.register().status == 200
    carrier = s.carrier()
    at_a, at_b = host(s.gw_a), host(s.gw_b)

    def tell(d, r, status, over=False):
        """The one who was referred tells how it goes, and who referred hears it."""
        state = notify(d, f"SIP/2.0 {status} Whatever\r\n", over)
        m = r.get("NOTIFY")
        assert (m.get("event"), m.get("subscription-state"), m.body) == ("refer", state, f"SIP/2.0 {status} Whatever\r\n"), m.raw
        r.reply(m, 200, "OK", contact=False)
        assert d.response(method="NOTIFY").status == 200

    # Click to dial: Bob's phone shall call Carol. It is told where it finds her; its progress comes back, also past a kill.
    r, _ = refer(alice, "1002", f'"Carol" <sip:1003@{at_a};transport=tcp;method=INVITE?Subject=hello>', wanted=None)
    d, m = taken(bob, "REFER")
    assert m.get("refer-to") == f"<sip:1003@{at_b};method=INVITE?Subject=hello>" and m.get("referred-by") == f"<sip:alice@{at_b}>", m.raw
    assert m.get("call-id") != r.call_id and s.ip_a not in repr(m.raw) and s.gw_a not in repr(m.raw), m.raw
    tell(d, r, 100)  # it overtakes the answer
    d.reply(m, 202, "Accepted")
    answered(r, "REFER", 202)
    s.gw.kill("tandem-ca")
    tell(d, r, 180)
    b, c, _, _ = s.call(bob, carol, "1003")
    tell(d, r, 200, over=True)
    d.request("NOTIFY", headers=[("Event", "refer"), ("Subscription-State", "active")])
    assert d.response(method="NOTIFY").status == 481
    b.bye(c)

    # Another's place stays as it is; the subscription ends when who referred wants no more of it.
    r, _ = refer(alice, "1002", "<sip:someone@198.51.100.7;user=phone>", wanted=None)
    d, m = taken(bob, "REFER")
    assert m.get("refer-to") == "<sip:someone@198.51.100.7;user=phone>", m.raw
    d.reply(m, 202, "Accepted")
    answered(r, "REFER", 202)
    r.request("SUBSCRIBE", headers=[("Event", "refer"), ("Expires", "0")])
    m = d.get("SUBSCRIBE")
    d.reply(m, 200, "OK", headers=[("Expires", "0")])
    assert r.response(method="SUBSCRIBE").status == 200
    tell(d, r, 100, over=True)

    # Nothing is to be told, if the other one can do that.
    silent = [("Refer-Sub", "false"), ("Supported", "norefersub")]
    r, _ = refer(alice, "1002", "<tel:1003>", silent, wanted=None)
    d, m = taken(bob, "REFER")
    assert (m.get("refer-to"), m.get("refer-sub")) == ("<tel:1003>", "false"), m.raw
    d.reply(m, 202, "Accepted", headers=[("Refer-Sub", "false")])
    assert answered(r, "REFER", 202).get("refer-sub") == "false"
    assert s.gw.counter("subscriptions", "now") == 0
    r, _ = refer(alice, "1002", "<tel:1003>", silent, wanted=None)
    d, m = taken(bob, "REFER")
    d.reply(m, 202, "Accepted")
    assert not answered(r, "REFER", 202).get("refer-sub")
    tell(d, r, 200, over=True)

    # To a trunk; what is refused, and by whom it is not allowed.
    r, _ = refer(alice, "90301234", f"<sip:1002@{at_a}>", wanted=None)
    d, m = taken(carrier, "REFER")
    d.reply(m, 603, "Decline", contact=False)
    answered(r, "REFER", 603)
    refer(alice, "nobody", "<sip:1003@x>", wanted=404)
    refer(alice, "1002", "nonsense", wanted=400)
    refer(carrier, "1002", "<sip:1003@x>", wanted=403)
    carol.password = "wrong"
    refer(carol, "1002", "<sip:1003@x>", wanted=407)
    carol.password = "singer"

    def transfers():
        """Bob has Alice, and sends her to Carol by a REFER outside of their call."""
        a, b, _, _ = s.call(alice, bob)
        r, _ = refer(bob, "1001", f"<sip:1003@{at_b}>", target_dialog(b), wanted=None)
        answered(r, "REFER", 202)
        r.told(100)
        c, invite = carol.rings()
        r.told(180)
        return a, b, r, c, invite

    a, b, r, c, invite = transfers()
    c.accept(invite)
    c.get("ACK")
    r.told(200)
    b.hung_up()
    moved(a)
    a.bye(c)

    # Bob hangs up first; he is told all the same. He asks how it goes meanwhile.
    a, b, r, c, invite = transfers()
    r.request("SUBSCRIBE", headers=[("Event", "refer"), ("Expires", "60")])
    assert r.response(method="SUBSCRIBE").get("expires")
    r.told(180)
    b.hang_up()
    c.refuse(invite, 486)
    r.told(486)
    a.hung_up()

    # The call ends, and so does the transfer.
    a, b, r, c, invite = transfers()
    a.bye(b)
    c.cancelled(invite)
    r.told(487)

    # A kill while Carol rings.
    a, b, r, c, invite = transfers()
    s.gw.kill("tandem-ca")
    c.cancelled(invite)
    r.told(503)
    a.bye(b)

    # ... and when Bob has hung up already: then nobody is left for Alice.
    a, b, r, c, invite = transfers()
    b.hang_up()
    s.gw.kill("tandem-ca")
    c.cancelled(invite)
    r.told(503)
    a.hung_up()
    a, b, _, _ = s.call(alice, bob)

    # Not by anybody else; and of a dialog that nobody has it is as one without.
    refer(carol, "1001", "<sip:1003@x>", target_dialog(b), wanted=403)
    r, _ = refer(bob, "1001", f"<sip:1003@{at_b}>", [("Target-Dialog", "no;local-tag=such;remote-tag=dialog")], wanted=None)
    d, m = taken(alice, "REFER")
    d.reply(m, 202, "Accepted")
    answered(r, "REFER", 202)
    tell(d, r, 503, over=True)
    refer(bob, "1001", "<sip:1003@x>", [("Target-Dialog", "nonsense")], wanted=400)
    a.bye(b)
