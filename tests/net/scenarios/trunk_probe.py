#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""OPTIONS to a trunk's peers: after some failures a peer is down, after some answers up again; one that is down gets no call; all down: an alarm, and the next
trunk has the calls. 503 is no answer, 404 is one; draining is told apart, and a reload forgets nothing of it."""
import sys
import threading
import time
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from lab import SOON, wait_for  # noqa: E402

MORE = """
trunk probed {{ peer = {{ "{ip}:5091", "{ip}:5092" }} address = "outside" {probe} }}
route p {{ prefix = "7" to = {{ "probed", "carrier" }} strip = 1 }}
"""
PROBE = "probe-interval = 60ms probe-timeout = 200ms probe-failures = 3 probe-successes = 2"


class Answerer:
    """Answers OPTIONS with a status, or with silence, and counts them; the rest waits."""

    def __init__(self, phone, status):
        self.phone, self.status, self.seen, self.stop = phone, status, 0, False
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.stop:
            self.phone.pump(0.02)
            for m in [m for m in self.phone.waiting if m.method == "OPTIONS"]:
                self.phone.waiting.remove(m)
                self.seen += 1
                assert m.get("from").startswith("<sip:") and m.uri.startswith(f"sip:{self.phone.ip}"), m.raw
                if self.status:
                    lines = [(n.title(), v) for n, v in m.headers if n in ("via", "from", "call-id", "cseq")] + [("To", m.get("to") + ";tag=o")]
                    self.phone.send((f"SIP/2.0 {self.status} So\r\n" + "".join(f"{n}: {v}\r\n" for n, v in lines) + "Content-Length: 0\r\n\r\n").encode(), m.source)

    def end(self):
        self.stop = True
        self.thread.join()


with stage() as s:
    one, two = Answerer(s.phone("b", "one", port=5091), 200), Answerer(s.phone("b", "two", port=5092), 404)
    s.gw.configure(more=MORE.format(ip=s.ip_b, probe=PROBE))
    s.gw.ctl("reload")
    alice, _ = s.pair()
    carrier = s.carrier()
    by_name = {"one": one, "two": two, "carrier": carrier}

    def peers():
        return [p.split()[1] for t in s.gw.show("trunks") if t["trunk"] == "probed" for p in t["peers"]]

    def goes_to(name):
        d = alice.invite("7123")
        peer = by_name[name].phone if name != "carrier" else carrier
        end = time.monotonic() + SOON
        while name != "carrier" and not any(m.method == "INVITE" for m in peer.waiting) and time.monotonic() < end:
            time.sleep(0.01)  # the other thread reads
        invite = next(m for m in peer.waiting if m.method == "INVITE") if name != "carrier" else None
        if invite:
            peer.waiting.remove(invite)
            lines = [(n.title(), v) for n, v in invite.headers if n in ("via", "from", "call-id", "cseq")] + [("To", invite.get("to") + ";tag=b")]
            peer.send(("SIP/2.0 486 Busy\r\n" + "".join(f"{n}: {v}\r\n" for n, v in lines) + "Content-Length: 0\r\n\r\n").encode(), invite.source)
        else:
            dc, invite = carrier.answer_invite()
            dc.reply(invite, 486, "Busy")
            dc.get("ACK")
        d.ack(d.response(486))

    wait_for("answers of both", lambda: one.seen > 3 and two.seen > 3 and peers() == ["up", "up"])
    goes_to("one")
    before = one.seen
    one.status = 503
    wait_for("the first to be down", lambda: peers() == ["down", "up"])
    assert one.seen - before >= 3, "not at the first failure"
    goes_to("two")
    two.status = None
    wait_for("both to be down", lambda: peers() == ["down", "down"])
    assert {t["trunk"]: t["state"] for t in s.gw.show("trunks")}["probed"] == "down"
    wait_for("the alarm", lambda: [a["object"] for a in s.gw.show("alarms") if a["name"] == "trunk" and not a["cleared"]] == ["trunk probed"])
    s.gw.ctl("reload")
    assert peers() == ["down", "down"], "a reload forgets nothing"
    goes_to("carrier")
    two.status = 200
    wait_for("the second to be up", lambda: peers() == ["down", "up"])
    wait_for("the end of the alarm", lambda: not [a for a in s.gw.show("alarms") if a["name"] == "trunk" and not a["cleared"]])
    s.gw.ctl("trunk", "drain", "probed")
    assert {t["trunk"]: t["state"] for t in s.gw.show("trunks")}["probed"] == "drained"
    goes_to("carrier")
    s.gw.ctl("trunk", "undrain", "probed")
    goes_to("two")
    s.gw.configure(more=MORE.format(ip=s.ip_b, probe=""))
    s.gw.ctl("reload")
    one.end()
    two.end()
