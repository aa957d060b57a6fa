# SPDX-License-Identifier: GPL-3.0-or-later
"""A scripted agent on the control socket of tandem-isdn: asks by verbs, waits for events (userspace/isdn/README.md)."""
import collections
import json
import select
import socket
import time


class Refused(Exception):
    pass


class Agent:
    def __init__(self, path, patience):
        self.path, self.patience = path, patience
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(path)
        self.rest, self.replies, self.waiting, self.serial = b"", {}, collections.deque(), 0
        for topic in ("calls", "spans"):
            self.ask("subscribe", topic=topic)

    def pump(self, timeout):
        if not select.select([self.sock], [], [], max(timeout, 0))[0]:
            return False
        data = self.sock.recv(65536)
        if not data:
            raise AssertionError("tandem-isdn has closed its control socket")
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            said = json.loads(line)
            if "id" in said:
                self.replies[said["id"]] = said
            else:
                self.waiting.append(said["event"])
        return True

    def ask(self, verb, **args):
        """The result; Refused with the one line of the error."""
        self.serial += 1
        self.sock.sendall(json.dumps({"id": self.serial, "do": verb, "args": args}).encode() + b"\n")
        end = time.monotonic() + self.patience
        while self.serial not in self.replies:
            if not self.pump(end - time.monotonic()) and time.monotonic() > end:
                raise AssertionError(f"no reply to {verb} {args}")
        reply = self.replies.pop(self.serial)
        if "error" in reply:
            raise Refused(reply["error"])
        return reply["result"]

    def take(self, event, timeout=None, **wanted):
        """The first such event (or one of those) with these values; others wait on."""
        events = (event,) if isinstance(event, str) else event
        end = time.monotonic() + (self.patience if timeout is None else timeout)
        while True:
            for e in self.waiting:
                if e.get("event") in events and all(e.get(k) == v for k, v in wanted.items()):
                    self.waiting.remove(e)
                    return e
            if not self.pump(end - time.monotonic()) and time.monotonic() > end:
                raise AssertionError(f"the agent waited for {event} {wanted}; has {list(self.waiting)[-8:]}")

    def setup(self, called, group="far", complete=True, call=None, **more):
        """A call out: its name and the channel asked for."""
        self.serial += 1
        call = call or f"c{self.serial}"
        result = self.ask("isdn setup", call=call, group=group, called={"number": called, "complete": complete}, **more)
        return call, result and result["endpoint"]

    def do(self, verb, call, **args):
        return self.ask(f"isdn {verb}", call=call, **args)

    def idle(self):
        """Waits until it has no call and every channel is idle."""
        end = time.monotonic() + self.patience
        while True:
            calls, channels = self.ask("show isdn-calls"), self.ask("show isdn-channels")
            busy = [c for c in channels if c["state"] != "idle"]
            if not calls and not busy:
                return
            if time.monotonic() > end:
                raise AssertionError(f"not idle: {calls} {busy}")
            time.sleep(0.05)

    def close(self):
        self.sock.close()
