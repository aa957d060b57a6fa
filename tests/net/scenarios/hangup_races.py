#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: families
"""Both hang up at once; a BYE that is never answered; a BYE after the end gets 481."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402

with stage() as s:
    alice, bob = s.pair()
    da, db, _, _ = s.call(alice, bob)
    da.request("BYE")
    db.request("BYE")
    assert da.response(method="BYE").status == 200
    assert db.response(method="BYE").status in (200, 481)
    for p in (alice, bob):
        for m in [m for m in p.waiting if m.method == "BYE"]:
            (da if p is alice else db).reply(m, 200, "OK", contact=False)
    s.gw.idle()

    da, db, _, _ = s.call(alice, bob)
    da.request("BYE")
    assert da.response(method="BYE").status == 200, "Alice is not kept waiting for Bob"
    db.get("BYE")  # and Bob never answers
    s.gw.idle()
    da.request("BYE")
    assert da.response(method="BYE").status == 481
    assert len(s.gw.cdrs(2)) == 2
