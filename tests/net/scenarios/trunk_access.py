#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""A trunk that has to show a name and a password, from its address and from anywhere; and the codecs that it may be offered and may offer, in order."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from sipmsg import Sdp  # noqa: E402

MORE = """
trunk strict {{ peer = "{ip}:5091" address = "outside" their-user = "pbx" their-password = "let me in" codecs = {{ "PCMA", "G722" }} }}
route s {{ prefix = "7" to = "strict" strip = 1 }}
route from-strict {{ prefix = "8" source = "strict" to = "alice" }}
"""
OFFER = ["m=audio 40000 RTP/AVP 0 9 8 101", "a=rtpmap:0 PCMU/8000", "a=rtpmap:9 G722/8000", "a=rtpmap:8 PCMA/8000", "a=rtpmap:101 telephone-event/8000",
         "a=fmtp:101 0-15", "a=sendrecv"]
ANSWER = ["m=audio 40100 RTP/AVP 8 101", "a=rtpmap:8 PCMA/8000", "a=rtpmap:101 telephone-event/8000", "a=sendrecv"]

with stage() as s:
    s.gw.configure(more=MORE.format(ip=s.ip_b))
    s.gw.ctl("reload")
    alice, _ = s.pair()
    known, elsewhere = s.phone("b", "pbx", "let me in", port=5091), s.phone("b", "pbx", "let me in", port=5060, ip=s.another("b"))

    def calls_in(peer, wanted=None):
        """A call of the trunk's to Alice, after a challenge; the record says whose it is."""
        d = peer.invite("8001", body=peer.sdp(media=OFFER))
        assert any(m.status == 407 and m.get("call-id") == d.call_id for m in peer.received), "not challenged"
        if wanted:
            final = d.response()
            d.ack(final)
            assert final.status == wanted, final
            return
        da, invite = alice.answer_invite()
        assert Sdp(invite.body).media[0]["formats"] == ["8", "9", "101"], invite.body
        assert "PCMU" not in invite.body, invite.body
        da.reply(invite, 200, "OK", alice.sdp(media=ANSWER))
        d.ack(d.response(200))
        da.get("ACK")
        d.bye(da)

    calls_in(known)
    calls_in(elsewhere)
    known.password = elsewhere.password = "wrong"
    calls_in(known, 407)
    calls_in(elsewhere, 407)
    s.gw.idle()
    assert {r["source"] for r in s.gw.cdrs(2) if r["sip_code"] == 200} == {"strict"}, s.gw.cdrs(2)

    # Out: what the trunk may hear of, in its order; a caller without any of it cannot call there.
    d = alice.invite("7555", body=alice.sdp(media=OFFER))
    db, invite = known.answer_invite()
    assert Sdp(invite.body).media[0]["formats"] == ["8", "9", "101"] and "PCMU" not in invite.body, invite.body
    db.reply(invite, 200, "OK", known.sdp(media=ANSWER))
    ok = d.response(200)
    assert Sdp(ok.body).media[0]["formats"] == ["8", "101"], ok.body
    d.ack(ok)
    db.get("ACK")
    d.bye(db)
    d = alice.invite("7556")
    final = d.response()
    d.ack(final)
    assert final.status == 488, final
    known.nothing(lambda m: m.method == "INVITE" and "7556" in m.uri, 0.1)

    # Calls a second, either way: the third has to wait for the next one.
    carrier = s.carrier()
    s.gw.configure(more="", trunk="max-rate = 2")
    s.gw.ctl("reload")
    statuses = [carrier.ask("INVITE", f"sip:5559@{s.gw_b}", body=carrier.sdp()).status for _ in range(3)]
    assert statuses == [404, 404, 503], statuses
    d = alice.invite("9555")
    final = d.response()
    d.ack(final)
    assert final.status == 503, final
