#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: once
"""Users who pass calls on: always, when busy, when they do not answer, when no phone of theirs is there. The caller hears 181, the next one who has passed the
call on (Diversion, History-Info); who passes calls to each other ends them; an answer before the time is up ends nothing."""
import re
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402

MORE = """
user carol {{ password = "c" numbers = {{ "1003" }} forward-all = "1004" }}
user dave {{ password = "d" numbers = {{ "1004" }} forward-busy = "9555" forward-no-answer = "1002" no-answer-time = 300ms forward-unreachable = "1002" }}
user eve {{ password = "e" numbers = {{ "1005" }} forward-all = "1006" }}
user frank {{ password = "f" numbers = {{ "1006" }} forward-all = "1005" }}
"""

with stage() as s:
    s.gw.configure(more=MORE.format())
    s.gw.ctl("reload")
    alice, bob = s.pair()
    carrier = s.carrier()
    dave = s.phone("b", "dave", "d", port=5074)

    def taken_by(number, called, hops):
        """Alice calls, `called` takes it; who has passed it on stands in its INVITE. Returns the dialogs."""
        d = alice.invite(number)
        d.response(181)
        db, invite = called.answer_invite()
        diverted = [re.search(r"<sip:(\w+)@", v).group(1) for v in invite.all("diversion")]
        assert diverted == [h[0] for h in reversed(hops)], f"{diverted}: {invite.raw}"
        assert [re.search(r"reason=([\w-]+)", v).group(1) for v in invite.all("diversion")] == [h[1] for h in reversed(hops)], invite.raw
        history = ",".join(invite.all("history-info"))
        assert re.findall(r"index=([\d.]+)", history) == ["1", "1.1", "1.1.1", "1.1.1.1"][:len(hops) + 1], history
        assert re.findall(r"cause=(\d+)", history) == [h[2] for h in hops], history
        db.reply(invite, 200, "OK", called.sdp())
        d.ack(d.response(200))
        db.get("ACK")
        d.bye(db)

    # Nobody is registered as dave: carol's calls go by dave to bob.
    taken_by("1003", bob, [("carol", "unconditional", "302"), ("dave", "unavailable", "503")])

    assert dave.register().status == 200
    d = alice.invite("1004")
    dd, invite = dave.answer_invite()
    dd.reply(invite, 486, "Busy Here")
    d.response(181)
    dc, invite = carrier.answer_invite()
    assert invite.uri.startswith("sip:555@") and "<sip:dave@" in invite.get("diversion") and "user-busy" in invite.get("diversion"), invite.raw
    dc.reply(invite, 503, "No")
    final = d.response()
    d.ack(final)
    assert final.status == 486, f"{final}: the best of busy and out of order"

    # Dave rings for his time, then bob does.
    d = alice.invite("1004")
    dd, invite = dave.answer_invite()
    dd.reply(invite, 180, "Ringing")
    d.response(180)
    cancel = dd.get("CANCEL")
    dd.reply(cancel, 200, "OK")
    dd.reply(invite, 487, "Request Terminated")
    d.response(181)
    db, invite = bob.answer_invite()
    assert "no-answer" in invite.get("diversion"), invite.raw
    db.reply(invite, 200, "OK", bob.sdp())
    d.ack(d.response(200))
    db.get("ACK")
    d.bye(db)

    # Who answers in time keeps the call.
    d = alice.invite("1004")
    dd, invite = dave.answer_invite()
    dd.reply(invite, 180, "Ringing")
    dd.reply(invite, 200, "OK", dave.sdp())
    d.ack(d.response(200))
    dd.get("ACK")
    bob.nothing(lambda m: m.method == "INVITE", 0.5)
    d.bye(dd)

    d = alice.invite("1005")
    final = d.response()
    d.ack(final)
    assert final.status == 480, f"{final}: eve and frank pass calls to each other"
    d = alice.invite("1004")
    dd, invite = dave.answer_invite()
    dd.reply(invite, 603, "Decline")
    final = d.response()
    d.ack(final)
    assert final.status == 603, final
