/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rules that can match a call, in the order in which the table is read, found without a look at the others: by what the called number begins with and by
 * who calls. What decides is rule_match(), as without an index. */
#pragma once
#include "routing/route.h"

#define RULE_LENGTHS 128 /* no called number is longer */

struct rule_index; /* reference-counted, immutable; its rules outlive it */

/* Of the rules that come before users, or of the others. -ENOMEM. */
int rule_index_new(struct rule_index **ret, const struct rule *rules, unsigned n, bool before_users);

struct rule_entry {
	const struct rule *rule;
	int bound; /* it matches at most so specifically (rule_match()) */
};

/* A walk over the candidates. */
struct rule_walk {
	struct {
		const struct rule_entry *next, *end;
	} run[2 * RULE_LENGTHS]; /* each in order */
	unsigned n;
};

void rule_walk_begin(struct rule_walk *w, const struct rule_index *x, const char *source, const char *called);
/* The next one: by order, then by bound, then by place in the file; a rule may come twice. False: that was all. */
bool rule_walk_next(struct rule_walk *w, struct rule_entry *ret);
