#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""Alarms come and go with their conditions: a port range used up, a media gateway that does not answer."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
import os  # noqa: E402
import signal  # noqa: E402
from lab import wait_for  # noqa: E402


def alarm(gw, name):
    """The last alarm of that name."""
    with_name = [a for a in gw.show("alarms") if a["name"] == name]
    return max(with_name, key=lambda a: a["since"]) if with_name else None


def is_on(gw, name):
    found = alarm(gw, name)
    return bool(found) and found["cleared"] is None


with stage(inside='ports = "30000-30003"', agent="audit = 200ms") as s:
    alice, bob = s.pair()
    calls = [s.call(alice, bob) for _ in range(2)]
    for _ in range(2):
        d = alice.invite("1002")
        refused = d.response()
        d.ack(refused)
        assert refused.status == 503, refused
    wait_for("the alarm", lambda: is_on(s.gw, "media-ports-exhausted"))
    raised = alarm(s.gw, "media-ports-exhausted")
    assert raised["object"] == "inside" and raised["severity"] == "major" and raised["count"] == 1 and raised["since"], raised
    for da, db, _, _ in calls:
        da.bye(db)
    wait_for("the alarm to clear after its hold-off", lambda: not is_on(s.gw, "media-ports-exhausted"))
    assert alarm(s.gw, "media-ports-exhausted")["cleared"] > raised["since"]

    # The media gateway hangs.
    pid = s.gw.pid_of("tandem-mg")
    os.kill(pid, signal.SIGSTOP)
    try:
        carrier = s.carrier()
        d = carrier.invite("1001")
        failed = d.response()
        d.ack(failed)
        assert failed.status in (500, 503), failed
        wait_for("the gateway to be down", lambda: [g["state"] for g in s.gw.show("gateways")] == ["down"])
    finally:
        os.kill(pid, signal.SIGCONT)
    wait_for("the gateway to be up again", lambda: [g["state"] for g in s.gw.show("gateways")] == ["up"])
    gone = alarm(s.gw, "gateway")
    assert gone and gone["severity"] == "critical", s.gw.show("alarms")
    wait_for("its alarm to clear", lambda: not is_on(s.gw, "gateway"))
    da, db, _, _ = s.call(alice, bob)
    da.bye(db)
