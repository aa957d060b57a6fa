/* SPDX-License-Identifier: GPL-2.0-only */
/* The packet's new headers: built anew from the slot and the next hop, for either family in and out. */
#pragma once
#include "parse.h"
#include "tandem/slot.h"

#define MAX_PAYLOAD 2048
/* Keeps the compiler from arithmetic on the end of the packet, which the verifier refuses. */
#define KEEP(end) __asm__ volatile("" : "+r"(end))
#define MAX_HEADERS (sizeof(struct ethhdr) + MAX_TAGS * sizeof(struct vlan_tag) + sizeof(struct ipv6hdr) + sizeof(struct udphdr))

/* One's complement sum, folded, of `len` bytes that begin `off` bytes into the frame. A function of its own for the verifier, which then walks
 * the loop once. */
__noinline __u32 payload_sum(struct xdp_md *ctx, __u32 off, __u32 len)
{
	void *p = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u64 sum = 0;
	if (off > MAX_HEADERS || len > MAX_PAYLOAD)
		return 0;
	p += off;
	for (int i = 0; i < MAX_PAYLOAD / 8 && len >= 8; i++, len -= 8, p += 8) {
		KEEP(end);
		if (p + 8 > end)
			return 0;
		sum += *(__u32 *)p;
		sum += *(__u32 *)(p + 4);
	}
	for (int i = 0; i < 3 && len >= 2; i++, len -= 2, p += 2) {
		KEEP(end);
		if (p + 2 > end)
			return 0;
		sum += *(__u16 *)p;
	}
	KEEP(end);
	if (len && p + 1 > end)
		return 0;
	if (len)
		sum += bpf_htons(*(__u8 *)p << 8);
	return tandem_csum_fold(sum);
}

/* The UDP checksum of what leaves. Incremental when the packet has one. A packet without one gets one. A local sender on
 * a veth or tap leaves the sum of the pseudo-header alone there, for hardware to complete: a packet that looks so and is not valid
 * as it stands is completed here; in generic mode, where the kernel still remembers to complete it, its new
 * pseudo-header is put there instead. */
static __always_inline __u16 new_check(struct xdp_md *ctx, const struct parsed *p, const struct tandem_out *out, int generic)
{
	__u64 was = tandem_csum_ends(p->v4, &p->src, &p->dst, p->sport, p->dport);
	__u64 ports_was = (__u64)p->sport + p->dport, ports_is = (__u64)out->src_port + out->dst_port;
	__u64 pseudo = tandem_csum_pseudo(p->udp_len);
	__u16 partial = tandem_csum_fold(was - ports_was + pseudo);
	if (p->check && p->check != partial)
		return tandem_csum_update(p->check, was, out->sum);
	__u32 udp_len = bpf_ntohs(p->udp_len);
	__u64 rest = pseudo + p->udp_len + payload_sum(ctx, p->headers + sizeof(struct udphdr), udp_len - sizeof(struct udphdr));
	if (p->check && tandem_csum_fold(was + rest + p->check) == 0xffff)
		return tandem_csum_update(p->check, was, out->sum);
	if (p->check && generic)
		return tandem_csum_fold((__u64)out->sum + (__u16)~tandem_csum_fold(ports_is) + pseudo);
	__u16 sum = tandem_csum_fold(out->sum + rest);
	return sum == 0xffff ? 0xffff : (__u16)~sum;
}

static __always_inline void write_ipv4(struct iphdr *ip, const struct parsed *p, const struct tandem_out *out, __u8 tos)
{
	__u32 *w = (__u32 *)ip;
	__u16 len = (__u16)(bpf_ntohs(p->udp_len) + sizeof *ip);
	w[0] = bpf_htonl(0x45u << 24 | (__u32)tos << 16 | len);
	w[1] = bpf_htonl(0x4000); /* identification 0, do not fragment: RFC 6864 */
	w[2] = bpf_htonl((__u32)(p->hop_limit - 1) << 24 | IPPROTO_UDP << 16);
	w[3] = out->src.w[3];
	w[4] = out->dst.w[3];
	ip->check = (__u16)~tandem_csum_fold(tandem_csum_words(w, 5));
}

static __always_inline void write_ipv6(struct ipv6hdr *ip, const struct parsed *p, const struct tandem_out *out, __u8 tos)
{
	__u32 *w = (__u32 *)ip;
	w[0] = bpf_htonl(6u << 28 | (__u32)tos << 20);
	w[1] = bpf_htonl((__u32)bpf_ntohs(p->udp_len) << 16 | IPPROTO_UDP << 8 | (__u32)(p->hop_limit - 1));
	__builtin_memcpy(&ip->saddr, &out->src, sizeof ip->saddr);
	__builtin_memcpy(&ip->daddr, &out->dst, sizeof ip->daddr);
}

static __always_inline int write_ethernet(struct cursor *c, const struct tandem_hop *hop, int v4)
{
	struct ethhdr *eth = take(c, sizeof *eth);
	if (!eth)
		return 0;
	__be16 proto = v4 ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6);
	__builtin_memcpy(eth->h_dest, hop->dmac, ETH_ALEN);
	__builtin_memcpy(eth->h_source, hop->smac, ETH_ALEN);
	eth->h_proto = hop->vlan ? bpf_htons(ETH_P_8021Q) : proto;
	if (!hop->vlan)
		return 1;
	struct vlan_tag *tag = take(c, sizeof *tag);
	if (!tag)
		return 0;
	tag->tci = bpf_htons(hop->vlan);
	tag->proto = proto;
	return 1;
}

/* 1, or 0 when the frame has no room: it is then spoilt and must be dropped. */
static __always_inline int rewrite(struct xdp_md *ctx, const struct parsed *p, const struct tandem_out *out,
				   const struct tandem_hop *hop, int generic)
{
	int v4 = out->family == 4;
	__u8 tos = (__u8)(out->tos | (p->tos & 3));
	__u16 check = new_check(ctx, p, out, generic);
	int headers = (int)(sizeof(struct ethhdr) + (hop->vlan ? sizeof(struct vlan_tag) : 0) +
			    (v4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr)));
	int shift = (int)p->headers - headers;
	if (shift && bpf_xdp_adjust_head(ctx, shift))
		return 0;
	struct cursor c = {(void *)(long)ctx->data, (void *)(long)ctx->data_end};
	if (!write_ethernet(&c, hop, v4))
		return 0;
	if (v4) {
		struct iphdr *ip = take(&c, sizeof *ip);
		if (!ip)
			return 0;
		write_ipv4(ip, p, out, tos);
	} else {
		struct ipv6hdr *ip = take(&c, sizeof *ip);
		if (!ip)
			return 0;
		write_ipv6(ip, p, out, tos);
	}
	struct udphdr *udp = take(&c, sizeof *udp);
	if (!udp)
		return 0;
	udp->source = out->src_port;
	udp->dest = out->dst_port;
	udp->check = check;
	return 1;
}
