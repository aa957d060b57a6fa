/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whether a packet's source may speak on a stream, and what changes when it may.
 *
 * Nobody is let in by default. An armed stream (fresh, or after an offer/answer) takes the first packet from its signalled
 * address and port; with TANDEM_LATCH (a peer behind a NAT) also one from the IP address of the signalling's source or
 * of the signalled media, whatever its port (RFC 7362). From then on only the latched source is heard, except that with
 * TANDEM_LATCH the stream may move by itself when the SSRC is the same and the sequence number goes on plausibly.
 * After an offer/answer has moved the media address, the old source is heard until the first packet from the new one,
 * and the source that lost a stream never wins it back without another offer/answer. */
#pragma once
#include "tandem/reasons.h"
#include "tandem/rtp.h"

#define TANDEM_MAX_DROPOUT  3000u /* RFC 3550 A.1 */
#define TANDEM_MAX_MISORDER 100u
/* A peer that was told to send from elsewhere and still sends from the same latched place after this stays there: it is
 * behind a NAT that hides the move. */
#define TANDEM_MOVE_NS 2000000000ull

enum tandem_update {
	TANDEM_UP_SOURCE = 1 << 0, /* in.src becomes the packet's source */
	TANDEM_UP_SSRC   = 1 << 1, /* in.ssrc becomes the packet's; statistics start a new sequence */
	TANDEM_UP_DISARM = 1 << 2, /* the offer/answer is confirmed */
	TANDEM_UP_REBIND = 1 << 3, /* the source moved by itself */
};

TANDEM_INLINE int tandem_ip_eq(const struct tandem_ip *a, const struct tandem_ip *b)
{
	__u64 x[2], y[2];
	__builtin_memcpy(x, a, sizeof x);
	__builtin_memcpy(y, b, sizeof y);
	return !((x[0] ^ y[0]) | (x[1] ^ y[1]));
}

TANDEM_INLINE int tandem_from_media(const struct tandem_in *in, const struct tandem_packet *p)
{
	return in->flags & TANDEM_REMOTE && p->src_port == in->media_port && tandem_ip_eq(&p->src, &in->media);
}

/* The addresses a NATed peer's packets may come from: RFC 7362 section 4. */
TANDEM_INLINE int tandem_near_signalling(const struct tandem_in *in, const struct tandem_policy *policy, const struct tandem_packet *p)
{
	return tandem_ip_eq(&p->src, &policy->signalling) || (in->flags & TANDEM_REMOTE && tandem_ip_eq(&p->src, &in->media));
}

/* A packet from the latched source itself. */
TANDEM_INLINE __u32 tandem_judge_same(const struct tandem_in *in, const struct tandem_policy *policy,
				      const struct tandem_packet *p, __u64 now_ns)
{
	__u32 update = p->ssrc == in->ssrc ? 0 : TANDEM_UP_SSRC;
	if (!(in->flags & TANDEM_ARMED))
		return update;
	if (!(in->flags & TANDEM_MOVED) || tandem_from_media(in, p))
		return update | TANDEM_UP_DISARM;
	if (in->flags & TANDEM_LATCH && now_ns - policy->moved_ns > TANDEM_MOVE_NS && tandem_near_signalling(in, policy, p))
		return update | TANDEM_UP_DISARM;
	return update;
}

/* The usual case: the stream's own source goes on, on a stream that nobody has touched. tandem_judge() would say FORWARDED and no update.
 * `not_mine` is the flag by which an engine is kept off a stream, or 0. */
TANDEM_INLINE int tandem_judge_usual(const struct tandem_in *in, const struct tandem_packet *p, __u16 not_mine)
{
	return (in->flags & (TANDEM_RECEIVE | TANDEM_LATCHED | TANDEM_ARMED | not_mine)) == (TANDEM_RECEIVE | TANDEM_LATCHED) &&
	       p->ssrc == in->ssrc && p->src_port == in->src_port && tandem_ip_eq(&p->src, &in->src);
}

/* TANDEM_FORWARDED with what to change in *update (0: nothing), or why the packet is refused. `ext_max` is the
 * highest sequence number so far. */
TANDEM_INLINE enum tandem_reason tandem_judge(const struct tandem_in *in, const struct tandem_policy *policy, __u32 ext_max,
					      const struct tandem_packet *p, __u64 now_ns, __u32 *update)
{
	const __u16 flags = in->flags;
	if (flags & TANDEM_LATCHED && p->src_port == in->src_port && tandem_ip_eq(&p->src, &in->src)) {
		*update = tandem_judge_same(in, policy, p, now_ns);
		return TANDEM_FORWARDED;
	}
	if (flags & TANDEM_ARMED &&
	    (tandem_from_media(in, p) || (flags & TANDEM_LATCH && tandem_near_signalling(in, policy, p)))) {
		*update = TANDEM_UP_SOURCE | TANDEM_UP_DISARM;
		if (!(flags & TANDEM_LATCHED) || p->ssrc != in->ssrc)
			*update |= TANDEM_UP_SSRC;
		return TANDEM_FORWARDED;
	}
	if (!(flags & TANDEM_LATCHED))
		return TANDEM_STRANGER;
	if (p->src_port == policy->prev_port && tandem_ip_eq(&p->src, &policy->prev))
		return TANDEM_OLD_SOURCE;
	if (!(flags & TANDEM_LATCH) || p->ssrc != in->ssrc)
		return TANDEM_STRANGER;
	/* Forward only: a late packet of the old path must not move the stream. */
	if ((__u16)(p->seq - (__u16)ext_max - 1) >= TANDEM_MAX_DROPOUT)
		return TANDEM_BAD_SEQUENCE;
	*update = TANDEM_UP_SOURCE | TANDEM_UP_DISARM | TANDEM_UP_REBIND;
	return TANDEM_FORWARDED;
}

/* RTCP: from its signalled address, from where it was latched, or from the IP address of its RTP. `rtp` is the `in` of the
 * RTP port this one belongs to (the same slot with rtcp-mux), or NULL. TANDEM_UP_SOURCE on an RTCP port only. */
TANDEM_INLINE enum tandem_reason tandem_judge_rtcp(const struct tandem_in *in, const struct tandem_policy *policy,
						   const struct tandem_in *rtp, const struct tandem_packet *p, __u32 *update)
{
	const __u16 flags = in->flags;
	int same = flags & TANDEM_LATCHED && p->src_port == in->src_port && tandem_ip_eq(&p->src, &in->src);
	int ok = same || tandem_from_media(in, p) ||
		 (rtp && rtp->flags & TANDEM_LATCHED && tandem_ip_eq(&p->src, &rtp->src)) ||
		 (flags & TANDEM_LATCH && flags & TANDEM_ARMED && tandem_near_signalling(in, policy, p));
	if (!ok)
		return TANDEM_RTCP_STRANGER;
	*update = 0;
	if (flags & TANDEM_IS_RTCP && !same)
		*update = TANDEM_UP_SOURCE | TANDEM_UP_DISARM;
	return TANDEM_RTCP;
}
