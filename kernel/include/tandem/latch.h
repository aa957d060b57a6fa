/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whether a packet's source may speak on a stream, and what changes when it may.
 *
 * Nobody is let in by default. An armed stream (fresh, or after an offer/answer) takes the first packet from its signalled
 * address and port; with TANDEM_LATCH (a peer behind a NAT) also one from the IP address that the signalling comes from, whatever its
 * port: the restricted latching of RFC 7362 section 5. The IP address of the signalled media with another port is not enough: behind a NAT it
 * is a private one, which another host here may have. From then on only the latched source is heard, except that with
 * TANDEM_LATCH the stream may move by itself when the SSRC is the same and the sequence number goes on plausibly.
 *
 * An offer/answer that changes the media address moves where packets go at once; the old source is heard until the first
 * packet from the new one, but does not turn them back, however long it goes on, nor does it when it moves by itself. A source that lost a
 * stream wins it back only by being signalled, or when a later offer/answer changes the address again. */
#pragma once
#include "tandem/access.h"
#include "tandem/csum.h"
#include "tandem/reasons.h"
#include "tandem/rtp.h"

#define TANDEM_MAX_DROPOUT  3000u /* RFC 3550 A.1 */
#define TANDEM_MAX_MISORDER 100u

enum tandem_update {
	TANDEM_UP_SOURCE = 1 << 0, /* in.src becomes the packet's source */
	TANDEM_UP_SSRC   = 1 << 1, /* in.ssrc becomes the packet's; statistics start a new sequence */
	TANDEM_UP_DISARM = 1 << 2, /* the offer/answer is confirmed */
	TANDEM_UP_REBIND = 1 << 3, /* the source moved by itself */
};

TANDEM_INLINE int tandem_ip_eq(const struct tandem_ip *a, const struct tandem_ip *b)
{
	return !((tandem_ip_half(a, 0) ^ tandem_ip_half(b, 0)) | (tandem_ip_half(a, 1) ^ tandem_ip_half(b, 1)));
}

TANDEM_INLINE int tandem_from_media(const struct tandem_in *in, const struct tandem_packet *p)
{
	return in->flags & TANDEM_REMOTE && p->src_port == in->media_port && tandem_ip_eq(&p->src, &in->media);
}

/* With TANDEM_LATCH, a peer may speak from anywhere on the address its signalling comes from. */
TANDEM_INLINE int tandem_from_signalling(const struct tandem_in *in, const struct tandem_policy *policy, const struct tandem_packet *p)
{
	return in->flags & TANDEM_LATCH && tandem_ip_eq(&p->src, &policy->signalling);
}

/* Whether an address and port can be answered at all: a stream is never turned to another. */
TANDEM_INLINE int tandem_source_sane(const struct tandem_packet *p)
{
	const struct tandem_ip *ip = &p->src;
	__u8 first, second;
	__builtin_memcpy(&first, ip, 1);
	__builtin_memcpy(&second, (const __u8 *)ip + 12, 1);
	if (!p->src_port)
		return 0;
	if (tandem_ip_is_v4(ip))
		return second != 0 && second < 224;
	return first != 0xff && (ip->w[0] | ip->w[1] | ip->w[2] | ip->w[3]);
}

TANDEM_INLINE int tandem_is_loopback(const struct tandem_ip *ip)
{
	__u8 first;
	__builtin_memcpy(&first, (const __u8 *)ip + 12, 1);
	if (tandem_ip_is_v4(ip))
		return first == 127;
	return !(ip->w[0] | ip->w[1] | ip->w[2]) && ip->w[3] == (__u32)__builtin_bswap32(1);
}

/* A packet from the latched source itself. After a move it confirms nothing unless it is from where it was told to be. */
TANDEM_INLINE __u32 tandem_judge_same(const struct tandem_in *in, const struct tandem_packet *p)
{
	__u32 update = p->ssrc == in->ssrc ? 0 : TANDEM_UP_SSRC;
	if (in->flags & TANDEM_ARMED && (!(in->flags & TANDEM_MOVED) || tandem_from_media(in, p)))
		update |= TANDEM_UP_DISARM;
	return update;
}

/* Whether it is from the source that lost the stream last. */
TANDEM_INLINE int tandem_from_prev(const struct tandem_policy *policy, const struct tandem_packet *p)
{
	const __u16 port = TANDEM_GET(policy->prev_port);
	return port && p->src_port == port && tandem_ip_eq(&p->src, &policy->prev);
}

/* The usual case: the stream's own source goes on, on a stream that nobody has touched. tandem_judge() would say FORWARDED and no update.
 * `not_mine` is the flag by which an engine is kept off a stream, or 0. */
TANDEM_INLINE int tandem_judge_usual(const struct tandem_in *in, const struct tandem_packet *p, __u16 not_mine)
{
	return (in->flags & (TANDEM_RECEIVE | TANDEM_LATCHED | TANDEM_ARMED | not_mine)) == (TANDEM_RECEIVE | TANDEM_LATCHED) &&
	       p->ssrc == in->ssrc && p->src_port == in->src_port && tandem_ip_eq(&p->src, &in->src);
}

/* A packet from elsewhere that knows the SSRC of the latched source: with a plausible sequence number it is that source, behind a NAT that
 * has forgotten it. Forward only: a late packet of the old path must not move the stream. */
TANDEM_INLINE enum tandem_reason tandem_judge_rebind(const struct tandem_in *in, __u32 ext_max, const struct tandem_packet *p, __u32 *update)
{
	if (!(in->flags & TANDEM_LATCH) || p->ssrc != in->ssrc || !tandem_source_sane(p))
		return TANDEM_STRANGER;
	if (tandem_is_loopback(&p->src) && !tandem_is_loopback(&in->src)) /* no NAT does that */
		return TANDEM_STRANGER;
	if ((__u16)(p->seq - (__u16)ext_max - 1) >= TANDEM_MAX_DROPOUT)
		return TANDEM_BAD_SEQUENCE;
	*update = TANDEM_UP_SOURCE | TANDEM_UP_REBIND | (in->flags & TANDEM_MOVED ? 0 : TANDEM_UP_DISARM);
	return TANDEM_FORWARDED;
}

/* TANDEM_FORWARDED with what to change in *update (0: nothing), or why the packet is refused. `ext_max` is the
 * highest sequence number so far. */
TANDEM_INLINE enum tandem_reason tandem_judge(const struct tandem_in *in, const struct tandem_policy *policy, __u32 ext_max,
					      const struct tandem_packet *p, __u32 *update)
{
	const __u16 flags = in->flags;
	if (flags & TANDEM_LATCHED && p->src_port == in->src_port && tandem_ip_eq(&p->src, &in->src)) {
		*update = tandem_judge_same(in, p);
		return TANDEM_FORWARDED;
	}
	int media = flags & TANDEM_ARMED && tandem_from_media(in, p), old = flags & TANDEM_LATCHED && tandem_from_prev(policy, p);
	if (old && !media && !(flags & TANDEM_MOVED))
		return TANDEM_OLD_SOURCE;
	if (media || (flags & TANDEM_ARMED && tandem_from_signalling(in, policy, p))) {
		if (!tandem_source_sane(p))
			return TANDEM_STRANGER;
		*update = TANDEM_UP_SOURCE | TANDEM_UP_DISARM;
		if (!(flags & TANDEM_LATCHED) || p->ssrc != in->ssrc)
			*update |= TANDEM_UP_SSRC;
		return TANDEM_FORWARDED;
	}
	if (old)
		return TANDEM_OLD_SOURCE;
	return flags & TANDEM_LATCHED ? tandem_judge_rebind(in, ext_max, p, update) : TANDEM_STRANGER;
}

/* An RTCP packet from elsewhere than it was latched. Armed, it may come from where RTP of the stream may; a latched peer behind a
 * NAT may change its port (which a NAT forgets sooner than that of RTP), or follow its RTP to another address, by the SSRC of that. */
TANDEM_INLINE int tandem_rtcp_moves(const struct tandem_in *in, const struct tandem_policy *policy, const struct tandem_in *rtp,
				    const struct tandem_packet *p)
{
	int beside = in->flags & TANDEM_LATCH && rtp && rtp->flags & TANDEM_LATCHED && tandem_ip_eq(&p->src, &rtp->src);
	if (!tandem_source_sane(p))
		return 0;
	if (in->flags & TANDEM_ARMED)
		return tandem_from_media(in, p) || tandem_from_signalling(in, policy, p) || beside;
	return beside && p->ssrc == rtp->ssrc;
}

/* RTCP. `p->ssrc` is that of its sender, bytes 4 to 7 of the packet. `rtp` is the `in` of the RTP port this one belongs to (the same slot
 * with rtcp-mux), or NULL. What there is to update is so on an RTCP port only. */
TANDEM_INLINE enum tandem_reason tandem_judge_rtcp(const struct tandem_in *in, const struct tandem_policy *policy,
						   const struct tandem_in *rtp, const struct tandem_packet *p, __u32 *update)
{
	const __u16 flags = in->flags;
	int same = flags & TANDEM_LATCHED && p->src_port == in->src_port && tandem_ip_eq(&p->src, &in->src);
	*update = 0;
	if (!same && !tandem_rtcp_moves(in, policy, rtp, p))
		return TANDEM_RTCP_STRANGER;
	if (flags & TANDEM_IS_RTCP)
		*update = same ? tandem_judge_same(in, p) & TANDEM_UP_DISARM : TANDEM_UP_SOURCE | TANDEM_UP_DISARM;
	return TANDEM_RTCP;
}
