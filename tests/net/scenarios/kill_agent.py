#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: engines
"""kill -9 of the call agent: answered calls go on in both directions and are ended by either side, held or changed right after; CSeq and o= go on;
what was not answered ends with both sides told; what was in flight arrives; registrations are served at once; each attempt has one CDR row."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from media import both_ways  # noqa: E402
from sipmsg import Sdp  # noqa: E402

with stage(process="restart-max = 50ms") as s:
    alice, bob = s.pair()
    carrier = s.carrier()
    ma, mb = s.media(alice), s.media(bob)
    rows = 0

    def check_rows(*expected):
        """The rows since the last time: (released_by, answered)."""
        global rows
        got = [(r["released_by"], bool(r["answer"])) for r in s.gw.cdrs(rows + len(expected))[rows:]]
        assert sorted(got) == sorted(expected), f"{got}, not {expected}"
        rows += len(expected)

    def reinvite(d, other, direction, back):
        """Changes the direction of the media from one side; returns what the other one saw and what came back."""
        d.request("INVITE", d.phone.sdp(version=d.cseq + 2, direction=direction))
        m = other.get("INVITE")
        assert Sdp(m.body).media[0]["direction"] == direction, m.body
        other.reply(m, 200, "OK", other.phone.sdp(version=other.cseq + 2, direction=back))
        answer = d.response(200, method="INVITE")
        d.ack(answer)
        other.get("ACK")
        return m, answer

    # The call goes on, and either side ends it.
    for caller_ends in (True, False):
        da, db, invite, ok = s.call(alice, bob)
        both_ways(ma, Sdp(ok.body).at(), mb, Sdp(invite.body).at())
        s.gw.kill("tandem-ca")
        assert sorted(r["aor"].split("@")[0].split(":")[-1] for r in s.gw.show("registrations")) == ["alice", "bob"]
        assert [c["state"] for c in s.gw.show("calls")] == ["active"]
        both_ways(ma, Sdp(ok.body).at(), mb, Sdp(invite.body).at())
        one, other = (da, db) if caller_ends else (db, da)
        one.bye(other)
        s.gw.over()
        check_rows(("caller" if caller_ends else "called", True))

    # On hold; the version of our descriptions and the CSeq of our requests go on.
    da, db, invite, ok = s.call(alice, bob)
    held, _ = reinvite(da, db, "sendonly", "recvonly")
    s.gw.kill("tandem-ca")
    freed, answer = reinvite(da, db, "sendrecv", "sendrecv")
    assert Sdp(freed.body).origin[1] == Sdp(held.body).origin[1] and Sdp(freed.body).version == Sdp(held.body).version + 1, freed.body
    assert freed.cseq > held.cseq, (freed.cseq, held.cseq)
    assert Sdp(freed.body).at() == Sdp(invite.body).at() and Sdp(answer.body).at() == Sdp(ok.body).at(), "the media moved"
    both_ways(ma, Sdp(ok.body).at(), mb, Sdp(invite.body).at())
    s.gw.kill("tandem-ca")
    s.gw.kill("tandem-ca")
    reinvite(db, da, "sendonly", "recvonly")
    db.bye(da)
    s.gw.over()
    check_rows(("called", True))

    # Rings: the caller gets its final answer, the called side a CANCEL; one that answers all the same is acknowledged and hung up on.
    for answers in (False, True):
        d = carrier.invite("1001")
        dr, waiting = alice.answer_invite()
        dr.reply(waiting, 180, "Ringing")
        d.response(180)
        s.gw.kill("tandem-ca")
        final = d.response(503)
        d.ack(final)
        cancel = dr.get("CANCEL")
        assert cancel.get("via") == waiting.get("via") and cancel.cseq == waiting.cseq, (cancel.headers, waiting.headers)
        dr.reply(cancel, 200, "OK", contact=False)
        if answers:
            dr.reply(waiting, 200, "OK", alice.sdp())
            dr.get("ACK")
            dr.hung_up()
        else:
            dr.reply(waiting, 487, "Request Terminated", contact=False)
            dr.get("ACK")
        s.gw.over()
        check_rows(("restart", False))

    # Nobody has answered our INVITE yet: it is sent again, and cancelled when something comes.
    d = carrier.invite("1001")
    dr, waiting = alice.answer_invite()
    s.gw.kill("tandem-ca")
    d.ack(d.response(503))
    dr.reply(waiting, 180, "Ringing")
    dr.reply(dr.get("CANCEL"), 200, "OK", contact=False)
    dr.reply(waiting, 487, "Request Terminated", contact=False)
    dr.get("ACK")
    s.gw.over()
    check_rows(("restart", False))

    # An ACK that comes after; a 200 whose ACK was lost with the process; a BYE that is repeated.
    da = alice.invite("1002")
    db, invite = bob.answer_invite()
    db.reply(invite, 200, "OK", bob.sdp())
    ok = da.response(200)
    db.get("ACK")
    s.gw.kill("tandem-ca")
    da.ack(ok)
    db.reply(invite, 200, "OK", bob.sdp())
    again = db.get("ACK")
    assert again.cseq == invite.cseq, again
    both_ways(ma, Sdp(ok.body).at(), mb, Sdp(invite.body).at())
    da.request("BYE")
    bye = alice.sent[-1]
    db.hung_up()
    assert da.response(method="BYE").status == 200
    s.gw.kill("tandem-ca")
    alice.send(bye)
    assert da.response(method="BYE").status in (200, 481)
    s.gw.over()
    check_rows(("caller", True))

    # A limit counts what was taken over, and so do the counters.
    da, db, invite, ok = s.call(alice, bob)
    s.gw.kill("tandem-ca")
    assert s.gw.counter("calls", "taken-over") == 1 and s.gw.counter("calls", "answered") == 0
    da.bye(db)
    s.gw.over()
    check_rows(("caller", True))
