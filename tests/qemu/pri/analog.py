#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""analog.py: telephones, exchange lines and trunks of tandem-mg on two T1 back to back, by robbed bits: a port with a telephone (FXS) against one that is a
telephone (FXO), and two ends of an E&M trunk with MF. The call agent of both is a script."""
import os
import re
import signal
import subprocess
import sys

sys.path[:0] = [os.path.join(sys.path[0], folder) for folder in ("../../isdn", "../../net/mediagw")]
from results import path, shows  # noqa: E402
from joined import PORTS, SCRIPTED, SPANS, command, running, said  # noqa: E402
from lab import wait_for  # noqa: E402
import mgtest  # noqa: E402

CONF = SPANS + SCRIPTED + PORTS + """
log { level = debug }
tdm { system-conf = "" poll = 200ms zone = "us" }
channels system { numbers = { "3" } signalling = "fxogs" echo-canceller = "none" }
channels ground { numbers = { "27" } signalling = "fxsgs" echo-canceller = "none" answer = dialled dial-tone = 10s }
"""
PHONE, EXCHANGE, NEAR, FAR = "ds/ds1-1/1", "ds/ds1-2/1", "ds/ds1-1/2", "ds/ds1-2/2"
SYSTEM, GROUND = "ds/ds1-1/3", "ds/ds1-2/3"
PATIENCE = 60


class Line:
    """An endpoint as its call agent sees it."""
    request = 0x100

    def __init__(self, endpoint):
        self.endpoint = endpoint

    def ask(self, lines, code=200):
        Line.request += 1
        got = agent.ask("RQNT", self.endpoint, f"X: {Line.request:x}\nQ: loop\n{lines}", wait=20)
        assert got.code == code, f"{self.endpoint} {lines!r}: {got.text!r}"

    def told(self, events):
        """Waits until it has told exactly these."""
        pattern = rf"NTFY \d+ {re.escape(self.endpoint)}@(.*\r\n)+O: {re.escape(events)}\r\n"
        seen = agent.wait_told(pattern, PATIENCE)
        assert seen, f"{self.endpoint} has not told {events}, but {[re.findall(r'(?m)^O: .*$', t) for t in agent.told if self.endpoint in t]}"

    def state(self):
        return agent.ask("AUEP", self.endpoint, "F: ES", wait=20).get("ES")


def fresh():
    agent.told.clear()


def channels():
    return {c["endpoint"]: c["state"] for c in said("show", "channels")}


def comes_up():
    wait_for("the channels to be in service", lambda: all(channels().get(e) == "in-service" for e in (PHONE, EXCHANGE, NEAR, FAR, SYSTEM, GROUND)), PATIENCE, 0.2)
    assert phone.state() == "L/hu" and exchange.state() == "DO/rlc,H/hu", (phone.state(), exchange.state())
    settles()


def settles():
    """DAHDI tells of no ring before it has seen the line at rest for a second: it rings until one is heard, and what it rings for afterwards is heard from the first on."""
    exchange.ask("R: DO/rg(N)")
    phone.ask("S: L/rg\nR: L/hd(N)")
    exchange.told("DO/rg")
    phone.ask("R: L/hd(N)")
    exchange.ask("R: DO/rlc(N)")
    exchange.told("DO/rlc")
    fresh()


def rings_with_a_caller():
    exchange.ask("R: DO/ci(A),DO/rg(N)")
    phone.ask("S: L/ci(09/14/17/26,\"555 1212\",\"John Doe\"),L/rg\nR: L/hd(N)")
    exchange.told('DO/ci(09/14/17/26,"5551212","John Doe"),DO/rg')
    exchange.ask("S: DO/hd\nR: DO/rel(N)")
    phone.told("L/hd")
    assert phone.state() == "L/hd" and channels()[PHONE] == "in-use"


def flashes_and_hangs_up():
    phone.ask("R: L/hf(N),L/hu(N)")
    exchange.ask("S: DO/hf\nR: DO/rel(N)")
    phone.told("L/hf")
    exchange.ask("S: DO/hu\nR: DO/rlc(N)")
    phone.told("L/hu")
    exchange.told("DO/rlc")
    assert set(channels().values()) == {"in-service"}


def watch(name):
    """tandemctl trace, into a file of that name."""
    return subprocess.Popen(command("trace", "line"), stdout=open(path(name), "w"), stderr=subprocess.STDOUT)


def shown(name, *patterns):
    with open(path(name), encoding="ascii") as f:
        text = f.read()
    for what in patterns:
        assert re.search(what, text), (what, text[-1500:])


def is_traced():
    """A line that was seized, and what the other end saw, with the bits of both."""
    shown("trace.txt", rf"line {EXCHANGE} -> channel 25\n    off hook; ABCD sent [01]{{4}}, received [01]{{4}}\n",
          rf"line {PHONE} <- channel 1\n    off-hook; ABCD sent [01]{{4}}, received [01]{{4}}\n", rf"line {EXCHANGE} -> channel 25\n    flash; ABCD",
          rf"line {PHONE} <- channel 1\n    wink-or-flash; ABCD", rf"line {PHONE} <- channel 1\n    on-hook; ABCD")


def dials_on_dial_tone():
    fresh()
    phone.ask("R: L/hd(A,K,E(S(L/dl),R(L/hu(N),D/[0-9*#T](D)),D([2-9]xxxxxx)))")
    exchange.ask("S: DO/sup(addr(5,5,5,1,2,1,2))\nR: DO/oc(N),DO/of(N),DO/rel(N),H/lsa(N)")
    exchange.told("DO/oc(DO/sup)")
    exchange.told("H/lsa(+)")
    phone.told("L/hd,D/5,D/5,D/5,D/1,D/2,D/1,D/2")


def survives_a_kill():
    fresh()
    old = next(p["pid"] for p in said("show", "processes") if p["name"] == "tandem-mg")
    phone.ask("R: L/hu(N)")
    os.kill(old, signal.SIGKILL)
    assert agent.wait_told("RM: disconnected", PATIENCE), agent.told
    assert phone.state() == "L/hd" and exchange.state() == "H/hd" and channels()[PHONE] == "in-use"


def the_exchange_hangs_up():
    """By opening the loop: who dialled is told, and releases the line."""
    fresh()
    exchange.ask("R: DO/rel(N),DO/rlc(N)")
    phone.ask("S: L/osi\nR: L/hu(N)")
    exchange.told("DO/rel(0)")
    exchange.ask("S: DO/hu\nR: DO/rlc(N)")
    phone.told("L/hu")
    exchange.told("DO/rlc")


def no_dial_tone():
    fresh()
    phone.ask("R: L/hd(N)")
    exchange.ask("S: DO/sup(addr(5))\nR: DO/oc(N),DO/of(N)")
    exchange.told("DO/of(DO/sup)")
    exchange.told("DO/rel(111)")
    exchange.told("DO/rlc")


def ground_start():
    """The line to a telephone system is seized by ground, which is answered, so that the loop is closed; who seized it hangs up."""
    fresh()
    system.ask("R: BL/hd(A,E(S(BL/dl),R(BL/hu(N),D/[0-9](D)),D(1xx)))")
    ground.ask("S: DO/sup(addr(1,2,3))\nR: DO/oc(N),DO/of(N)")
    ground.told("DO/oc(DO/sup)")
    system.told("BL/hd,D/1,D/2,D/3")
    ground.ask("S: DO/hu\nR: DO/rlc(N)")
    system.told("BL/hu")
    ground.told("DO/rlc")


def winks_and_digits():
    fresh()
    far.ask("R: MS/inf(N)")
    near.ask("S: MS/sup(addr(k0,5,5,5,1,2,1,2,s0))\nR: MS/oc(N),MS/of(N)")
    far.told("MS/sup")
    near.told("MS/oc(MS/sup)")
    far.told("MS/inf(k0,5,5,5,1,2,1,2,s0)")
    far.ask("S: MS/ans\nR: MS/oc(N)")
    near.told("MS/ans")


def traced():
    """Both ends of a trunk, as who watches sees them."""
    shown("trace.out", rf"line {NEAR} -> channel 2\n +off hook; ABCD sent 1111, received 0000\n", rf"line {FAR} <- channel 26\n +off-hook; ABCD sent 0000, received 1111\n",
          rf"line {FAR} -> channel 26\n +wink; ", rf"line {NEAR} <- channel 2\n +wink-or-flash; ")


def trunks_hang_up():
    fresh()
    far.ask("S: MS/sus\nR: MS/oc(N)")
    near.told("MS/sus")
    near.ask("S: MS/rel\nR: MS/oc(N)")
    far.told("MS/rel(0)")
    far.ask("S: MS/rlc\nR: MS/oc(N)")
    near.told("MS/rlc")
    far.told("MS/rlc")
    assert set(channels().values()) == {"in-service"}


agent = mgtest.Agent()
phone, exchange, near, far, system, ground = map(Line, (PHONE, EXCHANGE, NEAR, FAR, SYSTEM, GROUND))
with running(CONF, "analog.log"):
    wait_for("tandem-mg", lambda: agent.wait_told("RM: restart", 1), PATIENCE)
    watcher = watch("trace.txt")
    if shows("a telephone, a line of an exchange and a trunk are endpoints", comes_up):
        shows("FXS rings FXO, which reads who calls, and answers", rings_with_a_caller)
        shows("a flash, and hanging up", flashes_and_hangs_up)
        watcher.terminate()
        watcher.wait(10)
        shows("tandemctl trace shows what they signalled, with the bits", is_traced)
        shows("FXO waits for dial tone and dials, FXS collects the number", dials_on_dial_tone)
        shows("a call of lines goes on after tandem-mg was killed", survives_a_kill)
        shows("FXS opens the loop, and FXO hangs up", the_exchange_hangs_up)
        trace = watch("trace.out")
        shows("without dial tone nothing is dialled", no_dial_tone)
        shows("ground start: seized, dialled, hung up", ground_start)
        wait_for("the trace to have begun", lambda: os.path.getsize(path("trace.out")), PATIENCE)
        shows("E&M: a wink, MF digits, the answer", winks_and_digits)
        shows("a trace shows hooks and signalling bits", traced)
        trace.terminate()
        shows("E&M: suspended, released from both sides", trunks_hang_up)
