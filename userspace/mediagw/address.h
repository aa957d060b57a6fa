/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The named local addresses of the configuration, as the media gateway uses them: where ports are taken, what goes into session
 * descriptions, and how packets are marked. */
#pragma once
#include "config/schema.h"
#include "fastpath/fastpath.h"
#include "mediagw/port.h"

enum family { FAMILY_V4, FAMILY_V6, FAMILIES };

struct address {
	char *name;
	struct addr local[FAMILIES];  /* unset: this address has none of that family */
	struct addr public[FAMILIES]; /* what peers outside local_networks are told; unset: local */
	struct ports *ports[FAMILIES];
	uint16_t port_min, port_max;
	uint8_t dscp;                 /* voice, unless a command says otherwise */
	enum fp_want engine;          /* that may relay what arrives here, unless the operator has said otherwise of the stream */
	bool exhausted[FAMILIES];     /* the alarm is on */
	struct prefix nets[CONFIG_MAX_NETS]; /* local networks */
	unsigned n_nets;
};

struct addresses {
	struct address *list;
	unsigned n;
};

/* From the resolved `address` sections; copies what it needs. mem_deref() frees it. -EINVAL, -ENOMEM with a line in *why. */
int addresses_new(struct addresses **ret, const struct config_address *list, unsigned n, struct buf *why);
/* By name; an empty name is the first. NULL when there is none. */
struct address *address_find(const struct addresses *all, struct slice name);
/* What `peer` is told as our address of that family. */
const struct addr *address_for(const struct address *a, enum family f, const struct addr *peer);
/* Fills one fp_local per address and family; returns how many. */
unsigned addresses_locals(const struct addresses *all, struct fp_local *out, unsigned max);
uint32_t addresses_pairs(const struct addresses *all);

static inline enum family family_of(const struct addr *a)
{
	return a->family == AF_INET6 ? FAMILY_V6 : FAMILY_V4;
}
