// SPDX-License-Identifier: GPL-3.0-or-later
/* Tones of tests are told from one another, and from everything else, through the laws of G.711. */
#include "unit.h"
#include "base/buf.h"
#include "media/g711.h"
#include "media/test_tones.h"
#include "media/tones.h"
#include <stdio.h>

static struct buf heard;

static void on_tone(void *arg, enum test_tone tone, bool begun)
{
	static const char *const names[] = {"co1", "co2", "om", "nm", "mm", "tl"};
	(void)arg;
	if (tone >= TEST_SPECIAL)
		buf_printf(&heard, "sit%d ", tone - TEST_SPECIAL + 1);
	else
		buf_printf(&heard, "%s%s ", begun ? "+" : "-", names[tone]);
}

static const char *hear(const char *notation, unsigned ms, enum law law)
{
	static char text[256];
	struct test_tones t;
	struct tone tone;
	struct tone_player p;
	heard = buf_fixed(text, sizeof text - 1);
	assert_int_equal(tone_read(&tone, slice_str(notation)), 0);
	tone_start(&p, &tone);
	test_tones_init(&t, on_tone, NULL);
	for (unsigned i = 0; i < ms / 10; i++) {
		int16_t linear[80];
		uint8_t octets[80];
		tone_make(&p, linear, 80);
		law_encode(law, octets, linear, 80);
		law_decode(law, linear, octets, 80);
		test_tones_hear(&t, linear, 80);
	}
	return buf_z(&heard);
}

static void each_tone_is_heard_as_itself(void **state)
{
	static const struct {
		const char *notation, *is;
	} rows[] = {
		{"!2010/500,0", "+co1 -co1 "}, {"!1780/500,0", "+co2 -co2 "}, {"!2035/500,0", "+co1 -co1 "}, {"!2060/500,0", ""}, {"0:!1000/500,0", "+om -om "},
		{"0:!1004/500,0", "+nm -nm "}, {"0:!1014/500,0", "+mm -mm "}, {"-10:!2225/500,0", "+tl -tl "}, {"!1030/500,0", ""}, {"-45:!2010/500,0", ""},
		{"350+440", ""}, {"480+620/250,0/250", ""}, {"941+1477", ""}, {"!2010/60,0", ""}, {"440+480/2000,0/4000", ""},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		for (enum law law = LAW_U; law <= LAW_A; law++)
			assert_string_equal(hear(rows[i].notation, 1500, law), rows[i].is);
}

static void special_information_is_told_by_frequencies_and_lengths(void **state)
{
	static const char *const rows[] = {
		"!914/276,!1429/380,!1777/380,0", "!985/276,!1371/380,!1777/380,0", "!985/380,!1429/380,!1777/380,0", "!914/380,!1371/380,!1777/380,0",
		"!914/276,!1371/276,!1777/380,0", "!985/380,!1371/276,!1777/380,0", "!914/380,!1429/276,!1777/380,0",
	};
	char want[8];
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		snprintf(want, sizeof want, "sit%zu ", i + 1);
		assert_string_equal(hear(rows[i], 2500, LAW_U), want);
	}
	assert_string_equal(hear("!950/330,!1400/330,!1800/330,0", 2500, LAW_A), "sit1 ");
	assert_string_equal(hear("!950/330,!0/500,!1400/330,!1800/330,0", 2500, LAW_A), "+co2 -co2 "); /* 1800 Hz is as good as 1780 */
}

static void noise_is_no_tone(void **state)
{
	struct test_tones t;
	char text[64];
	unsigned seed = 1;
	(void)state;
	heard = buf_fixed(text, sizeof text - 1);
	test_tones_init(&t, on_tone, NULL);
	for (unsigned i = 0; i < 80000; i++) {
		int16_t x = (int16_t)((seed = seed * 1103515245 + 12345) >> 16);
		test_tones_hear(&t, &x, 1);
	}
	assert_string_equal(buf_z(&heard), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_tone_is_heard_as_itself),
		cmocka_unit_test(special_information_is_told_by_frequencies_and_lengths),
		cmocka_unit_test(noise_is_no_tone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
