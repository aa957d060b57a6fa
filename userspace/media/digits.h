/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Digits as tones on a channel, heard and made, over spandsp: DTMF (ITU-T Q.23, Q.24), Bell MF (R1, Q.320: '*' is KP, '#' ST, 'A' to 'C' ST', ST'' and ST''')
 * and R2 (Q.440 on; '0' to '9' and 'B' to 'F'). */
#pragma once
#include "base/slice.h"

enum digit_kind {
	DIGIT_DTMF,
	DIGIT_MF,
	DIGIT_R2_FORWARD,
	DIGIT_R2_BACKWARD,
};

/* A digit is heard (level in dBm0), or, with '\0', has ended; of MF only that it was there: beginning and end are told at once. */
typedef void (*digit_fn)(void *arg, char digit, int level);

struct digit_receiver;

/* NULL when memory is out. `arg` must outlive it. */
struct digit_receiver *digit_receiver_new(enum digit_kind kind, digit_fn heard, void *arg);
void digit_receiver_hear(struct digit_receiver *r, const int16_t *linear, size_t n);
/* Whether a digit is being heard or, of DTMF, may have begun: what is to be cut from the audio, so that too little of it gets through to be heard again. */
bool digit_receiver_suspects(const struct digit_receiver *r);

struct digit_sender;

struct digit_sender *digit_sender_new(enum digit_kind kind);
/* How DTMF is to sound: times in ms, the level of the lower tone in dBm0; the higher one is 2 dB above. */
void digit_sender_shape(struct digit_sender *s, unsigned on_ms, unsigned off_ms, int level);
/* Digits to be sent after those waiting: how many were taken. An R2 tone begins with its digit and ends with "". */
size_t digit_sender_put(struct digit_sender *s, struct slice digits);
/* Makes samples; returns how many of the `n` belong to digits, the rest is silence. */
size_t digit_sender_make(struct digit_sender *s, int16_t *out, size_t n);
