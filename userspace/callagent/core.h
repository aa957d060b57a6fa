/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The user agent core (RFC 3261 8.2, 10.3, 11.2, 13.3): requests outside dialogs. */
#pragma once
#include "callagent/agent.h"

/* Who sent it: a trunk by its address, a user by digest. False when it has been answered. */
bool core_identify(struct agent *a, struct sip_strans *st, const struct sip_msg *req, struct source *from, const struct user **user);
/* What a record has of an attempt from its first message. */
void core_fill_record(struct cdr *r, const struct sip_msg *req, const struct source *from);
/* Whether a limit of this box or of who calls, or a drained trunk, forbids a call more; then it has been answered. A trunk's rate counts one that is not
 * refused. */
bool core_refuses(struct agent *a, struct sip_strans *st, const struct sip_msg *req, const struct source *from);
/* Why a new call is not taken: a 503 sends its caller elsewhere (RFC 3261 21.5.4), and when to come back is told only if this box has too many. */
struct core_refusal {
	const char *why; /* NULL: it is taken */
	unsigned cause;  /* Q.850 */
	bool overloaded;
};
/* `replaces`: it takes somebody's place in a call that is there. */
struct core_refusal core_refusal_of(struct agent *a, const struct source *from, bool replaces);
/* What the caller is told when routing failed with `err`, and why in words. */
unsigned core_status_of(int err);
const char *core_words_of(int err);
/* The record of a call that never was: `r` has who and what, the rest is filled in. */
void core_record(struct agent *a, struct cdr *r, unsigned status, unsigned cause, const char *why);
/* An attempt that was refused before it became a call has its record, too. */
void core_record_refusal(struct agent *a, const struct sip_msg *req, const struct source *from, unsigned status, const char *why);
/* sip_stack_params.on_request; arg is the agent. */
void core_on_request(void *arg, struct sip_strans *st, const struct sip_msg *req);
