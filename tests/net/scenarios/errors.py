#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: families
"""What is wrong with a request is told by the right answer."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from sipmsg import write  # noqa: E402

with stage() as s:
    alice, bob = s.pair()
    carrier = s.carrier()
    at = f"[{carrier.gateway}]" if ":" in carrier.gateway else carrier.gateway
    called = f"sip:1002@{at}"
    body = carrier.sdp()
    dtls = [f"m=audio {carrier.media_port} UDP/TLS/RTP/SAVP 0", "a=fingerprint:sha-256 " + ":".join(["AB"] * 32), "a=setup:actpass"]

    TABLE = [  # what, status, method, uri, headers, body, replaced headers
        ("no To tag but a dialog request", 481, "BYE", called, [], "", {"To": f"<{called}>;tag=nobody"}),
        ("unknown method", (405, 501), "FLY", called, [], "", {}),
        ("extension required", 420, "INVITE", called, [("Require", "time-travel")], body, {}),
        ("body of an unknown type", 415, "INVITE", called, [("Content-Type", "application/x-riddle")], "what am I", {}),
        ("compressed body", 415, "INVITE", called, [("Content-Encoding", "gzip")], body, {}),
        ("scheme", 416, "OPTIONS", "gopher://hole.example.com", [], "", {"To": "<sip:nobody@invalid>"}),
        ("malformed CSeq", 400, "INVITE", called, [], body, {"CSeq": "1 BYE"}),
        ("malformed From", 400, "INVITE", called, [], body, {"From": "<<<sip:>;tag=1"}),
        ("no media in common", 488, "INVITE", called, [], carrier.sdp(media=dtls), {}),
        ("nothing like a session description", (400, 488), "INVITE", called, [], "these are not\r\nthe droids", {}),
        ("too many hops", 483, "INVITE", called, [], body, {"Max-Forwards": "0"}),
        ("no such number", 404, "INVITE", f"sip:777@{at}", [], body, {}),
    ]
    for what, status, method, uri, headers, text, replaced in TABLE:
        answer = carrier.ask(method, uri, headers, text, replaced)
        wanted = status if isinstance(status, tuple) else (status,)
        assert answer.status in wanted, f"{what}: {answer.start}, wanted {status}"
        if answer.status == 405:
            assert answer.get("allow"), "405 needs Allow"
        if answer.status == 420:
            assert answer.get("unsupported") == "time-travel", answer.raw
        if answer.status == 415:
            assert answer.get("accept") or answer.get("accept-encoding") is not None, answer.raw

    lines = [("Via", carrier.via()), ("From", "<sip:a@b.invalid>;tag=1"), ("To", "<sip:c@d.invalid>"), ("Call-ID", "seven"), ("CSeq", "1 OPTIONS")]
    carrier.send(write(f"OPTIONS {called} SIP/7.0", lines))
    assert carrier.take(lambda m: m.get("call-id") == "seven", "505").status == 505

    # The same request by two ways is one too many (RFC 3261 8.2.2.2).
    one = [("Via", carrier.via("z9hG4bK-way-one")), *lines[1:3], ("Call-ID", "merged"), ("CSeq", "1 INVITE"), ("Contact", f"<{carrier.uri()}>"), ("Max-Forwards", "70"),
           ("Content-Type", "application/sdp")]
    carrier.send(write(f"INVITE {called} SIP/2.0", one, body))
    db, invite = bob.answer_invite()
    carrier.send(write(f"INVITE {called} SIP/2.0", [("Via", carrier.via("z9hG4bK-way-two")), *one[1:]], body))
    merged = carrier.take(lambda m: m.status and m.get("call-id") == "merged" and "way-two" in m.get("via") and m.status >= 200, "482")
    assert merged.status == 482, merged
    db.reply(invite, 486, "Busy Here")
    assert carrier.take(lambda m: m.status == 486, "486")
    for answer, branch in ((merged, "z9hG4bK-way-two"), (merged, "z9hG4bK-way-one")):
        carrier.send(write(f"ACK {called} SIP/2.0", [("Via", carrier.via(branch)), *lines[1:2], ("To", answer.get("to")), ("Call-ID", "merged"), ("CSeq", "1 ACK")]))

    options = carrier.ask("OPTIONS", called)
    assert options.status == 200 and "INVITE" in options.get("allow") and "application/sdp" in options.get("accept"), options.raw
