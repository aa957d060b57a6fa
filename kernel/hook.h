/* SPDX-License-Identifier: GPL-2.0-only */
/* The module in a network namespace: which table is attached there, and the netfilter hooks while one is. */
#ifndef TANDEM_HOOK_H
#define TANDEM_HOOK_H

#include <linux/netfilter.h>

#include "table.h"

#define TANDEM_HOOKS 2 /* one a family */

struct tandem_net {
	struct tandem_table __rcu *table; /* written by genetlink's commands, one at a time, and when the namespace ends */
	struct net *net;
	struct nf_hook_ops hooks[TANDEM_HOOKS];
	struct tandem_table *last; /* what was attached when the namespace began to end */
};

/* Of any namespace, while the module is registered. */
struct tandem_net *tandem_net_of(const struct net *net);

void tandem_net_init(struct tandem_net *tn, struct net *net);

/*
 * Relays by `t`, whose reference it takes over on success, instead of the table before it: no
 * packet finds none.
 */
int tandem_net_attach(struct tandem_net *tn, struct tandem_table *t);

/* Relays nothing any more. Returns the table that was attached, or NULL: to be put a grace period later. */
struct tandem_table *tandem_net_detach(struct tandem_net *tn);

#endif
