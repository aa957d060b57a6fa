// SPDX-License-Identifier: GPL-3.0-or-later
#include "unit.h"
#include "mediagw/digits.h"

static void names_of_the_dtmf_package(void **state)
{
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
