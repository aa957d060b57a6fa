// SPDX-License-Identifier: GPL-2.0-only
/* The generator: run on live frames, it turns the template frame into the next flow's (destination, ports, with the checksums
 * that belong to them, ready made) and sends it out. A burst that is not due yet is dropped here, which is how the rate is kept within one
 * long run (starting a run costs milliseconds). A frame comes back from the pool as the relay left it, so every header is written each time. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "relay.bpf.h"

const volatile struct relay_plan plan = {};
struct relay_done done = {};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RELAY_MAX_FLOWS);
	__type(key, __u32);
	__type(value, struct relay_flow);
} flow_table SEC(".maps");

/* What of a frame is not the template's. */
struct fields {
	__u32 src; /* last word */
	__u16 sport, dport;
	__u16 first, seq;
	__u32 ssrc, timestamp;
	__u64 check, ip_check; /* sums, not yet folded */
};

static __u16 fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (__u16)(sum + (sum >> 16));
}

/* Whether the burst that starts now is to be sent. What is overdue by a tenth of a second is given up: a stall shows as a lower rate and
 * not as a flood. */
static __u32 due(void)
{
	__u64 now = bpf_ktime_get_ns();
	if (!done.start_ns)
		done.start_ns = done.due_ns = now;
	done.last_ns = now;
	if (now < done.due_ns)
		return 0;
	done.due_ns = now - done.due_ns > 100000000 ? now + plan.interval_ns : done.due_ns + plan.interval_ns;
	return 1;
}

/* Puts another value where `was` lay and keeps the checksum right. */
#define CHANGE(field, to) (f->check += (__u64)(to) + (typeof(f->field))~f->field, f->field = (to))

/* Makes a flow's packet one that nobody has asked for: of a stranger who guessed the SSRC, of one who did not, to a port that is closed, or
 * none of RTP, RTCP, STUN or DTLS or half of one. */
static __noinline void spoil(struct fields *f)
{
	__u32 random = bpf_get_prandom_u32(), src = f->src;
	CHANGE(timestamp, RELAY_JUNK);
	switch (done.junk++ & 3) {
	case 1:
		CHANGE(ssrc, random);
		/* fallthrough */
	case 0:
		CHANGE(src, random | bpf_htonl(0x01000000));
		CHANGE(sport, (__u16)(random >> 3 | 1));
		f->ip_check += (__u64)f->src + (__u32)~src;
		break;
	case 2:
		CHANGE(dport, bpf_htons((__u16)(32000 + random % 600)));
		break;
	default:
		CHANGE(first, (__u16)((f->first & 0xff00) | (random & 0x7f)));
	}
}

static __always_inline int send(struct xdp_md *ctx, const struct fields *f, __u32 dst, int ipv6)
{
	__u64 *to = (void *)(long)ctx->data;
	struct udphdr *udp = (void *)to + sizeof(struct ethhdr) + (ipv6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr));
	__u8 *rtp = (void *)(udp + 1);
	if ((void *)(rtp + 28) > (void *)(long)ctx->data_end)
		return XDP_DROP;
#pragma unroll
	for (int i = 0; i < (ipv6 ? 7 : 5); i++)
		to[i] = plan.head.words[i];
	__u32 *src = (void *)udp - (ipv6 ? 20 : 8);
	*src = f->src;
	((__u32 *)udp)[-1] = dst;
	if (!ipv6)
		*(__u16 *)((void *)src - 2) = (__u16)~fold(f->ip_check);
	udp->source = f->sport;
	udp->dest = f->dport;
	udp->len = bpf_htons((__u16)((void *)(long)ctx->data_end - (void *)udp));
	__u16 check = (__u16)~fold(f->check + f->seq);
	udp->check = check ?: 0xffff;
	*(__u16 *)rtp = f->first;
	*(__u16 *)(rtp + 2) = f->seq;
	*(__u32 *)(rtp + 4) = f->timestamp;
	*(__u32 *)(rtp + 8) = f->ssrc;
	if (plan.stamp) { /* followed by its complement, so that it counts nothing in the checksum */
		__u64 now = bpf_ktime_get_ns();
		*(__u64 *)(rtp + 12) = now;
		*(__u64 *)(rtp + 20) = ~now;
	}
	return (int)bpf_redirect(plan.ifindex, 0);
}

SEC("xdp")
int generate(struct xdp_md *ctx)
{
	__u32 at = done.frames++ % plan.burst;
	if (!at)
		done.active = due();
	if (!done.active)
		return XDP_DROP;
	__u32 index = done.next_flow, junk = at < plan.junk;
	struct relay_flow *flow = bpf_map_lookup_elem(&flow_table, &index);
	if (!flow)
		return XDP_DROP;
	struct fields f = {.src = plan.ipv6 ? plan.head.words[4] >> 16 : plan.head.words[3] >> 16, .sport = flow->sport, .dport = flow->dport,
			   .first = plan.first, .ssrc = flow->ssrc, .check = flow->check, .ip_check = (__u16)~flow->ip_check};
	if (junk) {
		f.seq = bpf_htons((__u16)(flow->seq + 20000));
		spoil(&f);
	} else {
		done.sent++;
		done.next_flow = index + 1 < plan.flows ? index + 1 : 0;
		f.seq = bpf_htons(++flow->seq);
	}
	return plan.ipv6 ? send(ctx, &f, flow->dst, 1) : send(ctx, &f, flow->dst, 0);
}

char _license[] SEC("license") = "GPL";
