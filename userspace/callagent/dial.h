/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Joins a call and its plan: each attempt of the plan becomes legs of the call, their outcomes go back to it. */
#pragma once
#include "callagent/agent.h"
#include "callagent/plan.h"

/* The number that `uri` in a request calls, as the routing has numbers. -ENOSPC. */
int dial_called(const struct source *from, const struct sip_msg *req, const struct sip_uri *uri, char *out, size_t size);
/* Who calls, as the routing has numbers; "": it has none. */
void dial_caller(const struct source *from, const struct sip_msg *req, struct shown *caller);
/* The call's plan is what the routing says of the request that began it, or of `e`, the emergency call that it is (NULL: it is none). 0 or negative errno:
 * the number is no number, memory is out. */
int dial(struct agent *a, struct call *c, const struct sip_msg *req, const struct source *from, const struct emergency *e);
/* The same for a call that comes from a line (from->line), to `called`, as the routing has numbers; `diversions`: who has passed it on; NULL: nobody. */
int dial_line(struct agent *a, struct call *c, const struct source *from, const char *called, const struct shown *caller, const struct diversions *diversions,
	      const struct emergency *e);
/* The plan of a transfer that `from` asks for: attempts become legs that may come into the call in its place and see the one who stays as their caller.
 * -ENOENT, -ENOSPC: it leads nowhere, as core_status_of() knows them; -ENOMEM. */
int dial_transfer(struct call_plan *ret, struct agent *a, struct call *c, const struct source *from, const struct leg_transfer *t, const struct shown *stays);
/* Where a request to `uri` goes that makes no call: the targets of all attempts there would be, each with its rank. How many; none: *status is what the
 * sender is told. */
unsigned dial_targets(struct agent *a, const struct sip_msg *req, const struct sip_uri *uri, const struct source *from, struct target *out, unsigned max,
		      unsigned *status);
/* What the plans of this agent are made with; `dry`: for a look only. */
struct plan_params dial_plan_params(struct agent *a, bool dry);
