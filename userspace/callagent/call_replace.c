// SPDX-License-Identifier: GPL-3.0-or-later
/* A caller takes the place of a party of an answered call (Replaces, RFC 3891), or of somebody whom a transfer rings: the one who stays is offered what
 * the caller offers, its answer is the caller's, and whose place that was is released. When the one who stays refuses, nothing has changed. */
#include "callagent/call_priv.h"

static void lost(struct call *c, struct leg *l, unsigned status, const char *words)
{
	call_transfer_lost(c, l, status, words);
	call_release_leg(l, &(struct leg_news){.status = status, .words = words});
}

static void joined(void *arg, struct media *m, int err, unsigned code)
{
	struct call_task *t = arg;
	struct call *c = t->call;
	struct leg *l = c->reofferer, *stays = t->leg;
	struct buf sdp = buf_growing();
	if (call_over(c) || !l || l->joins != c)
		goto out;
	if (!err)
		err = media_describe(m, l->side, t->sdp, &l->origin, NULL, &sdp);
	if (!err)
		err = l->kind->answer(l, &(struct leg_news){.status = 200, .sdp = buf_text(&sdp)});
	if (err) {
		/* The one who stays has the new description already. */
		call_fail(c, 503, 47, media_failure(err));
		goto out;
	}
	call_leg_said(l, c->offer, true);
	call_leg_said(stays, t->sdp, false);
	c->reofferer = NULL;
	log_info(c->object, "%s has taken the place of %s", l->target, c->transferor->target);
	call_take_place(c, l);
out:
	buf_reset(&sdp);
	mem_deref(t);
}

void call_replace_answered(struct leg *stays, const struct leg_news *n)
{
	struct call *c = stays->call;
	struct leg *l = c->reofferer;
	struct sdp *sdp = NULL;
	const char *why = "the other party cannot follow";
	c->reoffer_sent = false;
	if (n->status < 200 || n->status > 299) {
		c->reofferer = NULL;
		lost(c, l, outcome_for_caller(n->status, n->cause), why);
		return;
	}
	int err = call_read_sdp(&sdp, stays, n->sdp);
	if (!err)
		err = sdp_check_answer(c->offer, sdp, &why);
	struct call_task *t = err ? NULL : call_task_new(stays, n, sdp);
	if (!err)
		err = t ? media_answer(l->media, stays->side, sdp, true, joined, t) : -ENOMEM;
	if (err) {
		mem_deref(t);
		call_fail(c, 488, 0, why);
	}
	mem_deref(sdp);
}

static void ports_ready(void *arg, struct media *m, int err, unsigned code)
{
	struct call_task *t = arg;
	struct call *c = t->call;
	struct leg *l = t->leg, *stays;
	struct buf sdp = buf_growing();
	if (call_over(c) || l->joins != c)
		goto out;
	stays = call_peer(c, c->transferor);
	if (!err)
		err = media_describe(m, stays->side, t->sdp, &stays->origin, NULL, &sdp);
	if (!err)
		err = stays->kind->reoffer(stays, &(struct leg_news){.sdp = buf_text(&sdp)});
	c->reoffer_sent = !err;
	if (err) {
		c->reofferer = NULL;
		lost(c, l, err == -EINPROGRESS ? 491 : 503, media_failure(err));
	}
out:
	buf_reset(&sdp);
	mem_deref(t);
}

/* --- asked for ------------------------------------------------------------------------------------------------------ */

static int ask_with_offer(struct call *c, struct leg *l, const struct leg_news *n, struct sdp *sdp)
{
	mem_ref(sdp);
	mem_deref(c->offer);
	c->offer = sdp;
	call_reoffer_begin(c, l);
	c->reoffer_local = false;
	struct call_task *t = call_task_new(l, n, sdp);
	int err = t ? media_offer(l->media, l->side, sdp, ports_ready, t) : -ENOMEM;
	if (err) {
		mem_deref(t);
		c->reofferer = NULL;
	}
	return err;
}

/* A caller without an offer gets one: what the one who stays has said. Its answer comes with the confirmation, and is that of anybody who comes. */
static void offer_ready(void *arg, struct media *m, int err, unsigned code)
{
	struct call_task *t = arg;
	struct call *c = t->call;
	struct leg *l = t->leg;
	struct buf sdp = buf_growing();
	if (call_over(c) || l->joins != c)
		goto out;
	if (!err)
		err = call_transfer_describe(c, l, m, &sdp);
	if (!err) {
		leg_state(l, LEG_ANSWERED, "offered the place of another");
		err = l->kind->answer(l, &(struct leg_news){.status = 200, .sdp = buf_text(&sdp)});
	}
	if (err)
		lost(c, l, 503, media_failure(err));
out:
	buf_reset(&sdp);
	mem_deref(t);
}

static int ask_for_offer(struct call *c, struct leg *l, const struct leg_news *n)
{
	const struct leg *stays = call_peer(c, c->transferor);
	struct call_task *t = call_task_new(l, n, NULL);
	int err = t ? media_offer(l->media, stays->side, stays->said, offer_ready, t) : -ENOMEM;
	if (err)
		mem_deref(t);
	return err;
}

/* 0: adopted, whatever comes of it. */
static unsigned ask(struct call *c, struct leg *l, const struct leg_news *n)
{
	struct sdp *sdp = NULL;
	const char *why = NULL;
	unsigned status = 0;
	if (!slice_empty(n->sdp))
		status = call_read_sdp(&sdp, l, n->sdp) ? 488 : sdp_offer_refusal(sdp, &why);
	if (!status) {
		leg_state(l, LEG_OFFERED, "asks for the place of another");
		status = call_transfer_join(c, l) ? 503 : 0;
	}
	if (!status && (sdp ? ask_with_offer(c, l, n, sdp) : ask_for_offer(c, l, n)))
		lost(c, l, 503, "no media");
	mem_deref(sdp);
	return status;
}

unsigned call_replace(struct leg *theirs, struct leg *l, const struct leg_news *n)
{
	struct call *c = theirs->call;
	unsigned status = call_may_transfer(theirs);
	/* Nobody comes into an emergency call but from whoever takes it. */
	if (c->cdr.emergency && strcmp(l->target, theirs->target))
		status = 403;
	if (status)
		return status;
	call_transfer_begin(theirs);
	status = call_record_attempt(c) ? 500 : ask(c, l, n);
	if (status) {
		call_record_dropped(c);
		c->transferor = NULL;
	} else if (c->coming) {
		call_record_begun(c);
	}
	return status;
}

unsigned call_replace_coming(struct leg *theirs, struct leg *l, const struct leg_news *n)
{
	struct call *c = theirs->call;
	if (theirs->joins != c || theirs->state >= LEG_ANSWERED)
		return 481;
	if (c->reofferer)
		return 491;
	if (!c->calls->may_transfer(c->calls->transfer_arg, theirs))
		return 403;
	unsigned status = ask(c, l, n);
	if (!status && l->joins == c)
		call_transfer_settle(c, l);
	return status;
}
