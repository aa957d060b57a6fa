/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Private to the guard: the rules it holds sources against. */
#pragma once
#include "guard/guard.h"
#include "guard/sources.h"

/* A bucket of each source a rule, in this order. */
enum guard_rule { GUARD_MESSAGES, GUARD_FAILURES, GUARD_PROBES, GUARD_MALFORMED, GUARD_RULES };

struct guard {
	struct guard_params p;
	struct conf *conf;
	struct sources sources;
	struct bucket_rate rate[GUARD_RULES];
	struct prefix *trusted;
	unsigned n_trusted;
	uint64_t ban_ms, ban_max_ms;
};

/* What bans are for, in a word. */
const char *guard_rule_name(const struct origin *o);
void guard_ban(struct guard *g, struct origin *o, uint64_t ms);
void guard_unban(struct origin *o);
static inline bool guard_is_banned(const struct origin *o, uint64_t now)
{
	return o->banned_until > now;
}
