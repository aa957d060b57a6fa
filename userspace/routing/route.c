// SPDX-License-Identifier: GPL-3.0-or-later
#include "routing/route.h"
#include "routing/rule_index.h"
#include "base/mem.h"
#include "cdr/cdr.h"
#include <errno.h>
#include <stdlib.h>

#define SET(field, z) cdr_text((field), sizeof(field), slice_str(z))
#define BLOCKED 603 /* what a caller that is blocked is told when the route does not say */

/* --- sources -------------------------------------------------------------------------------------------------------- */

void source_of_trunk(struct source *ret, struct trunk *t, bool exact)
{
	*ret = (struct source){.kind = TARGET_TRUNK, .exact = exact, .latch = conf_bool(t->conf, "latch"), .max_calls = t->limits.max_calls, .trunk = t};
	ret->overlap = conf_bool(t->conf, "overlap");
	SET(ret->name, t->name);
	SET(ret->address, conf_string(t->conf, "address"));
}

void source_of_line(struct source *ret, struct tel_line *l)
{
	*ret = (struct source){.kind = TARGET_LINE, .exact = true, .max_calls = l->limits.max_calls, .line = l};
	SET(ret->name, l->name);
	SET(ret->address, conf_string(l->conf, "address"));
}

void source_of_user(struct source *ret, const struct user *u)
{
	const struct conf_part *p = user_conf(u);
	*ret = (struct source){.kind = TARGET_USER, .latch = conf_bool(p, "latch"), .overlap = conf_bool(p, "overlap")};
	SET(ret->name, user_name(u));
	SET(ret->user, user_part(u));
	SET(ret->display, conf_string(p, "display"));
	SET(ret->address, conf_string(p, "address"));
}

/* --- loading -------------------------------------------------------------------------------------------------------- */

/* A hunt group's number. */
struct hunt_number {
	struct hash_link by_text;
	const char *text;
	struct hunt *hunt;
};

static void free_rule(struct rule *k)
{
	patterns_free(&k->called);
	patterns_free(&k->caller);
	schedule_free(&k->times);
	for (unsigned i = 0; i < k->n_headers; i++) {
		mem_free(k->headers[i].name);
		mem_deref(k->headers[i].value);
	}
	mem_free(k->headers);
	mem_free(k->dest);
	mem_deref(k->replace);
	mem_deref(k->caller_replace);
	mem_deref(k->table);
}

static void destroy(void *obj)
{
	struct routing *r = obj;
	for (unsigned i = 0; i < r->n_rules; i++)
		free_rule(&r->rules[i]);
	mem_deref(r->index[0]);
	mem_deref(r->index[1]);
	mem_free(r->rules);
	mem_free(r->groups);
	mem_free(r->hunts);
	mem_free(r->numbers);
	hash_free(&r->groups_by_name);
	hash_free(&r->hunts_by_name);
	hash_free(&r->hunts_by_number);
	mem_deref(r->conf);
}

static int load_headers(struct rule *k, const struct conf *conf)
{
	unsigned n = conf_list_count(k->conf, "header");
	k->headers = n ? mem_raw(n * sizeof(*k->headers)) : NULL;
	if (n && !k->headers)
		return -ENOMEM;
	for (unsigned i = 0; i < n; i++) {
		struct slice rest = slice_str(conf_list_at(k->conf, "header", i)), name = slice_trim(slice_cut(&rest, ':'));
		struct header_condition *h = &k->headers[k->n_headers++];
		*h = (struct header_condition){.name = slice_dup(name)};
		char *value = slice_dup(slice_trim(rest));
		int err = h->name && value ? pattern_new(&h->value, value, conf, NULL) : -ENOMEM;
		mem_free(value);
		if (err)
			return err;
	}
	return 0;
}

static int load_replace(struct pattern **ret, const struct rule *k, const char *option)
{
	const char *text = conf_string(k->conf, option);
	return *text ? pattern_new(ret, text, NULL, NULL) : 0;
}

static bool only_blocks(const struct rule *k)
{
	for (unsigned i = 0; i < k->n_dests; i++)
		if (k->dest[i].kind != DEST_BLOCK)
			return false;
	return k->n_dests > 0;
}

static int load_dests(struct rule *k, const struct conf *conf)
{
	unsigned n = conf_list_count(k->conf, "to");
	k->dest = n ? mem_raw(n * sizeof(*k->dest)) : NULL;
	if (n && !k->dest)
		return -ENOMEM;
	for (unsigned i = 0; i < n; i++) {
		struct dest *d = &k->dest[k->n_dests];
		if (config_dest(d, conf_list_at(k->conf, "to", i), conf))
			continue;
		if (d->kind == DEST_BLOCK && !d->status)
			d->status = d->cause ? sip_status_of_cause(d->cause) : BLOCKED;
		k->n_dests++;
	}
	return 0;
}

static uint32_t own_time(const struct conf_part *p, const char *option)
{
	int64_t ms = conf_int(p, option);
	return ms ? (uint32_t)ms : UINT32_MAX;
}

static int load_rule(struct rule *k, const struct conf *conf, unsigned position)
{
	const struct conf_part *p = conf_titled(conf, "route", position);
	const char *zone = conf_string(p, "time-zone");
	*k = (struct rule){
		.name = conf_title(p), .conf = p, .position = position, .order = conf_int(p, "order"), .goes_on = conf_bool(p, "continue"),
		.max_calls = (unsigned)conf_int(p, "max-calls"),
		.prefix = slice_str(conf_string(p, "prefix")), .first_ms = own_time(p, "first-response"), .answer_ms = own_time(p, "answer-time"),
	};
	int err = load_dests(k, conf);
	k->before_users = conf_bool(p, "before-users") || only_blocks(k);
	k->n_sources = conf_list_count(p, "source");
	err = err ? err : patterns_load(&k->called, p, "called", conf);
	err = err ? err : patterns_load(&k->caller, p, "caller", conf);
	err = err ? err : schedule_load(&k->times, p, "time", *zone ? zone : conf_string(conf_section(conf, "sip"), "time-zone"));
	err = err ? err : load_headers(k, conf);
	err = err ? err : load_replace(&k->replace, k, "replace");
	err = err ? err : load_replace(&k->caller_replace, k, "caller-replace");
	err = err ? err : header_table_new(&k->table, p);
	k->n_conditions = (k->caller.n > 0) + (k->times.n > 0) + k->n_headers + (k->n_sources > 0);
	return err;
}

static unsigned count(const struct conf *conf, const char *section)
{
	unsigned n = 0;
	while (conf_titled(conf, section, n))
		n++;
	return n;
}

static int load_rules(struct routing *r)
{
	unsigned n = count(r->conf, "route");
	int err = 0;
	r->rules = n ? mem_raw(n * sizeof(*r->rules)) : NULL;
	if (n && !r->rules)
		return -ENOMEM;
	while (r->n_rules < n && !err) {
		err = load_rule(&r->rules[r->n_rules], r->conf, r->n_rules);
		r->n_rules++;
	}
	return err;
}

static uint32_t name_hash(const char *name)
{
	return slice_hash(slice_str(name), false);
}

static int load_numbers(struct routing *r)
{
	unsigned n = 0;
	for (unsigned i = 0; i < r->n_hunts; i++)
		n += conf_list_count(r->hunts[i].conf, "numbers");
	r->numbers = n ? mem_raw(n * sizeof(*r->numbers)) : NULL;
	if (n && !r->numbers)
		return -ENOMEM;
	for (unsigned i = 0; i < r->n_hunts; i++)
		for (unsigned k = 0; k < conf_list_count(r->hunts[i].conf, "numbers"); k++) {
			struct hunt_number *h = &r->numbers[r->n_numbers++];
			*h = (struct hunt_number){.text = conf_list_at(r->hunts[i].conf, "numbers", k), .hunt = &r->hunts[i]};
			if (!routing_hunt_by_number(r, h->text))
				hash_insert(&r->hunts_by_number, &h->by_text, name_hash(h->text));
		}
	return 0;
}

static int load_groups(struct routing *r)
{
	unsigned groups = count(r->conf, "group"), hunts = count(r->conf, "hunt");
	r->groups = groups ? mem_raw(groups * sizeof(*r->groups)) : NULL;
	r->hunts = hunts ? mem_raw(hunts * sizeof(*r->hunts)) : NULL;
	if ((groups && !r->groups) || (hunts && !r->hunts))
		return -ENOMEM;
	for (; r->n_groups < groups; r->n_groups++) {
		struct group *g = &r->groups[r->n_groups];
		group_load(g, conf_titled(r->conf, "group", r->n_groups));
		hash_insert(&r->groups_by_name, &g->by_name, name_hash(g->name));
	}
	for (; r->n_hunts < hunts; r->n_hunts++) {
		struct hunt *h = &r->hunts[r->n_hunts];
		hunt_load(h, conf_titled(r->conf, "hunt", r->n_hunts));
		hash_insert(&r->hunts_by_name, &h->by_name, name_hash(h->name));
	}
	return load_numbers(r);
}

int routing_new(struct routing **ret, const struct conf *conf)
{
	struct routing *r = mem_alloc(sizeof(*r), destroy);
	if (!r)
		return -ENOMEM;
	r->conf = mem_ref((void *)(uintptr_t)conf);
	int err = hash_init(&r->groups_by_name, 16) ?: hash_init(&r->hunts_by_name, 16) ?: hash_init(&r->hunts_by_number, 16) ?: load_groups(r) ?: load_rules(r);
	for (unsigned before = 0; !err && before < 2; before++)
		err = rule_index_new(&r->index[before], r->rules, r->n_rules, before);
	if (err)
		mem_deref(r);
	else
		*ret = r;
	return err;
}

const char *rule_line(const struct rule *r, char out[RULE_LINE])
{
	struct buf b = buf_fixed(out, RULE_LINE);
	buf_printf(&b, "route %s", r->name);
	return buf_z(&b);
}

bool rule_is_full(const struct rule *r, const struct lines *lines)
{
	char name[RULE_LINE];
	return r->max_calls && lines_taken(lines, slice_str(rule_line(r, name))) >= r->max_calls;
}

/* Members by name: others may stand between them now. */
static void inherit_rings(struct hunt *h, const struct hunt *was)
{
	h->next = h->n ? was->next % h->n : 0;
	h->rings = was->rings;
	for (unsigned i = 0; i < h->n; i++)
		for (unsigned k = 0; k < was->n; k++)
			if (!strcmp(h->member[i], was->member[k]))
				h->rang_at[i] = was->rang_at[k];
}

void routing_inherit(struct routing *r, const struct routing *was)
{
	for (unsigned i = 0; i < r->n_groups; i++) {
		const struct group *g = routing_group(was, r->groups[i].name);
		r->groups[i].next = g ? g->next : 0;
	}
	for (unsigned i = 0; i < r->n_hunts; i++) {
		const struct hunt *h = routing_hunt(was, r->hunts[i].name);
		if (h)
			inherit_rings(&r->hunts[i], h);
	}
}

struct group *routing_group(const struct routing *r, const char *name)
{
	struct group *g;
	uint32_t h = name_hash(name);
	hash_foreach_match(g, &r->groups_by_name, h, by_name)
		if (!strcmp(g->name, name))
			return g;
	return NULL;
}

struct hunt *routing_hunt(const struct routing *r, const char *name)
{
	struct hunt *k;
	uint32_t h = name_hash(name);
	hash_foreach_match(k, &r->hunts_by_name, h, by_name)
		if (!strcmp(k->name, name))
			return k;
	return NULL;
}

struct hunt *routing_hunt_by_number(const struct routing *r, const char *number)
{
	struct hunt_number *n;
	uint32_t h = name_hash(number);
	hash_foreach_match(n, &r->hunts_by_number, h, by_text)
		if (!strcmp(n->text, number))
			return n->hunt;
	return NULL;
}
