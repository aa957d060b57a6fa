#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: engines
"""Media that should flow and does not ends the call on both sides, whichever of them is silent; on hold it does not."""
import contextlib
import sys
import threading
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from media import both_ways  # noqa: E402
from sipmsg import Sdp  # noqa: E402


@contextlib.contextmanager
def talking(media, to):
    """Sends meanwhile."""
    over = threading.Event()

    def talk():
        while not over.wait(0.1):
            media.send(to)

    thread = threading.Thread(target=talk)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


with stage(media="silence-timeout = 1s") as s:
    alice, bob = s.pair()
    media = {phone: s.media(phone) for phone in (alice, bob)}
    for talker in (alice, bob):
        da, db, invite, ok = s.call(alice, bob)
        to = {alice: Sdp(ok.body).at(), bob: Sdp(invite.body).at()}
        both_ways(media[alice], to[alice], media[bob], to[bob])
        with talking(media[talker], to[talker]):
            da.hung_up()
            db.hung_up()
        s.gw.idle()

    da, db, invite, ok = s.call(alice, bob)
    da.request("INVITE", alice.sdp(version=2, direction="inactive"))
    m = db.get("INVITE")
    db.reply(m, 200, "OK", bob.sdp(version=2, direction="inactive"))
    da.ack(da.response(200))
    db.get("ACK")
    alice.nothing(lambda m: m.method == "BYE", 2.5)
    bob.nothing(lambda m: m.method == "BYE", 0.1)
    da.request("BYE")
    db.hung_up()
    assert da.response(method="BYE").status == 200
