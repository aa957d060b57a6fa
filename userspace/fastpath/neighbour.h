/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The neighbours that next hops are reached through: each is known once, by interface and address, however many remotes lie behind it. The kernel
 * is asked to keep them resolved (NTF_EXT_MANAGED), because traffic in XDP confirms no neighbour. */
#pragma once
#include "base/hash.h"
#include "base/list.h"
#include "net/rtnl.h"

struct neighbours; /* mem_deref() frees it */

struct neighbour {
	struct hash_link link;
	struct rtnl_neighbour is; /* as the kernel said last */
	bool managed;             /* the kernel was asked to keep it */
	struct list users;        /* whoever goes through it */
};

/* `r` is borrowed. */
int neighbours_open(struct neighbours **ret, struct rtnl *r);
/* The neighbour, looked up in the kernel when it is new, with `user` as one of its users; NULL when memory or the kernel fails. */
struct neighbour *neighbour_get(struct neighbours *ns, int ifindex, const struct addr *ip, struct link *user);
/* Ends a use; the last one forgets the neighbour, and asks the kernel to keep it no longer. */
void neighbour_put(struct neighbours *ns, struct neighbour *n, struct link *user);
/* Takes over what the kernel says; the neighbour that changed, NULL when it is none of ours or nothing did. */
struct neighbour *neighbour_update(struct neighbours *ns, const struct rtnl_neighbour *is);
/* Asks the kernel about each again: messages were lost. */
void neighbours_reread(struct neighbours *ns);
/* What the kernel is to be asked for is collected, and asked at the end of the loop turn; or now. */
void neighbours_flush(struct neighbours *ns);

static inline bool neighbour_usable(const struct neighbour *n)
{
	return n->is.state >= RTNL_NEIGHBOUR_GOOD;
}
