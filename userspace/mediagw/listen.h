/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The MGCP socket: where tandem-mg listens, and whom to. Commands have no authentication (RFC 3435 section 5): only this machine, the
 * networks that the configuration lists, and the notified entities, which an operator or one of those named, are heard. */
#pragma once
#include "base/conf.h"
#include "mediagw/gateway.h"

#define LISTEN_NETWORKS 32

#define LISTEN_FD "mgcp" /* what is held for a process that takes over from one that was killed */

struct listen {
	struct gateway *gw;
	struct mgcp_peer *peer;
	struct prefix networks[LISTEN_NETWORKS];
	unsigned n_networks;
	bool adopted; /* the socket is an earlier process' own */
};

/* `l` stays where it is. 0, or negative errno with `why`. */
int listen_open(struct listen *l, struct gateway *gw, const struct conf *conf, struct buf *why);
/* It ends by itself, and its calls with it: nothing is held for the next process, which begins anew (RSIP restart, spans set up). */
void listen_retire(void);
void listen_close(struct listen *l);
/* The networks of a configuration. */
void listen_reload(struct listen *l, const struct conf *conf);
/* Whether a datagram from there is looked at. */
bool listen_allowed(const struct listen *l, const struct addr *src);
