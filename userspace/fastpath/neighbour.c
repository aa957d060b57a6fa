// SPDX-License-Identifier: GPL-3.0-or-later
#include "fastpath/neighbour.h"
#include "fastpath/private.h"
#include "base/timer.h"
#include <errno.h>

#define ASK_MAX 64 /* neighbours in a request: a full neighbour table costs the kernel some time for each */

struct neighbours {
	struct rtnl *rtnl;
	struct hash by_address;
	json_t *wanted; /* of the kernel: rows of a request for tandem-keep */
	struct timer flush;
};

static uint32_t hash_of(int ifindex, const struct addr *ip)
{
	return slice_hash(slice_of((const char *)ip->bytes, ip->family == AF_INET ? 4 : 16), false) ^ (uint32_t)ifindex * 2654435761u;
}

static struct neighbour *find(const struct neighbours *ns, int ifindex, const struct addr *ip)
{
	struct neighbour *n;
	hash_foreach_match(n, &ns->by_address, hash_of(ifindex, ip), link)
		if (n->is.ifindex == ifindex && addr_ip_eq(&n->is.ip, ip))
			return n;
	return NULL;
}

void neighbours_flush(struct neighbours *ns)
{
	json_t *reply = NULL, *wanted = ns->wanted;
	unsigned none = 0;
	timer_stop(&ns->flush);
	ns->wanted = NULL;
	if (wanted)
		(void)fp_ask(json_pack("{s:s,s:o}", "do", "fastpath-neighbours", "neighbours", wanted), &reply, NULL, &none);
	json_decref(reply);
}

static void on_flush(void *arg)
{
	neighbours_flush(arg);
}

static void manage(struct neighbours *ns, struct neighbour *n, bool on)
{
	char z[ADDR_STR_LEN];
	n->managed = on;
	if (!ns->wanted)
		ns->wanted = json_array();
	json_array_append_new(ns->wanted, json_pack("{s:i,s:s,s:b}", "ifindex", n->is.ifindex, "ip", addr_ip_str(&n->is.ip, z), "on", on));
	if (json_array_size(ns->wanted) >= ASK_MAX)
		neighbours_flush(ns);
	else if (!timer_running(&ns->flush))
		timer_start(&ns->flush, 0, on_flush, ns);
}

/* The kernel forgets its promise with the neighbour; one that an administrator has set needs none. Asked once for each time that the kernel
 * has forgotten, so that a kernel that refuses is not asked for ever. */
static void keep_resolved(struct neighbours *ns, struct neighbour *n)
{
	if (n->is.state == RTNL_NEIGHBOUR_NONE || n->is.state == RTNL_NEIGHBOUR_FIXED)
		n->managed = false;
	if (!n->managed && n->is.state != RTNL_NEIGHBOUR_FIXED)
		manage(ns, n, true);
}

struct neighbour *neighbour_get(struct neighbours *ns, int ifindex, const struct addr *ip, struct link *user)
{
	struct neighbour *n = find(ns, ifindex, ip);
	struct rtnl_neighbour is;
	if (!n) {
		if (rtnl_neighbour(ns->rtnl, ifindex, ip, &is))
			return NULL;
		n = mem_raw(sizeof *n);
		if (!n)
			return NULL;
		*n = (struct neighbour){.is = is, .managed = is.managed};
		hash_insert(&ns->by_address, &n->link, hash_of(ifindex, ip));
		keep_resolved(ns, n);
	}
	list_append(&n->users, user);
	return n;
}

void neighbour_put(struct neighbours *ns, struct neighbour *n, struct link *user)
{
	list_remove(user);
	if (!list_empty(&n->users))
		return;
	if (n->managed)
		manage(ns, n, false);
	hash_remove(&ns->by_address, &n->link);
	mem_free(n);
}

static bool same(const struct rtnl_neighbour *a, const struct rtnl_neighbour *b)
{
	return a->state == b->state && !memcmp(a->mac, b->mac, sizeof a->mac);
}

struct neighbour *neighbour_update(struct neighbours *ns, const struct rtnl_neighbour *is)
{
	struct neighbour *n = find(ns, is->ifindex, &is->ip);
	if (!n || same(&n->is, is))
		return NULL;
	n->is = *is;
	keep_resolved(ns, n);
	return n;
}

void neighbours_reread(struct neighbours *ns)
{
	struct neighbour *n;
	hash_foreach(n, &ns->by_address, link) {
		struct rtnl_neighbour is = {.ifindex = n->is.ifindex, .ip = n->is.ip};
		(void)rtnl_neighbour(ns->rtnl, n->is.ifindex, &n->is.ip, &is);
		n->is = is;
		keep_resolved(ns, n);
	}
}

static void destroy(void *obj)
{
	struct neighbours *ns = obj;
	struct neighbour *n;
	timer_stop(&ns->flush);
	json_decref(ns->wanted);
	hash_foreach(n, &ns->by_address, link) {
		hash_remove(&ns->by_address, &n->link);
		mem_free(n);
	}
	hash_free(&ns->by_address);
}

int neighbours_open(struct neighbours **ret, struct rtnl *r)
{
	struct neighbours *ns = mem_alloc(sizeof *ns, destroy);
	if (!ns)
		return -ENOMEM;
	ns->rtnl = r;
	int err = hash_init(&ns->by_address, 64);
	if (err)
		mem_deref(ns);
	else
		*ret = ns;
	return err;
}
