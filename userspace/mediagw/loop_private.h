/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of a test call share: loop_test.c has the order of things and the voice, loop_call.c takes the steps of signalling. */
#pragma once
#include "media/measure.h"
#include "media/progress.h"
#include "media/tones.h"
#include "mediagw/loop_signalling.h"

#define MS     8    /* octets */
#define PROBE  1000 /* 125 ms */
#define RECORD 3400 /* a delay of 300 ms is found yet */

struct loop_test {
	struct loop_params p;
	char number[64], caller[64];
	struct loop_signalling signalling;
	struct loop_result results[LOOP_CHECKS];
	unsigned phase;
	uint32_t now, since; /* octets; when the phase began */
	bool disturbed;
	/* Signalling. */
	const struct loop_step *step;
	bool acted, seen, done;
	uint32_t acted_at, done_at; /* acted: with dialling, when all digits were out */
	char told[64];     /* who calls */
	bool heard;        /* ... is known */
	char gathered[64];
	uint32_t gathered_at;
	bool dial_tone;
	struct tone tone;
	struct tone_player player; /* dial tone of ours */
	struct caller_id_sender *tells;
	struct caller_id_receiver *hears;
	struct digit_receiver *gathers;
	struct progress *progress;
	struct digit_sender *dials;
	/* Voice. */
	bool probing;
	enum loop_side speaker;
	unsigned round;  /* at the beginning of the call 0, at its end 1 */
	bool judging;    /* nobody listens any more */
	unsigned judged; /* of what was heard */
	int16_t probe[PROBE];
	struct {
		int16_t heard[LOOP_SIDES][RECORD];
		struct measure_match match;
	} spoken[LOOP_SIDES][2]; /* by who spoke, in which round */
	size_t probed, recorded;
	struct digit_sender *sends;
	struct digit_receiver *receives;
	unsigned digits;
	size_t slipped;
};

static inline void found(struct loop_test *t, enum loop_check c, double value)
{
	loop_found(t->results, t->p.bound, c, value);
}

static inline void failed(struct loop_test *t, enum loop_check c, const char *why)
{
	loop_failed(t->results, c, why);
}

static inline enum loop_side other(enum loop_side side)
{
	return side == LOOP_CALLER ? LOOP_CALLED : LOOP_CALLER;
}

/* Begins with the first of these steps. */
void loop_call_begin(struct loop_test *t, const struct loop_step *steps);
/* Whether all have been taken. One that fails is not waited for any longer: the ones behind it may do. */
bool loop_call_goes_on(struct loop_test *t);
void loop_call_hears(struct loop_test *t, enum loop_side side, const int16_t *linear, size_t n);
/* Into what is silent. */
void loop_call_says(struct loop_test *t, enum loop_side side, int16_t *linear, size_t n);
void loop_call_free(struct loop_test *t);
