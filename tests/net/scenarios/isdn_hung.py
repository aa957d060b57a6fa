#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""tandem-isdn is connected and answers nothing any more: its calls end with cause 41 and an alarm says so; calls go over it again when it answers. And digits
that come one by one go on to a group that takes them so."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage, wait_for  # noqa: E402
from isdn import exchange  # noqa: E402

CHANNEL, OTHER = "ds/e1-1/7", "ds/e1-1/8"

with stage(start=False) as s:
    x, channels = exchange(s, isdn="overlap-send = yes", more='route on { prefix = "5" to = pri }\n')
    alice, bob = s.pair()

    def setup():
        d = alice.invite("0891234567")
        return d, x.told("setup")["call"]

    def state():
        return s.gw.show("lines")[0]["state"]

    # --- overlap sending from one channel to another: SETUP with what there is, the rest as it is dialled, CALL PROCEEDING when the far end has enough
    x.say("setup", "in-1", endpoint=CHANNEL, bearer="speech", overlap=True, called={"number": "5", "type": "unknown", "plan": "isdn"})
    x.say("digits", "in-1", digits="1")
    args = x.told("setup")
    out, sent = args["call"], args["called"]["number"]
    assert args["called"]["complete"] is False and "515".startswith(sent), args
    x.say("setup-ack", out, endpoint=OTHER)
    x.say("digits", "in-1", digits="5")
    while sent != "515":
        more = x.told("digits", out)
        assert more["complete"] is False, more
        sent += more["digits"]
        assert "515".startswith(sent), sent
    assert not [v for v, _ in x.asked if v == "proceeding"]
    x.say("proceeding", out, endpoint=OTHER)
    x.told("proceeding", "in-1")
    x.say("alerting", out, endpoint=OTHER)
    x.told("alerting", "in-1")
    x.say("answer", out, endpoint=OTHER)
    x.told("answer", "in-1")
    x.say("release", "in-1", endpoint=CHANNEL, cause=16, remote=True)
    x.released(out, 16)
    s.gw.over()
    row = s.gw.cdrs(1)[0]
    assert (row["called"], row["called_sent"]) == ("515", "515"), row

    # --- it hangs while a call is up and one rings
    d, call = setup()
    x.say("answer", call, endpoint=CHANNEL)
    d.connected()
    ringing, other = setup()
    x.say("alerting", other, endpoint=OTHER)
    ringing.response(180)
    x.hung = True
    assert "Q.850;cause=41" in d.hung_up().get("reason")
    ringing.failed(503)
    wait_for("the group to be down", lambda: state() == "down")
    wait_for("the alarm", lambda: "tandem-isdn hangs" in s.gw.ctl("show", "alarms"))
    alice.invite("0891234567").failed(503)
    s.gw.over()

    # --- and answers again
    x.hung, x.calls = False, [call]
    x.told("release", call)
    x.calls = []
    wait_for("the group to be up", lambda: state() == "up")
    d, call = setup()
    x.say("release", call, endpoint=None, cause=17)
    d.failed(486)
    s.gw.over()
