#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""testcall.py: tandem-ca and tandem-isdn make test calls between two spans, user and network side of one wire, which is a relay of frames here: no DAHDI."""
import contextlib
import os
import socket
import subprocess
import tempfile
import threading

from results import BUILD, base, path, shows
from lab import listens, wait_for
from isdn import Tester

CONFIG = """
log {{ level = debug }}
state {{ directory = "{dir}" runtime = "{dir}" }}
address any {{ local = {{ "127.0.0.1" }} }}
tdm {{ system-conf = "" configure = no }}
isdn east {{ spans = {{ 1 }} switch = euroisdn side = user }}
isdn west {{ spans = {{ 2 }} switch = euroisdn side = network number-type = unknown numbers-out = as-is }}
"""
KIND = "e1"
EAST, WEST = "ds/e1-1/7", "ds/e1-2/7"


class Wire:
    """The D-channels of two spans, joined."""

    def __init__(self, folder):
        self.ends, self.whole = [None, None], True
        for i in range(2):
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            listener.bind(f"{folder}/{base(KIND, i + 1) + 15}")
            listener.listen(4)
            threading.Thread(target=self.serve, args=(i, listener), daemon=True).start()

    def serve(self, i, listener):
        while True:
            self.ends[i] = listener.accept()[0]
            with contextlib.suppress(OSError):
                while frame := self.ends[i].recv(4096):
                    if self.whole and self.ends[1 - i]:
                        self.ends[1 - i].send(frame)


@contextlib.contextmanager
def started():
    """The wire, and whoever tests."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        wire = Wire(folder)
        with open(f"{folder}/tandem.conf", "w") as f:
            f.write(CONFIG.format(dir=folder))
        environment = dict(os.environ, LD_PRELOAD=f"{BUILD}/fakedahdi.so", FAKE_DAHDI=folder, FAKE_DAHDI_KIND=KIND)
        for name, socket_name, env in (("tandem-isdn", "isdn.sock", environment), ("tandem-ca", "ca.sock", None)):
            log = stack.enter_context(open(path(f"{name}.log"), "a"))
            process = subprocess.Popen([f"{BUILD}/{name}", "-c", f"{folder}/tandem.conf"], stdout=log, stderr=log, env=env)
            stack.callback(process.wait, 20)
            stack.callback(process.terminate)
            wait_for(f"{name} to serve", lambda: listens(f"{folder}/{socket_name}") or process.poll() is not None, 20)
            assert process.poll() is None, f"{name} ended with {process.returncode}"
        yield wire, Tester(f"{folder}/ca.sock"), Tester(f"{folder}/isdn.sock")


def lines():
    return {line["line"]: line["state"] for line in t.result("show lines")}


def come_up():
    wait_for("both groups to be up and restarted", lambda: [g["free"] for g in isdn.result("show isdn") if g["state"] == "up"] == [30, 30], 30)
    wait_for("tandem-ca to know it", lambda: lines() == {"east": "up", "west": "up"}, 10)


def over():
    wait_for("nothing to be left", lambda: not isdn.result("show isdn-calls"), 10)


def calls(out, into, groups):
    assert t.call("a", out, *groups) is None
    seized = t.hears("seized")
    assert seized["to"] == into and seized["caller"].endswith("5550199"), seized
    assert t.ask("test-call answer", call="a") is None
    answered = t.hears("answered")
    assert (answered["from"], answered["to"]) == (out, into), answered
    assert t.ask("test-call end", call="a") is None
    ended = t.hears("over")
    assert ended["why"] == "" and 0 <= ended["ms"] < 3000, ended
    over()


def not_free():
    """A channel that may have no call now is left as it is."""
    isdn.ask("isdn service", endpoint=EAST, on=False)
    assert t.call("b", EAST, "east", "west") is None
    ended = t.hears("over")
    assert ended["busy"] and "not free" in ended["why"], ended
    isdn.ask("isdn service", endpoint=EAST, on=True)
    come_up()


def down():
    """Without a D-channel there is no call, which is said at once."""
    wire.whole = False
    wait_for("the groups to be down", lambda: lines() == {"east": "down", "west": "down"}, 60)
    assert t.call("c", EAST, "east", "west") == "east: no D-channel is up"
    wire.whole = True
    come_up()


def cut():
    """The signalling goes while it is up: it is over on both sides."""
    assert t.call("d", EAST, "east", "west") is None
    t.hears("seized")
    assert t.ask("test-call answer", call="d") is None
    t.hears("answered")
    isdn.ask("isdn restart", endpoint=WEST)
    ended = t.hears("over")
    assert "41" in ended["why"], ended
    over()


with started() as (wire, t, isdn):
    if shows("both groups come up", come_up):
        shows("out by the user's side and in by the network's", calls, EAST, WEST, ("east", "west"))
        shows("out by the network's side and in by the user's", calls, WEST, EAST, ("west", "east"))
        shows("a channel that is not free", not_free)
        shows("a channel that is restarted in the test", cut)
        shows("no D-channel", down)
        shows("it can be tested again", calls, EAST, WEST, ("east", "west"))
