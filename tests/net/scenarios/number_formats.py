#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""How each trunk tells numbers, either way: +E.164, digits, national, user=phone, tel with phone-context; which header has the caller; identity trusted or not:
with Privacy: id it never goes to an untrusted peer, and an untrusted one asserts nothing; Identity passes byte for byte."""
import json
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402

MORE = """
trunk national {{ peer = "{ip}:5091" numbers-in = national numbers-out = national number-uri = phone believe-identity = no tell-identity = no diversion = none }}
trunk tel {{ peer = "{ip}:5092" numbers-in = e164 numbers-out = national number-uri = tel caller-in = p-asserted-identity caller-out = p-asserted-identity
  from-user = "account7" from-domain = "tel.example" called-in = to }}
trunk digits {{ peer = "{ip}:5093" numbers-in = digits numbers-out = digits }}
trunk rpid {{ peer = "{ip}:5094" caller-in = remote-party-id caller-out = remote-party-id from-user = "acct" diversion = diversion }}
trunk ppi {{ peer = "{ip}:5095" caller-in = diversion caller-out = p-preferred-identity from-user = "acct" called-in = p-called-party-id diversion = history-info }}
user desk {{ password = "d" numbers = {{ "+4930123456" }} }}
route n {{ prefix = "+493" to = "national" }}
route t {{ prefix = "+494" to = "tel" }}
route e {{ prefix = "+5" to = "rpid" }}
route f {{ prefix = "+6" to = "ppi" }}
user away {{ password = "a" numbers = {{ "+4930999" }} forward-all = "+512" }}
user gone {{ password = "a" numbers = {{ "+4930998" }} forward-all = "+612" }}
route d {{ prefix = "+1" to = "digits" }}
"""
IDENTITY = "eyJhbGciOiJFUzI1NiJ9..c2ln;info=<https://cert.example/p.cer>;alg=ES256;ppt=\"shaken\""

with stage() as s:
    s.gw.configure(sip='country = "49" area = "30"', more=MORE.format(ip=s.ip_b))
    s.gw.ctl("reload")
    alice, _ = s.pair()
    national, tel, digits = (s.phone("b", name, port=port) for name, port in (("national", 5091), ("tel", 5092), ("digits", 5093)))
    desk = s.phone("b", "desk", "d", port=5075)
    assert desk.register().status == 200

    def seen(caller, number, at, headers=(), replace=None, uri=None, to=None):
        """The INVITE that arrives at `at` for a call of a trunk."""
        lines = {"From": replace or f"<sip:+49401@{s.ip_b}>;tag=t1", **({"To": to} if to else {})}
        caller.ask("INVITE", uri or f"sip:{number}@{s.gw_b}", body=caller.sdp(), headers=headers, replace=lines, wait=False)
        d, invite = at.answer_invite()
        d.reply(invite, 486, "Busy Here")
        at.take(lambda m: m.method == "ACK" and m.get("call-id") == d.call_id, "ACK")
        caller.take(lambda m: m.status == 486, "486")
        return invite

    at = f"@{s.ip_b}:"
    # digits -> national: +E.164 between them
    invite = seen(digits, "4930777", national, replace=f'"A" <sip:12125551234@{s.ip_b}>;tag=x')
    assert invite.uri == f"sip:030777{at}5091;user=phone", invite.uri
    assert "<sip:0012125551234@" in invite.get("from") and "user=phone" in invite.get("from"), invite.raw
    # national -> tel: the caller in P-Asserted-Identity, an account in From
    invite = seen(national, "0407777", tel, replace=f"<sip:0305555555@{s.ip_b}>;tag=x", headers=[("P-Asserted-Identity", "<sip:+496667778888@x>"), ("Identity", IDENTITY)])
    assert invite.uri == "tel:0407777;phone-context=+49", invite.uri
    assert invite.get("from").startswith("<sip:account7@tel.example>;tag="), invite.raw
    assert invite.get("p-asserted-identity") == "<tel:0305555555;phone-context=+49>", invite.raw
    assert invite.get("identity") == IDENTITY and b"6667778888" not in invite.raw, invite.raw
    # tel -> digits, called number in To, caller in P-Asserted-Identity
    invite = seen(tel, "ignored", digits, to=f"<tel:+1-212-555-9999>", headers=[("P-Asserted-Identity", "<tel:+49-40-88>")])
    assert invite.uri == f"sip:12125559999{at}5093", invite.uri
    assert "<sip:494088@" in invite.get("from") and "494088" in invite.get("p-asserted-identity"), invite.raw
    # into the house: national as +E.164
    invite = seen(national, "030123456", desk, replace=f"<sip:04099999@{s.ip_b}>;tag=x")
    assert "<sip:+494099999@" in invite.get("from"), invite.raw

    # Remote-Party-ID and P-Preferred-Identity, either way; the called number in P-Called-Party-ID; who has passed it on, as each trunk wants it.
    rpid, ppi = s.phone("b", "rpid", port=5094), s.phone("b", "ppi", port=5095)
    invite = seen(rpid, "+6777", ppi, [("Remote-Party-ID", "<sip:+4930111@x>;party=calling")])
    assert invite.get("from").startswith("<sip:acct@") and "<sip:+4930111@" in invite.get("p-preferred-identity") and not invite.get("remote-party-id"), invite.raw
    invite = seen(ppi, "x", rpid, [("P-Called-Party-ID", "<sip:+5777@x>"), ("Diversion", "<sip:+4930222@x>;reason=no-answer")])
    assert invite.uri.startswith("sip:+5777@") and invite.get("from").startswith("<sip:acct@"), invite.raw
    shown = invite.get("remote-party-id")
    assert "<sip:+4930222@" in shown and ";party=calling" in shown and ";privacy=off" in shown, invite.raw
    for number, to, has, has_not in (("+4930999", rpid, "diversion", "history-info"), ("+4930998", ppi, "history-info", "diversion")):
        invite = seen(tel, "x", to, to=f"<tel:{number}>")
        assert invite.get(has) and not invite.get(has_not), invite.raw

    # What is foretold reads numbers as the trunk writes them, whoever names it.
    for source in ("national", f"{s.ip_b}:5091"):
        said = json.loads(s.gw.ctl("--json", "route", "test", source, "0407777", "--caller", "0305555555"))
        assert [(a["uri"], a["caller"]) for a in said["attempts"]] == [("tel:0407777;phone-context=+49", "+49305555555")], said

    # Privacy: id: told to who is trusted, never to others, neither in calls nor in messages.
    private = [("Privacy", "id"), ("P-Asserted-Identity", "<sip:+13334445555@x>")]
    for number, at_peer, known in (("4930777", national, False), ("12125559999", tel, True)):
        (tel if known else digits).ask("MESSAGE", f"sip:{number}@{s.gw_b}", [*private, ("Content-Type", "text/plain")], "hello", wait=False,
                                       replace={"To": "<tel:+12125559999>"} if known else None)
        peer = digits if known else at_peer
        m = peer.request("MESSAGE")
        assert (b"13334445555" in m.raw) == known, m.raw
        lines = [("Via", v) for v in m.all("via")] + [(n, m.get(n.lower())) for n in ("From", "To", "Call-ID", "CSeq")]
        peer.send(("SIP/2.0 200 OK\r\n" + "".join(f"{n}: {v}\r\n" for n, v in lines) + "Content-Length: 0\r\n\r\n").encode(), m.source)
    invite = seen(digits, "4930777", national, private, replace='"Anonymous" <sip:anonymous@anonymous.invalid>;tag=x')
    assert invite.get("p-asserted-identity") is None and b"3334445555" not in invite.raw and invite.get("privacy") == "id", invite.raw
    invite = seen(tel, "x", digits, private, to="<tel:+12125559999>", replace='"Anonymous" <sip:anonymous@anonymous.invalid>;tag=x')
    assert "13334445555" in invite.get("p-asserted-identity") and "anonymous.invalid" in invite.get("from"), invite.raw
