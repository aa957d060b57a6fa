/* SPDX-License-Identifier: GPL-2.0-only */
/* Which addresses and ports are ours. */
#pragma once
#include "tandem/flow.h"
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TANDEM_MAX_LOCALS);
	__type(key, struct tandem_ip);
	__type(value, struct tandem_local);
} locals SEC(".maps");

/* Host order port; true when it is a media port of `l`. */
static __always_inline int local_has(const struct tandem_local *l, __u32 port)
{
	return port >= l->port_min && port <= l->port_max;
}
