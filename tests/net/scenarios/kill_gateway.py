#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: engines
"""kill -9 of the media gateway: with XDP or the module not a packet is lost, without them media is back on the same ports within a second. The programs that the kernel
has checked are those that run afterwards: checking them anew would keep the rest waiting."""
import glob
import json
import os
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
import threading  # noqa: E402
from media import both_ways  # noqa: E402
from sipmsg import Sdp  # noqa: E402

with stage() as s:
    # What takes the kernel long to check is loaded where it will run.
    loaded = [os.path.basename(path) for path in glob.glob(s.gw.pins + "/*/prog-*")]
    assert sorted(name.rpartition("-")[0] for name in loaded) == (["prog-generic", "prog-native"] if s.engine != "null" else []), loaded

    def programs():
        links = json.loads(s.lab.inside(s.ns_gw, "ip", "-json", "link", "show"))
        return {link["ifname"]: link.get("xdp", {}).get("prog", {}).get("id") for link in links}

    before = programs()
    assert s.engine != "xdp" or before["in0"] and before["out0"], before
    alice, bob = s.pair()
    da, db, invite, ok = s.call(alice, bob)
    ma, mb = s.media(alice), s.media(bob)
    to_a, to_b = Sdp(ok.body).at(), Sdp(invite.body).at()
    both_ways(ma, to_a, mb, to_b)
    killer = threading.Thread(target=s.gw.kill, args=("tandem-mg",))
    killer.start()
    sent = ma.send(to_a, 150, 0.01)
    got = [data for data, _ in mb.receive(150, 1.0)]
    killer.join()
    assert programs() == before
    lost = len(sent) - len(got)
    if s.engine in ("xdp", "module"):
        assert got == sent, f"{lost} packets were lost"
    else:
        assert lost <= 100, f"{lost} packets of 10 ms were lost: more than a second"
        assert got[-1] == sent[-1], "media did not come back"
    both_ways(ma, to_a, mb, to_b)
    da.request("BYE")
    db.hung_up()
    assert da.response(method="BYE").status == 200
