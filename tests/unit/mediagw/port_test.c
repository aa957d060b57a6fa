// SPDX-License-Identifier: GPL-3.0-or-later
#include "unit.h"
#include "mediagw/port.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void rtp_is_even_and_inside_the_range(void **state)
{
	(void)state;
	static const struct {
		uint16_t min, max, first, total;
	} cases[] = {{16384, 32767, 16384, 8192}, {10001, 10004, 10002, 1}, {10000, 10001, 10000, 1}, {10001, 10005, 10002, 2}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct ports *p;
		uint16_t port;
		assert_int_equal(ports_new(&p, cases[i].min, cases[i].max), 0);
		assert_int_equal(ports_total(p), cases[i].total);
		assert_int_equal(ports_take(p, &port), 0);
		assert_int_equal(port, cases[i].first);
		mem_deref(p);
	}
	struct ports *none;
	assert_int_equal(ports_new(&none, 10001, 10002), -EINVAL);
	assert_int_equal(ports_new(&none, 65535, 65535), -EINVAL);
}

static void a_port_given_back_rests_longest(void **state)
{
	(void)state;
	struct ports *p;
	uint16_t first, port;
	assert_int_equal(ports_new(&p, 20000, 20007), 0);
	assert_int_equal(ports_take(p, &first), 0);
	ports_give(p, first);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(ports_take(p, &port), 0);
		assert_int_not_equal(port, first);
	}
	assert_int_equal(ports_take(p, &port), 0);
	assert_int_equal(port, first);
	assert_int_equal(ports_take(p, &port), -EBUSY);
	mem_deref(p);
}

/* Against the simplest thing that could be right: an array of what is taken. */
static void agrees_with_a_model(void **state)
{
	(void)state;
	enum { PAIRS = 16 };
	bool taken[PAIRS] = {0};
	unsigned used = 0;
	struct ports *p;
	uint16_t port;
	srandom(7);
	assert_int_equal(ports_new(&p, 20000, 20000 + 2 * PAIRS - 1), 0);
	for (int step = 0; step < 20000; step++) {
		unsigned k = (unsigned)random() % (PAIRS + 2);
		uint16_t any = (uint16_t)(20000 + 2 * k);
		switch (random() % 3) {
		case 0:
			if (used == PAIRS) {
				assert_int_equal(ports_take(p, &port), -EBUSY);
				break;
			}
			assert_int_equal(ports_take(p, &port), 0);
			assert_false(taken[(port - 20000) / 2]);
			taken[(port - 20000) / 2] = true;
			used++;
			break;
		case 1:
			assert_int_equal(ports_claim(p, any), k >= PAIRS ? -ERANGE : taken[k] ? -EBUSY : 0);
			used += k < PAIRS && !taken[k];
			if (k < PAIRS)
				taken[k] = true;
			break;
		default:
			ports_give(p, any);
			used -= k < PAIRS && taken[k];
			if (k < PAIRS)
				taken[k] = false;
		}
		assert_int_equal(ports_used(p), used);
	}
	assert_int_equal(ports_claim(p, 20001), -ERANGE);
	assert_int_equal(ports_claim(p, 19998), -ERANGE);
	mem_deref(p);
}

static void make_and_free(void *arg)
{
	struct ports *p;
	(void)arg;
	int err = ports_new(&p, 20000, 20099);
	assert_true(!err || err == -ENOMEM);
	if (!err)
		mem_deref(p);
}

static void without_memory(void **state)
{
	(void)state;
	each_allocation_fails(make_and_free, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rtp_is_even_and_inside_the_range),
		cmocka_unit_test(a_port_given_back_rests_longest),
		cmocka_unit_test(agrees_with_a_model),
		cmocka_unit_test(without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
