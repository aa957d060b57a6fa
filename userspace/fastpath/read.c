// SPDX-License-Identifier: GPL-3.0-or-later
/* What a stream did and who relays it, read from the table: no syscalls. */
#include "fastpath/private.h"
#include <errno.h>

#define STATS_TRIES 8
#define RECENT_NS   2000000000u /* a packet that says who relays the stream now */

/* Who would have the next packet. */
struct forecast {
	enum fp_engine engine;
	enum fp_why no_xdp, no_module; /* why not native XDP, why not the module */
};

/* The state of the next hop back to where packets come from: they arrive by the same interface, unless routes are asymmetric. */
static enum tandem_hop_state arrives_by(const struct fastpath *fp, const struct tandem_slot *s, const struct tandem_in *in)
{
	const struct tandem_ip *from = tandem_remote_is_latched(in) ? &in->src : &in->media;
	uint32_t hop = tandem_known_hop(s, from);
	if (hop == TANDEM_NONE && in->peer < fp->n_slots)
		hop = TANDEM_GET(fp->slots[in->peer].out.hop);
	return fp_hop_state(fp->hops, hop);
}

/* By the state of the next hop that a stream leaves by. */
static const enum fp_why leaves[] = {
	[TANDEM_HOP_FREE] = FP_WHY_NO_HOP,
	[TANDEM_HOP_UNRESOLVED] = FP_WHY_UNRESOLVED,
	[TANDEM_HOP_EGRESS] = FP_WHY_LEAVES,
	[TANDEM_HOP_GENERIC] = FP_WHY_LEAVES_GENERIC,
	[TANDEM_HOP_NATIVE] = FP_WHY_FASTEST,
};

/* What is not known of where packets arrive is left out of account. */
static void forecast_xdp(const struct fastpath *fp, const struct tandem_slot *s, const struct tandem_in *in, uint32_t hop,
			 struct forecast *ret)
{
	enum tandem_hop_state to = fp_hop_state(fp->hops, hop), from = arrives_by(fp, s, in);
	ret->no_xdp = leaves[to];
	if (to >= TANDEM_HOP_GENERIC && from == TANDEM_HOP_EGRESS) {
		ret->no_xdp = FP_WHY_ARRIVES;
	} else if (to >= TANDEM_HOP_GENERIC && from == TANDEM_HOP_GENERIC) {
		ret->no_xdp = FP_WHY_ARRIVES_GENERIC;
		ret->engine = FP_XDP_GENERIC;
	} else if (to == TANDEM_HOP_NATIVE) {
		ret->engine = FP_XDP_NATIVE;
	}
}

static enum fp_why why_no_module(const struct fastpath *fp, const struct tandem_in *in)
{
	static const enum fp_why by_state[] = {
		[FP_KMOD_OFF] = FP_WHY_CONFIGURED,
		[FP_KMOD_ABSENT] = FP_WHY_NO_MODULE,
		[FP_KMOD_REFUSED] = FP_WHY_MODULE,
		[FP_KMOD_ATTACHED] = FP_WHY_FASTEST,
	};
	if (in->flags & TANDEM_NO_KMOD)
		return FP_WHY_KEPT;
	if (!fp->kmod)
		return fp->want == FP_WANT_NULL ? FP_WHY_CONFIGURED : FP_WHY_NO_KERNEL;
	return by_state[fp_kmod_state(fp->kmod)];
}

/* XDP cannot tell VRFs apart, and serves one. */
static bool is_elsewhere(const struct fastpath *fp, uint32_t slot)
{
	return fp->n_ranges > 1 && slot < fp->n_slots && fp_range_of(fp, slot)->vrf != fp->ranges[0].vrf;
}

static struct forecast forecast(const struct fastpath *fp, const struct tandem_slot *s, const struct tandem_in *in,
				const struct tandem_out *out)
{
	struct forecast f = {.no_module = why_no_module(fp, in)};
	f.engine = f.no_module == FP_WHY_FASTEST ? FP_KMOD : FP_NULL;
	if (in->flags & TANDEM_IS_RTCP)
		return (struct forecast){FP_NULL, FP_WHY_RTCP, FP_WHY_RTCP};
	if (in->deliver)
		return (struct forecast){FP_NULL, FP_WHY_DELIVERED, FP_WHY_DELIVERED};
	if (!out->family || !out->dst_port)
		return (struct forecast){FP_NULL, FP_WHY_NO_SIDE, FP_WHY_NO_SIDE};
	if (fp->want == FP_WANT_NULL || fp->want == FP_WANT_MODULE)
		f.no_xdp = FP_WHY_CONFIGURED;
	else if (fp->no_kernel)
		f.no_xdp = FP_WHY_NO_KERNEL;
	else if (in->flags & TANDEM_NO_XDP)
		f.no_xdp = FP_WHY_KEPT;
	else if (!fp->hops || !fp->n_xdp)
		f.no_xdp = FP_WHY_NO_XDP;
	else if (is_elsewhere(fp, (uint32_t)(s - fp->slots)) || is_elsewhere(fp, in->peer))
		f.no_xdp = FP_WHY_VRF;
	else
		forecast_xdp(fp, s, in, out->hop, &f);
	return f;
}

static bool is_kept_from(const struct tandem_in *in, enum fp_engine engine)
{
	return (engine >= FP_XDP_GENERIC && in->flags & TANDEM_NO_XDP) || (engine == FP_KMOD && in->flags & TANDEM_NO_KMOD);
}

/* What really happens counts more than what is expected: the last packet says who relays a stream that flows. */
static void say_engine(struct fp_stats *r, const struct forecast *f, const struct tandem_in *in, const struct tandem_stats *stats)
{
	bool relayed = f->no_xdp != FP_WHY_NO_SIDE && f->no_xdp != FP_WHY_RTCP;
	bool flows = relayed && stats->last_ns && fp_now_ns() - stats->last_ns < RECENT_NS;
	r->engine = f->engine;
	if (flows && stats->last_by < FP_ENGINES && !is_kept_from(in, stats->last_by))
		r->engine = stats->last_by;
	bool slower = r->engine < f->engine;
	if (r->engine < FP_XDP_NATIVE)
		r->why = slower && f->engine >= FP_XDP_GENERIC ? FP_WHY_EXCEPTION : f->no_xdp;
	if (r->engine == FP_NULL)
		r->why_no_module = slower && f->no_module == FP_WHY_FASTEST ? FP_WHY_EXCEPTION : f->no_module;
	if (r->engine == FP_XDP_GENERIC && r->why == FP_WHY_FASTEST)
		r->why = FP_WHY_ARRIVES_GENERIC;
}

/* A packet is counted field by field, without a lock: what is the same twice was not read in the middle of that. */
static void read_stats(const struct tandem_slot *s, struct tandem_stats *ret)
{
	struct tandem_stats again;
	fp_line_get(ret, &s->stats);
	for (int tries = 0; tries < STATS_TRIES; tries++) {
		fp_line_get(&again, &s->stats);
		if (!memcmp(ret, &again, sizeof again))
			return;
		*ret = again;
	}
}

int fastpath_read(const struct fastpath *fp, uint32_t slot, struct fp_stats *ret)
{
	if (slot >= fp->n_slots || !fp_is_open(&fp->slots[slot]))
		return -ENOENT;
	const struct tandem_slot *s = &fp->slots[slot];
	struct tandem_stats stats;
	struct tandem_in in;
	struct tandem_out out;
	uint32_t seq;
	fp_in_read(s, &in, &seq);
	fp_out_read(s, &out);
	read_stats(s, &stats);
	struct fp_stats r = {
		.rx_packets = tandem_stats_packets(&stats),
		.rx_bytes = stats.bytes,
		.refused = TANDEM_GET(s->policy.refused),
		.ssrc = ntohl(in.ssrc),
		.ext_max_seq = stats.ext_max,
		.base_seq = stats.base_seq,
		.lost = tandem_stats_lost(&stats),
		.jitter = stats.jitter >> 4,
		.reordered = stats.reordered,
		.last_rx_ms = stats.last_ns / 1000000,
		.latched = in.flags & TANDEM_LATCHED,
	};
	for (int i = 0; i < FP_ENGINES; i++)
		r.by_engine[i] = stats.packets[i];
	fp_slot_remote(fp, slot, &r.remote);
	struct forecast f = forecast(fp, s, &in, &out);
	say_engine(&r, &f, &in, &stats);
	*ret = r;
	return 0;
}
