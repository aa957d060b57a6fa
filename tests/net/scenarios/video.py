#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: media
"""Audio and video in one call are both relayed; a rejected stream keeps its place with port 0."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from media import both_ways  # noqa: E402
from sipmsg import Sdp  # noqa: E402


def two(port, video_port=None):
    return [f"m=audio {port} RTP/AVP 0", "a=rtpmap:0 PCMU/8000", f"m=video {port + 2 if video_port is None else video_port} RTP/AVP 99", "a=rtpmap:99 H264/90000"]


with stage() as s:
    alice, bob = s.pair()
    da, db, invite, ok = s.call(alice, bob, offer=alice.sdp(media=two(alice.media_port)), answer=bob.sdp(media=two(bob.media_port)))
    offer, answer = Sdp(invite.body), Sdp(ok.body)
    assert [m["kind"] for m in offer.media] == [m["kind"] for m in answer.media] == ["audio", "video"]
    assert offer.media[1]["formats"] == ["99"] and "H264/90000" in offer.text
    for i in (0, 1):
        both_ways(s.media(alice, alice.media_port + 2 * i), answer.at(i), s.media(bob, bob.media_port + 2 * i), offer.at(i))
    assert len(s.gw.show("streams")) == 4
    da.request("BYE")
    db.hung_up()
    assert da.response(method="BYE").status == 200

    da, db, invite, ok = s.call(alice, bob, offer=alice.sdp(media=two(alice.media_port)), answer=bob.sdp(media=two(bob.media_port, 0)))
    answer = Sdp(ok.body)
    assert [m["port"] == 0 for m in answer.media] == [False, True], answer.text
    assert len(s.gw.show("streams")) == 2, "the rejected stream still holds ports"
    da.request("BYE")
    db.hung_up()
    assert da.response(method="BYE").status == 200
