// SPDX-License-Identifier: GPL-2.0-only
#include "table.h"

#include <linux/mm.h>
#include <linux/netlink.h>
#include <linux/slab.h>

#include "compat.h"
#include "route.h"

_Static_assert(TANDEM_MAX_LOCALS < TANDEM_NEAR, "a search for a place ends");

/* Whether a map is what slot tables are made of. */
static int tandem_map_fits(const struct bpf_map *map, struct netlink_ext_ack *extack)
{
	if (map->map_type != BPF_MAP_TYPE_ARRAY) {
		NL_SET_ERR_MSG(extack, "the slot table is not a BPF array");
		return -EINVAL;
	}
	if (map->value_size != sizeof(struct tandem_slot)) {
		NL_SET_ERR_MSG(extack, "the slot table's values are not slots");
		return -EINVAL;
	}
	if (!(map->map_flags & BPF_F_MMAPABLE) || tandem_map_has_objects(map)) {
		NL_SET_ERR_MSG(extack, "the slot table cannot be mapped");
		return -EINVAL;
	}
	if (map->map_flags & BPF_F_RDONLY_PROG) { /* the verifier counts on it not to change */
		NL_SET_ERR_MSG(extack, "the slot table is read-only");
		return -EINVAL;
	}
	return 0;
}

/*
 * The array's values lie one after the other: a mappable array is one piece of memory, and a slot
 * is a multiple of 8 bytes.
 */
static struct tandem_slot *tandem_map_slots(struct bpf_map *map)
{
	u32 first = 0;
	void *value;

	rcu_read_lock();
	value = map->ops->map_lookup_elem(map, &first);
	rcu_read_unlock();
	return value;
}

static void tandem_table_free(struct tandem_table *t)
{
	u32 i;

	for (i = 0; t->routes && i < t->n_slots; i++)
		tandem_route_drop(rcu_dereference_protected(t->routes[i], 1));
	kvfree(t->routes);
	free_percpu(t->reasons);
	bpf_map_put(t->map);
	kvfree(t);
}

static void tandem_table_release(struct kref *ref)
{
	tandem_table_free(container_of(ref, struct tandem_table, ref));
}

void tandem_table_put(struct tandem_table *t)
{
	if (t)
		kref_put(&t->ref, tandem_table_release);
}

static struct tandem_table *tandem_table_of(struct net *net, struct bpf_map *map)
{
	struct tandem_table *t = kvzalloc(sizeof(*t), GFP_KERNEL_ACCOUNT);

	if (!t)
		return NULL;
	kref_init(&t->ref);
	bpf_map_inc(map);
	t->map = map;
	t->net = net;
	t->n_slots = map->max_entries;
	t->slots = tandem_map_slots(map);
	t->routes = kvcalloc(t->n_slots, sizeof(*t->routes), GFP_KERNEL_ACCOUNT);
	t->reasons = alloc_percpu_gfp(struct tandem_reasons, GFP_KERNEL_ACCOUNT);
	if (t->slots && t->routes && t->reasons)
		return t;
	tandem_table_put(t);
	return NULL;
}

struct tandem_table *tandem_table_new(struct net *net, int fd, struct netlink_ext_ack *extack)
{
	struct bpf_map *map = bpf_map_get(fd);
	struct tandem_table *t;
	int err;

	if (IS_ERR(map)) {
		NL_SET_ERR_MSG(extack, "SLOTS_FD is not the descriptor of a BPF map");
		return ERR_CAST(map);
	}
	err = tandem_map_fits(map, extack);
	if (err) {
		t = ERR_PTR(err);
		goto out;
	}
	t = tandem_table_of(net, map);
	if (!t) {
		NL_SET_ERR_MSG(extack, "no memory for the table");
		t = ERR_PTR(-ENOMEM);
	}
out:
	bpf_map_put(map);
	return t;
}

int tandem_table_add_local(struct tandem_table *t, const struct tandem_ip *ip, const struct tandem_local *local,
			   struct netlink_ext_ack *extack)
{
	u32 i;

	if (!local->port_min || local->port_max < local->port_min) {
		NL_SET_ERR_MSG(extack, "a local address has no ports");
		return -EINVAL;
	}
	if ((u64)local->base + local->port_max - local->port_min >= t->n_slots) {
		NL_SET_ERR_MSG(extack, "a local address has more ports than the table has slots");
		return -ERANGE;
	}
	if (tandem_table_local(t, ip)) {
		NL_SET_ERR_MSG(extack, "a local address is given twice");
		return -EEXIST;
	}
	if (t->n_locals == TANDEM_MAX_LOCALS) {
		NL_SET_ERR_MSG(extack, "too many local addresses");
		return -ENOSPC;
	}
	for (i = tandem_near_index(ip); t->near[i].local.port_max; i = (i + 1) % TANDEM_NEAR)
		;
	t->near[i].ip = *ip;
	t->near[i].local = *local;
	t->n_locals++;
	return 0;
}

u64 tandem_table_counter(const struct tandem_table *t, enum tandem_reason why)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(t->reasons, cpu)->n[why]);
	return sum;
}
