# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps that many flows have: hold, transfer, naming a dialog to somebody else."""
import re
from urllib.parse import quote

from media import both_ways
from phone import Dialog, host, serial
from sipmsg import Sdp, digest


def talk(s, a, to_a, b, to_b):
    """Media flow between the phones, to where each was told the other is; what a proxy sets up goes past it."""
    if getattr(s, "role", "b2bua") != "b2bua":
        assert (Sdp(to_a.body).at(), Sdp(to_b.body).at()) == ((b.ip, b.media_port), (a.ip, a.media_port))
        return
    ma, mb = s.media(a), s.media(b)
    both_ways(ma, Sdp(to_a.body).at(), mb, Sdp(to_b.body).at(), 5)
    ma.close()
    mb.close()


def ringing(one, other, number="1002", body=None):
    """One calls, the other's phone rings; both dialogs and the INVITE."""
    d = one.invite(number, body)
    e, invite = other.rings()
    d.response(180)
    return d, e, invite


def accepted(d, e, invite):
    """Who is called takes the call; the answer as the caller got it."""
    e.accept(invite)
    ok = d.connected()
    e.get("ACK")
    return ok


def hold(one, other, version=2):
    """One puts the other on hold, who is told so and agrees."""
    request, answer = one.reinvite(other, one.phone.sdp(version=version, direction="sendonly"), other.phone.sdp(version=version, direction="recvonly"))
    assert Sdp(request.body).media[0]["direction"] == "sendonly" and Sdp(answer.body).media[0]["direction"] == "recvonly"


def resume(one, other, version=3):
    request, answer = one.reinvite(other, one.phone.sdp(version=version), other.phone.sdp(version=version))
    assert Sdp(request.body).media[0]["direction"] == Sdp(answer.body).media[0]["direction"] == "sendrecv"


def moved(d, version=9):
    """The one who stays is offered where the other party's media are from now on; returns the offer."""
    m = d.get("INVITE")
    d.accept(m, d.phone.sdp(version=version))
    d.get("ACK")
    return m


# --- a dialog's name, as the phone's peer knows it

def peer_tag(d):
    return re.search(r";tag=([^;>]+)", d.remote).group(1)


def replaces(d):
    """The value of Replaces (RFC 3891) for this dialog of a phone's."""
    return f"{d.call_id};to-tag={peer_tag(d)};from-tag={d.tag}"


def in_place_of(uri, d, more=""):
    """Refer-To: that URI, in the place that the phone has in this dialog."""
    return f"{uri}?Replaces={quote(replaces(d), safe='')}{more}"


def target_dialog(d):
    """Headers of a REFER about this dialog (RFC 4538)."""
    return [("Target-Dialog", f"{d.call_id};local-tag={peer_tag(d)};remote-tag={d.tag}"), ("Require", "tdialog")]


# --- requests outside of dialogs that make one

def outside(phone, method, number, headers, wanted=None):
    """That request, with credentials; returns the dialog that it makes, and the answer if one is wanted."""
    at = host(phone.gateway)
    d = Dialog(phone, f"{method.lower()}-{next(serial)}@{phone.user}")
    d.local, d.remote, d.target = f"<{phone.uri(at=phone.gateway)}>;tag={d.tag}", f"<sip:{number}@{at}>", f"sip:{number}@{at}"
    d.request(method, headers=headers)
    if phone.password:
        challenge = d.response(407, method=method)
        name = digest(challenge.get("proxy-authenticate"), method, d.target, phone.user, phone.password)
        d.request(method, headers=[*headers, ("Proxy-Authorization", name)])
    return (d, answered(d, method, wanted)) if wanted else (d, None)


def answered(d, method, status):
    m = d.response(method=method)
    assert m.status == status, m
    if status < 300 and m.get("contact"):
        d.remote, d.target = m.get("to"), m.contact_uri()
    return m


def refer(phone, number, to, headers=(), wanted=202):
    """REFER to that place."""
    return outside(phone, "REFER", number, [("Refer-To", to if "<" in to else f"<{to}>"), ("Referred-By", f"<{phone.uri(at=phone.gateway)}>"), *headers], wanted)


def taken(phone, method):
    """The other end: a phone that gets such a request; its dialog and the request."""
    m = phone.take(lambda m: m.method == method and not m.tag("to"), method)
    d = Dialog(phone, m.get("call-id"))
    d.local, d.remote, d.target, d.routes = m.get("to") + f";tag={d.tag}", m.get("from"), m.contact_uri(), m.all("record-route")
    return d, m


def subscribe(phone, number, notifier, event):
    """A subscription that the notifier takes; the dialogs of both."""
    d, _ = outside(phone, "SUBSCRIBE", number, [("Event", event), ("Expires", "60")])
    e, m = taken(notifier, "SUBSCRIBE")
    e.reply(m, 200, "OK", headers=[("Expires", "60")])
    answered(d, "SUBSCRIBE", 200)
    return d, e


def notify(d, body, over=False, event="refer", content_type="message/sipfrag"):
    """The phone that was asked tells how it goes; the answer is not waited for. Returns the state."""
    state = "terminated;reason=noresource" if over else "active;expires=60"
    d.request("NOTIFY", body, [("Event", event), ("Subscription-State", state)], content_type=content_type)
    return state


def news(e, d, body, over=False):
    """A NOTIFY of a conference, which arrives."""
    state = notify(e, body, over, "conference", "application/conference-info+xml")
    m = d.get("NOTIFY")
    assert (m.body, m.get("subscription-state")) == (body, state), m.raw
    d.reply(m, 200, "OK", contact=False)
    assert e.response(method="NOTIFY").status == 200
