#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""SIPconnect 1.1, both modes and both ends: static (the peers know each other by address) and registration (RFC 6140: one REGISTER for all numbers), as the enterprise towards a
service provider and as the provider of a PBX. Calls both ways over each, E.164 in Request-URI and From; a PBX calls out through us to our provider."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from lab import wait_for  # noqa: E402

MORE = """
domain proxied.test {{ role = proxy }}
user pbx {{ password = "exchange" numbers = {{ "+4940555100", "+4940555101" }} }}
trunk branch {{ peer = "{ip}:5093" address = "outside" numbers-out = e164 numbers-in = e164 }}
trunk fixed {{ peer = "{ip}:5094" address = "outside" numbers-out = e164 numbers-in = e164 }}
trunk line {{ peer = "{ip}:5095" address = "outside" register = many auth-user = "ent" password = "p" domain = "sp.example" register-expiry = 60s numbers-out = e164 }}
route branch {{ prefix = "+4940666" to = "branch" order = 1 }}
route inbound {{ prefix = "+4930111" to = "alice" }}
route fixed {{ prefix = "+1" to = "fixed" }}
route line {{ prefix = "+33" to = "line" }}
"""

with stage(start=False, sip='country = "49"') as s:
    s.gw.configure(more=MORE.format(ip=s.ip_b))
    branch, fixed, line = (s.phone("b", name, port=port) for name, port in (("branch", 5093), ("fixed", 5094), ("line", 5095)))
    for p in (branch, fixed, line):
        p.password = None
    s.gw.start()
    alice = s.phone("a")
    assert alice.register().status == 200

    def call(a, b, number, uri=None):
        """A call of `a` to that number, which `b` answers and ends; returns the INVITE as it came to `b`."""
        da = a.invite(number, uri=uri)
        db, invite = b.rings()
        da.response(180)
        db.accept(invite)
        da.connected()
        db.get("ACK")
        db.bye(da)
        return invite

    def user(uri):
        return uri.split(":")[1].split("@")[0]

    # static, as the enterprise and as the provider
    assert user(call(alice, fixed, "+12145550100").uri) == "+12145550100"
    call(fixed, alice, "+4930111")
    assert user(call(alice, branch, "+4940666123").uri) == "+4940666123"
    call(branch, alice, "+4930111")
    assert user(call(branch, fixed, "+12145550101").uri) == "+12145550101"

    # registration, as the enterprise: what the provider's registrar gets, and calls to and from the Contact
    m = line.request("REGISTER")
    assert m.get("contact") == f"<sip:{s.gw_b}:5060;bnc>" and m.get("require") == "gin" and m.get("proxy-require") == "gin" and "path" in m.get("supported"), m.raw
    text = "".join(f"{n}: {v}\r\n" for n, v in [*(("Via", v) for v in m.all("via")), ("From", m.get("from")), ("To", m.get("to") + ";tag=r"), ("Call-ID", m.get("call-id")),
                                                ("CSeq", m.get("cseq")), ("Contact", m.get("contact") + ";expires=60"), ("Content-Length", "0")])
    line.send(f"SIP/2.0 200 OK\r\n{text}\r\n".encode(), m.source)
    wait_for("the registration", lambda: next(t for t in s.gw.show("trunks") if t["trunk"] == "line")["registration"] == "registered")
    assert call(alice, line, "+33155501").uri == "sip:+33155501@sp.example"
    call(line, alice, "+4930111", uri=f"sip:+4930111@{s.gw_b}:5060")

    # registration, as the provider: refused with a user part or without gin, else good for every number
    pbx = s.phone("b", "pbx", "exchange", port=5096, ip=s.another("b"))
    where = f"{pbx.ip}:5096"
    gin = [("Require", "gin"), ("Proxy-Require", "gin"), ("Supported", "path")]
    m = pbx.register(contacts=[f"<sip:x@{where};bnc>"], headers=gin)
    assert m.status == 400, m.raw
    assert pbx.register(contacts=[f"<sip:{where};bnc>"]).status == 400
    assert pbx.register(contacts=[f"<sip:{where};bnc>"], headers=gin, expires=10).status == 423
    ok = pbx.register(contacts=[f"<sip:{where};bnc>"], headers=gin)
    assert ok.status == 200 and f"<sip:{where};bnc>;expires=300" in ok.get("contact"), ok.raw
    for number in ("+4940555100", "+4940555101"):
        assert call(alice, pbx, number).uri == f"sip:{number}@{where}"
        assert call(alice, pbx, number, uri=f"sip:{number}@proxied.test").uri == f"sip:{number}@{where}"
    call(fixed, pbx, "+4940555101")
    s.gw.kill("tandem-ca")
    assert call(alice, pbx, "+4940555101").uri == f"sip:+4940555101@{where}"
    # it calls as any of its numbers, and as no other
    own = pbx.uri
    pbx.uri = lambda user=None, at=None: own("+4940555101" if at else user, at)
    assert user(call(pbx, fixed, "+12145550102").get("from").split("<")[1].split(">")[0]) == "+4940555101"
    call(pbx, alice, "+4930111")
    pbx.uri = lambda user=None, at=None: own("+4940999999" if at else user, at)
    pbx.invite("+4930111").failed(403)
    del pbx.uri
    assert pbx.register(contacts=[f"<sip:{where};bnc>"], headers=gin, expires=0).status == 200
    alice.invite("+4940555101").failed(480)
