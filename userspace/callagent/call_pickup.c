// SPDX-License-Identifier: GPL-3.0-or-later
/* Somebody answers a call that rings another, by taking that one's place (Replaces of an early dialog, RFC 3891 3). Both have offered: each one's
 * description is the other's answer. */
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

static int join(struct call_task *t)
{
	struct leg *l = t->leg;
	call_won(l);
	media_set_party(l->media, SIDE_B, &l->party);
	return media_answer(l->media, SIDE_B, t->sdp, true, joined, t);
}

static void ports_ready(void *arg, struct media *m, int err, unsigned code)
{
	struct call_task *t = arg;
	struct call *c = t->call;
	struct leg *l = t->leg;
	if (l->state >= LEG_CLOSING)
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

/* What `l` says as an answer to the caller, if they have anything in common. */
static unsigned read_answer(const struct call *c, struct leg *l, const struct leg_news *n, struct sdp **said, struct sdp **answer)
{
	const char *why;
	if (!c->offer || slice_empty(n->sdp) || call_read_sdp(said, l, n->sdp) || sdp_check_answer(c->offer, *said, &why))
		return 488;
	if (sdp_common(answer, *said, c->offer))
		return 500;
	return call_carries_any(*answer) ? 0 : 488;
}

unsigned call_pick_up(struct leg *theirs, struct leg *l, const struct leg_news *n)
{
	struct call *c = theirs->call;
	struct sdp *said = NULL, *answer = NULL;
	unsigned status = may_pick_up(c, theirs);
	if (!status)
		status = read_answer(c, l, n, &said, &answer);
	if (!status) {
		l->side = SIDE_B;
		leg_state(l, LEG_OFFERED, "asks for the place of another");
		status = call_add_leg(c, l) ? 503 : 0;
	}
	if (!status) {
		call_leg_said(l, said, true);
		struct call_task *t = call_task_new(l, &(struct leg_news){.status = 200}, answer);
		if (!t || media_offer(l->media, SIDE_A, c->offer, ports_ready, t)) {
			mem_deref(t);
			call_release_leg(l, &(struct leg_news){.status = 503, .words = "no media"});
		}
	}
	mem_deref(said);
	mem_deref(answer);
	return status;
}
