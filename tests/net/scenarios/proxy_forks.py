#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""How the proxy forks (RFC 3261 16.5 to 16.8), as its peers see it: in sequence by q, past who says nothing and who rings too long; in parallel with the best answer, challenges
gathered, a 6xx that ends all; redirections followed; Timer C. Trunks of a group with their own times and failover list, as the B2BUA has them."""
import sys
import time
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402

PROXY = "role = proxy"
MORE = """
proxy {{ recurse = yes next-after = 1200ms }}
trunk one {{ peer = "{ip}:5091" address = "outside" first-response = 600ms answer-time = 1500ms }}
trunk two {{ peer = "{ip}:5092" address = "outside" }}
group both {{ members = {{ "one", "two priority=1" }} }}
route both {{ prefix = "7" to = "both" strip = 1 }}
"""

with stage(inside=PROXY, outside=PROXY, sip="first-response = 900ms ring-timeout = 3600ms", t1=100, t2=800, start=False) as s:  # Timer B is 6.4 s
    s.gw.configure(more=MORE.format(ip=s.ip_b))
    s.gw.start()
    alice = s.phone("a")
    assert alice.register().status == 200
    b1, b2, elsewhere = s.phone("b", "bob"), s.phone("b", "bob", port=5062), s.phone("b", "x", port=5066)

    def bobs(q1, q2):
        for p, q in ((b1, q1), (b2, q2)):
            assert p.register(contacts=[f"<{p.uri()}>;q={q}"]).status == 200

    def quiet(*phones):
        for p in phones:
            p.nothing(lambda m: m.method == "INVITE", 0.05)

    def answered(da, d, invite):
        d.accept(invite)
        da.connected()
        d.get("ACK")
        da.bye(d)

    # in sequence: the second is asked when the first has refused
    bobs("1.0", "0.5")
    da = alice.invite("1002")
    d1, i1 = b1.rings()
    quiet(b2)
    d1.refuse(i1, 486)
    d2, i2 = b2.answer_invite()
    assert i2.all("via")[0] != i1.all("via")[0] and i2.get("max-breadth") == "60"
    answered(da, d2, i2)

    # when the first says nothing, not even 100; its late ringing earns it a CANCEL and is told nobody
    began = time.monotonic()
    da = alice.invite("1002")
    d1, i1 = b1.answer_invite()
    d2, i2 = b2.answer_invite()
    assert 0.85 < time.monotonic() - began < 5, "sip.first-response"
    d1.reply(i1, 180, "Ringing")
    d1.cancelled(i1)
    alice.nothing(lambda m: m.status == 180 and m.get("call-id") == da.call_id, 0.05)
    answered(da, d2, i2)

    # when the first rings too long
    da = alice.invite("1002")
    d1, i1 = b1.rings()
    d1.cancelled(i1)
    d2, i2 = b2.rings()
    answered(da, d2, i2)

    # in parallel: the best answer; challenges gathered (16.7 steps 6 and 7)
    bobs("1.0", "1.0")
    def both(r1, r2, wanted, **kw):
        da = alice.invite("1002")
        (d1, i1), (d2, i2) = b1.answer_invite(), b2.answer_invite()
        assert i1.get("max-breadth") == "30"
        d1.refuse(i1, r1, **kw.get("one", {}))
        alice.nothing(lambda m: m.status and m.status >= 200, 0.03)
        d2.refuse(i2, r2, **kw.get("two", {}))
        return da.failed(wanted)
    both(503, 480, 480)
    both(404, 302, 302, two={"headers": [("Contact", "<mailto:bob@example.com>")]})  # nothing to follow
    both(486, 401, 401)
    assert not both(503, 503, 500, one={"headers": [("Retry-After", "30")]}).get("retry-after")
    m = both(401, 407, 401, one={"headers": [("WWW-Authenticate", 'Digest realm="one", nonce="1"')]}, two={"headers": [("Proxy-Authenticate", 'Digest realm="two", nonce="2"')]})
    assert 'realm="one"' in m.get("www-authenticate") and 'realm="two"' in m.get("proxy-authenticate"), m.raw

    # a 6xx ends the others; the caller hears it when they have answered
    da = alice.invite("1002")
    (d1, i1), (d2, i2) = b1.rings(), b2.rings()
    d1.refuse(i1, 603)
    d2.cancelled(i2)
    da.failed(603)

    # CANCEL reaches both, with its reason
    da = alice.invite("1002")
    (d1, i1), (d2, i2) = b1.rings(), b2.rings()
    da.response(180)
    da.cancel()
    d1.cancelled(i1)
    d2.cancelled(i2)
    da.failed(487)
    alice.waiting.clear()

    # a redirection is followed here, once
    da = alice.invite("1002")
    (d1, i1), (d2, i2) = b1.answer_invite(), b2.answer_invite()
    d2.refuse(i2, 486)
    d1.refuse(i1, 302, headers=[("Contact", f"<{elsewhere.uri('moved')}>")])
    dx, ix = elsewhere.answer_invite()
    assert ix.uri == elsewhere.uri("moved"), ix.raw
    answered(da, dx, ix)

    # Timer C: nobody else waits
    assert b2.register(0).status == 200
    da = alice.invite("1002")
    d1, i1 = b1.rings()
    d1.cancelled(i1)
    da.failed(408)

    # trunks: one says nothing in its time; rings too long; fails as its list says, or not
    one, two = s.phone("b", "one", port=5091), s.phone("b", "two", port=5092)
    one.password = two.password = None
    began = time.monotonic()
    da = alice.invite("7123")
    d1, i1 = one.answer_invite()
    d2, i2 = two.answer_invite()
    assert i2.uri == f"sip:123@{s.ip_b}:5092" and 0.55 < time.monotonic() - began < 5, "trunk.first-response"
    d1.reply(i1, 180, "Ringing")
    d1.cancelled(i1)
    answered(da, d2, i2)

    began = time.monotonic()
    da = alice.invite("7123")
    d1, i1 = one.rings()
    d1.cancelled(i1)
    assert 1.45 < time.monotonic() - began < 6, "trunk.answer-time"
    d2, i2 = two.answer_invite()
    answered(da, d2, i2)

    da = alice.invite("7123")
    d1, i1 = one.answer_invite()
    d1.refuse(i1, 503)
    d2, i2 = two.answer_invite()
    answered(da, d2, i2)

    da = alice.invite("7123")
    d1, i1 = one.answer_invite()
    d1.refuse(i1, 404)
    da.failed(404)
    quiet(two)

    da = alice.invite("7123")
    d1, i1 = one.answer_invite()
    d1.refuse(i1, 503, headers=[("Retry-After", "60")])
    d2, i2 = two.answer_invite()
    d2.refuse(i2, 503)
    assert not da.failed(500).get("retry-after")
