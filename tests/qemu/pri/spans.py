# SPDX-License-Identifier: GPL-3.0-or-later
"""The gateway with telephone lines: tests/net's stage in the guest, its spans set up by itself from a system.conf."""
import contextlib

from results import BEARERS, DCHANNEL, WIDTH, path
from gateway import stage
from lab import wait_for


def ranges(numbers):
    """1,2,3,5 as 1-3,5."""
    parts = []
    for n in numbers:
        if parts and parts[-1][1] == n - 1:
            parts[-1][1] = n
        else:
            parts.append([n, n])
    return ",".join(f"{a}-{b}" if a != b else f"{a}" for a, b in parts)


def system_conf(kind, pairs=1, first=1):
    """Pairs of spans back to back, each with its D-channel."""
    spans = range(2 * pairs)
    lines = [f"dynamic=loc,{first + i // 2}:{i % 2},{WIDTH[kind]},0" for i in spans]
    bearers = ranges([i * WIDTH[kind] + n for i in spans for n in BEARERS[kind]])
    lines += [f"bchan={bearers}", "dchan=" + ",".join(str(i * WIDTH[kind] + DCHANNEL[kind]) for i in spans)]
    if kind == "e1":
        lines.append(f"alaw={bearers}")
    name = path(f"system-{kind}.conf")
    with open(name, "w") as f:
        f.write("\n".join(lines) + "\n")
    return name


@contextlib.contextmanager
def gateway(kind, config, pairs=1, **sections):
    """The stage with spans and the configuration's `isdn` sections, when their D-channels are up."""
    more = f'tdm {{ system-conf = "{system_conf(kind, pairs)}" }}\n{config}'
    with stage(more=more, **sections) as s:
        yield s


def groups_up(s, *names, timeout=60):
    """Waits until calls can be made over these groups."""
    def up():
        states = {g["line"]: g["state"] for g in s.gw.show("lines")}
        return all(states.get(name) == "up" for name in names)
    wait_for(f"{names} to be up", up, timeout, 0.2)
