/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A test call out of one telephone channel and into another: what both are to see and hear, measured against bounds. Knows octets, hooks and
 * events; whoever has the channels (line_pair.h) gives it what comes, and gets what goes. Its clock is the channels'. */
#pragma once
#include "base/slice.h"
#include "media/callerid.h"
#include "media/digits.h"
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
	char why[160]; /* of a failure that is no number, or that it is not made: what those lines have not; empty */
};

/* A channel, and what an operator said of it. */
struct loop_end {
	enum tdm_use use; /* TDM_USE_BEARER: its signalling is somebody else's */
	enum law law;
	enum digit_kind digits;          /* how numbers are sent there */
	bool immediate, acknowledges;    /* E&M: without wink; another wink comes after the digits */
	bool ground_start;
	bool tells_caller, tells_answer, tells_end; /* the other end's exchange does */
	bool caller_by_digits;           /* before it rings; else by that modem, after the first ring */
	enum caller_id_modem modem;
	uint32_t dial_tone_ms;           /* FXO: how long it is waited for; 0: it is not */
	char country[4];                 /* whose tones */
};

/* Borrows its texts. */
struct loop_params {
	struct loop_end end[LOOP_SIDES];
	const char *number;  /* that leads from the one to the other through a network; empty or NULL: they are joined */
	const char *caller;  /* whom the network is to show; empty or NULL: it is not known. Joined ends show LOOP_NUMBER */
	struct loop_bound bound[LOOP_CHECKS];
	/* Does that to the hook of a channel: 0 or negative errno. Of one that somebody else signals: off hook calls, or answers, on hook clears. */
	int (*hook)(void *arg, enum loop_side side, enum tdm_hook what);
	/* The voice of both is measured, and their call is about to be cleared. May be NULL. */
	void (*measured)(void *arg);
	void *arg;
};

/* Who calls. */
#define LOOP_NUMBER "5550199"

/* What has been found of a check, by its bound; LOOP_CHECKS: nothing is to be checked. */
void loop_found(struct loop_result results[LOOP_CHECKS], const struct loop_bound bound[LOOP_CHECKS], enum loop_check c, double value);
void loop_failed(struct loop_result results[LOOP_CHECKS], enum loop_check c, const char *why);
/* The bounds of the table. */
void loop_bounds(struct loop_bound ret[LOOP_CHECKS]);
/* 0, -ENOMEM, -ENOTSUP: these two kinds of line do not call one another, or -EINVAL: the number cannot be dialled there. */
int loop_test_new(struct loop_test **ret, const struct loop_params *p);
/* `n` octets of time: what has come from both, and what is to be sent on both. */
void loop_test_block(struct loop_test *t, const uint8_t *const in[LOOP_SIDES], uint8_t *const out[LOOP_SIDES], size_t n);
void loop_test_event(struct loop_test *t, enum loop_side side, enum tdm_event_kind kind);
/* Whom the signalling of a channel shows, if it is somebody else's, before it is seized. */
void loop_test_caller(struct loop_test *t, const char *number);
/* What its octets are, of a channel that comes to it later. */
void loop_test_law(struct loop_test *t, enum loop_side side, enum law law);
/* There is no call: that check fails, and nothing else is tried. */
void loop_test_give_up(struct loop_test *t, enum loop_check c, const char *why);
/* The call that somebody else signals there is over: it was to be, or there is none, or the channels are lost. */
void loop_test_cleared(struct loop_test *t, enum loop_side side, const char *why);
/* The channels are lost: what was not checked yet fails. */
void loop_test_abort(struct loop_test *t, const char *why);
bool loop_test_over(const struct loop_test *t);
/* Somebody else's call came in before the test did anything: it was given up for that. */
bool loop_test_was_disturbed(const struct loop_test *t);
const struct loop_result *loop_test_result(const struct loop_test *t, enum loop_check c);
/* What it is at, in a word. */
const char *loop_test_phase(const struct loop_test *t);
