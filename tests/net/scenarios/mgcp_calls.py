#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""A telephone behind another maker's MGCP gateway and SIP phones call each other, in all four ways, with RTP at both ends; who hangs up, what fails, what is heard."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from media import both_ways  # noqa: E402
from mgcp_phone import MgcpGateway  # noqa: E402
from sipmsg import Sdp  # noqa: E402

MORE = """
gateway phones { address = "10.79.2.2:2427" domain = "phones.invalid" profile = lines digit-map = "(1xxx|9x.T)" notified-entity = "ca@10.79.2.1:2727" }
line desk { gateway = "phones" endpoint = "aaln/1" number = "2001" display = "Desk" address = "outside" }
line hall { gateway = "phones" endpoint = "aaln/2" number = "2002" display = "Hall" address = "outside" ring = r3 }
route hall { called = "2002" to = "hall" }
"""

with stage(more=MORE, agent='bind = "0.0.0.0:2727"') as s:
    g = MgcpGateway(s.ns_b, s.ip_b, (s.gw_b, 2727))
    desk, hall = g[1], g[2]
    alice, bob = s.pair()
    ma, mb = s.media(alice), s.media(bob)
    assert g.rsip() == 200
    for t in (desk, hall):
        t.asked("L/hd")
    assert [c["N"] for c in desk.commands if c.verb == "RQNT"][-1] == "ca@10.79.2.1:2727"

    def talk(phone, media, to, t):
        """RTP both ways between a SIP phone and a telephone."""
        both_ways(media, to, t.media, t.at())

    # MGCP to SIP: dial tone and digits without a word to the agent, ringback until the answer; the SIP phone hangs up, and it is told by tone.
    desk.call("1001")
    d, invite = alice.answer_invite()
    assert "Desk <sip:2001@" in invite.get("from"), invite.get("from")
    assert Sdp(invite.body).media[0]["formats"] == ["8", "0", "101"], invite.body
    desk.mode("recvonly")
    d.reply(invite, 180, "Ringing")
    desk.hears("G/rt")
    d.accept(invite)
    d.get("ACK")
    desk.silent()
    desk.mode("sendrecv")
    talk(alice, ma, Sdp(invite.body).at(), desk)
    d.hang_up()
    desk.gone()
    desk.hears("L/ro")
    desk.on_hook()
    desk.asked("L/hd")
    s.gw.over()

    # SIP to MGCP: it rings with the caller's name and number, answers, hangs up.
    d = alice.invite("2001")
    ring = desk.hears("L/rg")
    assert desk.caller() == ("1001", "Alice"), desk.signals
    d.response(180)
    desk.mode("inactive")
    desk.off_hook()
    ok = d.connected()
    desk.silent()
    desk.mode("sendrecv")
    talk(alice, ma, Sdp(ok.body).at(), desk)
    desk.on_hook()
    d.hung_up()
    desk.gone()
    desk.asked("L/hd")
    s.gw.over()

    # MGCP to MGCP, with the bell of the called one.
    desk.call("2002")
    hall.hears("L/r3")
    desk.hears("G/rt")
    hall.off_hook()
    for t in (desk, hall):
        t.mode("sendrecv")
        t.silent()
    both_ways(desk.media, desk.at(), hall.media, hall.at())
    desk.on_hook()
    hall.hears("L/ro")
    hall.on_hook()
    s.gw.over()

    # SIP to SIP is as it was.
    da, db, invite, ok = s.call(alice, bob)
    both_ways(ma, Sdp(ok.body).at(), mb, Sdp(invite.body).at())
    da.bye(db)

    # Nobody is there, or busy, or wrong: what that sounds like. It is busy itself meanwhile.
    for number, status, tone in (("1001", 486, "L/bz"), ("1001", 503, "G/cg"), ("1999", None, "L/ro")):
        desk.call(number)
        if status:
            d, invite = alice.answer_invite()
            d.refuse(invite, status)
        desk.hears(tone)
        d = bob.invite("2001")
        d.failed(486)
        desk.on_hook()
        desk.asked("L/hd")
    # Busy, too, while its user dials: the gateway says so, and what is being dialled goes on.
    desk.off_hook()
    desk.hears("L/dl")
    bob.invite("2001").failed(486)
    desk.dial("1001")
    d, invite = alice.rings()
    # Given up while it rings.
    desk.hears("G/rt")
    desk.on_hook()
    d.cancelled(invite)
    # The caller gives up; who does not want to be known is not shown.
    for header, shown in (None, ("1001", "Alice")), (("Privacy", "id"), ("P", "P")):
        d = alice.invite("2001", headers=[header] if header else [])
        desk.hears("L/rg")
        assert desk.caller() == shown, desk.signals
        d.response(180)
        d.give_up()
        desk.silent()
        desk.asked("L/hd")
    s.gw.over()

    # Offered without a description (RFC 3261 13.2.1): the telephone's is in the answer.
    d = alice.invite("2001", "")
    desk.hears("L/rg")
    desk.off_hook()
    ok = d.response(200)
    d.ack(ok, alice.sdp())
    desk.mode("sendrecv")
    desk.wait("the SIP phone's address", lambda: f"{desk.at()}" and desk.conn["remote"])
    talk(alice, ma, Sdp(ok.body).at(), desk)
    # On hold by the SIP phone, and back.
    d.request("INVITE", alice.sdp(version=2, direction="sendonly"))
    answer = d.response(200)
    d.ack(answer)
    assert Sdp(answer.body).media[0]["direction"] == "recvonly", answer.body
    desk.mode("recvonly")
    d.request("INVITE", alice.sdp(version=3))
    d.ack(d.response(200))
    desk.mode("sendrecv")
    desk.on_hook()
    d.hung_up()
    # Other streams are rejected; no codec of ours is 488.
    video = alice.sdp() + "m=video 47000 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
    d = alice.invite("2001", video)
    desk.hears("L/rg")
    desk.off_hook()
    ok = d.connected()
    assert [m["port"] != 0 for m in Sdp(ok.body).media] == [True, False], ok.body
    desk.on_hook()
    d.hung_up()
    alice.invite("2001", alice.sdp().replace("RTP/AVP 0", "RTP/AVP 97") + "a=rtpmap:97 G729/8000\r\n").failed(488)
    rows = [r for r in s.gw.cdrs(1) if r["target"] == "desk" or r["source"] == "desk"]
    assert rows and all(r["caller"] == "2001" for r in rows if r["source"] == "desk"), rows
    g.close()
