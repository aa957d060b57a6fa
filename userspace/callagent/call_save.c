// SPDX-License-Identifier: GPL-3.0-or-later
/* Calls in the store. A call has one record, written at the end of each loop turn in which something of it has changed, before what that
 * turn has to say is sent; so whoever heard of a step finds it taken after a kill. A restored call is made of the same parts by the same
 * verbs as a new one; one that cannot go on is ended as any other. */
#include "base/pack.h"
#include "callagent/call_priv.h"
#include "callagent/emergency_call.h"
#include "cdr/cdr_row.h"

/* Grows when older readers would misunderstand, not with a field more. */
#define VERSION 3
#define CAUSE_TEMPORARY 41 /* Q.850: temporary failure */

struct head {
	uint8_t version;
	uint32_t sum; /* of what follows */
} __attribute__((packed));

struct call_kept {
	uint8_t state;
	uint8_t followed; /* whose description the other party has to follow: 1 + side; 0: nobody's */
	bool has_offer;
	uint32_t n_legs;
	struct slice gateway, cdr, route;
	int64_t answered;
	uint32_t n_records;
};

enum { TAG_LEG = 20, TAG_GROUP = 21, TAG_PARTY = 20 };

static const struct pack_field call_fields[] = {
	PACK_FIELD(1, PACK_NUMBER, struct call_kept, state),  PACK_FIELD(2, PACK_BOOL, struct call_kept, has_offer),
	PACK_FIELD(3, PACK_NUMBER, struct call_kept, n_legs), PACK_FIELD(4, PACK_SLICE, struct call_kept, gateway),
	PACK_FIELD(5, PACK_SLICE, struct call_kept, cdr),     PACK_FIELD(6, PACK_NUMBER, struct call_kept, answered),
	PACK_FIELD(7, PACK_NUMBER, struct call_kept, n_records), PACK_FIELD(8, PACK_NUMBER, struct call_kept, followed),
	PACK_FIELD(9, PACK_SLICE, struct call_kept, route),
};

struct leg_kept {
	uint8_t state, group; /* 1: the first; 0: none */
	bool is_caller, is_winner, said_offer, asked, hidden;
	uint32_t status, cause;
	char kind[16], target[64], object[48];
	struct { uint64_t id, version, last_hash; } origin; /* struct sdp_origin; the rest is the party's */
	struct slice said, party;
};

static const struct pack_field leg_fields[] = {
	PACK_FIELD(1, PACK_NUMBER, struct leg_kept, state),   PACK_FIELD(2, PACK_NUMBER, struct leg_kept, group),
	PACK_FIELD(3, PACK_BOOL, struct leg_kept, is_caller), PACK_FIELD(4, PACK_BOOL, struct leg_kept, is_winner),
	PACK_FIELD(5, PACK_BOOL, struct leg_kept, said_offer), PACK_FIELD(6, PACK_BOOL, struct leg_kept, asked),
	PACK_FIELD(7, PACK_NUMBER, struct leg_kept, status),  PACK_FIELD(8, PACK_NUMBER, struct leg_kept, cause),
	PACK_FIELD(9, PACK_TEXT, struct leg_kept, kind),      PACK_FIELD(10, PACK_TEXT, struct leg_kept, target),
	PACK_FIELD(11, PACK_TEXT, struct leg_kept, object),   PACK_FIELD(12, PACK_BYTES, struct leg_kept, origin),
	PACK_FIELD(13, PACK_SLICE, struct leg_kept, said),    PACK_FIELD(14, PACK_BOOL, struct leg_kept, hidden),
	PACK_FIELD(TAG_PARTY, PACK_SLICE, struct leg_kept, party),
};
#define N(fields) (sizeof(fields) / sizeof(fields[0]))

/* --- writing ------------------------------------------------------------------------------------------------------ */

static uint8_t group_of(const struct call *c, const struct leg *l)
{
	for (unsigned i = 0; i < c->n_groups; i++)
		if (l->media == c->group[i])
			return (uint8_t)(i + 1);
	return 0;
}

static void save_leg(const struct call *c, const struct leg *l, struct buf *out)
{
	struct leg_kept k = {
		.state = (uint8_t)l->state, .group = group_of(c, l), .is_caller = l == c->a, .is_winner = l == c->winner,
		.said_offer = l->said_offer, .asked = l->asked, .hidden = l->hidden, .status = l->status, .cause = l->cause,
		.origin = {l->origin.id, l->origin.version, l->origin.last_hash},
		.said = l->said ? l->said->text : SLICE_NONE,
	};
	CDR_SET(k.kind, slice_str(l->kind->name));
	CDR_SET(k.target, slice_str(l->target));
	CDR_SET(k.object, slice_str(l->object));
	size_t at = pack_begin(out, TAG_LEG);
	pack_write(out, leg_fields, N(leg_fields), &k);
	/* Who has asked for a transfer and left may still be told how it goes. */
	if (l->kind->save && (l->state != LEG_CLOSED || l == c->transferor)) {
		size_t party = pack_begin(out, TAG_PARTY);
		l->kind->save(l, out);
		pack_end(out, party);
	}
	pack_end(out, at);
}

static void save_cdr(const struct call *c, struct buf *out)
{
	size_t at = pack_begin(out, 5);
	cdr_row_write(out, &c->cdr);
	pack_end(out, at);
}

static void write_record(const struct call *c, struct buf *out)
{
	struct call_kept k = {
		.state = (uint8_t)c->state, .has_offer = c->offer != NULL, .n_legs = c->n_legs, .answered = c->answered, .n_records = c->n_records,
		.gateway = slice_str(c->gw ? mgcp_gw_name(c->gw) : ""), .route = slice_str(c->route),
		.followed = c->must_follow && c->reofferer ? 1 + (uint8_t)c->reofferer->side : 0,
	};
	const struct leg *l;
	pack_write(out, call_fields, N(call_fields), &k);
	save_cdr(c, out);
	for (unsigned i = 0; i < c->n_groups; i++) {
		size_t at = pack_begin(out, TAG_GROUP);
		media_save(c->group[i], out);
		pack_end(out, at);
	}
	save_leg(c, c->a, out);
	list_foreach(l, &c->legs, link)
		if (l->state > LEG_NEW && (l->state < LEG_CLOSED || l == c->winner))
			save_leg(c, l, out);
}

static int save(struct call *c, struct buf *out)
{
	struct head h = {.version = VERSION};
	out->len = 0;
	buf_add(out, &h, sizeof(h));
	write_record(c, out);
	if (out->err)
		return out->err;
	h.sum = slice_sum(slice_from(buf_text(out), sizeof(h)));
	memcpy(out->p, &h, sizeof(h));
	return store_put(c->calls->store, c->calls->store_table, slice_str(c->id), buf_text(out));
}

void calls_save(struct calls *cs)
{
	loop_defer_cancel(&cs->save);
	while (!list_empty(&cs->changed)) {
		struct call *c = container_of(list_first(&cs->changed), struct call, changed);
		list_remove(&c->changed);
		int err = save(c, &cs->record);
		c->kept |= !err;
		if (err) {
			buf_reset(&cs->record);
			log_error(c->object, "would not survive a restart as it is now: %s", strerror(-err));
		}
	}
}

static void on_turn_over(void *arg)
{
	calls_save(arg);
}

void call_changed(struct call *c)
{
	struct calls *cs = c->calls;
	if (!cs->store || !c->a || c->state == CALL_NEW || c->state == CALL_DONE)
		return;
	if (link_in_list(&c->changed))
		return;
	list_append(&cs->changed, &c->changed);
	loop_defer_first(&cs->save, on_turn_over, cs);
}

void call_forget(struct call *c)
{
	list_remove(&c->changed);
	if (c->kept && store_del(c->calls->store, c->calls->store_table, slice_str(c->id)))
		log_warn(c->object, "its record stays in the store: out of memory");
	c->kept = false;
}

void call_on_changed(struct leg *l)
{
	if (l->call)
		call_changed(l->call);
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

struct past {
	struct calls *cs;
	const struct calls_past *p;
	unsigned went_on, ended, lost;
};

static const struct leg_maker *maker_of(const struct calls_past *p, const char *kind)
{
	const struct leg_maker *m = p->makers;
	while (m->kind && strcmp(m->kind, kind))
		m++;
	return m->kind ? m : NULL;
}

/* A leg whose party has nothing of it any more is closed; so is one that cannot be taken over, which *lost says. */
static int restore_leg(struct call *c, const struct calls_past *p, struct slice record, bool *lost)
{
	struct leg_kept k = {0};
	struct leg *l;
	const char *why;
	if (pack_read(&k, leg_fields, N(leg_fields), record) || k.state > LEG_CLOSED || k.group > c->n_groups || k.is_caller != !c->a)
		return -EBADMSG;
	const struct leg_maker *m = maker_of(p, k.kind);
	if (!m)
		return -EBADMSG;
	enum side side = k.is_caller ? SIDE_A : SIDE_B;
	int err = m->restore(&l, side, k.target, k.party, m->arg);
	if (err == -EBADMSG || err == -EADDRNOTAVAIL) {
		log_warn(k.object, "its dialog cannot be taken over: %s", strerror(-err));
		*lost = true;
		k.party = SLICE_NONE;
		err = m->restore(&l, side, k.target, SLICE_NONE, m->arg);
	}
	if (err)
		return err;
	l->call = c;
	l->media = k.group ? c->group[k.group - 1] : NULL;
	l->origin.id = k.origin.id;
	l->origin.version = k.origin.version;
	l->origin.last_hash = k.origin.last_hash;
	l->said_offer = k.said_offer;
	l->asked = k.asked;
	l->hidden = k.hidden;
	l->status = k.status;
	l->cause = k.cause;
	CDR_SET(l->target, slice_str(k.target));
	CDR_SET(l->object, slice_str(k.object));
	if (k.is_caller)
		c->a = l;
	else
		list_append(&c->legs, &l->link);
	if (k.is_winner)
		c->winner = l;
	leg_state(l, k.party.len ? (enum leg_state)k.state : LEG_CLOSED, "restored");
	return k.said.len ? sdp_parse(&l->said, k.said, &why) : 0;
}

/* Groups come first; the parties of their media are known with the legs. */
static int restore_group(struct call *c, struct slice record)
{
	static const struct media_party unknown;
	int err = call_add_group(c, &unknown, &unknown);
	return err || !c->gw ? err : media_restore(c->group[c->n_groups - 1], record);
}

static int restore_parts(struct call *c, const struct calls_past *p, struct slice record, bool *lost)
{
	uint8_t tag;
	struct slice value;
	int more = 0, err = 0;
	while (!err && (more = pack_next(&record, &tag, &value)) > 0) {
		if (tag == TAG_LEG)
			err = restore_leg(c, p, value, lost);
		else if (tag == TAG_GROUP)
			err = c->a ? -EBADMSG : restore_group(c, value);
	}
	if (err || more || !c->a)
		return err ? err : -EBADMSG;
	for (unsigned i = 0; i < c->n_groups; i++)
		media_set_party(c->group[i], SIDE_A, &c->a->party);
	if (c->winner && c->winner->media)
		media_set_party(c->winner->media, SIDE_B, &c->winner->party);
	return 0;
}

static bool can_go_on(const struct call *c, bool lost)
{
	return !lost && c->winner && c->winner->media && c->a->state >= LEG_ANSWERED && c->a->state <= LEG_ACTIVE &&
	       c->winner->state >= LEG_ANSWERED && c->winner->state <= LEG_ACTIVE;
}

static void go_on(struct call *c, const struct call_kept *k)
{
	for (unsigned i = 0; i < c->n_groups; i++)
		if (c->group[i] != c->winner->media)
			media_end(c->group[i], NULL, NULL);
	/* Those who were to come in a transfer. */
	struct leg *l;
	list_foreach(l, &c->legs, link)
		if (l != c->winner && l->state > LEG_NEW)
			call_release_leg(l, &(struct leg_news){.status = 503, .cause = CAUSE_TEMPORARY});
	/* The called party's offer waits for the caller's answer, which comes with the confirmation. */
	if (!c->offer && c->a->state == LEG_ANSWERED && c->winner->said) {
		c->winner->offers = true;
		media_resume_offer(c->winner->media, SIDE_B, c->winner->said);
	}
	call_start_longest(c);
	struct leg *followed = k->followed == 1 + SIDE_A ? c->a : k->followed ? c->winner : NULL;
	if (followed && followed->said)
		call_reoffer_follow(followed, followed->said);
	log_debug(c->object, "%s -> %s taken over", c->cdr.caller, c->cdr.called);
}

/* Who is on his way is so by himself, and takes no second release; in a damaged record he may not know. */
static void release_again(struct leg *l, const struct leg_news *n)
{
	if (l->state == LEG_CLOSING)
		l->kind->release(l, n);
	else
		call_release_leg(l, n);
}

static void go_on_ending(struct call *c)
{
	const struct leg_news n = {.status = 503, .cause = CAUSE_TEMPORARY};
	struct leg *l;
	mem_ref(c);
	call_not_live(c);
	release_again(c->a, &n);
	list_foreach(l, &c->legs, link)
		release_again(l, &n);
	for (unsigned i = 0; i < c->n_groups; i++)
		media_end(c->group[i], call_on_media_over, c);
	call_check_done(c);
	mem_deref(c);
}

static void resume(struct past *w, struct call *c, const struct call_kept *k, bool lost)
{
	enum call_state was = (enum call_state)k->state;
	c->state = was;
	c->kept = true;
	call_changed(c);
	if (was >= CALL_ENDING) {
		w->ended++;
		go_on_ending(c);
	} else if (was == CALL_ACTIVE && can_go_on(c, lost)) {
		w->went_on++;
		outcome_taken_over();
		go_on(c, k);
	} else {
		w->ended++;
		call_end(c, CALL_BY_RESTART,
			 &(struct leg_news){.status = 503, .cause = CAUSE_TEMPORARY, .words = "the call agent was restarted"});
	}
}

static bool is_readable(const struct head *h, struct slice record)
{
	switch (h->version) {
	case 1: /* its sum is one that nobody makes any more */
		return true;
	case 2:
		return h->sum == slice_hash(record, false);
	case VERSION:
		return h->sum == slice_sum(record);
	default:
		return false;
	}
}

static int read_record(struct past *w, struct slice key, struct slice value)
{
	struct call_kept k = {0};
	struct head h;
	struct call *c = NULL;
	char id[sizeof(c->id)];
	bool lost = false;
	if (value.len < sizeof(h) || slice_copy(key, id, sizeof(id)))
		return -EBADMSG;
	memcpy(&h, value.p, sizeof(h));
	value = slice_from(value, sizeof(h));
	if (!is_readable(&h, value) || pack_read(&k, call_fields, N(call_fields), value) || k.state == CALL_NEW || k.state >= CALL_DONE)
		return -EBADMSG;
	struct mgcp_gw *gw = w->p->gateway(w->p->arg, k.gateway);
	int err = call_make(&c, w->cs, gw, id);
	if (err)
		return err;
	c->n_legs = k.n_legs;
	c->n_records = k.n_records;
	err = cdr_row_read(&c->cdr, k.cdr);
	emergency_count(c);
	err = err ?: call_set_party(c, SIDE_A, slice_str(c->cdr.source)) ?: call_set_party(c, SIDE_B, slice_str(c->cdr.target))
		  ?: call_set_route(c, k.route);
	c->answered = k.answered ? k.answered : c->cdr.answer; /* the latter: of an older version */
	if (!err)
		err = restore_parts(c, w->p, value, &lost);
	if (!err && k.has_offer)
		c->offer = mem_ref(c->a->said);
	if (err) {
		hash_remove(&w->cs->table, &c->by_id);
		list_remove(&c->link);
		mem_deref(c);
		return err;
	}
	resume(w, c, &k, lost || !gw);
	return 0;
}

static int each(struct slice key, struct slice value, void *arg)
{
	struct past *w = arg;
	int err = read_record(w, key, value);
	if (!err)
		return 0;
	w->lost++;
	log_error(NULL, "call " SLICE_FMT " cannot be taken over: %s", SLICE_ARG(key), strerror(-err));
	return store_del(w->p->store, w->p->table, key);
}

int calls_restore(struct calls *cs, const struct calls_past *past)
{
	struct past w = {.cs = cs, .p = past};
	cs->store = past->store;
	cs->store_table = past->table;
	int err = store_load(past->store, past->table, each, &w);
	if (w.went_on || w.ended || w.lost)
		log_info(NULL, "%u calls taken over, %u ended, %u lost", w.went_on, w.ended, w.lost);
	return err;
}
