#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""services.py: what a call over a PRI tells and lets hear besides being answered, between a SIP phone and the test switch: ringing, early media, announcements,
unrestricted data, who has passed a call on, names, digits one by one; and kill -9 of the call agent."""
import os
import random
import sys

sys.path.insert(0, os.path.join(sys.path[0], "../../isdn"))
from audio import Speaker, longest_run, offer, talk
from results import path, read, shows, switch, write
from sipmsg import Sdp, sdp
from spans import gateway, groups_up

PATIENCE = 20
CONFIG = """
isdn pstn { spans = { 1 } switch = "euroisdn" side = "user" number-type = unknown numbers-out = "as-is" overlap-receive = yes announcement-time = 3s }
route out8 { prefix = "8" to = "pstn" strip = 1 }
"""
CLEAR = 97


def body(phone, media=None):
    return sdp(phone.ip, phone.media_port, media=media or offer("e1")(phone.media_port))


def clear(phone):
    return body(phone, [f"m=audio {phone.media_port} RTP/AVP {CLEAR}", f"a=rtpmap:{CLEAR} CLEARMODE/8000", "a=ptime:20", "a=sendrecv"])


def speaker(s, phone, to, seed, payload=8, seconds=2):
    return Speaker(s.media(phone), to, payload, seed, seconds)


def same(what, sent, heard, enough):
    n, at = longest_run(sent, heard)
    assert n >= enough * len(sent), f"{what}: {n} of {len(sent)} octets in one piece from {at} on, {len(heard)} came"


def ended(d, phone, far, out):
    d.request("BYE")
    assert d.response(method="BYE", timeout=PATIENCE).status == 200
    far.over(out)


def ringing_is_made_at_the_line(s, alice, far):
    """180 without media: the caller on the line hears a tone that comes and goes, and what Alice says after the answer."""
    out = far.call("1001")
    d, invite = alice.answer_invite(PATIENCE)
    d.reply(invite, 180, "Ringing")
    channel = far.take("alerting", call=out, progress=lambda p: p)["channel"]
    far.do("voice", channel, record=path("ringing"))
    alice.nothing(seconds=1.5)
    far.do("silence", channel)
    far.take("voice")
    heard = read("ringing")
    assert len(set(heard)) > 30, f"{len(heard)} octets, {len(set(heard))} different ones"
    d.accept(invite, body(alice))
    d.get("ACK", PATIENCE)
    far.take("connect", call=out)
    far.do("voice", channel, record=path("heard"))
    a = speaker(s, alice, Sdp(invite.body).at(), 3)
    talk([a])
    far.do("silence", channel)
    far.take("voice")
    same("the switch", a.sent, read("heard"), 0.5)
    a.media.close()
    ended(d, alice, far, out)


def early_media_go_to_the_line(s, alice, far):
    out = far.call("1001")
    d, invite = alice.answer_invite(PATIENCE)
    d.reply(invite, 183, "Session Progress", body(alice))
    channel = far.take("progress", call=out)["channel"]
    far.do("voice", channel, record=path("heard"))
    a = speaker(s, alice, Sdp(invite.body).at(), 4)
    talk([a])
    far.do("silence", channel)
    far.take("voice")
    a.media.close()
    same("the switch", a.sent, read("heard"), 0.5)
    d.refuse(invite, 603)
    assert far.over(out)["cause"] == 21


def an_announcement_is_heard(s, alice, far):
    d = alice.invite("85551234", body(alice))
    came = far.setup()
    said = random.Random(5).randbytes(2 * 8000)
    write("said", said)
    far.do("proceeding", came["call"])
    far.do("voice", came["channel"], play=path("said"), record=path("heard"))
    far.do("progress", came["call"], progress=8, cause=1)
    early = d.response(183, timeout=PATIENCE)
    a = speaker(s, alice, Sdp(early.body).at(), 6)
    talk([a])
    assert len(set(a.heard)) > 100, f"{len(a.heard)} octets came, {len(set(a.heard))} different ones"
    a.media.close()
    m = d.response(404, timeout=PATIENCE)
    d.ack(m)
    assert "cause=1" in m.get("reason"), m.raw
    far.over(came["call"])


def data_pass_as_they_are(s, alice, far):
    d = alice.invite("85551234", clear(alice))
    came = far.setup(bearer="digital")
    far.answer(came["call"])
    ok = d.response(200, timeout=PATIENCE)
    d.ack(ok)
    said = random.Random(9).randbytes(2 * 8000)
    write("said", said)
    far.do("voice", came["channel"], record=path("heard"), play=path("said"))
    a = speaker(s, alice, Sdp(ok.body).at(), 10, payload=CLEAR)
    talk([a])
    far.do("silence", came["channel"])
    far.take("voice")
    same("the switch", a.sent, read("heard"), 0.5)
    same("alice", said, a.heard, 0.5)
    a.media.close()
    far.do("hangup", came["call"], cause=16)
    d.hung_up(PATIENCE)
    far.idle()


def who_calls_and_who_has_passed_it_on(s, alice, far):
    out = far.call("1001", calling="5557777", name="Ann Bell", redirecting="5558888", reason=1)
    d, invite = alice.answer_invite(PATIENCE)
    assert "5557777" in invite.get("from") and "Ann Bell" in invite.get("from"), invite.raw
    assert "5558888" in (invite.get("diversion") or ""), invite.raw
    d.refuse(invite, 486)
    assert far.over(out)["cause"] == 17
    out = far.call("1001", calling="5557777", presentation="restricted")
    d, invite = alice.answer_invite(PATIENCE)
    assert "anonymous" in invite.get("from") and "5557777" not in invite.raw.decode(), invite.raw
    d.refuse(invite, 486)
    far.over(out)


def an_answered_call_outlives_the_agent(s, alice, far):
    """kill -9 of tandem-ca: voice goes on, and the line ends the call."""
    d = alice.invite("85551234", body(alice))
    came = far.setup()
    far.answer(came["call"])
    ok = d.response(200, timeout=PATIENCE)
    d.ack(ok)
    s.gw.kill("tandem-ca")
    far.do("voice", came["channel"], record=path("heard"))
    a = speaker(s, alice, Sdp(ok.body).at(), 11)
    talk([a])
    far.do("silence", came["channel"])
    far.take("voice")
    same("the switch", a.sent, read("heard"), 0.5)
    a.media.close()
    far.do("hangup", came["call"], cause=16)
    d.hung_up(PATIENCE)
    far.idle()


def digits_come_one_by_one(s, alice, far):
    out = far.call("1", "overlap")
    far.take("setup-ack", call=out)
    for digit in "00":
        far.do("digits", out, digit)
    alice.nothing(lambda m: m.method == "INVITE", 0.5)
    far.do("digits", out, "1")
    d, invite = alice.answer_invite(PATIENCE)
    assert invite.uri.startswith("sip:alice@") or "1001" in invite.get("to"), invite.raw
    d.refuse(invite, 486)
    far.over(out)


with gateway("e1", CONFIG) as s, switch("e1", 2, "overlap", side="network", type="euroisdn", pcap=path("services.pcap")) as far:
    far.up()
    groups_up(s, "pstn")
    alice = s.phone("a")
    assert alice.register().status == 200
    for case in (ringing_is_made_at_the_line, early_media_go_to_the_line, an_announcement_is_heard, data_pass_as_they_are, who_calls_and_who_has_passed_it_on,
                 digits_come_one_by_one, an_answered_call_outlives_the_agent):
        shows(case.__name__.replace("_", " "), case, s, alice, far)
