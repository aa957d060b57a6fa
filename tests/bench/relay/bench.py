#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The relay bench: 500 G.711 streams through tandem-mg's XDP engine, Debian's rtpengine in userspace, and the least an XDP program can do.

Frames carry valid UDP checksums and come from live-frame BPF_PROG_TEST_RUN in bursts of 64; generator, gateway and sink share one core; NAPI is
threaded. All of them run under SCHED_FIFO, the generator below the others, so that what a burst causes is done before the next one and other work of the
machine stays out. For each contestant the loss-free rate is searched; at 80 % of it the scheduler time of the gateway's threads and of its NAPI threads is divided by the
packets that reached the sink. Rounds are interleaved, medians are reported."""
import argparse
import contextlib
import os
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../../tools"))
sys.dont_write_bytecode = True
from lab import Lab, napi_threads, sh, task_ns  # noqa: E402
from contestants import GEN, IN, SINK_PORT, Bare, Rtpengine, Tandem  # noqa: E402

LOSS_FREE = 0.999   # of the packets sent reach the sink
ON_PACE = 0.98      # of the asked rate is really sent
GENERATOR_PRIORITY, GATEWAY_PRIORITY = 1, 2


class Track:
    """One contestant being measured."""

    def __init__(self, contestant, tool, core):
        self.c, self.tool, self.core = contestant, tool, core
        self.rates, self.costs, self.spaced, self.socket = [], [], [], []
        c = contestant
        self.src, self.dst = c.lab.mac(c.gen, c.dev["g"]), c.lab.mac(c.gw, c.dev["in"])
        everything = napi_threads(*c.dev.values()) + c.pids()
        c.lab.pin_to(core, *everything, fifo=GATEWAY_PRIORITY)

    def gateway_ns(self):
        c = self.c
        return sum(map(task_ns, c.pids() + napi_threads(c.dev["in"], c.dev["out"])))

    def received(self):
        last = SINK_PORT + 2 * self.c.n
        total, ports = sh(self.tool, "total", self.c.pin + "/map/received", SINK_PORT, last).split()
        return int(total), int(ports)

    def run(self, rate, seconds, burst=64, sockets=False):
        """Sends and counts: rate sent, share received, gateway's nanoseconds a packet, rate received."""
        c = self.c
        enter = ["taskset", "-c", str(self.core), "chrt", "-f", str(GENERATOR_PRIORITY), "nsenter", f"--net=/run/netns/{c.gen}", self.tool]
        before, cpu = self.received()[0], self.gateway_ns()
        if sockets:
            out = sh(*enter, "sock", c.flows, GEN, IN, rate, seconds)
        else:
            out = sh(*enter, "gen", f"{c.build}/bench/gen.bpf.o", c.flows, c.dev["g"], self.src, self.dst, GEN, IN, f"{rate:.0f}", seconds, burst)
        time.sleep(0.02)  # what is still in the rings
        cpu, got = self.gateway_ns() - cpu, self.received()[0] - before
        sent, took = int(out.split()[0]), float(out.split()[1])
        return sent / took, got / sent if sent else 0, cpu / got if got else 0, got / took

    def loss_free(self, rate, seconds=0.4):
        sent, share, _, _ = self.run(rate, seconds)
        return share >= LOSS_FREE and sent >= ON_PACE * rate

    def search(self):
        """The highest loss-free rate, within about 2 %."""
        _, _, _, flat_out = self.run(0, 0.4)
        low, high = 0, flat_out * 1.3
        for factor in (0.95, 0.85, 0.7, 0.5, 0.3, 0.15):
            if self.loss_free(flat_out * factor):
                low = flat_out * factor
                break
            high = flat_out * factor
        while low and high - low > 0.02 * low:
            middle = (low + high) / 2
            if self.loss_free(middle):
                low = middle
            else:
                high = middle
        return low

    def round(self, seconds):
        best = self.search()
        if not best:
            raise RuntimeError(f"{self.c.name}: no rate without loss found")
        self.rates.append(best)
        _, share, cost, _ = self.run(0.8 * best, seconds)
        self.costs.append(cost)
        spaced = self.run(25000, seconds / 2, burst=1)
        from_sockets = self.run(25000, seconds / 2, sockets=True)
        self.spaced.append(spaced[2])
        self.socket.append(from_sockets[2])
        print(f"{self.c.name:10} loss-free {best:9.0f}/s   at 80 %: {cost:7.0f} ns a packet, {100 * share:.3f} % arrived   "
              f"25,000/s evenly: {spaced[2]:6.0f} ns ({100 * spaced[1]:.2f} %), from sockets: {from_sockets[2]:6.0f} ns ({100 * from_sockets[1]:.2f} %)", flush=True)


def all_streams_flow(track):
    """Warms up until every stream has arrived; says how many did."""
    for _ in range(10):
        track.run(20000, 1)
        ports = track.received()[1]
        if ports == track.c.n:
            return
    raise RuntimeError(f"{track.c.name}: only {ports} of {track.c.n} streams reach the sink")


@contextlib.contextmanager
def bpf_stats_off():
    path = "/proc/sys/kernel/bpf_stats_enabled"
    with open(path) as f:
        was = f.read()
    with open(path, "w") as f:
        f.write("0")
    try:
        yield
    finally:
        with open(path, "w") as f:
            f.write(was)


def compare(name, ours, peer, ratio, unit):
    print(f"{name} ours={ours:.0f}{unit} peer={peer:.0f}{unit} ratio={ratio:.2f}", flush=True)


def main():
    arg = argparse.ArgumentParser()
    arg.add_argument("--build", default="build")
    arg.add_argument("--rounds", type=int, default=3)
    arg.add_argument("--streams", type=int, default=500)
    arg.add_argument("--seconds", type=float, default=3)
    arg.add_argument("--core", type=int, default=os.cpu_count() - 1)
    arg.add_argument("--only", default="tandem,rtpengine,bare")
    o = arg.parse_args()
    build = os.path.abspath(o.build)
    lab = Lab("tdbr")
    lab.mount_bpffs()
    failed = False
    with bpf_stats_off():
        tracks = {}
        for kind in (Tandem, Rtpengine, Bare):
            if kind.name not in o.only:
                continue
            try:
                tracks[kind.name] = Track(kind(lab, build, o.streams, o.core), build + "/bench/relaytool", o.core)
                all_streams_flow(tracks[kind.name])
            except Exception as e:
                print(f"FAIL {kind.name}: {e}")
                tracks.pop(kind.name, None)
                failed = True
        if "tandem" in tracks:
            print(f"tandem forwards by {tracks['tandem'].c.engine()}")
        for number in range(o.rounds):
            print(f"-- round {number + 1} of {o.rounds}", flush=True)
            for track in tracks.values():
                track.round(o.seconds)
    middle = {name: (statistics.median(t.costs), statistics.median(t.rates)) for name, t in tracks.items() if t.costs}
    if "tandem" in middle and "rtpengine" in middle:
        ours, peer = middle["tandem"][0], middle["rtpengine"][0]
        compare("relay-cpu-vs-rtpengine", ours, peer, peer / ours, "ns")
    if "tandem" in middle and "bare" in middle:
        ours, peer = middle["tandem"][1], middle["bare"][1]
        compare("relay-pps-vs-bare", ours, peer, ours / peer, "/s")
    sys.exit(failed or "tandem" not in middle)


if __name__ == "__main__":
    main()
