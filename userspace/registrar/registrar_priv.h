/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What registrar.c (who asks, what is answered) and registration.c (what a REGISTER changes) share. */
#pragma once
#include "registrar/location.h"

enum registrar_count { CNT_OK, CNT_QUERY, CNT_REMOVED, CNT_FORBIDDEN, CNT_NOT_FOUND, CNT_MALFORMED, CNT_BRIEF, CNT_OLD, CNT_TOO_MANY,
       CNT_EXTENSION, CNT_NO_OUTBOUND, CNT_THIRD, CNT_FAILED, CNT_MAX };
extern uint64_t registrar_counts[CNT_MAX];

struct registrar {
	struct auth *auth;
	struct location *location;
	struct conf *conf;
	uint8_t gruu_key[GRUU_KEY_LEN];
	uint32_t min_s, default_s, max_s;
	unsigned max_contacts;
	void (*on_moved)(void *arg, const struct binding *was, const struct sip_msg *req);
	void *arg;
};

enum { URI_MAX = 1024, TEXT_MAX = 256, NAME_SIZE = 128 };

/* A refusal: what to answer and under which counter. */
struct refusal {
	unsigned status;
	const char *reason;
	unsigned counter;
};

static inline bool refuse(struct refusal *why, unsigned status, const char *reason, unsigned counter)
{
	*why = (struct refusal){status, reason, counter};
	return false;
}

/* Makes the contacts of a REGISTER part of the update (RFC 3261 10.3, steps 6 and 7; RFC 5626 6; RFC 5627 5.1); `l` is where it came in. False: it is to be
 * refused. */
bool registration_apply(struct registrar *r, struct location_update *u, const struct sip_msg *req, const struct sip_listener *l, struct refusal *why);
