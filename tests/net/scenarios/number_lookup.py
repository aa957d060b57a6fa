#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""Targets that DNS knows: a number's URIs by ENUM (RFC 6116), the next one when the first is not there, the next target when the number has none; a trunk named by its
domain (RFC 3263), known by the addresses it has there."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from lab import wait_for  # noqa: E402
from nameserver import unbound  # noqa: E402

ZONE = [
    "host.enum.test. 60 IN A 10.79.2.2",
    "7.7.7.0.3.9.4.e164.enum.test. 60 IN NAPTR 20 10 u E2U+sip \"!^.*$!sip:desk@host.enum.test:5081!\" .",
    "7.7.7.0.3.9.4.e164.enum.test. 60 IN NAPTR 10 10 u E2U+sip \"!^\\\\\\\\+49(.*)$!sip:0\\\\\\\\1@host.enum.test:5099!\" .",
    "_sip._udp.carrier.enum.test. 60 IN SRV 1 10 5082 host.enum.test.",
    "_sip._udp.carrier.enum.test. 60 IN SRV 2 10 5083 host.enum.test.",
]
MORE = """
dns { servers = { "10.79.2.2" } attempt = 300ms timeout = 2s }
trunk named { domain = "carrier.enum.test" address = "outside" first-response = 300ms }
route enum { prefix = "+49" to = { "enum:e164.enum.test", "carrier" } }
route named { prefix = "7" to = "named" strip = 1 }
"""

with stage(start=False, more=MORE) as s:
    unbound(s.lab, s.ns_b, "10.79.2.2", "enum.test", ZONE)
    s.gw.start()
    alice, _ = s.pair()
    carrier, desk, named = s.carrier(), s.phone("b", "desk", port=5081), s.phone("b", "named", port=5083)
    named.password = None

    def taken(number, at, uri):
        d = alice.invite(number, headers=[("Privacy", "id")])
        db, invite = at.answer_invite()
        assert invite.uri == uri, invite.uri
        db.reply(invite, 200, "OK", at.sdp())
        d.ack(d.response(200))
        db.get("ACK")
        d.bye(db)
        return invite

    # Nobody is at the first URI (ICMP): the second has the call, asked of DNS at first and known the second time.
    for _ in range(2):
        invite = taken("+4930777", desk, "sip:desk@host.enum.test:5081")
        assert invite.get("p-asserted-identity") is None, "told to somebody whom only DNS knows"
    taken("+4930778", carrier, f"sip:+4930778@{s.ip_b}:5080")

    # The trunk's first server is silent, its second takes the call; requests from there are its.
    wait_for("the trunk's addresses", lambda: [t["peers"] for t in s.gw.show("trunks") if t["trunk"] == "named"] == [["10.79.2.2:5082 up", "10.79.2.2:5083 up"]])
    invite = taken("7123", named, "sip:123@carrier.enum.test")
    assert "@carrier.enum.test" in invite.get("from") and "@carrier.enum.test" in invite.get("to"), invite.raw
    d = named.invite("1001", uri=f"sip:1001@{s.gw_b}")
    da, invite = alice.answer_invite()
    da.reply(invite, 486, "Busy Here")
    da.get("ACK")
    d.ack(d.response(486))
    s.gw.idle()
    assert "named" in {r["source"] for r in s.gw.cdrs(5)}, s.gw.cdrs(5)
