#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: flows
"""RFC 3666, its SIP side: the PSTN gateways are trunks (NGW 1 is ngw1, and so on), Tandem is Proxy 1, as a back-to-back user agent and as a proxy."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from flows import flow, run  # noqa: E402
from nameserver import unbound  # noqa: E402
from phone import host  # noqa: E402
from steps import accepted, talk  # noqa: E402

BOB, CAROL, ALICE = "+19725552222", "4443333", "+13145551111"


def dial(alice, gateway, number):
    """Alice dials; what the gateway is asked."""
    a = alice.invite(number)
    g, invite = gateway.answer_invite()
    g.reply(invite, 100, "Trying")
    return a, g, invite


def treatment(a, g, invite, early=True):
    """The gateway has an Address Complete: 183 with early media."""
    g.reply(invite, 183, "Session Progress", g.phone.sdp() if early else "")
    return a.response(183)


# --- 2 SIP to PSTN Dialing

@flow("2.1 Successful SIP to ISUP PSTN call", alice="407 100 183 200 200/BYE", ngw1="INVITE ACK BYE")
def to_isup(s, alice, ngw1):
    a, g, invite = dial(alice, ngw1, BOB)
    assert invite.uri.startswith(f"sip:{BOB}@{host(ngw1.ip)}:5080"), invite.uri
    early = treatment(a, g, invite)
    talk(s, alice, early, ngw1, invite)
    ok = accepted(a, g, invite)
    talk(s, alice, ok, ngw1, invite)
    a.bye(g)


@flow("2.2 Successful SIP to ISDN PBX call", alice="407 100 180 200 200/BYE", gw1="INVITE ACK BYE")
def to_pbx(s, alice, gw1):
    a, g, invite = dial(alice, gw1, "918555" + CAROL[3:])
    assert invite.uri.startswith(f"sip:{CAROL}@"), "the number is not the one of the private plan"
    g.reply(invite, 180, "Ringing")
    a.response(180)
    accepted(a, g, invite)
    a.bye(g)


@flow("2.3 Successful SIP to ISUP PSTN call with overflow", alice="407 100 183 200 200/BYE", ngw1="INVITE ACK", ngw2="INVITE ACK BYE")
def overflow(s, alice, ngw1, ngw2):
    a, g, invite = dial(alice, ngw1, "7" + BOB)
    g.refuse(invite, 503)
    g, invite = ngw2.answer_invite()
    early = treatment(a, g, invite)
    talk(s, alice, early, ngw2, invite)
    ok = accepted(a, g, invite)
    talk(s, alice, ok, ngw2, invite)
    a.bye(g)


@flow("2.4 Session established using ENUM Query", roles=["b2bua"], alice="407 100 180 200 BYE", gw1="INVITE ACK 200/BYE")
def enum(s, alice, gw1):
    a = alice.invite("+4930123")
    b, invite = gw1.rings()
    assert invite.uri.startswith(f"sip:{CAROL}@"), "not what the NAPTR record says"
    a.response(180)
    accepted(a, b, invite)
    b.bye(a)


@flow("2.5 Unsuccessful SIP to PSTN call: Treatment from PSTN", alice="407 100 183 {200/CANCEL 487}", ngw1="INVITE CANCEL ACK")
def treated(s, alice, ngw1):
    a, g, invite = dial(alice, ngw1, BOB)
    early = treatment(a, g, invite)
    talk(s, alice, early, ngw1, invite)
    a.cancel()
    assert a.response(method="CANCEL").status == 200
    g.cancelled(invite)
    a.failed(487)


@flow("2.6 Unsuccessful SIP to PSTN: REL w/Cause from PSTN", alice="407 100 404", ngw1="INVITE ACK")
def released(s, alice, ngw1):
    a, g, invite = dial(alice, ngw1, BOB)
    g.refuse(invite, 404, headers=[("Reason", "Q.850;cause=1")])
    assert "cause=1" in a.failed(404).get("reason")


@flow("2.7 Unsuccessful SIP to PSTN: ANM Timeout", alice="407 100 183 480", ngw1="INVITE ACK")
def not_answered(s, alice, ngw1):
    a, g, invite = dial(alice, ngw1, BOB)
    treatment(a, g, invite)
    g.refuse(invite, 480)
    a.failed(480)


# --- 3 PSTN to SIP Dialing: Alice, in the PSTN, calls Bob, who is the SIP phone alice

@flow("3.1 Successful PSTN to SIP call", ngw1="100 180 200 200/BYE", alice="INVITE ACK BYE")
def from_pstn(s, alice, ngw1):
    g, b, invite, ok = s.call(ngw1, alice, ALICE)
    assert "9725552222" not in invite.uri and invite.uri == alice.uri(), invite.uri
    talk(s, ngw1, ok, alice, invite)
    g.bye(b)


@flow("3.2 Successful PSTN to SIP call, Fast Answer", ngw1="100 200 200/BYE", alice="INVITE ACK BYE")
def fast_answer(s, alice, ngw1):
    g = ngw1.invite(ALICE)
    b, invite = alice.answer_invite()
    accepted(g, b, invite)
    g.bye(b)


@flow("3.3 Successful PBX to SIP call", gw1="100 180 200 200/BYE", alice="INVITE ACK BYE")
def from_pbx(s, alice, gw1):
    g, b, invite, _ = s.call(gw1, alice, ALICE)
    assert "sip:gw1@" in invite.get("from"), invite.raw
    g.bye(b)


@flow("3.4 Unsuccessful PSTN to SIP REL, SIP error mapped to REL", ngw1="404")
def no_route(s, ngw1):
    ngw1.invite("55555").failed(404)  # 604 in the RFC: it speaks for all of the Internet, we for ourselves


@flow("3.5 Unsuccessful PSTN to SIP REL, SIP busy mapped to REL", ngw1="100 600", alice="INVITE ACK")
@flow("3.6 Unsuccessful PSTN->SIP, SIP error interworking to tones", ngw1="100 600", alice="INVITE ACK")
def busy_everywhere(s, alice, ngw1):
    g = ngw1.invite(ALICE)
    b, invite = alice.answer_invite()
    b.refuse(invite, 600)
    g.failed(600)


@flow("3.7 Unsuccessful PSTN->SIP, ACM timeout", ngw1="100 {200/CANCEL 487}", alice="INVITE", proxy={"ngw1": "100 200/CANCEL 487"})
def acm_timeout(s, alice, ngw1):
    g = ngw1.invite(ALICE)
    alice.answer_invite()
    before = alice.repeats
    while s.transport == "udp" and alice.repeats < before + 4:
        assert alice.pump(3)
    g.give_up()


@flow("3.8 Unsuccessful PSTN->SIP, ACM timeout, stateless Proxy", roles=["stateless"], ngw1="", alice="INVITE")
def stateless(s, alice, ngw1):
    ngw1.invite(ALICE)
    alice.answer_invite()
    for _ in range(5):  # over UDP those are retransmissions
        ngw1.send(ngw1.sent[0])
    before = alice.repeats
    while alice.repeats < before + 5:
        assert alice.pump(3)
    ngw1.nothing(seconds=0.1)


@flow("3.9 Unsuccessful PSTN->SIP, Caller Abandonment", ngw1="100 180 {200/CANCEL 487}", alice="INVITE CANCEL ACK")
def abandoned(s, alice, ngw1):
    g = ngw1.invite(ALICE)
    b, invite = alice.rings()
    g.response(180)
    g.cancel()
    assert g.response(method="CANCEL").status == 200
    b.cancelled(invite)
    g.failed(487)


# --- 4 PSTN to PSTN Dialing via SIP Network

@flow("4.1 Successful ISUP PSTN to ISUP PSTN call", ngw1="100 183 200 BYE", gw1="INVITE ACK 200/BYE")
def pstn_to_pstn(s, ngw1, gw1):
    a = ngw1.invite("918555" + CAROL[3:])
    c, invite = gw1.answer_invite()
    assert invite.uri.startswith(f"sip:{CAROL}@"), invite.uri
    treatment(a, c, invite)
    ok = accepted(a, c, invite)
    talk(s, ngw1, ok, gw1, invite)
    c.bye(a)


@flow("4.2 Successful FGB PBX to ISDN PBX call with overflow", gw1="100 180 200 BYE", ngw1="INVITE ACK", ngw2="INVITE ACK 200/BYE")
def pbx_to_pbx(s, gw1, ngw1, ngw2):
    a = gw1.invite("7" + BOB)
    c, invite = ngw1.answer_invite()
    c.refuse(invite, 503, headers=[("Reason", "Q.850;cause=34")])
    c, invite = ngw2.rings()
    a.response(180)
    accepted(a, c, invite)
    c.bye(a)


MORE = """
trunk gw1 {{ peer = "{ip}:5082" transport = {transport} address = "outside" }}
trunk ngw2 {{ peer = "{ip}:5084" transport = {transport} address = "outside" }}
group overflow {{ members = {{ "carrier", "ngw2 priority=1" }} }}
route overflow {{ prefix = "7" strip = 1 to = "overflow" }}
route enum {{ prefix = "+49" to = "enum:e164.test" }}
dns {{ servers = {{ "{dns}" }} }}
route bob {{ prefix = "+1972555" to = "carrier" }}
route carol {{ prefix = "918555" to = "gw1" strip = 6 prepend = "444" }}
route alice {{ prefix = "+13145551111" to = "alice" }}
"""


def cast(s):
    alice, _ = s.pair()
    gateways = {name: s.phone("b", name, port=port, transport=s.trunks) for name, port in (("ngw1", 5080), ("gw1", 5082), ("ngw2", 5084))}
    for g in gateways.values():
        g.password = None
    return {"alice": alice, **gateways}


def more(s):
    uri = f"sip:{CAROL}@{host(s.ip_b)}:5082;transport={s.trunks}"
    unbound(s.lab, s.ns_b, s.ip_b, "e164.test", [f'3.2.1.0.3.9.4.e164.test. 60 IN NAPTR 10 100 u E2U+sip "!^.*$!{uri}!" .'])
    return MORE.format(ip=host(s.ip_b), transport=s.trunks, dns=s.ip_b)


run(cast, roles=("b2bua", "proxy", "stateless"), more=more)
