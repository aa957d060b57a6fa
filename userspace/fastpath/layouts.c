// SPDX-License-Identifier: GPL-3.0-or-later
#include "fastpath/layouts.h"
#include <string.h>

static void from_1(void *slot)
{
	struct slot_1 old;
	struct tandem_slot *s = slot;
	memcpy(&old, slot, sizeof old);
	s->in.event_pt = s->in.reserved = 0;
	s->stats = (struct tandem_stats){
		.bytes = old.stats.bytes,
		.last_ns = old.stats.last_ns,
		.packets = {[TANDEM_BY_NULL] = old.stats.packets[0], [TANDEM_BY_XDP_GENERIC] = old.stats.packets[1],
			    [TANDEM_BY_XDP_NATIVE] = old.stats.packets[2]},
		.base_packets = old.stats.base_packets,
		.ext_max = old.stats.ext_max,
		.base_seq = (__u16)old.stats.base_seq,
		.bad_seq = (__u16)old.stats.bad_seq,
		.jitter = old.stats.jitter,
		.transit = old.stats.transit,
		.reordered = old.stats.reordered,
		.lost_before = old.stats.lost_before,
		.running = old.stats.running != 0,
		.jumped = old.stats.running && old.stats.bad_seq <= 0xffff,
	};
	s->policy = (struct tandem_policy){
		.signalling = old.policy.signalling,
		.prev = old.policy.prev,
		.prev_port = old.policy.prev_port,
		.tos = old.policy.tos,
		.arm = old.policy.arm,
		.hop_media = old.policy.hop_media,
		.hop_signalling = old.policy.hop_signalling,
		.refused = old.policy.refused,
	};
}

/* Each makes a slot of its version, in place, one of the next version. */
static void (*const to_next[TANDEM_LAYOUT])(void *slot) = {
	[1] = from_1,
};

bool layout_known(uint32_t version)
{
	return version == TANDEM_LAYOUT || (version < TANDEM_LAYOUT && to_next[version]);
}

void layout_slot(uint32_t version, const void *old, struct tandem_slot *ret)
{
	memcpy(ret, old, sizeof *ret);
	for (; version < TANDEM_LAYOUT; version++)
		to_next[version](ret);
}
