// SPDX-License-Identifier: GPL-3.0-or-later
/* Transfer: one party of an answered call (the transferor) gives its place to somebody else, while the other one stays (RFC 5589). Whoever may
 * come is offered the call with the description of the one who stays, over media of its own; nothing of the call changes before somebody has
 * come. Then it takes the place, the one who stays is re-offered what came, and the transferor is released. For a transfer after
 * consultation that somebody is a party of the other call, which ends when it has changed over. */
#include "callagent/call_priv.h"

/* --- who comes ---------------------------------------------------------------------------------------------------- */

static struct leg *one_who_stays(const struct call *c)
{
	return call_peer(c, c->transferor);
}

int call_transfer_describe(const struct call *c, struct leg *to, struct media *m, struct buf *out)
{
	const struct leg *stays = one_who_stays(c);
	enum sdp_dir dirs[SDP_MAX_MEDIA];
	for (unsigned i = 0; i < stays->said->n_media; i++)
		dirs[i] = stays->said_offer ? stays->said->media[i].dir : SDP_SENDRECV;
	return media_describe(m, side_other(stays->side), stays->said, &to->origin, dirs, out);
}

/* Media between the one who stays and one who comes, shared by all of this transfer who are reached the same way, one round after another. */
static int media_for(struct call *c, struct leg *l)
{
	const struct leg *stays = one_who_stays(c), *o;
	list_foreach(o, &c->legs, link)
		if (o != l && o->round >= c->transfer_round && o->media && o->party.signalling.family == l->party.signalling.family &&
		    slice_eq(slice_str(o->party.address), slice_str(l->party.address))) {
			l->media = o->media;
			return 0;
		}
	const struct media_party *party[2];
	party[stays->side] = &stays->party;
	party[side_other(stays->side)] = &l->party;
	return call_new_group(c, party[SIDE_A], party[SIDE_B], &l->media);
}

int call_transfer_join(struct call *c, struct leg *l)
{
	struct buf name = buf_fixed(l->object, sizeof(l->object));
	l->side = c->transferor->side;
	l->joins = c;
	int err = media_for(c, l);
	if (err) {
		l->joins = NULL;
		return err;
	}
	buf_printf(&name, "%s leg t%u", c->object, ++c->n_legs);
	buf_z(&name);
	list_append(&c->legs, &l->link);
	l->call = c;
	l->round = c->round;
	return 0;
}

/* --- the outcome -------------------------------------------------------------------------------------------------- */

void call_transfer_tell(struct call *c, unsigned status)
{
	const struct leg_kind *k = c->transferor->kind;
	if (k->transferred)
		k->transferred(c->transferor, &(struct leg_news){.status = status});
}

/* Of all who were to come, and of who has left. */
static void end_other_media(struct call *c)
{
	for (unsigned i = 0; i < c->n_groups; i++)
		if (c->group[i] != c->winner->media)
			media_end(c->group[i], call_on_media_over, c);
}

static void stop_waiting(struct call *c)
{
	if (c->awaits)
		c->awaits->awaited_by = NULL;
	c->awaits = NULL;
}

static void forget_consulted(struct call *c)
{
	stop_waiting(c);
	if (!c->consulted)
		return;
	if (c->consulted->call->reofferer == c->consulted)
		c->consulted->call->reofferer = NULL;
	c->consulted->joins = NULL;
	c->consulted = NULL;
}

static void stop_hunting(struct call *c)
{
	timer_stop(&c->ring);
	mem_deref(c->transfer_plan.plan);
	c->transfer_plan = (struct call_plan){0};
	c->hunting = false;
}

/* The one who stays has the description of somebody who does not come after all. */
static void take_back_reoffer(struct call *c)
{
	c->reofferer = NULL;
	if (c->reoffer_sent)
		c->misled = one_who_stays(c);
	c->reoffer_sent = false;
}

static void release_coming(struct call *c, const struct leg *but, const struct leg_news *n)
{
	struct leg *o;
	list_foreach(o, &c->legs, link) {
		if (o->joins != c || o == but)
			continue;
		o->joins = NULL;
		if (c->reofferer == o)
			take_back_reoffer(c);
		call_release_leg(o, n);
	}
}

void call_transfer_settle(struct call *c, const struct leg *l)
{
	stop_hunting(c);
	release_coming(c, l, &(struct leg_news){.status = 200, .words = "Call completed elsewhere"});
}

/* Everything is as it was, unless the transferor has left meanwhile: then nobody is there any more. */
static void fail(struct call *c, unsigned status, const char *words)
{
	struct leg *by = c->transferor;
	log_info(c->object, "transfer failed: %u%s%s", status, words ? ", " : "", words ? words : "");
	outcome_transfer(false);
	call_transfer_tell(c, status);
	call_record_failed(c, &(struct leg_news){.status = status, .words = words});
	stop_hunting(c);
	forget_consulted(c);
	c->consulted_media = NULL;
	end_other_media(c);
	c->transferor = NULL;
	if (by->state == LEG_CLOSED)
		call_end(c, by == c->a ? CALL_BY_CALLER : CALL_BY_CALLED, &(struct leg_news){.status = status, .words = words});
}

void call_transfer_drop(struct call *c, unsigned status)
{
	forget_consulted(c);
	stop_hunting(c);
	if (c->transferor) {
		call_transfer_tell(c, 487);
		call_record_failed(c, &(struct leg_news){.status = status < 300 ? 487 : status, .words = "the call has ended"});
	}
	c->transferor = NULL;
	if (c->awaited_by)
		fail(c->awaited_by, status < 300 ? 480 : status, "the one to come did not answer");
}

static bool any_coming(const struct call *c)
{
	const struct leg *l;
	list_foreach(l, &c->legs, link)
		if (l->joins == c && l->state < LEG_CLOSING)
			return true;
	return c->consulted || c->awaits || c->hunting;
}

/* The next ones; without any the best refusal is told. */
static void look_further(struct call *c, const char *words)
{
	struct leg *l = call_best_of(c, true);
	if (!c->transfer_plan.next || !l) {
		fail(c, c->transfer_status, words);
		return;
	}
	const struct leg_news how = call_outcome_of(l);
	call_hunt(c, &how);
}

/* One who was to come does not. A 6xx speaks for the others too (RFC 3261 16.7 step 5). */
void call_transfer_lost(struct call *c, struct leg *l, unsigned status, const char *words)
{
	bool own = l->call == c;
	if (status < 300)
		status = 480; /* it has just hung up */
	if (outcome_better(status, c->transfer_status))
		c->transfer_status = status;
	l->joins = NULL;
	if (!l->status)
		l->status = status;
	if (c->reofferer == l)
		take_back_reoffer(c);
	if (c->consulted == l) {
		if (l->call->reofferer == l)
			l->call->reofferer = NULL;
		c->consulted = NULL;
	}
	if (status >= 600 && own && !l->one_of_many)
		release_coming(c, NULL, &(struct leg_news){.status = status, .words = words});
	if (!any_coming(c))
		look_further(c, words);
}

/* --- somebody has come -------------------------------------------------------------------------------------------- */

/* From the other call into this one, which it leaves behind. */
static void change_over(struct call *c, struct leg *l)
{
	struct call *other = mem_ref(l->call);
	struct buf name = buf_fixed(l->object, sizeof(l->object));
	call_hand_over(other, l);
	l->call = c;
	l->side = c->transferor->side;
	l->media = c->consulted_media;
	c->consulted_media = NULL;
	c->consulted = NULL;
	list_append(&c->legs, &l->link);
	l->object[0] = '\0';
	buf_printf(&name, "%s leg t%u", c->object, ++c->n_legs);
	buf_z(&name);
	CDR_SET(other->cdr.linked, slice_str(c->cdr.linked));
	call_end(other, CALL_BY_TRANSFER, &(struct leg_news){.words = "transferred"});
	mem_deref(other);
}

/* The transferor's place is `l`'s from now on. */
void call_take_place(struct call *c, struct leg *l)
{
	struct leg *by = c->transferor;
	struct media *before = c->winner->media;
	call_reoffer_abandon(c);
	if (by == c->a) {
		list_remove(&l->link);
		c->a = l;
		list_append(&c->legs, &by->link);
	} else {
		c->winner = l;
	}
	c->winner->media = l->media;
	l->joins = NULL;
	leg_state(l, LEG_ACTIVE, "takes the place of the transferor");
	call_transfer_settle(c, l);
	call_record_pair(c, l, before);
	end_other_media(c);
	if (call_set_party(c, l->side, slice_str(l->target)))
		log_warn(c->object, "counts for %s: out of memory", l->target);
	call_transfer_tell(c, 200);
	c->transferor = NULL;
	outcome_transfer(true);
	call_release_leg(by, &(struct leg_news){.words = "transferred"});
	call_changed(c);
}

static void joined(void *arg, struct media *m, int err, unsigned code)
{
	struct call_task *t = arg;
	struct call *c = t->call;
	struct leg *l = t->leg;
	if (call_over(c) || l->joins != c || l->state >= LEG_CLOSING)
		goto out;
	if (err) {
		if (l->call == c)
			call_release_leg(l, &(struct leg_news){.status = 503});
		call_transfer_lost(c, l, 503, media_failure(err));
		goto out;
	}
	if (l->call != c)
		change_over(c, l);
	call_leg_said(l, t->sdp, false);
	log_info(c->object, "transferred to %s", l->target);
	call_take_place(c, l);
	call_reoffer_follow(l, t->sdp);
out:
	mem_deref(t);
}

/* Its answer to the description of the one who stays. */
void call_transfer_answered(struct leg *l, const struct leg_news *n)
{
	struct call *c = l->joins;
	struct leg *stays = one_who_stays(c);
	struct media *m = l->call == c ? l->media : c->consulted_media;
	struct sdp *sdp = NULL;
	const char *why = "unusable answer";
	int err = call_read_sdp(&sdp, l, n->sdp);
	if (!err)
		err = sdp_check_answer(stays->said, sdp, &why);
	struct call_task *t = err ? NULL : call_task_new(l, n, sdp);
	if (t) {
		mem_ref(c);
		mem_deref(t->call);
		t->call = c;
		err = media_answer(m, side_other(stays->side), sdp, true, joined, t);
	} else if (!err) {
		err = -ENOMEM;
	}
	mem_deref(sdp);
	if (!err)
		return;
	mem_deref(t);
	if (l->call == c)
		call_release_leg(l, &(struct leg_news){.status = 488, .words = why});
	call_transfer_lost(c, l, 488, why);
}

void call_transfer_progress(struct leg *l, const struct leg_news *n)
{
	call_on_heard(l);
	call_record_progress(l->joins);
	call_transfer_tell(l->joins, n->status);
}

/* --- asked for ---------------------------------------------------------------------------------------------------- */

static void offer_to(struct call *c, struct leg *l)
{
	struct buf sdp = buf_growing();
	int err = call_transfer_describe(c, l, l->media, &sdp);
	if (!err) {
		leg_state(l, LEG_OFFERED, "call offered");
		l->asked = true;
		call_start_patience(l);
		err = l->kind->offer(l, &(struct leg_news){.sdp = buf_text(&sdp), .native = c->transfer_native});
	}
	buf_reset(&sdp);
	if (err) {
		leg_state(l, LEG_CLOSED, "cannot be reached");
		call_transfer_lost(c, l, 503, strerror(-err));
	}
}

static void ports_ready(void *arg, struct media *m, int err, unsigned code)
{
	struct call_task *t = arg;
	struct call *c = t->call;
	struct leg *l;
	list_foreach(l, &c->legs, link) {
		if (call_over(c) || !c->transferor)
			break;
		if (l->joins != c || l->media != m || l->state != LEG_NEW)
			continue;
		if (!err) {
			offer_to(c, l);
			continue;
		}
		leg_state(l, LEG_CLOSED, "no media");
		call_transfer_lost(c, l, 503, media_failure(err));
	}
	mem_deref(t);
}

static void consulted_ready(void *arg, struct media *m, int err, unsigned code)
{
	struct call_task *t = arg;
	struct call *c = t->call;
	struct leg *l = c->consulted;
	struct buf sdp = buf_growing();
	if (call_over(c) || !l || c->consulted_media != m)
		goto out;
	if (!err)
		err = call_transfer_describe(c, l, m, &sdp);
	if (!err)
		err = l->kind->reoffer(l, &(struct leg_news){.sdp = buf_text(&sdp)});
	if (err)
		call_transfer_lost(c, l, err == -EINPROGRESS ? 491 : 503, media_failure(err));
out:
	buf_reset(&sdp);
	mem_deref(t);
}

static int ask_ports(struct call *c, struct media *m, media_done_fn fn)
{
	struct leg *stays = one_who_stays(c);
	struct call_task *t = call_task_new(stays, &(struct leg_news){0}, NULL);
	int err = t ? media_offer(m, stays->side, stays->said, fn, t) : -ENOMEM;
	if (err)
		mem_deref(t);
	return err;
}

/* --- semi-attended: the one to come still rings (RFC 5589 7.6) ------------------------------------------------------ */

void call_transfer_rings(struct call *c)
{
	if (c->awaited_by)
		call_transfer_tell(c->awaited_by, c->told);
}

/* What is asked of the transferor's phone there is done for it: the transfer goes on as any after consultation, once there is an answer. */
static unsigned await(struct call *c, struct call *other)
{
	if (other->awaited_by || other->a->state >= LEG_CLOSING)
		return 481;
	c->awaits = other;
	other->awaited_by = c;
	if (other->told)
		call_transfer_rings(other);
	return 0;
}

/* The party that the transferor has in its other call. */
static unsigned consult(struct call *c, struct leg *theirs)
{
	struct call *other = theirs->call;
	bool same = slice_eq(slice_str(theirs->target), slice_str(c->transferor->target));
	if (other && other != c && theirs == other->a && other->state < CALL_ACTIVE)
		return same ? await(c, other) : 403;
	struct leg *l = other ? call_peer(other, theirs) : NULL;
	if (!l || other == c || other->state != CALL_ACTIVE || other->reofferer || other->transferor || l->joins || !l->said)
		return 481;
	if (!same)
		return 403;
	const struct leg *stays = one_who_stays(c);
	const struct media_party *party[2];
	party[stays->side] = &stays->party;
	party[side_other(stays->side)] = &l->party;
	if (call_new_group(c, party[SIDE_A], party[SIDE_B], &c->consulted_media))
		return 503;
	c->consulted = l;
	l->joins = c;
	call_reoffer_begin(other, l);
	return ask_ports(c, c->consulted_media, consulted_ready) ? 503 : 0;
}

void call_transfer_reached(struct call *c)
{
	struct call *by = c->awaited_by;
	if (!by)
		return;
	stop_waiting(by);
	unsigned status = consult(by, c->a);
	if (status)
		fail(by, status, "the one to come cannot");
}

/* --- whom it leads to ------------------------------------------------------------------------------------------------- */

static void on_ring_timeout(void *arg)
{
	struct call *c = arg;
	release_coming(c, NULL, &(struct leg_news){.status = 408, .words = "nobody answered in time"});
	fail(c, 408, "nobody answered in time");
}

void call_transfer_hunted(struct call *c, int err, const struct leg_news *end)
{
	struct media *asked = NULL;
	struct leg *l;
	if (err) {
		unsigned status = end->status ? end->status : c->transfer_status ? outcome_for_caller(c->transfer_status, 0) : 480;
		fail(c, status, end->words ? end->words : "nobody has come");
		return;
	}
	list_foreach(l, &c->legs, link) {
		if (!c->transferor || l->joins != c || l->state != LEG_NEW || l->media == asked)
			continue;
		asked = l->media;
		if (ask_ports(c, asked, ports_ready))
			call_transfer_lost(c, l, 503, "no media");
	}
}

/* As the routing has it for a call: hunting, failing over, passed on by who is called. */
static unsigned call_others(struct call *c, const struct leg_transfer *t)
{
	unsigned status = call_record_attempt(c) ? 500 : c->calls->transfer(c->calls->transfer_arg, c, c->transferor, t);
	if (status)
		return status;
	call_record_begun(c);
	timer_start(&c->ring, c->calls->ring_ms, on_ring_timeout, c);
	call_hunt(c, NULL);
	return 0;
}

void call_transfer_begin(struct leg *by)
{
	struct call *c = by->call;
	c->transferor = by;
	c->transfer_status = 0;
	c->transfer_round = ++c->round;
}

unsigned call_may_transfer(const struct leg *l)
{
	const struct call *c = l->call;
	if (!c || c->state != CALL_ACTIVE || l->state != LEG_ACTIVE || (l != c->a && l != c->winner) || !call_peer(c, l)->said)
		return 480;
	if (c->transferor || c->reofferer || l->joins || !c->calls->transfer)
		return 491;
	return c->calls->may_transfer(c->calls->transfer_arg, l) ? 0 : 403;
}

void call_on_transfer(struct leg *l, const struct leg_transfer *t)
{
	struct call *c = mem_ref(l->call);
	struct leg *theirs = t->theirs;
	call_transfer_begin(l);
	mem_deref(unconst(c->transfer_native));
	c->transfer_native = mem_ref(unconst(t->native));
	if (!slice_empty(t->replaces))
		theirs = c->calls->leg_named(c->calls->transfer_arg, t->replaces);
	unsigned status = theirs ? consult(c, theirs) : call_others(c, t);
	if (status && c->transferor)
		fail(c, status, "nobody to transfer to");
	mem_deref(c);
}
