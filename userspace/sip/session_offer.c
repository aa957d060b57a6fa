// SPDX-License-Identifier: GPL-3.0-or-later
/* Offers within a session: re-INVITE both ways with glare (RFC 3261 14), UPDATE from the peer (RFC 3311). RFC 3264 4: while one
 * offer is open there is no other. */
#include "sip/session_priv.h"
#include "base/mem.h"
#include <errno.h>

/* --- ours --------------------------------------------------------------------------------------------------------------- */

static void on_response(void *arg, int err, const struct sip_msg *rsp);
static void on_retry(void *arg);

void session_offer_drop(struct sip_session *ss)
{
	ss->offering = false;
	timer_stop(&ss->offer_retry);
	mem_free(ss->offer_store);
	ss->offer_store = NULL;
	ss->offer_headers = ss->offer_sdp = SLICE_NONE;
}

static int send_reinvite(struct sip_session *ss)
{
	struct buf lines = buf_growing();
	session_put_common(&lines, ss, &ss->dialog->hop, ss->offer_headers);
	session_timer_ask(&lines, ss);
	buf_slice(&lines, buf_text(&ss->auth.lines));
	int err = lines.err;
	if (!err)
		err = sip_dialog_send(ss->dialog,
				      &(struct sip_dialog_request){.method = SIP_INVITE, .headers = buf_text(&lines),
								   .body_type = session_body_type(ss->offer_headers, ss->offer_sdp), .body = ss->offer_sdp},
				      &ss->invite, on_response, ss);
	buf_reset(&lines);
	return err;
}

void session_offer_done(struct sip_session *ss, unsigned status, const struct sip_msg *msg)
{
	bool asked = ss->offering;
	session_offer_drop(ss);
	if (asked && ss->h && ss->h->offer_done)
		ss->h->offer_done(ss->arg, status, msg);
}

static void lost(struct sip_session *ss, unsigned status, const struct sip_msg *msg)
{
	session_offer_done(ss, status, msg);
	session_lost(ss, status);
}

/* 14.1: the side that made the Call-ID waits 2.1 to 4 s, the other 0 to 2 s, in steps of 10 ms. */
void session_offer_glare(struct sip_session *ss)
{
	uint32_t ms = ss->outgoing ? 2100 + 10 * sip_random(ss->stack, 191) : 10 * sip_random(ss->stack, 201);
	sip_counts[SIP_CNT_GLARE]++;
	if (ss->state == SESSION_UP)
		session_drop_ctrans(&ss->invite);
	timer_start(&ss->offer_retry, ms, on_retry, ss);
}

static void accepted(struct sip_session *ss, const struct sip_msg *rsp)
{
	if (ss->ack_due)
		return; /* a retransmission, while the user owes the answer */
	sip_dialog_refresh(ss->dialog, rsp);
	session_timer_granted(ss, rsp);
	ss->ack_cseq = rsp->cseq.number;
	ss->ack_due = ss->offering && !ss->offer_sdp.len;
	if (!ss->ack_due)
		sip_dialog_ack(ss->dialog, ss->invite, ss->ack_cseq, buf_text(&ss->auth.lines), SLICE_NONE, SLICE_NONE);
	session_offer_done(ss, rsp->status, rsp);
}

static bool sent_again(struct sip_session *ss, const struct sip_msg *rsp)
{
	if (!session_authorize(ss, &ss->auth, rsp, SIP_INVITE, slice_str(ss->dialog->target)) && !session_timer_too_short(ss, rsp))
		return false;
	session_drop_ctrans(&ss->invite);
	return !send_reinvite(ss);
}

static void on_never_answered(void *arg)
{
	struct sip_session *ss = arg;
	if (ss->invite)
		sip_cancel(ss->invite, SLICE_NONE);
}

/* A provisional answer has stopped Timer B: Timer C is what still ends it (16.6 step 11, 16.7 step 2). */
static void take_provisional(struct sip_session *ss, unsigned status)
{
	if (status > 100 || !timer_running(&ss->ring))
		timer_start(&ss->ring, session_ms(ss, SIP_TIMER_C), on_never_answered, ss);
}

static void on_response(void *arg, int err, const struct sip_msg *rsp)
{
	struct sip_session *ss = mem_ref(arg);
	unsigned status = rsp ? rsp->status : err == -ETIMEDOUT ? 408 : 503;
	if (!rsp || status >= 200)
		timer_stop(&ss->ring);
	if (!rsp)
		lost(ss, status, NULL);
	else if (status < 200)
		take_provisional(ss, status);
	else if (status < 300)
		accepted(ss, rsp);
	else if (status == 491 && ss->state == SESSION_UP)
		session_offer_glare(ss);
	else if (status == 481 || status == 408)
		lost(ss, status, rsp);
	else if (ss->state != SESSION_UP || !sent_again(ss, rsp))
		session_offer_done(ss, status, rsp);
	session_changed(ss);
	mem_deref(ss);
}

/* Whether an INVITE transaction of ours is under way: 14.1 allows one at a time. */
static bool inviting(const struct sip_session *ss)
{
	return ss->ack_due || (ss->invite && ss->invite->state < CTRANS_COMPLETED);
}

static void on_retry(void *arg)
{
	struct sip_session *ss = mem_ref(arg);
	if (ss->early_uas || (ss->uas && ss->state == SESSION_UP))
		session_offer_glare(ss); /* theirs is being answered: ours waits again */
	else if (ss->state == SESSION_UP ? send_reinvite(ss) : session_update_send(ss))
		session_offer_done(ss, 503, NULL);
	mem_deref(ss);
}

int sip_session_offer(struct sip_session *ss, struct slice headers, struct slice sdp)
{
	if (ss->state == SESSION_ACK_WAIT || ss->state == SESSION_ACK_DUE)
		return -EINPROGRESS;
	if (ss->state > SESSION_UP)
		return -ENOTCONN;
	bool up = ss->state == SESSION_UP;
	if (ss->offering || ss->early_uas || (up && (ss->uas || inviting(ss))))
		return -EINPROGRESS;
	ss->offer_store = mem_raw(headers.len + sdp.len);
	if (!ss->offer_store)
		return -ENOMEM;
	struct buf b = buf_fixed(ss->offer_store, headers.len + sdp.len);
	ss->offer_headers = buf_keep(&b, headers);
	ss->offer_sdp = buf_keep(&b, sdp);
	ss->offering = true;
	if (up)
		session_drop_ctrans(&ss->invite);
	session_auth_reset(up ? &ss->auth : &ss->update_auth);
	int err = up ? send_reinvite(ss) : session_update_send(ss);
	if (err)
		session_offer_drop(ss);
	return err;
}

bool sip_session_withdraw(struct sip_session *ss)
{
	if (ss->offering && timer_running(&ss->offer_retry)) {
		session_offer_drop(ss);
		return true;
	}
	if (ss->offering && ss->state == SESSION_UP && ss->invite)
		sip_cancel(ss->invite, SLICE_NONE);
	return false;
}

/* --- theirs --------------------------------------------------------------------------------------------------------------- */

static void refuse(struct sip_strans *st, unsigned status, struct slice extra)
{
	sip_reply(st, status, NULL, extra, SLICE_NONE, SLICE_NONE);
}

void session_refuse_glare(struct sip_strans *st)
{
	sip_counts[SIP_CNT_GLARE]++;
	refuse(st, 491, SLICE_NONE);
}

/* 14.2, RFC 3311 5.2: a second offer before the first is answered is told to come back within ten seconds. */
void session_refuse_overlap(struct sip_session *ss, struct sip_strans *st)
{
	sip_replyf(st, 500, NULL, "Retry-After: %u\r\n", sip_random(ss->stack, 11));
}

static bool body_is_sdp(const struct sip_msg *req)
{
	struct slice type = sip_msg_value(req, SIP_HDR_CONTENT_TYPE);
	type = slice_trim(slice_cut(&type, ';'));
	return !req->body.len || slice_caseeq(type, SLICE("application/sdp")) || slice_casestarts(type, SLICE("multipart/"));
}

static void on_cancel(void *arg, const struct sip_msg *cancel)
{
	struct sip_session *ss = arg;
	refuse(ss->uas, 487, SLICE_NONE);
	ss->uas = mem_deref(ss->uas);
	if (ss->h && ss->h->offer_given_up)
		ss->h->offer_given_up(ss->arg);
}

bool session_offer_fits(struct sip_session *ss, struct sip_strans *st, const struct sip_msg *req)
{
	if (!body_is_sdp(req))
		refuse(st, 415, SLICE("Accept: application/sdp\r\n"));
	else if (!ss->h || !ss->h->offer)
		refuse(st, 488, SLICE_NONE);
	else
		return !session_timer_refuse(ss, st, req);
	return false;
}

static void take_offer(struct sip_session *ss, struct sip_strans *st, const struct sip_msg *req)
{
	if (!session_offer_fits(ss, st, req))
		return;
	session_note_allow(ss, req);
	sip_dialog_refresh(ss->dialog, req);
	ss->uas = mem_ref(st);
	sip_strans_on_cancel(st, on_cancel, ss);
	ss->h->offer(ss->arg, req);
}

/* An offer of ours is open, or our 2xx has no ACK and may carry one (RFC 5407 3.1.4): 491. */
void session_take_invite(struct sip_session *ss, struct sip_dialog *d, struct sip_strans *st, const struct sip_msg *req)
{
	bool ours_open = (ss->offering && !timer_running(&ss->offer_retry)) || inviting(ss);
	if (ss->state == SESSION_LEAVING)
		refuse(st, 481, SLICE_NONE);
	else if (ours_open || ss->state == SESSION_ACK_WAIT || timer_running(&ss->no_ack))
		session_refuse_glare(st);
	else if (ss->uas)
		session_refuse_overlap(ss, st);
	else if (ss->state != SESSION_UP)
		session_refuse_glare(st);
	else
		take_offer(ss, st, req);
}

void session_take_update(struct sip_session *ss, struct sip_dialog *d, struct sip_strans *st, const struct sip_msg *req)
{
	struct buf lines = buf_growing();
	if (req->body.len && (ss->state == SESSION_RINGING || ss->state == SESSION_CALLING)) {
		session_take_early_offer(ss, d, st, req);
	} else if (req->body.len) {
		session_take_invite(ss, d, st, req);
	} else if (!session_timer_refuse(ss, st, req)) {
		sip_dialog_refresh(d, req);
		session_put_common(&lines, ss, &req->src, SLICE_NONE);
		if (ss->state == SESSION_UP)
			session_timer_grant(&lines, ss, req);
		sip_reply(st, 200, NULL, lines.err ? SLICE_NONE : buf_text(&lines), SLICE_NONE, SLICE_NONE);
	}
	buf_reset(&lines);
}

int sip_session_reply_offer(struct sip_session *ss, unsigned status, const char *reason, struct slice headers, struct slice sdp)
{
	struct sip_strans *st = ss->uas;
	struct buf lines = buf_growing();
	if (ss->early_uas)
		return session_reply_early(ss, status, reason, headers, sdp);
	if (ss->state != SESSION_UP || !st || timer_running(&ss->no_ack))
		return -ENOTCONN;
	if (status < 300) {
		session_put_common(&lines, ss, &sip_strans_request(st)->src, headers);
		session_timer_grant(&lines, ss, sip_strans_request(st));
	} else
		buf_slice(&lines, headers);
	int err = lines.err;
	if (!err)
		err = sip_reply(st, status, reason, buf_text(&lines), session_body_type(headers, sdp), sdp);
	buf_reset(&lines);
	/* An UPDATE that waited longer than its sender: the answer is lost, the next offer is not. */
	if (err == -EALREADY)
		ss->uas = mem_deref(st);
	if (err || status < 200)
		return err;
	if (status < 300 && sip_strans_request(st)->method == SIP_INVITE)
		session_sent_2xx(ss, st);
	else
		ss->uas = mem_deref(st);
	session_changed(ss);
	return 0;
}
