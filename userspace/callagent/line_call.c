// SPDX-License-Identifier: GPL-3.0-or-later
#include "callagent/line_call.h"
#include "callagent/core.h"
#include "callagent/dial.h"
#include "callagent/emergency_call.h"
#include "callagent/isdn_party.h"
#include "callagent/outcome.h"
#include "base/log.h"
#include "routing/overlap.h"
#include <errno.h>

static struct emergency emergency_called(const struct agent *a, const struct source *from, const char *called)
{
	struct sip_uri uri = {.scheme = SIP_SCHEME_SIP, .user = slice_str(called), .text = slice_str(called)};
	return emergency_of(a->conf, &uri, NULL, from->address);
}

bool line_call_is_emergency(const struct agent *a, struct tel_line *l, const char *called)
{
	struct source from;
	source_of_line(&from, l);
	return emergency_called(a, &from, called).kind;
}

bool line_call_may_be_emergency(const struct agent *a, struct tel_line *l, const char *digits)
{
	struct source from;
	source_of_line(&from, l);
	return emergency_may_follow(a->conf, from.address, digits);
}

bool line_call_admitted(struct agent *a, struct tel_line *l, const char *called, struct leg_news *refusal)
{
	struct source from;
	source_of_line(&from, l);
	if (emergency_called(a, &from, called).kind)
		return true;
	const struct core_refusal r = core_refusal_of(a, &from, false);
	if (!r.why)
		return true;
	outcome_refused(OUTCOME_LIMIT);
	*refusal = (struct leg_news){.status = 503, .cause = r.cause, .words = r.why};
	return false;
}

static bool takes_digits(const struct agent *a, const struct dest *d, const char *number)
{
	const struct tel_line *l = d->kind == DEST_LINE ? tel_lines_find(&a->tel_lines, slice_str(d->name)) : NULL;
	return l && l->kind == TEL_ISDN && conf_bool(l->conf, "overlap-send") && isdn_number_grows(l, number);
}

bool line_call_goes_on(struct agent *a, const struct query *q)
{
	const struct rule *r = overlap_led(a->routing, registrar_auth(a->registrar), q);
	char number[128];
	if (!r || conf_titled(a->conf, "fraud", 0) || emergency_may_follow(a->conf, q->from->address, q->called) ||
	    rule_rewrite_called(r, q->called, number, sizeof(number)))
		return false;
	for (unsigned i = 0; i < r->n_dests; i++)
		if (!takes_digits(a, &r->dest[i], number))
			return false;
	return r->n_dests;
}

bool line_call_is_complete(struct agent *a, const struct source *from, const char *called)
{
	const struct query q = {.from = from, .called = called, .caller = "", .utc = (int64_t)(clock_utc_ms() / 1000)};
	return emergency_called(a, from, called).kind || overlap_is_whole(a->routing, registrar_auth(a->registrar), &q);
}

static void fill_record(struct cdr *r, const struct source *from, const struct line_call *how)
{
	CDR_SET(r->source, slice_str(from->name));
	CDR_SET(r->caller, slice_str(how->caller->number));
	CDR_SET(r->caller_sent, slice_str(how->caller->number));
	CDR_SET(r->called, slice_str(how->called));
}

void line_call_refused(struct agent *a, const struct line_call *how, const char *id, const struct leg_news *refusal)
{
	struct source from;
	struct cdr r = {0};
	source_of_line(&from, how->line);
	fill_record(&r, &from, how);
	CDR_SET(r.leg[CDR_A].call_id, slice_str(id));
	CDR_SET(r.leg[CDR_A].number, slice_str(how->caller->number));
	CDR_SET(r.leg[CDR_A].peer, slice_str(how->line->name));
	core_record(a, &r, refusal->status, refusal->cause, refusal->words);
}

int line_call_new(struct call **ret, struct agent *a, struct leg *l, const struct line_call *how)
{
	struct source from;
	struct call *c;
	source_of_line(&from, how->line);
	CDR_SET(l->target, slice_str(from.name));
	int err = call_new(&c, &a->calls, gateways_pick(&a->gateways));
	if (err)
		return err;
	call_add_leg(c, l);
	fill_record(&c->cdr, &from, how);
	if (call_set_party(c, SIDE_A, slice_str(from.name)))
		log_warn(c->object, "does not count among the calls of %s: out of memory", from.name);
	*ret = c;
	return 0;
}

void line_call_start(struct call *c, struct agent *a, const struct line_call *how, struct slice sdp)
{
	struct source from;
	source_of_line(&from, how->line);
	const struct emergency e = emergency_called(a, &from, how->called);
	fill_record(&c->cdr, &from, how);
	c->overlap = how->overlap;
	if (e.kind)
		emergency_began(c, &e);
	int err = !c->gw ? -EHOSTDOWN : dial_line(a, c, &from, how->called, how->caller, how->diversions, e.kind ? &e : NULL);
	if (err)
		call_end(c, CALL_BY_TANDEM, &(struct leg_news){.status = core_status_of(err), .words = core_words_of(err)});
	else
		call_start(c, &(struct leg_news){.sdp = sdp});
}
