#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The relay bench: G.711 streams through tandem-mg's XDP and null engines, Debian's rtpengine in userspace, and the least an XDP program can do.

Frames carry valid UDP checksums and come from live-frame BPF_PROG_TEST_RUN in bursts of 64; generator, gateway and sink share one core; NAPI is
threaded. All of them run under SCHED_FIFO, the generator below the others, so that what a burst causes is done before the next one and other work of the
machine stays out. Rounds are interleaved, medians are reported. README.md says what each figure is."""
import argparse
import contextlib
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../../tools"))
sys.dont_write_bytecode = True
from lab import Lab  # noqa: E402
from contestants import Bare, Null, Rtpengine, Tandem, Xdp, XdpMany  # noqa: E402
from track import Track  # noqa: E402

MANY = 50000
# name: class, letter of its namespaces, streams (0: as asked)
CONTESTANTS = {
    "xdp": (Xdp, "t", 0),
    "null": (Null, "n", 0),
    "rtpengine": (Rtpengine, "r", 0),
    "bare": (Bare, "b", 0),
    "xdp-50k": (XdpMany, "u", MANY),
    "bare-50k": (Bare, "c", MANY),
}
# name, ours, peer, what is compared
COMPARISONS = (
    ("relay-cpu-vs-rtpengine", ("xdp", "44"), ("rtpengine", "44"), "cost"),
    ("null-cpu-vs-rtpengine", ("null", "44"), ("rtpengine", "44"), "cost"),
    ("relay-pps-vs-bare", ("xdp", "44"), ("bare", "44"), "rate"),
    ("relay-pps-50k-vs-bare", ("xdp-50k", "44"), ("bare-50k", "44"), "rate"),
    ("relay46-vs-44", ("xdp", "46"), ("xdp", "44"), "rate"),
    ("relay64-vs-44", ("xdp", "64"), ("xdp", "44"), "rate"),
    ("relay66-vs-44", ("xdp", "66"), ("xdp", "44"), "rate"),
    ("relay-latency-p999-vs-bare", ("xdp", "44"), ("bare", "44"), "p999"),
    ("flood-lost", ("xdp", "44"), ("rtpengine", "44"), "lost"),
)
RATES_FIRST = ("rate", "rate", "rate", "cost", "p999", "lost")  # the contestants in turn for each: what is compared is measured close together
NEEDS = {"cost": ("rate", "cost"), "rate": ("rate",), "p999": ("p999",), "lost": ("lost",)}
UNIT = {"cost": "ns", "rate": "/s", "p999": "ns", "lost": ""}


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


def compare(name, ours, peer, what):
    """The closing line: how many times better ours is."""
    mine, other = (sum(t.figures[what]) if what == "lost" else t.middle(what) for t in (ours, peer))
    if what == "lost":  # the share that arrived
        ratio = min(ours.figures["arrived"]) / max(min(peer.figures["arrived"]), 1e-9)
    else:
        ratio = ours.better_than(peer, what)
    print(f"{name} ours={mine:.0f}{UNIT[what]} peer={other:.0f}{UNIT[what]} ratio={ratio:.2f}", flush=True)


def wanted(comparisons):
    """The tracks they need, each with its measures."""
    tracks = {}
    for _, ours, peer, what in comparisons:
        for key in (ours, peer):
            measures = tracks.setdefault(key, [])
            measures += [m for m in NEEDS[what] if m not in measures]
    return tracks


def start(lab, build, o, keys):
    """The contestants, and a track for each key; those that fail to start are told."""
    contestants, tracks = {}, {}
    for name, pair in keys:
        try:
            if name not in contestants:
                kind, letter, streams = CONTESTANTS[name]
                contestants[name] = None
                contestants[name] = kind(name, letter, lab, build, streams or o.streams)
            if contestants[name]:
                tracks[name, pair] = track = Track(contestants[name], pair, o.core)
                if isinstance(track.c, Tandem) and track.c.n <= o.streams:
                    print(f"{track.name} is forwarded by {track.c.engine()}", flush=True)
        except Exception as e:
            print(f"FAIL {name} {pair}: {e}", flush=True)
    return tracks


def rounds(o, tracks, needs):
    for number in range(o.rounds):
        print(f"-- round {number + 1} of {o.rounds}", flush=True)
        for measure in RATES_FIRST:
            for key, track in tracks.items():
                if measure in needs[key]:
                    getattr(track, "measure_" + measure)(o.seconds)


def main():
    arg = argparse.ArgumentParser()
    arg.add_argument("--build", default="build")
    arg.add_argument("--rounds", type=int, default=3)
    arg.add_argument("--streams", type=int, default=500)
    arg.add_argument("--seconds", type=float, default=2)
    arg.add_argument("--core", type=int, default=os.cpu_count() - 1)
    arg.add_argument("--only", default="", help="comparisons whose names hold one of these words")
    o = arg.parse_args()
    chosen = [c for c in COMPARISONS if not o.only or any(word in c[0] for word in o.only.split(","))]
    needs = wanted(chosen)
    lab = Lab("tdbr")
    lab.mount_bpffs()
    with bpf_stats_off():
        tracks = start(lab, os.path.abspath(o.build), o, needs)
        rounds(o, tracks, needs)
    for name, ours, peer, what in chosen:
        if ours in tracks and peer in tracks:
            compare(name, tracks[ours], tracks[peer], what)
    sys.exit(len(tracks) != len(needs))


if __name__ == "__main__":
    main()
