// SPDX-License-Identifier: GPL-3.0-or-later
/* A session in a store: what another process needs to go on with it after this one was killed. Of INVITE transactions the messages
 * themselves are kept, from which the transaction is made anew: the peer's until our 2xx is acknowledged, ours until it is answered. */
#include "sip/session_priv.h"
#include "base/mem.h"
#include "base/pack.h"
#include <errno.h>

struct kept {
	uint8_t state;
	bool outgoing, invite_had_offer, forwarded, ack_due, probe_answered, proceeding;
	uint32_t cseq, ack_cseq, end_status;
	struct addr peer, request_from, request_to;
	char call_id[SIP_TOKEN_LEN], tag[SIP_TOKEN_LEN];
	struct slice place, transport; /* none: UDP */
	struct slice contact_user, bye_headers, bye_body, dialog;
	struct slice request, request_tag, answer; /* their INVITE and our 2xx to it */
	struct slice invite;                       /* our INVITE */
	bool dials_in, allows_update, refresher, secure, held; /* held: the answer waits for a PRACK */
	uint32_t expires_s, least_s;
	int64_t refreshed;
	struct slice held_headers, held_sdp;
};

enum { DIALOG_TAG = 30 };

#define FIELD(tag, type, member) PACK_FIELD(tag, type, struct kept, member)
static const struct pack_field fields[] = {
	FIELD(1, PACK_NUMBER, state),          FIELD(2, PACK_BOOL, outgoing),      FIELD(3, PACK_BOOL, invite_had_offer),
	FIELD(4, PACK_BOOL, forwarded),        FIELD(5, PACK_BOOL, ack_due),       FIELD(6, PACK_BOOL, probe_answered),
	FIELD(7, PACK_BOOL, proceeding),       FIELD(8, PACK_NUMBER, cseq),        FIELD(9, PACK_NUMBER, ack_cseq),
	FIELD(10, PACK_NUMBER, end_status),    FIELD(11, PACK_BYTES, peer),        FIELD(12, PACK_BYTES, request_from),
	FIELD(13, PACK_BYTES, request_to),     FIELD(14, PACK_TEXT, call_id),      FIELD(15, PACK_TEXT, tag),
	FIELD(16, PACK_SLICE, place),          FIELD(17, PACK_SLICE, contact_user), FIELD(18, PACK_SLICE, bye_headers),
	FIELD(19, PACK_SLICE, request),        FIELD(20, PACK_SLICE, request_tag), FIELD(21, PACK_SLICE, answer),
	FIELD(22, PACK_SLICE, invite),         FIELD(23, PACK_BOOL, allows_update), FIELD(24, PACK_BOOL, refresher),
	FIELD(25, PACK_NUMBER, expires_s),     FIELD(26, PACK_NUMBER, least_s),    FIELD(27, PACK_NUMBER, refreshed),
	FIELD(28, PACK_BOOL, held),            FIELD(29, PACK_SLICE, held_headers), FIELD(31, PACK_SLICE, held_sdp),   FIELD(40, PACK_BOOL, secure),
	FIELD(32, PACK_SLICE, transport),      FIELD(33, PACK_BOOL, dials_in),    FIELD(41, PACK_SLICE, bye_body),
	FIELD(DIALOG_TAG, PACK_SLICE, dialog),
};
#define FIELDS (sizeof fields / sizeof fields[0])

/* --- writing ------------------------------------------------------------------------------------------------------------ */

static void save_request(struct kept *k, const struct sip_strans *st)
{
	const struct sip_msg *req = st->req;
	k->request = slice_of(req->data, req->len);
	k->request_from = req->src;
	k->request_to = req->dst;
	k->request_tag = slice_str(st->tag);
	if (sip_strans_final(st) && st->last)
		k->answer = sip_block_text(st->last);
}

void sip_session_save(const struct sip_session *ss, struct buf *out)
{
	/* One that was refused is over for its peer; only closed() is still to come. */
	if (ss->state == SESSION_CLOSED || timer_running(&ss->end))
		return;
	struct kept k = {.state = (uint8_t)ss->state, .outgoing = ss->outgoing, .invite_had_offer = ss->invite_had_offer,
			 .forwarded = ss->forwarded, .ack_due = ss->ack_due, .probe_answered = ss->probe_answered, .cseq = ss->cseq,
			 .ack_cseq = ss->ack_cseq, .end_status = ss->end_status, .peer = ss->peer, .place = slice_str(ss->place->name),
			 .transport = slice_str(sip_transports[ss->place->l.transport].name), .contact_user = ss->contact_user,
			 .dials_in = ss->dials_in, .bye_headers = ss->bye_headers, .bye_body = ss->bye_body,
			 .allows_update = ss->allows_update, .secure = ss->secure, .refresher = ss->refresher, .expires_s = ss->expires_s,
			 .least_s = ss->least_s, .refreshed = ss->refreshed};
	k.held = session_reliable_held(ss, &k.held_headers, &k.held_sdp);
	memcpy(k.call_id, ss->call_id, sizeof k.call_id);
	memcpy(k.tag, ss->tag, sizeof k.tag);
	if (ss->uas && ss->uas->stack && (!sip_strans_final(ss->uas) || timer_running(&ss->no_ack)))
		save_request(&k, ss->uas);
	if (ss->state <= SESSION_CANCELLING && ss->invite && ss->invite->request) {
		k.invite = sip_block_text(ss->invite->request);
		k.proceeding = ss->invite->state == CTRANS_PROCEEDING;
	}
	pack_write(out, fields, FIELDS, &k);
	if (ss->dialog) {
		size_t at = pack_begin(out, DIALOG_TAG);
		sip_dialog_save(ss->dialog, out);
		pack_end(out, at);
	}
}

/* --- reading ------------------------------------------------------------------------------------------------------------ */

static int keep_texts(struct sip_session *ss, const struct kept *k, const struct digest_login *login)
{
	size_t size = k->contact_user.len + login->user.len + login->password.len + login->realm.len;
	ss->store = mem_raw(size + 1);
	if (!ss->store)
		return -ENOMEM;
	struct buf b = buf_fixed(ss->store, size);
	ss->contact_user = buf_keep(&b, k->contact_user);
	ss->login.user = buf_keep(&b, login->user);
	ss->login.password = buf_keep(&b, login->password);
	ss->login.realm = buf_keep(&b, login->realm);
	return session_bye_keep(ss, k->bye_headers, k->bye_body);
}

static int resume_request(struct sip_session *ss, const struct kept *k)
{
	struct sip_msg *req = NULL;
	struct sip_strans *st;
	unsigned status;
	const char *why;
	int err = sip_msg_parse(&req, k->request.p, k->request.len, &status, &why);
	if (!err && !req->request)
		err = -EBADMSG;
	if (!err) {
		req->src = k->request_from;
		req->dst = k->request_to;
		req->listener = &ss->place->l;
		err = sip_strans_restore(&st, ss->place, req, k->request_tag, k->answer);
	}
	if (!err)
		session_resume_uas(ss, st);
	mem_deref(req);
	return err;
}

/* Whether the parts that its state needs are there. */
static bool is_whole(const struct kept *k)
{
	switch (k->state) {
	case SESSION_CALLING:
	case SESSION_CANCELLING:
		return k->outgoing && k->invite.len && k->call_id[0] && k->tag[0];
	case SESSION_RINGING:
		return !k->outgoing && k->dialog.len && k->request.len && !k->answer.len;
	case SESSION_ACK_WAIT:
		return k->dialog.len && k->request.len && k->answer.len;
	case SESSION_ACK_DUE:
		return k->dialog.len && k->ack_due;
	case SESSION_UP:
	case SESSION_LEAVING:
		return k->dialog.len;
	default:
		return false;
	}
}

/* What the state has going on. */
static int resume(struct sip_session *ss, const struct kept *k)
{
	int err = 0;
	if (k->dialog.len)
		err = sip_dialog_restore(&ss->dialog, ss->place, ss, k->dialog);
	if (!err && k->request.len)
		err = resume_request(ss, k);
	if (!err && k->state <= SESSION_CANCELLING)
		err = sip_ctrans_restore(&ss->invite, ss->place, &ss->peer, ss->dials_in, k->invite, k->proceeding, session_on_invite_response, ss);
	if (err)
		return err;
	if (k->state == SESSION_CANCELLING)
		session_give_up(ss, k->end_status, SLICE_NONE);
	else if (k->state == SESSION_LEAVING && !timer_running(&ss->no_ack))
		session_send_bye(ss);
	else if (k->held)
		return sip_session_answer(ss, k->held_headers, k->held_sdp);
	else if (k->state == SESSION_UP)
		session_probe_resume(ss);
	if (k->state <= SESSION_UP)
		session_timer_resume(ss);
	return 0;
}

int sip_session_restore(struct sip_session **ret, struct sip_stack *s, struct slice record, const struct digest_login *login,
			const struct sip_session_handlers *h, void *arg)
{
	struct kept k = {0};
	struct sip_session *ss;
	enum sip_transport transport = SIP_UDP;
	char name[256];
	if (pack_read(&k, fields, FIELDS, record) || !is_whole(&k) ||
	    (k.transport.len && sip_transport_parse(&transport, k.transport)) || slice_copy(k.place, name, sizeof name) ||
	    (k.peer.family != AF_INET && k.peer.family != AF_INET6))
		return -EBADMSG;
	const struct sip_listener *l = sip_stack_listener(s, name, transport, &k.peer);
	int err = l ? session_new(&ss, s, sip_place_of(l), h, arg) : -EADDRNOTAVAIL;
	if (err)
		return err;
	ss->state = k.state == SESSION_CANCELLING ? SESSION_CALLING : (enum session_state)k.state;
	ss->outgoing = k.outgoing;
	ss->invite_had_offer = k.invite_had_offer;
	ss->forwarded = k.forwarded;
	ss->ack_due = k.ack_due;
	ss->probe_answered = k.probe_answered;
	ss->cseq = k.cseq;
	ss->ack_cseq = k.ack_cseq;
	ss->end_status = k.end_status;
	ss->allows_update = k.allows_update;
	ss->secure = k.secure;
	ss->refresher = k.refresher;
	ss->expires_s = k.expires_s;
	ss->least_s = k.least_s;
	ss->refreshed = k.refreshed;
	ss->peer = k.peer;
	ss->dials_in = k.dials_in;
	memcpy(ss->call_id, k.call_id, sizeof ss->call_id);
	memcpy(ss->tag, k.tag, sizeof ss->tag);
	err = keep_texts(ss, &k, login);
	if (!err)
		err = resume(ss, &k);
	if (err) {
		ss->h = NULL;
		mem_deref(ss);
		return err;
	}
	*ret = ss;
	return 0;
}
