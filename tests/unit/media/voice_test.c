// SPDX-License-Identifier: GPL-3.0-or-later
/* Somebody who speaks on a line is heard, whoever it is; what exchanges play until then is not taken for speech. */
#include "unit.h"
#include "base/mem.h"
#include "media/digits.h"
#include "media/g711.h"
#include "media/tones.h"
#include "media/voice.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static struct {
	unsigned begun, over;
	unsigned at; /* ms when it began first */
	unsigned ms;
} heard;

static void on_voice(void *arg, bool speaks)
{
	if (speaks && !heard.begun)
		heard.at = heard.ms;
	heard.begun += speaks;
	heard.over += !speaks;
}

static void begin(struct voice *v)
{
	memset(&heard, 0, sizeof heard);
	voice_init(v, on_voice, NULL);
}

/* A millisecond, as a line carries it. */
static void hear(struct voice *v, int16_t linear[8])
{
	for (unsigned i = 0; i < 8; i++)
		linear[i] = law_linear[LAW_U][law_octet(LAW_U, linear[i])];
	voice_hear(v, linear, 8);
	heard.ms++;
}

static void tones_are_nobody_speaking(void **state)
{
	static const double levels[] = {1, 0.2};
	for (unsigned c = 0; slice_is_set(tone_country(c)); c++)
		for (unsigned s = 0; s < TONE_SIGNALS; s++)
			for (unsigned l = 0; l < 2; l++) {
				struct voice v;
				struct tone t;
				struct tone_player player;
				int16_t linear[8];
				/* A howler has four frequencies, and is heard by who has no call. */
				if (s == TONE_HOWLER || tone_of(&t, tone_country(c), s))
					continue;
				begin(&v);
				tone_start(&player, &t);
				for (unsigned ms = 0; ms < 5000; ms++) {
					tone_make(&player, linear, 8);
					for (unsigned i = 0; i < 8; i++)
						linear[i] = (int16_t)(linear[i] * levels[l]) + (int16_t)(rand() % 9 - 4);
					hear(&v, linear);
				}
				if (heard.begun)
					fail_msg("%.*s %.*s x %g: speech after %u ms", SLICE_ARG(tone_country(c)), SLICE_ARG(tone_name(s)), levels[l], heard.at);
			}
}

static void digits_are_nobody_speaking(void **state)
{
	struct voice v;
	int16_t linear[8];
	struct digit_sender *s = digit_sender_new(DIGIT_DTMF);
	begin(&v);
	digit_sender_shape(s, 60, 60, -10);
	for (unsigned ms = 0; ms < 10000; ms++) {
		if (ms % 2000 == 0)
			digit_sender_put(s, SLICE("1234567890*#"));
		digit_sender_make(s, linear, 8);
		hear(&v, linear);
	}
	mem_deref(s);
	assert_int_equal(heard.begun, 0);
}

/* What it says first, and then nothing. */
static bool speak(struct voice *v, const char *voice, unsigned pitch)
{
	char command[200];
	int16_t linear[8];
	snprintf(command, sizeof command, "espeak-ng -v %s -p %u --stdout 'Hello, who is there? I am sorry that I could not come to the telephone before.' 2>/dev/null", voice, pitch);
	FILE *f = popen(command, "r");
	assert_non_null(f);
	for (unsigned i = 0; i < 44; i++) /* the header of the file */
		(void)fgetc(f);
	for (unsigned n = 8; n == 8;) {
		int16_t left[24]; /* 22050 Hz, as good as 24000: a little faster and lower */
		n = (unsigned)fread(left, sizeof left, 1, f) * 8;
		for (unsigned i = 0; i < n; i++)
			linear[i] = (int16_t)((left[3 * i] + left[3 * i + 1] + left[3 * i + 2]) / 3);
		if (n)
			hear(v, linear);
	}
	pclose(f);
	const bool spoke = heard.ms;
	for (unsigned i = 0; i < VOICE_QUIET_MS + 300; i++) {
		memset(linear, 0, sizeof linear);
		hear(v, linear);
	}
	return spoke;
}

static void whoever_speaks_is_heard(void **state)
{
	static const struct {
		const char *voice;
		unsigned pitch;
	} voices[] = {{"en-us+m3", 45}, {"en-gb+f2", 60}, {"de+m1", 35}, {"fr+f4", 75}, {"es+m7", 50}, {"it+f5", 90}, {"sv+m5", 20}, {"nl+f1", 99}};
	for (unsigned i = 0; i < sizeof voices / sizeof *voices; i++) {
		struct voice v;
		begin(&v);
		if (!speak(&v, voices[i].voice, voices[i].pitch)) {
			print_message("SKIP: no espeak-ng\n");
			skip();
		}
		assert_int_equal(heard.begun, 1);
		assert_in_range(heard.at, 1, 700);
		assert_int_equal(heard.over, 1);
	}
}

static void a_faint_noise_is_nobody_speaking(void **state)
{
	struct voice v;
	int16_t linear[8];
	begin(&v);
	for (unsigned ms = 0; ms < 5000; ms++) {
		for (unsigned i = 0; i < 8; i++)
			linear[i] = (int16_t)(rand() % 401 - 200);
		hear(&v, linear);
	}
	assert_int_equal(heard.begun, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tones_are_nobody_speaking), cmocka_unit_test(digits_are_nobody_speaking), cmocka_unit_test(whoever_speaks_is_heard),
		cmocka_unit_test(a_faint_noise_is_nobody_speaking),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
