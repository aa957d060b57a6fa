#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: kernel
"""A thousand calls with media in the kernel: KILLS times (10 unless it says otherwise) one of keeper, call agent and media gateway, or all, are killed, and
once all are upgraded to another copy of the programs. Not a packet is lost, repeated or reordered; every call can be ended by either side and has one
record; nothing is left."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
import os  # noqa: E402
import random  # noqa: E402
import shutil  # noqa: E402
from lab import wait_for  # noqa: E402
from phone import Phone  # noqa: E402
from sipmsg import Sdp  # noqa: E402
from supervisor import Supervisor  # noqa: E402
from survive import Crowd, Unreachables, back, kill  # noqa: E402

CALLS, KILLS = int(os.environ.get("CALLS", 1000)), int(os.environ.get("KILLS", 10))
VICTIMS = [("ca",), ("mg",), ("keep",), ("ca", "mg"), ("mg", "keep"), ("keep", "ca"), ("keep", "ca", "mg")]


class Exchange(Phone):
    """A peer of so many calls that remembering every message would take too long."""

    def pump(self, timeout):
        self.received = self.received[-50:]
        came = super().pump(timeout)
        if self.waiting and self.waiting[-1].status == 100:
            self.waiting.pop()
        return came


def upgrade(gw, lab):
    """Another copy of the programs takes over: what `systemctl restart` does."""
    new = lab.path("upgrade")
    os.makedirs(new)
    for program in ("tandem-keep", "tandem-ca", "tandem-mg", "tandemctl"):
        shutil.copy(f"{gw.build}/{program}", new)
    gw.ctl("leave")
    wait_for("tandem-keep to leave", lambda: gw.process.poll() is not None)
    assert gw.process.returncode == 0, gw.process.returncode
    gw.keep = f"{new}/tandem-keep"
    back(gw)
    for program in ("tandem-ca", "tandem-mg"):
        assert os.readlink(f"/proc/{gw.pid_of(program)}/exe") == f"{new}/{program}"


with stage(start=False, t1=100, t2=800, sip="probe-interval = 0s", process="restart-max = 50ms") as s:
    s.gw.supervisor = Supervisor(s.lab)
    host = f"[{s.ip_a}]" if ":" in s.ip_a else s.ip_a
    s.gw.configure(more=f'log {{ level = info }}\ntrunk caller {{ peer = "{host}:5080" address = "inside" }}\nroute all {{ prefix = "2" to = "carrier" }}')
    s.gw.start()
    ears = [Unreachables(s.ns_a, "a0"), Unreachables(s.ns_b, "b0")]
    one = Exchange(s.ns_a, s.ip_a, s.gw_a, "caller", None, 5080)
    other = Exchange(s.ns_b, s.ip_b, s.gw_b, "carrier", None, 5080)
    calls = []
    for i in range(CALLS):
        da, db, invite, ok = s.call(one, other, f"2{i:04}")
        calls.append((da, db, Sdp(ok.body).at(), Sdp(invite.body).at()))
    ports = {c[2] for c in calls} | {c[3] for c in calls}
    assert len(ports) == 2 * CALLS
    crowd = Crowd(s.media(one), s.media(other), [(c[2], c[3]) for c in calls], 0.5)

    dice = random.Random(1)
    for i in range(KILLS):
        kill(s.gw, VICTIMS[i % len(VICTIMS)], dice.choice((0, 0.02, 0.1)))
    upgrade(s.gw, s.lab)
    assert len(s.gw.show("calls")) == CALLS and len(s.gw.show("streams")) == 2 * CALLS

    da, db, invite, ok = s.call(one, other, "29999")
    assert not ports & {Sdp(ok.body).at(), Sdp(invite.body).at()}, "a port was given to another call"
    da.bye(db)
    packets = crowd.stop()
    for ear in ears:
        ear.none()
    for i, (da, db, _, _) in enumerate(calls):
        da.bye(db) if i % 2 else db.bye(da)
    s.gw.idle(20)
    rows = s.gw.cdrs(CALLS + 1)
    assert len(rows) == CALLS + 1 and len({r["id"] for r in rows}) == CALLS + 1
    assert {(r["sip_code"], r["released_by"]) for r in rows} == {(200, "caller"), (200, "called")}
    print(f"{CALLS} calls, {packets} packets, {KILLS} kills and an upgrade: 0 lost")
