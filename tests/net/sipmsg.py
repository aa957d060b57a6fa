# SPDX-License-Identifier: GPL-3.0-or-later
"""SIP messages as a test peer needs them: parsed without mercy for what Tandem sends, written by hand for what it gets."""
import hashlib
import re

COMPACT = {"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "l": "content-length", "c": "content-type", "k": "supported",
           "s": "subject", "o": "event", "u": "allow-events", "r": "refer-to", "e": "content-encoding"}
MANDATORY = ("via", "from", "to", "call-id", "cseq")


class Message:
    """A received message. Raises ValueError when it is not a sound SIP message, which fails the scenario."""

    def __init__(self, raw, source=None):
        self.raw, self.source = raw, source
        head, separator, self.body = raw.decode("utf-8").partition("\r\n\r\n")
        if not separator:
            raise ValueError(f"no empty line after the headers: {raw[:200]!r}")
        lines = re.sub(r"\r\n[ \t]+", " ", head).split("\r\n")
        self.start = lines[0]
        self.headers = []
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if not colon:
                raise ValueError(f"not a header line: {line!r}")
            name = name.strip().lower()
            self.headers.append((COMPACT.get(name, name), value.strip()))
        self.status = int(self.start.split()[1]) if self.start.startswith("SIP/2.0 ") else None
        self.method = None if self.status else self.start.split()[0]
        self.uri = None if self.status else self.start.split()[1]
        for name in MANDATORY:
            if self.get(name) is None:
                raise ValueError(f"no {name} in {self.start!r}")
        length = self.get("content-length")
        if length is not None and int(length) != len(self.body.encode()):
            raise ValueError(f"Content-Length {length}, body of {len(self.body.encode())} in {self.start!r}")
        self.cseq, self.cseq_method = int(self.get("cseq").split()[0]), self.get("cseq").split()[1]

    def get(self, name):
        return next((v for n, v in self.headers if n == name), None)

    def all(self, name):
        return [v for n, v in self.headers if n == name]

    def tag(self, name):
        found = re.search(r";\s*tag=([^;\s]+)", self.get(name))
        return found and found.group(1)

    def contact_uri(self):
        found = re.search(r"<([^>]+)>", self.get("contact") or "")
        return found.group(1) if found else (self.get("contact") or "").split(";")[0]

    def __repr__(self):
        return f"<{self.start} | {self.get('cseq')} | {self.get('call-id')}>"


def write(start, headers, body=""):
    """Bytes of a message; headers is a list of (name, value)."""
    text = start + "\r\n" + "".join(f"{n}: {v}\r\n" for n, v in headers)
    return (text + f"Content-Length: {len(body.encode())}\r\n\r\n" + body).encode()


def parameters(challenge):
    """Parameters of a Digest challenge."""
    return {k.lower(): q or plain for k, q, plain in re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,"]+))', challenge.partition(" ")[2])}


def digest(challenge, method, uri, user, password, nc=1, cnonce="c0ffee"):
    """The value of an Authorization header (RFC 7616) for the challenge."""
    c = parameters(challenge)
    algorithm = c.get("algorithm", "MD5")
    h = lambda s: (hashlib.sha256 if algorithm == "SHA-256" else hashlib.md5)(s.encode()).hexdigest()
    ha1, ha2 = h(f"{user}:{c['realm']}:{password}"), h(f"{method}:{uri}")
    if "qop" in c:
        response = h(f"{ha1}:{c['nonce']}:{nc:08x}:{cnonce}:auth:{ha2}")
        tail = f', qop=auth, nc={nc:08x}, cnonce="{cnonce}"'
    else:
        response, tail = h(f"{ha1}:{c['nonce']}:{ha2}"), ""
    opaque = f', opaque="{c["opaque"]}"' if "opaque" in c else ""
    return (f'Digest username="{user}", realm="{c["realm"]}", nonce="{c["nonce"]}", uri="{uri}", response="{response}", '
            f"algorithm={algorithm}{opaque}{tail}")


def sdp(ip, port, media=None, version=1, direction="sendrecv", connection=None, attributes=()):
    """An audio session description at ip:port; `media` replaces the media part."""
    kind = "IP6" if ":" in ip else "IP4"
    lines = ["v=0", f"o=peer 424242424242 {version} IN {kind} {ip}", "s=-", f"c=IN {kind} {connection or ip}", "t=0 0"]
    lines += media or [f"m=audio {port} RTP/AVP 0 101", "a=rtpmap:0 PCMU/8000", "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15", "a=ptime:20",
                       f"a={direction}"]
    return "".join(line + "\r\n" for line in [*lines, *attributes])


class Sdp:
    """A received session description, as much as scenarios look at."""

    def __init__(self, text):
        if not text.startswith("v=0\r\n"):
            raise ValueError(f"not SDP: {text[:60]!r}")
        self.text = text
        self.origin = re.search(r"^o=(.*)\r$", text, re.M).group(1).split()
        session, *blocks = re.split(r"^(?=m=)", text, flags=re.M)
        session_c = re.search(r"^c=IN IP[46] (\S+)", session, re.M)
        session_direction = re.search(r"^a=(sendrecv|sendonly|recvonly|inactive)\r", session, re.M)
        self.media = []
        for block in blocks:
            m = re.match(r"m=(\S+) (\d+) (\S+) ?(.*)\r", block)
            c = re.search(r"^c=IN IP[46] (\S+)", block, re.M) or session_c
            direction = re.search(r"^a=(sendrecv|sendonly|recvonly|inactive)\r", block, re.M) or session_direction
            self.media.append({"kind": m.group(1), "port": int(m.group(2)), "proto": m.group(3), "formats": m.group(4).split(),
                               "ip": c and c.group(1), "direction": direction.group(1) if direction else "sendrecv", "text": block})

    @property
    def version(self):
        return int(self.origin[2])

    def at(self, i=0):
        return self.media[i]["ip"], self.media[i]["port"]
