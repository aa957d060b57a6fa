/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A test call from one channel to another, and what was found. Lines make it by their own signalling (loop_test.h); of channels of isdn sections the call agent makes it
 * (agent_call.h), and their voice is measured while it is up. A line and a channel of ISDN call one another through a network, by its number. */
#pragma once
#include "base/conf.h"
#include "mediagw/gateway.h"
#include "mediagw/loop_test.h"
#include "tdm/verb.h"

struct line_trial; /* mem_deref() ends it */

struct line_trial_params {
	struct gateway *gw;
	const struct conf *conf;           /* which spans are of isdn sections, and where the call agent is */
	const struct tdm_channel *channel[LOOP_SIDES];
	const struct tdm_target *to;       /* where a call by ISDN may come in: networks choose the channel */
	const char *number;                /* it calls; empty: any will do, the two are joined */
	const char *caller;                /* whom the called line is to be shown; empty: what ISDN tells is the test's own, what a network tells of a line is not known */
	const struct loop_bound *bound;    /* LOOP_CHECKS of them */
	void (*over)(void *arg);           /* not from inside of here */
	void *arg;
};

/* Borrows what `p` points to until it is over. 0; -EBUSY when a channel is not free, -ENOTSUP when they do not call one another, -EDESTADDRREQ when only a network joins them
 * and there is no number, -EINVAL when it cannot be dialled, or what the driver says. */
int line_trial_begin(struct line_trial **ret, const struct line_trial_params *p);
const struct loop_result *line_trial_result(const struct line_trial *t, enum loop_check c);
/* A channel had a call after all: nothing was checked. */
bool line_trial_was_busy(const struct line_trial *t);
/* Of an endpoint: that where the call came in, once it has. */
const char *line_trial_name(const struct line_trial *t, enum loop_side side);
/* What it is at, in a word. */
const char *line_trial_phase(const struct line_trial *t);
