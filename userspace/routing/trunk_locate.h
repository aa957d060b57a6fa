/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The peers of a trunk that is named by a domain: what DNS says of it (RFC 3263), asked again as time passes. */
#pragma once
#include "routing/trunk.h"
#include "sip/stack.h"

struct trunk_locate; /* mem_deref() ends it */

/* Looks for the peers of `t`, which outlives it, if its configuration names a domain and no peers; *ret is NULL if not. -ENOMEM. */
int trunk_locate_new(struct trunk_locate **ret, struct sip_stack *stack, struct sip_locator *locator, struct trunk *t);
/* Whether `l` (NULL: there is none) goes on for `now`, the same trunk after a reload, from here on. */
bool trunk_locate_continues(struct trunk_locate *l, struct trunk *now);
