/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Mean opinion score by the E-model (ITU-T G.107), reduced to what a relay can see: codec, packet loss and delay. */
#pragma once
#include "base/slice.h"

struct mos_input {
	struct slice codec;  /* encoding name; unknown or absent: as G.711 */
	double loss;         /* packets lost, 0..1 */
	double delay_ms;     /* one way, mouth to ear as far as known */
	double jitter_ms;    /* a jitter buffer of twice this is assumed and added to the delay */
};

/* 1.0 (bad) to 4.4 (as good as a telephone gets). */
double mos_estimate(const struct mos_input *in);
/* The transmission rating R it comes from, 0..93.2. */
double mos_rating(const struct mos_input *in);
