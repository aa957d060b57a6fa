#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenario tests of tandem-mg without tandem-ca: `run.py PROGRAM` prints "mg: N passed, N failed, N skipped"."""
import math, os, re, signal, socket, struct, subprocess, sys, time, traceback
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rfc3435
from mgtest import Agent, Gateway, Phone, V4, V6, MG, SOON

CALL = "C: a1b2\n"


def equal(got, want, what=""):
    if got != want:
        raise AssertionError(f"{what}: {got!r}, wanted {want!r}")


def pair(a, left, right, extra=""):
    """A relayed call between two phones: endpoint, both answers, both targets."""
    one = a.ask("CRCX", "rtpbridge/$", CALL + "M: sendrecv\n" + extra, left.sdp())
    equal(one.code, 200, one.text)
    ep = one.get("Z").split("@")[0]
    two = a.ask("CRCX", ep, CALL + "M: sendrecv\n" + extra, right.sdp())
    equal(two.code, 200, two.text)
    return ep, one, two


def voice(left, right, one, two, n=20):
    left.send((one.ip, one.port), n)
    equal(len(right.hear_all(n)), n, "heard on the right")
    right.send((two.ip, two.port), n)
    equal(len(left.hear_all(n)), n, "heard on the left")


def relays_between_families(mg, a):
    for l, r in ((V4, V4), (V6, V6), (V4, V6), (V6, V4)):
        left, right = Phone(l), Phone(r)
        ep, one, two = pair(a, left, right)
        equal((":" in one.ip, ":" in two.ip), (":" in l, ":" in r), "family of the local ports")
        equal(one.port % 2, 0, "RTP port")
        voice(left, right, one, two)
        gone = a.ask("DLCX", ep, CALL + "I: " + one.get("I"))
        equal(gone.code, 250)
        equal(re.match(r"PS=20, OS=3200, PR=20, OR=3200, PL=0, JI=\d+, LA=0", gone.get("P")) is not None, True, gone.text)
        mos = float(re.search(r"MOS=([\d.]+)", gone.get("X-Quality")).group(1))
        equal(4 < mos <= 4.5, True, f"MOS {mos}")
        equal(a.ask("DLCX", ep, CALL + "I: " + two.get("I")).code, 250)


def wildcards(mg, a):
    made = [a.ask("CRCX", "rtpbridge/$", CALL + "M: inactive") for _ in range(3)]
    names = {m.get("Z").split("@")[0] for m in made}
    equal(len(names), 3, "different endpoints")
    listed = {v.split("@")[0] for k, v in a.ask("AUEP", "rtpbridge/*").params if k == "Z"}
    equal(listed, names, "AUEP of all")
    page = a.ask("AUEP", "*", "ZM: 2")
    first = [v for k, v in page.params if k == "Z"]
    rest = [v for k, v in a.ask("AUEP", "*", f"ZM: 2\nZ: {first[-1]}").params if k == "Z"]
    equal({x.split("@")[0] for x in first + rest}, names, "AUEP in pages")
    equal(a.ask("RQNT", "*", "X: 7\nR: r/rto(N)(30)").code, 200)
    equal(a.ask("RQNT", "*", "X: 8\nR:").code, 200)
    equal(a.ask("DLCX", "rtpbridge/*").code, 250)
    equal(a.ask("AUEP", "*").get("Z"), None)


def error_codes(mg, a):
    p = Phone(V4)
    one = a.ask("CRCX", "rtpbridge/7", CALL + "M: recvonly")
    i = "I: " + one.get("I") + "\n"
    for want, verb, ep, lines, sdp in (
            (504, "ABCD", "rtpbridge/7", "", ""),
            (500, "CRCX", "rtpbridge/999999", CALL + "M: inactive", ""),
            (500, "CRCX", "ds/ds1-1/7", CALL + "M: inactive", ""),
            (503, "CRCX", "rtpbridge/*", CALL + "M: inactive", ""),
            (516, "CRCX", "rtpbridge/$", "M: inactive", ""),
            (517, "CRCX", "rtpbridge/$", CALL, ""),
            (517, "CRCX", "rtpbridge/$", CALL + "M: confrnce", ""),
            (527, "CRCX", "rtpbridge/$", CALL + "M: sendrecv", ""),
            (509, "CRCX", "rtpbridge/$", CALL + "M: sendrecv", "nonsense\r\n"),
            (541, "CRCX", "rtpbridge/$", CALL + "M: inactive\nL: zz:1", ""),
            (532, "CRCX", "rtpbridge/$", CALL + "M: inactive\nL: nt:ATM", ""),
            (525, "CRCX", "rtpbridge/$", CALL + "M: inactive\nL: x+new:1", ""),
            (511, "CRCX", "rtpbridge/$", CALL + "M: inactive\nX+New: 1", ""),
            (507, "CRCX", "rtpbridge/$", CALL + "M: inactive\nZ2: rtpbridge/$@mg.tandem", ""),
            (505, "CRCX", "rtpbridge/$", CALL + "M: sendrecv", p.sdp(proto="UDP/TLS/RTP/SAVP")),
            (515, "MDCX", "rtpbridge/7", CALL + "I: ffff\nM: inactive", ""),
            (516, "MDCX", "rtpbridge/7", "C: dead\n" + i, ""),
            (506, "MDCX", "rtpbridge/7", CALL + i, Phone(V6).sdp()),
            (515, "DLCX", "rtpbridge/7", CALL + "I: ffff", ""),
            (515, "AUCX", "rtpbridge/7", "I: ffff\nF: C", ""),
            (539, "AUCX", "rtpbridge/7", i + "M: inactive", ""),
            (518, "RQNT", "rtpbridge/7", "X: 1\nR: l/hd(N)", ""),
            (512, "RQNT", "rtpbridge/7", "X: 1\nR: r/uc(N)", ""),
            (513, "RQNT", "rtpbridge/7", "X: 1\nS: D/5", ""),
            (538, "RQNT", "rtpbridge/7", "X: 1\nR: r/rto(N)(0)", ""),
            (507, "EPCF", "rtpbridge/7", "B: e:mu", "")):
        got = a.ask(verb, ep, lines, sdp)
        equal(got.code, want, f"{verb} {ep} {lines!r} {got.text!r}")
    equal(a.ask("CRCX", "rtpbridge/7", CALL + "M: inactive").code, 200)
    equal(a.ask("CRCX", "rtpbridge/7", CALL + "M: inactive").code, 540)
    equal(a.ask("DLCX", "rtpbridge/7", CALL).code, 250)


def audits(mg, a):
    p = Phone(V4)
    one = a.ask("CRCX", "rtpbridge/3", CALL + "M: sendonly\nL: p:20, a:PCMA, t:a0", p.sdp())
    ep = a.ask("AUEP", "rtpbridge/3", "F: I,X,R,N,A,MD,RM,PL,S")
    equal((ep.get("I"), ep.get("X"), ep.get("RM"), ep.get("S")), (one.get("I"), "0", "restart", ""))
    cx = a.ask("AUCX", "rtpbridge/3", f"I: {one.get('I')}\nF: C,M,L,P,LC,RC")
    equal((cx.get("C"), cx.get("M"), cx.get("L")), ("a1b2", "sendonly", "p:20, a:PCMA, t:a0"))
    equal(cx.sdp.count("v=0"), 2, "descriptions")
    equal(cx.sdp.index(one.sdp.strip()[:30]), 0, "the local one first")
    equal(a.ask("DLCX", "*").code, 250)


def nat_latching(mg, a):
    natted, far = Phone(V4), Phone(V4)
    sdp = natted.sdp(ip="192.168.9.9")
    one = a.ask("CRCX", "rtpbridge/$", CALL + f"M: sendrecv\nX-Signalling: {V4}:5060\nX-Latch: nat\nX-Arm: 1", sdp)
    ep = one.get("Z").split("@")[0]
    two = a.ask("CRCX", ep, CALL + "M: sendrecv", far.sdp())
    stranger = Phone("10.77.0.66")
    stranger.send((one.ip, one.port), 3)
    equal(far.hear(0.3)[0], b"", "a stranger's packet")
    voice(natted, far, one, two, 5)
    s = [x for x in mg.ctl("show streams") if x["connection"] == one.get("I")][0]
    equal((s["latched"], s["remote"], s["packets"]), (True, f"{V4}:{natted.port}", 5))
    a.ask("DLCX", ep)


def strict_ignores_others(mg, a):
    left, right = Phone(V4), Phone(V6)
    ep, one, two = pair(a, left, right)
    thief = Phone(V4)
    left.send((one.ip, one.port), 2)
    right.hear_all(2)
    thief.send((one.ip, one.port), 5)
    equal(right.hear(0.3)[0], b"", "an injected packet")
    right.send((two.ip, two.port), 3)
    equal((len(left.hear_all(3)), thief.hear(0.1)[0]), (3, b""), "nobody else hears")
    a.ask("DLCX", ep)


def modes_and_hold(mg, a):
    left, right = Phone(V4), Phone(V4)
    ep, one, two = pair(a, left, right)
    equal(a.ask("MDCX", ep, CALL + f"I: {one.get('I')}\nM: inactive").code, 200)
    left.send((one.ip, one.port), 3)
    equal(right.hear(0.3)[0], b"", "inactive")
    back = a.ask("MDCX", ep, CALL + f"I: {one.get('I')}\nM: sendrecv", left.sdp())
    equal((back.code, back.port), (200, one.port))
    voice(left, right, one, two, 5)
    held = a.ask("MDCX", ep, CALL + f"I: {one.get('I')}", left.sdp(ip="0.0.0.0"))
    equal(held.code, 200)
    right.send((two.ip, two.port), 3)
    equal(left.hear(0.3)[0], b"", "held by 0.0.0.0")
    a.ask("DLCX", ep)


def network_loopback(mg, a):
    left, right = Phone(V4), Phone(V6)
    ep, one, two = pair(a, left, right)
    equal(a.ask("MDCX", ep, CALL + f"I: {one.get('I')}\nM: netwloop").code, 200)
    left.send((one.ip, one.port), 5)
    back = left.hear_all(5)
    equal([p[2:4] for p in back], [struct.pack("!H", left.seq - 5 + i & 0xffff) for i in range(5)], "what was said comes back")
    right.send((two.ip, two.port), 3)
    equal((right.hear(0.3)[0], left.hear(0)[0]), (b"", b""), "the other connection leads nowhere")
    equal(a.ask("AUCX", ep, f"I: {one.get('I')}\nF: M").get("M"), "netwloop")
    mg.kill()
    mg.start()
    left.send((one.ip, one.port), 5)
    equal(len(left.hear_all(5)), 5, "after a kill")
    equal(a.ask("MDCX", ep, CALL + f"I: {one.get('I')}\nM: sendrecv").code, 200)
    voice(left, right, one, two, 5)
    for mode in ("loopback", "conttest", "confrnce"):
        equal(a.ask("MDCX", ep, CALL + f"I: {one.get('I')}\nM: {mode}").code, 517, mode)
    equal(a.ask("CRCX", "rtpbridge/$", CALL + "M: netwloop").code, 527)
    equal("netwloop" in a.ask("AUEP", ep, "F: A").get("A"), True)
    a.ask("DLCX", ep)


def co(hz, n, start):
    """20 ms of a continuity tone in mu-law, from the n-th packet on."""
    def mulaw(x):
        sign, x = (0x80, -x) if x < 0 else (0, x)
        x = min(x, 32635) + 132
        exponent = x.bit_length() - 8
        return ~(sign | exponent << 4 | x >> exponent + 3 & 15) & 0xff
    return [bytes(mulaw(int(8000 * math.sin(2 * math.pi * hz * (k * 160 + i) / 8000))) for i in range(160)) for k in range(start, start + n)]


def power(payload, hz):
    def linear(u):
        u = ~u & 0xff
        x = ((u & 15) * 8 + 132 << (u >> 4 & 7)) - 132
        return -x if u & 0x80 else x
    x = [linear(u) for u in payload]
    total = sum(v * v for v in x)
    re = sum(v * math.cos(2 * math.pi * hz * i / 8000) for i, v in enumerate(x))
    im = sum(v * math.sin(2 * math.pi * hz * i / 8000) for i, v in enumerate(x))
    return 2 * (re * re + im * im) / (len(x) * total) if total else 0


def network_continuity(mg, a):
    """RFC 3435 2.1.3, netwtest: the relay answers 2010 Hz with 1780 Hz, and the other way round, and the other connection leads nowhere."""
    left, right = Phone(V4), Phone(V6)
    ep, one, two = pair(a, left, right)
    equal("netwtest" in a.ask("AUEP", ep, "F: A").get("A"), True)
    equal(a.ask("MDCX", ep, CALL + f"I: {one.get('I')}\nM: netwtest").code, 200)
    for go, comes in ((2010, 1780), (1780, 2010)):
        for n, payload in enumerate(co(go, 10, 0)):
            left.send((one.ip, one.port), payload=payload, pt=0)
            equal(len(left.hear_all(1)), 1, "each packet is answered")
        left.send((one.ip, one.port), payload=co(go, 1, 10)[0], pt=0)
        back = left.hear_all(1)[0]
        equal((back[1] & 0x7f, power(back[12:], comes) > 0.8), (0, True), f"{go} Hz is answered by {comes} Hz")
    left.send((one.ip, one.port), payload=bytes([0xff] * 160), pt=18)
    equal(mg.counted("test-other", 1), 1)
    equal(left.hear(0.3)[0], b"", "what is no G.711 has no answer")
    right.send((two.ip, two.port), 3)
    equal((right.hear(0.3)[0], left.hear(0)[0]), (b"", b""), "the other connection leads nowhere")
    equal(a.ask("AUCX", ep, f"I: {one.get('I')}\nF: M").get("M"), "netwtest")
    mg.kill()
    mg.start()
    left.send((one.ip, one.port), payload=co(2010, 1, 0)[0], pt=0)
    equal(len(left.hear_all(1)), 1, "after a kill")
    equal(a.ask("MDCX", ep, CALL + f"I: {one.get('I')}\nM: sendrecv").code, 200)
    voice(left, right, one, two, 5)
    a.ask("DLCX", ep)


def rtcp(ssrc, cname):
    sdes = struct.pack("!I", ssrc) + bytes([1, len(cname)]) + cname + b"\6\x08phone/99" + b"\0"
    sdes += b"\0" * (-len(sdes) % 4)
    sr = struct.pack("!BBHIIIIII", 0x80, 200, 6, ssrc, 0xe0000000, 5, 160, 1, 160)
    return sr + struct.pack("!BBH", 0x81, 202, len(sdes) // 4) + sdes


def cname_never_leaks(mg, a):
    left, right = Phone(V4), Phone(V6)
    ep, one, two = pair(a, left, right)
    seen = set()
    for name in (b"x", b"alice@192.0.2.77", b"alice" * 40):
        left.rtcp.sendto(rtcp(left.ssrc, name), (one.ip, one.port + 1))
        data, src = right.hear(SOON, right.rtcp)
        equal(data[:28], rtcp(left.ssrc, name)[:28], "the sender report")
        equal((b"alice" in data, b"phone" in data, src[1]), (False, False, two.port + 1))
        at = 28 + 8
        equal((data[at], len(data) % 4), (1, 0), "one CNAME")
        seen.add(bytes(data[at + 2:at + 2 + data[at + 1]]))
    equal(len(seen), 1, "one name for the whole call")
    left.rtcp.sendto(b"\x80\xc8\x00\x20broken", (one.ip, one.port + 1))
    equal(right.hear(0.3, right.rtcp)[0], b"", "malformed RTCP")
    a.ask("DLCX", ep)


def rtcp_mux_and_srtcp(mg, a):
    left, right = Phone(V4), Phone(V6)
    one = a.ask("CRCX", "rtpbridge/$", CALL + "M: sendrecv", left.sdp(extra="a=rtcp-mux\r\n"))
    ep = one.get("Z").split("@")[0]
    a.ask("CRCX", ep, CALL + "M: sendrecv", right.sdp())
    equal("a=rtcp-mux" in one.sdp, True)
    left.rtp.sendto(rtcp(left.ssrc, b"alice"), (one.ip, one.port))
    data, _ = right.hear(SOON, right.rtcp)
    equal((data[:4], b"alice" in data), (rtcp(left.ssrc, b"alice")[:4], False), "from the shared port")
    a.ask("DLCX", ep)
    key = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\r\n"
    one = a.ask("CRCX", ep, CALL + "M: sendrecv", left.sdp(extra=key, proto="RTP/SAVP"))
    a.ask("CRCX", ep, CALL + "M: sendrecv", right.sdp(extra=key, proto="RTP/SAVP"))
    sealed = rtcp(left.ssrc, b"x")[:8] + b"\xff" * 40
    left.rtcp.sendto(sealed, (one.ip, one.port + 1))
    equal(right.hear(SOON, right.rtcp)[0], sealed, "SRTCP")
    a.ask("DLCX", ep)


def exhausted_or_misconfigured(mg, a):
    full = [a.ask("CRCX", "rtpbridge/$", CALL + "M: recvonly\nX-Address: small") for _ in range(3)]
    equal([f.code for f in full], [200, 200, 403])
    equal("port range of address small is exhausted" in full[2].text, True, full[2].text)
    alarm = [x for x in mg.ctl("show alarms") if x["name"] == "media-ports-exhausted" and x["object"] == "small"]
    equal(len(alarm), 1, "alarm")
    six = a.ask("CRCX", "rtpbridge/$", CALL + "M: sendrecv\nX-Address: small", Phone(V6).sdp())
    equal((six.code, "no IPv6 address" in six.text), (502, True), six.text)
    none = a.ask("CRCX", "rtpbridge/$", CALL + "M: recvonly\nX-Address: nowhere")
    equal((none.code, "nowhere" in none.text), (502, True), none.text)
    a.ask("DLCX", "*")
    equal(a.ask("CRCX", "rtpbridge/$", CALL + "M: recvonly\nX-Address: small").code, 200)
    a.ask("DLCX", "*")


def public_address(mg, a):
    far = a.ask("CRCX", "rtpbridge/1", CALL + "M: recvonly\nX-Address: cloud\nX-Signalling: 198.51.100.9:5060")
    near = a.ask("CRCX", "rtpbridge/1", CALL + "M: recvonly\nX-Address: cloud\nX-Signalling: 10.77.3.3:5060")
    equal((far.ip, near.ip), ("203.0.113.5", "10.77.0.8"))
    a.ask("DLCX", "*")


def dscp(mg, a):
    left, right = Phone(V4), Phone(V4)
    right.rtp.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
    one = a.ask("CRCX", "rtpbridge/$", CALL + "M: sendrecv", left.sdp())
    ep = one.get("Z").split("@")[0]
    for lines, want in (("L: t:68", 0x68), ("", 0xb8)):
        two = a.ask("CRCX", ep, CALL + "M: sendrecv\n" + lines, right.sdp())
        left.send((one.ip, one.port))
        _, anc, _, _ = right.rtp.recvmsg(2048, 128)
        equal(anc[0][2][0], want, "TOS octet")
        a.ask("DLCX", ep, CALL + "I: " + two.get("I"))
    a.ask("DLCX", ep)


def executed_once(mg, a):
    before = mg.counter("crcx")
    one = a.ask("CRCX", "rtpbridge/$", CALL + "M: inactive", tid=900001)
    two = a.ask("CRCX", "rtpbridge/$", CALL + "M: inactive", tid=900001)
    equal((one.text, mg.counter("crcx") - before), (two.text, 1), "a repetition")
    a.ask("DLCX", "*")


def silence_is_reported_and_hold_is_not(mg, a):
    quiet, held, alive = Phone(V4), Phone(V4), Phone(V4)
    made = {}
    for phone, direction in ((quiet, "sendrecv"), (held, "recvonly"), (alive, "sendrecv")):
        made[phone] = a.ask("CRCX", "rtpbridge/$", CALL + "M: sendrecv\nX-Silence: 2", phone.sdp(direction))
    inactive = a.ask("CRCX", "rtpbridge/$", CALL + "M: inactive\nX-Silence: 2", Phone(V4).sdp())
    end, told = time.time() + SOON, None
    while not told and time.time() < end:  # RTCP alone is a sign of life
        alive.rtcp.sendto(rtcp(alive.ssrc, b"a"), (made[alive].ip, made[alive].port + 1))
        told = a.wait_told("NTFY", 0.2)
    a.take(0.3)
    ids = re.findall(r"r/rto@([0-9a-f]+)\(2\)", "".join(a.told))
    equal(ids, [made[quiet].get("I")], f"silent connections (held {made[held].get('I')}, inactive {inactive.get('I')})")
    a.ask("DLCX", "*")


def observed(a):
    return re.findall(r"(?m)^X: (\S+)\r\nO: (D/\S+)", "".join(a.told))


def digit_comes(mg, before):
    equal(mg.counted("digits", before + 1), before + 1, "digits seen")


def digits_are_notified(mg, a):
    left, right = Phone(V4), Phone(V6)
    # Each sends events by the number that the other side described.
    one = a.ask("CRCX", "rtpbridge/$", CALL + "M: sendrecv", left.sdp(extra="a=rtpmap:96 telephone-event/8000\r\n").replace("AVP 8", "AVP 8 96"))
    ep = one.get("Z").split("@")[0]
    two = a.ask("CRCX", ep, CALL + "M: sendrecv", right.sdp(extra="a=rtpmap:101 telephone-event/8000\r\n").replace("AVP 8", "AVP 8 101"))
    a.told.clear()
    before = mg.counter("digits")
    left.press((one.ip, one.port), 1)  # nobody asked
    digit_comes(mg, before)
    equal(a.ask("RQNT", ep, "X: d1\nQ: loop\nR: D/[0-9#*A-D](N)").code, 200)
    for code, lost in ((5, ()), (11, (0, 1)), (15, (0, 1, 2, 3))):
        left.press((one.ip, one.port), code, lost=lost)
    left.press((one.ip, one.port), 7, pt=96)  # not what it was offered
    right.press((two.ip, two.port), 10, pt=96)
    for digit in (r"\*", "D"):  # of two phones: either may be the last
        equal(a.wait_told("O: D/" + digit) is not None, True, f"digit {digit}")
    equal(sorted(observed(a)), sorted([("d1", "D/5"), ("d1", "D/#"), ("d1", "D/D"), ("d1", "D/*")]), "digits told")
    equal(mg.counter("digits") - before, 5, "digits counted")
    a.told.clear()
    equal(a.ask("RQNT", ep, f"X: d2\nQ: loop\nR: D/x@{two.get('I')}(N), r/rto(N)").code, 200)
    for code in (3, 10):
        left.press((one.ip, one.port), code)
        right.press((two.ip, two.port), code, pt=96)
    right.press((two.ip, two.port), 0, pt=96)
    equal(a.wait_told(r"O: D/0") is not None, True, "the last digit")
    equal(observed(a), [("d2", f"D/3@{two.get('I')}"), ("d2", f"D/0@{two.get('I')}")], "digits of one connection")
    shown, end = None, time.time() + SOON  # the two streams are not in order with one another
    while shown != {one.get("I"): 6, two.get("I"): 4} and time.time() < end:
        shown = {s["connection"]: s["digits"] for s in mg.ctl("show streams")}
    equal(shown, {one.get("I"): 6, two.get("I"): 4}, "digits shown")
    # "$" is the connection that the command was about,.
    a.told.clear()
    equal(a.ask("MDCX", ep, CALL + f"I: {two.get('I')}\nX: d4\nR: D/x@$(N)").code, 200)
    before = mg.counter("digits")
    left.press((one.ip, one.port), 3)  # had it come later, it would wait for the next request
    digit_comes(mg, before)
    right.press((two.ip, two.port), 4, pt=96)
    equal(a.wait_told(r"O: D/4") is not None, True, "the digit of the current connection")
    equal(observed(a), [("d4", f"D/4@{two.get('I')}")], "digits of the current connection")
    a.told.clear()
    equal(a.ask("RQNT", ep, "X: d5\nR: D/[0-4]@$(N), D/[5-9](N)").code, 515)
    equal(a.ask("RQNT", ep, f"X: d5\nR: D/[0-4]@{one.get('I')}(N), D/[5-9](N)").code, 200)
    for code in (4, 6):
        right.press((two.ip, two.port), code, pt=96)
    equal(a.wait_told(r"O: D/6") is not None, True, "the digit of any connection")
    equal(observed(a), [("d5", "D/6")], "digits of any connection")
    for code, line in ((512, "R: D/dd(N)"), (522, "R: D/E(N)"), (510, "R: D/[9-0](N)"), (523, "R: D/5(N,A)"), (519, "R: D/5(D)"),
                       (518, "R: L/hd(N)")):
        equal(a.ask("RQNT", ep, "X: d3\n" + line).code, code, line)
    equal(a.ask("RQNT", ep, "X: d6").code, 200)
    a.ask("DLCX", ep)


def pressed(mg, phone, conn, digits):
    """Presses digits and waits until they have passed."""
    want = mg.counter("digits") + len(digits)
    for d in digits:
        phone.press((conn.ip, conn.port), "0123456789*#".index(d))
    equal(mg.counted("digits", want), want, "digits seen")


def digits_are_collected(mg, a):
    """RFC 3435 2.1.5, 4.4.1: by a digit map, one notification for a number; lockstep; what comes meanwhile waits in quarantine; and all of it outlives the process."""
    left, right = Phone(V4), Phone(V4)
    events = "a=rtpmap:101 telephone-event/8000\r\n"
    one = a.ask("CRCX", "rtpbridge/$", CALL + "M: sendrecv", left.sdp(extra=events).replace("AVP 8", "AVP 8 101"))
    ep = one.get("Z").split("@")[0]
    a.ask("CRCX", ep, CALL + "M: sendrecv", right.sdp(extra=events).replace("AVP 8", "AVP 8 101"))
    a.told.clear()
    equal(a.ask("RQNT", ep, "X: c1\nR: D/[0-9#T](D)\nD: (1xx|2x.#)").code, 200)
    ep_was = a.ask("AUEP", ep, "F: R,D,Q,X,T,S,O,ES,PL")
    equal((ep_was.get("R"), ep_was.get("D"), ep_was.get("Q"), ep_was.get("X")), ("D/[0-9#T](D)", "(1xx|2x.#)", "step,process", "c1"))
    equal((ep_was.get("T"), ep_was.get("S"), ep_was.get("O"), ep_was.get("ES"), ep_was.get("PL")), ("", "", "", "", "R:1,D:1,DM1:0,B:0"))
    pressed(mg, left, one, "1")
    equal(a.ask("AUEP", ep, "F: O").get("O"), "D/1")
    mg.kill()
    mg.start()
    equal(a.ask("AUEP", ep, "F: R,D,X,O").text.split("OK", 1)[1], "\r\nR: D/[0-9#T](D)\r\nD: (1xx|2x.#)\r\nX: c1\r\nO: D/1\r\n", "after a kill")
    a.told.clear()
    pressed(mg, left, one, "23")
    equal(a.wait_told(r"(?m)^X: c1\r\nO: D/1,D/2,D/3\r") is not None, True, "the number")
    a.told.clear()
    pressed(mg, left, one, "45")
    equal(a.ask("RQNT", ep, "X: c2\nR: D/x(N)").code, 200)
    equal(a.wait_told(r"(?m)^X: c2\r\nO: D/4\r") is not None, True, "from quarantine")
    equal([t for t in a.told if "O: D/5" in t], [], "lockstep")
    equal(a.ask("RQNT", ep, "X: c3\nQ: discard\nR: D/x(N)").code, 200)
    a.told.clear()
    pressed(mg, left, one, "6")
    equal(a.wait_told(r"(?m)^X: c3\r\nO: D/6\r") is not None, True, "what was discarded is not told")
    equal(a.ask("RQNT", ep, "X: c4").code, 200)
    a.ask("DLCX", ep)


def lines_without_cards(mg, a):
    """Lines are configured on a machine that has none: an alarm, and everything else works."""
    alarm = [x for x in mg.ctl("show alarms") if x["name"] == "tdm-driver"]
    equal([(x["object"], x["cleared"]) for x in alarm], [("dahdi", None)])
    equal((mg.ctl("show spans"), mg.ctl("show channels")), ([], []))
    equal("lock" in [v["verb"] for v in mg.ctl("tdm")], True, "verbs")
    equal("no such span" in mg.ctl("tdm", {"verb": "lock", "target": "span 1"}), True, "lock of a span that is not there")
    equal(mg.ctl("show channels", {"span": "7"}), "no such span")
    equal(a.ask("CRCX", "ds/ds1-1/1", CALL + "M: recvonly").code, 500)
    equal(len(re.findall("tdm-driver", mg.log())), len(re.findall("started, process", mg.log())), "lines in the log")


def no_lines_to_test(mg, a):
    equal("no such span" in mg.ctl("test", {"from": "1", "to": "2"}), True, "a span that is not there")
    equal("where a test call goes out" in mg.ctl("test", {"from": "1"}), True, "half a test")
    equal(mg.ctl("show test")["rows"], [])


def survives_a_kill(mg, a):
    left, right = Phone(V4), Phone(V6)
    ep, one, two = pair(a, left, right)
    voice(left, right, one, two, 5)
    a.told.clear()
    mg.kill()
    mg.start()
    equal(a.wait_told("RM: disconnected") is not None, True, "RSIP disconnected")
    equal(sorted(a.ask("AUEP", ep, "F: I").get("I").split(",")), sorted([one.get("I"), two.get("I")]), "connections taken over")
    voice(left, right, one, two, 5)
    gone = a.ask("DLCX", ep, CALL + "I: " + one.get("I"))
    equal(gone.code, 250)
    a.ask("DLCX", ep)


def nothing_is_left(mg, a):
    a.ask("DLCX", "*")
    equal((mg.ctl("show streams"), mg.ctl("show endpoints")), ([], []))
    equal([p["used"] for p in mg.ctl("show ports")], [0] * 4)
    equal((mg.counter("connections"), mg.counter("endpoints"), mg.counter("port-pairs")), (0, 0, 0))
    a.told.clear()
    mg.proc.send_signal(signal.SIGTERM)
    equal(a.wait_told("RM: forced") is not None, True, "RSIP forced")
    equal(mg.proc.wait(SOON), 0, "exit status")


TESTS = [relays_between_families, wildcards, error_codes, audits, nat_latching, strict_ignores_others, modes_and_hold, network_loopback, network_continuity, cname_never_leaks,
         rtcp_mux_and_srtcp, exhausted_or_misconfigured, public_address, dscp, executed_once, silence_is_reported_and_hold_is_not,
         digits_are_notified, digits_are_collected, lines_without_cards, survives_a_kill, no_lines_to_test, nothing_is_left]


def inside(program):
    for cmd in ("ip link set lo up", f"ip addr add {V4}/24 dev lo", "ip addr add 10.77.0.8/24 dev lo", "ip addr add 10.77.0.9/24 dev lo",
                "ip addr add 10.77.0.66/24 dev lo", f"ip addr add {V6}/64 dev lo nodad"):
        subprocess.run(cmd.split(), check=True)
    mg, agent, failed = Gateway(program), Agent(), 0
    mg.start()
    if not agent.wait_told("RM: restart"):
        failed += 1
        print("FAIL cold start: no RSIP restart")
    for test in TESTS:
        try:
            test(mg, agent)
            print(f"ok   {test.__name__}")
        except Exception as e:
            failed += 1
            print(f"FAIL {test.__name__}: {e!r}")
            traceback.print_exc(limit=-2, file=sys.stdout)
            agent.ask("DLCX", "*", wait=1)
    if failed:
        print(mg.log()[-4000:])
    mg.remove()
    agent.sock.close()
    for test in rfc3435.TESTS:
        try:
            test(program)
            print(f"ok   {test.__name__}")
        except Exception as e:
            failed += 1
            print(f"FAIL {test.__name__}: {e!r}")
            traceback.print_exc(limit=-2, file=sys.stdout)
    print(f"mg: {len(TESTS) + len(rfc3435.TESTS) + 1 - failed} passed, {failed} failed, 0 skipped")
    return failed


if __name__ == "__main__":
    if len(sys.argv) == 2:
        os.execvp("unshare", ["unshare", "--net", sys.executable, sys.argv[0], os.path.abspath(sys.argv[1]), "inside"])
    sys.exit(1 if inside(sys.argv[1]) else 0)
