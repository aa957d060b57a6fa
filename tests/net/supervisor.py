# SPDX-License-Identifier: GPL-3.0-or-later
"""What systemd is to tandem-keep: it holds the descriptors that come with FDSTORE=1 (sd_notify(3)) and hands them to the next process
(sd_listen_fds(3)), whatever became of the last one."""
import array
import os
import socket
import threading


class Supervisor:
    def __init__(self, lab):
        self.lab, self.held = lab, []  # (name, descriptor)
        self.path = lab.path("supervisor.sock")
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind(self.path)
        self.lock = threading.Lock()
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            text, control, _, _ = self.sock.recvmsg(4096, socket.CMSG_SPACE(64))
            fds = array.array("i")
            for level, kind, data in control:
                if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                    fds.frombytes(data[:len(data) - len(data) % fds.itemsize])
            lines = dict(line.split("=", 1) for line in text.decode().splitlines() if "=" in line)
            with self.lock:
                if "FDSTORE" in lines or "FDSTOREREMOVE" in lines:
                    for name, fd in [h for h in self.held if h[0] == lines["FDNAME"]]:
                        self.held.remove((name, fd))
                        os.close(fd)
                self.held += [(lines["FDNAME"], fd) for fd in fds if "FDSTORE" in lines]

    def start(self, ns, *args, log=None):
        """The program with all that is held, as LISTEN_FDS from 3 on."""
        with self.lock:
            held = [(name, os.dup(fd)) for name, fd in self.held]
        high = [os.dup2(fd, 200 + i) for i, (_, fd) in enumerate(held)]

        def place():
            for i, fd in enumerate(high):
                os.dup2(fd, 3 + i)

        env = dict(os.environ, NOTIFY_SOCKET=self.path, LISTEN_FDS=str(len(held)), LISTEN_FDNAMES=":".join(name for name, _ in held))
        shell = 'exec env LISTEN_PID=$$ "$@"'
        process = self.lab.start(ns, "sh", "-c", shell, "sh", *args, log=log, env=env, preexec_fn=place,
                                 pass_fds=range(3, 3 + len(held)))  # and nothing else: what stays open in it nobody else can have
        for fd in [*high, *(fd for _, fd in held)]:
            os.close(fd)
        return process

    def names(self):
        with self.lock:
            return [name for name, _ in self.held]
