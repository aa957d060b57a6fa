#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: flows
"""RFC 3665 section 3: sessions. Tandem stands where the RFC has a proxy, or between the phones where it has none, as a back-to-back user agent and as a proxy;
a further proxy is the carrier."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from flows import flow, run  # noqa: E402
from phone import host  # noqa: E402
from sipmsg import Sdp, digest  # noqa: E402
from steps import accepted, ringing, talk  # noqa: E402

REALM = 'Digest realm="biloxi.invalid", nonce="f84f1cec41e6cbe5aea9c8e88d359", qop="auth", algorithm=SHA-256'

MORE = """
domain redirect.invalid {{ role = redirect }}
trunk silent {{ peer = "{silent}" transport = {transport} address = "outside" first-response = 300ms }}
group proxies {{ members = {{ "silent", "carrier priority=1" }} }}
route proxies {{ prefix = "8" to = "proxies" }}
"""


@flow("3.1 Successful Session Establishment", alice="407 100 180 200 BYE", bob="INVITE ACK 200/BYE")
def establishment(s, alice, bob):
    a, b, invite, ok = s.call(alice, bob)
    talk(s, alice, ok, bob, invite)
    b.bye(a)


@flow("3.2 Session Establishment Through Two Proxies", alice="407 100 180 200 BYE", carrier="INVITE ACK 200/BYE")
def two_proxies(s, alice, carrier):
    a = alice.invite("9555")
    b, invite = carrier.answer_invite()
    assert invite.uri.startswith("sip:555@") and int(invite.get("max-forwards")) == 69, invite.raw
    hops = (len(invite.all("via")), len(invite.all("record-route")))
    assert hops == ((2, 2) if s.role == "proxy" else (1, 0)), invite.raw
    b.reply(invite, 100, "Trying")
    b.reply(invite, 180, "Ringing")
    a.response(180)
    ok = accepted(a, b, invite)
    talk(s, alice, ok, carrier, invite)
    b.bye(a)


@flow("3.3 Session with Multiple Proxy Authentication", alice="407 100 200 BYE", carrier="INVITE ACK INVITE ACK 200/BYE", proxy={"alice": "407 100 407 100 200 BYE"})
def two_authentications(s, alice, carrier):
    a = alice.invite("9555")
    first, challenged = carrier.answer_invite()
    first.refuse(challenged, 407, headers=[("Proxy-Authenticate", REALM)])
    if s.role == "proxy":  # it is Alice whom Proxy 2 asks
        answer = digest(a.failed(407).get("proxy-authenticate"), "INVITE", a.target, "tandem", "let-me-in")
        a.request("INVITE", alice.sdp(), headers=[a.credentials(2), ("Proxy-Authorization", answer)])
    b, invite = carrier.answer_invite()
    given = invite.all("proxy-authorization")
    assert len(given) == 1 and 'realm="biloxi.invalid"' in given[0] and invite.cseq == challenged.cseq + 1, invite.raw
    accepted(a, b, invite)
    b.bye(a)


@flow("3.4 Successful Session with Proxy Failure", roles=["b2bua"], alice="407 100 180 200 BYE", proxy1="INVITE", carrier="INVITE ACK 200/BYE")
def proxy_failure(s, alice, carrier, proxy1):
    before = proxy1.repeats
    a = alice.invite("8555")  # Proxy 1 is silent, Proxy 2 is the carrier
    b, invite = carrier.rings()
    a.response(180)
    ok = accepted(a, b, invite)
    talk(s, alice, ok, carrier, invite)
    b.bye(a)
    proxy1.drain()
    assert proxy1.repeats > before or s.trunks != "udp", "Proxy 1 was not asked again"


@flow("3.5 Session Through a SIP ALG", roles=["b2bua"], alice="407 100 180 200 200/BYE", bob="INVITE ACK BYE")
def alg(s, alice, bob):
    a, b, invite, ok = s.call(alice, bob)
    assert Sdp(invite.body).at()[0] == s.gw_b and Sdp(ok.body).at()[0] == s.gw_a, "the media do not end here"
    assert alice.ip.encode() not in invite.raw and bob.ip.encode() not in ok.raw
    talk(s, alice, ok, bob, invite)
    a.bye(b)


@flow("3.6 Session via Redirect and Proxy Servers with SDP in ACK", alice="407 302 407 100 180 200 BYE", bob="INVITE ACK 200/BYE")
def sdp_in_ack(s, alice, bob):
    first = alice.invite("1002", body="", uri="sip:1002@redirect.invalid")
    moved = first.failed(302)
    assert [c.partition(";q=")[0] for c in moved.all("contact")] == [f"<{bob.uri()}>"], moved.raw
    a = alice.invite("1002", body="")
    b, invite = bob.rings()
    assert not invite.body
    a.response(180)
    b.accept(invite)
    ok = a.response(200)
    a.ack(ok, alice.sdp())
    ack = b.get("ACK")
    talk(s, alice, ok, bob, ack)
    b.bye(a)


@flow("3.7 Session with re-INVITE (IP Address Change)", alice="407 100 180 200 INVITE ACK 200/BYE", bob="INVITE ACK", moved="100 200 BYE",
      web=["b2bua"])  # a proxy has the flow that is gone in its Record-Route (RFC 5626 5.3)
def address_change(s, alice, bob, moved):
    a, b, invite, ok = s.call(alice, bob)
    talk(s, alice, ok, bob, invite)
    version = Sdp(ok.body).version
    b.phone = moved
    if s.transport != "udp":
        bob.wire.hang_up()  # as what was at the old address does
    b.request("INVITE", moved.sdp(version=2))
    change = a.get("INVITE")
    if s.role == "b2bua":
        assert Sdp(change.body).version in (version, version + 1) and Sdp(change.body).at() == Sdp(ok.body).at(), "Alice hears from where she did"
    a.accept(change)
    back = b.connected()
    a.get("ACK")
    talk(s, alice, change, moved, back)
    a.bye(b)
    if s.transport != "udp":
        before = len(bob.received)
        bob.register()
        del bob.received[before:]


@flow("3.8 Unsuccessful No Answer", alice="407 100 180 {200/CANCEL 487}", bob="INVITE CANCEL ACK")
def no_answer(s, alice, bob):
    a, b, invite = ringing(alice, bob)
    a.cancel()
    assert a.response(method="CANCEL").status == 200
    cancel = b.cancelled(invite)
    assert cancel.get("via") == invite.get("via") and cancel.cseq == invite.cseq and cancel.uri == invite.uri, cancel.raw
    a.failed(487)


@flow("3.9 Unsuccessful Busy", alice="407 100 486", bob="INVITE ACK")
def busy(s, alice, bob):
    a = alice.invite("1002")
    b, invite = bob.answer_invite()
    b.refuse(invite, 486)
    a.failed(486)


@flow("3.10 Unsuccessful No Response from User Agent", alice="407 100 408", bob="INVITE")
def no_response(s, alice, bob):
    before = bob.repeats
    a = alice.invite("1002")
    bob.answer_invite()
    a.failed(408)  # by RFC 3261 16.8; this RFC has 480
    bob.drain()
    assert bob.repeats == before + (6 if s.transport == "udp" else 0), f"{bob.repeats - before} retransmissions in 64*T1 (RFC 3261 17.1.1.2)"


@flow("3.11 Unsuccessful Temporarily Unavailable", alice="407 100 180 480", bob="INVITE ACK")
def unavailable(s, alice, bob):
    a, b, invite = ringing(alice, bob)
    b.refuse(invite, 480)
    a.failed(480)


def more(s):
    s.elsewhere = s.another("b")
    return MORE.format(silent=f"{host(s.elsewhere)}:5065", transport=s.trunks)


def cast(s):
    alice, bob = s.pair()
    return {"alice": alice, "bob": bob, "carrier": s.carrier(), "moved": s.phone("b", ip=s.elsewhere),
            "proxy1": s.phone("b", "proxy1", ip=s.elsewhere, port=5065, transport=s.trunks)}


run(cast, more=more, roles=("b2bua", "proxy"), trunk='auth-user = "tandem" password = "let-me-in"')
