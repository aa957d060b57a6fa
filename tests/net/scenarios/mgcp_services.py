#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""What users of a telephone behind an MGCP gateway have besides calls: hook flash (hold, second call, changing over), call waiting with caller ID, transfer by
hanging up, distinctive ring, messages that wait, hotline, taking a call up again."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from media import both_ways  # noqa: E402
from mgcp_phone import MgcpGateway  # noqa: E402
from sipmsg import Sdp  # noqa: E402

MORE = """
gateway phones { address = "" networks = { "10.79.2.0/30" } domain = "phones.invalid" profile = lines digit-map = "(1xxx|2xxx|9x.T)" }
line desk { gateway = "phones" endpoint = "aaln/1" number = "2001" address = "outside" three-way = no }
line hall { gateway = "phones" endpoint = "aaln/2" number = "2002" address = "outside" call-waiting = no flash = no re-answer-time = 10s hotline = "1001" }
route desk { called = "2001" to = "desk" }
route hall { called = "2002" to = "hall" }
"""

with stage(more=MORE, agent='bind = "0.0.0.0:2727"') as s:
    alice, bob = s.pair()
    ma, mb = s.media(alice), s.media(bob)
    # Nothing is known of the gateway until it speaks, and not from elsewhere.
    d = alice.invite("2001")
    d.failed(503)
    stranger = MgcpGateway(s.ns_b, s.another("b"), (s.gw_b, 2727), media=42000)
    assert stranger.rsip() == 500
    stranger.close()
    g = MgcpGateway(s.ns_b, s.ip_b, (s.gw_b, 2727))
    desk, hall = g[1], g[2]
    assert g.rsip() == 200
    desk.asked("L/hd")
    hall.asked("L/hd")

    def call_desk(who, media):
        """An answered call to the desk's telephone; returns the dialog and where to send."""
        d = who.invite("2001")
        desk.hears("L/rg")
        desk.off_hook()
        ok = d.connected()
        desk.mode("sendrecv")
        to = Sdp(ok.body).at()
        both_ways(media, to, desk.media, desk.at())
        return d, to

    def told(d, direction, answer):
        """The other party is told of a direction, and answers."""
        m = d.get("INVITE")
        assert Sdp(m.body).media[0]["direction"] == direction, m.body
        d.reply(m, 200, "OK", d.phone.sdp(version=d.cseq + 20, direction=answer))
        d.get("ACK")
        d.cseq += 1

    # A second call: flash holds the first and gives dial tone; flash again changes over, each way with media for one and silence for the other.
    da, to_a = call_desk(alice, ma)
    desk.flash()
    told(da, "inactive", "inactive")
    desk.hears("L/dl")
    desk.mode("inactive")
    desk.dial("1002")
    db, invite = bob.rings()
    desk.hears("G/rt")
    db.accept(invite)
    db.get("ACK")
    to_b = Sdp(invite.body).at()
    desk.mode("sendrecv")
    both_ways(mb, to_b, desk.media, desk.at())
    first = desk.at()
    desk.flash()
    told(db, "inactive", "inactive")
    told(da, "sendrecv", "sendrecv")
    desk.wait("Alice's media", lambda: desk.at() != first)
    both_ways(ma, to_a, desk.media, desk.at())
    # Whoever hangs up: a tone, and flash brings the other one back.
    da.hang_up()
    desk.hears("L/ro")
    desk.flash()
    told(db, "sendrecv", "sendrecv")
    both_ways(mb, to_b, desk.media, desk.at())
    # Flash, and thought better of it.
    desk.flash()
    told(db, "inactive", "inactive")
    desk.hears("L/dl")
    desk.flash()
    told(db, "sendrecv", "sendrecv")
    # On hold and the handset put back: it rings until taken up again.
    desk.flash()
    told(db, "inactive", "inactive")
    desk.hears("L/dl")
    desk.on_hook()
    desk.hears("L/rg")
    desk.off_hook()
    told(db, "sendrecv", "sendrecv")
    both_ways(mb, to_b, desk.media, desk.at())

    # Call waiting: a tone and who it is; flash takes it, and changes back. The third one is told that it is busy.
    d = alice.invite("2001")
    desk.hears("L/wt")
    assert any(x.startswith("L/ci(") and '"1001","Alice"' in x for x in desk.signals), desk.signals
    d.response(180)
    carrier = s.carrier()
    carrier.invite("2001").failed(486)
    desk.flash()
    told(db, "inactive", "inactive")
    ok = d.connected()
    to_a = Sdp(ok.body).at()
    desk.silent()
    both_ways(ma, to_a, desk.media, desk.at())
    desk.flash()
    told(d, "inactive", "inactive")
    told(db, "sendrecv", "sendrecv")
    both_ways(mb, to_b, desk.media, desk.at())
    # Transfer: hanging up joins the two, who hear each other from now on.
    desk.on_hook()
    joined = {}
    for dialog in (db, d):
        m = dialog.get("INVITE")
        joined[dialog] = Sdp(m.body).at()
        assert Sdp(m.body).media[0]["direction"] == "sendrecv", m.body
        dialog.reply(m, 200, "OK", dialog.phone.sdp(version=99))
        dialog.get("ACK")
        dialog.cseq += 1
    desk.gone()
    alice.settle()
    bob.settle()
    both_ways(ma, joined[d], mb, joined[db])
    d.bye(db)
    s.gw.over()

    # A ring of its own, as the caller asks for it.
    d = alice.invite("2001", headers=[("Alert-Info", "<http://127.0.0.1/Bellcore-dr2>")])
    desk.hears("L/r2")
    d.response(180)
    d.give_up()
    desk.asked("L/hd")

    # Messages: the lamp, and a dial tone of their own; and gone again.
    s.gw.ctl("messages", "desk", "on")
    desk.wait("the lamp", lambda: desk.lamp)
    desk.off_hook()
    desk.hears("L/mwi")
    desk.on_hook()
    desk.asked("L/hd")
    s.gw.ctl("messages", "desk", "off")
    desk.wait("the lamp to be off", lambda: not desk.lamp)

    # A voice mail system tells of them, too (RFC 3842); nobody else may, and not everything is understood.
    def notified(who, body, number="2001"):
        return who.ask("NOTIFY", f"sip:{number}@{s.gw_b}", [("Event", "message-summary"), ("Subscription-State", "active"),
                                                           ("Content-Type", "application/simple-message-summary")], body).status
    assert notified(carrier, "Messages-Waiting: yes\r\nVoice-Message: 2/8 (0/2)\r\n") == 200
    desk.wait("the lamp", lambda: desk.lamp)
    assert notified(carrier, "messages-waiting: NO\r\n") == 200
    desk.wait("the lamp to be off", lambda: not desk.lamp)
    assert notified(carrier, "Messages-Waiting: yes\r\n", "2999") == 404
    assert notified(carrier, "Voice-Message: 2/8\r\n") == 400
    assert notified(bob, "Messages-Waiting: yes\r\n") == 481
    assert not desk.lamp

    # A hotline calls as soon as the handset is lifted; busy as it has no call waiting; put back, and taken up again in time.
    hall.off_hook()
    d, invite = alice.rings()
    hall.hears("G/rt")
    hall.on_hook()
    d.cancelled(invite)
    hall.asked("L/hd")
    d = alice.invite("2002")
    hall.hears("L/rg")
    hall.off_hook()
    ok = d.connected()
    bob.invite("2002").failed(486)
    hall.asked("L/hu")
    assert "L/hf" not in hall.events, hall.events  # the gateway may pass it on
    hall.on_hook()
    hall.asked("L/hd")
    hall.off_hook()
    hall.asked("L/hu")
    both_ways(ma, Sdp(ok.body).at(), hall.media, hall.at())
    d.hang_up()
    hall.hears("L/ro")
    hall.on_hook()
    hall.asked("L/hd")

    # They wait still when the call agent comes back after a kill, and the lamp is lit again when the gateway does.
    s.gw.ctl("messages", "desk", "on")
    desk.wait("the lamp", lambda: desk.lamp)
    s.gw.kill("tandem-ca")
    desk.lamp = False
    assert g.rsip() == 200
    desk.wait("the lamp again", lambda: desk.lamp)
    desk.off_hook()
    desk.hears("L/mwi")
    desk.on_hook()
    desk.asked("L/hd")
    hall.asked("L/hd")
    s.gw.ctl("messages", "desk", "off")
    g.close()
