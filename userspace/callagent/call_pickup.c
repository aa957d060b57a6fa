// SPDX-License-Identifier: GPL-3.0-or-later
/* Somebody answers a call that rings another, by taking that one's place (Replaces of an early dialog, RFC 3891 3). Both have offered as a rule: each
 * one's description is the other's answer. When only one of them has, the other one's answer comes with its confirmation. */
#include "callagent/call_priv.h"

/* What the caller has offered, as the answer to the one who has come. */
static int answer_picker(struct leg *l, const struct media *m)
{
	struct call *c = l->call;
	struct buf sdp = buf_growing();
	struct sdp *common = NULL;
	int err = sdp_common(&common, c->offer, l->said);
	if (!err)
		err = media_describe(m, l->side, common, &l->origin, NULL, &sdp);
	if (!err) {
		leg_state(l, LEG_ANSWERED, "told the answer");
		err = l->kind->answer(l, &(struct leg_news){.status = 200, .sdp = buf_text(&sdp)});
	}
	buf_reset(&sdp);
	mem_deref(common);
	return err;
}

static void joined(void *arg, struct media *m, int err, unsigned code)
{
	struct call_task *t = arg;
	if (!err && t->call->state == CALL_ANSWERING)
		err = answer_picker(t->leg, m);
	call_answer_ready(arg, m, err, code);
}

/* It made no offer: it is answered with the caller's. */
static int offer_picker(struct call_task *t)
{
	struct leg *l = t->leg;
	struct buf sdp = buf_growing();
	int err = call_describe(l->media, l, t->call->offer, &sdp);
	if (!err) {
		leg_state(l, LEG_ANSWERED, "offered the call");
		err = l->kind->answer(l, &(struct leg_news){.status = 200, .sdp = buf_text(&sdp)});
	}
	buf_reset(&sdp);
	if (!err)
		mem_deref(t);
	return err;
}

static int join(struct call_task *t)
{
	struct leg *l = t->leg;
	call_won(l);
	media_set_party(l->media, SIDE_B, &l->party);
	if (!t->sdp)
		return offer_picker(t);
	l->offers = !t->call->offer;
	if (l->offers)
		return media_offer(l->media, SIDE_B, t->sdp, call_answer_ready, t);
	return media_answer(l->media, SIDE_B, t->sdp, true, joined, t);
}

static void ports_ready(void *arg, struct media *m, int err, unsigned code)
{
	struct call_task *t = arg;
	struct call *c = t->call;
	struct leg *l = t->leg;
	if (l->state >= LEG_CLOSING || c->state != CALL_RINGING)
		goto out; /* it has given up, or somebody else was first */
	if (err) {
		call_release_leg(l, &(struct leg_news){.status = 503, .words = media_failure(err)});
		goto out;
	}
	log_info(c->object, "picked up by %s", l->target);
	err = join(t);
	if (!err)
		return;
	call_fail(c, 503, 0, media_failure(err));
out:
	mem_deref(t);
}

static unsigned may_pick_up(const struct call *c, const struct leg *theirs)
{
	if (c->state != CALL_RINGING || theirs == c->a || theirs->state >= LEG_CLOSING)
		return 481;
	if (!c->calls->may_transfer)
		return 403;
	if (c->reofferer || c->renegotiated)
		return 491;
	return c->calls->may_transfer(c->calls->transfer_arg, theirs) ? 0 : 403;
}

/* What `l` says as an answer to the caller, if they have anything in common. Without an offer of the caller's it is one to it; without one of
 * `l` there is none yet. */
static unsigned read_answer(const struct call *c, struct leg *l, const struct leg_news *n, struct sdp **said, struct sdp **answer)
{
	const char *why;
	if (slice_empty(n->sdp))
		return c->offer ? 0 : 488;
	if (call_read_sdp(said, l, n->sdp))
		return 488;
	if (!c->offer) {
		*answer = mem_ref(*said);
		return sdp_offer_refusal(*said, &why);
	}
	if (sdp_check_answer(c->offer, *said, &why))
		return 488;
	if (sdp_common(answer, *said, c->offer))
		return 500;
	return call_carries_any(*answer) ? 0 : 488;
}

/* Ports are there when the caller is known; without its offer none are needed before the answer. */
static int ask(struct call *c, struct leg *l, struct sdp *answer)
{
	struct call_task *t = call_task_new(l, &(struct leg_news){.status = 200}, answer);
	int err = t ? 0 : -ENOMEM;
	if (!err && c->offer)
		err = media_offer(l->media, SIDE_A, c->offer, ports_ready, t);
	else if (!err)
		ports_ready(t, l->media, 0, 0);
	if (err)
		mem_deref(t);
	return err;
}

unsigned call_pick_up(struct leg *theirs, struct leg *l, const struct leg_news *n)
{
	struct call *c = theirs->call;
	struct sdp *said = NULL, *answer = NULL;
	if (theirs->joins)
		return call_replace_coming(theirs, l, n);
	unsigned status = may_pick_up(c, theirs);
	if (!status)
		status = read_answer(c, l, n, &said, &answer);
	if (!status) {
		l->side = SIDE_B;
		leg_state(l, LEG_OFFERED, "asks for the place of another");
		status = call_add_leg(c, l) ? 503 : 0;
	}
	if (!status) {
		if (said)
			call_leg_said(l, said, true);
		if (ask(c, l, answer))
			call_release_leg(l, &(struct leg_news){.status = 503, .words = "no media"});
	}
	mem_deref(said);
	mem_deref(answer);
	return status;
}
