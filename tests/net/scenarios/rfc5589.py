#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: flows
"""RFC 5589 sections 6 to 11: transfer. Alice is the transferee, Bob the transferor, Carol the target. As a B2BUA Tandem is the transferee's agent: it calls the target
and moves Alice; as a proxy it lets them do all of it themselves."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from flows import flow, run  # noqa: E402
from phone import host  # noqa: E402
from sipmsg import Sdp  # noqa: E402
from steps import accepted, hold, in_place_of, moved, news, notify, refer, replaces, resume, subscribe, talk, target_dialog  # noqa: E402

HELD = "407 100 180 200 INVITE ACK "       # Alice has called, and is on hold
HOLDS = "INVITE ACK 100 200 "              # Bob was called, and holds her
CONSULTS = HOLDS + "407 100 180 200 100 200 "  # ... and Carol, whom he has called
CONSULTED = "INVITE ACK INVITE ACK "


def carols(s):
    """Carol's address, as Bob knows it."""
    return f"sip:1003@{host(s.gw_b)}"


def held(s, alice, bob):
    """Dialog 1: Alice calls Bob, who puts her on hold."""
    a, b, _, _ = s.call(alice, bob)
    hold(b, a)
    return a, b


def consulted(s, alice, bob, carol):
    """Dialog 2 as well: Bob calls Carol and puts her on hold."""
    a, b = held(s, alice, bob)
    b2, c, _, _ = s.call(bob, carol, "1003")
    hold(b2, c)
    return a, b, b2, c


def comes(carol, told):
    """Carol's phone rings and she takes the call; who asked for it hears so."""
    c, invite = carol.rings()
    told.told(180)
    c.accept(invite)
    c.get("ACK")
    told.told(200)
    return c, invite


def together(s, a, to_a, c, to_c):
    """Alice and Carol hear each other, and hang up."""
    talk(s, a.phone, to_a, c.phone, to_c)
    a.bye(c)


# --- 6 basic transfer

@flow("6.1 Successful Transfer", roles=["b2bua"], alice=HELD + "INVITE ACK 200/BYE", bob=HOLDS + "407/REFER 202/REFER NOTIFY NOTIFY NOTIFY BYE",
      carol="INVITE ACK BYE")
def successful(s, alice, bob, carol):
    a, b = held(s, alice, bob)
    r, _ = refer(bob, "1001", carols(s), target_dialog(b))
    r.told(100)
    c, invite = comes(carol, r)
    b.hung_up()
    offer = moved(a)
    assert Sdp(invite.body).media[0]["direction"] == Sdp(offer.body).media[0]["direction"] == "sendrecv", "the hold went with the transferor"
    together(s, a, offer, c, invite)


@flow("6.2 Transfer with Dialog Reuse", roles=["b2bua"], alice=HELD + "INVITE ACK 200/BYE", bob=HOLDS + "202/REFER NOTIFY NOTIFY NOTIFY BYE",
      carol="INVITE ACK BYE")
def reuse(s, alice, bob, carol):
    a, b = held(s, alice, bob)
    b.refer(carols(s))
    b.told(100)
    c, invite = comes(carol, b)
    b.hung_up()
    together(s, a, moved(a), c, invite)


@flow("6.3.1 Target Busy", roles=["b2bua"], alice=HELD + "INVITE ACK BYE", bob=HOLDS + "407/REFER 202/REFER NOTIFY NOTIFY 100 200 200/BYE", carol="INVITE ACK")
def busy(s, alice, bob, carol):
    a, b = held(s, alice, bob)
    r, _ = refer(bob, "1001", carols(s), target_dialog(b))
    r.told(100)
    c, invite = carol.answer_invite()
    c.refuse(invite, 486)
    r.told(486)
    resume(b, a)
    b.bye(a)


@flow("6.3.2 Transfer Target Does Not Answer", roles=["b2bua"], alice=HELD + "INVITE ACK BYE",
      bob=HOLDS + "407/REFER 202/REFER NOTIFY NOTIFY NOTIFY 100 200 200/BYE", carol="INVITE CANCEL ACK")
def no_answer(s, alice, bob, carol):
    a, b = held(s, alice, bob)
    r, _ = refer(bob, "1001", f"sip:4003@{host(s.gw_b)}", target_dialog(b))
    r.told(100)
    c, invite = carol.rings()
    r.told(180)
    c.cancelled(invite)
    r.told(408)
    resume(b, a)
    b.bye(a)


# --- 7 transfer with consultation hold

@flow("7.1 Exposing Transfer Target", roles=["b2bua"], alice=HELD + "INVITE ACK 200/BYE",
      bob=CONSULTS + "200/BYE 407/REFER 202/REFER NOTIFY NOTIFY NOTIFY BYE", carol=CONSULTED + "BYE INVITE ACK BYE")
def exposing(s, alice, bob, carol):
    a, b, b2, c = consulted(s, alice, bob, carol)
    b2.bye(c)
    r, _ = refer(bob, "1001", carols(s), target_dialog(b))
    r.told(100)
    c, invite = comes(carol, r)
    b.hung_up()
    together(s, a, moved(a), c, invite)


@flow("7.2 Protecting Transfer Target", roles=["b2bua"], alice=HELD + "INVITE ACK 200/BYE",
      bob=CONSULTS + "407/REFER 202/REFER NOTIFY {NOTIFY BYE BYE}", carol=CONSULTED + "INVITE ACK BYE")
def protecting(s, alice, bob, carol):
    a, b, b2, c = consulted(s, alice, bob, carol)
    r, _ = refer(bob, "1003", in_place_of(f"sip:1001@{host(s.gw_b)}", b), target_dialog(b2))
    r.told(100)
    to_a = moved(a)  # Alice comes to Carol, whom she does not know
    r.told(200)
    b.hung_up(), b2.hung_up()
    together(s, a, to_a, c, moved(c))


@flow("7.3 Attended Transfer", roles=["b2bua"], alice=HELD + "INVITE ACK 200/BYE", bob=CONSULTS + "407/REFER 202/REFER NOTIFY {NOTIFY BYE BYE}",
      carol=CONSULTED + "INVITE ACK BYE")
def attended(s, alice, bob, carol):
    a, b, b2, c = consulted(s, alice, bob, carol)
    r, _ = refer(bob, "1001", in_place_of(carols(s), b2), target_dialog(b))
    r.told(100)
    to_c = moved(c)
    r.told(200)
    b.hung_up(), b2.hung_up()
    together(s, a, moved(a), c, to_c)


@flow("7.5 Attended Transfer When Contact URI Is Not Known to Route to a Unique User Agent", roles=["b2bua"], alice=HELD + "INVITE ACK 200/BYE",
      bob=CONSULTS + "202/REFER NOTIFY {NOTIFY BYE BYE}", carol=CONSULTED + "INVITE ACK BYE")
def to_the_aor(s, alice, bob, carol):
    a, b, b2, c = consulted(s, alice, bob, carol)
    b.refer(in_place_of(carols(s), b2, "&Require=replaces"))
    b.told(100)
    to_c = moved(c)
    b.told(200)
    b.hung_up(), b2.hung_up()
    together(s, a, moved(a), c, to_c)


@flow("7.6 Semi-Attended Transfer", roles=["b2bua"], alice=HELD + "INVITE ACK 200/BYE",
      bob=HOLDS + "407 100 180 407/REFER 202/REFER NOTIFY NOTIFY 200 {NOTIFY BYE BYE}", carol="INVITE ACK INVITE ACK BYE")
def semi_attended(s, alice, bob, carol):
    a, b = held(s, alice, bob)
    b2 = bob.invite("1003")
    c, invite = carol.rings()
    b2.response(180)
    r, _ = refer(bob, "1001", in_place_of(carols(s), b2), target_dialog(b))
    r.told(100), r.told(180)
    accepted(b2, c, invite)
    to_c = moved(c)
    r.told(200)
    b.hung_up(), b2.hung_up()
    together(s, a, moved(a), c, to_c)


# --- where Tandem is a proxy, they do it themselves

def calls(one, other, number, headers=()):
    """One phone calls the other; both dialogs."""
    d = one.invite(number, headers=headers)
    e, invite = other.rings()
    d.response(180)
    accepted(d, e, invite)
    return d, e


def takes_place(one, other, number, name):
    """INVITE with Replaces, which the other takes."""
    d = one.invite(number, headers=[("Replaces", name), ("Require", "replaces")])
    e, invite = other.answer_invite()
    assert invite.get("replaces") == name, invite.raw
    accepted(d, e, invite)
    return d, e


def asked(d, e, to, status=202):
    """REFER within the dialog, which the other phone answers."""
    d.request("REFER", headers=[("Refer-To", f"<{to}>")])
    m = e.get("REFER")
    e.reply(m, status, "So be it")
    assert d.response(method="REFER").status == status
    return m


def tells(e, d, *statuses):
    for status in statuses:
        notify(e, f"SIP/2.0 {status} Whatever\r\n", status >= 200)
        d.told(status)
        assert e.response(method="NOTIFY").status == 200


@flow("7.3 the same by themselves", roles=["proxy"], alice="407 100 180 200 REFER 200/NOTIFY 407 100 200 200/NOTIFY BYE 200/BYE",
      bob="INVITE ACK 407 100 180 200 202/REFER NOTIFY BYE NOTIFY 200/BYE", carol="INVITE ACK INVITE ACK 200/BYE BYE")
def attended_by_phones(s, alice, bob, carol):
    a, b = calls(alice, bob, "1002")
    b2, c = calls(bob, carol, "1003")
    m = asked(b, a, in_place_of("sip:1003@proxy.invalid", b2))
    assert in_place_of("sip:1003@proxy.invalid", b2) in m.get("refer-to"), m.raw
    tells(a, b, 100)
    a2, c2 = takes_place(alice, carol, "1003", replaces(b2))
    c.bye(b2)
    tells(a, b, 200)
    b.bye(a)
    a2.bye(c2)


@flow("7.4 Recovery When One Party Does Not Support REFER", roles=["proxy"], alice="407 100 180 200 REFER INVITE ACK 200/BYE BYE",
      bob="INVITE ACK 407 100 180 200 501/REFER 202/REFER NOTIFY NOTIFY BYE 200/BYE", carol="INVITE ACK REFER 200/NOTIFY 407 100 200 200/NOTIFY BYE 200/BYE")
def recovery(s, alice, bob, carol):
    a, b = calls(alice, bob, "1002")
    b2, c = calls(bob, carol, "1003")
    asked(b, a, in_place_of("sip:1003@proxy.invalid", b2), 501)
    asked(b2, c, in_place_of("sip:1001@proxy.invalid", b))
    tells(c, b2, 100)
    c2, a2 = takes_place(carol, alice, "1001", replaces(b))
    tells(c, b2, 200)
    a.bye(b)
    b2.bye(c)
    c2.bye(a2)


@flow("7.7 Attended Transfer Fallback to Basic Transfer", roles=["proxy"], alice="407 100 180 200 OPTIONS REFER 200/NOTIFY 407 100 180 200 200/NOTIFY BYE BYE",
      bob="INVITE ACK 200/OPTIONS 407 100 420 202/REFER NOTIFY NOTIFY 200/BYE", carol="INVITE ACK INVITE ACK 200/BYE")
def fallback(s, alice, bob, carol):
    a, b = calls(alice, bob, "1002")
    b.request("OPTIONS")
    a.reply(a.get("OPTIONS"), 200, "OK", headers=[("Allow", "INVITE, ACK, BYE, CANCEL, OPTIONS, REFER, NOTIFY"), ("Supported", "replaces")])
    assert "REFER" in b.response(method="OPTIONS").get("allow")
    b2 = bob.invite("1003", headers=[("Require", "replaces")])
    c, invite = carol.answer_invite()
    assert invite.get("require") == "replaces", invite.raw
    c.refuse(invite, 420, headers=[("Unsupported", "replaces")])
    assert b2.failed(420).get("unsupported") == "replaces"
    asked(b, a, "sip:1003@proxy.invalid")
    tells(a, b, 100)
    a2, c = calls(alice, carol, "1003")
    tells(a, b, 200)
    b.bye(a)
    c.bye(a2)


# --- 8 to 10

@flow("8 Transfer with Referred-By", roles=["b2bua"], alice=HELD + "INVITE ACK 200/BYE", bob=HOLDS + "407/REFER 202/REFER NOTIFY NOTIFY NOTIFY BYE",
      carol="INVITE ACK BYE")
def referred_by(s, alice, bob, carol):
    a, b = held(s, alice, bob)
    r, _ = refer(bob, "1001", carols(s), target_dialog(b))
    r.told(100)
    c, invite = comes(carol, r)
    assert f"<sip:bob@{host(s.gw_b)}>" in invite.get("referred-by"), invite.raw
    b.hung_up()
    together(s, a, moved(a), c, invite)


@flow("9 Transfer as an Ad Hoc Conference", roles=["b2bua"], alice=HELD + "407/SUBSCRIBE 200/SUBSCRIBE NOTIFY NOTIFY NOTIFY INVITE ACK NOTIFY 200/BYE",
      bob=HOLDS + "SUBSCRIBE 200/NOTIFY 407 100 180 200 SUBSCRIBE 200/NOTIFY 200/NOTIFY 100 200 200/NOTIFY 202/REFER NOTIFY {NOTIFY BYE BYE} 200/NOTIFY 200/NOTIFY",
      carol="INVITE ACK 407/SUBSCRIBE 200/SUBSCRIBE NOTIFY INVITE ACK INVITE ACK NOTIFY BYE")
def conference(s, alice, bob, carol):
    a, b = held(s, alice, bob)                            # Bob is a focus now
    sa, na = subscribe(alice, "1002", bob, "conference")
    news(na, sa, "Bob and Alice")
    b2, c, _, _ = s.call(bob, carol, "1003")
    sc, nc = subscribe(carol, "1002", bob, "conference")
    news(nc, sc, "Bob is on hold")
    news(na, sa, "Bob and Carol")
    hold(b2, c)
    news(na, sa, "Carol is on hold")
    b.refer(in_place_of(carols(s), b2))
    b.told(100)
    to_c = moved(c)
    b.told(200)
    b.hung_up(), b2.hung_up()
    to_a = moved(a)
    news(nc, sc, "over", over=True)
    news(na, sa, "over", over=True)
    together(s, a, to_a, c, to_c)


@flow("10 Transfer with Multiple Parties", roles=["b2bua"], alice=HELD + "INVITE ACK 200/BYE",
      bob=HOLDS + "407 100 180 200 INVITE ACK INVITE ACK 100 200 202/REFER NOTIFY NOTIFY NOTIFY BYE 200/BYE",
      carol="INVITE ACK 100 200 407 100 180 200 100 200 202/REFER NOTIFY {NOTIFY BYE BYE}", dave=CONSULTED + "INVITE ACK INVITE ACK INVITE ACK BYE BYE")
def multiple(s, alice, bob, carol, dave):
    a, b = held(s, alice, bob)                        # Alice wants Dave; Bob will get him
    b2, c, _, _ = s.call(bob, carol, "1003")          # ... whom Carol screens
    hold(c, b2)
    c2, d, _, _ = s.call(carol, dave, "1004")
    hold(c2, d)
    c.refer(in_place_of(f"sip:1004@{host(s.gw_b)}", c2))  # she puts Bob through
    c.told(100)
    to_d = moved(d)
    c.told(200)
    c.hung_up(), c2.hung_up()
    talk(s, bob, moved(b2), dave, to_d)
    hold(b2, d, 11)                                   # who puts Dave on hold and sends Alice to him
    b.refer(f"sip:1004@{host(s.gw_b)}")
    b.told(100)
    d2, invite = comes(dave, b)
    b.hung_up()
    to_a = moved(a)
    b2.bye(d)
    together(s, a, to_a, d2, invite)


def cast(s):
    phones = dict(zip(("alice", "bob"), s.pair()))
    for port, name in enumerate(("carol", "dave"), 5071):
        phones[name] = s.phone("b", name, "secret", port=port)
        assert phones[name].register().status == 200
    return phones


run(cast, roles=("b2bua", "proxy"), more='''
user carol { password = "secret" numbers = { "1003" } address = "outside" }
user dave { password = "secret" numbers = { "1004" } address = "outside" }
hunt once { members = { "carol" } numbers = { "4003" } strategy = sequence ring-time = 300ms }
''')
