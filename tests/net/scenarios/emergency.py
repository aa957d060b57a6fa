#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""Emergency calls: by the number of the caller's site and by urn:service:sos; without a password, beyond every limit, over a drained trunk and one that is full, where
another call is released; a number to call back is shown, Geolocation passes, 424 is not told; hold and transfer are off, forwarding is for the call back; alarm and
record at once; test numbers; without TLS when TLS fails."""
import re
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from lab import wait_for  # noqa: E402

MORE = """
trunk psap {{ peer = "{ip}:5091" address = "outside" max-calls = 1 }}
trunk urn {{ peer = "{ip}:5092" address = "outside" emergency-urn = yes }}
trunk secure {{ peer = "{ip}:5093" transport = tls address = "outside" first-response = 300ms }}
site berlin {{ emergency = {{ "112", "110" }} emergency-to = {{ "psap", "urn" }} emergency-test = {{ "0112" }} emergency-test-to = {{ "urn" }} call-back = "+49301000" }}
site boston {{ emergency = {{ "911" }} emergency-to = {{ "secure", "urn" }} }}
user carol {{ password = "c" site = "boston" forward-all = "1002" }}
route p {{ prefix = "7" to = "psap" strip = 1 }}
"""
GEO = [("Geolocation", "<cid:target123@atlanta.example.com>"), ("Geolocation-Routing", "yes"), ("Privacy", "id")]

with stage() as s:
    s.gw.configure(sip="max-calls = 1", more=MORE.format(ip=s.ip_b))
    s.gw.ctl("reload")
    alice, bob = s.pair()
    carrier = s.carrier()
    psap, urn = s.phone("b", "psap", port=5091), s.phone("b", "urn", port=5092)
    carol = s.phone("a", "carol", "c", port=5074)
    assert carol.register().status == 200
    psap.password = urn.password = None

    def unasked(phone, number, uri=None, headers=()):
        """An INVITE that nobody asks a password for."""
        password, phone.password = phone.password, None
        d = phone.invite(number, uri=uri, headers=headers)
        phone.password = password
        return d

    def alarms():
        return [a["object"] for a in s.gw.show("alarms") if a["name"] == "emergency-call" and not a["cleared"]]

    # The one line of the trunk, and the one call of the box, are taken by a normal call: it is released.
    da, dp, _, _ = s.call(alice, psap, "7555")
    d = unasked(alice, "112", headers=GEO)
    for dialog, phone in ((da, alice), (dp, psap)):
        bye = phone.take(lambda m, i=dialog.call_id: m.method == "BYE" and m.get("call-id") == i, "the release of the normal call")
        assert "Q.850;cause=8" in bye.get("reason"), bye.raw
        dialog.reply(bye, 200, "OK")
    de, invite = psap.answer_invite()
    assert invite.uri == f"sip:112@{s.ip_b}:5091" and "<sip:+49301000@" in invite.get("from"), invite.raw
    assert (invite.get("geolocation"), invite.get("geolocation-routing"), invite.get("privacy")) == (GEO[0][1], "yes", None), invite.raw
    assert alarms() == ["emergency"], "at once"
    assert [c["emergency"] for c in s.gw.show("calls") if c["to"] == "112"] == [1], s.gw.show("calls")
    de.reply(invite, 180, "Ringing")
    d.response(180)
    de.reply(invite, 200, "OK", psap.sdp())
    d.ack(d.response(200))
    de.get("ACK")

    # Services are off: hold, transfer, another call for the caller.
    d.request("INVITE", alice.sdp(direction="sendonly"))
    final = d.response()
    d.ack(final)
    assert final.status == 403, final
    d.request("REFER", headers=[("Refer-To", f"<sip:1002@{s.gw_a}>")])
    assert d.response().status in (403, 603), "transfer"
    s.gw.configure(sip="")
    s.gw.ctl("reload")
    other = bob.invite("1001")
    busy = other.response()
    other.ack(busy)
    assert busy.status == 486, busy
    d.bye(de)
    wait_for("the end of the alarm", lambda: not alarms())
    assert [r["emergency"] for r in s.gw.cdrs(3) if r["called"] == "112"] == [1]

    # The next of the list takes it: by its name, drained or not; refusals go on, and 424 is not told.
    s.gw.ctl("trunk", "drain", "psap")
    d = unasked(alice, "110")
    de, invite = psap.answer_invite()
    de.reply(invite, 603, "Decline")
    de.get("ACK")
    du, invite = urn.answer_invite()
    assert invite.uri == "urn:service:sos" and invite.get("to") == "<urn:service:sos>", invite.raw
    du.reply(invite, 424, "Bad Location Information")
    du.get("ACK")
    final = d.response()
    d.ack(final)
    assert final.status not in (200, 424), final

    # urn:service:sos from a phone that is not registered; what its From claims is not asserted.
    stranger = s.phone("a", "alice", port=5079)
    d = unasked(stranger, "sos", uri="urn:service:sos.fire")
    de, invite = psap.answer_invite()
    assert invite.uri.startswith("sip:112@") and invite.get("p-asserted-identity") is None, invite.raw
    de.reply(invite, 486, "Busy Here")
    de.get("ACK")
    du, invite = urn.answer_invite()
    assert invite.uri == "urn:service:sos.fire", invite.uri
    du.reply(invite, 200, "OK", urn.sdp())
    d.ack(d.response(200))
    du.get("ACK")
    d.bye(du)

    # Another site, another number; its trunk is TLS, which is not there: without TLS (RFC 6881 SP-31).
    plain = s.phone("b", "plain", port=5060, ip=s.another("b"))
    plain.password = None
    s.gw.configure(more=MORE.format(ip=s.ip_b).replace(f'"{s.ip_b}:5093"', f'"{plain.ip}:5093"'))
    s.gw.ctl("reload")
    d = unasked(carol, "911")
    dp, invite = plain.answer_invite()
    assert invite.uri.startswith(f"sip:911@{plain.ip}"), invite.uri
    dp.reply(invite, 200, "OK", plain.sdp())
    d.ack(d.response(200))
    dp.get("ACK")
    d.bye(dp)
    # The answerer calls back: carol's forwarding is off for him, and on for others.
    back = plain.invite("carol", uri=f"sip:carol@{s.gw_b}")
    dc, invite = carol.answer_invite()
    dc.reply(invite, 486, "Busy Here")
    back.ack(back.response(486))
    d = alice.invite("carol")
    d.response(181)
    db, invite = bob.answer_invite()
    db.reply(invite, 486, "Busy Here")
    d.ack(d.response(486))

    # A test is no alarm.
    d = unasked(alice, "0112")
    du, invite = urn.answer_invite()
    assert invite.uri == "urn:service:test.sos" and not alarms(), invite.uri
    du.reply(invite, 486, "Busy Here")
    du.get("ACK")
    d.ack(d.response(486))
    assert "sos" in s.gw.ctl("route", "test", "alice", "112") and "psap" in s.gw.ctl("route", "test", "alice", "112")
    s.gw.idle()
    assert {(r["called"], r["emergency"]) for r in s.gw.cdrs(8)} >= {("112", 1), ("110", 1), ("911", 1), ("0112", 2), ("urn:service:sos.fire", 1)}, s.gw.cdrs(8)
