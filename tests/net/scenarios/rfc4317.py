#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: flows
"""RFC 4317 sections 2 to 5: offers and answers. Each passes with its streams, formats and directions as they are and with Tandem's own addresses; the version in o=
goes up where the description changed and nowhere else; and then what was agreed is heard, at the ports and addresses that were agreed."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from flows import flow, run  # noqa: E402
from media import Media  # noqa: E402
from sipmsg import Sdp, sdp  # noqa: E402

NAMES = {"0": "PCMU/8000", "8": "PCMA/8000", "97": "iLBC/8000", "99": "iLBC/8000", "98": "telephone-event/8000", "101": "telephone-event/8000",
         "31": "H261/90000", "32": "MPV/90000"}

# A description: its streams, each as kind, port, formats, direction if it is not sendrecv, and @ the host if it is not the party's own.
# An exchange: who offers, the offer, the answer.
EXAMPLES = {
    "2.1 Audio and Video 1": [
        ("alice", ["audio 49170 0 8 97", "video 51372 31 32"], ["audio 49174 0", "video 49170 32"])],
    "2.2 Audio and Video 2": [
        ("alice", ["audio 49170 0 8 97", "video 51372 31 32"], ["audio 49172 0 8", "video 0 31"]),
        ("alice", ["audio 51372 0", "video 0 31"], ["audio 49172 0", "video 0 31"])],
    "2.3 Audio and Video 3": [
        ("alice", ["audio 49170 0 8 97", "video 51372 31 32"], ["audio 49172 99", "video 51374 31"])],
    "2.4 Two Audio Streams": [
        ("alice", ["audio 49170 0 97", "audio 49172 98 sendonly"], ["audio 49172 97", "audio 49174 98 recvonly"])],
    "2.5 Audio and Video 4": [
        ("alice", ["audio 49170 97", "video 51372 31"], ["audio 49174 97", "video 49170 31"]),
        ("bob", ["audio 49178 97 @other", "video 49188 31 @other"], ["audio 49170 97", "video 51372 31"])],
    "2.6 Audio Only 1": [
        ("alice", ["audio 49170 0", "audio 51372 97 101"], ["audio 0 0", "audio 49170 97 101"])],
    "2.7 Audio and Video 5": [
        ("alice", ["audio 49170 99", "video 51372 31"], ["audio 49172 99", "video 51374 31"]),
        ("alice", ["audio 49170 99", "video 51372 31 32"], ["audio 49172 99", "video 51374 31 32"])],
    "2.8 Audio and Video 6": [
        ("alice", ["audio 49170 0 8 97", "video 51372 31 32"], ["audio 49174 0", "video 49172 32 @other"])],
    "3.1 Hold and Unhold 1": [
        ("alice", ["audio 49170 0 97"], ["audio 49172 97 sendonly @other"]),
        ("bob", ["audio 49170 97"], ["audio 49178 97"])],
    "3.2 Hold with Two Streams": [
        ("alice", ["audio 49170 0 97", "audio 49172 98 sendonly"], ["audio 49172 97", "audio 49174 98 recvonly"]),
        ("bob", ["audio 49172 97 sendonly", "audio 49174 98 recvonly"], ["audio 49170 0 97 recvonly", "audio 49172 98 sendonly"])],
    "4.1 Second Audio Stream Added": [
        ("alice", ["audio 49170 0 97"], ["audio 49170 97"]),
        ("bob", ["audio 49170 97", "audio 48282 98 recvonly @other"], ["audio 49170 97", "audio 49172 98 sendonly"])],
    "4.2 Audio, then Video Added": [
        ("alice", ["audio 49170 0"], ["audio 49172 0"]),
        ("alice", ["audio 49170 0", "video 49172 31"], ["audio 49172 0", "video 49168 31"])],
    "4.3 Audio and Video, Then Video Deleted": [
        ("alice", ["audio 49170 97", "video 51372 31"], ["audio 49174 97", "video 49170 31"]),
        ("bob", ["audio 49174 97", "video 0 31"], ["audio 49170 97", "video 0 31"])],
    "5.1 No Media, Then Audio Added": [
        ("alice", [], []),
        ("alice", ["audio 49170 97"], ["audio 49172 97"])],
    "5.2 Hold and Unhold 2": [
        ("alice", ["audio 23442 97 @0.0.0.0"], ["audio 49170 97"]),
        ("alice", ["audio 49170 97"], ["audio 49170 97"])],
    "5.3 Hold and Unhold 3": [
        ("alice", ["audio 49170 97"], ["audio 9322 97 @0.0.0.0"]),
        ("bob", ["audio 49172 97"], ["audio 49170 97"])],
}
HEARS, SPEAKS = ("sendrecv", "recvonly"), ("sendrecv", "sendonly")


class Stream:
    """One stream of a description."""

    def __init__(self, text, phone, other):
        self.kind, self.port, *rest = text.split()
        self.host = next((w[1:] for w in rest if w.startswith("@")), None)
        self.formats = [w for w in rest if w.isdigit()]
        self.direction = next((w for w in rest if w.isalpha()), "sendrecv")
        self.ip = {None: phone.ip, "other": other}.get(self.host, "::" if ":" in phone.ip else "0.0.0.0")

    def lines(self):
        yield f"m={self.kind} {self.port} RTP/AVP {' '.join(self.formats)}"
        yield f"c=IN {'IP6' if ':' in self.ip else 'IP4'} {self.ip}"
        yield from (f"a=rtpmap:{f} {NAMES[f]}" for f in self.formats)
        if self.direction != "sendrecv":
            yield f"a={self.direction}"

    def seen(self):
        """What the other side is to see of it; a stream that leads nowhere is one on hold."""
        if self.port == "0":
            return self.kind, False, None, None
        direction = "sendonly" if self.ip in ("0.0.0.0", "::") else self.direction
        return self.kind, True, self.formats, direction


class Party:
    """A party's last description, and the last it was sent."""

    def __init__(self, phone, other, gateway):
        self.phone, self.other, self.gateway = phone, other, gateway
        self.version, self.said, self.streams, self.got = 1, None, [], None

    def describe(self, texts):
        if self.said not in (None, texts):
            self.version += 1
        self.said, self.streams = texts, [Stream(t, self.phone, self.other) for t in texts]
        lines = [line for stream in self.streams for line in stream.lines()]
        return sdp(self.phone.ip, 0, version=self.version, media=lines or ["a=sendrecv"])  # no stream at all

    def check(self, body, streams):
        """What came: the other party's streams, at Tandem's addresses."""
        got = Sdp(body)
        came = [(m["kind"], m["port"] != 0, m["formats"] if m["port"] else None, m["direction"] if m["port"] else None) for m in got.media]
        want = [stream.seen() for stream in streams]
        assert came == want, f"{self.phone.user} saw {came}, not {want}"
        assert all(m["ip"] == self.gateway for m in got.media if m["port"]), body
        names = {line for s in streams if s.port != "0" for f in s.formats for line in [f"a=rtpmap:{f} {NAMES[f]}"] if f not in ("0", "8", "31", "32")}
        assert all(line + "\r\n" in body for line in names), f"{names} are not all in {body}"
        if self.got:
            changed = [(m["port"], m["formats"], m["direction"]) for m in got.media] != [(m["port"], m["formats"], m["direction"]) for m in self.got.media]
            assert got.version == self.got.version + changed, f"{self.phone.user} saw version {self.got.version}, then {got.version}: {body}"
        self.got = got


def listen(s, speaker, hearer):
    """What the speaker sends on each stream is heard where it was agreed."""
    for i, (mine, theirs) in enumerate(zip(speaker.streams, hearer.streams)):
        if "0" in (mine.port, theirs.port) or mine.seen()[3] not in SPEAKS or theirs.direction not in HEARS or theirs.ip in ("0.0.0.0", "::"):
            continue
        out, into = (Media(p.phone.ns, stream.ip, int(stream.port), 77 + i) for p, stream in ((speaker, mine), (hearer, theirs)))
        sent = out.send(speaker.got.at(i), 5)
        got = [data for data, _ in into.receive(5)]
        assert got[-1:] == sent[-1:], f"stream {i} of {speaker.phone.user}: {len(got)} of 5 packets came"
        out.close()
        into.close()


def example(exchanges):
    def play(s, alice, bob):
        parties = {"alice": Party(alice, None, s.gw_a), "bob": Party(bob, s.other, s.gw_b)}
        dialogs = {}
        for who, offer, answer in exchanges:
            offerer, answerer = parties[who], parties["bob" if who == "alice" else "alice"]
            body = offerer.describe(offer)
            if dialogs:
                one, other = dialogs[offerer], dialogs[answerer]
                one.request("INVITE", body)
                request = other.get("INVITE")
            else:
                one = alice.invite("1002", body)
                other, request = bob.answer_invite()
                dialogs.update({offerer: one, answerer: other})
            answerer.check(request.body, offerer.streams)
            other.accept(request, answerer.describe(answer))
            offerer.check(one.connected().body, answerer.streams)
            other.get("ACK")
        listen(s, parties["alice"], parties["bob"])
        listen(s, parties["bob"], parties["alice"])
        dialogs[parties["alice"]].bye(dialogs[parties["bob"]])
    return play


def ladders(exchanges):
    alice, bob = "407 100 200", "INVITE ACK"
    for who, _, _ in exchanges[1:]:
        asks, asked = " 100 200", " INVITE ACK"
        alice, bob = (alice + asks, bob + asked) if who == "alice" else (alice + asked, bob + asks)
    return {"alice": alice + " 200/BYE", "bob": bob + " BYE"}


for title, exchanges in EXAMPLES.items():
    flow(title, **ladders(exchanges))(example(exchanges))


def cast(s):
    s.other = s.another("b")
    return dict(zip(("alice", "bob"), s.pair()))


run(cast)
