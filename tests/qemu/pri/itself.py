#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""itself.py t1|e1: the test switch on both ends of a pair of spans."""
import random
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(sys.path[0], "../../isdn"))
from results import BUILD, path, read, shows, switch, write
from lab import wait_for

kind = sys.argv[1]
OCTETS = 16000


def calls():
    for one, other in ((network, user), (user, network)):
        out = one.call("5551234")
        came = other.setup(called="5551234")
        other.answer(came["call"])
        one.take("connect", call=out)
        one.hang_up(out)
        other.over(came["call"])


def voice():
    sent = random.Random(1).randbytes(OCTETS)
    write("sent", sent)
    network.do("voice", 3, record=path("heard"))
    network.take("voice")
    user.do("voice", 3, play=path("sent"))
    wait_for("the octets to come as they were sent", lambda: sent in read("heard"), 20)
    for one in (user, network):
        one.do("silence", 3)
        one.take("voice-end")


subprocess.run([f"{BUILD}/switch", "spans", kind, "1"], check=True)
with switch(kind, 1, side="network", type="ni2" if kind == "t1" else "euroisdn") as network, \
        switch(kind, 2, side="user", type="ni2" if kind == "t1" else "euroisdn", pcap=path(f"{kind}.pcap")) as user:
    shows(f"{kind}: the D-channel comes up between two switches", lambda: (network.up(), user.up()))
    shows(f"{kind}: they call each other", calls)
    shows(f"{kind}: octets cross a B-channel as they are", voice)
