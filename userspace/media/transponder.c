// SPDX-License-Identifier: GPL-3.0-or-later
#include "media/transponder.h"
#include <math.h>
#include <string.h>

#define BLOCK 160   /* samples that are judged at once */
#define FAINT 1e4f  /* mean square: below -36 dBm0 there is no tone */
#define PURE  0.75f /* of the power is in the tone */
#define PI    3.14159265f

static const uint16_t frequencies[TRANSPONDER_TONES] = {[TRANSPONDER_CO1] = 2010, [TRANSPONDER_CO2] = 1780};

void transponder_init(struct transponder *t, int only)
{
	*t = (struct transponder){.heard = -1, .sent = -1, .only = only};
}

/* The power of a block at a frequency (Goertzel), as its mean square. */
static float power(float s1, float s2, float k)
{
	return 2 * (s1 * s1 + s2 * s2 - k * s1 * s2) / ((float)BLOCK * BLOCK);
}

static float coefficient(unsigned i)
{
	return 2 * cosf(2 * PI * frequencies[i] / 8000);
}

/* Two blocks in a row say the same. */
static void judge(struct transponder *t)
{
	float mean = t->energy / BLOCK;
	int heard = -1;
	for (unsigned i = 0; i < TRANSPONDER_TONES; i++)
		if ((t->only < 0 || t->only == (int)i) && mean > FAINT && power(t->s1[i], t->s2[i], coefficient(i)) > PURE * mean)
			heard = (int)i;
	int send = heard < 0 ? -1 : heard == TRANSPONDER_CO1 ? TRANSPONDER_CO2 : TRANSPONDER_CO1;
	if (heard == t->heard && send != t->sent) {
		t->sent = send;
		t->tone = (struct tone){.level = TONE_LEVEL, .count = send >= 0};
		if (send >= 0)
			t->tone.step[0] = (struct tone_step){.hz = {frequencies[send]}};
		tone_start(&t->player, &t->tone);
	}
	t->heard = heard;
}

void transponder_hear(struct transponder *t, const int16_t *linear, size_t n)
{
	const float k[TRANSPONDER_TONES] = {coefficient(0), coefficient(1)};
	for (size_t i = 0; i < n; i++) {
		float x = linear[i];
		t->energy += x * x;
		for (unsigned f = 0; f < TRANSPONDER_TONES; f++) {
			float s = x + k[f] * t->s1[f] - t->s2[f];
			t->s2[f] = t->s1[f];
			t->s1[f] = s;
		}
		if (++t->n < BLOCK)
			continue;
		judge(t);
		t->n = 0;
		t->energy = 0;
		memset(t->s1, 0, sizeof t->s1);
		memset(t->s2, 0, sizeof t->s2);
	}
}

void transponder_make(struct transponder *t, int16_t *out, size_t n)
{
	if (t->sent >= 0)
		tone_make(&t->player, out, n);
	else
		memset(out, 0, n * sizeof *out);
}
