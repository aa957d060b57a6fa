#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: engines
"""Who is refused is counted by reason: strangers at media ports and at the SIP port, wrong credentials, mistakes."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from lab import wait_for  # noqa: E402
from media import Media, both_ways  # noqa: E402
from sipmsg import Sdp, write  # noqa: E402

with stage() as s:
    alice, bob = s.pair()
    da, db, invite, ok = s.call(alice, bob)
    to_a, to_b = Sdp(ok.body).at(), Sdp(invite.body).at()
    both_ways(s.media(alice), to_a, s.media(bob), to_b)
    stranger = Media(s.ns_a, s.another("a"), 45000, 0xBAD)
    said = lambda group, name, daemon="tandem-ca": sum(c["value"] for c in s.gw.show("counters") if c["daemon"] == daemon and c["group"].startswith(group) and c["name"] == name)

    def counted(what, n, group, name, do, daemon="tandem-ca"):
        """Doing that adds n to the counter."""
        before = said(group, name, daemon)
        do()
        wait_for(f"{what}: {group} {name} to be {before + n}, it is {said(group, name, daemon)}", lambda: said(group, name, daemon) == before + n)

    counted("RTP of a stranger", 20, "relay-", "stranger", lambda: stranger.send(to_a, 20), "tandem-mg")
    counted("junk to a media port", 5, "relay-", "junk", lambda: [stranger.rtp.sendto(b"\x7fjunk" + bytes(40), to_a) for _ in range(5)], "tandem-mg")
    counted("RTP to a port of no stream", 7, "relay-", "no-stream",
            lambda: stranger.send((to_a[0], to_a[1] + 1000), 7), "tandem-mg")
    counted("RTCP of a stranger", 1, "relay-", "rtcp-stranger", lambda: stranger.sender_report((to_a[0], to_a[1] + 1), "x@y"), "tandem-mg")
    assert any(r["refused"] >= 20 for r in s.gw.show("streams")), s.gw.show("streams")

    mallory = s.phone("a", "mallory", "guess", port=5071)
    counted("an unknown user", 1, "auth", "unknown-user", lambda: mallory.register())
    counted("a wrong password", 1, "auth", "wrong-password", lambda: alice.register(password="guess"))
    counted("junk to the SIP port", 1, "sip", "junk", lambda: mallory.send(b"nonsense\r\n\r\n"))
    counted("a request without what an answer needs", 1, "sip", "malformed-dropped", lambda: mallory.send(b"INVITE sip:x@y SIP/2.0\r\nCSeq: 1\r\n\r\n"))
    counted("a request for what is not offered", 1, "calls", "refused-bad-request",
            lambda: bob.ask("INVITE", f"sip:1001@{'[%s]' % bob.gateway if s.fb == 6 else bob.gateway}", [("Require", "magic")], bob.sdp()))
    da.bye(db)
