// SPDX-License-Identifier: GPL-2.0-only
/* The packet relay in XDP: RTP that its slot accepts leaves at once for the other side; what the daemon must see (RTCP, STUN, anything the
 * program cannot finish) goes up the stack to the daemon's sockets; what the slot refuses is dropped and counted. */
#include "maps.h"
#include "parse.h"
#include "rewrite.h"
#include "tandem/classify.h"
#include "tandem/stats.h"

static __always_inline int pass(enum tandem_reason why)
{
	count(why);
	return XDP_PASS;
}

static __always_inline int drop(struct tandem_slot *s, enum tandem_reason why)
{
	count(why);
	__sync_fetch_and_add(&s->policy.refused, 1);
	return XDP_DROP;
}

/* Changes the slot, and the peer's, as the judge decided; 0 when they are being written by somebody else. */
static __always_inline int commit(struct tandem_slot *s, __u32 slot, __u32 seq, const struct tandem_packet *pkt, __u32 update)
{
	__u32 peer_key = s->in.peer;
	struct tandem_slot *peer = bpf_map_lookup_elem(&slots, &peer_key);
	if (!tandem_commit(s, peer, seq, pkt, update))
		return 0;
	if (update & (TANDEM_UP_SOURCE | TANDEM_UP_SSRC)) {
		struct tandem_event ev = {slot, tandem_event_of(update)};
		bpf_ringbuf_output(&events, &ev, sizeof ev, 0);
	}
	return 1;
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

/* Sends accepted RTP on, or says why that is left to the daemon. Counted in the slot only by who finishes it. */
static __always_inline int forward(struct xdp_md *ctx, const struct parsed *p, struct tandem_slot *s, const struct tandem_packet *pkt,
				   __u64 now, int restart, enum tandem_engine engine)
{
	struct tandem_out out;
	struct tandem_hop hop;
	if (!read_out(s, &out))
		return pass(TANDEM_BUSY);
	int nowhere = !out.family || !out.dst_port;
	if (!nowhere && p->hop_limit > 1) {
		if (!read_hop(out.hop, &hop))
			return pass(TANDEM_BUSY);
		if (hop.state < TANDEM_HOP_EGRESS)
			return pass(TANDEM_UNRESOLVED);
		if (hop.state < (engine == TANDEM_BY_XDP_NATIVE ? TANDEM_HOP_NATIVE : TANDEM_HOP_GENERIC))
			return pass(TANDEM_EGRESS);
		__u32 udp_len = bpf_ntohs(p->udp_len);
		if (udp_len + (out.family == 4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr)) > hop.mtu || udp_len > MAX_PAYLOAD)
			return pass(TANDEM_TOO_BIG);
	}
	tandem_stats_rtp(&s->stats, pkt, s->in.clock, now, engine, restart);
	if (nowhere)
		return drop(s, TANDEM_NO_PEER);
	if (p->hop_limit <= 1)
		return drop(s, TANDEM_HOP_LIMIT);
	if (!rewrite(ctx, p, &out, &hop, engine == TANDEM_BY_XDP_GENERIC))
		return drop(s, TANDEM_SEND_FAILED);
	count(TANDEM_FORWARDED);
	return (int)bpf_redirect_map(&devices, hop.device, 0);
}

static __always_inline int on_rtp(struct xdp_md *ctx, const struct parsed *p, __u32 slot, struct tandem_slot *s,
				  struct tandem_packet *pkt, enum tandem_engine engine)
{
	__u64 now = bpf_ktime_get_ns();
	__u32 update = 0, seq = tandem_seq_read(&s->in.seq);
	enum tandem_reason why = TANDEM_DIRECTION;
	if (s->in.flags & TANDEM_RECEIVE)
		why = tandem_judge(&s->in, &s->policy, s->stats.ext_max, pkt, now, &update);
	if (!tandem_seq_good(&s->in.seq, seq))
		return pass(TANDEM_BUSY);
	if (why != TANDEM_FORWARDED)
		return drop(s, why);
	int restart = update & TANDEM_UP_SSRC;
	if (update && !commit(s, slot, seq, pkt, update))
		return pass(TANDEM_BUSY);
	return forward(ctx, p, s, pkt, now, restart, engine);
}

static __always_inline int relay(struct xdp_md *ctx, enum tandem_engine engine)
{
	struct cursor c = {(void *)(long)ctx->data, (void *)(long)ctx->data_end};
	struct parsed p;
	if (!parse(&c, &p))
		return XDP_PASS;
	const struct tandem_local *local = bpf_map_lookup_elem(&locals, &p.dst);
	if (!local)
		return XDP_PASS;
	if (p.why)
		return pass(p.why);
	__u32 port = bpf_ntohs(p.dport);
	if (!local_has(local, port))
		return XDP_PASS;
	__u32 slot = local->base + port - local->port_min;
	struct tandem_slot *s = bpf_map_lookup_elem(&slots, &slot);
	const struct tandem_rtp *rtp = take(&c, sizeof *rtp);
	if (!s || !rtp || (!p.v4 && !p.check))
		return XDP_PASS; /* too short for RTP: the daemon counts it */
	if (!(s->in.flags & TANDEM_OPEN)) {
		count(TANDEM_NO_STREAM);
		return XDP_DROP;
	}
	struct tandem_packet pkt = {.src = p.src, .src_port = p.sport, .len = bpf_ntohs(p.udp_len) - sizeof(struct udphdr)};
	switch (tandem_classify(rtp->vpxcc, rtp->mpt, pkt.len)) {
	case TANDEM_KIND_RTP:
		break;
	case TANDEM_KIND_OTHER:
		return drop(s, TANDEM_JUNK);
	default:
		return XDP_PASS; /* the daemon handles and counts it */
	}
	if (s->in.flags & TANDEM_IS_RTCP)
		return drop(s, TANDEM_RTP_ON_RTCP);
	tandem_rtp_load(&pkt, rtp);
	return on_rtp(ctx, &p, slot, s, &pkt, engine);
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
