# SPDX-License-Identifier: GPL-3.0-or-later
"""The three relays of the bench. Each stands between a generator's namespace (10.77.1.0/24) and a sink's (10.77.2.0/24) on veths of its own
and relays FLOWS streams, caller to callee."""
import json
import os
import re
import socket
import time

from lab import children, entered, sh, wait_for

GEN, IN, OUT, SINK = "10.77.1.1", "10.77.1.2", "10.77.2.1", "10.77.2.2"
SPORT, SINK_PORT = 10000, 20000


class Contestant:
    """A topology of three namespaces; subclasses put a relay in the middle and say where the generator sends to."""

    name = letter = None

    def __init__(self, lab, build, n, core):
        self.lab, self.build, self.n, self.core = lab, build, n, core
        self.gen, self.gw, self.sink = (lab.netns(self.letter + part) for part in ("gen", "gw", "sink"))
        self.dev = {k: f"{lab.prefix}{self.letter}{k}" for k in ("g", "in", "out", "s")}
        lab.veth(self.gen, self.dev["g"], [GEN + "/24"], self.gw, self.dev["in"], [IN + "/24"])
        lab.veth(self.gw, self.dev["out"], [OUT + "/24"], self.sink, self.dev["s"], [SINK + "/24"])
        self.pin = f"/sys/fs/bpf/{lab.prefix}-{self.letter}"
        lab.pins.append(self.pin)
        os.makedirs(self.pin, exist_ok=True)
        sh("bpftool", "prog", "loadall", f"{build}/bench/sink.bpf.o", self.pin + "/prog", "pinmaps", self.pin + "/map")
        lab.inside(self.sink, "ip", "link", "set", "dev", self.dev["s"], "xdp", "pinned", self.pin + "/prog/count")
        self.processes = []
        dports = self.start()
        self.flows = lab.path(self.letter + ".flows")
        with open(self.flows, "w") as f:
            f.writelines(f"{SPORT + 2 * i} {dport}\n" for i, dport in enumerate(dports))
        for ns, *devices in ((self.gen, "g"), (self.gw, "in", "out"), (self.sink, "s")):
            lab.threaded_napi(ns, *(self.dev[d] for d in devices))
        lab.inside(self.gw, "ping", "-c1", "-W2", SINK)
        lab.inside(self.gw, "ping", "-c1", "-W2", GEN)

    def start(self):
        """Starts the relay; returns the destination port of each flow."""
        raise NotImplementedError

    def pids(self):
        return [pid for p in self.processes for pid in children(p.pid)]

    def stop(self):
        for p in self.processes:
            self.lab.stop(p)


class Bare(Contestant):
    """Parse, one hash lookup, bpf_redirect_map."""

    name, letter = "bare", "b"

    def start(self):
        lab, pin = self.lab, self.pin
        lab.inside(self.gw, "ip", "link", "set", "dev", self.dev["in"], "xdp", "pinned", pin + "/prog/bare")
        out = lab.link(self.gw, self.dev["out"])["ifindex"]
        hexed = lambda data: "hex " + " ".join(f"{b:02x}" for b in data)
        batch = lab.path("bare.batch")
        with open(batch, "w") as f:
            f.write(f"map update pinned {pin}/map/bare_ports key {hexed(bytes(4))} value {hexed(out.to_bytes(4, 'little'))}\n")
            for i in range(self.n):
                key = socket.inet_aton(IN) + (SINK_PORT + 2 * i).to_bytes(2, "big") + bytes(2)
                f.write(f"map update pinned {pin}/map/bare_flows key {hexed(key)} value {hexed(bytes(8))}\n")
        lab.inside(self.gw, "bpftool", "batch", "file", batch)
        return [SINK_PORT + 2 * i for i in range(self.n)]


def sdp(address, port):
    return (f"v=0\r\no=- 1 1 IN IP4 {address}\r\ns=-\r\nc=IN IP4 {address}\r\nt=0 0\r\nm=audio {port} RTP/AVP 8\r\n"
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

    name, letter = "rtpengine", "r"

    def start(self):
        self.processes = [self.lab.start(
            self.gw, "rtpengine", "--config-file=none", "--foreground", "--table=-1", f"--interface=in/{IN}", f"--interface=out/{OUT}",
            "--listen-ng=127.0.0.1:22222", "--port-min=16384", "--port-max=32767", "--num-threads=1", "--log-level=3", "--log-stderr",
            "--timeout=3600", "--offer-timeout=3600", f"--pidfile={self.lab.path('rtpengine.pid')}", log="rtpengine.log")]
        with entered(self.gw):
            self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.settimeout(1)
        self.sock.connect(("127.0.0.1", 22222))
        self.cookie = 0
        wait_for("rtpengine to answer its NG port", lambda: self.ask({"command": "ping"}) == {"result": "pong"})
        return [self.call(i) for i in range(self.n)]

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
        offer = self.ask({**base, "command": "offer", "direction": ["in", "out"], "ICE": "remove", "sdp": sdp(GEN, SPORT + 2 * i)})
        answer = self.ask({**base, "command": "answer", "to-tag": f"b{i}", "ICE": "remove", "sdp": sdp(SINK, SINK_PORT + 2 * i)})
        for reply in (offer, answer):
            if not reply or reply.get("result") != "ok":
                raise RuntimeError(f"rtpengine refused call {i}: {reply}")
        return audio_port(answer["sdp"])


CONFIG = """
state {{ directory = "{dir}/state" runtime = "{dir}/run" bpffs = "/sys/fs/bpf/{prefix}-ours" }}
address inside {{ local = {{ "{IN}" }} ports = "16384-32767" }}
address outside {{ local = {{ "{OUT}" }} ports = "16384-32767" }}
media {{ engine = "native" interfaces = {{ "{dev_in}", "{dev_out}" }} bind = "127.0.0.1:2427" }}
"""


class Tandem(Contestant):
    """tandem-mg alone with its XDP engine, set up over MGCP."""

    name, letter = "tandem", "t"

    def start(self):
        lab = self.lab
        for part in ("state", "run"):
            sh("mkdir", "-p", lab.path(part))
        lab.pins.append(f"/sys/fs/bpf/{lab.prefix}-ours")
        config = lab.path("tandem.conf")
        with open(config, "w") as f:
            f.write(CONFIG.format(dir=lab.dir, prefix=lab.prefix, IN=IN, OUT=OUT, dev_in=self.dev["in"], dev_out=self.dev["out"]))
        self.processes = [lab.start(self.gw, f"{self.build}/tandem-mg", "-c", config, log="tandem-mg.log")]
        with entered(self.gw):
            self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.settimeout(1)
        self.sock.connect(("127.0.0.1", 2427))
        self.tid = 1000
        self.config = config
        wait_for("tandem-mg to answer on its MGCP port", lambda: self.ask("AUEP {tid} rtpbridge/*@mg.tandem MGCP 1.0\r\n"))
        return [self.call(i) for i in range(self.n)]

    def engine(self):
        """What forwards the streams now: "xdp-native" wanted."""
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

    def call(self, i):
        first = self.connection("rtpbridge/$@mg.tandem", i, "inside", GEN, SPORT + 2 * i)
        endpoint = re.search(r"^Z: *(\S+)", first, re.M).group(1)
        self.connection(endpoint, i, "outside", SINK, SINK_PORT + 2 * i)
        return audio_port(first)
