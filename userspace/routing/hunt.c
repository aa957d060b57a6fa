// SPDX-License-Identifier: GPL-3.0-or-later
#include "routing/hunt.h"

void hunt_load(struct hunt *h, const struct conf_part *part)
{
	*h = (struct hunt){
		.name = conf_title(part),
		.conf = part,
		.strategy = (enum hunt_strategy)conf_int(part, "strategy"),
		.ring_ms = (uint32_t)conf_int(part, "ring-time"),
	};
	for (; h->n < HUNT_MEMBERS && h->n < conf_list_count(part, "members"); h->n++)
		h->member[h->n] = conf_list_at(part, "members", h->n);
}

static void by_last_ring(const struct hunt *h, unsigned *order)
{
	for (unsigned i = 1; i < h->n; i++)
		for (unsigned k = i; k && h->rang_at[order[k]] < h->rang_at[order[k - 1]]; k--) {
			unsigned t = order[k];
			order[k] = order[k - 1];
			order[k - 1] = t;
		}
}

unsigned hunt_order(struct hunt *h, bool dry, unsigned order[HUNT_MEMBERS])
{
	unsigned first = h->strategy == HUNT_ROUND_ROBIN ? h->next : 0;
	for (unsigned i = 0; i < h->n; i++)
		order[i] = (first + i) % h->n;
	if (h->strategy == HUNT_LEAST_RECENT)
		by_last_ring(h, order);
	if (!dry && h->n)
		h->next = (h->next + 1) % h->n;
	return h->n;
}

void hunt_rings(struct hunt *h, unsigned member)
{
	h->rang_at[member] = ++h->rings;
}
