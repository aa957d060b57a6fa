// SPDX-License-Identifier: GPL-2.0-only
#include "parse.h"

#include <net/ipv6.h>

#define TANDEM_MAX_HEADERS 4 /* IPv6 extension headers */

int tandem_parse_options_v4(struct sk_buff *skb)
{
	u32 len = ip_hdr(skb)->ihl * 4, at = sizeof(struct iphdr);
	const u8 *p;

	if (!pskb_may_pull(skb, len))
		return -TANDEM_BAD_HEADER;
	p = (const u8 *)ip_hdr(skb);
	while (at < len && p[at] != IPOPT_END) {
		if (p[at] == IPOPT_NOOP) {
			at++;
			continue;
		}
		if (p[at] == IPOPT_LSRR || p[at] == IPOPT_SSRR)
			return -TANDEM_IP_OPTIONS;
		if (at + 1 >= len || p[at + 1] < 2)
			return -TANDEM_BAD_HEADER;
		at += p[at + 1];
	}
	return len;
}

/*
 * Whether a destination options header of `len` bytes asks nothing of us: padding, and options that
 * who does not know them is to skip (RFC 8200 4.2).
 */
static bool tandem_options_idle(const u8 *p, u32 len)
{
	u32 at = 2;

	while (at < len) {
		if (p[at] == IPV6_TLV_PAD1) {
			at++;
			continue;
		}
		if (p[at] & 0xc0 || at + 1 >= len)
			return false;
		at += 2 + p[at + 1];
	}
	return at == len;
}

/* The length of an extension header that can be passed over, or minus the reason why it cannot. */
static int tandem_header_v6(struct sk_buff *skb, u8 type, u32 at)
{
	u32 len = sizeof(struct frag_hdr);

	if (type != IPPROTO_HOPOPTS && type != IPPROTO_FRAGMENT && type != IPPROTO_DSTOPTS)
		return -TANDEM_IP_OPTIONS;
	if (!pskb_may_pull(skb, at + len))
		return -TANDEM_BAD_HEADER;
	if (type == IPPROTO_FRAGMENT)
		return ((const struct frag_hdr *)(skb->data + at))->frag_off & htons(~7) ? -TANDEM_FRAGMENT : len;
	len = (skb->data[at + 1] + 1) * 8;
	if (!pskb_may_pull(skb, at + len))
		return -TANDEM_BAD_HEADER;
	if (type == IPPROTO_DSTOPTS && !tandem_options_idle(skb->data + at, len))
		return -TANDEM_IP_OPTIONS;
	return len;
}

static bool tandem_is_extension(u8 type)
{
	return type == IPPROTO_HOPOPTS || type == IPPROTO_FRAGMENT || type == IPPROTO_DSTOPTS || type == IPPROTO_ROUTING;
}

int tandem_parse_headers_v6(struct sk_buff *skb)
{
	u32 at = sizeof(struct ipv6hdr);
	u8 next = ipv6_hdr(skb)->nexthdr;
	int i, len;

	for (i = 0; i < TANDEM_MAX_HEADERS && tandem_is_extension(next); i++) {
		len = tandem_header_v6(skb, next, at);
		if (len < 0)
			return len;
		next = skb->data[at];
		at += len;
	}
	if (tandem_is_extension(next))
		return -TANDEM_IP_OPTIONS;
	return next == IPPROTO_UDP ? at : 0;
}
