#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""Two domains with a user "alice" each, and a role each: a proxy for one, a redirect server for the other, the B2BUA for the rest."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from sipmsg import digest  # noqa: E402

MORE = """
domain proxied.test { role = proxy }
domain redirected.test { role = redirect }
user alice-p { name = "alice" domain = "proxied.test" password = "pp" }
user alice-r { name = "alice" domain = "redirected.test" password = "pr" }
"""


class At:
    """Lets a phone of one domain register and call there: its address of record and its target have the domain, its datagrams go to the gateway."""

    def __init__(self, phone, domain):
        self.phone, self.domain = phone, domain

    def register(self, contact):
        p = self.phone
        uri = f"sip:{self.domain}"
        headers = [("Contact", contact)]
        replace = {"From": f"<sip:{p.user}@{self.domain}>;tag=d1", "To": f"<sip:{p.user}@{self.domain}>", "Contact": contact}
        first = p.ask("REGISTER", uri, headers=headers, replace=replace)
        assert first.status == 401 and f'realm="{self.domain}"' in first.get("www-authenticate"), first.raw
        answer = p.ask("REGISTER", uri, headers=[*headers, ("Authorization", digest(first.get("www-authenticate"), "REGISTER", uri, p.user, p.password))],
                       replace=replace)
        assert answer.status == 200 and contact.split(";")[0] in answer.get("contact"), answer.raw


with stage(more=MORE) as s:
    alice, bob = s.pair()
    p, r = s.phone("b", "alice", "pp", port=5070), s.phone("b", "alice", "pr", port=5071)
    At(p, "proxied.test").register(f"<{p.uri()}>")
    At(r, "redirected.test").register(f"<{r.uri()}>;q=0.5")
    assert {x["aor"] for x in s.gw.show("registrations")} == {"alice", "bob", "alice-p", "alice-r"}

    # through the proxy: Bob's own Contact and Call-ID arrive
    d = bob.invite("alice", uri="sip:alice@proxied.test")
    other, invite = p.answer_invite()
    assert invite.get("call-id") == d.call_id and invite.contact_uri() == bob.uri() and len(invite.all("via")) == 2, invite.raw
    other.reply(invite, 200, "OK", p.sdp())
    d.ack(d.response(200))
    other.get("ACK")
    d.bye(other)

    # the redirect server says where
    d = bob.invite("alice", uri="sip:alice@redirected.test")
    moved = d.response(302)
    assert moved.get("contact") == f"<{r.uri()}>;q=0.500", moved.raw
    d.ack(moved)
    r.nothing(seconds=0.1)
    d = bob.invite("nobody", uri="sip:nobody@redirected.test")
    d.ack(d.response(404))

    # everything else is the B2BUA's
    da, db, invite, ok = s.call(bob, alice, "1001")
    assert invite.get("call-id") != da.call_id and invite.contact_uri() != bob.uri(), invite.raw
    da.bye(db)
