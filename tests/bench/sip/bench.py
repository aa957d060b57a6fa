#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The SIP bench: the same sipp caller and callee at a fixed rate through Tandem (every daemon, media anchored, store and CDR on) and through
kamailio as a dialog-stateful proxy without media, in alternating rounds.

The cost of a call is the scheduler time of all threads of all processes of a side, and of its NAPI threads, divided by the calls completed. Each
side of a call takes a known number of datagrams; one more (a retransmission) or a receive-buffer error voids the round."""
import argparse
import contextlib
import os
import statistics
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../../tools"))
sys.dont_write_bytecode = True
from lab import Lab, children, napi_threads, sh, task_ns, wait_for  # noqa: E402

HERE = os.path.dirname(os.path.realpath(__file__))
UAC, IN, OUT, UAS = "10.78.1.1", "10.78.1.2", "10.78.2.1", "10.78.2.2"
OF_THE_CALLER, OF_THE_CALLEE = (4, 3), (3, 3)  # datagrams a call in and out: 100 180 200 200, INVITE ACK BYE; INVITE ACK BYE, 180 200 200


class Side:
    """A caller, a gateway and a callee in three namespaces."""

    name = letter = None

    def __init__(self, lab, build):
        self.lab, self.build = lab, build
        self.uac, self.gw, self.uas = (lab.netns(self.letter + part) for part in ("uac", "gw", "uas"))
        self.dev = {k: f"{lab.prefix}{self.letter}{k}" for k in ("c", "in", "out", "s")}
        lab.veth(self.uac, self.dev["c"], [UAC + "/24"], self.gw, self.dev["in"], [IN + "/24"])
        lab.veth(self.gw, self.dev["out"], [OUT + "/24"], self.uas, self.dev["s"], [UAS + "/24"])
        lab.threaded_napi(self.gw, self.dev["in"], self.dev["out"])
        self.process = self.start()
        wait_for(f"{self.name} to answer", self.answers)
        self.costs = []

    def answers(self):
        """A few calls go through."""
        self.check_alive()
        return self.calls(5, 10)

    def check_alive(self):
        if self.process.poll() is not None:
            with open(self.lab.path(self.name + ".log"), errors="replace") as f:
                raise RuntimeError(f"{self.name} ended with {self.process.returncode}: {f.read()[-500:]}")

    def cpu(self):
        return sum(map(task_ns, children(self.process.pid) + napi_threads(self.dev["in"], self.dev["out"])))

    def udp(self, ns):
        """Datagrams in and out, receive-buffer errors."""
        rows = [line.split() for line in self.lab.inside(ns, "cat", "/proc/self/net/snmp").splitlines() if line.startswith("Udp:")]
        row = dict(zip(rows[0], rows[1]))
        return int(row["InDatagrams"]), int(row["OutDatagrams"]), int(row["RcvbufErrors"])

    def calls(self, rate, number):
        """Makes the calls; whether every one completed."""
        lab = self.lab
        common = ["-nostdin", "-buff_size", 4194304, "-max_retrans", 5]
        uas = lab.start(self.uas, "sipp", "-sf", f"{HERE}/uas.xml", "-i", UAS, "-p", 5060, "-mp", 30000, "-m", number, *common)
        wait_for("sipp to listen", lambda: ":13C4 " in lab.inside(self.uas, "cat", "/proc/self/net/udp"))
        uac = lab.start(self.uac, "sipp", "-sf", f"{HERE}/uac.xml", "-i", UAC, "-p", 5060, "-mp", 40000, "-r", rate, "-m", number,
                        "-timeout", f"{number // rate + 20}s", *common, f"{IN}:5060", log=f"{self.name}-uac.log")
        code = uac.wait()
        with contextlib.suppress(subprocess.TimeoutExpired):
            uas.wait(2)  # its last BYE comes after the caller's last answer; unanswered, it would be sent again into the next round
        lab.stop(uas)
        return code == 0

    def round(self, rate, number):
        """Microseconds a call, or None and the reason when the round is void."""
        before = [self.udp(ns) for ns in (self.uac, self.uas, self.gw)]
        cpu = self.cpu()
        complete = self.calls(rate, number)
        cpu = self.cpu() - cpu
        delta = [tuple(b - a for a, b in zip(was, self.udp(ns))) for was, ns in zip(before, (self.uac, self.uas, self.gw))]
        self.check_alive()
        if not complete:
            return None, "calls failed"
        if any(d[2] for d in delta):
            return None, f"receive-buffer errors: {[d[2] for d in delta]}"
        for who, d, (n_in, n_out) in (("caller", delta[0], OF_THE_CALLER), ("callee", delta[1], OF_THE_CALLEE)):
            if d[0] > n_in * number or d[1] > n_out * number:
                return None, f"retransmissions at the {who}: {d[0] - n_in * number} in, {d[1] - n_out * number} out"
        return cpu / number / 1000, None


class Kamailio(Side):
    name, letter = "kamailio", "k"

    def start(self):
        return self.lab.start(self.gw, "kamailio", "-f", f"{HERE}/kamailio.cfg", "-DD", "-E", "-m", "512", "-M", "16", "-Y", self.lab.dir, "-P",
                              self.lab.path("kamailio.pid"), log="kamailio.log")


CONFIG = """
state {{ directory = "{dir}/state" runtime = "{dir}/run" bpffs = "/sys/fs/bpf/{prefix}-ours" }}
address inside {{ local = {{ "{IN}" }} }}
address outside {{ local = {{ "{OUT}" }} }}
trunk caller {{ peer = "{UAC}:5060" address = "inside" }}
trunk callee {{ peer = "{UAS}:5060" address = "outside" }}
route all {{ prefix = "" source = "caller" to = "callee" }}
"""


class Tandem(Side):
    name, letter = "tandem", "t"

    def start(self):
        lab = self.lab
        sh("mkdir", "-p", lab.path("state"), lab.path("run"))
        lab.pins.append(f"/sys/fs/bpf/{lab.prefix}-ours")
        with open(lab.path("tandem.conf"), "w") as f:
            f.write(CONFIG.format(dir=lab.dir, prefix=lab.prefix, IN=IN, OUT=OUT, UAC=UAC, UAS=UAS))
        return lab.start(self.gw, f"{self.build}/tandem-keep", "-c", lab.path("tandem.conf"), log="tandem.log")


def main():
    arg = argparse.ArgumentParser()
    arg.add_argument("--build", default="build")
    arg.add_argument("--rounds", type=int, default=3)
    arg.add_argument("--rate", type=int, default=500)
    arg.add_argument("--seconds", type=int, default=15)
    arg.add_argument("--only", default="tandem,kamailio")
    o = arg.parse_args()
    lab = Lab("tdbs")
    lab.mount_bpffs()
    failed, sides = False, []
    for kind in (Tandem, Kamailio):
        if kind.name in o.only:
            try:
                sides.append(kind(lab, os.path.abspath(o.build)))
            except Exception as e:
                print(f"FAIL {kind.name}: {e}", flush=True)
                failed = True
    for number in range(o.rounds):
        for side in sides:
            for _ in range(3):  # a void round is made again
                cost, why = side.round(o.rate, o.rate * o.seconds)
                if cost:
                    side.costs.append(cost)
                    print(f"round {number + 1}: {side.name:9} {cost:7.1f} us a call", flush=True)
                    break
                print(f"round {number + 1}: {side.name:9} void: {why}", flush=True)
    middle = {side.name: statistics.median(side.costs) for side in sides if side.costs}
    for side in sides:
        if side.name not in middle:
            print(f"FAIL {side.name}: no valid round")
            failed = True
    if len(middle) == 2:
        print(f"b2bua-cpu-vs-kamailio ours={middle['tandem']:.0f}us peer={middle['kamailio']:.0f}us ratio={middle['kamailio'] / middle['tandem']:.2f}")
    sys.exit(failed or len(middle) < 2)


if __name__ == "__main__":
    main()
