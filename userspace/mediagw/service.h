/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The whole gateway in and out of service (RFC 3435 4.4.5), as an operator wants it: kept until said otherwise. */
#pragma once
#include "mediagw/rsip.h"

/* After a start, as rsip_begin(), unless the operator had taken it out of service. */
void service_begin(struct gateway *gw, enum mgcp_restart_method m);
/* MGCP_RESTART, MGCP_FORCED, MGCP_GRACEFUL (without a delay: with the last connection) or MGCP_CANCEL_GRACEFUL. `delay_s` is of graceful
 * and restart. 0, or -EALREADY when there is nothing to change. */
int service_set(struct gateway *gw, enum mgcp_restart_method m, uint32_t delay_s);
/* A connection has ended: the last one ends a graceful service without delay. */
void service_connection_gone(struct gateway *gw);
/* The delay of graceful is over. */
void service_ended(struct gateway *gw);
