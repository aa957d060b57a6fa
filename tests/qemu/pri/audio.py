# SPDX-License-Identifier: GPL-3.0-or-later
"""RTP ends that speak in time: 20 ms packets of octets that are known, both ways at once, and what came put in order."""
import random
import select
import struct
import time

PACKET = 160  # octets
PAYLOADS = {"t1": 0, "e1": 8}  # PCMU, PCMA


def offer(kind):
    """Media lines of a phone that speaks the law of the span."""
    number = PAYLOADS[kind]
    return lambda port: [f"m=audio {port} RTP/AVP {number} 101", f"a=rtpmap:{number} {'PCMA' if number else 'PCMU'}/8000",
                         "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15", "a=ptime:20", "a=sendrecv"]


class Speaker:
    """A Media of tests/net that sends `seconds` of random octets to `to`; `heard` are the octets that came, in order."""

    def __init__(self, media, to, payload, seed, seconds):
        self.media, self.to, self.payload = media, to, payload
        self.sent = random.Random(seed).randbytes(int(seconds * 8000) // PACKET * PACKET)
        self.packets, self.serial = {}, 0

    def send(self):
        """The next packet; False when it has said everything."""
        part = self.sent[self.serial * PACKET:(self.serial + 1) * PACKET]
        if not part:
            return False
        m = self.media
        m.rtp.sendto(struct.pack("!BBHII", 0x80, self.payload | (0 if self.serial else 0x80), 1000 + self.serial & 0xFFFF, self.serial * PACKET, m.ssrc) + part, self.to)
        self.serial += 1
        return True

    def take(self):
        data = self.media.rtp.recv(2048)
        if data[1] & 0x7F == self.payload:
            self.packets[struct.unpack("!I", data[4:8])[0]] = data[12:]

    @property
    def heard(self):
        return b"".join(self.packets[stamp] for stamp in sorted(self.packets))


def talk(speakers, after=1.0):
    """All speak at once, in time, until they have said everything and for a while `after`."""
    socks = {s.media.rtp: s for s in speakers}
    begun = due = time.monotonic()
    end = None
    while end is None or time.monotonic() < end:
        now = time.monotonic()
        if now >= due and end is None:
            if not [s for s in speakers if s.send()]:
                end = now + after
            due += PACKET / 8000
        for sock in select.select(list(socks), [], [], max(min(due, end or due) - time.monotonic(), 0) if end is None else 0.02)[0]:
            socks[sock].take()
    return time.monotonic() - begun


def longest_run(sent, heard, step=PACKET // 2):
    """How many octets of `sent` are in `heard` in one piece, at most: (length, where it begins in sent)."""
    best, at = (0, 0), 0
    while at + 32 <= len(sent):
        place = heard.find(sent[at:at + 32])
        if place < 0:
            at += step
            continue
        n = 0
        while at + n < len(sent) and place + n < len(heard) and sent[at + n] == heard[place + n]:
            n += 1
        best = max(best, (n, at))
        at += max(n, step)
    return best
