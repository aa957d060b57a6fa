/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether somebody speaks on a line: what is loud and no tone. Ringing, busy tones and digits are one or two frequencies; speech never is for long. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VOICE_BLOCK    160  /* samples that are judged at once: 20 ms */
#define VOICE_QUIET_MS 3000 /* so long has nobody spoken when that is told */

typedef void (*voice_fn)(void *arg, bool speaks);

struct voice {
	int16_t block[VOICE_BLOCK];
	unsigned n;
	uint32_t recent; /* the last blocks, one bit each: whether it was speech */
	unsigned quiet;  /* blocks since one was */
	bool speaks;     /* as was told */
	voice_fn heard;
	void *arg;
};

/* Nobody has spoken yet. `heard` is called from voice_hear(), when that changes. */
void voice_init(struct voice *v, voice_fn heard, void *arg);
/* Linear samples of a line. */
void voice_hear(struct voice *v, const int16_t *linear, size_t n);
