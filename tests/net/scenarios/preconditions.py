#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""Preconditions (RFC 3312, RFC 4032): who knows them agrees on them end to end, a 580 included; who does not is called without, once the caller's part is
reserved, and not before; optional ones hinder no call; a kill while one waits ends it cleanly."""
import re
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from media import both_ways  # noqa: E402
from sipmsg import Sdp  # noqa: E402

KNOWN = ("Allow", "INVITE, ACK, BYE, CANCEL, UPDATE, PRACK")
NEEDS = [("Require", "precondition"), ("Supported", "100rel"), KNOWN]


def reliable(rseq, *more):
    return [("Require", "100rel"), ("RSeq", str(rseq)), KNOWN, *more]


def qos(local, remote="none", strength="mandatory", conf=False):
    """What one side says of both segments (13.2)."""
    return [f"a=curr:qos local {local}", f"a=curr:qos remote {remote}", f"a=des:qos {strength} local sendrecv", f"a=des:qos {strength} remote sendrecv",
            *(["a=conf:qos remote sendrecv"] if conf else [])]


def lines(m):
    return re.findall(r"^(a=(?:curr|des|conf):.*)\r$", m.body, re.M)


def prack(d, response):
    """Acknowledges a reliable response; returns the CSeq of its INVITE."""
    d.request("PRACK", headers=[("RAck", f"{response.get('rseq')} {response.cseq} INVITE")])
    assert d.response(method="PRACK").status == 200
    return response.cseq


def heard(d, number, status):
    """A response to the INVITE of that CSeq, while later requests are under way."""
    last, d.cseq = d.cseq, number
    m = d.response(status, method="INVITE")
    d.cseq = last
    return m


def answered(d, number):
    last, d.cseq = d.cseq, number
    ok = d.connected()
    d.cseq = last
    return ok


with stage(process="restart-max = 50ms") as s:
    a, b = s.pair()
    ma, mb = s.media(a), s.media(b)

    # Both know them (13.2): everything passes, turned by nobody but the two.
    d = a.invite("1002", a.sdp(attributes=qos("none")), headers=NEEDS)
    number = d.cseq
    e, invite = b.answer_invite()
    assert invite.get("require") == "precondition" and {"100rel", "precondition"} <= set(invite.get("supported").split(", ")), invite.raw
    assert lines(invite) == qos("none"), invite.body
    e.reply(invite, 183, "Progress", b.sdp(attributes=qos("none", conf=True)), headers=reliable(5))
    e.reply(e.get("PRACK"), 200, "OK")
    progress = d.response(183)
    assert progress.get("require") == "100rel" and lines(progress) == qos("none", conf=True), progress.raw
    prack(d, progress)
    d.request("UPDATE", a.sdp(attributes=qos("sendrecv")), headers=[("Require", "precondition")])
    update = e.get("UPDATE")
    assert update.get("require") == "precondition" and lines(update) == qos("sendrecv"), update.raw
    e.reply(update, 200, "OK", b.sdp(attributes=qos("sendrecv", "sendrecv")))
    assert lines(d.response(200, method="UPDATE")) == qos("sendrecv", "sendrecv")
    e.reply(invite, 180, "Ringing", headers=reliable(6))
    e.reply(e.get("PRACK"), 200, "OK")
    heard(d, number, 180)
    e.reply(invite, 200, "OK")
    e.get("ACK")
    answered(d, number)
    both_ways(ma, Sdp(progress.body).at(), mb, Sdp(invite.body).at())
    d.bye(e)

    # What cannot be met: the failure passes with its description, which names nobody.
    d = a.invite("1002", a.sdp(attributes=qos("none")), headers=NEEDS)
    e, invite = b.answer_invite()
    e.reply(invite, 580, "Precondition Failure", b.sdp(media=[f"m=audio {b.media_port} RTP/AVP 0", "a=des:qos failure local sendrecv"]))
    e.get("ACK")
    failed = d.failed(580)
    assert lines(failed) == ["a=des:qos failure local sendrecv"] and "m=audio 0 " in failed.body and s.ip_b not in failed.body, failed.raw

    # Optional ones of a caller that can do without: the callee answers without, and the caller sees that.
    d = a.invite("1002", a.sdp(attributes=qos("none", strength="optional")), headers=[("Supported", "100rel, precondition"), KNOWN])
    e, invite = b.answer_invite()
    assert not invite.get("require") and lines(invite) == qos("none", strength="optional"), invite.raw
    e.reply(invite, 180, "Ringing")
    d.response(180)
    e.reply(invite, 200, "OK", b.sdp())
    e.get("ACK")
    assert not lines(d.connected())
    d.bye(e)

    # The callee knows none, and the caller's part is reserved: it is called again without, and ours is told to be reserved as well.
    d = a.invite("1002", a.sdp(attributes=qos("sendrecv")), headers=NEEDS)
    e, invite = b.answer_invite()
    e.refuse(invite, 420, headers=[("Unsupported", "precondition")])
    e, invite = b.answer_invite()
    assert not invite.get("require") and "precondition" not in invite.get("supported") and not lines(invite), invite.raw
    e.reply(invite, 180, "Ringing")
    d.response(180)
    e.reply(invite, 200, "OK", b.sdp())
    e.get("ACK")
    ok = d.connected()
    assert lines(ok) == ["a=curr:qos remote sendrecv", "a=des:qos mandatory remote sendrecv", "a=curr:qos local sendrecv", "a=des:qos mandatory local sendrecv"], ok.body
    both_ways(ma, Sdp(ok.body).at(), mb, Sdp(invite.body).at())
    d.bye(e)

    # ... and it is not: nothing rings before it is.
    def refused_and_waiting():
        d = a.invite("1002", a.sdp(attributes=qos("none")), headers=NEEDS)
        e, invite = b.answer_invite()
        e.refuse(invite, 420, headers=[("Unsupported", "precondition")])
        progress = d.response(183)
        assert progress.get("require") == "100rel" and "a=conf:qos remote sendrecv" in lines(progress), progress.raw
        assert Sdp(progress.body).at()[0] == s.gw_a, progress.body
        return d, prack(d, progress)

    d, number = refused_and_waiting()
    d.request("UPDATE", a.sdp(attributes=qos("send")), headers=[("Require", "precondition")])
    assert "a=conf:qos remote send" in lines(d.response(200, method="UPDATE"))
    b.nothing(lambda m: m.method == "INVITE", 0.1)
    d.request("UPDATE", a.sdp(attributes=qos("sendrecv")), headers=[("Require", "precondition")])
    assert not any("conf" in line for line in lines(d.response(200, method="UPDATE")))
    e, invite = b.answer_invite()
    assert not lines(invite), invite.body
    e.reply(invite, 180, "Ringing")
    heard(d, number, 180)
    e.reply(invite, 200, "OK", b.sdp(media=[f"m=audio {b.media_port} RTP/AVP 0"]))
    e.get("ACK")
    update = d.get("UPDATE")
    assert update.get("require") == "precondition" and "a=curr:qos local sendrecv" in lines(update), update.raw
    d.reply(update, 200, "OK", a.sdp(attributes=qos("sendrecv", "sendrecv")))
    answered(d, number)
    both_ways(ma, Sdp(update.body).at(), mb, Sdp(invite.body).at())
    d.bye(e)

    # Given up while it waits; and the call agent is killed.
    d, number = refused_and_waiting()
    last, d.cseq = d.cseq, number
    d.invite_lines = [(n, v) for n, v in d.invite_lines]
    d.give_up()
    d, number = refused_and_waiting()
    s.gw.kill("tandem-ca")
    last, d.cseq = d.cseq, number
    d.failed(503)
    assert a.options() == 200
    b.nothing(lambda m: m.method == "INVITE", 0.1)

    # ... killed while both agree.
    d = a.invite("1002", a.sdp(attributes=qos("none")), headers=NEEDS)
    number = d.cseq
    e, invite = b.answer_invite()
    e.reply(invite, 183, "Progress", b.sdp(attributes=qos("none", conf=True)), headers=reliable(5))
    e.reply(e.get("PRACK"), 200, "OK")
    prack(d, d.response(183))
    s.gw.kill("tandem-ca")
    e.cancelled(invite)
    d.cseq = number
    d.failed(503)

    # Mandatory ones of a kind that nobody here knows, which take both sides: who does not know the extension cannot be called.
    d = a.invite("1002", a.sdp(attributes=["a=curr:foo e2e none", "a=des:foo mandatory e2e sendrecv"]), headers=NEEDS)
    e, invite = b.answer_invite()
    e.refuse(invite, 420, headers=[("Unsupported", "precondition")])
    refused = d.response(method="INVITE")
    assert refused.status == 420 and refused.get("unsupported") == "precondition", refused.raw
    d.ack(refused)
