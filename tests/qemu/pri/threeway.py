#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""threeway.py: a telephone at a port of tandem-mg calls a SIP phone, and somebody over an E&M trunk, and joins them by its flash: each of the three hears the other two
and not itself; the next flash lets the second go. The telephone is an exchange's line joined back to back with the port, driven by a
script of its own; the trunk's other end leads to another SIP phone."""
import math
import os
import re
import sys

sys.path[:0] = [os.path.join(sys.path[0], folder) for folder in ("../../isdn", "../../net/mediagw")]
from audio import PAYLOADS, Speaker, offer, talk
from results import shows
from joined import JOINED, PORTS
import mgtest
from gateway import stage
from lab import entered, wait_for
from media import Media
from sipmsg import Sdp, sdp

PATIENCE, SECONDS = 60, 2
MORE = JOINED + PORTS + """
tdm { system-conf = "" poll = 200ms zone = "us" }
line desk { endpoint = "ds/ds1-1/1" number = "2001" digit-map = "(1xxx|7xxxx)" }
line near { endpoint = "ds/ds1-1/2" kind = em-mf }
line far { endpoint = "ds/ds1-2/2" kind = em-mf }
route near { prefix = "7" to = "near" strip = 1 }
"""
EXCHANGE = "ds/ds1-2/1"
HZ = {"telephone": 400, "alice": 750, "bob": 1150}
AMPLITUDE = 3000


# --- tones in mu-law (G.711)

def encoded(v):
    sign, v = (0x80, -v) if v < 0 else (0, v)
    v = min(v, 32635) + 132
    exponent = v.bit_length() - 8
    return ~(sign | exponent << 4 | v >> exponent + 3 & 15) & 255


def decoded(octet):
    octet = ~octet & 255
    v = ((octet & 15) * 8 + 132 << (octet >> 4 & 7)) - 132
    return -v if octet & 128 else v


def tone(hz):
    """A second of it, over and over."""
    return bytes(encoded(round(AMPLITUDE * math.sin(2 * math.pi * hz * i / 8000))) for i in range(8000)) * SECONDS


def dtmf(digit):
    """A tenth of a second of it."""
    row, column = divmod("123A456B789C*0#D".index(digit), 4)
    low, high = (697, 770, 852, 941)[row], (1209, 1336, 1477, 1633)[column]
    return bytes(encoded(round(AMPLITUDE * (math.sin(2 * math.pi * low * i / 8000) + math.sin(2 * math.pi * high * i / 8000)))) for i in range(800))


def amplitude(octets, hz):
    """Of the middle of what was heard, where all speak: whole periods of every tone."""
    part = octets[len(octets) // 2 - 1600:len(octets) // 2 + 1600]
    k, s1, s2 = 2 * math.cos(2 * math.pi * hz / 8000), 0.0, 0.0
    for octet in part:
        s1, s2 = decoded(octet) + k * s1 - s2, s1
    return 2 * math.sqrt(s1 * s1 + s2 * s2 - k * s1 * s2) / len(part)


# --- the telephone

class Telephone:
    request = 0x100

    def __init__(self):
        with entered(s.gw.ns):
            self.agent = mgtest.Agent(port=2729)
        self.media, self.id = Media(s.gw.ns, s.gw_a, 41000, 0x7e1), None

    def ask(self, lines):
        Telephone.request += 1
        got = self.agent.ask("RQNT", EXCHANGE, f"N: telephone@[127.0.0.1]:2729\nX: {Telephone.request:x}\nQ: loop\n{lines}", wait=20)
        assert got.code == 200, f"{lines!r}: {got.text!r}"

    def told(self, events):
        pattern = rf"NTFY \d+ {re.escape(EXCHANGE)}@(.*\r\n)+O: {re.escape(events)}\r\n"
        assert self.agent.wait_told(pattern, PATIENCE), (events, self.agent.told)
        self.agent.told.clear()

    def calls(self, digits):
        self.ask(f"S: DO/sup(addr({','.join(digits)}))\nR: DO/oc(N),DO/of(N)")
        self.told("DO/oc(DO/sup)")

    def dials(self, digits):
        """In a call, by its voice."""
        pause = bytes([255]) * 800
        with_tones = speaker(self.media, self.to)
        with_tones.sent = pause + b"".join(dtmf(digit) + pause for digit in digits)
        talk([with_tones])

    def flashes(self):
        """A brief signal, whose end nobody is told."""
        self.ask("S: DO/hf\nR: DO/of(N)")

    def speaks(self):
        """Its voice is RTP of ours."""
        description = sdp(s.gw_a, 41000, media=offer("t1")(41000))
        got = self.agent.ask("CRCX", EXCHANGE, "C: 1\nM: sendrecv\nL: a:PCMU, p:20", description, wait=20)
        assert got.code == 200, got.text
        self.id, self.to = got.get("I"), (got.ip, got.port)

    def hangs_up(self):
        assert self.agent.ask("DLCX", EXCHANGE, f"C: 1\nI: {self.id}", wait=20).code == 250
        self.ask("S: DO/hu\nR: DO/rlc(N)")


def body(phone, direction="sendrecv", version=1):
    return sdp(phone.ip, phone.media_port, media=[line.replace("sendrecv", direction) for line in offer("t1")(phone.media_port)], version=version)


def told(d, direction, version):
    """A re-INVITE with that direction, answered with the same. Returns where to send."""
    m = d.get("INVITE", PATIENCE)
    assert Sdp(m.body).media[0]["direction"] == direction, m.body
    d.reply(m, 200, "OK", body(d.phone, direction, version))
    d.get("ACK", PATIENCE)
    return Sdp(m.body).at()


def taken(phone):
    """It rings, and answers: its dialog, and where to send."""
    d, invite = phone.answer_invite(PATIENCE)
    d.accept(invite, body(phone))
    d.get("ACK", PATIENCE)
    return d, Sdp(invite.body).at()


def check(who, heard, others):
    """It hears those others as loud as they are, and nobody else."""
    loud = {name: amplitude(heard, hz) for name, hz in HZ.items()}
    for name, is_so in loud.items():
        assert abs(is_so - AMPLITUDE) < 0.1 * AMPLITUDE if name in others else is_so < 0.03 * AMPLITUDE, (who, others, loud)


def converse(**speakers):
    """All speak at once; returns what each heard."""
    for name, speaker in speakers.items():
        speaker.sent = tone(HZ[name])
    talk(list(speakers.values()))
    return {name: speaker.heard for name, speaker in speakers.items()}


def speaker(media, to):
    """Another stream each time, since its packets are numbered from the beginning."""
    media.ssrc += 1
    return Speaker(media, to, PAYLOADS["t1"], 0, 0)


def come_up():
    wait_for("the lines to be up", lambda: {line["state"] for line in s.gw.show("lines")} == {"up"}, PATIENCE, 0.2)
    # DAHDI takes a port for off hook, and tells of no line at rest, before it has seen it so for a second.
    wait_for("both ends to be at rest", lambda: {c["state"] for c in s.gw.show("channels") if c["endpoint"] in (EXCHANGE, "ds/ds1-1/1")} == {"in-service"}, PATIENCE, 0.2)


def joined():
    """Alice, then Bob over the trunk, then all three."""
    global da, db, to_a, to_b
    telephone.calls("1001")
    da, _ = taken(alice)
    telephone.speaks()
    telephone.flashes()
    told(da, "inactive", 2)
    telephone.dials("71002")
    db, to_b = taken(bob)
    telephone.flashes()
    to_a = told(da, "sendrecv", 3)
    heard = converse(alice=speaker(ma, to_a), bob=speaker(mb, to_b), telephone=speaker(telephone.media, telephone.to))
    for name in HZ:
        check(name, heard[name], set(HZ) - {name})


def second_let_go():
    telephone.flashes()
    db.hung_up(PATIENCE)
    mb.drain()
    heard = converse(alice=speaker(ma, to_a), telephone=speaker(telephone.media, telephone.to))
    check("alice", heard["alice"], {"telephone"})
    check("telephone", heard["telephone"], {"alice"})


def the_telephone_hangs_up():
    telephone.hangs_up()
    da.hung_up(PATIENCE)
    s.gw.over(PATIENCE)


with stage(more=MORE) as s:
    alice, bob = s.pair()
    ma, mb = s.media(alice), s.media(bob)
    if shows("a telephone's line and a trunk are up", come_up):
        telephone = Telephone()
        if shows("a telephone, a SIP phone and a party over a trunk hear each other, and not themselves", joined):
            shows("the next flash lets the second go", second_let_go)
            shows("hanging up ends what is left", the_telephone_hangs_up)
