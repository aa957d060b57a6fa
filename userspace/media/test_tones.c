// SPDX-License-Identifier: GPL-3.0-or-later
#include "media/test_tones.h"
#include <math.h>

#define BLOCK   160      /* samples that are judged at once: 20 ms */
#define FAINT   1e4f     /* mean square: below -36 dBm0 there is no tone */
#define PURE    0.02f    /* of the power may be anything else */
#define DRIFT   25.0f    /* Hz by which blocks of one tone differ */
#define STEADY  5        /* blocks that make a tone */
#define LONG    16       /* blocks of a segment of 380 ms, at least; of one of 276 there are fewer */
#define SEGMENT 9        /* blocks of a segment at all, at least */
#define NEAR_HZ 12.0f    /* of a segment */

static const struct {
	float hz, tolerance; /* of the events of RFC 3660 2.3 */
} steady[TEST_SPECIAL] = {
	[TEST_CO1] = {2010, 30}, [TEST_CO2] = {1780, 30}, [TEST_OLD_MILLIWATT] = {1000, 2}, [TEST_NEW_MILLIWATT] = {1004, 2},
	[TEST_NEWEST_MILLIWATT] = {1013.8f, 4}, [TEST_LINE] = {2225, 25},
};

/* sit(1) to sit(7): reorder, no circuit, intercept, vacant code, other; then that of most countries, which is their first. */
static const struct {
	float hz[3];
	int is_long[2]; /* -1: either; the third segment is long */
	unsigned number;
} special[] = {
	{{913.8f, 1428.5f, 1776.7f}, {0, 1}, 1}, {{985.2f, 1370.6f, 1776.7f}, {0, 1}, 2}, {{985.2f, 1428.5f, 1776.7f}, {1, 1}, 3},
	{{913.8f, 1370.6f, 1776.7f}, {1, 1}, 4}, {{913.8f, 1370.6f, 1776.7f}, {0, 0}, 5}, {{985.2f, 1370.6f, 1776.7f}, {1, 0}, 6},
	{{913.8f, 1428.5f, 1776.7f}, {1, 0}, 7}, {{950, 1400, 1800}, {-1, -1}, 1},
};

void test_tones_init(struct test_tones *t, test_tone_fn heard, void *arg)
{
	*t = (struct test_tones){.heard = heard, .arg = arg, .told = -1};
}

/* --- special information ------------------------------------------------------------------------------------------ */

static bool is_segment(const struct test_tones *t, unsigned i, float hz, int is_long)
{
	return fabsf(t->segment[i].hz - hz) < NEAR_HZ && (is_long < 0 || is_long == (t->segment[i].blocks >= LONG));
}

static void judge_segments(const struct test_tones *t)
{
	for (size_t i = 0; i < sizeof special / sizeof *special; i++)
		if (is_segment(t, 0, special[i].hz[0], special[i].is_long[0]) && is_segment(t, 1, special[i].hz[1], special[i].is_long[1]) &&
		    is_segment(t, 2, special[i].hz[2], -1)) {
			t->heard(t->arg, TEST_SPECIAL + special[i].number - 1, true);
			return;
		}
}

static void segment_over(struct test_tones *t)
{
	if (t->segments == 3)
		t->segments = 0;
	t->segment[t->segments].hz = t->sum / (float)t->blocks;
	t->segment[t->segments].blocks = t->blocks;
	if (++t->segments == 3)
		judge_segments(t);
}

/* --- a tone that lasts --------------------------------------------------------------------------------------------- */

static int kind_of(float hz)
{
	for (int i = 0; i < TEST_SPECIAL; i++)
		if (fabsf(hz - steady[i].hz) <= steady[i].tolerance)
			return i;
	return -1;
}

static void run_over(struct test_tones *t)
{
	if (t->told >= 0)
		t->heard(t->arg, (enum test_tone)t->told, false);
	t->told = -1;
	if (t->blocks >= SEGMENT)
		segment_over(t);
	else if (t->blocks)
		t->segments = 0;
	t->blocks = 0;
	t->sum = 0;
	t->gap = 0;
}

static void run_goes_on(struct test_tones *t, float hz)
{
	t->sum += hz;
	t->gap = 0;
	/* The last segment of a special information tone is near 1780 Hz. */
	if (++t->blocks != STEADY || t->segments == 2)
		return;
	t->told = kind_of(t->sum / (float)t->blocks);
	if (t->told >= 0)
		t->heard(t->arg, (enum test_tone)t->told, true);
}

/* The frequency of a block, 0: there is not just one. Of a sine the neighbours of each sample are together 2 cos(w) times it. */
static float frequency(const struct test_tones *t)
{
	if (t->energy / BLOCK < FAINT)
		return 0;
	float c = t->cross / t->energy, rest = t->sides - c * t->cross;
	return rest < PURE * t->energy && fabsf(c) < 2 ? acosf(c / 2) * 8000 / (2 * 3.14159265f) : 0;
}

static void judge(struct test_tones *t)
{
	float hz = frequency(t);
	if (hz > 0 && t->blocks && fabsf(hz - t->sum / (float)t->blocks) > DRIFT)
		run_over(t);
	if (hz > 0) {
		run_goes_on(t, hz);
		return;
	}
	/* Where one segment goes over into the next there is a block of both. */
	if (t->blocks && t->gap++)
		run_over(t);
	else if (!t->blocks && ++t->gap > 3)
		t->segments = 0;
}

void test_tones_hear(struct test_tones *t, const int16_t *linear, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		float x = linear[i], both = x + t->before;
		t->energy += t->last * t->last;
		t->cross += t->last * both;
		t->sides += both * both;
		t->before = t->last;
		t->last = x;
		if (++t->n < BLOCK)
			continue;
		judge(t);
		t->n = 0;
		t->energy = t->cross = t->sides = 0;
	}
}
