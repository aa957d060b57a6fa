#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""Strangers learn nothing: one answer, without Server, Allow or reasons, to all that strangers may not, or none at all; methods that act are challenged. Whoever
is known gets the whole answer."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from lab import wait_for  # noqa: E402
from sipmsg import parameters  # noqa: E402

TELLING = ("server", "allow", "accept", "supported", "unsupported", "warning", "user-agent", "contact")

with stage(more="security { unknown = refuse }", bob="digest = md5") as s:
    alice, bob = s.pair()
    eve = s.phone("a", "eve", "x", ip=s.another("a"))
    gateway = f"sip:1001@{eve.gateway}"
    fine = {"tag": None}
    bodies = set()
    for what, method, headers, replaced in (
            ("OPTIONS", "OPTIONS", [], {}),
            ("a method that is not allowed", "FLY", [], {}),
            ("a dialog that is not there", "BYE", [], {"To": "<sip:x@y>;tag=1"}),
            ("an INVITE in a dialog that is not there", "INVITE", [], {"To": "<sip:x@y>;tag=1"}),
            ("CANCEL of nothing", "CANCEL", [], {}),
            ("a malformed CSeq", "OPTIONS", [], {"CSeq": "1 BYE"}),
            ("no From", "OPTIONS", [], {"From": None}),
            ("an extension", "INVITE", [("Require", "time-travel")], {}),
            ("too many hops", "INVITE", [], {"Max-Forwards": "0"})):
        call_id = f"probe-{what.replace(' ', '-')}"
        lines = {"Call-ID": call_id, **replaced}
        eve.ask(method, gateway, headers, "", lines, wait=False)
        if what == "no From":
            raw = eve.sock.recv(65536)
            assert raw.startswith(b"SIP/2.0 403 Forbidden\r\n") and b"\r\nServer:" not in raw, raw
            continue
        answer = eve.take(lambda m: m.status and m.get("call-id") == call_id, what)
        assert answer.start == "SIP/2.0 403 Forbidden", f"{what}: {answer.start}"
        bodies.add(tuple(sorted(n for n, _ in answer.headers)))
        assert not [n for n, _ in answer.headers if n in TELLING], answer.raw
    assert len(bodies) == 1, f"the answers differ: {bodies}"
    for method in ("INVITE", "REGISTER"):
        known = eve.ask(method, gateway if method == "INVITE" else f"sip:{eve.gateway}", replace={"From": "<sip:alice@x>;tag=1", "To": "<sip:alice@x>"})
        unknown = eve.ask(method, gateway if method == "INVITE" else f"sip:{eve.gateway}", replace={"From": "<sip:nobody@x>;tag=1", "To": "<sip:nobody@x>"})
        for answer in (known, unknown):
            assert answer.status == (407 if method == "INVITE" else 401), answer
            assert not [n for n, _ in answer.headers if n in TELLING], answer.raw
        assert {n for n, _ in known.headers} == {n for n, _ in unknown.headers}, "it shows who there is"
    # Bob's phone knows MD5 alone: so do some of those who are not there, and each always.
    def offered(name, ask="INVITE"):
        aor = f"<sip:{name}@{eve.gateway}>"
        answer = eve.ask(ask, replace={"From": f"{aor};tag=1", "To": aor})
        return tuple(parameters(c).get("algorithm", "MD5") for c in answer.all("proxy-authenticate") + answer.all("www-authenticate"))
    nobodies = {name: offered(name) for name in (f"nobody{i}" for i in range(24))}
    assert set(nobodies.values()) == {offered("alice"), offered("bob")} and offered("bob") == ("MD5",), nobodies
    s.gw.ctl("reload")
    assert all(offered(name, "REGISTER") == what for name, what in nobodies.items())
    full = alice.ask("OPTIONS", f"sip:{alice.gateway}")
    assert full.status == 200 and full.get("allow") and full.get("server"), full.raw

    s.gw.configure(more="security { unknown = drop }")
    s.gw.reload()
    wait_for("silence", lambda: "drop" in s.gw.ctl("show", "config"))
    eve.ask("OPTIONS", gateway, wait=False)
    eve.ask("OPTIONS", gateway, replace={"CSeq": "1 BYE"}, wait=False)
    eve.ask("BYE", gateway, replace={"To": "<sip:x@y>;tag=1"}, wait=False)
    eve.nothing(seconds=0.3)
    assert eve.register(user="alice", password="wonderland").status == 200
    assert eve.ask("OPTIONS", gateway).status == 200, "known by now"
