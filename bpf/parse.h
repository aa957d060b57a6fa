/* SPDX-License-Identifier: GPL-2.0-only */
/* From Ethernet to UDP. What the kernel handles better (fragments, options, extension headers, anything malformed) is
 * left to it. */
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

#define MAX_TAGS 2

struct cursor {
	void *at, *end;
};

struct vlan_tag {
	__be16 tci, proto;
};

struct parsed {
	struct tandem_ip src, dst;
	__u16 sport, dport; /* network order */
	__u16 udp_len, check; /* as in the header */
	__u16 ip_len; /* host order, with the IP header */
	__u16 headers; /* bytes in front of the UDP header */
	__u8 v4, tos, hop_limit;
	__u8 why; /* enum tandem_reason, 0 (never a reason to pass): plain UDP */
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
	__be16 proto = eth->h_proto;
#pragma unroll
	for (int i = 0; i < MAX_TAGS; i++) {
		if (proto != bpf_htons(ETH_P_8021Q) && proto != bpf_htons(ETH_P_8021AD))
			break;
		struct vlan_tag *tag = take(c, sizeof *tag);
		if (!tag)
			return 0;
		proto = tag->proto;
	}
	return proto;
}

static __always_inline int parse_ipv4(struct cursor *c, struct parsed *p)
{
	struct iphdr *ip = take(c, sizeof *ip);
	if (!ip || ip->protocol != IPPROTO_UDP)
		return 0;
	p->v4 = 1;
	p->tos = ip->tos;
	p->hop_limit = ip->ttl;
	p->ip_len = bpf_ntohs(ip->tot_len);
	p->src = (struct tandem_ip){{0, 0, bpf_htonl(0xffff), ip->saddr}};
	p->dst = (struct tandem_ip){{0, 0, bpf_htonl(0xffff), ip->daddr}};
	if (ip->version != 4 || ip->ihl != 5)
		p->why = TANDEM_IP_OPTIONS;
	else if (ip->frag_off & bpf_htons(0x3fff))
		p->why = TANDEM_FRAGMENT;
	else if (tandem_csum_fold(tandem_csum_words((__u32 *)ip, 5)) != 0xffff)
		p->why = TANDEM_BAD_HEADER;
	return 1;
}

static __always_inline int parse_ipv6(struct cursor *c, struct parsed *p)
{
	struct ipv6hdr *ip = take(c, sizeof *ip);
	if (!ip)
		return 0;
	p->v4 = 0;
	p->tos = (__u8)(bpf_ntohl(*(__be32 *)ip) >> 20);
	p->hop_limit = ip->hop_limit;
	p->ip_len = bpf_ntohs(ip->payload_len) + sizeof *ip;
	__builtin_memcpy(&p->src, &ip->saddr, sizeof p->src);
	__builtin_memcpy(&p->dst, &ip->daddr, sizeof p->dst);
	switch (ip->nexthdr) {
	case IPPROTO_UDP:
		break;
	case IPPROTO_FRAGMENT:
		p->why = TANDEM_FRAGMENT;
		break;
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_DSTOPTS:
		p->why = TANDEM_IP_OPTIONS;
		break;
	default:
		return 0;
	}
	return 1;
}

/* Whether it is UDP over IP at all; p->why then says what keeps the program from handling it. The cursor ends at the
 * UDP payload. */
static __always_inline int parse(struct cursor *c, struct parsed *p)
{
	void *start = c->at;
	__be16 proto = parse_ethernet(c);
	p->why = 0;
	if (proto == bpf_htons(ETH_P_IP)) {
		if (!parse_ipv4(c, p))
			return 0;
	} else if (proto != bpf_htons(ETH_P_IPV6) || !parse_ipv6(c, p)) {
		return 0;
	}
	p->headers = (__u16)(c->at - start);
	struct udphdr *udp = take(c, sizeof *udp);
	if (p->why)
		return 1;
	__u32 ip_header = p->v4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
	if (!udp || p->ip_len != ip_header + bpf_ntohs(udp->len) || bpf_ntohs(udp->len) < sizeof *udp) {
		p->why = TANDEM_BAD_HEADER;
		return 1;
	}
	p->sport = udp->source;
	p->dport = udp->dest;
	p->udp_len = udp->len;
	p->check = udp->check;
	return 1;
}
