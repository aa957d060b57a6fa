#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""A test call over ISDN, as a media gateway asks the call agent for one: it goes out on the channel that was asked for and is answered where it comes in, past routing and records, while
other calls go their ways; why it fails is told; it ends with who asked for it. The network is a script (isdn.py)."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from isdn import Tester, exchange  # noqa: E402

OUT, IN = "ds/e1-1/7", "ds/e1-1/9"


with stage(start=False) as s:
    x, channels = exchange(s)
    alice, bob = s.pair()
    t = Tester(s.lab.path("run/ca.sock"))

    def comes_in(call, called, calling):
        x.say("setup", call, endpoint=IN, bearer="speech", overlap=False, called={"number": called, "type": "unknown", "plan": "isdn"},
              calling={"number": calling, "type": "national", "plan": "isdn", "presentation": "allowed"})

    # --- out by one channel, in by another; the network has shortened who is called, and shows somebody else; a call to Bob meanwhile is a call to Bob
    assert t.call("t1", OUT, "pri", "pri", number="0301234567") is None
    args = x.told("setup")
    assert (args["endpoint"], args["group"], args["called"]["number"], args["calling"]["number"], args["bearer"]) == (OUT, "pri", "301234567", "5550199", "speech"), args
    comes_in("in-1", "1002", "891110000")
    x.told("proceeding", "in-1")
    db, invite = bob.rings()
    x.told("alerting", "in-1")
    comes_in("in-2", "4567", "891112222")
    e = t.hears("seized")
    assert (e["to"], e["caller"]) == (IN, "891112222"), e
    assert t.ask("test-call answer", call="t1") is None
    x.told("answer", "in-2")
    x.say("answer", "t1", endpoint=OUT)
    e = t.hears("answered")
    assert (e["from"], e["to"]) == (OUT, IN), e
    assert len(s.gw.show("calls")) == 1
    x.say("release", "in-1", cause=16, remote=True)
    db.cancelled(invite)
    assert "another test call" in t.call("t2", OUT, "pri", "pri")
    assert t.ask("test-call end", call="t1") is None
    assert x.told("release", "t1")["cause"] == 16
    x.say("release", "in-2", cause=16, remote=True, why="normal clearing")
    x.say("release", "t1", cause=16, remote=False, why="the agent")
    e = t.hears("over")
    assert e["why"] == "" and e["ms"] >= 0 and not e["busy"], e

    # --- the network refuses it
    assert t.call("t3", OUT, "pri", "pri") is None
    x.told("setup", "t3")
    x.say("release", "t3", endpoint=None, cause=1, remote=True, why="unallocated number")
    assert t.hears("over")["why"] == "cleared with cause 1: unallocated number"

    # --- who asked for it is gone
    assert t.call("t4", OUT, "pri", "pri") is None
    x.told("setup", "t4")
    comes_in("in-3", "5550198", "5550199")
    t.hears("seized")
    assert t.ask("test-call answer", call="t4") is None
    x.told("answer", "in-3")
    t.close()
    x.told("release", "t4")
    x.say("release", "t4", cause=16, remote=False)
    x.say("release", "in-3", cause=16, remote=True)
    s.gw.over()
    assert [(r["from"], r["to"]) for r in s.gw.show("cdr") if "4567" in r["to"] or "5550198" in r["to"]] == []
