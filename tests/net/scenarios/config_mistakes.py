#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""A mistake in the file is told as file, line and what was expected; a bad reload changes nothing, a good one does."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
import re  # noqa: E402
import subprocess  # noqa: E402
from lab import wait_for  # noqa: E402

MISTAKES = [  # text, line, a word of what is said
    ("sip {\n  t1 = soon\n}\n", 2, "t1"),
    ("registrar {\n\n  min-expiry = 5\n}\n", 3, "min-expiry"),
    ("media { engine = warp }\n", 1, "engine"),
    ("address inside { ports = \"20000-10000\" }\n", 1, "ports"),
    ("nonsense { }\n", 1, "nonsense"),
    ("user alice { password = \"x\" address = \"nowhere\" }\n", 1, "nowhere"),
    ("user alice {\n  numbers = { \"1\" }\n}\n", 1, "password"),
    ("route x { to = \"nobody\" }\n", 1, "nobody"),
    ("sip {\n  t1 = 20ms\n", 2, ""),
]

CARDS = [  # of system.conf, of tandem.conf, what check-config says
    ("span=1,1,0,esf,b8zs\nbchan=1-23\ndchan=24\n", "", None),
    ("span=1,1,0,esf,b8zz\nbchan=1-23\n", "", r"system\.conf:1: expected a coding"),
    ("bchan=1-23\n", 'channels a { numbers = { "3-1" } }\n', r"bad\.conf:\d: channels\.numbers: expected"),
    ("bchan=1-23\n", 'channels a { numbers = { "1" } country = "xx" }\n', r'bad\.conf:\d: channels\.country: .*"xx"'),
    ("defaultzone=zz\n", "", r'defaultzone of system\.conf: .*"zz"'),
]


def cards(bad):
    """What is wrong with telephone lines is told before a daemon has to."""
    conf = bad.replace("bad.conf", "system.conf")
    for system, tandem, want in CARDS:
        with open(conf, "w") as f:
            f.write(system)
        with open(bad, "w") as f:
            f.write(f'address inside {{ local = {{ "127.0.0.1" }} }}\ntdm {{ system-conf = "{conf}" }}\n{tandem}')
        done = subprocess.run([s.gw.tandemctl, "check-config", bad], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=10)
        assert (done.returncode != 0) == bool(want) and done.stdout.count("\n") == 1, f"{system!r} {tandem!r}: {done.returncode} {done.stdout!r}"
        assert not want or re.search(want, done.stdout), f"{system!r} {tandem!r}: {done.stdout!r}"


with stage() as s:
    bad = s.lab.path("bad.conf")
    cards(bad)
    for text, line, word in MISTAKES:
        with open(bad, "w") as f:
            f.write(text)
        done = subprocess.run([s.gw.build + "/tandem-keep", "-c", bad], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=10)
        assert done.returncode not in (0, -6, -11), f"{text!r} was taken: {done.returncode}"
        told = re.search(re.escape(bad) + r":(\d+): (.*)", done.stdout)
        assert told, f"{text!r}: no file and line in {done.stdout!r}"
        assert word in told.group(2), f"{text!r}: {told.group(0)}"
        assert abs(int(told.group(1)) - line) <= 1, f"{text!r}: line {told.group(1)}, wanted {line}"

    alice, bob = s.pair()
    with open(s.gw.config) as f:
        good = f.read()
    s.gw.configure(good.replace("wonderland", "changed").replace("t2 = 160ms", "t2 = never"))
    before = len(s.gw.log())
    s.gw.reload()
    wait_for("the bad reload to be refused", lambda: "tandem.conf:" in s.gw.log()[before:])
    assert alice.register().status == 200, "the old password holds"

    s.gw.configure(good.replace("wonderland", "changed").replace("t2 = 160ms", "t2 = 170ms"))
    s.gw.reload()
    alice.password = "changed"
    wait_for("the good one to be taken", lambda: "170ms" in s.gw.show("config"))
    assert alice.register().status == 200, "the new password holds"
