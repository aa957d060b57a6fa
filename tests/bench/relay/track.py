# SPDX-License-Identifier: GPL-3.0-or-later
"""A contestant being measured in one pair of families: sending to it, counting what arrives and what it cost."""
import statistics
import time
from collections import defaultdict

from lab import napi_threads, sh, task_ns
from contestants import GEN

LOSS_FREE = 0.999   # of the packets sent reach the sink
ON_PACE = 0.98      # of the asked rate is really sent
PROBE = 0.3         # seconds
GENERATOR_PRIORITY, GATEWAY_PRIORITY = 1, 2
EVENLY, LATENCY_RATE = 25000, 100000
LEGITIMATE, JUNK = 25000, 20  # the flood: so many packets/s, and junk packets to each


class Sent:
    """What one run of the generator came to."""

    def __init__(self, sent, took, junk, got, leaked, cpu_ns):
        self.sent, self.took, self.junk, self.got, self.leaked = sent, took, junk, got, leaked
        self.rate = sent / took if took else 0
        self.share = got / sent if sent else 0
        self.cost = cpu_ns / got if got else 0


class Track:
    def __init__(self, contestant, pair, core):
        self.c, self.pair, self.core = contestant, pair, core
        self.name = f"{contestant.name} {pair}"
        self.tool = f"{contestant.build}/bench/relaytool"
        self.figures = defaultdict(list)
        c = contestant
        self.src, self.dst = c.lab.mac(c.gen, c.dev["g"]), c.lab.mac(c.gw, c.dev["in"])
        c.lab.pin_to(core, *napi_threads(*c.dev.values()), *c.pids(), fifo=GATEWAY_PRIORITY)
        self.warm_up()

    def gateway_ns(self):
        c = self.c
        return sum(map(task_ns, c.pids() + napi_threads(c.dev["in"], c.dev["out"])))

    def received(self, clear=0):
        """Packets of the flows, flows that got some, and packets of no flow."""
        return [int(n) for n in sh(self.tool, "total", self.c.pin + "/map/received", clear).split()]

    def warm_up(self):
        """Until every stream has arrived."""
        self.received(clear=1)
        for _ in range(10):
            self.run(max(20000, 2 * self.c.n), 1)
            flows = self.received()[1]
            if flows == self.c.n:
                return
        raise RuntimeError(f"{self.name}: only {flows} of {self.c.n} streams reach the sink")

    def run(self, rate, seconds, burst=64, junk=0, stamp=0, sockets=False):
        c = self.c
        enter = ["taskset", "-c", str(self.core), "chrt", "-f", str(GENERATOR_PRIORITY), "nsenter", f"--net=/run/netns/{c.gen}", self.tool]
        source = GEN[self.pair[0]]
        (before, _, leaked), cpu = self.received(), self.gateway_ns()
        if sockets:
            out = sh(*enter, "sock", c.flows[self.pair], source, rate, seconds) + " 0"
        else:
            out = sh(*enter, "gen", f"{c.build}/bench/gen.bpf.o", c.flows[self.pair], c.dev["g"], self.src, self.dst, source, f"{rate:.0f}",
                     seconds, burst, junk, stamp)
        time.sleep(0.02)  # what is still in the rings
        cpu, after = self.gateway_ns() - cpu, self.received()
        sent, took, junk_sent = out.split()
        return Sent(int(sent), float(took), int(junk_sent), after[0] - before, after[2] - leaked, cpu)

    def loss_free(self, rate):
        """Twice: a pause of the machine is nothing of the contestant's."""
        for _ in range(2):
            r = self.run(rate, PROBE)
            if r.share >= LOSS_FREE and r.rate >= ON_PACE * rate:
                return True
        return False

    def search(self):
        """The highest loss-free rate, within about 2 %: as fast as it goes, when nothing is lost then."""
        r = self.run(0, PROBE)
        flat_out = r.got / r.took
        if r.share >= LOSS_FREE:
            return flat_out
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
        if not low:
            raise RuntimeError(f"{self.name}: no rate without loss found")
        return low

    def take(self, what, value):
        self.figures[what].append(value)

    def middle(self, what):
        return statistics.median(self.figures[what])

    def better_than(self, peer, what):
        """How many times, by the rounds' own ratios: a round's two figures were taken next to each other, on a machine in one mood."""
        ratios = (m / p for m, p in zip(self.figures[what], peer.figures[what]))
        return statistics.median(r if what == "rate" else 1 / r for r in ratios)

    def say(self, text):
        print(f"{self.name:16} {text}", flush=True)

    def measure_rate(self, seconds):
        best = self.search()
        self.take("rate", best)
        self.say(f"loss-free {best:9.0f}/s")

    def measure_cost(self, seconds):
        r = self.run(0.8 * self.figures["rate"][-1], seconds)
        self.take("cost", r.cost)
        even = self.run(EVENLY, seconds / 2, burst=1)
        socket = self.run(EVENLY, seconds / 2, sockets=True)
        self.say(f"at 80 %: {r.cost:7.0f} ns a packet, {100 * r.share:.3f} % arrived   {EVENLY}/s evenly: {even.cost:6.0f} ns "
                 f"({100 * even.share:.2f} %), from sockets: {socket.cost:6.0f} ns ({100 * socket.share:.2f} %)")

    def measure_p999(self, seconds):
        histogram = self.c.pin + "/map/latency"
        sh(self.tool, "latency", histogram)
        r = self.run(LATENCY_RATE, seconds, burst=1, stamp=1)
        n, p50, p99, p999 = map(int, sh(self.tool, "latency", histogram).split())
        self.take("p999", p999)
        self.say(f"latency at {r.rate:6.0f}/s: p50 {p50} p99 {p99} p99.9 {p999} ns of {n} packets ({100 * r.share:.3f} %)")

    def measure_lost(self, seconds):
        """A gateway that leaves the generator no time for the asked rate has lost what could not be sent, too."""
        r = self.run(LEGITIMATE * (JUNK + 1), seconds, burst=JUNK + 1, junk=JUNK)
        due = r.sent if r.rate >= ON_PACE * LEGITIMATE else int(LEGITIMATE * seconds)
        self.take("lost", due - r.got)
        self.take("arrived", r.got / due)
        self.say(f"flood of {r.junk / r.took:.0f} junk/s: {due - r.got} of {due} legitimate packets lost, {r.leaked} junk packets came through")
