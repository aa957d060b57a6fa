#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""What is odd between SIP and ISDN: either side gives up in each state of the other, answers cross releases, numbers are missing, much too long or none, names have what
would be a header; early media of several, and progress without any. Nothing stays. The network is a script (isdn.py)."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage, wait_for  # noqa: E402
from isdn import exchange  # noqa: E402
from sipmsg import Sdp  # noqa: E402

CHANNEL = "ds/e1-1/7"

with stage(start=False) as s:
    x, channels = exchange(s, isdn="announcement-time = 5s")
    alice, bob = s.pair()

    def over():
        s.gw.over()
        wait_for("the channel to be free", lambda: not channels.conns)

    # --- a SIP caller gives up in each state of the network's call
    for events in ((), ("setup-ack",), ("proceeding",), ("progress",), ("alerting",), ("progress", "alerting"), ("setup-ack", "proceeding", "progress", "alerting", "progress")):
        for progress in ({}, {"progress": 1 if "alerting" in events else 8}) if events else ({},):
            d = alice.invite("0891234567")
            call = x.told("setup")["call"]
            for event in events:
                x.say(event, call, endpoint=CHANNEL, **progress)
            if events and (progress or events[-1] == "alerting"):
                # RFC 4497 8.3.3 to 8.3.5: a description with progress indicators 1 and 8, and the channel is heard.
                told = d.response(180 if "alerting" in events else 183)
                assert bool(told.body) == bool(progress), told.raw
                wait_for("the channel to be heard, or not", lambda: channels.mode(CHANNEL) == ("sendrecv" if progress else "recvonly"))
            d.give_up()
            x.released(call, 16)
            over()
    # ... and just when it is answered: either it has been given up, or it is a call that is hung up.
    d = alice.invite("0891234567")
    call = x.told("setup")["call"]
    x.say("answer", call, endpoint=CHANNEL)
    d.cancel()
    assert d.response(method="CANCEL").status in (200, 481)
    final = d.response(method="INVITE")
    d.ack(final)
    if final.status == 200:
        d.hang_up()
    else:
        assert final.status == 487, final.raw
    x.released(call, 16)
    over()

    # --- the network's caller gives up in each state of the phone
    def comes_in(call, number="1002", **more):
        x.say("setup", call, **{"endpoint": CHANNEL, "overlap": False, "called": {"number": number, "type": "unknown", "plan": "isdn"}, "bearer": "speech", **more})

    for i, statuses in enumerate(((), (180,), (183,), (183, 180), (180, 183))):
        call = f"in-{i}"
        comes_in(call)
        db, invite = bob.answer_invite()
        for status in statuses:
            db.reply(invite, status, "So", bob.sdp() if status == 183 else "")
        if statuses:
            x.told("alerting" if 180 in statuses else "progress", call)
        else:
            db.reply(invite, 100, "Trying")
        x.say("release", call, endpoint=CHANNEL, cause=16, remote=True)
        db.cancelled(invite)
        over()
    # ... and when the phone answers.
    comes_in("in-11")
    db, invite = bob.answer_invite()
    db.accept(invite)
    x.say("release", "in-11", endpoint=CHANNEL, cause=16, remote=True)
    db.get("ACK")
    db.hung_up()
    over()

    # --- progress without media: nothing is cut through, ringing is made when it rings, and the answer is heard
    comes_in("in-12")
    db, invite = bob.answer_invite()
    db.reply(invite, 183, "Session Progress")
    assert x.told("progress", "in-12")["progress"] == 1
    wait_for("the channel to be listened to only", lambda: channels.mode(CHANNEL) == "recvonly")
    db.reply(invite, 180, "Ringing")
    assert x.told("alerting", "in-12")["progress"] == 8
    wait_for("ringback", lambda: channels.signals(CHANNEL)[-1:] == ["G/rt"])
    # Early media of one who is reached through the phone stop it; another one's take their place, one at a time.
    db.reply(invite, 183, "Session Progress", bob.sdp(), tag="one")
    wait_for("silence", lambda: channels.signals(CHANNEL)[-1] == "" and channels.mode(CHANNEL) == "sendrecv")
    db.reply(invite, 183, "Session Progress", bob.sdp(version=5), tag="two")
    db.accept(invite, tag="two")
    db.get("ACK")
    x.told("answer", "in-12")
    x.say("release", "in-12", endpoint=CHANNEL, cause=16, remote=True)
    db.hung_up()
    over()

    # --- numbers: none, one that is too long, one that is none, names that would be headers
    x.say("setup", "in-20", endpoint=CHANNEL, overlap=False, bearer="speech")
    x.released("in-20", 28)
    comes_in("in-21", number="1" * 400)
    x.told("release", "in-21")
    comes_in("in-22", calling={"number": "9" * 300, "type": "international", "presentation": "allowed"})
    x.told("release", "in-22")
    for n, name in enumerate(("Eve\r\nX-Evil: yes", "\"><sip:evil@evil>", "\\", "N" * 120, "\u00e4\u00f6\u00fc \u4f60", "\u0001\u007f")):
        call = f"in-3{n}"
        comes_in(call, calling={"number": "12;x=y@evil.invalid", "type": "unknown", "plan": "isdn", "presentation": "allowed", "name": name})
        db, invite = bob.answer_invite()
        assert not invite.get("x-evil") and "sip:evil@evil>" not in invite.get("from").split("<")[-1] and invite.get("from").count(";tag=") == 1, invite.raw
        assert "@evil.invalid" not in invite.get("from"), invite.raw
        db.refuse(invite, 486)
        x.released(call, 17)
        over()
    s.gw.over()
