#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""Kamailio as the next proxy and registrar: Alice registers there through our proxy (Path), is called back along it, and calls out; CANCEL, refusal
and hang-up on either side go through both; a spiral."""
import os
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from lab import wait_for  # noqa: E402
from phone import Phone  # noqa: E402
from sipmsg import digest  # noqa: E402

HERE = os.path.dirname(os.path.realpath(__file__))
KAM = "10.79.2.200"
PROXY = "role = proxy"


def register_at(phone, registrar):
    """REGISTER at a registrar of another domain; our proxy asks who is passing first."""
    uri = f"sip:{registrar}"
    aor = f"<sip:{phone.user}@{registrar}>"
    headers = [("Supported", "path, outbound"), ("Expires", "300")]
    replace = {"To": aor, "From": f"<{phone.uri(at=phone.gateway)}>;tag=r"}
    answer = phone.ask("REGISTER", uri, headers, replace=replace)
    if answer.status == 407:
        name = ("Proxy-Authorization", digest(answer.get("proxy-authenticate"), "REGISTER", uri, phone.user, phone.password))
        answer = phone.ask("REGISTER", uri, [*headers, name], replace=replace)
    return answer


with stage(inside=PROXY, outside=PROXY, more=f'trunk kamailio {{ peer = "{KAM}:5060" address = "outside" }}') as s:
    assert s.another("b") == KAM
    with open(HERE + "/../kamailio.cfg") as f, open(s.lab.path("kamailio.cfg"), "w") as out:
        out.write(f.read().replace("HERE", KAM))
    kamailio = s.lab.start(s.ns_b, "kamailio", "-f", s.lab.path("kamailio.cfg"), "-DD", "-E", "-m", "64", "-M", "8", "-Y", s.lab.dir, "-P",
                           s.lab.path("kamailio.pid"), log="kamailio.log")
    alice = s.phone("a")
    bob = Phone(s.ns_b, s.ip_b, KAM, "bob")
    bob.media_port = 41000

    wait_for("kamailio to listen", lambda: s.lab.listens(s.ns_b, KAM, 5060))
    assert register_at(bob, KAM).status == 200

    ok = register_at(alice, KAM)
    assert ok.status == 200 and alice.uri() in ok.get("contact"), ok.raw
    path = ", ".join(ok.all("path"))
    assert f"@{s.gw_b}:5060;lr>" in path and f"@{s.gw_a}:5060;lr;ob>" in path, ok.raw

    # Bob, at Kamailio, calls Alice: along the Path to us, and down her flow
    db = bob.invite("alice")
    da, invite = alice.answer_invite()
    assert invite.uri == alice.uri() and not invite.all("route") and len(invite.all("via")) == 3, invite.raw
    da.reply(invite, 180, "Ringing")
    db.response(180)
    da.reply(invite, 200, "OK", alice.sdp())
    db.ack(db.response(200))
    da.get("ACK")
    da.bye(db)

    db = bob.invite("alice")
    da, invite = alice.answer_invite()
    da.reply(invite, 180, "Ringing")
    db.response(180)
    db.cancel()
    cancel = da.get("CANCEL")
    da.reply(cancel, 200, "OK", contact=False)
    da.reply(invite, 487, "Request Terminated")
    da.get("ACK")
    db.ack(db.response(487))

    # Alice calls Bob there
    da = alice.invite("bob", uri=f"sip:bob@{KAM}")
    db, invite = bob.answer_invite()
    assert len(invite.all("via")) == 3 and sum(f"{KAM}" in r for r in invite.all("record-route")) == 1, invite.raw
    db.reply(invite, 200, "OK", bob.sdp())
    da.ack(da.response(200))
    db.get("ACK")
    db.bye(da)

    da = alice.invite("bob", uri=f"sip:bob@{KAM}")
    db, invite = bob.answer_invite()
    db.reply(invite, 603, "Decline")
    da.ack(da.response(603))
    db.get("ACK")

    # and somebody Kamailio does not know
    da = alice.invite("nobody", uri=f"sip:nobody@{KAM}")
    da.ack(da.response(404))

    # a spiral (RFC 3261 6): through us, Kamailio, and us again
    desk = s.phone("b", "bob", port=5070)
    assert desk.register().status == 200
    da = alice.invite("1002", uri=f"sip:1002@{s.gw_b}", headers=[("Route", f"<sip:{s.gw_a};lr>, <sip:{KAM};lr>")])
    db, invite = desk.answer_invite()
    assert len(invite.all("via")) == 4 and len(invite.all("record-route")) == 4 and int(invite.get("max-forwards")) == 67, invite.raw
    db.reply(invite, 200, "OK", desk.sdp())
    da.ack(da.response(200))
    db.get("ACK")
    db.bye(da)
    da = alice.invite("1002", uri=f"sip:1002@{s.gw_b}", headers=[("Route", f"<sip:{s.gw_a};lr>, <sip:{KAM};lr>")])
    db, invite = desk.answer_invite()
    db.reply(invite, 180, "Ringing")
    da.response(180)
    da.cancel()
    cancel = db.get("CANCEL")
    db.reply(cancel, 200, "OK", contact=False)
    db.reply(invite, 487, "Request Terminated")
    da.ack(da.response(487))
    db.get("ACK")
    s.lab.stop(kamailio)
