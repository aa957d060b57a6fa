/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Calls whose parties give their place away, or have it taken: what the tests of that share. */
#pragma once
#include "base/log.h"
#include "fakes.h"

static struct calls calls;
static struct mgcp_gw *gw;
static struct leg *x1, *x2, *later, *named; /* whom a transfer leads to; whose dialog its Replaces names */
static unsigned refusal;

static inline bool may_transfer(void *arg, const struct leg *by)
{
	return true;
}

/* Rounds of a transfer: x1 and x2 together, then `later`. */
static inline int next_round(void *plan, struct call *c, const struct leg_news *how, struct leg_news *end)
{
	struct leg **all[] = {how ? &later : &x1, how ? NULL : &x2};
	unsigned joined = 0;
	if (how)
		say("plan: %u\n", how->status);
	for (int i = 0; i < 2; i++) {
		if (!all[i] || !*all[i] || (*all[i])->call)
			continue;
		if (call_transfer_join(c, *all[i])) {
			mem_deref(*all[i]);
			*all[i] = NULL;
		} else {
			joined++;
		}
	}
	if (!how && !joined)
		end->status = 503;
	return joined ? 0 : -ENOENT;
}

static inline unsigned transfer(void *arg, struct call *c, struct leg *by, const struct leg_transfer *t)
{
	c->transfer_plan.next = next_round;
	return refusal;
}

static inline struct leg *leg_named(void *arg, struct slice replaces)
{
	return named;
}

static inline int open_calls(void)
{
	calls = (struct calls){.silence_s = 30, .ring_ms = 20000, .may_transfer = may_transfer, .transfer = transfer, .leg_named = leg_named};
	x1 = x2 = later = named = NULL;
	refusal = 0;
	conns_made = 0;
	gateway_err = 0;
	gateway_err_from = 0;
	said[0] = '\0';
	return calls_init(&calls);
}

static inline int setup(void **state)
{
	list_init(&conns);
	gw = mem_alloc(sizeof(*gw), NULL);
	return open_calls();
}

static inline int teardown(void **state)
{
	calls_fini(&calls);
	mem_deref(gw);
	return list_empty(&conns) ? 0 : -1;
}

/* An answered call of `a` and `b`; NULL when memory is out. */
static inline struct call *answered(const char *name_a, const char *name_b, struct leg **a, struct leg **b)
{
	struct call *c;
	*a = party_new(name_a, SIDE_A, AF_INET);
	*b = party_new(name_b, SIDE_B, AF_INET);
	if (!*a || !*b || call_new(&c, &calls, gw)) {
		*a = mem_deref(*a);
		*b = mem_deref(*b);
		return NULL;
	}
	if (call_add_leg(c, *a))
		abort(); /* the caller's needs no memory */
	if (call_add_leg(c, *b)) {
		*b = mem_deref(*b);
		call_end(c, CALL_BY_TANDEM, &(struct leg_news){.status = 500});
		news(call_on_closed, *a, 0, SLICE_NONE);
		*a = NULL;
		return NULL;
	}
	mem_ref(c);
	call_start(c, &(struct leg_news){.sdp = sdp("192.0.2.1", AUDIO(4000))});
	gateway_answers();
	if (c->state == CALL_RINGING)
		news(call_on_answered, *b, 200, sdp("192.0.2.2", AUDIO(6000)));
	gateway_answers();
	if (c->state == CALL_ACTIVE)
		news(call_on_confirmed, *a, 0, SLICE_NONE);
	said[0] = '\0';
	return c;
}

static inline void closed(struct leg *l)
{
	news(call_on_closed, l, 0, SLICE_NONE);
}

static inline void ask(struct leg *by, const char *replaces)
{
	call_on_transfer(by, &(struct leg_transfer){.replaces = slice_str(replaces)});
}

/* It answers the call, and the gateway joins it. */
static inline void comes(struct leg *l)
{
	news(call_on_answered, l, 200, sdp("192.0.2.9", AUDIO(9000)));
	gateway_answers();
}

/* It agrees to what it was re-offered. */
static inline void follows(struct leg *l)
{
	news(call_on_reoffer_done, l, 200, sdp("192.0.2.1", AUDIO(4000)));
	gateway_answers();
}

/* `by` asks for a transfer to whom x1 and x2 are, who are offered the call. */
static inline void transfers(struct leg *by)
{
	ask(by, "");
	gateway_answers();
}

/* A caller that asks for a place, with an offer. */
static inline unsigned asks_for_place(unsigned (*fn)(struct leg *, struct leg *, const struct leg_news *), struct leg *theirs, struct leg *l)
{
	return fn(theirs, l, &(struct leg_news){.sdp = sdp("192.0.2.9", AUDIO(9000))});
}

static inline void assert_over(struct call *c)
{
	mem_deref(c);
	gateway_answers();
	assert_int_equal(calls_count(&calls), 0);
	assert_true(list_empty(&conns));
}

/* A call that rings `b`, or `b` and `d`, with that offer or (NULL) none; NULL when memory is out. */
static inline struct call *ringing(const char *name_a, struct leg **a, struct leg **b, struct leg **d, const char *media)
{
	struct call *c;
	*a = party_new(name_a, SIDE_A, AF_INET);
	*b = party_new("b", SIDE_B, AF_INET);
	if (!*a || !*b || call_new(&c, &calls, gw)) {
		*a = mem_deref(*a);
		*b = mem_deref(*b);
		return NULL;
	}
	if (call_add_leg(c, *a))
		abort(); /* the caller's needs no memory */
	if (call_add_leg(c, *b)) {
		*b = mem_deref(*b);
		call_end(c, CALL_BY_TANDEM, &(struct leg_news){.status = 500});
		closed(*a);
		return NULL;
	}
	if (d) {
		*d = party_new("d", SIDE_B, AF_INET);
		assert_int_equal(call_add_leg(c, *d), 0);
	}
	mem_ref(c);
	call_start(c, &(struct leg_news){.sdp = media ? sdp("192.0.2.1", media) : SLICE_NONE});
	gateway_answers();
	news(call_on_progress, *b, 180, SLICE_NONE);
	said[0] = '\0';
	return c;
}

static inline void close_if_open(struct leg *l)
{
	if (l && l->call && l->state != LEG_CLOSED && l->state != LEG_NEW)
		closed(l);
}
