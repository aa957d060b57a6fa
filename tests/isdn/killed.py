#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""killed.py KIND TYPE SIDE: tandem-isdn or its agent is killed while calls are up, and is back."""
import os
import signal
import sys
import tempfile

from results import REAL, BEARERS, shows, switch
from agent import Agent
from alone import OTHER, isdn, up

kind, type, side = sys.argv[1:4]


def answered(number):
    """A call out and one in, answered; the channels of both."""
    call, _ = agent.setup(number)
    far.answer(far.setup(called=number)["call"])
    first = agent.take("answer", call=call)["endpoint"]
    out = far.call(number)
    came = agent.take("setup")
    agent.do("answer", came["call"])
    far.take("connect", call=out)
    return call, came["call"], {int(e.rpartition("/")[2]) for e in (first, came["endpoint"])}


def agent_is_killed():
    """The connection ends: what rings is cleared with cause 41, what is answered goes on and can be adopted."""
    global agent
    call, came, _ = answered("1")
    ringing = far.call("2")
    agent.take("setup")
    path, patience, process = agent.path, agent.patience, agent.process
    agent.close()
    assert far.over(ringing)["cause"] == 41
    assert far.over(far.call("3"))["cause"] == 41
    agent = Agent(path, patience)
    agent.process = process
    assert {(c["call"], c["state"]) for c in agent.ask("show isdn-calls")} == {(call, "active"), (came, "active")}
    for name in (call, came):
        agent.do("release", name)
        agent.take("release", call=name)
    far.idle()
    agent.idle()


def it_is_killed():
    """The next one sends RESTART for every channel within 5 s of the kill, and calls can be made at once."""
    global channels
    channels = answered("4")[2]
    os.kill(agent.process.pid, signal.SIGKILL)


def it_is_back():
    for channel in channels:
        far.take("restart", 5.0 if not REAL else 30.0, channel=channel)
    up(agent)
    assert len(agent.ask("show isdn-channels")) == len(BEARERS[kind]) and not agent.ask("show isdn-calls")
    call, _ = agent.setup("5")
    far.answer(far.setup(called="5")["call"])
    agent.take("answer", call=call)
    agent.do("release", call)
    agent.take("release", call=call)


with tempfile.TemporaryDirectory() as folder, switch(kind, 2 if REAL else 1, side=OTHER[side], type=type, folder=folder) as far:
    with isdn(kind, type, side, folder=folder, killed=True) as agent:
        up(agent)
        far.up()
        shows("the agent is killed", agent_is_killed)
        shows("tandem-isdn is killed", it_is_killed)
    with isdn(kind, type, side, folder=folder) as agent:
        shows("tandem-isdn is back", it_is_back)
