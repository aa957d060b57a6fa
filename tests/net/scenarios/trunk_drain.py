#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""A trunk runs dry: its new calls get 503 without Retry-After and so do its OPTIONS, calls to it go elsewhere; calls that are there go on, are changed, ended by
either side, and counted; an emergency call is taken; a kill of
the call agent and a reload change nothing of that. A proxy refuses them as well. The codecs of a trunk hold for calls that were taken over, too."""
import json
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from lab import wait_for  # noqa: E402
from sipmsg import Sdp  # noqa: E402

MORE = """
trunk other {{ peer = "{ip}:5091" address = "outside" }}
site here {{ emergency = {{ "112" }} emergency-to = {{ "other" }} }}
route over {{ prefix = "8" to = {{ "carrier", "other" }} strip = 1 }}
"""
OFFER = ["m=audio 40000 RTP/AVP 0 9 8 101", "a=rtpmap:0 PCMU/8000", "a=rtpmap:9 G722/8000", "a=rtpmap:8 PCMA/8000", "a=rtpmap:101 telephone-event/8000",
         "a=fmtp:101 0-15", "a=sendrecv"]
ANSWER = ["m=audio 40100 RTP/AVP 8 101", "a=rtpmap:8 PCMA/8000", "a=rtpmap:101 telephone-event/8000", "a=sendrecv"]

with stage(process="restart-max = 50ms", trunk='codecs = { "PCMA", "G722" }') as s:
    s.gw.configure(more=MORE.format(ip=s.ip_b))
    s.gw.ctl("reload")
    alice, _ = s.pair()
    carrier, other = s.carrier(), s.phone("b", "other", port=5091)

    def state():
        return next((t["state"], t["calls"]) for t in s.gw.show("trunks") if t["trunk"] == "carrier")

    def refused():
        """What the carrier gets: not one word of when to come back, and a cause that sends it elsewhere."""
        for answer in (carrier.ask("INVITE", f"sip:1001@{s.gw_b}", body=carrier.sdp(media=ANSWER)), carrier.ask("OPTIONS", f"sip:{s.gw_b}")):
            assert answer.status == 503 and answer.get("retry-after") is None, answer.raw
        alice.nothing(lambda m: m.method == "INVITE", 0.05)

    def goes_elsewhere():
        d = alice.invite("8123", alice.sdp(media=OFFER))
        do, invite = other.answer_invite()
        assert invite.uri.startswith("sip:123@"), invite.uri
        do.refuse(invite, 486)
        d.failed(486)
        carrier.nothing(lambda m: m.method == "INVITE", 0.05)

    d = alice.invite("9555", alice.sdp(media=OFFER))
    dc, invite = carrier.answer_invite()
    dc.accept(invite, carrier.sdp(media=ANSWER))
    d.connected()
    dc.get("ACK")
    back = carrier.invite("1001", carrier.sdp(media=ANSWER), uri=f"sip:1001@{s.gw_b}")
    da, invite = alice.answer_invite()
    da.accept(invite, alice.sdp(media=ANSWER))
    back.connected()
    da.get("ACK")
    assert state() == ("up", 2) and carrier.ask("OPTIONS", f"sip:{s.gw_b}").status == 200
    assert json.loads(s.gw.ctl("--json", "trunk", "drain", "carrier"))["calls"] == 2
    assert state() == ("draining", 2)
    refused()
    goes_elsewhere()

    # Who calls for help is let in.
    help_ = carrier.invite("112", carrier.sdp(media=ANSWER), uri=f"sip:112@{s.gw_b}")
    do, invite = other.answer_invite()
    do.refuse(invite, 486)
    help_.failed(486)

    # What was answered goes on, also when the agent has died; no codec that the trunk has not.
    s.gw.kill("tandem-ca")
    assert state() == ("draining", 2)
    refused()
    goes_elsewhere()
    m, ok = d.reinvite(dc, alice.sdp(version=9, media=OFFER), carrier.sdp(version=9, media=ANSWER))
    assert Sdp(m.body).media[0]["formats"] == ["8", "9", "101"] and "PCMU" not in m.body, m.body
    m, ok = back.reinvite(da, carrier.sdp(version=9, media=OFFER), alice.sdp(version=9, media=ANSWER))
    assert Sdp(m.body).media[0]["formats"] == ["8", "9", "101"] and "PCMU" not in m.body, m.body
    d.bye(dc)
    wait_for("one call to be left", lambda: state() == ("draining", 1))
    back.bye(da)
    wait_for("the trunk to be dry", lambda: state() == ("drained", 0))
    s.gw.ctl("reload")
    assert state() == ("drained", 0)

    s.gw.ctl("trunk", "undrain", "carrier")
    s.gw.kill("tandem-ca")
    assert state() == ("up", 0) and carrier.ask("OPTIONS", f"sip:{s.gw_b}").status == 200
    d = alice.invite("8123", alice.sdp(media=OFFER))
    dc, invite = carrier.answer_invite()
    dc.refuse(invite, 486)
    d.failed(486)

with stage(outside="role = proxy") as s:
    alice, _ = s.pair()
    carrier = s.carrier()
    statuses = []
    for verb in ("drain", "undrain"):
        s.gw.ctl("trunk", verb, "carrier")
        for method in ("INVITE", "OPTIONS"):
            statuses.append(carrier.ask(method, f"sip:{'555@' if method == 'INVITE' else ''}{s.gw_b}", body=carrier.sdp() if method == "INVITE" else "").status)
    assert statuses == [503, 503, 404, 200], statuses
