/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Calls of the proxy role: they are somebody else's dialogs, but limits count them and records tell of them, from INVITE to BYE, and one that a limit ends
 * gets BYE on both sides. Each is known by its Call-ID and the caller's tag, and kept in the store. What never hears its BYE is over when its session
 * expires (RFC 4028), or after sip.max-duration. Without Record-Route nothing is seen beyond the answer, and a call ends there. */
#pragma once
#include "base/hash.h"
#include "proxy/proxy.h"
#include <jansson.h>

struct agent;

struct proxied_calls {
	struct hash table; /* by dialog; owns a reference of each */
	struct buf record; /* the one being written */
};

int proxied_init(struct agent *a);
/* Those of an earlier process, which go on; after trunks and limits are there. */
int proxied_restore(struct agent *a);
/* They go on in another process. */
void proxied_close(struct agent *a);
/* Each gets BYE on both sides, at once or when it is answered. */
void proxied_end_all(struct agent *a, const char *why);
/* The one with that id: false, there is none. */
bool proxied_hang_up(struct agent *a, struct slice id);
/* The newest that is answered on that trunk makes room for an emergency call: false, there is none. */
bool proxied_preempt(struct agent *a, const char *trunk);
/* What the proxy tells. */
extern const struct proxy_calls proxied_told;

/* Appends a row of each, as call_json() makes them. */
void proxied_list(const struct agent *a, json_t *rows);
