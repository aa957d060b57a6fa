#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: moves
"""A stream that flows is moved from engine to engine and back: nothing is lost or repeated, and it keeps its counters; each time it is said who
relays it and why nothing faster does. With the kernel module loaded (TANDEM_KO names its file) that is unloaded and loaded again meanwhile."""
import os
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
import json  # noqa: E402
from lab import sh, wait_for  # noqa: E402
import threading  # noqa: E402
from media import both_ways  # noqa: E402
from sipmsg import Sdp  # noqa: E402

KO = os.environ.get("TANDEM_KO")


class Flow:
    """Packets of one direction, one after the other, until stop()."""
    def __init__(self, sender, to, receiver):
        self.sender, self.to, self.receiver, self.sent, self.done = sender, to, receiver, [], threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.done.is_set():
            self.sent += self.sender.send(self.to, 1, 0.005)

    def stop(self):
        self.done.set()
        self.thread.join()
        return self.sent, [data for data, _ in self.receiver.receive(len(self.sent), 2)]


def stream(s):
    return next(r for r in s.gw.show("streams") if r["local"].rsplit(":", 1)[0].strip("[]") == s.gw_a)


def goes_by(s, engine, packets=10):
    """Waits until so many packets more have gone by that engine, and it is said to relay the stream."""
    before = stream(s)["by_engine"][engine]
    return wait_for(f"packets by {engine}", lambda: (row := stream(s))["by_engine"][engine] >= before + packets and row["engine"] == engine and row)


def move(s, name, to):
    rows = json.loads(s.gw.ctl("--json", "stream", "engine", name, to))
    assert rows and all(name in (r["endpoint"], r["connection"]) for r in rows), rows


def refused(s, *args):
    try:
        s.gw.ctl("stream", "engine", *args)
    except RuntimeError as e:
        return str(e)
    raise AssertionError(f"stream engine {args} was accepted")


with stage() as s:
    module = any(e["interface"] == "*" and e["mode"] == "module" for e in s.gw.show("engines"))
    assert module == bool(KO), f"the module: {s.gw.show('engines')}"
    alice, bob = s.pair()
    da, db, invite, ok = s.call(alice, bob)
    ma, mb, to_a, to_b = s.media(alice), s.media(bob), Sdp(ok.body).at(), Sdp(invite.body).at()
    both_ways(ma, to_a, mb, to_b)
    before = stream(s)
    flow = Flow(ma, to_a, mb)
    row = goes_by(s, "xdp-native")
    assert row["why"] is None and row["reasons"] == [], row
    move(s, row["endpoint"], "module")
    row = goes_by(s, "module" if module else "null")
    assert row["reasons"] == ["kept"] + ([] if module else ["no-module"]), row
    if module:
        flow.stop()
        flow = Flow(ma, to_a, mb)
        sh("rmmod", "tandem")
        row = goes_by(s, "null")
        assert row["reasons"] == ["kept", "no-module"], row
        sh("insmod", KO)
        goes_by(s, "module")
    move(s, row["connection"], "null")
    row = goes_by(s, "null")
    assert row["reasons"] == ["kept"] and "kept" in row["why"], row
    move(s, row["endpoint"], "auto")
    row = goes_by(s, "xdp-native")
    sent, got = flow.stop()
    # One that waits in a slower engine may be overtaken when its stream moves to a faster one.
    assert sorted(got) == sorted(sent), f"{len(set(sent) - set(got))} of {len(sent)} packets were lost, {len(got) - len(set(got))} came twice"
    row = stream(s)
    assert row["lost"] == 0 and row["latched"] and sum(row["by_engine"].values()) == row["packets"], row
    assert row["packets"] >= before["packets"] + len(sent), (before, row)
    assert "no such" in refused(s, "rtpbridge/999", "null") and "one of auto" in refused(s, row["endpoint"], "fast")
    da.bye(db)
