# SPDX-License-Identifier: GPL-3.0-or-later
"""The gateway under test and the stage around it.

        pha --------- gw --------- phb          phones A and B, or carriers, each with IPv4 and IPv6
     10.79.1.2     .1.1  .2.1   10.79.2.2
     fd79:1::2     ::1    ::1   fd79:2::2

A scenario is a file with `with stage() as s:`; the runner sets NET_ENGINE (null, xdp, auto; module where it is loaded) and NET_FAMILIES (44, 46, 64, 66: A's and B's)."""
import contextlib
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
import traceback

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../tools"))
from lab import SOON, Lab, sh, wait_for  # noqa: E402
from certificates import Authority, Contexts  # noqa: E402
from media import Media  # noqa: E402
from phone import Phone  # noqa: E402

A, B = {4: "10.79.1.2", 6: "fd79:1::2"}, {4: "10.79.2.2", 6: "fd79:2::2"}
INSIDE, OUTSIDE = {4: "10.79.1.1", 6: "fd79:1::1"}, {4: "10.79.2.1", 6: "fd79:2::1"}
T1_MS = 20
ENGINES = {"null": "null", "module": "module", "xdp": "native", "auto": "auto"}  # media.engine

CONFIG = """
log {{ level = debug }}
state {{ directory = "{dir}/state" runtime = "{dir}/run" bpffs = "{pins}" }}
sip {{ t1 = {t1}ms t2 = {t2}ms t4 = 200ms realm = "test.invalid" {sip} }}
registrar {{ {registrar} }}
address inside {{ local = {{ "{inside4}", "{inside6}" }} {inside} }}
address outside {{ local = {{ "{outside4}", "{outside6}" }} {outside} }}
media {{ engine = {engine} {media} }}
agent {{ t-hist = 1s retry-min = 20ms t-max = 1s {agent} }}
overload {{ {overload} }}
process {{ restart-min = 10ms {process} }}
user alice {{ password = "wonderland" numbers = {{ "1001" }} display = "Alice" address = "inside" {alice} }}
user bob {{ password = "builder" numbers = {{ "1002" }} display = "Bob" address = "outside" {bob} }}
trunk carrier {{ peer = "{carrier}" transport = {transport} address = "outside" {trunk} }}
route out {{ prefix = "9" to = "carrier" strip = 1 }}
{more}
{certificates}
"""


class Gateway:
    def __init__(self, lab, ns, engine, carrier, **sections):
        self.lab, self.ns, self.engine = lab, ns, engine
        self.build = os.path.abspath(os.environ.get("O", "build"))
        self.keep, self.tandemctl = f"{self.build}/tandem-keep", f"{self.build}/tandemctl"
        self.pins = f"/sys/fs/bpf/{lab.prefix}"
        lab.mount_bpffs()
        lab.pins.append(self.pins)
        for part in ("state", "run"):
            os.makedirs(lab.path(part), exist_ok=True)
        # Phones send nothing twice, so that nothing is stale however late it is read.
        self.sections = dict(sip="", registrar="", inside="", outside="", media="", agent="", alice="", bob="", trunk="", process="", overload="stale = 0", more="", certificates="", transport="udp", t1=T1_MS, t2=8 * T1_MS)
        self.sections.update(carrier=carrier, engine=ENGINES[engine], dir=lab.dir, pins=self.pins, inside4=INSIDE[4], inside6=INSIDE[6],
                             outside4=OUTSIDE[4], outside6=OUTSIDE[6])
        self.config = lab.path("tandem.conf")
        self.configure(**sections)
        self.process = None
        self.supervisor = None  # who starts tandem-keep and holds its descriptors; None: nobody

    def configure(self, text=None, **sections):
        """Writes the configuration: sections changed, or a whole text."""
        self.sections.update(sections)
        with open(self.config, "w") as f:
            f.write(text or CONFIG.format(**self.sections))

    def start(self, settle=True):
        """Starts it and waits until it serves; `settle`: also until the media gateway has told the call agent that it restarted."""
        self.process = (self.supervisor or self.lab).start(self.ns, self.keep, "-c", self.config, log="tandem.log")
        wait_for("the gateway to be ready", self.ready)
        if settle:
            wait_for("RSIP to be answered", lambda: self.counter("mgcp", "response", "tandem-mg"))
        if self.engine == "xdp":
            engines = self.show("engines")
            assert [e["mode"] for e in engines if e["interface"] != "*"] == ["native"] * 2, f"XDP is not on both interfaces: {engines}"

    def ready(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"tandem-keep ended with {self.process.returncode}: {self.log()[-1500:]}")
        with contextlib.suppress(RuntimeError):
            self.show("streams")
            return self.show("calls") is not None
        return False

    def log(self):
        with open(self.lab.path("tandem.log"), errors="replace") as f:
            return f.read()

    def ctl(self, *args):
        return sh("nsenter", f"--net=/run/netns/{self.ns}", self.tandemctl, "-c", self.config, *args)

    def show(self, what):
        return json.loads(self.ctl("--json", "show", what))

    def pid_of(self, program):
        """The daemon's process, None while there is none."""
        with contextlib.suppress(RuntimeError):
            return next((p["pid"] for p in self.show("processes") if p["name"] == program and p.get("pid")), None)
        return None

    def kill(self, program):
        """kill -9, and waits until tandem-keep has started another one that serves."""
        old = self.pid_of(program)
        os.kill(old, signal.SIGKILL)
        wait_for(f"{program} to be back", lambda: self.pid_of(program) not in (None, old))
        wait_for("the gateway to serve again", self.ready)

    def reload(self):
        os.kill(self.process.pid, signal.SIGHUP)

    def cdrs(self, wanted):
        """The call detail records, once there are that many or when they ought to be long since."""
        with contextlib.suppress(TimeoutError):
            wait_for("call detail records", lambda: len(self.cdr_rows()) >= wanted, step=0.05)
        return self.cdr_rows()

    def cdr_rows(self):
        path = self.lab.path("state/cdr.sqlite")
        if not os.path.exists(path):
            return []
        db = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)
        db.row_factory = sqlite3.Row
        with contextlib.closing(db):
            with contextlib.suppress(sqlite3.OperationalError):
                return [dict(row) for row in db.execute("SELECT * FROM cdr ORDER BY setup")]
        return []

    def counter(self, group, name, daemon="tandem-ca"):
        return next((c["value"] for c in self.show("counters") if (c["daemon"], c["group"], c["name"]) == (daemon, group, name)), None)

    def busy(self):
        """What is still alive: calls, streams, endpoints in use, ports, transactions, and records of them in the stores."""
        left = {"calls": self.show("calls"), "streams": self.show("streams"), "endpoints": self.show("endpoints")}
        left["ports"] = [p for p in self.show("ports") if p["used"]]
        counters = [c for c in self.show("counters") if c["value"]]
        left["transactions"] = [c for c in counters if c["name"].endswith("transactions-now")]
        left["records"] = [c for c in counters if c["group"] == "store" and c["name"] in ("calls", "connections", "proxied")]
        return {k: v for k, v in left.items() if v}

    def over(self, timeout=SOON):
        """Waits until no call is left, nor anything of one but what answers repetitions."""
        wait_for("the calls to be over", lambda: not any(self.show(what) for what in ("calls", "streams", "endpoints")), timeout)

    def idle(self, timeout=SOON):
        """Asserts that everything that was made is gone."""
        try:
            wait_for("nothing to be left", lambda: not self.busy(), timeout, 0.05)
        except TimeoutError:
            raise AssertionError(f"left behind: {json.dumps(self.busy())[:800]}") from None


class Stage:
    def __init__(self, engine, families, lossy=0, transport=None, **sections):
        self.lab = Lab(f"tdn{os.getpid()}")
        self.engine, self.families = engine, families
        self.fa, self.fb = int(families[0]), int(families[1])
        self.ns_a, self.ns_gw, self.ns_b = (self.lab.netns(n) for n in ("a", "gw", "b"))
        both = lambda addrs: [f"{addrs[4]}/24", f"{addrs[6]}/64"]
        self.droppers = []
        self.wire("x", lossy, (self.ns_a, "a0", both(A)), (self.ns_gw, "in0", both(INSIDE)))
        self.wire("y", lossy, (self.ns_b, "b0", both(B)), (self.ns_gw, "out0", both(OUTSIDE)))
        self.ip_a, self.ip_b = A[self.fa], B[self.fb]
        self.gw_a, self.gw_b = INSIDE[self.fa], OUTSIDE[self.fb]
        self.transport = transport or os.environ.get("NET_TRANSPORT", "udp")
        self.web = self.transport in ("ws", "wss")
        self.trunks = "udp" if self.web else self.transport  # phones are browsers then, trunks are not
        self.authority = Authority(self.lab.dir) if self.transport in ("tls", "wss") else None
        if self.authority:
            file, key = self.authority.sign("gateway", *(f"IP:{ip}" for ip in (*INSIDE.values(), *OUTSIDE.values())))
            sections.setdefault("certificates", f'certificate gateway {{ file = "{file}" key = "{key}" }}')
            for address in ("inside", "outside"):
                sections[address] = f'tls-ca = "{self.authority.file}" ' + sections.get(address, "")
        for address in ("inside", "outside") if self.web else ():
            sections[address] = f'transports = {{ "udp", "tcp", "{self.transport}" }} ' + sections.get(address, "")
        host = f"[{self.ip_b}]" if self.fb == 6 else self.ip_b
        self.gw = Gateway(self.lab, self.ns_gw, engine, f"{host}:5080", **{"transport": self.trunks, **sections})
        self.phones = []
        self.media_ports = {}

    def wire(self, name, lossy, one, other):
        """Joins two namespaces; a lossy wire goes through a third one with the dropper in it."""
        if not lossy:
            self.lab.veth(*one, *other)
            return
        middle = self.lab.netns(name)
        for ns, dev, addrs in (one, other):
            self.lab.veth(ns, dev, addrs, middle, "to" + dev, [])
        build = os.path.abspath(os.environ.get("O", "build"))
        self.droppers.append((name, self.lab.start(middle, build + "/net/dropper", "to" + one[1], "to" + other[1], lossy, 0, ord(name), log=name + ".log")))

    def droppings(self):
        """How many packets the lossy wires have lost; they end."""
        total = 0
        for name, process in self.droppers:
            self.lab.stop(process)
            with open(self.lab.path(name + ".log")) as f:
                total += int(f.read().split()[1])
        return total

    def another(self, side):
        """Another address of A's or B's, for a second peer in that namespace."""
        ns, dev, net = (self.ns_a, "a0", 1) if side == "a" else (self.ns_b, "b0", 2)
        ip, bits = (f"10.79.{net}.200", 24) if (self.fa if side == "a" else self.fb) == 4 else (f"fd79:{net}::200", 64)
        self.lab.inside(ns, "ip", "addr", "add", f"{ip}/{bits}", "dev", dev, *(["nodad"] if ":" in ip else []))
        return ip

    def contexts(self, name, ip, gateway):
        """TLS of a peer: a certificate for its address; the gateway's is checked."""
        return Contexts(self.authority, gateway, self.authority.sign(name, f"IP:{ip}"))

    def phone(self, side, user=None, password=None, port=5060, ip=None, transport=None):
        ns, own, gw = (self.ns_a, self.ip_a, self.gw_a) if side == "a" else (self.ns_b, self.ip_b, self.gw_b)
        ip = ip or own
        user = user or {"a": "alice", "b": "bob"}[side]
        transport = transport or self.transport
        p = Phone(ns, ip, gw, user, password or {"a": "wonderland", "b": "builder"}[side], port, transport, self.contexts(user, ip, gw) if transport in ("tls", "wss") else None)
        p.media_port = 40000 + 100 * len(self.phones)
        self.phones.append(p)
        return p

    def carrier(self):
        """The trunk's other end: no password, port 5080 on B's side."""
        p = self.phone("b", "carrier", port=5080, transport=self.trunks)
        p.password = None
        return p

    def pair(self):
        """Alice and Bob, registered."""
        a, b = self.phone("a"), self.phone("b")
        for p in (a, b):
            answer = p.register()
            assert answer.status == 200, f"REGISTER got {answer}"
        return a, b

    def media(self, phone, port=None, ssrc=None):
        return Media(phone.ns, phone.ip, port or phone.media_port, ssrc or 0x1000 + len(self.phones) + phone.media_port)

    def call(self, a, b, number="1002", offer=None, answer=None):
        """A whole set-up: returns both dialogs, the offer B saw and the answer A saw."""
        da = a.invite(number, offer)
        db, invite = b.answer_invite()
        db.reply(invite, 180, "Ringing")
        da.response(180)
        db.reply(invite, 200, "OK", answer or b.sdp())
        ok = da.response(200)
        da.ack(ok)
        db.get("ACK")
        if not self.droppers:
            a.settle()
        return da, db, invite, ok


@contextlib.contextmanager
def stage(start=True, idle=True, **sections):
    """The stage with the gateway running. At the end nothing may be left; a failure prints the gateway's last words."""
    s = Stage(os.environ.get("NET_ENGINE", "null"), os.environ.get("NET_FAMILIES", "44"), **sections)
    try:
        if start:
            s.gw.start()
        yield s
        if idle:
            s.gw.idle()
        if s.gw.process and s.gw.process.poll() is None:
            code = s.lab.stop(s.gw.process, signal.SIGTERM)
            assert code == 0, f"tandem-keep ended with {code} on SIGTERM"
    except BaseException as e:
        if not isinstance(e, SystemExit):
            traceback.print_exc(limit=-4)
            log = s.gw.log() if os.path.exists(s.lab.path("tandem.log")) else ""
            print("--- the gateway's last lines\n" + "\n".join(log.splitlines()[-int(os.environ.get("LOG", "25")):]))
            s.lab.close()
            os._exit(1)
        raise
    finally:
        s.lab.close()


def skip(why):
    print(f"SKIP: {why}")
    sys.exit(77)
