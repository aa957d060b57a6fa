#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module bench, run in the guest of tests/qemu: what a packet costs through tandem.ko, Debian's xt_RTPENGINE and, from IPv4 to IPv6, Jool.

The guest has one processor under -icount shift=0: its clock goes on by one nanosecond an instruction, whatever the host does, so nanoseconds per
packet are instructions. Generator, gateway and sink share the processor. The same packets dropped at the gateway's ingress, by tc, are subtracted:
what is left is the relay, its way out, and the sink's end of the wire. As in the relay bench, the generator runs below the gateway's NAPI threads, so that
a burst is finished before the next begins. README.md says more."""
import argparse
import glob
import os
import statistics
import sys

here = os.path.dirname(os.path.realpath(__file__))
sys.path[:0] = [os.path.join(here, "../relay"), os.path.join(here, "../../tools")]
sys.dont_write_bytecode = True
from lab import Lab, napi_threads, sh, task_ns, wait_for  # noqa: E402
from contestants import GEN, SINK, Contestant, Rtpengine, Tandem, inner, sink_port  # noqa: E402
from track import GATEWAY_PRIORITY, GENERATOR_PRIORITY, LOSS_FREE  # noqa: E402

PATIENCE = 300  # seconds of guest time for anything that starts


def load(path):
    """A module that is not installed, with those it needs that are."""
    if os.path.isdir("/sys/module/" + os.path.basename(path)[:-3]):
        return
    for needed in sh("modinfo", "-F", "depends", path).strip().split(","):
        if needed and not os.path.isdir("/sys/module/" + needed):
            sh("modprobe", needed)
    sh("insmod", path)


class AtTc:
    """The sink counts and drops at tc's ingress: XDP on a veth would first copy every packet with less than 256 bytes of headroom, so that the
    sink's copy would count against whoever made a header longer, or a packet anew."""

    def attach_sink(self):
        sh("modprobe", "-a", "sch_ingress", "cls_bpf")
        self.lab.inside(self.sink, "tc", "qdisc", "add", "dev", self.dev["s"], "clsact")
        self.lab.inside(self.sink, "tc", "filter", "add", "dev", self.dev["s"], "ingress", "bpf", "direct-action", "object-pinned",
                        self.pin + "/prog/count_tc")


class Drop(AtTc, Contestant):
    """What is subtracted: of packets of either family, as they arrive."""

    def start(self):
        sh("modprobe", "-a", "sch_ingress", "cls_matchall", "act_gact")
        for args in ("qdisc add dev {} clsact", "filter add dev {} ingress matchall action drop"):
            self.lab.inside(self.gw, "tc", *args.format(self.dev["in"]).split())
        return {f + f: [(inner(0, f), 16384 + 2 * i) for i in range(self.n)] for f in "46"}


class Module(AtTc, Tandem):
    mode, pairs, patience = "module", ("44", "46", "64", "66"), PATIENCE

    def start(self):
        load(f"{self.build}/module/tandem.ko")
        return super().start()


class KernelRtpengine(AtTc, Rtpengine):
    """Debian's rtpengine with the kernel doing the forwarding."""

    table, patience = 0, PATIENCE

    def start(self):
        load(f"{self.build}/bench/peers/xt_RTPENGINE.ko")
        libraries = [f"{self.build}/bench/peers/root/usr/lib/x86_64-linux-gnu/xtables", "/usr/lib/x86_64-linux-gnu/xtables"]
        self.lab.inside(self.gw, "env", "XTABLES_LIBDIR=" + ":".join(libraries), "iptables-legacy", "-I", "INPUT", "-p", "udp", "-j", "RTPENGINE",
                        "--id", "0")
        return super().start()

    def in_kernel(self):
        with open("/proc/rtpengine/0/list") as f:
            return f.read().count("local") >= self.n


class Jool(AtTc, Contestant):
    """4->6 only. No daemon: its module is told by its own tool."""

    tool = None

    def start(self):
        peers = self.build + "/bench/peers"
        load(f"{peers}/jool_common.ko")
        load(f"{peers}/{self.tool}.ko")
        for name in ("net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding"):
            self.lab.inside(self.gw, "sh", "-c", f"echo 1 >/proc/sys/{name}")
        self.command = f"{peers}/root/usr/bin/{self.tool}"
        self.ask("instance", "add", "bench", "--netfilter", "--pool6", "2001:db8:64::/96")
        return {"46": self.translate()}

    def ask(self, *args):
        self.lab.inside(self.gw, self.command, *(args if args[0] == "instance" else ("-i", "bench", *args)))


class Nat64(Jool):
    """Stateful, by port, as a relay is: each flow a static entry of its table."""

    tool = "jool"
    POOL = "10.77.1.20"

    def translate(self):
        self.ask("pool4", "add", "--udp", self.POOL, "16384-32767")
        for i in range(self.n):
            self.ask("bib", "add", "--udp", f"{SINK['6']}#{sink_port(i)}", f"{self.POOL}#{16384 + 2 * i}")
        return [(self.POOL, 16384 + 2 * i) for i in range(self.n)]


class Siit(Jool):
    """Stateless, address for address."""

    tool = "jool_siit"
    FAR = "10.77.9.2"

    def translate(self):
        self.ask("eamt", "add", GEN["4"] + "/32", "fd77:9::1/128")
        self.ask("eamt", "add", self.FAR + "/32", SINK["6"] + "/128")
        return [(self.FAR, 16384 + 2 * i) for i in range(self.n)]


CONTESTANTS = {"drop": (Drop, "d"), "module": (Module, "t"), "rtpengine": (KernelRtpengine, "r"), "nat64": (Nat64, "j"), "siit": (Siit, "s")}
COMPARISONS = (
    ("kmod-insn-vs-rtpengine", ("module", "44"), ("rtpengine", "44")),
    ("kmod46-insn-vs-jool", ("module", "46"), ("nat64", "46")),
    ("kmod46-insn-vs-jool-siit", ("module", "46"), ("siit", "46")),
)


class Track:
    def __init__(self, contestant, pair):
        self.c, self.pair, self.costs = contestant, pair, []
        self.name = f"{contestant.name} {pair}"
        everything = napi_threads(*contestant.dev.values()) + contestant.pids()
        contestant.lab.pin_to(0, *everything, fifo=GATEWAY_PRIORITY)
        self.macs = contestant.lab.mac(contestant.gen, contestant.dev["g"]), contestant.lab.mac(contestant.gw, contestant.dev["in"])
        if contestant.name != "drop":
            wait_for(f"{self.name}: every stream to reach the sink", self.flows_all, PATIENCE)

    def tool(self, *args):
        return sh(f"{self.c.build}/bench/relaytool", *args).split()

    def received(self, clear=0):
        return [int(n) for n in self.tool("total", self.c.pin + "/map/received", clear)]

    def flows_all(self):
        self.received(clear=1)
        self.run(5000, 0.1)
        return self.received()[1] == self.c.n and (not hasattr(self.c, "in_kernel") or self.c.in_kernel())

    def run(self, rate, seconds):
        """Packets sent, nanoseconds taken, packets that arrived, and nanoseconds of the gateway's processes."""
        c = self.c
        before, busy = self.received()[0], sum(map(task_ns, c.pids()))
        sent, took, _ = sh("chrt", "-f", GENERATOR_PRIORITY, "nsenter", f"--net=/run/netns/{c.gen}", f"{c.build}/bench/relaytool", "gen",
                           f"{c.build}/bench/gen.bpf.o", c.flows[self.pair], c.dev["g"], *self.macs, GEN[self.pair[0]], rate, seconds, 64, 0, 0).split()
        busy = sum(map(task_ns, c.pids())) - busy
        wait_for("the last packets", self.settled, 5)
        return int(sent), float(took) * 1e9, self.received()[0] - before, busy

    def settled(self):
        before = self.received()[0]
        return self.received()[0] == before

    def measure(self, seconds):
        sent, took, got, busy = self.run(0, seconds)
        cost = took / sent
        print(f"{self.name:14} {cost:7.0f} instructions a packet in all, {sent} packets, {got} arrived, {busy / took * 100:.1f} % in processes", flush=True)
        if self.c.name != "drop" and got < LOSS_FREE * sent:
            raise RuntimeError(f"{self.name}: only {got} of {sent} packets arrived")
        if busy > 0.1 * took:
            raise RuntimeError(f"{self.name}: the kernel did not forward by itself")
        self.costs.append(cost)


def start(lab, o, names):
    tracks = {}
    for name in names:
        kind, letter = CONTESTANTS[name]
        try:
            contestant = kind(name, letter, lab, o.build, o.streams)
            for pair in contestant.flows:
                tracks[name, pair] = Track(contestant, pair)
            print(f"{name} is ready" + (": " + contestant.engine() if isinstance(contestant, Tandem) else ""), flush=True)
        except Exception as e:
            print(f"FAIL {name}: {e}", flush=True)
            for log in glob.glob(lab.path("*.log")):
                with open(log) as f:
                    print("".join(f.readlines()[-5:]), end="")
    return tracks


def main():
    arg = argparse.ArgumentParser()
    arg.add_argument("build")
    arg.add_argument("--rounds", type=int, default=3)
    arg.add_argument("--streams", type=int, default=100)
    arg.add_argument("--seconds", type=float, default=0.2, help="of guest time, for each measurement")
    arg.add_argument("--only", default="", help="comparisons whose names hold this")
    o = arg.parse_args()
    chosen = [c for c in COMPARISONS if o.only in c[0]]
    lab = Lab("tdbk")
    lab.mount_bpffs()
    with open("/proc/sys/kernel/sched_rt_runtime_us", "w") as f:
        f.write("-1")
    tracks = start(lab, o, dict.fromkeys(["drop"] + [side[0] for c in chosen for side in c[1:]]))
    for number in range(o.rounds):
        print(f"-- round {number + 1} of {o.rounds}", flush=True)
        for track in tracks.values():
            try:
                track.measure(o.seconds)
            except RuntimeError as e:
                print(f"FAIL {e}", flush=True)
    middle = {key: statistics.median(t.costs) for key, t in tracks.items() if t.costs}
    net = {(name, pair): cost - middle["drop", pair[0] * 2] for (name, pair), cost in middle.items() if ("drop", pair[0] * 2) in middle}
    for (name, pair), cost in net.items():
        if name != "drop":
            print(f"{name} {pair}: {cost:.0f} instructions a packet", flush=True)
    good = True
    for name, ours, peer in chosen:
        if not {ours, peer} <= net.keys():
            good = False
            continue
        print(f"{name} ours={net[ours]:.0f}insn peer={net[peer]:.0f}insn ratio={net[peer] / net[ours]:.2f}", flush=True)
    sys.exit(not good)


if __name__ == "__main__":
    main()
