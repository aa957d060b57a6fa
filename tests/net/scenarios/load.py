#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: engines
"""Two hundred calls at fifty a second: all complete, nothing is repeated, nothing is left."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
import os  # noqa: E402

HERE = os.path.dirname(os.path.realpath(__file__)) + "/../sipp/"
CALLS = 200

with stage(start=False, t1=100, t2=800) as s:
    s.gw.configure(more=f'trunk caller {{ peer = "{s.ip_a}:5080" address = "inside" }}\nroute all {{ prefix = "2" to = "carrier" }}')
    s.gw.start()
    uas = s.lab.start(s.ns_b, "sipp", "-sf", HERE + "callee.xml", "-i", s.ip_b, "-p", 5080, "-mp", 30000, "-nostdin", log="uas.log")
    uac = s.lab.start(s.ns_a, "sipp", "-sf", HERE + "caller.xml", "-i", s.ip_a, "-p", 5080, "-mp", 40000, "-r", 50, "-m", CALLS, "-nostdin", "-timeout", "60s",
                      f"{s.gw_a}:5060", log="uac.log")
    code = uac.wait(90)
    assert code == 0, f"sipp: exit {code}: not all {CALLS} calls went through"
    s.lab.stop(uas)
    s.gw.idle(10)
    rows = s.gw.cdrs(CALLS)
    assert len(rows) == CALLS and all(r["sip_code"] == 200 for r in rows), len(rows)
