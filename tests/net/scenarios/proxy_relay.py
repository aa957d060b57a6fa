#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""The proxy is nobody's open relay. Strangers, trunks and whoever only writes a registered phone's address reach what is ours and nothing else, however they ask for it:
another domain, maddr, Route, a Record-Route of somebody's dialog; with domains told and without. A user may."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from phone import Phone  # noqa: E402

ROLES = {"proxy": "role = proxy", "stateless": "role = stateless"}


def victims(s):
    """Somebody else's server, on the carrier's side."""
    ip = s.another("b")
    return Phone(s.ns_b, ip, s.gw_b, "victim", port=5090), f"{ip}:5090"


def ways(s, at):
    """How to ask for it: Request-URI and Route."""
    return [(f"sip:x@{at}", []), (f"sip:1002@{s.gw_b};maddr={at.split(':')[0]}", []), (f"sip:1002@{s.gw_b}", [("Route", f"<sip:{s.gw_b};lr>, <sip:{at};lr>")]),
            ("sip:x@elsewhere.example", [("Route", f"<sip:{at};lr>")]), (f"sip:{s.gw_b};lr", [("Route", f"<sip:x@{at}>")])]


def refused(s, p, victim, at, answers):
    for method in ("INVITE", "MESSAGE"):
        for uri, route in ways(s, at):
            m = p.ask(method, uri, headers=route) if answers else p.ask(method, uri, headers=route, wait=False)
            assert not answers or m.status in answers, f"{method} {uri} {route}: {m}"
    victim.nothing(seconds=0.1)


for role, told in (("proxy", True), ("proxy", False), ("stateless", True)):
    domains = "domain home.test { }" if told else ""
    with stage(inside="role = proxy", outside=ROLES[role], more=domains) as s:
        alice, bob = s.pair()
        victim, at = victims(s)
        carrier = s.carrier()
        stranger = Phone(s.ns_b, victim.ip, s.gw_b, "mallory", port=5077)
        if role == "proxy":
            refused(s, stranger, victim, at, {407, 403})
            refused(s, carrier, victim, at, {403, 404, 483, 500})
        else:
            refused(s, stranger, victim, at, None)
            refused(s, carrier, victim, at, {403, 404})
            refused(s, bob, victim, at, {403, 404})  # anybody can write his address
            stranger.waiting.clear()
            continue

        # a dialog's route leads along that dialog, not to begin another, nor for another Call-ID
        da, db, invite, _ = s.call(alice, bob)
        route = [("Route", r) for r in db.routes]
        for replace in ({"Call-ID": da.call_id}, {}):
            m = stranger.ask("INVITE", f"sip:x@{at}", headers=route, replace=replace)
            assert m.status in (403, 407), m
            m = stranger.ask("INVITE", f"sip:9555@{s.gw_b}", headers=route, replace=replace)
            assert m.status in (403, 407), m
        m = stranger.ask("INVITE", f"sip:9555@{s.gw_b}", headers=route, replace={"Call-ID": da.call_id, "To": f"<sip:9555@{s.gw_b}>;tag=x"})
        assert m.status == 404, m
        victim.nothing(seconds=0.1)
        carrier.nothing(lambda m: m.method == "INVITE", 0.05)
        da.bye(db)

        # a user may
        d = bob.invite("x", uri=f"sip:x@{at}")
        if told:
            dv, invite = victim.answer_invite()
            assert invite.uri == f"sip:x@{at}" and not invite.get("proxy-authorization"), invite.raw
            dv.accept(invite)
            d.connected()
            dv.get("ACK")
            dv.bye(d)
        else:  # an address is never ours unless it is; a name is, and nobody has it
            dv, invite = victim.answer_invite()
            dv.refuse(invite, 404)
            d.failed(404)
            d = bob.invite("x", uri="sip:x@elsewhere.example")
            d.failed(404)
