#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""pulled.py [CASE...]: cards and cables are pulled while calls are up, and put back. The SIP phones see their calls end, and why; the rest of the box goes on."""
import contextlib
import os
import sys

sys.path.insert(0, os.path.join(sys.path[0], "../../isdn"))
from results import base, shows
from box import PATIENCE, box, ended, far_end, far_switch
from lab import wait_for


@contextlib.contextmanager
def pulled(span):
    """A card's span is taken from the driver, as if the card were pulled, and given back in the end."""
    device = os.path.realpath(f"/sys/bus/dahdi_spans/devices/span-{span}/..")
    with open(f"{device}/unassign_span", "w") as f:
        f.write("1")
    try:
        yield
    finally:
        with open(f"{device}/assign_span", "w") as f:
            f.write(f"1:{span}:{base('t1', span)}")


@contextlib.contextmanager
def cut():
    """The ISDN's cable is cut."""
    far_end(False)
    try:
        yield
    finally:
        far_end(True)


def in_service(span):
    """Whether calls can be made over all of a span's channels that carry any."""
    states = [c["state"] for c in b.gw.show("channels") if c["span"] == span]
    return states and set(states) == {"in-service"}


def serves(span):
    wait_for(f"the channels of span {span} to be in service", lambda: in_service(span), PATIENCE, 0.1)


def isdn_card():
    """The ISDN's span is gone: its call ends, others go on; the span is back: calls as before."""
    b.up("pstn", "near", "away")
    (d, _), (e, eb) = b.by_isdn(far), b.by_trunk()
    with pulled(1):
        ended(d, 27)
        b.raised("span-absent", "span 1")
        b.raised("timing-fallback", "timing", "span 2 gives the clock instead of span 1")
        b.raised("isdn-group", "pstn")
        b.refused("85551234")
        b.hang_up(e, eb)
    b.cleared("span-absent", "span 1")
    b.cleared("timing-fallback", "timing")
    b.cleared("isdn-group", "pstn")
    b.up("pstn")
    serves(1)
    far.idle()
    b.hang_up(b.by_isdn(far)[0])
    b.over()


def lines_card():
    """One end of a trunk is gone: its call ends, that of the ISDN goes on."""
    b.up("pstn", "near", "away")
    (d, _), (e, eb) = b.by_isdn(far), b.by_trunk()
    with pulled(2):
        ended(e, 27)
        b.raised("span-absent", "span 2")
        b.refused("71")
    b.cleared("span-absent", "span 2")
    eb.hung_up(PATIENCE)
    b.up("near", "away", "desk", "city")
    # What the other end was sent between its removal and its being set up again may have been a seizure, and a call to Bob that is given up.
    serves(2)
    serves(3)
    wait_for("one call to be left", lambda: len(b.gw.show("calls")) == 1, PATIENCE, 0.1)
    b.fresh()
    b.hang_up(*b.by_trunk())
    b.hang_up(d)
    b.over()


def isdn_cable():
    """Nothing comes any more: the clock comes from the next source, the D-channel is down, and T309 ends the call. Plugged in again all is as before."""
    b.up("pstn")
    d, _ = b.by_isdn(far)
    far.close()  # its end of the span can be taken then
    with cut():
        b.raised("span-lof", "span 1")
        b.alice.nothing(lambda m: m.method == "BYE")
        b.raised("timing-fallback", "timing", "span 2 gives the clock instead of span 1")
        ended(d, 27)
        b.raised("isdn-d-channel", "ds/ds1-1/24")
        b.refused("85551234")
    with far_switch() as again:
        again.up()
        b.cleared("span-lof", "span 1")
        b.cleared("timing-fallback", "timing")
        b.cleared("isdn-d-channel", "ds/ds1-1/24")
        b.up("pstn")
        serves(1)
        b.hang_up(b.by_isdn(again)[0])
        b.over()


with box() as b, far_switch() as far:
    far.up()
    for case in (isdn_card, lines_card, isdn_cable):
        if case.__name__ in sys.argv[1:] or not sys.argv[1:]:
            b.fresh()
            shows(f"pulled: {case.__name__.replace('_', ' ')}", case)
    if os.environ.get("DEBUG"):
        print(b.gw.log())
