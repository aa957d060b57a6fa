#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""A proxy is no open relay: whatever a stranger asks for, by a tag of a dialog that is not there, a route of his own or another's contact, reaches nobody; the stateful one asks who he
is, the stateless one, which cannot, says nothing."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402

TAG = {"To": "<sip:1002@x>;tag=guessed"}

for role in ("proxy", "stateless"):
    with stage(inside=f"role = {role}", outside=f"role = {role}") as s:
        alice, bob = s.pair()
        carrier = s.carrier()
        eve = s.phone("a", "eve", "x", ip=s.another("a"))
        here, there, away = f"sip:1002@{eve.gateway}", f"sip:bob@{s.ip_b}:5060", f"sip:91234@{eve.gateway}"
        ours, others = ("Route", f"<sip:{eve.gateway};lr>"), ("Route", f"<sip:{s.ip_b}:5060;lr>")
        for i, (method, uri, headers, replaced) in enumerate((
                ("INVITE", here, [], {}), ("INVITE", here, [], TAG), ("INVITE", there, [], TAG), ("BYE", there, [ours], TAG), ("MESSAGE", there, [ours, others], TAG),
                ("MESSAGE", here, [others], {}), ("OPTIONS", there, [], {}), ("INVITE", away, [], TAG), ("INVITE", away, [ours], {}), ("CANCEL", there, [], {}),
                ("CANCEL", here, [], {}), ("ACK", there, [ours], TAG), ("ACK", there, [], TAG))):
            call_id = f"{role}-{i}"
            eve.ask(method, uri, headers, replace={"Call-ID": call_id, **replaced}, wait=False)
            if role == "proxy" and method != "ACK":
                answer = eve.take(lambda m: m.status and m.get("call-id") == call_id, f"{i}: {method} {uri}")
                assert answer.status == (403 if method == "CANCEL" else 407), (i, answer.start)
        for phone in (bob, carrier, alice):
            phone.nothing(lambda m: m.method, 0.15)
        eve.nothing(lambda m: m.status, 0.05)
