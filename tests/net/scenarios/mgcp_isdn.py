#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""A telephone behind an MGCP gateway and the ISDN call each other: ringing, tones by cause, the number and name of who calls, voice both ways, who hangs up first."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage, wait_for  # noqa: E402
from isdn import exchange  # noqa: E402
from media import both_ways  # noqa: E402
from mgcp_phone import MgcpGateway  # noqa: E402

CHANNEL = "ds/e1-1/7"
MORE = """
gateway phones { address = "10.79.2.2:2427" domain = "phones.invalid" profile = lines digit-map = "(0x.T|1xxx)" }
line desk { gateway = "phones" endpoint = "aaln/1" number = "2001" display = "Desk" address = "outside" }
"""

with stage(start=False, agent='bind = "0.0.0.0:2727"') as s:
    x, channels = exchange(s, more=MORE)
    g = MgcpGateway(s.ns_b, s.ip_b, (s.gw_b, 2727))
    desk = g[1]
    assert g.rsip() == 200
    desk.asked("L/hd")

    def speak():
        wait_for("the channel to be cut through", lambda: channels.mode(CHANNEL) == "sendrecv" and channels.conns[CHANNEL]["remote"])
        desk.mode("sendrecv")
        both_ways(desk.media, desk.at(), channels.conns[CHANNEL]["media"], channels.at(CHANNEL), 5)

    def over():
        desk.gone()
        s.gw.over()
        wait_for("the channel to be free", lambda: not channels.conns)
        desk.asked("L/hd")

    # To the ISDN: the dialled number and who calls go there; ringback until the answer; the network hangs up.
    desk.off_hook()
    desk.hears("L/dl")
    desk.report(",".join(f"D/{d}" for d in "0891234567") + ",D/T")
    args = x.told("setup")
    call = args["call"]
    assert args["called"]["number"] == "891234567" and args["calling"]["number"] == "2001" and args["calling"]["name"] == "Desk", args
    x.say("proceeding", call, endpoint=CHANNEL)
    x.say("alerting", call, endpoint=CHANNEL)
    desk.hears("G/rt")
    x.say("answer", call, endpoint=CHANNEL)
    desk.silent()
    speak()
    x.say("release", call, endpoint=CHANNEL, cause=16, remote=True)
    desk.hears("L/ro")
    desk.on_hook()
    over()
    # Busy there.
    desk.off_hook()
    desk.hears("L/dl")
    desk.report(",".join(f"D/{d}" for d in "0891234567") + ",D/T")
    call = x.told("setup")["call"]
    x.say("release", call, cause=17, remote=True)
    desk.hears("L/bz")
    desk.on_hook()
    over()
    # From the ISDN: it rings with the caller's number and name; the user hangs up first.
    x.say("setup", "in-1", group="pri", endpoint=CHANNEL, called={"number": "2001", "type": "unknown", "plan": "isdn"}, bearer="speech",
          calling={"number": "301234", "type": "national", "plan": "isdn", "presentation": "allowed", "name": "Anna"})
    desk.hears("L/rg")
    ci = next(signal for signal in desk.signals if signal.startswith("L/ci("))
    assert '"Anna"' in ci and "301234" in ci, ci
    x.told("alerting", "in-1")
    desk.off_hook()
    x.told("answer", "in-1")
    speak()
    desk.on_hook()
    x.released("in-1", 16)
    over()
    g.close()
