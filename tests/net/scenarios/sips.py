#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""A sips: call goes nowhere but over TLS (RFC 3261 26.2.2): to a phone that is not reached so it is not made, and says 480; its dialog has sips:
contacts. A tel: URI calls the number it has."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from sipmsg import digest  # noqa: E402

with stage(transport="tls") as s:
    alice, bob = s.phone("a"), s.phone("b", transport="udp")
    assert alice.register().status == 200 and bob.register().status == 200
    d = alice.invite("1002", uri=f"sips:1002@{s.gw_a}")
    refused = d.response(method="INVITE")
    assert refused.status == 480, refused.raw
    d.ack(refused)
    bob.nothing(lambda m: m.method, 0.1)
    refused = alice.ask("MESSAGE", f"sips:1002@{s.gw_a}", body="x", headers=[("Content-Type", "text/plain")])
    name = digest(refused.get("proxy-authenticate"), "MESSAGE", f"sips:1002@{s.gw_a}", "alice", "wonderland")
    refused = alice.ask("MESSAGE", f"sips:1002@{s.gw_a}", body="x", headers=[("Content-Type", "text/plain"), ("Proxy-Authorization", name)])
    assert refused.status == 480, refused.raw
    # Over TLS on one side only is what a sip: call may be.
    for uri in (f"sip:1002@{s.gw_a}", "tel:1002", "tel:+1-002;phone-context=x.invalid"):
        d = alice.invite("1002", uri=uri)
        if uri.startswith("tel:+"):
            refused = d.response(method="INVITE")
            assert refused.status == 404, refused.raw
            d.ack(refused)
            continue
        e, m = bob.answer_invite()
        e.reply(m, 200, "OK", bob.sdp())
        e.get("ACK")
        ok = d.response(200)
        assert ok.get("contact").startswith("<sip:"), ok.raw
        d.ack(ok)
        d.bye(e)
    bob.register(expires=0)
    bob = s.phone("b", port=5062)
    assert bob.register().status == 200
    d = alice.invite("1002", uri=f"sips:1002@{s.gw_a}")
    e, m = bob.answer_invite()
    e.reply(m, 200, "OK", bob.sdp())
    e.get("ACK")
    ok = d.response(200)
    assert ok.get("contact").startswith("<sips:"), ok.raw
    d.ack(ok)
    d.bye(e)
