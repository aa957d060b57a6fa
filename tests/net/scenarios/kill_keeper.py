#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""kill -9 of tandem-keep: the daemons go on with the call, and a new keeper takes over."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
import os  # noqa: E402
import signal  # noqa: E402
from media import both_ways  # noqa: E402
from sipmsg import Sdp  # noqa: E402

with stage() as s:
    alice, bob = s.pair()
    da, db, invite, ok = s.call(alice, bob)
    ma, mb = s.media(alice), s.media(bob)
    to_a, to_b = Sdp(ok.body).at(), Sdp(invite.body).at()
    both_ways(ma, to_a, mb, to_b)
    daemons = [s.gw.pid_of(p) for p in ("tandem-ca", "tandem-mg")]
    os.kill(s.gw.process.pid, signal.SIGKILL)
    s.gw.process.wait()
    both_ways(ma, to_a, mb, to_b)
    assert alice.options() == 200
    s.gw.start(settle=False)
    both_ways(ma, to_a, mb, to_b)
    da.request("BYE")
    db.hung_up()
    assert da.response(method="BYE").status == 200
    s.gw.idle()
    assert [s.gw.pid_of(p) for p in ("tandem-ca", "tandem-mg")] == daemons, "the new keeper started other daemons beside those that were there"
