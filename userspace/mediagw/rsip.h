/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Restart procedures (RFC 3435 4.4.6, 4.4.7): the call agent hears of our start before anything else. */
#pragma once
#include "mediagw/gateway.h"

enum rsip_method { RSIP_RESTART, RSIP_DISCONNECTED, RSIP_FORCED, RSIP_GRACEFUL };

struct rsip; /* of one gateway */

int rsip_new(struct rsip **ret, struct gateway *gw);
/* Starts the procedure; RESTART waits a random part of `max_wait_ms` first. */
void rsip_start(struct rsip *r, enum rsip_method m, uint32_t max_wait_ms);
/* A command came: what is still waiting goes out before its answer. */
void rsip_command_seen(struct rsip *r);
/* A command of ours was not answered: the gateway is disconnected (4.4.7) and tells so until somebody answers. */
void rsip_lost(struct rsip *r);
void rsip_answered(struct rsip *r);
/* Tells that everything goes out of service and calls `done` when that was answered, or after `wait_ms`. */
void rsip_forced(struct rsip *r, uint32_t wait_ms, void (*done)(void *arg), void *arg);
/* For AUEP: the method's name now, "restart" in normal operation. */
const char *rsip_method_name(const struct rsip *r);
