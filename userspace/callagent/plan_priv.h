/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of a plan share: plan.c (steps in order), plan_step.c (a step by its kind), forward.c (who passes calls on). */
#pragma once
#include "base/mem.h"
#include "cdr/cdr.h"
#include "callagent/emergency_call.h"
#include "callagent/plan.h"
#include "sip/enum.h"
#include <errno.h>

/* The caller as one rule shows him; shared by the steps of that rule. */
struct plan_view { /* reference-counted */
	struct shown shown;
	const struct rule *rule; /* NULL: none was needed */
};

/* Something still to be tried. */
struct plan_step {
	struct link link;
	enum dest_kind kind;
	char name[128];       /* of whom, or the number */
	char number[128];     /* the called number */
	struct plan_view *view;
	unsigned status, cause; /* of a block */
	struct trunk_peer peer; /* of a trunk: this one alone */
	bool one_peer;
	uint32_t answer_ms;   /* 0: the target's own */
	char *uri;            /* of DEST_URI */
	bool last_resort;     /* an emergency call tries what is down, too, when all else has failed */
	bool one_of_many;     /* of a hunt group: it rings, or not, and passes nothing on */
	struct hunt *hunt;
	unsigned member;
};

struct plan {
	struct plan_params p;
	struct sip_msg *req;
	struct sip_uri uri;       /* that is called: in `req` */
	struct source from;
	char called[128];
	char caller[128];
	struct query query;
	struct list steps;
	struct shown shown;       /* the caller as he came */
	struct diversions diversions;
	bool forwarded;           /* told with the next attempt */
	/* The rule whose targets are being tried, to go on behind it. */
	const struct rule *rule;
	unsigned lookups;         /* of numbers, in all */
	/* The attempt that was made last. */
	enum dest_kind last_kind;
	char last_name[128], last_number[128];
	bool last_of_many, tried;
	struct plan_view *view;
	/* Why nobody could be called. */
	unsigned status, cause;
	const char *words;
	bool blocked;
	enum emergency_kind emergency;
	char service[64];
	/* What is being asked of DNS, for that step. */
	struct sip_enum *asking;
	struct sip_location *locating;
	struct plan_step *waiting;
};

void plan_said(struct plan *p, const char *what, const char *name, bool taken, const char *why);
/* That one cannot be called: the best such reason is the outcome when nobody can. */
void plan_refused(struct plan *p, unsigned status, unsigned cause, const char *words);
/* A step for `name`, put in front of all others. NULL: out of memory. */
struct plan_step *plan_push(struct plan *p, enum dest_kind kind, const char *name, const char *number, struct plan_view *view);
struct plan_step *plan_append(struct plan *p, enum dest_kind kind, const char *name, const char *number, struct plan_view *view);
/* Looks a number up again, in front of all other steps: users, hunt groups, rules. One call is looked up so often only: rules may lead to one another in
 * circles. */
#define PLAN_LOOKUPS 100
int plan_lookup(struct plan *p, const char *number, bool ours);

/* plan_step.c: makes an attempt of a step (0), or further steps, or nothing (-EAGAIN: go on with the next), or ends the plan. */
int plan_step_take(struct plan *p, struct plan_step *s, struct attempt *ret);

/* plan_enum.c: a number's place in ENUM (RFC 6116), and where the URIs found there lead. */
int plan_take_enum(struct plan *p, struct plan_step *s, struct attempt *ret);
int plan_take_uri(struct plan *p, struct plan_step *s, struct attempt *ret);

/* forward.c: how a user passes calls on. NULL: not. */
enum forward { FORWARD_ALL, FORWARD_BUSY, FORWARD_NO_ANSWER, FORWARD_UNREACHABLE };
const char *forward_number(const struct conf_part *user, enum forward when);
/* Which of them an outcome calls for; -1: none. */
int forward_of_outcome(unsigned status);
/* `user`, called as `number`, passes the call on: the target is looked up in front of all else. -ELOOP: too often already. */
int forward_to(struct plan *p, const char *user, enum forward when, const char *target);
