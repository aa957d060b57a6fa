#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: killed
"""kill -9 of keeper, call agent and media gateway, in every order and all at once, while media flow in the kernel: not a packet is lost, repeated or
reordered, no ICMP unreachable leaves, no TCP connection is lost, no port is given to another call, and either side ends the calls afterwards. Sessions of TLS die with
the process: phones on TLS and on secure WebSocket register anew. The supervisor plays systemd."""
import os
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage, wait_for  # noqa: E402
import itertools  # noqa: E402
from media import both_ways  # noqa: E402
from sipmsg import Sdp  # noqa: E402
from supervisor import Supervisor  # noqa: E402
from survive import Flow, Unreachables, kill  # noqa: E402

ORDERS = [*itertools.permutations(("keep", "ca", "mg")), ("ca", "mg"), ("mg", "ca"), ("keep", "mg"), ("keep", "ca")]

TRANSPORT = os.environ.get("NET_TRANSPORT", "udp")
SECURE = TRANSPORT in ("tls", "wss")
LISTEN = 'transports = { "udp", "tcp", "tls", "wss" }' if SECURE else ""

with stage(start=False, transport="tls" if SECURE else TRANSPORT, inside=LISTEN, outside=LISTEN, process="restart-max = 50ms") as s:
    s.gw.supervisor = Supervisor(s.lab)
    s.gw.start()
    ears = [Unreachables(s.ns_a, "a0"), Unreachables(s.ns_b, "b0")]
    alice, bob = s.phone("a", transport=TRANSPORT), s.phone("b", transport=TRANSPORT)

    def register():
        for p in (alice, bob):
            assert p.register().status == 200

    register()
    for i, (order, pause) in enumerate([*((o, 0.05) for o in ORDERS), (("keep", "ca", "mg"), 0)]):
        da, db, invite, ok = s.call(alice, bob)
        ma, mb = s.media(alice), s.media(bob)
        to_a, to_b = Sdp(ok.body).at(), Sdp(invite.body).at()
        both_ways(ma, to_a, mb, to_b)
        flows = [Flow(ma, to_a, mb), Flow(mb, to_b, ma)]
        wait_for("media to flow", lambda: all(f.sent for f in flows))
        kill(s.gw, order, pause)
        before = [len(f.sent) for f in flows]
        wait_for("media to go on", lambda: all(len(f.sent) > n for f, n in zip(flows, before)))
        if SECURE:
            for p in (alice, bob):
                p.wire.hang_up()
            register()
        assert [c["state"] for c in s.gw.show("calls")] == ["active"], order
        # A new call gets other ports.
        dc, dd, invite2, ok2 = s.call(alice, bob)
        ports = {to_a, to_b, Sdp(ok2.body).at(), Sdp(invite2.body).at()}
        assert len(ports) == 4, f"{order}: a port was given twice: {ports}"
        assert len(s.gw.show("streams")) == 4
        dd.bye(dc)
        for f in flows:
            f.ended.set()
        for f in flows:
            f.stop()
        for ear in ears:
            ear.none()
        da.bye(db) if i % 2 else db.bye(da)
        s.gw.over()
        ma.close(), mb.close()
    rows = s.gw.cdrs(2 * (i + 1))
    assert len(rows) == 2 * (i + 1) and all(r["sip_code"] == 200 and r["released_by"] in ("caller", "called") for r in rows), rows
    if TRANSPORT == "udp":
        ears[0].hears(alice)
        ears[1].hears(bob)
