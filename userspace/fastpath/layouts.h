/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Earlier versions of the slot table (TANDEM_LAYOUT), and how each becomes the next one. */
#pragma once
#include "tandem/flow.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of a slot of any version. A version with slots of another size would make this a row's. */
#define LAYOUT_SLOT sizeof(struct tandem_slot)

/* --- version 1: three engines, no telephone-events --- */

struct stats_1 {
	uint64_t bytes, last_ns;
	uint32_t packets[3]; /* null, XDP generic, XDP native */
	uint32_t base_packets, ext_max, base_seq;
	uint32_t bad_seq; /* > 0xffff: none */
	uint32_t jitter, transit, reordered, lost_before;
	uint32_t running;
};

struct policy_1 {
	struct tandem_ip signalling, prev;
	uint64_t moved_ns;
	uint16_t prev_port;
	uint8_t tos, reserved;
	uint32_t arm, hop_media, hop_signalling, refused;
};

/* `in` had nothing where the payload type of telephone-events is now; `out` was the same. */
struct slot_1 {
	struct tandem_in in;
	struct tandem_out out;
	struct stats_1 stats;
	struct policy_1 policy;
};
_Static_assert(sizeof(struct slot_1) == LAYOUT_SLOT, "slots had the same size");

#define HOPS_1 16384u /* next hops there were */

/* --- all --- */

/* Whether tables of this version can be taken over. */
bool layout_known(uint32_t version);
/* A slot of version `version` as one of today's. */
void layout_slot(uint32_t version, const void *old, struct tandem_slot *ret);
