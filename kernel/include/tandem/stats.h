/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A receiver's statistics, RFC 3550 A.1 (sequence numbers), A.3 (loss) and A.8 (jitter). No probation: who may speak is
 * decided by the latch. */
#pragma once
#include "tandem/latch.h"

TANDEM_INLINE __u32 tandem_stats_packets(const struct tandem_stats *s)
{
	__u32 n = 0;
	for (int i = 0; i < TANDEM_ENGINES; i++)
		n += TANDEM_GET(s->packets[i]);
	return n;
}

/* Lost since statistics began, not below 0. */
TANDEM_INLINE __u32 tandem_stats_lost(const struct tandem_stats *s)
{
	const __u32 before = TANDEM_GET(s->lost_before);
	if (!TANDEM_GET(s->running))
		return before;
	__u32 seen = tandem_stats_packets(s) - TANDEM_GET(s->base_packets);
	__s32 lost = (__s32)(TANDEM_GET(s->ext_max) - TANDEM_GET(s->base_seq) + 1 - seen);
	return before + (lost > 0 ? (__u32)lost : 0);
}

TANDEM_INLINE void tandem_stats_jitter(struct tandem_stats *s, __u32 transit)
{
	const __u32 jitter = TANDEM_GET(s->jitter);
	__u32 d = transit - TANDEM_GET(s->transit);
	if ((__s32)d < 0)
		d = 0u - d;
	TANDEM_PUT(s->jitter, jitter + d - ((jitter + 8) >> 4));
	TANDEM_PUT(s->transit, transit);
}

/* A new sequence begins: its timestamps have nothing to do with those before. */
TANDEM_COLD void tandem_stats_restart(struct tandem_stats *s, __u16 seq, __u32 transit)
{
	TANDEM_PUT(s->lost_before, tandem_stats_lost(s));
	TANDEM_PUT(s->base_packets, tandem_stats_packets(s));
	TANDEM_PUT(s->base_seq, seq);
	TANDEM_PUT(s->ext_max, seq);
	TANDEM_PUT(s->transit, transit);
	TANDEM_PUT(s->jumped, 0);
	TANDEM_PUT(s->running, 1);
}

/* A sequence number that is not the next few. */
TANDEM_COLD void tandem_stats_jump(struct tandem_stats *s, __u16 seq, __u16 delta, __u32 transit)
{
	if (delta > 0x10000u - TANDEM_MAX_MISORDER) {
		TANDEM_ADD(s->reordered, 1);
		tandem_stats_jitter(s, transit);
	} else if (TANDEM_GET(s->jumped) && seq == TANDEM_GET(s->bad_seq)) { /* two in a row after a large jump: the sender restarted without telling */
		tandem_stats_restart(s, seq, transit);
	} else {
		TANDEM_PUT(s->bad_seq, (__u16)(seq + 1));
		TANDEM_PUT(s->jumped, 1);
		TANDEM_ADD(s->base_packets, 1); /* of no sequence that is counted */
	}
}

/* Counts an accepted RTP packet. `clock` is in.clock; `restart` says that its SSRC is new. */
TANDEM_INLINE void tandem_stats_rtp(struct tandem_stats *s, const struct tandem_packet *p, __u32 clock, __u64 now_ns,
				    enum tandem_engine by, int restart)
{
	__u32 transit = (__u32)((now_ns * clock) >> 32) - p->timestamp;
	__u16 delta = (__u16)(p->seq - (__u16)TANDEM_GET(s->ext_max));
	if (restart || !TANDEM_GET(s->running)) {
		tandem_stats_restart(s, p->seq, transit);
	} else if (delta < TANDEM_MAX_DROPOUT) {
		TANDEM_ADD(s->ext_max, delta);
		tandem_stats_jitter(s, transit);
	} else {
		tandem_stats_jump(s, p->seq, delta, transit);
	}
	TANDEM_PUT(s->last_ns, now_ns);
	TANDEM_ADD(s->bytes, p->len);
	TANDEM_ADD(s->packets[by], 1);
	TANDEM_PUT(s->last_by, (__u8)by);
}
