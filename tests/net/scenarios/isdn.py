#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""SIP phones and ISDN lines call each other: numbers with type and plan, names, privacy, redirection, both ways; ringing, early media, announcements; causes and
statuses, Reason; hold; voice in both directions; a restart of the call agent, and of tandem-isdn. The network is a script (isdn.py)."""
import json
import re
import sys
import time
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage, wait_for  # noqa: E402
from isdn import exchange  # noqa: E402
from media import both_ways  # noqa: E402
from sipmsg import Sdp  # noqa: E402

CHANNEL = "ds/e1-1/7"
TRUNK = 'route carrier {{ prefix = "8" to = carrier }}\nuser dave {{ password = "d" numbers = {{ "1004" }} forward-all = "0891112222" }}\n'.format()

with stage(start=False, process="restart-max = 50ms") as s:
    x, channels = exchange(s, isdn='announcement-time = 400ms cause-status = { "3=410" }', more=TRUNK)
    alice, bob = s.pair()
    carrier = s.carrier()

    def setup(phone, number="0891234567", headers=()):
        """The phone calls the ISDN; its dialog, the call's identifier, and what the network was asked."""
        d = phone.invite(number, headers=headers)
        args = x.told("setup")
        return d, args["call"], args

    def speaks(phone, at):
        """Voice both ways between a phone and the channel."""
        wait_for("the channel to be cut through", lambda: channels.mode(CHANNEL) == "sendrecv" and channels.conns[CHANNEL]["remote"])
        m = s.media(phone)
        both_ways(m, at, channels.conns[CHANNEL]["media"], channels.at(CHANNEL), 5)
        m.close()

    def listens(mode="recvonly"):
        wait_for(f"the channel to be {mode}", lambda: channels.mode(CHANNEL) == mode)

    def clear(phone, number):
        """64 kbit/s of data (RFC 4040) and nothing else, by that payload type."""
        return phone.sdp(media=[f"m=audio {phone.media_port} RTP/AVP {number}", f"a=rtpmap:{number} CLEARMODE/8000"])

    def told_clear(number):
        wait_for("the channel to know the payload type", lambda: f"a=rtpmap:{number} CLEARMODE/8000" in channels.conns[CHANNEL]["remote"])

    def over():
        s.gw.over()
        wait_for("the channel to be free", lambda: not channels.conns)

    # --- where calls would go, both ways
    plan = json.loads(s.gw.ctl("--json", "route", "test", "1001", "0891234567"))
    assert [(a["target"], a["number"], a["uri"]) for a in plan["attempts"]] == [("pri", "0891234567", "isdn:0891234567")], plan
    plan = json.loads(s.gw.ctl("--json", "route", "test", "pri", "1002"))
    assert [a["target"] for a in plan["attempts"]] == ["bob"], plan

    # --- a SIP phone calls: it rings without media, answers, is heard, and is hung up on
    d, call, args = setup(alice)
    assert args["called"] == {"number": "891234567", "type": "national", "plan": "isdn"}, args
    assert args["bearer"] == "speech" and args["group"] == "pri", args
    assert args["calling"] == {"number": "1001", "type": "unknown", "plan": "isdn", "presentation": "allowed", "screening": "passed", "name": "Alice"}, args
    x.say("proceeding", call, endpoint=CHANNEL)
    x.say("alerting", call, endpoint=CHANNEL)
    assert not d.response(180).body
    listens()
    x.say("answer", call, endpoint=CHANNEL, connected={"number": "891230000", "type": "national", "plan": "isdn", "presentation": "allowed", "name": "Desk"})
    ok = d.connected()
    assert "sip:+49891230000@" in ok.get("p-asserted-identity"), ok.raw
    speaks(alice, Sdp(ok.body).at())
    x.say("release", call, endpoint=CHANNEL, cause=16, remote=True)
    assert "Q.850;cause=16" in d.hung_up().get("reason")
    over()

    # --- in-band information is heard before the answer; hold; the phone hangs up
    d, call, _ = setup(alice, headers=[("P-Preferred-Identity", "<sip:1001@x>")])
    x.say("alerting", call, endpoint=CHANNEL, progress=8)
    ringing = d.response(180)
    assert Sdp(ringing.body).at()
    speaks(alice, Sdp(ringing.body).at())
    x.say("answer", call, endpoint=CHANNEL)
    d.connected()
    d.request("INVITE", alice.sdp(version=2, direction="sendonly"))
    assert Sdp(d.connected().body).media[0]["direction"] == "recvonly" and channels.mode(CHANNEL) == "recvonly"
    assert x.told("notify", call)["notify"] == 121  # remote hold
    d.request("INVITE", alice.sdp(version=3))
    d.connected()
    assert channels.mode(CHANNEL) == "sendrecv" and x.told("notify", call)["notify"] == 122
    d.request("BYE", headers=[("Reason", "Q.850;cause=31")])
    d.bye_answered()
    x.released(call, 31)
    over()

    # --- so is what comes with SETUP ACKNOWLEDGE, such as dial tone (Q.931 5.1.3); ringing comes after that
    d, call, _ = setup(alice)
    x.say("setup-ack", call, endpoint=CHANNEL, progress=8)
    dialling = d.response(183)
    speaks(alice, Sdp(dialling.body).at())
    x.say("proceeding", call, endpoint=CHANNEL)
    x.say("alerting", call, endpoint=CHANNEL)
    d.response(180)
    x.say("answer", call, endpoint=CHANNEL)
    assert Sdp(d.connected().body).at() == Sdp(dialling.body).at()
    speaks(alice, Sdp(dialling.body).at())
    d.hang_up()
    x.released(call, 16)
    over()

    # --- why calls fail: the cause is told, and the status is that of the table, or of this group's own
    for cause, status in ((17, 486), (3, 410), (21, 403), (34, 503)):
        d, call, _ = setup(alice)
        x.say("release", call, endpoint=None, cause=cause, remote=True)
        assert f"Q.850;cause={cause}" in d.failed(status).get("reason")
        over()

    # --- an announcement is heard, for so long; given up, it ends at once
    for gives_up in (False, True):
        d, call, _ = setup(alice)
        x.say("disconnect", call, endpoint=CHANNEL, cause=1, progress=8)
        assert Sdp(d.response(183).body).at()
        began = time.monotonic()
        if gives_up:
            d.give_up()
        else:
            d.failed(404)
            assert time.monotonic() - began > 0.3
        x.released(call, 16 if gives_up else 1)
        over()

    # --- the caller gives up while it rings; who wants privacy is not shown
    d, call, args = setup(alice, headers=[("Privacy", "id")])
    assert args["calling"]["presentation"] == "restricted" and "name" not in args["calling"], args
    x.say("alerting", call, endpoint=CHANNEL)
    d.response(180)
    d.give_up()
    x.released(call, 16)
    over()

    # --- what a trunk asserts goes before its From (RFC 4497 9.2.2); with and without privacy
    for headers, presentation in (((), "allowed"), ((("Privacy", "id"),), "restricted")):
        d, call, args = setup(carrier, headers=[("P-Asserted-Identity", '"Vera" <sip:+4989777@carrier.example>'), *headers])
        assert (args["calling"]["number"], args["calling"]["screening"], args["calling"]["presentation"]) == ("89777", "network", presentation), args
        x.say("release", call, endpoint=None, cause=17)
        d.failed(486)
    d, call, args = setup(carrier)
    assert args["calling"]["screening"] == "network" and "number" not in args["calling"], args  # it is called "carrier"
    x.say("release", call, endpoint=None, cause=17)
    d.failed(486)
    over()

    # --- somebody has passed the call on
    d = alice.invite("1004")
    args = x.told("setup")
    assert args["called"]["number"] == "891112222" and (args["redirecting"]["number"], args["redirecting"]["reason"]) == ("1004", "unconditional"), args
    x.say("release", args["call"], endpoint=None, cause=17)
    d.failed(486)
    d, call, args = setup(carrier, "1004")
    x.say("release", call, endpoint=None, cause=17)
    d.failed(486)
    over()

    # --- the ISDN calls a phone: ringing is made at the channel, and stops with the answer
    def comes_in(number, call, **more):
        x.say("setup", call, endpoint=CHANNEL, overlap=False, called={"number": number, "type": "unknown", "plan": "isdn"},
              **{"bearer": "speech", "calling": {"number": "891110000", "type": "national", "plan": "isdn", "presentation": "allowed", "screening": "network", "name": "Erika"}, **more})
        x.told("proceeding", call)

    comes_in("1002", "in-1")
    db, invite = bob.answer_invite()
    assert re.match(r'"?Erika"? <sip:(\+|%2B)49891110000@', invite.get("from")), invite.raw
    db.reply(invite, 180, "Ringing")
    assert x.told("alerting", "in-1").get("progress") == 8
    wait_for("ringback", lambda: channels.signals(CHANNEL)[-1:] == ["G/rt"])
    db.reply(invite, 200, "OK", bob.sdp())
    db.get("ACK")
    assert x.told("answer", "in-1")["connected"]["number"] == "1002"
    wait_for("silence", lambda: channels.signals(CHANNEL)[-1] == "")
    speaks(bob, Sdp(invite.body).at())
    db.hang_up()
    x.released("in-1", 16)
    over()

    # --- 64 kbit/s as they are (RFC 4040): each side has a payload type of its own (RFC 3264 6.1), and is told the other's
    comes_in("1002", "in-data", bearer="digital")
    db, invite = bob.answer_invite()
    assert Sdp(invite.body).media[0]["formats"] == ["97"] and "a=rtpmap:97 CLEARMODE/8000" in invite.body, invite.body
    db.accept(invite, clear(bob, 125))
    db.get("ACK")
    x.told("answer", "in-data")
    told_clear(125)
    speaks(bob, Sdp(invite.body).at())
    db.hang_up()
    x.released("in-data", 16)
    over()
    d = alice.invite("0891234567", clear(alice, 125))
    args = x.told("setup")
    assert args["bearer"] == "digital", args
    x.say("answer", args["call"], endpoint=CHANNEL)
    ok = d.connected()
    assert "a=rtpmap:125 CLEARMODE/8000" in ok.body, ok.body
    told_clear(125)
    speaks(alice, Sdp(ok.body).at())
    d.hang_up()
    x.released(args["call"], 16)
    over()

    # --- early media of the called side are heard instead
    comes_in("1002", "in-2")
    tones = len(channels.signals(CHANNEL))
    db, invite = bob.answer_invite()
    db.reply(invite, 183, "Session Progress", bob.sdp())
    assert x.told("progress", "in-2")["progress"] == 8
    speaks(bob, Sdp(invite.body).at())
    db.reply(invite, 180, "Ringing")
    x.told("alerting", "in-2")
    assert len(channels.signals(CHANNEL)) == tones
    db.refuse(invite, 486, "Busy Here")
    x.released("in-2", 17)
    over()

    # --- private numbers, and who has passed the call on, to a trunk
    comes_in("8555", "in-3", calling={"number": "891110000", "type": "national", "plan": "isdn", "presentation": "restricted"},
             redirecting={"number": "891119999", "type": "national", "plan": "isdn", "reason": "busy", "count": 1})
    dc, invite = carrier.answer_invite()
    assert "anonymous@anonymous.invalid" in invite.get("from") and invite.get("privacy") == "id", invite.raw
    assert "49891110000" in invite.get("p-asserted-identity"), invite.raw
    assert "49891119999" in invite.get("diversion") and "user-busy" in invite.get("diversion"), invite.raw
    dc.reply(invite, 603, "Decline", headers=[("Reason", "Q.850;cause=88")])
    dc.get("ACK")
    x.released("in-3", 88)  # what was told goes before the table
    over()

    # --- digits that come one by one (RFC 3578)
    x.say("setup", "in-4", endpoint=CHANNEL, bearer="speech", overlap=True, called={"number": "10", "type": "unknown", "plan": "isdn"}, calling={"presentation": "unavailable"})
    x.say("digits", "in-4", digits="0")
    bob.nothing(lambda m: m.method == "INVITE")
    x.say("digits", "in-4", digits="2")
    db, invite = bob.rings()
    assert "anonymous" in invite.get("from"), invite.raw
    x.told("alerting", "in-4")
    x.say("release", "in-4", cause=16, remote=True)
    db.cancelled(invite)
    over()

    # --- kill -9 of the call agent: an answered call goes on and can be ended, one that rings is over
    d, call, _ = setup(alice)
    x.say("answer", call, endpoint=CHANNEL)
    ok = d.connected()
    ringing, other, _ = setup(carrier, "0897654321")
    x.say("alerting", other, endpoint="ds/e1-1/8")
    ringing.response(180)
    x.calls = [call, other]
    s.gw.kill("tandem-ca")
    x.connected()
    ringing.failed(503)
    x.told("release", other)
    x.calls = []
    wait_for("one call to be left", lambda: [c["state"] for c in s.gw.show("calls")] == ["active"])
    speaks(alice, Sdp(ok.body).at())
    d.request("INVITE", alice.sdp(version=2, direction="sendonly"))
    assert Sdp(d.connected().body).media[0]["direction"] == "recvonly"
    assert x.told("notify", call)["notify"] == 121
    # What the network has been told of it is not forgotten.
    x.calls = [call]
    s.gw.kill("tandem-ca")
    x.connected()
    x.calls = []
    d.request("INVITE", alice.sdp(version=3))
    d.connected()
    assert x.told("notify", call)["notify"] == 122
    d.hang_up()
    x.released(call, 16)
    over()

    comes_in("1002", "in-5")
    db, invite = bob.answer_invite()
    db.accept(invite)
    db.get("ACK")
    x.told("answer", "in-5")
    x.calls = ["in-5"]
    s.gw.kill("tandem-ca")
    x.connected()
    speaks(bob, Sdp(invite.body).at())
    x.say("release", "in-5", cause=16, remote=True)
    db.hung_up()
    x.calls = []
    over()

    # --- drained by the operator: no calls, either way, also after a restart
    def shown():
        return s.gw.show("lines")[0]["state"]

    d, call, _ = setup(alice)
    s.gw.ctl("trunk", "drain", "pri")
    assert shown() == "draining"
    x.say("release", call, endpoint=None, cause=17)
    d.failed(486)
    s.gw.kill("tandem-ca")
    x.connected()
    assert shown() == "drained"
    d = alice.invite("0891234567")
    d.failed(503)
    x.say("setup", "in-6", endpoint=CHANNEL, bearer="speech", overlap=False, called={"number": "1002"})
    x.released("in-6", 38)
    s.gw.ctl("trunk", "undrain", "pri")
    assert shown() == "up"

    # --- a digit that comes as a message is a tone in the channel; a codec that it has not is refused, and nothing changes
    d, call, _ = setup(alice)
    x.say("answer", call, endpoint=CHANNEL)
    ok = d.connected()
    d.request("INFO", "Signal=5\r\nDuration=160\r\n", content_type="application/dtmf-relay")
    assert d.response(method="INFO").status == 200
    wait_for("the digit", lambda: channels.signals(CHANNEL)[-1] == "D/5")
    d.request("INVITE", alice.sdp(version=2, media=[f"m=audio {alice.media_port} RTP/AVP 18", "a=rtpmap:18 G729/8000"]))
    d.failed(488)
    speaks(alice, Sdp(ok.body).at())
    d.hang_up()
    x.released(call, 16)
    over()

    # --- tandem-isdn dies: its calls end with cause 41 and go elsewhere from then on, until it is back
    d, call, _ = setup(alice)
    x.say("answer", call, endpoint=CHANNEL)
    d.connected()
    x.die()
    assert "Q.850;cause=41" in d.hung_up().get("reason")
    over()
    wait_for("the group to be down", lambda: s.gw.show("lines")[0]["state"] == "down")
    d = alice.invite("0891234567")
    d.failed(503)
    x.listen()
    x.connected()
    wait_for("the group to be up", lambda: s.gw.show("lines")[0]["state"] == "up")
    d, call, _ = setup(alice)
    x.say("release", call, endpoint=None, cause=17)
    d.failed(486)
    over()

    rows = s.gw.cdrs(31)
    assert len(rows) == 31, len(rows)
    assert {r["target"] for r in rows if r["called"].startswith("0")} == {"pri", ""} and [r["source"] for r in rows].count("pri") == 7, [(r["source"], r["called"], r["target"]) for r in rows]
