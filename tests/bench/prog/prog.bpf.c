// SPDX-License-Identifier: GPL-2.0-only
/* BPF_PROG_TEST_RUN repeats on one frame, which a relay changes. So this program runs first: it makes the frame the next
 * stream's, as it arrived, and calls the program that is measured. What this costs is known from the call of `empty`. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "prog.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PROG_STREAMS);
	__type(key, __u32);
	__type(value, struct prog_front);
} fronts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} measured SEC(".maps");

__u32 next = 0, frame_bytes = 0;

SEC("xdp")
int renew(struct xdp_md *ctx)
{
	int grown = (int)(ctx->data_end - ctx->data) - (int)frame_bytes;
	if (grown && bpf_xdp_adjust_head(ctx, grown))
		return XDP_ABORTED;
	__u64 *to = (void *)(long)ctx->data;
	__u32 i = next;
	next = i + 1 < PROG_STREAMS ? i + 1 : 0;
	const struct prog_front *front = bpf_map_lookup_elem(&fronts, &i);
	if (!front || (void *)(to + PROG_FRONT / 8) > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
#pragma unroll
	for (int w = 0; w < PROG_FRONT / 8; w++)
		to[w] = front->words[w];
	bpf_tail_call(ctx, &measured, 0);
	return XDP_ABORTED;
}

SEC("xdp")
int empty(struct xdp_md *ctx)
{
	return XDP_REDIRECT;
}

char _license[] SEC("license") = "GPL";
