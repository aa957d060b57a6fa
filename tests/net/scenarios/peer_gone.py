#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: families
"""A peer that vanishes while on hold, when no media are due, or that has lost the call, ends it for the other one; refused attempts have CDR rows."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402

with stage(sip="probe-interval = 1s") as s:
    alice, bob = s.pair()

    def held():
        """A call that Alice has put on hold; both have shown once that they are there, in their own ways."""
        da, db, _, _ = s.call(alice, bob)
        da.request("INVITE", alice.sdp(version=2, direction="inactive"))
        db.reply(db.get("INVITE"), 200, "OK", bob.sdp(version=2, direction="inactive"))
        da.ack(da.response(200))
        db.get("ACK")
        da.reply(da.get("OPTIONS"), 405, "Method Not Allowed", contact=False)
        db.reply(db.get("OPTIONS"), 200, "OK")
        return da, db

    da, db = held()
    da.reply(da.get("OPTIONS"), 200, "OK")
    db.reply(db.get("OPTIONS"), 481, "Call/Transaction Does Not Exist", contact=False)
    db.reply(db.get("BYE"), 481, "Call/Transaction Does Not Exist", contact=False)
    assert "cause=41" in da.hung_up().get("reason")

    da, db = held()
    da.reply(da.get("OPTIONS"), 200, "OK")
    db.get("OPTIONS")   # and silence: 64 T1 for it, as much for the BYE
    for _ in range(6):
        waiting = alice.take(lambda m: m.method in ("OPTIONS", "BYE") and m.get("call-id") == da.call_id, "OPTIONS or BYE")
        if waiting.method == "BYE":
            break
        da.reply(waiting, 200, "OK", contact=False)
    da.reply(waiting, 200, "OK", contact=False)
    assert waiting.method == "BYE" and "cause=102" in waiting.get("reason"), waiting.raw
    s.gw.idle()

    alice.password = "wrong"
    d = alice.invite("1002")
    d.ack(d.response(407))
    rows = s.gw.cdrs(3)
    assert [(r["sip_code"], r["cause"], r["released_by"]) for r in rows] == [(200, 41, "called"), (200, 102, "called"), (407, 21, "tandem")], rows
    assert rows[2]["caller"] == "alice" and rows[2]["called"] == "1002" and rows[2]["a_call_id"] == d.call_id and not rows[2]["answer"], rows[2]
