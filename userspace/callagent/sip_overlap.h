/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Calls of SIP peers whose numbers come in parts, an INVITE for each (RFC 3578 3, RFC 4497 8.3.9): of sources with `overlap`. */
#pragma once
#include "callagent/agent.h"

/* A further INVITE of a call that is not answered goes on with it, or ends it to take its place. Or the number leads nowhere yet: 484. True: it has been answered,
 * or is that call's now; false: it begins a call. */
bool sip_overlap_takes(struct agent *a, struct sip_strans *st, const struct sip_msg *req, const struct source *from);
/* An INVITE for help ends the call of what its caller had dialled of that number before. */
void sip_overlap_gives_way(const struct sip_strans *st, const struct sip_msg *req, const struct source *from);
/* Whether the call that an INVITE begins is one whose number may go on. */
bool sip_overlap_begins(struct agent *a, const struct sip_msg *req, const struct source *from);
