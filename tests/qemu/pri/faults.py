#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""faults.py t1|e1 [CASE...]: as many calls as there are channels, one call after another, and what becomes of calls when a daemon is killed, the link is lost or a
span is pulled. SIP phones on one side, the test switch on the other."""
import os
import sys

sys.path.insert(0, os.path.join(sys.path[0], "../../isdn"))
from audio import PAYLOADS, Speaker, longest_run, offer, talk
from results import BEARERS, path, read, shows, switch
from lab import wait_for
from sipmsg import Sdp, sdp
from spans import gateway, groups_up

kind = sys.argv[1]
type = "ni2" if kind == "t1" else "euroisdn"
COUNT = 1000 if os.environ.get("LONG", "0") != "0" else 50
PATIENCE = 20
CONFIG = f"""
isdn pstn {{ spans = {{ 1 }} switch = "{type}" side = "user" number-type = unknown numbers-out = "as-is" t309 = 3s t203 = 2s t200 = 500ms }}
route out8 {{ prefix = "8" to = "pstn" strip = 1 }}
"""
SPAN = "/sys/bus/dahdi_spans/devices/span-1/.."


def call(number="5551234"):
    """Alice's call, which the switch answers by itself: her dialog, the switch's event, the answer."""
    d = alice.invite("8" + number, sdp(alice.ip, alice.media_port, media=offer(kind)(alice.media_port)))
    came = far.setup(called=number)
    ok = d.response(200, timeout=PATIENCE)
    d.ack(ok)
    return d, came, ok


def hang_up(d, came):
    d.request("BYE")
    assert d.response(method="BYE", timeout=PATIENCE).status == 200
    far.over(came["call"])


def idle():
    far.idle()
    wait_for("no call to be left", lambda: not s.gw.show("calls"), PATIENCE, 0.1)


def heard_by_the_switch(d, came, ok, seed):
    """What Alice says arrives bit by bit."""
    far.do("voice", came["channel"], record=path("heard"))
    far.take("voice")
    m = s.media(alice)
    a = Speaker(m, Sdp(ok.body).at(), PAYLOADS[kind], seed, 2)
    talk([a])
    m.close()
    far.do("silence", came["channel"])
    far.take("voice-end")
    n, at = longest_run(a.sent, read("heard"))
    print(f"the switch: {n} of {len(a.sent)} octets in one piece from {at} on", flush=True)
    assert n >= len(a.sent) // 2, f"{n} of {len(a.sent)} octets in one piece"


def ringback():
    """Who calls from the line hears ringing while the phone rings, and none once it has answered."""
    out = far.call("1001", channel=2)
    d, invite = alice.answer_invite(PATIENCE)
    far.do("voice", 2, record=path("ringing"))
    far.take("voice")
    d.reply(invite, 180, "Ringing")
    far.take("alerting", call=out)
    idle_octets = bytes([0xD5, 0x55, 0xFF, 0x7F])
    wait_for("half a second of a tone", lambda: len(read("ringing").translate(None, idle_octets)) > 4000, PATIENCE, 0.05)
    d.accept(invite, sdp(alice.ip, alice.media_port, media=offer(kind)(alice.media_port)))
    d.get("ACK", PATIENCE)
    far.take("connect", call=out)
    far.do("silence", 2)
    far.take("voice-end")
    far.hang_up(out)
    d.hung_up(PATIENCE)
    idle()


def all_at_once():
    """After a start each channel is restarted: meanwhile a call that wants it is refused."""
    wait_for("every channel to be free", lambda: [g["free"] for g in s.gw.show("isdn")] == [len(BEARERS[kind])], PATIENCE, 0.05)
    dialogs = [alice.invite(f"8{i}", sdp(alice.ip, alice.media_port + 2 * i, media=offer(kind)(alice.media_port + 2 * i))) for i in range(len(BEARERS[kind]))]
    for d in dialogs:
        d.ack(d.response(200, timeout=PATIENCE))
    calls = far.calls()
    assert {c["channel"] for c in calls} == set(BEARERS[kind]), calls
    d = alice.invite("899", sdp(alice.ip, 39000, media=offer(kind)(39000)))
    refused = d.response(timeout=PATIENCE)
    d.ack(refused)
    assert refused.status == 503 and "cause=34" in (refused.get("reason") or ""), refused
    for d in dialogs:
        d.request("BYE")
    for d in dialogs:
        assert d.response(method="BYE", timeout=PATIENCE).status == 200
    idle()


def one_after_another():
    for i in range(COUNT):
        d, came, _ = call(str(i))
        hang_up(d, came)
    idle()


def agent_killed():
    """tandem-ca: the answered call goes on, and either side ends it."""
    d, came, ok = call()
    s.gw.kill("tandem-ca")
    heard_by_the_switch(d, came, ok, 3)
    hang_up(d, came)
    d, came, ok = call()
    s.gw.kill("tandem-ca")
    groups_up(s, "pstn")
    far.do("hangup", came["call"])
    d.hung_up(PATIENCE)
    idle()


def gateway_killed():
    """tandem-mg: the voice goes on over the same channel."""
    d, came, ok = call()
    s.gw.kill("tandem-mg")
    heard_by_the_switch(d, came, ok, 4)
    hang_up(d, came)
    idle()


def isdn_killed():
    """tandem-isdn: its calls are cleared on both sides, with cause 41 to the SIP side, and calls can be made again."""
    d, came, _ = call()
    s.gw.kill("tandem-isdn")
    bye = d.hung_up(PATIENCE)
    assert "cause=41" in (bye.get("reason") or ""), bye.get("reason")
    far.take(("restarted", "release", "released"), call=came["call"])  # by RESTART, or when it asks for the call's state first
    groups_up(s, "pstn")
    idle()
    hang_up(*call()[:2])


def link_lost():
    """The D-channel is dead for longer than T309: calls are cleared with cause 27; back, it serves again."""
    d, came, _ = call()
    far.do("mute")
    far.do("deaf")
    bye = d.hung_up(PATIENCE)
    assert "cause=27" in (bye.get("reason") or ""), bye.get("reason")
    d = alice.invite("81", sdp(alice.ip, 39000, media=offer(kind)(39000)))
    refused = d.response(timeout=PATIENCE)
    d.ack(refused)
    assert refused.status == 503, refused
    far.do("mute", "off")
    far.do("deaf", "off")
    groups_up(s, "pstn")
    idle()
    hang_up(*call()[:2])


def span_pulled():
    """A span is taken out while a call is up: the call is cleared, and an alarm says why."""
    d, came, _ = call()
    with open(os.path.realpath(SPAN) + "/unassign_span", "w") as f:
        f.write("1")
    d.hung_up(PATIENCE)
    wait_for("an alarm", lambda: [a for a in s.gw.show("alarms") if "pstn" in str(a) or "span" in str(a)], PATIENCE, 0.1)


with gateway(kind, CONFIG) as s, switch(kind, 2, "auto=answer", side="network", type=type, pcap=path(f"faults-{kind}.pcap")) as far:
    far.up()
    groups_up(s, "pstn")
    alice = s.phone("a")
    assert alice.register().status == 200
    for case in (ringback, all_at_once, one_after_another, agent_killed, gateway_killed, isdn_killed, link_lost, span_pulled):
        if sys.argv[2:] and case.__name__ not in sys.argv[2:]:
            continue
        alice.waiting.clear()
        shows(f"{kind}: {case.__name__.replace('_', ' ')}", case)
