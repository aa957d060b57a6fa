# SPDX-License-Identifier: GPL-2.0-or-later
"""Drives the test switch: commands go in as lines, events come out as dictionaries that a test waits for."""
import collections
import json
import os
import select
import subprocess
import time


class Unexpected(AssertionError):
    pass


class Switch:
    """One end of a PRI. `options` are words of its command line; keywords are OPTION=VALUE. `patience` is how long an event may take, in seconds."""

    def __init__(self, program, *options, patience=20.0, log=None, pass_fds=(), **values):
        words = [*options, *(f"{name.replace('_', '-')}={value}" for name, value in values.items())]
        self.name, self.patience = values.get("side", "network"), patience
        self.process = subprocess.Popen([program, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, pass_fds=pass_fds)
        self.out = self.process.stdout.fileno()
        os.set_blocking(self.out, False)
        self.rest, self.waiting, self.events = b"", collections.deque(), []
        self.placed = 0

    # --- what it says

    def pump(self, timeout):
        """Takes what it says within that time; False when it said nothing."""
        if not select.select([self.out], [], [], max(timeout, 0))[0]:
            return False
        data = os.read(self.out, 65536)
        if not data:
            raise Unexpected(f"the switch ({self.name}) has ended with {self.process.wait()}; has {list(self.waiting)[-5:]}")
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            event = json.loads(line)
            self.events.append(event)
            self.waiting.append(event)
        return True

    def take(self, kind, timeout=None, **wanted):
        """The first event waiting or coming of that kind (or one of those) with these values (a callable judges a value); others wait on."""
        kinds = (kind,) if isinstance(kind, str) else kind
        timeout = self.patience if timeout is None else timeout
        end = time.monotonic() + timeout
        while True:
            for event in self.waiting:
                if event["event"] in kinds and all(v(event.get(k)) if callable(v) else event.get(k) == v for k, v in wanted.items()):
                    self.waiting.remove(event)
                    return event
            if not self.pump(end - time.monotonic()) and time.monotonic() >= end:
                raise Unexpected(f"the switch ({self.name}) waited {timeout:g} s for {kind} {wanted}; has {list(self.waiting)[-8:]}")

    def none(self, kind, seconds=0.3, **wanted):
        """Asserts that no such event comes for a while."""
        try:
            event = self.take(kind, seconds, **wanted)
        except Unexpected:
            return
        raise Unexpected(f"the switch ({self.name}) told {event}")

    # --- what it is told

    def do(self, verb, *words, **values):
        values = {name.replace("_", "-"): f'"{value}"' if " " in str(value) else value for name, value in values.items() if value is not None}
        line = " ".join([verb, *map(str, words), *(f"{name}={value}" for name, value in values.items())])
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def up(self, timeout=30.0):
        self.take("dchannel", timeout, up=True)

    def call(self, called, *words, **values):
        """Places a call; returns its name."""
        self.placed += 1
        name = f"out-{self.placed}"
        self.do("call", name, *words, called=called, **values)
        self.take("placed", call=name)
        return name

    def setup(self, timeout=None, **wanted):
        """A call that comes; returns its event, of which `call` is its name."""
        return self.take("setup", timeout, **wanted)

    def answer(self, call):
        for verb in ("proceeding", "alerting", "connect"):
            self.do(verb, call)

    def hang_up(self, call, cause=16):
        self.do("hangup", call, cause=cause)
        return self.over(call)

    def over(self, call, timeout=None):
        """Waits until a call is no more; returns the last event, with its cause."""
        return self.take(("release", "released"), timeout, call=call)

    def calls(self):
        self.do("show")
        return self.take("calls")["calls"]

    def idle(self):
        """Waits until it has no call."""
        end = time.monotonic() + self.patience
        while calls := self.calls():
            if time.monotonic() > end:
                raise Unexpected(f"the switch ({self.name}) still has {calls}")
            time.sleep(0.05)

    def close(self):
        if self.process.poll() is None:
            self.process.stdin.close()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
