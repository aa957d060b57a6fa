// SPDX-License-Identifier: GPL-3.0-or-later
#include "sip/srv.h"
#include <stdlib.h>

static int compare(const void *x, const void *y)
{
	const struct dns_srv *a = *(const struct dns_srv *const *)x, *b = *(const struct dns_srv *const *)y;
	if (a->priority != b->priority)
		return a->priority < b->priority ? -1 : 1;
	if (a->weight != b->weight)
		return a->weight > b->weight ? -1 : 1;
	int names = strcmp(a->target, b->target);
	return names ? names : (int)a->port - (int)b->port;
}

static uint32_t draw(uint32_t *state, uint32_t below)
{
	*state += 0x9e3779b9U;
	uint32_t v = *state;
	v = (v ^ v >> 16) * 0x85ebca6bU;
	v = (v ^ v >> 13) * 0xc2b2ae35U;
	v ^= v >> 16;
	return (uint32_t)((uint64_t)v * below >> 32);
}

/* "Compute the sum of the weights ... choose a uniform random number between 0 and the sum computed (inclusive), and select the RR whose running
 * sum value is the first in the selected order which is greater than or equal to the random number selected", those of weight 0 first. */
static unsigned chosen(const struct dns_srv *const *set, unsigned n, uint32_t *state)
{
	uint32_t sum = 0, running = 0;
	for (unsigned i = 0; i < n; i++)
		sum += set[i]->weight;
	uint32_t number = draw(state, sum + 1);
	for (unsigned i = n; i--;) {
		running += set[i]->weight;
		if (running >= number)
			return i;
	}
	return 0;
}

static void take_first(const struct dns_srv **set, unsigned at)
{
	const struct dns_srv *it = set[at];
	memmove(set + 1, set, at * sizeof set[0]);
	set[0] = it;
}

unsigned sip_srv_order(const struct dns_srv *out[SIP_SRV_MAX], const struct dns_answer *a, const uint32_t *seed)
{
	unsigned n = a->n < SIP_SRV_MAX ? a->n : SIP_SRV_MAX, end;
	uint32_t state = seed ? *seed : 0;
	for (unsigned i = 0; i < n; i++)
		out[i] = &a->record[i].srv;
	qsort(out, n, sizeof out[0], compare);
	for (unsigned i = 0; seed && i < n; i = end) {
		for (end = i; end < n && out[end]->priority == out[i]->priority; end++)
			;
		for (unsigned at = i; at + 1 < end; at++)
			take_first(out + at, chosen(out + at, end - at, &state));
	}
	return n;
}
