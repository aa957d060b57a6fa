# SPDX-License-Identifier: GPL-3.0-or-later
"""A scripted tandem-isdn, on its control socket (userspace/isdn/README.md), and a scripted gateway that has the B-channels: what needs no kernel. The exchange says
what the scenario says and remembers what it was asked; the channels answer MGCP at once, in a thread. They share no code with Tandem."""
import contextlib
import json
import os
import re
import socket
import threading
import time

from lab import SOON, entered
from media import Media

CONFIG = """
gateway channels {{ address = "127.0.0.1:2428" profile = lines domain = "channels.test" }}
isdn pri {{ gateway = channels address = "outside" country = "49" {isdn} }}
route pri {{ prefix = "0" to = pri }}
"""


class Exchange:
    """tandem-isdn. Its agent is whoever is subscribed to the topic calls; others only ask."""

    def __init__(self, path):
        self.path, self.sock, self.agent = path, None, None
        self.calls = []  # for show isdn-calls
        self.hung = False  # whether it answers nothing
        self.asked, self.news = [], threading.Condition()
        self.listen()

    def listen(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.sock.bind(self.path)
        self.sock.listen(8)
        threading.Thread(target=self.serve, args=(self.sock,), daemon=True).start()

    def serve(self, sock):
        with contextlib.suppress(OSError):
            while True:
                client = sock.accept()[0]
                threading.Thread(target=self.hear, args=(client,), daemon=True).start()

    def hear(self, client):
        with contextlib.suppress(OSError, ValueError):
            for line in client.makefile("rb"):
                request = json.loads(line)
                with self.news:
                    if self.hung:
                        continue
                    answer = {"id": request["id"], "result": self.answer(client, request["do"], request.get("args") or {})}
                    client.sendall(json.dumps(answer).encode() + b"\n")
                    self.news.notify_all()
        with self.news:
            if self.agent is client:
                self.agent = None
            client.close()
            self.news.notify_all()

    def die(self):
        """As kill -9 does."""
        with self.news:
            for s in (self.agent, self.sock):
                s.shutdown(socket.SHUT_RDWR)
            self.sock.close()

    def answer(self, client, verb, args):
        if verb == "subscribe" and args["topic"] == "calls":
            self.agent = client
        if verb == "show isdn":
            return [{"group": "pri", "switch": "euroisdn", "side": "user", "state": "up", "calls": 0, "channels": 30, "free": 30, "out_of_service": 0, "dchannels": []}]
        if verb == "show isdn-calls":
            self.asked.append((verb, args))
            return [{"call": c} for c in self.calls]
        if verb.startswith("isdn "):
            self.asked.append((verb[5:], args))
        return {"endpoint": "ds/e1-1/7"} if verb == "isdn setup" else [] if verb.startswith("show ") else None

    def wait(self, what, wanted, timeout=SOON):
        """Until that is so; returns what it is."""
        end = time.monotonic() + timeout
        with self.news:
            while not (found := wanted()):
                left = end - time.monotonic()
                if left <= 0:
                    raise AssertionError(f"tandem-isdn waited {timeout:g} s for {what}; was asked {self.asked}")
                self.news.wait(left)
        return found

    def connected(self, timeout=SOON):
        """Until the agent has subscribed and asked what calls there are."""
        self.told("show isdn-calls", timeout=timeout)

    def told(self, verb, call=None, timeout=SOON):
        """The next request of that verb (about that call): its arguments."""
        def look():
            for i, (v, args) in enumerate(self.asked):
                if v == verb and call in (None, args.get("call")):
                    return [self.asked.pop(i)[1]]
            return None
        return self.wait(f"isdn {verb} {call or ''}", look, timeout)[0]

    def say(self, event, call, topic="calls", **more):
        line = {"topic": topic, "event": {"event": event, "call": call, "group": "pri", **more}}
        with self.news:
            self.agent.sendall(json.dumps(line).encode() + b"\n")

    def released(self, call, cause=None):
        """The agent has released that call, which is then over."""
        args = self.told("release", call)
        assert cause is None or args["cause"] == cause, args
        self.say("release", call, cause=args["cause"], remote=False)
        return args["cause"]


class Tester:
    """Asks tandem-ca for test calls on its control socket, as a media gateway does."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(20)
        self.sock.connect(path)
        self.lines, self.events = self.sock.makefile("rb"), []
        self.ask("subscribe", topic="test-calls")

    def close(self):
        self.sock.shutdown(socket.SHUT_RDWR)

    def reply(self, verb, args):
        self.sock.sendall(json.dumps({"id": 1, "do": verb, "args": args}).encode() + b"\n")
        while "id" not in (line := json.loads(self.lines.readline())):
            self.events.append(line["event"])
        return line

    def ask(self, verb, **args):
        """None, or why not."""
        return self.reply(verb, args).get("error")

    def result(self, verb, **args):
        return self.reply(verb, args)["result"]

    def call(self, name, out, from_group, to_group, **more):
        return self.ask("test-call", **{"call": name, "from": out, "from-group": from_group, "to-group": to_group, "caller": "5550199", **more})

    def hears(self, event):
        e = self.events.pop(0) if self.events else json.loads(self.lines.readline())["event"]
        assert e["event"] == event, e
        return e


class Channels:
    """The gateway with ds/e1-1/N: each has one connection, to a Media of its own."""

    def __init__(self, ns, ip="127.0.0.1", port=2428):
        self.ns, self.ip = ns, ip
        self.conns = {}     # endpoint -> {"id", "mode", "remote", "media", "clear"}
        self.commands = []  # (verb, endpoint, parameters, description)
        self.answers = {}   # to repetitions
        with entered(ns):
            self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.sock.bind((ip, port))
        self.serial = 0
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                data, source = self.sock.recvfrom(65536)
            except OSError:
                return
            for text in data.decode().replace("\r\n", "\n").split("\n.\n"):
                self.take(text, source)

    def take(self, text, source):
        head, _, sdp = text.partition("\n\n")
        first, *lines = head.split("\n")
        if re.match(r"\d{3} ", first):
            return
        verb, tid, endpoint = first.split()[:3]
        params = dict((line.split(":", 1)[0].strip().upper(), line.split(":", 1)[1].strip()) for line in lines if ":" in line)
        if tid not in self.answers:
            self.commands.append((verb, endpoint, params, sdp))
            code, more = getattr(self, verb.lower(), lambda *_: (200, ""))(endpoint.split("@")[0], params, sdp)
            self.answers[tid] = f"{code} {tid} OK\r\n{more}"
        self.sock.sendto(self.answers[tid].encode(), source)

    def describe(self, conn):
        m, clear = conn["media"], conn["clear"]
        formats = f"{clear}\r\na=rtpmap:{clear} CLEARMODE/8000\r\n" if clear else "8 0 101\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n"
        return f"\r\nv=0\r\no=- {m.port} 1 IN IP4 {self.ip}\r\ns=-\r\nc=IN IP4 {self.ip}\r\nt=0 0\r\nm=audio {m.port} RTP/AVP {formats}"

    @staticmethod
    def clear(options, sdp):
        """The payload type of data (RFC 4040), when they are asked for: the offer's, or ours."""
        offered = re.search(r"a=rtpmap:(\d+) CLEARMODE/8000", sdp)
        return (offered.group(1) if offered else "97") if "CLEARMODE" in options else None

    def crcx(self, endpoint, params, sdp):
        if endpoint in self.conns:
            return 540, ""
        self.serial += 1
        media = Media(self.ns, self.ip, 50000 + 2 * self.serial, 0x7000 + self.serial)
        conn = self.conns[endpoint] = {"id": f"{self.serial:X}", "mode": params["M"], "remote": sdp, "media": media,
                                       "clear": self.clear(params.get("L", ""), sdp)}
        return 200, f"I: {conn['id']}\r\n" + self.describe(conn)

    def mdcx(self, endpoint, params, sdp):
        conn = self.conns.get(endpoint)
        if not conn or conn["id"] != params.get("I"):
            return 515, ""
        conn["mode"] = params.get("M", conn["mode"])
        conn["remote"] = sdp or conn["remote"]
        return 200, self.describe(conn)

    def dlcx(self, endpoint, params, sdp):
        conn = self.conns.pop(endpoint, None)
        if not conn:
            return 515, ""
        conn["media"].close()
        return 250, "P: PS=1, OS=160, PR=1, OR=160, PL=0, JI=0, LA=0\r\n"

    def auep(self, endpoint, params, sdp):
        if "*" in endpoint:
            return 200, "".join(f"Z: {e}@channels.test\r\n" for e in self.conns)
        conn = self.conns.get(endpoint)
        return 200, f"I: {conn['id']}\r\n" if conn else "I: \r\n"

    def at(self, endpoint):
        """Where the channel sends to: (ip, port) of the description it was told."""
        text = self.conns[endpoint]["remote"]
        return re.search(r"c=IN IP4 (\S+)", text).group(1), int(re.search(r"m=audio (\d+)", text).group(1))

    def signals(self, endpoint):
        """What it was asked to play, in order."""
        return [p.get("S", "") for v, e, p, _ in self.commands if v == "RQNT" and e.split("@")[0] == endpoint]

    def mode(self, endpoint):
        return self.conns.get(endpoint, {}).get("mode")


def exchange(s, isdn="", more=""):
    """Configures the stage's gateway for ISDN and starts it; the exchange, connected, and its channels."""
    os.makedirs(s.lab.path("run"), exist_ok=True)
    x, channels = Exchange(s.lab.path("run/isdn.sock")), Channels(s.ns_gw)
    s.gw.configure(more=CONFIG.format(isdn=isdn) + more)
    s.gw.start()
    x.connected()
    return x, channels
