#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""MESSAGE (RFC 3428) and PUBLISH (RFC 3903) outside of dialogs go where calls do, authenticated, under names of ours; their outcome comes back.
MESSAGE inside a call goes to the other side of it."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from phone import host  # noqa: E402
from sipmsg import digest  # noqa: E402


def offer(phone, method, uri, body="hello, world", headers=(), content_type="text/plain"):
    """Sends one, with credentials when they are asked for; returns the Call-ID that the answer comes under."""
    call_id = f"{method}-{phone.cseq}@{phone.user}"
    fixed = [("Content-Type", content_type), *headers]
    if phone.password:
        challenge = phone.ask(method, uri, fixed, body)
        assert challenge.status == 407, challenge
        fixed.append(("Proxy-Authorization", digest(challenge.get("proxy-authenticate"), method, uri, phone.user, phone.password)))
    phone.ask(method, uri, fixed, body, replace={"Call-ID": call_id}, wait=False)
    return call_id


def outcome(phone, call_id):
    return phone.take(lambda m: m.status and m.status >= 200 and m.get("call-id") == call_id, "the outcome")


def reply(phone, m, status, headers=()):
    lines = [*(("Via", v) for v in m.all("via")), ("From", m.get("from")), ("To", m.get("to") + ";tag=x"), ("Call-ID", m.get("call-id")), ("CSeq", m.get("cseq")),
             *headers]
    phone.send(b"".join([f"SIP/2.0 {status} Because\r\n".encode(), *(f"{n}: {v}\r\n".encode() for n, v in lines), b"Content-Length: 0\r\n\r\n"]), m.source)


with stage() as s:
    alice, bob = s.pair()
    carrier = s.carrier()
    gateway = f"sip:1002@{host(s.gw_a)}"

    sent = offer(alice, "MESSAGE", gateway, headers=[("Subject", "greeting"), ("X-Private", "no")])
    m = bob.request("MESSAGE")
    assert m.body == "hello, world" and m.get("content-type") == "text/plain" and m.get("subject") == "greeting", m
    assert m.get("call-id") != sent and not m.get("x-private") and s.ip_a not in repr(m.raw), m.raw
    assert f"<sip:alice@{host(s.gw_b)}>" in m.get("p-asserted-identity"), m.raw
    assert m.get("max-forwards") == "69", m.raw
    reply(bob, m, 202)
    assert outcome(alice, sent).status == 202

    # Every phone of Bob's gets it; the first that takes it speaks for all, the best refusal when none does.
    other = s.phone("b", "bob", "builder", port=5070)
    assert other.register().status == 200
    sent = offer(alice, "MESSAGE", gateway)
    one, two = bob.request("MESSAGE"), other.request("MESSAGE")
    reply(bob, one, 486)
    alice.nothing(lambda m: m.get("call-id") == sent, 0.1)
    reply(other, two, 200)
    assert outcome(alice, sent).status == 200
    sent = offer(alice, "MESSAGE", gateway)
    reply(bob, bob.request("MESSAGE"), 486)
    reply(other, other.request("MESSAGE"), 415)
    assert outcome(alice, sent).status == 488

    # To a trunk, which asks who we are; and from it.
    sent = offer(alice, "MESSAGE", f"sip:90049301234@{host(s.gw_a)}")
    m = carrier.request("MESSAGE")
    reply(carrier, m, 200)
    assert outcome(alice, sent).status == 200
    sent = offer(carrier, "MESSAGE", f"sip:1001@{host(s.gw_b)}")
    reply(alice, alice.request("MESSAGE"), 200)
    assert outcome(carrier, sent).status == 200

    # Nobody, and nobody there.
    assert outcome(alice, offer(alice, "MESSAGE", f"sip:nobody@{host(s.gw_a)}")).status == 404
    other.register(expires=0), bob.register(expires=0)
    assert outcome(alice, offer(alice, "MESSAGE", gateway)).status == 480
    assert bob.register().status == 200

    assert (s.gw.counter("relay", "passed"), s.gw.counter("relay", "taken"), s.gw.counter("relay", "failed"), s.gw.counter("relay", "refused")) == (7, 4, 1, 2)

    # PUBLISH carries its entity tags both ways.
    sent = offer(alice, "PUBLISH", gateway, "<presence/>", [("Event", "presence"), ("Expires", "60"), ("SIP-If-Match", "tag1")], "application/pidf+xml")
    m = bob.request("PUBLISH")
    assert (m.get("event"), m.get("expires"), m.get("sip-if-match"), m.body) == ("presence", "60", "tag1", "<presence/>"), m.raw
    reply(bob, m, 200, [("SIP-ETag", "tag2"), ("Expires", "50")])
    ok = outcome(alice, sent)
    assert (ok.get("sip-etag"), ok.get("expires")) == ("tag2", "50"), ok.raw

    # Inside a call.
    da, db, _, _ = s.call(alice, bob)
    da.request("MESSAGE", "in a call", content_type="text/plain")
    m = db.get("MESSAGE")
    assert m.body == "in a call", m
    db.reply(m, 200, "OK")
    assert da.response(method="MESSAGE").status == 200
    da.bye(db)
