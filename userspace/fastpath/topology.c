// SPDX-License-Identifier: GPL-3.0-or-later
#include "fastpath/topology.h"
#include "base/mem.h"
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <string.h>

struct topology {
	struct rtnl *rtnl;
	struct rtnl_link *links;
	unsigned n, room;
	int *on; /* for each of our addresses, the interface it is on, or 0 */
	unsigned n_locals;
	int err;
};

static void destroy(void *obj)
{
	struct topology *t = obj;
	mem_deref(t->rtnl);
	mem_free(t->links);
	mem_free(t->on);
}

static void add_link(void *arg, const struct rtnl_link *link)
{
	struct topology *t = arg;
	if (t->n == t->room) {
		unsigned room = t->room ? t->room * 2 : 32;
		struct rtnl_link *more = mem_raw(room * sizeof *more);
		if (!more) {
			t->err = -ENOMEM;
			return;
		}
		if (t->n)
			memcpy(more, t->links, t->n * sizeof *more);
		mem_free(t->links);
		t->links = more;
		t->room = room;
	}
	t->links[t->n++] = *link;
}

static int read_addresses(struct topology *t, const struct addr *locals)
{
	struct ifaddrs *all;
	if (getifaddrs(&all))
		return -errno;
	for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
		struct addr ip;
		if (!i->ifa_addr || addr_from_sockaddr(&ip, i->ifa_addr))
			continue;
		for (unsigned k = 0; k < t->n_locals; k++)
			if (addr_ip_eq(&ip, &locals[k]))
				t->on[k] = (int)if_nametoindex(i->ifa_name);
	}
	freeifaddrs(all);
	return 0;
}

int topology_read(struct topology **ret, const struct addr *locals, unsigned n)
{
	struct topology *t = mem_alloc(sizeof *t, destroy);
	if (!t)
		return -ENOMEM;
	t->n_locals = n;
	t->on = mem_raw(n * sizeof *t->on);
	int err = t->on ? rtnl_open(&t->rtnl, NULL, NULL) : -ENOMEM;
	if (!err) {
		memset(t->on, 0, n * sizeof *t->on);
		err = rtnl_links(t->rtnl, add_link, t);
	}
	if (!err)
		err = t->err;
	if (!err)
		err = read_addresses(t, locals);
	if (err)
		mem_deref(t);
	else
		*ret = t;
	return err;
}

unsigned topology_count(const struct topology *t)
{
	return t->n;
}

const struct rtnl_link *topology_at(const struct topology *t, unsigned i)
{
	return &t->links[i];
}

const struct rtnl_link *topology_link(const struct topology *t, int ifindex)
{
	for (unsigned i = 0; i < t->n; i++)
		if (t->links[i].ifindex == ifindex)
			return &t->links[i];
	return NULL;
}

const struct rtnl_link *topology_named(const struct topology *t, const char *name)
{
	for (unsigned i = 0; i < t->n; i++)
		if (!strcmp(t->links[i].name, name))
			return &t->links[i];
	return NULL;
}

bool topology_has_ours(const struct topology *t, int ifindex)
{
	for (unsigned i = 0; i < t->n_locals; i++)
		if (t->on[i] == ifindex)
			return true;
	return false;
}

bool topology_is_default(const struct topology *t, int ifindex)
{
	return rtnl_is_default(t->rtnl, ifindex);
}

static bool is_vrf(const struct rtnl_link *link)
{
	return link && !strcmp(link->kind, "vrf");
}

/* An address may also be on the VRF device itself. */
static int vrf_of(const struct topology *t, int ifindex)
{
	const struct rtnl_link *link = topology_link(t, ifindex);
	if (is_vrf(link))
		return ifindex;
	return link && is_vrf(topology_link(t, link->master)) ? link->master : 0;
}

int topology_vrf(const struct topology *t, json_t *vrfs)
{
	int first = 0;
	for (unsigned i = t->n_locals; i-- > 0;)
		if (t->on[i])
			first = vrf_of(t, t->on[i]);
	for (unsigned i = 0; vrfs && i < t->n_locals; i++)
		json_array_append_new(vrfs, json_integer(t->on[i] ? vrf_of(t, t->on[i]) : first));
	return first;
}

const struct rtnl_link *topology_other_vrf(const struct topology *t, const struct rtnl_link *link, int vrf)
{
	if (vrf_of(t, link->ifindex) != vrf)
		return link;
	for (unsigned i = 0; i < t->n; i++) {
		const struct rtnl_link *upper = &t->links[i];
		if (upper->vlan && upper->lower == link->ifindex && vrf_of(t, upper->ifindex) != vrf)
			return upper;
	}
	return NULL;
}
