// SPDX-License-Identifier: GPL-3.0-or-later
/* Who is called, one round after another. The legs of a round are offered the call together; when all of them have failed, the plan is asked
 * for the next ones while the caller still rings (RFC 3261 16.7, with the search in sequence of 16.6). */
#include "callagent/call.h"
#include "callagent/call_priv.h"

#define CAUSE_NO_ANSWER 19 /* Q.850: no answer from user (user alerted) */
#define CAUSE_TIMER 102    /* Q.850: recovery on timer expiry */

/* --- what a round came to ------------------------------------------------------------------------------------------- */

/* A party that nothing came from in its time has said nothing: what any other said is better (RFC 3261 16.7 step 6 chooses among responses). */
static unsigned said(const struct leg *l)
{
	return l->status == 408 && l->cause == CAUSE_TIMER && !l->heard ? 0 : l->status;
}

struct leg *call_best_of(const struct call *c, bool of_this_round)
{
	struct leg *l, *best = NULL;
	list_foreach(l, &c->legs, link)
		if ((!of_this_round || l->round == c->round) && (!best || outcome_better(said(l), said(best))))
			best = l;
	return best;
}

struct leg_news call_outcome_of(struct leg *l)
{
	return (struct leg_news){
		.status = l->status, .cause = l->cause ? l->cause : outcome_cause(l->status), .words = l->words, .native = l->last, .from = l,
	};
}

/* `end` has a status when the plan itself says how the call ends; else the best answer of all does (RFC 3261 16.7 step 6). */
static void nobody_left(struct call *c, const struct leg_news *end)
{
	struct leg *best = call_best_of(c, false);
	if (end->status || !best) {
		call_end(c, CALL_BY_TANDEM, end->status ? end : &(struct leg_news){.status = 500, .words = "nobody to call"});
		return;
	}
	struct leg_news n = call_outcome_of(best);
	/* Extensions are each side's own but for preconditions, which the caller requires of whoever is called. */
	if (best->status != 420 || !best->origin.conditions)
		n.status = outcome_for_caller(best->status, best->cause);
	/* RFC 6881 SP-29: an emergency call does not fail for its location. */
	if (c->cdr.emergency && n.status == 424)
		n.status = 500;
	call_end(c, best->asked ? CALL_BY_CALLED : CALL_BY_GATEWAY, &n);
}

void call_hunted(struct call *c, int err, const struct leg_news *end)
{
	c->hunting = false;
	if (call_over(c))
		return;
	if (c->transferor)
		call_transfer_hunted(c, err, end);
	else if (err)
		nobody_left(c, end);
	else
		call_offer_round(c);
}

void call_hunt(struct call *c, const struct leg_news *how)
{
	struct leg_news end = {0};
	int err = how ? -ENOENT : 0; /* without a plan: those who are there, and that is all */
	const struct call_plan p = c->transferor ? c->transfer_plan : c->plan;
	if (p.next) {
		c->round++;
		c->hunting = true;
		mem_ref(p.plan);
		err = p.next(p.plan, c, how, &end);
		mem_deref(p.plan);
	}
	if (err != -EINPROGRESS)
		call_hunted(c, err, &end);
}

/* Goes on to the next ones when the last ones have all failed. */
static void round_check(struct call *c)
{
	struct leg *l;
	if (c->hunting || call_over(c) || c->winner)
		return;
	list_foreach(l, &c->legs, link)
		if (l->state < LEG_CLOSING)
			return;
	l = call_best_of(c, true);
	if (!l)
		return;
	struct leg_news how = call_outcome_of(l);
	how.cause = l->cause;
	call_hunt(c, &how);
}

/* RFC 5626 7: the phone itself has not answered, nor rung. */
static bool is_unreached(const struct leg *l)
{
	return l->status == 430 || (!l->heard && (l->status == 408 || !l->last));
}

void call_leg_failed(struct leg *l)
{
	struct call *c = l->call;
	if (l->phone && c->plan.instead && !call_over(c) && !c->winner && is_unreached(l) && c->plan.instead(c->plan.plan, c, l)) {
		log_info(l->object, "another way to its party is tried");
		call_offer_round(c);
	} else {
		round_check(c);
	}
}

void call_round_refused(struct call *c, const struct leg_news *n)
{
	struct leg *l;
	list_foreach(l, &c->legs, link)
		if (l->state < LEG_CLOSING)
			call_release_leg(l, n);
	c->early = NULL;
	round_check(c);
}

/* --- patience with each of them ------------------------------------------------------------------------------------- */

static void on_patience(void *arg)
{
	struct leg *l = arg;
	struct call *c = mem_ref(l->call);
	bool waits = l->joins == c ? l->state < LEG_ANSWERED : c->state < CALL_ANSWERING && l->state < LEG_CLOSING;
	if (waits) {
		l->status = 408;
		l->cause = l->heard ? CAUSE_NO_ANSWER : CAUSE_TIMER;
		l->words = l->heard ? "did not answer in its time" : "nothing came from it in its time";
		log_info(l->object, "given up: %s", l->words);
		if (c->early == l)
			c->early = NULL;
		call_release_leg(l, &(struct leg_news){.status = l->status, .cause = l->cause, .words = l->words});
		if (l->joins == c)
			call_transfer_lost(c, l, l->status, l->words);
		else
			call_leg_failed(l);
	}
	mem_deref(c);
}

void call_start_patience(struct leg *l)
{
	l->offered_at = clock_ms();
	uint32_t ms = l->first_ms && (!l->answer_ms || l->first_ms < l->answer_ms) ? l->first_ms : l->answer_ms;
	if (ms)
		timer_start(&l->patience, ms, on_patience, l);
}

void call_on_heard(struct leg *l)
{
	if (l->heard)
		return;
	l->heard = true;
	if (!timer_running(&l->patience))
		return;
	timer_stop(&l->patience);
	uint64_t gone = clock_ms() - l->offered_at;
	if (l->answer_ms)
		timer_start(&l->patience, gone < l->answer_ms ? l->answer_ms - gone : 0, on_patience, l);
}

/* --- what the caller hears of it ------------------------------------------------------------------------------------ */

void call_tell_forwarded(struct call *c)
{
	if (c->transferor && !call_over(c))
		call_transfer_tell(c, 181);
	if (call_over(c) || c->winner || (c->a->state != LEG_OFFERED && c->a->state != LEG_ALERTING))
		return;
	c->told = 181;
	int err = c->a->kind->progress(c->a, &(struct leg_news){.status = 181});
	if (err)
		log_warn(c->a->object, "not told that the call is being forwarded: %s", strerror(-err));
}
