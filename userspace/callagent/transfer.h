/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Transfers as the configuration has them: who may ask for one, and where it leads. */
#pragma once
#include "callagent/agent.h"

/* Fills in what struct calls asks of transfers. */
void transfer_open(struct agent *a);
/* An INVITE with Replaces, from a known source. */
void transfer_replaces(struct agent *a, struct sip_strans *st, const struct sip_msg *req, const struct source *from);
