#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""spantest.py: tandemctl test between two T1 back to back: bearers, telephones against exchange lines, E&M trunks; and that faults are seen."""
import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(sys.path[0], "../../isdn"))
from results import BUILD, path, shows  # noqa: E402
from lab import wait_for  # noqa: E402

WORK = tempfile.mkdtemp()  # results are where no socket can be
CONF = f"""
log {{ level = debug }}
state {{ directory = "{WORK}/state" runtime = "{WORK}/run" bpffs = "" }}
address inside {{ local = {{ "127.0.0.1" }} ports = "20000-20099" }}
media {{ engine = null }}
tdm {{ system-conf = "" poll = 200ms }}
dynamic left {{ driver = "loc" address = "1:0" channels = 24 }}
dynamic right {{ driver = "loc" address = "1:1" channels = 24 }}
channels b {{ numbers = {{ "1-20", "25-44" }} signalling = "bchan" }}
channels exchange {{ numbers = {{ "21" }} signalling = "fxoks" }}
channels phone {{ numbers = {{ "45" }} signalling = "fxsks" }}
channels trunk {{ numbers = {{ "22", "46" }} signalling = "e&m" }}
channels d {{ numbers = {{ "24", "48" }} signalling = "dchan" }}
"""
VOICE = {"digits-forth", "digits-back", "level-forth", "level-back", "delay-forth", "delay-back", "echo-caller", "echo-called", "slips"}


def ctl(*words):
    return subprocess.run([f"{BUILD}/tandemctl", "-c", path("tandem.conf"), "--json", *words], capture_output=True, text=True)


def said(*words):
    done = ctl(*words)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def states():
    return {c["channel"]: c["state"] for c in said("show", "channels")}


def test(*words):
    """Each check: its row. The table is printed for who reads the results."""
    done = ctl("test", *words)
    rows = json.loads(done.stdout)
    for r in rows:
        print(f"note {r['from']} to {r['to']}: {r['check']} {r['measured']}{r['why']} ({r['bound']}) {r['result']}")
    return {r["check"]: r for r in rows}, done


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
    begun = subprocess.Popen([f"{BUILD}/tandemctl", "-c", path("tandem.conf"), "--json", "test", "span", "1", "2"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for("the test to run", lambda: states()[25] == "in-use", 30, 0.05)
    said("tdm", "lock", "channel", "25")
    out, err = begun.communicate(timeout=60)
    assert begun.returncode != 0 and any(r["result"] == "failed" for r in json.loads(out)), err
    said("tdm", "unlock", "channel", "25")


def configure(more=""):
    with open(path("tandem.conf"), "w") as f:
        f.write(CONF + more)


def alarmed(section):
    return [a for a in said("show", "alarms") if a["name"] == "line-test-failed" and a["object"] == section and not a.get("cleared")]


def planned():
    """A test that the configuration repeats fails, which is an alarm; it passes, or is planned no more, and there is none."""
    configure('line-test night { from = "channel 1" to = "channel 45" every = 10s }\n')
    said("reload")
    wait_for("the alarm", lambda: alarmed("night"), 60, 0.2)
    configure()
    said("reload")
    wait_for("the alarm to go with its section", lambda: not alarmed("night"), 60, 0.2)


configure()
for folder in ("state", "run"):
    os.makedirs(os.path.join(WORK, folder))
keep = subprocess.Popen([f"{BUILD}/tandem-keep", "-c", path("tandem.conf")], stdout=open(path("spantest.log"), "w"), stderr=subprocess.STDOUT)
try:
    wait_for("tandem-mg", lambda: ctl("show", "channels").returncode == 0, 60, 0.2)
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
finally:
    keep.terminate()
    keep.wait(30)
