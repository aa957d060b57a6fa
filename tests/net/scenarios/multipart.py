#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""A body of several parts (RFC 5621): our description stands in the place of the caller's, the other parts pass byte for byte (a location, RFC 6442);
also where there is no description; parts nested without end are refused and cost nothing."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from sipmsg import Sdp  # noqa: E402

PIDF = '--sep\r\nContent-Type: application/pidf+xml\r\nContent-ID: <loc@alice>\r\n\r\n<presence entity="pres:x"/>\r\n'


def parts(sdp):
    return f"{PIDF}--sep\r\nContent-Type: application/sdp\r\n\r\n{sdp}\r\n--sep--\r\n"


with stage() as s:
    alice, bob = s.pair()

    def invite(body, kind):
        return alice.invite("1002", body, [("Content-Type", kind), ("Geolocation", "<cid:loc@alice>"), ("Geolocation-Routing", "yes")])

    # The phone adds a type of its own: take that away.
    plain = alice.send
    alice.send = lambda data, to=None: plain(data.replace(b"Content-Type: application/sdp\r\nContent-Length", b"Content-Length") if b"multipart/" in data else data, to)

    d = invite(parts(alice.sdp()), "multipart/mixed;boundary=sep")
    e, m = bob.answer_invite()
    assert m.get("content-type") == "multipart/mixed;boundary=sep" and m.get("geolocation") == "<cid:loc@alice>", m.raw
    assert m.body.startswith(PIDF), m.body
    inner = m.body[len(PIDF):].split("\r\n\r\n", 1)[1].rsplit("\r\n--sep--", 1)[0]
    assert Sdp(inner).at()[0] == s.gw_b and s.ip_a not in inner, inner
    e.reply(m, 200, "OK", bob.sdp())
    e.get("ACK")
    ok = d.response(200)
    assert Sdp(ok.body).at()[0] == s.gw_a
    d.ack(ok)
    d.bye(e)

    # Without a description: the called side makes the offer, and the location is there all the same.
    d = invite(PIDF + "--sep--\r\n", "multipart/mixed;boundary=sep")
    e, m = bob.answer_invite()
    assert m.get("content-type") == "multipart/mixed;boundary=sep" and m.body == PIDF + "--sep--\r\n", m.raw
    e.reply(m, 200, "OK", bob.sdp())
    ok = d.response(200)
    assert Sdp(ok.body).at()[0] == s.gw_a
    d.ack(ok, alice.sdp())
    assert Sdp(e.get("ACK").body).at()[0] == s.gw_b
    d.bye(e)

    # Whatever else a message carries passes with it, either way: the signalling of a telephone network (RFC 3372), say, for which there are no headers.
    ISUP = "application/isup;version=itu-t92+"

    def mixed(sdp, isup):
        return f"--x\r\nContent-Type: application/sdp\r\n\r\n{sdp}\r\n--x\r\nContent-Type: {ISUP}\r\n\r\n{isup}\r\n--x--\r\n"

    def check(m, isup, ip):
        assert m.get("content-type").startswith("multipart/mixed") and f"Content-Type: {ISUP}\r\n\r\n{isup}\r\n--" in m.body, m.raw
        assert f"c=IN IP4 {ip}" in m.body, m.body
        return m

    MIXED = "multipart/mixed;boundary=x"
    d = alice.invite("1002")
    e, m = bob.answer_invite()
    e.reply(m, 180, "Ringing", "ACM", content_type=ISUP)
    ringing = d.response(180)
    assert ringing.get("content-type") == ISUP and ringing.body == "ACM", ringing.raw
    e.reply(m, 183, "Progress", mixed(bob.sdp(), "CPG"), content_type=MIXED)
    check(d.response(183), "CPG", s.gw_a)
    e.reply(m, 200, "OK", "ANM", content_type=ISUP)  # what it describes, it has described before
    ok = check(d.response(200), "ANM", s.gw_a)
    d.ack(ok)
    e.get("ACK")
    d.request("INVITE", mixed(alice.sdp(direction="sendonly"), "SUS"), content_type=MIXED)
    m = check(e.get("INVITE"), "SUS", s.gw_b)
    e.reply(m, 200, "OK", mixed(bob.sdp(direction="recvonly"), "RES"), content_type=MIXED)
    ok = check(d.response(200, method="INVITE"), "RES", s.gw_a)
    d.ack(ok)
    e.get("ACK")
    e.request("BYE", "REL", content_type=ISUP)
    bye = d.hung_up()
    assert bye.get("content-type") == ISUP and bye.body == "REL", bye.raw
    assert e.response(method="BYE").status == 200
    d = alice.invite("1002")
    e, m = bob.answer_invite()
    e.reply(m, 486, "Busy", "REL", content_type=ISUP)
    e.get("ACK")
    busy = d.failed(486)
    assert busy.get("content-type") == ISUP and busy.body == "REL", busy.raw
    d = alice.invite("1002")
    e, m = bob.answer_invite()
    e.reply(m, 488, "Not Acceptable Here", bob.sdp())
    e.get("ACK")
    assert not d.failed(488).body, "what the callee could do would name it"

    bomb = "x"
    for depth in range(40):
        bomb = f"--b{depth}\r\nContent-Type: multipart/mixed;boundary=b{depth - 1}\r\n\r\n{bomb}\r\n--b{depth}--\r\n"
    alice.password = None
    d = invite(bomb, "multipart/mixed;boundary=b39")
    refused = d.response(method="INVITE")
    assert refused.status == 400, refused
    d.ack(refused)
    assert s.gw.counter("refused", "parts") == 1
    assert alice.options() == 200
