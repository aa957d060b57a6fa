#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""A telephone behind an MGCP gateway and the ISDN call each other: no SIP in between. Both ends are scripts (mgcp_phone.py, isdn.py)."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage, wait_for  # noqa: E402
from isdn import exchange  # noqa: E402
from media import both_ways  # noqa: E402
from mgcp_phone import MgcpGateway  # noqa: E402

CHANNEL = "ds/e1-1/7"
MORE = """
gateway phones { address = "10.79.2.2:2427" domain = "phones.invalid" profile = lines digit-map = "(0xxxxxxxxx)" }
line desk { gateway = "phones" endpoint = "aaln/1" number = "2001" display = "Desk" address = "outside" }
route desk { called = "2001" to = "desk" }
"""

with stage(start=False, agent='bind = "0.0.0.0:2727"') as s:
    x, channels = exchange(s, more=MORE)
    g = MgcpGateway(s.ns_b, s.ip_b, (s.gw_b, 2727))
    desk = g[1]
    assert g.rsip() == 200
    desk.asked("L/hd")

    def talk():
        desk.mode("sendrecv")
        wait_for("the channel to be cut through", lambda: channels.mode(CHANNEL) == "sendrecv" and channels.conns[CHANNEL]["remote"])
        both_ways(desk.media, desk.at(), channels.conns[CHANNEL]["media"], channels.at(CHANNEL), 5)

    def over():
        desk.gone()
        s.gw.over()
        wait_for("the channel to be free", lambda: not channels.conns)

    # The telephone calls: ringing, which the network does not play, and the answer; it hangs up.
    desk.call("0891234567")
    args = x.told("setup")
    call = args["call"]
    assert args["called"] == {"number": "891234567", "type": "national", "plan": "isdn"}, args
    assert (args["calling"]["number"], args["calling"]["name"], args["calling"]["presentation"]) == ("2001", "Desk", "allowed"), args
    x.say("alerting", call, endpoint=CHANNEL)
    desk.hears("G/rt")
    x.say("answer", call, endpoint=CHANNEL)
    desk.silent()
    talk()
    desk.on_hook()
    x.released(call, 16)
    desk.asked("L/hd")
    over()

    # The network's own ringing is heard instead, and why it is over.
    desk.call("0891234567")
    call = x.told("setup")["call"]
    x.say("alerting", call, endpoint=CHANNEL, progress=8)
    wait_for("the channel to be cut through", lambda: channels.mode(CHANNEL) == "sendrecv")
    assert "G/rt" not in desk.signals, desk.signals
    x.say("release", call, endpoint=CHANNEL, cause=17, remote=True)
    desk.hears("L/bz")
    desk.on_hook()
    desk.asked("L/hd")
    over()

    # The ISDN calls: caller ID at the telephone, ringing at the channel; the network hangs up.
    x.say("setup", "in-1", endpoint=CHANNEL, bearer="speech", overlap=False, called={"number": "2001", "type": "unknown", "plan": "isdn"},
          calling={"number": "891110000", "type": "national", "plan": "isdn", "presentation": "allowed", "name": "Erika"})
    desk.hears("L/rg")
    ci = next(c for c in desk.signals if c.startswith("L/ci("))
    assert "+49891110000" in ci and "Erika" in ci, ci
    assert x.told("alerting", "in-1")["progress"] == 8
    wait_for("ringback", lambda: channels.signals(CHANNEL)[-1:] == ["G/rt"])
    desk.off_hook()
    x.told("answer", "in-1")
    wait_for("silence", lambda: channels.signals(CHANNEL)[-1] == "")
    talk()
    x.say("release", "in-1", cause=16, remote=True)
    desk.hears("L/ro")
    desk.on_hook()
    desk.asked("L/hd")
    over()
