/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Roles: which core takes a request (back-to-back user agent, proxy, redirect server), by the domain it is for, else by the address it came
 * to; and what the proxy in userspace/proxy asks of users, trunks and routes. */
#pragma once
#include "routing/route.h"
#include "proxy/proxy.h"

struct agent;

enum role { ROLE_B2BUA, ROLE_PROXY, ROLE_STATELESS, ROLE_REDIRECT };

struct role_table; /* reference-counted, immutable: a reload makes another */

struct roles {
	struct proxy *proxy;
	struct role_table *table;
	struct source from; /* who sent the request that is being forwarded, set when it was admitted */
	bool known;         /* and whether that is known */
	bool record_route, recorded; /* of section proxy */
	uint32_t first_ms;  /* sip.first-response */
};

int role_table_new(struct role_table **ret, const struct conf *conf);
int roles_open(struct agent *a, struct buf *why);
/* Takes over `table` and the options of a->conf. */
void roles_reload(struct agent *a, struct role_table *table);
void roles_close(struct agent *a);

/* Callbacks of the stack; `arg` is the agent. */
enum sip_core roles_core(void *arg, const struct sip_listener *l, const struct sip_msg *req);
void roles_on_proxy(void *arg, struct sip_strans *st, const struct sip_msg *req);
bool roles_on_stateless(void *arg, const struct sip_listener *l, const struct sip_msg *m);
