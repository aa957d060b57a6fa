#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""What the ISDN tells in an answered call reaches the SIP phone: its party is held and is back (NOTIFY), digits that it dials as information, a name that comes
late (FACILITY)."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage, wait_for  # noqa: E402
from isdn import exchange  # noqa: E402
from sipmsg import Sdp  # noqa: E402

CHANNEL = "ds/e1-1/7"

with stage(start=False) as s:
    x, channels = exchange(s, isdn="")
    alice, bob = s.pair()

    def changes(d, direction, invite=None):
        """The phone is re-offered, flowing so, and takes it."""
        invite = invite or d.get("INVITE")
        assert Sdp(invite.body).media[0]["direction"] == direction, invite.raw
        d.reply(invite, 200, "OK", alice.sdp(version=changes.version, direction={"sendonly": "recvonly"}.get(direction)))
        changes.version += 1
        d.get("ACK")
        return invite
    changes.version = 2

    # --- a phone has called
    d = alice.invite("0891234567")
    call = x.told("setup")["call"]
    x.say("answer", call, endpoint=CHANNEL)
    d.connected()
    x.say("notify", call, endpoint=CHANNEL, notify=121)
    changes(d, "sendonly")
    x.say("notify", call, endpoint=CHANNEL, notify=122)
    changes(d, "sendrecv")
    x.say("keypad", call, endpoint=CHANNEL, digits="4")
    info = d.get("INFO")
    assert info.get("content-type") == "application/dtmf-relay" and "Signal=4" in info.body, info.raw
    d.reply(info, 200, "OK")
    x.say("party", call, endpoint=CHANNEL, party={"name": "Zoe", "presentation": "allowed"})
    invite = changes(d, "sendrecv")
    assert "Zoe" in invite.get("p-asserted-identity"), invite.raw

    # --- a name that comes while the phone is asked something else is told afterwards
    x.say("notify", call, endpoint=CHANNEL, notify=121)
    asked = d.get("INVITE")
    x.say("party", call, endpoint=CHANNEL, party={"name": "Yvonne", "presentation": "allowed"})
    s.gw.show("lines")
    changes(d, "sendonly", asked)
    invite = changes(d, "sendonly")
    assert "Yvonne" in invite.get("p-asserted-identity"), invite.raw
    d.hang_up()
    x.released(call, 16)
    s.gw.over()

    # --- the name of who calls follows: with the INVITE when it is there in time
    x.say("setup", "in-1", endpoint=CHANNEL, bearer="speech", overlap=True, called={"number": "100", "type": "unknown", "plan": "isdn"},
          calling={"number": "891110000", "type": "national", "plan": "isdn", "presentation": "allowed"})
    x.say("party", "in-1", endpoint=CHANNEL, party={"name": "Erika", "presentation": "allowed"})
    x.say("digits", "in-1", digits="2")
    db, invite = bob.answer_invite()
    assert "Erika" in invite.get("from"), invite.raw
    db.accept(invite)
    db.get("ACK")
    x.told("answer", "in-1")
    db.hang_up()
    x.released("in-1", 16)
    s.gw.over()
