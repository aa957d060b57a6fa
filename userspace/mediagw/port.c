// SPDX-License-Identifier: GPL-3.0-or-later
#include "mediagw/port.h"
#include "base/mem.h"
#include <errno.h>

struct ports {
	uint16_t first;
	struct numbers *pairs;
};

static void destroy(void *obj)
{
	struct ports *p = obj;
	mem_deref(p->pairs);
}

int ports_new(struct ports **ret, uint16_t min, uint16_t max)
{
	uint32_t first = (min + 1u) & ~1u;
	if (first + 1 > max)
		return -EINVAL;
	struct ports *p = mem_alloc(sizeof *p, destroy);
	if (!p)
		return -ENOMEM;
	p->first = (uint16_t)first;
	int err = numbers_new(&p->pairs, (max - first + 1) / 2);
	if (err)
		mem_deref(p);
	else
		*ret = p;
	return err;
}

int ports_take(struct ports *p, uint16_t *rtp)
{
	uint32_t pair;
	int err = numbers_take(p->pairs, &pair);
	if (!err)
		*rtp = (uint16_t)(p->first + 2 * pair);
	return err;
}

int ports_claim(struct ports *p, uint16_t rtp)
{
	return rtp < p->first || rtp & 1 ? -ERANGE : numbers_claim(p->pairs, (rtp - p->first) / 2u);
}

void ports_give(struct ports *p, uint16_t rtp)
{
	if (rtp >= p->first && !(rtp & 1))
		numbers_give(p->pairs, (rtp - p->first) / 2u);
}

uint32_t ports_used(const struct ports *p)
{
	return numbers_used(p->pairs);
}

uint32_t ports_total(const struct ports *p)
{
	return numbers_total(p->pairs);
}
