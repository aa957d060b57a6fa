// SPDX-License-Identifier: GPL-3.0-or-later
#include "media/jitter_private.h"
#include <stdlib.h>

#define SEQ_JUMP 1000 /* further apart than this, the sender has begun to count anew */
#define SEQ_SEEN 64   /* packets back that duplicates are known for */

void jitter_sequence_begin(struct jitter *j, const struct jitter_packet *p)
{
	j->seq_max = p->seq;
	j->seq_seen = 1;
	j->expected++;
}

bool jitter_sequence(struct jitter *j, const struct jitter_packet *p)
{
	int16_t ahead = (int16_t)(p->seq - j->seq_max);
	if (abs(ahead) > SEQ_JUMP) {
		jitter_sequence_begin(j, p);
	} else if (ahead > 0) {
		j->seq_seen = ahead < SEQ_SEEN ? j->seq_seen << ahead | 1 : 1;
		j->seq_max = p->seq;
		j->expected += (uint64_t)ahead;
	} else if (-ahead < SEQ_SEEN) {
		if (j->seq_seen >> -ahead & 1)
			return false;
		j->seq_seen |= 1ull << -ahead;
	}
	return true;
}

void jitter_arrived(struct jitter *j, const struct jitter_packet *p)
{
	int32_t transit = (int32_t)(p->arrival - p->timestamp);
	if (j->transit_known) {
		int64_t d = llabs((int64_t)transit - j->transit);
		j->jitter16 += (int32_t)((d < JITTER_RING ? d : JITTER_RING) - ((j->jitter16 + 8) >> 4));
		j->stats.jitter = (uint32_t)j->jitter16 >> 4;
	}
	j->transit = transit;
	j->transit_known = true;
}

uint64_t jitter_lost(const struct jitter *j)
{
	return j->expected > j->stats.received ? j->expected - j->stats.received : 0;
}
