/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The answering end of a dual-tone continuity test (RFC 3435 2.1.3, RFC 3660 section 2.8): while 2010 Hz is heard it sends 1780 Hz, and the other way round; or only one of
 * the two. */
#pragma once
#include "media/tones.h"

enum transponder_tone { TRANSPONDER_CO1, TRANSPONDER_CO2, TRANSPONDER_TONES };

struct transponder {
	unsigned n;                      /* samples of the block being heard */
	float energy, s1[TRANSPONDER_TONES], s2[TRANSPONDER_TONES];
	int heard;                       /* of the last block, -1: neither tone */
	int sent;                        /* -1: nothing */
	int only;                        /* the tone that it answers, -1: either */
	struct tone tone;
	struct tone_player player;
};

/* `only`: enum transponder_tone, or -1. */
void transponder_init(struct transponder *t, int only);
void transponder_hear(struct transponder *t, const int16_t *linear, size_t n);
/* What it sends now: silence when it hears nothing. */
void transponder_make(struct transponder *t, int16_t *out, size_t n);
