// SPDX-License-Identifier: GPL-3.0-or-later
#include "unit.h"
#include "callagent/outcome.h"

/* RFC 3261 16.7 step 6: the order of the best answer of a forked call, best first. */
static void best_answer(void **state)
{
	static const unsigned order[] = {603, 302, 401, 486, 404, 408, 500, 503};
	for (size_t i = 0; i + 1 < sizeof(order) / sizeof(order[0]); i++) {
		assert_true(outcome_better(order[i], order[i + 1]));
		assert_false(outcome_better(order[i + 1], order[i]));
	}
	assert_true(outcome_better(503, 0));
	assert_false(outcome_better(0, 503));
}

static void told_to_the_caller(void **state)
{
	assert_int_equal(outcome_for_caller(486, 0), 486);
	assert_int_equal(outcome_for_caller(603, 0), 603);
	/* Our credentials on the called side are not the caller's. */
	assert_int_equal(outcome_for_caller(407, 0), 403);
	assert_int_equal(outcome_for_caller(401, 0), 403);
	/* A redirection would name the called side's places. */
	assert_int_equal(outcome_for_caller(302, 0), 480);
	assert_int_equal(outcome_for_caller(0, 0), 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(best_answer), cmocka_unit_test(told_to_the_caller)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
