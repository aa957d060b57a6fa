// SPDX-License-Identifier: GPL-3.0-or-later
/* What a caller hears before the answer, and what is agreed on with it: early media; the offer of a called party where the caller made none
 * (RFC 3262 5). Once the caller's first offer and answer are complete, whatever else it has to be told is a new offer (RFC 6337 2.2). */
#include "callagent/call.h"
#include "callagent/call_priv.h"

/* Offered to a caller that made no offer and takes nothing before it has one: what everybody can, until the called party says what it can. */
static const struct slice stand_in = SLICE("v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\nm=audio 9 RTP/AVP 0 8 9 101\r\n"
				      "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n");

bool call_is_news(const struct call *c, const struct media *m, const struct sdp *from)
{
	struct sdp_origin as = c->a->origin;
	struct buf sdp = buf_growing();
	bool news = c->a->agreed && !media_describe(m, SIDE_A, from, &as, NULL, &sdp) && as.version != c->a->origin.version;
	buf_reset(&sdp);
	return news;
}

/* --- what the caller is told ---------------------------------------------------------------------------------------- */

static void offer_stand_in(struct leg *l, const struct leg_news *n);

void call_tell(struct leg *l, const struct leg_news *n, struct slice sdp)
{
	struct call *c = l->call;
	struct leg_news news = *n;
	if (c->state != CALL_RINGING)
		return;
	news.sdp = sdp;
	c->offered |= !c->offer && sdp.len;
	call_record_progress(c);
	c->told = n->status;
	if (c->a->state == LEG_OFFERED && n->status == 180)
		leg_state(c->a, LEG_ALERTING, "told that it rings");
	int err = c->a->kind->progress(c->a, &news);
	if (err == -ENODATA)
		offer_stand_in(l, n);
	else if (err)
		log_warn(c->a->object, "progress %u not told: %s", n->status, strerror(-err));
	call_transfer_rings(c);
}

static void tell_described(struct leg *l, const struct leg_news *n, const struct sdp *from)
{
	struct buf sdp = buf_growing();
	bool described = !media_describe(l->media, SIDE_A, from, &l->call->a->origin, NULL, &sdp);
	call_tell(l, n, described ? buf_text(&sdp) : SLICE_NONE);
	buf_reset(&sdp);
}

void call_tell_again(struct call *c)
{
	const struct leg_news n = {.status = c->told};
	if (c->told && c->early && c->early->said)
		tell_described(c->early, &n, c->early->said);
	else if (c->told)
		call_tell(c->a, &n, SLICE_NONE);
}

/* --- early media ------------------------------------------------------------------------------------------------------ */

static void early_ready(void *arg, struct media *m, int err, unsigned code)
{
	struct call_task *t = arg;
	struct leg *l = t->leg;
	if (err || t->call->state != CALL_RINGING || t->call->early != l)
		goto out;
	if (call_is_news(t->call, m, t->sdp)) {
		call_reoffer_caller(l, t->sdp);
		call_tell(l, &t->news, SLICE_NONE);
	} else {
		tell_described(l, &t->news, t->sdp);
	}
out:
	mem_deref(t);
}

/* One party is heard at a time, the first to speak. Another early dialog of the same leg takes over, as a
 * sequential search further on makes them one after the other. */
static bool start_early(struct leg *l, const struct leg_news *n)
{
	struct call *c = l->call;
	struct leg *before = c->early;
	struct sdp *sdp;
	const char *why;
	if (!c->offer || slice_empty(n->sdp) || c->renegotiated || c->reofferer || (c->early && c->early != l))
		return false;
	if (call_read_sdp(&sdp, l, n->sdp))
		return false;
	struct call_task *t = NULL;
	int err = sdp_check_answer(c->offer, sdp, &why);
	if (!err) {
		t = call_task_new(l, n, sdp);
		err = t ? 0 : -ENOMEM;
	}
	if (!err) {
		c->early = l;
		media_set_party(l->media, SIDE_B, &l->party);
		call_leg_said(l, sdp, false);
		err = media_answer(l->media, SIDE_B, sdp, false, early_ready, t);
	}
	if (err) {
		c->early = before;
		mem_deref(t);
		log_remote(l->object, "early media not joined: %s", err == -EBADMSG ? why : strerror(-err));
	}
	mem_deref(sdp);
	return !err;
}

/* Nobody is heard any more: what the caller has said stands as its offer to whoever else answers. */
void call_early_lost(struct call *c)
{
	struct leg *l = c->early;
	c->early = NULL;
	if (!c->a->said || (!c->a->agreed && !c->renegotiated))
		return;
	c->renegotiated = false;
	call_leg_said(c->a, c->a->said, true);
	mem_ref(c->a->said);
	mem_deref(c->offer);
	c->offer = c->a->said;
	media_resume_offer(l->media, SIDE_A, c->offer);
}

/* --- the caller has made no offer ---------------------------------------------------------------------------------------- */

/* Asks the media for what is offered to the caller in a provisional response. */
static int offer_media(struct leg *l, const struct leg_news *n, struct sdp *sdp, media_done_fn fn)
{
	struct call_task *t = call_task_new(l, n, sdp);
	int err = t ? media_offer(l->media, SIDE_B, sdp, fn, t) : -ENOMEM;
	if (err)
		mem_deref(t);
	return err;
}

static void stand_in_ready(void *arg, struct media *m, int err, unsigned code)
{
	struct call_task *t = arg;
	struct leg_news n = t->news;
	n.status = t->call->told;
	/* Nothing flows before there is somebody; but then both ways. */
	t->sdp->media[0].hold_zero = false;
	t->sdp->media[0].dir = SDP_SENDRECV;
	if (!err)
		tell_described(t->leg, &n, t->sdp);
	mem_deref(t);
}

static void offer_stand_in(struct leg *l, const struct leg_news *n)
{
	struct sdp *sdp = NULL;
	if (l->call->standing_in)
		return;
	l->call->standing_in = true;
	int err = call_read_sdp(&sdp, l->call->a, stand_in);
	if (!err)
		err = offer_media(l, n, sdp, stand_in_ready);
	if (err)
		log_warn(l->object, "the caller has no offer to answer: %s", strerror(-err));
	mem_deref(sdp);
}

static void offered_ready(void *arg, struct media *m, int err, unsigned code)
{
	struct call_task *t = arg;
	if (!err && t->call->early == t->leg)
		tell_described(t->leg, &t->news, t->sdp);
	mem_deref(t);
}

/* The called party's offer, in a reliable response. The caller's answer to it comes as call_on_agreed(), or when it has agreed on something else
 * before, as the answer to an offer in its turn. */
static void take_offer(struct leg *l, const struct leg_news *n)
{
	struct call *c = l->call;
	struct sdp *sdp = NULL;
	int err = c->early || c->reofferer ? -EINPROGRESS : call_read_sdp(&sdp, l, n->sdp);
	if (!err) {
		c->early = l;
		media_set_party(l->media, SIDE_B, &l->party);
		call_leg_said(l, sdp, true);
		if (c->a->agreed)
			call_reoffer_caller(l, sdp);
		else if (!c->standing_in)
			err = offer_media(l, n, sdp, offered_ready);
	}
	if (err)
		log_info(l->object, "its offer is not taken: %s", strerror(-err));
	if (err || c->a->agreed || c->standing_in)
		call_tell(l, n, SLICE_NONE);
	mem_deref(sdp);
}

static void confirm_ready(void *arg, struct media *m, int err, unsigned code)
{
	struct call_task *t = arg;
	struct leg *l = t->call->early;
	struct buf sdp = buf_growing();
	if (err || t->call->state != CALL_RINGING || !l || !l->offers)
		goto out;
	err = media_describe(m, SIDE_B, t->sdp, &l->origin, NULL, &sdp);
	if (!err) {
		l->offers = false;
		err = l->kind->confirm(l, buf_text(&sdp));
	}
	if (err)
		log_warn(l->object, "its offer is not answered: %s", strerror(-err));
out:
	buf_reset(&sdp);
	mem_deref(t);
}

/* The caller's answer to what the called party has offered. */
static int confirm_early(struct leg *l, const struct leg_news *n, struct sdp *sdp, const char **why)
{
	struct call *c = l->call;
	int err = sdp_check_answer(c->early->said, sdp, why);
	struct call_task *t = err ? NULL : call_task_new(l, n, sdp);
	if (!err)
		err = t ? media_answer(c->early->media, SIDE_A, sdp, false, confirm_ready, t) : -ENOMEM;
	if (err) {
		mem_deref(t);
		return err;
	}
	mem_ref(c->early->said);
	mem_deref(c->offer);
	c->offer = c->early->said;
	c->renegotiated = true;
	return 0;
}

/* --- what comes ----------------------------------------------------------------------------------------------------------- */

void call_on_agreed(struct leg *l, const struct leg_news *n)
{
	struct call *c = mem_ref(l->call);
	struct sdp *sdp = NULL;
	const char *why = "no answer to the called party's offer";
	if (!c)
		return;
	l->agreed = true;
	if (call_over(c) || !c->offered || c->offer)
		goto out;
	int err = call_read_sdp(&sdp, l, n->sdp);
	if (!err) {
		call_leg_said(l, sdp, false);
		if (c->answer)
			call_reoffer_follow(c->answer->leg, c->answer->sdp);
		else if (c->early && c->early->offers && c->standing_in)
			call_reoffer_caller(c->early, c->early->said);
		else if (c->early && c->early->offers)
			err = confirm_early(l, n, sdp, &why);
	}
	if (err)
		call_fail(c, err == -ENOMEM ? 500 : 488, 0, why);
out:
	mem_deref(sdp);
	mem_deref(c);
}

void call_on_progress(struct leg *l, const struct leg_news *n)
{
	struct call *c = mem_ref(l->call);
	if (c && l->joins == c && !call_over(c)) {
		call_transfer_progress(l, n);
	} else if (c && c->state == CALL_RINGING && l != c->a) {
		call_on_heard(l);
		if (n->status == 180 && l->state == LEG_OFFERED)
			leg_state(l, LEG_ALERTING, "rings");
		if (n->offers)
			take_offer(l, n);
		else if (!start_early(l, n) && n->status != c->told)
			call_tell(l, n, SLICE_NONE);
	}
	mem_deref(c);
}
