#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""TLS: versions, the certificate by the name asked for (SNI), one replaced under connections that are there, certificates of peers asked for, required and
checked both ways, a handshake that stops; a listener whose port is taken or whose certificate is wrong harms no other and comes when it can."""
import os
import socket
import ssl
import sys
import time
import warnings
sys.path.insert(0, sys.path[0] + "/..")
from certificates import Authority, Contexts  # noqa: E402
from gateway import stage  # noqa: E402
from lab import SOON, entered, wait_for  # noqa: E402

MORE = "connections { receive-timeout = 500ms }"

OWN = 'certificates = { "one", "two" } '

with stage(transport="tls", more=MORE, inside=OWN, outside=OWN + "tls-verify = mutual", start=False) as s:
    one, two = (s.authority.sign(n, f"DNS:{n}.example.com", f"IP:{s.gw_a}", f"IP:{s.gw_b}", "URI:sip:example.com") for n in ("one", "two"))
    certificates = "".join(f'certificate {n} {{ file = "{f}" key = "{k}" }}\n' for n, (f, k) in (("one", one), ("two", two)))
    broken = os.path.join(s.lab.dir, "broken.pem")
    with open(broken, "w") as f:
        f.write("this is no certificate\n")
    wrong = f'certificate wrong {{ file = "{broken}" key = "{broken}" }}\naddress third {{ local = {{ "127.0.0.1" }} sip-port = 5070 tls-port = 5071 certificates = {{ "wrong" }} }}\n'
    s.gw.configure(certificates=certificates + wrong)

    # Somebody else has a port of ours.
    with entered(s.ns_gw):
        thief = socket.socket()
        thief.bind((s.gw_a, 5060))
        thief.listen()
    s.gw.start()
    alarms = {a["object"]: a["detail"] for a in s.gw.show("alarms") if not a["cleared"]}
    assert sorted(alarms) == ["address inside, tcp over IPv4", "address third, tls over IPv4"], alarms
    assert broken in alarms["address third, tls over IPv4"] and "in use" in alarms["address inside, tcp over IPv4"], alarms

    def connect(server=s.gw_a, ns=s.ns_a, name=None, context=None):
        """A TLS connection: asks for `name`, believes the authority."""
        with entered(ns):
            sock = socket.create_connection((server, 5061), SOON)
        if context is None:
            context = ssl.create_default_context(cafile=s.authority.file)
            context.check_hostname = False
        return context.wrap_socket(sock, server_hostname=name)

    def shown(**kw):
        with connect(**kw) as c:
            return dict(x[0] for x in c.getpeercert()["subject"])["commonName"], c.version()

    # Both versions, none older; the certificate that the name asked for is in.
    for version, text in ((ssl.TLSVersion.TLSv1_2, "TLSv1.2"), (ssl.TLSVersion.TLSv1_3, "TLSv1.3")):
        context = Contexts(s.authority, s.gw_a, versions=version).client
        assert shown(name=s.gw_a, context=context) == ("one", text)
    assert [shown(name=n)[0] for n in ("one.example.com", "two.example.com", "three.example.com", None)] == ["one", "two", "one", "one"]
    warnings.simplefilter("ignore", DeprecationWarning)
    old = ssl.create_default_context(cafile=s.authority.file)
    old.check_hostname, old.minimum_version, old.maximum_version = False, ssl.TLSVersion.MINIMUM_SUPPORTED, ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    try:
        connect(context=old)
        raise AssertionError("TLS 1.1 was spoken")
    except ssl.SSLError:
        pass

    # Calls work; `outside` wants to see certificates, and tells whose.
    alice, bob = s.pair()
    names = {c["address"]: c["names"] for c in s.gw.show("connections") if c["peer"].startswith("10.79.")}
    assert names == {"inside": "", "outside": s.ip_b}, names
    da, db, *_ = s.call(alice, bob)

    # Who shows none there, or one that nobody believes, is turned away.
    def refused(context):
        try:
            with connect(s.gw_b, s.ns_b, s.gw_b, context) as c:
                c.settimeout(2)
                c.sendall(b"OPTIONS")
                assert c.recv(100) == b""
        except (ssl.SSLError, ConnectionError):
            pass
    before = s.gw.counter("stream", "tls-failed")
    refused(Contexts(s.authority, s.gw_b).client)
    os.mkdir(os.path.join(s.lab.dir, "other"))
    stranger = Authority(os.path.join(s.lab.dir, "other"))
    refused(Contexts(s.authority, s.gw_b, stranger.sign("bob", f"IP:{s.ip_b}")).client)
    wait_for("both to be counted", lambda: s.gw.counter("stream", "tls-failed") == before + 2)

    # A handshake that stops.
    before = s.gw.counter("stream", "tls-failed")
    started = time.monotonic()
    with entered(s.ns_a):
        stalled = socket.create_connection((s.gw_a, 5061), SOON)
    stalled.sendall(b"\x16\x03\x01\x02\x00\x01")
    try:
        while stalled.recv(1000):
            pass
    except ConnectionError:
        pass
    assert 0.45 < time.monotonic() - started < 5
    assert s.gw.counter("stream", "tls-failed") == before + 1

    # We look at whom we connect to: a trunk's certificate must be for its address.
    carrier = s.carrier()
    da2, db2, *_ = s.call(alice, carrier, "91234")
    da2.bye(db2)
    carrier.wire.hang_up()
    carrier.wire.contexts = Contexts(s.authority, s.gw_b, s.authority.sign("thief", "DNS:elsewhere.example.com"))
    wait_for("the trunk's connection to end", lambda: not [c for c in s.gw.show("connections") if c["peer"].endswith(":5080")])
    d = alice.invite("91234")
    try:
        carrier.pump(0.5)
    except (ssl.SSLError, ConnectionError):
        pass
    m = d.response()
    assert m.status >= 500, m
    d.ack(m)

    # The certificate is replaced: new connections see the new one, those that are there go on. A wrong one changes nothing.
    s.authority.sign("one", "DNS:new.example.com")
    s.gw.configure(certificates=certificates)
    assert shown(name="one.example.com")[0] == "one"
    s.gw.ctl("reload")
    with connect(name=None) as c:
        assert c.getpeercert()["subjectAltName"] == (("DNS", "new.example.com"),)
    da.bye(db)
    assert {p.wire.mine is not None for p in (alice, bob)} == {True}
    os.rename(one[0], one[0] + ".good")
    try:
        s.gw.ctl("reload")
        raise AssertionError("a certificate that is not there was taken")
    except RuntimeError as e:
        assert one[0] in str(e), e
    os.rename(one[0] + ".good", one[0])
    with connect(name=None) as c:
        assert c.getpeercert()["subjectAltName"] == (("DNS", "new.example.com"),)

    # The port becomes free.
    thief.close()
    wait_for("the listener", lambda: not [a for a in s.gw.show("alarms") if "tcp" in a["object"] and not a["cleared"]])
    with entered(s.ns_a):
        socket.create_connection((s.gw_a, 5060), SOON).close()
