# SPDX-License-Identifier: GPL-3.0-or-later
"""What the scripts of the cases of telephone lines share: the build, the switch, a line of result for each thing shown."""
import os
import sys
import traceback

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.realpath(__file__))
sys.path[:0] = [os.path.join(HERE, "../../switch"), os.path.join(HERE, "../../net"), os.path.join(HERE, "../../tools")]
import q931  # noqa: E402,F401
from switch import Switch  # noqa: E402

BUILD = os.path.abspath(os.environ.get("O", "build"))
RESULTS = os.environ.get("RESULTS", "/tmp")
PATIENCE = 20.0  # seconds: the guest is slow
WIDTH = {"t1": 24, "e1": 31}
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


def switch(kind, span, *options, **values):
    """The test switch on a span. It logs into the results."""
    values.setdefault("patience", PATIENCE)
    return Switch(os.path.join(BUILD, "switch"), *options, base=base(kind, span), kind=kind, log=open(path(f"switch-{span}.log"), "a"), **values)


def shows(what, function, *arguments):
    """One line of result: ok when the function returns."""
    try:
        function(*arguments)
    except Exception as e:
        print(f"FAIL {what}: {type(e).__name__} {' '.join(str(e).split())[:600]}", flush=True)
        traceback.print_exc(limit=-4)
        return False
    print(f"ok {what}", flush=True)
    return True
