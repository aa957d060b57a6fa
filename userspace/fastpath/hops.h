/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Inside the next hops: hop.c follows routes, neighbours and links; sweep.c knows which entries are still used and which indices are free. */
#pragma once
#include "fastpath/neighbour.h"
#include "fastpath/private.h"
#include "base/timer.h"

#define LINKS_MAX 64

struct entry {
	struct hash_link link;
	struct tandem_ip ip;
	uint32_t index;
	uint32_t mark; /* the sweep that saw it in use last */
	/* What the route says. */
	int ifindex;
	uint16_t state, vlan, mtu; /* state: as if the neighbour were known */
	uint32_t device;
	uint8_t smac[6];
	struct neighbour *via; /* NULL unless state needs one */
	struct link at_via;
	struct link at_narrow; /* the path takes less than the interface, for as long as the kernel remembers so */
};

struct known_link {
	int ifindex;
	bool exists;
	struct rtnl_link link;
};

struct fp_hops {
	struct fastpath *fp;
	struct tandem_hop *table;
	struct fp_device devices[TANDEM_MAX_DEVICES];
	unsigned n_devices;
	int vrf; /* that XDP serves, 0: none */
	struct rtnl *rtnl;
	struct neighbours *neighbours;
	struct hash by_ip;
	struct entry **by_index;
	uint32_t *unused, n_unused; /* a stack of indices */
	struct list narrow;
	struct timer widen;
	/* The round through all entries: next index, and how many to go. */
	uint32_t at, left;
	struct timer round;
	uint64_t rest_ms; /* until then nothing that takes long is done */
	struct known_link links[LINKS_MAX]; /* since the last change */
	unsigned n_links;
	/* sweep.c: */
	uint32_t sweep;     /* number of the present or last sweep */
	uint32_t sweep_at;  /* number of entries at which the next one begins */
	uint32_t slot, swept; /* how far it is: slots looked at, then indices */
	bool sweeping;
	struct timer sweep_timer;
	uint32_t recent[2]; /* handed out last: their slots may not be written yet */
	uint64_t full_ms;   /* when the table was last found full of what is used */
};

/* hop.c: whether enough of the loop has been had for now. Timers that are late run one right after the other, as often as they would have
 * run in the meantime: what restarts itself would keep the loop from everything else. */
bool hops_rest(struct fp_hops *h);
/* Something that took long is done. */
void hops_worked(struct fp_hops *h);
void hop_entry_drop(struct fp_hops *h, struct entry *e);

/* sweep.c: sweeps to its end at once; what for is a full table. */
void hops_sweep_now(struct fp_hops *h);
/* An entry was added: begins a sweep when they have doubled since the last one. */
void hops_grown(struct fp_hops *h);
/* Keeps an entry from the sweep that is on its way. */
uint32_t hops_hand_out(struct fp_hops *h, struct entry *e);
