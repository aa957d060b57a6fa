/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Silence suppression for a sender: which packet times have no speech, and when the level of their noise is to be told (RFC 3389 5). It errs towards sending. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum silence_verdict {
	SILENCE_SPEECH, /* send the audio */
	SILENCE_TELL,   /* send a comfort noise packet of `told` instead */
	SILENCE_QUIET,  /* send nothing */
};

struct silence {
	uint8_t floor, told; /* the background's level, and what the peer knows of it: -dBov */
	bool quiet;
	uint32_t hangover;   /* octets still sent behind speech */
	uint32_t since;      /* octets since the level was told */
};

void silence_init(struct silence *s);
/* Judges `n` octets of audio whose level (comfort_level()) is this. */
enum silence_verdict silence_judge(struct silence *s, uint8_t level, size_t n);
