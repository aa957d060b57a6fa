// SPDX-License-Identifier: GPL-3.0-or-later
/* Reliable provisional responses (RFC 3262), each side for itself. Ours: one is repeated until its PRACK, and what follows it waits: the
 * next ones, and a 2xx that would overtake a description (section 3). Theirs: taken in order, acknowledged in their early dialog (section 4). */
#include "sip/malformed.h"
#include "sip/session_priv.h"
#include "base/mem.h"
#include "sip/mime.h"
#include <errno.h>

/* Ours that wait at most: more than a called party says while it rings. */
#define MAX_LATER 16

struct session_reliable {
	bool required; /* by the caller: every provisional response then has to be */
	bool waits;    /* the one sent last has no PRACK */
	bool described; /* ... and it carries a description */
	bool agreed;   /* one with a description has its PRACK: offer and answer are complete */
	uint32_t rseq, interval;
	struct timer resend, end;
	struct list later;
	unsigned n_later;
};

/* What is said when its turn comes: a provisional response or the 200. */
struct later {
	struct link link;
	unsigned status;
	struct slice headers, sdp;
	char text[];
};

int session_reliable_start(struct sip_session *ss, const struct sip_msg *invite)
{
	bool required = sip_msg_has_token(invite, SIP_HDR_REQUIRE, SLICE("100rel"));
	if (!required && !sip_msg_has_token(invite, SIP_HDR_SUPPORTED, SLICE("100rel")))
		return 0;
	ss->reliable = mem_alloc(sizeof *ss->reliable, NULL);
	if (!ss->reliable)
		return -ENOMEM;
	ss->reliable->required = required;
	ss->reliable->rseq = sip_random(ss->stack, 1u << 30);
	list_init(&ss->reliable->later);
	return 0;
}

static void stop(struct session_reliable *r)
{
	timer_stop(&r->resend);
	timer_stop(&r->end);
}

void session_reliable_drop(struct sip_session *ss)
{
	struct session_reliable *r = ss->reliable;
	struct later *l;
	if (!r)
		return;
	stop(r);
	list_foreach_safe(l, &r->later, link) {
		list_remove(&l->link);
		mem_free(l);
	}
	ss->reliable = mem_deref(r);
}

/* --- ours ------------------------------------------------------------------------------------------------------------- */

static void on_resend(void *arg)
{
	struct sip_session *ss = arg;
	struct session_reliable *r = ss->reliable;
	sip_strans_resend(ss->uas);
	r->interval *= 2; /* without the bound of T2 */
	timer_start(&r->resend, r->interval, on_resend, ss);
}

/* "The UAS SHOULD reject the original request with a 5xx response." */
static void on_no_prack(void *arg)
{
	struct sip_session *ss = mem_ref(arg);
	sip_counts[SIP_CNT_PRACK_LOST]++;
	sip_reply(ss->uas, 504, NULL, SLICE_NONE, SLICE_NONE, SLICE_NONE);
	session_close(ss, 504, NULL);
	mem_deref(ss);
}

static int say_later(struct session_reliable *r, unsigned status, struct slice headers, struct slice sdp)
{
	if (r->n_later == MAX_LATER)
		return -ENOSPC;
	struct later *l = mem_raw(sizeof *l + headers.len + sdp.len);
	if (!l)
		return -ENOMEM;
	struct buf b = buf_fixed(l->text, headers.len + sdp.len);
	*l = (struct later){.status = status};
	l->headers = buf_keep(&b, headers);
	l->sdp = buf_keep(&b, sdp);
	list_append(&r->later, &l->link);
	r->n_later++;
	return 0;
}

static int say(struct sip_session *ss, unsigned status, struct slice headers, struct slice sdp)
{
	struct session_reliable *r = ss->reliable;
	struct buf lines = buf_growing();
	buf_printf(&lines, "Require: 100rel\r\nRSeq: %u\r\n", r->rseq + 1);
	buf_slice(&lines, headers);
	int err = lines.err;
	if (!err)
		err = session_reply_invite(ss, status, NULL, buf_text(&lines), sdp);
	buf_reset(&lines);
	if (err)
		return err;
	r->rseq++;
	r->waits = true;
	r->described |= sdp.len > 0;
	r->interval = session_ms(ss, SIP_TIMER_A);
	timer_stop(&ss->ring);
	timer_start(&r->resend, r->interval, on_resend, ss);
	timer_start(&r->end, session_ms(ss, SIP_TIMER_B), on_no_prack, ss);
	return 0;
}

/* Where the INVITE made no offer, the first reliable one has to (RFC 3262 5): those without a description are not sent so. */
int session_reliable_progress(struct sip_session *ss, unsigned status, struct slice headers, struct slice sdp)
{
	struct session_reliable *r = ss->reliable;
	if (!r)
		return -EAGAIN;
	if (r->waits)
		return say_later(r, status, headers, sdp);
	if (!ss->invite_had_offer && !r->agreed && !sdp.len)
		return r->required ? -ENODATA : -EAGAIN;
	return r->required || sdp.len ? say(ss, status, headers, sdp) : -EAGAIN;
}

int session_reliable_answer(struct sip_session *ss, struct slice headers, struct slice sdp)
{
	struct session_reliable *r = ss->reliable;
	if (!r)
		return -EAGAIN;
	if (r->waits && r->described && !r->agreed)
		return say_later(r, 200, headers, sdp);
	stop(r);
	return -EAGAIN;
}

bool session_reliable_held(const struct sip_session *ss, struct slice *headers, struct slice *sdp)
{
	const struct later *l;
	if (ss->reliable)
		list_foreach(l, &ss->reliable->later, link)
			if (l->status == 200) {
				*headers = l->headers;
				*sdp = l->sdp;
				return true;
			}
	return false;
}

bool session_reliable_agreed(const struct sip_session *ss)
{
	return ss->reliable && ss->reliable->agreed;
}

static void say_next(struct sip_session *ss)
{
	struct session_reliable *r;
	while ((r = ss->reliable) && !r->waits && !list_empty(&r->later)) {
		struct later *l = container_of(list_first(&r->later), struct later, link);
		list_remove(&l->link);
		r->n_later--;
		if (l->status < 200)
			sip_session_progress(ss, l->status, NULL, l->headers, l->sdp);
		else if (sip_session_answer(ss, l->headers, l->sdp))
			sip_session_bye(ss, 500, SLICE_NONE, SLICE_NONE);
		mem_free(l);
	}
}

/* RAck: response-num CSeq-num Method (7.2). */
static bool read_rack(uint32_t *rseq, struct sip_cseq *cseq, const struct sip_msg *prack)
{
	struct slice rest = sip_msg_value(prack, SIP_HDR_RACK);
	struct slice number = slice_cut(&rest, ' ');
	if (!slice_u32(number, rseq) && slice_is_set(rest) && !sip_cseq_parse(cseq, slice_trim(rest)))
		return true;
	sip_malformed(SIP_PART_RACK);
	return false;
}

/* 200 when it is for the response that waits for it. */
static unsigned find_ours(const struct sip_session *ss, const struct sip_msg *prack)
{
	const struct session_reliable *r = ss->reliable;
	uint32_t rseq;
	struct sip_cseq cseq;
	if (!read_rack(&rseq, &cseq, prack))
		return 400;
	return r && r->waits && rseq == r->rseq && cseq.method == SIP_INVITE && cseq.number == ss->invite_cseq ? 200 : 481;
}

void session_take_prack(struct sip_session *ss, struct sip_dialog *d, struct sip_strans *st, const struct sip_msg *req)
{
	unsigned status = find_ours(ss, req);
	if (status != 200) {
		sip_reply(st, status, NULL, SLICE_NONE, SLICE_NONE, SLICE_NONE);
		return;
	}
	bool first = ss->reliable->described && !ss->reliable->agreed, answers = first && !ss->invite_had_offer;
	if (answers && !req->body.len) {
		sip_reply(st, 400, "Answer Missing", SLICE_NONE, SLICE_NONE, SLICE_NONE);
		return;
	}
	ss->reliable->waits = false;
	ss->reliable->agreed = ss->reliable->described;
	stop(ss->reliable);
	if (answers || !req->body.len)
		sip_reply(st, 200, NULL, SLICE_NONE, SLICE_NONE, SLICE_NONE);
	if (first && ss->h && ss->h->agreed)
		ss->h->agreed(ss->arg, req);
	if (!answers && req->body.len)
		session_take_early_offer(ss, d, st, req);
	if (ss->state == SESSION_RINGING)
		say_next(ss);
}

/* --- theirs ------------------------------------------------------------------------------------------------------------- */

static int send_prack(struct sip_session *ss, struct sip_dialog *d, uint32_t rseq, struct slice sdp)
{
	char text[48];
	struct buf rack = buf_fixed(text, sizeof text);
	buf_printf(&rack, "RAck: %u %u INVITE\r\n", rseq, ss->cseq);
	return session_ask(ss, d,
			   &(struct sip_dialog_request){.method = SIP_PRACK, .headers = buf_text(&rack), .body = sdp,
							.body_type = sdp.len ? SLICE("application/sdp") : SLICE_NONE}, NULL, NULL);
}

/* A repetition is PRACKed by the repetition of its PRACK; one that is ahead of its turn comes again. */
bool session_prack(struct sip_session *ss, struct sip_dialog *d, const struct sip_msg *rsp)
{
	uint32_t rseq;
	if (!sip_msg_has_token(rsp, SIP_HDR_REQUIRE, SLICE("100rel")))
		return true;
	if (slice_u32(slice_trim(sip_msg_value(rsp, SIP_HDR_RSEQ)), &rseq) || !rseq) {
		sip_malformed(SIP_PART_RSEQ);
		return false;
	}
	if (!d || (d->rseq && rseq != d->rseq + 1) || rsp->cseq.number != ss->cseq || d->offered)
		return false;
	bool describes = sip_body_find(sip_msg_value(rsp, SIP_HDR_CONTENT_TYPE), rsp->body, SLICE("application/sdp")).len > 0;
	d->offered = describes && !ss->invite_had_offer && !d->agreed;
	if (!d->offered && send_prack(ss, d, rseq, SLICE_NONE))
		return false;
	d->rseq = rseq;
	d->agreed |= describes && !d->offered;
	return true;
}

struct sip_dialog *session_offered_dialog(const struct sip_session *ss, struct slice tag)
{
	struct sip_dialog *d;
	list_foreach(d, &ss->early, link)
		if (d->offered && (!slice_is_set(tag) || slice_eq(d->remote_tag, tag)))
			return d;
	return NULL;
}

bool sip_session_offered(const struct sip_session *ss, const struct sip_msg *rsp)
{
	return ss->state == SESSION_CALLING && session_offered_dialog(ss, rsp->to.tag);
}

int session_prack_answer(struct sip_session *ss, struct sip_dialog *d, struct slice sdp)
{
	int err = send_prack(ss, d, d->rseq, sdp);
	if (err)
		return err;
	d->offered = false;
	d->agreed = true;
	return 0;
}
