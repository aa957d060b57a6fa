#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""Kamailio as a carrier: it asks for a password, records its route and is on the way of everything: hold, a kill of the call agent,
either side hangs up; busy and CANCEL."""
import os
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from lab import wait_for  # noqa: E402
from media import both_ways  # noqa: E402
from sipmsg import Sdp  # noqa: E402

CONFIG = os.path.dirname(os.path.realpath(__file__)) + "/../kamailio/carrier.cfg"


def kamailio(s):
    """The carrier, at the trunk's address; the telephone network behind it is a phone at port 5090."""
    define = {"TELEPHONE": f'"sip:{s.ip_b}:5090"', "TELEPHONE_IP": f'"{s.ip_b}"', "TELEPHONE_PORT": "5090", "TRUNK_PASSWORD": '"let-me-in"'}
    s.lab.start(s.ns_b, "kamailio", "-f", CONFIG, "-DD", "-E", "-l", f"udp:{s.ip_b}:5080", "-l", f"tcp:{s.ip_b}:5080", "-m", "32", "-M", "4", "-Y", s.lab.dir, "-P",
                s.lab.path("kamailio.pid"), *(word for name, value in define.items() for word in ("-A", f"{name}={value}")), log="kamailio.log")


def telephone_rings(telephone, number):
    b, invite = telephone.rings()
    assert invite.uri.startswith(f"sip:{number}@") and len(invite.all("via")) == 2 and invite.get("record-route"), invite.raw
    assert not invite.get("proxy-authorization")
    return b, invite


with stage(trunk='auth-user = "tandem" password = "let-me-in"') as s:
    kamailio(s)
    alice, _ = s.pair()
    telephone = s.phone("b", "telephone", port=5090)
    telephone.password, telephone.gateway, telephone.proxy = None, s.ip_b, (s.ip_b, 5080)
    wait_for("kamailio to listen", lambda: s.lab.listens(s.ns_b, s.ip_b, 5080))

    # To the telephone network: challenged, answered, held, ended by either side along the recorded route.
    for caller_ends in (True, False):
        a = alice.invite("9555")
        b, invite = telephone_rings(telephone, "555")
        a.response(180)
        b.accept(invite)
        ok = a.connected()
        assert b.get("ACK").get("via").startswith(f"SIP/2.0/UDP {s.ip_b}:5080"), "the ACK did not come by the recorded route"
        ma, mb = s.media(alice), s.media(telephone)
        both_ways(ma, Sdp(ok.body).at(), mb, Sdp(invite.body).at(), 5)
        ma.close()
        mb.close()
        a.reinvite(b, alice.sdp(version=2, direction="sendonly"), telephone.sdp(version=2, direction="recvonly"))
        b.reinvite(a, telephone.sdp(version=3), alice.sdp(version=3))
        s.gw.kill("tandem-ca")
        (a.bye(b) if caller_ends else b.bye(a))

    # What the network says reaches Alice; what she does reaches the network.
    for status in (486, 404, 603):
        a = alice.invite("9555")
        b, invite = telephone_rings(telephone, "555")
        b.refuse(invite, status)
        a.failed(status)
    a = alice.invite("9555")
    b, invite = telephone_rings(telephone, "555")
    a.response(180)
    a.cancel()
    assert a.response(method="CANCEL").status == 200
    b.cancelled(invite)
    a.failed(487)
    assert not any(b"carrier.invalid" in m.raw for m in alice.received), "Alice saw the carrier's challenge"
