// SPDX-License-Identifier: GPL-3.0-or-later
/* What a call leaves behind: a record of the attempt and of the two who were connected; when one of them is exchanged for somebody else, that record is
 * closed and the next one begins. An attempt to exchange one has a record of its own, which becomes the call's when it succeeds. */
#include "callagent/call.h"
#include "callagent/call_priv.h"

/* One that is not the call's current one. */
struct call_record {
	struct link link;
	struct media *media; /* whose quality it waits for; NULL: an attempt */
	struct cdr cdr;
};

static const char *const parties[] = {
	[CALL_BY_CALLER] = "caller",     [CALL_BY_CALLED] = "called", [CALL_BY_GATEWAY] = "gateway",
	[CALL_BY_OPERATOR] = "operator", [CALL_BY_TANDEM] = "tandem", [CALL_BY_RESTART] = "restart",
	[CALL_BY_TRANSFER] = "transfer",
};

const char *call_record_by(enum call_by by)
{
	return parties[by];
}

/* --- what it says --------------------------------------------------------------------------------------------------- */

static void note_codec(struct cdr *r, const struct sdp *answer)
{
	for (unsigned i = 0; i < answer->n_media; i++) {
		const struct sdp_media *m = &answer->media[i];
		if (!m->port || !m->n_formats)
			continue;
		CDR_SET(r->codec, slice_empty(m->formats[0].name) ? m->formats[0].id : m->formats[0].name);
		return;
	}
}

static void note_media(struct cdr_leg *out, const struct sdp *said)
{
	char text[ADDR_STR_LEN];
	for (unsigned i = 0; said && i < said->n_media; i++)
		if (said->media[i].port && addr_is_set(&said->media[i].rtp)) {
			CDR_SET(out->media, slice_str(addr_str(&said->media[i].rtp, text)));
			return;
		}
}

/* The called leg that the record is about: the one that answered, else the one whose failure counts, else the first. */
struct leg *call_recorded_leg(const struct call *c)
{
	return c->winner ? c->winner : call_best_of(c, false);
}

static void note_quality(struct cdr *r, const struct media *m)
{
	r->leg[CDR_A].quality = *media_quality(m, SIDE_A);
	r->leg[CDR_B].quality = *media_quality(m, SIDE_B);
}

void call_record_parties(struct call *c)
{
	c->a->kind->describe(c->a, &c->cdr.leg[CDR_A]);
	if (c->winner)
		c->winner->kind->describe(c->winner, &c->cdr.leg[CDR_B]);
}

static void journal(const struct call *c, const struct cdr *r)
{
	if (cdr_begin(c->calls->cdr, r))
		log_warn(c->object, "its record in the journal is not up to date: out of memory");
}

static void finish(const struct call *c, const struct cdr *r)
{
	int err = cdr_end(c->calls->cdr, r);
	if (err)
		log_error(c->object, "its record was not queued: %s", strerror(-err));
}

static void note_end(struct cdr *r, enum call_by by, const struct leg_news *n)
{
	r->end = r->end ? r->end : (int64_t)clock_utc_ms();
	CDR_SET(r->released_by, slice_str(parties[by]));
	r->status = r->answer ? 200 : n->status;
	r->cause = n->cause ? n->cause : r->answer ? 16 : outcome_cause(n->status);
	CDR_SET(r->why, slice_str(n->words ? n->words : r->answer ? "normal" : ""));
}

/* --- the call's --------------------------------------------------------------------------------------------------------- */

void call_record_answered(struct call *c, const struct sdp *answer)
{
	c->answered = c->cdr.answer = (int64_t)clock_utc_ms();
	c->cdr.status = 200;
	note_codec(&c->cdr, answer);
	note_media(&c->cdr.leg[CDR_A], c->a->said);
	note_media(&c->cdr.leg[CDR_B], c->winner->said);
	call_record_parties(c);
	if (call_set_party(c, SIDE_B, slice_str(c->winner->target)))
		log_warn(c->object, "counts for %s: out of memory", c->cdr.target);
	journal(c, &c->cdr);
	outcome_answered();
}

void call_record_agreed(struct call *c, const struct sdp *answer)
{
	note_codec(&c->cdr, answer);
	note_media(&c->cdr.leg[CDR_A], answer);
}

void call_record_end(struct call *c, enum call_by by, const struct leg_news *n)
{
	const struct cdr *r = &c->cdr;
	note_end(&c->cdr, by, n);
	if (!r->answer)
		outcome_failed(n->status);
	/* The one line of a call that failed; of answered ones the call records speak. */
	log_at(r->answer ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO, c->object, "%s -> %s from %s ended by %s: %u cause %u%s%s", r->caller, r->called,
	       r->source, parties[by], (unsigned)r->status, (unsigned)r->cause, n->words ? ", " : "", n->words ? n->words : "");
}

void call_record_write(struct call *c)
{
	struct leg *b = c->left_media ? NULL : call_recorded_leg(c);
	if (c->left_media)
		note_quality(&c->cdr, c->left_media);
	else
		c->a->kind->describe(c->a, &c->cdr.leg[CDR_A]);
	if (b) {
		b->kind->describe(b, &c->cdr.leg[CDR_B]);
		CDR_SET(c->cdr.target, slice_str(b->target));
		if (b->media)
			note_quality(&c->cdr, b->media);
	}
	finish(c, &c->cdr);
}

/* --- somebody in a party's place ------------------------------------------------------------------------------------------ */

static void drop(struct call_record *r)
{
	list_remove(&r->link);
	mem_deref(r);
}

int call_record_attempt(struct call *c)
{
	struct call_record *r = mem_alloc(sizeof(*r), NULL);
	if (!r)
		return -ENOMEM;
	struct buf id = buf_fixed(r->cdr.id, sizeof(r->cdr.id));
	buf_printf(&id, "%s-%u", c->id, ++c->n_records + 1);
	buf_z(&id);
	CDR_SET(r->cdr.linked, slice_str(c->cdr.linked));
	CDR_SET(r->cdr.transferred_by, slice_str(c->transferor->target));
	CDR_SET(r->cdr.source, slice_str(call_peer(c, c->transferor)->target));
	r->cdr.setup = (int64_t)clock_utc_ms();
	c->coming = r;
	list_append(&c->records, &r->link);
	call_changed(c);
	return 0;
}

void call_record_begun(struct call *c)
{
	journal(c, &c->coming->cdr);
}

void call_record_progress(struct call *c)
{
	struct cdr *r = c->coming ? &c->coming->cdr : &c->cdr;
	if (!r->progress)
		r->progress = (int64_t)clock_utc_ms();
}

void call_record_dropped(struct call *c)
{
	if (c->coming)
		drop(c->coming);
	c->coming = NULL;
}

void call_transfer_called(struct call *c, struct slice number)
{
	if (c->coming)
		CDR_SET(c->coming->cdr.called, number);
}

void call_record_left(struct call *c)
{
	c->cdr.end = c->cdr.end ? c->cdr.end : (int64_t)clock_utc_ms();
}

/* Of those who did not come. */
static const struct leg *best_of_transfer(const struct call *c)
{
	const struct leg *l, *best = NULL;
	list_foreach(l, &c->legs, link)
		if (l->round >= c->transfer_round && (!best || outcome_better(l->status, best->status)))
			best = l;
	return best;
}

void call_record_failed(struct call *c, const struct leg_news *n)
{
	struct call_record *r = c->coming;
	if (!r)
		return;
	const struct leg *l = best_of_transfer(c);
	const struct leg *stays = call_peer(c, c->transferor);
	stays->kind->describe(stays, &r->cdr.leg[CDR_A]);
	CDR_SET(r->cdr.caller, slice_str(r->cdr.leg[CDR_A].number));
	if (l) {
		l->kind->describe(l, &r->cdr.leg[CDR_B]);
		CDR_SET(r->cdr.target, slice_str(l->target));
		if (!*r->cdr.called)
			CDR_SET(r->cdr.called, slice_str(r->cdr.leg[CDR_B].number));
	}
	note_end(&r->cdr, l ? CALL_BY_CALLED : CALL_BY_TANDEM, n);
	finish(c, &r->cdr);
	call_record_dropped(c);
}

/* The two who were connected until now: written when their media have told how they were. */
static void close_pair(struct call *c, const struct leg *by, struct media *m)
{
	struct call_record *r = mem_alloc(sizeof(*r), NULL);
	by->kind->describe(by, &c->cdr.leg[by->side]);
	note_end(&c->cdr, CALL_BY_TRANSFER, &(struct leg_news){.words = "transferred"});
	if (!r || !m || media_ended(m)) {
		finish(c, &c->cdr);
		mem_deref(r);
		return;
	}
	r->media = m;
	r->cdr = c->cdr;
	list_append(&c->records, &r->link);
	journal(c, &r->cdr);
}

void call_record_pair(struct call *c, struct leg *l, struct media *before)
{
	if (!c->coming && call_record_attempt(c)) {
		log_error(c->object, "one record for all its parties: out of memory");
		return;
	}
	struct call_record *r = c->coming;
	r->cdr.emergency = c->cdr.emergency;
	r->cdr.answer = (int64_t)clock_utc_ms();
	r->cdr.status = 200;
	close_pair(c, c->transferor, before);
	c->cdr = r->cdr;
	call_record_dropped(c);
	call_record_parties(c);
	CDR_SET(c->cdr.source, slice_str(c->a->target));
	CDR_SET(c->cdr.target, slice_str(c->winner->target));
	CDR_SET(c->cdr.caller, slice_str(c->cdr.leg[CDR_A].number));
	CDR_SET(c->cdr.called, slice_str(c->cdr.leg[CDR_B].number));
	CDR_SET(c->cdr.caller_sent, slice_str(c->cdr.caller));
	CDR_SET(c->cdr.called_sent, slice_str(c->cdr.called));
	note_codec(&c->cdr, l->said);
	note_media(&c->cdr.leg[CDR_A], c->a->said);
	note_media(&c->cdr.leg[CDR_B], c->winner->said);
	journal(c, &c->cdr);
}

void call_record_media_over(struct call *c, const struct media *m)
{
	struct call_record *r;
	list_foreach_safe(r, &c->records, link) {
		if (!r->media || r->media != m)
			continue;
		note_quality(&r->cdr, m);
		finish(c, &r->cdr);
		drop(r);
	}
}

void call_records_drop(struct call *c)
{
	struct call_record *r;
	list_foreach_safe(r, &c->records, link)
		drop(r);
}
