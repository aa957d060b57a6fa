/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Private to sip/: the arithmetic of digest authentication (RFC 7616 3.4). */
#pragma once
#include "sip/digest.h"

struct digest_input {
	const char *ha1; /* hex */
	struct slice method, uri, nonce;
	struct slice nc, cnonce, qop; /* qop absent: as RFC 2069 did */
};

const char *digest_alg_name(enum digest_alg alg);
/* DIGEST_ALGS when unknown; an absent name means MD5. */
enum digest_alg digest_alg_of(struct slice name);
/* Lower-case hex of the hash of the parts joined by ":". 0, or -EIO when the cryptography library refuses. */
int digest_hash(enum digest_alg alg, const struct slice *parts, unsigned n, char hex[DIGEST_HEX_LEN]);
int digest_response(enum digest_alg alg, const struct digest_input *in, char hex[DIGEST_HEX_LEN]);

/* Takes "Digest a=b, c="d"": -ENOENT when it is another scheme, -EBADMSG when malformed. */
int digest_parse(struct digest_fields *ret, struct slice value);
