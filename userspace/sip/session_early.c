// SPDX-License-Identifier: GPL-3.0-or-later
/* Offers before the answer to the INVITE (RFC 3311, RFC 3262 5, RFC 6337 2.2): once a reliable provisional response has brought the first
 * exchange to its end, either side may make another, by UPDATE, the caller by PRACK too. */
#include "sip/session_priv.h"
#include "base/mem.h"
#include <errno.h>

/* The early dialog in which offer and answer are complete; of several forks the one that spoke last. */
static struct sip_dialog *agreed_dialog(const struct sip_session *ss)
{
	struct sip_dialog *d, *found = NULL;
	if (ss->dialog)
		return ss->outgoing || session_reliable_agreed(ss) ? ss->dialog : NULL;
	list_foreach(d, &ss->early, link)
		if (d->agreed)
			found = d;
	return found;
}

/* --- ours --------------------------------------------------------------------------------------------------------------- */

static void on_response(void *arg, int err, const struct sip_msg *rsp)
{
	struct sip_session *ss = mem_ref(arg);
	struct sip_dialog *d = agreed_dialog(ss);
	unsigned status = rsp ? rsp->status : err == -ETIMEDOUT ? 408 : 503;
	if (status < 200)
		goto out;
	session_drop_ctrans(&ss->update);
	if (status == 491)
		session_offer_glare(ss);
	else if (rsp && d && session_authorize(ss, &ss->update_auth, rsp, SIP_UPDATE, slice_str(d->target)) && !session_update_send(ss))
		goto out;
	else
		session_offer_done(ss, status, rsp);
	if (rsp && status < 300 && d)
		sip_dialog_refresh(d, rsp);
	session_changed(ss);
out:
	mem_deref(ss);
}

int session_update_send(struct sip_session *ss)
{
	struct sip_dialog *d = agreed_dialog(ss);
	struct buf lines = buf_growing();
	if (!d || !ss->allows_update)
		return -ENOTCONN;
	session_put_common(&lines, ss, &d->hop, ss->offer_headers);
	buf_slice(&lines, buf_text(&ss->update_auth.lines));
	int err = lines.err;
	if (!err)
		err = sip_dialog_send(d,
				      &(struct sip_dialog_request){.method = SIP_UPDATE, .headers = buf_text(&lines),
								   .body_type = session_body_type(ss->offer_headers, ss->offer_sdp), .body = ss->offer_sdp},
				      &ss->update, on_response, ss);
	buf_reset(&lines);
	return err;
}

/* --- theirs --------------------------------------------------------------------------------------------------------------- */

/* RFC 3311 5.2: who owes us an answer gets 491, whom we owe one is told to come back. */
void session_take_early_offer(struct sip_session *ss, struct sip_dialog *d, struct sip_strans *st, const struct sip_msg *req)
{
	bool agreed = ss->outgoing ? d->agreed : session_reliable_agreed(ss);
	if (ss->state != SESSION_RINGING && ss->state != SESSION_CALLING)
		sip_reply(st, 481, NULL, SLICE_NONE, SLICE_NONE, SLICE_NONE);
	else if ((ss->offering && !timer_running(&ss->offer_retry)) || (ss->outgoing && !agreed))
		session_refuse_glare(st);
	else if (!agreed || ss->early_uas)
		session_refuse_overlap(ss, st);
	else if (session_offer_fits(ss, st, req)) {
		sip_dialog_refresh(d, req);
		ss->early_uas = mem_ref(st);
		ss->h->offer(ss->arg, req);
	}
}

int session_reply_early(struct sip_session *ss, unsigned status, const char *reason, struct slice headers, struct slice sdp)
{
	struct sip_strans *st = ss->early_uas;
	struct buf lines = buf_growing();
	if (status < 300)
		session_put_common(&lines, ss, &sip_strans_request(st)->src, headers);
	else
		buf_slice(&lines, headers);
	int err = lines.err;
	if (!err)
		err = sip_reply(st, status, reason, buf_text(&lines), session_body_type(headers, sdp), sdp);
	buf_reset(&lines);
	if (!err || err == -EALREADY)
		ss->early_uas = mem_deref(st);
	return err;
}

void session_early_drop(struct sip_session *ss)
{
	session_drop_ctrans(&ss->update);
	if (ss->early_uas)
		sip_reply(ss->early_uas, 487, NULL, SLICE_NONE, SLICE_NONE, SLICE_NONE);
	ss->early_uas = mem_deref(ss->early_uas);
}
