#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""make install DESTDIR=...: what it puts there is complete, and the installed daemons find each other and take a call."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
import os  # noqa: E402
import stat  # noqa: E402
from lab import sh  # noqa: E402

TOP = os.path.realpath(os.path.dirname(os.path.realpath(__file__)) + "/../../..")
FILES = ["usr/sbin/tandem-keep", "usr/sbin/tandem-ca", "usr/sbin/tandem-mg", "usr/sbin/tandem-isdn", "usr/bin/tandemctl", "lib/systemd/system/tandem.service",
         "usr/share/man/man5/tandem.conf.5", "usr/share/man/man8/tandemctl.8"]

with stage(start=False) as s:
    dest = s.lab.path("dest")
    sh("make", "-C", TOP, "--no-print-directory", f"O={s.gw.build}", f"DESTDIR={dest}", "install")
    for name in FILES:
        assert os.path.getsize(f"{dest}/{name}") > 0, name
        assert bool(os.stat(f"{dest}/{name}").st_mode & stat.S_IXUSR) == ("bin/" in name), f"mode of {name}"
    s.gw.keep, s.gw.tandemctl = f"{dest}/usr/sbin/tandem-keep", f"{dest}/usr/bin/tandemctl"
    s.gw.start()
    for row in s.gw.show("processes"):
        assert os.readlink(f"/proc/{row['pid']}/exe").startswith(f"{dest}/usr/sbin/"), row
    alice, bob = s.pair()
    da, db, _, _ = s.call(alice, bob)
    da.bye(db)
