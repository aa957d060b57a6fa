# SPDX-License-Identifier: GPL-3.0-or-later
"""tandem-keep and what it starts, by themselves on two T1 back to back: the script says what their channels are."""
import contextlib
import json
import os
import subprocess
import tempfile

from results import BUILD, path

JOINED = """
dynamic left { driver = "loc" address = "1:0" channels = 24 }
dynamic right { driver = "loc" address = "1:1" channels = 24 }
"""
PORTS = """
channels phone { numbers = { "1" } signalling = "fxoks" echo-canceller = "none" }
channels exchange { numbers = { "25" } signalling = "fxsks" echo-canceller = "none" answer = dialled dial-tone = 10s }
channels trunks { numbers = { "2", "26" } signalling = "e&m" echo-canceller = "none" dialling = mf }
"""  # an FXS port whose telephone is an FXO port of the other span, and a trunk
WORK = tempfile.mkdtemp()  # results are where no socket can be
SPANS = f"""
state {{ directory = "{WORK}/state" runtime = "{WORK}/run" bpffs = "" }}
address inside {{ local = {{ "127.0.0.1" }} ports = "20000-20099" }}
media {{ engine = null }}
""" + JOINED
SCRIPTED = """
agent { bind = "127.0.0.1:2729" retry-min = 1s }
gateway nowhere { address = "127.0.0.1:2430" }
"""  # the call agent is the script (mgtest.Agent), not tandem-ca


def command(*words):
    return [f"{BUILD}/tandemctl", "-c", path("tandem.conf"), *words]


def ctl(*words):
    return subprocess.run(command("--json", *words), capture_output=True, text=True)


def said(*words):
    done = ctl(*words)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def heard(*words):
    """The same, of a daemon that may not be there: None."""
    done = ctl(*words)
    return json.loads(done.stdout) if done.returncode == 0 else None


def configure(text):
    with open(path("tandem.conf"), "w") as f:
        f.write(text)


def reload(text):
    configure(text)
    done = ctl("reload")
    assert done.returncode == 0, done.stderr


@contextlib.contextmanager
def running(text, log):
    """With this configuration; its log is of that name."""
    configure(text)
    for folder in ("state", "run"):
        os.makedirs(os.path.join(WORK, folder), exist_ok=True)
    keep = subprocess.Popen([f"{BUILD}/tandem-keep", "-c", path("tandem.conf")], stdout=open(path(log), "a"), stderr=subprocess.STDOUT)
    try:
        yield
    finally:
        keep.terminate()
        keep.wait(30)


def process(name):
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/comm") as f:
            if f.read().strip() == name:
                return int(pid)
    raise AssertionError(f"no {name} runs")


def rows_of(done):
    """What a test of lines has found, printed for who reads the results."""
    rows = json.loads(done.stdout)
    for r in rows:
        print(f"note {r['from']} to {r['to']}: {r['check']} {r['measured']}{r['why']} ({r['bound']}) {r['result']}")
    assert all(r["why"] for r in rows if r["result"] == "n/a"), rows
    return rows
