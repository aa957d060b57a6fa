/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who calls, as a telephone line is told: lines know numbers and no names of users (RFC 4497 9.2.2, RFC 3398 12). */
#pragma once
#include "callagent/isdn_party.h"

struct agent;
struct leg;

struct line_caller {
	char number[128]; /* as the routing has numbers; empty: none is known */
	char name[128];   /* empty: none is told */
	bool hidden;      /* he does not want to be known */
	enum isdn_screening screening;
};

/* Who calls the leg `l`: as the routing shows him, and as he says himself in `native`, the message that offers the call (NULL, or of another kind: nothing). */
void line_caller_read(struct line_caller *ret, const struct agent *a, const struct leg *l, const struct shown *shown, const struct sip_msg *native);
/* The number of the party of a leg, whose message is `m` (NULL: there is none), and how far it is vouched for: a trunk by what it asserts, if it is believed;
 * a user by having proved who it is, a line of ours by being it. A `number` that is one stays, unless a trunk asserts another. */
enum isdn_screening line_caller_identify(const struct agent *a, const struct leg *party, const struct sip_msg *m, char *number, size_t size);
/* A user's name becomes the first of its numbers. */
void line_caller_number(const struct agent *a, char *name, size_t size);
