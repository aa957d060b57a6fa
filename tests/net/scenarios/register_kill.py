#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""Registrations are served at once after a kill -9 of the call agent."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402

with stage() as s:
    alice, bob = s.pair()
    s.gw.kill("tandem-ca")
    assert sorted(r["aor"].split("@")[0].split(":")[-1] for r in s.gw.show("registrations")) == ["alice", "bob"]
    da, db, _, _ = s.call(alice, bob)
    da.request("BYE")
    db.hung_up()
    assert da.response(method="BYE").status == 200
