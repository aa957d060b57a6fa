/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether a trunk's peers are there: OPTIONS to each now and then (RFC 3261 11). */
#pragma once
#include "routing/trunk.h"

struct trunk_probe; /* mem_deref() ends it */

/* Probes the peers of `t`, which outlives it, if its configuration says so; *ret is NULL if not. `later_ms`: so much later than the
 * first one of many. -ENOMEM. */
int trunk_probe_new(struct trunk_probe **ret, struct sip_stack *stack, struct trunk *t, uint32_t later_ms);
/* Whether `p` (NULL: there is none) goes on for `now`, the same trunk after a reload, from here on. */
bool trunk_probe_continues(struct trunk_probe *p, struct trunk *now);
