#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""tandem-mg on XDP by tandem-keep's privileges, by its own, and without any on plain sockets; each says what it has, and leaves nothing."""
import json
import os
import sys
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../../tools"))
from lab import Lab, children, sh, wait_for  # noqa: E402

BUILD = os.path.abspath(os.environ.get("O", "build"))
CONFIG = """
state {{ directory = "{dir}/state" runtime = "{dir}/run" bpffs = "{pins}" }}
address inside {{ local = {{ "10.81.0.1" }} ports = "20000-20399" }}
address own {{ local = {{ "127.0.0.1" }} ports = "20000-20399" }}
"""
lab = Lab(f"nprv{os.getpid()}")
lab.mount_bpffs()
PINS = f"/sys/fs/bpf/{lab.prefix}"
lab.pins.append(PINS)
gw, peer = lab.netns("gw"), lab.netns("peer")
lab.veth(gw, "in0", ["10.81.0.1/24"], peer, "p0", ["10.81.0.2/24"])
for part in ("state", "run"):
    os.makedirs(lab.path(part))
conf = lab.path("tandem.conf")
with open(conf, "w") as f:
    f.write(CONFIG.format(dir=lab.dir, pins=PINS))


def capabilities(pid):
    with open(f"/proc/{pid}/status") as f:
        return next(int(line.split()[1], 16) for line in f if line.startswith("CapEff"))


def reserved():
    return lab.inside(gw, "cat", "/proc/sys/net/ipv4/ip_local_reserved_ports").strip()


def named(pid, name):
    with open(f"/proc/{pid}/comm") as f:
        return f.read().strip() == name


def try_with(label, powerful, *args):
    def serves():
        if process.poll() is not None:
            raise RuntimeError(f"{label}: ended with {process.returncode}")
        try:
            return json.loads(lab.inside(gw, f"{BUILD}/tandemctl", "-c", conf, "--json", "show", "engines"))
        except RuntimeError:
            return None
    process = lab.start(gw, *args, "-c", conf, log="tandem.log")
    rows = {row["interface"]: row for row in wait_for(f"{label} to serve", serves)}
    mg = next(p for p in children(process.pid) if named(p, "tandem-mg"))
    if powerful:
        assert rows["in0"]["mode"] == "native" and rows["lo"]["mode"] == "null" and rows["lo"]["why"] == "loopback", (label, rows)
        assert os.path.isdir(PINS) and reserved() == "20000-20399", (label, reserved())
    else:
        assert list(rows) == ["*"] and rows["*"]["mode"] == "null" and "not permitted" in rows["*"]["why"], (label, rows)
    has = capabilities(mg)
    assert lab.stop(process) == 0, label
    assert not os.path.exists(PINS) and reserved() == "", (label, reserved())
    return has


assert try_with("under tandem-keep", True, f"{BUILD}/tandem-keep") == 0, "tandem-mg has capabilities of its own under tandem-keep"
assert try_with("by its own privileges", True, f"{BUILD}/tandem-mg") != 0
assert try_with("without privileges", False, "setpriv", "--bounding-set=-all", "--inh-caps=-all", f"{BUILD}/tandem-mg") == 0
assert "prog" not in sh("ip", "-n", gw, "-d", "link", "show", "in0"), "an XDP program is left"
