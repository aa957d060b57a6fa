/* SPDX-License-Identifier: GPL-2.0-only */
/* From an IP header to RTP. */
#ifndef TANDEM_PARSE_H
#define TANDEM_PARSE_H

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>

#include "table.h"
#include "tandem/csum.h"

/* Fields of packets as the contract has them: in network order, without a type that says so. */
#define TANDEM_RAW16(field) ((__force u16)(field))
#define TANDEM_RAW32(field) ((__force u32)(field))

static __always_inline struct tandem_ip tandem_ip_of_v4(__be32 addr)
{
	return (struct tandem_ip){ { 0, 0, TANDEM_RAW32(htonl(0xffff)), TANDEM_RAW32(addr) } };
}

static __always_inline struct tandem_ip tandem_ip_of_v6(const struct in6_addr *addr)
{
	struct tandem_ip ip;

	memcpy(&ip, addr, sizeof(ip));
	return ip;
}

static __always_inline struct tandem_ip tandem_src(const struct sk_buff *skb, bool v4)
{
	return v4 ? tandem_ip_of_v4(ip_hdr(skb)->saddr) : tandem_ip_of_v6(&ipv6_hdr(skb)->saddr);
}

static __always_inline struct tandem_ip tandem_dst(const struct sk_buff *skb, bool v4)
{
	return v4 ? tandem_ip_of_v4(ip_hdr(skb)->daddr) : tandem_ip_of_v6(&ipv6_hdr(skb)->daddr);
}

/*
 * Where UDP begins, 0 when there is none, or minus the reason why the packet is the kernel's: a
 * fragment that was not reassembled; an IPv4 source route; an IPv6 routing header, or destination
 * options that ask something of the host (hop-by-hop options it has seen to already).
 */
int tandem_parse_options_v4(struct sk_buff *skb);
int tandem_parse_headers_v6(struct sk_buff *skb);

#endif
