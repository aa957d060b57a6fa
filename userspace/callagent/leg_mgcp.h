/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The kind of leg that talks over a line or telephone that is driven by MGCP. Several of a telephone share its one connection: whoever is heard has it,
 * the others are on hold; in a three-way call two are heard, each over a connection of its own. */
#pragma once
#include "callagent/leg.h"
#include "callagent/leg_call.h"

struct mgcp_line;
struct mgcp_lines;

/* What the connection's next state is waited for with. */
enum mgcp_wait {
	MGCP_WAIT_NOTHING,
	MGCP_WAIT_CALL,      /* the line's own call begins */
	MGCP_WAIT_RING,      /* the call to it */
	MGCP_WAIT_ANSWER,    /* it has answered */
	MGCP_WAIT_REOFFERED, /* the other party's description is to be answered */
	MGCP_WAIT_CONFIRM,   /* the answer to the line's own call is taken */
	MGCP_WAIT_JOIN,      /* it is to hear the line's other party, too */
};

/* Held by the line and by the call. */
struct mgcp_leg {
	struct leg leg;
	struct mgcp_line *line; /* NULL: it has left it */
	struct shown shown;     /* who calls the line, as the routing has it */
	char number[128], display[128]; /* the other party, as the line is shown it */
	char called[128];       /* what the line is to dial; or has dialled */
	char address[64];       /* of its party */
	char ring[4];           /* the ringing signal asked for, such as "r2"; empty: none */
	struct sdp *theirs;     /* what the other party described last; NULL: nothing */
	bool hidden;            /* who it is, is not to be shown */
	bool answered;
	bool kept, told_kept;   /* on hold here; and the other party has been told */
	bool asking;            /* a re-offer of ours is under way */
	struct mgcp_leg *joined; /* its user gave both places away: this one goes if that fails; NULL */
	enum mgcp_wait wait;
	unsigned status, cause; /* its end, when `soon` is over: it may not come from inside a verb */
	struct timer soon;
};

/* A leg for a call of the line's own: it is given to line_call(). NULL: out of memory. */
struct mgcp_leg *leg_mgcp_new(struct mgcp_line *l, enum side side);
/* A leg_make_fn: of a target that is a line. -EHOSTUNREACH: it is not in service. */
int leg_mgcp_outgoing(struct leg **ret, struct agent *a, const struct leg_call *how);
/* The restore function of the kind "mgcp"; `arg` is a struct mgcp_lines. */
int leg_mgcp_restore(struct leg **ret, enum side side, const char *target, struct slice record, void *arg);
/* The connection is as it was wanted (0), or not: what it waits for happens. */
void leg_mgcp_go_on(struct mgcp_leg *g, int err);
/* Puts it on hold, or takes it back; the other party is told. */
void leg_mgcp_keep(struct mgcp_leg *g, bool kept);
/* It is over, not by its user: the call and the line hear of it. */
void leg_mgcp_end(struct mgcp_leg *g, unsigned status, unsigned cause);
/* It has left the line: the call hears of it at once. */
void leg_mgcp_over(struct mgcp_leg *g, unsigned status, unsigned cause);
/* The user of both hangs up: their parties are to talk to each other (RFC 5589). False: they cannot. */
bool leg_mgcp_join(struct mgcp_leg *from, struct mgcp_leg *to);
/* The description of the line for its party. */
int leg_mgcp_describe(struct mgcp_leg *g, struct buf *out);
