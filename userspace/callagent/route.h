/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where a called number leads and who a caller is, from the configuration's users, trunks and routes. */
#pragma once
#include "callagent/registrar.h"

struct routing; /* reference-counted, immutable: a reload makes another */

enum target_kind { TARGET_USER, TARGET_TRUNK };

/* One place to send the call to. */
struct target {
	enum target_kind kind;
	char name[64];        /* of the user or trunk */
	char uri[1025];       /* Request-URI; the registrar takes none that is longer */
	char number[128];     /* called number as sent */
	struct addr dst;
	enum sip_transport transport;
	char address[64];     /* local address to use; empty: any */
	bool latch;
	char domain[128];     /* host part of From and To; empty: addresses */
	char auth_user[64], password[128];
};

/* Who calls. */
struct source {
	enum target_kind kind;
	char name[64];
	char display[64];     /* of a user, as configured */
	char address[64];
	bool latch;
	bool exact;           /* a trunk whose port matches, too */
	unsigned max_calls;   /* 0: no limit of its own */
};

#define ROUTE_TARGETS 16

int routing_new(struct routing **ret, const struct conf *conf);
/* The trunk whose address a request comes from; one whose port matches as well wins. 0 or -ENOENT. */
int route_trunk(const struct routing *r, const struct addr *src, struct source *ret);
void route_user(const struct user *u, struct source *ret);
/* Targets for a called number (unescaped): a user's registered contacts when the number is of our domains (`ours`), or what the longest
 * matching route names. Returns how many, or
 * -ENOENT: the number leads nowhere; -EHOSTUNREACH: it is a user's who is not registered; -ENOSPC: it is too long. */
int route_number(const struct routing *r, const struct registrar *reg, const char *called, bool ours, const struct source *from,
		 struct target *out, unsigned max);
/* What a trunk's challenges are answered with; empty for whoever is none. The text lives as long as the routing. */
void route_login(const struct routing *r, const char *trunk, struct slice *user, struct slice *password);
/* Calls of a trunk at the same time, 0: no limit. */
unsigned route_trunk_limit(const struct routing *r, const char *trunk);
