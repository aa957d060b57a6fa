// SPDX-License-Identifier: GPL-2.0-only
/* The two plain ends of the bench. `count` is the sink: counts RTP-sized UDP packets by destination port and drops them. `bare` is
 * the least a relay can be: parse, one hash lookup, bpf_redirect_map. `pass` lets a veth take redirected frames. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "relay.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, __u64);
} received SEC(".maps");

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

static struct udphdr *udp_of(struct xdp_md *ctx, struct iphdr **ip)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	*ip = (void *)(eth + 1);
	struct udphdr *udp = (void *)(*ip + 1);
	if ((void *)(udp + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP) || (*ip)->ihl != 5 || (*ip)->protocol != IPPROTO_UDP)
		return 0;
	return udp;
}

SEC("xdp")
int count(struct xdp_md *ctx)
{
	struct iphdr *ip;
	struct udphdr *udp = udp_of(ctx, &ip);
	if (!udp || bpf_ntohs(udp->len) != 180)
		return XDP_PASS;
	__u32 port = bpf_ntohs(udp->dest);
	__u64 *n = bpf_map_lookup_elem(&received, &port);
	if (n)
		(*n)++;
	return XDP_DROP;
}

SEC("xdp")
int bare(struct xdp_md *ctx)
{
	struct iphdr *ip;
	struct udphdr *udp = udp_of(ctx, &ip);
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
