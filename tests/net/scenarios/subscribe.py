#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""SUBSCRIBE and NOTIFY (RFC 6665) pass through: two dialogs, whose requests go on to the other one, refreshed by the subscriber, ended by either; a
NOTIFY may come before the 2xx; a side that has lost its dialog ends both; all of it goes on after a kill of the call agent."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from phone import Dialog, host, serial  # noqa: E402
from sipmsg import digest  # noqa: E402

EVENT = [("Event", "dialog"), ("Accept", "application/dialog-info+xml")]


def subscribe(phone, number, gateway, headers=()):
    """SUBSCRIBE with credentials, sent; returns the dialog."""
    d = Dialog(phone, f"sub-{next(serial)}@{phone.user}")
    d.local, d.remote = f"<{phone.uri(at=gateway)}>;tag={d.tag}", f"<sip:{number}@{host(gateway)}>"
    d.target = f"sip:{number}@{host(gateway)}"
    d.request("SUBSCRIBE", headers=[*EVENT, *headers])
    challenge = d.response(method="SUBSCRIBE")
    assert challenge.status == 407, challenge
    name = digest(challenge.get("proxy-authenticate"), "SUBSCRIBE", d.target, phone.user, phone.password)
    d.request("SUBSCRIBE", headers=[*EVENT, *headers, ("Proxy-Authorization", name)])
    return d


def notifier(phone):
    """The other end of a subscription."""
    m = phone.take(lambda m: m.method == "SUBSCRIBE" and not m.tag("to"), "SUBSCRIBE")
    e = Dialog(phone, m.get("call-id"))
    e.local, e.remote, e.target = m.get("to") + f";tag={e.tag}", m.get("from"), m.contact_uri()
    return e, m


def established(d, answer):
    d.remote, d.target = answer.get("to"), answer.contact_uri()


with stage(process="restart-max = 50ms") as s:
    alice, bob = s.pair()

    def notify(e, d, state, body="<dialog-info/>", status=200, passed=None):
        e.request("NOTIFY", body, [("Event", "dialog"), ("Subscription-State", state)], content_type="application/dialog-info+xml")
        m = d.get("NOTIFY")
        assert (m.get("event"), m.get("subscription-state"), m.body) == ("dialog", state, body), m.raw
        d.reply(m, status, "Because")
        answer = e.response(method="NOTIFY")
        assert answer.status == (passed or status), answer

    # The first NOTIFY overtakes the 2xx.
    d = subscribe(alice, "1002", s.gw_a, [("Expires", "100")])
    e, m = notifier(bob)
    assert (m.get("event"), m.get("expires"), m.get("accept")) == ("dialog", "100", "application/dialog-info+xml"), m.raw
    assert m.get("call-id") != d.call_id and s.ip_a not in repr(m.raw), m.raw
    notify(e, d, "active;expires=90")
    e.reply(m, 200, "OK", headers=[("Expires", "90")])
    ok = d.response(method="SUBSCRIBE")
    assert ok.status == 200 and ok.get("expires") == "90", ok.raw
    established(d, ok)
    notify(e, d, "active;expires=80", "<dialog-info state='full'/>")

    # It goes on after a kill: refreshed, told of, and ended by the subscriber.
    s.gw.kill("tandem-ca")
    d.request("SUBSCRIBE", headers=[*EVENT, ("Expires", "60")])
    m = e.get("SUBSCRIBE")
    assert m.get("expires") == "60", m.raw
    e.reply(m, 200, "OK", headers=[("Expires", "60")])
    assert d.response(method="SUBSCRIBE").get("expires") == "60"
    notify(e, d, "active;expires=60")
    d.request("SUBSCRIBE", headers=[*EVENT, ("Expires", "0")])
    e.reply(e.get("SUBSCRIBE"), 200, "OK", headers=[("Expires", "0")])
    assert d.response(method="SUBSCRIBE").status == 200
    notify(e, d, "terminated;reason=timeout")
    e.request("NOTIFY", headers=[("Event", "dialog"), ("Subscription-State", "active")])
    assert e.response(method="NOTIFY").status == 481

    # A subscriber that has lost its dialog; the notifier hears it, and both are over.
    d = subscribe(alice, "1002", s.gw_a)
    e, m = notifier(bob)
    e.reply(m, 200, "OK", headers=[("Expires", "3600")])
    established(d, d.response(method="SUBSCRIBE"))
    notify(e, d, "active", status=481)
    d.request("SUBSCRIBE", headers=EVENT)
    assert d.response(method="SUBSCRIBE").status == 481
    # ... and a notifier.
    d = subscribe(alice, "1002", s.gw_a)
    e, m = notifier(bob)
    e.reply(m, 200, "OK", headers=[("Expires", "3600")])
    established(d, d.response(method="SUBSCRIBE"))
    d.request("SUBSCRIBE", headers=EVENT)
    e.reply(e.get("SUBSCRIBE"), 481, "No", contact=False)
    assert d.response(method="SUBSCRIBE").status == 481

    # Refused; to nobody; without a package.
    d = subscribe(alice, "1002", s.gw_a)
    e, m = notifier(bob)
    e.reply(m, 489, "Bad Event", headers=[("Allow-Events", "presence")], contact=False)
    refused = d.response(method="SUBSCRIBE")
    assert refused.status == 489 and refused.get("allow-events") == "presence", refused.raw
    assert subscribe(alice, "nobody", s.gw_a).response(method="SUBSCRIBE").status == 404
    counts = {name: s.gw.counter("subscriptions", name) for name in ("taken-over", "begun", "refused", "ended", "lost", "now")}
    assert counts == {"taken-over": 1, "begun": 2, "refused": 2, "ended": 1, "lost": 2, "now": 0}, counts
