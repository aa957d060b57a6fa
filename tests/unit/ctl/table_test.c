// SPDX-License-Identifier: GPL-3.0-or-later
#include "unit.h"
#include "ctl/command.h"
#include <string.h>

static const struct column columns[] = {
	{"name", "NAME", AS_IS}, {"n", "COUNT", AS_IS}, {"up", "UP", AS_SECONDS}, {"at", "SINCE", AS_TIME}, {"tags", "TAGS", AS_IS}, {0},
};

static void assert_prints(const char *rows, const char *want)
{
	struct buf out = buf_growing();
	json_t *j = json_loads(rows, 0, NULL);
	assert_non_null(j);
	table_print(&out, j, columns, "nothing");
	assert_string_equal(buf_z(&out), want);
	json_decref(j);
	buf_reset(&out);
}

static void columns_are_as_wide_as_their_widest_value(void **state)
{
	assert_prints("[{\"name\":\"a\",\"n\":7,\"up\":3661000,\"at\":0,\"tags\":[\"x\",\"y\"]},"
		      "{\"name\":\"Zo\u00eb the long\",\"n\":12345678,\"up\":999,\"at\":null,\"tags\":[]}]",
		      "NAME             COUNT       UP  SINCE                TAGS\n"
		      "a                    7  1:01:01  1970-01-01 00:00:00  x,y\n"
		      "Zo\u00eb the long  12345678  0:00:00  -                    -\n");
	assert_prints("[{\"name\":\"a\",\"n\":1,\"up\":0,\"at\":0,\"tags\":{\"sync\":true,\"bits\":8000}}]",
		      "NAME  COUNT       UP  SINCE                TAGS\n"
		      "a         1  0:00:00  1970-01-01 00:00:00  sync=yes,bits=8000\n");
	assert_prints("[]", "nothing\n");
}

static void what_is_missing_or_hostile_is_shown_harmlessly(void **state)
{
	assert_prints("[{\"name\":\"a\\u001b[2Jb\\n\",\"n\":true,\"up\":1.5,\"at\":\"\"}]",
		      "NAME     COUNT    UP  SINCE  TAGS\n"
		      "a?[2Jb?  yes    1.50  -      -\n");
}

static void every_command_can_be_carried_out(void **state)
{
	for (const struct command *c = commands; c->words; c++) {
		assert_true(c->run || c->daemons);
		assert_true(c->help && *c->help);
		assert_true(!c->columns || c->none);
		for (const struct command *d = commands; d != c; d++) { /* a longer command stands before its beginning */
			assert_string_not_equal(c->words, d->words);
			assert_true(strncmp(c->words, d->words, strlen(d->words)) || c->words[strlen(d->words)] != ' ');
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_as_wide_as_their_widest_value),
		cmocka_unit_test(what_is_missing_or_hostile_is_shown_harmlessly),
		cmocka_unit_test(every_command_can_be_carried_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
