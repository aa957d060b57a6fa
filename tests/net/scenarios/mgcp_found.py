#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""An MGCP gateway of which nothing is configured but its networks: its RSIP tells where it is (RFC 3435 2.3.12), from there alone. After kill -9 of the call agent it is known
without another one: its answered call goes on and is ended, its telephones are heard and called."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from lab import wait_for  # noqa: E402
from media import both_ways  # noqa: E402
from mgcp_phone import MgcpGateway  # noqa: E402
from sipmsg import Sdp  # noqa: E402

MORE = """
gateway phones { address = "" networks = { "10.79.2.0/28" } domain = "phones.invalid" profile = lines digit-map = "1xxx" }
line desk { gateway = "phones" endpoint = "aaln/1" number = "2001" address = "outside" }
line hall { gateway = "phones" endpoint = "aaln/2" number = "2002" address = "outside" }
"""

with stage(more=MORE, agent='bind = "0.0.0.0:2727"', process="restart-max = 50ms") as s:
    alice, bob = s.pair()
    ma = s.media(alice)
    stranger = MgcpGateway(s.ns_b, s.another("b"), (s.gw_b, 2727), media=43000)
    assert stranger.rsip() == 500, "it is in none of the networks"
    stranger.close()
    alice.invite("2001").failed(503)
    g = MgcpGateway(s.ns_b, s.ip_b, (s.gw_b, 2727))
    desk, hall = g[1], g[2]
    assert g.rsip() == 200

    def call(telephone, number):
        telephone.asked("L/hd")
        d = alice.invite(number)
        telephone.hears("L/rg")
        telephone.off_hook()
        ok = d.connected()
        telephone.mode("sendrecv")
        to = Sdp(ok.body).at()
        both_ways(ma, to, telephone.media, telephone.at())
        return d, to

    def known():
        return [x["address"] for x in s.gw.show("gateways") if x["gateway"] == "phones"] == [f"{s.ip_b}:2427"]

    for itself in (True, False):
        d, to = call(desk, "2001")
        conn = next(iter(desk.conns))
        before = hall.id
        s.gw.kill("tandem-ca")
        hall.wait("a new request", lambda: hall.id != before)
        assert known()
        both_ways(ma, to, desk.media, desk.at())
        assert list(desk.conns) == [conn]
        desk.ends(d, itself)
    # It is heard, too: nothing was said to it since the kill but by its last call.
    before = hall.id
    s.gw.kill("tandem-ca")
    hall.wait("a new request", lambda: hall.id != before)
    hall.asked("L/hd")
    hall.call("1002")
    d, invite = bob.rings()
    d.refuse(invite, 486)
    hall.hears("L/bz")
    hall.on_hook()
    d, _ = call(hall, "2002")
    hall.on_hook()
    d.hung_up()
    # Its network is another one now: what was found before does not count.
    wait_for("the calls to be over", lambda: not s.gw.show("calls"))
    s.gw.configure(more=MORE.replace("10.79.2.0/28", "10.79.3.0/28"))
    s.gw.kill("tandem-ca")
    wait_for("it to be unknown", lambda: not known())
    alice.invite("2001").failed(503)
    g.close()
