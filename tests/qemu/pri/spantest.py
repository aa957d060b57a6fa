#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""spantest.py: tandemctl test between two T1 back to back: bearers, telephones against exchange lines, E&M trunks, ISDN; and that faults are seen."""
import contextlib
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(sys.path[0], "../../isdn"))
from results import shows  # noqa: E402
from joined import SPANS, command, ctl, heard, process, reload, rows_of, running, said  # noqa: E402
from lab import wait_for  # noqa: E402

CONF = SPANS + """
log { level = debug }
tdm { system-conf = "" poll = 200ms zone = "us" }
channels b { numbers = { "1-20", "25-44" } signalling = "bchan" echo-canceller = "none" }
channels exchange { numbers = { "21" } signalling = "fxoks" echo-canceller = "none" }
channels phone { numbers = { "45" } signalling = "fxsks" echo-canceller = "none" answer = dialled }
channels trunk { numbers = { "22", "46" } signalling = "e&m" echo-canceller = "none" }
channels d { numbers = { "24", "48" } signalling = "dchan" }
"""
ISDN = """
isdn east { spans = { 1 } switch = ni2 side = user }
isdn west { spans = { 2 } switch = ni2 side = network }
"""
VOICE = {"digits-forth", "digits-back", "level-forth", "level-back", "delay-forth", "delay-back", "echo-caller", "echo-called", "slips"}


def states():
    return {c["channel"]: c["state"] for c in said("show", "channels")}


def test(*words):
    """Each check that is made: its row."""
    done = ctl("test", *words)
    return {r["check"]: r for r in rows_of(done) if r["result"] != "n/a"}, done


def passes(checks, *words):
    rows, done = test(*words)
    assert set(rows) == checks, sorted(rows)
    assert [r["check"] for r in rows.values() if r["result"] != "ok"] == [] and done.returncode == 0, done.stderr
    assert float(rows["level-forth"]["measured"].split()[0]) ** 2 < 0.25, rows["level-forth"]  # nothing between the spans changes it


def in_service(*channels):
    wait_for("the channels to be in service", lambda: all(states().get(n) == "in-service" for n in channels), 60, 0.2)


def trunk():
    """What the far end's bits were before it was set up looks like a seizure: an operator resets that."""
    for channel in ("22", "46"):
        said("tdm", "reset", "channel", channel)
    in_service(22, 46)
    passes(VOICE | {"seizure", "start", "answer", "clearing"}, "channel", "22", "46")


def not_of_one_kind():
    done = ctl("test", "channel", "1", "45")
    assert done.returncode != 0 and "no pair" in done.stderr, done.stderr


def lost_is_told():
    """A channel is locked in the middle of a test: the call ends, and the checks that were not made fail."""
    begun = subprocess.Popen(command("--json", "test", "span", "1", "2"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for("the test to run", lambda: states()[25] == "in-use", 30, 0.05)
    said("tdm", "lock", "channel", "25")
    out, err = begun.communicate(timeout=60)
    assert begun.returncode != 0 and any(r["result"] == "failed" for r in json.loads(out)), err
    said("tdm", "unlock", "channel", "25")


# --- ISDN ---------------------------------------------------------------------------------------------------------------------------------------------------


def groups():
    return {g["group"]: g for g in heard("show", "isdn") or []}


def come_up():
    wait_for("both groups to be up, and every channel to be restarted", lambda: [g["free"] for g in groups().values() if g["state"] == "up"] == [20, 20], 120, 0.2)


def over():
    """Nothing is left of the calls, on either side."""
    wait_for("the channels to be free", lambda: [g["free"] for g in groups().values()] == [20, 20] and not said("show", "isdn-calls"), 60, 0.2)
    in_service(1, 25)


def by_isdn(*words):
    passes(VOICE | {"seizure", "caller-id", "answer", "clearing"}, *words)
    over()


def elsewhere():
    """The far end takes another channel than the one that is tested: that is said, and nothing is left."""
    rows, done = test("channel", "2", "27")
    assert done.returncode != 0 and "the call came in on ds/ds1-2/2" in done.stderr and list(rows) == ["seizure"], done.stderr
    over()


def planned_by_isdn():
    """A test that the configuration repeats fails when the signalling goes: the alarm says so, and clears with the next one that passes."""
    reload(CONF + ISDN + 'line-test night { from = "1" to = "2" every = 10s }\n')
    wait_for("a test to run", lambda: states()[1] == "in-use", 60, 0.05)
    os.kill(process("tandem-isdn"), 9)
    wait_for("the alarm", lambda: alarmed("night"), 60, 0.2)
    assert "ds/ds1-1/1 to ds/ds1-2/1" in alarmed("night")[0]["detail"], alarmed("night")
    come_up()
    wait_for("the alarm to clear", lambda: not alarmed("night"), 120, 0.2)


def alarmed(section):
    return [a for a in said("show", "alarms") if a["name"] == "line-test-failed" and a["object"] == section and not a.get("cleared")]


def planned():
    """A test that the configuration repeats fails, which is an alarm; it passes, or is planned no more, and there is none."""
    reload(CONF + 'line-test night { from = "channel 1" to = "channel 45" every = 10s }\n')
    wait_for("the alarm", lambda: alarmed("night"), 60, 0.2)
    reload(CONF)
    wait_for("the alarm to go with its section", lambda: not alarmed("night"), 60, 0.2)


@contextlib.contextmanager
def gateway(more=""):
    with running(CONF + more, "spantest.log"):
        wait_for("tandem-mg", lambda: ctl("show", "channels").returncode == 0, 60, 0.2)
        yield


with gateway():
    if shows("spans of the configuration come up", in_service, 1, 21, 25, 45):
        shows("a test call over bearer channels", passes, VOICE, "span", "1", "2")
        shows("an exchange's line rings a telephone, which is told who calls, and answers", passes, VOICE | {"seizure", "caller-id", "answer", "clearing"}, "channel", "21", "45")
        shows("a telephone calls its exchange", passes, VOICE | {"seizure", "clearing"}, "channel", "45", "21")
        shows("an E&M trunk seizes, winks and answers", trunk)
        shows("all channels are given back", in_service, 1, 21, 25, 45)
        shows("lines that do not call one another are refused", not_of_one_kind)
        shows("a channel that is lost during the test fails it", lost_is_told)
        shows("a test over bearer channels passes again", passes, VOICE, "span", "1", "2")
        shows("a test that is planned has its alarm, which goes with its section", planned)
with gateway(ISDN):
    if shows("groups of ISDN come up", come_up):
        shows("a call by ISDN out of the user's side and into the network's", by_isdn, "span", "1", "2")
        shows("a call by ISDN out of the network's side and into the user's", by_isdn, "channel", "27", "3")
        shows("a call that comes in elsewhere", elsewhere)
        shows("a test by ISDN that is planned has its alarm, which clears", planned_by_isdn)
