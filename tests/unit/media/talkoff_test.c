// SPDX-License-Identifier: GPL-3.0-or-later
/* An hour of speech, of several voices and as a line carries it, is no digit, no modem and no fax machine. It takes a while: with LONG=1; without, a minute of each. */
#include "unit.h"
#include "base/mem.h"
#include "media/digits.h"
#include "media/g711.h"
#include "media/voiceband.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RATE   22050 /* of what espeak-ng makes */
#define HOUR   (3600 * 8000)
#define MINUTE (60 * 8000)
#define TEXT   "/usr/share/common-licenses/GPL-3"

struct heard {
	unsigned digits, modems;
};

static void on_digit(void *arg, char digit, int level)
{
	struct heard *h = arg;
	h->digits += digit != '\0';
}

static void on_voiceband(void *arg, enum voiceband kind)
{
	struct heard *h = arg;
	h->modems += kind != VOICEBAND_NONE;
}

/* The next sample at 8000 Hz, the mean of those of its time. False at the end. */
static bool next(FILE *f, int16_t *ret)
{
	static int16_t left;
	static double part; /* of `left` that is not used yet */
	double need = RATE / 8000.0, sum = 0;
	while (need > part) {
		sum += part * left;
		need -= part;
		part = fread(&left, sizeof left, 1, f);
		if (part < 1)
			return false;
	}
	sum += need * left;
	part -= need;
	*ret = (int16_t)(sum * 8000 / RATE);
	return true;
}

/* It can still hear one. */
static void hear_digit(struct digit_receiver *r)
{
	struct digit_sender *s = digit_sender_new(DIGIT_DTMF);
	int16_t linear[160];
	digit_sender_shape(s, 40, 40, -10);
	assert_int_equal(digit_sender_put(s, SLICE("5")), 1);
	for (unsigned i = 0; i < 10; i++) {
		digit_sender_make(s, linear, 160);
		digit_receiver_hear(r, linear, 160);
	}
	mem_deref(s);
}

/* How many samples were heard, at most `most`. */
static size_t hear_voice(const char *voice, unsigned pitch, size_t most, struct heard *h)
{
	char command[200];
	size_t all = 0;
	int16_t linear[160];
	snprintf(command, sizeof command, "espeak-ng -v %s -p %u --stdout -f " TEXT " 2>/dev/null", voice, pitch);
	FILE *f = popen(command, "r");
	struct digit_receiver *r = digit_receiver_new(DIGIT_DTMF, on_digit, h);
	struct voiceband_detector *d = voiceband_new(true, on_voiceband, h);
	for (unsigned i = 0; f && i < 44; i++) /* the header of the file */
		(void)fgetc(f);
	for (unsigned n = 160; f && n == 160 && all < most; all += n) {
		for (n = 0; n < 160 && next(f, &linear[n]); n++)
			linear[n] = law_linear[LAW_A][law_octet(LAW_A, linear[n])];
		digit_receiver_hear(r, linear, n);
		voiceband_hear(d, linear, n);
	}
	if (f)
		pclose(f);
	hear_digit(r);
	mem_deref(r);
	mem_deref(d);
	return all;
}

static void speech_is_none_of_it(void **state)
{
	static const struct {
		const char *voice;
		unsigned pitch;
	} voices[] = {{"en-us+m3", 45}, {"en-gb+f2", 60}, {"de+m1", 35}, {"fr+f4", 75}, {"es+m7", 50}, {"it+f5", 90}, {"sv+m5", 20}, {"nl+f1", 99}};
	const bool whole = getenv("LONG") && strcmp(getenv("LONG"), "0");
	struct heard h = {0};
	size_t all = 0;
	for (unsigned i = 0; i < sizeof voices / sizeof voices[0]; i++)
		all += hear_voice(voices[i].voice, voices[i].pitch, whole ? HOUR / 8 + MINUTE : MINUTE / 4, &h);
	if (!all) {
		print_message("SKIP: no espeak-ng\n");
		skip();
	}
	print_message("%.1f minutes of speech\n", (double)all / MINUTE);
	assert_true(all >= (whole ? HOUR : 2 * MINUTE));
	assert_int_equal(h.digits, sizeof voices / sizeof voices[0]); /* the one behind each */
	assert_int_equal(h.modems, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(speech_is_none_of_it)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
