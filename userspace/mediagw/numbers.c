// SPDX-License-Identifier: GPL-3.0-or-later
#include "mediagw/numbers.h"
#include "base/mem.h"
#include <errno.h>

enum { TAKEN = 1, QUEUED = 2 };

struct numbers {
	uint32_t n, used, head, queued;
	uint32_t *ring; /* of n: numbers waiting for their turn */
	uint8_t *state; /* a claimed number may still be queued: it is skipped when its turn comes */
};

static void destroy(void *obj)
{
	struct numbers *u = obj;
	mem_free(u->ring);
	mem_free(u->state);
}

int numbers_new(struct numbers **ret, uint32_t n)
{
	struct numbers *u = mem_alloc(sizeof *u, destroy);
	if (!u)
		return -ENOMEM;
	u->n = u->queued = n;
	u->ring = mem_raw(n * sizeof *u->ring);
	u->state = mem_raw(n);
	if (!u->ring || !u->state) {
		mem_deref(u);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < n; i++) {
		u->ring[i] = i;
		u->state[i] = QUEUED;
	}
	*ret = u;
	return 0;
}

int numbers_take(struct numbers *u, uint32_t *ret)
{
	while (u->queued) {
		uint32_t number = u->ring[u->head];
		u->head = u->head + 1 == u->n ? 0 : u->head + 1;
		u->queued--;
		u->state[number] &= ~QUEUED;
		if (u->state[number] & TAKEN)
			continue;
		u->state[number] |= TAKEN;
		u->used++;
		*ret = number;
		return 0;
	}
	return -EBUSY;
}

int numbers_claim(struct numbers *u, uint32_t number)
{
	if (number >= u->n)
		return -ERANGE;
	if (u->state[number] & TAKEN)
		return -EBUSY;
	u->state[number] |= TAKEN;
	u->used++;
	return 0;
}

void numbers_give(struct numbers *u, uint32_t number)
{
	if (!numbers_taken(u, number))
		return;
	u->state[number] &= ~TAKEN;
	u->used--;
	if (u->state[number] & QUEUED)
		return;
	uint32_t at = u->head + u->queued;
	u->ring[at >= u->n ? at - u->n : at] = number;
	u->queued++;
	u->state[number] |= QUEUED;
}

bool numbers_taken(const struct numbers *u, uint32_t number)
{
	return number < u->n && u->state[number] & TAKEN;
}

uint32_t numbers_used(const struct numbers *u)
{
	return u->used;
}

uint32_t numbers_total(const struct numbers *u)
{
	return u->n;
}
