/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A test call out of one telephone channel and into another: what both are to see and hear, measured against bounds. Knows octets, hooks and
 * events; whoever has the channels (loop_run.h) gives it what comes, and gets what goes. Its clock is the channels'. */
#pragma once
#include "base/slice.h"
#include "media/g711.h"
#include "tdm/driver.h"

struct loop_test; /* reference-counted */

enum loop_side { LOOP_CALLER, LOOP_CALLED, LOOP_SIDES };

enum loop_check {
	LOOP_SEIZURE, LOOP_START, LOOP_CALLER_ID, LOOP_ANSWER, LOOP_DIGITS_FORTH, LOOP_DIGITS_BACK, LOOP_LEVEL_FORTH, LOOP_LEVEL_BACK, LOOP_DELAY_FORTH, LOOP_DELAY_BACK,
	LOOP_ECHO_CALLER, LOOP_ECHO_CALLED, LOOP_SLIPS, LOOP_CLEARING, LOOP_CHECKS
};

struct loop_bound {
	double min, max; /* both are right yet */
};

struct loop_check_def {
	const char *name, *unit, *help;
	struct loop_bound bound; /* unless an operator has another one */
};
extern const struct loop_check_def loop_checks[LOOP_CHECKS];

struct loop_result {
	enum loop_verdict { LOOP_NOT_MADE, LOOP_PASSED, LOOP_FAILED } verdict; /* not made: that kind of line has no such thing */
	double value;
	char why[160]; /* of a failure that is no number; empty */
};

struct loop_params {
	enum tdm_use use[LOOP_SIDES];
	enum law law[LOOP_SIDES];
	struct loop_bound bound[LOOP_CHECKS];
	/* Does that to the hook of a channel: 0 or negative errno. */
	int (*hook)(void *arg, enum loop_side side, enum tdm_hook what);
	void *arg;
};

/* Who calls. */
#define LOOP_NUMBER "5550199"

/* What has been found of a check, by its bound; LOOP_CHECKS: nothing is to be checked. */
void loop_found(struct loop_result results[LOOP_CHECKS], const struct loop_bound bound[LOOP_CHECKS], enum loop_check c, double value);
void loop_failed(struct loop_result results[LOOP_CHECKS], enum loop_check c, const char *why);
/* The bounds of the table. */
void loop_bounds(struct loop_bound ret[LOOP_CHECKS]);
/* 0, -ENOMEM, or -ENOTSUP: these two kinds of line do not call one another. */
int loop_test_new(struct loop_test **ret, const struct loop_params *p);
/* `n` octets of time: what has come from both, and what is to be sent on both. */
void loop_test_block(struct loop_test *t, const uint8_t *const in[LOOP_SIDES], uint8_t *const out[LOOP_SIDES], size_t n);
void loop_test_event(struct loop_test *t, enum loop_side side, enum tdm_event_kind kind);
/* The channels are lost: what was not checked yet fails. */
void loop_test_abort(struct loop_test *t, const char *why);
bool loop_test_over(const struct loop_test *t);
const struct loop_result *loop_test_result(const struct loop_test *t, enum loop_check c);
/* What it is at, in a word. */
const char *loop_test_phase(const struct loop_test *t);
