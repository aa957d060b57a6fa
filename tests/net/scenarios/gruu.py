#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""GRUUs in dialogs (RFC 5627 4.2, 6.1): a phone that gives its public or temporary GRUU as Contact is the one of two that hears of its dialog, called or calling, through the proxy
and through the B2BUA, and after a restart."""
import re
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402

ONE, TWO = (f"<urn:uuid:00000000-0000-1000-8000-00000000000{n}>" for n in (1, 2))


def register(phone, instance):
    answer = phone.register(contacts=[f'<{phone.uri()}>;+sip.instance="{instance}"'], headers=[("Supported", "gruu")])
    own = next(c for c in answer.all("contact") if instance in c)
    return [re.search(rf'{kind}-gruu="([^"]+)"', own).group(1) for kind in ("pub", "temp")]


class As:
    """Its Contact is its GRUU meanwhile."""

    def __init__(self, phone, gruu):
        self.phone, self.gruu = phone, gruu

    def __enter__(self):
        own = self.phone.uri
        self.phone.uri = lambda user=None, at=None: own(user, at) if user or at else self.gruu

    def __exit__(self, *_):
        del self.phone.uri


for proxied in (True, False):
    roles = dict(inside="role = proxy", outside="role = proxy") if proxied else {}
    with stage(**roles) as s:
        alice = s.phone("a")
        assert alice.register().status == 200
        desk, mobile = s.phone("b", "bob"), s.phone("b", "bob", port=5062)
        register(desk, ONE)
        gruus = register(mobile, TWO)
        contact = mobile.uri()
        for gruu in gruus:
            with As(mobile, gruu):
                # called by it
                da = alice.invite("x", uri=gruu.replace(s.gw_b, s.gw_a))
                db, invite = mobile.answer_invite()
                assert invite.uri == contact, invite.raw
                db.accept(invite)
                ok = da.connected()
                db.get("ACK")
                assert (ok.contact_uri() == gruu) == proxied, ok.raw
                m, _ = da.reinvite(db, alice.sdp(), mobile.sdp())
                assert not proxied or m.uri == contact, m.raw
                if gruu == gruus[0]:
                    s.gw.kill("tandem-ca")
                da.bye(db)
                # calling
                db = mobile.invite("1001")
                da, invite = alice.answer_invite()
                da.accept(invite)
                db.connected()
                da.get("ACK")
                da.reinvite(db, alice.sdp(), mobile.sdp())
                da.bye(db)
        desk.nothing(lambda m: m.method != "OPTIONS", 0.1)
