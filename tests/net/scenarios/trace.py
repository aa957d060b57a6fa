#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""tandemctl trace shows the SIP and MGCP messages of a call as they come and go; show config hides passwords."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
import signal  # noqa: E402
from lab import wait_for  # noqa: E402

with stage() as s:
    alice, bob = s.pair()
    trace = s.lab.start(s.ns_gw, s.gw.build + "/tandemctl", "-c", s.gw.config, "trace", log="trace.log")

    def text():
        with open(s.lab.path("trace.log"), errors="replace") as f:
            return f.read()

    wait_for("the trace to begin", lambda: alice.options() == 200 and "OPTIONS" in text())
    da, db, _, _ = s.call(alice, bob)
    da.request("BYE")
    db.hung_up()
    assert da.response(method="BYE").status == 200
    for word in ("INVITE", "180", "ACK", "BYE", "CRCX", "DLCX"):
        wait_for(f"{word} in the trace", lambda: word in text())
    s.lab.stop(trace, signal.SIGINT)
    shown = s.gw.ctl("show", "config")
    assert "wonderland" not in shown and "alice" in shown, shown
    for what in ("counters", "alarms", "processes", "engines", "cdr"):
        assert isinstance(s.gw.show(what), list), what
