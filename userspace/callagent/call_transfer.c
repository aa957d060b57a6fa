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

/* What the one who stays would like: not the hold that the transferor has put it on (RFC 6337 5.3). */
static int describe_staying(const struct leg *stays, struct leg *to, struct media *m, struct buf *out)
{
	enum sdp_dir dirs[SDP_MAX_MEDIA];
	for (unsigned i = 0; i < stays->said->n_media; i++)
		dirs[i] = stays->said_offer ? stays->said->media[i].dir : SDP_SENDRECV;
	return media_describe(m, side_other(stays->side), stays->said, &to->origin, dirs, out);
}

/* Media between the one who stays and one who comes, shared by those who are reached the same way. */
static int media_for(struct call *c, struct leg *l)
{
	const struct leg *stays = one_who_stays(c), *o;
	list_foreach(o, &c->legs, link)
		if (o != l && o->joins == c && o->media && o->party.signalling.family == l->party.signalling.family &&
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
	return 0;
}

/* --- the outcome -------------------------------------------------------------------------------------------------- */

static void tell(struct call *c, unsigned status)
{
	const struct leg_kind *k = c->transferor->kind;
	if (k->transferred && c->transferor->state < LEG_CLOSING)
		k->transferred(c->transferor, &(struct leg_news){.status = status});
}

static void end_media(struct call *c, struct media *m)
{
	const struct leg *l;
	if (!m || m == c->winner->media)
		return;
	list_foreach(l, &c->legs, link)
		if (l->media == m && l->state < LEG_CLOSING)
			return;
	media_end(m, call_on_media_over, c);
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

/* Everything is as it was, unless the transferor has left meanwhile: then nobody is there any more. */
static void fail(struct call *c, unsigned status, const char *words)
{
	struct leg *by = c->transferor;
	struct media *m = c->consulted_media;
	log_info(c->object, "transfer failed: %u%s%s", status, words ? ", " : "", words ? words : "");
	outcome_transfer(false);
	tell(c, status);
	forget_consulted(c);
	if (m)
		end_media(c, m);
	c->consulted_media = NULL;
	c->transferor = NULL;
	if (by->state == LEG_CLOSED)
		call_end(c, by == c->a ? CALL_BY_CALLER : CALL_BY_CALLED, &(struct leg_news){.status = status, .words = words});
}

void call_transfer_drop(struct call *c, unsigned status)
{
	forget_consulted(c);
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
	return c->consulted || c->awaits;
}

/* One who was to come does not. The best refusal is told when none is left. */
void call_transfer_lost(struct call *c, struct leg *l, unsigned status, const char *words)
{
	bool own = l->call == c;
	if (status < 300)
		status = 480; /* it has just hung up */
	if (outcome_better(status, c->transfer_status))
		c->transfer_status = status;
	l->joins = NULL;
	if (c->reofferer == l) {
		c->reofferer = NULL;
		c->misled = one_who_stays(c);
	}
	if (c->consulted == l) {
		if (l->call->reofferer == l)
			l->call->reofferer = NULL;
		c->consulted = NULL;
	}
	if (own)
		end_media(c, l->media);
	if (!any_coming(c))
		fail(c, c->transfer_status, words);
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
	call_end(other, CALL_BY_TANDEM, &(struct leg_news){.words = "transferred"});
	mem_deref(other);
}

/* The transferor's place is `l`'s from now on. */
void call_take_place(struct call *c, struct leg *l)
{
	struct leg *by = c->transferor, *o;
	struct media *before = c->winner->media;
	if (by == c->a) {
		list_remove(&l->link);
		c->a = l;
		list_append(&c->legs, &by->link);
	} else {
		c->winner = l;
	}
	c->winner->media = l->media;
	l->joins = NULL;
	call_reoffer_abandon(c);
	leg_state(l, LEG_ACTIVE, "takes the place of the transferor");
	list_foreach(o, &c->legs, link)
		if (o->joins == c) {
			o->joins = NULL;
			call_release_leg(o, &(struct leg_news){.status = 200, .words = "Call completed elsewhere"});
			if (o->media != l->media && o->media)
				media_end(o->media, call_on_media_over, c);
		}
	if (before != l->media)
		media_end(before, call_on_media_over, c);
	if (call_set_party(c, l->side, slice_str(l->target)))
		log_warn(c->object, "counts for %s: out of memory", l->target);
	tell(c, 200);
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
	tell(l->joins, n->status);
}

/* --- asked for ---------------------------------------------------------------------------------------------------- */

static void offer_to(struct call *c, struct leg *l)
{
	struct buf sdp = buf_growing();
	int err = describe_staying(one_who_stays(c), l, l->media, &sdp);
	if (!err) {
		leg_state(l, LEG_OFFERED, "call offered");
		l->asked = true;
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
		err = describe_staying(one_who_stays(c), l, m, &sdp);
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
		tell(c->awaited_by, c->told);
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
	other->reofferer = l;
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

static unsigned call_others(struct call *c, const struct leg_transfer *t)
{
	struct media *asked = NULL;
	struct leg *l;
	unsigned status = c->calls->transfer(c->calls->transfer_arg, c, c->transferor, t);
	list_foreach(l, &c->legs, link)
		if (!status && l->joins == c && l->media != asked) {
			asked = l->media;
			if (ask_ports(c, asked, ports_ready))
				status = 503;
		}
	return status;
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
	struct leg *theirs = NULL;
	c->transferor = l;
	c->transfer_status = 0;
	mem_deref(unconst(c->transfer_native));
	c->transfer_native = mem_ref(unconst(t->native));
	if (!slice_empty(t->replaces))
		theirs = c->calls->leg_named(c->calls->transfer_arg, t->replaces);
	unsigned status = theirs ? consult(c, theirs) : call_others(c, t);
	if (status && c->transferor) {
		struct leg *o;
		list_foreach(o, &c->legs, link)
			if (o->joins == c) {
				o->joins = NULL;
				call_release_leg(o, &(struct leg_news){.status = status});
				end_media(c, o->media);
			}
		fail(c, status, "nobody to transfer to");
	}
	mem_deref(c);
}
