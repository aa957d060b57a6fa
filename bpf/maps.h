/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include "locals.h"
#include "tandem/latch.h"
#include "tandem/reasons.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TANDEM_NEAR);
	__type(key, __u32);
	__type(value, struct tandem_near);
} near SEC(".maps");

/* One slot for each local media port; the size is set at load time. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tandem_slot);
} slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, TANDEM_MAX_HOPS);
	__type(key, __u32);
	__type(value, struct tandem_hop);
} hops SEC(".maps");

/* The interfaces the program is attached to, and so may send on. */
struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, TANDEM_MAX_DEVICES);
	__type(key, __u32);
	__type(value, __u32);
} devices SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, TANDEM_REASON_COUNT);
	__type(key, __u32);
	__type(value, __u64);
} reasons SEC(".maps");

/* struct tandem_event */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 * 1024);
} events SEC(".maps");

static __always_inline const struct tandem_local *find_local(const struct tandem_ip *ip)
{
	__u32 index = tandem_near_index(ip);
	const struct tandem_near *n = bpf_map_lookup_elem(&near, &index);
	if (n && tandem_ip_eq(&n->ip, ip) && n->local.port_max)
		return &n->local;
	struct tandem_ip key = *ip;
	return bpf_map_lookup_elem(&locals, &key);
}

static __always_inline void count(enum tandem_reason why)
{
	__u32 key = why;
	__u64 *n = bpf_map_lookup_elem(&reasons, &key);
	if (n)
		(*n)++;
}
