/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A call that the call agent makes over ISDN for a test (callagent/isdn_test.h): it signals such channels, this gateway has their voice. Asked for on the call agent's
 * control socket, over a connection of its own, with which it ends. */
#pragma once
#include "base/buf.h"
#include <stdbool.h>

struct agent_call; /* mem_deref() gives it up: it is cleared */

struct agent_call_params {
	const char *path;               /* of the call agent's control socket */
	const char *group[2], *from;    /* isdn sections where it goes out and comes in, NULL: a line is there; the channel it goes out on */
	const char *number, *caller;    /* who is called, empty: the call agent's own; who calls */
	/* All come from the loop; texts are borrowed. It is being made, or awaited; may be NULL. */
	void (*begun)(void *arg);
	/* It has come in, and that one is called: agent_call_answer() is awaited. */
	void (*seized)(void *arg, const char *to, const char *caller, double ms);
	/* On these channels. */
	void (*answered)(void *arg, const char *from, const char *to, double ms);
	/* The last one, not from inside of here. `why`: what has ended it; empty: agent_call_clear(), and after `ms` the other side heard of it, negative: it did not. `busy`: the channel had a call. */
	void (*over)(void *arg, const char *why, bool busy, double ms);
	void *arg;
};

/* 0 or -ENOMEM. Borrows nothing of `p` but what `arg` means. */
int agent_call_begin(struct agent_call **ret, const struct agent_call_params *p);
/* Where it has come in it is to be answered. */
void agent_call_answer(struct agent_call *c);
/* It is to end: `over` tells of it. */
void agent_call_clear(struct agent_call *c);
