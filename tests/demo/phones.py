# SPDX-License-Identifier: GPL-3.0-or-later
"""Two baresip and what they say: speech made by espeak-ng, the phones' configuration, and what came in on their wires."""
import json
import os
import socket
import struct
import wave

from lab import entered, sh

CONFIG = """
sip_listen {sip}
net_interface {dev}
module_path /usr/lib/baresip/modules
module g711.so
module aufile.so
module aubridge.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen {control}
audio_source aufile,{speech}
audio_player aubridge,nobody
audio_alert aubridge,nobody
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
audio_buffer 20-160
jitter_buffer_delay 1-10
rtp_ports 40000-40100
rtcp_mux no
dns_server 127.0.0.1:53
"""
MULAW = [(lambda u: (lambda t: -t if u & 0x80 == 0 else t)((((u & 0x0F ^ 0x0F) * 8 + 132) << ((u >> 4 & 7) ^ 7)) - 132))(u) for u in range(256)]


def speech(path, text, voice):
    """Says the text into an 8 kHz mono WAV."""
    sh("espeak-ng", "-v", voice, "-s", 150, "-w", path + ".raw.wav", text)
    sh("sox", "-G", path + ".raw.wav", "-r", 8000, "-c", 1, "-b", 16, path, "norm", "-3")
    os.unlink(path + ".raw.wav")
    with wave.open(path) as w:
        return w.getnframes() / w.getframerate()


class Baresip:
    def __init__(self, lab, ns, dev, ip, gateway, user, password, wav):
        self.lab, self.ns, self.user, self.ip = lab, ns, user, ip
        host = lambda a: f"[{a}]" if ":" in a else a
        home = lab.path(user)
        os.makedirs(home)
        self.control = (ip, 4444)
        with open(home + "/config", "w") as f:
            f.write(CONFIG.format(sip=f"{host(ip)}:5060", dev=dev, control=f"{host(ip)}:4444", speech=wav))
        with open(home + "/accounts", "w") as f:
            f.write(f"<sip:{user}@{host(gateway)}>;auth_user={user};auth_pass={password};regint=120;answermode=auto;audio_codecs=PCMU;medianat=;mediaenc=\n")
        open(home + "/contacts", "w").close()
        stdin, self.keyboard = os.pipe()  # its user interface wants something to read from
        self.process = lab.start(ns, "baresip", "-f", home, "-s", log=user + ".log", stdin=stdin)
        self.events = b""

    def command(self, command, params=""):
        """Over the ctrl_tcp module: a JSON object in a netstring."""
        body = json.dumps({"command": command, "params": params, "token": "demo"}).encode()
        with entered(self.ns):
            s = socket.create_connection(self.control, 3)
        with s:
            s.settimeout(3)
            s.sendall(b"%d:%s," % (len(body), body))
            return s.recv(65536).decode(errors="replace")

    def log(self):
        with open(self.lab.path(self.user + ".log"), errors="replace") as f:
            return f.read()


def rtp_in(pcap, ip, until=float("inf")):
    """RTP packets of audio to `ip` in a capture up to that time, by sequence: {sequence: payload}."""
    with open(pcap, "rb") as f:
        data = f.read()
    at, found = 24, {}
    want = socket.inet_pton(socket.AF_INET6 if ":" in ip else socket.AF_INET, ip)
    high, last = 0, None
    while at + 16 <= len(data):
        seconds, micros, size = struct.unpack_from("<III", data, at)
        if seconds + micros / 1e6 > until:
            break
        frame, at = data[at + 16:at + 16 + size], at + 16 + size
        kind = struct.unpack_from("!H", frame, 12)[0]
        if kind == 0x0800 and frame[23] == 17 and frame[30:34] == want:
            udp = frame[34:]
        elif kind == 0x86DD and frame[20] == 17 and frame[38:54] == want:
            udp = frame[54:]
        else:
            continue
        rtp = udp[8:]
        if len(rtp) < 12 or rtp[0] >> 6 != 2 or rtp[1] & 0x7F != 0:
            continue
        seq = struct.unpack_from("!H", rtp, 2)[0]
        if last is not None and seq < 0x1000 and last > 0xF000:
            high += 0x10000
        last = seq
        found[high + seq] = rtp[12:]
    return found


def record(packets, path):
    """Writes what the packets say as a WAV; a lost one is 20 ms of silence."""
    with wave.open(path, "wb") as w:
        w.setnchannels(1)
        w.setsampwidth(2)
        w.setframerate(8000)
        for seq in range(min(packets, default=0), max(packets, default=-1) + 1):
            payload = packets.get(seq, b"\xff" * 160)
            w.writeframes(struct.pack(f"<{len(payload)}h", *(MULAW[b] for b in payload)))
