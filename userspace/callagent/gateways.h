/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The media gateways of the configuration, on one MGCP socket. */
#pragma once
#include "base/conf.h"
#include "base/store.h"
#include "base/timer.h"
#include "mgcp/agent.h"
#include "net/dns.h"

#define GATEWAYS_MAX      256
#define GATEWAY_NETWORKS 8

#define GATEWAY_OWN "local" /* the name of the one of this box when none is configured */

struct gateways_params {
	struct store *store; /* keeps where gateways were found, in `table`; NULL: nobody does */
	unsigned table;
	struct {
		void (*fn)(void *arg, bool sent, const struct addr *peer, struct slice text);
		void *arg;
	} trace;
};

struct gateways {
	struct mgcp_peer *peer;
	struct mgcp_gw *gw[GATEWAYS_MAX];
	struct prefix networks[GATEWAYS_MAX][GATEWAY_NETWORKS]; /* where those may be that have no address of their own */
	unsigned n_networks[GATEWAYS_MAX];
	char *place[GATEWAYS_MAX]; /* under which name it is kept where they were found; NULL: it has an address of its own */
	unsigned n, next;
	struct mgcp_gw *lines_only; /* this box's, while another one has the packet relays; NULL */
	struct list named; /* those whose addresses are names (gateway_names.c) */
	struct dns *dns;   /* borrowed, once there is one */
	struct timer audit;
	uint64_t audit_ms, t_max_ms;
	struct gateways_params p;
};

/* Opens the agent's socket (taken from the keeper when it has it). */
int gateways_open(struct gateways *g, const struct conf *conf, const struct gateways_params *p, struct buf *why);
/* From now on names have addresses. */
void gateways_resolve(struct gateways *g, struct dns *dns);
/* Asks every gateway what it has: what no call knows is deleted there. */
void gateways_resync(struct gateways *g);
/* NULL: none has that name. */
struct mgcp_gw *gateways_find(const struct gateways *g, struct slice name);
/* The one of lines that name none: this box's, or the first with packet relays, which stands for it. */
struct mgcp_gw *gateways_own(const struct gateways *g);
void gateways_close(struct gateways *g);
/* gateway_names.c: "gw.example.net:2427" is where it is; 0, -EINVAL: that is no name, -ENOMEM. */
int gateway_named(struct gateways *g, struct mgcp_gw *gw, const char *address);
/* It is asked for where the gateways are that do not answer. */
void gateway_names_ask(struct gateways *g);
void gateway_names_close(struct gateways *g);
/* gateway_places.c: gateway `i`, whose address is a name or not known, was found there before; unset when it was not, or its section has changed. 0 or
 * -ENOMEM. */
int gateway_place_find(struct gateways *g, unsigned i, const char *name, const char *address, struct addr *ret);
void gateway_place_keep(struct gateways *g, const struct mgcp_gw *gw);
/* Those that no section asks for any more are forgotten. */
int gateway_places_clean(struct gateways *g);
/* One with packet relays that works, in turn; one not heard of yet when there is none; NULL: all are down. */
struct mgcp_gw *gateways_pick(struct gateways *g);
/* Tells the alarm list whether a gateway could serve a call: `err` as of media_done_fn. */
void gateways_served(struct mgcp_gw *gw, int err, unsigned code);
