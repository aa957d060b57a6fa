# SPDX-License-Identifier: GPL-2.0-or-later
"""Messages of Q.931, octet by octet: for the switch's raw mode, where nothing is added and nothing refused."""

TYPES = {"alerting": 0x01, "proceeding": 0x02, "progress": 0x03, "setup": 0x05, "connect": 0x07, "setup-ack": 0x0D, "connect-ack": 0x0F, "disconnect": 0x45,
         "restart": 0x46, "release": 0x4D, "restart-ack": 0x4E, "release-complete": 0x5A, "facility": 0x62, "notify": 0x6E, "status-enquiry": 0x75,
         "information": 0x7B, "status": 0x7D}

SENDING_COMPLETE = b"\xa1"


def element(identifier, *octets):
    """An information element of variable length (4.5.1)."""
    body = b"".join(o if isinstance(o, bytes) else bytes([o]) for o in octets)
    return bytes([identifier, len(body)]) + body


def bearer(capability=0x00, layer1=0x23):
    """4.5.5: speech (0x00), unrestricted digital (0x08), 3.1 kHz audio (0x10); layer 1 A-law (0x23), mu-law (0x22), none."""
    return element(0x04, 0x80 | capability, 0x90, *([0x80 | layer1] if layer1 else []))


def channel(number, exclusive=True):
    """4.5.13: a B-channel of this interface by number."""
    return element(0x18, 0xA9 if exclusive else 0xA1, 0x83, 0x80 | number)


def cause(value, location=0):
    """4.5.12."""
    return element(0x08, 0x80 | location, 0x80 | value)


def progress(description, location=0):
    """4.5.23."""
    return element(0x1E, 0x80 | location, 0x80 | description)


def called(digits, plan=0x01, kind=0):
    """4.5.8."""
    return element(0x70, 0x80 | kind << 4 | plan, digits.encode())


def calling(digits, plan=0x01, kind=0, presentation=None):
    """4.5.10."""
    first = kind << 4 | plan
    return element(0x6C, *([first | 0x80] if presentation is None else [first, 0x80 | presentation]), digits.encode())


def call_state(state):
    """4.5.7."""
    return element(0x14, state)


def restart_indicator(which=0):
    """4.5.25: 0 the indicated channels, 6 a single interface, 7 all."""
    return element(0x79, 0x80 | which)


def message(kind, reference, *elements, theirs=False, discriminator=0x08):
    """4.2 to 4.4. `theirs`: the call reference is one that the other side gave."""
    value = TYPES[kind] if isinstance(kind, str) else kind
    ref = bytes([2, (0x80 if theirs else 0) | reference >> 8, reference & 255])
    return bytes([discriminator]) + ref + bytes([value]) + b"".join(elements)


def elements(octets):
    """{identifier: contents} of a message that was received."""
    at, found = 3 + (octets[1] & 15), {}
    while at < len(octets):
        if octets[at] & 0x80:
            found[octets[at]] = b""
            at += 1
            continue
        size = octets[at + 1]
        found[octets[at]] = octets[at + 2:at + 2 + size]
        at += 2 + size
    return found


def cause_of(octets):
    """The cause value of a message, None without one."""
    found = elements(octets).get(0x08)
    return found[-1] & 0x7F if found else None
