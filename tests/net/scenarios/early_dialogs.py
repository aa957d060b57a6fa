#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: families
"""Several early dialogs of one downstream with media of their own: the caller hears one at a time and, in the end, the one that answered."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from media import both_ways  # noqa: E402
from sipmsg import Sdp, sdp  # noqa: E402

with stage() as s:
    alice, _ = s.pair()
    carrier = s.carrier()
    d = alice.invite("9555")
    dc, invite = carrier.answer_invite()
    ports = {"one": 42000, "two": 42010, "three": 42020}
    ends = {tag: s.media(carrier, port) for tag, port in ports.items()}
    for tag in ("one", "two"):
        dc.reply(invite, 183, "Session Progress", sdp(carrier.ip, ports[tag]), tag=tag)
    early = d.response(183)
    at = Sdp(early.body).at()
    ma = s.media(alice)
    # Whom the caller hears is one of them; what was offered stands.
    ends["one"].send(Sdp(invite.body).at(), 3)
    ends["two"].send(Sdp(invite.body).at(), 3)
    assert len(ma.receive(6, 1.0)) in (3, 6), "early media"
    dc.reply(invite, 200, "OK", sdp(carrier.ip, ports["two"]), tag="two")
    ok = d.response(200)
    d.ack(ok)
    assert carrier.request("ACK").tag("to") == "two"
    if ok.body:
        assert Sdp(ok.body).at() == at, "the answer moved"
    both_ways(ma, at, ends["two"], Sdp(invite.body).at())
    for tag in ("one", "three"):
        assert not ends[tag].receive(1, 0.2), f"media of the answered call reached {tag}"
    carrier.nothing(lambda m: m.method == "BYE", 0.1)
    assert len({m.tag("to") for m in alice.received if m.cseq_method == "INVITE" and m.status and m.status not in (100, 401, 407)}) == 1, "the caller sees one dialog"
    d.bye(dc)
