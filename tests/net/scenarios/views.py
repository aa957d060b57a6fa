#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: engines
"""Every view of tandemctl, as text and as JSON, idle and in a call; help config names every option; the trace, live and as JSON."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
import json  # noqa: E402
import re  # noqa: E402
import signal  # noqa: E402
from lab import wait_for  # noqa: E402
from media import both_ways  # noqa: E402
from sipmsg import Sdp  # noqa: E402

VIEWS = {  # what rows tell, and a word of the text during a call
    "calls": ({"id", "state", "from", "to"}, "active"), "registrations": ({"aor", "contact", "source", "expires_s"}, "alice"),
    "streams": ({"call", "endpoint", "local", "remote", "engine", "packets", "lost", "jitter_ms", "mos"}, "rtpbridge/"),
    "endpoints": ({"endpoint", "state", "connections"}, "rtpbridge/"), "engines": ({"interface", "mode"}, "INTERFACE"),
    "ports": ({"address", "local", "first", "last", "used", "total"}, "inside"), "gateways": ({"gateway", "state", "address"}, "up"),
    "counters": ({"daemon", "group", "name", "value", "help"}, "tandem-mg"), "alarms": ({"severity", "name", "object", "since", "cleared", "count"}, ""),
    "cdr": ({"setup", "sip_code"}, ""), "processes": ({"name", "pid", "state"}, "tandem-ca"),
}

with stage() as s:
    alice, bob = s.pair()
    for view in VIEWS:
        assert isinstance(s.gw.show(view), list) and s.gw.ctl("show", view).strip(), f"{view}, idle"
    traces = {}
    for name, options in (("text", []), ("json", ["--json"])):
        traces[name] = s.lab.start(s.ns_gw, s.gw.build + "/tandemctl", "-c", s.gw.config, *options, "trace", log=f"trace.{name}")

    def traced(name):
        with open(s.lab.path(f"trace.{name}"), errors="replace") as f:
            return f.read()

    wait_for("the traces to begin", lambda: alice.options() == 200 and all("OPTIONS" in traced(n) for n in traces))
    da, db, invite, ok = s.call(alice, bob)
    both_ways(s.media(alice), Sdp(ok.body).at(), s.media(bob), Sdp(invite.body).at())
    for view, (keys, word) in VIEWS.items():
        rows, text = s.gw.show(view), s.gw.ctl("show", view)
        assert word in text, f"no {word!r} in {text!r}"
        if view not in ("alarms", "cdr"):
            assert rows, f"{view}: no rows in a call"
        for row in rows:
            assert keys <= set(row), f"{view}: {keys - set(row)} missing in {row}"
    assert len(s.gw.show("calls")) == 1 and len(s.gw.show("streams")) == 2 and len(s.gw.show("endpoints")) == 1
    assert {r["engine"] for r in s.gw.show("streams")} == {"xdp-native" if s.engine == "xdp" else "null"}
    assert sum(p["used"] for p in s.gw.show("ports")) == 2
    if s.engine == "null":
        assert all(r["why"] for r in s.gw.show("streams")), "why not faster?"
    config = s.gw.show("config")
    assert "wonderland" not in json.dumps(config) and "alice" in json.dumps(config)
    shown = s.gw.ctl("show", "config")
    assert "wonderland" not in shown and "alice" in shown
    da.bye(db)
    assert s.gw.cdrs(1) and len(s.gw.show("cdr")) == 1 and "200" in s.gw.ctl("show", "cdr")

    for name in traces:
        for word in ("INVITE", "180 Ringing", "ACK", "BYE", "CRCX", "MDCX", "DLCX"):
            wait_for(f"{word} in the {name} trace", lambda: word in traced(name))
        assert s.lab.stop(traces[name], signal.SIGINT) in (0, -signal.SIGINT, 130), "trace on Ctrl-C"
    for line in traced("json").splitlines():
        assert {"time", "dir", "proto", "text"} <= set(json.loads(line)["event"]), line

    help_config, manual = s.gw.ctl("help", "config"), s.gw.ctl("help", "config", "--man")
    for option in ("t1", "min-expiry", "dscp-voice", "public", "local-networks", "silence-timeout", "max-calls-per-user", "auth-user", "strip"):
        assert re.search(rf"\b{option}\b", help_config), f"{option} is not in help config"
        assert option in manual.replace("\\-", "-"), f"{option} is not in the manual page"
    assert ".Dt TANDEM.CONF 5" in manual
    assert "show calls" in s.gw.ctl("help")
