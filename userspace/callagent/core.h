/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The user agent core (RFC 3261 8.2, 10.3, 11.2, 13.3): requests outside dialogs. */
#pragma once
#include "callagent/agent.h"

/* sip_stack_params.on_request; arg is the agent. */
void core_on_request(void *arg, struct sip_strans *st, const struct sip_msg *req);
