/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tones that tests of trunks are made with, heard: of continuity tests, the milliwatts, test line 105 (RFC 3660 2.3), and special information tones, which are told
 * from one another by the frequencies and lengths of their segments (SR-2275 6.21.2). One frequency at a time, so that 1000 Hz is told from 1004. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum test_tone {
	TEST_CO1,              /* 2010 Hz */
	TEST_CO2,              /* 1780 Hz */
	TEST_OLD_MILLIWATT,    /* 1000 Hz */
	TEST_NEW_MILLIWATT,    /* 1004 Hz */
	TEST_NEWEST_MILLIWATT, /* 1013.8 Hz */
	TEST_LINE,             /* 2225 Hz */
	TEST_SPECIAL,          /* sit(1), then those up to sit(7) */
	TEST_TONES = TEST_SPECIAL + 7
};

/* It is there (`begun`), or has ended. Of special information tones only that they were there. */
typedef void (*test_tone_fn)(void *arg, enum test_tone tone, bool begun);

struct test_tones {
	test_tone_fn heard;
	void *arg;
	/* The block being heard, and the two samples before. */
	unsigned n;
	float energy, cross, sides, last, before;
	/* Blocks of one frequency in a row. */
	unsigned blocks;
	float sum;
	int told; /* -1: nothing */
	/* Segments before it, one right after the other. */
	unsigned segments, gap;
	struct {
		float hz;
		unsigned blocks;
	} segment[3];
};

void test_tones_init(struct test_tones *t, test_tone_fn heard, void *arg);
void test_tones_hear(struct test_tones *t, const int16_t *linear, size_t n);
