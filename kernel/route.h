/* SPDX-License-Identifier: GPL-2.0-only */
/* Where a slot's packets go: a private copy of what the slot said, and the kernel's route to there. */
#ifndef TANDEM_ROUTE_H
#define TANDEM_ROUTE_H

#include <net/dst.h>

#include "table.h"
#include "tandem/slot.h"

/*
 * Never changed once it is in the table, and replaced as soon as the slot's sequence word or the
 * kernel's routing moves on. It holds a reference on its dst_entry; readers, under RCU, take none:
 * both live for a grace period after they have been dropped.
 */
struct tandem_route {
	struct dst_entry *dst;
	u32 cookie; /* of dst */
	u32 seq; /* out.seq when `out` was read: even */
	struct tandem_out out;
	u32 ends; /* sum of both addresses, without the ports that are in out.sum */
	u32 small; /* packets up to this size fit, whatever path MTU discovery finds */
	struct rcu_head rcu;
};

/*
 * Makes or renews the route of a slot. TANDEM_FORWARDED and a route, or why there is none. RCU read
 * lock held.
 */
enum tandem_reason tandem_route_renew(const struct tandem_table *t, u32 index, const struct tandem_route **ret);

/* Drops a route, or NULL, that no new reader can find. */
void tandem_route_drop(struct tandem_route *r);

/* The route of a slot: TANDEM_FORWARDED, or why there is none. Good until the RCU read lock is released. */
static __always_inline enum tandem_reason tandem_route_get(const struct tandem_table *t, u32 index,
							   const struct tandem_route **ret)
{
	const struct tandem_route *r = rcu_dereference(t->routes[index]);

	*ret = r;
	if (likely(r && r->seq == READ_ONCE(t->slots[index].out.seq) && dst_check(r->dst, r->cookie)))
		return TANDEM_FORWARDED;
	return tandem_route_renew(t, index, ret);
}

#endif
