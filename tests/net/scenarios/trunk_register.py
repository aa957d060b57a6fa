#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""A trunk that registers: digest, stale nonces, 423, refresh before the end, pauses that grow after failures and an end of them; for many numbers by RFC 6140;
calls over it both ways; while it is refused an alarm is on and calls pass it over; its binding is taken away at the end."""
import re
import sys
import time
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from lab import SOON, wait_for  # noqa: E402
from sipmsg import digest, parameters  # noqa: E402

NONCE = 'Digest realm="carrier.example", nonce="{}", qop="auth", algorithm=MD5{}'
MORE = """
trunk reg {{ peer = "{ip}:5091" address = "outside" register = yes auth-user = "acct" password = "secret" domain = "carrier.example" contact-user = "line7"
  register-expiry = 60s register-retry-min = 100ms register-retry-max = 400ms }}
route reg {{ prefix = "7" to = {{ "reg", "carrier" }} strip = 1 }}
"""
PBX = """
trunk pbx {{ peer = "{ip}:5092" address = "outside" register = many auth-user = "pbx" password = "p" domain = "sp.example" register-expiry = 60s }}
"""

with stage(start=False, more="") as s:
    s.gw.configure(more=MORE.format(ip=s.ip_b))
    reg, pbx = s.phone("b", "reg", port=5091), s.phone("b", "pbx", port=5092)
    reg.password = pbx.password = None
    s.gw.start()

    def reply(peer, m, status, headers=()):
        lines = [("Via", v) for v in m.all("via")] + [("From", m.get("from")), ("To", m.get("to") + ";tag=r"), ("Call-ID", m.get("call-id")),
                                                      ("CSeq", m.get("cseq")), *headers]
        text = f"SIP/2.0 {status} So\r\n" + "".join(f"{n}: {v}\r\n" for n, v in lines) + "Content-Length: 0\r\n\r\n"
        peer.send(text.encode(), m.source)

    def next_register(peer, timeout=SOON):
        return peer.request("REGISTER", timeout)

    def state(name="reg"):
        return next((t["state"], t["registration"]) for t in s.gw.show("trunks") if t["trunk"] == name)

    def credentials(m, nonce):
        given = parameters(m.get("authorization"))
        wanted = parameters(digest(NONCE.format(nonce, ""), "REGISTER", m.uri, "acct", "secret", cnonce=given["cnonce"]))
        assert given["response"] == wanted["response"] and given["username"] == "acct", m.raw

    m = first = next_register(reg)
    assert m.uri == "sip:carrier.example" and m.get("from").startswith("<sip:acct@carrier.example>") and m.get("expires") == "60", m.raw
    assert re.match(rf"<sip:line7@{re.escape(s.gw_b)}:5060>", m.get("contact")) and m.get("authorization") is None, m.raw
    reply(reg, m, 401, [("WWW-Authenticate", NONCE.format("n1", ""))])
    again = next_register(reg)
    credentials(again, "n1")
    assert again.cseq == m.cseq + 1 and again.get("call-id") == m.get("call-id"), again.raw
    reply(reg, again, 401, [("WWW-Authenticate", NONCE.format("n2", ", stale=true"))])
    again = next_register(reg)
    credentials(again, "n2")
    reply(reg, again, 423, [("Min-Expires", "90")])
    again = next_register(reg)
    assert again.get("expires") == "90", again.raw
    began = time.monotonic()
    reply(reg, again, 200, [("Contact", again.get("contact") + ";expires=8")])
    wait_for("the registration", lambda: state() == ("up", "registered"))
    m = next_register(reg)
    assert 5.8 < time.monotonic() - began < 8, "refreshed when three quarters are over"
    assert m.get("call-id") == again.get("call-id"), "the registration has one Call-ID (RFC 3261 10.2)"

    # Refused: the trunk is passed over until it is taken again; the pauses grow.
    reply(reg, m, 403)
    wait_for("the refusal", lambda: state() == ("unregistered", "waiting"))
    assert [a["object"] for a in s.gw.show("alarms") if a["name"] == "trunk" and not a["cleared"]] == ["trunk reg"]
    alice, _ = s.pair()
    carrier = s.carrier()
    d = alice.invite("7111")
    dc, invite = carrier.answer_invite()
    dc.reply(invite, 486, "Busy")
    dc.get("ACK")
    d.ack(d.response(486))
    times = []
    for _ in range(4):
        m = next_register(reg)
        times.append(time.monotonic())
        reply(reg, m, 503)
    pauses = [b - a for a, b in zip(times, times[1:])]
    assert all(0.04 < p < 0.7 for p in pauses) and max(pauses) > 0.15, pauses
    reply(reg, next_register(reg), 200, [("Expires", "60")])
    wait_for("the registration", lambda: state() == ("up", "registered"))
    assert not [a for a in s.gw.show("alarms") if a["name"] == "trunk" and not a["cleared"]]

    # Out over it, with credentials when asked; in to its Contact.
    d = alice.invite("7112")
    dr, invite = reg.answer_invite()
    assert invite.uri == "sip:112@carrier.example" and "@carrier.example" in invite.get("from"), invite.raw
    dr.reply(invite, 407, "Who", headers=[("Proxy-Authenticate", NONCE.format("n3", ""))])
    dr.get("ACK")
    dr, invite = reg.answer_invite()
    assert parameters(invite.get("proxy-authorization"))["username"] == "acct", invite.raw
    dr.reply(invite, 200, "OK", reg.sdp())
    d.ack(d.response(200))
    dr.get("ACK")
    d.bye(dr)
    d = reg.invite("1001", uri=f"sip:1001@{s.gw_b}:5060")
    da, invite = alice.answer_invite()
    da.reply(invite, 200, "OK", alice.sdp())
    d.ack(d.response(200))
    da.get("ACK")
    d.bye(da)

    # For many numbers (RFC 6140 5.1). A reload touches only what has changed.
    s.gw.configure(more=(MORE + PBX).format(ip=s.ip_b))
    s.gw.ctl("reload")
    m = next_register(pbx)
    assert m.get("contact") == f"<sip:{s.gw_b}:5060;bnc>" and m.get("require") == "gin" and m.get("proxy-require") == "gin", m.raw
    assert m.get("from").startswith("<sip:pbx@sp.example>"), m.raw
    reply(pbx, m, 200, [("Contact", "<sip:ignored@192.0.2.1>;expires=7"), ("Expires", "60")])
    wait_for("the registration of the PBX", lambda: state("pbx") == ("up", "registered"))
    assert state() == ("up", "registered")
    reg.nothing(lambda m: m.method == "REGISTER", 0.1)

    # Another password is shown at once, in the same binding; what the registrar says of the way to it is the way of calls from then on (RFC 3608).
    s.gw.configure(more=(MORE.replace("60s", "50s") + PBX).format(ip=s.ip_b))
    s.gw.ctl("reload")
    changed = next_register(reg)
    assert changed.get("expires") == "50" and changed.get("call-id") == first.get("call-id") and changed.get("supported") == "path", changed.raw
    reply(reg, changed, 200, [("Expires", "50"), ("Service-Route", "<sip:p1.example;lr>, <sip:p2.example;lr>"), ("Service-Route", "<sip:p3.example;lr>"),
                              ("P-Associated-URI", "<sip:+49301@carrier.example>")])
    wait_for("what the registrar says", lambda: [t["identities"] for t in s.gw.show("trunks") if t["trunk"] == "reg"] == ["<sip:+49301@carrier.example>"])
    d = alice.invite("7113")
    dr, invite = reg.answer_invite()
    assert ", ".join(invite.all("route")) == "<sip:p1.example;lr>, <sip:p2.example;lr>, <sip:p3.example;lr>", invite.raw
    dr.reply(invite, 486, "Busy")
    dr.get("ACK")
    d.ack(d.response(486))

    # A trunk that is gone from the configuration takes its binding away.
    s.gw.configure(more="")
    s.gw.ctl("reload")
    for peer in (reg, pbx):
        m = next_register(peer)
        assert m.get("expires") == "0", m.raw
        reply(peer, m, 200)
