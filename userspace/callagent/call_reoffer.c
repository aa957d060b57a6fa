// SPDX-License-Identifier: GPL-3.0-or-later
/* Changed descriptions in an answered call (re-INVITE), one at a time: the media get what is missing, the other party is asked, its
 * answer sets both connections. A refusal leaves everything as it was. */
#include "callagent/call.h"
#include "callagent/call_priv.h"

static void reply(struct leg *l, unsigned status, const char *words, struct slice sdp, const void *native)
{
	struct leg_news n = {.status = status, .words = words, .sdp = sdp, .native = native};
	int err = l->kind->reoffer_reply(l, &n);
	if (err)
		log_warn(l->object, "re-offer not answered: %s", strerror(-err));
}

static struct media *media_of(const struct call *c)
{
	return c->winner ? c->winner->media : c->early->media;
}

/* Before the answer to the call: that one is measured by the last offer that was taken, not by one that was refused. */
static void offer_as_before(struct call *c)
{
	if (c->state != CALL_RINGING || !c->early)
		return;
	const struct leg *by = c->a->said_offer ? c->a : c->early;
	mem_ref(by->said);
	mem_deref(c->offer);
	c->offer = by->said;
	media_resume_offer(media_of(c), by->side, by->said);
}

static void refuse(struct leg *l, unsigned status, const char *words, const void *native)
{
	struct call *c = l->call;
	if (c->reofferer == l) {
		c->reofferer = NULL;
		offer_as_before(c);
	}
	log_info(l->object, "re-offer refused: %u%s%s", status, words ? ", " : "", words ? words : "");
	reply(l, status, words, SLICE_NONE, native);
}

/* RFC 3311 5.2: 504 says that the other party would have to be asked first. */
static unsigned status_of(const struct call *c, int err)
{
	if (err == -ENOTCONN && c->state == CALL_RINGING)
		return 504;
	return err == -EINPROGRESS ? 491 : err == -ENOENT ? 488 : err == -ENOMEM ? 500 : 503;
}

/* Before the answer only those two can who hear each other. */
static bool may_reoffer(const struct call *c, const struct leg *l)
{
	if (l == c->a && call_conditions_stand_in(c))
		return true;
	return c->state == CALL_ACTIVE || (c->state == CALL_RINGING && c->early && (l == c->a || l == c->early));
}

void call_reoffer_abandon(struct call *c)
{
	struct leg *l = c->reofferer;
	if (!l)
		return;
	if (c->winner || c->early)
		media_refused(media_of(c));
	c->reofferer = NULL;
	offer_as_before(c);
	if (!c->reoffer_local)
		reply(l, 491, "overtaken", SLICE_NONE, NULL);
	c->reoffer_local = false;
}

void call_reoffer_begin(struct call *c, struct leg *l)
{
	c->reofferer = l;
	c->reoffer_sent = false;
	c->reoffer_waits = mem_deref(c->reoffer_waits);
}

/* Nothing has changed, unless somebody new is there: then nobody would hear anybody. */
static void not_followed(struct call *c, unsigned status)
{
	c->reofferer = NULL;
	c->reoffer_local = false;
	log_info(c->object, "the other party did not follow: %u", status);
	if (c->must_follow)
		call_fail(c, 488, 0, c->answer ? "the caller does not accept what was answered"
						 : "the other party cannot talk to whom it was transferred to");
	else if (c->state == CALL_RINGING && c->early && c->early->offers)
		call_release_leg(c->early, &(struct leg_news){.status = 488});
	else
		offer_as_before(c);
}

/* --- asked by one party, passed to the other ---------------------------------------------------------------------- */

/* Two offers at a time there are not (14.1): whoever is about another one is asked when that is over. */
static void send_on(struct call_task *t, struct media *m, int err)
{
	struct call *c = t->call;
	struct leg *from = t->leg, *to = call_peer(c, from);
	struct buf sdp = buf_growing();
	if (!err)
		err = call_describe(m, to, t->sdp, &sdp);
	if (!err) {
		struct leg_news n = t->news;
		n.sdp = buf_text(&sdp);
		err = to->kind->reoffer(to, &n);
		c->reoffer_sent = !err;
	}
	if (err == -EINPROGRESS && (c->must_follow || c->state == CALL_ACTIVE)) {
		c->reoffer_waits = mem_ref(t);
	} else if (err == -ENOTCONN && c->answer) {
		c->reofferer = NULL;
		c->reoffer_local = c->must_follow = false;
		call_answer_not_followed(c);
	} else if (err) {
		media_refused(m);
		if (c->reoffer_local)
			not_followed(c, err == -EINPROGRESS ? 491 : 503);
		else
			refuse(from, status_of(c, err), media_failure(err), NULL);
	}
	buf_reset(&sdp);
}

static void ports_ready(void *arg, struct media *m, int err, unsigned code)
{
	struct call_task *t = arg;
	if (!call_over(t->call) && t->call->reofferer == t->leg)
		send_on(t, m, err);
	mem_deref(t);
}

static int pass_on(struct leg *l, const struct leg_news *n, struct sdp *sdp)
{
	struct call_task *t = call_task_new(l, n, sdp);
	if (!t)
		return -ENOMEM;
	call_reoffer_begin(l->call, l);
	mem_ref(sdp);
	mem_deref(l->call->offer);
	l->call->offer = sdp;
	int err = media_offer(media_of(l->call), l->side, sdp, ports_ready, t);
	if (err)
		mem_deref(t);
	return err;
}

/* --- an offer asked for (re-INVITE without a body) ------------------------------------------------------------------ */

/* We offer what the other party last described, with the direction it would like: what it offered, or all when it
 * only answered (RFC 6337 5.3). */
static void offer_back(struct leg *l)
{
	struct call *c = l->call;
	struct leg *other = call_peer(c, l);
	enum sdp_dir dirs[SDP_MAX_MEDIA];
	struct buf sdp = buf_growing();
	if (!other->said) {
		refuse(l, 488, "nothing to offer", NULL);
		return;
	}
	for (unsigned i = 0; i < other->said->n_media; i++)
		dirs[i] = other->said_offer ? other->said->media[i].dir : SDP_SENDRECV;
	int err = media_describe(media_of(c), l->side, other->said, &l->origin, dirs, &sdp);
	if (err) {
		refuse(l, 500, strerror(-err), NULL);
	} else {
		call_reoffer_begin(c, l);
		c->reoffer_local = true;
		reply(l, 200, NULL, buf_text(&sdp), NULL);
	}
	buf_reset(&sdp);
}

void call_reoffer_follow(struct leg *l, struct sdp *sdp)
{
	struct call *c = l->call;
	c->reoffer_local = c->must_follow = true;
	int err = pass_on(l, &(struct leg_news){0}, sdp);
	if (err)
		not_followed(c, 503);
}

void call_reoffer_caller(struct leg *l, struct sdp *sdp)
{
	struct call *c = l->call;
	c->reoffer_local = true;
	int err = pass_on(l, &(struct leg_news){0}, sdp);
	if (err)
		not_followed(c, 503);
}

/* What `l` was about when it should have been asked is over. */
static void ask_now(struct leg *l)
{
	struct call *c = l->call;
	struct call_task *t = c->reoffer_waits;
	if (!t || c->reofferer != t->leg || l != call_peer(c, t->leg))
		return;
	c->reoffer_waits = NULL;
	send_on(t, media_of(c), 0);
	mem_deref(t);
}

/* The answer to that came in the confirmation: the other party is asked to follow, as if it had been offered. */
void call_reoffer_confirmed(struct leg *l, const struct leg_news *n)
{
	struct call *c = l->call;
	struct sdp *sdp = NULL;
	if (c->reofferer != l || !c->reoffer_local) {
		ask_now(l);
		return;
	}
	int err = slice_empty(n->sdp) ? -EBADMSG : call_read_sdp(&sdp, l, n->sdp);
	if (!err)
		err = pass_on(l, n, sdp);
	if (err) {
		log_remote(l->object, "no usable answer to our offer: nothing changes");
		c->reofferer = NULL;
		c->reoffer_local = false;
	}
	mem_deref(sdp);
}

/* RFC 6881 ED-63: who has called for help can be heard and hears. */
static bool is_hold(const struct sdp *sdp)
{
	for (unsigned i = 0; i < sdp->n_media; i++)
		if (sdp->media[i].port && sdp->media[i].dir == SDP_SENDRECV)
			return false;
	return true;
}

/* Ours to `l` has crossed one of its, and it is the first to try again: its time to wait is the shorter one (RFC 3261 14.1). */
static bool crossed(const struct call *c, const struct leg *l)
{
	const struct leg *by = c->reofferer;
	return c->state == CALL_ACTIVE && by && by != l && !by->joins && c->reoffer_sent && !c->reoffer_local && !c->must_follow && l->kind->withdraw;
}

static void give_way(struct call *c, struct leg *l)
{
	struct leg *by = c->reofferer;
	if (!l->kind->withdraw(l))
		return;
	media_refused(media_of(c));
	c->reofferer = NULL;
	reply(by, 491, "crossed one of the other party's", SLICE_NONE, NULL);
}

void call_on_reoffer_given_up(struct leg *l)
{
	struct call *c = l->call;
	if (!c || call_over(c) || c->reofferer != l || c->reoffer_local)
		return;
	struct leg *to = call_peer(c, l);
	media_refused(media_of(c));
	c->reofferer = NULL;
	c->reoffer_waits = mem_deref(c->reoffer_waits);
	log_info(l->object, "re-offer given up");
	/* If it answers all the same, it is put right. */
	if (c->reoffer_sent && !(to->kind->withdraw && to->kind->withdraw(to)))
		c->misled = to;
}

void call_on_reoffer(struct leg *l, const struct leg_news *n)
{
	struct call *c = mem_ref(l->call);
	struct sdp *sdp = NULL;
	const char *why = NULL;
	if (!c)
		return;
	if (crossed(c, l))
		give_way(c, l);
	if (!may_reoffer(c, l) || c->reofferer) {
		/* Not refuse(): the one under way may be of the same leg, and goes on. */
		log_info(l->object, "re-offer refused: another one is under way");
		reply(l, 491, "another offer is under way", SLICE_NONE, NULL);
		goto out;
	}
	c->reoffer_local = false;
	if (slice_empty(n->sdp)) {
		offer_back(l);
		goto out;
	}
	if (call_read_sdp(&sdp, l, n->sdp)) {
		refuse(l, 400, "session description cannot be read", NULL);
		goto out;
	}
	unsigned status = sdp_offer_refusal(sdp, &why);
	if (!status && c->cdr.emergency && l == c->a && is_hold(sdp)) {
		status = 403;
		why = "an emergency call is not put on hold";
	}
	/* RFC 3264 8: streams are never taken out of a description. */
	if (!status && l->said && sdp->n_media < l->said->n_media) {
		status = 488;
		why = "fewer streams than before";
	}
	int err = status ? 0 : call_conditions_stand_in(c) ? call_conditions_reoffered(l, n, sdp) : pass_on(l, n, sdp);
	if (status || err)
		refuse(l, status ? status : 500, status ? why : strerror(-err), NULL);
out:
	mem_deref(sdp);
	mem_deref(c);
}

/* --- the other party's answer --------------------------------------------------------------------------------------- */

static void done_ready(void *arg, struct media *m, int err, unsigned code)
{
	struct call_task *t = arg;
	struct call *c = t->call;
	struct leg *asker = c->reofferer, *answerer = t->leg;
	struct buf sdp = buf_growing();
	if (call_over(c) || !asker)
		goto out;
	bool waits = !c->reoffer_local || (asker->offers && c->state == CALL_RINGING);
	if (!err && waits)
		err = media_describe(m, asker->side, t->sdp, &asker->origin, NULL, &sdp);
	if (err) {
		/* One side has the new description and the other cannot: the call cannot be what either thinks it is. */
		call_fail(c, 503, 47, media_failure(err));
		goto out;
	}
	call_leg_said(asker, c->offer, true);
	call_leg_said(answerer, t->sdp, false);
	c->reofferer = NULL;
	c->must_follow = false;
	c->renegotiated |= c->state == CALL_RINGING;
	if (!c->reoffer_local)
		reply(asker, 200, NULL, buf_text(&sdp), t->news.native);
	else if (waits && !asker->kind->confirm(asker, buf_text(&sdp)))
		asker->offers = false;
	c->reoffer_local = false;
	if (c->state == CALL_ANSWERING)
		call_answer_followed(c, t->sdp);
	call_conditions_check(c);
out:
	buf_reset(&sdp);
	mem_deref(t);
}

static int join_answer(struct leg *l, const struct leg_news *n)
{
	struct call *c = l->call;
	struct sdp *sdp;
	const char *why = NULL;
	struct call_task *t = NULL;
	int err = call_read_sdp(&sdp, l, n->sdp);
	if (err)
		return err;
	err = sdp_check_answer(c->offer, sdp, &why);
	if (err)
		log_remote(l->object, "answer to the re-offer refused: %s", why);
	if (!err) {
		t = call_task_new(l, n, sdp);
		err = t ? 0 : -ENOMEM;
	}
	if (!err) {
		media_set_party(media_of(c), l->side, &l->party);
		media_set_party(media_of(c), c->reofferer->side, &c->reofferer->party);
		err = media_answer(media_of(c), l->side, sdp, c->state != CALL_RINGING, done_ready, t);
	}
	if (err)
		mem_deref(t);
	mem_deref(sdp);
	return err;
}

void call_on_reoffer_done(struct leg *l, const struct leg_news *n)
{
	struct call *c = mem_ref(l->call);
	if (c && l->joins && l->joins != c) {
		if (n->status >= 200 && n->status < 300)
			call_transfer_answered(l, n);
		else
			call_transfer_lost(l->joins, l, n->status, "it refused the change");
		goto out;
	}
	if (c && c->misled == l) {
		c->misled = NULL;
		if (c->reoffer_waits)
			ask_now(l);
		else if (n->status >= 200 && n->status < 300)
			call_on_refresh(l);
		goto out;
	}
	if (!c || call_over(c) || !c->reofferer || c->reofferer == l)
		goto out;
	if (!c->reoffer_sent) {
		ask_now(l);
		goto out;
	}
	if (c->reofferer->joins == c) {
		call_replace_answered(l, n);
		goto out;
	}
	struct leg *asker = c->reofferer;
	bool accepted = n->status >= 200 && n->status < 300;
	int err = accepted ? join_answer(l, n) : 0;
	if (accepted && !err)
		goto out;
	media_refused(media_of(c));
	if (c->reoffer_local) {
		not_followed(c, n->status);
	} else {
		refuse(asker, accepted ? 500 : outcome_for_caller(n->status, n->cause), accepted ? "unusable answer" : NULL, n->native);
	}
out:
	mem_deref(c);
}

/* --- a sign of life ------------------------------------------------------------------------------------------------- */

/* What was described to it last, as it was: nothing changes, and nobody else is asked (RFC 4028 7.4). */
static int refresh(struct leg *l, const struct shown *who)
{
	struct call *c = l->call;
	struct leg *other = c && c->state == CALL_ACTIVE ? call_peer(c, l) : NULL;
	struct buf sdp = buf_growing();
	if (!other || !other->said)
		return 0;
	if (c->reofferer)
		return -EINPROGRESS;
	int err = media_describe(media_of(c), l->side, other->said, &l->origin, NULL, &sdp);
	if (!err)
		err = l->kind->reoffer(l, &(struct leg_news){.sdp = buf_text(&sdp), .who = who});
	if (err)
		log_debug(l->object, "not refreshed: %s", strerror(-err));
	buf_reset(&sdp);
	return err;
}

void call_on_refresh(struct leg *l)
{
	(void)refresh(l, NULL);
}

/* RFC 4916 with what RFC 3325 asserts: in an exchange that changes nothing else. */
int call_on_named(struct leg *l, const struct shown *who)
{
	struct leg *other = l->call ? call_peer(l->call, l) : NULL;
	return other ? refresh(other, who) : 0;
}

/* --- information ---------------------------------------------------------------------------------------------------- */

bool call_on_info(struct leg *l, const struct leg_news *n)
{
	struct call *c = l->call;
	struct leg *to = c && c->state == CALL_ACTIVE ? call_peer(c, l) : NULL;
	return to && to->kind->info && !to->kind->info(to, n);
}
