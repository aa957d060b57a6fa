/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Our addresses and their media ports, and so what the slots' indices mean. */
#pragma once
#include "net/addr.h"
#include "tandem/flow.h"
#include <jansson.h>

struct ranges {
	struct addr ip[TANDEM_MAX_LOCALS];
	struct tandem_local ports[TANDEM_MAX_LOCALS];
	unsigned n;
	uint32_t n_slots;
};

/* [{"ip","min","max"}]: 0 or -EINVAL. */
int ranges_read(struct ranges *r, const json_t *locals);
/* A number that differs when the indices mean something else. */
uint32_t ranges_fingerprint(const struct ranges *r);
/* The range that has this slot, or NULL. */
const struct tandem_local *ranges_of_slot(const struct ranges *r, uint32_t slot);
/* The slot that is in `to` what `slot` is in `r`, or TANDEM_NONE. */
uint32_t ranges_translate(const struct ranges *r, const struct ranges *to, uint32_t slot);
