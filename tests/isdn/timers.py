#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages lost, so that each timer of Q.921 and Q.931 expires in tandem-isdn; what it does then is seen at the other end. It is the user.

How long a timer ran is told from before what starts it, since a frame may wait before it is read."""
import time

from results import shows
from alone import linked

TIMERS = "t200 = 300ms t203 = 1s t301 = 2s t302 = 1s t303 = 1s t305 = 1s t308 = 1s t309 = 4s t310 = 2s t313 = 1s t316 = 2s"


def answered():
    """A call of the agent's that is answered: its name, and the switch's."""
    call, _ = agent.setup("1")
    came = far.setup()
    far.answer(came["call"])
    agent.take("answer", call=call)
    far.take("frame", q931="connect-ack")
    return call, came["call"]


def well():
    call, theirs = answered()
    far.hang_up(theirs)
    agent.take("release", call=call)
    agent.idle()
    far.idle()


def sent(kind):
    return far.take("frame", dir="rx", q931=kind)


def now():
    """The switch's clock."""
    return time.monotonic() * 1000


def t200():
    """A frame that is not acknowledged: asked for, then the link is made anew; the call comes."""
    far.do("deaf")
    call, _ = agent.setup("1")
    sent("setup")
    for _ in range(2):
        far.take("frame", dir="rx", l2="RR", poll=True)
    far.do("deaf", "off")
    far.hang_up(far.setup()["call"])
    agent.take("release", call=call)


def t203():
    """A link on which nothing happens is asked whether it is there."""
    first = far.take("frame", dir="rx", l2="RR", poll=True)
    assert far.take("frame", dir="rx", l2="RR", poll=True)["at"] - first["at"] >= 900


def t303():
    """SETUP is sent twice, then the call is cleared."""
    far.do("drop", "rx", "setup", count=2)
    start = now()
    call, _ = agent.setup("1")
    sent("setup")
    assert sent("setup")["at"] - start >= 900
    assert agent.take("release", call=call)["cause"] in (18, 102)


def t302():
    """Digits end when none comes for a while."""
    out = far.call("55", "overlap")
    came = agent.take("setup", overlap=True)
    agent.take("digits", call=came["call"], complete=True)
    agent.do("release", came["call"], cause=1)
    far.over(out)


def t310():
    """CALL PROCEEDING and then nothing."""
    call, _ = agent.setup("1")
    came = far.setup()
    far.do("proceeding", came["call"])
    agent.take("proceeding", call=call)
    assert far.take("disconnect", call=came["call"])["cause"] in (18, 102)
    agent.take("release", call=call)


def t301():
    """It rings for ever."""
    call, _ = agent.setup("1")
    came = far.setup()
    far.do("proceeding", came["call"])
    far.do("alerting", came["call"])
    agent.take("alerting", call=call)
    assert far.take("disconnect", call=came["call"])["cause"] in (19, 102)
    agent.take("release", call=call)


def t305():
    """DISCONNECT is lost: RELEASE follows."""
    call, theirs = answered()
    far.do("drop", "rx", "disconnect")
    start = now()
    agent.do("release", call)
    sent("disconnect")
    assert sent("release")["at"] - start >= 900
    agent.take("release", call=call)


def t308():
    """RELEASE is lost: it is sent again; lost again, the channel is not offered as if it were free without having been restarted."""
    call, theirs = answered()
    far.do("drop", "rx", "release", count=2)
    start = now()
    far.do("hangup", theirs)
    sent("release")
    assert sent("release")["at"] - start >= 900
    agent.take("release", call=call)
    sent("restart")
    agent.idle()


def t313():
    """CONNECT is not acknowledged (the user's side): the call is cleared."""
    far.do("drop", "rx", "connect")
    out = far.call("1")
    came = agent.take("setup")
    start = now()
    agent.do("answer", came["call"])
    sent("connect")
    assert sent("disconnect")["at"] - start >= 900
    agent.take("release", call=came["call"])
    far.over(out)


def t316():
    """RESTART is not answered: it is sent again, and then the channel is served by nobody until it is."""
    far.do("drop", "rx", "restart")
    _, endpoint = agent.setup("1")
    far.hang_up(far.setup()["call"])
    start = now()
    agent.ask("isdn restart", endpoint=endpoint)
    sent("restart")
    assert sent("restart")["at"] - start >= 1800
    far.take("restart")
    agent.idle()


def silent():
    """The link is lost: nothing comes through any more, either way."""
    far.do("mute")
    far.do("deaf")
    agent.take("dchannel", up=False)


def heard():
    far.do("mute", "off")
    far.do("deaf", "off")
    agent.take("dchannel", 30, up=True)


def t309_in_time():
    """A D-channel that is back in time keeps its answered calls."""
    call, theirs = answered()
    silent()
    heard()
    assert [c["state"] for c in agent.ask("show isdn-calls")] == ["active"]
    agent.do("release", call)
    far.take("disconnect", call=theirs)
    agent.take("release", call=call)


def t309():
    """One that stays away loses them."""
    call, theirs = answered()
    silent()
    assert agent.take("release", 30, call=call)["cause"] == 27
    assert agent.ask("show isdn")[0]["state"] == "down"
    heard()
    agent.idle()
    far.idle()


with linked("e1", "euroisdn", "user", TIMERS + " overlap-send = yes overlap-receive = yes", words=["trace", "overlap"]) as (agent, far):
    for case in (t200, t203, t303, t302, t310, t301, t305, t308, t313, t316, t309_in_time, t309, well):
        far.waiting.clear()
        agent.waiting.clear()
        if shows(f"timers: {case.__name__.replace('_', ' ')}", case):
            shows(f"timers: a well call after {case.__name__.replace('_', ' ')}", well)
        far.do("clear")
