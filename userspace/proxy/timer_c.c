// SPDX-License-Identifier: GPL-3.0-or-later
/* Timer C (RFC 3261 16.8): an INVITE that rings for too long, or that others wait behind, is given up; and the time to the first response. */
#include "proxy/private.h"

static bool has_successor(const struct branch *b)
{
	const struct branch *other;
	list_foreach(other, &b->c->branches, link)
		if (other->state == BRANCH_WAITING && (other->q < b->q || (b->instance.len && slice_eq(other->instance, b->instance))))
			return true;
	return false;
}

static bool others_wait(const struct branch *b)
{
	const struct branch *other;
	list_foreach(other, &b->c->branches, link)
		if (other->state == BRANCH_WAITING && other->q < b->q)
			return true;
	return false;
}

/* The CANCEL waits for a provisional response, should one come (9.1); nobody else does: when none is left, Timer B ends it, as 408 either way. */
static void give_up(struct branch *b)
{
	b->cancelled = b->gave_up = true;
	sip_cancel(b->ct, SLICE_NONE);
	if (b->state == BRANCH_TRYING && has_successor(b))
		response_silent(b);
}

static void on_timer_c(void *arg)
{
	proxy_counts[PROXY_CNT_TIMER_C]++;
	give_up(arg);
}

static void on_first(void *arg)
{
	proxy_counts[PROXY_CNT_SILENT]++;
	give_up(arg);
}

/* A provisional answer starts Timer C anew (16.7 step 2), but not the patience of those who wait, nor the target's own time to answer. */
void timer_c_start(struct branch *b)
{
	const struct proxy_params *p = &b->c->proxy->params;
	uint32_t patience = b->answer_ms ? b->answer_ms : others_wait(b) ? p->next_ms : 0;
	if (b->cancelled)
		return;
	if (!patience)
		timer_start(&b->timer_c, p->timer_c_ms, on_timer_c, b);
	else if (!timer_running(&b->timer_c))
		timer_start(&b->timer_c, patience, on_timer_c, b);
}

void timer_first_start(struct branch *b)
{
	if (b->first_ms && has_successor(b))
		timer_start(&b->timer_first, b->first_ms, on_first, b);
}
