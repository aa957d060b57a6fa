// SPDX-License-Identifier: GPL-3.0-or-later
#include "routing/overlap.h"

static bool is_longer(const char *number, struct slice called)
{
	struct slice n = slice_str(number);
	return n.len > called.len && slice_starts(n, called);
}

static bool user_is_longer(const struct conf *conf, struct slice called)
{
	const struct conf_part *p;
	for (unsigned i = 0; (p = conf_titled(conf, "user", i)); i++) {
		if (is_longer(conf_title(p), called))
			return true;
		for (unsigned k = 0; k < conf_list_count(p, "numbers"); k++)
			if (is_longer(conf_list_at(p, "numbers", k), called))
				return true;
	}
	return false;
}

static bool hunt_is_longer(const struct routing *r, struct slice called)
{
	for (unsigned i = 0; i < r->n_hunts; i++)
		for (unsigned k = 0; k < conf_list_count(r->hunts[i].conf, "numbers"); k++)
			if (is_longer(conf_list_at(r->hunts[i].conf, "numbers", k), called))
				return true;
	return false;
}

/* The number of a telephone on a line of ours (line.c); the i-th, "": it has none, NULL: there is none. */
static const char *phone_number(const struct conf *conf, unsigned i)
{
	const struct conf_part *p = conf_titled(conf, "line", i);
	return !p ? NULL : strcmp(conf_string(p, "kind"), "phone") ? "" : conf_string(p, "number");
}

static bool phone_is_longer(const struct conf *conf, struct slice called)
{
	const char *number;
	for (unsigned i = 0; (number = phone_number(conf, i)); i++)
		if (is_longer(number, called))
			return true;
	return false;
}

static bool phone_has(const struct conf *conf, const char *called)
{
	const char *number;
	for (unsigned i = 0; (number = phone_number(conf, i)); i++)
		if (*number && !strcmp(number, called))
			return true;
	return false;
}

static bool rule_is_longer(const struct rule *k, struct slice called)
{
	int longest;
	if (k->prefix.len > called.len && slice_starts(k->prefix, called))
		return true;
	for (unsigned i = 0; i < k->called.n; i++) {
		struct slice begins = pattern_beginning(k->called.p[i], &longest);
		if (begins.len > called.len && slice_starts(begins, called))
			return true;
	}
	return false;
}

/* As it stands in the list, to the last digit. */
static bool rule_lists(const struct rule *k, const struct query *q)
{
	struct slice called = slice_str(q->called);
	int longest;
	if (rule_match(k, q, NULL) < 0)
		return false;
	for (unsigned i = 0; i < k->called.n; i++)
		if (slice_eq(pattern_beginning(k->called.p[i], &longest), called) && longest == (int)called.len + 1)
			return true;
	return false;
}

/* Users of the domain that is called, too. */
static bool somebody_has(const struct routing *r, const struct auth *a, const struct query *q)
{
	struct slice domain = q->req ? q->req->ruri.host : SLICE_NONE;
	return auth_user_in(a, domain, q->called) || routing_hunt_by_number(r, q->called) || phone_has(r->conf, q->called);
}

static bool somebody_is_longer(const struct routing *r, struct slice called)
{
	return user_is_longer(r->conf, called) || hunt_is_longer(r, called) || phone_is_longer(r->conf, called);
}

/* Whether it matches a number that is longer and not this one, or the other way round. */
static bool rule_may_change(const struct rule *k, struct slice called)
{
	if (k->prefix.len > called.len || !slice_starts(called, k->prefix))
		return slice_starts(k->prefix, called);
	for (unsigned i = 0; i < k->called.n; i++)
		if (pattern_may_change(k->called.p[i], called))
			return true;
	return false;
}

static bool leads_somewhere(const struct routing *r, const struct query *q)
{
	return routing_find(r, q, NULL, true, NULL, NULL) || routing_find(r, q, NULL, false, NULL, NULL);
}

bool overlap_is_short(const struct routing *r, const struct auth *a, const struct query *q)
{
	struct slice called = slice_str(q->called);
	if (somebody_has(r, a, q) || leads_somewhere(r, q))
		return false;
	for (unsigned i = 0; i < r->n_rules; i++)
		if (rule_is_for(&r->rules[i], q->from) && rule_may_change(&r->rules[i], called))
			return true;
	return somebody_is_longer(r, called);
}

bool overlap_is_whole(const struct routing *r, const struct auth *a, const struct query *q)
{
	struct slice called = slice_str(q->called);
	bool listed = somebody_has(r, a, q);
	for (unsigned i = 0; i < r->n_rules && !listed; i++)
		listed = rule_lists(&r->rules[i], q);
	if (!listed || !called.len || somebody_is_longer(r, called))
		return false;
	for (unsigned i = 0; i < r->n_rules; i++)
		if (rule_is_longer(&r->rules[i], called))
			return false;
	return true;
}

/* Whether it would be taken before `taken`, which matches. */
static bool rule_may_win(const struct rule *k, const struct rule *taken, const struct query *q)
{
	int bound = (int)k->prefix.len, longest;
	if (k->before_users != taken->before_users)
		return k->before_users;
	for (unsigned i = 0; i < k->called.n; i++) {
		pattern_beginning(k->called.p[i], &longest);
		bound = longest > bound ? longest : bound;
	}
	return rule_comes_before(k, rule_specific(k, bound), taken, rule_match(taken, q, NULL));
}

const struct rule *overlap_led(const struct routing *r, const struct auth *a, const struct query *q)
{
	struct slice called = slice_str(q->called);
	if (!called.len || somebody_has(r, a, q) || somebody_is_longer(r, called))
		return NULL;
	const struct rule *taken = routing_find(r, q, NULL, true, NULL, NULL) ?: routing_find(r, q, NULL, false, NULL, NULL);
	if (!taken || taken->goes_on || taken->replace || called.len <= (size_t)conf_int(taken->conf, "strip") || rule_may_change(taken, called))
		return NULL;
	for (unsigned i = 0; i < r->n_rules; i++) {
		const struct rule *k = &r->rules[i];
		if (k != taken && rule_is_for(k, q->from) && rule_may_change(k, called) && rule_may_win(k, taken, q))
			return NULL;
	}
	return taken;
}
