#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""capture.py KIND TYPE SIDE: what tandemctl trace shows of a D-channel, and that tshark decodes its capture without complaint."""
import subprocess
import sys

from results import BUILD, path, shows
from alone import linked
from lab import wait_for

kind, type, side = sys.argv[1:4]


def tandemctl(*words, **options):
    return subprocess.Popen([f"{BUILD}/tandemctl", "-c", agent.config, *words], stderr=subprocess.DEVNULL, **options)


def tshark(*words, whole=True):
    """What it makes of the capture; `whole`: that is written to its end."""
    return subprocess.run(["tshark", "-r", path("isdn.pcap"), *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=whole, timeout=60).stdout


def shown(word):
    """How often the trace shows it."""
    with open(path("trace.txt")) as f:
        return f.read().count(word)


def some_calls():
    for number in ("5551234", "5559876"):
        call, _ = agent.setup(number, calling={"number": "2223333", "type": "national", "plan": "isdn", "name": "Ann"})
        came = far.setup(called=number)
        far.answer(came["call"])
        agent.take("answer", call=call)
        far.hang_up(came["call"], 16)
        agent.take("release", call=call)
        out = far.call(number, calling="2224444")
        agent.do("answer", agent.take("setup")["call"])
        far.take("connect", call=out)
        far.hang_up(out)
        agent.take("release")
    agent.idle()


def trace():
    """Both listen before anything is said: the trace shows the next supervisory frame, which comes every T203."""
    with open(path("trace.txt"), "w") as f:
        watchers = [tandemctl("trace", "isdn", stdout=f), tandemctl("trace", "isdn", "--pcap", path("isdn.pcap"))]
        try:
            wait_for("both to be subscribed", lambda: shown("RR N(R)=") and tshark("-c", "1", whole=False), 30)
            some_calls()
            wait_for("the last RELEASE COMPLETE", lambda: shown("RELEASE COMPLETE, call") >= 4)
            wait_for("it to be captured", lambda: tshark("-Y", "q931.message_type == 0x5a", whole=False).count("\n") >= 4)
        finally:
            for w in watchers:
                w.terminate()
                w.wait(20)
    for word in ("SETUP, call", "    Bearer capability: speech, 64 kbit/s", "    Called party number: \"5551234\"", "RELEASE COMPLETE", "I N(S)="):
        assert shown(word), f"the trace does not show {word!r}"


def decodes():
    assert tshark("-Y", "_ws.malformed || _ws.expert.severity == error || _ws.unreassembled") == ""
    messages = tshark("-Y", "q931", "-T", "fields", "-e", "q931.message_type").split()
    assert messages.count("0x05") == 4 and messages.count("0x07") == 4 and messages.count("0x45") == 4, messages
    assert tshark("-Y", 'q931.called_party_number.digits == "5551234"').count("\n") == 2


with linked(kind, type, side, "t203 = 300ms") as (agent, far):
    shows("the trace shows messages element by element, and a capture is written", trace)
    shows("tshark decodes the capture without complaint", decodes)
