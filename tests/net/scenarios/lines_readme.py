#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""The telephone lines of the README, as they stand there, on a machine without cards: SIP phones call each other as before, what is missing is an alarm each, calls to it
are refused at once, and the telephone behind another maker's gateway, which says nothing but its address, calls and is called."""
import os
import re
import subprocess
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from lab import wait_for  # noqa: E402
from media import both_ways  # noqa: E402
from mgcp_phone import MgcpGateway  # noqa: E402
from sipmsg import Sdp  # noqa: E402


def of_the_readme(address):
    with open(os.path.dirname(os.path.realpath(__file__)) + "/../../../README.md") as f:
        text = f.read()
    lines = text[text.index("## Telephone lines"):].split("```")[1]
    assert 'gateway floor { address = "192.168.1.40:2427" }' in lines and "line hall" in lines, lines
    lines = lines.replace("192.168.1.40", address).replace("route out ", "route lines ")
    lines = re.sub(r"(?m)^line hall +{", 'line hall { address = "outside"', lines)
    return re.sub(r"(?m)^route in .*", "", lines)  # the stage has one of that name


with stage(more=of_the_readme("10.79.2.2"), agent='bind = "0.0.0.0:2727"') as s:
    alice, bob = s.pair()
    ma, mb = s.media(alice), s.media(bob)
    da, db, _, _ = s.call(alice, bob)
    da.hang_up()
    db.hung_up()

    assert {g["gateway"] for g in s.gw.show("gateways")} == {"local", "floor"}
    wait_for("each line to say that it is down", lambda: {x["line"]: x["state"] for x in s.gw.show("lines")} == dict.fromkeys(("pstn", "front", "spare", "hall"), "down"))
    on = {(a["name"], a["object"]): a["detail"] for a in s.gw.show("alarms") if not a.get("cleared")}
    assert "DAHDI is not there" in on["tdm-driver", "dahdi"], on
    wait_for("its alarms", lambda: {"isdn pstn", "line front", "line spare", "line hall"} <= {a["object"] for a in s.gw.show("alarms") if a["name"] == "line"})
    for number in ("1010", "0123"):
        d = alice.invite(number)
        m = d.response()
        d.ack(m)
        assert m.status == 503, m
    refused = subprocess.run([s.gw.tandemctl, "-c", s.gw.config, "tdm", "lock", "span", "1"], capture_output=True, text=True)
    assert refused.returncode != 0 and refused.stderr == "tandemctl: tandem-mg: span 1: no such span, group, channel or endpoint\n", refused

    g = MgcpGateway(s.ns_b, s.ip_b, (s.gw_b, 2727), domain=f"[{s.ip_b}]")
    assert g.rsip() == 200
    hall = g[1]
    hall.asked("L/hd")
    d = alice.invite("1020")
    hall.hears("L/rg")
    d.response(180)
    hall.off_hook()
    ok = d.connected()
    both_ways(ma, Sdp(ok.body).at(), hall.media, hall.at())
    d.hang_up()
    hall.gone()
    hall.on_hook()
    hall.call("1001")
    d, invite = alice.answer_invite()
    d.accept(invite)
    d.get("ACK")
    hall.on_hook()
    d.hung_up()
    s.gw.over()
