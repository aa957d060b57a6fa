#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""INFO (RFC 6086) both ways: what it says and of which package passes byte for byte, who takes which packages too, and its outcome is the other side's."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402

with stage() as s:
    alice, bob = s.pair()
    d = alice.invite("1002", headers=[("Recv-Info", "dtmf, conference")])
    e, invite = bob.answer_invite()
    assert invite.get("recv-info") == "dtmf, conference", invite.raw
    e.accept(invite, headers=[("Recv-Info", "dtmf")])
    e.get("ACK")
    assert d.connected().get("recv-info") == "dtmf"

    for by, to in ((d, e), (e, d)):
        by.request("INFO", "Signal=5\r\nDuration=160\r\n", content_type="application/dtmf-relay")
        m = to.get("INFO")
        assert m.get("content-type") == "application/dtmf-relay" and m.body == "Signal=5\r\nDuration=160\r\n", m.raw
        to.reply(m, 200, "OK")
        assert by.response(method="INFO").status == 200
        by.request("INFO", "5", headers=[("Info-Package", "dtmf"), ("Content-Disposition", "Info-Package")], content_type="text/plain")
        m = to.get("INFO")
        assert (m.get("info-package"), m.get("content-disposition"), m.body) == ("dtmf", "Info-Package", "5"), m.raw
        to.reply(m, 200, "OK")
        assert by.response(method="INFO").status == 200
        # 481 and 408 would end the asker's own dialog (RFC 3261 12.2.1.2).
        for status, told in ((415, 488), (469, 469), (481, 500)):
            by.request("INFO", "x", content_type="text/x")
            to.reply(to.get("INFO"), status, "No", contact=False)
            assert by.response(method="INFO").status == told, status
        by.request("INFO")
        to.reply(to.get("INFO"), 200, "OK")
        assert by.response(method="INFO").status == 200
    d.bye(e)
