#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: families
"""Nothing that locates one side is on the other side's wire; what the call means passes."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402

MEANING = [("P-Asserted-Identity", '"Alice" <tel:+15551001>'), ("Privacy", "none"), ("Reason", 'Q.850;cause=16;text="fine"'), ("User-to-User", "56a390f3;encoding=hex"),
           ("Resource-Priority", "ets.0"), ("Alert-Info", "<urn:alert:service:call-waiting>"), ("Subject", "lunch")]
LOCATING = [("User-Agent", "SecretPhone/9.1 alices-desk"), ("Organization", "Secret Society"), ("X-Internal", "rack-12.secret.example"), ("Server", "secret")]

with stage() as s:
    alice, bob = s.pair()
    d = alice.invite("1002", alice.sdp(attributes=["a=x-secret:floor-3", "a=candidate:1 1 UDP 1 10.99.99.99 9 typ host", "a=ice-ufrag:secret"]), MEANING + LOCATING)
    db, invite = bob.answer_invite()
    db.reply(invite, 180, "Ringing", headers=[("Server", "SecretServer/1"), ("Alert-Info", "<urn:alert:source:internal>")])
    d.response(180)
    db.reply(invite, 200, "OK", bob.sdp(attributes=["a=x-secret:basement"]), headers=[("User-Agent", "SecretServer/1")])
    ok = d.response(200)
    d.ack(ok)
    db.get("ACK")
    d.request("INVITE", alice.sdp(version=2, direction="sendonly"), headers=LOCATING)
    again = db.get("INVITE")
    db.reply(again, 200, "OK", bob.sdp(version=2, direction="recvonly"))
    d.ack(d.response(200))
    db.get("ACK")
    d.request("BYE", headers=LOCATING)
    bye = db.hung_up()
    d.response(method="BYE")

    for name, value in MEANING:
        assert invite.get(name.lower()), f"{name} did not pass"
    assert invite.get("reason") == MEANING[2][1] and invite.get("user-to-user") == MEANING[3][1]
    # A phone is who it has proved to be, whatever it asserts (RFC 3325 5).
    assert "sip:alice@" in invite.get("p-asserted-identity") and "+15551001" not in invite.get("p-asserted-identity")

    def secrets(phone, dialog, other_gateway):
        tags = {m.tag(h) for m in phone.received for h in ("from", "to") if m.tag(h)} | {dialog.tag}
        ids = {m.get("call-id") for m in phone.received if m.get("call-id") == dialog.call_id}
        branches = {m.get("via").partition("branch=")[2].partition(";")[0] for m in phone.received}
        return {phone.ip, other_gateway, "ecret", "424242424242", "10.99.99.99"} | tags | ids | {b for b in branches if b}

    for phone, dialog, gateway, other in ((alice, d, s.gw_a, bob), (bob, db, s.gw_b, alice)):
        for hidden in secrets(phone, dialog, gateway):
            for m in other.received:
                assert hidden.encode() not in m.raw, f"{hidden!r} of {phone.user} reached {other.user}:\n{m.raw.decode()}"
