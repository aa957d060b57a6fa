/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A receiver's statistics, RFC 3550 A.1 (sequence numbers), A.3 (loss) and A.8 (jitter). No probation: who may speak is
 * decided by the latch. */
#pragma once
#include "tandem/latch.h"

TANDEM_INLINE __u32 tandem_stats_packets(const struct tandem_stats *s)
{
	__u32 n = 0;
	for (int i = 0; i < TANDEM_ENGINES; i++)
		n += s->packets[i];
	return n;
}

/* Lost since statistics began, not below 0. */
TANDEM_INLINE __u32 tandem_stats_lost(const struct tandem_stats *s)
{
	if (!s->running)
		return s->lost_before;
	__s32 lost = (__s32)(s->ext_max - s->base_seq + 1 - (tandem_stats_packets(s) - s->base_packets));
	return s->lost_before + (lost > 0 ? (__u32)lost : 0);
}

TANDEM_INLINE void tandem_stats_jitter(struct tandem_stats *s, __u32 transit)
{
	__u32 d = transit - s->transit;
	if ((__s32)d < 0)
		d = 0u - d;
	s->jitter += d - ((s->jitter + 8) >> 4);
	s->transit = transit;
}

/* A new sequence begins: its timestamps have nothing to do with those before. */
TANDEM_COLD void tandem_stats_restart(struct tandem_stats *s, __u16 seq, __u32 transit)
{
	s->lost_before = tandem_stats_lost(s);
	s->base_packets = tandem_stats_packets(s);
	s->base_seq = s->ext_max = seq;
	s->transit = transit;
	s->jumped = 0;
	s->running = 1;
}

/* A sequence number that is not the next few. */
TANDEM_COLD void tandem_stats_jump(struct tandem_stats *s, __u16 seq, __u16 delta, __u32 transit)
{
	if (delta > 0x10000u - TANDEM_MAX_MISORDER) {
		s->reordered++;
		tandem_stats_jitter(s, transit);
	} else if (s->jumped && seq == s->bad_seq) { /* two in a row after a large jump: the sender restarted without telling */
		tandem_stats_restart(s, seq, transit);
	} else {
		s->bad_seq = (__u16)(seq + 1);
		s->jumped = 1;
		s->base_packets++; /* of no sequence that is counted */
	}
}

/* Counts an accepted RTP packet. `clock` is in.clock; `restart` says that its SSRC is new. */
TANDEM_INLINE void tandem_stats_rtp(struct tandem_stats *s, const struct tandem_packet *p, __u32 clock, __u64 now_ns,
				    enum tandem_engine by, int restart)
{
	__u32 transit = (__u32)((now_ns * clock) >> 32) - p->timestamp;
	__u16 delta = (__u16)(p->seq - (__u16)s->ext_max);
	if (restart || !s->running) {
		tandem_stats_restart(s, p->seq, transit);
	} else if (delta < TANDEM_MAX_DROPOUT) {
		s->ext_max += delta;
		tandem_stats_jitter(s, transit);
	} else {
		tandem_stats_jump(s, p->seq, delta, transit);
	}
	s->last_ns = now_ns;
	s->bytes += p->len;
	s->packets[by]++;
	s->last_by = (__u8)by;
}
