/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the kernel knows about reaching an address: routes, neighbours and links, by rtnetlink (rtnetlink(7)). Questions are
 * answered at once by the local kernel; changes are watched on the loop. */
#pragma once
#include "net/addr.h"

struct rtnl; /* a socket for questions, and optionally a watch; mem_deref() closes both */

struct rtnl_route {
	int ifindex;
	bool local;          /* the destination is this machine */
	struct addr gateway; /* AF_UNSPEC: on link. May be of the other family (RFC 5549) */
};

enum rtnl_neighbour_state { RTNL_NEIGHBOUR_NONE, RTNL_NEIGHBOUR_BAD, RTNL_NEIGHBOUR_GOOD };

struct rtnl_link {
	uint8_t mac[6];
	uint16_t mtu;
	bool up, ethernet;
	uint16_t vlan; /* the link is this VLAN of `lower`; 0: it is none */
	int lower;
};

/* Called on any change of a link, address, route or neighbour. */
typedef void (*rtnl_change_fn)(void *arg);

/* `changed` may be NULL: nothing is watched then. */
int rtnl_open(struct rtnl **ret, rtnl_change_fn changed, void *arg);
/* How packets to `dst` leave: 0, -ENETUNREACH and the like. */
int rtnl_route(struct rtnl *r, const struct addr *dst, struct rtnl_route *ret);
/* What is known of a neighbour; its address in mac when GOOD. -ENOENT is RTNL_NEIGHBOUR_NONE, not an error. */
int rtnl_neighbour(struct rtnl *r, int ifindex, const struct addr *ip, enum rtnl_neighbour_state *state, uint8_t mac[6]);
int rtnl_link(struct rtnl *r, int ifindex, struct rtnl_link *ret);
/* Has the kernel keep a neighbour resolved by itself (NTF_EXT_MANAGED), or no longer. Needs CAP_NET_ADMIN. */
int rtnl_neighbour_manage(struct rtnl *r, int ifindex, const struct addr *ip, bool on);
/* Whether a default route leads out of this interface. */
bool rtnl_is_default(struct rtnl *r, int ifindex);
