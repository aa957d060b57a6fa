#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: flows
"""RFC 3665 section 2: registration."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from flows import flow, run  # noqa: E402
from sipmsg import parameters  # noqa: E402


def contacts(answer):
    """Contact URIs of a 200, with their expires parameter."""
    return {c.partition(">")[0].lstrip("<"): int(parameters("x " + c.partition(">")[2])["expires"]) for c in answer.all("contact")}


def again(bob, **kw):
    """Bob has authenticated already: the next REGISTER carries credentials for the challenge he was given."""
    bob.nc += 1
    return bob.register(challenge=bob.challenge, nc=bob.nc, **kw)


@flow("2.1 Successful New Registration", bob="401/REGISTER 200/REGISTER")
def new_registration(s, bob):
    answer = bob.register(expires=7200)
    bob.nc, bob.challenge = 1, bob.received[0].get("www-authenticate")
    challenge = parameters(bob.challenge)
    assert challenge["realm"] == "test.invalid" and challenge["nonce"] and "auth" in challenge["qop"], challenge
    assert answer.status == 200 and contacts(answer) == {bob.uri(): 7200}, answer.raw
    assert answer.tag("to")


@flow("2.2 Update of Contact List", bob="200/REGISTER")
def update(s, bob):
    answer = again(bob, contacts=["<mailto:bob@biloxi.example.com>"], expires=3600)
    assert answer.status == 200 and contacts(answer) == {bob.uri(): contacts(answer)[bob.uri()], "mailto:bob@biloxi.example.com": 3600}, answer.raw


@flow("2.3 Request for Current Contact List", bob="200/REGISTER")
def query(s, bob):
    answer = again(bob, contacts=[], expires=None)
    assert answer.status == 200 and set(contacts(answer)) == {bob.uri(), "mailto:bob@biloxi.example.com"}, answer.raw


@flow("2.4 Cancellation of Registration", bob="200/REGISTER")
def cancellation(s, bob):
    answer = again(bob, contacts=["*"], expires=0)
    assert answer.status == 200 and not answer.all("contact"), answer.raw
    assert not s.gw.show("registrations")


@flow("2.5 Unsuccessful Registration", bob="401/REGISTER 401/REGISTER")
def unsuccessful(s, bob):
    answer = bob.register(password="wrong")
    assert answer.status == 401 and answer.get("www-authenticate"), answer.raw
    assert not s.gw.show("registrations")


run(cast=lambda s: {"bob": s.phone("b")})
