#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""RFC 5626 7: a phone with two flows loses the one it registered last; a call rings it on the other at once, through the proxy and through the B2BUA. There a
flow fails by its connection, by 430, by what the network says and by silence; a phone that has answered is not called again. A phone that only listens (no
outbound) is connected to."""
import sys
import time
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from lab import wait_for  # noqa: E402

ONE = "<urn:uuid:00000000-0000-1000-8000-000000000001>"


def two_flows(s, transport=None):
    phones = [s.phone("b", "bob", port=port, transport=transport) for port in (5060, 5062)]
    for n, phone in enumerate(phones, 1):
        flow(phone, n)
    return phones


def flow(phone, n):
    contact = f'<{phone.uri()};ob>;+sip.instance="{ONE}";reg-id={n}'
    assert phone.register(contacts=[contact], headers=[("Supported", "path, outbound")]).status == 200


def talks(d, phone):
    """Its phone rings and answers: the call ends as calls do."""
    other, invite = phone.answer_invite()
    other.accept(invite)
    d.connected()
    other.get("ACK")
    d.bye(other)


def silent(phone):
    phone.nothing(lambda m: m.method == "INVITE", 0.1)


def refused(s, alice, phone, other):
    d = alice.invite("1002")
    dialog, invite = phone.answer_invite()
    dialog.refuse(invite, 486, "Busy Here")
    d.failed(486)
    silent(other)


def connections(role):
    with stage(transport="tcp", inside=role, outside=role, t1=100, t2=800) as s:  # Timer B is 6.4 s
        alice = s.phone("a")
        assert alice.register().status == 200
        first, second = two_flows(s)
        refused(s, alice, second, first)
        second.close()
        talks(alice.invite("1002"), first)
        # and none at all
        first.close()
        started = time.monotonic()
        alice.invite("1002").failed(480)
        assert time.monotonic() - started < 4, "it was waited for"
        if role:
            return
        # No outbound: its Contact is where it listens.
        desk = s.phone("b", "bob", port=5070)
        assert desk.register().status == 200
        desk.wire.hang_up()
        wait_for("the connection to end", lambda: len(s.gw.show("connections")) == 1)
        talks(alice.invite("1002"), desk)


def silence():
    """Who has been told how often to be heard, and is not, has lost that flow; who is, keeps it."""
    with stage(transport="tcp", registrar="flow-timer = 1s", more="connections { idle-timeout = 0 receive-timeout = 500ms }") as s:
        alice = s.phone("a")
        assert alice.register().status == 200
        first, second = two_flows(s)

        def others():
            first.wire.mine.sock.sendall(b"\r\n\r\n")
            return [c["peer"] for c in s.gw.show("connections") if c["address"] == "outside"]
        wait_for("the silent flow to end", lambda: len(others()) == 1, step=0.2)
        first.drain()
        assert [c["address"] for c in s.gw.show("connections")].count("inside") == 1, "who has promised nothing may be silent"
        talks(alice.invite("1002"), first)


def datagrams():
    with stage(sip="first-response = 500ms") as s:
        alice = s.phone("a")
        assert alice.register().status == 200
        first, second = two_flows(s)
        refused(s, alice, second, first)

        # The proxy in front of it has lost it.
        d = alice.invite("1002")
        dialog, invite = second.answer_invite()
        dialog.refuse(invite, 430, "Flow Failed")
        talks(d, first)

        # Nothing comes from there.
        d = alice.invite("1002")
        dialog, invite = second.answer_invite()
        talks(d, first)
        second.drain()
        second.waiting.clear()

        # It has rung: it is not called anew.
        d = alice.invite("1002")
        dialog, invite = second.rings()
        d.response(180)
        dialog.refuse(invite, 408, "Request Timeout")
        d.failed(408)
        silent(first)

        # Nobody is at its port (ICMP).
        second.close()
        talks(alice.invite("1002"), first)


connections("role = proxy")
connections("")
silence()
datagrams()
