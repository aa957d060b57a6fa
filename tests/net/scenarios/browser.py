#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""A real browser registers over wss with digest (RFC 7118, RFC 8760), asks OPTIONS, and exchanges MESSAGE with a phone on UDP."""
import shutil
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import skip, stage  # noqa: E402
from browser import Browser  # noqa: E402
from certificates import Authority  # noqa: E402
from sipmsg import digest, write  # noqa: E402

if not shutil.which("chromium"):
    skip("chromium is not installed")



def reply(phone, m):
    """200 to a request outside of dialogs."""
    lines = [*(("Via", v) for v in m.all("via")), ("From", m.get("from")), ("To", m.get("to") + ";tag=x"), ("Call-ID", m.get("call-id")), ("CSeq", m.get("cseq"))]
    phone.send(write("SIP/2.0 200 OK", lines), m.source)


with stage(start=False) as s:
    file, key = Authority(s.lab.dir).sign("gateway", f"IP:{s.gw_a}")
    s.gw.configure(inside='transports = {"wss"} ws-origins = {"http://127.0.0.1:8000"}', certificates=f'certificate gateway {{ file = "{file}" key = "{key}" }}')
    s.gw.start()
    bob = s.phone("b")
    assert bob.register().status == 200
    page = Browser(s.lab, s.ns_a, server=f"wss://{s.gw_a}:8443", user="alice", password="wonderland", domain="test.invalid", to="1002")

    registered = page.wait("registered")
    assert registered.startswith("SIP/2.0 200") and ".invalid;transport=ws" in registered, registered
    where = next(r for r in s.gw.show("registrations") if r["aor"].startswith("alice"))
    assert where["source"].startswith(s.ip_a), where
    options = page.wait("options")
    assert options.startswith("SIP/2.0 200") and "MESSAGE" in options, options

    message = bob.request("MESSAGE")
    assert message.body == "grüße aus dem Browser" and ".invalid" not in repr(message.raw), message.raw
    reply(bob, message)
    assert page.wait("message").startswith("SIP/2.0 200")

    uri, text = f"sip:1001@{s.gw_b}", [("Content-Type", "text/plain")]
    challenge = bob.ask("MESSAGE", uri, text, "back to the browser")
    text.append(("Proxy-Authorization", digest(challenge.get("proxy-authenticate"), "MESSAGE", uri, "bob", "builder")))
    answer = bob.ask("MESSAGE", uri, text, "back to the browser")
    assert answer.status == 200, answer
    got = page.wait("request")
    assert got.startswith("MESSAGE sip:alice@") and ".invalid;transport=ws SIP/2.0" in got and got.endswith("back to the browser"), got
    page.close(s.lab)
