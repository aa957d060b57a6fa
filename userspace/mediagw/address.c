// SPDX-License-Identifier: GPL-3.0-or-later
#include "mediagw/address.h"
#include "base/mem.h"
#include <errno.h>

static void destroy(void *obj)
{
	struct addresses *all = obj;
	for (unsigned i = 0; i < all->n; i++) {
		for (enum family f = 0; f < FAMILIES; f++)
			mem_deref(all->list[i].ports[f]);
		mem_free(all->list[i].name);
	}
	mem_free(all->list);
}

static int address_init(struct address *a, const struct config_address *from, struct buf *why)
{
	static const sa_family_t families[FAMILIES] = {AF_INET, AF_INET6};
	static const enum fp_want engines[] = {FP_WANT_AUTO, FP_WANT_MODULE, FP_WANT_NULL}; /* as the choices of address.engine */
	a->name = mem_strdup(from->name);
	if (!a->name)
		return -ENOMEM;
	a->port_min = from->port_min;
	a->port_max = from->port_max;
	a->dscp = from->dscp_voice;
	a->engine = engines[from->engine];
	a->n_nets = from->n_nets;
	memcpy(a->nets, from->nets, from->n_nets * sizeof a->nets[0]);
	for (enum family f = 0; f < FAMILIES; f++) {
		const struct addr *local = config_address_of(from->local, from->n_local, families[f]);
		const struct addr *seen = config_address_of(from->public, from->n_public, families[f]);
		if (seen)
			a->public[f] = *seen;
		if (!local)
			continue;
		a->local[f] = *local;
		int err = ports_new(&a->ports[f], a->port_min, a->port_max);
		if (err == -EINVAL)
			buf_printf(why, "address %s: no pair of ports fits between %u and %u", a->name, a->port_min, a->port_max);
		if (err)
			return err;
	}
	return 0;
}

int addresses_new(struct addresses **ret, const struct config_address *list, unsigned n, struct buf *why)
{
	struct addresses *all = mem_alloc(sizeof *all, destroy);
	int err = all ? 0 : -ENOMEM;
	if (!err && !(all->list = mem_raw(n * sizeof *all->list)))
		err = -ENOMEM;
	for (unsigned i = 0; !err && i < n; i++) {
		all->list[i] = (struct address){0};
		all->n++;
		err = address_init(&all->list[i], &list[i], why);
	}
	if (err)
		mem_deref(all);
	else
		*ret = all;
	return err;
}

struct address *address_find(const struct addresses *all, struct slice name)
{
	for (unsigned i = 0; i < all->n; i++)
		if (slice_empty(name) || slice_eq(name, slice_str(all->list[i].name)))
			return &all->list[i];
	return NULL;
}

const struct addr *address_for(const struct address *a, enum family f, const struct addr *peer)
{
	if (!addr_is_set(&a->public[f]))
		return &a->local[f];
	for (unsigned i = 0; i < a->n_nets; i++)
		if (addr_is_set(peer) && prefix_has(&a->nets[i], peer))
			return &a->local[f];
	return &a->public[f];
}

unsigned addresses_locals(const struct addresses *all, struct fp_local *out, unsigned max)
{
	unsigned n = 0;
	for (unsigned i = 0; i < all->n; i++)
		for (enum family f = 0; f < FAMILIES && n < max; f++)
			if (addr_is_set(&all->list[i].local[f]))
				out[n++] = (struct fp_local){all->list[i].local[f], all->list[i].port_min, all->list[i].port_max};
	return n;
}

uint32_t addresses_pairs(const struct addresses *all)
{
	uint32_t pairs = 0;
	for (unsigned i = 0; i < all->n; i++)
		for (enum family f = 0; f < FAMILIES; f++)
			if (all->list[i].ports[f])
				pairs += ports_total(all->list[i].ports[f]);
	return pairs;
}
