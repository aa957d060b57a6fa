// SPDX-License-Identifier: GPL-3.0-or-later
#include "rtp/mos.h"

#define R0 93.2 /* G.107 default values for everything but the codec, loss and delay */

/* ITU-T G.113 Appendix I: equipment impairment Ie and robustness against loss Bpl, and the delay a codec adds (frame and look-ahead). */
static const struct codec {
	struct slice name;
	double ie, bpl, delay_ms;
} codecs[] = {
	{SLICE("PCMU"), 0, 25.1, 20},    {SLICE("PCMA"), 0, 25.1, 20}, {SLICE("G729"), 11, 19, 25}, {SLICE("G723"), 15, 16.1, 37.5},
	{SLICE("GSM"), 20, 10, 20},      {SLICE("AMR"), 5, 10, 25},    {SLICE("iLBC"), 10, 32, 30}, {SLICE("G726-32"), 7, 25.1, 20},
	{SLICE("G728"), 7, 17, 20},      {SLICE("G722"), 0, 25.1, 20}, {SLICE("opus"), 0, 25.1, 26.5},
};

static const struct codec *codec_find(struct slice name)
{
	for (size_t i = 0; i < sizeof codecs / sizeof codecs[0]; i++)
		if (slice_caseeq(codecs[i].name, name))
			return &codecs[i];
	return &codecs[0];
}

static double clamp(double v, double low, double high)
{
	return v < low ? low : v > high ? high : v;
}

double mos_rating(const struct mos_input *in)
{
	const struct codec *c = codec_find(in->codec);
	double percent = 100 * clamp(in->loss, 0, 1);
	double delay = clamp(in->delay_ms, 0, 10000) + 2 * clamp(in->jitter_ms, 0, 1000) + c->delay_ms;
	double id = 0.024 * delay + (delay > 177.3 ? 0.11 * (delay - 177.3) : 0); /* G.107's Id, in its usual linear form */
	double ie = c->ie + (95 - c->ie) * percent / (percent + c->bpl);
	return clamp(R0 - id - ie, 0, 100);
}

double mos_estimate(const struct mos_input *in)
{
	double r = mos_rating(in);
	/* G.107 Annex B; the cubic dips below 1 for small R, where it is held. */
	return clamp(1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6, 1, 4.5);
}
