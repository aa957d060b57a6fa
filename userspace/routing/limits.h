/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What trunks and lines have in common: how many calls they take, how fast, and after which outcomes a call goes on to the next target. */
#pragma once
#include "base/lines.h"
#include "config/target.h"

/* Q.850 causes of limits_refusal(), and of what is down: no circuit/channel available, network out of order, switching equipment congestion. */
enum { TRUNK_NO_LINE = 34, TRUNK_DOWN = 38, TRUNK_TOO_FAST = 42 };

struct limits {
	unsigned max_calls, max_rate;    /* at the same time; a second; 0: no limit */
	uint64_t rate_at, rate_tokens;   /* thousandths of a call left, as of rate_at */
	uint16_t failover[TRUNK_CAUSES]; /* statuses and Q.850 causes after which the next target is tried */
	unsigned n_failover;
};

/* The options max-calls, max-rate and failover of a section. */
void limits_load(struct limits *l, const struct conf_part *part);
/* Goes on where `was`, of before a reload, stands. */
void limits_inherit(struct limits *l, const struct limits *was);
/* Why `name`, whose calls `lines` counts, takes no further call, in words; NULL: it does. `cause` gets the Q.850 cause. */
const char *limits_refusal(const struct limits *l, const struct lines *lines, const char *name, unsigned *cause);
/* Takes one call of its calls a second, either way; false: there are too many. */
bool limits_admit(struct limits *l);
/* Whether the next target is to be tried after such an outcome. */
bool limits_fails_over(const struct limits *l, unsigned status, unsigned cause);
