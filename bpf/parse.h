/* SPDX-License-Identifier: GPL-2.0-only */
/* From Ethernet to RTP. What the kernel handles better (fragments, options, extension headers, anything malformed) is
 * left to it. Fields are read where they are needed, from the packet, and not copied: there are few registers. */
#pragma once
#include "tandem/csum.h"
#include "tandem/reasons.h"
#include "tandem/rtp.h"
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>

#define MAX_TAGS  2
#define likely(x) __builtin_expect(!!(x), 1)

struct cursor {
	void *at, *end;
};

struct vlan_tag {
	__be16 tci, proto;
};

/* Where the headers are. `v4` is constant in each of the two copies that the program consists of. */
struct parsed {
	int v4;
	union {
		const struct iphdr *ip4;
		const struct ipv6hdr *ip6;
	};
	const struct udphdr *udp;
	const struct tandem_rtp *rtp;
};

static __always_inline void *take(struct cursor *c, __u32 len)
{
	void *p = c->at;
	if (p + len > c->end)
		return NULL;
	c->at = p + len;
	return p;
}

/* The EtherType behind up to two VLAN tags, 0 for a frame too short. */
static __always_inline __be16 parse_ethernet(struct cursor *c)
{
	struct ethhdr *eth = take(c, sizeof *eth);
	if (!eth)
		return 0;
	const __be16 *at = (const __be16 *)eth + ETH_ALEN; /* aligned, which the compiler does not know of a packed header */
	__be16 proto = *at;
#pragma unroll
	for (int i = 0; i < MAX_TAGS; i++) {
		if (likely(proto != bpf_htons(ETH_P_8021Q) && proto != bpf_htons(ETH_P_8021AD)))
			break;
		struct vlan_tag *tag = take(c, sizeof *tag);
		if (!tag)
			return 0;
		proto = tag->proto;
	}
	return proto;
}

/* An IPv6 address in a packet. */
static __always_inline struct tandem_ip ip_at(const void *at)
{
	struct tandem_ip ip;
	((__u64 *)&ip)[0] = ((const __u64 *)at)[0];
	((__u64 *)&ip)[1] = ((const __u64 *)at)[1];
	return ip;
}

static __always_inline struct tandem_ip src_of(const struct parsed *p)
{
	return p->v4 ? (struct tandem_ip){{0, 0, bpf_htonl(0xffff), p->ip4->saddr}} : ip_at(&p->ip6->saddr);
}

static __always_inline struct tandem_ip dst_of(const struct parsed *p)
{
	return p->v4 ? (struct tandem_ip){{0, 0, bpf_htonl(0xffff), p->ip4->daddr}} : ip_at(&p->ip6->daddr);
}

static __always_inline __u8 tos_of(const struct parsed *p)
{
	return p->v4 ? p->ip4->tos : (__u8)(bpf_ntohl(*(const __be32 *)p->ip6) >> 20);
}

static __always_inline __u8 hop_limit_of(const struct parsed *p)
{
	return p->v4 ? p->ip4->ttl : p->ip6->hop_limit;
}

/* The sum of both addresses as they count in a UDP checksum. */
static __always_inline __u64 address_sum(const struct parsed *p)
{
	if (p->v4)
		return (__u64)p->ip4->saddr + p->ip4->daddr;
	struct tandem_ip src = src_of(p), dst = dst_of(p);
	return tandem_csum_words(src.w, 4) + tandem_csum_words(dst.w, 4);
}

static __always_inline __u32 udp_len_of(const struct parsed *p)
{
	return bpf_ntohs(p->udp->len);
}

/* Whether it is UDP over IP at all, perhaps behind other headers. */
static __always_inline int parse_ip(struct cursor *c, struct parsed *p)
{
	p->ip4 = take(c, p->v4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr));
	if (!p->ip4)
		return 0;
	if (p->v4)
		return p->ip4->protocol == IPPROTO_UDP;
	if (likely(p->ip6->nexthdr == IPPROTO_UDP))
		return 1;
	return p->ip6->nexthdr == IPPROTO_FRAGMENT || p->ip6->nexthdr == IPPROTO_HOPOPTS || p->ip6->nexthdr == IPPROTO_ROUTING ||
	       p->ip6->nexthdr == IPPROTO_DSTOPTS;
}

/* What keeps the program from handling the IP header, or 0 (never a reason to pass). */
static __always_inline enum tandem_reason odd_ip(const struct parsed *p)
{
	if (!p->v4) {
		if ((*(const __u8 *)p->ip6 & 0xf0) != 0x60)
			return TANDEM_BAD_HEADER;
		if (likely(p->ip6->nexthdr == IPPROTO_UDP))
			return 0;
		return p->ip6->nexthdr == IPPROTO_FRAGMENT ? TANDEM_FRAGMENT : TANDEM_IP_OPTIONS;
	}
	const __u32 *w = (const __u32 *)p->ip4;
	if (*(const __u8 *)w != 0x45) /* version 4, five words */
		return TANDEM_IP_OPTIONS;
	if (p->ip4->frag_off & bpf_htons(0x3fff))
		return TANDEM_FRAGMENT;
	return likely(tandem_csum_good(tandem_csum_words(w, 5))) ? 0 : TANDEM_BAD_HEADER;
}

static __always_inline enum tandem_reason parse_udp(struct cursor *c, struct parsed *p)
{
	p->udp = take(c, sizeof *p->udp);
	if (!p->udp || udp_len_of(p) < sizeof *p->udp)
		return TANDEM_BAD_HEADER;
	__u32 ip_len = p->v4 ? bpf_ntohs(p->ip4->tot_len) - sizeof(struct iphdr) : bpf_ntohs(p->ip6->payload_len);
	return likely(ip_len == udp_len_of(p)) ? 0 : TANDEM_BAD_HEADER;
}

/* The packet as the logic sees it. */
static __always_inline struct tandem_packet packet_of(const struct parsed *p)
{
	struct tandem_packet pkt = {.src = src_of(p), .src_port = p->udp->source, .len = udp_len_of(p) - sizeof(struct udphdr)};
	tandem_rtp_load(&pkt, p->rtp);
	return pkt;
}
