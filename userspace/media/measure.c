// SPDX-License-Identifier: GPL-3.0-or-later
#include "media/measure.h"
#include <math.h>

#define FULL_SCALE 32767.0
#define MAX_SINE   3.14 /* dBm0 of the largest sine, G.711 */
#define SURE       5.0  /* standard deviations from which on a part of an echo is none by chance */

static double energy(const int16_t *s, size_t n)
{
	double e = 0;
	for (size_t i = 0; i < n; i++)
		e += (double)s[i] * s[i];
	return e;
}

static double correlate(const int16_t *a, const int16_t *b, size_t n)
{
	int64_t c = 0;
	for (size_t i = 0; i < n; i++)
		c += (int32_t)a[i] * b[i];
	return (double)c;
}

/* The next of a sequence of maximum length (x^32 + x^22 + x^2 + x + 1). */
static uint32_t next(uint32_t *state)
{
	for (unsigned i = 0; i < 16; i++)
		*state = *state >> 1 ^ (*state & 1 ? 0x80200003u : 0);
	return *state;
}

/* Evenly spread amplitudes: their power is a third of the largest one's. */
void measure_probe(int16_t *out, size_t n, double level, uint32_t seed)
{
	uint32_t state = seed | 1;
	double peak = FULL_SCALE * pow(10, (level - MAX_SINE) / 20) * sqrt(1.5);
	peak = peak < FULL_SCALE ? peak : FULL_SCALE;
	for (size_t i = 0; i < n; i++)
		out[i] = (int16_t)lround(peak * ((double)(int16_t)(next(&state) & 0xffff) / 32768));
}

struct measure_match measure_find(const int16_t *sent, size_t n, const int16_t *heard, size_t m)
{
	struct measure_match best = {.likeness = 0};
	double of_sent = energy(sent, n);
	if (!n || m < n || of_sent <= 0)
		return best;
	double of_heard = energy(heard, n), gain = 0;
	for (size_t delay = 0; delay + n <= m; delay++) {
		double c = correlate(sent, heard + delay, n);
		double likeness = of_heard > 0 ? c / sqrt(of_sent * of_heard) : 0;
		if (likeness > best.likeness) {
			best.likeness = likeness;
			best.delay = delay;
			gain = c / of_sent;
		}
		if (delay + n < m)
			of_heard += (double)heard[delay + n] * heard[delay + n] - (double)heard[delay] * heard[delay];
	}
	best.found = best.likeness >= MEASURE_LIKENESS;
	best.gain = gain > 0 ? 20 * log10(gain) : 0;
	return best;
}

/* Each delay's part of the path back is what correlates with the probe; what is as small as chance makes it is left out. */
double measure_echo_return(const int16_t *sent, size_t n, const int16_t *heard, size_t m)
{
	double of_sent = energy(sent, n), power = 0;
	if (!n || m < n || of_sent <= 0)
		return MEASURE_NO_ECHO;
	double chance = energy(heard, m) / (double)m / of_sent;
	for (size_t delay = 0; delay + n <= m; delay++) {
		double part = correlate(sent, heard + delay, n) / of_sent;
		if (part * part > SURE * SURE * chance)
			power += part * part;
	}
	double loss = power > 0 ? -10 * log10(power) : MEASURE_NO_ECHO;
	return loss < MEASURE_NO_ECHO ? loss : MEASURE_NO_ECHO;
}
