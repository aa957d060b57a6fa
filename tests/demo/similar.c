/* SPDX-License-Identifier: GPL-3.0-or-later */
/* similar PLAYED.wav RECORDED.wav
 * How alike what was heard is to what was played: both are 16-bit mono WAV of one rate. The played speech goes through G.711 mu-law first, as it did
 * on the way. The lag of the best match is found over the whole recording, then blocks of a quarter of a second are matched on their own, each
 * near the lag of the one before. Prints "CORRELATION SECONDS": the mean correlation coefficient over blocks with speech in them, weighted by
 * energy, and how many seconds those are. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK  2000 /* samples */
#define DRIFT  400  /* how far the lag may move from block to block */
#define SPEECH 100.0 /* RMS of a block worth comparing */

struct sound {
	float *v;
	size_t n;
};

static uint32_t le32(const uint8_t *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

static int read_wav(struct sound *ret, const char *path)
{
	uint8_t header[12], chunk[8];
	FILE *f = fopen(path, "rb");
	if (!f || fread(header, 1, 12, f) != 12 || memcmp(header, "RIFF", 4) || memcmp(header + 8, "WAVE", 4))
		return fprintf(stderr, "similar: %s is not a WAV file\n", path), -1;
	while (fread(chunk, 1, 8, f) == 8 && memcmp(chunk, "data", 4))
		fseek(f, le32(chunk + 4) + (le32(chunk + 4) & 1), SEEK_CUR);
	size_t room = 1 << 16;
	int16_t s;
	ret->v = malloc(room * sizeof(float));
	for (ret->n = 0; ret->v && fread(&s, 2, 1, f) == 1; ret->n++) {
		if (ret->n == room)
			ret->v = realloc(ret->v, (room *= 2) * sizeof(float));
		if (ret->v)
			ret->v[ret->n] = s;
	}
	fclose(f);
	return ret->v ? 0 : -1;
}

/* What mu-law (ITU-T G.711) leaves of a sample. */
static float companded(float sample)
{
	int sign = sample < 0, v = (int)fabsf(sample) + 132, segment = 7;
	if (v > 32767)
		v = 32767;
	while (segment > 0 && !(v & (1 << (segment + 7))))
		segment--;
	int mantissa = (v >> (segment + 3)) & 15;
	v = ((mantissa * 2 + 33) << (segment + 2)) - 132;
	return sign ? -v : v;
}

static double energy(const float *a, size_t n)
{
	double sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += a[i] * a[i];
	return sum;
}

static double correlation(const float *a, const float *b, size_t n)
{
	float dot = 0;
	for (size_t i = 0; i < n; i++)
		dot += a[i] * b[i];
	double ea = energy(a, n), eb = energy(b, n);
	return ea > 0 && eb > 0 ? dot / sqrt(ea * eb) : 0;
}

/* The lag in [from, to] at which `n` samples of `played` match `recorded` best. */
static long best_lag(const struct sound *recorded, const float *played, size_t n, long from, long to, double *best)
{
	long at = from;
	*best = -1;
	for (long lag = from < 0 ? 0 : from; lag <= to && lag + n <= recorded->n; lag++) {
		double c = correlation(played, recorded->v + lag, n);
		if (c > *best) {
			*best = c;
			at = lag;
		}
	}
	return at;
}

/* Where the loudest second and a half of the played speech begins. */
static size_t loudest(const struct sound *s, size_t n)
{
	size_t at = 0;
	double most = -1;
	for (size_t i = 0; i + n <= s->n; i += n / 4) {
		double e = energy(s->v + i, n);
		if (e > most) {
			most = e;
			at = i;
		}
	}
	return at;
}

int main(int argc, char **argv)
{
	struct sound played, recorded;
	if (argc != 3 || read_wav(&played, argv[1]) || read_wav(&recorded, argv[2]))
		return 2;
	for (size_t i = 0; i < played.n; i++)
		played.v[i] = companded(played.v[i]);
	size_t window = played.n < 6 * BLOCK ? played.n : 6 * BLOCK, anchor = loudest(&played, window);
	double c, sum = 0, weight = 0, seconds = 0;
	long lag = best_lag(&recorded, played.v + anchor, window, 0, recorded.n, &c) - (long)anchor;
	for (size_t i = 0; i + BLOCK <= played.n; i += BLOCK) {
		double e = energy(played.v + i, BLOCK);
		if (sqrt(e / BLOCK) < SPEECH || (long)i + lag < DRIFT || i + lag + BLOCK + DRIFT > recorded.n)
			continue;
		lag = best_lag(&recorded, played.v + i, BLOCK, (long)i + lag - DRIFT, (long)i + lag + DRIFT, &c) - (long)i;
		sum += c * e;
		weight += e;
		seconds += BLOCK / 8000.0;
	}
	printf("%.4f %.2f\n", weight > 0 ? sum / weight : 0, seconds);
	return 0;
}
