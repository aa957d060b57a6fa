#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""mistakes.py driver|lines: what an operator may get wrong about telephone lines: each has one clear line and an alarm, and the rest of the box goes on, a call
between two SIP phones first of all."""
import contextlib
import fcntl
import os
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(sys.path[0], "../../isdn"))
from results import path, shows, switch
from gateway import stage
from lab import wait_for
from audio import offer
from sipmsg import sdp
from spans import groups_up, system_conf

PATIENCE = 30
DAHDI_SPECIFY = 0x4004DA26
GROUP = 'isdn {name} {{ spans = {{ {span} }} switch = "ni2" side = "user" number-type = unknown numbers-out = "as-is" }}\n'
ROUTES = """
route out8 { prefix = "8" to = "pstn" strip = 1 }
route out7 { prefix = "7" to = "nowhere" strip = 1 }
"""


def body(phone, more=0):
    return sdp(phone.ip, phone.media_port + more, media=offer("t1")(phone.media_port + more))


def alarms():
    return {(a["name"], a["object"]): a["detail"] for a in s.gw.show("alarms") if not a.get("cleared")}


def raised(name, thing, *words):
    """An alarm is on, and its detail, one line, says these words."""
    wait_for(f"the alarm {name} of {thing}", lambda: all(w in alarms().get((name, thing), "") for w in words) and (name, thing) in alarms(), PATIENCE, 0.1)
    assert "\n" not in alarms()[name, thing]


def cleared(name, thing):
    wait_for(f"the alarm {name} of {thing} to clear", lambda: (name, thing) not in alarms(), PATIENCE, 0.1)


def phones_call():
    """The rest of the box: a call between two phones begins and ends."""
    da, db, _, _ = s.call(alice, bob)
    da.request("BYE")
    db.hung_up(PATIENCE)
    assert da.response(method="BYE", timeout=PATIENCE).status == 200


def refused(number):
    d = alice.invite(number, body(alice))
    m = d.response(timeout=PATIENCE)
    d.ack(m)
    assert m.status == 503, m


def line_calls(far):
    d = alice.invite("85551234", body(alice))
    came = far.setup()
    d.ack(d.response(200, timeout=PATIENCE))
    d.request("BYE")
    assert d.response(method="BYE", timeout=PATIENCE).status == 200
    far.over(came["call"])
    return came["channel"]


@contextlib.contextmanager
def another_program_has(channel):
    fd = os.open("/dev/dahdi/channel", os.O_RDWR)
    fcntl.ioctl(fd, DAHDI_SPECIFY, struct.pack("i", channel))
    yield
    os.close(fd)


# --- cases --------------------------------------------------------------------------------------------------------------------------------------------------


def no_driver():
    raised("tdm-driver", "dahdi")
    raised("isdn-group", "pstn")
    refused("85551234")
    phones_call()


def driver_comes():
    subprocess.run(["bash", "-c", ". tests/qemu/tdm; tdm_load"], check=True)
    cleared("tdm-driver", "dahdi")
    wait_for("the spans", lambda: len(s.gw.show("spans")) == 2, PATIENCE, 0.1)
    phones_call()


def no_such_span():
    raised("span-absent", "span 7", "never seen")
    raised("isdn-group", "nowhere", "its span is not there")
    refused("75551234")
    line_calls(far)
    phones_call()


def wrong_switch_type():
    """One that is none is refused with a line that says which there are, and what runs, runs on."""
    good = open(s.gw.config).read()
    s.gw.configure(good.replace('pstn { spans = { 1 } switch = "ni2"', 'pstn { spans = { 1 } switch = "ni3"'))
    try:
        said = subprocess.run([s.gw.tandemctl, "check-config", s.gw.config], capture_output=True, text=True)
        assert said.returncode != 0 and "ni2" in said.stderr + said.stdout and (said.stderr + said.stdout).count("\n") == 1, said
        s.gw.reload()
        line_calls(far)
    finally:
        s.gw.configure(good)
    phones_call()


def bearer_in_use():
    """The channel that the group's next call asks for is another program's: that call fails, the next one has another channel."""
    with another_program_has(23):
        d = alice.invite("85551234", body(alice))
        m = d.response(timeout=PATIENCE)
        d.ack(m)
        assert m.status >= 500, m
        raised("tdm-channel-unusable", "channel 23", "ds/ds1-1/23", "another program has it")
        far.idle()
        far.waiting.clear()
        assert line_calls(far) != 23
        phones_call()
    cleared("tdm-channel-unusable", "channel 23")


def dchannel_in_use():
    with another_program_has(72):
        s.gw.configure(more=s.gw.sections["more"] + GROUP.format(name="late", span=3))
        s.gw.reload()
        raised("isdn-d-channel", "ds/ds1-3/24", "cannot be opened", "busy")
        line_calls(far)
        phones_call()


def wrong_side():
    """The group that now has its D-channel is the user, and so is its far end; then the far end is the network."""
    with switch("t1", 4, side="user", type="ni2"):
        raised("isdn-d-channel", "ds/ds1-3/24", "CPE")
        line_calls(far)
        phones_call()
    with switch("t1", 4, side="network", type="ni2") as other:
        other.up()
        groups_up(s, "late")
        cleared("isdn-d-channel", "ds/ds1-3/24")


def settings(pairs=1, more=""):
    conf = system_conf("t1", pairs)
    with open(conf, "a") as f:
        f.write(more)
    return f'tdm {{ system-conf = "{conf}" poll = 200ms }}\n'


def run(*cases):
    for case in cases:
        for peer in (alice, bob, far):
            if peer:
                peer.waiting.clear()
        shows(f"mistakes: {case.__name__.replace('_', ' ')}", case)


far = None
if sys.argv[1] == "driver":
    with stage(more=settings() + GROUP.format(name="pstn", span=1) + ROUTES.replace("nowhere", "pstn")) as s:
        alice, bob = s.pair()
        run(no_driver, driver_comes)
else:
    more = settings(2, "span=7,0,0,esf,b8zs\nbchan=145-167\ndchan=168\n") + GROUP.format(name="pstn", span=1) + GROUP.format(name="nowhere", span=7) + ROUTES
    with stage(more=more) as s, switch("t1", 2, "auto=answer", side="network", type="ni2") as far:
        far.up()
        groups_up(s, "pstn")
        alice, bob = s.pair()
        run(no_such_span, wrong_switch_type, bearer_in_use, dchannel_in_use, wrong_side)
        if os.environ.get("DEBUG"):
            print(s.gw.log())
