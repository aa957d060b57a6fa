#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""An MGCP gateway known by name, which has two addresses: the one that answers is used, and the other when it does not any more; a call each time, to a telephone by its
number. Where it was found outlives a kill of the call agent."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from lab import wait_for  # noqa: E402
from media import both_ways  # noqa: E402
from mgcp_phone import MgcpGateway  # noqa: E402
from nameserver import BadServer  # noqa: E402
from sipmsg import Sdp  # noqa: E402

NXDOMAIN = 3
MORE = """
dns { servers = { "10.79.2.2" } }
gateway phones { address = "gw.phones.test:2427" domain = "phones.invalid" profile = lines }
line desk { gateway = "phones" endpoint = "aaln/1" number = "2001" address = "outside" }
"""

with stage(start=False, more=MORE, agent='bind = "0.0.0.0:2727" audit = 100ms') as s:
    other = s.another("b")
    addresses = [("gw.phones.test", 1, bytes(int(n) for n in ip.split("."))) for ip in (s.ip_b, other)]
    server = BadServer(s.ns_b, s.ip_b, lambda name, kind: addresses if (name, kind) == ("gw.phones.test", 1) else NXDOMAIN)
    g = MgcpGateway(s.ns_b, s.ip_b, (s.gw_b, 2727))
    s.gw.start()
    alice, _ = s.pair()
    media = s.media(alice)

    def call():
        wait_for("the line to be up", lambda: [x["state"] for x in s.gw.show("lines")] == ["up"])
        g[1].asked("L/hd")
        d = alice.invite("2001")
        g[1].hears("L/rg")
        g[1].off_hook()
        ok = d.connected()
        g[1].mode("sendrecv")
        both_ways(media, Sdp(ok.body).at(), g[1].media, g[1].at())
        g[1].on_hook()
        d.hung_up()
        s.gw.over()

    call()
    # It has gone to its other address, which is found out when it does not answer.
    g.close()
    g = MgcpGateway(s.ns_b, other, (s.gw_b, 2727), media=43000)
    alice.invite("2001").failed(503)
    call()
    assert [x["address"] for x in s.gw.show("gateways") if x["gateway"] == "phones"] == [f"{other}:2427"]
    # Nobody tells its address any more; the call agent that is killed knows it.
    server.close()
    s.gw.kill("tandem-ca")
    call()
    g.close()
