#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""Reload by tandemctl and by SIGHUP: users come and go, passwords and routes change, calls go on; a mistake is told to who asked, and changes nothing."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
import re  # noqa: E402
from lab import wait_for  # noqa: E402
from media import both_ways  # noqa: E402
from sipmsg import Sdp  # noqa: E402

with stage() as s:
    alice, bob = s.pair()
    carrier = s.carrier()
    da, db, invite, ok = s.call(alice, bob)
    ma, mb = s.media(alice), s.media(bob)

    s.gw.configure(more='user carol { password = "new" numbers = { "1003" } address = "inside" }', trunk="max-calls = 5")
    s.gw.ctl("reload")
    carol = s.phone("a", "carol", "new", port=5072)
    assert carol.register().status == 200, "the new user"
    called, ringing, _, _ = s.call(carrier, carol, "1003")
    called.bye(ringing)
    both_ways(ma, Sdp(ok.body).at(), mb, Sdp(invite.body).at())

    with open(s.gw.config) as f:
        good = f.read()
    s.gw.configure(good.replace("strip = 1", "strip = many"))
    try:
        s.gw.ctl("reload")
        raise AssertionError("a bad configuration was taken")
    except RuntimeError as e:
        line = 1 + good[:good.index("strip = 1")].count("\n")
        assert re.search(rf"tandem\.conf:{line}: .*strip", str(e)), e
    assert carol.register().status == 200, "what ran before runs on"

    s.gw.configure(re.sub(r"user carol .*", "", good))
    s.gw.reload()
    wait_for("the user to be gone", lambda: carol.register().status in (401, 403, 404))
    both_ways(ma, Sdp(ok.body).at(), mb, Sdp(invite.body).at())
    da.bye(db)
    assert "debug" in s.gw.ctl("log", "level"), "log level"
    s.gw.ctl("log", "level", "info")
    assert "info" in s.gw.ctl("log", "level")
