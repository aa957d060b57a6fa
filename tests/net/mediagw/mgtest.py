# SPDX-License-Identifier: GPL-3.0-or-later
"""A scripted MGCP call agent, telephones that send and receive RTP, and a tandem-mg to try them on."""
import json, os, re, select, shutil, signal, socket, struct, subprocess, sys, tempfile, time
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tools"))
from lab import SOON

MG = ("127.0.0.1", 2427)
V4, V6 = "10.77.0.1", "fd77::1"
CONF = """
log {{ level = "info" }}
state {{ directory = "{dir}/state" runtime = "{dir}/run" bpffs = "" }}
address inside {{ local = {{"{v4}", "{v6}"}} ports = "20000-20399" }}
address small {{ local = {{"10.77.0.9"}} ports = "30000-30003" }}
address cloud {{ local = {{"10.77.0.8"}} public = {{"203.0.113.5"}} local-networks = {{"10.77.0.0/16"}} ports = "31000-31099" }}
media {{ engine = "null" }}
agent {{ retry-min = "50ms" }}
tdm {{ system-conf = "" }}
dynamic loop {{ driver = "loc" address = "1:0" channels = 24 }}
channels trunk {{ numbers = {{ "1-24" }} signalling = "bchan" }}
"""


class Agent:
    """Sends commands and answers what the gateway tells by itself."""

    def __init__(self, ip="127.0.0.1", port=2727):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((ip, port))
        self.tid, self.told, self.answers, self.mute = 1000, [], {}, False
        self.said = {}  # what was answered to each command, which a repetition gets again (RFC 3435 3.5.1)
        self.datagrams = []  # each as the list of its messages
        self.reply = lambda text, tid: f"200 {tid} OK\r\n"

    def take(self, wait):
        if not select.select([self.sock], [], [], wait)[0]:
            return False
        data, src = self.sock.recvfrom(65536)
        self.datagrams.append([m for m in re.split(r"(?m)^\.\r?\n", data.decode()) if m.strip()])
        for text in self.datagrams[-1]:
            first = text.split()
            if len(first) > 1 and first[0].isdigit():
                self.answers[int(first[1])] = text
            elif not self.mute:
                if text not in self.told:
                    self.told.append(text)
                if text not in self.said:
                    self.said[text] = self.reply(text, first[1])
                self.sock.sendto(self.said[text].encode(), src)
        return True

    def say(self, text, to=MG):
        self.sock.sendto(text.encode(), to)

    def drain(self, wait=0.0):
        """What is there already, and what comes while nothing stays away longer than `wait`."""
        while self.take(wait):
            pass

    def until(self, condition, wait=SOON):
        """Takes what comes until that is so; whether it is."""
        end = time.time() + wait
        while not (done := condition()) and time.time() < end:
            self.take(max(0.01, end - time.time()))
        return done

    def ask(self, verb, endpoint, lines="", sdp="", tid=None, wait=SOON, to=MG):
        self.tid += 1
        tid = tid or self.tid
        self.answers.pop(tid, None)
        text = f"{verb} {tid} {endpoint}@mg.tandem MGCP 1.0\r\n"
        text += "".join(l.strip() + "\r\n" for l in lines.strip().split("\n") if l.strip())
        self.sock.sendto((text + ("\r\n" + sdp if sdp else "")).encode(), to)
        end = time.time() + wait
        while tid not in self.answers and time.time() < end:
            self.take(max(0.01, end - time.time()))
        return Answer(self.answers.get(tid, ""))

    def wait_told(self, pattern, wait=SOON):
        end = time.time() + wait
        while time.time() < end:
            for t in self.told:
                if re.search(pattern, t):
                    return t
            self.take(0.05)
        return None


class Answer:
    def __init__(self, text):
        self.text = text
        self.code = int(text.split()[0]) if text else 0
        head, _, self.sdp = text.partition("\r\n\r\n")
        self.params = [tuple(x.strip() for x in l.split(":", 1)) for l in head.split("\r\n")[1:] if ":" in l]

    def get(self, name):
        return next((v for k, v in self.params if k.lower() == name.lower()), None)

    @property
    def port(self):
        return int(re.search(r"m=audio (\d+)", self.sdp).group(1))

    @property
    def ip(self):
        return re.search(r"c=IN IP[46] (\S+)", self.sdp).group(1)


class Phone:
    """One RTP and one RTCP socket."""

    def __init__(self, ip):
        self.ip, fam = ip, socket.AF_INET6 if ":" in ip else socket.AF_INET
        while True:
            self.rtp, self.rtcp = socket.socket(fam, socket.SOCK_DGRAM), socket.socket(fam, socket.SOCK_DGRAM)
            self.rtp.bind((ip, 0))
            self.port = self.rtp.getsockname()[1]
            try:
                self.rtcp.bind((ip, self.port + 1))
                break
            except (OSError, OverflowError):
                self.rtp.close()
        self.ssrc, self.seq = int.from_bytes(os.urandom(4), "big"), 100

    def sdp(self, direction="sendrecv", extra="", proto="RTP/AVP", ip=None):
        fam = "IP6" if ":" in self.ip else "IP4"
        ip = ip or self.ip
        return (f"v=0\r\no=- 1 1 IN {fam} {ip}\r\ns=-\r\nc=IN {fam} {ip}\r\nt=0 0\r\n"
                f"m=audio {self.port} {proto} 8\r\na=rtpmap:8 PCMA/8000\r\na={direction}\r\n{extra}")

    def send(self, to, n=1, payload=b"v" * 160, pt=8):
        for _ in range(n):
            self.rtp.sendto(struct.pack("!BBHII", 0x80, pt, self.seq, self.seq * 160, self.ssrc) + payload, to)
            self.seq = self.seq + 1 & 0xffff

    def press(self, to, code, pt=101, lost=()):
        """A digit as RFC 4733 sends it: two packets, and the end three times; those in `lost` get lost."""
        ts = self.seq * 160
        for n, (marker, end, duration) in enumerate(((0x80, 0, 160), (0, 0, 320), (0, 0x80, 480), (0, 0x80, 480), (0, 0x80, 480))):
            if n not in lost:
                self.rtp.sendto(struct.pack("!BBHIIBBH", 0x80, marker | pt, self.seq, ts, self.ssrc, code, 10 | end, duration), to)
            self.seq = self.seq + 1 & 0xffff

    def hear(self, wait=SOON, sock=None):
        sock = sock or self.rtp
        return sock.recvfrom(65536) if select.select([sock], [], [], wait)[0] else (b"", None)

    def hear_all(self, n, wait=SOON):
        got, end = [], time.time() + wait
        while len(got) < n and time.time() < end:
            data, _ = self.hear(max(0.01, end - time.time()))
            if data:
                got.append(data)
        return got


class Gateway:
    def __init__(self, program, media="", agent="", more=""):
        self.program, self.dir = program, tempfile.mkdtemp(prefix="tandem-mgtest-")
        self.conf = os.path.join(self.dir, "tandem.conf")
        conf = CONF.format(dir=self.dir, v4=V4, v6=V6).replace('engine = "null"', 'engine = "null" ' + media)
        with open(self.conf, "w") as f:
            f.write(conf.replace('retry-min = "50ms"', agent or 'retry-min = "50ms"') + more)
        self.proc = None

    def start(self):
        log = open(os.path.join(self.dir, "log"), "ab")
        self.proc = subprocess.Popen([self.program, "-c", self.conf], stdout=log, stderr=log)
        end = time.time() + SOON
        while time.time() < end and self.proc.poll() is None:
            try:
                return self.ctl("pid")
            except OSError:
                time.sleep(0.02)
        raise RuntimeError("tandem-mg did not start:\n" + self.log())

    def kill(self, sig=signal.SIGKILL):
        self.proc.send_signal(sig)
        return self.proc.wait(SOON)

    def log(self):
        with open(os.path.join(self.dir, "log"), errors="replace") as f:
            return f.read()

    def ctl(self, verb, args=None):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(SOON)
        try:
            s.connect(os.path.join(self.dir, "run", "mg.sock"))
            s.sendall((json.dumps({"id": 1, "do": verb, "args": args or {}}) + "\n").encode())
            reply = json.loads(s.makefile().readline())
            return reply["result"] if "result" in reply else reply["error"]
        finally:
            s.close()

    def counted(self, name, value, wait=SOON):
        """The counter, once it is that or ought to be long since."""
        end = time.time() + wait
        while self.counter(name) != value and time.time() < end:
            time.sleep(0.01)
        return self.counter(name)

    def counter(self, name):
        return next(c["value"] for c in self.ctl("show counters") if c["group"] == "mg" and c["name"] == name)

    def remove(self):
        if self.proc and self.proc.poll() is None:
            self.kill(signal.SIGTERM)
        shutil.rmtree(self.dir)
