#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: families
"""What passes in a session description: SDES keys and formats do, ICE does not, the other side's addresses do not."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from sipmsg import Sdp  # noqa: E402

with stage() as s:
    alice, bob = s.pair()
    key = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
    secured = [f"m=audio {alice.media_port} RTP/SAVP 8 0 101", "a=rtpmap:8 PCMA/8000", "a=rtpmap:0 PCMU/8000", "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15",
               "a=ptime:20", key, "a=ice-ufrag:abcd", "a=ice-pwd:0123456789012345678901", f"a=candidate:1 1 UDP 2130706431 {alice.ip} 9 typ host", f"a=rtcp:{alice.media_port + 1}"]
    answer = [f"m=audio {bob.media_port} RTP/SAVP 8 101", "a=rtpmap:8 PCMA/8000", "a=rtpmap:101 telephone-event/8000", key.replace("WVN", "AAA")]
    da, db, invite, ok = s.call(alice, bob, offer=alice.sdp(media=secured), answer=bob.sdp(media=answer))
    offered, answered = Sdp(invite.body).media[0], Sdp(ok.body).media[0]
    assert offered["proto"] == answered["proto"] == "RTP/SAVP"
    assert offered["formats"] == ["8", "0", "101"] and answered["formats"] == ["8", "101"], (offered, answered)
    assert key in offered["text"] and key.replace("WVN", "AAA") in answered["text"], "SDES must pass unchanged"
    assert "ice-" not in offered["text"] and "candidate" not in offered["text"], offered["text"]
    rtcp = [line for line in offered["text"].split("\r\n") if line.startswith("a=rtcp:")]
    assert not rtcp or rtcp[0].startswith(f"a=rtcp:{offered['port'] + 1}"), rtcp
    assert "ptime:20" in offered["text"] and "0-15" in offered["text"]
    da.request("BYE")
    db.hung_up()
    assert da.response(method="BYE").status == 200
