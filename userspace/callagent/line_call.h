/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A call that comes from a telephone line, of whatever kind: what core.c does for an INVITE. */
#pragma once
#include "callagent/agent.h"
#include "callagent/plan.h"

/* What the line tells; borrowed until line_call() returns. */
struct line_call {
	struct tel_line *line;
	const char *called;           /* as the routing has numbers */
	const struct shown *caller;
	const struct diversions *diversions; /* who has passed the call on already; NULL: nobody */
};

/* Why the line's calls are not taken now: false, and what its party is told. */
bool line_call_admitted(struct agent *a, struct tel_line *l, struct leg_news *refusal);
/* Makes the call of `l`, the caller's leg, which it adopts, and starts it with the leg's description. Its end, maybe at once, comes as the leg's
 * release verb. Negative errno: it was not adopted. */
int line_call(struct agent *a, struct leg *l, const struct line_call *how, struct slice sdp);
