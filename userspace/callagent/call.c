// SPDX-License-Identifier: GPL-3.0-or-later
#include "callagent/call.h"
#include "base/random.h"
#include "callagent/call_priv.h"
#include "callagent/emergency_call.h"
#include <stdio.h>

static const char *const names[] = {
	[CALL_NEW] = "new",       [CALL_OFFERING] = "offering", [CALL_RINGING] = "ringing", [CALL_ANSWERING] = "answering",
	[CALL_ACTIVE] = "active", [CALL_ENDING] = "ending",     [CALL_DONE] = "done",
};

void call_state(struct call *c, enum call_state state, const char *why)
{
	log_debug(c->object, "%s -> %s: %s", names[c->state], names[state], why);
	c->state = state;
	call_changed(c);
}

/* --- all calls ---------------------------------------------------------------------------------------------------- */

int calls_init(struct calls *cs)
{
	list_init(&cs->all);
	list_init(&cs->changed);
	return hash_init(&cs->table, 256) ?: lines_init(&cs->lines);
}

static void free_lines(struct call *c)
{
	line_release(&c->calls->lines, &c->line[SIDE_A]);
	line_release(&c->calls->lines, &c->line[SIDE_B]);
	line_release(&c->calls->lines, &c->route_line);
}

/* Whatever waits for media may hold calls longer. */
void calls_fini(struct calls *cs)
{
	struct call *c;
	calls_save(cs);
	list_foreach_safe(c, &cs->all, link) {
		list_remove(&c->link);
		hash_remove(&cs->table, &c->by_id);
		free_lines(c);
		fraud_release(&c->fraud, false);
		c->answer = mem_deref(c->answer); /* which hold the call */
		c->reoffer_waits = mem_deref(c->reoffer_waits);
		mem_deref(c);
	}
	loop_defer_cancel(&cs->save);
	hash_free(&cs->table);
	lines_fini(&cs->lines);
	buf_reset(&cs->record);
}

/* The whole id, or the part of it that logs show. */
struct call *calls_find(const struct calls *cs, struct slice id)
{
	struct call *c;
	uint32_t h = slice_hash(id, true);
	hash_foreach_match(c, &cs->table, h, by_id)
		if (slice_caseeq(slice_str(c->id), id))
			return c;
	if (id.len < 4 || id.len >= sizeof(c->id) - 1)
		return NULL;
	list_foreach(c, &cs->all, link)
		if (slice_casestarts(slice_str(c->id), id))
			return c;
	return NULL;
}

size_t calls_count(const struct calls *cs)
{
	return cs->table.count;
}

void calls_end_all(struct calls *cs, const char *why)
{
	/* Turns the list once: those that are over at once drop out of it, which only makes the turn longer. */
	for (size_t n = cs->table.count; n && !list_empty(&cs->all); n--) {
		struct call *c = container_of(list_first(&cs->all), struct call, link);
		list_remove(&c->link);
		list_append(&cs->all, &c->link);
		call_end(c, CALL_BY_TANDEM, &(struct leg_news){.status = 503, .cause = 41, .words = why});
	}
}

int call_set_party(struct call *c, enum side side, struct slice name)
{
	struct lines *ls = &c->calls->lines;
	struct line *line;
	int err = lines_take(&line, ls, call_over(c) ? SLICE_NONE : name);
	if (err)
		return err;
	line_release(ls, &c->line[side]);
	/* One that calls itself takes one. */
	if (line == c->line[!side])
		line_release(ls, &line);
	c->line[side] = line;
	if (side == SIDE_A)
		CDR_SET(c->cdr.source, name);
	else
		CDR_SET(c->cdr.target, name);
	return 0;
}

int call_set_route(struct call *c, struct slice name)
{
	struct line *line;
	int err = lines_take(&line, &c->calls->lines, call_over(c) ? SLICE_NONE : name);
	if (err)
		return err;
	line_release(&c->calls->lines, &c->route_line);
	c->route_line = line;
	CDR_SET(c->route, name);
	return 0;
}

void call_not_live(struct call *c)
{
	c->calls->live--;
	emergency_over(c);
	free_lines(c);
	fraud_release(&c->fraud, true);
}

/* --- birth -------------------------------------------------------------------------------------------------------- */

static void destroy(void *obj)
{
	struct call *c = obj;
	if (c->calls && !call_over(c))
		call_not_live(c);
	timer_stop(&c->ring);
	timer_stop(&c->longest);
	list_remove(&c->changed);
	for (unsigned i = 0; i < c->n_groups; i++)
		mem_deref(c->group[i]);
	struct leg *l;
	list_foreach_safe(l, &c->legs, link) {
		list_remove(&l->link);
		l->call = NULL;
		mem_deref(l);
	}
	if (c->a)
		c->a->call = NULL;
	mem_deref(c->a);
	call_records_drop(c);
	mem_deref(c->plan.plan);
	mem_deref(c->transfer_plan.plan);
	mem_deref(c->offer);
	mem_deref(unconst(c->offer_native));
	mem_deref(unconst(c->transfer_native));
	mem_deref(c->gw);
}

static void on_fraud(struct fraud_call *fc, const struct leg_news *why)
{
	call_end(container_of(fc, struct call, fraud), CALL_BY_TANDEM, why);
}

int call_make(struct call **ret, struct calls *cs, struct mgcp_gw *gw, const char *id)
{
	struct call *c = mem_alloc(sizeof(*c), destroy);
	if (!c)
		return -ENOMEM;
	CDR_SET(c->id, slice_str(id));
	list_init(&c->legs);
	list_init(&c->records);
	c->calls = cs;
	c->fraud = (struct fraud_call){.setup = &c->cdr.setup, .answered = &c->answered, .end = on_fraud};
	c->gw = mem_ref(gw);
	struct buf name = buf_fixed(c->object, sizeof(c->object));
	buf_str(&name, "call ");
	buf_add(&name, c->id, strnlen(c->id, 8));
	buf_z(&name);
	hash_insert(&cs->table, &c->by_id, slice_hash(slice_str(c->id), true));
	list_append(&cs->all, &c->link);
	cs->live++;
	*ret = c;
	return 0;
}

int call_new(struct call **ret, struct calls *cs, struct mgcp_gw *gw)
{
	char id[sizeof((*ret)->id)];
	int err = random_id(id, sizeof(id));
	if (!err)
		err = call_make(ret, cs, gw, id);
	if (err)
		return err;
	CDR_SET((*ret)->cdr.id, slice_str(id));
	CDR_SET((*ret)->cdr.linked, slice_str(id));
	(*ret)->cdr.setup = (int64_t)clock_utc_ms();
	outcome_attempt();
	return 0;
}

static void on_media_changed(void *arg)
{
	call_changed(arg);
}

int call_add_group(struct call *c, const struct media_party *a, const struct media_party *b)
{
	if (c->n_groups == CALL_GROUPS)
		return -E2BIG;
	struct media_params p = {
		.gw = c->gw,
		.call_id = c->id,
		.object = c->object,
		.party = {[SIDE_A] = *a, [SIDE_B] = *b},
		.silence_s = c->calls->silence_s,
		.lost = call_on_media_lost,
		.changed = on_media_changed,
		.arg = c,
	};
	int err = media_new(&c->group[c->n_groups], &p);
	if (!err)
		c->n_groups++;
	return err;
}

int call_new_group(struct call *c, const struct media_party *a, const struct media_party *b, struct media **ret)
{
	struct leg *l;
	unsigned i = c->n_groups;
	for (unsigned k = 0; k < c->n_groups && c->n_groups == CALL_GROUPS; k++)
		if (media_ended(c->group[k]))
			i = k;
	if (i == c->n_groups) {
		int err = call_add_group(c, a, b);
		if (!err)
			*ret = c->group[i];
		return err;
	}
	struct media *before = c->group[i];
	unsigned n = c->n_groups;
	c->n_groups = i;
	int err = call_add_group(c, a, b);
	c->n_groups = n;
	if (err)
		return err;
	list_foreach(l, &c->legs, link)
		if (l->media == before)
			l->media = NULL;
	mem_deref(before);
	*ret = c->group[i];
	return 0;
}

void call_hand_over(struct call *c, struct leg *l)
{
	call_record_parties(c);
	c->left_media = l->media;
	if (c->reofferer == l)
		c->reofferer = NULL;
	if (l == c->a) {
		c->a = c->winner;
		list_remove(&c->a->link);
	} else {
		list_remove(&l->link);
	}
	c->winner = NULL;
	l->media = NULL;
}

/* Media shared by the legs that are reached the same way; made when the first of them comes. */
static int group_for(struct call *c, struct leg *l)
{
	for (unsigned i = 0; i < c->n_groups; i++) {
		const struct leg *o;
		list_foreach(o, &c->legs, link)
			if (o->media == c->group[i] && o->party.signalling.family == l->party.signalling.family &&
			    slice_eq(slice_str(o->party.address), slice_str(l->party.address))) {
				l->media = o->media;
				return 0;
			}
	}
	int err = call_add_group(c, &c->a->party, &l->party);
	if (!err)
		l->media = c->group[c->n_groups - 1];
	return err;
}

int call_add_leg(struct call *c, struct leg *l)
{
	struct buf name = buf_fixed(l->object, sizeof(l->object));
	int err = 0;
	buf_str(&name, c->object);
	if (!c->a) {
		buf_str(&name, " leg a");
		c->a = l;
	} else {
		l->origin.conditions = c->a->origin.conditions;
		err = group_for(c, l);
		if (err)
			return err;
		buf_str(&name, " leg b");
		buf_u64(&name, ++c->n_legs);
		list_append(&c->legs, &l->link);
	}
	buf_z(&name);
	l->call = c;
	l->round = c->round;
	return 0;
}

/* --- tasks -------------------------------------------------------------------------------------------------------- */

static void task_destroy(void *obj)
{
	struct call_task *t = obj;
	mem_deref(t->call);
	mem_deref(t->leg);
	mem_deref(t->sdp);
	mem_deref(unconst(t->news.native));
}

struct call_task *call_task_new(struct leg *l, const struct leg_news *n, struct sdp *sdp)
{
	struct call_task *t = mem_alloc(sizeof(*t), task_destroy);
	if (!t)
		return NULL;
	t->call = mem_ref(l->call);
	t->leg = mem_ref(l);
	t->news = *n;
	t->sdp = mem_ref(sdp);
	mem_ref(unconst(n->native));
	return t;
}

/* Only what the leg may say: nothing when that is all. */
static int select_codecs(struct sdp **sdp, const struct leg *l)
{
	struct sdp *chosen;
	if (!l->n_codecs)
		return 0;
	int err = sdp_select(&chosen, *sdp, l->codecs, l->n_codecs);
	if (err)
		return err;
	mem_deref(*sdp);
	*sdp = chosen;
	return 0;
}

int call_read_sdp(struct sdp **ret, const struct leg *l, struct slice text)
{
	const char *why = "";
	struct sdp *sdp = NULL;
	int err = sdp_parse(&sdp, text, &why);
	if (!err && l->unconditional && l->call->a->origin.conditions)
		err = call_conditions_add(l, &sdp);
	err = err ? err : select_codecs(&sdp, l);
	if (err) {
		log_remote(l->object, "session description refused: %s", err == -ENOMEM ? "out of memory" : why);
		mem_deref(sdp);
	} else {
		*ret = sdp;
	}
	return err;
}

bool call_carries_any(const struct sdp *sdp)
{
	for (unsigned i = 0; i < sdp->n_media; i++)
		if (sdp_media_relayable(&sdp->media[i]))
			return true;
	return false;
}

int call_describe(const struct media *m, struct leg *to, const struct sdp *from, struct buf *out)
{
	struct sdp *chosen = mem_ref(unconst(from));
	int err = select_codecs(&chosen, to);
	if (!err && call_carries_any(from) && !call_carries_any(chosen))
		err = -ENOENT;
	if (!err)
		err = media_describe(m, to->side, chosen, &to->origin, NULL, out);
	mem_deref(chosen);
	return err;
}

void call_leg_said(struct leg *l, struct sdp *sdp, bool offer)
{
	mem_ref(sdp);
	mem_deref(l->said);
	l->said = sdp;
	l->said_offer = offer;
	call_changed(l->call);
}

struct leg *call_peer(const struct call *c, const struct leg *l)
{
	if (l != c->a)
		return c->a;
	return c->winner ? c->winner : c->early;
}

/* --- the end ------------------------------------------------------------------------------------------------------ */

void call_release_leg(struct leg *l, const struct leg_news *n)
{
	if (l->state >= LEG_CLOSING)
		return;
	if (l->state == LEG_NEW && l != l->call->a) {
		leg_state(l, LEG_CLOSED, "never offered");
		return;
	}
	leg_state(l, LEG_CLOSING, n->words ? n->words : "released");
	l->kind->release(l, n);
}

void call_on_media_over(void *arg, struct media *m)
{
	call_record_media_over(arg, m);
	call_check_done(arg);
}

void call_end(struct call *c, enum call_by by, const struct leg_news *n)
{
	if (call_over(c))
		return;
	mem_ref(c);
	call_not_live(c);
	c->answer = mem_deref(c->answer);
	c->reoffer_waits = mem_deref(c->reoffer_waits);
	call_state(c, CALL_ENDING, n->words ? n->words : call_record_by(by));
	call_transfer_drop(c, n->status);
	timer_stop(&c->ring);
	timer_stop(&c->longest);
	call_record_end(c, by, n);
	call_release_leg(c->a, n);
	struct leg *l;
	list_foreach(l, &c->legs, link)
		call_release_leg(l, n);
	for (unsigned i = 0; i < c->n_groups; i++)
		media_end(c->group[i], call_on_media_over, c);
	call_check_done(c);
	mem_deref(c);
}

void call_fail(struct call *c, unsigned status, unsigned cause, const char *words)
{
	call_end(c, CALL_BY_TANDEM, &(struct leg_news){.status = status, .cause = cause, .words = words});
}

static bool is_done(const struct call *c)
{
	if (c->state != CALL_ENDING || c->a->state != LEG_CLOSED)
		return false;
	const struct leg *l;
	list_foreach(l, &c->legs, link)
		if (l->state != LEG_CLOSED)
			return false;
	for (unsigned i = 0; i < c->n_groups; i++)
		if (!media_ended(c->group[i]))
			return false;
	return true;
}

void call_check_done(struct call *c)
{
	if (!is_done(c))
		return;
	call_state(c, CALL_DONE, "both sides and the media are over");
	call_record_write(c);
	call_forget(c);
	hash_remove(&c->calls->table, &c->by_id);
	list_remove(&c->link);
	struct calls *cs = c->calls;
	mem_deref(c);
	if (!cs->table.count && cs->on_empty)
		cs->on_empty(cs->arg);
}

void call_on_closed(struct leg *l, const struct leg_news *n)
{
	struct call *c = mem_ref(l->call);
	if (!c || l->state == LEG_CLOSED)
		goto out;
	bool was_active = l->state == LEG_ACTIVE || l->state == LEG_ANSWERED;
	leg_state(l, LEG_CLOSED, n->words ? n->words : "over");
	struct leg_news news = *n;
	if (was_active && n->status >= 300 && !n->cause)
		news.cause = outcome_cause(n->status);
	n = &news;
	if (!l->status) {
		l->status = n->status;
		l->cause = n->cause;
		l->words = n->words;
	}
	if (!l->last)
		l->last = mem_ref(unconst(n->native));
	if (call_over(c)) {
		call_check_done(c); /* not saved: ended once more after a restart, the party declines */
		goto out;
	}
	call_changed(c);
	if (l->joins == c) {
		call_transfer_lost(c, l, n->status, n->words);
	} else if (l == c->transferor) {
		/* Whoever comes in its place talks to the other party. */
		call_record_left(c);
	} else if (l == c->a || l == c->winner) {
		if (l->joins)
			call_transfer_lost(l->joins, l, n->status, n->words);
		if (was_active && n->status >= 300)
			outcome_lost(OUTCOME_SIGNALLING_LOST);
		call_end(c, l == c->a ? CALL_BY_CALLER : CALL_BY_CALLED, n);
	} else if (c->state < CALL_ANSWERING) {
		log_info(l->object, "did not answer: %u", n->status);
		if (c->early == l) {
			call_reoffer_abandon(c);
			call_early_lost(c);
		}
		/* A 6xx speaks for the called party wherever it is (RFC 3261 16.7 step 5). */
		if (n->status >= 600 && !l->one_of_many)
			call_round_refused(c, n);
		else
			call_leg_failed(l);
	}
out:
	mem_deref(c);
}

void call_on_media_lost(void *arg, struct media *m, enum mgcp_loss what, const char *why)
{
	struct call *c = arg;
	if (call_over(c))
		return;
	log_warn(c->object, "media lost: %s", why);
	if (c->cdr.answer)
		outcome_lost(OUTCOME_MEDIA_LOST);
	call_end(c, CALL_BY_GATEWAY, &(struct leg_news){.status = 503, .cause = outcome_loss_cause(what), .words = why});
}

static void put(json_t *o, const char *key, json_t *v)
{
	json_object_set_new(o, key, v ? v : json_null());
}

json_t *call_json(const struct call *c)
{
	json_t *o = json_object();
	struct cdr r = c->cdr;
	const struct leg *b = call_recorded_leg(c);
	if (!o)
		return NULL;
	c->a->kind->describe(c->a, &r.leg[CDR_A]);
	if (b)
		b->kind->describe(b, &r.leg[CDR_B]);
	put(o, "id", json_string(c->id));
	put(o, "state", json_string(names[c->state]));
	put(o, "from", json_string(r.caller));
	put(o, "to", json_string(r.called));
	put(o, "source", json_string(r.source));
	put(o, "target", json_string(b ? b->target : r.target));
	put(o, "setup", json_integer(r.setup));
	put(o, "answer", r.answer ? json_integer(r.answer) : json_null());
	put(o, "duration_ms", json_integer(r.answer ? (json_int_t)clock_utc_ms() - r.answer : 0));
	put(o, "codec", json_string(r.codec));
	put(o, "emergency", json_integer(r.emergency));
	put(o, "a", json_string(r.leg[CDR_A].peer));
	put(o, "b", json_string(r.leg[CDR_B].peer));
	put(o, "a_call_id", json_string(r.leg[CDR_A].call_id));
	put(o, "b_call_id", json_string(r.leg[CDR_B].call_id));
	put(o, "a_state", json_string(leg_state_name(c->a->state)));
	put(o, "b_state", json_string(b ? leg_state_name(b->state) : "none"));
	return o;
}
