#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""Three-way calls of a telephone behind an MGCP gateway: a flash while the second party is answered joins both, each over a connection in mode confrnce; the next
lets the second go. Whoever leaves, the rest goes on; who hangs up transfers, or releases both; a gateway that does not mix; a call agent that is killed meanwhile."""
import sys
from collections import Counter
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from media import both_ways  # noqa: E402
from mgcp_phone import MgcpGateway  # noqa: E402
from sipmsg import Sdp  # noqa: E402

MORE = """
gateway phones { address = "10.79.2.2:2427" domain = "phones.invalid" profile = lines digit-map = "(1xxx|2xxx|9x.T)" }
line desk { gateway = "phones" endpoint = "aaln/1" number = "2001" address = "outside" }
line hall { gateway = "phones" endpoint = "aaln/2" number = "2002" address = "outside" allow-transfer = no }
route desk { called = "2001" to = "desk" }
route hall { called = "2002" to = "hall" }
"""

with stage(more=MORE, agent='bind = "0.0.0.0:2727"', process="restart-max = 50ms") as s:
    alice, bob = s.pair()
    ma, mb = s.media(alice), s.media(bob)
    g = MgcpGateway(s.ns_b, s.ip_b, (s.gw_b, 2727))
    desk, hall = g[1], g[2]
    desk.mixes = hall.mixes = True
    assert g.rsip() == 200
    desk.asked("L/hd")
    hall.asked("L/hd")

    def told(d, direction, answer):
        """The other party is offered a direction, and answers. Returns where it is to send."""
        m = d.get("INVITE")
        assert Sdp(m.body).media[0]["direction"] == direction, m.body
        d.reply(m, 200, "OK", d.phone.sdp(version=d.cseq + 20, direction=answer))
        d.get("ACK")
        d.cseq += 1
        return Sdp(m.body).at()

    def asks(d, direction, answer):
        """The other party offers a direction itself."""
        d.request("INVITE", d.phone.sdp(version=d.cseq + 40, direction=direction))
        ok = d.connected()
        assert Sdp(ok.body).media[0]["direction"] == answer, ok

    def consult(phone, number="2001", desk_calls=False):
        """Alice and the telephone talk, and she is on hold while Bob does. Returns both dialogs, and where Bob sends to."""
        if desk_calls:
            phone.call("1001")
            da, invite = alice.rings()
            da.accept(invite)
            da.get("ACK")
        else:
            da = alice.invite(number)
            phone.hears("L/rg")
            phone.off_hook()
            da.connected()
        phone.mode("sendrecv")
        phone.flash()
        told(da, "inactive", "inactive")
        phone.hears("L/dl")
        phone.dial("1002")
        db, invite = bob.rings()
        phone.hears("G/rt")
        db.accept(invite)
        db.get("ACK")
        phone.mode("sendrecv")
        phone.silent()
        return da, db, Sdp(invite.body).at()

    def join(phone, *how, **more):
        """All three: returns dialogs, where each sends to, and the telephone's connections."""
        da, db, to_b = consult(phone, *how, **more)
        phone.flash()
        to_a = told(da, "sendrecv", "sendrecv")
        second, first = phone.confers()  # Bob's is the older one
        return da, db, to_a, to_b, first, second

    def talk(phone, a, conn, to):
        both_ways(a, to, conn["media"], phone.at(conn))

    # All three; each over a connection of its own.
    da, db, to_a, to_b, first, second = join(desk)
    assert first["port"] != second["port"] and to_a != to_b
    talk(desk, ma, first, to_a)
    talk(desk, mb, second, to_b)
    # A fourth is told that it is busy.
    carrier = s.carrier()
    carrier.invite("2001").failed(486)
    # The next flash lets the one who came last go; the first goes on over its connection, and is not told anything.
    desk.flash()
    db.hung_up()
    desk.mode("sendrecv")
    assert desk.conn is first
    talk(desk, ma, first, to_a)
    # Now it is a call as any: on hold, another one, and together again.
    desk.flash()
    told(da, "inactive", "inactive")
    desk.hears("L/dl")
    desk.dial("1002")
    db, invite = bob.rings()
    db.accept(invite)
    db.get("ACK")
    desk.mode("sendrecv")
    to_b = Sdp(invite.body).at()
    desk.flash()
    to_a = told(da, "sendrecv", "sendrecv")
    desk.confers()
    # One in the conference puts it on hold and takes it back: the others go on.
    conn_b, conn_a = desk.conns.values()
    asks(da, "sendonly", "recvonly")
    desk.wait("Alice's hold", lambda: conn_a["mode"] == "recvonly" and conn_b["mode"] == "confrnce")
    talk(desk, mb, conn_b, to_b)
    asks(da, "sendrecv", "sendrecv")
    desk.confers()
    # The first one hangs up: the second goes on.
    da.hang_up()
    desk.mode("sendrecv")
    talk(desk, mb, desk.conn, to_b)
    db.hang_up()
    desk.hears("L/ro")
    desk.on_hook()
    desk.gone()
    s.gw.over()

    # The one who came second hangs up.
    da, db, to_a, to_b, first, second = join(desk, desk_calls=True)
    db.hang_up()
    desk.mode("sendrecv")
    talk(desk, ma, desk.conn, to_a)
    desk.on_hook()
    da.hung_up()
    desk.gone()
    s.gw.over()

    # Hanging up leaves the two together.
    da, db, *_ = join(desk)
    desk.on_hook()
    joined = {d: told(d, "sendrecv", "sendrecv") for d in (db, da)}
    desk.gone()
    both_ways(ma, joined[da], mb, joined[db])
    da.bye(db)
    s.gw.over()
    # ... unless the line may not: both are released.
    da, db, *_ = join(hall, "2002")
    hall.on_hook()
    da.hung_up()
    db.hung_up()
    hall.gone()
    hall.asked("L/hd")
    s.gw.over()

    # A gateway with one connection, then one that knows no such mode: the first call goes on, after a tone; from then on a flash changes over.
    for refusal in ("CRCX", "MDCX"):
        da, db, to_b = consult(desk)
        desk.mixes = False
        if refusal == "MDCX":
            desk.most = 2
        before = len(desk.given)
        desk.flash()
        told(db, "inactive", "inactive")
        to_a = told(da, "sendrecv", "sendrecv")
        desk.wait("an error tone", lambda: "L/e" in desk.given[before:])
        desk.mode("sendrecv")
        talk(desk, ma, desk.conn, to_a)
        desk.flash()
        told(da, "inactive", "inactive")
        told(db, "sendrecv", "sendrecv")
        desk.flash()
        told(db, "inactive", "inactive")
        told(da, "sendrecv", "sendrecv")
        da.hang_up()
        desk.hears("L/ro")
        desk.flash()
        told(db, "sendrecv", "sendrecv")
        desk.on_hook()
        db.hung_up()
        desk.gone()
        desk.mixes, desk.most = True, 0
        s.gw.over()

    # kill -9 of the call agent: all three go on, a flash and an end do what they did, and so after another kill.
    for ends in ("flash", "first"):
        da, db, to_a, to_b, first, second = join(desk)
        before = desk.id
        s.gw.kill("tandem-ca")
        desk.wait("a new request", lambda: desk.id != before)
        desk.asked("L/hf")
        assert desk.confers() == [second, first]
        talk(desk, ma, first, to_a)
        talk(desk, mb, second, to_b)
        stays, media, to = (db, mb, to_b) if ends == "first" else (da, ma, to_a)
        if ends == "flash":
            desk.flash()
            db.hung_up()
        else:
            da.hang_up()
        desk.mode("sendrecv")
        talk(desk, media, desk.conn, to)
        if ends == "flash":
            s.gw.kill("tandem-ca")
            talk(desk, media, desk.conn, to)
        stays.hang_up()
        desk.hears("L/ro")
        desk.on_hook()
        desk.gone()
        s.gw.over()

    # ... so does hanging up.
    da, db, *_ = join(hall, "2002")
    before = hall.id
    s.gw.kill("tandem-ca")
    hall.wait("a new request", lambda: hall.id != before)
    hall.asked("L/hf")
    hall.on_hook()
    da.hung_up()
    db.hung_up()
    hall.gone()
    s.gw.over()
    # Killed before the first one has answered that the telephone is back: she is told once more.
    da, db, to_b = consult(desk)
    desk.flash()
    unanswered = da.get("INVITE")
    s.gw.kill("tandem-ca")
    to_a = told(da, "sendrecv", "sendrecv")
    second, first = desk.confers()
    talk(desk, ma, first, to_a)
    talk(desk, mb, second, to_b)
    da.reply(unanswered, 500, "Overtaken")
    desk.on_hook()
    joined = {d: told(d, "sendrecv", "sendrecv") for d in (db, da)}
    desk.gone()
    da.bye(db)
    s.gw.over()

    # Every two who were connected have their record, as calls have that are no three-way call.
    rows = [r for r in s.gw.cdrs(24) if r["answer"]]
    assert all(r["sip_code"] == 200 and r["ended"] >= r["answer"] for r in rows), rows
    talked = Counter((r["caller"], r["called"]) for r in rows)
    assert talked == {("alice", "2001"): 7, ("2001", "1002"): 9, ("2001", "1001"): 1, ("alice", "2002"): 2, ("2002", "1002"): 2, ("alice", "1002"): 2}, talked
    g.close()
