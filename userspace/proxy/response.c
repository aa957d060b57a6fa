// SPDX-License-Identifier: GPL-3.0-or-later
/* Response processing (RFC 3261 16.7), and the failures that stand for responses: 16.8 and 16.9. */
#include "proxy/private.h"
#include "base/mem.h"
#include <errno.h>

/* --- step 4: adding the response to the context --------------------------------------------------------------------- */

static void gather(struct proxy_context *c, const struct sip_msg *rsp)
{
	static const enum sip_hdr_id ids[] = {SIP_HDR_WWW_AUTHENTICATE, SIP_HDR_PROXY_AUTHENTICATE};
	if (!rsp || (rsp->status != 401 && rsp->status != 407))
		return;
	for (unsigned i = 0; i < 2; i++)
		for (const struct sip_hdr *h = sip_msg_hdr(rsp, ids[i]); h; h = sip_msg_next(rsp, h))
			sip_write_hdr(&c->challenges, ids[i], h->value);
}

static void note(struct proxy_context *c, const struct branch *b, unsigned status, const struct sip_msg *rsp)
{
	if (!best_is_better(status, c->best_status)) {
		gather(c, rsp);
		return;
	}
	gather(c, c->best);
	mem_deref(c->best);
	c->best = mem_ref((void *)(uintptr_t)rsp);
	c->best_status = status;
	if (b) {
		c->outcome.peer = b->hop.peer;
		c->outcome.name = b->name;
		c->outcome.to = slice_copy(b->uri, c->to, sizeof c->to) ? SLICE_NONE : slice_str(c->to);
	}
}

/* --- what goes up ---------------------------------------------------------------------------------------------------- */

static void tell_within(const struct proxy_params *p, const struct sip_msg *m, unsigned status)
{
	if (p->calls.within)
		p->calls.within(p->arg, m, status);
}

/* `rsp` NULL: the answer is ours. */
static void tell(struct proxy_context *c, unsigned status, const struct sip_msg *rsp)
{
	const struct proxy_params *p = &c->proxy->params;
	if (c->told)
		return;
	c->told = true;
	if (c->req->to.tag.len) {
		tell_within(p, rsp ? rsp : c->req, status);
	} else if (c->invite && p->calls.done) {
		c->outcome.req = c->req;
		c->outcome.rsp = status < 300 ? rsp : NULL;
		c->outcome.status = status;
		c->outcome.cancelled = c->cancelled;
		p->calls.done(p->arg, c->call, &c->outcome);
	}
}

/* The request is answered: what is left waits for stragglers, and needs little memory for that. */
static void settle(struct proxy_context *c, unsigned status, const struct sip_msg *rsp)
{
	tell(c, status, rsp);
	c->closed = true;
	c->best = mem_deref(c->best);
	buf_reset(&c->challenges);
	if (!sip_strans_final(c->st))
		return;
	c->req = NULL;
	sip_strans_forget_request(c->st);
}

/* Without memory to keep it, it is sent once and forgotten: a transaction must not stay for ever. */
void response_reply(struct sip_strans *st, unsigned status, struct slice extra)
{
	if (sip_reply(st, status, NULL, extra, SLICE_NONE, SLICE_NONE) == -ENOMEM)
		sip_reply_once(st, status, NULL, SLICE_NONE);
}

static void send_up(struct proxy_context *c, const struct sip_msg *rsp, struct slice extra)
{
	if (!sip_forward_response(c->st, rsp, extra))
		proxy_counts[PROXY_CNT_RESPONSE]++;
}

/* RFC 4320 4.2: nobody is told 408 of a request that was no INVITE: its sender has given up by then, and another 408 does harm. */
static bool is_pointless(const struct proxy_context *c, unsigned status)
{
	return status == 408 && !c->invite;
}

void response_finish(struct proxy_context *c)
{
	unsigned status = c->best_status ? best_as_sent(c->best_status) : c->cancelled ? 487 : 480;
	if (c->cancelled && c->best_status == 408)
		status = 487;
	if (is_pointless(c, status))
		tell(c, status, NULL);
	if (sip_strans_final(c->st) || is_pointless(c, status))
		return;
	bool theirs = c->best && c->best->status == status;
	if (theirs)
		send_up(c, c->best, status == 401 || status == 407 ? buf_text(&c->challenges) : SLICE_NONE);
	else
		response_reply(c->st, status, SLICE_NONE);
	settle(c, status, theirs ? c->best : NULL);
}

/* Nothing was forwarded. */
void response_refuse(struct proxy_context *c, unsigned status)
{
	response_reply(c->st, status, SLICE_NONE);
	tell(c, status, NULL);
}

/* Usually somebody has answered; memory may have been out when it was to be passed on. */
void response_give_up(struct proxy_context *c)
{
	sip_strans_on_cancel(c->st, NULL, NULL);
	if (!c->invite || sip_strans_final(c->st))
		return;
	sip_reply_once(c->st, 500, NULL, SLICE_NONE);
	tell(c, 500, NULL);
}

void response_own(struct proxy_context *c, unsigned status)
{
	note(c, NULL, status, NULL);
}

/* --- what comes ------------------------------------------------------------------------------------------------------ */

/* 100 is for us alone (step 5). */
static void take_provisional(struct branch *b, const struct sip_msg *rsp)
{
	struct proxy_context *c = b->c;
	timer_stop(&b->timer_first);
	if (b->state == BRANCH_DONE) /* it was too late */
		return;
	b->state = BRANCH_PROCEEDING;
	if (rsp->status == 100)
		return;
	if (c->invite)
		timer_c_start(b);
	if (!c->outcome.rang)
		c->outcome.rang = clock_utc_ms();
	if (!c->closed)
		send_up(c, rsp, SLICE_NONE);
}

/* Every 2xx to an INVITE goes up, each makes a dialog (step 5, RFC 6026 7.1); the branches that still run are cancelled (step 10). */
static void take_2xx(struct branch *b, const struct sip_msg *rsp)
{
	struct proxy_context *c = b->c;
	bool first = !sip_strans_final(c->st);
	send_up(c, rsp, SLICE_NONE);
	forward_instance(b, false);
	if (!first) {
		if (c->invite)
			tell_within(&c->proxy->params, rsp, rsp->status);
		return;
	}
	note(c, b, rsp->status, NULL);
	c->outcome.answered = clock_utc_ms();
	settle(c, rsp->status, rsp);
	cancel_branches(c, SLICE_NONE);
}

/* Whether those who wait are to be tried still: a list of somebody's own may say for which outcomes. */
static bool goes_on(struct branch *b, unsigned status, const struct sip_msg *rsp)
{
	const struct proxy_params *p = &b->c->proxy->params;
	const struct proxy_target t = targets_of(b);
	return !b->c->call || !p->calls.failed || p->calls.failed(p->arg, b->c->call, &t, status, rsp);
}

static void take_refusal(struct branch *b, unsigned status, const struct sip_msg *rsp)
{
	struct proxy_context *c = b->c;
	/* What we have cancelled because it took too long has not answered (16.8). */
	bool late = b->gave_up && status == 487;
	status = late ? 408 : status;
	bool last = !goes_on(b, status, rsp);
	rsp = late ? NULL : rsp;
	bool tried = rsp && status < 400 && !c->closed && recurse_take(c, rsp);
	if (!tried)
		note(c, b, status, rsp);
	forward_instance(b, status == 408 || status == 430 || !rsp);
	/* 6xx: nobody else is to be tried (step 5). */
	if (status >= 600 && !c->closed)
		cancel_branches(c, SLICE_NONE);
	c->closed |= (last && !tried) || status >= 600;
	forward_next(c);
}

static void take_final(struct branch *b, unsigned status, const struct sip_msg *rsp)
{
	bool again = b->state == BRANCH_DONE;
	b->state = BRANCH_DONE;
	timer_stop(&b->timer_c);
	timer_stop(&b->timer_first);
	if (status < 300)
		take_2xx(b, rsp);
	else if (!again)
		take_refusal(b, status, rsp);
}

void response_silent(struct branch *b)
{
	struct proxy_context *c = mem_ref(b->c);
	take_final(b, 408, NULL);
	mem_deref(c);
}

void response_take(void *arg, int err, const struct sip_msg *rsp)
{
	struct branch *b = arg;
	struct proxy_context *c = mem_ref(b->c);
	locate_answered(b, err, rsp);
	if (err ? locate_try_next(b, err == -ETIMEDOUT ? "no answer" : "not reached") : rsp->status == 503 && locate_try_next(b, "503"))
		;
	else if (err)
		take_final(b, err == -ETIMEDOUT ? 408 : b->instance.len ? 430 : 503, NULL);
	else if (rsp->status < 200)
		take_provisional(b, rsp);
	else
		take_final(b, rsp->status, rsp);
	mem_deref(c);
}
