/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of lines that the sections line-test repeat, each with its alarm, which is named after the section and goes with it. */
#pragma once
#include "base/conf.h"
#include "mediagw/line_test.h"

struct line_plans; /* mem_deref() ends it, before the tests */

/* They run when they are due. 0 or -ENOMEM. */
int line_plans_open(struct line_plans **ret, struct line_tests *tests, const struct conf *conf);
/* Those of another configuration: what has not changed goes on. -ENOMEM: nothing has changed. */
int line_plans_reload(struct line_plans *l, const struct conf *conf);
