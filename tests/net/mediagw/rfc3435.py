# SPDX-License-Identifier: GPL-3.0-or-later
"""What RFC 3435 asks of a gateway towards any call agent, section by section, on packet relays: each test has a tandem-mg of its own."""
import os, re, socket, struct, sys, threading, time
sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), up) for up in ("..", "../../tools")]
from mgtest import Agent, Gateway, Phone, V4, MG, SOON
from nameserver import BadServer

CALL = "C: a1b2\n"
QUICK = 'retry-min = "20ms" retry-max = "40ms" t-max = "400ms" t-hist = "2s"'


def equal(got, want, what=""):
    if got != want:
        raise AssertionError(f"{what}: {got!r}, wanted {want!r}")


def number(text):
    """The transaction identifier of a command."""
    return int(text.split()[1])


class Names(BadServer):
    """A name server in this namespace, with these names and addresses."""

    def __init__(self, zone):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 5353))
        self.zone, self.asked = zone, []
        self.answers = lambda name, kind: [(name, 1, socket.inet_aton(ip)) for ip in self.zone.get(name, [])] if kind == 1 else []
        threading.Thread(target=self.serve, daemon=True).start()


DNS = 'dns { servers = {"127.0.0.1:5353"} }\n'


class Bench:
    """A gateway as configured, and its call agents; ends with all of them."""

    def __init__(self, program, agents=(("127.0.0.1", 2727),), **conf):
        self.mg = Gateway(program, **conf)
        self.agents = [Agent(*a) for a in agents]
        self.closing = []

    def __enter__(self):
        self.mg.start()
        return self.mg, *self.agents

    def __exit__(self, kind, error, trace):
        if error:
            print(self.mg.log()[-3000:])
        self.mg.remove()
        for a in self.agents:
            a.sock.close()


def heard(agents, pattern, wait=SOON):
    """The agent that is told of it, while all of them answer."""
    end = time.time() + wait
    while time.time() < end:
        for a in agents:
            a.drain()
            if any(re.search(pattern, t) for t in a.told):
                return a
        time.sleep(0.002)
    return None


def pressed(a, ep, phone, made, digits):
    for d in digits:
        phone.press((made.ip, made.port), d)


def events_connection(a, ep="rtpbridge/1"):
    phone = Phone(V4)
    made = a.ask("CRCX", ep, CALL + "M: sendrecv", phone.sdp(extra="a=rtpmap:101 telephone-event/8000\r\n").replace("AVP 8", "AVP 8 101"))
    equal(made.code, 200, made.text)
    return phone, made


def observed(a):
    return re.findall(r"(?m)^O: (\S+)", "".join(a.told))


# --- 2.1.2 endpoint names and wildcards ---------------------------------------------------------------------------------


def names_and_wildcards(program):
    with Bench(program) as (mg, a):
        for want, verb, name, lines in (
                (200, "CRCX", "rtpbridge/$", CALL + "M: inactive"), (200, "CRCX", "RTPBRIDGE/2", CALL + "M: inactive"),
                (500, "CRCX", "rtpbridge/02", CALL + "M: inactive"), (500, "CRCX", "rtpbridge/0", CALL + "M: inactive"),
                (500, "CRCX", "rtpbridge", CALL + "M: inactive"), (500, "CRCX", "rtpbridge/1/1", CALL + "M: inactive"),
                (503, "CRCX", "*", CALL + "M: inactive"), (500, "MDCX", "rtpbridge/$", CALL + "I: 1\nM: inactive"),
                (503, "MDCX", "rtpbridge/*", CALL + "I: 1\nM: inactive"), (500, "RQNT", "rtpbridge/$", "X: 1"),
                (200, "RQNT", "rtpbridge/*", "X: 1"), (500, "AUEP", "rtpbridge/$", ""), (200, "AUEP", "*", ""),
                (503, "AUCX", "rtpbridge/*", "I: 1"), (503, "DLCX", "rtpbridge/*", CALL + "I: 1"), (500, "DLCX", "$", ""),
                (200, "EPCF", "rtpbridge/*", "B:"), (250, "DLCX", "*", ""), (504, "XYZZ", "rtpbridge/1", ""), (504, "NTFY", "rtpbridge/1", "X: 1\nO: r/rto")):
            equal(a.ask(verb, name, lines).code, want, f"{verb} {name}")
        a.say("AUEP 77 rtpbridge/1@other.example.net MGCP 1.0\r\n")
        a.say("AUEP 78 rtpbridge/1@[127.0.0.1] MGCP 1.0\r\n")
        a.say("AUEP 79 rtpbridge/1@mg.tandem MGCP 2.0\r\n")
        a.until(lambda: {77, 78, 79} <= set(a.answers))
        equal([int(a.answers[t].split()[0]) for t in (77, 78, 79)], [500, 200, 528], "domain names and versions")


# --- 2.1.4 notified entity ----------------------------------------------------------------------------------------------


def notified_entity(program):
    with Bench(program, (("127.0.0.1", 2727), ("127.0.0.1", 2900), ("127.0.0.2", 2727))) as (mg, first, second, third):
        first.wait_told("RM: restart")
        phone, made = events_connection(first)
        equal(first.ask("RQNT", "rtpbridge/1", "X: 1\nR: D/[0-9](N)\nQ: loop\nN: b@[127.0.0.1]:2900").code, 200)
        equal(first.ask("AUEP", "rtpbridge/1", "F: N").get("N"), "b@[127.0.0.1]:2900")
        pressed(first, None, phone, made, [1])
        equal(heard([first, second], r"O: D/1") is second, True, "the entity that was named is told")
        equal("N: b@[127.0.0.1]:2900" in second.told[-1], True, "with its name")
        # Auditing does not change it, commands neither.
        third.ask("AUEP", "rtpbridge/1", "F: N")
        equal(third.ask("RQNT", "rtpbridge/1", "X: 2\nR: D/[0-9](N)\nQ: loop").code, 200)
        mg.kill()
        mg.start()
        # Each of those who have to know hears that the gateway was away.
        equal(heard([first, second, third], r"RSIP \d+ rtpbridge/1@mg.tandem MGCP 1.0\r\nRM: disconnected") is second, True, "after a kill")
        pressed(first, None, phone, made, [2])
        equal(heard([first, second], r"X: 2\r\nO: D/2") is second, True, "and it is kept")
        # Empty: whoever sends commands.
        equal(third.ask("RQNT", "rtpbridge/1", "X: 3\nR: D/[0-9](N)\nQ: loop\nN:").code, 200)
        first.ask("AUEP", "rtpbridge/1", "F: N")
        pressed(first, None, phone, made, [3])
        equal(heard([first, second, third], r"X: 3\r\nO: D/3") is third, True, "the source of the last command that is no audit")
        for bad in ("@", "ca@[1:2", "ca@host:0", "a b", "ca@h,,"):
            equal(first.ask("RQNT", "rtpbridge/1", "X: 4\nN: " + bad).code, 510, bad)


def names_through_dns(program):
    names = Names({"ca.example.net": ["127.0.0.9", "127.0.0.2"]})
    try:
        with Bench(program, (("127.0.0.2", 2800),), media='agent = "ca@ca.example.net:2800"', more=DNS, agent=QUICK.replace("400ms", "2s")) as (mg, a):
            equal(heard([a], r"RSIP \d+ \*@mg.tandem MGCP 1.0\r\nRM: restart") is a, True, "the second address, when the first is silent")
            equal({("ca.example.net", 1), ("ca.example.net", 28)} <= set(names.asked), True, "both families were asked for")
            shown = mg.ctl("show call-agents")
            equal([(s["agent"], s["address"], s["state"]) for s in shown], [("ca@ca.example.net:2800", "127.0.0.2:2800", "connected")])
            # 4.1: of its addresses the one that commands come from.
            equal(a.ask("AUEP", "rtpbridge/1", "F: N").get("N"), "ca@ca.example.net:2800")
    finally:
        names.close()


# --- 4.1, 4.3 fail-over -------------------------------------------------------------------------------------------------


def second_call_agent(program):
    with Bench(program, (("127.0.0.1", 2727), ("127.0.0.2", 2727)), media='agent = "127.0.0.1, ca2@[127.0.0.2]"',
               agent='retry-min = "150ms" retry-max = "150ms" t-hist = "2s"') as (mg, first, second):
        heard([first, second], "RM: restart")
        phone, made = events_connection(first)
        first.ask("RQNT", "rtpbridge/1", "X: 1\nR: D/[0-9](N)\nQ: loop")
        first.drain()
        first.mute, before = True, len(first.datagrams)
        pressed(first, None, phone, made, [5])
        equal(heard([second], "O: D/5") is second, True, "the second is told when the first is silent")
        first.drain()
        same = [t for d in first.datagrams[before:] for t in d if "O: D/5" in t]
        equal(len(same), 6, "once, and Max1 repetitions")
        equal({number(t) for t in same}, {number(t) for t in second.told if "O: D/5" in t}, "one transaction")
        pressed(first, None, phone, made, [6])
        equal(heard([second], "O: D/6") is second, True, "and the next goes there at once")
        first.drain()
        equal([t for d in first.datagrams for t in d if "O: D/6" in t], [], "not to the first")


def commands_follow_a_new_entity(program):
    with Bench(program, (("127.0.0.1", 2727), ("127.0.0.2", 2727)), agent=QUICK.replace("400ms", "5s")) as (mg, first, second):
        heard([first], "RM: restart")
        phone, made = events_connection(first)
        first.ask("RQNT", "rtpbridge/1", "X: 1\nR: D/[0-9](N)\nQ: loop")
        first.drain()
        first.mute, before = True, len(first.datagrams)
        pressed(first, None, phone, made, [5])
        while len(first.datagrams) == before:
            first.take(0.5)
        equal(second.ask("MDCX", "rtpbridge/1", CALL + f"I: {made.get('I')}\nN: ca2@[127.0.0.2]").code, 200)
        equal(heard([second], "O: D/5") is second, True, "what was on the way goes to the new one (4.3)")


# --- 3.5 transactions ---------------------------------------------------------------------------------------------------


def provisional_and_confirmed(program):
    with Bench(program, agent='retry-min = "30ms"') as (mg, a):
        heard([a], "RM: restart")
        phone, made = events_connection(a)
        a.ask("RQNT", "rtpbridge/1", "X: 1\nR: D/[0-9](N)\nQ: loop")
        a.reply = lambda text, tid: f"100 {tid} pending\r\n"
        a.told.clear()
        pressed(a, None, phone, made, [1])
        heard([a], "O: D/1")
        a.ask("AUEP", "rtpbridge/1")  # after the provisional response, and answered after what was sent before that
        tid, count = number(a.told[-1]), len([d for d in a.datagrams if any("O: D/1" in t for t in d)])
        a.drain(0.3)
        equal(len([d for d in a.datagrams if any("O: D/1" in t for t in d)]), count, "a provisional response stops repetition")
        a.say(f"200 {tid} OK\r\nK:\r\n")
        a.until(lambda: tid in a.answers)
        equal(a.answers.get(tid, "").split(), ["000", str(tid)], "the final response asked for an acknowledgement (3.5.6)")
        # 3.5.2: the next command confirms what was answered.
        a.reply = lambda text, tid: f"200 {tid} OK\r\n"
        pressed(a, None, phone, made, [2])
        heard([a], "O: D/2")
        confirmed = re.search(r"(?m)^K: (.*)\r", next(t for t in a.told if "O: D/2" in t))
        equal(confirmed is not None and str(tid) in confirmed.group(1).replace("-", ","), True, a.told[-1])


def once_only(program):
    with Bench(program) as (mg, a):
        command = f"CRCX 4242 rtpbridge/$@mg.tandem MGCP 1.0\r\n{CALL.strip()}\r\nM: inactive\r\n"
        answers = lambda: [t for d in a.datagrams for t in d if t.split()[1] == "4242"]
        for _ in range(3):
            a.say(command)
        a.ask("AUEP", "rtpbridge/1")
        equal((len(answers()), len(set(answers())), mg.counter("crcx")), (3, 1, 1), "executed once, answered three times (3.5.1)")
        a.say("AUEP 4243 *@mg.tandem MGCP 1.0\r\nK: 4242\r\n")
        a.say(command)
        a.ask("AUEP", "rtpbridge/1")
        equal((len(answers()), mg.counter("crcx")), (3, 1), "a confirmed answer is not repeated, nor the command executed (3.5.2)")


def piggybacking(program):
    with Bench(program) as (mg, a):
        heard([a], "RM: restart")
        a.datagrams.clear()
        a.say("AUEP 51 rtpbridge/1@mg.tandem MGCP 1.0\r\nF: I\r\n.\r\nXYZZ 52 rtpbridge/1@mg.tandem MGCP 1.0\r\n.\r\nAUEP 53 rtpbridge/2@mg.tandem MGCP 1.0\r\n")
        a.until(lambda: a.datagrams)
        equal([[t.split()[:2] for t in d] for d in a.datagrams], [[["200", "51"], ["504", "52"], ["200", "53"]]], "one datagram, in order (3.5.5)")


# --- 4.4.1 quarantine ---------------------------------------------------------------------------------------------------


def quarantine_and_lockstep(program):
    with Bench(program) as (mg, a):
        phone, made = events_connection(a)
        equal(a.ask("RQNT", "rtpbridge/1", "X: 1\nR: D/[0-9](N)").code, 200)
        before = mg.counter("digits")
        pressed(a, None, phone, made, [1, 2, 3])
        heard([a], "O: D/1")
        equal(mg.counted("digits", before + 3), before + 3)
        a.drain(0.1)
        equal(observed(a), ["D/1"], "lockstep: the next request is waited for (2.3.3)")
        equal(a.ask("AUEP", "rtpbridge/1", "F: Q,X").params[0][1].replace(" ", ""), "step,process", "the default")
        equal(a.ask("RQNT", "rtpbridge/1", "X: 2\nR: D/[0-9](N)").code, 200)
        heard([a], "X: 2\r\nO: D/2")
        a.drain(0.1)
        equal(observed(a), ["D/1", "D/2"], "the quarantined event comes with the next request, one a request")
        equal(a.ask("RQNT", "rtpbridge/1", "X: 3\nR: D/[0-9](N)\nQ: discard").code, 200)
        pressed(a, None, phone, made, [4])
        heard([a], "X: 3\r\nO: D/4")
        equal(observed(a), ["D/1", "D/2", "D/4"], "discarded")
        equal(a.ask("RQNT", "rtpbridge/1", "X: 4\nR: D/[0-9](N)\nQ: loop").code, 200)
        pressed(a, None, phone, made, [5, 6])
        heard([a], "O: D/6")
        equal(observed(a)[3:], ["D/5", "D/6"], "loop")
        # Accumulated events come together (A), and not in another request's name.
        equal(a.ask("RQNT", "rtpbridge/1", "X: 5\nR: D/[0-4](A), D/[5-9](N)\nQ: loop").code, 200)
        pressed(a, None, phone, made, [1, 2, 7])
        heard([a], r"X: 5\r\nO: D/1,\s*D/2,\s*D/7")


# --- 2.3.10, 2.3.11 audits ----------------------------------------------------------------------------------------------


def capabilities(program):
    with Bench(program) as (mg, a):
        a.wait_told("RM: restart")
        one = a.ask("AUEP", "rtpbridge/1", "F: A, R, D, S, X, N, I, T, O, ES, B, Q, RM, RD, E, PL, MD, ZZ")
        equal([k for k, v in one.params], ["A", "R", "D", "S", "X", "N", "I", "T", "O", "ES", "B", "Q", "RM", "RD", "E", "PL", "MD"],
              "empty ones too, but not what is unknown")
        equal({k: one.get(k) for k in ("X", "RM", "RD", "E", "I", "N")}, {"X": "0", "RM": "restart", "RD": "0", "E": "000", "I": "", "N": "127.0.0.1:2727"})
        equal(re.search(r"m:\s*sendrecv;sendonly;recvonly;inactive;netwloop", one.get("A")) is not None, True, one.get("A"))
        equal((re.search("v:(.*)$", one.get("A")).group(1).split(";"), int(one.get("MD")) > 4000), ([p.strip().split(":")[0] for p in re.split("[;,]", one.get("PL"))], True))
        equal((a.ask("AUEP", "rtpbridge/1").text.count("\r\n"), a.ask("AUEP", "*", "F: A").get("A")), (1, None))
        phone, made = events_connection(a)
        cx = a.ask("AUCX", "rtpbridge/1", f"I: {made.get('I')}\nF: C,N,L,M,P,RC,LC,ZZ")
        equal((cx.get("C"), cx.get("M"), cx.get("N"), cx.sdp.count("v=0")), ("a1b2", "sendrecv", "127.0.0.1:2727", 2))
        equal(re.match(r"PS=0, OS=0, PR=0, OR=0", cx.get("P")) is not None, True, cx.get("P"))
        equal(a.ask("AUCX", "rtpbridge/1", f"I: {made.get('I')}").code, 200, "nothing asked for")
        # Of a package that is unknown the answer says which there are (518).
        refused = a.ask("RQNT", "rtpbridge/1", "X: 1\nR: zz/y(N)")
        equal((refused.code, refused.get("PL")), (518, one.get("PL")))


# --- 4.4.5 to 4.4.7 restart ---------------------------------------------------------------------------------------------


def restart_goes_before_answers(program):
    with Bench(program, (("127.0.0.1", 2727), ("127.0.0.2", 2727)), media='restart-wait = "1h"') as (mg, a, other):
        equal(a.ask("AUEP", "rtpbridge/1", "F: RM").get("RM"), "restart")
        a.drain(0.1)
        equal(a.told, [], "MWD is waited for, and an audit changes nothing (4.4.6)")
        a.datagrams.clear()
        a.mute = True
        a.ask("CRCX", "rtpbridge/1", CALL + "M: inactive")
        equal([t.split()[0] for t in a.datagrams[0]], ["RSIP", "200"], "the restart goes first, in one datagram")
        a.say(f"CRCX {a.tid} rtpbridge/1@mg.tandem MGCP 1.0\r\n")
        while not any(t.split()[:2] == ["200", str(a.tid)] for t in a.datagrams[-1]) or len(a.datagrams) < 2:
            a.take(1)
        equal([t.split()[0] for t in a.datagrams[-1]], ["RSIP", "200"], "with the answer that is repeated, too")
        other.ask("MDCX", "rtpbridge/1", CALL + "I: 0\nM: inactive")
        equal([t.split()[0] for t in other.datagrams[0]], ["RSIP", "515"], "and to whoever commands (4.4.7)")
        equal(number(other.datagrams[0][0]), number(a.datagrams[0][0]), "one transaction")


def restart_is_refused(program):
    with Bench(program, (("127.0.0.1", 2727), ("127.0.0.2", 2727)), media='restart-wait = "0" disconnected-first = "20ms"') as (mg, a, other):
        replies = ["405 {} restarting\r\n", "521 {} redirected\r\nN: ca2@[127.0.0.2]\r\n"]
        a.reply = lambda text, tid: replies.pop(0).format(tid)
        other.reply = lambda text, tid: f"500 {tid} no\r\n"
        equal(heard([a, other], r"^RSIP \d+ \*@mg.tandem MGCP 1.0\r\nRM: restart") is a, True)
        while len(a.told) < 2:
            a.take(1)
        equal(number(a.told[0]) != number(a.told[1]), True, "a transient error starts it again as a new transaction")
        equal(heard([other], "RM: restart") is other, True, "521 leads elsewhere")
        other.drain(0.2)
        equal(len(other.told), 1, "a permanent error ends it")
        other.reply = lambda text, tid: f"200 {tid} OK\r\n"
        other.ask("RQNT", "rtpbridge/1", "X: 1")
        equal(len([t for t in other.told if "RM: restart" in t]), 2, "until a command comes")
        equal(other.ask("AUEP", "rtpbridge/1", "F: N").get("N"), "ca2@[127.0.0.2]")


def disconnected(program):
    with Bench(program, media='disconnected-first = "50ms"', agent=QUICK) as (mg, a):
        heard([a], "RM: restart")
        phone, made = events_connection(a)
        a.ask("RQNT", "rtpbridge/1", "X: 1\nR: D/[0-9](N)\nQ: loop")
        a.drain()
        a.mute = True
        pressed(a, None, phone, made, [5])
        seen = lambda: [t for d in a.datagrams for t in d if "RM: disconnected" in t]
        while len({number(t) for t in seen()}) < 2:
            a.take(2)
        equal(re.search(r"(?m)^RD: \d+\r", seen()[-1]) is not None, True, "how long it has been (4.4.7)")
        equal("call-agent-silent" in [x["name"] for x in mg.ctl("show alarms") if not x.get("cleared")], True, "the alarm")
        equal(a.ask("AUEP", "rtpbridge/1", "F: RM").get("RM"), "disconnected")
        # Another endpoint of the same call agent, whose own commands were not lost.
        other, there = events_connection(a, "rtpbridge/2")
        a.ask("RQNT", "rtpbridge/2", "X: 2\nR: D/[0-9](N)\nQ: loop")
        before = mg.counter("digits")
        pressed(a, None, phone, made, [6])
        pressed(a, None, other, there, [7])
        while mg.counter("digits") < before + 2:
            a.take(0.01)
        a.drain()
        a.mute = False
        equal([t for d in a.datagrams for t in d if "O: D/7" in t], [], "nothing is told of an endpoint whose entity does not know that it is back")
        a.told.clear()
        a.datagrams.clear()
        equal((heard([a], "O: D/6"), heard([a], "O: D/7")), (a, a), "what was not sent is told when it is connected again")
        equal("RM: disconnected" in a.told[0], True, "and that it was disconnected before")
        equal([x["name"] for x in mg.ctl("show alarms") if x["name"] == "call-agent-silent" and not x.get("cleared")], [], "the alarm has gone")
        equal(a.ask("AUEP", "rtpbridge/1", "F: RM").get("RM"), "restart")


def in_and_out_of_service(program):
    with Bench(program) as (mg, a):
        heard([a], "RM: restart")
        audit = lambda: tuple(a.ask("AUEP", "rtpbridge/1", "F: RM,E").get(k) for k in ("RM", "E"))
        made = a.ask("CRCX", "rtpbridge/1", CALL + "M: inactive")
        mg.ctl("service", {"method": "graceful", "delay": 3600})
        equal(a.wait_told(r"RM: graceful\r\nRD: 3600\r\nE: 901") is not None, True, "graceful")
        equal((a.ask("CRCX", "rtpbridge/2", CALL + "M: inactive").code, audit()), (200, ("graceful", "901")), "still in service")
        mg.ctl("service", {"method": "cancel-graceful"})
        equal((a.wait_told("RM: cancel-graceful") is not None, audit()), (True, ("restart", "000")))
        mg.ctl("service", {"method": "graceful"})
        a.ask("DLCX", "rtpbridge/2")
        equal(audit()[0], "graceful", "there is a connection yet")
        a.ask("DLCX", "rtpbridge/1", CALL + "I: " + made.get("I"))
        equal(a.wait_told("RM: forced") is not None, True, "out with the last connection")
        equal((a.ask("CRCX", "rtpbridge/1", CALL + "M: inactive").code, a.ask("RQNT", "*", "X: 1").code, audit()), (501, 501, ("forced", "901")))
        mg.kill()
        a.told.clear()
        mg.start()
        equal(a.wait_told("RM: forced") is not None, True, "it stays out over a restart")
        equal(a.ask("CRCX", "rtpbridge/1", CALL + "M: inactive").code, 501)
        mg.ctl("service", {"method": "restart", "delay": 1})
        equal(a.wait_told(r"RM: restart\r\nRD: 1") is not None, True, "in service soon")
        equal(a.ask("CRCX", "rtpbridge/1", CALL + "M: inactive").code, 501)
        equal(a.wait_told(r"RM: restart\r\n(?!RD)") is not None, True, "and now")
        equal(a.ask("CRCX", "rtpbridge/1", CALL + "M: inactive").code, 200)
        mg.ctl("service", {"method": "forced"})
        equal((audit()[0], mg.counter("connections")), ("forced", 0), "forced ends connections")


# --- section 5: who is listened to ----------------------------------------------------------------------------------------


def listens_to_listed_addresses(program):
    agents = (("127.0.0.1", 2727), (V4, 2727), ("10.77.0.66", 2727))
    with Bench(program, agents, media='bind = "0.0.0.0:2427" call-agents = {"10.77.0.1"}') as (mg, local, listed, stranger):
        to = {local: MG, listed: (V4, 2427), stranger: (V4, 2427)}
        for n in range(2):
            for a in agents and (local, listed, stranger):
                a.say(f"AUEP {60 + n} rtpbridge/1@mg.tandem MGCP 1.0\r\n", to[a])
            for a in (local, listed):
                while 60 + n not in a.answers:
                    equal(a.take(SOON), True, "an answer")
        equal((stranger.take(0.1), stranger.answers), (False, {}), "a stranger")
        # Whom one of those names is heard.
        equal(listed.ask("RQNT", "rtpbridge/1", "X: 1\nN: [10.77.0.66]", to=(V4, 2427)).code, 200)
        stranger.say("AUEP 70 rtpbridge/1@mg.tandem MGCP 1.0\r\n", (V4, 2427))
        equal(stranger.take(SOON), True, "who was named is no stranger")


def listens_on_loopback(program):
    with Bench(program, (("127.0.0.1", 2727), (V4, 2727))) as (mg, a, outside):
        outside.say("AUEP 60 rtpbridge/1@mg.tandem MGCP 1.0\r\n", (V4, 2427))
        equal((a.ask("AUEP", "rtpbridge/1").code, outside.take(0.1)), (200, False), "nobody listens elsewhere unless told")


TESTS = [names_and_wildcards, notified_entity, names_through_dns, second_call_agent, commands_follow_a_new_entity, provisional_and_confirmed, once_only,
         piggybacking, quarantine_and_lockstep, capabilities, restart_goes_before_answers, restart_is_refused, disconnected, in_and_out_of_service,
         listens_to_listed_addresses, listens_on_loopback]
