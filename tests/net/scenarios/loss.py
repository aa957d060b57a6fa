#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: families
"""A fifth of the signalling is lost on both wires: calls still get set up and ended, each with one CDR row, and nothing is left."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
import os  # noqa: E402

HERE = os.path.dirname(os.path.realpath(__file__)) + "/../sipp/"
CALLS = 40



def host(ip):
    return f"[{ip}]" if ":" in ip else ip


with stage(lossy=20, start=False) as s:
    s.gw.configure(more=f'trunk caller {{ peer = "{host(s.ip_a)}:5080" address = "inside" }}\nroute all {{ prefix = "2" to = "carrier" }}')
    s.gw.start()
    common = ["-nostdin", "-max_retrans", 11]
    uas = s.lab.start(s.ns_b, "sipp", "-sf", HERE + "callee.xml", "-i", s.ip_b, "-p", 5080, "-mp", 30000, *common, log="uas.log")
    uac = s.lab.start(s.ns_a, "sipp", "-sf", HERE + "caller.xml", "-i", s.ip_a, "-p", 5080, "-mp", 40000, "-r", 20, "-m", CALLS, "-timeout", "60s", *common,
                      f"{host(s.gw_a)}:5060", log="uac.log")
    uac.wait(90)
    s.gw.idle(15)
    dropped = s.droppings()
    assert dropped > 20, f"only {dropped} packets were lost: the test shows nothing"
    # An INVITE is sent seven times (RFC 3261 17.1.1.2): now and then all seven, or their answers, are lost, and 408 is the right end.
    rows = s.gw.cdrs(CALLS)
    good = sum(r["sip_code"] == 200 for r in rows)
    assert good >= CALLS - 2, f"only {good} of {CALLS} calls were set up: {[r['sip_code'] for r in rows if r['sip_code'] != 200]}"
    assert len({r["id"] for r in rows}) == len(rows) <= CALLS, f"{len(rows)} rows for {CALLS} calls"
    s.lab.stop(uas)
