#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""phones.py t1|e1: SIP phones and the test switch call each other through the gateway; then two SIP phones over two spans."""
import os
import random
import sys

sys.path.insert(0, os.path.join(sys.path[0], "../../isdn"))
from audio import PAYLOADS, Speaker, longest_run, offer, talk
from results import path, read, shows, switch, write
from lab import wait_for
from sipmsg import Sdp, sdp
from spans import gateway, groups_up

kind = sys.argv[1]
type = "ni2" if kind == "t1" else "euroisdn"
SECONDS = 3
PATIENCE = 60

TO_SWITCH = f"""
isdn pstn {{ spans = {{ 1 }} switch = "{type}" side = "user" number-type = unknown numbers-out = "as-is" }}
route out8 {{ prefix = "8" to = "pstn" strip = 1 }}
"""
TWO_SPANS = f"""
isdn east {{ spans = {{ 1 }} switch = "{type}" side = "user" number-type = unknown numbers-out = "as-is" }}
isdn west {{ spans = {{ 2 }} switch = "{type}" side = "network" number-type = unknown numbers-out = "as-is" }}
route over {{ prefix = "8" to = "east" strip = 1 }}
"""


def body(phone):
    return sdp(phone.ip, phone.media_port, media=offer(kind)(phone.media_port))


def media(s, phone):
    """One for each phone, as long as it is there."""
    if not hasattr(phone, "media"):
        phone.media = s.media(phone)
    return phone.media


def speaker(s, phone, to, seed, seconds=SECONDS):
    return Speaker(media(s, phone), to, PAYLOADS[kind], seed, seconds)


def same(what, sent, heard, enough=0.5):
    """Most of what was sent came in one piece, bit by bit: what precedes is the jitter buffer's settling."""
    n, at = longest_run(sent, heard)
    print(f"{what}: {n} of {len(sent)} octets in one piece from {at} on, {len(heard)} came", flush=True)
    assert n >= enough * len(sent), f"{what}: {n} of {len(sent)} octets in one piece from {at} on, {len(heard)} came"


# --- a phone and the switch ---------------------------------------------------------------------------------------------------------------------------------


def to_the_switch(s, alice, far):
    """Alice calls the switch: rings, is answered, both hear each other bit by bit, and the switch hangs up."""
    d = alice.invite("85551234", body(alice))
    came = far.setup(called="5551234")
    far.do("proceeding", came["call"])
    far.do("alerting", came["call"])
    d.response(180, timeout=PATIENCE)
    said = random.Random(7).randbytes(SECONDS * 8000)
    write("said", said)
    far.do("voice", came["channel"], record=path("heard"))
    far.take("voice")
    far.do("connect", came["call"])
    ok = d.response(200, timeout=PATIENCE)
    d.ack(ok)
    far.do("voice", came["channel"], record=path("heard"), play=path("said"))
    a = speaker(s, alice, Sdp(ok.body).at(), 8)
    talk([a])
    far.do("silence", came["channel"])
    same("the switch", a.sent, read("heard"))
    same("alice", said, a.heard)
    far.do("hangup", came["call"], cause=16)
    d.hung_up(PATIENCE)
    far.idle()


def from_the_switch(s, alice, far):
    """The switch calls Alice, who rings, answers and hangs up."""
    out = far.call("1001", calling="5557777")
    d, invite = alice.answer_invite(PATIENCE)
    assert "5557777" in invite.get("from"), invite.get("from")
    d.reply(invite, 180, "Ringing")
    far.take("alerting", call=out)
    d.accept(invite, body(alice))
    d.get("ACK", PATIENCE)
    far.take("connect", call=out)
    d.request("BYE")
    assert d.response(method="BYE", timeout=PATIENCE).status == 200
    assert far.over(out)["cause"] == 16


def refused_by_the_switch(s, alice, far):
    for cause, status in ((17, 486), (1, 404), (21, 403)):
        d = alice.invite("85551234", body(alice))
        far.do("hangup", far.setup()["call"], cause=cause)
        m = d.response(timeout=PATIENCE)
        d.ack(m)
        assert m.status == status, (cause, m)
        assert f"cause={cause}" in (m.get("reason") or ""), m.get("reason")


def refused_by_the_phone(s, alice, far):
    for status, cause in ((486, 17), (404, 1)):
        out = far.call("1001")
        d, invite = alice.answer_invite(PATIENCE)
        d.refuse(invite, status)
        assert far.over(out)["cause"] == cause


def cancelled(s, alice, far):
    d = alice.invite("85551234", body(alice))
    came = far.setup()
    far.do("proceeding", came["call"])
    far.do("alerting", came["call"])
    d.response(180, timeout=PATIENCE)
    d.give_up()
    far.over(came["call"])
    out = far.call("1001")
    d, invite = alice.rings(PATIENCE)
    far.take("alerting", call=out)
    far.hang_up(out)
    d.cancelled(invite)


def early_media(s, alice, far):
    """PROGRESS with in-band information is 183 with a description; the announcement is heard, and its cause is told."""
    d = alice.invite("85551234", body(alice))
    came = far.setup()
    far.do("proceeding", came["call"])
    far.do("progress", came["call"], progress=8)
    early = d.response(183, timeout=PATIENCE)
    said = random.Random(9).randbytes(SECONDS * 8000)
    write("announced", said)
    far.do("voice", came["channel"], play=path("announced"))
    far.take("voice")
    a = speaker(s, alice, Sdp(early.body).at(), 10)
    talk([a])
    far.do("silence", came["channel"])
    far.take("voice-end")
    same("alice", said, a.heard)
    far.do("hangup", came["call"], cause=1)
    m = d.response(timeout=PATIENCE)
    d.ack(m)
    assert m.status == 404 and "cause=1" in m.get("reason"), m


def clear_channel(s, alice, far):
    """CLEARMODE (RFC 4040) is unrestricted 64 kbit/s, and nothing is done to its octets."""
    lines = [f"m=audio {alice.media_port} RTP/AVP 96", "a=rtpmap:96 CLEARMODE/8000", "a=ptime:20", "a=sendrecv"]
    d = alice.invite("85551234", sdp(alice.ip, alice.media_port, media=lines))
    came = far.setup(bearer="digital")
    far.do("proceeding", came["call"])
    far.do("voice", came["channel"], record=path("clear"))
    far.take("voice")
    far.do("connect", came["call"])
    ok = d.response(200, timeout=PATIENCE)
    d.ack(ok)
    assert "CLEARMODE" in ok.body, ok.body
    a = Speaker(media(s, alice), Sdp(ok.body).at(), 96, 11, SECONDS)
    talk([a])
    far.do("silence", came["channel"])
    far.take("voice-end")
    same("the switch", a.sent, read("clear"))
    d.request("BYE")
    assert d.response(method="BYE", timeout=PATIENCE).status == 200
    far.over(came["call"])


def other_codecs(s, alice, far):
    """A line speaks G.711: 488 to who offers something else only."""
    lines = [f"m=audio {alice.media_port} RTP/AVP 97", "a=rtpmap:97 opus/48000/2", "a=sendrecv"]
    d = alice.invite("85551234", sdp(alice.ip, alice.media_port, media=lines))
    m = d.response(timeout=PATIENCE)
    d.ack(m)
    assert m.status == 488, m


def with_the_switch():
    with gateway(kind, TO_SWITCH) as s:
        groups_up_at = switch(kind, 2, side="network", type=type, pcap=path(f"phones-{kind}.pcap"))
        with groups_up_at as far:
            far.up()
            groups_up(s, "pstn")
            alice = s.phone("a")
            assert alice.register().status == 200
            for case in (to_the_switch, from_the_switch, refused_by_the_switch, refused_by_the_phone, cancelled, early_media, clear_channel, other_codecs):
                shows(f"{kind}: {case.__name__.replace('_', ' ')}", case, s, alice, far)


# --- two phones over two spans ------------------------------------------------------------------------------------------------------------------------------


def in_time(s):
    """The threads of spans come before what is not urgent, and what they execute is in memory."""
    process = f"/proc/{s.gw.pid_of('tandem-mg')}"
    with open(f"{process}/status") as f:
        locked = next(int(line.split()[1]) for line in f if line.startswith("VmLck:"))
    assert locked > 4096, f"{locked} kB are locked"
    spans = []
    for task in os.listdir(f"{process}/task"):
        with open(f"{process}/task/{task}/comm") as f:
            spans += [int(task)] if f.read().strip() == "tandem-span" else []
    assert len(spans) == 2 and all(os.sched_getscheduler(task) == os.SCHED_RR for task in spans), spans


def phone_to_phone(s, alice, bob):
    """SIP to PRI to PRI to SIP, with both voices bit by bit."""
    d = alice.invite("81002", body(alice))
    db, invite = bob.answer_invite(PATIENCE)
    db.reply(invite, 180, "Ringing")
    d.response(180, timeout=PATIENCE)
    db.accept(invite, body(bob))
    ok = d.response(200, timeout=PATIENCE)
    d.ack(ok)
    db.get("ACK", PATIENCE)
    in_time(s)
    a, b = speaker(s, alice, Sdp(ok.body).at(), 1), speaker(s, bob, Sdp(invite.body).at(), 2)
    talk([a, b])
    same("bob", a.sent, b.heard)
    same("alice", b.sent, a.heard)
    d.request("BYE")
    db.hung_up(PATIENCE)
    d.bye_answered()


def over_two_spans():
    with gateway(kind, TWO_SPANS) as s:
        groups_up(s, "east", "west")
        alice, bob = s.pair()
        shows(f"{kind}: SIP phone to PRI to SIP phone, bit by bit", phone_to_phone, s, alice, bob)


shows(f"{kind}: phones and the switch", with_the_switch)
shows(f"{kind}: two phones over two spans", over_two_spans)
