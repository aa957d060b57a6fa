#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""SIGTERM after a quiet while: whoever is in a call is told to hang up, who rings is told to stop, then the daemons end with 0. Whoever holds
descriptors for them has none left by which the next tandem-mg would take itself for the heir of one that was killed."""
import signal
import sys
import threading
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from lab import wait_for  # noqa: E402
from supervisor import Supervisor  # noqa: E402

with stage(start=False, idle=False, process="grace = 2s") as s:
    s.gw.supervisor = Supervisor(s.lab)
    s.gw.start()
    assert "tandem-mg.mgcp" in s.gw.supervisor.names()
    alice, bob = s.pair()
    da, db, _, _ = s.call(alice, bob)
    carrier = s.carrier()
    ringing = carrier.invite("1001")
    dr, invite = alice.answer_invite()
    dr.reply(invite, 180, "Ringing")
    ringing.response(180)
    alice.nothing(lambda m: m.method == "BYE", 2.5)
    codes = []
    stopper = threading.Thread(target=lambda: codes.append(s.lab.stop(s.gw.process, signal.SIGTERM)))
    stopper.start()
    da.hung_up()
    db.hung_up()
    cancel = dr.get("CANCEL")
    dr.reply(cancel, 200, "OK", contact=False)
    dr.reply(invite, 487, "Request Terminated")
    final = ringing.response(method="INVITE")
    ringing.ack(final)
    assert final.status in (480, 487, 503), final
    stopper.join()
    assert codes == [0], codes
    wait_for("the supervisor to let go of it", lambda: "tandem-mg.mgcp" not in s.gw.supervisor.names())
    assert len(s.gw.cdrs(2)) == 2, s.gw.cdrs(2)
