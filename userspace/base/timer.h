/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Timers on an injected clock: in a daemon the loop moves the clock (base/loop.h), in a unit test
 * clock_test_advance() does, so that nobody waits for Timer J. Starting and stopping are O(1): a hierarchical wheel
 * of one-millisecond ticks. */
#pragma once
#include "base/list.h"
#include <stdint.h>

typedef void (*timer_fn)(void *arg);

struct timer {
	struct link link;
	uint64_t due; /* milliseconds on the monotonic clock */
	timer_fn fn;
	void *arg;
};

/* Milliseconds on the monotonic clock, as of this loop turn. */
uint64_t clock_ms(void);
/* Milliseconds of UTC since 1970, read now. */
uint64_t clock_utc_ms(void);
/* Moves the clock to `now` ms and runs what came due, in order of due time to the millisecond. */
void clock_advance_to(uint64_t now);
/* The same, but what came due is held back until the clock is moved on: whoever stops it meanwhile is not told. */
void clock_hold_to(uint64_t now);
/* Whether something is held back. */
bool clock_has_late(void);
/* Moves the clock to `now` ms for nothing to come due: what was left of each timer still is. For a start that took long. */
void clock_skip_to(uint64_t now);
/* For tests: moves the clock on by `ms`. */
void clock_test_advance(uint64_t ms);

/* (Re)starts `t` to run `fn(arg)` once after `ms`. A timer runs at most once per start; the callback may start it
 * again or free what holds it. The owner stops it before freeing it. */
void timer_start(struct timer *t, uint64_t ms, timer_fn fn, void *arg);
void timer_stop(struct timer *t);

static inline bool timer_running(const struct timer *t)
{
	return link_in_list(&t->link);
}

/* Milliseconds until the earliest timer may be due (never later than that), UINT64_MAX without one. */
uint64_t timer_next_ms(void);
/* Timers now running: a test's leak check. */
size_t timer_count(void);
