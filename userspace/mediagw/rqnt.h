/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Notification requests (RFC 3435 2.3.3), alone or inside another command. */
#pragma once
#include "mediagw/gateway.h"

struct request {
	bool given;             /* there is a request identifier */
	struct slice id, events;
	struct addr notified;
	struct slice notified_text;
};

/* Reads and checks, without changing anything: 0, or the response code and *why. */
unsigned request_parse(struct request *ret, const struct mgcp_msg *cmd, const char **why);
/* Makes it the endpoint's: 0, -ENOMEM. `current` is what "@$" stands for from now on, or NULL. */
int request_apply(struct endpoint *e, const struct request *r, const struct conn *current);
/* The time-out in seconds that an R: list asks for on that connection; 0: none. */
uint32_t request_rto(struct slice events, struct slice conn_id);
/* A telephone-event began on a connection: notified where the endpoint's request asks for it. */
void request_digit(const struct conn *c, uint32_t code);
/* Sends NTFY for one observed event ("r/rto@1f2e(60)"). */
void notify(struct endpoint *e, const char *observed);
