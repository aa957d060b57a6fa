/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a leg to somebody is made of, whatever its kind. */
#pragma once
#include "callagent/plan.h"

struct leg;
struct agent;

struct leg_call {
	const struct target *target;
	const struct shown *caller; /* its display empty: the one he sent */
	const char *sent; /* the number that the caller sent, unescaped; NULL: that one */
	const struct diversions *diversions;
	struct header_table *table; /* of the route taken; NULL */
	uint32_t max_forwards;      /* of the request to be sent */
	uint64_t ring_ms;
	struct slice headers;       /* further lines of the INVITE; empty: none */
};

/* Makes a leg to a target of one kind; nothing is sent before its offer verb. */
typedef int (*leg_make_fn)(struct leg **ret, struct agent *a, const struct leg_call *how);
