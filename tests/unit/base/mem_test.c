// SPDX-License-Identifier: GPL-3.0-or-later
#include "unit.h"
#include <string.h>

static int destroyed;
static void *resurrected;

static void count(void *obj)
{
	destroyed++;
}

static void take_again(void *obj)
{
	destroyed++;
	resurrected = mem_ref(obj);
}

static void last_reference_runs_the_destructor_once(void **state)
{
	size_t before = mem_blocks();
	char *p = mem_alloc(10, count);
	destroyed = 0;
	for (int i = 0; i < 10; i++)
		assert_int_equal(p[i], 0);
	assert_ptr_equal(mem_ref(p), p);
	assert_int_equal(mem_refs(p), 2);
	assert_null(mem_deref(p));
	assert_int_equal(destroyed, 0);
	mem_deref(p);
	assert_int_equal(destroyed, 1);
	assert_int_equal(mem_blocks(), before);
	assert_null(mem_deref(NULL));
	assert_null(mem_ref(NULL));
	assert_int_equal(mem_refs(NULL), 0);
}

static void a_destructor_may_hand_the_object_on(void **state)
{
	size_t before = mem_blocks();
	void *p = mem_alloc(1, take_again);
	destroyed = 0;
	mem_deref(p);
	assert_ptr_equal(resurrected, p);
	assert_int_equal(mem_blocks(), before + 1);
	mem_deref(resurrected);
	assert_int_equal(destroyed, 1);
	assert_int_equal(mem_blocks(), before);
}

static void only_the_chosen_allocation_fails(void **state)
{
	mem_fail_nth(2);
	void *a = mem_raw(1), *b = mem_alloc(1, NULL), *c = mem_strdup("x");
	assert_true(mem_failed());
	mem_fail_nth(0);
	assert_non_null(a);
	assert_null(b);
	assert_non_null(c);
	mem_fail_nth(1);
	assert_null(mem_regrow(a, 100));
	mem_fail_nth(0);
	a = mem_regrow(a, 100);
	assert_non_null(a);
	mem_free(a);
	mem_free(c);
	mem_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(last_reference_runs_the_destructor_once),
		cmocka_unit_test(a_destructor_may_hand_the_object_on),
		cmocka_unit_test(only_the_chosen_allocation_fails),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
