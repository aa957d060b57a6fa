#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: families
"""Who calls: a phone is who it has proved to be, a trunk is believed, who wants privacy is not told to phones; what is not ours gets 404."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402

FALSE = [("P-Asserted-Identity", "<sip:+49301999@evil.example>"), ("Remote-Party-ID", "<sip:+49301999@evil.example>;party=calling")]

with stage(registrar='domains = { "ours.example" }') as s:
    alice, bob = s.pair()
    carrier = s.carrier()
    at = f"[{carrier.gateway}]" if ":" in carrier.gateway else carrier.gateway

    def seen(caller, number, called, headers=(), uri=None):
        """The INVITE that arrives when `caller` calls; the call is refused."""
        d = caller.invite(number, headers=headers, uri=uri)
        db, invite = called.answer_invite()
        db.reply(invite, 486, "Busy Here")
        called.take(lambda m: m.method == "ACK" and m.get("call-id") == db.call_id, "ACK of 486")
        d.ack(d.response(486))
        return invite

    for called, number in ((bob, "1002"), (carrier, "9555")):
        invite = seen(alice, number, called, FALSE)
        assert b"evil" not in invite.raw and b"+49301999" not in invite.raw, invite.raw
        assert "sip:alice@" in invite.get("p-asserted-identity"), invite.raw
    assert "+777" in seen(carrier, "1002", bob, [("P-Asserted-Identity", "<sip:+777@carrier.example>")]).get("p-asserted-identity")

    private = [("Privacy", "id")]
    assert not seen(carrier, "1002", bob, private + [("P-Asserted-Identity", "<sip:+777@carrier.example>")]).get("p-asserted-identity")
    assert not seen(alice, "1002", bob, private).get("p-asserted-identity")
    assert "sip:alice@" in seen(alice, "9555", carrier, private).get("p-asserted-identity"), "a trunk is told, with Privacy"

    # RFC 3323: what is to be done for the caller is done here, and asked of nobody further on.
    for called, number in ((bob, "1002"), (carrier, "9555")):
        invite = seen(alice, number, called, [("Privacy", "user;header;session;critical"), ("Subject", "secret")])
        assert invite.get("from").startswith('"Anonymous" <sip:anonymous@anonymous.invalid>') or invite.get("from").startswith("Anonymous <sip:anonymous@anonymous.invalid>"), invite.raw
        assert invite.get("contact").startswith("<sip:anonymous@") and not invite.get("privacy") and not invite.get("subject"), invite.raw
        assert bool(invite.get("p-asserted-identity")) == (called is carrier), invite.raw
        invite = seen(alice, number, called, [("Privacy", "header; id ;critical")])
        assert invite.get("privacy") == "id;critical" and invite.get("contact").startswith("<sip:anonymous@") and "anonymous" not in invite.get("from"), invite.raw
    assert seen(alice, "9555", carrier, [("Privacy", "none")]).get("privacy") == "none"

    # The last hop may still be made (RFC 3261 16.3).
    d = carrier.ask("INVITE", f"sip:1002@{at}", body=carrier.sdp(), replace={"Max-Forwards": "1"}, wait=False)
    db, invite = bob.answer_invite()
    assert invite.get("max-forwards") == "0", invite.raw
    # Where the called side points to is not for the caller.
    db.reply(invite, 302, "Moved", headers=[("Contact", "<sip:bob@secret.example>")], contact=False)
    moved = carrier.take(lambda m: m.status and m.status >= 300, "the outcome of 302")
    assert moved.status == 480 and b"secret" not in moved.raw, moved.raw

    seen(carrier, "1002", bob, uri="sip:1002@ours.example")
    seen(carrier, "1002", bob, uri="tel:1002")
    for foreign in ("sip:1002@elsewhere.example", "sip:1002@192.0.2.77"):
        assert carrier.ask("INVITE", foreign, body=carrier.sdp()).status == 404, foreign
    seen(alice, "9555", carrier, uri="sip:9555@elsewhere.example")  # a route takes it
