// SPDX-License-Identifier: GPL-3.0-or-later
/* Timer C (RFC 3261 16.8): an INVITE that rings for too long, or that others wait behind, is given up. */
#include "proxy/private.h"

static void on_timer_c(void *arg)
{
	struct branch *b = arg;
	proxy_counts[PROXY_CNT_TIMER_C]++;
	b->cancelled = true;
	/* When nothing has come yet Timer B ends it, as 408 either way. */
	sip_cancel(b->ct, SLICE_NONE);
}

static bool others_wait(const struct branch *b)
{
	const struct branch *other;
	list_foreach(other, &b->c->branches, link)
		if (other->state == BRANCH_WAITING && other->q < b->q)
			return true;
	return false;
}

/* A provisional answer starts Timer C anew (16.7 step 2), but not the patience of those who wait. */
void timer_c_start(struct branch *b)
{
	const struct proxy_params *p = &b->c->proxy->params;
	if (b->cancelled)
		return;
	if (!p->next_ms || !others_wait(b))
		timer_start(&b->timer_c, p->timer_c_ms, on_timer_c, b);
	else if (!timer_running(&b->timer_c))
		timer_start(&b->timer_c, p->next_ms, on_timer_c, b);
}
