#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""A proxy that is killed: calls in progress go on, one that rings is answered through the next process, another is cancelled through it, a repeated
INVITE is the same one to the callee."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402

PROXY = "role = proxy"

with stage(inside=PROXY, outside=PROXY) as s:
    alice, bob = s.pair()
    talking, talking_b, *_ = s.call(alice, bob)

    ringing = alice.invite("1002")
    ringing_b, invite = bob.answer_invite()
    ringing_b.reply(invite, 180, "Ringing")
    ringing.response(180)

    leaving = alice.invite("1002")
    leaving_b, other = bob.answer_invite()
    leaving_b.reply(other, 180, "Ringing")
    leaving.response(180)

    s.gw.kill("tandem-ca")

    # answered before
    talking_b.request("INVITE", bob.sdp())
    again = talking.get("INVITE")
    talking.reply(again, 200, "OK", alice.sdp())
    talking_b.ack(talking_b.response(200))
    talking.get("ACK")
    talking.bye(talking_b)

    # answered afterwards
    ringing_b.reply(invite, 200, "OK", bob.sdp())
    ringing.ack(ringing.response(200))
    ringing_b.get("ACK")
    ringing.bye(ringing_b)

    # given up afterwards
    leaving.cancel()
    cancel = leaving_b.get("CANCEL")
    assert cancel.all("via")[0] == other.all("via")[0], "another branch: the callee cannot know what is cancelled"
    leaving_b.reply(cancel, 200, "OK", contact=False)
    assert leaving.response(method="CANCEL").status == 200
    leaving_b.reply(other, 487, "Request Terminated")
    leaving.ack(leaving.response(487))
    leaving_b.get("ACK")
