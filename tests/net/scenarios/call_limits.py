#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""Limits of calls: of a trunk, of a user, of the whole machine. A call beyond one is refused, counted and recorded; when one ends there is room again."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402

with stage(sip="max-calls = 3 max-calls-per-user = 2", trunk="max-calls = 1") as s:
    alice, bob = s.pair()
    carrier = s.carrier()
    refused = 0

    def over(caller, number, what):
        """A call that a limit must refuse."""
        global refused
        d = caller.invite(number)
        answer = d.response()
        d.ack(answer)
        refused += 1
        assert answer.status == 503, f"{what}: {answer}"
        assert bool(answer.get("retry-after")) == ("machine" in what), f"{what}: {answer.raw}"
        assert s.gw.counter("calls", "refused-limit") == refused, f"{what}: not counted"

    trunk_call = s.call(alice, carrier, "9555")[:2]
    over(alice, "9556", "a second call over the trunk")
    carrier.nothing(lambda m: m.method == "INVITE", 0.1)
    over(carrier, "1002", "a second call over the trunk, from there")
    second = s.call(alice, bob)[:2]
    over(alice, "1002", "a third call of one user")
    third = s.call(bob, bob, "1002")[:2]
    trunk_call[0].bye(trunk_call[1])
    again = s.call(carrier, alice, "1001")[:2]
    over(bob, "1001", "a fourth call on the machine")
    for one, other in (second, third, again):
        one.bye(other)
    s.gw.idle()
    da, db, _, _ = s.call(alice, bob)
    da.bye(db)
    rows = s.gw.cdrs(refused + 5)
    assert len(rows) == refused + 5 and sum(not r["answer"] for r in rows) == refused, [(r["sip_code"], r["why"]) for r in rows]
