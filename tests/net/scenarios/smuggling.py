#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""What two parsers could read differently is refused with 400 and reaches nobody; what is odd but has one meaning reaches the other side in canonical form;
what is over a limit is refused by its status."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
import re  # noqa: E402

EVIL = b"X-Evil: yes"
CLEAN = re.compile(rb"[^\x00-\x08\x0a-\x1f\x7f]*")


def invite(peer, name, line=b"", replaced=None, body=b"", end=b"\r\n\r\n", length=None):
    """An INVITE as bytes: `line` is further header text with its line end, `replaced` (what, by what) is done to all."""
    sdp = peer.sdp().encode() + body
    text = (f"INVITE sip:1002@{peer.gateway} SIP/2.0\r\nVia: {peer.via()}\r\nMax-Forwards: 70\r\nFrom: <sip:5551@{peer.ip}>;tag={name}\r\n"
            f"To: <sip:1002@{peer.gateway}>\r\nCall-ID: {name}\r\nCSeq: 1 INVITE\r\nContact: <{peer.uri()}>\r\nContent-Type: application/sdp\r\n").encode()
    text += line + b"Content-Length: %d" % (len(sdp) if length is None else length) + end + sdp
    return text.replace(*replaced) if replaced else text


REFUSED = {  # all with 400
    "bare-lf": dict(line=b"Subject: a\n" + EVIL + b"\r\n"),
    "bare-cr": dict(line=b"Subject: a\r" + EVIL + b"\r\n"),
    "nul": dict(line=b"Subject: a\0" + EVIL + b"\r\n"),
    "vertical-tab": dict(line=b"Subject: a\x0b" + EVIL + b"\r\n"),
    "blank-fold": dict(line=b"Subject: a\r\n \r\n" + EVIL + b"\r\n"),
    "two-lengths": dict(line=b"Content-Length: 0\r\n"),
    "compact-length": dict(line=b"l: 0\r\n"),
    "list-length": dict(line=b"", replaced=(b"Content-Length: ", b"Content-Length: 0, ")),
    "signed-length": dict(replaced=(b"Content-Length: ", b"Content-Length: +")),
    "long-length": dict(length=60000),
    "two-call-ids": dict(line=b"i: another\r\n"),
    "two-cseqs": dict(line=b"CSeq: 2 INVITE\r\n"),
    "two-froms": dict(line=b"f: <sip:9@192.0.2.1>;tag=x\r\n"),
    "two-tos": dict(line=b"t: <sip:9@192.0.2.1>\r\n"),
    "two-types": dict(line=b"c: text/plain\r\n"),
    "lf-only-end": dict(end=b"\n\n"),
    "control-in-uri": dict(replaced=(b"INVITE sip:1002", b"INVITE sip:10\t02")),
    "name-with-space": dict(line=b"X Evil: yes\r\n"),
}
ODD = {  # line, and what the called side must see of it (None: nothing)
    "folded": (b"Subject: one\r\n\ttwo\r\n", "subject", r"one\s+two"),
    "space-before-colon": (b"Subject \t: one\r\n", "subject", "one"),
    "evil-in-quotes": (b'Reason: SIP;text="a\\"\\\\r\\\\n' + EVIL + b'"\r\n', "reason", ".*"),
    "escaped-crlf": (b"Diversion: <sip:7%0d%0aX-Evil:%20yes@192.0.2.1>;reason=unconditional\r\n", "diversion", ".*%0[dD]%0[aA].*"),
    "nul-in-quotes": (b'Reason: SIP;text="a\\\0b"\r\n', "reason", None),
    "open-quote": (b'User-to-User: 00;x="\r\n', "user-to-user", ".*"),
}
LIMITED = {
    "long-header": (513, b"Subject: " + b"s" * 2000 + b"\r\n"),
    "many-headers": (513, b"X-A: b\r\n" * 60),
    "many-vias": (400, b"Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n" * 6),
    "many-routes": (400, b"Record-Route: <sip:192.0.2.1;lr>, <sip:192.0.2.2;lr>\r\n" * 3),
    "many-contacts": (400, b"m: <sip:192.0.2.1>, <sip:192.0.2.2>, <sip:192.0.2.3>\r\n"),
    "long-uri": (414, b""),
    "long-body": (413, b""),
}

with stage(more="limits { header = 1000 headers = 50 via = 5 route = 5 contact = 3 uri = 200 body = 1000 }") as s:
    alice, bob = s.pair()
    carrier = s.carrier()

    def refused(name, status, raw):
        carrier.send(raw)
        answer = carrier.take(lambda m: m.status and m.status >= 200 and m.get("call-id") == name, f"the answer to {name}")
        assert answer.status == status, f"{name}: {answer.start}, wanted {status}"
        lines = [("Via", answer.get("via")), ("From", answer.get("from")), ("To", answer.get("to")), ("Call-ID", name), ("CSeq", "1 ACK")]
        carrier.send(("ACK sip:x SIP/2.0\r\n" + "".join(f"{n}: {v}\r\n" for n, v in lines) + "Content-Length: 0\r\n\r\n").encode())

    for name, how in REFUSED.items():
        refused(name, 400, invite(carrier, name, **how))
    for name, (status, line) in LIMITED.items():
        raw = invite(carrier, name, line, (b"sip:1002@", b"sip:1002;%s@" % (b"a" * 300)) if name == "long-uri" else None, b"a=x\r\n" * 300 if name == "long-body" else b"")
        refused(name, status, raw)
        counter = {"long-header": "header", "many-headers": "headers", "long-uri": "uri", "long-body": "body"}.get(name, name.removeprefix("many-").removesuffix("s"))
        assert s.gw.counter("limits", counter), f"{name} is not counted as {counter}"
    bob.nothing(lambda m: m.method == "INVITE", 0.1)

    for name, (line, header, wanted) in ODD.items():
        carrier.send(invite(carrier, name, line))
        db, got = bob.answer_invite()
        head = got.raw.partition(b"\r\n\r\n")[0]
        for text in head.split(b"\r\n"):
            assert CLEAN.fullmatch(text) and (text.startswith(b"INVITE ") or re.match(rb"[\w-]+: ", text)), f"{name}: {text!r}"
        assert "x-evil" not in [n for n, _ in got.headers], f"{name}: {got.raw!r}"
        value = got.get(header)
        assert re.fullmatch(wanted, value) if wanted else value is None, f"{name}: {header} is {value!r}"
        db.reply(got, 486, "Busy Here")
        answer = carrier.take(lambda m: m.status == 486 and m.get("call-id") == name, "486")
        lines = [("Via", answer.get("via")), ("From", answer.get("from")), ("To", answer.get("to")), ("Call-ID", name), ("CSeq", "1 ACK")]
        carrier.send((f"ACK sip:1002@{carrier.gateway} SIP/2.0\r\n" + "".join(f"{n}: {v}\r\n" for n, v in lines) + "Content-Length: 0\r\n\r\n").encode())
        bob.take(lambda m: m.method == "ACK" and m.cseq == got.cseq and m.get("call-id") == got.get("call-id"), "ACK")
    assert s.gw.counter("headers", "control") == 1
