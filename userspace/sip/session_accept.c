// SPDX-License-Identifier: GPL-3.0-or-later
/* The incoming INVITE (RFC 3261 13.3) and the retransmission of every 2xx of ours until its ACK (13.3.1.4). */
#include "sip/session_priv.h"
#include "base/mem.h"
#include "sip/mime.h"
#include <errno.h>

static void on_cancel(void *arg, const struct sip_msg *cancel)
{
	struct sip_session *ss = mem_ref(arg);
	sip_reply(ss->uas, 487, NULL, SLICE_NONE, SLICE_NONE, SLICE_NONE);
	session_close(ss, 487, cancel);
	mem_deref(ss);
}

int sip_session_accept(struct sip_session **ret, struct sip_strans *st, struct slice contact_user,
		       const struct sip_session_handlers *h, void *arg)
{
	const struct sip_msg *req = sip_strans_request(st);
	struct sip_session *ss;
	if (!st->stack)
		return -ESHUTDOWN;
	if (req->method != SIP_INVITE || sip_strans_final(st))
		return -EINVAL;
	int err = session_new(&ss, st->stack, st->place, h, arg);
	if (err)
		return err;
	ss->state = SESSION_RINGING;
	ss->invite_had_offer = sip_body_find(sip_msg_value(req, SIP_HDR_CONTENT_TYPE), req->body, SLICE("application/sdp")).len > 0;
	ss->peer = req->src;
	if (contact_user.len) {
		ss->store = slice_dup(contact_user);
		ss->contact_user = slice_of(ss->store, contact_user.len);
	}
	if (contact_user.len && !ss->store)
		err = -ENOMEM;
	ss->invite_cseq = req->cseq.number;
	ss->secure = req->ruri.scheme == SIP_SCHEME_SIPS;
	session_note_allow(ss, req);
	if (!err)
		err = session_reliable_start(ss, req);
	if (!err && session_timer_refuse(ss, st, req))
		err = -EALREADY;
	if (!err)
		err = sip_dialog_uas(&ss->dialog, st->place, ss, req, sip_strans_tag(st));
	if (err) {
		mem_deref(ss);
		if (err == -EBADMSG)
			sip_reply(st, 400, "Bad Contact or Record-Route", SLICE_NONE, SLICE_NONE, SLICE_NONE);
		return err;
	}
	ss->uas = mem_ref(st);
	sip_strans_on_cancel(st, on_cancel, ss);
	*ret = ss;
	return 0;
}

static bool is_same_call(const struct sip_identity *a, const struct sip_identity *b)
{
	return slice_eq(a->call_id, b->call_id) && slice_eq(a->from_tag, b->from_tag) && !a->to_tag.len && !b->to_tag.len;
}

void *sip_session_earlier(const struct sip_strans *st, const struct sip_session_handlers *h)
{
	const struct sip_strans *o;
	if (!st->stack)
		return NULL;
	hash_foreach_match(o, &st->stack->merged, slice_hash(st->id.call_id, false), by_call) {
		const struct sip_session *ss = o != st && o->cancel_fn == on_cancel ? o->cancel_arg : NULL;
		if (ss && ss->h == h && ss->state == SESSION_RINGING && !timer_running(&ss->end) && is_same_call(&o->id, &st->id))
			return ss->arg;
	}
	return NULL;
}

/* 13.3.1.1: again each minute, so that no proxy gives up. */
static void on_progress_timer(void *arg)
{
	struct sip_session *ss = arg;
	sip_strans_resend(ss->uas);
	timer_start(&ss->ring, session_ms(ss, SIP_TIMER_PROGRESS), on_progress_timer, ss);
}

int session_reply_invite(struct sip_session *ss, unsigned status, const char *reason, struct slice headers, struct slice sdp)
{
	struct sip_strans *st = ss->uas;
	struct buf lines = buf_growing();
	session_put_common(&lines, ss, &sip_strans_request(st)->src, headers);
	if (status >= 200)
		session_timer_grant(&lines, ss, sip_strans_request(st));
	int err = lines.err;
	if (!err)
		err = sip_reply(st, status, reason, buf_text(&lines), session_body_type(headers, sdp), sdp);
	buf_reset(&lines);
	return err;
}

int sip_session_progress(struct sip_session *ss, unsigned status, const char *reason, struct slice headers, struct slice sdp)
{
	if (status < 101 || status > 199)
		return -EINVAL;
	if (ss->state != SESSION_RINGING || timer_running(&ss->end))
		return -ENOTCONN;
	int err = session_reliable_progress(ss, status, headers, sdp);
	if (err != -EAGAIN)
		return err;
	err = session_reply_invite(ss, status, reason, headers, sdp);
	if (!err)
		timer_start(&ss->ring, session_ms(ss, SIP_TIMER_PROGRESS), on_progress_timer, ss);
	return err;
}

/* --- a 2xx until its ACK ------------------------------------------------------------------------------------------------ */

static void on_resend_2xx(void *arg)
{
	struct sip_session *ss = arg;
	sip_strans_resend(ss->uas);
	ss->interval_2xx = sip_timer_next(&ss->stack->params.timers, ss->interval_2xx);
	timer_start(&ss->resend_2xx, ss->interval_2xx, on_resend_2xx, ss);
}

static void forget_2xx(struct sip_session *ss)
{
	timer_stop(&ss->resend_2xx);
	timer_stop(&ss->no_ack);
	sip_strans_settled(ss->uas);
	ss->uas = mem_deref(ss->uas);
}

/* "The session SHOULD be terminated" (13.3.1.4), and the peer told so. */
static void on_no_ack(void *arg)
{
	struct sip_session *ss = mem_ref(arg);
	bool leaving = ss->state == SESSION_LEAVING;
	sip_counts[SIP_CNT_ACK_LOST]++;
	forget_2xx(ss);
	if (!leaving) {
		ss->end_status = 408;
		session_state(ss, SESSION_LEAVING, "no ACK");
	}
	session_send_bye(ss);
	mem_deref(ss);
}

/* Takes over the caller's reference to `st`. */
void session_sent_2xx(struct sip_session *ss, struct sip_strans *st)
{
	ss->uas = st;
	ss->uas_cseq = sip_strans_request(st)->cseq.number;
	ss->interval_2xx = session_ms(ss, SIP_TIMER_2XX);
	timer_start(&ss->resend_2xx, ss->interval_2xx, on_resend_2xx, ss);
	timer_start(&ss->no_ack, session_ms(ss, SIP_TIMER_2XX_END), on_no_ack, ss);
	session_changed(ss);
}

void session_resume_uas(struct sip_session *ss, struct sip_strans *st)
{
	if (sip_strans_final(st)) {
		session_sent_2xx(ss, st);
	} else if (ss->state == SESSION_RINGING) {
		ss->uas = st;
		sip_strans_on_cancel(st, on_cancel, ss);
	} else {
		/* What it asked for began in the process that is gone. */
		sip_replyf(st, 500, NULL, "Retry-After: 1\r\n");
		mem_deref(st);
	}
}

void session_take_ack(struct sip_session *ss, const struct sip_msg *ack)
{
	if (!ss->uas || !timer_running(&ss->no_ack) || ack->cseq.number != ss->uas_cseq)
		return;
	forget_2xx(ss);
	if (ss->state == SESSION_LEAVING) {
		session_send_bye(ss);
		return;
	}
	if (ss->state == SESSION_ACK_WAIT)
		session_state(ss, SESSION_UP, "ACK");
	if (ss->h && ss->h->acked)
		ss->h->acked(ss->arg, ack);
}

int sip_session_answer(struct sip_session *ss, struct slice headers, struct slice sdp)
{
	if (ss->state != SESSION_RINGING || timer_running(&ss->end))
		return -ENOTCONN;
	int err = session_reliable_answer(ss, headers, sdp);
	if (err != -EAGAIN)
		return err;
	err = session_reply_invite(ss, 200, NULL, headers, sdp);
	if (err)
		return err;
	timer_stop(&ss->ring);
	sip_strans_on_cancel(ss->uas, NULL, NULL);
	session_state(ss, SESSION_ACK_WAIT, "answer");
	session_sent_2xx(ss, ss->uas);
	return 0;
}

