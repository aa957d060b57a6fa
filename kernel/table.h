/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A slot table as the module relays by it: the BPF array itself, the local addresses it stands for,
 * a route for each slot, counters.
 *
 * Who holds a table: the network namespace it is attached in, by reference, and the hooks, which
 * read it under RCU. The last reference is dropped in process context a grace period after the
 * table was detached, so no hook is left in it.
 *
 * The array is mapped writable into processes that have no privileges: what is read from a slot is
 * untrusted. Indices are checked where they are used, and what a decision hangs on is read once.
 */
#ifndef TANDEM_TABLE_H
#define TANDEM_TABLE_H

#include <linux/bpf.h>
#include <linux/kref.h>
#include <linux/nospec.h>
#include <linux/percpu.h>
#include <net/net_namespace.h>

#include "tandem/latch.h"

struct netlink_ext_ack;
struct tandem_route;

struct tandem_reasons {
	u64 n[TANDEM_REASON_COUNT];
	u64 told_ns; /* until then the ICMP errors of this CPU are paid for */
};

struct tandem_table {
	struct tandem_slot *slots;
	struct tandem_route __rcu **routes; /* by slot */
	struct tandem_reasons __percpu *reasons;
	struct net *net; /* outlives the table */
	u32 n_slots;
	u32 n_locals;
	struct bpf_map *map;
	struct kref ref;
	struct tandem_near near[TANDEM_NEAR]; /* local addresses, each at its place or behind it */
};

/* A table on the BPF map behind descriptor `fd` of this process, without local addresses, or ERR_PTR. */
struct tandem_table *tandem_table_new(struct net *net, int fd, struct netlink_ext_ack *extack);

/* -EINVAL, -ERANGE, -EEXIST, -ENOSPC. Before the table is attached only. */
int tandem_table_add_local(struct tandem_table *t, const struct tandem_ip *ip, const struct tandem_local *local,
			   struct netlink_ext_ack *extack);

/* Process context only. */
void tandem_table_put(struct tandem_table *t);

u64 tandem_table_counter(const struct tandem_table *t, enum tandem_reason why);

static inline void tandem_table_count(const struct tandem_table *t, enum tandem_reason why)
{
	this_cpu_inc(t->reasons->n[why]);
}

/* The slots of a local address, or NULL. Every index they yield is within the table. */
static __always_inline const struct tandem_local *tandem_table_local(const struct tandem_table *t,
								     const struct tandem_ip *ip)
{
	u32 i = tandem_near_index(ip);

	for (;; i = (i + 1) % TANDEM_NEAR) {
		if (!t->near[i].local.port_max)
			return NULL;
		if (likely(tandem_ip_eq(&t->near[i].ip, ip)))
			return &t->near[i].local;
	}
}

/* A slot by an index that somebody else wrote, or NULL. */
static inline struct tandem_slot *tandem_table_slot(const struct tandem_table *t, u32 index)
{
	if (index >= t->n_slots)
		return NULL;
	return &t->slots[array_index_nospec(index, t->n_slots)];
}

#endif
