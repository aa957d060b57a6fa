// SPDX-License-Identifier: GPL-3.0-or-later
/* The outgoing INVITE (RFC 3261 13.2): forks, the ACK, giving up. */
#include "sip/session_priv.h"
#include "base/mem.h"
#include "sip/mime.h"
#include <errno.h>

#define MAX_EARLY 16

/* --- sending -------------------------------------------------------------------------------------------------------- */

static void put_party(struct buf *out, struct slice display, struct slice uri)
{
	sip_write_display(out, display);
	buf_char(out, '<');
	buf_slice(out, uri);
	buf_char(out, '>');
}

static void put_invite(struct buf *out, const struct sip_session *ss, const struct addr *dst)
{
	sip_put(out, "From", ss->from);
	sip_put(out, "To", ss->to);
	sip_put(out, "Call-ID", slice_str(ss->call_id));
	buf_str(out, "CSeq: ");
	buf_u64(out, ss->cseq);
	buf_str(out, " INVITE\r\n");
	buf_slice(out, buf_text(&ss->auth.lines));
	session_put_common(out, ss, dst, ss->headers);
	session_timer_ask(out, ss);
}

static int send_invite(struct sip_session *ss)
{
	struct buf lines = buf_growing();
	put_invite(&lines, ss, &ss->peer);
	int err = lines.err;
	if (!err)
		err = sip_request(&ss->invite, ss->stack,
				  &(struct sip_request_params){.method = SIP_INVITE, .ruri = ss->ruri, .dst = ss->peer, .flow = ss->dials_in ? &ss->peer : NULL,
							       .listener = &ss->place->l, .headers = buf_text(&lines),
							       .forwarded = ss->forwarded, .max_forwards = ss->max_forwards,
							       .body_type = ss->body_type, .body = ss->sdp},
				  session_on_invite_response, ss);
	buf_reset(&lines);
	return err;
}

static void on_ring_timeout(void *arg)
{
	session_give_up(arg, 408, SLICE_NONE);
}

/* Timer C starts anew with each provisional (16.7 step 2); a time the user gave is the whole time. */
static void start_ring_timer(struct sip_session *ss)
{
	if (ss->ring_ms && timer_running(&ss->ring))
		return;
	timer_start(&ss->ring, ss->ring_ms ? ss->ring_ms : session_ms(ss, SIP_TIMER_C), on_ring_timeout, ss);
}

/* What the INVITE is written from, kept for the one with credentials: all in one block. */
static int keep_params(struct sip_session *ss, const struct sip_session_params *p)
{
	struct buf b = buf_growing();
	struct { struct slice *to, from; size_t at; } parts[] = {
		{&ss->ruri, p->ruri, 0}, {&ss->headers, p->headers, 0}, {&ss->sdp, p->sdp, 0},
		{&ss->body_type, p->body_type.len ? p->body_type : SLICE("application/sdp"), 0},
		{&ss->contact_user, p->contact_user, 0}, {&ss->login.user, p->login.user, 0},
		{&ss->login.password, p->login.password, 0}, {&ss->login.realm, p->login.realm, 0},
	};
	const unsigned n = sizeof parts / sizeof parts[0];
	for (unsigned i = 0; i < n; i++) {
		parts[i].at = b.len;
		buf_slice(&b, parts[i].from);
	}
	size_t from = b.len, to;
	put_party(&b, p->from_display, p->from_uri);
	buf_str(&b, ";tag=");
	buf_str(&b, ss->tag);
	to = b.len;
	put_party(&b, p->to_display, p->to_uri);
	if (b.err) {
		buf_reset(&b);
		return -ENOMEM;
	}
	ss->store = b.p;
	for (unsigned i = 0; i < n; i++)
		*parts[i].to = slice_of(b.p + parts[i].at, parts[i].from.len);
	ss->from = slice_of(b.p + from, to - from);
	ss->to = slice_of(b.p + to, b.len - to);
	return 0;
}

int sip_session_connect(struct sip_session **ret, struct sip_stack *s, const struct sip_session_params *p,
			const struct sip_session_handlers *h, void *arg)
{
	struct sip_place *place = sip_place_for(s, p->listener, &p->dst);
	struct sip_session *ss;
	if (!place)
		return -ENETUNREACH;
	int err = session_new(&ss, s, place, h, arg);
	if (err)
		return err;
	ss->outgoing = true;
	ss->secure = slice_casestarts(p->ruri, SLICE("sips:"));
	ss->state = SESSION_CALLING;
	ss->invite_had_offer = sip_body_find(p->body_type, p->sdp, SLICE("application/sdp")).len > 0;
	ss->peer = p->dst;
	ss->dials_in = p->flow;
	ss->forwarded = p->forwarded;
	ss->max_forwards = p->max_forwards;
	ss->ring_ms = p->ring_ms;
	ss->cseq = 1 + sip_random(s, 1000);
	sip_token(s, ss->call_id);
	sip_token(s, ss->tag);
	err = keep_params(ss, p);
	if (!err)
		err = send_invite(ss);
	if (err) {
		mem_deref(ss);
		return err;
	}
	start_ring_timer(ss);
	*ret = ss;
	return 0;
}

/* --- answers -------------------------------------------------------------------------------------------------------- */

/* The peer chooses its half of a dialog's name only: with another Call-ID or From tag than ours it could name somebody else's. */
static int dialog_of(struct sip_dialog **ret, struct sip_session *ss, const struct sip_msg *rsp)
{
	if (!slice_eq(rsp->call_id, slice_str(ss->call_id)) || !slice_eq(rsp->from.tag, slice_str(ss->tag)) ||
	    rsp->cseq.number != ss->cseq)
		return -ESRCH;
	return sip_dialog_uac(ret, ss->place, ss, rsp);
}

/* An early dialog for each To tag (12.1.2): requests of the callee find their session by it. */
static struct sip_dialog *take_early(struct sip_session *ss, const struct sip_msg *rsp)
{
	struct sip_dialog *d;
	if (!rsp->to.tag.len)
		return NULL;
	list_foreach(d, &ss->early, link)
		if (slice_eq(d->remote_tag, rsp->to.tag))
			return d;
	if (ss->n_early == MAX_EARLY || dialog_of(&d, ss, rsp))
		return NULL;
	list_append(&ss->early, &d->link);
	ss->n_early++;
	return d;
}

/* RFC 6228: one of the early dialogs is over. The others go on, so that it is nothing to the user. */
static void end_early(struct sip_session *ss, const struct sip_msg *rsp)
{
	struct sip_dialog *d;
	list_foreach_safe(d, &ss->early, link)
		if (slice_eq(d->remote_tag, rsp->to.tag)) {
			mem_deref(d);
			ss->n_early--;
		}
}

static void take_provisional(struct sip_session *ss, const struct sip_msg *rsp)
{
	if (ss->state != SESSION_CALLING)
		return;
	if (rsp->status == 100) {
		if (ss->h && ss->h->trying)
			ss->h->trying(ss->arg);
		return;
	}
	start_ring_timer(ss);
	session_changed(ss);
	if (rsp->status == 199) {
		end_early(ss, rsp);
		return;
	}
	session_note_allow(ss, rsp);
	if (!session_prack(ss, take_early(ss, rsp), rsp))
		return;
	if (ss->h && ss->h->progress)
		ss->h->progress(ss->arg, rsp);
}

/* The early dialog becomes the confirmed one with the 2xx's route set and target (13.2.2.4); the both CSeqs go on. */
static int confirm(struct sip_session *ss, const struct sip_msg *rsp)
{
	struct sip_dialog *d, *e;
	int err = dialog_of(&d, ss, rsp);
	if (err)
		return err;
	list_foreach_safe(e, &ss->early, link) {
		if (slice_eq(e->remote_tag, d->remote_tag)) {
			d->local_cseq = e->local_cseq;
			d->remote_cseq = e->remote_cseq;
			d->remote_cseq_set = e->remote_cseq_set;
			d->agreed = e->agreed;
		}
		mem_deref(e);
	}
	ss->n_early = 0;
	ss->dialog = d;
	return 0;
}

static int send_ack(struct sip_session *ss, struct slice sdp)
{
	ss->ack_due = false;
	return sip_dialog_ack(ss->dialog, ss->invite, ss->ack_cseq, buf_text(&ss->auth.lines),
			      sdp.len ? SLICE("application/sdp") : SLICE_NONE, sdp);
}

/* A 2xx that cannot be used all the same made a dialog at the other side. */
static void take_2xx(struct sip_session *ss, const struct sip_msg *rsp)
{
	if (ss->state == SESSION_CANCELLING) {
		sip_fork_end(ss->invite, rsp);
		session_close(ss, ss->end_status, NULL);
		return;
	}
	if (ss->state != SESSION_CALLING) {
		/* Another tag is a further fork. The same one, not ACKed yet, waits for the user's answer. */
		if (!slice_eq(rsp->to.tag, ss->dialog->remote_tag))
			sip_fork_end(ss->invite, rsp);
		else if (!ss->ack_due)
			send_ack(ss, SLICE_NONE);
		return;
	}
	timer_stop(&ss->ring);
	int err = confirm(ss, rsp);
	if (err) {
		/* What is not our dialog is not ours to end. */
		if (err != -ESRCH)
			sip_fork_end(ss->invite, rsp);
		session_close(ss, 500, NULL);
		return;
	}
	session_note_allow(ss, rsp);
	session_timer_granted(ss, rsp);
	ss->ack_cseq = rsp->cseq.number;
	ss->ack_due = !ss->invite_had_offer && !ss->dialog->agreed;
	if (!ss->ack_due)
		send_ack(ss, SLICE_NONE);
	session_state(ss, ss->ack_due ? SESSION_ACK_DUE : SESSION_UP, "2xx");
	if (ss->h && ss->h->answered)
		ss->h->answered(ss->arg, rsp);
}

static bool sent_again(struct sip_session *ss, const struct sip_msg *rsp)
{
	if (ss->state != SESSION_CALLING ||
	    (!session_authorize(ss, &ss->auth, rsp, SIP_INVITE, ss->ruri) && !session_timer_too_short(ss, rsp)))
		return false;
	session_drop_ctrans(&ss->invite);
	ss->cseq++;
	return !send_invite(ss);
}

void session_on_invite_response(void *arg, int err, const struct sip_msg *rsp)
{
	struct sip_session *ss = mem_ref(arg);
	bool given_up = ss->state == SESSION_CANCELLING;
	if (!rsp && given_up)
		session_close(ss, ss->end_status, NULL);
	else if (!rsp)
		session_close(ss, err == -ETIMEDOUT ? 408 : 503, NULL);
	else if (rsp->status < 200)
		take_provisional(ss, rsp);
	else if (rsp->status < 300)
		take_2xx(ss, rsp);
	else if (given_up && ss->end_status)
		session_close(ss, ss->end_status, NULL);
	else if (!sent_again(ss, rsp))
		session_close(ss, rsp->status, rsp);
	mem_deref(ss);
}

/* --- the user's part --------------------------------------------------------------------------------------------------- */

int sip_session_ack(struct sip_session *ss, struct slice sdp)
{
	struct sip_dialog *offered = ss->state == SESSION_CALLING ? session_offered_dialog(ss, SLICE_NONE) : NULL;
	if (offered)
		return session_prack_answer(ss, offered, sdp);
	if (!ss->ack_due || !ss->dialog || !ss->stack)
		return -ENOTCONN;
	int err = send_ack(ss, sdp);
	if (ss->state == SESSION_ACK_DUE)
		session_state(ss, SESSION_UP, "ACK");
	return err;
}

/* `status`: what closed() will say whatever the final answer is; 0: that answer. */
void session_give_up(struct sip_session *ss, unsigned status, struct slice headers)
{
	timer_stop(&ss->ring);
	ss->end_status = status;
	session_state(ss, SESSION_CANCELLING, "give up");
	if (sip_cancel(ss->invite, headers) && !status)
		session_close_soon(ss, 0);
}

bool sip_sessions_answered_again(struct sip_stack *s, const struct sip_msg *rsp)
{
	struct sip_dialog *d;
	if (rsp->cseq.method != SIP_INVITE || rsp->status < 200 || rsp->status > 299)
		return false;
	hash_foreach_match(d, &s->dialogs, slice_hash(rsp->from.tag, false), by_tag) {
		if (!d->owner || d->owner->ack_due || !slice_eq(d->local_tag, rsp->from.tag) || !slice_eq(d->remote_tag, rsp->to.tag) ||
		    !slice_eq(d->call_id, rsp->call_id) || rsp->cseq.number > d->local_cseq)
			continue;
		sip_counts[SIP_CNT_TX_RETRANSMIT]++;
		sip_dialog_ack(d, NULL, rsp->cseq.number, SLICE_NONE, SLICE_NONE, SLICE_NONE);
		return true;
	}
	return false;
}

void sip_fork_end(struct sip_ctrans *ct, const struct sip_msg *rsp)
{
	struct sip_dialog *d;
	sip_counts[SIP_CNT_FORK_ENDED]++;
	if (sip_dialog_uac(&d, ct->place, NULL, rsp))
		return;
	sip_dialog_ack(d, ct, rsp->cseq.number, SLICE_NONE, SLICE_NONE, SLICE_NONE);
	sip_dialog_send(d, &(struct sip_dialog_request){.method = SIP_BYE}, NULL, NULL, NULL);
	mem_deref(d);
}
