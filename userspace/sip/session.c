// SPDX-License-Identifier: GPL-3.0-or-later
/* A session's life and what all its verbs need. */
#include "sip/session_priv.h"
#include "sip/digest.h"
#include "base/log.h"
#include "base/mem.h"
#include <errno.h>

static const char *const state_names[] = {
	[SESSION_CALLING] = "calling", [SESSION_CANCELLING] = "cancelling", [SESSION_RINGING] = "ringing",
	[SESSION_ACK_WAIT] = "ack-wait", [SESSION_ACK_DUE] = "ack-due",	    [SESSION_UP] = "up",
	[SESSION_LEAVING] = "leaving",	 [SESSION_CLOSED] = "closed",
};

void session_state(struct sip_session *ss, enum session_state now, const char *why)
{
	log_debug("sip session", SLICE_FMT ": %s -> %s (%s)", SLICE_ARG(sip_session_call_id(ss)), state_names[ss->state],
		  state_names[now], why);
	ss->state = now;
	if (now != SESSION_CLOSED) /* closed() tells that */
		session_changed(ss);
	if (now == SESSION_UP)
		session_probe_start(ss);
}

void session_changed(const struct sip_session *ss)
{
	if (ss->h && ss->h->changed)
		ss->h->changed(ss->arg);
}

uint32_t session_ms(const struct sip_session *ss, enum sip_timer_id id)
{
	return sip_timer_ms(&ss->stack->params.timers, id, sip_place_reliable(ss->place));
}

void session_drop_ctrans(struct sip_ctrans **ct)
{
	if (*ct)
		sip_ctrans_detach(*ct);
	*ct = mem_deref(*ct);
}

static void drop_early(struct sip_session *ss)
{
	struct sip_dialog *d;
	list_foreach_safe(d, &ss->early, link) {
		if (ss->stack)
			sip_ended_add(&ss->stack->ended, d);
		mem_deref(d);
	}
	ss->n_early = 0;
}

static void drop_dialogs(struct sip_session *ss)
{
	drop_early(ss);
	ss->dialog = mem_deref(ss->dialog);
}

/* Stops everything that could call back. Safe in every state. */
static void quiet(struct sip_session *ss)
{
	timer_stop(&ss->ring);
	timer_stop(&ss->resend_2xx);
	timer_stop(&ss->no_ack);
	timer_stop(&ss->offer_retry);
	timer_stop(&ss->end);
	timer_stop(&ss->probe);
	session_timer_stop(ss);
	session_reliable_drop(ss);
	session_early_drop(ss);
	session_asked_drop(ss);
	session_drop_ctrans(&ss->invite);
	session_drop_ctrans(&ss->probing);
	session_drop_ctrans(&ss->bye);
	if (ss->uas)
		sip_strans_on_cancel(ss->uas, NULL, NULL);
	ss->uas = mem_deref(ss->uas);
}

static void session_destroy(void *obj)
{
	struct sip_session *ss = obj;
	/* An INVITE left without an answer would be retransmitted into a new call. */
	if (ss->state == SESSION_RINGING && ss->uas)
		sip_reply(ss->uas, 480, NULL, SLICE_NONE, SLICE_NONE, SLICE_NONE);
	quiet(ss);
	drop_dialogs(ss);
	if (ss->state != SESSION_CLOSED && ss->stack)
		ss->stack->open_sessions--;
	list_remove(&ss->link);
	session_offer_drop(ss);
	session_auth_reset(&ss->auth);
	session_auth_reset(&ss->update_auth);
	mem_free(ss->store);
	mem_free(ss->bye_store);
	mem_free(ss->login_store);
}

int session_new(struct sip_session **ret, struct sip_stack *s, struct sip_place *p, const struct sip_session_handlers *h, void *arg)
{
	struct sip_session *ss = mem_alloc(sizeof *ss, session_destroy);
	if (!ss)
		return -ENOMEM;
	ss->stack = s;
	ss->place = p;
	ss->h = h;
	ss->arg = arg;
	list_init(&ss->early);
	list_init(&ss->asked);
	list_append(&s->sessions, &ss->link);
	s->open_sessions++;
	*ret = ss;
	return 0;
}

void session_close(struct sip_session *ss, unsigned status, const struct sip_msg *msg)
{
	if (ss->state == SESSION_CLOSED)
		return;
	session_state(ss, SESSION_CLOSED, "end");
	ss->stack->open_sessions--;
	quiet(ss);
	drop_early(ss);
	/* The Call-ID is in the dialog of an incoming call: it stays with the session, out of the stack's table. */
	if (ss->dialog) {
		hash_remove(&ss->stack->dialogs, &ss->dialog->by_tag);
		sip_ended_add(&ss->stack->ended, ss->dialog);
	}
	if (ss->h && ss->h->closed)
		ss->h->closed(ss->arg, status, msg);
}

static void on_end(void *arg)
{
	struct sip_session *ss = mem_ref(arg);
	session_close(ss, ss->end_status, NULL);
	mem_deref(ss);
}

void session_close_soon(struct sip_session *ss, unsigned status)
{
	if (ss->state == SESSION_CLOSED || timer_running(&ss->end))
		return;
	ss->end_status = status;
	timer_start(&ss->end, 0, on_end, ss);
}

void sip_sessions_close(struct sip_stack *s)
{
	struct sip_session *ss;
	list_foreach_safe(ss, &s->sessions, link) {
		quiet(ss);
		drop_dialogs(ss);
		ss->state = SESSION_CLOSED;
		ss->stack = NULL;
		ss->h = NULL;
		list_remove(&ss->link);
	}
	s->open_sessions = 0;
}

/* --- header lines --------------------------------------------------------------------------------------------------- */

void session_note_allow(struct sip_session *ss, const struct sip_msg *m)
{
	if (sip_msg_hdr(m, SIP_HDR_ALLOW))
		ss->allows_update = sip_msg_has_token(m, SIP_HDR_ALLOW, SLICE("UPDATE"));
}

void session_put_common(struct buf *out, const struct sip_session *ss, const struct addr *peer, struct slice headers)
{
	sip_put_contact(out, ss->place, peer, ss->contact_user, ss->secure);
	if (!slice_is_set(sip_text_hdr(headers, SLICE("Allow"))))
		buf_slice(out, buf_text(&ss->stack->abilities[0]));
	if (!slice_is_set(sip_text_hdr(headers, SLICE("Supported"))))
		buf_slice(out, buf_text(&ss->stack->abilities[1]));
	buf_slice(out, headers);
}

struct slice session_body_type(struct slice headers, struct slice body)
{
	return body.len && !slice_is_set(sip_text_hdr(headers, SLICE("Content-Type"))) ? SLICE("application/sdp") : SLICE_NONE;
}

/* --- credentials (22.2): each kind of challenge is answered once a request -------------------------------------------- */

int sip_session_login(struct sip_session *ss, const struct digest_login *login)
{
	size_t size = login->user.len + login->password.len + login->realm.len;
	if (!login->user.len)
		return 0;
	ss->login_store = mem_raw(size);
	if (!ss->login_store)
		return -ENOMEM;
	struct buf b = buf_fixed(ss->login_store, size);
	ss->login.user = buf_keep(&b, login->user);
	ss->login.password = buf_keep(&b, login->password);
	ss->login.realm = buf_keep(&b, login->realm);
	return 0;
}

void session_auth_reset(struct session_auth *a)
{
	a->tried = 0;
	buf_reset(&a->lines);
}

bool session_authorize(const struct sip_session *ss, struct session_auth *a, const struct sip_msg *rsp, enum sip_method method, struct slice uri)
{
	unsigned kind = rsp->status == 401 ? AUTH_TRIED_401 : rsp->status == 407 ? AUTH_TRIED_407 : 0;
	if (!kind || a->tried & kind || !ss->login.user.len)
		return false;
	a->tried |= kind;
	return !digest_respond(&a->lines, rsp, slice_str(sip_method_name(method)), uri, &ss->login, SLICE_NONE) &&
	       !a->lines.err;
}

/* --- for the user --------------------------------------------------------------------------------------------------- */

void sip_session_detach(struct sip_session *ss)
{
	ss->h = NULL;
	ss->arg = NULL;
}

struct slice sip_session_call_id(const struct sip_session *ss)
{
	return ss->outgoing || !ss->dialog ? slice_str(ss->call_id) : ss->dialog->call_id;
}

const struct addr *sip_session_peer(const struct sip_session *ss)
{
	return ss->dialog ? &ss->dialog->peer : &ss->peer;
}

size_t sip_stack_sessions(const struct sip_stack *s)
{
	return s->open_sessions;
}
