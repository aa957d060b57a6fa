#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""tandem-isdn runs while a section names spans: where there is no driver for them it says so in one line and an alarm, and calls of SIP do not mind, nor its being
killed. A call to the group gets an answer at once."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from lab import wait_for  # noqa: E402
from media import both_ways  # noqa: E402
from sipmsg import Sdp  # noqa: E402

ISDN = 'isdn pri { spans = { "1" } switch = ni2 }\nroute lines { prefix = "0" to = pri }\n'

with stage(more=ISDN, process="restart-max = 50ms") as s:
    def alarm():
        return next((a for a in s.gw.show("alarms") if a["name"] == "isdn-group" and not a["cleared"]), None)

    alice, bob = s.pair()
    row = s.gw.show("isdn")[0]
    assert (row["group"], row["state"], row["switch"], row["side"], row["channels"]) == ("pri", "down", "ni2", "user", 0), row
    wait_for("the alarm", alarm)
    assert (alarm()["object"], alarm()["detail"]) == ("pri", "its span is not there"), alarm()
    said = [line for line in s.gw.log().splitlines() if "tandem-isdn" in line and "span 1" in line]
    assert len(said) == 1 and "it is not there" in said[0], said
    alice.invite("0891").failed(503)

    da, db, invite, ok = s.call(alice, bob)
    ma, mb = s.media(alice), s.media(bob)
    s.gw.kill("tandem-isdn")
    both_ways(ma, Sdp(ok.body).at(), mb, Sdp(invite.body).at())

    s.gw.configure(more="")
    s.gw.ctl("reload")
    wait_for("tandem-isdn to be gone", lambda: s.gw.pid_of("tandem-isdn") is None)
    s.gw.configure(more=ISDN)
    s.gw.ctl("reload")
    wait_for("tandem-isdn to be there", lambda: s.gw.pid_of("tandem-isdn"))
    wait_for("it to serve", lambda: s.gw.show("isdn"))
    both_ways(ma, Sdp(ok.body).at(), mb, Sdp(invite.body).at())
    da.bye(db)
    s.gw.over()
