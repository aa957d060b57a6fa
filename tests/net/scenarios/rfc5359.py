#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: flows
"""RFC 5359 section 2: services. Tandem is the proxy of the figures, and does what they leave to it."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from flows import flow, run  # noqa: E402
from phone import Dialog, host  # noqa: E402
from sipmsg import Sdp, digest  # noqa: E402
from steps import accepted, hold, in_place_of, moved, replaces, resume, talk  # noqa: E402


# --- 2.1, 2.2 hold

@flow("2.1 Call Hold", alice="407 100 180 200 INVITE ACK INVITE ACK 200/BYE", bob="INVITE ACK 100 200 100 200 BYE")
def call_hold(s, alice, bob):
    a, b, invite, ok = s.call(alice, bob)
    talk(s, alice, ok, bob, invite)
    hold(b, a)
    resume(b, a)
    talk(s, alice, ok, bob, invite)
    a.bye(b)


@flow("2.2 Consultation Hold", alice="407 100 180 200 INVITE ACK INVITE ACK 200/BYE", carol="INVITE ACK BYE",
      bob="INVITE ACK 100 200 407 100 180 200 200/BYE 100 200 BYE")
def consultation(s, alice, bob, carol):
    a, b, invite, ok = s.call(alice, bob)
    hold(b, a)
    consulting, c, second, answer = s.call(bob, carol, "1003")
    talk(s, bob, answer, carol, second)
    consulting.bye(c)
    resume(b, a)
    talk(s, alice, ok, bob, invite)
    a.bye(b)


# --- 2.4 to 2.6 transfer: Tandem is the transferee of the one who asks, and moves the one who stays

@flow("2.4 Transfer - Unattended", bob="407 100 180 200 INVITE ACK 200/BYE", alice="INVITE ACK 202/REFER NOTIFY 200/BYE", carol="INVITE ACK BYE")
def unattended(s, alice, bob, carol):
    b, a, _, _ = s.call(bob, alice, "1001")
    a.refer(f"sip:1003@{host(s.gw_a)}")
    a.told(100)
    a.hang_up()
    c, invite = carol.rings()
    assert f"<sip:alice@{host(s.gw_b)}>" in invite.get("referred-by"), invite.raw
    c.accept(invite)
    c.get("ACK")
    offer = moved(b)
    talk(s, bob, offer, carol, invite)
    b.bye(c)


@flow("2.4 the same, told to the end", bob="407 100 180 200 INVITE ACK 200/BYE", alice="INVITE ACK 202/REFER NOTIFY NOTIFY NOTIFY BYE", carol="INVITE ACK BYE")
def unattended_told(s, alice, bob, carol):
    b, a, _, _ = s.call(bob, alice, "1001")
    a.refer(f"sip:1003@{host(s.gw_a)}")
    a.told(100)
    c, invite = carol.rings()
    a.told(180)
    c.accept(invite)
    c.get("ACK")
    a.told(200)
    a.hung_up()
    moved(b)
    b.bye(c)


@flow("2.5 Transfer - Attended", alice="407 100 180 200 INVITE ACK INVITE ACK 200/BYE", carol="INVITE ACK INVITE ACK INVITE ACK BYE",
      bob="INVITE ACK 100 200 407 100 180 200 100 200 202/REFER NOTIFY {NOTIFY BYE BYE}")
def attended(s, alice, bob, carol):
    a, b, _, _ = s.call(alice, bob)
    hold(b, a)
    consulting, c, _, _ = s.call(bob, carol, "1003")
    hold(consulting, c)
    b.refer(in_place_of(f"sip:1003@{host(s.gw_b)}", consulting))
    b.told(100)
    invite = moved(c)
    b.told(200)
    b.hung_up()
    consulting.hung_up()
    offer = moved(a)
    assert Sdp(invite.body).media[0]["direction"] == Sdp(offer.body).media[0]["direction"] == "sendrecv", "the hold went with the transferor"
    talk(s, alice, offer, carol, invite)
    a.bye(c)


@flow("2.6 Transfer - Instant Messaging", alice="407 100 180 200 INVITE ACK 200/BYE", bob="INVITE ACK 407/MESSAGE 200/MESSAGE BYE", carol="MESSAGE 407 100 200 BYE")
def messaging(s, alice, bob, carol):
    a, b, _, _ = s.call(alice, bob)
    message(bob, carol, "1003", in_place_of(f"sip:1001@{host(s.gw_b)}", b))
    c = carol.invite("1001", headers=[("Replaces", replaces(b))])
    offer = moved(a)
    ok = c.connected()
    b.hung_up()
    talk(s, alice, offer, carol, ok)
    a.bye(c)


def message(sender, receiver, number, text):
    """A MESSAGE, which arrives and is answered."""
    uri = f"sip:{number}@{host(sender.gateway)}"
    headers = [("Content-Type", "text/plain")]
    challenge = sender.ask("MESSAGE", uri, headers, text)
    answer = digest(challenge.get("proxy-authenticate"), "MESSAGE", uri, sender.user, sender.password)
    sender.ask("MESSAGE", uri, [*headers, ("Proxy-Authorization", answer)], text, wait=False)
    m = receiver.request("MESSAGE")
    assert m.body == text
    Dialog(receiver, m.get("call-id")).reply(m, 200, "OK", contact=False)
    assert sender.take(lambda m: m.cseq_method == "MESSAGE" and m.status, "answer to MESSAGE").status == 200


# --- 2.7 to 2.9 forwarding: of b1, b2 and b3, to the gateway and to b4

def forwarded(s, a, phone, by):
    """The call comes to the phone, which is told by whom, and takes it."""
    d, invite = phone.rings()
    assert f"<sip:{by}@" in invite.get("diversion"), invite.raw
    a.response(180)
    ok = accepted(a, d, invite)
    talk(s, a.phone, ok, phone, invite)
    a.bye(d)


@flow("2.7 Call Forwarding Unconditional", alice="407 181 180 200 200/BYE", gateway="INVITE ACK BYE")
def unconditional(s, alice, gateway):
    a = alice.invite("1011")
    a.response(181)
    forwarded(s, a, gateway, "always")


@flow("2.8 Call Forwarding - Busy", alice="407 100 181 180 200 200/BYE", b1="INVITE ACK", b4="INVITE ACK BYE")
def busy(s, alice, b1, b4):
    a = alice.invite("b1")
    d, invite = b1.answer_invite()
    d.refuse(invite, 486)
    a.response(181)
    forwarded(s, a, b4, "b1")


@flow("2.9 Call Forwarding - No Answer", alice="407 100 180 181 180 200 200/BYE", b2="INVITE CANCEL ACK", b4="INVITE ACK BYE")
def no_answer(s, alice, b2, b4):
    a = alice.invite("b2")
    d, invite = b2.rings()
    a.response(180)
    d.cancelled(invite)
    a.response(181)
    forwarded(s, a, b4, "b2")


# --- 2.12 find-me: the hunt group of b1 to b4

@flow("2.12 Find-Me", alice="407 100 180 200 BYE", b1="INVITE CANCEL ACK", b2="INVITE ACK", b3="INVITE ACK", b4="INVITE ACK 200/BYE")
def find_me(s, alice, b1, b2, b3, b4):
    a = alice.invite("4000")
    d, invite = b1.rings()
    a.response(180)
    d.cancelled(invite)
    for phone, status in ((b2, 480), (b3, 486)):
        d, invite = phone.answer_invite()
        d.refuse(invite, status)
    d, invite = b4.rings()
    ok = accepted(a, d, invite)
    talk(s, alice, ok, b4, invite)
    d.bye(a)


# --- 2.13, 2.14 screening

@flow("2.13 Call Management (Incoming Call Screening)", alice="407 403 407 403 407 100 486", b4="INVITE ACK")
def incoming_screening(s, alice, b4):
    alice.invite("1005").failed(403)
    alice.invite("1005", headers=[("P-Preferred-Identity", "<sip:bob@test.invalid>")]).failed(403)
    a = alice.invite("b4")  # others are called as ever
    d, invite = b4.answer_invite()
    d.refuse(invite, 486)
    a.failed(486)


@flow("2.14 Call Management (Outgoing Call Screening)", alice="407 403", bob="407 100 486", b4="INVITE ACK")
def outgoing_screening(s, alice, bob, b4):
    alice.invite("70001").failed(403)
    b = bob.invite("70001")
    d, invite = b4.answer_invite()
    d.refuse(invite, 486)
    b.failed(486)


# --- 2.18 click to dial: Alice's PC is "pc"

@flow("2.18 Click to Dial", pc="407/REFER 202/REFER", alice="REFER 407 100 180 200 200/BYE", carol="INVITE ACK BYE")
def click(s, pc, alice, carol):
    uri = "sip:1001@phones.invalid"  # a domain with the proxy role
    headers = [("Refer-To", f"<sip:1003@{host(s.gw_a)}>"), ("Refer-Sub", "false")]
    challenge = pc.ask("REFER", uri, headers)
    answer = digest(challenge.get("proxy-authenticate"), "REFER", uri, pc.user, pc.password)
    pc.ask("REFER", uri, [*headers, ("Proxy-Authorization", answer)], wait=False)
    refer = alice.request("REFER")
    assert "sip:1003@" in refer.get("refer-to") and refer.get("refer-sub") == "false", refer.raw
    Dialog(alice, refer.get("call-id")).reply(refer, 202, "Accepted", headers=[("Refer-Sub", "false")])
    assert pc.take(lambda m: m.cseq_method == "REFER" and m.status, "answer to REFER").status == 202
    a, c, _, _ = s.call(alice, carol, "1003")
    a.bye(c)


def cast(s):
    phones = dict(zip(("alice", "bob"), s.pair()))
    for port, name in enumerate(("carol", "b1", "b2", "b3", "b4"), 5061):
        phones[name] = s.phone("b", name, "secret", port=port)
        assert phones[name].register().status == 200
    return {"gateway": s.carrier(), "pc": s.phone("a", port=5070), **phones}


run(cast, more='''
domain phones.invalid { role = proxy }
user carol { password = "secret" numbers = { "1003" } address = "outside" }
user always { password = "secret" numbers = { "1011" } forward-all = "9555" }
user b1 { password = "secret" address = "outside" forward-busy = "b4" }
user b2 { password = "secret" address = "outside" forward-no-answer = "b4" no-answer-time = 300ms }
user b3 { password = "secret" numbers = { "1005" } address = "outside" }
user b4 { password = "secret" address = "outside" }
hunt bob-anywhere { members = { "b1", "b2", "b3", "b4" } numbers = { "4000" } strategy = sequence ring-time = 300ms }
route screened { called = "1005" source = "alice" to = "block:403" }
route no-seven { prefix = "7" source = "alice" to = "block:403" }
route seven { prefix = "7" to = "b4" }
''')
