#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""What must hold (DESIGN 5) in each state of a call, over each transport and pair of families, when tandem-ca, tandem-mg or both are killed, or a peer is gone: it
does, both peers see it, and nothing is left. Every pair of values is covered; LONG=1 is the full product. Cells of one death are side by side, BESIDE of them;
CELLS=12:40 are those from the 12th on before the 40th."""
import concurrent.futures
import itertools
import os
import sys
import time
sys.path.insert(0, sys.path[0] + "/..")
from gateway import A, B, INSIDE, OUTSIDE, stage  # noqa: E402
from lab import wait_for  # noqa: E402
from media import Media, both_ways  # noqa: E402
from pairwise import pairwise  # noqa: E402
from phone import Phone, host  # noqa: E402
from sipmsg import Sdp  # noqa: E402
from survive import kill  # noqa: E402

STATES = ("ringing", "early media", "answered", "held by A", "held by B", "transferring")
TRANSPORTS = ("udp", "tcp", "tls", "ws", "wss")
FAMILIES = ("44", "46", "64", "66")
KILLS = {"ca": ["ca"], "mg": ["mg"], "both": ["ca", "mg"]}
DEATHS = (*KILLS, "callee", "caller")
BESIDE = int(os.environ.get("BESIDE", "30"))
LISTEN = 'transports = { "udp", "tcp", "tls", "ws", "wss" }'
USER = 'user {0}{1} {{ password = "pass" numbers = {{ "{2}{1}" }} address = "{3}" }}\n'
PATIENCE = 20  # for what a phone waits, s


class Cell:
    """One call, brought into a state; its parties are A, B and, for a transfer, C, each a user of its own."""

    def __init__(self, s, number, state, to_a, to_b, families, death):
        self.s, self.number, self.state, self.death = s, number, state, death
        self.transports, self.families = {"a": to_a, "b": to_b, "c": to_b}, {"a": int(families[0]), "b": int(families[1]), "c": int(families[1])}
        self.name = f"cell {number}: {state}, {to_a} to {to_b}, {families}, {death} dies"
        self.answered = state not in ("ringing", "early media")
        self.phones, self.media = [], {}

    def users(self):
        return "".join(USER.format(who, self.number, n, "inside" if who == "a" else "outside") for who, n in (("a", 7), ("b", 2), ("c", 3)))

    def phone(self, who, transport=None, port=None):
        """A phone of that party; ports are its alone, in all cells of its side."""
        ns, own, gateway = (self.s.ns_a, A, INSIDE) if who == "a" else (self.s.ns_b, B, OUTSIDE)
        family, transport = self.families[who], transport or self.transports[who]
        port = port or 10000 + 2 * self.number + (who == "c")
        p = Phone(ns, own[family], gateway[family], f"{who}{self.number}", "pass", port, transport, self.s.shown[own[family]])
        p.media_port = 20000 + 4 * self.number + 2 * (who == "c")
        self.phones.append(p)
        return p

    def registered(self, who):
        p = self.phone(who)
        assert p.register().status == 200
        self.media[who] = Media(p.ns, p.ip, p.media_port, 0x1000 + p.media_port)
        return p

    # --- into the state

    def begin(self):
        self.alice, self.bob = self.registered("a"), self.registered("b")
        self.a = self.alice.invite(f"2{self.number}")
        self.b, self.invite = self.bob.answer_invite(PATIENCE)
        if self.state == "early media":
            self.b.reply(self.invite, 183, "Session Progress", self.bob.sdp())
            self.to_a = self.a.response(183)
            self.talk()
            return
        self.b.reply(self.invite, 180, "Ringing")
        self.a.response(180)
        if self.answered:
            self.answer()
        if self.state.startswith("held"):
            one, other = self.sides(self.state[-1])
            one.reinvite(other, one.phone.sdp(version=2, direction="sendonly"), other.phone.sdp(version=2, direction="recvonly"))
        if self.state == "transferring":
            self.transfer()

    def sides(self, first):
        return (self.a, self.b) if first == "A" else (self.b, self.a)

    def answer(self):
        self.b.accept(self.invite)
        self.to_a = self.a.connected()
        self.b.get("ACK")
        self.talk()

    def talk(self):
        """Both hear each other, at the ports of before."""
        both_ways(self.media["a"], Sdp(self.to_a.body).at(), self.media["b"], Sdp(self.invite.body).at(), 5)

    def transfer(self):
        """B sends A to Carol, whose phone rings."""
        self.carol = self.registered("c")
        self.b.refer(f"sip:3{self.number}@{host(self.carol.gateway)}")
        self.b.told(100)
        self.c, self.to_carol = self.carol.rings(PATIENCE)
        self.b.told(180)

    # --- and what must hold then

    def end(self):
        if self.death in KILLS:
            self.after_a_kill("ca" in KILLS[self.death])
        else:
            self.after_a_peer(*self.sides("A" if self.death == "caller" else "B"))

    def after_a_kill(self, agent):
        if agent:
            self.reconnect()
        if agent and not self.answered:
            self.ends_unanswered()
        elif agent and self.state == "transferring":
            self.c.cancelled(self.to_carol)
            self.goes_on()
        elif self.state == "transferring":
            self.transferred()
        else:
            self.goes_on()

    def after_a_peer(self, gone, stays):
        if self.state == "transferring":
            gone.phone.close()
            self.transferred()
        elif not self.answered:
            gone.phone.close()
            self.loses(stays)
        else:
            self.probed(stays, gone)

    def reconnect(self):
        """What tandem-keep does not hold died with the process: whoever used it comes again."""
        for p in self.phones:
            if p.transport in ("tls", "ws", "wss"):
                p.wire.hang_up()
                assert p.register().status == 200

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

    def transferred(self):
        """Carol answers. Who stays is A, if A is still there; then A and Carol have each other."""
        self.c.accept(self.to_carol)
        self.c.get("ACK")
        if self.death == "caller":
            for d in (self.b, self.c):
                d.hung_up(PATIENCE)
            return
        if self.death != "callee":
            self.b.told(200)
            self.b.hung_up()
        offer = self.a.get("INVITE", PATIENCE)
        self.a.accept(offer, self.alice.sdp(version=9))
        self.a.get("ACK")
        both_ways(self.media["a"], Sdp(offer.body).at(), self.media["c"], Sdp(self.to_carol.body).at(), 5)
        self.c.bye(self.a)

    def loses(self, stays):
        """One peer is gone while it rings: the other one is told, at the latest when it hangs up or answers."""
        if stays is self.a:
            stays.give_up()
        else:
            stays.accept(self.invite)
            stays.get("ACK")
            stays.hung_up(PATIENCE)

    def probed(self, stays, gone):
        """Both have answered OPTIONS, twice, as the first may have been answered too late; then one does no more, and the other gets BYE."""
        for _ in range(2):
            for d in (stays, gone):
                d.reply(d.get("OPTIONS"), 200, "OK", contact=False)
        gone.phone.close()
        while True:
            m = stays.phone.take(lambda m: m.method in ("OPTIONS", "BYE") and m.get("call-id") == stays.call_id, "OPTIONS or BYE", PATIENCE)
            stays.reply(m, 200, "OK", contact=False)
            if m.method == "BYE":
                return

    # --- to nothing

    def close(self):
        """All are gone, and their registrations with them."""
        for p in self.phones[:]:
            p.close()
            cleaner = self.phone(p.user[0], "udp", p.port)
            assert cleaner.register(contacts=["*"], expires=0).status == 200
            cleaner.close()
        for m in self.media.values():
            m.close()


def together(cells, what):
    """Does that with all of them at once; the first failure is raised, the others are named."""
    def one(cell):
        try:
            what(cell)
        except BaseException as e:
            return cell, e
    with concurrent.futures.ThreadPoolExecutor(len(cells)) as pool:
        failures = [f for f in pool.map(one, cells) if f]
    for cell, e in failures:
        print(f"--- in {cell.name}: {e!r}"[:400], file=sys.stderr)
    if failures:
        raise failures[0][1]


def run_together(s, death, cells):
    if death in KILLS:
        together(cells, Cell.begin)
        kill(s.gw, KILLS[death], 0)
        together(cells, Cell.end)
    else:  # those that are asked whether they are there cannot wait for others
        together(cells, lambda cell: (cell.begin(), cell.end()))
    s.gw.over()
    together(cells, Cell.close)


NOW = ("transactions-now", "timers-now", "bindings", "calls", "subscriptions", "connections")


def left(s):
    """What is there now, by name; what the store has of it among it."""
    now = {(c["daemon"], c["name"]): c["value"] for c in s.gw.show("counters") if c["name"] in NOW and c["group"] in ("sip", "mgcp", "daemon", "store")}
    now["connections"], now["ports"] = len(s.gw.show("connections")), sum(p["used"] for p in s.gw.show("ports"))
    return now


def is_back(s, before):
    now = left(s)
    return all(now[what] <= before[what] for what in before)


def chosen():
    """All cells that are wanted, by what dies."""
    factors = STATES, TRANSPORTS, TRANSPORTS, FAMILIES, DEATHS
    rows = list(enumerate(itertools.product(*factors) if os.environ.get("LONG") else pairwise(*factors)))
    first, _, last = os.environ.get("CELLS", ":").partition(":")
    rows = rows[int(first or 0):int(last) if last else None]
    return {death: [row for row in rows if row[1][4] == death] for death in DEATHS}


def run(deaths, t1, probe):
    """Whoever shall answer is, with so many at once, sometimes late: T1 allows for that. Of peers who are gone nobody learns before 64 T1."""
    cells = chosen()
    with stage(start=False, transport="tls", t1=t1, t2=8 * t1, sip=f"probe-interval = {probe}", process="restart-max = 20ms", inside=LISTEN, outside=LISTEN) as s:
        s.shown = {own: s.contexts(f"at-{own}", own, gateway) for side, at in ((A, INSIDE), (B, OUTSIDE)) for own, gateway in ((side[f], at[f]) for f in (4, 6))}
        by_death = {death: [Cell(s, number, *row) for number, row in cells[death]] for death in deaths}
        s.gw.configure(more="".join(cell.users() for of in by_death.values() for cell in of))
        s.gw.start()
        before, began = left(s), time.monotonic()
        for death, of in by_death.items():
            for i in range(0, len(of), BESIDE):
                run_together(s, death, of[i:i + BESIDE])
            print(f"{death}: {len(of)} cells, after {time.monotonic() - began:.0f} s", flush=True)
        try:
            wait_for("everything to be as it was", lambda: is_back(s, before))
        except TimeoutError:
            raise AssertionError(f"{left(s)}, at first {before}") from None


run(KILLS, 100, "0s")
run([d for d in DEATHS if d not in KILLS], 20, "400ms")
