// SPDX-License-Identifier: GPL-2.0-only
#include "relay.h"

#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <linux/timekeeping.h>
#include <net/dsfield.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "dtmf.h"
#include "event.h"
#include "icmp.h"
#include "parse.h"
#include "route.h"
#include "segment.h"
#include "translate.h"
#include "tandem/classify.h"
#include "tandem/dtmf.h"
#include "tandem/stats.h"

/*
 * What is not dropped but goes up the stack: to the daemon's sockets, or to be dropped there as any
 * host would.
 */
#define BIT_OF(why) (1u << TANDEM_##why)
#define GOES_UP                                                                                                  \
	(BIT_OF(FRAGMENT) | BIT_OF(IP_OPTIONS) | BIT_OF(BAD_HEADER) | BIT_OF(UNRESOLVED) | BIT_OF(BUSY) | BIT_OF(KEPT))

static __always_inline bool tandem_goes_up(enum tandem_reason why)
{
	return GOES_UP >> why & 1;
}

static noinline unsigned int tandem_pass(const struct tandem_table *t, enum tandem_reason why)
{
	tandem_table_count(t, why);
	return NF_ACCEPT;
}

/* Ends a packet that is not forwarded. */
static noinline unsigned int tandem_refuse(const struct tandem_arrival *a, enum tandem_reason why)
{
	if (tandem_goes_up(why))
		return tandem_pass(a->table, why);
	tandem_table_count(a->table, why);
	atomic_inc((atomic_t *)&a->slot->policy.refused);
	return NF_DROP;
}

/* Whether a packet may be believed: its checksum is right, or it has none that could be wrong. */
static bool tandem_believable(const struct tandem_arrival *a)
{
	const struct udphdr *udp = (const struct udphdr *)(a->skb->data + a->udp_at);

	if (!udp->check || a->skb->ip_summed == CHECKSUM_PARTIAL)
		return true;
	return !nf_checksum(a->skb, NF_INET_PRE_ROUTING, a->udp_at, IPPROTO_UDP, a->v4 ? AF_INET : AF_INET6);
}

/*
 * Whether it may speak, and what this changes in the slot and the peer's: enum tandem_update, or a
 * reason not to as a negative number. A packet whose checksum is wrong changes nothing.
 */
static noinline int tandem_decide(const struct tandem_arrival *a, const struct tandem_packet *pkt)
{
	struct tandem_slot *s = a->slot;
	u32 update = 0, seq = tandem_seq_read(&s->in.seq);
	const struct tandem_in in = s->in;
	struct tandem_slot *peer;
	enum tandem_reason why;

	if (!tandem_seq_good(&s->in.seq, seq))
		return -TANDEM_BUSY;
	if (in.flags & TANDEM_NO_KMOD)
		return -TANDEM_KEPT;
	if (!(in.flags & TANDEM_RECEIVE))
		return -TANDEM_DIRECTION;
	why = tandem_judge(&in, &s->policy, s->stats.ext_max, pkt, &update);
	if (!tandem_seq_good(&s->in.seq, seq))
		return -TANDEM_BUSY;
	if (why != TANDEM_FORWARDED || !update)
		return -(int)why;
	if (!tandem_believable(a))
		return -TANDEM_BAD_HEADER;
	peer = tandem_table_slot(a->table, in.peer);
	if (!tandem_commit(s, peer, seq, pkt, update))
		return -TANDEM_BUSY;
	if (update & (TANDEM_UP_SOURCE | TANDEM_UP_SSRC))
		tandem_event_send(a->table->net, a->index, tandem_event_of(update), 0);
	return update;
}

/* Whether a packet can go where it is to go as it is, or in pieces if it may. */
static enum tandem_reason tandem_fits(const struct tandem_arrival *a, const struct tandem_route *r)
{
	if (a->hop_limit <= 1)
		return TANDEM_HOP_LIMIT;
	if (likely(tandem_out_len(a, r) <= r->small))
		return TANDEM_FORWARDED;
	if (r->out.family == 4 && tandem_out_len(a, r) > IP_MAX_MTU) /* IPv6 does not count its header */
		return TANDEM_TOO_BIG;
	return tandem_icmp_too_big(a, r) ? TANDEM_TOO_BIG : TANDEM_FORWARDED;
}

/* Sends accepted RTP on. It is counted in the slot only by who finishes it. */
static __always_inline unsigned int tandem_forward(const struct tandem_arrival *a, const struct tandem_packet *pkt,
						   int restart)
{
	const struct tandem_route *r;
	enum tandem_reason why = tandem_route_get(a->table, a->index, &r);

	if (likely(why == TANDEM_FORWARDED))
		why = tandem_fits(a, r);
	if (likely(!tandem_goes_up(why))) {
		tandem_stats_rtp(&a->slot->stats, pkt, a->slot->in.clock, ktime_get_mono_fast_ns(), TANDEM_BY_KMOD,
				 restart);
		if (unlikely(tandem_dtmf_is(&a->slot->in, pkt->pt)))
			tandem_dtmf_listen(a, pkt);
	}
	if (unlikely(why != TANDEM_FORWARDED))
		return tandem_refuse(a, why);
	if (unlikely(tandem_translate(a, r, pkt)))
		return tandem_refuse(a, TANDEM_SEND_FAILED);
	tandem_table_count(a->table, tandem_output(a, r) ? TANDEM_SEND_FAILED : TANDEM_FORWARDED);
	return NF_STOLEN;
}

/* A wrong packet of a stream that goes on as before is forwarded, as wrong as it came. */
static __always_inline unsigned int tandem_on_rtp(const struct tandem_arrival *a, const struct tandem_rtp *rtp)
{
	struct tandem_slot *s = a->slot;
	const struct udphdr *udp = (const struct udphdr *)(a->skb->data + a->udp_at);
	struct tandem_packet pkt = {
		.src = tandem_src(a->skb, a->v4),
		.src_port = TANDEM_RAW16(udp->source),
		.len = a->udp_len - sizeof(*udp),
	};
	u32 seq = tandem_seq_read(&s->in.seq);
	int update = 0;

	tandem_rtp_load(&pkt, rtp);
	if (unlikely(!tandem_judge_usual(&s->in, &pkt, TANDEM_NO_KMOD) || !tandem_seq_good(&s->in.seq, seq))) {
		update = tandem_decide(a, &pkt);
		if (update < 0)
			return tandem_refuse(a, -update);
	}
	return tandem_forward(a, &pkt, update & TANDEM_UP_SSRC);
}

/* UDP for a media port; the payload's first bytes, as long as an RTP header, can be read. */
static __always_inline unsigned int tandem_on_udp(const struct tandem_arrival *a)
{
	const struct tandem_rtp *rtp =
		(const struct tandem_rtp *)(a->skb->data + a->udp_at + sizeof(struct udphdr));
	u16 flags = READ_ONCE(a->slot->in.flags);

	if (!(flags & TANDEM_OPEN)) {
		tandem_table_count(a->table, TANDEM_NO_STREAM);
		return NF_DROP;
	}
	switch (tandem_classify(rtp->vpxcc, rtp->mpt, a->udp_len - sizeof(struct udphdr))) {
	case TANDEM_KIND_RTP:
		break;
	case TANDEM_KIND_OTHER:
		return tandem_refuse(a, TANDEM_JUNK);
	default:
		return NF_ACCEPT; /* the daemon handles and counts it */
	}
	if (flags & TANDEM_IS_RTCP)
		return tandem_refuse(a, TANDEM_RTP_ON_RTCP);
	return tandem_on_rtp(a, rtp);
}

/* What the new IP header takes over. */
static __always_inline void tandem_load_ip(struct tandem_arrival *a)
{
	const struct sk_buff *skb = a->skb;

	if (a->v4) {
		a->tos = ip_hdr(skb)->tos;
		a->hop_limit = ip_hdr(skb)->ttl;
		a->whole = ip_hdr(skb)->frag_off & htons(IP_DF) && !IPCB(skb)->frag_max_size;
	} else {
		a->tos = ipv6_get_dsfield(ipv6_hdr(skb));
		a->hop_limit = ipv6_hdr(skb)->hop_limit;
		a->whole = !IP6CB(skb)->frag_max_size;
	}
}

/* UDP `at` bytes into a packet for the address of `local`. */
static __always_inline unsigned int tandem_on_ip(const struct tandem_table *t, const struct tandem_local *local,
						 struct sk_buff *skb, const struct nf_hook_state *state, u32 at, bool v4)
{
	struct tandem_arrival a = { .table = t, .skb = skb, .udp_at = at, .v4 = v4 };
	const u32 want = at + sizeof(struct udphdr) + TANDEM_RTP_HEADER;
	const struct udphdr *udp;
	u32 port;

	if (unlikely(skb->len < at + sizeof(*udp) || !pskb_may_pull(skb, min(want, skb->len))))
		return tandem_pass(t, TANDEM_BAD_HEADER);
	udp = (const struct udphdr *)(skb->data + at);
	port = ntohs(udp->dest);
	if (port < local->port_min || port > local->port_max)
		return NF_ACCEPT;
	if (unlikely(skb_is_gso(skb)))
		return tandem_segments(t, skb, state);
	a.udp_len = ntohs(udp->len);
	if (unlikely(a.udp_len != skb->len - at))
		return tandem_pass(t, TANDEM_BAD_HEADER);
	if (unlikely(skb->len < want || (!v4 && !udp->check)))
		return NF_ACCEPT; /* too short for RTP: the daemon counts it; without a checksum: RFC 8200 8.1 */
	tandem_load_ip(&a);
	a.index = local->base + port - local->port_min;
	a.slot = &t->slots[a.index];
	return tandem_on_udp(&a);
}

/* A frame that its link layer did not send to us alone is not for a media port. */
unsigned int tandem_relay_v4(const struct tandem_table *t, struct sk_buff *skb, const struct nf_hook_state *state)
{
	const struct iphdr *ip = ip_hdr(skb);
	const struct tandem_local *local;
	struct tandem_ip dst;
	int at = sizeof(*ip);

	if (ip->protocol != IPPROTO_UDP || skb->pkt_type != PACKET_HOST)
		return NF_ACCEPT;
	dst = tandem_dst(skb, true);
	local = tandem_table_local(t, &dst);
	if (!local)
		return NF_ACCEPT;
	if (unlikely(ip_is_fragment(ip)))
		return tandem_pass(t, TANDEM_FRAGMENT);
	if (unlikely(ip->ihl != 5)) {
		at = tandem_parse_options_v4(skb);
		if (at < 0)
			return tandem_pass(t, -at);
	}
	return tandem_on_ip(t, local, skb, state, at, true);
}

unsigned int tandem_relay_v6(const struct tandem_table *t, struct sk_buff *skb, const struct nf_hook_state *state)
{
	const struct tandem_local *local;
	struct tandem_ip dst;
	int at = sizeof(struct ipv6hdr);

	if (skb->pkt_type != PACKET_HOST)
		return NF_ACCEPT;
	dst = tandem_dst(skb, false);
	local = tandem_table_local(t, &dst);
	if (!local)
		return NF_ACCEPT;
	if (unlikely(ipv6_hdr(skb)->nexthdr != IPPROTO_UDP)) {
		at = tandem_parse_headers_v6(skb);
		if (at <= 0)
			return at ? tandem_pass(t, -at) : NF_ACCEPT;
	}
	return tandem_on_ip(t, local, skb, state, at, false);
}
