# SPDX-License-Identifier: GPL-3.0-or-later
"""Call flows as the RFCs print them: several in one stage, each named after its section, with the messages that arrive at each peer.

    @flow("3.9 Unsuccessful Busy", alice="407 100 486", bob="INVITE ACK")
    def busy(s, alice, bob):
        ...what the phones do...

A peer's messages are written in the order in which they come, as arrows of the RFC's figure that end at that peer: a request by its method, a response to INVITE
by its status, another response as status and method (200/BYE). Messages that may come in any order among themselves stand in braces: {BYE 200/BYE}.
Retransmissions are not counted; anything else that comes, or does not, fails the flow. Flows of several roles are run once in each, s.role
saying which; proxy={"alice": "..."} is another ladder in that role, web=[...] the roles that have it over WebSocket. FLOW=3.9 runs that one alone."""
import os
import re
import sys

from gateway import stage

flows = []


def flow(title, **ladders):
    """Declares a flow; its parameters after the stage are the peers, by name."""
    def declare(f):
        flows.append((title, f, ladders))
        return f
    return declare


def arrow(m):
    """A message as a ladder names it."""
    if m.method:
        return m.method
    return str(m.status) if m.cseq_method == "INVITE" else f"{m.status}/{m.cseq_method}"


def follows(came, ladder):
    """Whether the messages are those of the ladder, in its order."""
    came, want = list(came), re.findall(r"\{[^}]*\}|\S+", ladder)
    for step in want:
        group = sorted(step.strip("{}").split())
        if sorted(came[:len(group)]) != group:
            return False
        del came[:len(group)]
    return not came


def check(peers, ladders):
    """Asserts that these messages came, and forgets them."""
    for name, p in peers.items():
        p.drain()
        came, ladder = [arrow(m) for m in p.received], ladders.get(name, "")
        assert follows(came, ladder), f"at {name} came {' '.join(came) or 'nothing'}, not {ladder or 'nothing'}"
        p.received, p.sent, p.waiting = [], [], []


def run_one(s, f, ladders, peers):
    f(s, *(peers[name] for name in f.__code__.co_varnames[1:f.__code__.co_argcount]))
    s.gw.over()
    check(peers, {**ladders, **ladders.get(s.role, {})})


def pair(s):
    return dict(zip(("alice", "bob"), s.pair()))


def run(cast=pair, roles=("b2bua",), more="", **sections):
    """Runs the declared flows in one stage, once for each role they have, which is that of the domain called; `cast` makes the peers. `more` is further
    configuration, or makes it from the stage."""
    only, both = os.environ.get("FLOW", ""), ("b2bua", "proxy")
    with stage(start=False, **sections) as s:
        s.gw.configure(more="".join(f"domain {role}.invalid {{ role = {role} }}\n" for role in roles) + (more(s) if callable(more) else more))
        s.gw.start()
        peers = cast(s)
        for role in roles:
            s.role = role
            for p in peers.values():
                p.received, p.sent, p.waiting, p.domain = [], [], [], f"{role}.invalid"
            for title, f, ladders in flows:
                in_roles = ladders.get("roles", both)
                if not title.startswith(only) or role not in (ladders.get("web", in_roles) if s.web else in_roles):
                    continue
                try:
                    run_one(s, f, ladders, peers)
                except BaseException:
                    print(f"--- in flow {title} as {role}", file=sys.stderr)
                    raise
        s.gw.idle()
        check(peers, {})
