/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a voice path does to a known signal: level, gain, delay, echo return, slips (ITU-T O.6, G.168 and G.822 have the terms). Pure: whoever tests plays and
 * records. Samples are linear, at 8000 Hz. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MEASURE_NO_ECHO  90.0    /* dB: nothing comes back */
#define MEASURE_LIKENESS 0.5     /* correlation from which on a signal counts as found */

/* A probe: `n` samples of noise of that level that resemble only themselves at no delay, the same ones each time for a `seed`. */
void measure_probe(int16_t *out, size_t n, double level, uint32_t seed);

struct measure_match {
	bool found;
	size_t delay;    /* samples from the beginning of `heard` to that of what was sent */
	double gain;     /* dB */
	double likeness; /* -1 to 1: correlation at that delay */
};

/* Where in what was heard is what was sent: of all delays that leave room for all of it the one of most likeness. */
struct measure_match measure_find(const int16_t *sent, size_t n, const int16_t *heard, size_t m);

/* The loss of what comes back of a probe, in dB, its echoes of all those delays together (echo return loss); at most MEASURE_NO_ECHO. What does not resemble
 * the probe is no echo. */
double measure_echo_return(const int16_t *sent, size_t n, const int16_t *heard, size_t m);
