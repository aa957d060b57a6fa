#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""Calls that pass through a proxy count as all others do: against the limits of a trunk, of a user and of the machine, calls a second, and fraud limits. They do so from
INVITE to BYE, over a kill -9 as well; an emergency call is held by none of them."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402

PROXY = "role = proxy"
MORE = """
destination premium { prefix = { "0900" } }
fraud dear { destinations = { "premium" } calls = 1 }
trunk slow { peer = "10.79.2.2:5082" address = "outside" max-rate = 1 }
route slow { prefix = "8" to = "slow" strip = 1 }
site here { emergency = { "112" } emergency-to = { "carrier" } }
"""

with stage(inside=PROXY, outside=PROXY, sip="max-calls = 3 max-calls-per-user = 2", trunk="max-calls = 1", more=MORE) as s:
    alice, bob = s.pair()
    carrier = s.carrier()
    slow = s.phone("b", "slow", port=5082)
    slow.password = None
    refusals = []

    def over(caller, number, status, retry=False):
        """A call that a limit must refuse; it reaches nobody."""
        d = caller.invite(number)
        answer = d.failed(status)
        assert bool(answer.get("retry-after")) == retry, answer.raw
        for p in (alice, bob, carrier, slow):
            p.nothing(lambda m: m.method == "INVITE", 0.03)
        refusals.append(status)

    # one call over the trunk, either way, and none more after a kill; BYE makes room
    da, dc, _, _ = s.call(alice, carrier, "9555")
    over(alice, "9556", 503)
    over(carrier, "1002", 503)
    s.gw.kill("tandem-ca")
    over(bob, "9556", 503)
    [row] = s.gw.show("calls")
    assert (row["state"], row["source"], row["target"], row["to"]) == ("active", "alice", "carrier", "9555"), row
    dc.bye(da)
    da, dc, _, _ = s.call(alice, carrier, "9556")

    # two of one user, three in all, while one of them rings, too
    second, second_b, _, _ = s.call(alice, bob)
    over(alice, "1002", 503)
    third = bob.invite("1001")
    third_a, invite = alice.rings()
    over(bob, "1001", 503, retry=True)
    bob.password = None
    help_me = bob.invite("112")
    psap, sos = carrier.rings()
    da.hung_up()  # the trunk's only line was its (proxy_ended.py)
    dc.hung_up()
    psap.accept(sos)
    help_me.connected()
    psap.get("ACK")
    help_me.bye(psap)
    bob.password = "builder"
    third.response(180)
    third.cancel()
    assert third.response(method="CANCEL").status == 200
    third_a.cancelled(invite)
    third.failed(487)
    second_b.bye(second)

    # calls a second
    d, other, _, _ = s.call(alice, slow, "8555")
    over(alice, "8556", 503)
    d.bye(other)

    # a fraud rule
    da, dc, _, _ = s.call(alice, carrier, "90900666")
    over(alice, "90900667", 503)  # the trunk's one line comes first
    da.bye(dc)
    s.gw.configure(trunk="")
    s.gw.ctl("reload")
    da, dc, _, _ = s.call(alice, carrier, "90900666")
    over(alice, "90900667", 403)
    s.gw.kill("tandem-ca")
    over(alice, "90900667", 403)
    da.bye(dc)
    da, dc, _, _ = s.call(alice, carrier, "90900667")
    da.bye(dc)
    s.gw.idle()
    rows = s.gw.cdrs(17)
    assert sorted(r["sip_code"] for r in rows) == sorted([200] * 8 + [487] + refusals), [(r["sip_code"], r["why"]) for r in rows]
