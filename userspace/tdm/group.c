// SPDX-License-Identifier: GPL-2.0-or-later
/* Which channel of a group is next. */
#include "tdm/tdm.h"
#include <errno.h>

/* The free channel of group `g` that comes first when one counts `by` from `start`, around. */
static struct tdm_channel *free_one(const struct tdm *t, unsigned g, unsigned start, int by)
{
	unsigned n = start;
	for (unsigned tried = 0; tried < TDM_MAX_CHANNELS; tried++) {
		struct tdm_channel *c = t->channels[n];
		if (c && t->setup->channels[n].group == g + 1 && c->state == TDM_IN_SERVICE && tdm_carries_calls(c->signalling))
			return c;
		n = by > 0 ? n % TDM_MAX_CHANNELS + 1 : n > 1 ? n - 1 : TDM_MAX_CHANNELS;
	}
	return NULL;
}

static struct tdm_channel *next_of(const struct tdm *t, unsigned g)
{
	switch (t->setup->groups[g].order) {
	case TDM_DESCENDING:
		return free_one(t, g, TDM_MAX_CHANNELS, -1);
	case TDM_ROUND_ROBIN:
		return free_one(t, g, t->last_taken[g] % TDM_MAX_CHANNELS + 1, 1);
	default:
		return free_one(t, g, 1, 1);
	}
}

int tdm_group_take(struct tdm *t, struct slice group, struct tdm_channel **ret)
{
	for (unsigned g = 0; g < t->setup->n_groups; g++) {
		if (!slice_eq(group, slice_str(t->setup->groups[g].name)))
			continue;
		struct tdm_channel *c = next_of(t, g);
		int err = c ? tdm_channel_take(c, false) : -EBUSY;
		if (!err) {
			t->last_taken[g] = c->number;
			*ret = c;
		}
		return err;
	}
	return -ENOENT;
}
