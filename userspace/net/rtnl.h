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

/* NONE: the kernel has never heard of it, or has forgotten it. FIXED: an administrator set it; GOOD for ever. */
enum rtnl_neighbour_state { RTNL_NEIGHBOUR_NONE, RTNL_NEIGHBOUR_BAD, RTNL_NEIGHBOUR_GOOD, RTNL_NEIGHBOUR_FIXED };

struct rtnl_neighbour {
	int ifindex;
	struct addr ip;
	enum rtnl_neighbour_state state;
	uint8_t mac[6]; /* when GOOD or FIXED */
};

struct rtnl_link {
	uint8_t mac[6];
	uint16_t mtu;
	bool up, ethernet;
	uint16_t vlan; /* the link is this VLAN of `lower`; 0: it is none */
	int lower;
};

enum rtnl_what {
	RTNL_ROUTES,    /* a route or an address */
	RTNL_LINK,      /* `ifindex` is `up` or not, and may have changed otherwise */
	RTNL_NEIGHBOUR, /* `neighbour` is now like this */
	RTNL_LOST,      /* messages were lost: anything may have changed */
};

struct rtnl_change {
	enum rtnl_what what;
	int ifindex;
	bool up;
	struct rtnl_neighbour neighbour;
};

/* Called for each change, in the kernel's order. */
typedef void (*rtnl_change_fn)(void *arg, const struct rtnl_change *c);

struct nlmsghdr;
/* What a message of the kernel says: 0, -ENOENT when it is about nothing of interest, -EBADMSG when it is malformed. */
int rtnl_parse(const struct nlmsghdr *h, struct rtnl_change *ret);

/* `changed` may be NULL: nothing is watched then. */
int rtnl_open(struct rtnl **ret, rtnl_change_fn changed, void *arg);
/* How packets to `dst` leave: 0, -ENETUNREACH and the like. */
int rtnl_route(struct rtnl *r, const struct addr *dst, struct rtnl_route *ret);
/* What is known of a neighbour; that nothing is known (RTNL_NEIGHBOUR_NONE) is no error. */
int rtnl_neighbour(struct rtnl *r, int ifindex, const struct addr *ip, struct rtnl_neighbour *ret);
int rtnl_link(struct rtnl *r, int ifindex, struct rtnl_link *ret);
/* Has the kernel keep a neighbour resolved by itself (NTF_EXT_MANAGED), or no longer. Needs CAP_NET_ADMIN. A FIXED one must not
 * be asked for: the kernel would forget that it is. */
int rtnl_neighbour_manage(struct rtnl *r, int ifindex, const struct addr *ip, bool on);
/* Whether a default route leads out of this interface. */
bool rtnl_is_default(struct rtnl *r, int ifindex);
