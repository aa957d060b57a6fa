# SPDX-License-Identifier: GPL-3.0-or-later
"""The relays of the bench. Each stands between a generator's namespace (10.77.1.0/24, fd77:1::/64) and a sink's (10.77.2.0/24, fd77:2::/64) on
veths of its own and relays N streams, caller to callee, in each of its pairs of families ("46": arrives as IPv4, leaves as IPv6)."""
import json
import os
import re
import socket
import time

from lab import children, entered, sh, wait_for

GEN = {"4": "10.77.1.1", "6": "fd77:1::1"}
SINK = {"4": "10.77.2.2", "6": "fd77:2::2"}
SPORT, SINK_PORT, PEER_PORTS = 10000, 20000, 20000
CALLS_PER_ADDRESS = 8000  # a range of 16384 ports holds 8192 pairs


def inner(k, family="4"):
    """The gateway's address number k towards the generator."""
    return f"10.77.1.{10 + k}" if family == "4" else f"fd77:1::{10 + k}"


def outer(k, family="4"):
    return f"10.77.2.{10 + k}" if family == "4" else f"fd77:2::{10 + k}"


def sport(i):
    return SPORT + 2 * (i % PEER_PORTS)


def sink_port(i):
    return SINK_PORT + 2 * (i % PEER_PORTS)


class Contestant:
    """A topology of three namespaces; subclasses put a relay in the middle and say where the generator sends to."""

    pairs = ("44",)
    patience = 10  # seconds to wait for it

    def __init__(self, name, letter, lab, build, n):
        self.name, self.letter, self.lab, self.build, self.n = name, letter, lab, build, n
        self.addresses = -(-n // CALLS_PER_ADDRESS)
        self.gen, self.gw, self.sink = (lab.netns(letter + part) for part in ("gen", "gw", "sink"))
        self.dev = {k: f"{lab.prefix}{letter}{k}" for k in ("g", "in", "out", "s")}
        own = lambda f: [f(k, family) + mask for k in range(self.addresses) for family, mask in (("4", "/24"), ("6", "/64"))]
        far = lambda peer: [peer["4"] + "/24", peer["6"] + "/64"]
        lab.veth(self.gen, self.dev["g"], far(GEN), self.gw, self.dev["in"], own(inner))
        lab.veth(self.gw, self.dev["out"], own(outer), self.sink, self.dev["s"], far(SINK))
        self.pin = f"/sys/fs/bpf/{lab.prefix}-{letter}"
        lab.pins.append(self.pin)
        os.makedirs(self.pin, exist_ok=True)
        sh("bpftool", "prog", "loadall", f"{build}/bench/sink.bpf.o", self.pin + "/prog", "pinmaps", self.pin + "/map")
        self.attach_sink()
        for ns, *devices in ((self.gen, "g"), (self.gw, "in", "out"), (self.sink, "s")):
            lab.threaded_napi(ns, *(self.dev[d] for d in devices))
        for peer in (*GEN.values(), *SINK.values()):
            lab.inside(self.gw, "ping", "-c1", "-W2", peer)
        self.processes = []
        self.flows = {pair: self.write_flows(pair, where) for pair, where in self.start().items()}

    def attach_sink(self):
        self.lab.inside(self.sink, "ip", "link", "set", "dev", self.dev["s"], "xdp", "pinned", self.pin + "/prog/count")

    def write_flows(self, pair, where):
        path = self.lab.path(f"{self.letter}{pair}.flows")
        with open(path, "w") as f:
            f.writelines(f"{sport(i)} {address} {port}\n" for i, (address, port) in enumerate(where))
        return path

    def start(self):
        """Starts the relay; returns, for each pair, where each flow goes: (address, port)."""
        raise NotImplementedError

    def pids(self):
        return [pid for p in self.processes for pid in children(p.pid)]


def hexed(data):
    return "hex " + " ".join(f"{b:02x}" for b in data)


class Bare(Contestant):
    """Parse, one hash lookup, bpf_redirect_map."""

    def start(self):
        lab, pin = self.lab, self.pin
        lab.inside(self.gw, "ip", "link", "set", "dev", self.dev["in"], "xdp", "pinned", pin + "/prog/bare")
        out = lab.link(self.gw, self.dev["out"])["ifindex"]
        where = [(inner(i // CALLS_PER_ADDRESS), 16384 + 2 * (i % CALLS_PER_ADDRESS)) for i in range(self.n)]
        batch = lab.path("bare.batch")
        with open(batch, "w") as f:
            f.write(f"map update pinned {pin}/map/bare_ports key {hexed(bytes(4))} value {hexed(out.to_bytes(4, 'little'))}\n")
            for address, port in where:
                key = socket.inet_aton(address) + port.to_bytes(2, "big") + bytes(2)
                f.write(f"map update pinned {pin}/map/bare_flows key {hexed(key)} value {hexed(bytes(8))}\n")
        lab.inside(self.gw, "bpftool", "batch", "file", batch)
        return {"44": where}


def sdp(address, port):
    family = "IP6" if ":" in address else "IP4"
    return (f"v=0\r\no=- 1 1 IN {family} {address}\r\ns=-\r\nc=IN {family} {address}\r\nt=0 0\r\nm=audio {port} RTP/AVP 8\r\n"
            "a=rtpmap:8 PCMA/8000\r\na=sendrecv\r\n")


def audio_port(text):
    return int(re.search(r"^m=audio (\d+)", text, re.M).group(1))


def bencode(x):
    if isinstance(x, dict):
        return b"d" + b"".join(bencode(k) + bencode(x[k]) for k in sorted(x)) + b"e"
    if isinstance(x, list):
        return b"l" + b"".join(map(bencode, x)) + b"e"
    if isinstance(x, int):
        return b"i%de" % x
    x = x.encode()
    return b"%d:%s" % (len(x), x)


def bdecode(data, at=0):
    """One bencoded value and where it ends."""
    kind = data[at:at + 1]
    if kind in (b"d", b"l"):
        items, at = [], at + 1
        while data[at:at + 1] != b"e":
            item, at = bdecode(data, at)
            items.append(item)
        return (dict(zip(items[::2], items[1::2])) if kind == b"d" else items), at + 1
    if kind == b"i":
        end = data.index(b"e", at)
        return int(data[at + 1:end]), end + 1
    colon = data.index(b":", at)
    end = colon + 1 + int(data[at:colon])
    return data[colon + 1:end].decode(), end


class Rtpengine(Contestant):
    """Debian's rtpengine in userspace (--table=-1), its calls set up over the NG protocol. One worker thread: it has one core."""

    table = -1

    def start(self):
        self.processes = [self.lab.start(
            self.gw, "rtpengine", "--config-file=none", "--foreground", f"--table={self.table}", f"--interface=in/{inner(0)}", f"--interface=out/{outer(0)}",
            "--listen-ng=127.0.0.1:22222", "--port-min=16384", "--port-max=32767", "--num-threads=1", "--log-level=3", "--log-stderr",
            "--timeout=3600", "--offer-timeout=3600", f"--pidfile={self.lab.path('rtpengine.pid')}", log="rtpengine.log")]
        with entered(self.gw):
            self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.settimeout(1)
        self.sock.connect(("127.0.0.1", 22222))
        self.cookie = 0
        wait_for("rtpengine to answer its NG port", lambda: self.ask({"command": "ping"}) == {"result": "pong"}, self.patience)
        return {"44": [(inner(0), self.call(i)) for i in range(self.n)]}

    def ask(self, request):
        self.cookie += 1
        cookie = b"%d " % self.cookie
        for _ in range(5):
            try:
                self.sock.send(cookie + bencode(request))
                while True:
                    reply = self.sock.recv(65536)
                    if reply.startswith(cookie):
                        return bdecode(reply[len(cookie):])[0]
            except OSError:
                time.sleep(0.1)
        return None

    def call(self, i):
        base = {"call-id": f"bench-{i}", "from-tag": f"a{i}"}
        offer = self.ask({**base, "command": "offer", "direction": ["in", "out"], "ICE": "remove", "sdp": sdp(GEN["4"], sport(i))})
        answer = self.ask({**base, "command": "answer", "to-tag": f"b{i}", "ICE": "remove", "sdp": sdp(SINK["4"], sink_port(i))})
        for reply in (offer, answer):
            if not reply or reply.get("result") != "ok":
                raise RuntimeError(f"rtpengine refused call {i}: {reply}")
        return audio_port(answer["sdp"])


CONFIG = """
state {{ directory = "{dir}/state" runtime = "{dir}/run" bpffs = "/sys/fs/bpf/{prefix}-ours-{letter}" }}
{addresses}
media {{ engine = "{engine}" interfaces = {{ "{dev_in}", "{dev_out}" }} bind = "127.0.0.1:2427" }}
"""
ADDRESS = 'address {name} {{ local = {{ "{v4}", "{v6}" }} ports = "16384-32767" }}\n'


class Tandem(Contestant):
    """tandem-mg alone, set up over MGCP."""

    mode = "native"

    def start(self):
        lab, run = self.lab, self.lab.path(self.letter)
        for part in ("state", "run"):
            os.makedirs(f"{run}/{part}")
        lab.pins.append(f"/sys/fs/bpf/{lab.prefix}-ours-{self.letter}")
        self.config = f"{run}/tandem.conf"
        addresses = "".join(ADDRESS.format(name=f"{side}{k}", v4=ip(k, "4"), v6=ip(k, "6"))
                            for k in range(self.addresses) for side, ip in (("inside", inner), ("outside", outer)))
        with open(self.config, "w") as f:
            f.write(CONFIG.format(dir=run, prefix=lab.prefix, letter=self.letter, addresses=addresses, engine=self.mode,
                                  dev_in=self.dev["in"], dev_out=self.dev["out"]))
        self.processes = [lab.start(self.gw, f"{self.build}/tandem-mg", "-c", self.config, log=f"{self.letter}-mg.log")]
        with entered(self.gw):
            self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.settimeout(1)
        self.sock.connect(("127.0.0.1", 2427))
        self.tid = 1000
        wait_for("tandem-mg to answer on its MGCP port", lambda: self.ask("AUEP {tid} rtpbridge/*@mg.tandem MGCP 1.0\r\n"), self.patience)
        return {pair: [self.call(i, *pair) for i in range(self.n)] for pair in self.pairs}

    def engine(self):
        """What forwards the streams now."""
        streams = json.loads(self.lab.inside(self.gw, f"{self.build}/tandemctl", "-c", self.config, "--json", "show", "streams"))
        return ", ".join(sorted({s["engine"] + (f" ({s['why']})" if s.get("why") else "") for s in streams}))

    def ask(self, command):
        self.tid += 1
        for _ in range(5):
            try:
                self.sock.send(command.replace("{tid}", str(self.tid)).encode())
                while True:
                    reply = self.sock.recv(65536).decode()
                    code, _, rest = reply.partition(" ")
                    if code.isdigit() and int(code) >= 200 and rest.split()[0] == str(self.tid):
                        return reply
            except OSError:
                time.sleep(0.1)
        return None

    def connection(self, endpoint, i, name, address, port):
        reply = self.ask(f"CRCX {{tid}} {endpoint} MGCP 1.0\r\nC: {i:x}\r\nL: p:20, a:PCMA\r\nM: sendrecv\r\nX-Address: {name}\r\n\r\n"
                         + sdp(address, port))
        if not reply or not reply.startswith("200"):
            raise RuntimeError(f"tandem-mg refused connection {i} on {name}: {reply}")
        return reply

    def call(self, i, arrives, leaves):
        k = i // CALLS_PER_ADDRESS
        first = self.connection("rtpbridge/$@mg.tandem", i, f"inside{k}", GEN[arrives], sport(i))
        endpoint = re.search(r"^Z: *(\S+)", first, re.M).group(1)
        self.connection(endpoint, i, f"outside{k}", SINK[leaves], sink_port(i))
        return inner(k, arrives), audio_port(first)


class Xdp(Tandem):
    """The XDP engine, in every pair of families."""

    pairs = ("44", "66", "46", "64")


class XdpMany(Tandem):
    """The XDP engine over as many addresses as the streams need."""


class Null(Tandem):
    """Everything in userspace."""

    mode = "null"
