#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""kills.py [CASE...]: kill -9 of each daemon, and of several, while calls are up over ISDN and over a trunk: what becomes of them, their parties see. A supervisor
holds the descriptors for tandem-keep, as systemd does."""
import os
import sys
import time

sys.path.insert(0, os.path.join(sys.path[0], "../../isdn"))
from results import shows
from box import PATIENCE, box, ended, far_switch
from lab import wait_for
import survive

CLEARED = 5  # seconds, by the guest's time: DESIGN section 5


def calls(far):
    """One over each."""
    b.up("pstn", "near", "away")
    return (*b.by_isdn(far), *b.by_trunk())


def end_by_parties(d, e, eb):
    """Nobody else has ended a call: BYE is answered with 200, and who is at the other end hears so."""
    b.hang_up(d)
    b.hang_up(e, eb)
    far.idle()
    b.over()


def agent():
    d, _, e, eb = calls(far)
    b.gw.kill("tandem-ca")
    end_by_parties(d, e, eb)


def gateway():
    """Both lines stay off hook: neither the exchange nor the trunk's other end sees the call end."""
    d, _, e, eb = calls(far)
    b.gw.kill("tandem-mg")
    end_by_parties(d, e, eb)


def isdn():
    """The ISDN's call ends on both sides with cause 41 and in time, the trunk's goes on; calls can be made again."""
    d, came, e, eb = calls(far)
    old, killed = b.gw.pid_of("tandem-isdn"), time.monotonic()
    survive.kill_daemon(old)
    ended(d, 41)
    far.take(("restarted", "release", "released"), call=came["call"])
    took = time.monotonic() - killed
    assert took < CLEARED, took
    wait_for("tandem-isdn to be back", lambda: b.gw.pid_of("tandem-isdn") not in (None, old), PATIENCE)
    b.hang_up(e, eb)
    b.up("pstn")
    b.hang_up(b.by_isdn(far)[0])
    b.over()


def keep():
    """It comes back, and holds again what the daemons need: the media gateway that is killed afterwards finds its channels off hook."""
    d, _, e, eb = calls(far)
    survive.kill(b.gw, ["keep"])
    b.gw.kill("tandem-mg")
    end_by_parties(d, e, eb)


def keep_agent_and_gateway():
    """At once: what holds their channels is the supervisor."""
    d, _, e, eb = calls(far)
    survive.kill(b.gw, ["keep", "mg", "ca"], 0)
    end_by_parties(d, e, eb)


with box(supervised=True) as b:
    with far_switch() as far:
        far.up()
        for case in (agent, gateway, isdn, keep, keep_agent_and_gateway):
            if case.__name__ in sys.argv[1:] or not sys.argv[1:]:
                b.fresh()
                shows(f"kills: {case.__name__.replace('_', ' ')}", case)
    if os.environ.get("DEBUG"):
        print(b.gw.log())
