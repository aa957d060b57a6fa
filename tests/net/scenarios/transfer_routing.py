#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""Whoever a transfer leads to is looked for as for a call: forwarding, hunting, failing over from one trunk to the next, within the time that a call may ring.
And its records: one for each two who were connected and for each attempt, joined by `linked`."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from media import both_ways  # noqa: E402
from sipmsg import Sdp  # noqa: E402
from steps import in_place_of, moved, replaces  # noqa: E402

MORE = '''
user carol { password = "singer" numbers = { "1003" } address = "outside" forward-no-answer = "1004" no-answer-time = 300ms }
user dave { password = "drummer" numbers = { "1004" } address = "outside" }
hunt desk { members = { "carol", "dave" } numbers = { "4000" } strategy = sequence ring-time = 300ms }
trunk second { peer = "10.79.2.2:5081" address = "outside" }
group both { members = { "carrier", "second priority=1" } }
destination premium { prefix = { "0900" } }
fraud dear { sources = { "bob" } destinations = { "premium" } calls = 1 }
route far { prefix = "8" to = "both" strip = 1 }
'''


def rows(s, wanted):
    """The records that have come since, the oldest first."""
    s.seen = getattr(s, "seen", 0)
    all_rows = s.gw.cdrs(s.seen + wanted)
    assert len(all_rows) == s.seen + wanted, [(r["id"], r["source"], r["target"], r["why"]) for r in all_rows[s.seen:]]
    s.seen += wanted
    return sorted(all_rows[-wanted:], key=lambda r: (r["setup"], r["id"]))


def between(s, *parties):
    """The next records, one of each of these parties, in their order: calls that are begun at once may have the same time."""
    found = {(r["source"], r["target"]): r for r in rows(s, len(parties))}
    return [found[p] for p in parties]


def check(row, source, target, status, by="", **more):
    found = {k: row[k] for k in ("source", "target", "sip_code", "transferred_by", *more)}
    assert found == dict(source=source, target=target, sip_code=status, transferred_by=by, **more), dict(row)
    return row


with stage(more=MORE, sip="ring-timeout = 1s", process="restart-max = 50ms") as s:
    alice, bob = s.pair()
    carol, dave = s.phone("b", "carol", "singer", port=5070), s.phone("b", "dave", "drummer", port=5072)
    assert carol.register().status == dave.register().status == 200
    carrier, second = s.carrier(), s.phone("b", "second", port=5081)
    ma, mb = s.media(alice), s.media(bob)

    def asked(number):
        """Alice is connected with Bob, who sends her to that number."""
        a, b, invite, ok = s.call(alice, bob)
        both_ways(ma, Sdp(ok.body).at(), mb, Sdp(invite.body).at(), 5)
        b.refer(f"sip:{number}@x")
        b.told(100)
        return a, b

    def comes(a, b, d, invite):
        """Whoever was found takes the call; Alice follows, and both are left alone."""
        d.accept(invite)
        d.get("ACK")
        b.told(200)
        b.hung_up()
        moved(a)
        a.bye(d)

    # Carol does not answer, and has said who is called then.
    a, b = asked("1003")
    c, missed = carol.rings()
    b.told(180)
    c.cancelled(missed)
    b.told(181)
    d, invite = dave.rings()
    assert "<sip:carol@" in invite.get("diversion") and "<sip:alice@" in invite.get("from"), invite.raw
    b.told(180)
    comes(a, b, d, invite)
    first, then = rows(s, 2)
    check(first, "alice", "bob", 200, released_by="transfer", linked=first["id"])
    check(then, "alice", "dave", 200, "bob", released_by="caller", linked=first["id"], called="1004")
    assert first["a_packets"] >= 5 <= first["b_packets"] and first["ended"] == then["answer"] > then["progress"] >= then["setup"] >= first["answer"] > 0, (dict(first), dict(then))

    # One after another of a hunt group; a phone of it that is busy.
    a, b = asked("4000")
    c, invite = carol.answer_invite()
    c.refuse(invite, 486)
    d, invite = dave.rings()
    b.told(180)
    comes(a, b, d, invite)
    rows(s, 2)

    # From one trunk to the next, on behalf of Bob.
    a, b = asked("80301234")
    c, invite = carrier.answer_invite()
    c.refuse(invite, 503)
    d, invite = second.rings()
    b.told(180)
    comes(a, b, d, invite)
    check(rows(s, 2)[1], "alice", "second", 200, "bob", called="0301234")

    # Whoever asks for it pays for it: Bob may have one such call at a time.
    a, b = asked("90900123")
    d, invite = carrier.rings()
    b.told(180)
    d.accept(invite)
    d.get("ACK")
    b.told(200)
    b.hung_up()
    moved(a)
    a2, b2, _, _ = s.call(carol, bob)
    b2.refer("sip:90900123@x")
    b2.told(100)
    b2.told(403)
    a2.bye(b2)
    a.bye(d)
    rows(s, 4)

    # Nobody takes it: Bob still has Alice, and there is a record of the attempt.
    a, b = asked("4000")
    for phone in (carol, dave):
        d, invite = phone.answer_invite()
        d.refuse(invite, 486)
    b.told(486)
    b.refer("sip:nobody@x")
    b.told(100)
    b.told(404)
    b.refer("sip:1004@x")  # who rings as long as a call may
    b.told(100)
    d, invite = dave.rings()
    b.told(180)
    d.cancelled(invite)
    b.told(408)
    a.bye(b)
    first, *failed = rows(s, 4)
    check(first, "alice", "bob", 200, released_by="caller")
    check(failed[0], "alice", "carol", 486, "bob", linked=first["id"], called="4000")
    check(failed[1], "alice", "", 404, "bob", linked=first["id"], called="nobody", answer=0)
    check(failed[2], "alice", "dave", 408, "bob", linked=first["id"], called="1004")

    # After consultation both calls are one.
    a, b, _, _ = s.call(alice, bob)
    consulting, d, _, _ = s.call(bob, dave, "1004")
    b.refer(in_place_of("sip:1004@x", consulting))
    b.told(100)
    moved(d)
    b.told(200)
    b.hung_up(), consulting.hung_up()
    moved(a)
    d.bye(a)
    one, other, both = between(s, ("alice", "bob"), ("bob", "dave"), ("alice", "dave"))
    check(one, "alice", "bob", 200, released_by="transfer")
    check(other, "bob", "dave", 200, released_by="transfer", linked=one["id"])
    check(both, "alice", "dave", 200, "bob", released_by="called", linked=one["id"])

    # A place that is taken, and one that is not there.
    a, b, _, _ = s.call(alice, bob)
    name = replaces(b)
    c = carol.invite("1001", headers=[("Replaces", name)])
    moved(a)
    c.connected()
    b.hung_up()
    carol.invite("1001", headers=[("Replaces", name)]).failed(603)
    a.bye(c)
    first, then, refused = between(s, ("alice", "bob"), ("alice", "carol"), ("carol", ""))
    check(first, "alice", "bob", 200, released_by="transfer")
    check(then, "alice", "carol", 200, "bob", linked=first["id"])
    check(refused, "carol", "", 603, linked=refused["id"])

    # A kill while somebody rings: the attempt has its record, and the call goes on.
    a, b = asked("1004")
    d, invite = dave.rings()
    b.told(180)
    s.gw.kill("tandem-ca")
    d.cancelled(invite)
    b.told(503)
    a.bye(b)
    first, attempt = rows(s, 2)
    check(first, "alice", "bob", 200, released_by="caller")
    check(attempt, "alice", "", 500, "bob", released_by="restart", linked=first["id"], called="1004")
