#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""An attacker who has seen a call, or only knows who is there: forged CANCEL and BYE, the registration of another, credentials used twice, for another realm or with
another quality, replies sent where Via says, header fields within URIs, routes of his own, numbers without end, line ends in numbers."""
import re
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from sipmsg import digest, write  # noqa: E402

with stage() as s:
    alice, bob = s.pair()
    carrier = s.carrier()
    eve = s.phone("a", "eve", "x", ip=s.another("a"))
    neighbour = s.phone("a", "alice", port=5099)  # behind the same address
    uri = f"sip:{alice.gateway}"

    def forged(phone, dialog, method, **other):
        """What a request of that dialog's would look like, from another place."""
        lines = dict([*dialog.invite_lines, ("CSeq", f"{dialog.cseq} {method}"), *other.items()])
        for name in ("Contact", "Content-Type", "Authorization", "Proxy-Authorization"):
            lines.pop(name, None)
        phone.send(write(f"{method} {dialog.invite_target} SIP/2.0", list(lines.items())))

    def alive(da, db):
        """Both ends still have their call."""
        da.request("OPTIONS")
        assert da.response(method="OPTIONS").status == 200
        db.request("OPTIONS")
        assert db.response(method="OPTIONS").status == 200

    # --- a call that rings, all of whose messages were seen; and one who only knows its branch
    d = alice.invite("1002")
    db, invite = bob.answer_invite()
    db.reply(invite, 180, "Ringing")
    d.response(180)
    forged(eve, d, "CANCEL")
    forged(neighbour, d, "CANCEL", **{"Call-ID": "guessed"})
    forged(eve, d, "BYE")
    bob.nothing(lambda m: m.method == "CANCEL", 0.15)
    db.reply(invite, 200, "OK", bob.sdp())
    d.ack(d.response(200))
    db.get("ACK")
    # --- one that is answered: whoever has not its tags ends nothing; CANCEL comes too late
    forged(eve, d, "BYE", To=f"<sip:1002@{alice.gateway}>;tag=guessed", CSeq="77 BYE")
    forged(eve, d, "INVITE", To=f"<sip:1002@{alice.gateway}>;tag=guessed", CSeq="78 INVITE")
    forged(alice, d, "CANCEL")
    # --- another call with the same Call-ID and From tag is another call
    twin = carrier.invite("1002", uri=f"sip:1002@{s.gw_b}")
    twin_db, twin_invite = bob.answer_invite()
    twin_db.reply(twin_invite, 486, "Busy Here")
    twin.ack(twin.response(486))
    carrier.send(write(f"INVITE sip:1002@{s.gw_b} SIP/2.0", [
        ("Via", carrier.via()), ("Max-Forwards", "70"), ("From", d.local), ("To", f"<sip:1002@{s.gw_b}>"), ("Call-ID", d.call_id), ("CSeq", "900 INVITE"),
        ("Contact", f"<{carrier.uri()}>"), ("Content-Type", "application/sdp")], carrier.sdp()))
    other_db, other_invite = bob.answer_invite()
    other_db.reply(other_invite, 603, "Decline")
    carrier.take(lambda m: m.status == 603 and m.get("call-id") == d.call_id, "603")
    alive(d, db)

    # --- REFER: what stands in a URI after "?" goes nowhere, but Replaces
    d.request("REFER", headers=[("Refer-To", f"<sip:91234@{alice.gateway}?X-Evil=1&Route=%3Csip:{eve.ip}%3E&From=%3Csip:bob%40x%3E>")])
    assert d.response(method="REFER").status == 202
    dc, got = carrier.answer_invite()
    assert b"evil" not in got.raw.lower() and got.get("route") is None and eve.ip.encode() not in got.raw, got.raw
    dc.reply(got, 603, "Decline")
    carrier.take(lambda m: m.method == "ACK", "ACK")
    d.told(100)
    d.told(603)
    d.bye(db)

    # --- the registration of another; contacts with header fields in them
    assert alice.register(contacts=[f"<sip:eve@{eve.ip}>"], headers=[("X", "y")], user="alice", password="wrong").status == 401
    first = alice.register(authorize=False)
    for to in (f"<sip:bob@{alice.gateway}>", f"<sip:1002@{alice.gateway}>"):
        answer = alice.ask("REGISTER", uri, [("Authorization", digest(alice.register(authorize=False).get("www-authenticate"), "REGISTER", uri, "alice", "wonderland"))],
                           replace={"To": to, "From": to})
        assert answer.status == 403, answer.raw
    assert len(s.gw.show("registrations")) == 2
    answer = alice.register(contacts=[f"<sip:alice@{alice.ip}:{alice.port}?Route=%3Csip:{eve.ip}%3E&X-Evil=1>"])
    if answer.status == 200:
        db = carrier.invite("1001", uri=f"sip:1001@{s.gw_b}")
        da, got = alice.answer_invite()
        assert "?" not in got.uri and b"evil" not in got.raw.lower() and got.get("route") is None, got.raw
        da.reply(got, 486, "Busy Here")
        db.ack(db.response(486))
    alice.register(contacts=["*"], expires=0)
    alice.register()

    # --- digest: for another realm, another quality, another method, the same count again, without a count twice
    def credentials(**kw):
        return digest(alice.register(authorize=False).get("www-authenticate"), kw.pop("method", "REGISTER"), uri, "alice", "wonderland", **kw)

    def registers(value):
        return alice.register(authorize=False, headers=[("Authorization", value)]).status

    good = credentials()
    assert registers(good) == 200 and registers(good) == 401, "replayed"
    assert registers(credentials().replace("test.invalid", "other.invalid")) == 401, "realm"
    assert registers(credentials(method="INVITE")) == 401, "method"
    assert registers(credentials().replace("qop=auth,", "qop=auth-int,")) in (400, 401), "auth-int"
    assert registers(credentials().replace("nc=00000001", "nc=00000000")) in (400, 401), "nc"
    assert registers(credentials().replace("nc=00000001", "nc=1")) in (400, 401), "nc"
    assert registers(credentials().replace("algorithm=SHA-256", "algorithm=MD5")) in (400, 401), "algorithm"
    challenge = re.sub(r", qop=\"auth\"", "", alice.register(authorize=False).get("www-authenticate"))
    plain = digest(challenge, "REGISTER", uri, "alice", "wonderland")
    assert [registers(plain), registers(plain)] == [200, 401], "without a count"

    # --- answers go where the question came from, once, and are not much longer than it
    for method in ("OPTIONS", "INVITE", "REGISTER", "SUBSCRIBE", "MESSAGE", "FLY"):
        call_id = f"reflect-{method}"
        eve.ask(method, uri, replace={"Call-ID": call_id, "Via": f"SIP/2.0/UDP {bob.ip}:{bob.port};maddr={bob.ip};received={bob.ip};rport={bob.port};branch=z9hG4bK{method}"}, wait=False)
        answer = eve.take(lambda m: m.status and m.get("call-id") == call_id, method)
        eve.nothing(lambda m: m.get("call-id") == call_id, 0.1)
        assert len(answer.raw) < 2.5 * len(eve.sent[-1]), (method, len(answer.raw), len(eve.sent[-1]))
        assert bytes(bob.ip, "ascii") in answer.raw and f"received={eve.ip}" in answer.get("via"), answer.raw
    bob.nothing(lambda m: m.status, 0.05)

    # --- routes of his own, header fields in the Request-URI: nothing leaves for there
    for headers, target in ((("Route", f"<sip:{eve.ip};lr>"), f"sip:1002@{alice.gateway}"), (("Subject", "x"), f"sip:1002@{alice.gateway}?Route=%3Csip:{eve.ip}%3E&X-Evil=1"),
                            (("Subject", "x"), f"sip:1002@{alice.gateway};maddr={eve.ip}")):
        d = alice.invite("1002", headers=[headers], uri=target)
        answer = d.phone.take(lambda m: m.status and m.get("call-id") == d.call_id and m.status not in (401, 407), "an answer")
        if answer.status == 100:
            db, got = bob.answer_invite()
            assert b"evil" not in got.raw.lower() and got.get("route") is None, got.raw
            db.reply(got, 486, "Busy Here")
            answer = d.response()
        d.ack(answer)
        eve.nothing(lambda m: m.method, 0.05)

    # --- numbers without end
    big = "9" * 40
    for name, value in (("Max-Forwards", big), ("CSeq", f"{big} OPTIONS"), ("CSeq", "4294967296 OPTIONS"), ("Expires", big), ("Session-Expires", big), ("Min-SE", big),
                        ("RSeq", big), ("Timestamp", big), ("Retry-After", big), ("Content-Disposition", f"x;{big}={big}")):
        alice.ask("OPTIONS", uri, [] if name in ("Max-Forwards", "CSeq") else [(name, value)], replace={name: value}, wait=False)
    alice.settle()
    for expires in (big, "-1", "1e9"):
        status = alice.register(expires=None, contacts=[f"<{alice.uri()}>;expires={expires}"]).status
        assert status in (200, 400), status
    assert all(r["expires_s"] <= 86400 for r in s.gw.show("registrations")), s.gw.show("registrations")
    alice.register(contacts=["*"], expires=0)
    alice.register()
    dc = alice.invite("91234")
    db, got = carrier.answer_invite()
    db.reply(got, 503, "Service Unavailable", headers=[("Retry-After", big)])
    dc.ack(dc.response())
    da, dc, _, _ = s.call(alice, carrier, "91235")
    da.bye(dc)

    # --- what an operator reads has no control characters, and no lines of somebody else's
    alice.waiting.clear()
    d = alice.invite("12", uri=f"sip:12%1b%5b2J%0a%0dERROR%20forged%07@{alice.gateway}")
    d.ack(d.response())
    s.gw.idle()
    s.gw.cdrs(6)
    for text in (s.gw.ctl("show", "cdr"), s.gw.ctl("show", "registrations"), s.gw.log()):
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", text) and not re.search(r"^ERROR", text, re.M), re.search(r".*[\x00-\x08\x0b-\x1f\x7f].*", text)
