# SPDX-License-Identifier: GPL-3.0-or-later
"""A gateway between two sipp, each in a namespace of its own: Tandem (every daemon, as shipped) or kamailio, and what sipp does through it."""
import contextlib
import os
import sqlite3
import subprocess

from lab import children, napi_threads, sh, task_ns, wait_for

HERE = os.path.dirname(os.path.realpath(__file__))
UAC, IN, OUT, UAS = "10.78.1.1", "10.78.1.2", "10.78.2.1", "10.78.2.2"
USERS = 5000


class Side:
    name = None

    def __init__(self, lab, build, job, letter):
        self.lab, self.build, self.job = lab, build, job
        letter += self.name[0]
        self.dir = lab.path(letter)
        sh("mkdir", "-p", self.dir)
        self.uac, self.gw, self.uas = (lab.netns(letter + part) for part in ("uac", "gw", "uas"))
        self.dev = {k: f"{lab.prefix}{letter}{k}" for k in "ciou"}
        lab.veth(self.uac, self.dev["c"], [UAC + "/24"], self.gw, self.dev["i"], [IN + "/24"])
        lab.veth(self.gw, self.dev["o"], [OUT + "/24"], self.uas, self.dev["u"], [UAS + "/24"])
        lab.threaded_napi(self.gw, self.dev["i"], self.dev["o"])
        self.process = self.start()
        wait_for(f"{self.name} to answer", lambda: self.check_alive() or job.run(self, 5, 10))
        self.costs = []

    def check_alive(self):
        if self.process.poll() is not None:
            with open(self.lab.path(self.name + ".log"), errors="replace") as f:
                raise RuntimeError(f"{self.name} ended with {self.process.returncode}: {f.read()[-500:]}")

    def pids(self):
        return children(self.process.pid)

    def cpu(self):
        return sum(map(task_ns, self.pids() + napi_threads(self.dev["i"], self.dev["o"])))

    def udp(self, ns):
        """Datagrams in and out, receive-buffer errors."""
        rows = [line.split() for line in self.lab.inside(ns, "cat", "/proc/self/net/snmp").splitlines() if line.startswith("Udp:")]
        row = dict(zip(rows[0], rows[1]))
        return int(row["InDatagrams"]), int(row["OutDatagrams"]), int(row["RcvbufErrors"])

    def round(self, rate, number):
        """Microseconds a call, or None and the reason when the round is void: any datagram more than a call has was sent again."""
        before = [self.udp(ns) for ns in (self.uac, self.uas, self.gw)]
        cpu = self.cpu()
        complete = self.job.run(self, rate, number)
        cpu = self.cpu() - cpu
        delta = [tuple(b - a for a, b in zip(was, self.udp(ns))) for was, ns in zip(before, (self.uac, self.uas, self.gw))]
        self.check_alive()
        if not complete:
            return None, f"{self.job.unit}s failed"
        if any(d[2] for d in delta):
            return None, f"receive-buffer errors: {[d[2] for d in delta]}"
        for who, d, (n_in, n_out) in (("caller", delta[0], self.job.of_the_caller), ("callee", delta[1], self.job.of_the_callee)):
            if d[0] > n_in * number or d[1] > n_out * number:
                return None, f"retransmissions at the {who}: {d[0] - n_in * number} in, {d[1] - n_out * number} out"
        return cpu / number / 1000, None


class Kamailio(Side):
    name = "kamailio"

    def start(self):
        database = f"{self.dir}/location.db"
        with contextlib.closing(sqlite3.connect(database)) as db:
            for part in ("standard", "usrloc"):
                with open(f"/usr/share/kamailio/db_sqlite/{part}-create.sql") as f:
                    db.executescript(f.read())
        defines = [x for d in (*self.job.kamailio, f'DB_URL="sqlite:///{database}"') for x in ("-A", d)]
        return self.lab.start(self.gw, "kamailio", "-f", f"{HERE}/kamailio.cfg", "-DD", "-E", "-m", "512", "-M", "16", "-Y", self.dir, "-P",
                              f"{self.dir}/pid", *defines, log="kamailio.log")


CONFIG = """
state {{ directory = "{dir}/state" runtime = "{dir}/run" bpffs = "{bpffs}" }}
address inside {{ local = {{ "{IN}" }} {address} }}
address outside {{ local = {{ "{OUT}" }} {address} }}
trunk caller {{ peer = "{UAC}:5060" address = "inside" }}
trunk callee {{ peer = "{UAS}:5060" address = "outside" }}
route all {{ prefix = "" source = "caller" to = "callee" }}
{more}
"""


class Tandem(Side):
    name = "tandem"

    def start(self):
        lab = self.lab
        bpffs = f"/sys/fs/bpf/{lab.prefix}-{os.path.basename(self.dir)}"
        sh("mkdir", "-p", f"{self.dir}/state", f"{self.dir}/run")
        lab.pins.append(bpffs)
        with open(f"{self.dir}/conf", "w") as f:
            f.write(CONFIG.format(dir=self.dir, bpffs=bpffs, IN=IN, OUT=OUT, UAC=UAC, UAS=UAS, address=self.job.address, more=self.job.more()))
        return lab.start(self.gw, f"{self.build}/tandem-keep", "-c", f"{self.dir}/conf", log="tandem.log", env=self.job.env)

    def memory(self, program):
        """Bytes of a program's own memory."""
        for pid in self.pids():
            with open(f"/proc/{pid}/comm") as f:
                if f.read().strip() != program:
                    continue
            with open(f"/proc/{pid}/smaps_rollup") as f:
                return sum(int(line.split()[1]) * 1024 for line in f if line.startswith(("Private_Dirty:", "Private_Clean:")))
        raise RuntimeError(f"{program} does not run")


# --- what sipp does --------------------------------------------------------------------------------------------------------

COMMON = ["-nostdin", "-buff_size", 4194304, "-max_retrans", 5]


class Calls:
    """Complete calls; each is for a number of its own, 2 and its place in the sequence."""

    unit = "call"
    # Datagrams a call in and out: 100 180 200 200, INVITE ACK BYE; INVITE ACK BYE, 180 200 200.
    of_the_caller, of_the_callee = (4, 3), (3, 3)

    def __init__(self, kamailio=(), address="", more="", env=None):
        self.kamailio, self.address, self.env, self.text = kamailio, address, env, more

    def more(self):
        return self.text

    def begin(self, side, rate, number, talk_ms=200):
        lab = side.lab
        uas = lab.start(side.uas, "sipp", "-sf", f"{HERE}/uas.xml", "-i", UAS, "-p", 5060, "-mp", 30000, "-m", number, *COMMON)
        wait_for("sipp to listen", lambda: ":13C4 " in lab.inside(side.uas, "cat", "/proc/self/net/udp"))
        uac = lab.start(side.uac, "sipp", "-sf", f"{HERE}/uac.xml", "-i", UAC, "-p", 5060, "-mp", 40000, "-r", rate, "-m", number, "-timeout",
                        f"{number // rate + talk_ms // 1000 + 20}s", "-d", talk_ms, *COMMON, f"{IN}:5060", log=f"{side.name}-uac.log")
        return uac, uas

    def run(self, side, rate, number):
        uac, uas = self.begin(side, rate, number)
        code = uac.wait()
        with contextlib.suppress(subprocess.TimeoutExpired):
            uas.wait(2)  # its last BYE comes after the caller's last answer; unanswered, it would be sent again into the next round
        side.lab.stop(uas)
        return code == 0


class Registrations:
    """Registrations of `phones` phones of USERS users in turn, each with a challenge. They come from another port than the trunk's."""

    unit = "registration"
    of_the_caller, of_the_callee = (2, 2), (0, 0)  # 401 200, REGISTER REGISTER
    kamailio, address = ("WITH_REGISTRAR",), ""

    def __init__(self, phones=USERS, env=None, scenario=f"{HERE}/register.xml", sip="", more=""):
        self.phones, self.env, self.scenario, self.sip, self.text = phones, env, scenario, sip, more

    def more(self):
        return f"sip {{ digest = md5 {self.sip} }}\n{self.text}\n" + "\n".join(f'user u{i:05} {{ password = "secret" }}' for i in range(USERS))

    def start(self, side, rate, number):
        with open(f"{side.dir}/users.csv", "w") as f:
            f.write("SEQUENTIAL\n" + "".join(f"u{i % USERS:05};[authentication username=u{i % USERS:05} password=secret];phone{i}\n"
                                              for i in range(self.phones)))
        return side.lab.start(side.uac, "sipp", "-sf", self.scenario, "-inf", f"{side.dir}/users.csv", "-i", UAC, "-p", 5062, "-r", rate, "-m",
                              number, "-timeout", f"{number // rate + 60}s", *COMMON, f"{IN}:5060", log=f"{side.name}-uac.log")

    def run(self, side, rate, number):
        return self.start(side, rate, number).wait() == 0
