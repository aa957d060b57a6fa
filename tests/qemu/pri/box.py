# SPDX-License-Identifier: GPL-3.0-or-later
"""A gateway with lines of every kind at once: a T1 with ISDN to the test switch, and two T1 back to back with a trunk between them. Alice calls over both; Bob is
who she reaches over the trunk, whatever she dials: nothing depends on tones here."""
import contextlib
import subprocess

from audio import offer
from gateway import stage
from lab import wait_for
from results import BUILD, base, path, switch
from sipmsg import sdp
from spans import groups_up
from supervisor import Supervisor

PATIENCE = 30
FAR = 4  # the span that the gateway's configuration knows nothing of: the far end of the ISDN's
SYSTEM = """
dynamic=loc,1:0,24,0
dynamic=loc,2:0,24,0
dynamic=loc,2:1,24,0
span=1,1,0,esf,b8zs
span=2,2,0,esf,b8zs
bchan=1-23
dchan=24
fxoks=25
e&m=26
fxsks=49
e&m=50
"""
CONFIG = """
tdm {{ system-conf = "{system}" poll = 100ms zone = "us" }}
channels exchange {{ numbers = {{ "49" }} signalling = "fxsks" echo-canceller = "none" answer = dialled dial-tone = 10s }}
channels trunks {{ numbers = {{ "26", "50" }} signalling = "e&m" echo-canceller = "none" start = immediate }}
isdn pstn {{ spans = {{ 1 }} switch = "ni2" side = "user" number-type = unknown numbers-out = "as-is" t309 = 5s t203 = 2s t200 = 500ms }}
line desk {{ endpoint = "ds/ds1-2/1" number = "2001" display = "Desk" digit-map = "1xxx" }}
line city {{ endpoint = "ds/ds1-3/1" kind = fxo hotline = "1002" }}
line near {{ endpoint = "ds/ds1-2/2" kind = em }}
line away {{ endpoint = "ds/ds1-3/2" kind = em number = "3001" hotline = "1002" }}
route out8 {{ prefix = "8" to = "pstn" strip = 1 }}
route near {{ prefix = "7" to = "near" strip = 1 }}
"""


def far_end(there):
    """The far end of the ISDN's cable is plugged in, or pulled out."""
    words = ("span-join", "t1", "1:1", str(base("t1", FAR))) if there else ("span-cut", "1:1")
    subprocess.run([f"{BUILD}/switch", *words], check=True)


def far_switch(**options):
    return switch("t1", FAR, "auto=answer", side="network", type="ni2", **options)


class Box:
    def __init__(self, s):
        self.s, self.gw, self.calls = s, s.gw, 0
        wait_for("the spans", lambda: len(self.gw.show("spans")) == 3, PATIENCE, 0.1)
        far_end(True)
        self.alice, self.bob = s.pair()

    def fresh(self):
        for phone in (self.alice, self.bob):
            phone.waiting.clear()

    def media_port(self, phone):
        """Of its latest call: every one has ports of its own."""
        return phone.media_port + self.calls * 2 % 100

    def body(self, phone):
        port = self.media_port(phone)
        return sdp(phone.ip, port, media=offer("t1")(port))

    # --- calls

    def up(self, *names):
        """Calls can be made over these; of the ISDN's channels none is still being restarted."""
        groups_up(self.s, *names)
        if "pstn" in names:
            wait_for("the channels to be restarted", lambda: all(g["free"] + g["calls"] == g["channels"] for g in self.gw.show("isdn")), PATIENCE, 0.1)

    def by_isdn(self, far):
        """Alice's call over ISDN, answered: her dialog, and the switch's event."""
        self.calls += 1
        d = self.alice.invite("85551234", self.body(self.alice))
        came = far.setup(timeout=PATIENCE)
        d.ack(d.response(200, timeout=PATIENCE))
        return d, came

    def by_trunk(self):
        """Alice's call to Bob, out by one end of a trunk and in by the other, answered: both dialogs."""
        return self.described_by_trunk()[:2]

    def described_by_trunk(self):
        """The same; also the 200 and the INVITE, which say where both are to send to."""
        self.calls += 1
        d = self.alice.invite("71", self.body(self.alice))
        db, invite = self.bob.answer_invite(PATIENCE)
        db.reply(invite, 180, "Ringing")
        db.accept(invite, self.body(self.bob))
        db.get("ACK", PATIENCE)
        ok = d.response(200, timeout=PATIENCE)
        d.ack(ok)
        return d, db, ok, invite

    def hang_up(self, one, other=None):
        """`one` ends its call, and `other`, when it is given, hears so."""
        one.request("BYE")
        assert one.response(method="BYE", timeout=PATIENCE).status == 200
        if other:
            other.hung_up(PATIENCE)

    def refused(self, number):
        self.calls += 1
        d = self.alice.invite(number, self.body(self.alice))
        m = d.response(timeout=PATIENCE)
        d.ack(m)
        assert m.status == 503, m

    def over(self):
        """Waits until no call is left, and all lines are free."""
        wait_for("no call to be left", lambda: not self.gw.show("calls"), PATIENCE, 0.1)
        wait_for("all lines to be free", lambda: not [c for c in self.gw.show("channels") if c["state"] == "in-use"], PATIENCE, 0.1)

    # --- alarms

    def alarms(self):
        return {(a["name"], a["object"]): a["detail"] for a in self.gw.show("alarms") if not a.get("cleared")}

    def raised(self, name, thing, *words):
        """An alarm is on, and these words are in its one line of detail."""
        def on():
            detail = self.alarms().get((name, thing))
            return detail is not None and all(w in detail for w in words)
        wait_for(f"the alarm {name} of {thing}", on, PATIENCE, 0.1)

    def cleared(self, name, thing):
        wait_for(f"the alarm {name} of {thing} to clear", lambda: (name, thing) not in self.alarms(), PATIENCE, 0.1)


def ended(d, cause):
    """By the gateway, which says why."""
    reason = d.hung_up(PATIENCE).get("reason") or ""
    assert f"cause={cause}" in reason.replace(";", " ").split(), reason


@contextlib.contextmanager
def box(supervised=False):
    """The box, running; `supervised`: somebody holds descriptors for tandem-keep, as systemd does."""
    with open(path("system.conf"), "w") as f:
        f.write(SYSTEM)
    with stage(start=False, more=CONFIG.format(system=path("system.conf"))) as s:
        if supervised:
            s.gw.supervisor = Supervisor(s.lab)
        s.gw.start()
        yield Box(s)
