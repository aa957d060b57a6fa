// SPDX-License-Identifier: GPL-3.0-or-later
/* The end of a session from either side (RFC 3261 15), in whatever state it is. */
#include "sip/session_priv.h"
#include "base/mem.h"
#include <errno.h>

static void on_response(void *arg, int err, const struct sip_msg *rsp);

static int send_now(struct sip_session *ss)
{
	struct buf lines = buf_growing();
	buf_slice(&lines, buf_text(&ss->auth.lines));
	buf_slice(&lines, ss->bye_headers);
	int err = lines.err;
	if (!err)
		err = sip_dialog_send(ss->dialog, &(struct sip_dialog_request){.method = SIP_BYE, .headers = buf_text(&lines), .body = ss->bye_body,
									     .body_type = session_body_type(ss->bye_headers, ss->bye_body)},
				      &ss->bye, on_response, ss);
	buf_reset(&lines);
	return err;
}

/* Any final answer ends it: 481 and 408 say that the peer has none of it any more (15.1.1). */
static void on_response(void *arg, int err, const struct sip_msg *rsp)
{
	struct sip_session *ss = mem_ref(arg);
	if (rsp && rsp->status < 200)
		goto out;
	if (rsp && session_authorize(ss, &ss->auth, rsp, SIP_BYE, slice_str(ss->dialog->target))) {
		session_drop_ctrans(&ss->bye);
		if (!send_now(ss))
			goto out;
	}
	session_close(ss, ss->end_status, NULL);
out:
	mem_deref(ss);
}

void session_send_bye(struct sip_session *ss)
{
	session_offer_drop(ss);
	session_auth_reset(&ss->auth);
	if (send_now(ss))
		session_close_soon(ss, ss->end_status);
}

void session_lost(struct sip_session *ss, unsigned status)
{
	if (ss->state != SESSION_UP)
		return;
	ss->end_status = status;
	session_state(ss, SESSION_LEAVING, "dialog lost");
	session_send_bye(ss);
}

int session_bye_keep(struct sip_session *ss, struct slice headers, struct slice body)
{
	size_t size = headers.len + body.len;
	mem_free(ss->bye_store);
	ss->bye_headers = ss->bye_body = SLICE_NONE;
	ss->bye_store = size ? mem_raw(size) : NULL;
	if (!ss->bye_store)
		return size ? -ENOMEM : 0;
	struct buf b = buf_fixed(ss->bye_store, size);
	ss->bye_headers = buf_keep(&b, headers);
	ss->bye_body = buf_keep(&b, body);
	return 0;
}

static void hang_up(struct sip_session *ss, struct slice headers, struct slice body)
{
	bool waits = ss->state == SESSION_ACK_WAIT || timer_running(&ss->no_ack);
	if (ss->ack_due)
		sip_session_ack(ss, SLICE_NONE);
	ss->end_status = 0;
	session_bye_keep(ss, headers, body); /* without memory the BYE goes without: it must go */
	session_state(ss, SESSION_LEAVING, "user");
	if (waits)
		return; /* 15: not before the ACK or its time-out */
	if (ss->uas) {
		sip_reply(ss->uas, 487, NULL, SLICE_NONE, SLICE_NONE, SLICE_NONE);
		ss->uas = mem_deref(ss->uas);
	}
	session_send_bye(ss);
}

void sip_session_bye(struct sip_session *ss, unsigned status, struct slice headers, struct slice body)
{
	switch (ss->state) {
	case SESSION_CALLING:
		session_give_up(ss, 0, headers);
		break;
	case SESSION_RINGING:
		if (timer_running(&ss->end))
			break;
		timer_stop(&ss->ring);
		sip_reply(ss->uas, status >= 300 && status <= 699 ? status : 480, NULL, headers, session_body_type(headers, body), body);
		session_close_soon(ss, 0);
		break;
	case SESSION_ACK_WAIT:
	case SESSION_ACK_DUE:
	case SESSION_UP:
		hang_up(ss, headers, body);
		break;
	case SESSION_CANCELLING:
	case SESSION_LEAVING:
	case SESSION_CLOSED:
		break;
	}
}

/* 15.1.2: pending requests of the dialog are answered 487. A BYE that crosses ours ends it as ours would have. */
void session_take_bye(struct sip_session *ss, struct sip_dialog *d, struct sip_strans *st, const struct sip_msg *req)
{
	sip_reply(st, 200, NULL, SLICE_NONE, SLICE_NONE, SLICE_NONE);
	if (ss->state == SESSION_CALLING) {
		/* It has overtaken its 2xx (RFC 5407 3.1.2): that one will find the call given up. */
		session_give_up(ss, 480, SLICE_NONE);
		return;
	}
	if (ss->state == SESSION_CANCELLING)
		return;
	/* A 2xx gets its ACK all the same (RFC 5407 3.2.4). */
	if (ss->ack_due)
		sip_session_ack(ss, SLICE_NONE);
	if (ss->uas && !sip_strans_final(ss->uas))
		sip_reply(ss->uas, 487, NULL, SLICE_NONE, SLICE_NONE, SLICE_NONE);
	if (ss->state == SESSION_LEAVING)
		session_close(ss, ss->end_status, NULL);
	else
		session_close(ss, 0, req);
}
