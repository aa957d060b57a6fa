#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""Telephones behind an MGCP gateway through restarts (RFC 3435 4.4.5 to 4.4.7): each method of RSIP, a whole gateway's telephones at once, one that falls silent and comes
back, and kill -9 of the call agent with calls in every state. Answered calls go on."""
import sys
import threading
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from lab import wait_for  # noqa: E402
from media import both_ways  # noqa: E402
from mgcp_phone import MgcpGateway  # noqa: E402
from sipmsg import Sdp  # noqa: E402

MANY = 40
MORE = """
gateway phones { address = "10.79.2.2:2427" domain = "phones.invalid" profile = lines digit-map = "(1xxx|2xxx|9x.T)" }
line desk { gateway = "phones" endpoint = "aaln/1" number = "2001" address = "outside" }
line hall { gateway = "phones" endpoint = "aaln/2" number = "2002" address = "outside" }
route desk { called = "2001" to = "desk" }
route hall { called = "2002" to = "hall" }
""" + "".join(f'line many{i} {{ gateway = "phones" endpoint = "aaln/{i}" address = "outside" }}\n' for i in range(3, MANY + 1))

with stage(more=MORE, agent='bind = "0.0.0.0:2727"', process="restart-max = 50ms") as s:
    g = MgcpGateway(s.ns_b, s.ip_b, (s.gw_b, 2727), telephones=MANY)
    desk, hall = g[1], g[2]
    alice, bob = s.pair()
    ma, mb = s.media(alice), s.media(bob)

    def state(name):
        return next((line["state"], line["why"]) for line in s.gw.show("lines") if line["line"] == name)

    # An avalanche: each telephone announces itself, all at the same moment; each is asked for its hook, and answered.
    codes = []
    threads = [threading.Thread(target=lambda t=t: codes.append(g.rsip(endpoint=t))) for t in g.telephones]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert codes == [200] * MANY, codes
    for t in g.telephones.values():
        t.asked("L/hd", 10)
    wait_for("all lines to be up", lambda: all(line["state"] == "up" for line in s.gw.show("lines")))

    def call_desk():
        d = alice.invite("2001")
        desk.hears("L/rg")
        desk.off_hook()
        ok = d.connected()
        desk.mode("sendrecv")
        to = Sdp(ok.body).at()
        both_ways(ma, to, desk.media, desk.at())
        return d, to

    # Graceful: what there is goes on, nothing new begins, on that endpoint alone; taken back.
    d, to = call_desk()
    assert g.rsip("graceful", "aaln/1", "RD: 60\r\n") == 200
    assert state("desk") == ("down", "leaving service")
    both_ways(ma, to, desk.media, desk.at())
    bob.invite("2001").failed(503)
    assert g.rsip("cancel-graceful", "aaln/1") == 200
    assert state("desk")[0] == "up"
    # Forced: its call is over, and the other party told.
    assert g.rsip("forced", "aaln/1", "E: 905 hung up by hand\r\n") == 200
    d.hung_up()
    desk.off = False
    bob.invite("2001").failed(503)
    assert state("desk") == ("down", "out of service") and state("hall")[0] == "up"
    assert g.rsip("restart", "aaln/1") == 200
    desk.asked("L/hd")
    # A restart while it talks: as forced, and it is asked anew at once.
    d, to = call_desk()
    desk.off = False
    assert g.rsip() == 200
    d.hung_up()
    desk.asked("L/hd")
    # Disconnected: the call goes on; the hook is looked at, which says that its user has gone meanwhile.
    d, to = call_desk()
    assert g.rsip("disconnected") == 200
    desk.wait("an audit", lambda: any(c.verb == "AUEP" and "ES" in (c["F"] or "") for c in desk.commands))
    both_ways(ma, to, desk.media, desk.at())
    desk.off = False
    assert g.rsip("disconnected") == 200
    d.hung_up()
    desk.asked("L/hd")
    assert g.rsip("sideways") == 536
    # The gateway gives its connection up (RFC 3435 2.3.8): the call ends, its user hears why, and calls again.
    d, to = call_desk()
    with g.lock:
        conn, desk.conns = next(iter(desk.conns.items())), {}
    assert g.ask(f"DLCX {{tid}} aaln/1@phones.invalid MGCP 1.0\r\nC: {conn[1]['call']}\r\nI: {conn[0]}\r\nE: 902 out of order\r\n") == 250
    d.hung_up()
    desk.hears("G/cg")
    desk.on_hook()
    desk.call("1002")
    d, invite = bob.answer_invite()
    d.refuse(invite, 486)
    desk.hears("L/bz")
    desk.on_hook()
    desk.asked("L/hd")

    # It falls silent: the agent finds out by what it asks, calls are refused at once then, and it is served again when it answers.
    g.silent = True
    first = alice.invite("2001")
    first.failed(503)
    wait_for("the gateway to be down", lambda: {x["gateway"]: x["state"] for x in s.gw.show("gateways")}["phones"] == "down")
    alice.invite("2002").failed(503)
    g.silent = False
    wait_for("the lines to be up", lambda: state("hall")[0] == "up" and state("desk")[0] == "up")
    desk.asked("L/hd")

    # kill -9 of the agent: the answered call goes on, on the same connection, and each side can end it; on hold, too.
    for itself in (True, False):
        d, to = call_desk()
        conn = next(iter(desk.conns))
        s.gw.kill("tandem-ca")
        both_ways(ma, to, desk.media, desk.at())
        assert list(desk.conns) == [conn]
        desk.ends(d, itself)
        desk.asked("L/hd")
    # What rang ends: the telephone stops, the caller is told.
    d = alice.invite("2001")
    desk.hears("L/rg")
    d.response(180)
    s.gw.kill("tandem-ca")
    d.failed(503)
    desk.silent()
    desk.asked("L/hd")
    # While its user dials: dial tone again.
    hall.off_hook()
    hall.hears("L/dl")
    before = hall.id
    s.gw.kill("tandem-ca")
    hall.wait("a new request", lambda: hall.id != before)
    hall.asked("D/")
    hall.hears("L/dl")
    hall.dial("1002")
    d, invite = bob.rings()
    d.accept(invite)
    d.get("ACK")
    hall.mode("sendrecv")
    both_ways(mb, Sdp(invite.body).at(), hall.media, hall.at())
    # Hung up while nobody was there to hear of it.
    s.gw.kill("tandem-ca")
    hall.on_hook()
    d.hung_up()
    hall.asked("L/hd")
    g.close()
