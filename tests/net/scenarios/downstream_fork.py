#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""A carrier that forks: several early dialogs, then two 200s; both are acknowledged, one is ended, the caller sees one call."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402

with stage() as s:
    alice, _ = s.pair()
    carrier = s.carrier()
    d = alice.invite("9555")
    dc, invite = carrier.answer_invite()
    assert invite.uri.startswith("sip:555@"), "strip = 1"
    for tag in ("one", "two", "three"):
        dc.reply(invite, 180, "Ringing", tag=tag)
    d.response(180)
    dc.reply(invite, 200, "OK", carrier.sdp(), tag="one")
    dc.reply(invite, 200, "OK", carrier.sdp(), tag="two")
    ok = d.response(200)
    d.ack(ok)
    acked = {carrier.take(lambda m: m.method == "ACK", "ACK").tag("to") for _ in range(2)}
    assert acked == {"one", "two"}, acked
    bye = dc.hung_up()
    assert bye.tag("to") == "two", "the first answer wins"
    carrier.nothing(lambda m: m.method == "BYE")
    alice.nothing(lambda m: not m.status or m.status >= 200)
    d.request("BYE")
    assert dc.hung_up().tag("to") == "one"
    assert d.response(method="BYE").status == 200
