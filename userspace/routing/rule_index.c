// SPDX-License-Identifier: GPL-3.0-or-later
#include "routing/rule_index.h"
#include "base/mem.h"
#include <errno.h>
#include <stdlib.h>

/* The rules for numbers that begin in one way, from one source or ("") from any. */
struct place {
	struct hash_link by_key;
	struct slice source, beginning; /* of the configuration */
	struct rule_entry *entry;
	unsigned n, cap;
};

struct rule_index {
	struct hash places;
	bool used[RULE_LENGTHS]; /* lengths that some place has */
};

static void destroy(void *obj)
{
	struct rule_index *x = obj;
	struct place *p;
	hash_foreach(p, &x->places, by_key) {
		mem_free(p->entry);
		mem_free(p);
	}
	hash_free(&x->places);
}

/* --- making --------------------------------------------------------------------------------------------------------- */

static uint32_t key_hash(uint32_t source, struct slice beginning)
{
	return source * 2654435761u ^ slice_hash(beginning, false);
}

static struct place *find(const struct rule_index *x, struct slice source, uint32_t source_hash, struct slice beginning)
{
	struct place *p;
	uint32_t h = key_hash(source_hash, beginning);
	hash_foreach_match(p, &x->places, h, by_key)
		if (slice_eq(p->beginning, beginning) && slice_eq(p->source, source))
			return p;
	return NULL;
}

static struct place *place_of(struct rule_index *x, struct slice source, struct slice beginning)
{
	uint32_t h = slice_hash(source, false);
	struct place *p = find(x, source, h, beginning);
	if (p)
		return p;
	p = mem_raw(sizeof(*p));
	if (!p)
		return NULL;
	*p = (struct place){.source = source, .beginning = beginning};
	hash_insert(&x->places, &p->by_key, key_hash(h, beginning));
	x->used[beginning.len] = true;
	return p;
}

static int add(struct rule_index *x, const struct rule *r, struct slice source, struct slice beginning, int length)
{
	int bound = rule_specific(r, length);
	if (beginning.len >= RULE_LENGTHS) /* nothing that is called is so long */
		return 0;
	struct place *p = place_of(x, source, beginning);
	if (!p)
		return -ENOMEM;
	if (p->n && p->entry[p->n - 1].rule == r) {
		p->entry[p->n - 1].bound = bound > p->entry[p->n - 1].bound ? bound : p->entry[p->n - 1].bound;
		return 0;
	}
	if (p->n == p->cap) {
		unsigned cap = p->cap ? 2 * p->cap : 1;
		struct rule_entry *more = mem_regrow(p->entry, cap * sizeof(*more));
		if (!more)
			return -ENOMEM;
		p->entry = more;
		p->cap = cap;
	}
	p->entry[p->n++] = (struct rule_entry){r, bound};
	return 0;
}

/* Where numbers begin that this rule can take: with its prefix, or with more where what is called says so. */
static int add_from(struct rule_index *x, const struct rule *r, struct slice source)
{
	int err = r->called.n ? 0 : add(x, r, source, r->prefix, (int)r->prefix.len);
	for (unsigned i = 0; !err && i < r->called.n; i++) {
		int longest;
		struct slice beginning = pattern_beginning(r->called.p[i], &longest);
		longest = longest > (int)r->prefix.len ? longest : (int)r->prefix.len;
		if (slice_starts(beginning, r->prefix))
			err = add(x, r, source, beginning, longest);
		else if (slice_starts(r->prefix, beginning))
			err = add(x, r, source, r->prefix, longest);
	}
	return err;
}

static int add_rule(struct rule_index *x, const struct rule *r)
{
	unsigned n = conf_list_count(r->conf, "source");
	int err = n ? 0 : add_from(x, r, SLICE(""));
	for (unsigned i = 0; !err && i < n; i++)
		err = add_from(x, r, slice_str(conf_list_at(r->conf, "source", i)));
	return err;
}

static bool is_before(const struct rule_entry *a, const struct rule_entry *b)
{
	return rule_comes_before(a->rule, a->bound, b->rule, b->bound);
}

static int compare(const void *a, const void *b)
{
	return is_before(a, b) ? -1 : is_before(b, a);
}

int rule_index_new(struct rule_index **ret, const struct rule *rules, unsigned n, bool before_users)
{
	struct rule_index *x = mem_alloc(sizeof(*x), destroy);
	struct place *p;
	int err = x ? hash_init(&x->places, 64) : -ENOMEM;
	for (unsigned i = 0; !err && i < n; i++)
		if (rules[i].before_users == before_users)
			err = add_rule(x, &rules[i]);
	if (err) {
		mem_deref(x);
		return err;
	}
	hash_foreach(p, &x->places, by_key)
		qsort(p->entry, p->n, sizeof(*p->entry), compare);
	*ret = x;
	return 0;
}

/* --- walking -------------------------------------------------------------------------------------------------------- */

static void add_run(struct rule_walk *w, const struct place *p)
{
	if (!p)
		return;
	w->run[w->n].next = p->entry;
	w->run[w->n++].end = p->entry + p->n;
}

void rule_walk_begin(struct rule_walk *w, const struct rule_index *x, const char *source, const char *called)
{
	struct slice number = slice_str(called), from = slice_str(source);
	uint32_t of_any = slice_hash(SLICE(""), false), of_source = slice_hash(from, false);
	w->n = 0;
	for (size_t n = 0; n <= number.len && n < RULE_LENGTHS; n++) {
		struct slice beginning = slice_of(number.p, n);
		if (!x->used[n])
			continue;
		add_run(w, find(x, SLICE(""), of_any, beginning));
		if (from.len)
			add_run(w, find(x, from, of_source, beginning));
	}
}

bool rule_walk_next(struct rule_walk *w, struct rule_entry *ret)
{
	unsigned best = w->n;
	for (unsigned i = 0; i < w->n; i++)
		if (w->run[i].next < w->run[i].end && (best == w->n || is_before(w->run[i].next, w->run[best].next)))
			best = i;
	if (best == w->n)
		return false;
	*ret = *w->run[best].next++;
	return true;
}
