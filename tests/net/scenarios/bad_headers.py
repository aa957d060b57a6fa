#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""Each header the gateway reads, with values that it cannot be: what matters is refused with the status the standards ask for and reaches nobody, what does not is
as if it were not there (RFC 3261 8.2.2), and both are counted by header; a call beside it goes on."""
import sys
import time
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from lab import SOON, wait_for  # noqa: E402
from media import both_ways  # noqa: E402
from sipmsg import Sdp, digest  # noqa: E402

HUGE = "9" * 30
MANDATORY = ("Via", "From", "To", "Call-ID", "CSeq")  # without them an answer cannot be acknowledged

# Header, the answer to an INVITE with it (None: none is possible), its counter, what stands in its place (None: nothing).
REFUSED = [
    ("Via", None, "malformed.via", [None, "", "SIP/2.0/UDP", "SIP/2.0 UDP 192.0.2.1", "SIP/2.0/UDP 192.0.2.1:99999;branch=z9hG4bK1", "SIP/2.0/UDP [2001:db8::1;branch=z9hG4bK1"]),
    ("From", 400, "malformed.from", [None, "", "<sip:5551@x", "sip:", "<>;tag=1", "*", '"Bob <sip:5551@x>;tag=1', "<sip:5551@x>;tag=1;tag=2", "<:>;tag=1", "<sip:5551@x> x"]),
    ("To", 400, "malformed.to", [None, "", "<sip:1002@x", "sip:", "<>", "*", '"Bob <sip:1002@x>', "<sip:1002@x>;tag=1;TAG=2"]),
    ("Call-ID", 400, "malformed.call-id", [None, "", "a b", "a,b"]),
    ("CSeq", 400, "malformed.cseq", [None, "", "INVITE", "1", "x INVITE", "-1 INVITE", "4294967296 INVITE", "1 OPTIONS", "1 INVITE x", HUGE + " INVITE"]),
    ("Max-Forwards", 400, "malformed.max-forwards", ["", "x", "-1", "1 2", "0x10"]),
    ("Content-Length", 400, "malformed.content-length", ["", "x", "-1", "+1", "1 2", HUGE, "60000"]),
    ("Contact", 400, "malformed.contact", [None, "", "<sip:5551@x", "*", "<sip:>", "<mailto:x@y>", "<tel:+4930123>", '"a <sip:5551@x>', "<sip:5551@x:99999>", "<sip:5551@[::1>"]),
    ("Record-Route", 400, "malformed.record-route", ["<sip:192.0.2.1", "x", "<sip:>", "*", "<sip:192.0.2.1;lr>, x", "<sip:192.0.2.1;lr>, <sip:"]),
    ("Replaces", 400, "malformed.replaces", ["", "x", "x;to-tag=1", "x;from-tag=1", ";to-tag=1;from-tag=2", "x;to-tag=1;from-tag=2;to-tag=3"]),
    ("Content-Type", 415, "refused.type", ["", "application", "/sdp", "application/", "text/html", None]),
    ("Content-Type", 400, "refused.parts", ["multipart/mixed", "multipart/mixed;boundary=", 'multipart/mixed;boundary="x', "multipart/mixed;boundary=never"]),
    ("Content-Encoding", 415, "refused.encoding", ["gzip", "x", "identity, gzip"]),
    ("Require", 420, "refused.extension", ["magic", "100rel, magic", "a b"]),
    ("Accept", 406, "refused.accept", ["text/html", "x", "/"]),
    ("Subject", 400, "malformed.control", ["a\x01b", "a\x7f"]),
    ("No Name", 400, "malformed.field", ["x", ""]),
    (":", 400, "malformed.field", ["x"]),
]

# Header, its counter (None: it is not looked at), values; what Bob's phone must not see.
IGNORED = [
    ("Session-Expires", "malformed.session-expires", ["", "x", "-1", HUGE, "0"]),
    ("Min-SE", "malformed.min-se", ["", "x", "-1", HUGE]),
    ("P-Asserted-Identity", "headers.malformed", ["<sip:5551@x", "x y", "<sip:>", '"a <sip:1@x>']),
    ("Diversion", "headers.malformed", ["<sip:5551@x", "x y", "<sip:1@x>;reason=a;=b"]),
    ("History-Info", "headers.malformed", ["<sip:5551@x", "<>;index=1"]),
    ("Remote-Party-ID", "headers.malformed", ["<sip:5551@x"]),
    ("Referred-By", "headers.malformed", ["<sip:5551@x", "*"]),
    ("Alert-Info", "headers.malformed", ["<http://x", "x y"]),
    ("P-Preferred-Identity", None, ["", "<sip:5551@x"]),
    ("Expires", None, ["", "x", "-1"]),
    ("Route", None, ["", "x", "<sip:>"]),
    ("Proxy-Require", None, ["", "a b"]),
    ("Timestamp", None, ["x"]),
    ("Authorization", None, ["", "x", "Digest", "Digest x", 'Digest username="a']),
    ("Max-Breadth", None, ["", "x", "-1"]),
    ("RAck", None, ["x"]),
    ("Event", None, [";", ""]),
    ("Content-Disposition", None, ["", ";handling=optional", "session;handling"]),
]

# Nobody here reads these, or only who it is meant for: they reach Bob as they are, or not at all.
OPAQUE = [
    ("Date", ["", "x"]), ("Geolocation", ["", "<cid:x", "x y"]), ("Geolocation-Routing", ["", "maybe"]), ("Identity", ["", "x;info=<"]), ("Reason", ["", ";cause=16", "Q.850;cause=x"]),
    ("Privacy", ["", ";", "a b"]), ("Priority", ["", "a b"]), ("Resource-Priority", ["", "x"]), ("User-to-User", ["", ";encoding"]), ("Content-Language", ["", "1;2"]),
    ("Call-Info", ["", "<x"]), ("MIME-Version", ["", "x"]), ("Supported", ["", "a b", ";"]), ("Allow", ["", "a b", ";"]), ("Organization", [""]), ("In-Reply-To", [","]),
    ("Subscription-State", ["", "x;expires=x"]), ("Min-Expires", ["x"]), ("Warning", ["x"]), ("WWW-Authenticate", ["x"]), ("Retry-After", ["x"]), ("RSeq", ["x"]),
]

# Status of Bob's answer, header, its counter, what the caller gets (None: the answer is none, and the call goes on), values. Where Bob has answered and the
# caller gets 500, his call is ended.
ANSWERED = [
    (200, "Contact", "malformed.contact", 500, [None, "", "<sip:bob@x", "*", "<mailto:x@y>"]),
    (200, "Record-Route", "malformed.record-route", 500, ["<sip:192.0.2.1", "<sip:192.0.2.1;lr>, x"]),
    (200, "Session-Expires", "malformed.session-expires", 200, ["x", "0"]),
    (200, "Via", "malformed.via", None, ["", "SIP/2.0/UDP"]),
    (200, "From", "malformed.from", None, [None, "", "<sip:"]),
    (200, "To", "malformed.to", None, [None, "", "<sip:1002@x"]),
    (200, "Call-ID", "malformed.call-id", None, [None, "", "a b"]),
    (200, "CSeq", "malformed.cseq", None, [None, "", "x"]),
    (200, "CSeq", "sip.stray-response", None, ["1 BYE"]),
    (200, "Content-Length", "malformed.content-length", None, ["x", "60000"]),
    (183, "RSeq", "malformed.rseq", None, [None, "", "x", "-1", "0"]),
    (401, "WWW-Authenticate", "calls.failed-declined", 403, [None, "x", 'Digest realm="x', "Digest nonce=1"]),
    (503, "Retry-After", "calls.failed-unavailable", 500, ["", "x", "-1"]),
    (302, "Contact", "calls.failed-no-answer", 480, [None, "", "<sip:bob@x"]),
]

# What Alice's phone, which has to show who it is, sends.
CREDENTIALS = [
    ("Proxy-Authorization", 400, "auth.malformed", ['Digest username="alice', "Digest nonce"]),
    ("Proxy-Authorization", 407, "auth.no-credentials", ["", "x", "Digest"]),
]

PROXIED = [
    ("Route", 400, "proxy.bad-route", ["<sip:192.0.2.1", "x", "<sip:>", "<sip:192.0.2.1;lr>x"]),
    ("Proxy-Require", 420, "proxy.bad-extension", ["magic", "a b"]),
]

REGISTERS = [
    ("Contact", 400, "registrar.malformed", ["<sip:bob@x", "<sip:>", "x y", "<sip:bob@x:99999>", "*, <sip:bob@x>"]),
    ("Authorization", 400, "auth.malformed", ['Digest username="bob', "Digest nonce"]),
    ("Authorization", 401, "auth.no-credentials", ["", "x", "Digest"]),
    ("Path", 400, "registrar.malformed", ["<sip:192.0.2.1", "x", "<sip:>"]),
]


def text_of(start, lines, body):
    return (start + "\r\n" + "".join(f"{n}: {v}\r\n" for n, v in lines) + "\r\n" + body).encode()


class Sender:
    """Sends requests with one header that is not as it should be, and reads answers as they are."""

    def __init__(self, s, phone, at=None):
        self.s, self.phone, self.at, self.n = s, phone, at or phone.gateway, 0

    def request(self, method, header, value, number="1002", extra=()):
        """The request's mark, which is somewhere in its answer whatever else is missing."""
        self.n += 1
        mark = f"{method.lower()}{self.n}x"
        p, to = self.phone, f"sip:{number}@{self.at}" if number else f"sip:{self.at}"
        body = p.sdp() if method == "INVITE" else ""
        user = p.user if p.password else "5551"
        lines = [("Via", p.via(f"z9hG4bK{mark}")), ("Max-Forwards", "70"), ("From", f"<sip:{user}@{self.at}>;tag=f{mark}"),
                 ("To", f"<{to if number else f'sip:{user}@{self.at}'}>"),
                 ("Call-ID", mark), ("CSeq", f"1 {method}"), ("Contact", f"<{p.uri()}>"), *extra, *([("Content-Type", "application/sdp")] if body else []), ("Content-Length", str(len(body)))]
        if header in dict(lines):
            lines = [(n, value if n == header else v) for n, v in lines if n != header or value is not None]
        elif value is not None:
            lines.insert(-1, (header, value))
        self.lines = lines
        p.wire.send(text_of(f"{method} {to} SIP/2.0", lines, body))
        return mark

    def answer(self, mark, timeout=SOON):
        """(status, headers) of the final answer."""
        end = time.monotonic() + timeout
        while (left := end - time.monotonic()) > 0:
            came = self.phone.wire.receive(left)
            if came and mark in came[0].decode() and not came[0].startswith(b"SIP/2.0 1"):
                head = came[0].decode().split("\r\n")
                return int(head[0].split()[1]), [tuple(line.split(": ", 1)) for line in head[1:] if ": " in line]
        raise AssertionError(f"{mark} has no answer: {self.lines}")

    def ack(self, headers):
        kept = [(n, v) for n, v in headers if n in MANDATORY and n != "CSeq"]
        self.phone.wire.send(text_of(f"ACK sip:1002@{self.at} SIP/2.0", [*kept, ("CSeq", "1 ACK"), ("Content-Length", "0")], ""))


def counter(s, name):
    return s.gw.counter(*name.split("."))


def counted(s, name, n, do):
    before = counter(s, name)
    do()
    try:
        wait_for("the count", lambda: counter(s, name) == before + n)
    except TimeoutError:
        raise AssertionError(f"{name} is {counter(s, name)}, it was {before} and should be {n} more") from None


def refused(s, sender, header, status, values):
    for value in values:
        mark = sender.request("INVITE", header, value)
        if status:
            got, headers = sender.answer(mark)
            assert got == status, f"{header}: {value!r} got {got}, not {status}"
            if header not in MANDATORY:
                sender.ack(headers)


def ignored(s, sender, bob, header, values, opaque=False):
    for value in values:
        mark = sender.request("INVITE", header, value)
        d, invite = bob.answer_invite()
        seen = [v for n, v in invite.headers if n == header.lower()]
        assert opaque or value not in seen, f"{header}: {value!r} reached Bob"
        assert not opaque or header in ("Supported", "Allow") or seen in ([], [value]), f"{header}: {value!r} reached Bob as {seen}"
        d.reply(invite, 486, "Busy Here")
        status, headers = sender.answer(mark)
        assert status == 486, f"{header}: {value!r} got {status}"
        sender.ack(headers)
        d.get("ACK")


def registers(s, sender, header, status, values):
    for value in values:
        offered = sender.answer(sender.request("REGISTER", None, None, None))[1]
        challenge = next(v for n, v in offered if n == "WWW-Authenticate")
        credentials = ("Authorization", digest(challenge, "REGISTER", f"sip:{s.gw_b}", sender.phone.user, sender.phone.password))
        got = sender.answer(sender.request("REGISTER", header, value, None, [credentials]))[0]
        assert got == status, f"{header}: {value!r} got {got}, not {status}"


def answered(s, carrier, bob, status, header, wanted, values):
    for value in values:
        d = carrier.invite("1002", headers=[("Supported", "100rel")])
        e, m = bob.rings()
        d.response(180)
        body = bob.sdp() if status < 300 else ""
        lines = [("Via", m.get("via")), ("From", m.get("from")), ("To", f"{m.get('to')};tag={e.tag}"), ("Call-ID", e.call_id), ("CSeq", m.get("cseq")), ("Contact", f"<{bob.uri()}>"),
                 *([("Content-Type", "application/sdp")] if body else []), *([("Require", "100rel")] if status == 183 else []), ("Content-Length", str(len(body)))]
        if header in dict(lines):
            lines = [(n, value if n == header else v) for n, v in lines if n != header or value is not None]
        elif value is not None:
            lines.insert(-1, (header, value))
        bob.wire.send(text_of(f"SIP/2.0 {status} So", lines, body), m.source)
        if not wanted:
            bob.settle()
            carrier.nothing(lambda m: m.status and m.status >= 183 and m.get("call-id") == d.call_id, 0.02)
            d.cancel()
            assert d.response(method="CANCEL").status == 200
            e.cancelled(m)
            d.failed(487)
            continue
        d.ack(d.response(wanted, method="INVITE"))
        e.get("ACK")
        if wanted == 200:
            d.bye(e)
        elif status == 200:
            e.hung_up()


def proxied(s, sender, header, status, values):
    for value in values:
        got = sender.answer(sender.request("INVITE", header, value))[0]
        assert got == status, f"{header}: {value!r} got {got}, not {status}"


def in_dialogs(s, alice, bob, da):
    """REFER and PRACK belong to a call: that one goes on."""
    def asked(d, method, header, value, status):
        d.request(method, headers=[(header, value)] if value is not None else [])
        assert d.response(method=method).status == status, f"{header}: {value!r}"

    values = [None, "", "<sip:x", "*", "x y", "<sip:>"]
    counted(s, "malformed.refer-to", len(values), lambda: [asked(da, "REFER", "Refer-To", v, 400) for v in values])
    d = alice.invite("1002", headers=[("Supported", "100rel"), ("Require", "100rel")])
    e, invite = bob.answer_invite()
    e.reply(invite, 180, "Ringing")
    ringing, number = d.response(180), d.cseq
    values = [None, "", "x", "1", "1 x INVITE", f"{ringing.get('rseq')} {number}", f"-1 {number} INVITE"]
    counted(s, "malformed.rack", len(values), lambda: [asked(d, "PRACK", "RAck", v, 400) for v in values])
    asked(d, "PRACK", "RAck", f"{ringing.get('rseq')} {number} INVITE", 200)
    e.refuse(invite, 486)
    d.cseq = number
    d.failed(486)


def subscribes(s, carrier):
    for value in (None, ""):
        answer = carrier.ask("SUBSCRIBE", f"sip:1002@{s.gw_b}", [("Event", value)] if value is not None else [])
        assert answer.status == 489, answer


with stage(more="domain proxy.invalid { role = proxy }") as s:
    alice, bob = s.pair()
    carrier = s.carrier()
    da, db, beside, ok = s.call(alice, bob)
    sender, user, registrar, proxy = Sender(s, carrier), Sender(s, alice), Sender(s, bob), Sender(s, alice, "proxy.invalid")
    for header, status, name, values in REFUSED:
        counted(s, name, len(values), lambda: refused(s, sender, header, status, values))
    for header, status, name, values in CREDENTIALS:
        counted(s, name, len(values), lambda: proxied(s, user, header, status, values))
    for header, status, name, values in PROXIED:
        counted(s, name, len(values), lambda: proxied(s, proxy, header, status, values))
    counted(s, "malformed.event", 2, lambda: subscribes(s, carrier))
    bob.nothing(lambda m: m.method in ("INVITE", "SUBSCRIBE"), 0.1)
    for header, name, values in IGNORED:
        if name:
            counted(s, name, len(values), lambda: ignored(s, sender, bob, header, values))
        else:
            ignored(s, sender, bob, header, values)
    for header, values in OPAQUE:
        ignored(s, sender, bob, header, values, True)
    for status, header, name, wanted, values in ANSWERED:
        n = len(values) * (2 if (status, wanted) == (200, 500) else 1)  # once more for the BYE
        counted(s, name, n, lambda: answered(s, carrier, bob, status, header, wanted, values))
    for header, status, name, values in REGISTERS:
        n = len(values) * (2 if status == 401 else 1)  # once more for the first challenge
        counted(s, name, n, lambda: registers(s, registrar, header, status, values))
    in_dialogs(s, alice, bob, da)
    ma, mb = s.media(alice), s.media(bob)
    both_ways(ma, Sdp(ok.body).at(), mb, Sdp(beside.body).at(), 5)
    da.bye(db)
