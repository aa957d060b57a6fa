# SPDX-License-Identifier: GPL-3.0-or-later
"""What the scripts of telephone lines share: the build, the test switch, a line of result for each thing shown. In the guest they use its DAHDI, else the one that
build/fakedahdi.so pretends."""
import os
import sys
import traceback

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.realpath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", folder) for folder in ("switch", "net", "tools", "isdn")]
import q931  # noqa: E402,F401
from switch import Switch  # noqa: E402

BUILD = os.path.abspath(os.environ.get("O", "build"))
RESULTS = os.environ.get("RESULTS", "/tmp")
REAL = os.path.exists("/dev/dahdi/ctl")
PATIENCE = 60.0 if REAL else 20.0  # seconds: the guest is slow
WIDTH = {"t1": 24, "e1": 31}
DCHANNEL = {"t1": 24, "e1": 16}
BEARERS = {"t1": list(range(1, 24)), "e1": [*range(1, 16), *range(17, 32)]}


def path(name):
    return os.path.join(RESULTS, name)


def read(name):
    with open(path(name), "rb") as f:
        return f.read()


def write(name, octets):
    with open(path(name), "wb") as f:
        f.write(octets)


def base(kind, span):
    """DAHDI's number of the first channel of a span, when all are of one kind."""
    return 1 + WIDTH[kind] * (span - 1)


def switch(kind, span, *options, folder=None, **values):
    """The test switch on a span; without DAHDI at the socket of its D-channel in `folder`. It logs into the results."""
    values.setdefault("patience", PATIENCE)
    first = base(kind, span)
    where = {"base": first} if REAL else {"listen": f"{folder}/{first + DCHANNEL[kind] - 1}"}
    if not REAL:
        options = ("checked", *options)
    return Switch(os.path.join(BUILD, "switch"), *options, **where, kind=kind, log=open(path(f"switch-{span}.log"), "a"), **values)


def shows(what, function, *arguments):
    """One line of result: ok when the function returns."""
    try:
        function(*arguments)
    except Exception as e:
        print(f"FAIL {what}: {type(e).__name__} {' '.join(str(e).split())[:300]}", flush=True)
        traceback.print_exc(limit=-4, file=open(path("failures"), "a"))
        return False
    print(f"ok {what}", flush=True)
    return True
