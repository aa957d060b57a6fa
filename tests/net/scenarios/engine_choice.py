#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""media.engine is changed and the media gateway started again, while a call is up: from tandem-mg alone to XDP and back. The call's media go on by the engine chosen."""
import re
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from lab import wait_for  # noqa: E402
from media import both_ways  # noqa: E402
from sipmsg import Sdp  # noqa: E402

with stage() as s:
    alice, bob = s.pair()
    da, db, invite, ok = s.call(alice, bob)
    ma, mb = s.media(alice), s.media(bob)
    to_a, to_b = Sdp(ok.body).at(), Sdp(invite.body).at()
    both_ways(ma, to_a, mb, to_b)
    for engine in ("native", "null"):
        s.gw.configure(engine=engine)
        s.gw.reload()
        wait_for("the choice to be taken", lambda: re.search(rf"engine\s*=\s*\"?{engine}\b", s.gw.show("config")))
        s.gw.kill("tandem-mg")
        modes = {e["mode"] for e in s.gw.show("engines") if e["interface"] not in ("*", "lo")}
        assert modes - {"null"} == {engine} - {"null"}, (engine, modes)
        both_ways(ma, to_a, mb, to_b)
    da.request("BYE")
    db.hung_up()
    assert da.response(method="BYE").status == 200
