#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The SIP bench: the same sipp traffic at a fixed rate through Tandem (every daemon, store and records on) and through kamailio, in alternating
rounds; then what one message, call, registration and finished transaction takes.

The cost of a call or registration is the scheduler time of all threads of all processes of a side, and of its NAPI threads. Each takes a known
number of datagrams; one more (a retransmission) or a receive-buffer error voids the round."""
import argparse
import os
import re
import signal
import statistics
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../../tools"))
sys.dont_write_bytecode = True
from lab import Lab, sh, wait_for  # noqa: E402
from sides import USERS, Calls, Kamailio, Registrations, Tandem  # noqa: E402

# Name, the job, rate: media anchored and a dialog kept against a dialog-stateful proxy without media; the same proxy twice; the same registrar twice.
COMPARISONS = [
    ("b2bua", Calls(kamailio=("WITH_DIALOG",)), 500),
    ("proxy", Calls(address="role = proxy"), 500),
    ("registrar", Registrations(), 500),
]


def measure(side, number, rate, seconds):
    for _ in range(3):  # a void round is made again
        cost, why = side.round(rate, rate * seconds)
        if cost:
            side.costs.append(cost)
            print(f"round {number}: {side.name:9} {cost:7.1f} us a {side.job.unit}", flush=True)
            return
        print(f"round {number}: {side.name:9} void: {why}", flush=True)


def compare(lab, o, name, job, rate):
    """Whether the comparison could be made."""
    sides = []
    for kind in (Tandem, Kamailio):
        try:
            sides.append(kind(lab, o.build, job, name[0]))
        except Exception as e:
            print(f"FAIL {name} {kind.name}: {e}", flush=True)
    for number in range(o.rounds):
        for side in sides:
            measure(side, number + 1, o.rate or rate, o.seconds)
    for side in sides:
        lab.stop(side.process)
    middle = {side.name: statistics.median(side.costs) for side in sides if side.costs}
    if len(middle) < 2:
        print(f"FAIL {name}: no valid round of both")
        return False
    ours, peer = middle["tandem"], middle["kamailio"]
    print(f"{name}-cpu-vs-kamailio ours={ours:.0f}us peer={peer:.0f}us ratio={peer / ours:.2f}", flush=True)
    return True


# --- what things take ------------------------------------------------------------------------------------------------------

# Memory that is given back is given back at once, so that what a process has is what it uses.
EXACT = dict(os.environ, MALLOC_CONF="dirty_decay_ms:0,muzzy_decay_ms:0")


def memory(lab, o):
    """Bytes a call that is up, a binding, a finished transaction."""
    number, rate = 3000, 300
    side = Tandem(lab, o.build, Calls(more="sip { t1 = 50ms }", env=EXACT), "m")
    time.sleep(4)
    programs = ("tandem-ca", "tandem-mg")
    empty = {p: side.memory(p) for p in programs}
    uac, uas = side.job.begin(side, rate, number, 60000)
    time.sleep(number / rate + 4)  # 64*T1 after the last answer
    for p in programs:
        print(f"memory-per-call {p} {(side.memory(p) - empty[p]) / number:.0f} bytes", flush=True)
    for p in (uac, uas, side.process):
        lab.stop(p)

    side = Tandem(lab, o.build, Registrations(env=EXACT), "n")
    time.sleep(34)  # the first ones' transactions
    before = side.memory("tandem-ca")
    side.job.run(side, 1000, USERS)
    time.sleep(34)
    print(f"memory-per-binding tandem-ca {(side.memory('tandem-ca') - before) / USERS:.0f} bytes", flush=True)
    lab.stop(side.process)

    side = Tandem(lab, o.build, Calls(env=EXACT), "q")
    number = rate * 10
    before = side.memory("tandem-ca")
    side.job.run(side, rate, number)
    time.sleep(6)  # Timers D and K
    after = side.memory("tandem-ca")
    print(f"memory-per-finished-transaction tandem-ca {(after - before) / number / 3:.0f} bytes", flush=True)
    lab.stop(side.process)


def messages(path):
    """Of a capture: nanoseconds, first word of the message, number called."""
    with open(path, "rb") as f:
        data = f.read()
    at = 24
    while at < len(data):
        seconds, ns, length = struct.unpack_from("<III", data, at)
        at += 16
        found = re.match(rb"(INVITE|SIP/2.0 180).*?\nTo:[^\n]*<sip:(2\d+)@", data[at + 42:at + length], re.S)
        if found:
            yield seconds * 10**9 + ns, found[1], found[2]
        at += length


def delays(inside, outside):
    """Milliseconds a call that its INVITE and its 180 spent between the wires of the gateway."""
    came, spent = {}, {}
    for t, what, number in messages(inside):
        came.setdefault((what, number), t)
    for t, what, number in messages(outside):
        spent[number] = spent.get(number, 0) + abs(t - came.get((what, number), t))
    return sorted(ns / 1e6 for ns in spent.values())


def post_dial_delay(lab, o):
    """What the gateway adds between INVITE and 180, seen on its wires, at 70 % of the 1,000 calls/s that one sipp offers."""
    rate = 700
    side = Tandem(lab, o.build, Calls(), "p")
    files = [f"{side.dir}/{k}.pcap" for k in "io"]
    dumps = [lab.start(side.gw, "tcpdump", "-U", "-i", side.dev[k], "-w", f, "-B", 65536, "-s", 0, "--time-stamp-precision=nano", "-Z", "root", "udp", "port", 5060)
             for k, f in zip("io", files)]
    wait_for("tcpdump", lambda: all(os.path.exists(f) and os.path.getsize(f) >= 24 for f in files))
    side.job.run(side, rate, rate * o.seconds)
    for p in dumps:
        lab.stop(p, signal.SIGINT)
    lab.stop(side.process)
    ms = delays(*files)
    if len(ms) < rate:
        print("FAIL post-dial-delay: calls failed")
        return False
    print(f"post-dial-delay p50={ms[len(ms) // 2]:.2f}ms p99={ms[len(ms) * 99 // 100]:.2f}ms rate={rate}/s calls={len(ms)}", flush=True)
    return True


def main():
    arg = argparse.ArgumentParser()
    arg.add_argument("--build", default="build")
    arg.add_argument("--rounds", type=int, default=3)
    arg.add_argument("--rate", type=int)
    arg.add_argument("--seconds", type=int, default=20)
    arg.add_argument("--only", default="", help="parts of names, with commas: b2bua, proxy, registrar, parse, route, bindings, delay, memory")
    o = arg.parse_args()
    o.build = os.path.abspath(o.build)

    def wanted(name):
        return any(part in name for part in o.only.split(","))

    lab = Lab("tdbs")
    lab.mount_bpffs()
    good = all([compare(lab, o, *c) for c in COMPARISONS if wanted(c[0])])
    if wanted("parse"):
        good &= subprocess.call([f"{o.build}/bench/parsetool"]) == 0
    if wanted("route"):
        good &= subprocess.call([f"{o.build}/bench/routetool"]) == 0
    if wanted("bindings"):
        sh("mkdir", lab.path("bindings"))
        good &= subprocess.call([f"{o.build}/bench/bindtool", lab.path("bindings"), "1000000"]) == 0
    if wanted("delay"):
        good &= post_dial_delay(lab, o)
    if wanted("memory"):
        memory(lab, o)
    sys.exit(not good)


if __name__ == "__main__":
    main()
