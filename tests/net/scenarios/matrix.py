#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: families
"""What must hold (DESIGN 5) in each state of a call, over each transport and pair of families, when tandem-ca, tandem-mg or both are killed, or a peer is gone: it
does, both peers see it, and nothing is left. Every pair of values is covered; LONG=1 is the full product. CELL=3 runs the cells of that number and on."""
import itertools
import os
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from lab import wait_for  # noqa: E402
from media import both_ways  # noqa: E402
from phone import host  # noqa: E402
from pairwise import pairwise  # noqa: E402
from sipmsg import Sdp  # noqa: E402
from survive import kill  # noqa: E402

STATES = ("ringing", "early media", "answered", "held by A", "held by B", "transferring")
TRANSPORTS = ("udp", "tcp", "tls")
FAMILIES = ("44", "46", "64", "66")
DEATHS = ("ca", "mg", "both", "callee", "caller")
KILLS = {"ca": ["ca"], "mg": ["mg"], "both": ["ca", "mg"]}


class Cell:
    """One call, brought into a state."""

    def __init__(self, s, alice, bob, state):
        self.s, self.alice, self.bob, self.state = s, alice, bob, state
        self.answered = state not in ("ringing", "early media")
        self.media = s.media(alice), s.media(bob)
        self.a = alice.invite("1002")
        self.b, self.invite = bob.answer_invite()
        if state == "early media":
            self.b.reply(self.invite, 183, "Session Progress", bob.sdp())
            self.to_a = self.a.response(183)
            self.talk()
            return
        self.b.reply(self.invite, 180, "Ringing")
        self.a.response(180)
        if self.answered:
            self.answer()
        if state.startswith("held"):
            one, other = self.sides(state[-1])
            one.reinvite(other, one.phone.sdp(version=2, direction="sendonly"), other.phone.sdp(version=2, direction="recvonly"))
        if state == "transferring":
            self.transfer()

    def transfer(self):
        """B sends A to Carol, whose phone rings."""
        self.carol = self.s.phone("b", "carol", "singer", port=5070, transport=self.bob.transport)
        assert self.carol.register().status == 200
        self.b.refer(f"sip:1003@{host(self.s.gw_b)}")
        self.b.told(100)
        self.c, self.to_carol = self.carol.rings()
        self.b.told(180)

    def transferred(self, death):
        """Carol answers. Who stays is A, if A is still there; then A and Carol have each other."""
        self.c.accept(self.to_carol)
        self.c.get("ACK")
        if death == "caller":
            for d in (self.b, self.c):
                d.hung_up(6)
            return
        if death != "callee":
            self.b.told(200)
            self.b.hung_up()
        offer = self.a.get("INVITE")
        self.a.accept(offer, self.alice.sdp(version=9))
        self.a.get("ACK")
        carol = self.s.media(self.carol)
        both_ways(self.media[0], Sdp(offer.body).at(), carol, Sdp(self.to_carol.body).at(), 5)
        carol.close()
        self.c.bye(self.a)

    def sides(self, first):
        return (self.a, self.b) if first == "A" else (self.b, self.a)

    def answer(self):
        self.b.accept(self.invite)
        self.to_a = self.a.connected()
        self.b.get("ACK")
        self.talk()

    def talk(self):
        """Both hear each other, at the ports of before."""
        both_ways(self.media[0], Sdp(self.to_a.body).at(), self.media[1], Sdp(self.invite.body).at(), 5)

    def ends_unanswered(self):
        """A call that was not answered ended with tandem-ca, and both are told."""
        self.a.failed(503)
        self.b.cancelled(self.invite)

    def goes_on(self):
        """It can be answered, taken from hold, talked on, and ended by either side."""
        if not self.answered:
            if self.state == "early media":
                self.talk()
            self.answer()
        one, other = self.sides("B" if self.state.endswith("B") else "A")
        one.reinvite(other, one.phone.sdp(version=3), other.phone.sdp(version=3))
        self.talk()
        other.bye(one)

    def loses(self, stays):
        """One peer is gone while it rings: the other one is told, at the latest when it hangs up or answers."""
        if stays is self.a:
            stays.give_up()
        else:
            stays.accept(self.invite)
            stays.get("ACK")
            stays.hung_up(8)

    def probed(self, stays, gone):
        """Both have answered OPTIONS, twice, as the first may have been answered too late; then one does no more, and the other gets BYE."""
        for _ in range(2):
            for d in (stays, gone):
                d.reply(d.get("OPTIONS"), 200, "OK", contact=False)
        gone.phone.close()
        while True:
            m = stays.phone.take(lambda m: m.method in ("OPTIONS", "BYE") and m.get("call-id") == stays.call_id, "OPTIONS or BYE", 6)
            stays.reply(m, 200, "OK", contact=False)
            if m.method == "BYE":
                return

    def reconnect(self):
        """TLS does not outlive the process: whoever used it comes again."""
        for p in self.s.phones:
            if p.transport == "tls":
                p.drain()
                assert p.register().status == 200

    def run(self, death):
        if death in KILLS:
            kill(self.s.gw, KILLS[death], 0)
            if "ca" in KILLS[death]:
                self.reconnect()
            if "ca" in KILLS[death] and not self.answered:
                self.ends_unanswered()
            elif "ca" in KILLS[death] and self.state == "transferring":
                self.c.cancelled(self.to_carol)
                self.goes_on()
            elif self.state == "transferring":
                self.transferred(death)
            else:
                self.goes_on()
        else:
            gone, stays = self.sides("A" if death == "caller" else "B")
            if self.state == "transferring":
                gone.phone.close()
                self.transferred(death)
            elif not self.answered:
                gone.phone.close()
                self.loses(stays)
            else:
                self.probed(stays, gone)
        for m in self.media:
            m.close()


def peers(s, *transports):
    """Alice and Bob, registered anew: those of the last cell may be gone."""
    for p in s.phones:
        p.close()
    s.phones.clear()
    both = [s.phone(side, transport=t) for side, t in zip("ab", transports)]
    for p in both:
        assert p.register().status == 200
    return both


def cells(families):
    factors = STATES, TRANSPORTS, TRANSPORTS, FAMILIES, DEATHS
    rows = itertools.product(*factors) if os.environ.get("LONG") else pairwise(*factors)
    return [row for row in rows if row[3] == families]


CAROL = 'user carol { password = "singer" numbers = { "1003" } address = "outside" }'

with stage(transport="tls", sip="probe-interval = 400ms", more=CAROL, process="restart-max = 20ms") as s:
    for i, (state, ta, tb, families, death) in enumerate(cells(s.families)):
        if i < int(os.environ.get("CELL", "0")):
            continue
        try:
            alice, bob = peers(s, ta, tb)
            Cell(s, alice, bob, state).run(death)
            wait_for("the call to be over", lambda: not any(s.gw.show(what) for what in ("calls", "streams", "endpoints")), 6)
        except BaseException:
            print(f"--- in cell {i}: {state}, {ta} to {tb}, {families}, {death} dies", file=sys.stderr)
            raise
