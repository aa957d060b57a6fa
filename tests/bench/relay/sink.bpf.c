// SPDX-License-Identifier: GPL-2.0-only
/* The two plain ends of the bench. `count` is the sink: counts RTP-sized UDP packets by flow, and what is of no flow, and drops them. `bare` is
 * the least a relay can be: parse, one hash lookup, bpf_redirect_map. `pass` lets a veth take redirected frames. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "relay.bpf.h"

/* By index of the flow; behind them, one for packets of no flow. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RELAY_MAX_FLOWS + 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, __u64);
} received SEC(".maps");

/* Stamped packets by how long they took. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RELAY_BUCKETS);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, __u64);
} latency SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, RELAY_MAX_FLOWS);
	__type(key, struct bare_key);
	__type(value, struct bare_value);
} bare_flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} bare_ports SEC(".maps");

static __always_inline void add(void *map, __u32 key)
{
	__u64 *n = bpf_map_lookup_elem(map, &key);
	if (n)
		(*n)++;
}

static __always_inline struct udphdr *udp_of(void *data, void *end, struct iphdr **ip)
{
	struct ethhdr *eth = data;
	*ip = (void *)(eth + 1);
	struct udphdr *udp = (void *)(*ip + 1);
	if ((void *)(udp + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP) || (*ip)->ihl != 5 || (*ip)->protocol != IPPROTO_UDP)
		return 0;
	return udp;
}

static __always_inline struct udphdr *udp6_of(void *data, void *end)
{
	struct ethhdr *eth = data;
	struct ipv6hdr *ip = (void *)(eth + 1);
	struct udphdr *udp = (void *)(ip + 1);
	if ((void *)(udp + 1) > end || eth->h_proto != bpf_htons(ETH_P_IPV6) || ip->nexthdr != IPPROTO_UDP)
		return 0;
	return udp;
}

/* Whether a frame was the bench's. */
static __always_inline int counted(void *data, void *end)
{
	struct iphdr *ip;
	struct udphdr *udp = udp_of(data, end, &ip);
	if (!udp)
		udp = udp6_of(data, end);
	if (!udp || bpf_ntohs(udp->len) != 180)
		return 0;
	__u8 *rtp = (void *)(udp + 1);
	if ((void *)(rtp + 28) > end)
		return 0;
	__u32 ssrc = bpf_ntohl(*(__be32 *)(rtp + 8));
	int good = ssrc >> 16 == RELAY_SSRC && *(__u32 *)(rtp + 4) != RELAY_JUNK;
	add(&received, good ? ssrc & 0xffff : RELAY_MAX_FLOWS);
	if (rtp[1] & RELAY_STAMPED) {
		__u64 bucket = (bpf_ktime_get_ns() - *(__u64 *)(rtp + 12)) / RELAY_BUCKET_NS;
		add(&latency, bucket < RELAY_BUCKETS ? (__u32)bucket : RELAY_BUCKETS - 1);
	}
	return 1;
}

SEC("xdp")
int count(struct xdp_md *ctx)
{
	return counted((void *)(long)ctx->data, (void *)(long)ctx->data_end) ? XDP_DROP : XDP_PASS;
}

/* The same for packets that are a kernel's and not frames: XDP on a veth copies those with less than 256 bytes before them, which is not what a
 * relay costs. */
SEC("tc")
int count_tc(struct __sk_buff *ctx)
{
	return counted((void *)(long)ctx->data, (void *)(long)ctx->data_end) ? TC_ACT_SHOT : TC_ACT_OK;
}

SEC("xdp")
int bare(struct xdp_md *ctx)
{
	struct iphdr *ip;
	struct udphdr *udp = udp_of((void *)(long)ctx->data, (void *)(long)ctx->data_end, &ip);
	if (!udp)
		return XDP_PASS;
	struct bare_key key = {.daddr = ip->daddr, .dport = udp->dest};
	struct bare_value *to = bpf_map_lookup_elem(&bare_flows, &key);
	if (!to)
		return XDP_PASS;
	return bpf_redirect_map(&bare_ports, to->port_index, 0);
}

SEC("xdp")
int pass(struct xdp_md *ctx)
{
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
