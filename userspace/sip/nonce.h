/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Private to sip/: nonces of a digest server. A nonce is its time, a number and a MAC over both, so that nothing is stored
 * for those handed out; then a MAC over these and the address it was given to, so that whoever uses it there shows to be there. Once credentials with it have verified, its nonce counts are kept for as long as it lives
 * (RFC 7616 3.3 and 5.12): the highest and a bitmap of the 64 before it. */
#pragma once
#include "base/hash.h"
#include "net/addr.h"
#include <openssl/evp.h>

enum { NONCE_ID = 12, NONCE_MAC = 12, NONCE_PLACE = 4, NONCE_LEN = 2 * (NONCE_ID + NONCE_MAC + NONCE_PLACE), NONCE_SECRET = 16 };

struct nonce_id {
	uint8_t bytes[NONCE_ID]; /* big endian: 8 bytes of clock_ms(), 4 of a running number */
};

struct nonces {
	EVP_MAC_CTX *mac; /* SipHash: a short message's MAC for a tenth of what HMAC takes */
	uint8_t secret[NONCE_SECRET];
	struct hash used;
	struct list order; /* of first use */
	uint64_t floor;    /* unknown ones made up to then may have been used and forgotten */
	uint32_t life_ms, number;
	unsigned count, max;
};

/* 0, -ENOMEM, or -EIO when the cryptography library refuses. */
int nonces_init(struct nonces *n, const uint8_t secret[NONCE_SECRET], uint32_t life_ms, unsigned max);
void nonces_free(struct nonces *n);
/* A new one for whoever is at `peer`: hexadecimal digits and a NUL. */
int nonce_make(struct nonces *n, const struct addr *peer, char out[NONCE_LEN + 1]);
/* Whether it is ours and not too old; gives its identity then. */
bool nonce_check(struct nonces *n, struct slice text, struct nonce_id *id);
/* Whether it was given to that IP address; it has been checked. */
bool nonce_is_for(struct nonces *n, struct slice text, const struct addr *peer);
/* Uses count `nc` of it: false when that was used before or cannot be told. */
bool nonce_use(struct nonces *n, const struct nonce_id *id, uint32_t nc);
