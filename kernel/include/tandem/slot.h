/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reading and changing a slot while others do: each line has a sequence word, even when the line is stable. A writer takes it by
 * compare-and-swap from the value it decided on, so a decision is never committed over somebody else's. Nobody
 * waits: who finds a line taken gives up (the XDP program passes the packet to the daemon, the daemon tries again). */
#pragma once
#include "tandem/csum.h"
#include "tandem/latch.h"

#ifdef __KERNEL__
#include <linux/atomic.h>
#define TANDEM_SEQ(word)             READ_ONCE(*(word))
#define TANDEM_READ_BARRIER()        smp_rmb()
#define TANDEM_CAS(word, from, to)   cmpxchg(word, from, to)
#define TANDEM_INCREMENT(word)       smp_store_release(word, *(word) + 1)
#else
#ifdef __bpf__
#define TANDEM_SEQ(word)             (*(const volatile __u32 *)(word))
/* The instruction set has no load barrier; the JIT's loads are ordered on x86. */
#define TANDEM_READ_BARRIER()        __asm__ volatile("" ::: "memory")
#else
#define TANDEM_SEQ(word)             __atomic_load_n(word, __ATOMIC_ACQUIRE)
#define TANDEM_READ_BARRIER()        __atomic_thread_fence(__ATOMIC_ACQUIRE)
#endif
#define TANDEM_CAS(word, from, to)   __sync_val_compare_and_swap(word, from, to)
#define TANDEM_INCREMENT(word)       __sync_fetch_and_add(word, 1)
#endif

TANDEM_INLINE __u32 tandem_seq_read(const __u32 *seq)
{
	__u32 v = TANDEM_SEQ(seq);
	TANDEM_READ_BARRIER();
	return v;
}

/* Whether what was read since tandem_seq_read() returned `was` is good. */
TANDEM_INLINE int tandem_seq_good(const __u32 *seq, __u32 was)
{
	TANDEM_READ_BARRIER();
	return !(was & 1) && TANDEM_SEQ(seq) == was;
}

TANDEM_INLINE int tandem_seq_take(__u32 *seq, __u32 was)
{
	return !(was & 1) && TANDEM_CAS(seq, was, was + 1) == was;
}

TANDEM_INLINE void tandem_seq_give(__u32 *seq)
{
	TANDEM_INCREMENT(seq);
}

/* The address the slot's own packets go to: where its peer was last heard, else what was signalled. */
TANDEM_INLINE int tandem_remote_is_latched(const struct tandem_in *in)
{
	return (in->flags & (TANDEM_LATCHED | TANDEM_MOVED)) == TANDEM_LATCHED;
}

TANDEM_INLINE void tandem_out_point(struct tandem_out *out, const struct tandem_ip *dst, __u16 port, __u32 hop)
{
	tandem_ip_put(&out->dst, dst);
	TANDEM_PUT(out->dst_port, port);
	TANDEM_PUT(out->hop, hop);
	TANDEM_PUT(out->sum, tandem_csum_fold(tandem_csum_ends(out->family == 4, &out->src, &out->dst, out->src_port, out->dst_port)));
}

/* The next hop to `ip` when it is one of the two that were looked up beforehand. */
TANDEM_INLINE __u32 tandem_known_hop(const struct tandem_slot *s, const struct tandem_ip *ip)
{
	if (TANDEM_GET(s->in.flags) & TANDEM_REMOTE && tandem_ip_eq(ip, &s->in.media))
		return TANDEM_GET(s->policy.hop_media);
	if (tandem_ip_eq(ip, &s->policy.signalling))
		return TANDEM_GET(s->policy.hop_signalling);
	return TANDEM_NONE;
}

/* Writes what the judge decided on, having read in.seq as `was`; `peer` is the joined slot or NULL. 0 when somebody else
 * was faster: nothing is changed then, and the packet has to be judged again. */
TANDEM_INLINE int tandem_commit(struct tandem_slot *s, struct tandem_slot *peer, __u32 was, const struct tandem_packet *p, __u32 update)
{
	if (!tandem_seq_take(&s->in.seq, was))
		return 0;
	__u16 before = s->in.flags, flags = before;
	/* Until a move is confirmed, packets go where the offer/answer said. */
	int points = peer && peer->out.family && (flags & TANDEM_MOVED ? update & TANDEM_UP_DISARM : update & TANDEM_UP_SOURCE);
	if (points && !tandem_seq_take(&peer->out.seq, tandem_seq_read(&peer->out.seq))) {
		tandem_seq_give(&s->in.seq);
		return 0;
	}
	if (update & TANDEM_UP_SOURCE) {
		if (flags & TANDEM_LATCHED) {
			tandem_ip_put(&s->policy.prev, &s->in.src);
			TANDEM_PUT(s->policy.prev_port, s->in.src_port);
		}
		tandem_ip_put(&s->in.src, &p->src);
		TANDEM_PUT(s->in.src_port, p->src_port);
		flags |= TANDEM_LATCHED;
	}
	if (update & TANDEM_UP_SSRC) {
		TANDEM_PUT(s->in.ssrc, p->ssrc);
		TANDEM_PUT(s->policy.event_state, TANDEM_DTMF_NONE);
	}
	if (update & TANDEM_UP_DISARM)
		flags &= (__u16)~(TANDEM_ARMED | TANDEM_MOVED);
	TANDEM_PUT(s->in.flags, flags);
	if (points) {
		tandem_out_point(&peer->out, &p->src, p->src_port, tandem_known_hop(s, &p->src));
		tandem_seq_give(&peer->out.seq);
	}
	tandem_seq_give(&s->in.seq);
	return 1;
}

/* What a committed change is called. */
TANDEM_INLINE enum tandem_event_kind tandem_event_of(__u32 update)
{
	if (update & TANDEM_UP_REBIND)
		return TANDEM_EV_REBIND;
	return update & TANDEM_UP_SOURCE ? TANDEM_EV_LATCH : TANDEM_EV_SSRC;
}
