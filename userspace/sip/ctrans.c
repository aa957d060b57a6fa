// SPDX-License-Identifier: GPL-3.0-or-later
/* Client transactions (RFC 3261 17.1, figures 5 and 6; RFC 6026 7.2). The table of transactions owns one reference until
 * the machine has ended. */
#include "sip/stack_priv.h"
#include "sip/forward.h"
#include "base/log.h"
#include "base/mem.h"
#include <errno.h>

/* Dialogs that one INVITE may make: each costs an ACK and a BYE, to where the response says. */
enum { FORKS_MAX = 16 };

static const char *const state_names[] = {
	[CTRANS_LOCATING] = "locating",	  [CTRANS_CALLING] = "calling",	  [CTRANS_TRYING] = "trying",	  [CTRANS_PROCEEDING] = "proceeding",
	[CTRANS_COMPLETED] = "completed", [CTRANS_ACCEPTED] = "accepted", [CTRANS_TERMINATED] = "terminated",
};

static void set_state(struct sip_ctrans *ct, enum ctrans_state now, const char *why)
{
	log_debug("sip", "client transaction %s %s: %s -> %s (%s)", ct->branch, sip_method_name(ct->method),
		  state_names[ct->state], state_names[now], why);
	ct->state = now;
}

static uint32_t ms(const struct sip_ctrans *ct, enum sip_timer_id id)
{
	return sip_timer_ms(&ct->stack->params.timers, id, sip_place_reliable(ct->place));
}

static struct slice branch_of(const struct sip_ctrans *ct)
{
	return slice_of(ct->branch, ct->branch_len);
}

/* --- matching (17.1.3) -------------------------------------------------------------------------------------------- */

struct sip_ctrans *sip_ctrans_find(const struct sip_stack *s, struct slice branch, enum sip_method method)
{
	struct sip_ctrans *ct;
	hash_foreach_match(ct, &s->ctrans, slice_hash(branch, false), by_branch)
		if (ct->method == method && slice_eq(branch_of(ct), branch))
			return ct;
	return NULL;
}

/* A Via of ours below the topmost one, and the request is for the same user: it went in a circle. One that comes back for
 * another user is a spiral (RFC 3261 6) and a call of its own. */
bool sip_ctrans_is_loop(const struct sip_stack *s, const struct sip_msg *req)
{
	struct sip_values it = {0};
	struct slice value;
	for (bool topmost = true; sip_msg_each(req, SIP_HDR_VIA, &it, &value); topmost = false) {
		struct sip_via via = req->via;
		if (!topmost && sip_via_parse(&via, value))
			continue;
		struct sip_ctrans *ct = sip_ctrans_find(s, via.branch, req->method);
		if (ct && ct->user_hash == slice_hash(req->ruri.user, false))
			return true;
	}
	return false;
}

/* --- life --------------------------------------------------------------------------------------------------------- */

static void acked_destroy(void *obj)
{
	struct sip_acked *a = obj;
	list_remove(&a->link);
	mem_deref(a->text);
}

static void ctrans_destroy(void *obj)
{
	struct sip_ctrans *ct = obj;
	struct sip_acked *a;
	timer_stop(&ct->resend);
	timer_stop(&ct->end);
	if (ct->stack) {
		hash_remove(&ct->stack->ctrans, &ct->by_branch);
		hash_remove(&ct->stack->ctrans_peers, &ct->by_peer);
	}
	list_foreach_safe(a, &ct->acked, link)
		mem_deref(a);
	mem_deref(ct->way);
	mem_deref(ct->request);
	mem_deref(ct->ack);
	mem_deref(ct->owner);
	mem_free(ct->cancel_headers);
}

void sip_ctrans_end(struct sip_ctrans *ct)
{
	void *owner = ct->owner;
	if (ct->state == CTRANS_TERMINATED)
		return;
	set_state(ct, CTRANS_TERMINATED, "end");
	timer_stop(&ct->resend);
	timer_stop(&ct->end);
	hash_remove(&ct->stack->ctrans, &ct->by_branch);
	hash_remove(&ct->stack->ctrans_peers, &ct->by_peer);
	ct->fn = NULL;
	ct->owner = NULL;
	ct->way = mem_deref(ct->way);
	mem_deref(ct);
	mem_deref(owner);
}

static void tell(struct sip_ctrans *ct, int err, const struct sip_msg *rsp)
{
	if (ct->fn)
		ct->fn(ct->arg, err, rsp);
}

/* Time-out and transport errors end the machine before the user hears of it, once. */
void sip_ctrans_fail(struct sip_ctrans *ct, int err)
{
	if (ct->way && ct->state < CTRANS_PROCEEDING && sip_ctrans_try_next(ct, err == -ETIMEDOUT ? "no answer" : "not reached", 0))
		return;
	sip_response_fn fn = ct->fn;
	void *arg = ct->arg, *owner = mem_ref(ct->owner);
	sip_counts[err == -ETIMEDOUT ? SIP_CNT_TIMEOUT : SIP_CNT_TRANSPORT_ERROR]++;
	sip_ctrans_end(ct);
	if (fn)
		fn(arg, err, NULL);
	mem_deref(owner);
}

static void on_end(void *arg)
{
	sip_ctrans_end(arg);
}

/* Timers B and F, and the wait after CANCEL. */
static void on_timeout(void *arg)
{
	sip_ctrans_fail(arg, -ETIMEDOUT);
}

void sip_ctrans_detach(struct sip_ctrans *ct)
{
	ct->fn = NULL;
	/* A provisional has stopped Timer B, and nobody is left to give it up: what is still to come may come within 64*T1. */
	if (ct->state == CTRANS_PROCEEDING && !timer_running(&ct->end))
		timer_start(&ct->end, ms(ct, SIP_TIMER_B), on_timeout, ct);
}

static void on_resend(void *arg);

/* One that was late does not make the next one late: the last has but T1 before Timer B. After a long stall what was missed does not go out in one burst. */
static void await_resend(struct sip_ctrans *ct)
{
	uint64_t now = clock_ms(), due = ct->resend.due + ct->interval, least = now + ct->interval / 2;
	timer_start(&ct->resend, (due > least ? due : least) - now, on_resend, ct);
}

/* Timers A and E. Timer A doubles without bound: 64*T1 ends it. */
static void on_resend(void *arg)
{
	struct sip_ctrans *ct = arg;
	sip_counts[SIP_CNT_TX_RETRANSMIT]++;
	sip_send(ct->place, &ct->dst, sip_block_text(ct->request));
	if (ct->method == SIP_INVITE)
		ct->interval *= 2;
	else if (ct->state == CTRANS_PROCEEDING)
		ct->interval = ct->stack->params.timers.t2;
	else
		ct->interval = sip_timer_next(&ct->stack->params.timers, ct->interval);
	await_resend(ct);
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

static void put_start(struct buf *out, const struct sip_ctrans *ct, struct slice method, struct slice ruri, uint32_t max_forwards)
{
	buf_slice(out, method);
	buf_char(out, ' ');
	buf_slice(out, ruri);
	buf_str(out, " SIP/2.0\r\n");
	sip_put_via(out, ct->place, &ct->dst, branch_of(ct));
	buf_str(out, "Max-Forwards: ");
	buf_u64(out, max_forwards);
	buf_add(out, "\r\n", 2);
}

static struct slice method_text(const struct sip_request_params *p)
{
	return p->method == SIP_METHOD_OTHER ? p->method_text : slice_str(sip_method_name(p->method));
}

static void put_request(struct buf *out, const struct sip_ctrans *ct, const struct sip_request_params *p)
{
	put_start(out, ct, method_text(p), p->ruri, p->forwarded ? p->max_forwards : 70);
	buf_slice(out, p->headers);
	if (ct->stack->server && slice_search(p->headers, SLICE("User-Agent:")) < 0)
		sip_put(out, "User-Agent", slice_str(ct->stack->server));
	sip_write_body(out, p->body_type, p->body);
}

/* Copies every header line `name` of a request of ours. */
static void copy_lines(struct buf *out, struct slice text, struct slice name)
{
	for (struct slice line = slice_line(&text); line.len; line = slice_line(&text)) {
		struct slice rest = line, head = slice_cut(&rest, ':');
		if (slice_is_set(rest) && slice_caseeq(head, name)) {
			buf_slice(out, line);
			buf_add(out, "\r\n", 2);
		}
	}
}

static struct slice first_line_uri(struct slice text)
{
	struct slice line = slice_line(&text);
	slice_cut(&line, ' ');
	return slice_cut(&line, ' ');
}

/* CANCEL (9.1) and the ACK of a refusal (17.1.1.3): Request-URI, Via, Route, From, Call-ID and CSeq number of the INVITE; To is
 * the response's in an ACK. */
static struct sip_block *derive(const struct sip_ctrans *ct, const char *method, struct slice to, struct slice extra)
{
	struct buf *out = &ct->stack->scratch;
	struct slice text = sip_block_text(ct->request), cseq = sip_text_hdr(text, SLICE("CSeq"));
	out->len = 0;
	put_start(out, ct, slice_str(method), first_line_uri(text), 70);
	copy_lines(out, text, SLICE("Route"));
	copy_lines(out, text, SLICE("From"));
	if (slice_is_set(to))
		sip_put(out, "To", to);
	else
		copy_lines(out, text, SLICE("To"));
	copy_lines(out, text, SLICE("Call-ID"));
	buf_str(out, "CSeq: ");
	buf_slice(out, slice_cut(&cseq, ' '));
	buf_char(out, ' ');
	buf_str(out, method);
	buf_add(out, "\r\n", 2);
	buf_slice(out, extra);
	sip_write_body(out, SLICE_NONE, SLICE_NONE);
	struct sip_block *b = out->err ? NULL : sip_block_new(buf_text(out));
	if (out->err)
		buf_reset(out);
	if (!b)
		sip_counts[SIP_CNT_NOMEM]++;
	return b;
}

/* --- requests ----------------------------------------------------------------------------------------------------- */

static void enlist(struct sip_ctrans *ct)
{
	hash_insert(&ct->stack->ctrans, &ct->by_branch, slice_hash(branch_of(ct), false));
}

void sip_ctrans_start(struct sip_ctrans *ct)
{
	bool invite = ct->method == SIP_INVITE;
	sip_ctrans_choose(ct);
	enlist(ct);
	ct->state = invite ? CTRANS_CALLING : CTRANS_TRYING;
	ct->interval = ms(ct, invite ? SIP_TIMER_A : SIP_TIMER_E);
	if (ct->interval)
		timer_start(&ct->resend, ct->interval, on_resend, ct);
	timer_start(&ct->end, ms(ct, invite ? SIP_TIMER_B : SIP_TIMER_F), on_timeout, ct);
	sip_counts[SIP_CNT_TX_REQUEST]++;
	sip_ctrans_send(ct);
}

static void set_branch(struct sip_ctrans *ct, struct slice branch)
{
	memcpy(ct->branch, branch.p, branch.len);
	ct->branch_len = (uint8_t)branch.len;
}

/* 8.1.1.7. */
static void make_branch(struct sip_ctrans *ct)
{
	memcpy(ct->branch, "z9hG4bK", 7);
	sip_token(ct->stack, ct->branch + 7);
	ct->branch_len = 7 + SIP_TOKEN_LEN - 1;
}

static struct sip_ctrans *ctrans_new(struct sip_place *place, const struct addr *dst, enum sip_method method)
{
	struct sip_ctrans *ct = mem_alloc(sizeof *ct, ctrans_destroy);
	if (!ct)
		return NULL;
	ct->stack = place->stack;
	ct->place = place;
	ct->dst = *dst;
	ct->method = method;
	list_init(&ct->acked);
	return ct;
}

static void on_held_back(void *arg)
{
	sip_ctrans_fail(arg, -EBUSY);
}

/* RFC 7339 5.10.1: what begins something is held back as the server has asked, as if it had answered 503. */
static bool is_held_back(struct sip_stack *s, const struct sip_request_params *p, const struct addr *dst)
{
	struct sip_nameaddr to;
	if (p->emergency || slice_casestarts(p->ruri, SLICE("urn:service:sos")) || p->method == SIP_REGISTER || !s->oc.n)
		return false;
	if (sip_nameaddr_parse(&to, sip_text_hdr(p->headers, SLICE("To"))) || to.tag.len || !sip_oc_holds_back(&s->oc, dst))
		return false;
	sip_counts[SIP_CNT_HELD_BACK]++;
	return true;
}

static void hold_back(struct sip_ctrans *ct)
{
	enlist(ct);
	ct->state = ct->method == SIP_INVITE ? CTRANS_CALLING : CTRANS_TRYING;
	timer_start(&ct->end, 0, on_held_back, ct);
}

int sip_request(struct sip_ctrans **ret, struct sip_stack *s, const struct sip_request_params *p, sip_response_fn fn, void *arg)
{
	struct sip_place *place = sip_place_for(s, p->listener, &p->dst);
	struct sip_ctrans *ct = place ? ctrans_new(place, &p->dst, p->method) : NULL;
	struct buf *out = &s->scratch;
	struct sip_uri uri;
	int err = 0;
	if (!ct)
		return place ? -ENOMEM : -ENETUNREACH;
	make_branch(ct);
	bool waits = p->next.len && sip_ctrans_locate(ct, p->next) == -EINPROGRESS;
	if (p->flow && sip_place_reliable(place))
		ct->flow = *p->flow;
	if (p->method == SIP_INVITE && !sip_uri_parse(&uri, p->ruri))
		ct->user_hash = slice_hash(uri.user, false);
	out->len = 0;
	put_request(out, ct, p);
	err = out->err;
	ct->request = err ? NULL : sip_block_new(buf_text(out));
	if (err)
		buf_reset(out);
	if (!ct->request) {
		sip_counts[SIP_CNT_NOMEM]++;
		mem_deref(ct);
		return -ENOMEM;
	}
	ct->fn = fn;
	ct->arg = arg;
	if (waits)
		enlist(ct);
	else if (is_held_back(s, p, &ct->dst))
		hold_back(ct);
	else
		sip_ctrans_start(ct);
	if (ret)
		*ret = mem_ref(ct);
	return 0;
}

int sip_ctrans_readdress(struct sip_ctrans *ct)
{
	struct buf *out = &ct->stack->scratch;
	struct slice rest = sip_block_text(ct->request), first = slice_line(&rest);
	slice_line(&rest); /* its Via */
	timer_stop(&ct->resend);
	timer_stop(&ct->end);
	hash_remove(&ct->stack->ctrans, &ct->by_branch);
	ct->udp = NULL;
	make_branch(ct);
	out->len = 0;
	buf_slice(out, first);
	buf_add(out, "\r\n", 2);
	sip_put_via(out, ct->place, &ct->dst, branch_of(ct));
	buf_slice(out, rest);
	struct sip_block *b = out->err ? NULL : sip_block_new(buf_text(out));
	if (out->err)
		buf_reset(out);
	if (!b) {
		sip_counts[SIP_CNT_NOMEM]++;
		enlist(ct);
		return -ENOMEM;
	}
	mem_deref(ct->request);
	ct->request = b;
	return 0;
}

int sip_ctrans_restore(struct sip_ctrans **ret, struct sip_place *p, const struct addr *dst, bool dials_in, struct slice request,
		       bool proceeding, sip_response_fn fn, void *arg)
{
	struct sip_via via;
	struct sip_uri uri;
	struct slice value = sip_text_hdr(request, SLICE("Via"));
	if (!slice_is_set(value) || sip_via_parse(&via, value) || !via.branch.len || via.branch.len >= SIP_BRANCH_SIZE)
		return -EBADMSG;
	struct sip_ctrans *ct = ctrans_new(p, dst, SIP_INVITE);
	if (!ct)
		return -ENOMEM;
	set_branch(ct, via.branch);
	if (!sip_uri_parse(&uri, first_line_uri(request)))
		ct->user_hash = slice_hash(uri.user, false);
	ct->request = sip_block_new(request);
	if (!ct->request) {
		mem_deref(ct);
		return -ENOMEM;
	}
	if (dials_in && sip_place_reliable(p))
		ct->flow = *dst;
	ct->fn = fn;
	ct->arg = arg;
	if (proceeding) {
		enlist(ct);
		sip_ctrans_enlist_peer(ct);
		ct->state = CTRANS_PROCEEDING;
	} else {
		sip_ctrans_start(ct);
	}
	*ret = mem_ref(ct);
	return 0;
}

int sip_ctrans_pass(struct sip_ctrans **ret, struct sip_place *p, const struct sip_flow *to, enum sip_method method, struct slice branch,
		    struct slice text, sip_response_fn fn, void *arg, void *owner)
{
	struct sip_ctrans *ct = branch.len < SIP_BRANCH_SIZE ? ctrans_new(p, &to->peer, method) : NULL;
	if (ct && !(ct->request = sip_block_new(text)))
		ct = mem_deref(ct);
	if (!ct) {
		sip_counts[SIP_CNT_NOMEM]++;
		return -ENOMEM;
	}
	set_branch(ct, branch);
	ct->fn = fn;
	ct->arg = arg;
	ct->owner = mem_ref(owner);
	if (to->own)
		ct->flow = to->peer;
	sip_ctrans_start(ct);
	*ret = mem_ref(ct);
	return 0;
}

/* Has its own transaction, with the branch of what it cancels. */
static void send_cancel(struct sip_ctrans *ct)
{
	struct sip_ctrans *c = ctrans_new(ct->place, &ct->dst, SIP_CANCEL);
	if (c) {
		c->flow = ct->flow;
		set_branch(c, branch_of(ct));
		c->request = derive(ct, "CANCEL", SLICE_NONE, slice_str(ct->cancel_headers));
	}
	if (c && c->request)
		sip_ctrans_start(c);
	else
		mem_deref(c);
	ct->cancel_sent = true;
	timer_start(&ct->end, ms(ct, SIP_TIMER_CANCEL), on_timeout, ct);
}

int sip_cancel(struct sip_ctrans *ct, struct slice extra_headers)
{
	if (ct->method != SIP_INVITE)
		return -EINVAL;
	if (ct->state > CTRANS_PROCEEDING || ct->cancelled)
		return -EALREADY;
	/* Without memory for them, it goes without the extra headers. */
	ct->cancel_headers = extra_headers.len ? slice_dup(extra_headers) : NULL;
	ct->cancelled = true;
	if (ct->state == CTRANS_PROCEEDING)
		send_cancel(ct);
	return 0;
}

/* --- responses ---------------------------------------------------------------------------------------------------- */

int sip_ctrans_keep_ack(struct sip_ctrans *ct, struct slice tag, struct sip_place *p, const struct addr *dst, struct sip_block *text)
{
	struct sip_acked *a = mem_alloc(sizeof *a, acked_destroy);
	if (!a)
		return -ENOMEM;
	a->place = p;
	a->dst = *dst;
	a->tag_hash = slice_hash(tag, false);
	a->text = mem_ref(text);
	list_append(&ct->acked, &a->link);
	return 0;
}

/* A retransmitted 2xx whose ACK has been sent is answered here, also when the session is gone (13.2.2.4). */
static bool acked_again(struct sip_ctrans *ct, const struct sip_msg *rsp)
{
	struct sip_acked *a;
	list_foreach(a, &ct->acked, link) {
		if (a->tag_hash != slice_hash(rsp->to.tag, false))
			continue;
		sip_counts[SIP_CNT_TX_RETRANSMIT]++;
		sip_send(a->place, &a->dst, sip_block_text(a->text));
		return true;
	}
	return false;
}

static void take_2xx(struct sip_ctrans *ct, const struct sip_msg *rsp)
{
	if (ct->state < CTRANS_COMPLETED) {
		set_state(ct, CTRANS_ACCEPTED, "2xx");
		timer_stop(&ct->resend);
		timer_start(&ct->end, ms(ct, SIP_TIMER_M), on_end, ct);
		ct->request = mem_deref(ct->request); /* neither sent again nor cancelled any more */
	} else if (ct->state != CTRANS_ACCEPTED) {
		return;
	} else if (acked_again(ct, rsp)) {
		sip_counts[SIP_CNT_RX_RETRANSMIT]++;
		return;
	} else if (list_count(&ct->acked) >= FORKS_MAX) {
		sip_counts[SIP_CNT_STRAY_RESPONSE]++;
		return;
	}
	if (ct->fn)
		ct->fn(ct->arg, 0, rsp);
	else
		sip_fork_end(ct, rsp);
}

static void take_refusal(struct sip_ctrans *ct, const struct sip_msg *rsp)
{
	bool first = ct->state < CTRANS_COMPLETED;
	if (!first && ct->state != CTRANS_COMPLETED)
		return;
	if (!ct->ack)
		ct->ack = derive(ct, "ACK", rsp->to.text, SLICE_NONE);
	if (ct->ack)
		sip_send(ct->place, &ct->dst, sip_block_text(ct->ack));
	if (!first) {
		sip_counts[SIP_CNT_RX_RETRANSMIT]++;
		return;
	}
	if (ct->way && sip_ctrans_passed_over(ct, rsp)) {
		ct->ack = mem_deref(ct->ack);
		return;
	}
	set_state(ct, CTRANS_COMPLETED, "refused");
	timer_stop(&ct->resend);
	timer_start(&ct->end, ms(ct, SIP_TIMER_D), on_end, ct);
	tell(ct, 0, rsp);
}

static void take_provisional(struct sip_ctrans *ct, const struct sip_msg *rsp)
{
	if (ct->state > CTRANS_PROCEEDING)
		return;
	if (ct->state != CTRANS_PROCEEDING)
		set_state(ct, CTRANS_PROCEEDING, "1xx");
	if (ct->method == SIP_INVITE) {
		timer_stop(&ct->resend);
		if (!ct->cancel_sent)
			timer_stop(&ct->end);
		if (ct->cancelled && !ct->cancel_sent)
			send_cancel(ct);
	}
	tell(ct, 0, rsp);
}

static void take_final(struct sip_ctrans *ct, const struct sip_msg *rsp)
{
	if (ct->state >= CTRANS_COMPLETED) {
		sip_counts[SIP_CNT_RX_RETRANSMIT]++;
		return;
	}
	if (ct->way && sip_ctrans_passed_over(ct, rsp))
		return;
	set_state(ct, CTRANS_COMPLETED, "final");
	timer_stop(&ct->resend);
	timer_start(&ct->end, ms(ct, SIP_TIMER_K), on_end, ct);
	ct->request = mem_deref(ct->request);
	tell(ct, 0, rsp);
}

void sip_ctrans_response(struct sip_ctrans *ct, const struct sip_msg *rsp)
{
	if (ct->state == CTRANS_LOCATING)
		return;
	mem_ref(ct);
	if (rsp->status < 200)
		take_provisional(ct, rsp);
	else if (ct->method != SIP_INVITE)
		take_final(ct, rsp);
	else if (rsp->status < 300)
		take_2xx(ct, rsp);
	else
		take_refusal(ct, rsp);
	mem_deref(ct);
}
