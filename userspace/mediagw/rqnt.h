/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Notification requests (RFC 3435 2.3.3), alone or inside another command. */
#pragma once
#include "mediagw/gateway.h"
#include "mgcp/request.h"

struct request {
	struct mgcp_rqnt *rqnt; /* NULL: there is no request identifier, and so no request */
	struct slice notified;  /* N:, absent: as it was */
};

/* Reads and checks what a command asks of `e`, without changing anything: 0, or the response code and *why. `current` is what "@$" stands
 * for, or NULL. What was read is ended by request_drop(). */
unsigned request_parse(struct request *ret, const struct endpoint *e, const struct mgcp_msg *cmd, const struct conn *current, const char **why);
void request_drop(struct request *r);
/* Makes it the endpoint's: 0, or the response code and *why with nothing changed. */
unsigned request_apply(struct endpoint *e, const struct request *r, const char **why);
/* What an earlier process was asked for, and how its line was: 0, -EINVAL, -EBADMSG or -ENOMEM. */
int request_restore(struct endpoint *e, struct slice notified, struct slice state, struct slice record);
/* The time-out in seconds of R/rto in the parameters of a request: 0 and *ret, or -EINVAL. */
int request_rto(struct slice params, uint32_t *ret);
