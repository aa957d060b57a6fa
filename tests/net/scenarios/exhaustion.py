#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""An exhausted port range refuses calls with 503 and recovers; a misconfigured address is told apart from it."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
import subprocess  # noqa: E402

with stage(inside='ports = "30000-30003"', outside='ports = "31000-31003"') as s:
    alice, bob = s.pair()
    calls = [s.call(alice, bob) for _ in range(2)]
    d = alice.invite("1002")
    refused = d.response()
    d.ack(refused)
    assert refused.status == 503, refused
    assert any("exhaust" in a["name"] + (a.get("detail") or "") or "port" in a["name"] for a in s.gw.show("alarms")), s.gw.show("alarms")
    for da, db, _, _ in calls:
        da.request("BYE")
        db.hung_up()
        assert da.response(method="BYE").status == 200
    s.gw.idle()
    da, db, _, _ = s.call(alice, bob)
    da.request("BYE")
    db.hung_up()
    assert da.response(method="BYE").status == 200

    with open(s.gw.config) as f:
        text = f.read()
    wrong = s.lab.path("wrong.conf")
    with open(wrong, "w") as f:
        f.write(text.replace("10.79.1.1", "192.0.2.99").replace(s.lab.path("run"), s.lab.path("run2")).replace(s.lab.path("state"), s.lab.path("state2")))
    for part in ("run2", "state2"):
        subprocess.run(["mkdir", "-p", s.lab.path(part)], check=True)
    p = s.lab.start(s.ns_gw, s.gw.build + "/tandem-mg", "-c", wrong, log="wrong.log")
    p.wait(10)
    with open(s.lab.path("wrong.log")) as f:
        said = f.read()
    assert p.returncode != 0 and "192.0.2.99" in said and "exhaust" not in said, said
