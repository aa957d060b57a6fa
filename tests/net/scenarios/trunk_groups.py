#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""Groups of trunks, as their peers see them: by priority, in turn, by weight, the least loaded first. What moves a call on: a cause, a limit of calls at a time or a
second, its time to answer, while the caller hears of nothing but ringing. A reload in the middle of it: the search goes on among the trunks there are now."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from lab import wait_for  # noqa: E402

TRUNKS = """
trunk t1 {{ peer = "{ip}:5091" address = "outside" {t1} }}
trunk t2 {{ peer = "{ip}:5092" address = "outside" }}
trunk t3 {{ peer = "{ip}:{t3}" address = "outside" first-response = 1s }}
"""
GROUPS = """
group priority { members = { "t1 priority=2", "t2 priority=1", "t3 priority=3" } }
group turns { members = { "t1", "t2", "t3" } strategy = round-robin }
group weights { members = { "t1 weight=0", "t2 weight=7" } strategy = weight }
group loads { members = { "t1", "t2" } strategy = least-loaded }
group pair { members = { "t1", "t2" } }
route p { prefix = "81" to = "priority" }
route r { prefix = "82" to = "turns" }
route w { prefix = "83" to = "weights" }
route l { prefix = "84" to = "loads" }
route o { prefix = "85" to = "pair" }
route s { prefix = "86" to = { "t3", "t2", "t1" } }
"""

with stage(process="restart-max = 50ms") as s:
    alice, _ = s.pair()
    t1, t2, t3, moved = (s.phone("b", name, port=port) for name, port in (("t1", 5091), ("t2", 5092), ("t3", 5093), ("moved", 5094)))
    peers = {"t1": t1, "t2": t2, "t3": t3}

    def configure(t1="", t3=5093, groups=GROUPS, without=None):
        trunks = "".join(line + "\n" for line in TRUNKS.format(ip=s.ip_b, t1=t1, t3=t3).splitlines() if not without or f"trunk {without} " not in line)
        s.gw.configure(more=trunks + groups)
        s.gw.ctl("reload")

    def offered():
        """Whose INVITE is there: its name, dialog and request; None."""
        for name, peer in peers.items():
            peer.pump(0.005)
            if any(m.method == "INVITE" and not m.tag("to") for m in peer.waiting):
                return (name, *peer.answer_invite())
        return None

    def next_one():
        return wait_for("a call at some peer", offered, step=0)

    def order(number, status=503, headers=()):
        """Who is tried, one after another, when each refuses; and what the caller is told."""
        d, tried = alice.invite(number), []

        def over():
            one = offered()
            if one:
                one[1].refuse(one[2], status, headers=headers)
                tried.append(one[0])
            alice.pump(0.005)
            return any(m.status and m.status >= 300 and m.get("call-id") == d.call_id and m.cseq == d.cseq for m in alice.waiting)

        wait_for("the end of the search", over, step=0)
        final = d.response()
        d.ack(final)
        return tried, final.status

    def up(number):
        """A call that is answered: who has it, and both dialogs."""
        d = alice.invite(number)
        name, dt, invite = next_one()
        dt.accept(invite)
        d.connected()
        dt.get("ACK")
        return name, d, dt

    configure()
    assert order("811") == (["t2", "t1", "t3"], 500)
    assert [order("821", 486)[0] for _ in range(4)] == [["t1"], ["t2"], ["t3"], ["t1"]]
    configure(t1="max-calls = 5")
    assert order("821") == (["t2", "t3", "t1"], 500), "whose turn it is outlives a reload"
    assert [order("831")[0] for _ in range(5)] == [["t2", "t1"]] * 5, "a weight of 0 comes last"

    name, d1, dt1 = up("841")
    assert name == "t1"
    name, d2, dt2 = up("841")
    assert name == "t2", "one call at each"
    d1.bye(dt1)
    name, d1, dt1 = up("841")
    assert name == "t1", "the one with fewer calls"
    d2.bye(dt2)
    name, d2, dt2 = up("841")
    assert name == "t2"
    d1.bye(dt1)
    d2.bye(dt2)

    # A cause that is listed moves on, a status that is not does not.
    configure(t1='failover = { "34", "404" }')
    assert order("851", 480, [("Reason", "Q.850;cause=34")])[0] == ["t1", "t2"]
    assert order("851", 404)[0] == ["t1", "t2"]
    assert order("851", 503) == (["t1"], 500)

    # Limits: the next one has what is beyond.
    configure(t1="max-calls = 1")
    name, d1, dt1 = up("851")
    assert name == "t1" and order("851", 486)[0] == ["t2"]
    d1.bye(dt1)
    configure(t1="max-rate = 1")
    assert [order("851", 486)[0] for _ in range(2)] == [["t1"], ["t2"]], "two within a second"

    # A route's own limit, which calls that were taken over count against, too.
    configure(groups='route a { prefix = "87" to = "t1" max-calls = 1 continue = yes }\nroute b { prefix = "8" to = "t2" }\n'
                     'route c { prefix = "88" to = "t3" max-calls = 1 }')
    name, d1, dt1 = up("871")
    name3, d3, dt3 = up("881")
    assert (name, name3) == ("t1", "t3")
    s.gw.kill("tandem-ca")
    assert order("871", 486)[0] == ["t2"]
    d = alice.invite("881")
    final = d.failed(503)
    assert final.get("retry-after") is None, final.raw
    d1.bye(dt1)
    d3.bye(dt3)
    assert order("871", 486)[0] == ["t1"] and order("881", 486)[0] == ["t3"]

    # Its time to answer is over: the caller goes on hearing it ring.
    configure(t1="answer-time = 300ms")
    d = alice.invite("851")
    name, dt, invite = next_one()
    dt.reply(invite, 180, "Ringing")
    d.response(180)
    cancel = dt.get("CANCEL")
    name, dt2, second = next_one()
    assert name == "t2"
    dt.reply(cancel, 200, "OK")
    dt.refuse(invite, 487)
    dt2.accept(second)
    d.connected()
    dt2.get("ACK")
    assert not [m for m in alice.received if m.status and m.status >= 300 and m.get("call-id") == d.call_id and m.status not in (401, 407)]
    d.bye(dt2)

    # While the first says nothing the second goes from the configuration, and then it is the third's; one that has another address is called there.
    configure()
    d = alice.invite("861")
    t3.request("INVITE")
    configure(without="t2", groups='route s { prefix = "86" to = { "t3", "t1" } }')
    name, dt, invite = next_one()
    assert name == "t1"
    dt.accept(invite)
    d.connected()
    dt.get("ACK")
    d.bye(dt)
    configure(groups='route s { prefix = "86" to = { "t1", "t3" } }')
    d = alice.invite("861")
    dt, invite = t1.answer_invite()
    configure(t3=5094, groups='route s { prefix = "86" to = { "t1", "t3" } }')
    dt.refuse(invite, 503)
    dm, invite = moved.answer_invite()
    dm.accept(invite)
    d.connected()
    dm.get("ACK")
    d.bye(dm)
