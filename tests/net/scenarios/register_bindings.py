#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: families
"""Bindings: several contacts, refresh, query, remove, *, 423, shortened expiry, CSeq order, contacts behind NAT."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402

with stage(registrar="min-expiry = 60s default-expiry = 5m max-expiry = 10m") as s:
    alice = s.phone("a")
    one, two = f"<{alice.uri()}>", f"<sip:alice@{'[' + alice.ip + ']' if ':' in alice.ip else alice.ip}:5099>"

    def contacts(answer):
        assert answer.status == 200, answer
        return answer.all("contact")

    assert len(contacts(alice.register(contacts=[one], call_id="x"))) == 1
    assert len(contacts(alice.register(contacts=[two], call_id="y"))) == 2
    assert len(contacts(alice.register(contacts=[], expires=None, call_id="q"))) == 2, "a query lists both"
    assert len(contacts(alice.register(contacts=[two], expires=0, call_id="y"))) == 1, "expiry 0 removes one"
    brief = alice.register(contacts=[one], expires=5, call_id="x")
    assert brief.status == 423 and brief.get("min-expires") == "60", brief.raw
    long = contacts(alice.register(contacts=[one], expires=86400, call_id="x"))
    assert any("expires=600" in c or "expires=599" in c for c in long), long
    alice.register(contacts=[one], call_id="x", cseq=1000)
    old = alice.register(contacts=[one], call_id="x", cseq=500, expires=120)
    assert old.status in (400, 500), f"an older CSeq was taken: {old}"
    star = alice.register(contacts=["*"], expires=300, call_id="x", cseq=2000)
    assert star.status == 400, "* needs Expires: 0"
    assert contacts(alice.register(contacts=["*"], expires=0, call_id="x", cseq=2010)) == []
    assert s.gw.show("registrations") == []

    # Behind NAT: the Contact says a private address that leads nowhere; the call comes to where the REGISTER came from.
    bob = s.phone("b")
    assert bob.register(contacts=["<sip:bob@192.168.77.77:5060>"]).status == 200
    alice.register(call_id="z")
    d = alice.invite("1002")
    db, invite = bob.answer_invite()
    assert "192.168.77.77" in invite.uri, invite
    db.reply(invite, 486, "Busy Here")
    bob.take(lambda m: m.method == "ACK", "ACK")
    d.ack(d.response(486))
