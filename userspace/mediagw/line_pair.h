/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two channels of this machine lent to a test call: what comes from them and goes to them. One whose signalling is somebody else's may join later, when its call is up, and leaves
 * before that is cleared. */
#pragma once
#include "mediagw/gateway.h"
#include "mediagw/loop_test.h"

struct line_pair; /* mem_deref() gives the channels back */

struct line_pair_params {
	struct gateway *gw;
	unsigned channel[LOOP_SIDES];        /* 0: it joins later */
	const char *number, *caller;         /* as loop_params has them */
	const struct loop_bound *bound;      /* LOOP_CHECKS of them */
	/* What is to be done with one that has no channel yet: as loop_params.hook. May be NULL where both have. */
	int (*signal)(void *arg, enum loop_side side, enum tdm_hook what);
	void (*over)(void *arg);             /* not from inside of here */
	void *arg;
};

/* Begins a call from one channel to the other. 0; -EBUSY when one of them is not free, -ENOTSUP when they do not call one another, -EINVAL when the number cannot be dialled
 * there, or what the driver says. */
int line_pair_begin(struct line_pair **ret, const struct line_pair_params *p);
/* The call is up there, on this channel. 0, or as above. */
int line_pair_join(struct line_pair *p, enum loop_side side, unsigned channel);
/* As loop_test.h has them, of one that somebody else signals. */
void line_pair_caller(struct line_pair *p, const char *number);
void line_pair_event(struct line_pair *p, enum loop_side side, enum tdm_event_kind kind);
void line_pair_give_up(struct line_pair *p, enum loop_check c, const char *why);
void line_pair_cleared(struct line_pair *p, enum loop_side side, const char *why);
/* The call that the channels have is lost: what was not checked yet fails, and `over` is called. */
void line_pair_abort(struct line_pair *p, const char *why);
const struct loop_test *line_pair_test(const struct line_pair *p);
