// SPDX-License-Identifier: GPL-3.0-or-later
/* How deep the buffer is: from the leads of the last seconds to slips. */
#include "media/jitter_private.h"

#define GUARD     8   /* the lowest lead an adaptive buffer wants on a path without jitter */
#define SLACK     16  /* more than wanted, and nothing is done about it */
#define STEP      8   /* left out or filled in at once while voice is played */
#define STEP_WAIT 160 /* and then not for so long */

static void widen(struct jitter_leads *all, const struct jitter_leads *more)
{
	if (!more->any)
		return;
	if (!all->any || more->low < all->low)
		all->low = more->low;
	if (!all->any || more->high > all->high)
		all->high = more->high;
	all->any = true;
}

void jitter_lead(struct jitter *j, int32_t lead)
{
	widen(&j->now, &(struct jitter_leads){lead, lead, true});
}

struct jitter_leads jitter_range(const struct jitter *j)
{
	struct jitter_leads all = j->now;
	for (unsigned i = 0; i < JITTER_WINDOWS; i++)
		widen(&all, &j->past[i]);
	return all;
}

unsigned jitter_depth(const struct jitter *j)
{
	struct jitter_leads all = jitter_range(j);
	return !all.any ? j->config.depth : all.high > 0 ? (unsigned)all.high : 0;
}

void jitter_fix(struct jitter *j)
{
	j->config.depth = jitter_depth(j) < JITTER_MAX ? jitter_depth(j) : JITTER_MAX;
	j->config.fixed = true;
	j->owed = 0;
}

/* The lowest lead that is wanted: the more it varies, the further off. */
static int32_t guard_of(const struct jitter_leads *all)
{
	return GUARD + (all->high - all->low) / 8;
}

/* Every packet to come, and with it all that is remembered, now waits `by` longer for its turn. */
static void shift(struct jitter *j, int32_t by)
{
	j->now.low += by;
	j->now.high += by;
	for (unsigned i = 0; i < JITTER_WINDOWS; i++) {
		j->past[i].low += by;
		j->past[i].high += by;
	}
}

void jitter_waited(struct jitter *j, uint32_t n)
{
	shift(j, (int32_t)n);
}

static void leave_out(struct jitter *j, uint32_t n)
{
	enum jitter_kind kind;
	j->stats.skipped++;
	j->stats.skipped_octets += n;
	shift(j, -(int32_t)n);
	while (n)
		n -= (uint32_t)jitter_take(j, NULL, n, &kind);
}

static void fill_in(struct jitter *j, uint32_t n)
{
	j->stats.repeated++;
	j->stats.repeated_octets += n;
	shift(j, (int32_t)n);
	j->read -= n;
}

/* Whether the octets held still fit when `n` more are filled in. */
static bool has_room(const struct jitter *j, uint32_t n)
{
	int32_t held = (int32_t)(j->end - j->read);
	return (held > 0 ? (uint32_t)held : 0) + n <= JITTER_RING;
}

int32_t jitter_deepen(struct jitter *j, int32_t lead, size_t len)
{
	uint32_t n = (uint32_t)-lead;
	bool newest = (int32_t)(j->read + (uint32_t)lead - j->end) >= 0;
	struct jitter_leads all = jitter_range(j);
	int32_t want = (int32_t)n + guard_of(&all);
	if (j->config.fixed || all.high + want > (int32_t)j->config.max || !has_room(j, n))
		return lead;
	if (!newest && n >= len) { /* what follows it has been played: only those to come can be waited for */
		if (j->owed > -want)
			j->owed = -want;
		return lead;
	}
	fill_in(j, n);
	return 0;
}

static int32_t owed_adaptive(const struct jitter *j)
{
	struct jitter_leads all = jitter_range(j);
	int32_t guard = guard_of(&all), max = (int32_t)j->config.max;
	if (all.high > max)
		return all.high - max;
	if (all.low < guard / 2)
		return all.high + guard - all.low <= max ? all.low - guard : 0;
	return all.low > guard + SLACK ? (all.low - guard + 1) / 2 : 0;
}

static int32_t owed_fixed(const struct jitter *j)
{
	int32_t depth = (int32_t)j->config.depth;
	if (j->now.high < depth / 2)
		return j->now.high - depth;
	return j->now.low > depth + depth / 2 + GUARD ? j->now.low - depth : 0;
}

static void conclude(struct jitter *j)
{
	j->window_left = JITTER_WINDOW;
	if (!j->now.any)
		return;
	j->owed = j->config.fixed ? owed_fixed(j) : owed_adaptive(j);
	j->past[j->window++ % JITTER_WINDOWS] = j->now;
	j->now.any = false;
}

void jitter_passed(struct jitter *j, uint32_t n)
{
	j->slip_wait = j->slip_wait > n ? j->slip_wait - n : 0;
	if (j->window_left > n)
		j->window_left -= n;
	else
		conclude(j);
}

void jitter_slip(struct jitter *j, size_t asked)
{
	bool voice = j->gap == JITTER_LOST && !j->gap_len;
	bool whole = j->config.fixed || !voice;
	uint32_t n = (uint32_t)(j->owed < 0 ? -j->owed : j->owed);
	if (j->slip_wait)
		return;
	if (!whole && n > STEP)
		n = STEP;
	if (j->owed > 0 && voice && jitter_present(j) < n + asked)
		return; /* what is to come cannot be left out: it would come late */
	if (j->owed > 0) {
		leave_out(j, n);
		j->owed -= (int32_t)n;
	} else if (has_room(j, n)) {
		fill_in(j, n);
		j->owed += (int32_t)n;
	} else {
		j->owed = 0;
	}
	j->slip_wait = STEP_WAIT;
}
