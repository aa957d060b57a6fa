/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Trunks by what is asked for when a message comes: name, login, the address it comes from. Each look-up takes the same time however many there are. */
#pragma once
#include "base/hash.h"
#include "routing/trunk.h"

/* An address, or a network, that a trunk's requests come from. Of several trunks at the same one the first of the configuration is in the table,
 * with the others behind it. */
struct trunk_place {
	struct hash_link by_key;
	struct link same;
	struct trunk *trunk;
	struct addr addr; /* masked; port 0: any */
	unsigned bits;    /* of the address that count */
	bool placed, head; /* somewhere; in the table */
};

struct trunk_index;

int trunk_index_new(struct trunk_index **ret); /* freed with mem_deref(), when it is empty; -ENOMEM */
/* A trunk that is in no index, behind all others: at the places of its peers and networks. */
void trunk_index_add(struct trunk_index *x, struct trunk *t);
void trunk_index_remove(struct trunk *t);
/* Its peers have changed. */
void trunk_index_move(struct trunk *t);
/* How many places a trunk with so many peers and networks has. */
unsigned trunk_index_places(unsigned peers, unsigned networks);

struct trunk *trunk_index_name(const struct trunk_index *x, struct slice name);
struct trunk *trunk_index_login(const struct trunk_index *x, struct slice user);
/* Address and port first, then the address, then the longest of the networks. */
struct trunk *trunk_index_address(const struct trunk_index *x, const struct addr *src, bool *exact);
