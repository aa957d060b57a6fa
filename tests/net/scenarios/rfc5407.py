#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: flows
"""RFC 5407 section 3: races. Tandem is the RFC's Bob for Alice and its Alice for Bob, so each race is run at the side where it happens."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from flows import flow, run  # noqa: E402
from sipmsg import Sdp  # noqa: E402
from steps import ringing  # noqa: E402


def answered(s, alice, bob, number="1002"):
    """A call that Bob has answered and Alice has not acknowledged."""
    a = alice.invite(number)
    b, invite = bob.rings()
    a.response(180)
    b.accept(invite)
    b.get("ACK")
    return a, b, a.response(200)


# --- 3.1 Receiving Message in the Moratorium State

@flow("3.1.1 Callee Receives Initial INVITE Retransmission", alice="407 100 200 200/BYE", bob="INVITE ACK BYE")
def invite_again(s, alice, bob):
    a = alice.invite("1002")
    first = alice.sent[-1]
    b, invite = bob.answer_invite()
    b.accept(invite)
    alice.send(first)
    a.connected()
    alice.send(first)
    b.get("ACK")
    a.bye(b)


@flow("3.1.2 Callee Receives CANCEL", alice="407 100 180 200 {200/CANCEL 200/BYE}", bob="INVITE ACK BYE")
def cancel(s, alice, bob):
    a, b, ok = answered(s, alice, bob)
    a.cancel()
    a.ack(ok)
    assert a.response(method="CANCEL").status == 200
    a.bye(b)


@flow("3.1.2 the same at the other side", alice="407 100 180 {200/CANCEL 487}", bob="INVITE CANCEL ACK BYE")
def cancel_crosses_answer(s, alice, bob):
    a, b, invite = ringing(alice, bob)
    a.give_up()
    cancel = b.get("CANCEL")
    b.accept(invite)
    b.reply(cancel, 200, "OK", contact=False)
    b.get("ACK")
    b.hung_up()


@flow("3.1.3 Callee Receives BYE (Early State)", alice="407 100 180 200 200/BYE", bob="INVITE ACK BYE")
def early_bye(s, alice, bob):
    a, b, ok = answered(s, alice, bob)
    a.request("BYE")
    b.hung_up()
    assert a.response(method="BYE").status == 200
    a.cseq -= 1
    a.ack(ok)


@flow("3.1.3 BYE before the answer (Appendix A)", alice="407 100 180 {200/BYE 487}", bob="INVITE CANCEL ACK")
def bye_before_answer(s, alice, bob):
    a, b, invite = ringing(alice, bob)
    a.hang_up()
    b.cancelled(invite)
    a.cseq -= 1
    a.failed(487)


@flow("3.1.4 Callee Receives re-INVITE (Case 1)", alice="407 100 180 200 491 100 200 200/BYE", bob="INVITE ACK INVITE ACK BYE")
def reinvite_before_ack(s, alice, bob):
    a, b, ok = answered(s, alice, bob)
    a.request("INVITE", alice.sdp(version=2, direction="sendonly"))
    a.failed(491)  # as good as the 200 that the RFC prefers, says the RFC
    a.ack(ok)
    a.reinvite(b, alice.sdp(version=2, direction="sendonly"), bob.sdp(version=2, direction="recvonly"))
    a.bye(b)


@flow("3.1.5 Callee Receives re-INVITE (Case 2)", alice="407 100 180 200 491 200/BYE", bob="INVITE ACK BYE")
def reinvite_before_answer(s, alice, bob):
    a, b, invite = ringing(alice, bob, body="")
    b.accept(invite)
    ok = a.response(200)
    a.request("INVITE", alice.sdp(version=2, direction="sendonly"))
    a.failed(491)
    a.ack(ok, alice.sdp())
    b.get("ACK")
    a.bye(b)


@flow("3.1.6 Callee Receives BYE (Established State)", alice="407 100 180 200 200/BYE", bob="INVITE ACK BYE")
def bye_before_ack(s, alice, bob):
    a, b, ok = answered(s, alice, bob)
    a.request("BYE")
    b.hung_up()
    assert a.response(method="BYE").status == 200
    a.ack(ok)


# --- 3.2 Receiving Message in the Mortal State

@flow("3.2.1 UA Receives BYE (Established State)", alice="407 100 180 200 {BYE 200/BYE}", bob="INVITE ACK 200/BYE")
def byes_cross(s, alice, bob):
    a, b, _, _ = s.call(alice, bob)
    b.request("BYE")
    bye = a.get("BYE")
    a.request("BYE")
    a.reply(bye, 200, "OK", contact=False)
    assert a.response(method="BYE").status == 200 and b.response(method="BYE").status == 200


@flow("3.2.1 the same at the other side", alice="407 100 180 200 200/BYE", bob="INVITE ACK BYE 200/BYE")
def byes_cross_there(s, alice, bob):
    a, b, _, _ = s.call(alice, bob)
    a.request("BYE")
    bye = b.get("BYE")
    b.request("BYE")
    b.reply(bye, 200, "OK", contact=False)
    assert a.response(method="BYE").status == 200 and b.response(method="BYE").status == 200


@flow("3.2.2 UA Receives re-INVITE (Established State)", alice="407 100 180 200 200/BYE", bob="INVITE ACK BYE 481")
def reinvite_after_bye(s, alice, bob):
    a, b, _, _ = s.call(alice, bob)
    a.request("BYE")
    bye = b.get("BYE")
    b.request("INVITE", bob.sdp(version=2))
    b.failed(481)
    b.reply(bye, 200, "OK", contact=False)
    assert a.response(method="BYE").status == 200


@flow("3.2.3 UA Receives 200 OK for re-INVITE (Established State)", alice="407 100 180 200 INVITE BYE ACK", bob="INVITE ACK 100 {200/BYE 487}")
def answer_after_bye(s, alice, bob):
    a, b, _, _ = s.call(alice, bob)
    b.request("INVITE", bob.sdp(version=2))
    again = a.get("INVITE")
    b.hang_up()
    bye = a.get("BYE")
    a.accept(again)
    a.get("ACK")
    a.reply(bye, 200, "OK", contact=False)
    b.cseq -= 1
    b.failed(487)


@flow("3.2.4 Callee Receives ACK (Moratorium State)", alice="407 100 180 200 BYE", bob="INVITE ACK 200/BYE")
def ack_after_bye(s, alice, bob):
    a, b, ok = answered(s, alice, bob)
    b.hang_up()
    a.ack(ok)
    a.hung_up()


@flow("3.2.4 the same with the answer in the ACK", alice="407 100 180 200 BYE", bob="INVITE {ACK 200/BYE}")
def answer_in_ack_after_bye(s, alice, bob):
    a, b, invite = ringing(alice, bob, body="")
    b.accept(invite)
    ok = a.response(200)
    b.hang_up()
    a.ack(ok, alice.sdp())
    b.get("ACK")
    a.hung_up()


# --- 3.3 Other Race Conditions

@flow("3.3.1 Re-INVITE Crossover", alice="407 100 180 200 100 200 INVITE ACK 200/BYE",
      bob="INVITE ACK INVITE 491 ACK INVITE ACK 100 200 BYE")
def reinvites_cross(s, alice, bob):
    a, b, _, _ = s.call(alice, bob)
    a.request("INVITE", alice.sdp(version=2, direction="sendonly"))
    theirs = b.get("INVITE")
    b.request("INVITE", bob.sdp(version=2))
    b.failed(491)
    b.refuse(theirs, 491)
    again = b.get("INVITE")  # Tandem made this side's Call-ID: 2.1 to 4 s
    b.accept(again, bob.sdp(version=2, direction="recvonly"))
    a.connected()
    b.get("ACK")
    b.reinvite(a, bob.sdp(version=3), alice.sdp(version=3))
    a.bye(b)


@flow("3.3.2 UPDATE and re-INVITE Crossover", alice="407 100 180 200 INVITE 491/UPDATE ACK 200/UPDATE 200/BYE", bob="INVITE ACK 100 200 INVITE ACK BYE")
def update_crosses_reinvite(s, alice, bob):
    a, b, _, _ = s.call(alice, bob)
    b.request("INVITE", bob.sdp(version=2))
    theirs = a.get("INVITE")
    a.request("UPDATE", alice.sdp(version=2, direction="sendonly"))
    assert a.response(method="UPDATE").status == 491
    a.accept(theirs)
    a.get("ACK")
    b.connected()
    a.request("UPDATE", alice.sdp(version=3, direction="sendonly"))
    change = b.get("INVITE")
    assert Sdp(change.body).media[0]["direction"] == "sendonly"
    b.accept(change, bob.sdp(version=3, direction="recvonly"))
    b.get("ACK")
    assert Sdp(a.response(200).body).media[0]["direction"] == "recvonly"
    a.bye(b)


@flow("3.3.3 Receiving REFER (Established State) in the Mortal State", alice="407 100 180 200 200/BYE", bob="INVITE ACK BYE 481/REFER")
def refer_after_bye(s, alice, bob):
    a, b, _, _ = s.call(alice, bob)
    a.request("BYE")
    bye = b.get("BYE")
    b.request("REFER", headers=[("Refer-To", f"<sip:1003@{s.gw_b}>")])
    assert b.response(method="REFER").status == 481
    b.reply(bye, 200, "OK", contact=False)
    assert a.response(method="BYE").status == 200


run()
