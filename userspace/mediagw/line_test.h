/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Test calls (loop_test.h) on this machine's telephone channels: begun by an operator or by the configuration, one pair of channels after the other. */
#pragma once
#include "base/conf.h"
#include "mediagw/gateway.h"

struct line_tests; /* mem_deref() ends it, before the gateway */

/* Reads the sections line-test; they run when they are due. 0 or -ENOMEM. */
int line_tests_open(struct line_tests **ret, struct gateway *gw, const struct conf *conf);
/* The sections of another configuration. */
int line_tests_reload(struct line_tests *t, const struct conf *conf);
/* Begins to test the channels of `from` against those of `to` (tdm/verb.h has targets; a number alone is a span), each with the one at the same place among those
 * of the other that are free: the first pair, or, with `all`, every one. 0; -EBUSY while another test runs, -ENOENT or -EINVAL with `why`. */
int line_tests_begin(struct line_tests *t, struct slice from, struct slice to, bool all, struct buf *why);
/* {"running":"ds/ds1-1/1 to ds/ds1-2/1: digits" or null, "rows":[{"from","to","check","measured","bound","result","why"}]} of the test that was begun last. A new reference. */
json_t *line_tests_json(const struct line_tests *t);
