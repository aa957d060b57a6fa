# SPDX-License-Identifier: GPL-3.0-or-later
"""A control group that limits processor time, of version 2 or 1, whichever can be written here."""
import contextlib
import os

PERIOD_US = 100000
V2, V1 = "/sys/fs/cgroup", ("/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpuacct")


class Limit:
    """Holds processes to a number of processors. `why` says why that cannot be had; None: it can."""

    def __init__(self, name):
        self.why, self.folders = None, []
        try:
            if os.path.exists(f"{V2}/cgroup.controllers"):
                with open(f"{V2}/cgroup.subtree_control", "w") as f:
                    f.write("+cpu")
                self.make(V2, name)
            else:
                for folder in dict.fromkeys(os.path.realpath(v) for v in V1):
                    self.make(folder, name)
        except OSError as e:
            self.close()
            self.why = f"no control group for processor time can be made here: {e}"

    def make(self, parent, name):
        """A scenario that fails ends at once: what it left is taken away by the next one."""
        kind = name.rpartition("-")[0]
        for old in os.listdir(parent):
            if old.startswith(kind + "-") and not os.path.exists(f"/proc/{old.rpartition('-')[2]}"):
                with contextlib.suppress(OSError):
                    os.rmdir(f"{parent}/{old}")
        os.mkdir(f"{parent}/{name}")
        self.folders.append(f"{parent}/{name}")

    def write(self, file, text):
        for folder in self.folders:
            if os.path.exists(f"{folder}/{file}"):
                with open(f"{folder}/{file}", "w") as f:
                    f.write(str(text))

    def set(self, processors):
        quota = int(processors * PERIOD_US)
        self.write("cpu.max", f"{quota} {PERIOD_US}")
        self.write("cpu.cfs_quota_us", quota)

    def add(self, *pids):
        for pid in pids:
            self.write("cgroup.procs", pid)

    def close(self):
        for folder in self.folders:
            with contextlib.suppress(OSError):
                with open(f"{folder}/cgroup.procs") as f:
                    for pid in f.read().split():
                        with open(f"{os.path.dirname(folder)}/cgroup.procs", "w") as up:
                            up.write(pid)
                os.rmdir(folder)
        self.folders = []
