#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""The routing table: each call arrives where and as `route test` says it would; callers on a list are blocked, cause and status as configured; times and headers
decide; numbers, presentation and headers are rewritten; a drained trunk is passed over."""
import json
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402

MORE = """
trunk t1 {{ peer = "{ip}:5091" address = "outside" headers-pass = {{ "X-Pass" }} headers-remove = {{ "Subject" }} headers-add = {{ "X-Trunk: one" }} }}
trunk t2 {{ peer = "{ip}:5092" address = "outside" }}
group both {{ members = {{ "t1", "t2" }} }}
list spam {{ entries = {{ "+49666", "+4977*" }} }}
route spam {{ caller = {{ "@spam" }} to = "block" }}
route premium {{ called = {{ "/^0900/" }} to = "block:cause=21" }}
route gone {{ prefix = "0901" to = "block:410" }}
route country {{ prefix = "00" replace = "/^00(.*)/" with = "+$1" to = "t1" caller-replace = "/^alice$/" caller-with = "+4930555" headers-add = {{ "X-Route: two" }} }}
route hidden {{ prefix = "71" strip = 2 to = "t2" presentation = restricted }}
route sunday {{ prefix = "72" time = {{ "sun" }} time-zone = "Europe/Berlin" to = "t1" }}
route other {{ prefix = "72" to = "t2" }}
route gold {{ prefix = "73" header = {{ "X-Line: gold*" }} to = "t1" }}
route plain {{ prefix = "73" to = "t2" }}
route both {{ prefix = "74" to = "both" }}
route alices {{ prefix = "75" source = "alice" to = "t1" }}
route anyone {{ prefix = "75" to = "t2" }}
"""

with stage() as s:
    s.gw.configure(sip='time-zone = "UTC"', more=MORE.format(ip=s.ip_b))
    s.gw.ctl("reload")
    alice, bob = s.pair()
    carrier = s.carrier()
    t1, t2 = (s.phone("b", name, port=port) for name, port in (("t1", 5091), ("t2", 5092)))

    def test(source, number, *options):
        return json.loads(s.gw.ctl("--json", "route", "test", source, number, *options))

    def arrives(caller, source, number, at, headers=(), options=()):
        """The call arrives at `at` with the Request-URI that route test foretells; it is refused there."""
        said = test(source, number, *options)
        d = caller.invite(number, headers=headers)
        db, invite = at.answer_invite()
        assert said["attempts"][0]["uri"] == invite.uri, f"{invite.uri}, foretold {said['attempts']}"
        assert any(step["taken"] for step in said["steps"]), said
        db.reply(invite, 486, "Busy Here")
        at.take(lambda m: m.method == "ACK" and m.get("call-id") == db.call_id, "ACK of 486")
        d.ack(d.response(486))
        return invite

    def blocked(caller, source, number, status, replace=None, options=()):
        said = test(source, number, *options)
        assert said["status"] == status and not said["attempts"], said
        if caller.password:
            d = caller.invite(number)
            final = d.response()
            d.ack(final)
        else:
            final = caller.ask("INVITE", f"sip:{number}@{caller.gateway}", body=caller.sdp(), replace=replace)
        assert final.status == status, final
        return final

    spammer = {"From": f"<sip:+49771@{s.ip_b}>;tag=spam"}
    blocked(carrier, "carrier", "1001", 603, spammer, ["--caller", "+49771"])
    arrives(carrier, "carrier", "1001", alice)
    assert "cause=21" in blocked(alice, "alice", "090012", 403).get("reason")
    blocked(alice, "alice", "090112", 410)
    blocked(alice, "alice", "555", 404)

    invite = arrives(alice, "alice", "004933", t1, [("X-Pass", "yes"), ("Subject", "lunch"), ("X-Other", "no")])
    assert invite.uri.startswith("sip:+4933@") and "<sip:+4930555@" in invite.get("from"), invite.raw
    assert "+4930555" in invite.get("p-asserted-identity") and b"alice" not in invite.raw.split(b"\r\n\r\n")[0].replace(b"Phone alice", b""), invite.raw
    assert (invite.get("x-pass"), invite.get("subject"), invite.get("x-other")) == ("yes", None, None), invite.raw
    assert (invite.get("x-trunk"), invite.get("x-route")) == ("one", "two"), invite.raw

    invite = arrives(alice, "alice", "7199", t2)
    assert invite.get("from").startswith('Anonymous <sip:anonymous@anonymous.invalid>') and invite.get("privacy") == "id", invite.raw
    assert "alice" not in invite.get("contact"), invite.raw

    assert test("alice", "7200", "--time", "2026-01-04T22:30")["attempts"][0]["target"] == "t1", "Sunday in Berlin"
    assert test("alice", "7200", "--time", "2026-01-04T23:30")["attempts"][0]["target"] == "t2", "Monday in Berlin"
    arrives(alice, "alice", "7300", t1, [("X-Line", "golden")], ["--header", "X-Line: golden"])
    arrives(alice, "alice", "7300", t2)
    arrives(alice, "alice", "75", t1)
    arrives(bob, "bob", "75", t2)

    assert [a["target"] for a in test("alice", "741")["attempts"]] == ["t1", "t2"]
    s.gw.ctl("trunk", "drain", "t1")
    assert {t["trunk"]: t["state"] for t in s.gw.show("trunks")} == {"carrier": "up", "t1": "drained", "t2": "up"}
    assert [a["target"] for a in test("alice", "741")["attempts"]] == ["t2"]
    arrives(alice, "alice", "741", t2)
    s.gw.ctl("reload")
    arrives(alice, "alice", "741", t2)
    s.gw.ctl("trunk", "undrain", "t1")
    arrives(alice, "alice", "741", t1)
    assert "is taken" in s.gw.ctl("route", "test", "alice", "741") and "t1" in s.gw.ctl("route", "test", "alice", "741")
    carrier.nothing(lambda m: m.method == "INVITE", 0.1)
