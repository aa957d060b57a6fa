# SPDX-License-Identifier: GPL-3.0-or-later
"""Namespaces, programs in them and their CPU time, for scenarios, benches and the demo. Everything made carries the lab's prefix and is gone
when the lab is closed, whatever happened."""
import atexit
import contextlib
import ctypes
import glob
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)

# Whoever starts us in the background of a shell has SIGINT ignored, and programs inherit that: theirs is to end by it.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def sh(*args, **kw):
    """Runs a command, returns its output; raises with the command's own words when it fails."""
    done = subprocess.run([str(a) for a in args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, stdin=subprocess.DEVNULL, **kw)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, args))}: exit {done.returncode}: {done.stdout.strip()}")
    return done.stdout


SOON = 20.0  # s: what has to come has come by then, on any machine however slow and busy; only who waits in vain waits so long


def wait_for(what, condition, timeout=SOON, step=0.01):
    """Polls until condition() is true and returns its value."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise TimeoutError(f"waited {timeout:g} s for {what}")
        time.sleep(step)


def listens(path):
    """Whether somebody listens at a Unix socket: it has a name before that."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
        return s.connect_ex(path) == 0


def task_ns(pid):
    """Scheduler time of all threads of a process, in nanoseconds."""
    total = 0
    for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        with contextlib.suppress(OSError):
            with open(path) as f:
                total += int(f.read().split()[0])
    return total


def napi_threads(*devices):
    """Process ids of the NAPI threads of these devices (kernel threads napi/DEVICE-ID)."""
    found = []
    for path in glob.glob("/proc/[0-9]*/comm"):
        with contextlib.suppress(OSError):
            with open(path) as f:
                comm = f.read().strip()
            if comm.startswith("napi/") and comm[5:].rsplit("-", 1)[0] in devices:
                found.append(int(path.split("/")[2]))
    return found


def children(pid):
    """The process and everything below it."""
    found = [pid]
    for path in glob.glob(f"/proc/{pid}/task/*/children"):
        with contextlib.suppress(OSError):
            with open(path) as f:
                for child in f.read().split():
                    found += children(int(child))
    return found


class Lab:
    def __init__(self, prefix):
        self.prefix = prefix
        self.names, self.programs, self.pins = [], [], []
        self.dir = tempfile.mkdtemp(prefix=prefix + "-")
        self.keep_dir = bool(os.environ.get("KEEP"))
        atexit.register(self.close)
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: exit(1))

    def close(self):
        for p in reversed(self.programs):
            if p.poll() is None:
                with contextlib.suppress(OSError):
                    os.killpg(p.pid, signal.SIGTERM)
        for p in reversed(self.programs):
            with contextlib.suppress(OSError):
                try:
                    p.wait(3)
                except subprocess.TimeoutExpired:
                    pass
                os.killpg(p.pid, signal.SIGKILL)
                p.wait(3)
        for name in self.names:
            self.kill_all_in(name)
            subprocess.run(["ip", "netns", "del", name], stderr=subprocess.DEVNULL)
        for pin in self.pins:
            shutil.rmtree(pin, ignore_errors=True)
        self.names, self.programs, self.pins = [], [], []
        if not self.keep_dir:
            shutil.rmtree(self.dir, ignore_errors=True)

    def kill_all_in(self, name):
        """What outlived who started it: daemons do when tandem-keep is killed."""
        found = subprocess.run(["ip", "netns", "pids", name], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for pid in found.stdout.split():
            if int(pid) != os.getpid():
                with contextlib.suppress(OSError):
                    os.kill(int(pid), signal.SIGKILL)

    def path(self, name):
        return os.path.join(self.dir, name)

    def netns(self, short):
        name = f"{self.prefix}-{short}"
        subprocess.run(["ip", "netns", "del", name], stderr=subprocess.DEVNULL)
        sh("ip", "netns", "add", name)
        self.names.append(name)
        self.inside(name, "ip", "link", "set", "lo", "up")
        return name

    def veth(self, ns_a, dev_a, addrs_a, ns_b, dev_b, addrs_b):
        """A wire between two namespaces: no checksum offload, so that what leaves is what a real card would send, and GRO so that NAPI
        takes frames an XDP program at the other end sends."""
        queues = ("numrxqueues", "1", "numtxqueues", "1")
        sh("ip", "link", "add", dev_a, "netns", ns_a, *queues, "type", "veth", "peer", "name", dev_b, "netns", ns_b, *queues)
        for ns, dev, addrs in ((ns_a, dev_a, addrs_a), (ns_b, dev_b, addrs_b)):
            for addr in addrs:
                self.inside(ns, "ip", "addr", "add", addr, "dev", dev, *(["nodad"] if ":" in addr else []))
            self.inside(ns, "ip", "link", "set", dev, "up")
            # Once it is up: only then does a veth tell its peer that redirected frames are welcome.
            self.inside(ns, "ethtool", "-K", dev, "gro", "on", "tx", "off")

    def inside(self, ns, *args):
        return sh("nsenter", f"--net=/run/netns/{ns}", *args)

    def start(self, ns, *args, log=None, **kw):
        """Starts a program in a namespace (None: here); its output goes to the file `log` of the lab."""
        enter = ["nsenter", f"--net=/run/netns/{ns}"] if ns else []
        out = open(self.path(log), "ab") if log else subprocess.DEVNULL
        kw.setdefault("stdin", subprocess.DEVNULL)
        p = subprocess.Popen([*enter, *map(str, args)], stdout=out, stderr=subprocess.STDOUT, start_new_session=True, **kw)
        self.programs.append(p)
        return p

    def stop(self, p, number=signal.SIGTERM, timeout=SOON):
        if p.poll() is None:
            p.send_signal(number)
            try:
                p.wait(timeout)
            except subprocess.TimeoutExpired:
                os.killpg(p.pid, signal.SIGKILL)
                p.wait()
        return p.returncode

    def listens(self, ns, ip, port):
        """Whether somebody takes datagrams there."""
        return f"{ip}:{port} " in self.inside(ns, "ss", "-Hlun")

    def mac(self, ns, dev):
        return self.link(ns, dev)["address"]

    def link(self, ns, dev):
        return json.loads(self.inside(ns, "ip", "-j", "link", "show", "dev", dev))[0]

    def threaded_napi(self, ns, *devices):
        """A NAPI thread for each device, so that its work is a thread's and can be counted and pinned."""
        script = "mount -t sysfs sysfs /sys; for d; do echo 1 >/sys/class/net/$d/threaded; done"
        sh("nsenter", f"--net=/run/netns/{ns}", "unshare", "--mount", "sh", "-ec", script, "sh", *devices)

    def pin_to(self, core, *pids, fifo=None):
        """Puts all threads of these processes on one core, under SCHED_FIFO of that priority when one is given."""
        for pid in pids:
            subprocess.run(["taskset", "-a", "-c", "-p", str(core), str(pid)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            if fifo:
                subprocess.run(["chrt", "-a", "-f", "-p", str(fifo), str(pid)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def mount_bpffs(self):
        if not os.path.ismount("/sys/fs/bpf"):
            sh("mount", "-t", "bpf", "bpf", "/sys/fs/bpf")


@contextlib.contextmanager
def entered(ns):
    """This thread is in the namespace (None: stays where it is) meanwhile: sockets made here stay there."""
    if not ns:
        yield
        return
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    there = os.open(f"/run/netns/{ns}", os.O_RDONLY)
    try:
        if libc.setns(there, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")
        yield
    finally:
        libc.setns(home, CLONE_NEWNET)
        os.close(home)
        os.close(there)
