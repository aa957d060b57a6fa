#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""clocks.py: a phone whose clock is 100 ppm fast, and then one that is as slow, speak into a line: every slip is counted, and the delay stays what it was. Two T1 back to
back, whose clock is the guest's; another phone hears what comes out of the far channel."""
import os
import random
import struct
import sys
import threading
import time

sys.path[:0] = [os.path.join(sys.path[0], folder) for folder in ("../../isdn", "../../net/mediagw")]
from results import shows  # noqa: E402
import joined  # noqa: E402
from lab import wait_for  # noqa: E402
import mgtest  # noqa: E402

CONF = joined.SPANS + joined.SCRIPTED + """
tdm { system-conf = "" poll = 200ms }
channels b { numbers = { "1-20", "25-44" } signalling = "bchan" echo-canceller = "none" }
"""
LEFT, RIGHT = "ds/ds1-1/7", "ds/ds1-2/7"
OCTETS, SECONDS, STEP = 160, 60, 8  # of a packet; of each clock; octets of a slip
DRIFT = SECONDS * 8000 // 10000     # octets in that time, by 100 ppm


class Ear:
    """A phone that writes down what it hears, and when."""

    def __init__(self):
        self.phone, self.heard, self.ends = mgtest.Phone("127.0.0.1"), [], False
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while not self.ends:
            data, _ = self.phone.hear(0.2)
            if len(data) > 12 and data[1] & 0x7f == 0:
                self.heard.append((time.monotonic(), data[12:]))


def description(phone):
    return phone.sdp().replace("AVP 8", "AVP 0").replace("rtpmap:8 PCMA", "rtpmap:0 PCMU")


def create(endpoint, phone):
    made = agent.ask("CRCX", endpoint, "C: 7\nM: sendrecv\nL: a:PCMU, p:20, e:off", description(phone), wait=10)
    assert made.code == 200, made.text
    return made


def speak(phone, to, ppm):
    """All that is said, and when its first packet went."""
    said, rng = bytearray(), random.Random(ppm)
    begun = time.monotonic()
    for i in range(SECONDS * 50):
        time.sleep(max(0, begun + i * 0.02 / (1 + ppm / 1e6) - time.monotonic()))
        octets = rng.randbytes(OCTETS)
        said += octets
        phone.rtp.sendto(struct.pack("!BBHII", 0x80, 0, i, i * OCTETS, phone.ssrc) + octets, to)
    return bytes(said), begun


def pieces(said, heard):
    """Where each piece of `heard` that is in `said` lies in both: what is between two of them was left out, or made up."""
    found, at = [], 0
    while at + 24 <= len(heard):
        place = said.find(heard[at:at + 24], found[-1][0] + found[-1][2] if found else 0)
        n = 24
        if place < 0:
            at += 1
            continue
        while at + n < len(heard) and place + n < len(said) and heard[at + n] == said[place + n]:
            n += 1
        found.append((place, at, n))
        at += n
    return found


def broken(found):
    """How often it broke, from the second on that the buffer has settled in; what is made up around a slip goes with it."""
    starts = [place for place, _, _ in found[1:] if place > 8000]
    return sum(1 for i, place in enumerate(starts) if not i or place - starts[i - 1] > 400)


def delays(said, heard, begun, ppm):
    """Of packets that are as they were said: how long after their last octet was said they came, in ms."""
    for at, octets in heard:
        place = said.find(octets)
        if place >= 0:
            yield 1000 * (at - begun - (place + OCTETS) / 8000 / (1 + ppm / 1e6))


def drifts(ppm):
    ear, mouth = Ear(), mgtest.Phone("127.0.0.1")
    left, right = create(LEFT, mouth), create(RIGHT, ear.phone)
    said, begun = speak(mouth, (left.ip, left.port), ppm)
    line = next(s["line"] for s in joined.said("show", "streams") if s["endpoint"].startswith(LEFT) and s["line"])
    ear.ends = True
    for endpoint, made in ((LEFT, left), (RIGHT, right)):
        agent.ask("DLCX", endpoint, f"C: 7\nI: {made.get('I')}", wait=10)
    late = list(delays(said, ear.heard, begun, ppm))[50:]
    first, last = max(late[:500]), max(late[-500:])
    found = pieces(said, b"".join(octets for _, octets in ear.heard))
    breaks = broken(found)
    print(f"note {ppm} ppm, {SECONDS} s: {breaks} breaks, {line}, delay at most {first:.1f} ms at first, {last:.1f} ms in the end")
    slips, others = (line["skipped"], line["repeated"]) if ppm > 0 else (line["repeated"], line["skipped"])
    # What has not slipped yet is in the delay.
    grown = max(0, last - first) * 8
    assert slips and slips * STEP - 3 * STEP <= DRIFT <= slips * STEP + grown + 3 * STEP, (line, grown)
    # The buffer settles in by slips, too, several of which may be next to each other.
    assert slips + others - 2 <= len(found) - 1 and breaks <= slips + others + line["underruns"], (breaks, len(found), line)
    assert last <= first + 10, (first, last)


def in_service():
    states = {c["endpoint"]: c["state"] for c in joined.said("show", "channels")}
    return all(states.get(e) == "in-service" for e in (LEFT, RIGHT))


agent = mgtest.Agent()
with joined.running(CONF, "clocks.log"):
    wait_for("tandem-mg", lambda: agent.wait_told("RM: restart", 1), 60)
    wait_for("the channels to be in service", in_service, 60, 0.2)
    shows("a phone that is 100 ppm fast: every slip is counted, the delay does not grow", drifts, 100)
    shows("a phone that is 100 ppm slow", drifts, -100)
