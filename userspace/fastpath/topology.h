/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The interfaces there are, which of them have our addresses, and which VRF they are in: read at one moment. */
#pragma once
#include "net/rtnl.h"
#include <jansson.h>

struct topology; /* mem_deref() frees it */

int topology_read(struct topology **ret, const struct addr *locals, unsigned n);
unsigned topology_count(const struct topology *t);
const struct rtnl_link *topology_at(const struct topology *t, unsigned i);
const struct rtnl_link *topology_link(const struct topology *t, int ifindex);
const struct rtnl_link *topology_named(const struct topology *t, const char *name);
/* Whether an address of ours is on the interface. */
bool topology_has_ours(const struct topology *t, int ifindex);
bool topology_is_default(const struct topology *t, int ifindex);
/* The VRF device (0: none) of the first of our addresses that is on an interface. Those of all are appended to `vrfs`; what is on no
 * interface is in that VRF too. */
int topology_vrf(const struct topology *t, json_t *vrfs);
/* What keeps an interface out of `vrf`: itself, or a VLAN on it, whose packets come by it too; NULL when nothing does. */
const struct rtnl_link *topology_other_vrf(const struct topology *t, const struct rtnl_link *link, int vrf);
