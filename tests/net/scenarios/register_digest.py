#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# runs: families
"""Digest: SHA-256 is offered before MD5 and both work; a wrong password, a foreign nonce and a replayed one do not; per-user choice."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from gateway import stage  # noqa: E402
from sipmsg import digest, parameters  # noqa: E402

with stage(bob="digest = md5") as s:
    alice, bob = s.phone("a"), s.phone("b")
    challenge = alice.register(authorize=False)
    offered = challenge.all("www-authenticate")
    assert challenge.status == 401, challenge
    assert [parameters(c).get("algorithm") for c in offered] == ["SHA-256", "MD5"], offered
    assert all("auth" in parameters(c)["qop"] and parameters(c)["realm"] == "test.invalid" for c in offered), offered
    for algorithm in ("SHA-256", "MD5"):
        assert alice.register(algorithm=algorithm).status == 200
    assert [parameters(c).get("algorithm", "MD5") for c in bob.register(authorize=False).all("www-authenticate")] == ["MD5"]
    assert bob.register().status == 200
    wrong = alice.register(password="looking-glass")
    assert wrong.status in (401, 403), wrong
    assert "stale=true" not in (wrong.get("www-authenticate") or ""), wrong.raw

    foreign = digest('Digest realm="test.invalid", nonce="0123456789abcdef", qop="auth", algorithm=SHA-256', "REGISTER", f"sip:{alice.gateway}", "alice",
                     "wonderland")
    answer = alice.register(authorize=False, headers=[("Authorization", foreign)])
    assert answer.status == 401 and "stale=true" in answer.get("www-authenticate").lower(), answer.raw

    used = alice.register(authorize=False).get("www-authenticate")
    assert alice.register(challenge=used).status == 200
    assert alice.register(challenge=used).status in (400, 401, 403), "the same nonce and count were accepted twice"
    nobody = s.phone("a", "mallory", "wonderland", port=5070).register()
    assert nobody.status in (401, 403, 404), nobody
