// SPDX-License-Identifier: GPL-3.0-or-later
/* Tones: the notation, every country's table, and what the generator makes of them: frequencies, level, cadence. */
#include "unit.h"
#include "media/tones.h"
#include <errno.h>
#include <math.h>
#include <string.h>

#define SECOND 8000

/* Power at one frequency, in dBm0 (a full-scale sine is 3.14). */
static double level_at(const int16_t *s, size_t n, double hz)
{
	double re = 0, im = 0;
	for (size_t i = 0; i < n; i++) {
		double window = 1 - cos(2 * M_PI * (double)i / (double)n);
		re += window * s[i] * cos(2 * M_PI * hz * (double)i / 8000);
		im += window * s[i] * sin(2 * M_PI * hz * (double)i / 8000);
	}
	double amplitude = 2 * sqrt(re * re + im * im) / (double)n;
	return 3.14 + 20 * log10(amplitude / 32767 + 1e-9);
}

static void make(struct tone_player *p, int16_t *out, size_t n)
{
	for (size_t i = 0; i < n; i += 40)
		tone_make(p, out + i, n - i < 40 ? n - i : 40);
}

static void tone(struct tone *t, const char *text)
{
	assert_int_equal(tone_read(t, slice_str(text)), 0);
}

static void the_notation_is_read(void **state)
{
	struct tone t;
	tone(&t, "-24:480+620/500,0/250");
	assert_int_equal(t.level, -24);
	assert_int_equal(t.count, 2);
	assert_int_equal(t.again, 0);
	assert_int_equal(t.step[0].hz[1], 620);
	assert_int_equal(t.step[0].length, 4000);
	assert_int_equal(t.step[1].hz[0], 0);
	tone(&t, "!440/300, !0/9700, 400*25");
	assert_int_equal(t.again, 2);
	assert_int_equal(t.step[2].modulated, 25);
	assert_int_equal(t.step[2].length, 0);
	assert_int_equal(t.level, TONE_LEVEL);
}

static void what_is_no_tone_is_refused(void **state)
{
	static const char *const bad[] = {"", " ", ",", "350+", "+350", "4000", "350/0", "350/", "350/x", "350,440", "!350", "350/10,!440/10", "350+0", "0+350", "1+2+3+4+5",
		"400*0", "400+450*25", "0*25", "400*25*3", "-61:350", "4:350", ":350", "350/600001", "350/10,", "-:350"};
	struct tone t = {.count = 77};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (tone_read(&t, slice_str(bad[i])) != -EINVAL || t.count != 77)
			fail_msg("\"%s\" was read", bad[i]);
	char many[40 * 8] = "350/10";
	for (unsigned i = 1; i < TONE_STEPS + 1; i++)
		strncat(many, ",350/10", sizeof many - strlen(many) - 1);
	assert_int_equal(tone_read(&t, slice_str(many)), -EINVAL);
}

static void every_country_has_every_tone(void **state)
{
	unsigned countries = 0;
	for (; slice_is_set(tone_country(countries)); countries++)
		for (unsigned signal = 0; signal < TONE_SIGNALS; signal++) {
			struct tone t;
			struct tone_player p;
			int16_t out[400];
			assert_int_equal(tone_of(&t, tone_country(countries), signal), 0);
			assert_false(slice_empty(tone_name(signal)));
			tone_start(&p, &t);
			assert_true(tone_make(&p, out, 400));
			assert_true(t.step[0].hz[0] != 0);
		}
	assert_in_range(countries, 20, 100);
	struct tone t;
	assert_int_equal(tone_of(&t, SLICE("xx"), TONE_DIAL), -ENOENT);
	assert_int_equal(tone_of(&t, SLICE(""), TONE_DIAL), -ENOENT);
	assert_false(slice_is_set(tone_country_of(SLICE("xx"))));
	assert_int_equal(tone_of(&t, SLICE("GB"), TONE_BUSY), 0);
	assert_int_equal(t.step[0].length, 375 * 8);
}

static void frequencies_have_their_level(void **state)
{
	static int16_t out[SECOND];
	struct tone t;
	struct tone_player p;
	tone(&t, "-10:350+440");
	tone_start(&p, &t);
	make(&p, out, SECOND);
	assert_true(fabs(level_at(out, SECOND, 350) + 10) < 0.5);
	assert_true(fabs(level_at(out, SECOND, 440) + 10) < 0.5);
	assert_true(level_at(out, SECOND, 395) < -60);
	assert_true(level_at(out, SECOND, 700) < -50);
	tone(&t, "400*25");
	tone_start(&p, &t);
	make(&p, out, SECOND);
	assert_true(fabs(level_at(out, SECOND, 375) - level_at(out, SECOND, 400) + 6) < 0.5);
	assert_true(fabs(level_at(out, SECOND, 425) - level_at(out, SECOND, 400) + 6) < 0.5);
}

static bool silent(const int16_t *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i])
			return false;
	return true;
}

static void cadences_are_kept_to_the_sample(void **state)
{
	static int16_t out[6 * SECOND];
	struct tone t;
	struct tone_player p;
	assert_int_equal(tone_of(&t, SLICE("gb"), TONE_RINGBACK), 0);
	tone_start(&p, &t);
	make(&p, out, sizeof out / sizeof *out);
	for (unsigned at = 0; at < 2 * 24000; at += 24000) {
		static const unsigned edges[] = {0, 3200, 4800, 8000, 24000};
		for (unsigned i = 0; i < 4; i++) {
			const int16_t *from = out + at + edges[i];
			assert_int_equal(silent(from, edges[i + 1] - edges[i]), i & 1);
			assert_false(!(i & 1) && silent(from, 40));
			assert_false(!(i & 1) && silent(out + at + edges[i + 1] - 40, 40));
		}
	}
}

static void what_is_not_repeated_ends(void **state)
{
	int16_t out[SECOND];
	struct tone t;
	struct tone_player p;
	tone(&t, "!440/100,!0/100,!440/100");
	tone_start(&p, &t);
	assert_true(tone_make(&p, out, 2400));
	assert_false(silent(out + 1600, 800));
	assert_false(tone_make(&p, out, SECOND));
	assert_true(silent(out, SECOND));
}

/* All zones that DAHDI knows, by its names. */
static void zones_of_dahdi_are_countries(void **state)
{
	static const char *const zones[] = {"us", "au", "fr", "nl", "uk", "fi", "es", "jp", "no", "at", "nz", "it", "us-old", "gr", "tw", "cl",
					    "se", "be", "sg", "il", "br", "hu", "lt", "pl", "za", "pt", "ee", "mx", "in", "de", "ch", "dk",
					    "cz", "cn", "ar", "my", "th", "bg", "ve", "ph", "ru", "tr", "pa", "mo", "cr", "ae"};
	struct tone gb, uk;
	for (size_t i = 0; i < sizeof zones / sizeof *zones; i++)
		if (!slice_is_set(tone_country_of(slice_str(zones[i]))))
			fail_msg("%s is not known", zones[i]);
	assert_true(slice_eq(tone_country_of(SLICE("UK")), SLICE("gb")));
	assert_int_equal(tone_of(&gb, SLICE("gb"), TONE_RINGBACK), 0);
	assert_int_equal(tone_of(&uk, SLICE("uk"), TONE_RINGBACK), 0);
	assert_memory_equal(&gb, &uk, sizeof gb);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_notation_is_read),         cmocka_unit_test(what_is_no_tone_is_refused),
		cmocka_unit_test(every_country_has_every_tone), cmocka_unit_test(zones_of_dahdi_are_countries), cmocka_unit_test(frequencies_have_their_level),
		cmocka_unit_test(cadences_are_kept_to_the_sample), cmocka_unit_test(what_is_not_repeated_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
