/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A hunt group: several who may take a call, and in which order they ring. */
#pragma once
#include "base/conf.h"
#include "base/hash.h"
#include "config/target.h"
#include <stdint.h>

/* The choices of hunt.strategy, in their order. */
enum hunt_strategy { HUNT_ALL, HUNT_SEQUENCE, HUNT_ROUND_ROBIN, HUNT_LEAST_RECENT };

struct hunt {
	struct hash_link by_name;
	const char *name;
	const struct conf_part *conf;
	enum hunt_strategy strategy;
	const char *member[HUNT_MEMBERS]; /* users, or numbers for the routing */
	uint64_t rang_at[HUNT_MEMBERS];   /* as which of the group's rings it rang last; 0: never */
	uint64_t rings;
	unsigned n, next;
	uint32_t ring_ms; /* of each one in turn, or of all */
};

void hunt_load(struct hunt *h, const struct conf_part *part);
/* Members in the order they ring, as indexes: how many. A `dry` look moves nothing on. */
unsigned hunt_order(struct hunt *h, bool dry, unsigned order[HUNT_MEMBERS]);
/* That member rings now. */
void hunt_rings(struct hunt *h, unsigned member);
