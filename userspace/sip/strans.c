// SPDX-License-Identifier: GPL-3.0-or-later
/* Server transactions (RFC 3261 17.2, figures 7 and 8; RFC 6026 7.1). The table of transactions owns one reference until
 * the machine has ended; users may hold more. */
#include "sip/stack_priv.h"
#include "sip/forward.h"
#include "base/log.h"
#include "base/mem.h"
#include <errno.h>

static const char *const state_names[] = {
	[STRANS_TRYING] = "trying",	[STRANS_PROCEEDING] = "proceeding", [STRANS_COMPLETED] = "completed",
	[STRANS_CONFIRMED] = "confirmed", [STRANS_ACCEPTED] = "accepted",   [STRANS_TERMINATED] = "terminated",
};

static void set_state(struct sip_strans *st, enum strans_state now, const char *why)
{
	log_debug("sip", "server transaction " SLICE_FMT ": %s -> %s (%s)", SLICE_ARG(st->id.branch),
		  state_names[st->state], state_names[now], why);
	st->state = now;
}

static bool is_invite(const struct sip_strans *st)
{
	return st->id.method == SIP_INVITE;
}

/* --- matching (17.2.3) -------------------------------------------------------------------------------------------- */

static bool has_cookie(struct slice branch)
{
	return slice_casestarts(branch, SLICE("z9hG4bK")) && branch.len > 7;
}

static struct sip_identity identity_of(const struct sip_msg *req)
{
	return (struct sip_identity){
		.method = req->method, .cseq = req->cseq.number, .port = req->via.port, .method_text = req->method_text,
		.branch = req->via.branch, .host = req->via.host, .ruri = req->ruri_text, .call_id = req->call_id,
		.from_tag = req->from.tag, .to_tag = req->to.tag,
	};
}

static uint32_t key_of(const struct sip_msg *req)
{
	return slice_hash(has_cookie(req->via.branch) ? req->via.branch : req->call_id, false);
}

static bool method_matches(const struct sip_identity *our, enum sip_method method, struct slice text)
{
	if (method == SIP_METHOD_CANCELLED)
		return our->method != SIP_CANCEL;
	return our->method == method && (method != SIP_METHOD_OTHER || slice_eq(our->method_text, text));
}

/* RFC 2543 peers: no magic cookie, so the identity is Request-URI, tags, Call-ID, CSeq number and topmost Via. The To tag of
 * an ACK is that of our response. */
static bool old_style_matches(const struct sip_strans *st, const struct sip_msg *req)
{
	const struct sip_identity *our = &st->id;
	bool tag = slice_eq(our->to_tag, req->to.tag) ||
		   (req->method == SIP_ACK && slice_eq(req->to.tag, slice_str(st->tag)));
	return tag && slice_eq(our->ruri, req->ruri_text) && slice_eq(our->call_id, req->call_id) && our->cseq == req->cseq.number &&
	       slice_eq(our->from_tag, req->from.tag) && slice_eq(our->branch, req->via.branch);
}

static bool same_sent_by(const struct sip_identity *our, const struct sip_msg *req)
{
	return slice_caseeq(our->host, req->via.host) && our->port == req->via.port;
}

struct sip_strans *sip_strans_find(const struct sip_stack *s, const struct sip_msg *req, enum sip_method method)
{
	struct sip_strans *st;
	bool cookie = has_cookie(req->via.branch);
	hash_foreach_match(st, &s->strans, key_of(req), by_branch) {
		if (!method_matches(&st->id, method, req->method_text) || !same_sent_by(&st->id, req) ||
		    has_cookie(st->id.branch) != cookie)
			continue;
		if (cookie ? slice_eq(st->id.branch, req->via.branch) : old_style_matches(st, req))
			return st;
	}
	return NULL;
}

bool sip_strans_is_merged(const struct sip_stack *s, const struct sip_msg *req)
{
	struct sip_strans *st;
	if (req->to.tag.len)
		return false;
	hash_foreach_match(st, &s->merged, slice_hash(req->call_id, false), by_call) {
		const struct sip_identity *our = &st->id;
		if (our->method == req->method && our->cseq == req->cseq.number && !our->to_tag.len && slice_eq(our->call_id, req->call_id) &&
		    slice_eq(our->from_tag, req->from.tag) && slice_eq(our->method_text, req->method_text))
			return true;
	}
	return false;
}

/* --- what is left of an answered request --------------------------------------------------------------------------- */

static void on_request_over(void *arg);

/* Once nobody but the table has the transaction, its request is only there to be told from others, for 32 seconds. */
static void let_request_go(struct sip_strans *st, uint64_t in_ms)
{
	timer_start(&st->resend, in_ms, on_request_over, st);
}

void sip_strans_forget_request(struct sip_strans *st)
{
	struct slice *parts[] = {&st->id.method_text, &st->id.branch, &st->id.host, &st->id.ruri, &st->id.call_id, &st->id.from_tag, &st->id.to_tag};
	size_t n = sizeof parts / sizeof parts[0], size = 0;
	if (!st->req || !sip_strans_final(st))
		return;
	for (size_t i = 0; i < n; i++)
		size += parts[i]->len;
	char *p = st->id_text = mem_raw(size);
	if (!p)
		return;
	for (size_t i = 0; i < n; i++) {
		if (parts[i]->len)
			memcpy(p, parts[i]->p, parts[i]->len);
		*parts[i] = slice_of(parts[i]->len ? p : NULL, parts[i]->len);
		p += parts[i]->len;
	}
	st->req = mem_deref(st->req);
}

static void on_request_over(void *arg)
{
	struct sip_strans *st = arg;
	if (st->req && mem_refs(st) > 1)
		let_request_go(st, st->stack->params.timers.t1);
	else
		sip_strans_forget_request(st);
}

/* --- life --------------------------------------------------------------------------------------------------------- */

static void strans_destroy(void *obj)
{
	struct sip_strans *st = obj;
	timer_stop(&st->resend);
	timer_stop(&st->end);
	if (st->stack) {
		hash_remove(&st->stack->strans, &st->by_branch);
		hash_remove(&st->stack->merged, &st->by_call);
	}
	mem_deref(st->req);
	mem_deref(st->last);
	mem_free(st->id_text);
}

/* Terminated: the table gives its reference back. */
void sip_strans_end(struct sip_strans *st)
{
	if (st->state == STRANS_TERMINATED)
		return;
	set_state(st, STRANS_TERMINATED, "end");
	timer_stop(&st->resend);
	timer_stop(&st->end);
	hash_remove(&st->stack->strans, &st->by_branch);
	hash_remove(&st->stack->merged, &st->by_call);
	mem_deref(st);
}

static void on_end(void *arg)
{
	sip_strans_end(arg);
}

static uint32_t ms(const struct sip_strans *st, enum sip_timer_id id)
{
	return sip_timer_ms(&st->stack->params.timers, id, sip_place_reliable(st->place));
}

int sip_strans_new(struct sip_strans **ret, struct sip_place *p, struct sip_msg *req)
{
	struct sip_stack *s = p->stack;
	struct sip_strans *st = mem_alloc(sizeof *st, strans_destroy);
	if (!st)
		return -ENOMEM;
	st->stack = s;
	st->place = p;
	st->req = mem_ref(req);
	st->id = identity_of(req);
	st->state = req->method == SIP_INVITE ? STRANS_PROCEEDING : STRANS_TRYING;
	st->reply_to = sip_response_addr(req);
	sip_token(s, st->tag);
	/* A user that never answers: by then the client has given up (RFC 4320 4.2 wants no late answers). */
	if (req->method != SIP_INVITE)
		timer_start(&st->end, ms(st, SIP_TIMER_F), on_end, st);
	hash_insert(&s->strans, &st->by_branch, key_of(req));
	hash_insert(&s->merged, &st->by_call, slice_hash(req->call_id, false));
	*ret = st;
	return 0;
}

int sip_strans_restore(struct sip_strans **ret, struct sip_place *p, struct sip_msg *req, struct slice tag, struct slice answer)
{
	struct sip_strans *st;
	struct sip_block *last = answer.len ? sip_block_new(answer) : NULL;
	char own[SIP_TOKEN_LEN];
	if (answer.len && !last)
		return -ENOMEM;
	int err = slice_copy(tag, own, sizeof own) ? -EBADMSG : sip_strans_new(&st, p, req);
	if (err) {
		mem_deref(last);
		return err;
	}
	memcpy(st->tag, own, sizeof own);
	st->last = last;
	if (last) {
		set_state(st, STRANS_ACCEPTED, "restored");
		timer_start(&st->end, ms(st, SIP_TIMER_L), on_end, st);
	}
	*ret = mem_ref(st);
	return 0;
}

/* Timer H: the ACK never came. What the standard calls a transaction failure concerns nobody: the answer was a refusal. */
static void on_timer_h(void *arg)
{
	sip_counts[SIP_CNT_ACK_LOST]++;
	sip_strans_end(arg);
}

/* 18.2.2: back on the connection the request came on; when that is gone, over a new one to the port that its sender says. */
static void send_last(const struct sip_strans *st)
{
	struct addr to = st->reply_to;
	if (!sip_place_reaches(st->place, &to))
		to.port = st->id.port ? st->id.port : sip_transports[st->place->l.transport].port;
	sip_send(st->place, &to, sip_block_text(st->last));
}

void sip_strans_resend(struct sip_strans *st)
{
	if (!st->last || !st->stack)
		return;
	sip_counts[SIP_CNT_TX_RETRANSMIT]++;
	send_last(st);
}

void sip_strans_moved(struct sip_strans *st, struct sip_place *to, const struct addr *now)
{
	bool lost = !sip_place_reaches(st->place, &st->reply_to);
	st->place = to;
	st->reply_to = *now;
	if (lost && st->state == STRANS_COMPLETED)
		sip_strans_resend(st);
}

void sip_strans_settled(struct sip_strans *st)
{
	if (st->state >= STRANS_ACCEPTED)
		st->last = mem_deref(st->last);
}

static void on_timer_g(void *arg)
{
	struct sip_strans *st = arg;
	sip_strans_resend(st);
	st->interval = sip_timer_next(&st->stack->params.timers, st->interval);
	timer_start(&st->resend, st->interval, on_timer_g, st);
}

/* --- events ------------------------------------------------------------------------------------------------------- */

void sip_strans_again(struct sip_strans *st)
{
	sip_counts[SIP_CNT_RX_RETRANSMIT]++;
	if (st->state == STRANS_PROCEEDING || st->state == STRANS_COMPLETED)
		sip_strans_resend(st);
}

void sip_strans_ack(struct sip_strans *st)
{
	if (st->state != STRANS_COMPLETED)
		return;
	set_state(st, STRANS_CONFIRMED, "ACK");
	timer_stop(&st->resend);
	timer_start(&st->end, ms(st, SIP_TIMER_I), on_end, st);
}

/* 9.2: has an effect only before the final answer. */
void sip_strans_cancel(struct sip_strans *st, const struct sip_msg *cancel)
{
	void (*fn)(void *, const struct sip_msg *) = st->cancel_fn;
	if (st->state != STRANS_PROCEEDING || !is_invite(st))
		return;
	st->cancel_fn = NULL;
	if (fn)
		fn(st->cancel_arg, cancel);
	else
		sip_reply(st, 487, NULL, SLICE_NONE, SLICE_NONE, SLICE_NONE);
}

static void answered(struct sip_strans *st, unsigned status)
{
	if (status < 200) {
		if (st->state == STRANS_TRYING)
			set_state(st, STRANS_PROCEEDING, "1xx");
	} else if (!is_invite(st)) {
		set_state(st, STRANS_COMPLETED, "final");
		timer_start(&st->end, ms(st, SIP_TIMER_J), on_end, st);
		let_request_go(st, 0);
	} else if (status < 300) {
		set_state(st, STRANS_ACCEPTED, "2xx");
		timer_start(&st->end, ms(st, SIP_TIMER_L), on_end, st);
		let_request_go(st, 0);
	} else {
		set_state(st, STRANS_COMPLETED, "final");
		st->interval = ms(st, SIP_TIMER_G);
		if (st->interval)
			timer_start(&st->resend, st->interval, on_timer_g, st);
		timer_start(&st->end, ms(st, SIP_TIMER_H), on_timer_h, st);
	}
}

bool sip_strans_answered(const struct sip_strans *st)
{
	return st->last || st->state > STRANS_PROCEEDING;
}

bool sip_strans_final(const struct sip_strans *st)
{
	return st->state > STRANS_PROCEEDING;
}

int sip_reply(struct sip_strans *st, unsigned status, const char *reason, struct slice extra, struct slice body_type, struct slice body)
{
	if (!st->stack)
		return -ESHUTDOWN;
	if (status < 100 || status > 699)
		return -EINVAL;
	if (sip_strans_final(st))
		return -EALREADY;
	struct buf *out = &st->stack->scratch;
	out->len = 0;
	sip_write_response(out, st->stack, st->req,
			   &(struct sip_response){.status = status, .reason = reason, .tag = slice_of(st->tag, SIP_TOKEN_LEN - 1),
						  .extra = extra, .body_type = body_type, .body = body});
	int err = out->err;
	struct sip_block *b = err ? NULL : sip_block_new(buf_text(out));
	if (!b) {
		buf_reset(out);
		sip_counts[SIP_CNT_NOMEM]++;
		return -ENOMEM;
	}
	mem_deref(st->last);
	st->last = b;
	answered(st, status);
	sip_counts[SIP_CNT_TX_RESPONSE]++;
	/* A datagram that could not be queued is one that was lost: the machine sends it again. */
	send_last(st);
	return 0;
}

int sip_strans_pass(struct sip_strans *st, unsigned status, struct slice text)
{
	if (!st->stack)
		return -ESHUTDOWN;
	if (sip_strans_final(st) && (st->state != STRANS_ACCEPTED || status < 200 || status > 299))
		return -EALREADY;
	/* A 2xx is sent again by whoever gave it, not here. */
	bool kept = !is_invite(st) || status < 200 || status > 299;
	struct sip_block *b = kept ? sip_block_new(text) : NULL;
	if (kept && !b) {
		sip_counts[SIP_CNT_NOMEM]++;
		return -ENOMEM;
	}
	mem_deref(st->last);
	st->last = b;
	if (!sip_strans_final(st))
		answered(st, status);
	sip_counts[SIP_CNT_TX_RESPONSE]++;
	sip_send(st->place, &st->reply_to, text);
	return 0;
}

int sip_reply_once(struct sip_strans *st, unsigned status, const char *reason, struct slice extra)
{
	if (!st->stack)
		return -ESHUTDOWN;
	if (sip_strans_final(st))
		return -EALREADY;
	sip_reply_stateless(st->place, st->req, status, reason, extra);
	sip_strans_end(st);
	return 0;
}

void sip_refuse_stranger(struct sip_strans *st)
{
	if (!st->stack || sip_strans_final(st))
		return;
	const struct sip_watch *w = &st->stack->params.watch;
	if (w->stranger)
		w->stranger(w->arg, &st->req->src);
	if (w->stranger_status)
		sip_reply_stateless(st->place, st->req, w->stranger_status, NULL, SLICE_NONE);
	sip_strans_end(st);
}

int sip_replyf(struct sip_strans *st, unsigned status, const char *reason, const char *extra_fmt, ...)
{
	struct buf extra = buf_growing();
	va_list ap;
	if (extra_fmt) {
		va_start(ap, extra_fmt);
		buf_vprintf(&extra, extra_fmt, ap);
		va_end(ap);
	}
	int err = extra.err ? extra.err : sip_reply(st, status, reason, buf_text(&extra), SLICE_NONE, SLICE_NONE);
	buf_reset(&extra);
	return err;
}

const struct sip_msg *sip_strans_request(const struct sip_strans *st)
{
	return st->req;
}

struct slice sip_strans_tag(const struct sip_strans *st)
{
	return st->id.to_tag.len ? st->id.to_tag : slice_of(st->tag, SIP_TOKEN_LEN - 1);
}

const struct sip_listener *sip_strans_listener(const struct sip_strans *st)
{
	return st->stack ? &st->place->l : NULL;
}

void sip_strans_on_cancel(struct sip_strans *st, void (*fn)(void *arg, const struct sip_msg *cancel), void *arg)
{
	st->cancel_fn = fn;
	st->cancel_arg = arg;
}
