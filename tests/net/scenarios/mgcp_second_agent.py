#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""Telephones of another call agent, which dies: their gateway turns to us as the second of its list (RFC 3435 4.3, 4.4.7). RSIP disconnected is how we hear of it: what
the other agent left there is deleted, each hook is looked at, and the telephones call and are called."""
import socket
import sys
import threading
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage, wait_for  # noqa: E402
from lab import entered  # noqa: E402
from media import both_ways  # noqa: E402
from mgcp_phone import MgcpGateway  # noqa: E402
from sipmsg import Sdp  # noqa: E402

MORE = """
gateway phones { address = "" networks = { "10.79.2.0/24" } domain = "phones.invalid" profile = lines digit-map = "1xxx" }
line desk { gateway = "phones" endpoint = "aaln/1" number = "2001" address = "outside" }
line hall { gateway = "phones" endpoint = "aaln/2" number = "2002" address = "outside" }
"""
SDP = "v=0\r\no=- 1 1 IN IP4 10.79.2.1\r\ns=-\r\nc=IN IP4 10.79.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"


class First:
    """The agent that dies: it answers what it is told, and commands."""

    def __init__(self, ns, ip, gateway):
        self.gateway, self.tid, self.answers, self.news = gateway, 900000, {}, threading.Condition()
        with entered(ns):
            self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.sock.bind((ip, 2900))
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while data := self.sock.recv(4096):
            first = data.decode().split()
            if first[0].isdigit():
                with self.news:
                    self.answers[int(first[1])] = int(first[0])
                    self.news.notify_all()
            else:
                self.sock.sendto(f"200 {first[1]} OK\r\n".encode(), self.gateway)

    def ask(self, verb, endpoint, lines):
        self.tid += 1
        self.sock.sendto(f"{verb} {self.tid} {endpoint}@phones.invalid MGCP 1.0\r\n{lines}".encode(), self.gateway)
        with self.news:
            assert self.news.wait_for(lambda: self.tid in self.answers, 5), f"no answer to {verb}"
        return self.answers[self.tid]

    def die(self):
        self.sock.sendto(b"", self.sock.getsockname())
        self.thread.join()
        self.sock.close()


with stage(more=MORE, agent='bind = "0.0.0.0:2727"') as s:
    first = First(s.ns_gw, s.gw_b, (s.ip_b, 2427))
    g = MgcpGateway(s.ns_b, s.ip_b, (s.gw_b, 2900))
    desk, hall = g[1], g[2]
    alice, bob = s.pair()
    ma, mb = s.media(alice), s.media(bob)
    state = lambda: {line["line"]: line["state"] for line in s.gw.show("lines")}

    # The first agent serves them: one is idle, one talks. We are not told, and do not meddle.
    assert g.rsip() == 200
    assert first.ask("RQNT", "aaln/1", "X: f1\r\nR: L/hd(N)\r\n") == 200
    hall.off = True
    assert first.ask("CRCX", "aaln/2", f"C: f2\r\nM: sendrecv\r\nX: f2\r\nR: L/hu(N)\r\n\r\n{SDP}") == 200
    alice.invite("2001").failed(503)
    assert not [c for t in (desk, hall) for c in t.commands if not (c["X"] or "").startswith("f")], (desk.commands, hall.commands)

    # It dies; after a while of silence the gateway turns to us.
    first.die()
    g.agent = (s.gw_b, 2727)
    assert g.rsip("disconnected", more="RD: 30\r\n") == 200
    wait_for("the lines to be up", lambda: set(state().values()) == {"up"})
    hall.gone()
    assert [c["I"] for c in hall.commands if c.verb == "DLCX"], hall.commands
    desk.asked("L/hd")
    hall.asked("L/hu")
    hall.on_hook()
    hall.asked("L/hd")

    # Calls both ways.
    for telephone, number, phone, media in ((desk, "2001", alice, ma), (hall, "2002", bob, mb)):
        d = phone.invite(number)
        telephone.hears("L/rg")
        telephone.off_hook()
        ok = d.connected()
        telephone.mode("sendrecv")
        both_ways(media, Sdp(ok.body).at(), telephone.media, telephone.at())
        telephone.on_hook()
        d.hung_up()
        telephone.gone()
        telephone.asked("L/hd")
    desk.call("1002")
    d, invite = bob.rings()
    d.accept(invite)
    d.get("ACK")
    desk.mode("sendrecv")
    both_ways(mb, Sdp(invite.body).at(), desk.media, desk.at())
    d.hang_up()
    desk.hears("L/ro")
    desk.on_hook()
    desk.gone()
    desk.asked("L/hd")
    g.close()
