// SPDX-License-Identifier: GPL-3.0-or-later
/* Requests inside a dialog (RFC 3261 12.2.2): to the verb that takes them, by one table. */
#include "sip/session_priv.h"
#include "sip/check.h"
#include "base/mem.h"

static void take_options(struct sip_session *ss, struct sip_dialog *d, struct sip_strans *st, const struct sip_msg *req)
{
	struct buf lines = buf_growing();
	session_put_common(&lines, ss, &req->src, SLICE("Accept: application/sdp\r\n"));
	sip_reply(st, 200, NULL, lines.err ? SLICE_NONE : buf_text(&lines), SLICE_NONE, SLICE_NONE);
	buf_reset(&lines);
}

static void refuse_method(struct sip_session *ss, struct sip_dialog *d, struct sip_strans *st, const struct sip_msg *req)
{
	sip_refuse_method(st);
}

static void take_other(struct sip_session *ss, struct sip_dialog *d, struct sip_strans *st, const struct sip_msg *req)
{
	if (ss->state == SESSION_LEAVING)
		sip_reply(st, 481, NULL, SLICE_NONE, SLICE_NONE, SLICE_NONE); /* RFC 5407 3.3.3 */
	else if (ss->h && ss->h->request)
		ss->h->request(ss->arg, st, req);
	else
		refuse_method(ss, d, st, req);
}

static const struct {
	enum sip_method method;
	void (*take)(struct sip_session *ss, struct sip_dialog *d, struct sip_strans *st, const struct sip_msg *req);
} verbs[] = {
	{SIP_INVITE, session_take_invite}, {SIP_BYE, session_take_bye},	  {SIP_UPDATE, session_take_update},
	{SIP_OPTIONS, take_options},	   {SIP_PRACK, session_take_prack},	  {SIP_REGISTER, refuse_method},
};

/* 8.2.2.3 inside a dialog. */
static bool refuse_require(struct sip_strans *st, const struct sip_msg *req)
{
	struct buf lacked = buf_growing();
	bool refuse = sip_check_require(req, st->stack->params.extensions, &lacked);
	if (refuse) {
		sip_counts[SIP_CNT_REFUSED]++;
		sip_reply(st, 420, NULL, lacked.err ? SLICE_NONE : buf_text(&lacked), SLICE_NONE, SLICE_NONE);
	}
	buf_reset(&lacked);
	return refuse;
}

static void take(struct sip_session *ss, struct sip_dialog *d, struct sip_strans *st, const struct sip_msg *req)
{
	for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
		if (verbs[i].method == req->method) {
			verbs[i].take(ss, d, st, req);
			return;
		}
	take_other(ss, d, st, req);
}

bool sip_sessions_have(const struct sip_stack *s, const struct sip_msg *req)
{
	const struct sip_dialog *d = req->to.tag.len ? sip_dialog_find(s, req) : NULL;
	return (d && d->owner) || sip_subscriptions_have(s, req);
}

bool sip_sessions_request(struct sip_stack *s, struct sip_strans *st, const struct sip_msg *req)
{
	struct sip_dialog *d = sip_dialog_find(s, req);
	if (!d || !d->owner)
		return sip_subscriptions_request(s, st, req);
	struct sip_session *ss = mem_ref(d->owner);
	if (req->method == SIP_ACK) {
		session_take_ack(ss, req);
	} else if (!sip_dialog_take_cseq(d, req)) {
		sip_counts[SIP_CNT_CSEQ_ORDER]++;
		sip_reply(st, 500, "CSeq Out of Order", SLICE_NONE, SLICE_NONE, SLICE_NONE);
	} else {
		sip_dialog_heard(d, req);
		if (!refuse_require(st, req))
			take(ss, d, st, req);
	}
	session_changed(ss);
	mem_deref(ss);
	return true;
}
