/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The routing table of a configuration: rules, groups of trunks, hunt groups. What a call makes of it is a plan (plan.h). */
#pragma once
#include "base/hash.h"
#include "routing/group.h"
#include "routing/headers.h"
#include "routing/hunt.h"
#include "routing/line.h"
#include "base/pattern.h"
#include "registrar/registrar.h"
#include "base/schedule.h"
#include "sip/msg.h"

enum target_kind { TARGET_USER, TARGET_TRUNK, TARGET_LINE, TARGET_KINDS };

/* Who calls. */
struct source {
	enum target_kind kind;
	char name[65];
	char user[65];        /* of a user: user part of its address */
	char display[64];     /* of a user, as configured */
	char address[64];
	bool latch;
	bool exact;           /* a trunk whose port matches, too */
	bool overlap;         /* its numbers come in parts, an INVITE each (RFC 3578) */
	bool unproven;        /* a user only by what its From says: an emergency call is not asked for a password */
	unsigned max_calls;   /* 0: no limit of its own */
	struct trunk *trunk;  /* borrowed, until the next reload; NULL: none */
	struct tel_line *line; /* likewise */
};

void source_of_trunk(struct source *ret, struct trunk *t, bool exact);
void source_of_line(struct source *ret, struct tel_line *l);
void source_of_user(struct source *ret, const struct user *u);

/* How the called side sees the caller. */
enum presentation { PRESENT_AS_SENT, PRESENT_ALLOWED, PRESENT_RESTRICTED };

struct shown {
	char number[128]; /* unescaped */
	char display[128];
	enum presentation presentation;
};

struct header_condition {
	char *name;
	struct pattern *value;
};

/* One row of the table. */
struct rule {
	const char *name;
	const struct conf_part *conf;
	unsigned position;      /* in the file */
	int64_t order;
	bool before_users;      /* also for numbers of users, before these */
	bool goes_on;           /* the next matching rule is tried when all of its targets have failed */
	unsigned max_calls;     /* at the same time; 0: no limit */
	/* conditions */
	struct slice prefix;
	struct patterns called, caller;
	struct schedule times;
	struct header_condition *headers;
	unsigned n_sources, n_headers, n_conditions;
	/* rewriting */
	struct pattern *replace, *caller_replace;
	/* where to */
	struct dest *dest;
	unsigned n_dests;
	uint32_t first_ms, answer_ms; /* UINT32_MAX: the target's own */
	struct header_table *table;   /* headers added and removed */
};

struct rule_index;
struct hunt_number;

struct routing { /* reference-counted; a reload makes another */
	struct conf *conf;
	struct rule *rules;
	struct group *groups;
	struct hunt *hunts;
	struct hunt_number *numbers;
	unsigned n_rules, n_groups, n_hunts, n_numbers;
	struct rule_index *index[2];   /* the rules before users, behind them: [before_users] */
	struct hash groups_by_name, hunts_by_name, hunts_by_number;
};

int routing_new(struct routing **ret, const struct conf *conf);
/* Whose turn it is in groups and hunt groups goes over from the routing of before a reload. */
void routing_inherit(struct routing *r, const struct routing *was);
struct group *routing_group(const struct routing *r, const char *name);
struct hunt *routing_hunt(const struct routing *r, const char *name);
/* The hunt group with that number. */
struct hunt *routing_hunt_by_number(const struct routing *r, const char *number);

/* What is asked of the table. */
struct query {
	const struct source *from;
	const char *called, *caller;
	int64_t utc;               /* seconds since 1970 */
	const struct sip_msg *req; /* for conditions on headers; NULL */
	const char *const *lines;  /* ... or "Name: value" each */
	unsigned n_lines;
};

/* Told of each rule looked at, for `route test`. */
typedef void (*rule_said_fn)(void *arg, const struct rule *r, bool taken, const char *why);

/* How specific a match of so many characters of the called number is, with the further conditions of the rule. */
int rule_specific(const struct rule *r, int length);
/* Whether `a`, matching so specifically, is taken before `b`. */
bool rule_comes_before(const struct rule *a, int specific_a, const struct rule *b, int specific_b);
/* Whether a rule is for calls from there. */
bool rule_is_for(const struct rule *r, const struct source *from);
/* Whether a rule matches: how specific that is, or -1 with `why` (NULL: nobody asks), in words. */
int rule_match(const struct rule *r, const struct query *q, struct buf *why);
/* The best matching rule after `after` (NULL: the very best): by order, then the longest match of the called number, then the number of
 * further conditions, then the place in the file. `before_users`: only those that come before users, or only the others. */
const struct rule *routing_find(const struct routing *r, const struct query *q, const struct rule *after, bool before_users, rule_said_fn said, void *arg);

/* What its calls are counted as among those of users and trunks (lines.h), whose names have no space. */
#define RULE_LINE 80
const char *rule_line(const struct rule *r, char out[RULE_LINE]);
bool rule_is_full(const struct rule *r, const struct lines *lines);

/* The called number as the rule makes it of `called`: -ENOSPC. */
int rule_rewrite_called(const struct rule *r, const char *called, char *out, size_t size);
/* The caller as the rule shows it. */
int rule_rewrite_caller(const struct rule *r, struct shown *caller);
