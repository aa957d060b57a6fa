// SPDX-License-Identifier: GPL-2.0-only
/* The packet relay in XDP: RTP that its slot accepts leaves at once for the other side; what the daemon must see (RTCP, STUN, anything the
 * program cannot finish) goes up the stack to the daemon's sockets; what the slot refuses is dropped and counted. */
#include "maps.h"
#include "parse.h"
#include "rewrite.h"
#include "tandem/classify.h"
#include "tandem/dtmf.h"
#include "tandem/stats.h"

/* What is not dropped but goes up the stack: to the daemon's sockets, or to be dropped there as any host would. */
#define BIT(why) (1u << TANDEM_##why)
#define GOES_UP  (BIT(FRAGMENT) | BIT(IP_OPTIONS) | BIT(BAD_HEADER) | BIT(TOO_BIG) | BIT(UNRESOLVED) | BIT(EGRESS) | BIT(BUSY) | BIT(KEPT))

static __always_inline int goes_up(enum tandem_reason why)
{
	return GOES_UP >> why & 1;
}

static __noinline int pass(enum tandem_reason why)
{
	count(why);
	return XDP_PASS;
}

/* Ends a packet that is not forwarded. */
static __noinline int refuse(struct tandem_slot *s, enum tandem_reason why)
{
	if (goes_up(why))
		return pass(why);
	count(why);
	__sync_fetch_and_add(&s->policy.refused, 1);
	return XDP_DROP;
}

/* A packet that is not the usual case. */
struct arrival {
	struct tandem_packet pkt;
	struct covered covered;
	__u32 slot;
};

/* Whether it may speak, and what this changes in the slot and the peer's: enum tandem_update, or a reason not to as a negative number.
 * A packet whose checksum is wrong changes nothing. */
static __noinline int decide(struct xdp_md *ctx, struct tandem_slot *s, const struct arrival *a)
{
	__u32 update = 0, seq = tandem_seq_read(&s->in.seq);
	enum tandem_reason why = s->in.flags & TANDEM_NO_XDP ? TANDEM_KEPT : TANDEM_DIRECTION;
	if ((s->in.flags & (TANDEM_RECEIVE | TANDEM_NO_XDP)) == TANDEM_RECEIVE)
		why = tandem_judge(&s->in, &s->policy, s->stats.ext_max, &a->pkt, &update);
	if (!tandem_seq_good(&s->in.seq, seq))
		return -TANDEM_BUSY;
	if (why != TANDEM_FORWARDED || !update)
		return -(int)why;
	if (!believable(ctx, &a->covered))
		return -TANDEM_BAD_HEADER;
	__u32 peer_key = s->in.peer;
	struct tandem_slot *peer = bpf_map_lookup_elem(&slots, &peer_key);
	if (!tandem_commit(s, peer, seq, &a->pkt, update))
		return -TANDEM_BUSY;
	if (update & (TANDEM_UP_SOURCE | TANDEM_UP_SSRC)) {
		struct tandem_event ev = {a->slot, tandem_event_of(update), 0};
		bpf_ringbuf_output(&events, &ev, sizeof ev, 0);
	}
	return (int)update;
}

/* An accepted telephone-event. */
struct spoken {
	struct tandem_packet pkt;
	__u32 slot, at; /* at: offset of the RTP header in the frame */
	__u8 vpxcc;
};

/* Four bytes behind the RTP header `off` bytes on, as a number; 0 when there are none. */
static __always_inline int word_at(struct xdp_md *ctx, const struct spoken *h, __u32 off, __u32 *ret)
{
	__be32 word;
	if (off + sizeof word > h->pkt.len || bpf_xdp_load_bytes(ctx, h->at + off, &word, sizeof word))
		return 0;
	*ret = bpf_ntohl(word);
	return 1;
}

static __noinline int telephone_event(struct xdp_md *ctx, struct tandem_slot *s, const struct spoken *h)
{
	struct tandem_dtmf_news news;
	__u32 off = tandem_rtp_behind_sources(h->vpxcc), word;
	if (!word_at(ctx, h, off, &word))
		return 0;
	if (h->vpxcc & TANDEM_RTP_EXTENDED && !word_at(ctx, h, off + tandem_rtp_extension(word), &word))
		return 0;
	tandem_dtmf_hear(&s->policy, &h->pkt, word, &news);
	for (__u32 i = 0; i < 3 && i < news.n; i++) {
		struct tandem_event ev = {h->slot, news.event[i].kind, news.event[i].value};
		bpf_ringbuf_output(&events, &ev, sizeof ev, 0);
	}
	return 0;
}

/* A consistent copy of where it goes. */
static __always_inline int read_out(const struct tandem_slot *s, struct tandem_out *out)
{
	__u32 seq = tandem_seq_read(&s->out.seq);
	__builtin_memcpy(out, &s->out, __builtin_offsetof(struct tandem_out, reserved));
	return tandem_seq_good(&s->out.seq, seq);
}

static __always_inline int read_hop(__u32 key, struct tandem_hop *hop)
{
	const struct tandem_hop *h = bpf_map_lookup_elem(&hops, &key);
	hop->state = TANDEM_HOP_UNRESOLVED;
	if (!h)
		return 1;
	__u32 seq = tandem_seq_read(&h->seq);
	__builtin_memcpy(hop, h, __builtin_offsetof(struct tandem_hop, reserved));
	return tandem_seq_good(&h->seq, seq);
}

/* Where accepted RTP goes, or why it is not for this program to send. */
static __always_inline enum tandem_reason route(const struct parsed *p, const struct tandem_slot *s, struct tandem_out *out,
						struct tandem_hop *hop, enum tandem_engine engine)
{
	if (!read_out(s, out))
		return TANDEM_BUSY;
	if (!out->family || !out->dst_port)
		return TANDEM_NO_PEER;
	if (hop_limit_of(p) <= 1)
		return TANDEM_HOP_LIMIT;
	if (!read_hop(out->hop, hop))
		return TANDEM_BUSY;
	if (hop->state < TANDEM_HOP_EGRESS)
		return TANDEM_UNRESOLVED;
	if (hop->state < (engine == TANDEM_BY_XDP_NATIVE ? TANDEM_HOP_NATIVE : TANDEM_HOP_GENERIC))
		return TANDEM_EGRESS;
	__u32 udp_len = udp_len_of(p);
	if (udp_len + (out->family == 4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr)) > hop->mtu || udp_len > MAX_PAYLOAD)
		return TANDEM_TOO_BIG;
	return TANDEM_FORWARDED;
}

/* Sends accepted RTP on. It is counted in the slot only by who finishes it. */
static __always_inline int forward(struct xdp_md *ctx, const struct parsed *p, __u32 slot, struct tandem_slot *s, int restart,
				   enum tandem_engine engine)
{
	struct tandem_out out;
	struct tandem_hop hop;
	enum tandem_reason why = route(p, s, &out, &hop, engine);
	if (!goes_up(why)) {
		/* Reading the clock stops the processor until all loads before it are done: so it comes after all of them. */
		struct tandem_packet pkt = packet_of(p);
		tandem_stats_rtp(&s->stats, &pkt, s->in.clock, bpf_ktime_get_ns(), engine, restart);
		if (!likely(!tandem_dtmf_is(&s->in, p->rtp->mpt))) {
			struct spoken h = {.pkt = packet_of(p), .slot = slot, .at = (__u32)((void *)p->rtp - (void *)(long)ctx->data),
					   .vpxcc = p->rtp->vpxcc};
			telephone_event(ctx, s, &h);
		}
	}
	if (why != TANDEM_FORWARDED)
		return refuse(s, why);
	if (!rewrite(ctx, p, &out, &hop, engine == TANDEM_BY_XDP_GENERIC))
		return refuse(s, TANDEM_SEND_FAILED);
	count(TANDEM_FORWARDED);
	return (int)bpf_redirect_map(&devices, hop.device, 0);
}

/* A packet that changes a stream has to be whole (decide); a wrong one of a stream that goes on as before is forwarded, as wrong as it
 * came, and counted: to find it out would mean to sum up every payload, which costs half as much again as the whole program. */
static __always_inline int on_rtp(struct xdp_md *ctx, const struct parsed *p, __u32 slot, struct tandem_slot *s, enum tandem_engine engine)
{
	__u32 seq = tandem_seq_read(&s->in.seq);
	struct tandem_packet pkt = packet_of(p);
	int usual = tandem_judge_usual(&s->in, &pkt, TANDEM_NO_XDP), update = 0;
	if (!likely(usual && tandem_seq_good(&s->in.seq, seq))) {
		struct arrival a = {.pkt = packet_of(p), .covered = covered(ctx, p), .slot = slot};
		update = decide(ctx, s, &a);
		if (update < 0)
			return refuse(s, (enum tandem_reason)-update);
	}
	return forward(ctx, p, slot, s, update & TANDEM_UP_SSRC, engine);
}

/* UDP for a media port. */
static __always_inline int on_udp(struct xdp_md *ctx, struct cursor *c, struct parsed *p, __u32 slot, enum tandem_engine engine)
{
	struct tandem_slot *s = bpf_map_lookup_elem(&slots, &slot);
	p->rtp = take(c, sizeof *p->rtp);
	if (!s || !p->rtp || (!p->v4 && !p->udp->check))
		return XDP_PASS; /* too short for RTP: the daemon counts it */
	if (!(s->in.flags & TANDEM_OPEN)) {
		count(TANDEM_NO_STREAM);
		return XDP_DROP;
	}
	switch (tandem_classify(p->rtp->vpxcc, p->rtp->mpt, udp_len_of(p) - sizeof(struct udphdr))) {
	case TANDEM_KIND_RTP:
		break;
	case TANDEM_KIND_OTHER:
		return refuse(s, TANDEM_JUNK);
	default:
		return XDP_PASS; /* the daemon handles and counts it */
	}
	if (s->in.flags & TANDEM_IS_RTCP)
		return refuse(s, TANDEM_RTP_ON_RTCP);
	return on_rtp(ctx, p, slot, s, engine);
}

static __always_inline int on_ip(struct xdp_md *ctx, struct cursor *c, int v4, enum tandem_engine engine)
{
	struct parsed p = {.v4 = v4};
	if (!parse_ip(c, &p))
		return XDP_PASS;
	struct tandem_ip dst = dst_of(&p);
	const struct tandem_local *local = find_local(&dst);
	if (!local)
		return XDP_PASS;
	enum tandem_reason odd = odd_ip(&p);
	if (!odd)
		odd = parse_udp(c, &p);
	if (odd)
		return pass(odd);
	__u32 port = bpf_ntohs(p.udp->dest);
	if (!local_has(local, port))
		return XDP_PASS;
	return on_udp(ctx, c, &p, local->base + port - local->port_min, engine);
}

/* The two families are two copies of one program: what is constant in each costs nothing. */
static __always_inline int relay(struct xdp_md *ctx, enum tandem_engine engine)
{
	struct cursor c = {(void *)(long)ctx->data, (void *)(long)ctx->data_end};
	__be16 proto = parse_ethernet(&c);
	if (proto == bpf_htons(ETH_P_IP))
		return on_ip(ctx, &c, 1, engine);
	if (proto == bpf_htons(ETH_P_IPV6))
		return on_ip(ctx, &c, 0, engine);
	return XDP_PASS;
}

SEC("xdp")
int relay_native(struct xdp_md *ctx)
{
	return relay(ctx, TANDEM_BY_XDP_NATIVE);
}

SEC("xdp")
int relay_generic(struct xdp_md *ctx)
{
	return relay(ctx, TANDEM_BY_XDP_GENERIC);
}

char _license[] SEC("license") = "GPL";
