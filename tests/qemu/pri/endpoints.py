#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""endpoints.py: tandem-keep and tandem-mg on two T1 back to back, and a call agent that is a script. What one channel is told the other hears."""
import os
import random
import signal
import struct
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../../isdn"))
from results import shows  # noqa: E402
from joined import SCRIPTED, SPANS, reload, running, said  # noqa: E402
from lab import wait_for  # noqa: E402
sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../../net/mediagw"))
import mgtest  # noqa: E402

CONF = SPANS + SCRIPTED + """
log { level = debug }
tdm { system-conf = "" poll = 200ms }
channels b { numbers = { "1-20", "25-44" } signalling = "bchan" echo-canceller = "none" }
channels d { numbers = { "24", "48" } signalling = "dchan" }
"""
LEFT, RIGHT = "ds/ds1-1/7", "ds/ds1-2/7"
PTIME, OCTETS = 0.02, 160


def channels():
    return {c["endpoint"]: c for c in said("show", "channels")}


def pid_of(program):
    return next((p["pid"] for p in said("show", "processes") if p["name"] == program), None)


class Talk:
    """A phone that talks noise, packet by packet at the time of each, and writes down what it hears."""

    def __init__(self, seed):
        self.phone, self.rng = mgtest.Phone("127.0.0.1"), random.Random(seed)
        self.said, self.heard, self.ends, self.to = bytearray(), {}, False, None
        self.began = []  # when the first packet of each stream came

    def sdp(self):
        return self.phone.sdp().replace("AVP 8", "AVP 0").replace("rtpmap:8 PCMA", "rtpmap:0 PCMU")

    def talk(self):
        due = time.monotonic()
        while not self.ends:
            octets = self.rng.randbytes(OCTETS)
            self.said += octets
            head = struct.pack("!BBHII", 0x80, 0, self.phone.seq, self.phone.seq * OCTETS & 0xffffffff, self.phone.ssrc)
            self.phone.rtp.sendto(head + octets, self.to)
            self.phone.seq = self.phone.seq + 1 & 0xffff
            due += PTIME
            time.sleep(max(0, due - time.monotonic()))

    def listen(self):
        while not self.ends:
            data, _ = self.phone.hear(0.2)
            if len(data) > 12 and data[1] & 0x7f == 0:
                if data[8:12] not in self.heard:
                    self.began.append(time.monotonic())
                self.heard.setdefault(data[8:12], []).append((struct.unpack("!H", data[2:4])[0], data[12:]))

    def begin(self, answer):
        self.to = (answer.ip, answer.port)
        for part in (self.talk, self.listen):
            threading.Thread(target=part, daemon=True).start()

    def octets(self):
        """Of the last stream."""
        return b"".join(payload for _, payload in list(self.heard.values())[-1]) if self.heard else b""


def crosses(one, other, packets=25):
    """So many packets in a row come out of the other side bit by bit."""
    mark = len(other.octets())

    def there():
        heard = other.octets()
        part = heard[-packets * OCTETS:]
        return len(heard) >= mark + packets * OCTETS and part in one.said
    wait_for("what is said to be heard bit by bit", there, 120, 0.2)


def create(agent, endpoint, talk, options="a:PCMU, p:20, e:off"):
    made = agent.ask("CRCX", endpoint, f"C: 7\nM: sendrecv\nL: {options}", talk.sdp(), wait=10)
    assert made.code == 200, made.text
    return made


def comes_up():
    wait_for("the channels to be in service", lambda: all(channels().get(e, {}).get("state") == "in-service" for e in (LEFT, RIGHT)), 60, 0.2)


def refusals():
    for endpoint, code in (("ds/ds1-1/24", 500), ("ds/ds1-3/1", 500), *(("ds/ds1-1/8", code) for code in (200, 200, 200, 200, 540))):
        got = agent.ask("CRCX", endpoint, "C: 8\nM: inactive", wait=10)
        assert got.code == code, f"{endpoint}: {got.text}"
    assert agent.ask("DLCX", "ds/ds1-1/8", wait=10).code == 250
    assert agent.ask("CRCX", "ds/ds1-1/8", "C: 8\nM: inactive\nL: a:G729", wait=10).code == 534
    assert channels()["ds/ds1-1/8"]["state"] == "in-service"


def both_ways():
    made.update({LEFT: create(agent, LEFT, a), RIGHT: create(agent, RIGHT, b)})
    a.begin(made[LEFT])
    b.begin(made[RIGHT])
    crosses(a, b)
    crosses(b, a)
    assert channels()[LEFT]["state"] == "in-use"


def survives_a_kill():
    old = pid_of("tandem-mg")
    os.kill(old, signal.SIGKILL)
    killed = time.monotonic()
    wait_for("voice to go on", lambda: len(a.began) > 1 and len(b.began) > 1, 30, 0.02)
    away = max(a.began[-1], b.began[-1]) - killed
    print(f"note voice went on {1000 * away:.0f} ms after the kill, in the time of a guest")
    assert away < 1, away
    assert pid_of("tandem-mg") != old
    assert agent.wait_told("RM: disconnected", 20), agent.told
    crosses(a, b)
    crosses(b, a)
    assert agent.ask("AUEP", LEFT, "F: I", wait=10).get("I") == made[LEFT].get("I")
    assert channels()[LEFT]["state"] == "in-use"


def locked():
    agent.told.clear()
    said("tdm", "lock", *LEFT.split())
    told = agent.wait_told("DLCX", 20)
    assert told and LEFT in told and f"I: {made[LEFT].get('I')}" in told and "E: 901" in told, told
    assert agent.wait_told(r"RSIP \d+ ds/ds1-1/7@.*\r\nRM: forced\r\nE: 901", 20), agent.told
    assert agent.ask("CRCX", LEFT, "C: 9\nM: inactive", wait=10).code == 501
    said("tdm", "unlock", "channel", "7")
    assert channels()[LEFT]["state"] == "in-service"


def ends():
    gone = agent.ask("DLCX", RIGHT, f"C: 7\nI: {made[RIGHT].get('I')}", wait=10)
    assert gone.code == 250 and "PS=" in gone.text, gone.text
    assert channels()[RIGHT]["state"] == "in-service"
    assert not said("show", "streams")


def reloads():
    """Law and echo canceller follow where nothing is up, else when the connection is over."""
    def of(endpoint):
        number = channels()[endpoint]["channel"]
        with open(f"/proc/dahdi/{1 + (number - 1) // 24}") as f:
            line = next(line for line in f if line.split()[:1] == [str(number)])
        return agent.ask("AUEP", endpoint, "F: B", wait=10).get("B"), "MG2" in line

    create(agent, LEFT, a)
    before = of(LEFT)
    assert before == ("e:mu", False) and of(RIGHT) == before, before
    reload(CONF.replace('echo-canceller = "none"', 'echo-canceller = "mg2" law = "alaw"'))
    wait_for("the idle channel to be set up", lambda: of(RIGHT) == ("e:A", True), 30, 0.2)
    assert of(LEFT) == before
    assert agent.ask("DLCX", LEFT, wait=10).code == 250
    wait_for("the other to be set up", lambda: of(LEFT) == ("e:A", True), 30, 0.2)
    create(agent, LEFT, a)
    assert channels()[LEFT]["state"] == "in-use"
    assert agent.ask("DLCX", LEFT, wait=10).code == 250


agent, a, b, made = mgtest.Agent(), Talk(1), Talk(2), {}
with running(CONF, "endpoints.log"):
    wait_for("tandem-mg", lambda: agent.wait_told("RM: restart", 1), 60)
    shows("spans of the configuration come up, and their channels are endpoints", comes_up)
    if shows("voice crosses two channels bit by bit, both ways", both_ways):
        shows("what cannot be is refused", refusals)
        shows("voice goes on after tandem-mg was killed", survives_a_kill)
        shows("an operator's lock ends the connection, and the call agent hears why", locked)
        shows("a connection ends", ends)
        shows("a reload sets channels up when they are idle", reloads)
a.ends = b.ends = True
