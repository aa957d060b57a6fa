/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Telling the kernel module what to relay (tandem/netlink.h): what needs CAP_NET_ADMIN, and so runs where the other privileged work does. */
#pragma once
#include "base/buf.h"
#include "net/addr.h"
#include "tandem/flow.h"
#include <jansson.h>

/* A slot table and what it stands for. */
struct module_table {
	int fd; /* of the BPF array */
	const struct addr *locals;
	const struct tandem_local *ranges;
	unsigned n;
};

/* Has the module relay by this table, in the place of the one before. 0, -ENOENT when no module is loaded, or the module's error with its
 * words in `why`. Loads nothing. */
int module_attach(const struct module_table *t, struct buf *why);
/* The same, but only where the module is relaying by some table already; 0 too when it is not. */
int module_replace(const struct module_table *t, struct buf *why);
/* Has the module relay nothing, if it relays by the table of this BPF map id. */
int module_detach(uint32_t map_id, struct buf *why);

/* A descriptor of the slot table with this map id and so many slots, out of those pinned below `dir` (may be NULL); by its id alone where
 * it is not pinned, which needs CAP_SYS_ADMIN. Negative errno. */
int module_slots(const char *dir, uint32_t map_id, uint32_t n_slots);
