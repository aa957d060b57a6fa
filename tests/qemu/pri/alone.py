# SPDX-License-Identifier: GPL-3.0-or-later
"""tandem-isdn alone, with a scripted agent, on the first of two spans back to back; the test switch on the second."""
import contextlib
import os
import subprocess
import tempfile

from agent import Agent
from results import BUILD, PATIENCE, path, switch
from lab import wait_for

CONFIG = """
log {{ level = debug }}
state {{ directory = "{dir}" runtime = "{dir}" }}
tdm {{ system-conf = "" configure = no }}
isdn far {{ spans = {{ 1 }} switch = "{type}" side = "{side}" {more} }}
"""
OTHER = {"user": "network", "network": "user"}


@contextlib.contextmanager
def isdn(kind, type, side, more=""):
    """tandem-isdn on `side`; its agent."""
    with tempfile.TemporaryDirectory() as folder, open(path("isdn.log"), "a") as log:
        config = os.path.join(folder, "tandem.conf")
        with open(config, "w") as f:
            f.write(CONFIG.format(dir=folder, type=type, side=side, more=more))
        process = subprocess.Popen([f"{BUILD}/tandem-isdn", "-c", config], stdout=log, stderr=log)
        try:
            wait_for("tandem-isdn to serve", lambda: os.path.exists(f"{folder}/isdn.sock") or process.poll() is not None, 20)
            agent = Agent(f"{folder}/isdn.sock", PATIENCE)
            agent.process = process
            yield agent
            agent.close()
        finally:
            process.terminate()
            status = process.wait(20)
        assert status == 0, f"tandem-isdn ended with {status}"


@contextlib.contextmanager
def both(kind, type, side, more="", **options):
    """tandem-isdn and the switch, with the D-channel up: (agent, switch)."""
    words = options.pop("words", ())
    with isdn(kind, type, side, more) as agent, switch(kind, 2, *words, side=OTHER[side], type=type, **options) as s:
        up(agent)
        s.up()
        yield agent, s


def up(agent, timeout=30):
    """Waits until the group can make calls and its channels have been restarted."""
    wait_for("the group to be up", lambda: agent.ask("show isdn")[0]["state"] == "up", timeout, 0.1)
    agent.idle()
