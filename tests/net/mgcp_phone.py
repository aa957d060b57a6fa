# SPDX-License-Identifier: GPL-3.0-or-later
"""A scripted MGCP gateway with telephones, as another maker's would be (RFC 3435, packages L, G and D of RFC 3660): a thread answers the call agent's commands at
once; the scenario lifts handsets, dials and flashes, and looks at what was asked of each telephone. It shares no code with Tandem."""
import re
import socket
import threading
import time

from lab import SOON, entered
from media import Media


def split(text):
    """Elements of a list with commas; those in parentheses part nothing."""
    out, depth, item = [], 0, ""
    for c in text:
        depth += (c == "(") - (c == ")")
        if c == "," and not depth:
            out.append(item.strip())
            item = ""
        else:
            item += c
    return [x for x in [*out, item.strip()] if x]


def inside(text):
    """What the outermost parentheses hold: "E(R(a),S(b))" -> "R(a),S(b)"."""
    return text[text.index("(") + 1:text.rindex(")")]


class Command:
    def __init__(self, text):
        head, _, self.sdp = text.partition("\n\n")
        lines = head.split("\n")
        self.verb, self.tid, self.endpoint = lines[0].split()[:3]
        self.params = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            self.params.setdefault(name.strip().upper(), value.strip())
        self.text = text

    def __getitem__(self, name):
        return self.params.get(name)

    def __repr__(self):
        return f"<{self.verb} {self.endpoint} {self.params}>"


class Telephone:
    """One endpoint. `events` and `signals` are what the last request asked for, by name."""

    def __init__(self, gateway, name, port):
        self.gateway, self.name, self.port = gateway, name, port
        self.off = False                                  # the hook
        self.events, self.signals, self.map, self.id = {}, [], "", "0"
        self.lamp = False                                 # L/vmwi
        self.mixes, self.most = False, 0                  # two connections at once, in mode confrnce; or so many, without it
        self.given = []                                   # all signals
        self.conns = {}                                   # id -> {"mode", "remote", "media", ...}
        self.commands = []                                # all that came for it
        self.lockstep = False
        self.refuse = {}                                  # verb -> code, once
        self.media, self.second = Media(gateway.ns, gateway.ip, port, 0x5000 + port), None
        self.offers = "0 8 101"                           # formats it describes

    # --- the call agent's commands

    def take(self, c):
        """Code and parameter lines of the answer, and a description."""
        self.commands.append(c)
        if c.verb in self.refuse:
            return self.refuse.pop(c.verb), "", ""
        return {"RQNT": self.rqnt, "CRCX": self.crcx, "MDCX": self.mdcx, "DLCX": self.dlcx, "AUEP": self.auep}.get(c.verb, lambda c: (504, "", ""))(c)

    def rqnt(self, c):
        events = dict(self.event(e) for e in split(c["R"] or ""))
        signals = split(c["S"] or "")
        rings = [s for s in signals if re.match(r"L/r[g0-7]\b", s)]
        if self.off and (rings or "L/hd" in events):
            return 401, "", ""
        if not self.off and ("L/hu" in events or "L/dl" in signals):
            return 402, "", ""
        self.ask(c["X"], events, signals, c["D"])
        self.lockstep = False
        return 200, "", ""

    def ask(self, id, events, signals, map):
        for s in [s for s in signals if s.startswith("L/vmwi")]:
            self.lamp = s != "L/vmwi(-)"
        self.id, self.events, self.signals, self.map = id, events, signals, map or self.map
        self.given += signals

    @staticmethod
    def event(text):
        name, _, actions = text.partition("(")
        return name, actions[:-1] if actions else "N"

    def describe(self, port):
        return (f"v=0\r\no=- {port} 1 IN IP4 {self.gateway.ip}\r\ns=-\r\nc=IN IP4 {self.gateway.ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP {self.offers}\r\n"
                "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n")

    def crcx(self, c):
        if len(self.conns) >= (self.most or 1 + self.mixes):
            return 540, "", ""  # one connection is what a simple telephone has
        id = f"{self.gateway.serial():X}"
        port = next(p for p in (self.port, self.port + 2) if p not in [x["port"] for x in self.conns.values()])
        self.conns[id] = {"mode": c["M"], "remote": c.sdp, "call": c["C"], "port": port, "media": self.media_at(port)}
        return 200, f"I: {id}\r\n", self.describe(port)

    def media_at(self, port):
        if port != self.port and not self.second:
            self.second = Media(self.gateway.ns, self.gateway.ip, port, 0x5000 + port)
        return self.media if port == self.port else self.second

    def mdcx(self, c):
        conn = self.conns.get(c["I"])
        if not conn:
            return 515, "", ""
        if c["M"] == "confrnce" and not self.mixes:
            return 517, "", ""
        conn["mode"] = c["M"] or conn["mode"]
        conn["remote"] = c.sdp or conn["remote"]
        return 200, "", self.describe(conn["port"])

    def dlcx(self, c):
        if c["I"] and c["I"] not in self.conns:
            return 515, "", ""
        self.conns = {} if not c["I"] else {k: v for k, v in self.conns.items() if k != c["I"]}
        return 250, "P: PS=10, OS=1600, PR=10, OR=1600, PL=0, JI=0, LA=0\r\n", ""

    def auep(self, c):
        lines = {"ES": f"ES: {'L/hd' if self.off else 'L/hu'}\r\n", "I": f"I: {','.join(self.conns)}\r\n", "X": f"X: {self.id}\r\n"}
        return 200, "".join(lines.get(f.strip(), "") for f in (c["F"] or "").split(",")), ""

    # --- its user

    def wait(self, what, condition, timeout=SOON):
        return self.gateway.wait(f"{self.name}: {what}", condition, timeout, lambda: (self.events, self.signals, self.conns))

    def asked(self, event, timeout=SOON):
        self.wait(f"to be asked for {event}", lambda: not self.lockstep and any(e == event or e.startswith(event + "[") for e in self.events), timeout)

    def hears(self, signal, timeout=SOON):
        """Waits until it is given that signal; returns it with its parameters."""
        self.wait(signal, lambda: any(s.split("(")[0] == signal for s in self.signals), timeout)
        return next(s for s in self.signals if s.split("(")[0] == signal)

    def caller(self):
        """Number and name of who calls, as it was last given them."""
        ci = next(s for s in reversed(self.given) if s.startswith("L/ci("))
        return tuple(x.strip('"') for x in split(inside(ci))[1:])

    def silent(self, timeout=SOON):
        self.wait("no signal", lambda: not self.signals, timeout)

    def report(self, events):
        """NTFY, and what comes in return."""
        with self.gateway.lock:
            self.lockstep = True
            self.signals = []
            id = self.id
        assert self.gateway.ask(f"NTFY {{tid}} {self.name}@{self.gateway.domain} MGCP 1.0\r\nX: {id}\r\nO: {events}\r\n") == 200

    def happens(self, event):
        """Something its user does, when it is asked for; what it is asked to do then without asking, it does (E)."""
        self.asked(event)
        with self.gateway.lock:
            actions = self.events[event]
            if actions.startswith("E("):
                parts = {p[0]: inside(p) for p in split(inside(actions))}
                self.ask(self.id, dict(self.event(e) for e in split(parts.get("R", ""))), split(parts.get("S", "")), parts.get("D"))
                return
        self.report(event)

    def off_hook(self):
        self.off = True
        self.happens("L/hd")

    def on_hook(self):
        self.off = False
        self.happens("L/hu")

    def flash(self):
        self.happens("L/hf")

    def dial(self, digits):
        """All that the digit map gathers, in one notification. Dial tone is over with the first."""
        self.asked("D/")
        self.report(",".join(f"D/{d}" for d in digits))

    def call(self, digits):
        self.off_hook()
        self.hears("L/dl")
        self.dial(digits)

    @property
    def conn(self):
        """Its one connection."""
        assert len(self.conns) == 1, self.conns
        return next(iter(self.conns.values()))

    def mode(self, mode, timeout=SOON):
        self.wait(f"mode {mode}", lambda: len(self.conns) == 1 and self.conn["mode"] == mode, timeout)

    def confers(self, n=2):
        """Waits until all its connections, that many, are in conference."""
        self.wait(f"{n} connections in conference", lambda: [c["mode"] for c in self.conns.values()] == ["confrnce"] * n)
        return list(self.conns.values())

    def at(self, conn=None):
        """Where it is to send to, on its one connection or this one."""
        sdp = (conn or self.conn)["remote"]
        return re.search(r"^c=IN IP4 (\S+)", sdp, re.M).group(1), int(re.search(r"^m=audio (\d+)", sdp, re.M).group(1))

    def gone(self):
        self.wait("no connection", lambda: not self.conns)

    def ends(self, d, itself):
        """Its call with `d` is over: its user hangs up, or the other party does."""
        if itself:
            self.on_hook()
            d.hung_up()
        else:
            d.hang_up()
            self.hears("L/ro")
            self.on_hook()
        self.gone()


class Trunk(Telephone):
    """A line to an exchange, or an E&M trunk: what the other side does is told as the scenario says."""

    def rqnt(self, c):
        self.ask(c["X"], dict(self.event(e) for e in split(c["R"] or "")), split(c["S"] or ""), c["D"])
        self.lockstep = False
        return 200, "", ""

    def told(self, signal, timeout=SOON):
        """Waits until it has been given a signal, brief as it may be; returns it. Those before are forgotten."""
        self.wait(signal, lambda: any(s.split("(")[0] == signal for s in self.given), timeout)
        with self.gateway.lock:
            i = next(i for i, s in enumerate(self.given) if s.split("(")[0] == signal)
            found, self.given = self.given[i], self.given[i + 1:]
            return found

    def tells(self, *events):
        self.asked(events[-1].split("(")[0])
        self.report(",".join(events))


class MgcpGateway:
    def __init__(self, ns, ip, agent, domain="phones.invalid", port=2427, telephones=2, first=1, media=41000, trunks=()):
        self.ns, self.ip, self.agent, self.domain = ns, ip, agent, domain
        self.lock, self.changed = threading.RLock(), threading.Condition()
        self.number, self.answers, self.responses = 100, {}, {}
        with entered(ns):
            self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.sock.bind((ip, port))
        self.telephones = {f"aaln/{i}": Telephone(self, f"aaln/{i}", media + 10 * i) for i in range(first, first + telephones)}
        for i, name in enumerate(trunks):
            self.telephones[name] = Trunk(self, name, media + 500 + 10 * i)
        self.silent, self.closed, self.failed = False, False, None
        threading.Thread(target=self.run, daemon=True).start()

    def __getitem__(self, i):
        return self.telephones[i if isinstance(i, str) else f"aaln/{i}"]

    def serial(self):
        with self.lock:
            self.number += 1
            return self.number

    def run(self):
        while True:
            try:
                data, source = self.sock.recvfrom(65536)
            except OSError:
                return
            for text in re.split(r"^\.\n", data.decode().replace("\r\n", "\n"), flags=re.M):
                try:
                    if not self.silent:
                        self.one(text, source)
                except Exception as e:  # told to whoever waits
                    self.failed = e
                    raise
            with self.changed:
                self.changed.notify_all()

    def one(self, text, source):
        first = text.split("\n", 1)[0].split()
        if first[0].isdigit():
            if int(first[0]) >= 200:
                self.responses[int(first[1])] = int(first[0])
            return
        c = Command(text)
        if c.tid in self.answers:  # a repetition
            self.sock.sendto(self.answers[c.tid], source)
            return
        with self.lock:
            code, lines, sdp = self.execute(c)
        answer = f"{code} {c.tid} said\r\n{lines}" + (f"\r\n{sdp}" if sdp else "")
        self.answers[c.tid] = answer.encode()
        if not self.closed:
            self.sock.sendto(answer.encode(), source)

    def execute(self, c):
        local, _, domain = c.endpoint.partition("@")
        if domain.lower() != self.domain:
            return 500, "", ""
        if local == "*":
            return 200, "".join(f"Z: {t}@{self.domain}\r\n" for t in self.telephones), ""
        t = self.telephones.get(local)
        return t.take(c) if t else (500, "", "")

    def wait(self, what, condition, timeout=SOON, state=lambda: ""):
        end = time.monotonic() + timeout
        with self.changed:
            while True:
                if self.failed:
                    raise AssertionError(f"the gateway: {self.failed!r}")
                with self.lock:
                    if condition():
                        return
                if not self.changed.wait(end - time.monotonic()) and time.monotonic() >= end:
                    raise AssertionError(f"waited {timeout:g} s for {what}; {state()}")

    def ask(self, text, timeout=SOON):
        """Sends a command, again and again until it is answered; returns the code."""
        tid = self.serial()
        data = text.format(tid=tid).encode()
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            self.sock.sendto(data, self.agent)
            with self.changed:
                if self.changed.wait_for(lambda: tid in self.responses, 0.3):
                    return self.responses[tid]
        raise AssertionError(f"no answer to {text}")

    def rsip(self, method="restart", endpoint="*", more=""):
        """RestartInProgress; what restarts has forgotten what it was asked for."""
        with self.lock:
            for t in self.telephones.values():
                if method in ("restart", "forced") and endpoint in ("*", t.name, "aaln/*"):
                    t.events, t.signals, t.conns, t.id, t.lockstep = {}, [], {}, "0", False
        return self.ask(f"RSIP {{tid}} {endpoint}@{self.domain} MGCP 1.0\r\nRM: {method}\r\n{more}")

    def close(self):
        self.closed = True
        self.sock.close()
