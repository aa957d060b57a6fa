// SPDX-License-Identifier: GPL-3.0-or-later
/* Silence suppression: speech is always sent, the background is learned, its level is told when it changes and now and then. */
#include "unit.h"
#include "media/silence.h"

#define PTIME 160

/* Judges `packets` of a level: how many of them were of `want`. */
static unsigned judge(struct silence *s, uint8_t level, unsigned packets, enum silence_verdict want)
{
	unsigned n = 0;
	for (unsigned i = 0; i < packets; i++)
		n += silence_judge(s, level, PTIME) == want;
	return n;
}

static void the_level_is_told_once_a_second_and_when_it_changes(void **state)
{
	struct silence s;
	silence_init(&s);
	assert_int_equal(judge(&s, 60, 1, SILENCE_TELL), 1);
	assert_int_equal(judge(&s, 60, 49, SILENCE_QUIET), 49);
	assert_int_equal(judge(&s, 60, 1, SILENCE_TELL), 1);
	assert_int_equal(judge(&s, 58, 1, SILENCE_QUIET), 1);
	assert_int_equal(judge(&s, 57, 1, SILENCE_TELL), 1);
	assert_int_equal(s.told, 57);
}

static void speech_is_sent_with_what_follows_it(void **state)
{
	struct silence s;
	silence_init(&s);
	judge(&s, 60, 10, SILENCE_QUIET);
	assert_int_equal(judge(&s, 25, 100, SILENCE_SPEECH), 100);
	assert_int_equal(judge(&s, 50, 10, SILENCE_SPEECH), 10);
	assert_int_equal(judge(&s, 60, 10, SILENCE_SPEECH), 10);
	assert_int_equal(judge(&s, 60, 1, SILENCE_TELL), 1);
}

static void a_louder_background_is_learned(void **state)
{
	struct silence s;
	silence_init(&s);
	judge(&s, 62, 10, SILENCE_QUIET);
	assert_int_equal(judge(&s, 48, 100, SILENCE_SPEECH), 100);
	judge(&s, 48, 500, SILENCE_SPEECH);
	assert_int_equal(judge(&s, 48, 100, SILENCE_SPEECH), 0);
}

static void what_is_loud_is_never_silence(void **state)
{
	struct silence s;
	silence_init(&s);
	assert_int_equal(judge(&s, 39, 5000, SILENCE_SPEECH), 5000);
}

static void nothing_at_all_is_silence_at_once(void **state)
{
	struct silence s;
	silence_init(&s);
	assert_int_equal(judge(&s, 127, 1, SILENCE_TELL), 1);
	assert_int_equal(judge(&s, 127, 49, SILENCE_QUIET), 49);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_level_is_told_once_a_second_and_when_it_changes),
		cmocka_unit_test(speech_is_sent_with_what_follows_it),
		cmocka_unit_test(a_louder_background_is_learned),
		cmocka_unit_test(what_is_loud_is_never_silence),
		cmocka_unit_test(nothing_at_all_is_silence_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
