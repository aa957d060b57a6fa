#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: families
"""A carrier that asks for a password: the INVITE is sent again with the answer, by SHA-256 when offered; the caller learns nothing of it. A wrong password fails the call,
and another realm than the trunk's gets no credentials."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from sipmsg import digest, parameters  # noqa: E402

MD5 = 'Digest realm="carrier.invalid", nonce="abc123", qop="auth", algorithm=MD5'
SHA = 'Digest realm="carrier.invalid", nonce="def456", qop="auth", algorithm=SHA-256'


def challenged(s, alice, carrier, status, challenges):
    """A call up to the second INVITE, with the credentials it carries."""
    d = alice.invite("9555")
    first, invite = carrier.answer_invite()
    name, answer = ("WWW-Authenticate", "authorization") if status == 401 else ("Proxy-Authenticate", "proxy-authorization")
    first.reply(invite, status, "Who are you", headers=[(name, c) for c in challenges])
    ack = first.get("ACK")
    assert ack.cseq == invite.cseq
    second, again = carrier.answer_invite()
    assert again.cseq == invite.cseq + 1 and again.get("call-id") == invite.get("call-id") and again.tag("from") == invite.tag("from"), again.raw
    assert again.get("via") != invite.get("via") and again.body == invite.body
    return d, second, again, parameters(again.get(answer))


with stage(trunk='auth-user = "tandem-1" auth-realm = "carrier.invalid" password = "let-me-in"') as s:
    alice, bob = s.pair()
    carrier = s.carrier()
    for status, challenges, chosen in ((407, [MD5], MD5), (401, [SHA, MD5], SHA)):
        d, dc, invite, given = challenged(s, alice, carrier, status, challenges)
        wanted = parameters(digest(chosen, "INVITE", invite.uri, "tandem-1", "let-me-in", cnonce=given["cnonce"]))
        assert given["nc"] == "00000001" and given["username"] == "tandem-1" and given["uri"] == invite.uri, given
        assert given["response"] == wanted["response"], f"{given}, wanted {wanted}"
        dc.reply(invite, 180, "Ringing")
        d.response(180)
        dc.reply(invite, 200, "OK", carrier.sdp())
        d.ack(d.response(200))
        dc.get("ACK")
        d.bye(dc)
        assert not any(b"carrier.invalid" in m.raw for m in alice.received), "the caller saw the carrier's challenge"
    d, dc, invite, _ = challenged(s, alice, carrier, 407, [MD5])
    dc.reply(invite, 407, "Proxy Authentication Required", headers=[("Proxy-Authenticate", MD5.replace("abc123", "other"))])
    refused = d.response()
    d.ack(refused)
    assert refused.status == 403, f"{refused}: the caller cannot know the carrier's password"
    carrier.nothing(lambda m: m.method == "INVITE")
    d = alice.invite("9555")
    dc, invite = carrier.answer_invite()
    dc.reply(invite, 407, "Who are you", headers=[("Proxy-Authenticate", MD5.replace("carrier.invalid", "elsewhere.invalid"))])
    dc.get("ACK")
    refused = d.response()
    d.ack(refused)
    assert refused.status == 403, refused
    carrier.nothing(lambda m: m.method == "INVITE", 0.1)
    assert not any(m.get("proxy-authorization") and "elsewhere" in m.get("proxy-authorization") for m in carrier.received), "credentials for a foreign realm"
    d, dc, invite, given = challenged(s, alice, carrier, 407, [MD5.replace("carrier.invalid", "elsewhere.invalid"), MD5])
    assert given["realm"] == "carrier.invalid", given
    dc.reply(invite, 486, "Busy Here")
    d.ack(d.response())

    # It asks for a password inside the dialog as well: for whatever comes, each time.
    def asked(dialog, request):
        dialog.reply(request, 407, "Who are you", headers=[("Proxy-Authenticate", MD5.replace("abc123", f"n{request.cseq}"))], contact=False)
        if request.method == "INVITE":
            dialog.get("ACK")
        again = dialog.get(request.method)
        given, body = parameters(again.get("proxy-authorization")), [m.body for m in (request, again)]
        wanted = parameters(digest(MD5.replace("abc123", f"n{request.cseq}"), request.method, again.uri, "tandem-1", "let-me-in", cnonce=given["cnonce"]))
        assert given["response"] == wanted["response"] and body[0] == body[1] and again.get("rack") == request.get("rack"), again.raw
        return again

    known = ("Allow", "INVITE, ACK, BYE, CANCEL, UPDATE, PRACK, INFO")
    d = alice.invite("9555", headers=[("Supported", "100rel"), known])
    dc, invite = carrier.answer_invite()
    number = d.cseq
    dc.reply(invite, 183, "Progress", carrier.sdp(), headers=[("Require", "100rel"), ("RSeq", "5"), known])
    dc.reply(asked(dc, dc.get("PRACK")), 200, "OK")
    early = d.response(183)
    d.request("PRACK", headers=[("RAck", f"{early.get('rseq')} {number} INVITE")])
    assert d.response(method="PRACK").status == 200
    d.request("UPDATE", alice.sdp(direction="sendonly"))
    dc.reply(asked(dc, dc.get("UPDATE")), 200, "OK", carrier.sdp(direction="recvonly"))
    assert d.response(method="UPDATE").status == 200
    dc.reply(invite, 200, "OK", headers=[known])
    dc.get("ACK")
    last, d.cseq = d.cseq, number
    d.connected()
    d.cseq = last
    d.request("INFO", "Signal=5\r\n", content_type="application/dtmf-relay")
    dc.reply(asked(dc, dc.get("INFO")), 200, "OK")
    assert d.response(method="INFO").status == 200
    d.request("INVITE", alice.sdp())
    dc.accept(asked(dc, dc.get("INVITE")))
    d.connected()
    assert dc.get("ACK").get("proxy-authorization")
    d.hang_up()
    dc.reply(asked(dc, dc.get("BYE")), 200, "OK", contact=False)

    # ... also when it has called.
    dc = carrier.invite("1002")
    e, invite = bob.answer_invite()
    e.accept(invite)
    e.get("ACK")
    dc.connected()
    e.request("INVITE", bob.sdp())
    dc.accept(asked(dc, dc.get("INVITE")))
    dc.get("ACK")
    e.connected()
    e.request("BYE")
    assert e.response(method="BYE").status == 200
    dc.reply(asked(dc, dc.get("BYE")), 200, "OK", contact=False)
