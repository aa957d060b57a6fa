#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""A proxied call that may not last any longer gets BYE on both sides, in each other's name, with a Reason: the talking time of a fraud limit, sip.max-duration (after a restart, too, and
after requests of either side), the operator, also before the answer, an emergency call that needs the trunk's only line, the end of the gateway. Phones behind NATs get theirs on their flows."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402

PROXY = "role = proxy"
MORE = """
destination premium { prefix = { "0900" } }
fraud dear { destinations = { "premium" } talk-per-day = 1s }
site here { emergency = { "112" } emergency-to = { "carrier" } }
"""

with stage(inside=PROXY, outside=PROXY, sip="max-duration = 4s", trunk="max-calls = 1", more=MORE, idle=False) as s:
    alice, bob = s.pair()
    carrier = s.carrier()

    def ended(da, db, cause):
        """Both sides get a BYE that is the other's next request."""
        for one, other in ((da, db), (db, da)):
            m = one.hung_up()
            assert m.get("from").split("tag=")[1] == other.tag and m.get("to").split("tag=")[1] == one.tag, m.raw
            assert m.uri == one.phone.uri() and not m.get("route") and m.get("reason") == f"Q.850;cause={cause}", m.raw
            assert m.cseq > other.cseq, m.raw
        alice.nothing(lambda m: m.method == "BYE", 0.05)

    # the longest time; after requests of both sides, and after a restart
    da, db, _, _ = s.call(alice, bob)
    db.reinvite(da, bob.sdp(), alice.sdp())
    da.reinvite(db, alice.sdp(), bob.sdp())
    s.gw.kill("tandem-ca")
    ended(da, db, 102)

    # the talking time of the day
    da, dc, _, _ = s.call(alice, carrier, "90900666")
    ended(da, dc, 21)

    # the operator
    da, db, _, _ = s.call(alice, bob)
    s.gw.ctl("hangup", s.gw.show("calls")[0]["id"])
    ended(da, db, 16)

    # the same while it rings: it is over when it is answered
    da = alice.invite("1002")
    db, invite = bob.rings()
    s.gw.ctl("hangup", s.gw.show("calls")[0]["id"])
    assert not s.gw.show("calls")
    db.accept(invite)
    da.connected()
    db.get("ACK")
    ended(da, db, 16)

    # an emergency call takes the only line
    da, dc, _, _ = s.call(alice, carrier, "9555")
    bob.password = None
    help_me = bob.invite("112")
    psap, sos = carrier.rings()
    ended(da, dc, 8)
    psap.accept(sos)
    help_me.connected()
    psap.get("ACK")
    help_me.bye(psap)
    bob.password = "builder"

    # behind a NAT: its Contact leads nowhere, its flow does
    own = bob.uri
    bob.uri = lambda user=None, at=None: own(user, at) if at else "sip:bob@10.9.9.9:5060"
    assert bob.register(contacts=["<sip:bob@10.9.9.9:5060>"], call_id="nat").status == 200
    assert bob.register(0, contacts=[f"<{own()}>"]).status == 200
    da, db, _, _ = s.call(alice, bob)
    ended(da, db, 102)
    s.gw.idle()
    rows = s.gw.cdrs(7)
    ends = sorted((r["called"], r["released_by"]) for r in rows if r["answer"])
    assert ends == [("1002", "operator"), ("1002", "tandem"), ("1002", "tandem"), ("112", "caller"), ("90900666", "tandem"), ("9555", "tandem")], ends

    # the end
    da, db, _, _ = s.call(alice, bob)
    s.gw.process.terminate()
    ended(da, db, 16)
