/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A group of trunks: in which order they are tried for one call. */
#pragma once
#include "routing/trunk.h"
#include "config/target.h"

/* The choices of group.strategy, in their order. */
enum group_strategy { GROUP_ORDER, GROUP_WEIGHT, GROUP_ROUND_ROBIN, GROUP_LEAST_LOADED };

struct group {
	struct hash_link by_name;
	const char *name;
	enum group_strategy strategy;
	struct group_member member[GROUP_MEMBERS];
	unsigned n, next;
};

void group_load(struct group *g, const struct conf_part *part);
/* Members in the order they are to be tried, as indexes: how many. `random` gives a number below its argument. A `dry` look moves nothing on. */
unsigned group_order(struct group *g, const struct lines *lines, uint32_t (*random)(uint32_t below), bool dry, unsigned order[GROUP_MEMBERS]);
