#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""A proxy that is killed while two phones talk over TLS: their connections died with it; a BYE waits until the other phone has connected and registered anew."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402

PROXY = "role = proxy"

with stage(transport="tls", inside=PROXY, outside=PROXY, t1=60, t2=480) as s:
    alice, bob = s.pair()
    da, db, *_ = s.call(alice, bob)
    s.gw.kill("tandem-ca")
    assert alice.register().status == 200
    da.request("BYE")
    alice.nothing(lambda m: m.status and m.status >= 200 and m.cseq_method == "BYE", 0.3)
    assert bob.register().status == 200
    db.hung_up()
    assert da.response(method="BYE").status == 200
