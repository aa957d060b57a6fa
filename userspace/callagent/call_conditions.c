// SPDX-License-Identifier: GPL-3.0-or-later
/* Preconditions (RFC 3312, RFC 4032). Parties that know them agree on them end to end. For a called party that does not, this side stands in: what is
 * between it and the caller's own part is always reserved, so that it is called, without them, once the caller's part is. */
#include "callagent/call_priv.h"

/* The answer to the caller's offer `sdp` as long as nobody else has one: all of it, and how it stands with its preconditions. */
static int describe_answer(struct call *c, const struct media *m, const struct sdp *sdp, struct buf *out)
{
	enum sdp_dir dirs[SDP_MAX_MEDIA];
	struct buf text = buf_growing();
	struct sdp *answer = NULL;
	const char *why;
	for (unsigned i = 0; i < sdp->n_media; i++)
		dirs[i] = sdp_dir_reverse(sdp->media[i].dir);
	int err = sdp_answer_conditions(&text, sdp, sdp) ?: sdp_parse(&answer, buf_text(&text), &why);
	if (!err)
		err = media_describe(m, SIDE_A, answer, &c->a->origin, dirs, out);
	mem_deref(answer);
	buf_reset(&text);
	return err;
}

static bool waits(const struct call *c)
{
	return sdp_conditions(c->a->said) == SDP_CONDITIONS_WAIT;
}

void call_conditions_check(struct call *c)
{
	struct leg *l;
	if (c->state != CALL_RINGING || !c->a->said || waits(c))
		return;
	mem_ref(c);
	list_foreach(l, &c->legs, link)
		if (l->held && l->state == LEG_NEW && !call_over(c)) {
			l->held = false;
			call_offer_leg(l);
		}
	mem_deref(c);
}

/* The caller is told how it stands, unless a party that knows preconditions does that. */
static void stand_in(struct leg *l)
{
	struct call *c = l->call;
	struct buf sdp = buf_growing();
	if (!c->early && !c->standing_in && !describe_answer(c, l->media, c->offer, &sdp)) {
		c->standing_in = true;
		call_tell(l, &(struct leg_news){.status = 183}, buf_text(&sdp));
	}
	buf_reset(&sdp);
}

bool call_on_unconditional(struct leg *l)
{
	struct call *c = l->call;
	if (!c || c->state != CALL_RINGING || !c->offer || l->joins || sdp_conditions(c->a->said) == SDP_CONDITIONS_UNKNOWN)
		return false;
	timer_stop(&l->patience);
	l->origin.conditions = false;
	l->unconditional = l->held = true;
	leg_state(l, LEG_NEW, "knows no preconditions");
	if (waits(c))
		stand_in(l);
	call_conditions_check(c);
	return true;
}

int call_conditions_add(const struct leg *l, struct sdp **sdp)
{
	struct buf text = buf_growing();
	struct sdp *with = NULL;
	const char *why;
	int err = sdp_answer_conditions(&text, *sdp, l->call->a->said) ?: sdp_parse(&with, buf_text(&text), &why);
	buf_reset(&text);
	if (err)
		return err;
	mem_deref(*sdp);
	*sdp = with;
	return 0;
}

/* --- the caller's part has changed ------------------------------------------------------------------------------------ */

static struct leg *held_leg(const struct call *c)
{
	struct leg *l;
	list_foreach(l, &c->legs, link)
		if (l->held && l->state == LEG_NEW)
			return l;
	return NULL;
}

bool call_conditions_stand_in(const struct call *c)
{
	return c->state == CALL_RINGING && !c->early && c->standing_in && held_leg(c);
}

static void ready(void *arg, struct media *m, int err, unsigned code)
{
	struct call_task *t = arg;
	struct call *c = t->call;
	struct buf sdp = buf_growing();
	if (c->state != CALL_RINGING || c->reofferer != c->a)
		goto out;
	c->reofferer = NULL;
	if (!err)
		err = describe_answer(c, m, t->sdp, &sdp);
	if (!err)
		call_leg_said(c->a, t->sdp, true);
	err = c->a->kind->reoffer_reply(c->a, &(struct leg_news){.status = err ? 503 : 200, .sdp = buf_text(&sdp)});
	if (err)
		log_warn(c->a->object, "re-offer not answered: %s", strerror(-err));
	call_conditions_check(c);
out:
	buf_reset(&sdp);
	mem_deref(t);
}

int call_conditions_reoffered(struct leg *l, const struct leg_news *n, struct sdp *sdp)
{
	struct call *c = l->call;
	struct call_task *t = call_task_new(l, n, sdp);
	if (!t)
		return -ENOMEM;
	call_reoffer_begin(c, l);
	mem_ref(sdp);
	mem_deref(c->offer);
	c->offer = sdp;
	int err = media_offer(held_leg(c)->media, SIDE_A, sdp, ready, t);
	if (err) {
		c->reofferer = NULL;
		mem_deref(t);
	}
	return err;
}
