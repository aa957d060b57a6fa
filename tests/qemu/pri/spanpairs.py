#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""spanpairs.py: tandemctl test between channels of ISDN and lines (FXO, E&M), and between two lines, through an exchange: the gateway itself is that, with the other ends of all of
them, so that its routing leads a test call back in. And that a test ends, with everything given back, whichever program is killed in the middle of it."""
import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(sys.path[0], "../../isdn"))
from results import shows  # noqa: E402
from joined import SPANS, command, ctl, heard, process, rows_of, running, said  # noqa: E402
from lab import wait_for  # noqa: E402

# A packet network on the way, with its buffers, delays voice, and may change that.
BOUNDS = "every = 720h delay-max = 200 slips-max = 1600"
CONF = SPANS + f"""
log {{ level = debug }}
tdm {{ system-conf = "" poll = 200ms zone = "us" }}
channels b {{ numbers = {{ "1-20", "25-44" }} signalling = "bchan" }}
channels exchange {{ numbers = {{ "21" }} signalling = "fxoks" }}
channels phone {{ numbers = {{ "45" }} signalling = "fxsks" answer = dialled }}
channels trunk {{ numbers = {{ "22", "46" }} signalling = "e&m" }}
channels d {{ numbers = {{ "24", "48" }} signalling = "dchan" }}
isdn east {{ spans = {{ 1 }} switch = ni2 side = user }}
isdn west {{ spans = {{ 2 }} switch = ni2 side = network }}
line desk {{ endpoint = "ds/ds1-1/21" number = "2121" digit-map = "(2xxx|4xxx)" open-loop = yes }}
line tie {{ endpoint = "ds/ds1-1/22" kind = em number = "2222" digit-map = "(2xxx|4xxx)" }}
route out {{ prefix = "4001" to = "west" }}
route in {{ prefix = "2222" to = "tie" }}
line-test rings {{ from = "channel 1" to = "channel 45" number = "2121" {BOUNDS} }}
line-test dials {{ from = "channel 45" to = "channel 1" number = "4001" caller = "2121" {BOUNDS} }}
line-test seizes {{ from = "channel 1" to = "channel 46" number = "2222" {BOUNDS} }}
line-test pulses {{ from = "channel 46" to = "channel 1" number = "4001" caller = "2222" {BOUNDS} }}
line-test lines {{ from = "channel 45" to = "channel 46" number = "2222" {BOUNDS} }}
"""
ALWAYS = {"digits-forth", "digits-back", "level-forth", "level-back", "delay-forth", "delay-back", "echo-caller", "echo-called", "slips", "seizure", "clearing"}
FREE = (1, 21, 22, 25, 45, 46)


def states():
    return {c["channel"]: c["state"] for c in heard("show", "channels") or []}


def groups():
    return [g["free"] for g in heard("show", "isdn") or [] if g["state"] == "up"]


def idle():
    """Nothing is left of a test and its calls, on either side and in between."""
    return (groups() == [20, 20] and heard("show", "isdn-calls") == [] and heard("show", "calls") == [] and all(states().get(n) == "in-service" for n in FREE) and
            all(line["state"] == "up" for line in heard("show", "lines") or [{"state": ""}]))


def given_back():
    wait_for("everything to be given back", idle, 120, 0.2)


def comes_up():
    """What the far end's bits were before it was set up looks like a seizure: an operator resets that."""
    wait_for("both groups to be up, and every channel to be restarted", lambda: groups() == [20, 20], 120, 0.2)
    for channel in ("22", "46"):
        said("tdm", "reset", "channel", channel)
    given_back()


def passes(out, into, more, *words):
    """Every check that such ends show passes, and it is said of each other one why it is not made; the number is that of the configuration."""
    done = ctl("test", "channel", out, into, *words)
    rows = rows_of(done)
    assert done.returncode == 0 and {r["check"] for r in rows if r["result"] == "ok"} == ALWAYS | more, done.stderr
    assert len(rows) == len(ALWAYS) + 3, rows
    assert float(next(r["measured"] for r in rows if r["check"] == "level-back").split()[0]) ** 2 < 0.25, rows
    given_back()


def alone(*words):
    """Calls from there are heard of as before: those of the other tests."""
    done = ctl("test", "channel", *words)
    assert done.returncode == 0, done.stderr
    given_back()


def fails(words, why):
    done = ctl("test", "channel", *words)
    assert done.returncode != 0 and why in done.stderr, done.stderr
    given_back()


def killed(name, out, into):
    """In the middle of the call: the test is over soon, and everything is as before."""
    begun = subprocess.Popen(command("--json", "test", "channel", out, into), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for("the call to be up", lambda: states().get(1) == states().get(45) == "in-use", 60, 0.05)
    assert "another test runs" in ctl("test", "channel", "2", "26").stderr
    os.kill(process(name), signal.SIGKILL)
    out, err = begun.communicate(timeout=60)
    assert begun.returncode != 0, (out, err)
    print(f"note {name} killed: {err.strip()}")
    given_back()


with running(CONF, "spanpairs.log"):
    wait_for("tandem-mg", lambda: ctl("show", "channels").returncode == 0, 60, 0.2)
    if shows("spans, lines and groups come up", comes_up):
        shows("the exchange's line is tested by itself", alone, "21", "45")
        shows("out by ISDN and in by an exchange's line, which rings", passes, "1", "45", {"caller-id", "answer"})
        shows("out by an exchange's line, which is dialled, and in by ISDN", passes, "45", "1", {"caller-id", "start"})
        shows("out by ISDN and in by an E&M trunk", passes, "1", "46", {"answer"})
        shows("out by an E&M trunk and in by ISDN", passes, "46", "1", {"caller-id", "start", "answer"})
        shows("out by an exchange's line and in by an E&M trunk", passes, "45", "46", {"start"})
        shows("a number that leads nowhere", fails, ("1", "45", "number", "999"), "seizure: cleared with cause")
        shows("a number that leads elsewhere", fails, ("1", "45", "number", "2222"), "seizure: nothing is heard of it")
        shows("lines and ISDN without a number", fails, ("2", "46"), "only a network joins ds/ds1-1/2 and ds/ds1-2/22")
        for name in ("tandem-ca", "tandem-isdn", "tandem-mg"):
            shows(f"{name} is killed in a test", killed, name, "1", "45")
        shows("it passes again", passes, "45", "1", {"caller-id", "start"})
