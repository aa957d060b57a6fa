# SPDX-License-Identifier: GPL-3.0-or-later
"""tandem-isdn alone, with a scripted agent, and the test switch at the other end: of two spans back to back, or of a socket where there is no DAHDI."""
import contextlib
import os
import subprocess
import tempfile

from results import BUILD, PATIENCE, REAL, path, switch
from agent import Agent
from lab import listens, wait_for

CONFIG = """
log {{ level = debug }}
state {{ directory = "{dir}" runtime = "{dir}" }}
address any {{ local = {{ "127.0.0.1" }} }}
tdm {{ system-conf = "" configure = no }}
isdn far {{ switch = "{type}" side = "{side}" {spans} {more} }}
"""
OTHER = {"user": "network", "network": "user"}


@contextlib.contextmanager
def isdn(kind, type, side, more="", folder=None, killed=False, spans="spans = { 1 }"):
    """tandem-isdn on `side`; its agent. `killed`: whether it will have been at the end."""
    with tempfile.TemporaryDirectory() as own, open(path("isdn.log"), "a") as log:
        config = os.path.join(own, "tandem.conf")
        with open(config, "w") as f:
            f.write(CONFIG.format(dir=own, type=type, side=side, more=more, spans=spans))
        environment = dict(os.environ)
        if not REAL:
            environment.update(LD_PRELOAD=f"{BUILD}/fakedahdi.so", FAKE_DAHDI=folder, FAKE_DAHDI_KIND=kind)
        process = subprocess.Popen([f"{BUILD}/tandem-isdn", "-c", config], stdout=log, stderr=log, env=environment)
        try:
            wait_for("tandem-isdn to serve", lambda: listens(f"{own}/isdn.sock") or process.poll() is not None, 20)
            assert process.poll() is None, f"tandem-isdn ended with {process.returncode}"
            agent = Agent(f"{own}/isdn.sock", PATIENCE)
            agent.process, agent.config = process, config
            yield agent
            agent.close()
        finally:
            process.terminate()
            status = process.wait(20)
        assert status == (-9 if killed else 0), f"tandem-isdn ended with {status}"


@contextlib.contextmanager
def both(kind, type, side, more="", words=(), **options):
    """tandem-isdn on the first span and the switch on the second: (agent, switch)."""
    with tempfile.TemporaryDirectory() as folder, switch(kind, 2 if REAL else 1, *words, side=OTHER[side], type=type, folder=folder, **options) as s:
        with isdn(kind, type, side, more, folder) as agent:
            yield agent, s


@contextlib.contextmanager
def linked(*arguments, **options):
    """The same, with the D-channel up and all channels idle."""
    with both(*arguments, **options) as (agent, s):
        up(agent)
        s.up()
        yield agent, s


def up(agent, timeout=30):
    """Waits until the group can make calls and its channels have been restarted."""
    try:
        wait_for("the group to be up", lambda: agent.ask("show isdn")[0]["state"] == "up", timeout, 0.05)
    except TimeoutError:
        raise AssertionError(f"the group does not come up: {agent.ask('show isdn')}")
    agent.idle()
