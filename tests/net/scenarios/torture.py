#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""The torture messages of RFC 4475 and RFC 5118 each get the answer their text asks for; afterwards OPTIONS gets 200."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
import glob  # noqa: E402
import os  # noqa: E402
import re  # noqa: E402
import select  # noqa: E402
import socket  # noqa: E402
import time  # noqa: E402
from lab import entered  # noqa: E402
from gateway import T1_MS, skip  # noqa: E402

TOP = os.path.dirname(os.path.realpath(__file__)) + "/../../../"
CORPORA = os.environ.get("TANDEM_CORPORA") or TOP + "../shared/corpora"
if not os.path.isdir(CORPORA + "/rfc4475-torture"):
    skip("torture messages are not at ../shared/corpora (or TANDEM_CORPORA)")


def expectations():
    """(path, req or resp, what the texts ask for: of a user agent where they say, else of any element)"""
    with open(CORPORA + "/rfc4475-torture/EXPECTED.tsv") as f:
        for row in [line.rstrip("\n").split("\t") for line in f][1:]:
            path = f"{CORPORA}/rfc4475-torture/msgs/{row[0]}"
            with open(path, "rb") as message:
                registers = message.read(9) == b"REGISTER "
            asked = next(row[i] for i in ((7, 4) if registers else (5, 4)) if row[i] != "-")
            # Our registrar wants a password before it looks closer.
            yield path, row[2], asked + " or 401" if registers else asked
    with open(CORPORA + "/rfc5118-torture/EXPECTED.tsv") as f:
        for name, _, expect in [line.rstrip("\n").split("\t") for line in f][1:]:
            for path in glob.glob(f"{CORPORA}/rfc5118-torture/msgs/{name}*"):
                yield path, "req", expect


class Ear:
    """Takes answers at whatever port the top Via says, from where the request came (RFC 3261 18.2.2)."""

    def __init__(self, s):
        self.s, self.socks = s, {}

    def at(self, port):
        if port not in self.socks:
            with entered(self.s.ns_b):
                self.socks[port] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                self.socks[port].bind((self.s.ip_b, port))
        return self.socks[port]

    def answer(self, raw, timeout):
        """Sends the message; the final status that comes back, None for silence."""
        via = re.search(rb"^(?:via|v)\s*:\s*SIP\s*/\s*[\d.]+\s*/\s*\w+\s+(?:\[[^\]]*\]|[^\s;,:\[]+)\s*(?::\s*(\d+))?", raw, re.I | re.M)
        self.at(int(via.group(1)) if via and via.group(1) and 1024 < int(via.group(1)) < 65536 else 5060)
        call = re.search(rb"^(?:call-id|i)\s*:\s*(\S+)", raw, re.I | re.M)
        self.at(5060).sendto(raw, (self.s.gw_b, 5060))
        end = time.monotonic() + timeout
        while (left := end - time.monotonic()) > 0:
            for sock in select.select(list(self.socks.values()), [], [], left)[0]:
                came = sock.recv(65536)
                status = re.match(rb"SIP/2.0 (\d\d\d)", came)
                # Answers to earlier messages are still being repeated: nobody acknowledges them.
                if status and int(status.group(1)) >= 200 and (not call or call.group(1) in came):
                    return int(status.group(1))
        return None

    def later(self, raw, seconds):
        """The same after a while of silence."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            for sock in select.select(list(self.socks.values()), [], [], left)[0]:
                sock.recv(65536)
        return self.answer(raw, 1)


def verdict(kind, expect, status):
    """None when the answer is what was asked for."""
    allowed = {int(n) for n in re.findall(r"\b([2-6]\d\d)\b", expect)}
    if kind == "resp":
        return status and f"a response was answered with {status}"
    if re.search(r"drop|discard", expect) and status is None:
        return None
    if status is None:
        return f"no answer, wanted {expect}"
    if allowed and status not in allowed and not re.search(r"\bok\b|ignore|accept|4xx", expect):
        return f"answered {status}, wanted {expect}"
    if "4xx" in expect and not 400 <= status < 500:
        return f"answered {status}, wanted {expect}"
    return None


with stage(more='trunk torture { peer = "10.79.2.2:5060" address = "outside" }') as s:
    carrier, ear = s.carrier(), Ear(s)
    wrong = []
    for path, kind, expect in expectations():
        with open(path, "rb") as f:
            raw = f.read()
        if b"\r" not in raw:  # those of RFC 5118 were kept without their CRs, and some without the empty line at their end
            raw = raw.replace(b"\n", b"\r\n")
            raw += b"" if b"\r\n\r\n" in raw else b"\r\n"
        status = ear.answer(raw, 0.3)
        if kind == "req" and status is None and "drop" not in expect:
            # Several messages share a branch, and so a transaction until that has ended, 64 T1 later.
            status = ear.later(raw, 64 * T1_MS / 1000 + 0.3)
        why = verdict(kind, expect, status)
        if why:
            wrong.append(f"{os.path.basename(path)}: {why}")
        if carrier.options() != 200:
            wrong.append(f"{os.path.basename(path)}: afterwards OPTIONS was not answered with 200")
            break
    assert not wrong, "\n".join(wrong)
