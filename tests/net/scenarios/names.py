#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""Names in routes and contacts (RFC 3263) with a real DNS server: NAPTR and SRV with a dead first target, a first server that fails, answers that loop."""
import json
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from nameserver import BadServer, unbound, wire_name  # noqa: E402

CNAME, REFUSED, SERVFAIL = 5, 5, 2

ZONE = [
    "host.names.test. 60 IN A 10.79.2.2",
    "edge.names.test. 60 IN NAPTR 20 50 s SIP+D2T \"\" _sip._tcp.edge.names.test.",
    "edge.names.test. 60 IN NAPTR 10 50 s SIP+D2U \"\" _sip._udp.edge.names.test.",
    "_sip._udp.edge.names.test. 60 IN SRV 1 10 5099 host.names.test.",
    "_sip._udp.edge.names.test. 60 IN SRV 2 10 5081 host.names.test.",
    "_sip._tcp.edge.names.test. 60 IN SRV 1 10 5099 host.names.test.",
    "_sip._tcp.stream.names.test. 60 IN SRV 1 10 5099 host.names.test.",
    "_sip._tcp.stream.names.test. 60 IN SRV 2 10 5082 host.names.test.",
    "both.names.test. 60 IN A 10.79.2.2",
    "both.names.test. 60 IN AAAA fd79:2::2",
]


def misbehaves(name, kind):
    """Loops for names below loop.test, has an alias, fails for other addresses, refuses the rest."""
    if (name, kind) == ("alias.test", 1):
        return [("alias.test", CNAME, wire_name("real.test")), ("real.test", 1, bytes([10, 79, 2, 2]))]
    if name.endswith("loop.test"):
        return [("a.loop.test", CNAME, wire_name("b.loop.test")), ("b.loop.test", CNAME, wire_name("a.loop.test"))]
    return SERVFAIL if kind == 1 else REFUSED


def call(alice, carrier, contact=None, record_route=None):
    """A call of Alice's over the trunk, answered with that Contact and route: both dialogs."""
    d = alice.invite("9555")
    dc, invite = carrier.answer_invite()
    headers = [("Contact", contact or f"<{carrier.uri()}>"), *([("Record-Route", record_route)] if record_route else [])]
    dc.reply(invite, 200, "OK", carrier.sdp(), headers=headers, contact=False)
    d.ack(d.response(200))
    return d, dc


def resolve(s, uri, *more):
    return [(r["step"], r["result"]) for r in json.loads(s.gw.ctl("--json", "resolve", uri, *more))]


def targets(s, uri, *more):
    return [result for step, result in resolve(s, uri, *more) if step.startswith("target")]


with stage(start=False, more='dns { servers = { "10.79.2.200", "10.79.2.2" } attempt = 300ms timeout = 2s }') as s:
    bad = BadServer(s.ns_b, s.another("b"), misbehaves)
    unbound(s.lab, s.ns_b, "10.79.2.2", "names.test", ZONE)
    s.gw.start()
    alice, _ = s.pair()
    carrier, second = s.carrier(), s.phone("b", "second", port=5081)

    # A Contact with a name: ACK and BYE go there, though the first DNS server fails.
    d, dc = call(alice, carrier, contact="<sip:carrier@host.names.test:5081>")
    ack = second.request("ACK")
    assert ack.uri == "sip:carrier@host.names.test:5081", ack.uri
    dc.phone = second
    d.bye(dc)
    assert ("host.names.test", 1) in bad.asked, f"the first server was not asked: {bad.asked}"
    carrier.nothing(lambda m: m.method in ("ACK", "BYE"), 0.1)

    # A route with a name: NAPTR chooses UDP, the first SRV target has nobody (ICMP), the second gets the BYE; the dead one is remembered.
    assert targets(s, "sip:edge.names.test") == ["udp 10.79.2.2:5099", "udp 10.79.2.2:5081", "tcp 10.79.2.2:5099"]
    d, dc = call(alice, carrier, record_route="<sip:edge.names.test;lr>")
    dc.phone = second
    d.bye(dc)
    assert second.received[-1].get("route") == "<sip:edge.names.test;lr>", second.received[-1].raw
    dead = s.gw.show("dead-targets")
    assert [(t["transport"], t["address"]) for t in dead] == [("udp", "10.79.2.2:5099")], dead
    assert targets(s, "sip:edge.names.test") == ["udp 10.79.2.2:5081", "tcp 10.79.2.2:5099", "udp 10.79.2.2:5099 (failed lately)"]

    # The ACK of the next call goes to the living one at once.
    d, dc = call(alice, carrier, record_route="<sip:edge.names.test;lr>")
    second.request("ACK")
    dc.phone = second
    d.bye(dc)

    # A place that refuses the connection is followed by the next, too.
    third = s.phone("b", "third", port=5082, transport="tcp")
    d, dc = call(alice, carrier, record_route="<sip:stream.names.test;transport=tcp;lr>")
    dc.phone = third
    d.bye(dc)
    assert third.received[-1].get("via").startswith("SIP/2.0/TCP "), third.received[-1].raw
    assert ("tcp", "10.79.2.2:5099") in [(t["transport"], t["address"]) for t in s.gw.show("dead-targets")]

    # What the resolver makes of the rest.
    assert targets(s, "sip:both.names.test:5070", "outside") == ["udp [fd79:2::2]:5070", "udp 10.79.2.2:5070"]
    assert targets(s, "sip:alias.test:5070", "outside") == ["udp 10.79.2.2:5070"]
    assert resolve(s, "sip:nobody.names.test")[-1] == ("nowhere", "no such name")
    assert resolve(s, "sip:a.loop.test:5060")[-1][0] == "nowhere" and s.gw.counter("dns", "loop") > 0
    known = {(r["name"], r["type"]): r for r in s.gw.show("dns")}
    assert known["host.names.test", "A"]["answer"] == "10.79.2.2" and 0 < known["host.names.test", "A"]["ttl_s"] <= 60, known

    # A name that leads nowhere: the peer's own address serves, and the call can be ended.
    d, dc = call(alice, carrier, contact="<sip:carrier@nobody.names.test>")
    dc.get("ACK")
    d.bye(dc)
    # A first server that is silent costs its time once: the other one is asked first then.
    bad.answers, before = lambda name, kind: None, len(bad.asked)
    for name in ("late1", "late2", "late3"):
        assert resolve(s, f"sip:{name}.names.test:5070")[-1] == ("nowhere", "no such name")
    assert {name for name, _ in bad.asked[before:]} == {"late1.names.test"}, bad.asked[before:]
    bad.close()
