// SPDX-License-Identifier: GPL-3.0-or-later
/* From the offer of a call to its answer. */
#include "callagent/call.h"
#include "callagent/call_priv.h"
#include "callagent/gateways.h"

#define CAUSE_NO_ANSWER 19  /* Q.850: no answer from user (user alerted) */
#define CAUSE_NO_CIRCUIT 34 /* Q.850: no circuit/channel available */
#define CAUSE_TIMER 102     /* Q.850: recovery on timer expiry */

static const struct leg_news elsewhere = {.status = 200, .words = "Call completed elsewhere"};

/* --- the offer ---------------------------------------------------------------------------------------------------- */

static void on_ring_timeout(void *arg)
{
	struct call *c = arg;
	call_fail(c, 408, CAUSE_NO_ANSWER, "nobody answered in time");
}

static void leg_failed(struct leg *l, unsigned status, const char *words)
{
	call_on_closed(l, &(struct leg_news){.status = status, .words = words});
}

/* Offers the call to one leg, with the description that its media made of the caller's. */
void call_offer_leg(struct leg *l)
{
	struct call *c = l->call;
	struct buf sdp = buf_growing();
	/* Who cannot know preconditions is called without, when they are met. */
	if (l->origin.conditions && !l->kind->conditions && call_on_unconditional(l))
		return;
	int err = c->offer ? call_describe(l->media, l, c->offer, &sdp) : 0;
	if (!err) {
		leg_state(l, LEG_OFFERED, "call offered");
		l->asked = true;
		l->offers = !c->offer;
		call_start_patience(l);
		err = l->kind->offer(l, &(struct leg_news){.sdp = buf_text(&sdp), .native = c->offer_native});
	}
	buf_reset(&sdp);
	if (err) {
		log_warn(l->object, "cannot be offered the call: %s", strerror(-err));
		leg_failed(l, err == -ENOENT ? 488 : 503, err == -ENOENT ? "no codec that it may use" : "cannot be reached");
	}
}

static void offer_group(struct call *c, const struct media *m)
{
	struct leg *l;
	if (c->state == CALL_OFFERING) {
		call_state(c, CALL_RINGING, "offered to the called party");
		timer_start(&c->ring, c->calls->ring_ms, on_ring_timeout, c);
	}
	list_foreach(l, &c->legs, link)
		if (l->media == m && l->state == LEG_NEW && !l->held && !call_over(c))
			call_offer_leg(l);
}

static void fail_group(struct call *c, const struct media *m, const char *words)
{
	struct leg *l;
	list_foreach(l, &c->legs, link)
		if (l->media == m && l->state == LEG_NEW && !call_over(c))
			call_on_closed(l, &(struct leg_news){.status = 503, .cause = CAUSE_NO_CIRCUIT, .words = words});
}

static void ports_ready(void *arg, struct media *m, int err, unsigned code)
{
	struct call_task *t = arg;
	struct call *c = t->call;
	if (err != -ECANCELED)
		gateways_served(c->gw, err, code);
	if (!call_over(c)) {
		if (err)
			fail_group(c, m, media_failure(err));
		else
			offer_group(c, m);
	}
	mem_deref(t);
}

static bool has_new(const struct call *c, const struct media *m)
{
	const struct leg *l;
	list_foreach(l, &c->legs, link)
		if (l->media == m && l->state == LEG_NEW && !l->held)
			return true;
	return false;
}

static int ask_ports(struct call *c, struct media *m)
{
	struct call_task *t = call_task_new(c->a, &(struct leg_news){.native = c->offer_native}, NULL);
	if (!t)
		return -ENOMEM;
	int err = media_offer(m, SIDE_A, c->offer, ports_ready, t);
	if (err)
		mem_deref(t);
	return err;
}

void call_offer_round(struct call *c)
{
	mem_ref(c);
	for (unsigned i = 0; i < c->n_groups && !call_over(c); i++) {
		struct media *m = c->group[i];
		if (!has_new(c, m))
			continue;
		/* Without an offer the called party makes one, in its answer (RFC 3261 13.2.1). */
		int err = 0;
		if (c->offer)
			err = ask_ports(c, m);
		else
			offer_group(c, m);
		if (err && !call_over(c))
			call_fail(c, err == -ENOMEM ? 500 : 503, CAUSE_NO_CIRCUIT, media_failure(err));
	}
	mem_deref(c);
}

static unsigned read_offer(struct call *c, const struct leg_news *n, const char **why)
{
	int err = call_read_sdp(&c->offer, c->a, n->sdp);
	*why = err == -ENOMEM ? "out of memory" : "session description cannot be read";
	if (err)
		return err == -ENOMEM ? 500 : 400;
	return sdp_offer_refusal(c->offer, why);
}

void call_start(struct call *c, const struct leg_news *n)
{
	const char *why = NULL;
	mem_ref(c);
	c->offer_native = mem_ref(unconst(n->native));
	leg_state(c->a, LEG_OFFERED, "offers the call");
	call_state(c, CALL_OFFERING, "offered by the caller");
	log_debug(c->object, "%s -> %s from %s", c->cdr.caller, c->cdr.called, c->cdr.source);
	if (cdr_begin(c->calls->cdr, &c->cdr))
		log_warn(c->object, "its record is not in the journal: out of memory");
	unsigned status = slice_empty(n->sdp) ? 0 : read_offer(c, n, &why);
	if (status) {
		call_fail(c, status, 0, why);
	} else {
		if (c->offer)
			call_leg_said(c->a, c->offer, true);
		call_hunt(c, NULL);
	}
	mem_deref(c);
}

/* --- the answer --------------------------------------------------------------------------------------------------- */

static void on_longest(void *arg)
{
	struct call *c = arg;
	outcome_lost(OUTCOME_TOO_LONG);
	call_fail(c, 503, CAUSE_TIMER, "the longest duration allowed is over");
}

/* From the answer on, whichever process gave it. */
void call_start_longest(struct call *c)
{
	int64_t since = (int64_t)clock_utc_ms() - c->answered;
	uint64_t gone = since > 0 ? (uint64_t)since : 0, longest = c->calls->longest_ms;
	if (longest)
		timer_start(&c->longest, gone < longest ? longest - gone : 0, on_longest, c);
}

static void tell_answer(struct call_task *t, struct sdp *said, struct slice sdp)
{
	struct call *c = t->call;
	struct leg_news n = t->news;
	n.sdp = sdp;
	leg_state(c->a, LEG_ANSWERED, "told the answer");
	int err = c->a->kind->answer(c->a, &n);
	if (err) {
		call_fail(c, err == -ENOMEM ? 500 : 503, CAUSE_NO_CIRCUIT, media_failure(err));
		return;
	}
	call_state(c, CALL_ACTIVE, "answered");
	call_record_answered(c, said);
	call_start_longest(c);
}

static void describe_answer(struct call_task *t, const struct media *m)
{
	struct buf sdp = buf_growing();
	int err = media_describe(m, SIDE_A, t->sdp, &t->call->a->origin, NULL, &sdp);
	if (err)
		call_fail(t->call, err == -ENOMEM ? 500 : 503, CAUSE_NO_CIRCUIT, media_failure(err));
	else
		tell_answer(t, t->sdp, buf_text(&sdp));
	buf_reset(&sdp);
}

/* The media are joined: the caller gets the answer (or the called party's offer). */
void call_answer_ready(void *arg, struct media *m, int err, unsigned code)
{
	struct call_task *t = arg;
	struct call *c = t->call;
	if (c->state == CALL_ANSWERING && err) {
		call_fail(c, err == -ENOMEM ? 500 : 503, CAUSE_NO_CIRCUIT, media_failure(err));
	} else if (c->state == CALL_ANSWERING && c->offered && !c->a->agreed) {
		c->answer = mem_ref(t); /* until its answer to that has come */
	} else if (c->state == CALL_ANSWERING && c->a->agreed && (t->leg->offers || call_is_news(c, m, t->sdp))) {
		c->answer = mem_ref(t);
		call_reoffer_follow(t->leg, t->sdp);
	} else if (c->state == CALL_ANSWERING) {
		describe_answer(t, m);
	}
	mem_deref(t);
}

/* Who has picked the call up has called itself, and is answered. */
static int tell_winner(struct leg *l, struct slice sdp)
{
	bool answered = l->state >= LEG_ANSWERED;
	leg_state(l, answered ? LEG_ACTIVE : LEG_ANSWERED, answered ? "confirmed" : "told the answer");
	return answered ? l->kind->confirm(l, sdp) : l->kind->answer(l, &(struct leg_news){.status = 200, .sdp = sdp});
}

static int confirm(struct leg *l, const struct media *m, const struct sdp *answer)
{
	struct buf sdp = buf_growing();
	int err = media_describe(m, l->side, answer, &l->origin, NULL, &sdp);
	if (!err) {
		l->offers = false;
		err = tell_winner(l, buf_text(&sdp));
	}
	buf_reset(&sdp);
	return err;
}

void call_answer_followed(struct call *c, struct sdp *sdp)
{
	struct call_task *t = c->answer;
	c->answer = NULL;
	int err = c->winner->offers ? confirm(c->winner, c->winner->media, sdp) : 0;
	if (err)
		call_fail(c, 503, CAUSE_NO_CIRCUIT, media_failure(err));
	else
		tell_answer(t, sdp, SLICE_NONE);
	mem_deref(t);
}

static void common_ready(void *arg, struct media *m, int err, unsigned code)
{
	struct call_task *t = arg;
	if (t->call->state == CALL_ANSWERING && err)
		call_fail(t->call, 503, CAUSE_NO_CIRCUIT, media_failure(err));
	else if (t->call->state == CALL_ANSWERING)
		call_answer_followed(t->call, t->sdp);
	mem_deref(t);
}

/* A caller without UPDATE: the answer to its INVITE tells it what has become of its own offer; else both have what they have in common. */
void call_answer_not_followed(struct call *c)
{
	struct call_task *t = c->answer, *next = NULL;
	struct sdp *common = NULL;
	if (!c->winner->offers) {
		c->answer = NULL;
		describe_answer(t, c->winner->media);
		mem_deref(t);
		return;
	}
	int err = sdp_common(&common, c->a->said, t->sdp);
	if (!err && !call_carries_any(common))
		err = -ENOENT;
	if (!err) {
		next = call_task_new(t->leg, &t->news, common);
		err = next ? media_answer(c->winner->media, SIDE_A, common, true, common_ready, next) : -ENOMEM;
	}
	if (err) {
		mem_deref(next);
		call_fail(c, 488, 0, "the caller cannot be offered what the called party describes");
	}
	mem_deref(common);
}

/* Everybody but the winner stops ringing; their media go. */
static void release_losers(struct call *c)
{
	struct leg *l;
	list_foreach(l, &c->legs, link)
		if (l != c->winner)
			call_release_leg(l, &elsewhere);
	for (unsigned i = 0; i < c->n_groups; i++)
		if (c->group[i] != c->winner->media)
			media_end(c->group[i], NULL, NULL);
}

void call_won(struct leg *l)
{
	struct call *c = l->call;
	call_reoffer_abandon(c);
	if (c->early && c->early != l)
		call_early_lost(c);
	c->winner = l;
	timer_stop(&c->ring);
	call_state(c, CALL_ANSWERING, l->object);
	release_losers(c);
}

/* The last offer before the answer was made and answered by itself: what was agreed on becomes final. */
static int join_agreed(struct leg *l, const struct leg_news *n)
{
	struct call *c = l->call;
	struct call_task *t = call_task_new(l, n, l->said);
	const struct leg *answerer = l->said_offer ? c->a : l;
	int err = t ? media_answer(l->media, answerer->side, answerer->said, true, call_answer_ready, t) : -ENOMEM;
	if (err)
		mem_deref(t);
	return err;
}

static int join_answer(struct leg *l, const struct leg_news *n, const char **why)
{
	struct call *c = l->call;
	struct sdp *sdp = NULL;
	*why = "the answer has no usable session description";
	int err = 0;
	if (c->early == l && c->renegotiated)
		return join_agreed(l, n);
	/* A 200 without a description repeats the early answer. */
	if (slice_empty(n->sdp) && !l->offers && l->said)
		sdp = mem_ref(l->said);
	else
		err = call_read_sdp(&sdp, l, n->sdp);
	if (!err)
		err = l->offers ? 0 : sdp_check_answer(c->offer, sdp, why);
	struct call_task *t = err ? NULL : call_task_new(l, n, sdp);
	if (!err)
		err = t ? 0 : -ENOMEM;
	if (!err) {
		media_set_party(l->media, SIDE_B, &l->party);
		call_leg_said(l, sdp, l->offers);
		err = l->offers ? media_offer(l->media, SIDE_B, sdp, call_answer_ready, t)
				: media_answer(l->media, SIDE_B, sdp, true, call_answer_ready, t);
	}
	if (err)
		mem_deref(t);
	mem_deref(sdp);
	return err;
}

/* The called party's description came: its answer, or its confirmation when it was offered ours in the answer to its own call. */
static void take_answer(struct leg *l, const struct leg_news *n)
{
	struct call *c = l->call;
	const char *why;
	int err = join_answer(l, n, &why);
	if (err && !call_over(c))
		call_fail(c, err == -ENOMEM ? 500 : 502, 0, why);
}

void call_on_answered(struct leg *l, const struct leg_news *n)
{
	struct call *c = mem_ref(l->call);
	if (!c)
		return;
	if (l->joins == c && !call_over(c)) {
		leg_state(l, LEG_ANSWERED, "answered");
		call_transfer_answered(l, n);
		goto out;
	}
	if (c->state != CALL_RINGING) {
		/* Two answered at once, or the call is over: this one came second. */
		call_release_leg(l, c->state >= CALL_ENDING ? &(struct leg_news){0} : &elsewhere);
		goto out;
	}
	leg_state(l, l->offers ? LEG_ANSWERED : LEG_ACTIVE, "answered");
	call_won(l);
	take_answer(l, n);
out:
	mem_deref(c);
}

/* --- the caller confirms ------------------------------------------------------------------------------------------ */

/* The caller's answer to the called party's offer is in place: the called party gets it. */
static void confirm_ready(void *arg, struct media *m, int err, unsigned code)
{
	struct call_task *t = arg;
	struct call *c = t->call;
	if (call_over(c) || !c->winner)
		goto out;
	if (!err) {
		call_record_agreed(c, t->sdp);
		err = confirm(c->winner, m, t->sdp);
	}
	if (err)
		call_fail(c, 503, CAUSE_NO_CIRCUIT, media_failure(err));
	else
		call_transfer_reached(c);
out:
	mem_deref(t);
}

static void confirm_answer(struct leg *l, const struct leg_news *n)
{
	struct call *c = l->call;
	struct sdp *sdp = NULL;
	const char *why = "no answer to the called party's offer";
	struct call_task *t = NULL;
	int err = call_read_sdp(&sdp, l, n->sdp);
	if (!err)
		err = sdp_check_answer(c->winner->said, sdp, &why);
	if (!err) {
		t = call_task_new(l, n, sdp);
		err = t ? 0 : -ENOMEM;
	}
	if (!err) {
		call_leg_said(l, sdp, false);
		err = media_answer(c->winner->media, SIDE_A, sdp, true, confirm_ready, t);
	}
	if (err) {
		mem_deref(t);
		call_fail(c, 488, 0, why);
	}
	mem_deref(sdp);
}

void call_on_confirmed(struct leg *l, const struct leg_news *n)
{
	struct call *c = mem_ref(l->call);
	if (c && !call_over(c)) {
		bool first = l->state == LEG_ANSWERED;
		if (first)
			leg_state(l, LEG_ACTIVE, "confirmed");
		if (first && l->joins == c)
			call_transfer_answered(l, n);
		else if (first && l == c->winner && c->state == CALL_ANSWERING)
			take_answer(l, n);
		else if (first && l == c->a && c->winner && c->winner->offers)
			confirm_answer(l, n);
		else
			call_reoffer_confirmed(l, n);
		if (first && l == c->a && (!c->winner || !c->winner->offers))
			call_transfer_reached(c);
	}
	mem_deref(c);
}
