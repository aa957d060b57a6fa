#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""kill -9 of a media gateway that comes back with another number of threads: what arrived meanwhile waited at the old threads' sockets and goes on, in
order, before anything newer."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
import glob  # noqa: E402
import threading  # noqa: E402
from media import both_ways  # noqa: E402
from sipmsg import Sdp  # noqa: E402

IN_HAND = 3  # packets that a thread had taken when it was killed


def threads(s):
    """Threads that forward media now."""
    names = []
    for path in glob.glob(f"/proc/{s.gw.pid_of('tandem-mg')}/task/*/comm"):
        with open(path) as f:
            names.append(f.read().strip())
    return names.count("tandem-media")


with stage(media="threads = 2") as s:
    alice, bob = s.pair()
    da, db, invite, ok = s.call(alice, bob)
    ma, mb = s.media(alice), s.media(bob)
    to_a, to_b = Sdp(ok.body).at(), Sdp(invite.body).at()
    both_ways(ma, to_a, mb, to_b)
    for number in (3, 1, 4, 4):
        s.gw.configure(media=f"threads = {number}")
        killer = threading.Thread(target=s.gw.kill, args=("tandem-mg",))
        killer.start()
        sent = ma.send(to_a, 150, 0.01)
        killer.join()
        got = [data for data, _ in mb.receive(150, 1.0)]
        assert threads(s) == number, f"{threads(s)} threads where {number} are configured"
        assert len(got) >= len(sent) - IN_HAND, f"{number} threads: {len(sent) - len(got)} packets were lost"
        assert got == [data for data in sent if data in set(got)], f"{number} threads: packets were reordered or duplicated"
        both_ways(ma, to_a, mb, to_b)
    da.request("BYE")
    db.hung_up()
    assert da.response(method="BYE").status == 200
