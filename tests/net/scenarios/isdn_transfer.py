#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""Calls with an ISDN party are transferred (RFC 5589): it stays and somebody else takes the phone's place, blind and after a consultation; or it is whom the
transfer leads to. The network is a script (isdn.py)."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage, wait_for  # noqa: E402
from isdn import exchange  # noqa: E402
from media import both_ways  # noqa: E402
from sipmsg import Sdp  # noqa: E402
from steps import in_place_of, replaces  # noqa: E402

CHANNEL = "ds/e1-1/7"

with stage(start=False) as s:
    x, channels = exchange(s, more='user carol { password = "singer" numbers = { "1003" } address = "outside" }\n')
    alice, bob = s.pair()
    carol = s.phone("b", "carol", "singer", port=5070)
    assert carol.register().status == 200

    def called():
        """Alice calls the ISDN, which answers."""
        d = alice.invite("0891234567")
        call = x.told("setup")["call"]
        x.say("answer", call, endpoint=CHANNEL)
        d.connected()
        return d, call

    def talk(phone, at):
        """The phone and the channel, once the gateway has told the channel where it goes now."""
        m, c = s.media(phone), channels.conns[CHANNEL]["media"]

        def passes():
            m.send(at)
            c.send(channels.at(CHANNEL))
            return m.receive(1, 0.1) and c.receive(1, 0.1)
        wait_for("the phone and the channel to hear each other", passes)
        both_ways(m, at, c, channels.at(CHANNEL), 5)
        m.close()

    def over():
        s.gw.over()
        wait_for("the channel to be free", lambda: not channels.conns)

    # The ISDN party stays, bob comes.
    d, call = called()
    d.refer("sip:1002@" + alice.gateway)
    e, invite = bob.rings()
    e.accept(invite)
    e.get("ACK")
    d.told(100)
    d.told(180)
    d.told(200)
    d.hang_up()
    talk(bob, Sdp(invite.body).at())
    e.hang_up()
    x.released(call, 16)
    over()

    # After a consultation.
    d, call = called()
    c, e, invite, _ = s.call(alice, bob)
    d.refer(in_place_of("sip:1002@" + alice.gateway, c))
    m = e.get("INVITE")
    e.accept(m, bob.sdp(version=2))
    e.get("ACK")
    d.told(100)
    d.told(200)
    c.hung_up()
    d.hang_up()
    talk(bob, Sdp(m.body).at())
    x.say("release", call, endpoint=CHANNEL, cause=16, remote=True)
    e.hung_up()
    over()

    # Who did not want to be known when it called is not made known by a transfer, to the ISDN or to a phone, whatever became of the call agent.
    d = bob.invite("1001", headers=[("Privacy", "id")])
    e, invite = alice.answer_invite()
    e.accept(invite)
    d.connected()
    e.get("ACK")
    for number in ("0897654321", "1003"):
        e.refer(f"sip:{number}@{alice.gateway}")
        if number == "1003":
            f, invite = carol.answer_invite()
            assert "anonymous@anonymous.invalid" in invite.get("from") and b"bob@" not in invite.raw.lower(), invite.raw
            f.refuse(invite, 486)
        else:
            args = x.told("setup")
            assert args["calling"]["presentation"] == "restricted" and "name" not in args["calling"], args
            x.say("release", args["call"], endpoint=None, cause=17)
        e.told(100)
        e.told(486)
        if number != "1003":
            alice.settle()
            s.gw.kill("tandem-ca")
            x.connected()
    e.bye(d)
    over()

    # It is where the transfer leads to, whichever of the two asks for it: the network is told who stays.
    for caller_asks, stays, number in (False, bob, "1002"), (True, alice, "1001"):
        d, e, invite, ok = s.call(bob, alice, "1001")
        asks, party = (d, e) if caller_asks else (e, d)
        asks.refer("sip:0897654321@" + alice.gateway)
        args = x.told("setup")
        call, calling = args["call"], args["calling"]
        assert (calling["number"], calling["name"], calling["screening"]) == (number, stays.user.title(), "passed"), args
        x.say("alerting", call, endpoint=CHANNEL)
        x.say("answer", call, endpoint=CHANNEL)
        m = party.get("INVITE")
        party.accept(m, stays.sdp(version=2))
        party.get("ACK")
        asks.told(100)
        asks.told(180)
        asks.told(200)
        asks.hang_up()
        talk(stays, Sdp(m.body).at())
        party.hang_up()
        x.released(call, 16)
    over()
