# SPDX-License-Identifier: GPL-3.0-or-later
"""A scripted SIP peer: one port in a namespace, over UDP, TCP, TLS or WebSocket. It sends what the scenario says, when it says so, and remembers everything that came, so that
a scenario asserts on what really was on its wire."""
import itertools
import re
import time

from lab import SOON
from sipmsg import Message, digest, sdp, write
from wire import wire

serial = itertools.count(1)


def host(ip):
    return f"[{ip}]" if ":" in ip else ip


class Unexpected(AssertionError):
    pass


class Phone:
    def __init__(self, ns, ip, gateway, user, password=None, port=5060, transport="udp", contexts=None):
        self.ns, self.ip, self.gateway, self.user, self.password, self.port = ns, ip, gateway, user, password, port
        self.transport = transport
        self.nowhere = f"{user}-{next(serial)}.invalid"  # what a WebSocket client has for an address (RFC 7118 5)
        self.wire = wire(ns, ip, port, gateway, transport, contexts)
        self.sock = self.wire.sock
        self.waiting, self.received, self.sent = [], [], []
        self.repeats = 0        # datagrams that were the same as an earlier one
        self.media_port = 40000
        self.proxy = None       # where requests go if not to the gateway
        self.domain = None      # of whom it calls, if that is not the gateway's address
        self.cseq = 0
        self.register_id = f"reg-{next(serial)}@{user}"

    # --- wire

    def send(self, data, to=None):
        self.sent.append(data)
        self.wire.send(data, to or self.proxy)

    def pump(self, timeout):
        """Takes one datagram; False when none came in time."""
        came = self.wire.receive(timeout)
        if not came:
            return False
        raw, source = came
        if any(raw == m.raw for m in self.received):
            self.repeats += 1
            return True
        m = Message(raw, source)
        self.received.append(m)
        self.waiting.append(m)
        return True

    def take(self, wanted, what, timeout=SOON):
        """The first message waiting or coming that `wanted` accepts; others wait on."""
        end = time.monotonic() + timeout
        while True:
            for m in self.waiting:
                if wanted(m):
                    self.waiting.remove(m)
                    return m
            if not self.pump(end - time.monotonic()) and time.monotonic() >= end:
                raise Unexpected(f"{self.user} waited {timeout:g} s for {what}; has {self.waiting}")

    def close(self):
        """It is gone, without a word."""
        self.wire.close()

    def drain(self):
        """Takes all that has come."""
        while self.pump(0):
            pass

    def nothing(self, wanted=lambda m: True, seconds=0.3):
        """Asserts that nothing that `wanted` accepts comes for a while."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.pump(end - time.monotonic())
        found = [m for m in self.waiting if wanted(m)]
        if found:
            raise Unexpected(f"{self.user} got {found}")

    def request(self, method, timeout=SOON):
        return self.take(lambda m: m.method == method, method, timeout)

    # --- plain requests

    def uri(self, user=None, at=None):
        if self.transport in ("ws", "wss") and not at:
            return f"sip:{user or self.user}@{self.nowhere};transport=ws"
        own = f":{self.port}" + (f";transport={self.transport}" if self.transport != "udp" else "")
        return f"sip:{user or self.user}@{host(at or self.ip)}" + (own if not at else "")

    def via(self, branch=None):
        sent_by = self.nowhere if self.transport in ("ws", "wss") else f"{host(self.ip)}:{self.port}"
        return f"SIP/2.0/{self.transport.upper()} {sent_by};branch={branch or f'z9hG4bK-{self.user}-{next(serial)}'};rport"

    def ask(self, method, uri=None, headers=(), body="", replace=None, timeout=SOON, wait=True):
        """Sends a request outside any dialog and returns the final response. `replace` maps header names to other values (None: left out)."""
        call_id = f"ask-{next(serial)}@{self.user}"
        uri = uri or f"sip:{host(self.gateway)}"
        self.cseq += 1
        lines = [("Via", self.via()), ("Max-Forwards", "70"), ("From", f"<{self.uri(at=self.gateway)}>;tag=t{next(serial)}"), ("To", f"<{uri}>"),
                 ("Call-ID", call_id), ("CSeq", f"{self.cseq} {method}"), ("Contact", f"<{self.uri()}>"), *headers]
        if body and not any(n.lower() == "content-type" for n, _ in lines):
            lines.append(("Content-Type", "application/sdp"))
        for name, value in (replace or {}).items():
            lines = [(n, value if n.lower() == name.lower() else v) for n, v in lines if n.lower() != name.lower() or value is not None]
        call_id = dict(lines).get("Call-ID", call_id)
        self.send(write(f"{method} {uri} SIP/2.0", lines, body))
        if not wait:
            return None
        return self.take(lambda m: m.status and m.status >= 200 and m.get("call-id") == call_id, f"final response to {method}", timeout)

    def register(self, expires=300, contacts=None, headers=(), password=None, user=None, algorithm=None, call_id=None, cseq=None, authorize=True,
                 challenge=None, nc=1):
        """REGISTER, with digest when it is asked for; returns the final response. `algorithm` picks among the challenges offered; a `challenge` of before is
        answered at once, for the nc-th time."""
        uri = f"sip:{host(self.gateway)}"
        contacts = [f"<{self.uri()}>"] if contacts is None else contacts
        fixed = [*(("Contact", c) for c in contacts), *([("Expires", str(expires))] if expires is not None else []), *headers]
        call_id = call_id or self.register_id
        if cseq:
            self.cseq = cseq - 1

        def once(authorization):
            self.cseq += 1
            aor = f"<sip:{user or self.user}@{host(self.gateway)}>"
            lines = [("Via", self.via()), ("Max-Forwards", "70"), ("From", f"{aor};tag=r{next(serial)}"), ("To", aor), ("Call-ID", call_id),
                     ("CSeq", f"{self.cseq} REGISTER"), *fixed, *authorization]
            number = self.cseq
            self.send(write(f"REGISTER {uri} SIP/2.0", lines))
            return self.take(lambda m: m.status and m.status >= 200 and m.get("call-id") == call_id and m.cseq == number, "answer to REGISTER")

        answer = None
        if challenge is None:
            answer = once([])
            if answer.status != 401 or not authorize:
                return answer
            offered = answer.all("www-authenticate")
            challenge = next((c for c in offered if algorithm is None or f"algorithm={algorithm}" in c), None)
            if challenge is None:
                raise Unexpected(f"no challenge with {algorithm} among {offered}")
        return once([("Authorization", digest(challenge, "REGISTER", uri, user or self.user, password or self.password, nc))])

    # --- calls

    def sdp(self, **kw):
        return sdp(self.ip, self.media_port, **kw)

    def invite(self, number, body=None, headers=(), uri=None, **kw):
        """Starts a call; answers a challenge. Returns the dialog, with the INVITE out."""
        d = Dialog(self, f"call-{next(serial)}@{self.user}.invalid", **kw)
        at = self.domain or self.gateway
        d.local, d.remote = f'"Phone {self.user}" <{self.uri(at=at)}>;tag={d.tag}', f"<sip:{number}@{host(at)}>"
        d.target = uri or f"sip:{number}@{host(at)}"
        body = self.sdp() if body is None else body
        d.request("INVITE", body, headers)
        if self.password:
            first = self.take(lambda m: m.status and m.get("call-id") == d.call_id and m.status != 100, "a challenge to INVITE")
            if first.status in (401, 407):
                d.ack(first)
                name, value = ("Authorization", first.get("www-authenticate")) if first.status == 401 else \
                    ("Proxy-Authorization", first.get("proxy-authenticate"))
                d.challenge = name, value
                d.request("INVITE", body, [*headers, d.credentials(1)])
            else:
                self.waiting.insert(0, first)
        return d

    def answer_invite(self, timeout=SOON):
        """Waits for an INVITE outside a dialog; returns its dialog and the request."""
        m = self.take(lambda m: m.method == "INVITE" and not m.tag("to"), "INVITE", timeout)
        d = Dialog(self, m.get("call-id"))
        d.local, d.remote = m.get("to") + f";tag={d.tag}", m.get("from")
        d.target, d.routes = m.contact_uri(), m.all("record-route")
        return d, m

    def rings(self, timeout=SOON):
        """Waits for a call and tells that it rings; as answer_invite()."""
        d, m = self.answer_invite(timeout)
        d.reply(m, 180, "Ringing")
        return d, m

    def settle(self):
        """Returns when all that was sent before has been taken: what comes over another wire might overtake it. Leaves no trace."""
        answer = self.ask("OPTIONS")  # which may make another list of what was received
        self.received.remove(answer)
        self.sent.pop()

    def options(self):
        """Whether the gateway still answers."""
        return self.ask("OPTIONS").status


class Dialog:
    """One side of a dialog: makes requests and replies with the right tags, CSeq and target."""

    def __init__(self, phone, call_id):
        self.phone, self.call_id = phone, call_id
        self.tag = f"tag{next(serial)}"
        self.local = self.remote = self.target = None
        self.routes = []
        self.cseq = 0
        self.branch = None

    def credentials(self, nc):
        """The header that answers our challenge, for the nc-th time."""
        name, value = self.challenge
        return name, digest(value, "INVITE", self.target, self.phone.user, self.phone.password, nc)

    def request(self, method, body="", headers=(), cseq=None, content_type="application/sdp"):
        if cseq is None:
            self.cseq += 1
            cseq = self.cseq
        self.branch = f"z9hG4bK-{self.phone.user}-{next(serial)}"
        lines = [("Via", self.phone.via(self.branch)), ("Max-Forwards", "70"), ("From", self.local), ("To", self.remote), ("Call-ID", self.call_id),
                 ("CSeq", f"{cseq} {method}"), ("Contact", f"<{self.phone.uri()}>"), *(("Route", r) for r in self.routes), *headers]
        if body:
            lines.append(("Content-Type", content_type))
        self.invite_lines = lines if method == "INVITE" else getattr(self, "invite_lines", None)
        self.invite_target = self.target if method == "INVITE" else getattr(self, "invite_target", None)
        self.phone.send(write(f"{method} {self.target} SIP/2.0", lines, body))
        return cseq

    def response(self, wanted=None, method=None, timeout=SOON):
        """The next response in this dialog: with that status, or any final one."""
        def fits(m):
            if not m.status or m.get("call-id") != self.call_id or (method and m.cseq_method != method) or m.cseq != self.cseq:
                return False
            return m.status == wanted if wanted else m.status >= 200
        m = self.phone.take(fits, f"response {wanted or 'final'} to CSeq {self.cseq}", timeout)
        if m.status < 300 and m.cseq_method == "INVITE" and m.status > 100:
            self.remote = m.get("to")
            if m.get("contact"):
                self.target = m.contact_uri()
            if "tag=" not in dict(self.invite_lines)["To"]:  # a re-INVITE changes no route set
                self.routes = m.all("record-route")[::-1]
        return m

    def ack(self, response, body=""):
        """ACK of a final response to INVITE: of the transaction for a failure, of the dialog for a 2xx."""
        if response.status >= 300:
            lines = [(n, v) for n, v in self.invite_lines if n in ("Via", "From", "Call-ID", "Max-Forwards", "Route")]
            lines += [("To", response.get("to")), ("CSeq", f"{response.cseq} ACK")]
            self.phone.send(write(f"ACK {self.invite_target} SIP/2.0", lines))
            return
        lines = [("Via", self.phone.via()), ("Max-Forwards", "70"), ("From", self.local), ("To", response.get("to")), ("Call-ID", self.call_id),
                 ("CSeq", f"{response.cseq} ACK"), *(("Route", r) for r in self.routes)]
        if body:
            lines.append(("Content-Type", "application/sdp"))
        self.phone.send(write(f"ACK {self.target} SIP/2.0", lines, body))

    def cancel(self):
        lines = [(n, v) for n, v in self.invite_lines if n in ("Via", "From", "To", "Call-ID", "Max-Forwards", "Route")]
        self.phone.send(write(f"CANCEL {self.invite_target} SIP/2.0", [*lines, ("CSeq", f"{self.cseq} CANCEL")]))

    def reply(self, request, status, reason="Because", body="", headers=(), tag=None, contact=True, content_type="application/sdp"):
        to = request.get("to")
        if not request.tag("to") and status > 100:
            to += f";tag={tag or self.tag}"
        lines = [*(("Via", v) for v in request.all("via")), *(("Record-Route", r) for r in request.all("record-route")), ("From", request.get("from")),
                 ("To", to), ("Call-ID", request.get("call-id")), ("CSeq", request.get("cseq")), *headers]
        if contact and status < 300:
            lines.append(("Contact", f"<{self.phone.uri()}>"))
        if body:
            lines.append(("Content-Type", content_type))
        self.phone.send(write(f"SIP/2.0 {status} {reason}", lines, body), request.source)

    def get(self, method, timeout=SOON):
        """The next request of this dialog with that method."""
        return self.phone.take(lambda m: m.method == method and m.get("call-id") == self.call_id, f"{method} in the dialog", timeout)

    def accept(self, request, body=None, **kw):
        """Answers the INVITE, or another request that offers, with 200 and a description; its Contact is where the other side is from now on."""
        self.target = request.contact_uri() or self.target
        self.reply(request, 200, "OK", self.phone.sdp() if body is None else body, **kw)

    def refuse(self, request, status, reason="So be it", **kw):
        """Refuses the INVITE and waits for the ACK."""
        self.reply(request, status, reason, **kw)
        return self.get("ACK")

    def connected(self, body=""):
        """Waits for the answer to our INVITE and acknowledges it; returns it."""
        ok = self.response(200, method="INVITE")
        self.ack(ok, body)
        self.phone.settle()
        return ok

    def failed(self, status):
        """Waits for the refusal of our INVITE and acknowledges it; returns it."""
        m = self.response(status, method="INVITE")
        self.ack(m)
        return m

    def reinvite(self, other, offer, answer):
        """A re-INVITE that the other dialog answers; returns the request that came there and the answer that came back."""
        self.request("INVITE", offer)
        m = other.get("INVITE")
        other.accept(m, answer)
        ok = self.connected()
        other.get("ACK")
        return m, ok

    def refer(self, to, headers=(), wanted=202):
        """REFER to that URI, which is accepted."""
        self.request("REFER", headers=[("Refer-To", f"<{to}>"), ("Referred-By", f"<{self.phone.uri(at=self.phone.gateway)}>"), *headers])
        answer = self.response(method="REFER")
        if answer.status != wanted:
            raise Unexpected(f"REFER got {answer}")
        return answer

    def told(self, status):
        """The next NOTIFY of our REFER, which tells that status."""
        m = self.get("NOTIFY")
        self.reply(m, 200, "OK", contact=False)
        if not (m.get("event") or "").startswith("refer") or not (m.get("content-type") or "").startswith("message/sipfrag"):
            raise Unexpected(f"no word of a REFER: {m.raw}")
        if not m.body.startswith(f"SIP/2.0 {status} ") or m.get("subscription-state").split(";")[0] != ("terminated" if status >= 200 else "active"):
            raise Unexpected(f"instead of {status} NOTIFY told {m.raw}")

    def give_up(self):
        """CANCEL of our INVITE, up to the ACK of 487."""
        self.cancel()
        if self.response(method="CANCEL").status != 200:
            raise Unexpected("CANCEL was refused")
        return self.failed(487)

    def cancelled(self, invite):
        """Waits for CANCEL of the INVITE, answers both, waits for the ACK; returns the CANCEL."""
        cancel = self.get("CANCEL")
        self.reply(cancel, 200, "OK", contact=False)
        self.refuse(invite, 487, "Request Terminated")
        return cancel

    def hang_up(self):
        """BYE, which is answered with 200."""
        self.request("BYE")
        self.bye_answered()

    def bye_answered(self):
        answer = self.response(method="BYE")
        if answer.status != 200:
            raise Unexpected(f"BYE got {answer}")

    def bye(self, other):
        """Ends the call, which the other dialog must notice; wants 200."""
        self.request("BYE")
        other.hung_up()
        self.bye_answered()

    def hung_up(self, timeout=SOON):
        """Waits for BYE and answers it."""
        m = self.get("BYE", timeout)
        self.reply(m, 200, "OK", contact=False)
        return m
