/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A call that comes from a telephone line, of whatever kind: what core.c does for an INVITE. */
#pragma once
#include "callagent/agent.h"
#include "callagent/plan.h"

/* What the line tells; borrowed. */
struct line_call {
	struct tel_line *line;
	const char *called;           /* as the routing has numbers; so far */
	bool overlap;                 /* more of it may be dialled, which call_on_digits() tells */
	const struct shown *caller;
	const struct diversions *diversions; /* who has passed the call on already; NULL: nobody */
};

/* Whether it is a call for help, or a test of one. */
bool line_call_is_emergency(const struct agent *a, struct tel_line *l, const char *called);
/* Whether it may become one when more digits come. */
bool line_call_may_be_emergency(const struct agent *a, struct tel_line *l, const char *digits);
/* Why the line's calls are not taken now: false, and what its party is told. Calls for help always are. */
bool line_call_admitted(struct agent *a, struct tel_line *l, const char *called, struct leg_news *refusal);
/* A call that was not admitted has its record, too; `id` names it on the line. */
void line_call_refused(struct agent *a, const struct line_call *how, const char *id, const struct leg_news *refusal);
/* Whether `called` is a whole number: no other number of the routing begins like it, as far as it lists them (RFC 3578 3.1). */
bool line_call_is_complete(struct agent *a, const struct source *from, const char *called);
/* Whether the call may begin with what there is of the number: wherever that leads however it goes on, the rest is taken as it is dialled. Where limits
 * against fraud are configured the whole number is needed. */
bool line_call_goes_on(struct agent *a, const struct query *q);
/* Makes the call of `l`, the caller's leg, which it adopts; nobody is called before line_call_start(), and call_end() may end it before. */
int line_call_new(struct call **ret, struct agent *a, struct leg *l, const struct line_call *how);
/* Its called number is complete and its leg has media: `sdp` is the leg's description. Its end, maybe at once, comes as the leg's release verb. */
void line_call_start(struct call *c, struct agent *a, const struct line_call *how, struct slice sdp);
