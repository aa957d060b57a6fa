#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: families
"""Hold by direction and by c=0.0.0.0, and back; the o= version goes up by one, only on change; no unspecified address on any wire."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from media import both_ways  # noqa: E402
from sipmsg import Sdp  # noqa: E402

with stage() as s:
    alice, bob = s.pair()
    da, db, invite, ok = s.call(alice, bob)
    to_a, to_b = Sdp(ok.body).at(), Sdp(invite.body).at()
    version = Sdp(invite.body).version
    ma, mb = s.media(alice), s.media(bob)
    zero = {4: "0.0.0.0", 6: "::"}[s.fa]

    def reinvite(offer, answer_direction, expected):
        global version
        da.request("INVITE", offer)
        m = db.get("INVITE")
        seen = Sdp(m.body)
        assert seen.media[0]["direction"] == expected, f"Bob was offered {seen.media[0]}"
        assert seen.at()[0] == s.gw_b, f"Bob was offered {seen.at()}"
        assert seen.version == version + 1, f"o= version {version} became {seen.version}"
        version = seen.version
        db.reply(m, 200, "OK", bob.sdp(version=version, direction=answer_direction))
        answer = da.response(200)
        da.ack(answer)
        db.get("ACK")
        return Sdp(answer.body)

    held = reinvite(alice.sdp(version=2, direction="sendonly"), "recvonly", "sendonly")
    assert held.media[0]["direction"] == "recvonly", held.media[0]
    back = reinvite(alice.sdp(version=3), "sendrecv", "sendrecv")
    assert back.media[0]["direction"] == "sendrecv"
    both_ways(ma, to_a, mb, to_b)
    if s.fa == 4:
        reinvite(alice.sdp(version=4, connection=zero), "recvonly", "sendonly")
        reinvite(alice.sdp(version=5), "sendrecv", "sendrecv")
        both_ways(ma, to_a, mb, to_b)
    for p in (alice, bob):
        for m in p.received:
            assert "0.0.0.0" not in m.body and "IP6 ::\r" not in m.body, m.body

    # An unchanged offer keeps the version.
    da.request("INVITE", alice.sdp(version=5 if s.fa == 4 else 3))
    db2 = db.phone.take(lambda m: m.method == "INVITE", "re-INVITE without change")
    assert Sdp(db2.body).version == version, "the version went up without a change"
    db.reply(db2, 200, "OK", bob.sdp(version=version))
    da.ack(da.response(200))
    db.get("ACK")
    db.request("BYE")
    da.hung_up()
    assert db.response(method="BYE").status == 200
