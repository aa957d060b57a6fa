#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""Kamailio as the carrier that a trunk registers at, with digest (SIPconnect's registration mode): calls both ways over it, and a second trunk without registration
(static mode) that is known by its address."""
import os
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from lab import wait_for  # noqa: E402
from phone import Phone  # noqa: E402

HERE = os.path.dirname(os.path.realpath(__file__))
KAM = "10.79.2.200"
AUTH = """loadmodule "auth.so"

modparam("registrar", "use_path", 1)"""
ASK = """	if (is_method("REGISTER")) {
		if (!pv_www_authenticate("kam.test", "secret", "0")) {
			www_challenge("kam.test", "1");
			exit;
		}
		consume_credentials();
"""
ASK_CALLS = """	if (is_method("INVITE") && $fU == "tandem" && !pv_proxy_authenticate("kam.test", "secret", "0")) {
		proxy_challenge("kam.test", "1");
		exit;
	}
	consume_credentials();
	loose_route();
	record_route();
"""
MORE = f"""
trunk kam {{ peer = "{KAM}:5060" domain = "{KAM}" address = "outside" register = yes auth-user = "tandem" password = "secret" register-expiry = 60s
  caller-out = p-asserted-identity from-user = "tandem" }}
route kam-out {{ prefix = "7" to = "kam" strip = 1 }}
route kam-in {{ source = "kam" to = "alice" before-users = yes }}
"""


def configuration():
    with open(HERE + "/../kamailio.cfg") as f:
        text = f.read().replace("HERE", KAM)
    for old, new in (('modparam("registrar", "use_path", 1)', AUTH), ('	if (is_method("REGISTER")) {\n', ASK), ("	loose_route();\n	record_route();\n", ASK_CALLS)):
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


with stage(start=False, more=MORE) as s:
    assert s.another("b") == KAM
    with open(s.lab.path("kamailio.cfg"), "w") as out:
        out.write(configuration())
    s.lab.start(s.ns_b, "kamailio", "-f", s.lab.path("kamailio.cfg"), "-DD", "-E", "-m", "64", "-M", "8", "-Y", s.lab.dir, "-P", s.lab.path("kamailio.pid"),
                log="kamailio.log")
    bob = Phone(s.ns_b, s.ip_b, KAM, "bob", "secret", port=5070)
    bob.media_port = 41000

    wait_for("kamailio to listen", lambda: s.lab.listens(s.ns_b, KAM, 5060))
    assert bob.register().status == 200
    s.gw.start()
    alice, _ = s.pair()
    wait_for("the registration", lambda: [t["registration"] for t in s.gw.show("trunks") if t["trunk"] == "kam"] == ["registered"])

    # In: Kamailio finds our Contact.
    bob.password = None
    d = bob.invite("tandem")
    da, invite = alice.answer_invite()
    da.reply(invite, 200, "OK", alice.sdp())
    d.ack(d.response(200))
    da.get("ACK")
    d.bye(da)

    # Out: Kamailio asks for the password; From has the account, P-Asserted-Identity the caller.
    d = alice.invite("7bob")
    db, invite = bob.answer_invite()
    assert "<sip:tandem@" in invite.get("from") and "<sip:alice@" in invite.get("p-asserted-identity"), invite.raw
    db.reply(invite, 180, "Ringing")
    d.response(180)
    db.reply(invite, 200, "OK", bob.sdp())
    d.ack(d.response(200))
    db.get("ACK")
    db.bye(d)

    # Without registration the address is enough, either way.
    s.gw.configure(more=MORE.replace("register = yes", ""))
    s.gw.ctl("reload")
    d = alice.invite("7bob")
    db, invite = bob.answer_invite()
    db.reply(invite, 486, "Busy Here")
    db.get("ACK")
    d.ack(d.response(486))
