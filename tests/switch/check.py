#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The test switch against itself over a socket pair: what the tests of telephone lines rely on. Closes with the count line."""
import contextlib
import os
import socket
import sys
import traceback

sys.dont_write_bytecode = True
import q931  # noqa: E402
from switch import Switch  # noqa: E402

PROGRAM = os.path.join(os.environ.get("O", "build"), "switch")
TYPES = ("euroisdn", "ni2", "dms100", "5ess", "qsig")


@contextlib.contextmanager
def line(kind="e1", type="euroisdn", network=(), user=(), raw=False):
    """Both ends; the user's is without libpri when it is raw."""
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    fds = [e.fileno() for e in ends]
    with Switch(PROGRAM, *network, fd=fds[0], pass_fds=fds[:1], side="network", kind=kind, type=type, log=errors) as n, \
            Switch(PROGRAM, *user, *(["raw"] if raw else []), fd=fds[1], pass_fds=fds[1:], side="user", kind=kind, type=type, log=errors) as u:
        for e in ends:
            e.close()
        n.up()
        u.up()
        yield n, u


def answered_and_cleared(type, kind):
    with line(kind, type) as (n, u):
        for one, other in ((n, u), (u, n)):
            out = one.call("5551234", calling="2223333", bearer="audio")
            came = other.setup()
            assert (came["called"], came["calling"]["number"], came["bearer"]) == ("5551234", "2223333", "audio"), came
            other.answer(came["call"])
            one.take("connect", call=out)
            other.hang_up(came["call"], 17)
            assert one.over(out)["cause"] == 17
            one.idle()
            other.idle()


def overlap():
    with line(network=["overlap"], user=["overlap"]) as (n, u):
        out = u.call("55", "overlap")
        came = n.setup(complete=False)
        n.do("setup-ack", came["call"])
        u.take("setup-ack", call=out)
        u.do("digits", out, "12")
        assert n.take("digits")["digits"] + n.take("digits")["digits"] == "12"
        n.do("hangup", came["call"], cause=28)
        assert u.over(out)["cause"] == 28


def lost_setup():
    """T303: a SETUP that is lost is sent again, and the call comes."""
    with line(user=["trace"]) as (n, u):
        u.do("timer", "T303", ms=300)
        n.do("drop", "rx", "setup")
        u.call("1")
        for _ in range(2):
            u.take("frame", dir="tx", q931="setup")
        n.take("rule")
        n.setup()


def raw_octets():
    """What libpri would not send arrives as it is, from the raw end and from between libpri's own messages."""
    with line(raw=True) as (n, u):
        u.do("message", q931.message("setup", 5, q931.SENDING_COMPLETE, q931.bearer(), q931.channel(3), q931.called("77")).hex())
        came = n.setup()
        assert (came["called"], came["channel"]) == ("77", 3), came
        n.do("connect", came["call"])
        connect = u.take("message", q931="connect")
        assert connect["reference"] == 5 and not connect["theirs"], connect
        u.do("message", q931.message("connect-ack", 5).hex())
        odd = q931.message("facility", 5, b"\x7f\x03\x01\x02\x03", theirs=True)
        n.do("message", odd.hex())
        assert u.take("message", q931="facility")["hex"] == odd.hex()
        u.do("message", q931.message("disconnect", 5, q931.cause(31)).hex())
        assert n.take("disconnect")["cause"] == 31
        assert u.take("message", q931="release")
        u.do("message", q931.message("release-complete", 5).hex())
        n.idle()


def rewritten():
    with line() as (n, u):
        n.do("append", "tx", "connect", "4c03218339")
        u.do("trace")
        u.call("1")
        came = n.setup()
        n.answer(came["call"])
        assert u.take("frame", q931="connect")["hex"].endswith("4c03218339")


def silence_is_noticed():
    """T200: who hears nothing asks again."""
    with line(user=["trace"]) as (n, u):
        n.do("deaf")
        u.call("1")
        for _ in range(3):
            u.take("frame", dir="tx", poll=True)
        n.do("deaf", "off")
        n.setup()


def restart_and_service():
    with line("t1", "ni2", network=["service"], user=["service"]) as (n, u):
        n.do("restart", channel=4)
        assert u.take("restart")["channel"] == 4 and n.take("restart-ack")["channel"] == 4
        n.do("service", channel=5, status=1)
        assert u.take("service")["channel"] == 5


def many():
    for kind, count in (("t1", 23), ("e1", 30)):
        with line(kind, user=["auto=answer"]) as (n, u):
            calls = [n.call(str(i)) for i in range(count)]
            for call in calls:
                n.take("connect", call=call)
            assert len(u.calls()) == count
            n.do("call", "more", called="1")
            n.take("error")
            for call in calls:
                n.hang_up(call)
            u.idle()


def pcap(path):
    with line(network=[f"pcap={path}"]) as (n, u):
        out = n.call("1")
        u.answer(u.setup()["call"])
        n.take("connect", call=out)
        n.hang_up(out)
    assert os.path.getsize(path) > 200


out = os.path.join(os.path.dirname(__file__), "../out")
os.makedirs(out, exist_ok=True)
errors = open(os.path.join(out, "switch.log"), "w")
cases = [(f"{kind} {type}: calls both ways", answered_and_cleared, type, kind) for type in TYPES for kind in ("t1", "e1")]
cases += [(f.__name__.replace("_", " "), f) for f in (overlap, lost_setup, raw_octets, rewritten, silence_is_noticed, restart_and_service, many)]
cases += [("frames are written into a file", pcap, os.path.join(out, "switch.pcap"))]
failed = 0
for name, function, *arguments in cases:
    try:
        function(*arguments)
    except Exception as e:
        failed += 1
        print(f"FAIL {name}: {e!r}\n{traceback.format_exc(limit=-3)}")
print(f"switch: {len(cases) - failed} passed, {failed} failed, 0 skipped")
sys.exit(failed > 0)
