// SPDX-License-Identifier: GPL-3.0-or-later
/* Which rule a call takes. */
#include "routing/rule_index.h"

/* The longest match of the called number counts first, then how much else had to fit. */
#define CONDITIONS_MAX 64

static struct slice header_of(const struct query *q, const char *name)
{
	struct slice wanted = slice_str(name);
	enum sip_hdr_id id = sip_hdr_lookup(wanted);
	if (q->req) {
		const struct sip_hdr *h = id == SIP_HDR_OTHER ? sip_msg_named(q->req, wanted) : sip_msg_hdr(q->req, id);
		return h ? h->value : SLICE_NONE;
	}
	for (unsigned i = 0; i < q->n_lines; i++) {
		struct slice value = slice_str(q->lines[i]), n = slice_trim(slice_cut(&value, ':'));
		if (slice_caseeq(n, wanted))
			return slice_trim(value);
	}
	return SLICE_NONE;
}

bool rule_is_for(const struct rule *r, const struct source *from)
{
	for (unsigned i = 0; i < r->n_sources; i++)
		if (!strcmp(conf_list_at(r->conf, "source", i), from->name))
			return true;
	return !r->n_sources;
}

static void __attribute__((format(printf, 2, 3))) say(struct buf *why, const char *fmt, ...)
{
	va_list ap;
	if (!why)
		return;
	va_start(ap, fmt);
	buf_vprintf(why, fmt, ap);
	va_end(ap);
}

static bool headers_fit(const struct rule *r, const struct query *q, struct buf *why)
{
	for (unsigned i = 0; i < r->n_headers; i++) {
		struct slice value = header_of(q, r->headers[i].name);
		if (!slice_is_set(value) || pattern_match(r->headers[i].value, value) < 0) {
			say(why, "header %s is not %s", r->headers[i].name, pattern_text(r->headers[i].value));
			return false;
		}
	}
	return true;
}

int rule_specific(const struct rule *r, int length)
{
	return length * CONDITIONS_MAX + (int)(r->n_conditions < CONDITIONS_MAX ? r->n_conditions : CONDITIONS_MAX - 1);
}

int rule_match(const struct rule *r, const struct query *q, struct buf *why)
{
	struct slice called = slice_str(q->called);
	int length = patterns_match(&r->called, called);
	if (!slice_starts(called, r->prefix))
		say(why, "the number does not begin with " SLICE_FMT, SLICE_ARG(r->prefix));
	else if (length < 0)
		say(why, "the number is none of those called");
	else if (!rule_is_for(r, q->from))
		say(why, "not for calls from %s", q->from->name);
	else if (patterns_match(&r->caller, slice_str(q->caller)) < 0)
		say(why, "not for this caller");
	else if (!schedule_has(&r->times, q->utc))
		say(why, "not at this time");
	else if (headers_fit(r, q, why)) {
		if ((size_t)length < r->prefix.len)
			length = (int)r->prefix.len;
		say(why, "matches %d of the number, %u further conditions", length, r->n_conditions);
		return rule_specific(r, length);
	}
	return -1;
}

bool rule_comes_before(const struct rule *a, int specific_a, const struct rule *b, int specific_b)
{
	if (a->order != b->order)
		return a->order < b->order;
	if (specific_a != specific_b)
		return specific_a > specific_b;
	return a->position < b->position;
}

/* Every rule there is, those that the index would not look at, too. */
static void tell_each(const struct routing *r, const struct query *q, bool before_users, rule_said_fn said, void *arg)
{
	char text[160];
	for (unsigned i = 0; i < r->n_rules; i++) {
		struct buf why = buf_fixed(text, sizeof(text));
		if (r->rules[i].before_users == before_users) {
			bool taken = rule_match(&r->rules[i], q, &why) >= 0;
			said(arg, &r->rules[i], taken, buf_z(&why));
		}
	}
}

const struct rule *routing_find(const struct routing *r, const struct query *q, const struct rule *after, bool before_users, rule_said_fn said, void *arg)
{
	const struct rule *best = NULL;
	struct rule_walk walk;
	struct rule_entry e;
	int specific = 0, last = after ? rule_match(after, q, NULL) : 0;
	if (said)
		tell_each(r, q, before_users, said, arg);
	rule_walk_begin(&walk, r->index[before_users], q->from->name, q->called);
	while (rule_walk_next(&walk, &e)) {
		if (best && rule_comes_before(best, specific, e.rule, e.bound))
			break;
		int n = rule_match(e.rule, q, NULL);
		if (n < 0 || (after && !rule_comes_before(after, last, e.rule, n)) || (best && !rule_comes_before(e.rule, n, best, specific)))
			continue;
		best = e.rule;
		specific = n;
	}
	return best;
}
