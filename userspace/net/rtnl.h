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
	uint16_t mtu;        /* of the route, or what ICMP said of the path; 0: that of the link */
};

/* How packets to `dst` leave, asked among others. */
struct rtnl_question {
	struct addr dst;
	int vrf; /* by the table of this VRF device; 0: by the main one */
	int err; /* 0 when `route` is the answer; -ENETUNREACH and the like */
	struct rtnl_route route;
};

/* NONE: the kernel has never heard of it, or has forgotten it. FIXED: an administrator set it; GOOD for ever. */
enum rtnl_neighbour_state { RTNL_NEIGHBOUR_NONE, RTNL_NEIGHBOUR_BAD, RTNL_NEIGHBOUR_GOOD, RTNL_NEIGHBOUR_FIXED };

struct rtnl_neighbour {
	int ifindex;
	struct addr ip;
	enum rtnl_neighbour_state state;
	uint8_t mac[6]; /* when GOOD or FIXED */
	bool managed;   /* the kernel keeps it resolved by itself (NTF_EXT_MANAGED) */
};

#define RTNL_NAME 16 /* IFNAMSIZ */

struct rtnl_link {
	int ifindex;
	char name[RTNL_NAME];
	char kind[RTNL_NAME]; /* "vlan", "bond", "vrf", "veth", ...; "" for hardware */
	uint8_t mac[6];
	uint16_t mtu;
	bool up, ethernet, loopback;
	uint16_t vlan; /* the link is this VLAN of `lower`; 0: it is none */
	int lower;
	int master; /* bond, bridge or VRF that it is part of; 0: none */
};

enum rtnl_what {
	RTNL_ROUTES,    /* a route */
	RTNL_ADDRESS,   /* `ip` was added to `ifindex`, or removed: routes changed with it */
	RTNL_LINK,      /* `ifindex`, called `name`, is `up` or not, is there or is `gone`, and may have changed otherwise */
	RTNL_NEIGHBOUR, /* `neighbour` is now like this */
	RTNL_LOST,      /* messages were lost: anything may have changed */
};

struct rtnl_change {
	enum rtnl_what what;
	int ifindex;
	bool up, gone;
	char name[RTNL_NAME];
	struct addr ip;
	struct rtnl_neighbour neighbour;
};

/* Called for each change, in the kernel's order. */
typedef void (*rtnl_change_fn)(void *arg, const struct rtnl_change *c);

struct nlmsghdr;
/* What a message of the kernel says: 0, -ENOENT when it is about nothing of interest, -EBADMSG when it is malformed. */
int rtnl_parse(const struct nlmsghdr *h, struct rtnl_change *ret);

/* `changed` may be NULL: nothing is watched then. */
int rtnl_open(struct rtnl **ret, rtnl_change_fn changed, void *arg);
/* Answers `n` questions, many with one system call. */
void rtnl_routes(struct rtnl *r, struct rtnl_question *q, unsigned n);
/* What is known of a neighbour; that nothing is known (RTNL_NEIGHBOUR_NONE) is no error. */
int rtnl_neighbour(struct rtnl *r, int ifindex, const struct addr *ip, struct rtnl_neighbour *ret);
int rtnl_link(struct rtnl *r, int ifindex, struct rtnl_link *ret);
/* Calls `fn` with each link there is. 0 or negative errno. */
int rtnl_links(struct rtnl *r, void (*fn)(void *arg, const struct rtnl_link *link), void *arg);
/* Has the kernel keep a neighbour resolved by itself (NTF_EXT_MANAGED), or no longer. Needs CAP_NET_ADMIN. A FIXED one must not
 * be asked for: the kernel would forget that it is. */
int rtnl_neighbour_manage(struct rtnl *r, int ifindex, const struct addr *ip, bool on);
/* Whether a default route leads out of this interface. */
bool rtnl_is_default(struct rtnl *r, int ifindex);
