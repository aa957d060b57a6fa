#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""Lines to exchanges and E&M trunks behind an MGCP gateway, by the packages of RFC 3064 (its flows of section 5): calls out with each way to tell an answer, calls in with
caller ID, hotline or two-stage dialling, who hangs up first, what cannot be had, and the next line of a group."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from media import both_ways  # noqa: E402
from mgcp_phone import MgcpGateway  # noqa: E402
from sipmsg import Sdp  # noqa: E402

MORE = """
gateway trunks { address = "10.79.2.2:2427" domain = "trunks.invalid" profile = lines }
line office { gateway = "trunks" endpoint = "aaln/1" kind = fxo address = "outside" hotline = "1001" }
line city { gateway = "trunks" endpoint = "aaln/2" kind = fxo address = "outside" answer = dialled digit-map = "1xxx" number = "5550100" }
line timed { gateway = "trunks" endpoint = "aaln/3" kind = fxo address = "outside" answer = after answer-after = 100ms }
line tie { gateway = "trunks" endpoint = "ds/ds1-1/1" kind = em-mf address = "outside" }
line dtmf { gateway = "trunks" endpoint = "ds/ds1-1/2" kind = em address = "outside" digit-map = "1xxx" dial-tone = yes }
line feature { gateway = "trunks" endpoint = "ds/ds1-1/3" kind = fgd address = "outside" }
line help { gateway = "trunks" endpoint = "ds/ds1-1/4" kind = operator address = "outside" }
route office { prefix = "81" to = "office" strip = 2 }
route city { prefix = "82" to = "city" strip = 2 }
route timed { prefix = "83" to = "timed" strip = 2 }
route tie { prefix = "84" to = { "tie", "dtmf" } strip = 2 }
route dtmf { prefix = "85" to = "dtmf" strip = 2 }
route feature { prefix = "86" to = "feature" strip = 2 }
route help { prefix = "87" to = "help" strip = 2 }
"""
NAMES = ("aaln/1", "aaln/2", "aaln/3", "ds/ds1-1/1", "ds/ds1-1/2", "ds/ds1-1/3", "ds/ds1-1/4")

with stage(more=MORE, agent='bind = "0.0.0.0:2727"') as s:
    g = MgcpGateway(s.ns_b, s.ip_b, (s.gw_b, 2727), domain="trunks.invalid", telephones=0, trunks=NAMES)
    office, city, timed, tie, dtmf, feature, operator = (g[n] for n in NAMES)
    alice, bob = s.pair()
    ma, mb = s.media(alice), s.media(bob)
    assert g.rsip() == 200
    office.asked("DO/rg")
    tie.asked("MS/sup")
    dtmf.asked("DT/sup")

    def out(line, number, sup, package="DO"):
        """A call from Alice until the number is out; she hears the line from then on."""
        d = alice.invite(number)
        got = line.told(f"{package}/sup")
        assert got == sup, f"{got}, not {sup}"
        line.tells(f"{package}/oc({package}/sup)")
        m = d.response(183)
        return d, Sdp(m.body).at()

    def talk(d, to, line):
        ok = d.connected()
        line.mode("sendrecv")
        both_ways(ma, to or Sdp(ok.body).at(), line.media, line.at())

    def free(line, package="DO"):
        line.tells(f"{package}/rlc")
        line.asked(f"{package}/rg" if package == "DO" else f"{package}/sup")
        line.gone()

    # An exchange's line that tells of the answer; each side hangs up first.
    d, to = out(office, "815551234", "DO/sup(addr(5,5,5,1,2,3,4))")
    office.tells("H/lsa(+)")
    talk(d, to, office)
    # It is in use: the next one is told so.
    refused = bob.invite("815551234").failed(503)
    assert "cause=34" in (refused.get("reason") or ""), refused.headers
    d.hang_up()
    office.told("DO/hu")
    free(office)
    d, to = out(office, "815551234", "DO/sup(addr(5,5,5,1,2,3,4))")
    office.tells("H/lsa(+)")
    talk(d, to, office)
    office.tells("DO/rel(0)")
    office.told("DO/hu")
    d.hung_up()
    free(office)
    # Given up while it is dialled.
    d = alice.invite("815551234")
    office.told("DO/sup")
    d.give_up()
    office.told("DO/hu")
    free(office)
    # Answered by rule: when dialled, or so long after it.
    d = alice.invite("825551234")
    city.told("DO/sup")
    city.tells("DO/oc(DO/sup)")
    talk(d, None, city)
    d.hang_up()
    city.told("DO/hu")
    free(city)
    d, to = out(timed, "835551234", "DO/sup(addr(5,5,5,1,2,3,4))")
    talk(d, to, timed)
    d.hang_up()
    timed.told("DO/hu")
    free(timed)
    # No dial tone, or it rings meanwhile: what the gateway tells becomes the answer.
    for cause, status in ((111, 500), (17, 486), (1, 404), (0, 480)):
        d = alice.invite("815551234")
        office.told("DO/sup")
        office.tells("DO/of(DO/sup)", f"DO/rel({cause})")
        d.failed(status)
        free(office)

    # It rings: the number that its calls go to is called, with the caller's number and name; answered when that is.
    office.tells('DO/ci(09/14/17/26,"5551212","John Doe")', "DO/rg")
    d, invite = alice.rings()
    assert "John Doe <sip:5551212@" in invite.get("from"), invite.get("from")
    assert not [x for x in office.given if x == "DO/hd"], office.given
    d.accept(invite)
    d.get("ACK")
    office.told("DO/hd")
    office.mode("sendrecv")
    both_ways(ma, Sdp(invite.body).at(), office.media, office.at())
    office.tells("DO/rel(0)")
    d.hung_up()
    free(office)
    # Given up there, and nobody here.
    office.tells("DO/rg")
    d, invite = alice.rings()
    office.tells("DO/rel(0)")
    d.cancelled(invite)
    free(office)
    office.tells('DO/ci(09/14/17/26,P,P)', "DO/rg")
    d, invite = alice.answer_invite()
    d.refuse(invite, 486)
    office.tells("DO/rel(0)")
    free(office)
    # Two stages: it is answered with dial tone, and digits say who is called.
    city.tells("DO/rg")
    city.told("DO/hd")
    city.hears("H/dl")
    assert city.map == "1xxx", city.map
    city.report("D/1,D/0,D/0,D/2")
    d, invite = bob.rings()
    d.accept(invite)
    d.get("ACK")
    city.mode("sendrecv")
    both_ways(mb, Sdp(invite.body).at(), city.media, city.at())
    d.hang_up()
    city.told("DO/hu")
    free(city)
    # ... and a number that leads nowhere is heard.
    city.tells("DO/rg")
    city.told("DO/hd")
    city.hears("H/dl")
    city.report("D/1,D/9,D/9,D/9")
    city.hears("H/ro")
    city.tells("DO/rel(0)")
    free(city)

    # E&M by MF, out: it is answered; who was called hangs up and comes back, then for good.
    d, to = out(tie, "845551234", "MS/sup(addr(k0,5,5,5,1,2,3,4,s0))", "MS")
    tie.tells("MS/ans")
    talk(d, to, tie)
    tie.tells("MS/sus")
    tie.tells("MS/res")
    both_ways(ma, to, tie.media, tie.at())
    d.hang_up()
    tie.told("MS/rel")
    free(tie, "MS")
    # In: digits, then who is called answers; the other side hangs up.
    tie.tells("MS/sup")
    tie.tells("MS/inf(k0,1,0,0,1,s0)")
    d, invite = alice.rings()
    d.accept(invite)
    d.get("ACK")
    tie.told("MS/ans")
    tie.mode("sendrecv")
    both_ways(ma, Sdp(invite.body).at(), tie.media, tie.at())
    # In use: the next one of the route is taken.
    e = bob.invite("845559999")
    dtmf.told("DT/sup")
    dtmf.tells("DT/ans")
    ok = e.connected()
    e.hang_up()
    dtmf.told("DT/rel")
    free(dtmf, "DT")
    tie.tells("MS/rel(0)")
    tie.told("MS/rlc")
    d.hung_up()
    free(tie, "MS")
    # Refused: busy is heard until they hang up.
    tie.tells("MS/sup")
    tie.tells("MS/inf(k0,1,0,0,1,s0)")
    d, invite = alice.answer_invite()
    d.refuse(invite, 486)
    tie.hears("MS/bz")
    tie.tells("MS/rel(0)")
    tie.told("MS/rlc")
    free(tie, "MS")
    # E&M by tones: dial tone, digits by the map.
    dtmf.tells("DT/sup")
    dtmf.hears("DT/dl")
    dtmf.asked("D/")
    dtmf.report("D/1,D/0,D/0,D/2")
    d, invite = bob.rings()
    dtmf.tells("DT/rel(0)")
    d.cancelled(invite)
    dtmf.told("DT/rlc")
    free(dtmf, "DT")
    # Feature group D: who calls goes along, either way.
    d, to = out(feature, "865551234", "MD/sup(ct(nda),id(k0,0,0,1,0,0,1,s0),addr(k0,5,5,5,1,2,3,4,s0))", "MD")
    feature.tells("MD/ans")
    talk(d, to, feature)
    d.hang_up()
    feature.told("MD/rel")
    free(feature, "MD")
    feature.tells("MD/sup")
    feature.tells("MD/inf(k0,0,0,2,0,1,5,5,5,0,1,0,0,s0)")
    feature.asked("MD/inf")
    feature.tells("MD/inf(k0,1,0,0,1,s0)")
    d, invite = alice.rings()
    assert "sip:2015550100@" in invite.get("from"), invite.get("from")
    feature.tells("MD/rel(0)")
    d.cancelled(invite)
    free(feature, "MD")
    # An operator.
    d = alice.invite("870")
    got = operator.told("MO/sup")
    assert got.startswith("MO/sup(addr(k0,0,s0),id(k0,0,0,"), got
    operator.tells("MO/ans")
    ok = d.connected()
    d.hang_up()
    operator.told("MO/rel")
    operator.tells("MO/rlc")
    operator.gone()

    # kill -9 of the agent: the call goes on, and its end frees the line.
    d, to = out(office, "815551234", "DO/sup(addr(5,5,5,1,2,3,4))")
    office.tells("H/lsa(+)")
    talk(d, to, office)
    before = office.id
    s.gw.kill("tandem-ca")
    office.wait("a new request", lambda: office.id != before)
    both_ways(ma, to, office.media, office.at())
    office.tells("DO/rel(0)")
    office.told("DO/hu")
    d.hung_up()
    free(office)
    g.close()
