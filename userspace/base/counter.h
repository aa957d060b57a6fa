/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counters are data: a module has one table of them, and the control socket, the command line, SNMP and the page show
 * every table that is registered without code of their own.
 *
 *     enum { CNT_RX, CNT_TX, CNT_MAX };
 *     static const struct counter_def defs[CNT_MAX] = { [CNT_RX] = {"rx", "messages received"}, ... };
 *     static uint64_t values[CNT_MAX];
 *     static struct counter_group group = COUNTER_GROUP("sip", defs, values);
 *     counter_register(&group);   values[CNT_RX]++;
 */
#pragma once
#include "base/list.h"
#include <jansson.h>
#include <stdint.h>

struct counter_def {
	const char *name; /* lower case with dashes, unique in its group */
	const char *help;
};

struct counter_group {
	struct link link;
	const char *name;
	const struct counter_def *defs;
	uint64_t *values;
	unsigned count;
	/* Called before the values are shown, to fetch those that live elsewhere (kernel maps); may be NULL. */
	void (*refresh)(struct counter_group *g);
};

#define COUNTER_GROUP(group_name, table, vals) \
	{.name = (group_name), .defs = (table), .values = (vals), .count = sizeof(table) / sizeof((table)[0])}

/* The group stays the caller's; registering twice does nothing. */
void counter_register(struct counter_group *g);
void counter_unregister(struct counter_group *g);
/* [{"group":..,"name":..,"value":..,"help":..}, ...]; a new reference, NULL when memory is out. */
json_t *counter_json(void);
