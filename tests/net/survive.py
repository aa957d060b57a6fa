# SPDX-License-Identifier: GPL-3.0-or-later
"""What scenarios about killed daemons share: media that flow all the time with every packet numbered, an ear for ICMP unreachable on a peer's wire,
and the killing."""
import contextlib
import ctypes
import os
import select
import signal
import socket
import struct
import threading
import time

from lab import SOON, entered, wait_for

SO_ATTACH_FILTER = 26
LDH, LDB, JEQ, RET = 0x28, 0x30, 0x15, 0x06
UNREACHABLE = [  # classic BPF: code, jump if equal, jump if not, operand
    (LDH, 0, 0, 12), (JEQ, 0, 4, 0x0800),           # IPv4 (without options):
    (LDB, 0, 0, 23), (JEQ, 0, 8, 1),                # ICMP
    (LDB, 0, 0, 34), (JEQ, 5, 6, 3),                # destination unreachable
    (JEQ, 0, 5, 0x86DD), (LDB, 0, 0, 20), (JEQ, 0, 3, 58),  # IPv6, ICMPv6
    (LDB, 0, 0, 54), (JEQ, 0, 1, 1),                # destination unreachable
    (RET, 0, 0, 0xFFFF), (RET, 0, 0, 0),
]


def still_comes(sender, ended, missing):
    """Whether a receiver has to go on: somebody sends, or not all that was sent has come, as it ought to have by `ended.by`."""
    return not ended.is_set() or sender.is_alive() or (missing() and time.monotonic() < ended.by)


class Ended(threading.Event):
    """That of a flow, and until when its last packets may come."""

    def set(self):
        self.by = time.monotonic() + SOON
        super().set()


class Flow:
    """Packets from one Media to another through the gateway until stop(), one each `gap` seconds."""

    def __init__(self, sender, to, receiver, gap=0.005):
        self.sender, self.to, self.receiver, self.gap = sender, to, receiver, gap
        self.sent, self.got, self.ended = [], [], Ended()
        self.threads = [threading.Thread(target=self.send), threading.Thread(target=self.receive)]
        for t in self.threads:
            t.start()

    def send(self):
        while not self.ended.is_set():
            self.sent += self.sender.send(self.to, 1, self.gap)

    def receive(self):
        rtp = self.receiver.rtp
        while still_comes(self.threads[0], self.ended, lambda: len(self.got) < len(self.sent)) or select.select([rtp], [], [], 0.05)[0]:
            if select.select([rtp], [], [], 0.05)[0]:
                self.got.append(rtp.recvfrom(2048)[0])

    def stop(self):
        """Asserts that what came is what was sent: nothing lost, nothing twice, in order. Several end sooner when ended.set() of all comes first."""
        self.ended.set()
        for t in self.threads:
            t.join()
        if self.got != self.sent:
            missing = len(set(self.sent) - set(self.got))
            raise AssertionError(f"{len(self.sent)} packets sent to {self.to}, {len(self.got)} came, {missing} never, "
                                 f"{len(self.got) - len(set(self.got))} twice")
        return len(self.sent)


class Crowd:
    """Media of many calls: each party has one socket for all of them, and every packet says of which call it is and the how many-th."""

    def __init__(self, one, other, pairs, gap):
        """`pairs`: for each call where `one` and `other` send to; a packet each way every `gap` seconds a call."""
        self.ends = [(one, [a for a, _ in pairs]), (other, [b for _, b in pairs])]
        self.gap, self.ended = gap, Ended()
        self.sent = [[0] * len(pairs), [0] * len(pairs)]
        self.next = [[0] * len(pairs), [0] * len(pairs)]
        self.wrong = []
        for media in (one, other):
            media.rtp.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)  # SO_RCVBUFFORCE
        self.threads = [threading.Thread(target=f, args=(i,)) for i in (0, 1) for f in (self.send, self.receive)]  # each side's
        for t in self.threads:
            t.start()

    def send(self, side):
        media, targets = self.ends[side]
        pause = self.gap / len(targets) * 10
        while not self.ended.is_set():
            for call, to in enumerate(targets):
                n = self.sent[side][call]
                media.rtp.sendto(struct.pack("!BBHIIII", 0x80, 0, n & 0xFFFF, n * 160 & 0xFFFFFFFF, 0x10000 + call, call, n) + bytes(20), to)
                self.sent[side][call] += 1
                if call % 10 == 9:
                    time.sleep(pause)

    def receive(self, side):
        """In order and each once, or it is wrong."""
        sock, expected, sent = self.ends[side][0].rtp, self.next[side], self.sent[not side]
        sender = self.threads[2 * (not side)]
        while still_comes(sender, self.ended, lambda: sum(expected) < sum(sent)) or select.select([sock], [], [], 0.1)[0]:
            if not select.select([sock], [], [], 0.1)[0]:
                continue
            call, n = struct.unpack("!II", sock.recv(2048)[12:20])
            if n != expected[call]:
                self.wrong.append((side, call, n, expected[call]))
            expected[call] = n + 1

    def stop(self):
        """Asserts that all came, in order, once; returns how many."""
        self.ended.set()
        for t in self.threads:
            t.join()
        assert not self.wrong, f"{len(self.wrong)} packets out of order, repeated or after missing ones: (side, call, came, expected) {self.wrong[:5]}"
        assert self.next == [self.sent[1], self.sent[0]], "the last packets of some calls are missing"
        return sum(map(sum, self.sent))


class Unreachables:
    """Listens on a peer's wire for ICMP and ICMPv6 "destination unreachable"."""

    def __init__(self, ns, dev):
        with entered(ns):
            self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
            self.sock.bind((dev, 0))
        packed = b"".join(struct.pack("HBBI", *c) for c in UNREACHABLE)
        self.buffer = ctypes.create_string_buffer(packed)
        self.sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HL", len(UNREACHABLE), ctypes.addressof(self.buffer)))
        self.sock.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True: # what came before the filter
                self.sock.recv(2048)

    def none(self):
        with contextlib.suppress(BlockingIOError):
            raise AssertionError(f"ICMP unreachable on the wire: {self.sock.recv(2048).hex()}")

    def hears(self, phone):
        """Asserts that one would have been heard: the phone sends to a port where nobody is."""
        phone.send(b"anybody?", (phone.gateway, 9))
        assert select.select([self.sock], [], [], SOON)[0], "this ear is deaf"
        self.sock.recv(2048)


def kill_keep(gw):
    gw.process.send_signal(signal.SIGKILL)
    gw.process.wait()


def kill_daemon(pid):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def back(gw):
    """Starts tandem-keep again when it is dead, as a supervisor does, and waits until everything serves."""
    if gw.process.poll() is not None:
        gw.start(settle=False)
    wait_for("all daemons to be there", lambda: all(gw.pid_of(p) for p in ("tandem-ca", "tandem-mg")))
    wait_for("the gateway to serve again", gw.ready)
    wait_for("the media gateway to be up", lambda: [g["state"] for g in gw.show("gateways")] == ["up"])


def is_dead(pid):
    """Whether it has ended, its parent having noticed or not."""
    with contextlib.suppress(OSError):
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rpartition(")")[2].split()[0] in "ZX"
    return True


def kill(gw, order, pause=0.05):
    """kill -9 of "keep", "ca" and "mg" in that order; a pause of 0 is all at once. They come back."""
    pids = {"ca": gw.pid_of("tandem-ca"), "mg": gw.pid_of("tandem-mg")}
    for who in order:
        kill_keep(gw) if who == "keep" else kill_daemon(pids[who])
        time.sleep(pause)
    wait_for("the killed to be dead", lambda: all(is_dead(pids[w]) for w in order if w != "keep"))
    back(gw)
