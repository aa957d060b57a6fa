// SPDX-License-Identifier: GPL-3.0-or-later
/* Which rule a call takes. */
#include "routing/route.h"

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

static bool source_fits(const struct rule *r, const struct query *q)
{
	unsigned n = conf_list_count(r->conf, "source");
	for (unsigned i = 0; i < n; i++)
		if (!strcmp(conf_list_at(r->conf, "source", i), q->from->name))
			return true;
	return !n;
}

static bool headers_fit(const struct rule *r, const struct query *q, struct buf *why)
{
	for (unsigned i = 0; i < r->n_headers; i++) {
		struct slice value = header_of(q, r->headers[i].name);
		if (!slice_is_set(value) || pattern_match(r->headers[i].value, value) < 0) {
			buf_printf(why, "header %s is not %s", r->headers[i].name, pattern_text(r->headers[i].value));
			return false;
		}
	}
	return true;
}

int rule_match(const struct rule *r, const struct query *q, struct buf *why)
{
	struct slice called = slice_str(q->called);
	int length = patterns_match(&r->called, called);
	if (!slice_starts(called, r->prefix))
		buf_printf(why, "the number does not begin with " SLICE_FMT, SLICE_ARG(r->prefix));
	else if (length < 0)
		buf_str(why, "the number is none of those called");
	else if (!source_fits(r, q))
		buf_printf(why, "not for calls from %s", q->from->name);
	else if (patterns_match(&r->caller, slice_str(q->caller)) < 0)
		buf_str(why, "not for this caller");
	else if (!schedule_has(&r->times, q->utc))
		buf_str(why, "not at this time");
	else if (headers_fit(r, q, why)) {
		if ((size_t)length < r->prefix.len)
			length = (int)r->prefix.len;
		buf_printf(why, "matches %d of the number, %u further conditions", length, r->n_conditions);
		return length * CONDITIONS_MAX + (int)(r->n_conditions < CONDITIONS_MAX ? r->n_conditions : CONDITIONS_MAX - 1);
	}
	return -1;
}

struct found {
	const struct rule *rule;
	int specific;
};

/* Whether `a` is taken before `b`. */
static bool comes_before(const struct found *a, const struct found *b)
{
	if (a->rule->order != b->rule->order)
		return a->rule->order < b->rule->order;
	if (a->specific != b->specific)
		return a->specific > b->specific;
	return a->rule->position < b->rule->position;
}

const struct rule *routing_find(const struct routing *r, const struct query *q, const struct rule *after, bool before_users, rule_said_fn said, void *arg)
{
	struct found best = {0}, last = {.rule = after};
	char text[160];
	if (after) {
		struct buf why = buf_fixed(text, sizeof(text));
		last.specific = rule_match(after, q, &why);
	}
	for (unsigned i = 0; i < r->n_rules; i++) {
		struct found f = {.rule = &r->rules[i]};
		struct buf why = buf_fixed(text, sizeof(text));
		if (f.rule->before_users != before_users)
			continue;
		f.specific = rule_match(f.rule, q, &why);
		if (said)
			said(arg, f.rule, f.specific >= 0, buf_z(&why));
		if (f.specific < 0 || (after && !comes_before(&last, &f)))
			continue;
		if (!best.rule || comes_before(&f, &best))
			best = f;
	}
	return best.rule;
}
