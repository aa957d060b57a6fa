/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Test calls (loop_test.h) on this machine's telephone channels, one pair of channels after the other; one test at a time. */
#pragma once
#include "base/conf.h"
#include "mediagw/gateway.h"
#include "mediagw/loop_test.h"

struct line_tests; /* mem_deref() ends what runs, before the gateway */

enum line_test_end {
	LINE_TEST_PASSED,
	LINE_TEST_FAILED,
	LINE_TEST_BUSY, /* no pair of channels was free: nothing is known */
};

struct line_test_params {
	struct slice from, to; /* as tdm/verb.h has targets; a number alone is a span */
	bool all;              /* every channel of `from` with the one at its place in `to`; else the first pair that is free */
	struct slice number;   /* that a call through a network is for, and no other; empty: that of the section line-test of the same two, or the two ends are joined directly */
	struct slice caller;   /* whom that network is to show; empty: as that section says, or what ISDN tells it */
	const struct loop_bound *bound; /* LOOP_CHECKS of them; NULL: as that section says, or those of the table */
	/* It is over; `what` has failed, or is busy. NULL: nobody hears of it. */
	void (*over)(void *arg, enum line_test_end how, const char *what);
	void *arg;
};

/* The bounds that a section line-test has; of NULL those of the table. */
void line_test_bounds(struct loop_bound ret[LOOP_CHECKS], const struct conf_part *section);
/* 0 or -ENOMEM. */
int line_tests_open(struct line_tests **ret, struct gateway *gw, const struct conf *conf);
/* Another configuration: which spans are of ISDN, for tests that begin from now on. */
void line_tests_configure(struct line_tests *t, const struct conf *conf);
/* Begins one: 0; -EBUSY while another one runs, -ENOENT or -EINVAL, with `why`. */
int line_tests_begin(struct line_tests *t, const struct line_test_params *p, struct buf *why);
/* `arg` hears of its test no more. */
void line_tests_forget(struct line_tests *t, const void *arg);
/* A row's result is "ok", "failed" or "n/a", which those lines do not have. {"running":"ds/ds1-1/1 to ds/ds1-2/1: digits" or null, "rows":[{"from","to","check","measured","bound","result","why"}], "result": what has failed, "pairs"} of the
 * test that was begun last. A new reference. */
json_t *line_tests_json(const struct line_tests *t);
