#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""Two contacts ring, one is heard and the other answers: a caller that has agreed with the first one by reliable responses (RFC 3262) is offered what the second
describes (UPDATE) before its call is answered; also when the first one fails, and with a caller that knows no UPDATE. Without an offer two cannot each make one."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from media import both_ways  # noqa: E402
from sipmsg import Sdp  # noqa: E402

UPDATES = ("Allow", "INVITE, ACK, BYE, CANCEL, UPDATE, PRACK")
RELIABLE = [("Require", "100rel"), ("RSeq", "5"), UPDATES]


def alaw(phone):
    return phone.sdp(media=[f"m=audio {phone.media_port} RTP/AVP 8", "a=rtpmap:8 PCMA/8000"])


def both_laws(phone):
    return phone.sdp(media=[f"m=audio {phone.media_port} RTP/AVP 0 8"])


def finish(d, number):
    last, d.cseq = d.cseq, number
    ok = d.connected()
    d.cseq = last
    return ok


with stage() as s:
    alice, bob = s.pair()
    desk = s.phone("b", port=5090)
    desk.register(call_id="desk")
    ma, md = s.media(alice), s.media(desk)

    def heard(allow):
        """Both ring, and Bob is heard."""
        d = alice.invite("1002", both_laws(alice), headers=[("Supported", "100rel"), allow])
        number = d.cseq
        d1, i1 = bob.answer_invite()
        d2, i2 = desk.answer_invite()
        assert "100rel" in i1.get("supported") and "100rel" in i2.get("supported")
        d1.reply(i1, 183, "Progress", both_laws(bob), headers=RELIABLE)
        d1.reply(d1.get("PRACK"), 200, "OK")
        early = d.response(183)
        d.request("PRACK", headers=[("RAck", f"{early.get('rseq')} {early.cseq} INVITE")])
        assert d.response(method="PRACK").status == 200
        return d, number, (d1, i1), (d2, i2)

    for fails in (False, True):
        d, number, (d1, i1), (d2, i2) = heard(UPDATES)
        if fails:
            d1.refuse(i1, 486)
        d2.reply(i2, 200, "OK", alaw(desk))
        if not fails:
            d1.cancelled(i1)
        update = d.get("UPDATE")
        assert Sdp(update.body).media[0]["formats"] == ["8"], update.body
        alice.nothing(lambda m: m.status == 200, 0.05)
        d.reply(update, 200, "OK", alaw(alice))
        d2.get("ACK")
        assert not finish(d, number).body
        both_ways(ma, Sdp(update.body).at(), md, Sdp(i2.body).at())
        d.bye(d2)

    d = alice.invite("1002", "", headers=[("Supported", "100rel"), UPDATES])
    d1, i1 = bob.answer_invite()
    d2, i2 = desk.answer_invite()
    assert "100rel" not in i1.get("supported") and "100rel" not in i2.get("supported")
    d1.reply(i1, 180, "Ringing")
    d.response(180)
    d2.accept(i2)
    d1.cancelled(i1)
    d.connected(alice.sdp())
    assert d2.get("ACK").body
    d.bye(d2)

    # What she does not accept ends the call for both.
    d, number, (d1, i1), (d2, i2) = heard(UPDATES)
    d2.reply(i2, 200, "OK", alaw(desk))
    d1.cancelled(i1)
    d.reply(d.get("UPDATE"), 488, "Not Acceptable Here", contact=False)
    d2.get("ACK")
    d2.hung_up()
    d.cseq = number
    d.failed(488)

    # Without UPDATE the answer says it.
    d, number, (d1, i1), (d2, i2) = heard(("Allow", "INVITE, ACK, BYE, CANCEL, PRACK"))
    d2.reply(i2, 200, "OK", alaw(desk))
    d1.cancelled(i1)
    d2.get("ACK")
    assert Sdp(finish(d, number).body).media[0]["formats"] == ["8"]
    d.bye(d2)
