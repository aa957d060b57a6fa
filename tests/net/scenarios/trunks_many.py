#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""Ten thousand trunks: each is known by its address and port, calls find theirs; a reload touches none of them but
the one that has changed, and is over soon."""
import json
import sys
import threading
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from lab import wait_for  # noqa: E402

COUNT, REGISTERING, ROUTES = 10000, 100, 100


def trunks(ip, changed=""):
    for i in range(COUNT):
        more = f'register = yes auth-user = "u{i}" password = "p" domain = "d{i}.example"' if i < REGISTERING else ""
        port = 5091 if i < REGISTERING else 10000 + i
        yield f'trunk t{i} {{ peer = "{ip}:{port}" address = "outside" {more} {changed if i == COUNT - 1 else ""} }}'
        if i >= COUNT - ROUTES:
            yield f'route r{i} {{ prefix = "8{i:05}" to = "t{i}" }}'


class Registrar(threading.Thread):
    """Takes every registration, as soon as it comes, and counts them."""

    def __init__(self, phone):
        super().__init__(daemon=True)
        self.phone, self.seen, self.last = phone, set(), None
        self.start()

    def run(self):
        while True:
            self.phone.pump(0.1)
            for m in [m for m in self.phone.waiting if m.method == "REGISTER"]:
                self.phone.waiting.remove(m)
                self.seen.add((m.get("call-id"), m.cseq))
                lines = [("Via", v) for v in m.all("via")] + [("From", m.get("from")), ("To", m.get("to") + ";tag=r"), ("Call-ID", m.get("call-id")),
                                                              ("CSeq", m.get("cseq")), ("Expires", m.get("expires"))]
                self.phone.send(("SIP/2.0 200 OK\r\n" + "".join(f"{n}: {v}\r\n" for n, v in lines) + "Content-Length: 0\r\n\r\n").encode(), m.source)


with stage(start=False) as s:
    registrar, last = s.phone("b", "registrar", port=5091), s.phone("b", "last", port=10000 + COUNT - 1)
    last.password = None
    s.gw.configure(more="\n".join(trunks(s.ip_b)))
    registrar = Registrar(registrar)
    s.gw.start()
    alice, _ = s.pair()
    def registered():
        return sum(t["registration"] == "registered" for t in s.gw.show("trunks"))

    wait_for("all registrations", lambda: registered() == REGISTERING, 60, 0.5)

    def call(number="1001"):
        d = last.invite(number, uri=f"sip:{number}@{s.gw_b}")
        da, invite = alice.answer_invite()
        da.accept(invite)
        d.connected()
        da.get("ACK")
        d.bye(da)

    call()
    d = alice.invite(f"8{COUNT - 1:05}")
    dl, invite = last.answer_invite()
    dl.refuse(invite, 486)
    d.failed(486)
    said = json.loads(s.gw.ctl("--json", "route", "test", s.ip_b + f":{10000 + COUNT - 1}", f"8{COUNT - 1:05}"))
    assert [a["target"] for a in said["attempts"]] == [f"t{COUNT - 1}"], said["attempts"]

    seen = len(registrar.seen)
    s.gw.configure(more="\n".join(trunks(s.ip_b, "max-calls = 1")))
    s.gw.ctl("reload")
    assert [t["max_calls"] for t in s.gw.show("trunks") if t["trunk"] == f"t{COUNT - 1}"] == [1] and registered() == REGISTERING
    call()
    assert len(registrar.seen) == seen, "registered anew"
    s.gw.idle()
    assert {r["source"] for r in s.gw.cdrs(3) if r["caller"] == "last"} == {f"t{COUNT - 1}"}
