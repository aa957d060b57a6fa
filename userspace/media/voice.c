// SPDX-License-Identifier: GPL-3.0-or-later
#include "media/voice.h"
#include "media/comfort.h"
#include <math.h>
#include <string.h>

#define LOUD   40    /* -dBov: what is fainter is nobody speaking */
#define PURE   0.04f /* of the power of a block of tones may be anything else */
#define WINDOW 0x3ff /* the blocks that are looked at, and how many of them are speech when somebody speaks: tones begin and end in one each */
#define ENOUGH 5
#define SINES  5
#define STEP   0.0196f /* 25 Hz in radians a sample */

/* --- what a block is ----------------------------------------------------------------------------------------------- */

static float dot(const float *a, const float *b)
{
	float sum = 0;
	for (unsigned i = 0; i < VOICE_BLOCK; i++)
		sum += a[i] * b[i];
	return sum;
}

/* The smallest eigenvalue of a symmetric matrix without negative ones: Newton's method comes to it from below. */
static double smallest(const double m[3][3])
{
	const double trace = m[0][0] + m[1][1] + m[2][2];
	const double minors = m[0][0] * m[1][1] - m[0][1] * m[0][1] + m[0][0] * m[2][2] - m[0][2] * m[0][2] + m[1][1] * m[2][2] - m[1][2] * m[1][2];
	const double det = m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[1][2]) - m[0][1] * (m[0][1] * m[2][2] - m[1][2] * m[0][2]) +
			   m[0][2] * (m[0][1] * m[1][2] - m[1][1] * m[0][2]);
	double at = 0;
	for (unsigned i = 0; i < 30; i++) {
		const double slope = minors - 2 * trace * at + 3 * at * at;
		if (slope <= 0)
			break;
		at += (det - at * (minors - at * (trace - at))) / slope;
	}
	return at;
}

/* The vector that the matrix makes smallest: it is orthogonal to the rows of what is singular. */
static void least(double ret[3], double m[3][3])
{
	const double by = smallest((const double(*)[3])m);
	double best = 0;
	for (unsigned i = 0; i < 3; i++)
		m[i][i] -= by;
	for (unsigned i = 0; i < 3; i++) {
		const double *r = m[i], *s = m[(i + 1) % 3];
		const double v[3] = {r[1] * s[2] - r[2] * s[1], r[2] * s[0] - r[0] * s[2], r[0] * s[1] - r[1] * s[0]};
		const double length = v[0] * v[0] + v[1] * v[1] + v[2] * v[2];
		if (length > best || !i) {
			best = length;
			memcpy(ret, v, sizeof v);
		}
	}
}

/* Two frequencies, in radians a sample. Of two sines a sample, those `lag` beside it and those twice as far add up to nothing, when each pair is weighted rightly:
 * whatever the weights are that leave least of this block. They are those of a square equation in 2 cos(lag w). The longer the lag, the better low frequencies
 * that are close together are told from each other; the less high ones from low. */
static void two_frequencies(float ret[2], const float *x, unsigned lag)
{
	double m[3][3] = {0}, v[3];
	for (unsigned i = 2 * lag; i < VOICE_BLOCK - 2 * lag; i++) {
		/* Of the same noise each. */
		const double part[3] = {x[i - 2 * lag] + x[i + 2 * lag], x[i - lag] + x[i + lag], M_SQRT2 * x[i]};
		for (unsigned k = 0; k < 3; k++)
			for (unsigned l = 0; l < 3; l++)
				m[k][l] += part[k] * part[l];
	}
	least(v, m);
	const double p = v[0] ? -v[1] / v[0] : 0, q = v[0] ? -M_SQRT2 * v[2] / v[0] : 0, under = p * p / 4 + q + 2;
	const double root = under > 0 ? sqrt(under) : 0;
	ret[0] = (float)acos(fmin(fmax(p / 4 + root / 2, -1), 1)) / (float)lag;
	ret[1] = (float)acos(fmin(fmax(p / 4 - root / 2, -1), 1)) / (float)lag;
}

/* Takes out of `x` what is like `wave`, which is made orthogonal to those taken out before. */
static void take_out(float *x, float (*waves)[VOICE_BLOCK], unsigned n)
{
	float *wave = waves[n];
	const float whole = dot(wave, wave);
	for (unsigned k = 0; k < n; k++) {
		const float part = dot(wave, waves[k]);
		for (unsigned i = 0; i < VOICE_BLOCK; i++)
			wave[i] -= part * waves[k][i];
	}
	const float left = dot(wave, wave), scale = left > 1e-4f * whole ? 1 / sqrtf(left) : 0;
	for (unsigned i = 0; i < VOICE_BLOCK; i++)
		wave[i] *= scale;
	const float part = dot(x, wave);
	for (unsigned i = 0; i < VOICE_BLOCK; i++)
		x[i] -= part * wave[i];
}

/* Those around the middle of what is near one frequency, as modulated tones are. */
static void near_frequencies(float ret[SINES], const float *x)
{
	float beside = 0, own = 0;
	for (unsigned i = 1; i < VOICE_BLOCK - 1; i++) {
		beside += (x[i - 1] + x[i + 1]) * x[i];
		own += x[i] * x[i];
	}
	const float middle = acosf(fminf(fmaxf(beside / (2 * own), -1), 1));
	for (int k = 0; k < SINES; k++)
		ret[k] = fabsf(middle + (float)(k - SINES / 2) * STEP);
}

/* Its cosine and its sine, each sample the one before turned on. */
static void sine(float *re, float *im, float w)
{
	const float c = cosf(w), s = sinf(w);
	re[0] = 1;
	im[0] = 0;
	for (unsigned i = 1; i < VOICE_BLOCK; i++) {
		re[i] = re[i - 1] * c - im[i - 1] * s;
		im[i] = re[i - 1] * s + im[i - 1] * c;
	}
}

/* What these sines leave of it is next to nothing. */
static bool is_made_of(const float *block, const float *w, unsigned n)
{
	float x[VOICE_BLOCK], waves[2 * SINES][VOICE_BLOCK];
	memcpy(x, block, sizeof x);
	for (unsigned k = 0; k < n; k++) {
		sine(waves[2 * k], waves[2 * k + 1], w[k]);
		take_out(x, waves, 2 * k);
		take_out(x, waves, 2 * k + 1);
	}
	return dot(x, x) < PURE * dot(block, block);
}

static bool is_tone(const float *x)
{
	static const unsigned lags[] = {1, 4};
	float w[SINES];
	for (unsigned i = 0; i < 2; i++) {
		two_frequencies(w, x, lags[i]);
		if (is_made_of(x, w, 2))
			return true;
	}
	near_frequencies(w, x);
	return is_made_of(x, w, SINES);
}

static bool is_speech(const int16_t *block)
{
	float x[VOICE_BLOCK];
	for (unsigned i = 0; i < VOICE_BLOCK; i++)
		x[i] = block[i];
	return comfort_level(block, VOICE_BLOCK) < LOUD && !is_tone(x);
}

/* --- what is told -------------------------------------------------------------------------------------------------- */

void voice_init(struct voice *v, voice_fn heard, void *arg)
{
	*v = (struct voice){.heard = heard, .arg = arg};
}

static void judge(struct voice *v)
{
	const bool speech = is_speech(v->block);
	v->recent = (v->recent << 1 | speech) & WINDOW;
	const bool enough = __builtin_popcount(v->recent) >= ENOUGH;
	v->quiet = enough ? 0 : v->quiet + 1;
	if (enough == v->speaks || (!enough && v->quiet < VOICE_QUIET_MS / 20))
		return;
	v->speaks = enough;
	v->heard(v->arg, enough);
}

void voice_hear(struct voice *v, const int16_t *linear, size_t n)
{
	for (size_t part; n; linear += part, n -= part) {
		part = VOICE_BLOCK - v->n < n ? VOICE_BLOCK - v->n : n;
		memcpy(v->block + v->n, linear, part * sizeof *linear);
		v->n += (unsigned)part;
		if (v->n < VOICE_BLOCK)
			return;
		v->n = 0;
		judge(v);
	}
}
