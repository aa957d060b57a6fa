/* SPDX-License-Identifier: GPL-2.0-only */
/* The packet's new headers: built anew from the slot and the next hop, for either family in and out. */
#pragma once
#include "check.h"
#include "tandem/slot.h"

/* What the new IP header takes over. */
struct kept {
	__u32 udp_len; /* host order */
	__u8 tos, hop_limit;
};

static __always_inline void write_ipv4(struct iphdr *ip, const struct kept *k, const struct tandem_out *out)
{
	__u32 *w = (__u32 *)ip;
	__u32 first = bpf_htonl(0x45u << 24 | (__u32)k->tos << 16 | (k->udp_len + sizeof *ip));
	__u32 second = bpf_htonl(0x4000); /* identification 0, do not fragment: RFC 6864 */
	__u32 third = bpf_htonl((__u32)k->hop_limit << 24 | IPPROTO_UDP << 16);
	w[0] = first;
	w[1] = second;
	w[2] = third;
	w[3] = out->src.w[3];
	w[4] = out->dst.w[3];
	ip->check = (__u16)~tandem_csum_fold((__u64)first + second + third + out->src.w[3] + out->dst.w[3]);
}

static __always_inline void write_ipv6(struct ipv6hdr *ip, const struct kept *k, const struct tandem_out *out)
{
	__u32 *w = (__u32 *)ip;
	w[0] = bpf_htonl(6u << 28 | (__u32)k->tos << 20);
	w[1] = bpf_htonl(k->udp_len << 16 | IPPROTO_UDP << 8 | k->hop_limit);
	*(struct tandem_ip *)&ip->saddr = out->src;
	*(struct tandem_ip *)&ip->daddr = out->dst;
}

/* Both MAC addresses, as they lie in a frame. */
struct macs {
	__u32 w[3];
};

static __always_inline int write_ethernet(struct cursor *c, const struct tandem_hop *hop, int v4)
{
	struct ethhdr *eth = take(c, sizeof *eth);
	if (!eth)
		return 0;
	__be16 proto = v4 ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6);
	*(struct macs *)eth = *(const struct macs *)hop->dmac;
	((__be16 *)eth)[ETH_ALEN] = hop->vlan ? bpf_htons(ETH_P_8021Q) : proto;
	if (likely(!hop->vlan))
		return 1;
	struct vlan_tag *tag = take(c, sizeof *tag);
	if (!tag)
		return 0;
	tag->tci = bpf_htons(hop->vlan);
	tag->proto = proto;
	return 1;
}

/* The headers of family `v4`, from a cursor at the start of the frame. 0 when the frame has no room. */
static __always_inline int write_headers(struct cursor *c, const struct tandem_hop *hop, const struct kept *k, const struct tandem_out *out,
					 __u16 check, int v4)
{
	if (!write_ethernet(c, hop, v4))
		return 0;
	void *ip = take(c, v4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr));
	struct udphdr *udp = ip ? take(c, sizeof *udp) : NULL;
	if (!udp)
		return 0;
	if (v4)
		write_ipv4(ip, k, out);
	else
		write_ipv6(ip, k, out);
	udp->source = out->src_port;
	udp->dest = out->dst_port;
	udp->check = check;
	return 1;
}

/* 1, or 0 when the frame has no room: it is then spoilt and must be dropped. */
static __always_inline int rewrite(struct xdp_md *ctx, const struct parsed *p, const struct tandem_out *out,
				   const struct tandem_hop *hop, int generic)
{
	int v4 = out->family == 4;
	const struct kept k = {.udp_len = udp_len_of(p), .tos = (__u8)(out->tos | (tos_of(p) & 3)), .hop_limit = (__u8)(hop_limit_of(p) - 1)};
	__u16 check = new_check(ctx, p, out, generic);
	int headers = (int)(sizeof(struct ethhdr) + (hop->vlan ? sizeof(struct vlan_tag) : 0) +
			    (v4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr)));
	int shift = (int)((void *)p->udp - (void *)(long)ctx->data) - headers;
	if (shift && bpf_xdp_adjust_head(ctx, shift))
		return 0;
	struct cursor c = {(void *)(long)ctx->data, (void *)(long)ctx->data_end};
	return v4 ? write_headers(&c, hop, &k, out, check, 1) : write_headers(&c, hop, &k, out, check, 0);
}
