#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""Around an emergency call (RFC 6881, RFC 7090): no other call waits meanwhile, whoever answers may transfer it and nobody else; afterwards the answerer's call reaches the caller
whatever his services say, also when the call was given up, the call agent was killed, or the call says psap-callback; nobody claims that in another's name. Dial strings of RFC 4967,
sips: without TLS, a default place, and the same in the role of a proxy."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from lab import wait_for  # noqa: E402

MORE = """
trunk psap {{ peer = "{ip}:5091" address = "outside" }}
site here {{ emergency = {{ "112" }} emergency-to = {{ "psap" }} location = "https://lis.example.com/here" }}
"""
FORWARD = 'forward-all = "1002"'

with stage() as s:
    s.gw.configure(alice=FORWARD, more=MORE.format(ip=s.ip_b))
    s.gw.ctl("reload")
    alice, bob = s.pair()
    carrier, psap = s.carrier(), s.phone("b", "psap", port=5091)
    psap.password = None

    def help(phone, uri=None, headers=()):
        """A call for help that rings; nobody is asked for a password."""
        password, phone.password = phone.password, None
        d = phone.invite("112", uri=uri, headers=headers)
        phone.password = password
        return d, *psap.answer_invite()

    def refused(d, status):
        final = d.response()
        d.ack(final)
        assert final.status == status, final.start

    def alarms():
        return [a for a in s.gw.show("alarms") if a["name"] == "emergency-call" and not a["cleared"]]

    def rings(phone):
        phone.pump(0.01)
        return any(m.method == "INVITE" for m in phone.waiting)

    def calls_back(phone, **kw):
        """A call from there: true when it reaches alice, false when it is passed on to bob."""
        d = phone.invite("1001", uri=f"sip:1001@{s.gw_b}", **kw)
        wait_for("somebody to ring", lambda: rings(alice) or rings(bob))
        called = alice if rings(alice) else bob
        dialog, invite = called.answer_invite()
        dialog.reply(invite, 486, "Busy Here")
        dialog.get("ACK")
        refused(d, 486)
        return called is alice

    # Before: services are as they are, whatever a trunk that is none of theirs says.
    assert not calls_back(psap) and not calls_back(carrier)
    assert not calls_back(carrier, headers=[("Priority", "psap-callback")])
    assert calls_back(psap, headers=[("Priority", "psap-callback")]), "RFC 7090"

    # In alice's name, from somewhere else: a call for help, but not hers. As RFC 4967 writes what was dialled; the place is the site's.
    stranger = s.phone("a", "alice", port=5079)
    d, dp, invite = help(stranger, uri=f"sip:112;phone-context=example.com@{s.gw_a};user=dialstring")
    assert invite.uri == f"sip:112@{s.ip_b}:5091" and invite.get("p-asserted-identity") is None, invite.raw
    assert (invite.get("geolocation"), invite.get("geolocation-routing")) == ("<https://lis.example.com/here>", "yes"), invite.raw
    other = bob.invite("1001", uri=f"sip:1001@{s.gw_b}")
    other.response(181)
    db, invite2 = bob.answer_invite()
    db.reply(invite2, 486, "Busy Here")
    db.get("ACK")
    refused(other, 486)
    dp.reply(invite, 200, "OK", psap.sdp())
    d.ack(d.response(200))
    dp.get("ACK")
    d.bye(dp)
    assert not calls_back(psap)

    # Alice's own, given up while it rings, by sips: and with a place of her own.
    place = [("Geolocation", "<https://lis.example.com/alice>")]
    d, dp, invite = help(alice, uri=f"sips:112@{s.gw_a}", headers=place)
    assert invite.all("geolocation") == [place[0][1]], invite.raw
    dp.reply(invite, 180, "Ringing")
    d.response(180)
    d.cancel()
    cancel = dp.get("CANCEL")
    dp.reply(cancel, 200, "OK", contact=False)
    dp.reply(invite, 487, "Request Terminated")
    dp.get("ACK")
    d.response(200, "CANCEL")
    refused(d, 487)
    assert calls_back(psap) and not calls_back(carrier)

    # Answered: no other call waits; the caller may not pass it on, the answerer may. A kill in between forgets nothing.
    d, dp, invite = help(alice)
    dp.reply(invite, 200, "OK", psap.sdp())
    d.ack(d.response(200))
    dp.get("ACK")
    for phone in (bob, carrier):
        refused(phone.invite("1001", uri=f"sip:1001@{s.gw_b}"), 486)
    d.request("REFER", headers=[("Refer-To", f"<sip:1002@{s.gw_a}>")])
    assert d.response(method="REFER").status == 403
    dp.refer(f"sip:1002@{s.gw_b}")
    dp.told(100)
    db, invite = bob.answer_invite()
    db.reply(invite, 603, "Decline")
    db.get("ACK")
    dp.told(603)
    s.gw.kill("tandem-ca")
    alice.register()
    assert alarms(), "it goes on"
    d.bye(dp)
    s.gw.idle()
    assert not alarms()
    s.gw.kill("tandem-ca")
    alice.register()
    bob.register()
    assert calls_back(psap) and not calls_back(carrier)
    s.gw.idle()
    assert [r["source"] for r in s.gw.cdrs(13) if r["emergency"] == 1] == ["unknown", "alice", "alice"], s.gw.cdr_rows()

# A proxy's emergency calls are the back-to-back user agent's: trunk, alarm and record at once.
with stage(inside="role = proxy", outside="role = proxy") as s:
    s.gw.configure(more=MORE.format(ip=s.ip_b))
    s.gw.ctl("reload")
    alice, bob = s.pair()
    psap = s.phone("b", "psap", port=5091)
    psap.password = alice.password = None
    d = alice.invite("112")
    dp, invite = psap.answer_invite()
    assert invite.get("record-route") is None and len(invite.all("via")) == 1, invite.raw
    assert [a["object"] for a in s.gw.show("alarms") if a["name"] == "emergency-call" and not a["cleared"]] == ["emergency"]
    dp.reply(invite, 200, "OK", psap.sdp())
    d.ack(d.response(200))
    dp.get("ACK")
    d.bye(dp)
    assert [r["emergency"] for r in s.gw.cdrs(1)] == [1]
