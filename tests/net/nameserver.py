# SPDX-License-Identifier: GPL-3.0-or-later
"""DNS for scenarios: unbound with zones of the scenario's, and a server that behaves badly on purpose."""
import os
import socket
import struct
import threading

from lab import entered, wait_for

UNBOUND = """
server:
  interface: {ip}
  port: 53
  access-control: 0.0.0.0/0 allow
  access-control: ::/0 allow
  do-daemonize: no
  use-syslog: no
  username: ""
  chroot: ""
  directory: "{dir}"
  pidfile: "{dir}/unbound.pid"
  module-config: "iterator"
  do-not-query-localhost: no
  local-zone: "{zone}." static
{records}
remote-control:
  control-enable: no
"""


def unbound(lab, ns, ip, zone, records):
    """Starts unbound with these records ("name 60 IN A 192.0.2.1") and waits until it answers."""
    directory = lab.path("unbound")
    os.makedirs(directory, exist_ok=True)
    lines = "\n".join(f"  local-data: '{r}'" for r in records)
    with open(lab.path("unbound.conf"), "w") as f:
        f.write(UNBOUND.format(ip=ip, dir=directory, zone=zone, records=lines))
    process = lab.start(ns, "/usr/sbin/unbound", "-d", "-c", lab.path("unbound.conf"), log="unbound.log")
    with entered(ns):
        probe = socket.socket(socket.AF_INET6 if ":" in ip else socket.AF_INET, socket.SOCK_DGRAM)
    probe.settimeout(0.1)

    def answers():
        assert process.poll() is None, open(lab.path("unbound.log")).read()
        probe.sendto(struct.pack("!HHHHHH", 1, 0x100, 1, 0, 0, 0) + wire_name(zone) + struct.pack("!HH", 6, 1), (ip, 53))
        try:
            return probe.recv(512)
        except (TimeoutError, ConnectionRefusedError):
            return None
    wait_for("unbound to answer", answers)
    probe.close()
    return process


def wire_name(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".") if label) + b"\0"


class BadServer:
    """Answers each question as `answers(name, type)` says: an rcode, raw answer records as (owner, type, data), or None: nothing. Remembers what it was asked."""

    ttl = 60

    def __init__(self, ns, ip, answers, port=53):
        with entered(ns):
            self.sock = socket.socket(socket.AF_INET6 if ":" in ip else socket.AF_INET, socket.SOCK_DGRAM)
            self.sock.bind((ip, port))
        self.answers, self.asked = answers, []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                query, source = self.sock.recvfrom(4096)
            except OSError:
                return
            end, labels = 12, []
            while query[end]:
                labels.append(query[end + 1:end + 1 + query[end]].decode())
                end += 1 + query[end]
            name, kind = ".".join(labels).lower(), struct.unpack("!H", query[end + 1:end + 3])[0]
            self.asked.append((name, kind))
            said = self.answers(name, kind)
            if said is None:
                continue
            rcode, records = (said, []) if isinstance(said, int) else (0, said)
            answer = query[:2] + struct.pack("!HHHHH", 0x8180 | rcode, 1, len(records), 0, 0) + query[12:end + 5]
            for owner, rtype, data in records:
                answer += wire_name(owner) + struct.pack("!HHIH", rtype, 1, self.ttl, len(data)) + data
            self.sock.sendto(answer, source)

    def close(self):
        self.sock.close()
