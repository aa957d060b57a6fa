#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""mgcp.py TANDEM-MG CALLS ADDRESS...: what a call costs tandem-mg from command to answer while CALLS are up, and how long it answers nobody while
it tells an operator of all of them. A call is two CreateConnections with descriptions on one endpoint, and one DeleteConnection of both. Costs are
processor time of tandem-mg. Prints "NAME VALUE UNIT" lines."""
import json
import os
import re
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

WINDOW = 48  # commands on the way: their answers fit the socket's buffer
MG = ("127.0.0.1", 2427)
CONF = """
log {{ level = "warn" }}
state {{ directory = "{dir}/state" runtime = "{dir}/run" bpffs = "" }}
media {{ engine = "{engine}" }}
{addresses}
"""


class Gateway:
    def __init__(self, program, addresses):
        self.dir = tempfile.mkdtemp(prefix="setup-bench-")
        conf = self.dir + "/tandem.conf"
        rows = [f'address a{i} {{ local = {{"{ip}"}} ports = "16384-32767" }}' for i, ip in enumerate(addresses)]
        with open(conf, "w") as f:
            f.write(CONF.format(dir=self.dir, addresses="\n".join(rows), engine=os.environ.get("ENGINE", "auto")))
        with open(self.dir + "/log", "w") as log:
            self.process = subprocess.Popen([program, "-c", conf], stdout=log, stderr=log)
        self.path = self.dir + "/run/mg.sock"
        while True:
            if self.process.poll() is not None:
                sys.exit("mgcp.py: tandem-mg ended: " + open(self.dir + "/log").read())
            try:
                self.ask("pid")
                return
            except OSError:
                time.sleep(0.05)

    def ask(self, verb):
        """The whole answer, as it came."""
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(self.path)
            s.sendall(json.dumps({"id": 1, "do": verb}).encode() + b"\n")
            parts = []
            while not parts or not parts[-1].endswith(b"\n"):
                parts.append(s.recv(1 << 16))
                if not parts[-1]:
                    raise OSError("the control connection was broken off")
            return b"".join(parts)

    def seconds(self):
        """Processor time of the main thread, which executes commands."""
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/schedstat") as f:
            return int(f.read().split()[0]) / 1e9

    def private_bytes(self):
        with open(f"/proc/{self.process.pid}/status") as f:
            return int(re.search(r"RssAnon:\s+(\d+)", f.read()).group(1)) * 1024

    def end(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.dir)


class Agent:
    """Many commands at once. An answer that does not come in time is asked for again with the same transaction (RFC 3435 3.5.1)."""

    def __init__(self):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.sock.bind(("127.0.0.1", 2727))
        self.last, self.again = 0, 0

    def run(self, commands):
        """`commands` yields (text with {tid}, what to do with the answer); what is done may append to the list `more`, which goes first."""
        self.more, on_way, source = [], {}, iter(commands)
        while True:
            while len(on_way) < WINDOW:
                command = self.more.pop() if self.more else next(source, None)
                if not command:
                    break
                self.last += 1
                text = command[0].replace("{tid}", str(self.last), 1).encode()
                on_way[self.last] = (text, command[1])
                self.sock.sendto(text, MG)
            if not on_way:
                return
            if not select.select([self.sock], [], [], 2)[0]:
                self.again += len(on_way)
                for text, _ in on_way.values():
                    self.sock.sendto(text, MG)
                continue
            for answer in re.split(r"(?m)^\.\r?\n", self.sock.recv(65536).decode()):
                code, tid = answer.split(None, 2)[:2]
                if not code.isdigit():  # the gateway's own commands: RSIP
                    self.sock.sendto(f"200 {tid} OK\r\n".encode(), MG)
                    continue
                _, then = on_way.pop(int(tid), (None, None))
                if then:
                    if code[0] != "2":
                        sys.exit("mgcp.py: refused: " + answer)
                    then(answer)


def sdp(call, side):
    return (f"v=0\r\no=- {call} 1 IN IP4 10.{128 + side}.{call >> 8 & 127}.{1 + (call & 127)}\r\ns=-\r\n"
            f"c=IN IP4 10.{128 + side}.{call >> 8 & 127}.{1 + (call & 127)}\r\nt=0 0\r\n"
            f"m=audio {4000 + call % 30000 * 2} RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n")


def create(endpoint, call, side, n_addresses):
    return (f"CRCX {{tid}} {endpoint} MGCP 1.0\r\nC: {call:x}\r\nL: p:20, a:PCMA\r\nM: sendrecv\r\n"
            f"X-Address: a{(2 * call + side) % n_addresses}\r\n\r\n" + sdp(call, side))


class Bench:
    def __init__(self, program, addresses):
        self.gw, self.agent, self.n, self.endpoints = Gateway(program, addresses), Agent(), len(addresses), {}

    def set_up(self, calls):
        def first(call):
            def then(answer):
                self.endpoints[call] = re.search(r"(?m)^Z: (\S+)", answer).group(1)
                self.agent.more.append((create(self.endpoints[call], call, 1, self.n), lambda answer: None))
            return create("rtpbridge/$@mg.tandem", call, 0, self.n), then
        self.agent.run(first(call) for call in calls)

    def take_down(self, calls):
        self.agent.run((f"DLCX {{tid}} {self.endpoints.pop(call)} MGCP 1.0\r\nC: {call:x}\r\n", lambda answer: None) for call in calls)

    def measure(self, name, what, calls):
        cpu, wall = self.gw.seconds(), time.monotonic()
        what(calls)
        cpu, wall = self.gw.seconds() - cpu, time.monotonic() - wall
        print(f"mgcp-{name} {cpu / len(calls) * 1e6:.1f} us/call\nmgcp-{name}-rate {len(calls) / wall:.0f} calls/s", flush=True)

    def answer(self, verb, streams):
        """How long a verb's answer takes, and how long an MGCP command waits meanwhile."""
        waits, done = [], threading.Event()

        def audit():
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sock.settimeout(60)
            tid = 900000000
            while not done.is_set():
                tid += 1
                started = time.monotonic()
                sock.sendto(f"AUEP {tid} rtpbridge/1@mg.tandem MGCP 1.0\r\n".encode(), MG)
                sock.recv(65536)
                waits.append(time.monotonic() - started)

        thread = threading.Thread(target=audit)
        thread.start()
        started, cpu = time.monotonic(), self.gw.seconds()
        text = self.gw.ask(verb)
        took, cpu = time.monotonic() - started, self.gw.seconds() - cpu
        done.set()
        thread.join()
        rows = json.loads(text)["result"]
        if len(rows) != streams:
            sys.exit(f"mgcp.py: {verb}: {len(rows)} rows of {streams}")
        waits.sort()
        name = verb.replace(" ", "-")
        print(f"mgcp-{name} {took * 1e3:.0f} ms\nmgcp-{name}-cpu {cpu / len(rows) * 1e6:.1f} us/row\nmgcp-{name}-bytes {len(text)} bytes\nmgcp-{name}-wait-p99 {waits[len(waits) * 99 // 100] * 1e3:.2f} ms\n"
              f"mgcp-{name}-wait-longest {waits[-1] * 1e3:.2f} ms", flush=True)


def main(program, calls, addresses):
    bench, few = Bench(program, addresses), max(1, min(1000, calls // 5))
    try:
        before = bench.gw.private_bytes()
        bench.measure("empty", bench.set_up, range(few))
        bench.measure("filling", bench.set_up, range(few, calls))
        print(f"mgcp-memory {(bench.gw.private_bytes() - before) / calls:.0f} bytes/call")
        bench.measure("removal-full", bench.take_down, range(few))
        bench.measure("full", bench.set_up, range(few))
        bench.answer("show streams", 2 * calls)
        bench.answer("show endpoints", calls)
        bench.measure("removal", bench.take_down, range(few, calls))
        bench.measure("removal-empty", bench.take_down, range(few))
        print(f"mgcp-repeated {bench.agent.again} commands")
    finally:
        bench.gw.end()


main(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
