/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What notified entities hear of single channels going out of service and coming back: RSIP (RFC 3435 2.3.12, 4.4.5), one for all channels of a span where
 * that says it. Of the gateway as a whole rsip.h tells; until that is known nothing is told here. */
#pragma once
#include "mediagw/line.h"
#include "mgcp/restart.h"

/* Something may have changed: what is new is told at the end of this turn of the loop. */
void line_service_changed(struct gateway *gw);
/* That entity has heard that all its endpoints are in service. */
void line_service_fresh(struct gateway *gw, const struct notified *n);
/* What AUEP tells of the line: its method, with the reason; MGCP_RESTART when it is in service. */
enum mgcp_restart_method line_service_audit(const struct line *l, unsigned *reason);
