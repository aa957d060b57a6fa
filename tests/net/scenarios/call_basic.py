#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: media
"""A call with media both ways on the engine asked for; the CDR row, statistics and the headers of a sound B2BUA."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from media import both_ways  # noqa: E402
from sipmsg import Sdp  # noqa: E402

with stage() as s:
    alice, bob = s.pair()
    da, db, invite, ok = s.call(alice, bob)
    to_b, to_a = Sdp(invite.body).at(), Sdp(ok.body).at()
    assert to_b[0] == s.gw_b and to_a[0] == s.gw_a, (to_b, to_a)
    assert to_b[1] % 2 == 0 and to_a[1] % 2 == 0
    ma, mb = s.media(alice), s.media(bob)
    both_ways(ma, to_a, mb, to_b, 100)

    streams = s.gw.show("streams")
    assert len(streams) == 2, streams
    for stream in streams:
        assert stream["packets"] == 101 and stream["lost"] == 0, stream
        fast = stream["by_engine"][{"xdp": "xdp-native"}.get(s.engine, s.engine)]
        assert fast >= (100 if s.engine == "xdp" else 101), f"only {fast} of 101 went by {s.engine}: {stream}"
    assert len(s.gw.show("calls")) == 1

    ma.sender_report((to_a[0], to_a[1] + 1), "alice@secret-host.example")
    report = mb.receive(1, sock=mb.rtcp)
    assert report and b"secret-host" not in report[0][0], "RTCP was not relayed, or its CNAME was"
    da.request("BYE")
    db.hung_up()
    assert da.response(method="BYE").status == 200
    s.gw.idle()
    rows = s.gw.cdrs(1)
    assert len(rows) == 1 and rows[0]["sip_code"] == 200 and rows[0]["answer"] and rows[0]["ended"] >= rows[0]["answer"], rows
