/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two stacks with a session each on a wire in memory with delay and loss, on the test clock. */
#pragma once
#include "unit.h"
#include "sip/session_priv.h"
#include "sip/stack_priv.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define DELAY_MS 5

struct user {
	struct sip_stack *stack;
	struct addr addr;
	struct sip_session *ss;
	struct sip_strans *st;
	/* what to do */
	bool answers_at_once, rings, refuses_offers, answers_offers;
	/* what was seen */
	unsigned refreshes, progress, answered, offers, offers_done, offer_status, acked, closed, status, requests;
	unsigned agreed, given_up;
	bool by_bye, by_cancel, early_sdp, answer_in_prack;
};

static struct user a, b;
static uint32_t probe_ms, expires_s, min_se_s[2]; /* of a and b */
static const char *const *methods_of_b;
static unsigned loss_percent, drops, flights;
static uint32_t dice;
static const char *drop_start; /* messages that begin so are lost ... */
static unsigned drop_count;    /* ... so many times */
static char journal[64][40];   /* first words of what arrived */
static unsigned n_journal;

struct flight {
	struct timer timer;
	struct user *to;
	struct addr src;
	size_t len;
	char text[];
};

static inline void land(void *arg)
{
	struct flight *f = arg;
	struct sip_place *p = f->to->stack ? container_of(list_first(&f->to->stack->places), struct sip_place, link) : NULL;
	if (n_journal < 64)
		snprintf(journal[n_journal++], sizeof journal[0], "%.30s", f->text);
	if (p)
		sip_stack_input(p, &f->src, &f->to->addr, f->text, f->len);
	flights--;
	free(f);
}

static inline int fly(void *arg, const struct addr *from, const struct addr *to, struct slice text)
{
	if (drop_start && drop_count && slice_starts(text, slice_str(drop_start))) {
		drop_count--;
		return 0;
	}
	dice = dice * 1664525 + 1013904223;
	if ((dice >> 8) % 100 < loss_percent) {
		drops++;
		return 0;
	}
	struct user *u = addr_eq(to, &a.addr) ? &a : addr_eq(to, &b.addr) ? &b : NULL;
	if (!u)
		return 0;
	struct flight *f = calloc(1, sizeof *f + text.len + 1);
	f->to = u;
	f->src = *from;
	f->len = text.len;
	memcpy(f->text, text.p, text.len);
	flights++;
	timer_start(&f->timer, DELAY_MS, land, f);
	return 0;
}

static inline unsigned journal_count(const char *start)
{
	unsigned n = 0;
	for (unsigned i = 0; i < n_journal; i++)
		n += !strncmp(journal[i], start, strlen(start));
	return n;
}

/* --- the users -------------------------------------------------------------------------------------------------------- */

#define OFFER  SLICE("v=0 offer")
#define ANSWER SLICE("v=0 answer")

static inline void on_progress(void *arg, const struct sip_msg *rsp)
{
	struct user *u = arg;
	u->progress++;
	u->early_sdp |= rsp->body.len > 0;
	if (sip_session_offered(u->ss, rsp))
		sip_session_ack(u->ss, ANSWER);
}

static inline void on_agreed(void *arg, const struct sip_msg *prack)
{
	struct user *u = arg;
	u->agreed++;
	u->answer_in_prack |= slice_eq(prack->body, ANSWER);
}

static inline void on_answered(void *arg, const struct sip_msg *rsp)
{
	struct user *u = arg;
	u->answered++;
	if (!slice_eq(rsp->body, ANSWER))
		sip_session_ack(u->ss, ANSWER);
}

static inline void on_offer(void *arg, const struct sip_msg *req)
{
	struct user *u = arg;
	u->offers++;
	if (u->refuses_offers)
		sip_session_reply_offer(u->ss, 488, NULL, SLICE_NONE, SLICE_NONE);
	else if (u->answers_offers)
		sip_session_reply_offer(u->ss, 200, NULL, SLICE_NONE, req->body.len ? ANSWER : OFFER);
}

static inline void on_offer_given_up(void *arg)
{
	((struct user *)arg)->given_up++;
}

static inline void on_offer_done(void *arg, unsigned status, const struct sip_msg *msg)
{
	struct user *u = arg;
	u->offers_done++;
	u->offer_status = status;
}

static inline void on_refresh(void *arg)
{
	struct user *u = arg;
	u->refreshes++;
	sip_session_offer(u->ss, SLICE_NONE, OFFER);
}

static inline void on_acked(void *arg, const struct sip_msg *ack)
{
	((struct user *)arg)->acked++;
}

static inline void on_closed(void *arg, unsigned status, const struct sip_msg *msg)
{
	struct user *u = arg;
	u->closed++;
	u->status = status;
	u->by_bye = msg && msg->request && msg->method == SIP_BYE;
	u->by_cancel = msg && msg->request && msg->method == SIP_CANCEL;
}

static const struct sip_session_handlers handlers = {
	.progress = on_progress, .agreed = on_agreed, .answered = on_answered, .offer = on_offer, .offer_given_up = on_offer_given_up, .offer_done = on_offer_done, .refresh = on_refresh, .acked = on_acked, .closed = on_closed,
};

static inline void on_request(void *arg, struct sip_strans *st, const struct sip_msg *req)
{
	struct user *u = arg;
	u->requests++;
	if (req->method != SIP_INVITE || u->ss) {
		sip_reply(st, 486, NULL, SLICE_NONE, SLICE_NONE, SLICE_NONE);
		return;
	}
	if (sip_session_accept(&u->ss, st, SLICE("bob"), &handlers, u)) {
		sip_reply(st, 500, NULL, SLICE_NONE, SLICE_NONE, SLICE_NONE);
		return;
	}
	if (u->rings)
		sip_session_progress(u->ss, 180, NULL, SLICE_NONE, SLICE_NONE);
	if (u->answers_at_once)
		sip_session_answer(u->ss, SLICE_NONE, req->body.len ? ANSWER : OFFER);
}

static inline int open_user(struct user *u, const char *addr)
{
	memset(u, 0, sizeof *u);
	addr_parse(&u->addr, slice_str(addr), 5060);
	struct sip_stack_params p = {.timers = {500, 4000, 5000}, .probe_ms = probe_ms, .session_expires_s = expires_s,
				     .min_se_s = min_se_s[u == &b], .methods = u == &b ? methods_of_b : NULL, .on_request = on_request, .arg = u};
	struct sip_listener l = {.name = "x", .local = u->addr, .fd = -1};
	u->rings = u->answers_offers = true;
	int err = sip_stack_open(&u->stack, &p);
	if (err)
		return err;
	sip_stack_wire(u->stack, fly, u);
	return sip_stack_listen(u->stack, &l);
}

static inline int open_both(void)
{
	loss_percent = drops = n_journal = drop_count = 0;
	drop_start = NULL;
	int err = open_user(&a, "192.0.2.1");
	int err2 = open_user(&b, "192.0.2.2");
	return err ? err : err2;
}

static inline int call(struct slice sdp, uint32_t ring_ms)
{
	return sip_session_connect(&a.ss, a.stack,
				   &(struct sip_session_params){.ruri = SLICE("sip:bob@192.0.2.2"), .dst = b.addr,
								.from_display = SLICE("Al \"x\""), .from_uri = SLICE("sip:al@192.0.2.1"),
								.to_uri = SLICE("sip:bob@192.0.2.2"), .contact_user = SLICE("al"),
								.sdp = sdp, .ring_ms = ring_ms},
				   &handlers, &a);
}

/* Nothing may be left when every timer has run. */
static inline void finish(void)
{
	clock_test_advance(200000);
	assert_int_equal(sip_stack_sessions(a.stack), 0);
	assert_int_equal(sip_stack_sessions(b.stack), 0);
	assert_int_equal(sip_stack_transactions(a.stack), 0);
	assert_int_equal(sip_stack_transactions(b.stack), 0);
	a.ss = mem_deref(a.ss);
	b.ss = mem_deref(b.ss);
	assert_int_equal(timer_count(), 0);
	a.stack = mem_deref(a.stack);
	b.stack = mem_deref(b.stack);
	assert_int_equal(mem_blocks(), 0);
}

/* Whatever has become of the call, also when memory was out: each_allocation_fails() counts what is left. */
static inline void close_both(void)
{
	a.ss = mem_deref(a.ss);
	b.ss = mem_deref(b.ss);
	clock_test_advance(100000);
	a.stack = mem_deref(a.stack);
	b.stack = mem_deref(b.stack);
	assert_int_equal(flights, 0);
}

static inline void establish(struct slice sdp)
{
	assert_int_equal(open_both(), 0);
	b.answers_at_once = true;
	assert_int_equal(call(sdp, 0), 0);
	clock_test_advance(100);
	assert_int_equal(a.answered, 1);
	assert_int_equal(b.acked, 1);
	n_journal = 0;
}

