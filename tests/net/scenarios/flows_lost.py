#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""RFC 5626 7 over TCP: a phone with two flows loses the one it registered last; a call through the proxy rings it on the other at once."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402

ONE = "<urn:uuid:00000000-0000-1000-8000-000000000001>"
PROXY = "role = proxy"

with stage(transport="tcp", inside=PROXY, outside=PROXY) as s:
    alice = s.phone("a")
    assert alice.register().status == 200
    first, second = s.phone("b", "bob"), s.phone("b", "bob", port=5062)
    for n, phone in enumerate((first, second), 1):
        contact = f'<{phone.uri()};ob>;+sip.instance="{ONE}";reg-id={n}'
        assert phone.register(contacts=[contact], headers=[("Supported", "path, outbound")]).status == 200

    d = alice.invite("1002")
    other, invite = second.answer_invite()
    other.reply(invite, 486, "Busy Here")
    d.ack(d.response(486))
    other.get("ACK")
    first.nothing(lambda m: m.method == "INVITE", 0.1)

    second.close()
    d = alice.invite("1002")
    other, invite = first.answer_invite(timeout=1)
    other.reply(invite, 200, "OK", first.sdp())
    d.ack(d.response(200))
    other.get("ACK")
    d.bye(other)

    # and none at all
    first.close()
    d = alice.invite("1002")
    d.ack(d.response(480))
