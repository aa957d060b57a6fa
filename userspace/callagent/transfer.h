/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Transfers as the configuration has them: who may ask for one, and where it leads. */
#pragma once
#include "callagent/agent.h"

/* Fills in what struct calls asks of transfers. */
void transfer_open(struct agent *a);
/* Whether who sends this may have others transfer calls, or make them. */
bool transfer_allowed(const struct agent *a, const struct source *from, const struct user *user);
/* A REFER outside of dialogs, from a known source: one with Target-Dialog (RFC 4538) that names a dialog of that source's is as one within, of another's
 * is refused. False: it is about no dialog of ours. */
bool transfer_refer(struct agent *a, struct sip_strans *st, const struct sip_msg *req, const struct source *from);
/* An INVITE with Replaces, from a known source. */
void transfer_replaces(struct agent *a, struct sip_strans *st, const struct sip_msg *req, const struct source *from);
