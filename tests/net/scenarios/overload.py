#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""More calls than the daemons' control group has processor time for: what is refused gets 503 with Retry-After, and RFC 7339's share when asked for; emergency calls
and what belongs to calls are served; afterwards everything is taken again. With LONG set: the goodput at four times the capacity is within 5 % of the best."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage, skip  # noqa: E402
import collections  # noqa: E402
import os  # noqa: E402
import re  # noqa: E402
import statistics  # noqa: E402
import time  # noqa: E402
from cgroup import Limit  # noqa: E402
from lab import wait_for  # noqa: E402

HERE = os.path.dirname(os.path.realpath(__file__)) + "/../sipp/"
LONG = bool(os.environ.get("LONG"))
PROCESSORS = float(os.environ.get("PROCESSORS", "0.1"))

limit = Limit(f"tandem-test-{os.getpid()}")
if limit.why:
    skip(limit.why)


def offer(s, rate, seconds):
    """sipp offers that many calls a second meanwhile; returns it."""
    stf = s.lab.path(f"uac-{rate}.csv")
    p = s.lab.start(s.ns_a, "sipp", "-sf", HERE + "busy_caller.xml", "-i", s.ip_a, "-p", 5080, "-mp", 40000, "-r", rate, "-m", int(rate * seconds), "-l", 100000, "-nostdin",
                    "-trace_stat", "-stf", stf, "-fd", 1, "-trace_err", "-error_file", stf + ".err", "-timeout", f"{seconds + 60}s", f"{s.gw_a}:5060", log="uac.log")
    p.stf = stf
    return p


def answered(p):
    """[(seconds, answered so far)] and how many were refused, from sipp's statistics."""
    with open(p.stf) as f:
        head, *rows = [line.rstrip("\n").split(";") for line in f if line.strip()]
    one, two, at = head.index("GenericCounter1(C)"), head.index("GenericCounter2(C)"), head.index("ElapsedTime(C)")
    seconds = lambda t: sum(float(x) * m for x, m in zip(re.split("[:]", t)[:3], (3600, 60, 1)))
    return [(seconds(r[at]), int(r[one])) for r in rows], int(rows[-1][two])


def errors(p):
    """What sipp had to say of those that were neither: each thing once, and how often."""
    if not os.path.exists(p.stf + ".err"):
        return "no errors"
    with open(p.stf + ".err", errors="replace") as f:
        said = re.findall(r"[\d.]+: (?:Aborting call on (.*?) for Call-Id .*?: (while.*?)\s*$|(.*?)$)", f.read(), re.M)
    return collections.Counter(" ".join(parts).replace("Call-Id", "")[:200] for parts in said).most_common(8)


def goodput(s, rate, seconds, warm=4):
    """Answered calls a second once it has settled."""
    before = s.gw.counter("calls", "answered")
    p = offer(s, rate, seconds)
    time.sleep(warm)
    start, first = time.monotonic(), s.gw.counter("calls", "answered")
    time.sleep(seconds - warm - 0.5)
    last, end = s.gw.counter("calls", "answered"), time.monotonic()
    code = p.wait(seconds + 30)
    good = (last - first) / (end - start)
    print(f"offered {rate}/s: {good:.0f}/s answered ({s.gw.counter('calls', 'answered') - before} in all, sipp {code})", flush=True)
    return good


try:
    with stage(start=False, t1=500 if LONG else 200, t2=4000 if LONG else 1600, sip="first-response = 0", agent="t-max = 10s t-hist = 12s", overload="", idle=False) as s:
        s.gw.configure(more=f'trunk caller {{ peer = "{s.ip_a}:5080" address = "inside" }}\nroute all {{ prefix = "2" to = "carrier" }}\nlog {{ level = warn }}')
        s.gw.start()
        uas = s.lab.start(s.ns_b, "sipp", "-sf", HERE + "callee.xml", "-i", s.ip_b, "-p", 5080, "-mp", 30000, "-nostdin", log="uas.log")
        alice, bob = s.pair()
        da, db, _, _ = s.call(alice, bob)
        limit.add(s.gw.process.pid, s.gw.pid_of("tandem-ca"), s.gw.pid_of("tandem-mg"))
        limit.set(PROCESSORS)
        if LONG:
            capacity = goodput(s, 500, 12)
            rounds = []
            for _ in range(int(os.environ.get("R", "5"))):  # in turn, since what a shared machine gives changes
                peak, over = goodput(s, int(1.25 * capacity), 10), goodput(s, int(4 * capacity), 10)
                rounds.append((over / peak, over, peak))
            ratio, over, peak = statistics.median_low(rounds)
            print(f"overload-goodput ours={over:.0f} peak={peak:.0f} ratio={ratio:.3f}")
            assert ratio >= 0.95, f"{over:.0f}/s at {4 * capacity:.0f}/s, the best was {peak:.0f}/s"
        else:
            load = offer(s, 800, 5)
            wait_for("the overload to be noticed", lambda: s.gw.counter("overload", "loss-now") >= 50)
            watcher = s.phone("a", "watcher", "x", ip=s.another("a"))
            refused, told = None, 0
            for i in range(60):
                m = watcher.ask("INVITE", "sip:1002@x", replace={"Via": watcher.via() + ';oc;oc-algo="loss"', "From": "<sip:nobody@x>;tag=1"})
                via = m.get("via")
                told = max(told, int(re.search(r";oc=(\d+);", via).group(1)))
                assert re.search(r'oc-algo="loss"', via) and re.search(r"oc-seq=\d+\.\d+", via), via
                m = watcher.ask("INVITE", "sip:1002@x", replace={"From": "<sip:nobody@x>;tag=1"})
                assert "oc=" not in m.get("via")
                refused = m if m.status == 503 else refused
                sos = watcher.ask("INVITE", "urn:service:sos")
                assert sos.status != 503, sos
                if refused and told >= 50:
                    break
            assert refused and 5 <= int(refused.get("retry-after")) <= 16, refused and refused.raw
            assert told >= 50, f"told to hold back {told} %"
            da.bye(db)
            assert alice.register().status == 200 or s.gw.counter("overload", "refused-refresh")
            assert s.gw.counter("overload", "refused-in-dialog") == 0 and s.gw.counter("overload", "refused-emergency") == 0
            load.wait(90)
            limit.set(2)
            rows, shed = answered(load)
            assert rows[-1][1] > 100 and shed > 100 and rows[-1][1] + shed == 800 * 5, f"of {800 * 5} calls {rows[-1][1]} were answered, {shed} refused; {errors(load)}"
            wait_for("everything to be taken again", lambda: alice.ask("OPTIONS").status == 200 and s.gw.counter("overload", "loss-now") == 0, step=0.2)
            da, db, _, _ = s.call(alice, bob)
            da.bye(db)
            s.gw.idle(40)
finally:
    limit.close()
