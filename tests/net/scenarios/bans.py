#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""Who guesses passwords is banned; nobody gets a registered phone, a trunk, or an address banned that he only pretends to be at; a flood from one source leaves
the others served; emergency calls get through; an operator bans and unbans."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from lab import wait_for  # noqa: E402
from sipmsg import digest  # noqa: E402

RULES = "security { failure-rate = 0 failure-burst = 5 message-rate = 1 message-burst = 60 probe-rate = 0 probe-burst = 5 malformed-rate = 0 malformed-burst = 5 }"

with stage(more=RULES) as s:
    alice, bob = s.pair()
    carrier = s.carrier()
    mallory = s.phone("a", "mallory", "guess", ip=s.another("a"))
    s.lab.inside(s.ns_a, "ip", "addr", "add", "10.79.1.201/24", "dev", "a0")
    s.lab.inside(s.ns_a, "ip", "addr", "add", "10.79.1.202/24", "dev", "a0")
    victim, flooder = s.phone("a", "victim", "x", ip="10.79.1.201"), s.phone("a", "flooder", "x", ip="10.79.1.202")
    banned = lambda: {b["source"]: b["why"] for b in s.gw.show("bans")}
    uri = f"sip:{alice.gateway}"

    def served(phone):
        return phone.register(user="alice", password="wonderland").status == 200

    # An attacker's nonces, used with somebody else's source address: that one is not banned, though the credentials are wrong.
    for _ in range(8):
        challenge = mallory.register(user="alice", authorize=False).get("www-authenticate")
        victim.register(user="alice", authorize=False, headers=[("Authorization", digest(challenge, "REGISTER", uri, "alice", "wrong"))])
    assert not banned() and s.gw.counter("security", "unproven"), banned()
    # The same from a registered phone's address, whose nonces are its own.
    for _ in range(8):
        alice.register(password="wrong")
    # ... and from the trunk's.
    for _ in range(8):
        carrier.ask("OPTIONS", uri, replace={"CSeq": "1 BYE"})
    assert not banned(), banned()
    assert served(victim) and served(alice) and carrier.ask("OPTIONS", uri).status == 200

    # A flood is cut, without a ban: nobody knows who really sends it.
    for i in range(200):
        flooder.ask("OPTIONS", uri, wait=False)
    da, db, _, _ = s.call(alice, bob)
    da.bye(db)
    wait_for("the flood to be over", lambda: s.gw.counter("security", "dropped-rate") >= 130)
    while flooder.pump(0.1):
        pass
    assert len(flooder.received) <= 70 and "10.79.1.202" not in banned(), (len(flooder.received), banned())

    # Guessing at its own address.
    for _ in range(6):
        assert mallory.register(user="alice").status == 401
    assert banned() == {"10.79.1.200": "guessing passwords"}, banned()
    mallory.waiting.clear()
    mallory.ask("REGISTER", uri, wait=False)
    mallory.nothing(lambda m: m.status, 0.2)
    assert s.gw.counter("security", "bans-failures") == 1 and s.gw.counter("security", "dropped-banned") >= 1
    # An emergency call is heard all the same, and what belongs to it.
    answer = mallory.ask("INVITE", "urn:service:sos", body=mallory.sdp())
    assert answer.status >= 200 and s.gw.counter("security", "emergency"), answer
    mallory.ask("REGISTER", uri, wait=False)
    mallory.nothing(lambda m: m.status and m.cseq_method == "REGISTER", 0.2)
    s.gw.ctl("unban", "10.79.1.200")
    assert served(mallory) and not banned()

    s.gw.ctl("ban", s.ip_b, "60")
    assert banned()[s.ip_b] == "operator"
    carrier.ask("OPTIONS", uri, wait=False)
    carrier.nothing(lambda m: m.status, 0.2)
    s.gw.ctl("unban", s.ip_b)
    assert carrier.ask("OPTIONS", uri).status == 200
    sources = {r["source"]: r for r in s.gw.show("sources")}
    assert sources["10.79.1.200"]["proven"] and not sources["10.79.1.202"]["proven"] and sources["10.79.1.202"]["dropped"] >= 130, sources
