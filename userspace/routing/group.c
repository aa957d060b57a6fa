// SPDX-License-Identifier: GPL-3.0-or-later
#include "routing/group.h"

void group_load(struct group *g, const struct conf_part *part)
{
	*g = (struct group){.name = conf_title(part), .strategy = (enum group_strategy)conf_int(part, "strategy")};
	for (unsigned i = 0; i < conf_list_count(part, "members") && g->n < GROUP_MEMBERS; i++)
		if (!config_group_member(&g->member[g->n], conf_list_at(part, "members", i)))
			g->n++;
	/* Stable by priority: the rest looks at runs of one. */
	for (unsigned i = 1; i < g->n; i++)
		for (unsigned k = i; k && g->member[k].priority < g->member[k - 1].priority; k--) {
			struct group_member m = g->member[k];
			g->member[k] = g->member[k - 1];
			g->member[k - 1] = m;
		}
}

static void swap(unsigned *a, unsigned *b)
{
	unsigned t = *a;
	*a = *b;
	*b = t;
}

/* RFC 2782: each place goes to one of those left, by weight; a weight of 0 hardly ever is first. */
static void by_weight(const struct group *g, uint32_t (*random)(uint32_t), unsigned *run, unsigned n)
{
	for (unsigned at = 0; at + 1 < n; at++) {
		uint32_t sum = 0, pick;
		for (unsigned i = at; i < n; i++)
			sum += g->member[run[i]].weight;
		pick = sum ? random(sum) : 0;
		unsigned i = at;
		while (i + 1 < n && pick >= g->member[run[i]].weight)
			pick -= g->member[run[i++]].weight;
		swap(&run[at], &run[i]);
	}
}

/* Calls for each unit of weight. */
static void by_load(const struct group *g, const struct lines *lines, unsigned *run, unsigned n)
{
	for (unsigned i = 1; i < n; i++)
		for (unsigned k = i; k; k--) {
			const struct group_member *a = &g->member[run[k - 1]], *b = &g->member[run[k]];
			uint64_t la = lines_taken(lines, slice_str(a->trunk)), lb = lines_taken(lines, slice_str(b->trunk));
			if (la * (b->weight ? b->weight : 1) <= lb * (a->weight ? a->weight : 1))
				break;
			swap(&run[k - 1], &run[k]);
		}
}

static void rotate(unsigned *run, unsigned n, unsigned by)
{
	unsigned was[GROUP_MEMBERS];
	memcpy(was, run, n * sizeof(*run));
	for (unsigned i = 0; i < n; i++)
		run[i] = was[(i + by) % n];
}

unsigned group_order(struct group *g, const struct lines *lines, uint32_t (*random)(uint32_t below), bool dry, unsigned order[GROUP_MEMBERS])
{
	for (unsigned i = 0; i < g->n; i++)
		order[i] = i;
	for (unsigned at = 0, n; at < g->n; at += n) {
		for (n = 1; at + n < g->n && g->member[at + n].priority == g->member[at].priority; n++)
			;
		if (g->strategy == GROUP_WEIGHT)
			by_weight(g, random, order + at, n);
		else if (g->strategy == GROUP_ROUND_ROBIN)
			rotate(order + at, n, g->next % n);
		else if (g->strategy == GROUP_LEAST_LOADED)
			by_load(g, lines, order + at, n);
	}
	if (!dry)
		g->next++;
	return g->n;
}
