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

    bomb = "x"
    for depth in range(40):
        bomb = f"--b{depth}\r\nContent-Type: multipart/mixed;boundary=b{depth - 1}\r\n\r\n{bomb}\r\n--b{depth}--\r\n"
    alice.password = None
    d = invite(bomb, "multipart/mixed;boundary=b39")
    refused = d.response(method="INVITE")
    assert refused.status == 400, refused
    d.ack(refused)
    assert alice.options() == 200
