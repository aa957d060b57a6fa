#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""A real phone, baresip: it registers, calls, is heard, holds and takes back, sends its party to somebody else, is called, is sent to somebody else itself."""
import math
import struct
import sys
import wave
sys.path[:0] = [sys.path[0] + "/..", sys.path[0] + "/../../demo"]
from gateway import stage  # noqa: E402
from lab import wait_for  # noqa: E402
from phones import Baresip  # noqa: E402
from sipmsg import Sdp  # noqa: E402


def tone(path):
    with wave.open(path, "wb") as w:
        w.setnchannels(1)
        w.setsampwidth(2)
        w.setframerate(8000)
        w.writeframes(b"".join(struct.pack("<h", int(8000 * math.sin(2 * math.pi * 440 * n / 8000))) for n in range(80000)))
    return path


def heard(media, where):
    """Audio that is no silence comes."""
    media.drain()
    packets = [data for data, _ in media.receive(20)]
    assert len(packets) == 20 and len(set(packets[-1][12:])) > 4, f"{len(packets)} packets {where}"


def answer_change(d, direction, back):
    """The re-INVITE that the phone's key made."""
    m = d.get("INVITE")
    assert Sdp(m.body).media[0]["direction"] == direction, m.body
    d.accept(m, d.phone.sdp(version=d.cseq + 5, direction=back))
    d.get("ACK")
    d.cseq += 1


def follow(d):
    """Takes the offers of a transfer, of which one may be a hold, to the one that joins the new party."""
    while True:
        m = d.get("INVITE")
        d.accept(m, d.phone.sdp(version=m.cseq))
        d.get("ACK")
        if Sdp(m.body).media[0]["direction"] == "sendrecv":
            return


CAROL = 'user carol { password = "singer" numbers = { "1003" } address = "outside" }'

with stage(more=CAROL, alice='digest = md5') as s:
    bob, carol = s.phone("b"), s.phone("b", "carol", "singer", port=5070)
    assert bob.register().status == carol.register().status == 200
    real = Baresip(s.lab, s.ns_a, "a0", s.ip_a, s.gw_a, "alice", "wonderland", tone(s.lab.path("tone.wav")))
    wait_for("baresip to register", lambda: len(s.gw.show("registrations")) == 3)
    mb, mc = s.media(bob), s.media(carol)

    # It calls, holds, takes back, and hangs up.
    real.command("dial", f"sip:1002@{s.gw_a}")
    b, invite = bob.rings()
    b.accept(invite)
    b.get("ACK")
    mb.send(Sdp(invite.body).at())
    heard(mb, "after the answer")
    real.command("hold")
    answer_change(b, "sendonly", "recvonly")
    real.command("resume")
    answer_change(b, "sendrecv", "sendrecv")
    mb.send(Sdp(invite.body).at())
    heard(mb, "after the hold")
    real.command("hangup")
    b.hung_up()
    s.gw.idle()

    # It sends Bob to Carol.
    real.command("dial", f"sip:1002@{s.gw_a}")
    b, invite = bob.rings()
    b.accept(invite)
    b.get("ACK")
    mb.send(Sdp(invite.body).at())
    heard(mb, "of the second call")  # it knows that it is answered, too
    real.command("transfer", f"sip:1003@{s.gw_a}")
    c, to_carol = carol.rings()
    c.accept(to_carol)
    c.get("ACK")
    follow(b)
    c.bye(b)
    s.gw.idle()

    # Bob calls it and sends it to Carol: it follows, and hears her.
    b = bob.invite("1001")
    b.connected()
    b.refer(f"sip:1003@{s.gw_b}")
    b.told(100)
    c, to_carol = carol.rings()
    b.told(180)
    c.accept(to_carol)
    c.get("ACK")
    b.told(200)
    b.hung_up()
    mc.send(Sdp(to_carol.body).at())
    heard(mc, "after the transfer")
    c.hang_up()
    s.lab.stop(real.process)
    wait_for("it to take its registration back", lambda: len(s.gw.show("registrations")) == 2)
