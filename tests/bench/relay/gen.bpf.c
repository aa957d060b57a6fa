// SPDX-License-Identifier: GPL-2.0-only
/* The generator: run on live frames, it turns the template frame into the next of `flows` flows (ports, with the UDP checksum
 * that belongs to them, ready made) and sends it out of `ifindex`. A burst that is not due yet is dropped here, which is how the rate is kept within one
 * long run (starting a run costs milliseconds). A frame comes back from the pool as the relay left it, so every header is written each time. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <bpf/bpf_helpers.h>
#include "relay.bpf.h"

const volatile __u32 flows = 1, ifindex = 1, burst = 64;
const volatile __u64 interval_ns = 0; /* between bursts; 0: as fast as it goes */
const volatile struct relay_head head = {}; /* Ethernet and IPv4 */
__u64 frames = 0, sent = 0, start_ns = 0, last_ns = 0, due_ns = 0;
__u32 next_flow = 0, active = 0;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RELAY_MAX_FLOWS);
	__type(key, __u32);
	__type(value, struct relay_flow);
} flow_table SEC(".maps");

/* Whether the burst that starts now is to be sent. What is overdue by a tenth of a second is given up: a stall shows as a lower rate and
 * not as a flood. */
static __u32 due(void)
{
	__u64 now = bpf_ktime_get_ns();
	if (!start_ns)
		start_ns = due_ns = now;
	last_ns = now;
	if (now < due_ns)
		return 0;
	due_ns = now - due_ns > 100000000 ? now + interval_ns : due_ns + interval_ns;
	return 1;
}

SEC("xdp")
int generate(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct relay_head *front = data;
	struct udphdr *udp = (void *)(front + 1);
	__u8 *rtp = (void *)(udp + 1);
	if ((void *)(rtp + 12) > end)
		return XDP_DROP;
	if (frames++ % burst == 0)
		active = due();
	if (!active)
		return XDP_DROP;
	sent++;
	__u32 index = next_flow;
	next_flow = index + 1 < flows ? index + 1 : 0;
	struct relay_flow *flow = bpf_map_lookup_elem(&flow_table, &index);
	if (!flow)
		return XDP_DROP;
	/* The sequence number advances; the checksum of the rest is known. */
	__u16 seq = ++flow->seq;
	__u32 sum = (__u16)~flow->base_check;
	sum += seq;
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	for (int i = 0; i < 4; i++)
		front->words[i] = head.words[i];
	front->rest = head.rest;
	udp->source = flow->sport;
	udp->dest = flow->dport;
	udp->check = __builtin_bswap16((__u16)~sum ?: 0xffff);
	*(__u16 *)(rtp + 2) = __builtin_bswap16(seq);
	*(__u32 *)(rtp + 8) = flow->ssrc;
	return bpf_redirect(ifindex, 0);
}

char _license[] SEC("license") = "GPL";
