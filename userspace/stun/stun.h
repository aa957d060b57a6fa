/* SPDX-License-Identifier: GPL-3.0-or-later */
/* STUN messages (RFC 8489), as far as a binding server without credentials needs them. */
#pragma once
#include "net/addr.h"

enum { STUN_ID_LEN = 12, STUN_UNKNOWN_MAX = 8 };

enum stun_class { STUN_REQUEST, STUN_INDICATION, STUN_SUCCESS, STUN_ERROR };
enum { STUN_BINDING = 1 };

struct stun_msg {
	enum stun_class class;
	uint16_t method;
	uint8_t id[STUN_ID_LEN]; /* transaction ID */
	bool fingerprint;        /* one was there, and right */
	uint16_t unknown[STUN_UNKNOWN_MAX]; /* attributes that must be understood and are not (6.3.1) */
	unsigned n_unknown;
};

/* Whether a datagram is STUN and not something else on the same port (RFC 7983): its first two bits, the magic cookie and the length (5). */
bool stun_is(const void *data, size_t len);
/* 0, or -EBADMSG: it is malformed, or its FINGERPRINT is wrong (14.7). */
int stun_read(struct stun_msg *ret, const void *data, size_t len);
/* Appends the answer to a binding request from `src`: XOR-MAPPED-ADDRESS (14.2), or 420 with UNKNOWN-ATTRIBUTES (6.3.1.1). With FINGERPRINT when
 * the request had one. */
void stun_write_answer(struct buf *out, const struct stun_msg *req, const struct addr *src);
