#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""RFC 5626 and RFC 5627, as a phone sees them: a flow registered anew from another port takes the old one's place, two flows of a phone ring once, a call to
a public or temporary GRUU rings one of two phones, through the B2BUA and through the proxy; a phone behind a proxy of its own is reached through it (Path)."""
import re
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402

ONE, TWO = "<urn:uuid:00000000-0000-1000-8000-000000000001>", "<urn:uuid:00000000-0000-1000-8000-000000000002>"


def register(phone, instance, reg_id, call_id=None):
    contact = f'<{phone.uri()}>;+sip.instance="{instance}";reg-id={reg_id}'
    answer = phone.register(contacts=[contact], headers=[("Supported", "path, outbound, gruu")], call_id=call_id)
    assert answer.status == 200 and "outbound" in answer.get("require") and answer.get("flow-timer") == "25", answer.raw
    own = next(c for c in answer.all("contact") if instance in c)
    return [re.search(rf'{kind}-gruu="([^"]+)"', own).group(1) for kind in ("pub", "temp")]


def rings(s, alice, phone, uri=None):
    """Alice calls `uri`: `phone` rings, and hangs up afterwards."""
    da = alice.invite("1002", uri=uri)
    db, invite = phone.answer_invite()
    db.reply(invite, 200, "OK", phone.sdp())
    da.ack(da.response(200))
    db.get("ACK")
    da.bye(db)
    return invite


def silent(*phones):
    for p in phones:
        p.nothing(lambda m: m.method == "INVITE", 0.1)


with stage(registrar="flow-timer = 25s", outside="role = proxy", more='domain proxied.test { role = proxy }') as s:
    alice = s.phone("a")
    assert alice.register().status == 200
    first, again, second = s.phone("b", "bob"), s.phone("b", "bob", port=5061), s.phone("b", "bob", port=5062)
    register(first, ONE, 1)
    pub1, temp1 = register(again, ONE, 1, first.register_id + "x")   # restarted: another port, the same phone
    pub2, temp2 = register(second, TWO, 1)
    assert pub1 == f"sip:bob@{s.gw_b};gr={ONE[1:-1]}" and temp1 != temp2, (pub1, temp1)
    assert len(s.gw.show("registrations")) == 3

    for inside in (True, False):  # the B2BUA where Alice is, and the proxy
        at = (lambda uri: uri.replace(s.gw_b, "test.invalid")) if inside else (lambda uri: uri.replace(s.gw_b, "proxied.test"))
        assert rings(s, alice, again, at(pub1)).uri == again.uri()
        silent(first, second)
        assert rings(s, alice, second, at(temp2)).uri == second.uri()
        silent(first, again)
        d = alice.invite("x", uri=at(temp2).replace("tgruu.", "tgruu.00")[:-2])
        d.ack(d.response(404))

    # a second flow of the same phone: it rings once, where it registered last
    third = s.phone("b", "bob", port=5063)
    register(third, ONE, 2)
    assert second.register(0).status == 200
    rings(s, alice, third)
    silent(again)
    rings(s, alice, third, "sip:1002@proxied.test")
    silent(again)
    for p in (again, third):
        assert p.register(0, contacts=["*"] if p is again else [f"<{p.uri()}>"], call_id=f"away-{p.port}").status == 200

    # behind a proxy: requests go to it, with its address as Route
    bob = s.phone("b", "bob", port=5064)
    path = f"<sip:{s.ip_b}:5064;lr>"
    assert bob.register(contacts=["<sip:bob@10.0.0.99>"], headers=[("Path", path), ("Supported", "path")]).get("path") == path
    for uri in (None, "sip:1002@proxied.test"):
        invite = rings(s, alice, bob, uri)
        assert invite.uri == "sip:bob@10.0.0.99" and invite.get("route") == path, invite.raw
