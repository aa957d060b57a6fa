#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""sipp over TCP: fifty calls in a second, over one connection and over one for each call."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
import os  # noqa: E402

HERE = os.path.dirname(os.path.realpath(__file__)) + "/../sipp/"
CALLS = 50

with stage(start=False, transport="tcp") as s:
    s.gw.configure(more=f'trunk caller {{ peer = "{s.ip_a}:5080" address = "inside" transport = tcp }}\nroute all {{ prefix = "2" to = "carrier" }}')
    s.gw.start()
    # From ports of all kinds a number that is a user's would have to prove itself.
    stranger = s.lab.path("caller.xml")
    with open(HERE + "caller.xml") as f, open(stranger, "w") as out:
        out.write(f.read().replace("sip:1001@", "sip:5551@"))
    rows = 0
    for mode in ("t1", "tn"):
        uas = s.lab.start(s.ns_b, "sipp", "-sf", HERE + "callee.xml", "-t", "t1", "-i", s.ip_b, "-p", 5080, "-mp", 30000, "-nostdin", log="uas.log")
        uac = s.lab.start(s.ns_a, "sipp", "-sf", stranger, "-t", mode, "-max_socket", 1000, "-i", s.ip_a, "-p", 5080, "-mp", 40000, "-r", 50, "-m", CALLS,
                          "-nostdin", "-timeout", "60s", f"{s.gw_a}:5060", log="uac.log")
        code = uac.wait(60)
        assert code == 0, f"sipp: exit {code}: not all {CALLS} calls over {mode} went through"
        s.lab.stop(uas)
        rows += CALLS
        s.gw.idle(40)
        got = s.gw.cdrs(rows)
        assert len(got) == rows and all(r["sip_code"] == 200 for r in got), len(got)
