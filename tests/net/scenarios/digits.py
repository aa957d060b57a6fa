#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: media
"""Digits as telephone-events (RFC 4733) pass through a call as they are, and are seen: by the number that each side was offered."""
import struct
import sys
import time
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from lab import SOON  # noqa: E402
from media import both_ways  # noqa: E402
from sipmsg import Sdp  # noqa: E402


def with_events(sdp, pt):
    """The description with telephone-events at payload type pt, instead of what it may say of them."""
    lines = [l for l in sdp.split("\r\n") if "telephone-event" not in l]
    for i, l in enumerate(lines):
        if l.startswith("m=audio"):
            words = [w for n, w in enumerate(l.split()) if n < 3 or w in ("0", "8")]
            lines[i] = " ".join(words + [str(pt)])
            lines.insert(i + 1, f"a=rtpmap:{pt} telephone-event/8000")
            break
    return "\r\n".join(lines)


def press(media, to, code, pt):
    """Two packets, and the end three times; returns them."""
    sent, ts = [], media.seq * 160 & 0xFFFFFFFF
    for marker, end, duration in ((0x80, 0, 160), (0, 0, 320), (0, 0x80, 480), (0, 0x80, 480), (0, 0x80, 480)):
        media.seq += 1
        sent.append(struct.pack("!BBHIIBBH", 0x80, marker | pt, media.seq & 0xFFFF, ts, media.ssrc, code, 10 | end, duration))
        media.rtp.sendto(sent[-1], to)
    return sent


with stage() as s:
    alice, bob = s.pair()
    da, db, invite, ok = s.call(alice, bob, offer=with_events(alice.sdp(), 96), answer=with_events(bob.sdp(), 101))
    to_a, to_b = Sdp(ok.body).at(), Sdp(invite.body).at()
    ma, mb = s.media(alice), s.media(bob)
    both_ways(ma, to_a, mb, to_b, 5)
    for sender, to, receiver, pt in ((ma, to_a, mb, 101), (mb, to_b, ma, 96)):
        for code in (1, 11, 15):
            sent = press(sender, to, code, pt)
            assert [data for data, _ in receiver.receive(5)] == sent, "a telephone-event was changed or lost"
    end, seen = time.monotonic() + SOON, []
    while seen != [3, 3] and time.monotonic() < end:
        seen = [st["digits"] for st in s.gw.show("streams")]
    assert seen == [3, 3], f"{seen} digits seen, three were pressed on each side"
    both_ways(ma, to_a, mb, to_b, 5)
    da.request("BYE")
    db.hung_up()
    assert da.response(method="BYE").status == 200
