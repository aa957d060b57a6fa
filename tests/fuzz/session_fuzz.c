// SPDX-License-Identifier: GPL-3.0-or-later
/* Dialogs and sessions: a call, in or out, with a peer that says anything at any time. However it goes, the user is told of its end once. */
#include "peer.h"

#define SDP slice_of(sdp, sizeof sdp - 1)

static void on_message(void *arg, const struct sip_msg *m)
{
	(void)arg;
	(void)m;
}

static void on_answered(void *arg, const struct sip_msg *m)
{
	struct peer *p = arg;
	(void)m;
	if (p->answered || p->closed || !p->outgoing)
		abort();
	p->answered = true;
}

static void on_offer(void *arg, const struct sip_msg *m)
{
	struct peer *p = arg;
	(void)m;
	if (p->closed)
		abort();
	p->offered = true; /* one before it may have lapsed unanswered */
}

static void on_offer_done(void *arg, unsigned status, const struct sip_msg *m)
{
	struct peer *p = arg;
	(void)m;
	if (p->closed || status < 200)
		abort();
}

static void on_in_dialog(void *arg, struct sip_strans *st, const struct sip_msg *m)
{
	(void)arg;
	(void)m;
	sip_reply(st, 200, NULL, SLICE_NONE, SLICE_NONE, SLICE_NONE);
}

static void on_closed(void *arg, unsigned status, const struct sip_msg *m)
{
	struct peer *p = arg;
	(void)status;
	(void)m;
	if (p->closed)
		abort();
	p->closed = true;
}

static const struct sip_session_handlers handlers = {
	.progress = on_message, .answered = on_answered, .offer = on_offer, .offer_done = on_offer_done, .acked = on_message, .agreed = on_message,
	.request = on_in_dialog, .closed = on_closed,
};

static void accept_call(struct peer *p, struct sip_strans *st, const struct sip_msg *req)
{
	if (req->method != SIP_INVITE || p->ss)
		sip_reply(st, 486, NULL, SLICE_NONE, SLICE_NONE, SLICE_NONE);
	else
		sip_session_accept(&p->ss, st, SLICE("b"), &handlers, p);
}

static void user_calls(struct peer *p)
{
	const struct sip_session_params c = {
		.ruri = SLICE("sip:b@192.0.2.9"), .dst = p->remote, .from_uri = SLICE("sip:a@192.0.2.1"), .to_uri = SLICE("sip:b@192.0.2.9"),
		.contact_user = SLICE("a"), .sdp = next_byte(p) & 1 ? SDP : SLICE_NONE, .login = {.user = SLICE("u"), .password = SLICE("p")},
	};
	if (p->ss)
		return;
	p->outgoing = !sip_session_connect(&p->ss, p->stack, &c, &handlers, p);
}

static bool is_on(const struct peer *p)
{
	return p->ss && !p->closed;
}

static void user_progresses(struct peer *p)
{
	uint8_t a = next_byte(p);
	if (is_on(p) && !p->outgoing && !p->answered)
		sip_session_progress(p->ss, a & 1 ? 180 : 183, NULL, SLICE_NONE, a & 2 ? SDP : SLICE_NONE);
}

static void user_answers(struct peer *p)
{
	if (!is_on(p))
		return;
	if (p->outgoing) /* the 200, or a provisional response */
		sip_session_ack(p->ss, SDP);
	else if (!p->outgoing && !p->answered)
		p->answered = !sip_session_answer(p->ss, SLICE_NONE, SDP);
}

static void user_offers(struct peer *p)
{
	if (is_on(p))
		sip_session_offer(p->ss, SLICE_NONE, SDP);
}

static void user_withdraws(struct peer *p)
{
	if (is_on(p))
		sip_session_withdraw(p->ss);
}

static void user_takes_offer(struct peer *p)
{
	uint8_t a = next_byte(p);
	if (!is_on(p) || !p->offered)
		return;
	p->offered = false;
	sip_session_reply_offer(p->ss, a & 1 ? 200 : 488, NULL, SLICE_NONE, a & 1 ? SDP : SLICE_NONE);
}

static void user_ends(struct peer *p)
{
	if (is_on(p))
		sip_session_bye(p->ss, 0, SLICE_NONE, SLICE_NONE);
}

/* It can be saved at any time, and another process goes on with it; one that was not answered has to be given up there. */
static void starts_anew(struct peer *p)
{
	struct buf record = buf_growing();
	struct sip_session *before = p->ss;
	if (!is_on(p))
		return;
	sip_session_save(before, &record);
	sip_session_detach(before);
	mem_deref(before);
	mem_deref(p->stack);
	p->ss = NULL;
	p->offered = false;
	peer_stack(p);
	if (record.len && sip_session_restore(&p->ss, p->stack, buf_text(&record), &(struct digest_login){.user = SLICE("u"), .password = SLICE("p")}, &handlers, p))
		abort();
	if (!p->ss)
		p->answered = p->outgoing = false; /* it was over: another may begin */
	else if (!p->answered)
		sip_session_bye(p->ss, 503, SLICE_NONE, SLICE_NONE);
	buf_reset(&record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const steps[])(struct peer *p) = {
		say_request, say_request, say_request, say_response, say_response, let_pass, user_calls, user_progresses,
		user_answers, user_withdraws, user_offers, user_takes_offer, user_ends, starts_anew, say_anything, let_pass,
	};
	struct peer p = {.on_request = accept_call};
	peer_open(&p, data, size);
	while (p.size)
		steps[next_byte(&p) & 15](&p);
	peer_close(&p);
	return 0;
}
