#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""lines.py: SIP phones call each other through a telephone's port and an exchange's line that are joined back to back, and over an E&M trunk by MF: each call goes out by
one kind of line and comes in by the other, so that both ends are the call agent's. With the kernel module as engine (NET_ENGINE) one call is enough."""
import os
import sys

sys.path.insert(0, os.path.join(sys.path[0], "../../isdn"))
from audio import PAYLOADS, Speaker, longest_run, offer, talk
from results import shows
from joined import JOINED, PORTS
from gateway import stage
from lab import wait_for
from sipmsg import Sdp, sdp

PATIENCE, SECONDS = 60, 2
MORE = JOINED + PORTS + """
tdm { system-conf = "" poll = 200ms zone = "us" }
line desk { endpoint = "ds/ds1-1/1" number = "2001" display = "Desk" digit-map = "1xxx" }
line city { endpoint = "ds/ds1-2/1" kind = fxo hotline = "1002" }
line near { endpoint = "ds/ds1-1/2" kind = em-mf }
line far { endpoint = "ds/ds1-2/2" kind = em-mf number = "3001" }
route desk { called = "2001" to = "desk" }
route city { prefix = "8" to = "city" strip = 1 }
route near { prefix = "7" to = "near" strip = 1 }
"""


def body(phone):
    return sdp(phone.ip, phone.media_port, media=offer("t1")(phone.media_port))


def hear_each_other(one, to_one, other, to_other):
    """What each says comes out at the other in one piece, once the buffers have settled."""
    a, b = Speaker(s.media(one), to_one, PAYLOADS["t1"], 1, SECONDS), Speaker(s.media(other), to_other, PAYLOADS["t1"], 2, SECONDS)
    talk([a, b])
    for speaker, listener, who in ((a, b, other), (b, a, one)):
        n, at = longest_run(speaker.sent, listener.heard)
        print(f"{who.user}: {n} of {len(speaker.sent)} octets in one piece from {at} on, {len(listener.heard)} came", flush=True)
        assert n >= 0.9 * len(speaker.sent), f"{who.user} heard {n} of {len(speaker.sent)} octets in one piece, {len(listener.heard)} in all"


def relayed_by_module():
    """Nearly all that was said between the phones and the lines; what is for a line ends there."""
    streams = s.gw.show("streams")
    assert {bool(stream["line"]) for stream in streams} == {True, False}, streams
    for stream in streams:
        own, other = ("null", "module") if stream["line"] else ("module", "null")
        by = stream["by_engine"]
        assert by[own] >= 0.9 * SECONDS * 50 and by[other] < 0.1 * by[own], stream


def lines():
    return {line["line"]: line["state"] for line in s.gw.show("lines")}


def come_up():
    wait_for("the lines to be up", lambda: all(lines().get(name) == "up" for name in ("desk", "city", "near", "far")), PATIENCE, 0.2)


def call(number, rings=False):
    """Alice calls; Bob, whom it leads to, rings and answers, and they hear each other. `rings`: she hears so before he says it. Both dialogs, and his INVITE."""
    d = alice.invite(number, body(alice))
    db, invite = bob.answer_invite(PATIENCE)
    if rings:
        d.response(180, timeout=PATIENCE)
    db.reply(invite, 180, "Ringing")
    db.accept(invite, body(bob))
    db.get("ACK", PATIENCE)
    ok = d.response(200, timeout=PATIENCE)
    d.ack(ok)
    hear_each_other(alice, Sdp(ok.body).at(), bob, Sdp(invite.body).at())
    if s.engine == "module":
        relayed_by_module()
    return d, db, invite


def hang_up(one, other):
    one.request("BYE")
    one.response(method="BYE", timeout=PATIENCE)
    other.hung_up(PATIENCE)
    s.gw.over(PATIENCE)


def out_by_the_exchange_in_by_the_telephone():
    """Alice seizes the exchange's line and dials Bob's number there: who hears it is our own telephone's port."""
    d, db, invite = call("81002")
    assert "Desk <sip:2001@" in invite.get("from"), invite.get("from")
    hang_up(d, db)


def out_by_the_telephone_in_by_the_exchange():
    """Alice calls the telephone: its line rings, and what answers is the exchange's line, when Bob does, who sees who calls."""
    d, db, invite = call("2001", rings=True)
    assert invite.get("from").replace('"', "").startswith("Alice <"), invite.get("from")
    hang_up(db, d)


def over_a_trunk():
    d, db, _ = call("71002")
    hang_up(d, db)


with stage(more=MORE) as s:
    alice, bob = s.pair()
    if shows("telephones, exchange lines and trunks are up", come_up):
        shows("out by an exchange's line, in by a telephone's port", out_by_the_exchange_in_by_the_telephone)
        if s.engine != "module":
            # In between: for two seconds after a line was hung up DAHDI tells of no ring (RING_DEBOUNCE_TIME), and who calls follows on the first.
            shows("over an E&M trunk by MF", over_a_trunk)
            shows("out by a telephone's port, in by an exchange's line", out_by_the_telephone_in_by_the_exchange)
