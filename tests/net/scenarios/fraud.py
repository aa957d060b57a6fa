#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""Limits against toll fraud: calls a minute, at a time, and talking time a day, by user and class of numbers. What is over one never reaches the carrier, the record says
why, the alarm is on; a kill -9 changes nothing of it, and calls that have used up the time end."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from lab import wait_for  # noqa: E402

RULES = """
destination premium { prefix = { "0900" } }
destination mobile { prefix = { "017", "+4917" } }
fraud dear { destinations = { "premium" } calls = 1 talk-per-day = 4s }
fraud often { sources = { "alice", "bob" } destinations = { "mobile" } calls-per-minute = 2 }
fraud all { sources = { "bob" } calls = 9 }
site here { emergency = { "112" } emergency-to = { "carrier" } }
fraud never { destinations = { "mobile" } calls = 1 time = { "mon 00:00-00:01" } }
"""

with stage(more=RULES) as s:
    alice, bob = s.pair()
    carrier = s.carrier()

    def refused(caller, number):
        d = caller.invite(number)
        answer = d.response()
        d.ack(answer)
        assert answer.status == 403, f"{number}: {answer.start}"
        carrier.nothing(lambda m: m.method == "INVITE", 0.05)

    def alarms():
        return sorted(a["object"] for a in s.gw.show("alarms") if a["name"] == "fraud" and not a["cleared"])

    for _ in range(2):
        da, dc, _, _ = s.call(alice, carrier, "90171234")
        da.bye(dc)
    refused(alice, "90171234")
    assert alarms() == ["often alice"], alarms()
    s.gw.kill("tandem-ca")
    refused(alice, "90171234")
    da, dc, _, _ = s.call(alice, carrier, "9030123")  # another class
    da.bye(dc)
    da, db, _, _ = s.call(alice, bob)
    da.bye(db)
    da, dc, _, _ = s.call(bob, carrier, "90171234")   # another user
    da.bye(dc)
    s.gw.ctl("fraud", "reset", "alice")
    assert alarms() == []
    da, dc, _, _ = s.call(alice, carrier, "90171234")
    da.bye(dc)

    da, dc, _, _ = s.call(alice, carrier, "90900666")
    refused(alice, "90900667")
    s.gw.kill("tandem-ca")
    refused(alice, "90900667")
    rows = {(r["rule"], r["source"]): r for r in s.gw.show("fraud")}
    assert rows["dear", "alice"]["calls"] == 1, rows
    da.hung_up()
    dc.hung_up()
    wait_for("nothing of the call to be left", lambda: not s.gw.show("calls"))
    refused(alice, "90900666")
    assert alarms() == ["dear alice"], alarms()
    rows = [r for r in s.gw.cdrs(13) if "fraud limit" in (r["why"] or "")]
    assert [r["why"].split(":")[0] for r in rows] == ["fraud limit often"] * 2 + ["fraud limit dear"] * 4, [r["why"] for r in rows]
    assert sum(bool(r["answer"]) for r in rows) == 1 and all(r["released_by"] == "tandem" for r in rows)
    # The counters died with the processes that had them: the last one's.
    assert s.gw.counter("fraud", "refused-talk") == 1 and s.gw.counter("fraud", "ended-talk") == 1

    # Calls for help and those to a phone are limited by nothing, after a kill neither; one to the carrier is.
    db, da, _, _ = s.call(bob, alice, "1001")
    password, bob.password = bob.password, None  # nobody is asked for one who calls for help
    sos, psap, _, _ = s.call(bob, carrier, "112")
    bob.password = password
    out, dc, _, _ = s.call(bob, carrier, "9030123")
    used = lambda: next(r["calls"] for r in s.gw.show("fraud") if (r["rule"], r["source"]) == ("all", "bob"))
    assert used() == 1, s.gw.show("fraud")
    s.gw.kill("tandem-ca")
    assert used() == 1, s.gw.show("fraud")
    for one, other in ((out, dc), (sos, psap), (db, da)):
        one.bye(other)
