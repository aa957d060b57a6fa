#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""resume.py: kill -9 of tandem-mg while two phones talk over a trunk, whose both ends are lines of this gateway, with XDP on its interfaces. The voice is back within a second
by the guest's time, each way: DESIGN section 5."""
import os
import select
import struct
import sys
import threading
import time

sys.path.insert(0, os.path.join(sys.path[0], "../../isdn"))
from results import shows
from audio import PACKET
from box import PATIENCE, box
from lab import wait_for
from sipmsg import Sdp
import survive

MOST = 1.0  # seconds
VARIED = 20  # different octets in a packet of voice: silence and what is made up has fewer


class Talker:
    """Says the same random octets over and over to `to`, and notes when it hears voice."""

    def __init__(self, media, to):
        self.media, self.to, self.voice, self.over = media, to, [], threading.Event()
        self.threads = [threading.Thread(target=f, daemon=True) for f in (self.speak, self.listen)]
        for t in self.threads:
            t.start()

    def speak(self):
        due, serial, said = time.monotonic(), 0, os.urandom(PACKET)
        while not self.over.wait(max(due - time.monotonic(), 0)):
            serial += 1
            due += PACKET / 8000
            self.media.rtp.sendto(struct.pack("!BBHII", 0x80, 0, serial & 0xFFFF, serial * PACKET, self.media.ssrc) + said, self.to)

    def listen(self):
        while not self.over.is_set():
            if select.select([self.media.rtp], [], [], 0.1)[0] and len(set(self.media.rtp.recv(2048)[12:])) > VARIED:
                self.voice.append(time.monotonic())

    def hears(self, since):
        wait_for("voice", lambda: self.voice and self.voice[-1] > since, PATIENCE, 0.1)

    def longest_silence(self, since):
        times = [t for t in self.voice if t > since]
        return max(b - a for a, b in zip(times, times[1:]))

    def stop(self):
        self.over.set()
        for t in self.threads:
            t.join()


def gateway():
    d, db, ok, invite = b.described_by_trunk()
    talkers = [Talker(b.s.media(phone, b.media_port(phone)), Sdp(m.body).at()) for phone, m in ((b.alice, ok), (b.bob, invite))]
    begun = time.monotonic()
    for t in talkers:
        t.hears(begun + 1)
    old, killed = b.gw.pid_of("tandem-mg"), time.monotonic()
    survive.kill_daemon(old)
    wait_for("tandem-mg to be back", lambda: b.gw.pid_of("tandem-mg") not in (None, old), PATIENCE, 0.05)
    back = time.monotonic()
    for t in talkers:
        t.hears(back + 1)
        t.stop()
    away = [t.longest_silence(killed - 1) for t in talkers]
    print("note the voice was away for " + " and ".join(f"{1000 * s:.0f} ms" for s in away), flush=True)
    assert max(away) < MOST, away
    b.hang_up(d, db)
    b.over()


os.environ["NET_ENGINE"] = "auto"
with box() as b:
    b.up("near", "away")
    shows("voice is back within a second of a kill of tandem-mg", gateway)
    if os.environ.get("DEBUG"):
        print(b.gw.log())
