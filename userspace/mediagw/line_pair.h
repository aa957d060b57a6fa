/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two channels of this machine lent to a test call: what comes from them and goes to them. */
#pragma once
#include "mediagw/gateway.h"
#include "mediagw/loop_test.h"

struct line_pair; /* mem_deref() gives the channels back */

/* Begins a call from one channel to the other, by their numbers; `over` is called when it is, not from inside of here. 0; -EBUSY when one of them is not free,
 * -ENOTSUP when they do not call one another, or what the driver says. */
int line_pair_begin(struct line_pair **ret, struct gateway *gw, unsigned caller, unsigned called, const struct loop_bound bound[LOOP_CHECKS],
		    void (*over)(void *arg), void *arg);
/* The call that the channels have is lost: what was not checked yet fails, and `over` is called. */
void line_pair_abort(struct line_pair *p, const char *why);
const struct loop_test *line_pair_test(const struct line_pair *p);
