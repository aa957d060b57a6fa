#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""The call agent stands still for longer than Timer B and F while answers come: they have come in time, whatever was due when it goes on."""
import os
import signal
import sys
import time
sys.path.insert(0, sys.path[0] + "/..")
from gateway import T1_MS, stage  # noqa: E402

with stage() as s:
    alice, bob = s.pair()

    def stall(answer):
        """It stands still, `answer` is given, and it goes on when Timer B is long over."""
        agent = s.gw.pid_of("tandem-ca")
        os.kill(agent, signal.SIGSTOP)
        try:
            answer()
            time.sleep(80 * T1_MS / 1000)
        finally:
            os.kill(agent, signal.SIGCONT)

    # An INVITE: the 200 waits in the socket.
    da = alice.invite("1002")
    db, invite = bob.answer_invite()
    stall(lambda: db.accept(invite))
    da.connected()
    db.get("ACK")

    # A BYE.
    da.request("BYE")
    bye = db.get("BYE")
    stall(lambda: db.reply(bye, 200, "OK", contact=False))
    assert da.response(method="BYE").status == 200
    assert s.gw.counter("sip", "timeout") == 0
