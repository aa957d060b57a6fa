/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RestartInProgress (RFC 3435 2.3.12, 4.4.5 to 4.4.7): what the notified entity has to know of the service of its endpoints. */
#pragma once
#include "mediagw/notified.h"
#include "mgcp/restart.h"

struct rsip; /* of one notified entity; dies with it */

int rsip_new(struct rsip **ret, struct notified *n);
/* Whether that entity knows of the service of its endpoints. */
bool rsip_is_connected(const struct notified *n);
/* A command of ours was not answered in all its time: the endpoints are disconnected. */
void rsip_lost(struct rsip *r);

/* Whether the notified entity may hear of events: it knows of the service. If not it is told of that, as often as is allowed (4.4.7). */
bool rsip_ready(struct rsip *r);

/* After a start: MGCP_RESTART, or MGCP_DISCONNECTED when connections were taken over. */
void rsip_begin(struct gateway *gw, enum mgcp_restart_method m);
/* Whether a command is executed: 0, or 501. Before it is answered, what waits to be told goes out, also to where the command came from. */
unsigned rsip_command(struct gateway *gw, const struct endpoint *e, const struct addr *src, bool audit);
/* An answer goes to `src` once more: what is not known there yet goes with it. */
void rsip_repeated(struct gateway *gw, const struct addr *src);
/* The service of the whole gateway has changed: all who have to be told are. `delay_s` is of graceful and restart. */
void rsip_tell(struct gateway *gw, enum mgcp_restart_method m, uint32_t delay_s);
/* Tells that everything goes out of service and calls `done` when all have answered, or after `wait_ms`. */
void rsip_shutdown(struct gateway *gw, uint32_t wait_ms, void (*done)(void *arg), void *arg);
/* For AUEP: RM, and RD in seconds; E: the reason code that was told last. */
enum mgcp_restart_method rsip_audit(const struct gateway *gw, const struct endpoint *e, uint32_t *delay_s, unsigned *reason);
/* [{"entity","address","state","method","delay_s","endpoints","waiting"}]: whom endpoints have. A new reference. */
json_t *rsip_json(const struct gateway *gw);
