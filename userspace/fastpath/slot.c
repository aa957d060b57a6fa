// SPDX-License-Identifier: GPL-3.0-or-later
/* Writing the slot table. Locks are taken in the order of the packet logic: a slot's `in` line, then its peer's `out`. */
#include "fastpath/private.h"
#include <errno.h>
#include <sched.h>
#include <time.h>

#define SPINS      64
#define BEHIND_SEQ 1 /* the word where a line goes on */

uint64_t fp_now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* A line is held for a few instructions: by a program of the kernel, which cannot sleep, or by a thread of this process, which may have
 * lost its CPU in the middle. */
static void spin(unsigned *tries)
{
	if (++*tries % SPINS == 0)
		sched_yield();
}

static void take(uint32_t *seq)
{
	unsigned tries = 0;
	while (!tandem_seq_take(seq, tandem_seq_read(seq)))
		spin(&tries);
}

/* Clears a line from its word `first` on. */
static void line_clear(void *line, unsigned first)
{
	for (unsigned i = first; i < sizeof(struct tandem_in) / sizeof(uint32_t); i++)
		TANDEM_PUT(((uint32_t *)line)[i], 0);
}

void fp_in_read(const struct tandem_slot *s, struct tandem_in *ret, uint32_t *seq)
{
	for (unsigned tries = 0;; spin(&tries)) {
		*seq = tandem_seq_read(&s->in.seq);
		fp_line_get(ret, &s->in);
		if (tandem_seq_good(&s->in.seq, *seq))
			return;
	}
}

void fp_out_read(const struct tandem_slot *s, struct tandem_out *ret)
{
	for (unsigned tries = 0;; spin(&tries)) {
		uint32_t seq = tandem_seq_read(&s->out.seq);
		fp_line_get(ret, &s->out);
		if (tandem_seq_good(&s->out.seq, seq))
			return;
	}
}

static void remote_of(const struct tandem_in *in, struct tandem_ip *ip, uint16_t *port)
{
	bool latched = tandem_remote_is_latched(in);
	*ip = latched ? in->src : in->media;
	*port = latched ? in->src_port : in->flags & TANDEM_REMOTE ? in->media_port : 0;
}

void fp_slot_remote(const struct fastpath *fp, uint32_t slot, struct addr *ret)
{
	struct tandem_in in;
	struct tandem_ip ip;
	uint32_t seq;
	uint16_t port;
	fp_in_read(&fp->slots[slot], &in, &seq);
	remote_of(&in, &ip, &port);
	*ret = (struct addr){0};
	if (port)
		fp_addr(&ip, port, ret);
}

static uint32_t hop_of(struct fastpath *fp, uint32_t slot, const struct addr *a)
{
	struct tandem_ip ip;
	if (!fp->hops || !addr_is_set(a))
		return TANDEM_NONE;
	fp_ip(a, &ip);
	return fp_hop_get(fp->hops, slot, &ip);
}

/* Makes the peer's `out` say how packets leave from `slot`. The caller holds the slot's `in`. */
static void point_peer(struct fastpath *fp, uint32_t slot)
{
	struct tandem_slot *s = &fp->slots[slot];
	if (s->in.peer == TANDEM_NONE)
		return;
	struct tandem_out *out = &fp->slots[s->in.peer].out;
	struct tandem_ip src, dst;
	struct addr local;
	uint16_t port;
	fp_slot_local(fp, slot, &local);
	remote_of(&s->in, &dst, &port);
	take(&out->seq);
	fp_ip(&local, &src);
	tandem_ip_put(&out->src, &src);
	TANDEM_PUT(out->src_port, htons(local.port));
	TANDEM_PUT(out->tos, s->policy.tos);
	TANDEM_PUT(out->family, !(s->in.flags & TANDEM_SEND) ? 0 : local.family == AF_INET ? 4 : 6);
	tandem_out_point(out, &dst, port, tandem_known_hop(s, &dst));
	tandem_seq_give(&out->seq);
}

void fp_slot_resolve(struct fastpath *fp, uint32_t slot)
{
	struct tandem_slot *s = &fp->slots[slot];
	struct addr remote;
	if (!fp->hops)
		return;
	fp_slot_remote(fp, slot, &remote);
	uint32_t hop = hop_of(fp, slot, &remote);
	take(&s->in.seq);
	if (s->in.peer != TANDEM_NONE) {
		struct tandem_out *out = &fp->slots[s->in.peer].out;
		struct tandem_ip ip;
		fp_ip(&remote, &ip);
		take(&out->seq);
		if (out->hop == TANDEM_NONE && tandem_ip_eq(&out->dst, &ip))
			TANDEM_PUT(out->hop, hop);
		tandem_seq_give(&out->seq);
	}
	tandem_seq_give(&s->in.seq);
}

static void resolve_again(struct fastpath *fp, uint32_t slot)
{
	struct tandem_slot *s = &fp->slots[slot];
	struct addr media, signalling;
	fp_addr(&s->in.media, s->in.media_port, &media);
	fp_addr(&s->policy.signalling, 0, &signalling);
	uint32_t hop_media = s->in.flags & TANDEM_REMOTE ? hop_of(fp, slot, &media) : TANDEM_NONE;
	uint32_t hop_signalling = hop_of(fp, slot, &signalling);
	take(&s->in.seq);
	TANDEM_PUT(s->policy.hop_media, hop_media);
	TANDEM_PUT(s->policy.hop_signalling, hop_signalling);
	point_peer(fp, slot);
	tandem_seq_give(&s->in.seq);
	fp_slot_resolve(fp, slot);
}

void fp_slots_resolve_again(struct fastpath *fp)
{
	for (uint32_t slot = 0; slot < fp->n_slots; slot++)
		if (fp_is_open(&fp->slots[slot]))
			resolve_again(fp, slot);
}

static uint16_t mode_flags(const struct fp_stream *f)
{
	return (uint16_t)(TANDEM_OPEN | (f->receive ? TANDEM_RECEIVE : 0) | (f->send ? TANDEM_SEND : 0) |
			  (f->rtcp ? TANDEM_IS_RTCP : 0) | (f->rtcp_mux ? TANDEM_MUX : 0) |
			  (f->latch ? TANDEM_LATCH : 0) | (f->engine == FP_WANT_NULL || f->deliver ? TANDEM_NO_XDP | TANDEM_NO_KMOD : 0) |
			  (f->engine == FP_WANT_MODULE ? TANDEM_NO_XDP : 0) | (addr_is_set(&f->remote) && f->remote.port ? TANDEM_REMOTE : 0));
}

/* The caller holds the slot's `in`: its sequence word is not touched. */
static void start_fresh(struct tandem_slot *s)
{
	line_clear(&s->in, BEHIND_SEQ);
	TANDEM_PUT(s->in.peer, TANDEM_NONE);
	line_clear(&s->stats, 0);
	line_clear(&s->policy, 0);
	TANDEM_PUT(s->policy.hop_media, TANDEM_NONE);
	TANDEM_PUT(s->policy.hop_signalling, TANDEM_NONE);
}

/* The signalled address is now `media`: what was latched stays heard, but own packets go to the new place. No address at all, as in a
 * stream that is held the old way (RFC 3264 section 8.4), is no place to move to; and a peer that is heard before it has described itself
 * has not moved by doing so. */
static uint16_t set_media(struct tandem_slot *s, const struct tandem_ip *media, uint16_t port, uint16_t flags)
{
	uint16_t kept = s->in.flags & (TANDEM_ARMED | TANDEM_LATCHED | TANDEM_MOVED), was = s->in.media_port;
	if (!(flags & TANDEM_REMOTE) || (port == was && tandem_ip_eq(media, &s->in.media)))
		return kept;
	tandem_ip_put(&s->in.media, media);
	TANDEM_PUT(s->in.media_port, port);
	kept = (uint16_t)((kept & ~TANDEM_MOVED) | TANDEM_ARMED);
	if (kept & TANDEM_LATCHED && was && !(port == s->in.src_port && tandem_ip_eq(media, &s->in.src)))
		kept |= TANDEM_MOVED;
	return kept;
}

int fastpath_upsert(struct fastpath *fp, uint32_t slot, const struct fp_stream *f)
{
	if (slot >= fp->n_slots || f->dscp > 63)
		return -EINVAL;
	struct addr local;
	fp_slot_local(fp, slot, &local);
	if (addr_is_set(&f->remote) && f->remote.family != local.family)
		return -EAFNOSUPPORT;
	uint32_t hop_media = hop_of(fp, slot, &f->remote), hop_signalling = hop_of(fp, slot, &f->signalling);
	struct tandem_slot *s = &fp->slots[slot];
	uint16_t flags = mode_flags(f);
	struct tandem_ip media, signalling;
	fp_ip(&f->remote, &media);
	fp_ip(&f->signalling, &signalling);
	take(&s->in.seq);
	bool fresh = !fp_is_open(s);
	if (fresh)
		start_fresh(s);
	flags |= set_media(s, &media, htons(f->remote.port), flags);
	if (fresh || s->policy.arm != f->arm)
		flags |= TANDEM_ARMED;
	TANDEM_PUT(s->in.flags, flags);
	TANDEM_PUT(s->in.event_pt, (uint8_t)(f->event_pt ? f->event_pt | TANDEM_EVENT_PT : 0));
	TANDEM_PUT(s->in.clock, (uint32_t)(((uint64_t)f->clock_hz << 32) / 1000000000u));
	TANDEM_PUT(s->in.deliver, f->deliver);
	tandem_ip_put(&s->policy.signalling, &signalling);
	TANDEM_PUT(s->policy.arm, f->arm);
	TANDEM_PUT(s->policy.tos, (uint8_t)(f->dscp << 2));
	TANDEM_PUT(s->policy.hop_media, hop_media);
	TANDEM_PUT(s->policy.hop_signalling, hop_signalling);
	point_peer(fp, slot);
	tandem_seq_give(&s->in.seq);
	fp_slot_resolve(fp, slot);
	return 0;
}

/* What arrives at `slot` leads nowhere any more. */
static void clear_out(struct tandem_slot *s)
{
	take(&s->out.seq);
	line_clear(&s->out, BEHIND_SEQ);
	TANDEM_PUT(s->out.hop, TANDEM_NONE);
	tandem_seq_give(&s->out.seq);
}

static void set_peer(struct fastpath *fp, uint32_t slot, uint32_t peer)
{
	struct tandem_slot *s = &fp->slots[slot];
	take(&s->in.seq);
	TANDEM_PUT(s->in.peer, peer);
	point_peer(fp, slot);
	tandem_seq_give(&s->in.seq);
}

static void unjoin(struct fastpath *fp, uint32_t slot)
{
	uint32_t peer = fp->slots[slot].in.peer; /* written here only */
	if (!fp_is_open(&fp->slots[slot]) || peer == TANDEM_NONE)
		return;
	set_peer(fp, slot, TANDEM_NONE);
	set_peer(fp, peer, TANDEM_NONE);
	clear_out(&fp->slots[slot]);
	clear_out(&fp->slots[peer]);
}

int fastpath_join(struct fastpath *fp, uint32_t a, uint32_t b)
{
	if (a >= fp->n_slots || !fp_is_open(&fp->slots[a]))
		return -EINVAL;
	if (b != TANDEM_NONE && (b >= fp->n_slots || !fp_is_open(&fp->slots[b])))
		return -EINVAL;
	if (b != TANDEM_NONE && fp->slots[a].in.peer == b && fp->slots[b].in.peer == a)
		return 0;
	unjoin(fp, a);
	if (b == TANDEM_NONE)
		return 0;
	unjoin(fp, b);
	set_peer(fp, a, b);
	set_peer(fp, b, a);
	fp_slot_resolve(fp, a);
	fp_slot_resolve(fp, b);
	return 0;
}

void fastpath_remove(struct fastpath *fp, uint32_t slot)
{
	if (slot >= fp->n_slots)
		return;
	struct tandem_slot *s = &fp->slots[slot];
	unjoin(fp, slot);
	take(&s->in.seq);
	start_fresh(s);
	tandem_seq_give(&s->in.seq);
}

unsigned fastpath_sweep(struct fastpath *fp, bool (*keep)(void *arg, uint32_t slot), void *arg)
{
	unsigned n = 0;
	for (uint32_t slot = 0; slot < fp->n_slots; slot++) {
		if (!fp_is_open(&fp->slots[slot]) || keep(arg, slot))
			continue;
		fastpath_remove(fp, slot);
		n++;
	}
	if (fp->hops)
		fp_hops_sweep(fp->hops);
	return n;
}

/* A program holds a line for nanoseconds: what is held unchanged for that many looks is held by nobody. */
static void free_line(uint32_t *seq)
{
	uint32_t was = tandem_seq_read(seq);
	for (int i = 0; i < 1000 && was & 1; i++) {
		sched_yield();
		if (tandem_seq_read(seq) != was)
			return;
	}
	if (was & 1)
		tandem_seq_give(seq);
}

void fp_slots_repair(struct fastpath *fp)
{
	for (uint32_t slot = 0; slot < fp->n_slots; slot++) {
		free_line(&fp->slots[slot].in.seq);
		free_line(&fp->slots[slot].out.seq);
	}
}
