#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""A call set up as soon as the daemons answer is not torn down by the media gateway's belated RSIP restart."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from lab import wait_for  # noqa: E402

with stage(start=False) as s:
    s.gw.start(settle=False)
    alice, bob = s.pair()
    da, db, _, _ = s.call(alice, bob)
    wait_for("RSIP to be answered", lambda: s.gw.counter("mgcp", "response", "tandem-mg"))
    alice.nothing(lambda m: m.method == "BYE")
    da.request("BYE")
    db.hung_up()
    assert da.response(method="BYE").status == 200
