// SPDX-License-Identifier: GPL-2.0-only
#include "translate.h"

#include <linux/netfilter.h>
#include <net/inet_ecn.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/route.h>

#include "parse.h"

/* What the packet's addresses and ports count in its UDP checksum. */
static __always_inline u64 tandem_old_ends(const struct tandem_arrival *a, const struct udphdr *udp)
{
	u64 sum = (u64)TANDEM_RAW16(udp->source) + TANDEM_RAW16(udp->dest);

	if (a->v4)
		return sum + TANDEM_RAW32(ip_hdr(a->skb)->saddr) + TANDEM_RAW32(ip_hdr(a->skb)->daddr);
	return sum + tandem_csum_words((const u32 *)&ipv6_hdr(a->skb)->saddr, 8);
}

/* The checksum of a packet that came without one. */
static noinline u16 tandem_full_check(const struct tandem_arrival *a, const struct tandem_route *r, u16 raw_len)
{
	u32 payload_at = a->udp_at + sizeof(struct udphdr);
	__wsum payload = skb_checksum(a->skb, payload_at, a->udp_len - sizeof(struct udphdr), 0);
	u16 sum = tandem_csum_fold((u64)r->out.sum + tandem_csum_pseudo(raw_len) + raw_len + TANDEM_RAW32(payload));

	return sum == 0xffff ? 0xffff : (u16)~sum;
}

/*
 * The new UDP checksum. One that is still to be completed, by the device or on the way to it, stays
 * so with its new pseudo-header; its place in the buffer does not move.
 */
static __always_inline u16 tandem_new_check(const struct tandem_arrival *a, const struct tandem_route *r,
					    const struct udphdr *udp)
{
	u16 raw_len = TANDEM_RAW16(udp->len);

	if (a->skb->ip_summed == CHECKSUM_PARTIAL)
		return tandem_csum_fold(r->ends + tandem_csum_pseudo(raw_len));
	if (unlikely(!udp->check))
		return tandem_full_check(a, r, raw_len);
	return tandem_csum_update(TANDEM_RAW16(udp->check), tandem_old_ends(a, udp), r->out.sum);
}

/* Whether a checksum that is to be completed is this UDP header's. */
static bool tandem_partial_is_ours(const struct tandem_arrival *a)
{
	return skb_checksum_start_offset(a->skb) == a->udp_at && a->skb->csum_offset == offsetof(struct udphdr, check);
}

/* The second word of an IPv4 header: identification and flags. */
static __always_inline u32 tandem_ident(const struct tandem_arrival *a, const struct tandem_route *r,
					const struct tandem_packet *pkt)
{
	u16 id;

	if (a->v4)
		id = ntohs(ip_hdr(a->skb)->id);
	else
		id = pkt->seq ^ (u16)pkt->ssrc; /* never the same for 65,536 packets of a stream: RFC 6864 4.3 */
	return (u32)id << 16 | (tandem_is_whole(a, r) ? IP_DF : 0);
}

static __always_inline void tandem_write_v4(struct sk_buff *skb, const struct tandem_out *out, u32 len, u32 ident,
					    u8 tos, u8 ttl)
{
	struct iphdr *ip = ip_hdr(skb);
	u32 *w = (u32 *)ip;
	u32 first = TANDEM_RAW32(htonl(0x45u << 24 | (u32)tos << 16 | len));
	u32 second = TANDEM_RAW32(htonl(ident));
	u32 third = TANDEM_RAW32(htonl((u32)ttl << 24 | IPPROTO_UDP << 16));

	w[0] = first;
	w[1] = second;
	w[2] = third;
	w[3] = out->src.w[3];
	w[4] = out->dst.w[3];
	ip->check = (__force __sum16)~tandem_csum_fold((u64)first + second + third + out->src.w[3] + out->dst.w[3]);
}

static __always_inline void tandem_write_v6(struct sk_buff *skb, const struct tandem_out *out, u32 udp_len, u8 tos,
					    u8 hop_limit)
{
	struct ipv6hdr *ip = ipv6_hdr(skb);
	__be32 *w = (__be32 *)ip;

	w[0] = htonl(6u << 28 | (u32)tos << 20);
	w[1] = htonl(udp_len << 16 | IPPROTO_UDP << 8 | hop_limit);
	memcpy(&ip->saddr, &out->src, sizeof(ip->saddr));
	memcpy(&ip->daddr, &out->dst, sizeof(ip->daddr));
}

/* What the buffer knew as a received one is forgotten, as where any packet is forwarded. */
static __always_inline void tandem_forget(struct sk_buff *skb, u8 tos)
{
	memset(skb->cb, 0, max(sizeof(struct inet_skb_parm), sizeof(struct inet6_skb_parm)));
	skb_orphan(skb);
	skb_clear_tstamp(skb);
	nf_reset_ct(skb);
	skb_forward_csum(skb);
	skb->priority = rt_tos2priority(tos);
}

int tandem_translate(const struct tandem_arrival *a, const struct tandem_route *r, const struct tandem_packet *pkt)
{
	struct sk_buff *skb = a->skb;
	const bool v4 = r->out.family == 4;
	const int shift = (int)a->udp_at - (int)tandem_header_len(v4);
	const u8 tos = r->out.tos | (a->tos & INET_ECN_MASK);
	struct udphdr *udp;
	u32 ident;

	if (unlikely(skb_cow_head(skb, shift < 0 ? -shift : 0)))
		return -ENOMEM;
	if (unlikely(skb->ip_summed == CHECKSUM_PARTIAL && !tandem_partial_is_ours(a) && skb_checksum_help(skb)))
		return -ENOMEM;
	udp = (struct udphdr *)(skb->data + a->udp_at);
	udp->check = (__force __sum16)tandem_new_check(a, r, udp);
	udp->source = (__force __be16)r->out.src_port;
	udp->dest = (__force __be16)r->out.dst_port;
	ident = v4 ? tandem_ident(a, r, pkt) : 0;

	if (shift < 0)
		__skb_push(skb, -shift);
	else
		__skb_pull(skb, shift);
	skb_reset_network_header(skb);
	skb_set_transport_header(skb, tandem_header_len(v4));
	if (v4) {
		skb->protocol = htons(ETH_P_IP);
		tandem_write_v4(skb, &r->out, tandem_out_len(a, r), ident, tos, a->hop_limit - 1);
	} else {
		skb->protocol = htons(ETH_P_IPV6);
		tandem_write_v6(skb, &r->out, a->udp_len, tos, a->hop_limit - 1);
	}
	tandem_forget(skb, tos);
	skb->ignore_df = !tandem_is_whole(a, r);
	return 0;
}

int tandem_output(const struct tandem_arrival *a, const struct tandem_route *r)
{
	struct sk_buff *skb = a->skb;
	int err;

	skb_dst_drop(skb);
	skb_dst_set_noref(skb, r->dst);
	err = dst_output(a->table->net, NULL, skb);
	return net_xmit_eval(err);
}
