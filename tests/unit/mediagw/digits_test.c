// SPDX-License-Identifier: GPL-3.0-or-later
#include "unit.h"
#include "mediagw/digits.h"

static void names_of_the_dtmf_package(void **state)
{
	static const struct {
		const char *name;
		uint32_t set;
	} rows[] = {
		{"5", 1u << 5}, {"*", 1u << 10}, {"#", 1u << 11}, {"a", 1u << 12}, {"D", 1u << 15}, {"x", 0x3ff}, {"X", 0x3ff}, {"all", 0xffff},
		{"[0-9]", 0x3ff}, {"[0-9#*A-D]", 0xffff}, {"[13]", 1u << 1 | 1u << 3}, {"[2-2]", 1u << 2}, {"[a-b]", 3u << 12},
		{"", 0}, {"E", 0}, {"-", 0}, {"10", 0}, {"[]", 0}, {"[9-0]", 0}, {"[1-", 0}, {"[1-]", 0}, {"[-1]", 0}, {"[0-9]x", 0}, {"dd", 0},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (digits_set(slice_str(rows[i].name)) != rows[i].set)
			fail_msg("\"%s\": %#x", rows[i].name, digits_set(slice_str(rows[i].name)));
	assert_int_equal(digits_name(0), '0');
	assert_int_equal(digits_name(10), '*');
	assert_int_equal(digits_name(15), 'D');
	assert_int_equal(digits_name(16), '\0');
	assert_int_equal(digits_name(255), '\0');
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(names_of_the_dtmf_package)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
