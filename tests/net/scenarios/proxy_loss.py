#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""sipp calls sipp through a proxy that keeps transactions, then through one that keeps nothing, while a tenth of the signalling is lost: what the proxy owes is
repeated by it, the rest by the ends, and the calls get set up and ended."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
import os  # noqa: E402

HERE = os.path.dirname(os.path.realpath(__file__)) + "/../sipp/"
CALLS = 40

for role in ("proxy", "stateless"):
    with stage(lossy=10, start=False, inside=f"role = {role}", outside=f"role = {role}") as s:
        s.gw.configure(more=f'trunk caller {{ peer = "{s.ip_a}:5080" address = "inside" }}\nroute all {{ prefix = "2" to = "carrier" }}')
        s.gw.start()
        common = ["-nostdin", "-max_retrans", 11]
        uas = s.lab.start(s.ns_b, "sipp", "-sf", HERE + "callee.xml", "-i", s.ip_b, "-p", 5080, "-mp", 30000, *common, log="uas.log")
        uac = s.lab.start(s.ns_a, "sipp", "-sf", HERE + "caller.xml", "-i", s.ip_a, "-p", 5080, "-mp", 40000, "-r", 40, "-m", CALLS, "-timeout", "30s", *common,
                          "-trace_stat", "-stf", s.lab.path("uac.csv"), "-fd", "1", f"{s.gw_a}:5060", log="uac.log")
        uac.wait(60)
        s.gw.idle(15)
        dropped = s.droppings()
        assert dropped > 20, f"only {dropped} packets were lost: the test shows nothing"
        with open(s.lab.path("uac.csv")) as f:
            names, *_, last = (line.rstrip("\n").split(";") for line in f)
        done = dict(zip(names, last))
        assert int(done["SuccessfulCall(C)"]) >= CALLS - 2, {k: v for k, v in done.items() if "Call" in k or "Failed" in k}
        if role == "proxy":
            rows = s.gw.cdrs(CALLS - 2)
            assert sum(r["sip_code"] == 200 for r in rows) >= CALLS - 2, [r["sip_code"] for r in rows]
        s.lab.stop(uas)
