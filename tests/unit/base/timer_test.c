// SPDX-License-Identifier: GPL-3.0-or-later
#include "unit.h"
#include "base/timer.h"
#include <stdlib.h>

/* A naive model: each timer has a due time, and must run exactly then. */
enum { N = 300 };
static struct tested {
	struct timer t;
	uint64_t due; /* 0: must not run */
	unsigned runs;
} timers[N];
static unsigned short seed[3] = {1, 2, 3};

static uint64_t some_distance(void)
{
	static const uint64_t spans[] = {3, 300, 70000, 20000000, 5000000000};
	uint64_t span = spans[nrand48(seed) % 5];
	return ((uint64_t)nrand48(seed) << 31 | (uint64_t)nrand48(seed)) % span;
}

static void on_due(void *arg)
{
	struct tested *x = arg;
	assert_int_equal(clock_ms(), x->due);
	assert_false(timer_running(&x->t));
	x->due = 0;
	x->runs++;
}

static void start(struct tested *x, uint64_t ms)
{
	x->due = clock_ms() + (ms ? ms : 1);
	timer_start(&x->t, ms, on_due, x);
}

static void skip_over(uint64_t ms)
{
	clock_skip_to(clock_ms() + ms);
	for (int i = 0; i < N; i++)
		timers[i].due += timers[i].due ? ms : 0;
}

static uint64_t earliest(void)
{
	uint64_t first = UINT64_MAX;
	for (int i = 0; i < N; i++)
		if (timers[i].due && timers[i].due < first)
			first = timers[i].due;
	return first;
}

static void check(void)
{
	size_t running = 0;
	for (int i = 0; i < N; i++) {
		assert_int_equal(timer_running(&timers[i].t), timers[i].due != 0);
		assert_true(!timers[i].due || timers[i].due > clock_ms());
		running += timers[i].due != 0;
	}
	assert_int_equal(timer_count(), running);
	uint64_t first = earliest();
	if (first == UINT64_MAX)
		assert_true(timer_next_ms() == UINT64_MAX);
	else
		assert_true(timer_next_ms() <= first - clock_ms() && timer_next_ms() > 0);
}

static void behaves_as_a_naive_model(void **state)
{
	for (int round = 0; round < 4000; round++) {
		struct tested *x = &timers[nrand48(seed) % N];
		switch (nrand48(seed) % 5) {
		case 0:
		case 1:
			start(x, some_distance());
			break;
		case 2:
			timer_stop(&x->t);
			x->due = 0;
			break;
		case 3:
			skip_over(some_distance() % 3000);
			break;
		default:
			clock_test_advance(some_distance() % 3000);
		}
		check();
	}
	for (int i = 0; i < N; i++) {
		timer_stop(&timers[i].t);
		timers[i].due = 0;
	}
	check();
}

static void long_timers_run_to_the_millisecond(void **state)
{
	static const uint64_t spans[] = {255, 256, 257, 65535, 65536, 65537, 16777215, 16777216, 16777217, 40000000};
	for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++) {
		timers[0].runs = 0;
		start(&timers[0], spans[i]);
		clock_test_advance(spans[i] - 1);
		assert_int_equal(timers[0].runs, 0);
		clock_test_advance(1);
		assert_int_equal(timers[0].runs, 1);
	}
	assert_int_equal(timer_count(), 0);
}

static int order[3], n_order;

static void note(void *arg)
{
	order[n_order++] = (int)(intptr_t)arg;
}

static void run_in_order_of_due_time(void **state)
{
	struct timer a = {0}, b = {0}, c = {0};
	n_order = 0;
	timer_start(&a, 300, note, (void *)3);
	timer_start(&b, 10, note, (void *)1);
	timer_start(&c, 299, note, (void *)2);
	clock_test_advance(1000);
	assert_int_equal(n_order, 3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(order[i], i + 1);
}

static struct timer again;
static int repeats;

static void restart(void *arg)
{
	if (++repeats < 5)
		timer_start(&again, 256, restart, NULL);
}

static void a_callback_may_start_its_timer_again(void **state)
{
	timer_start(&again, 0, restart, NULL);
	clock_test_advance(0);
	assert_int_equal(repeats, 0); /* never in the same millisecond */
	clock_test_advance(10000);
	assert_int_equal(repeats, 5);
	assert_int_equal(timer_count(), 0);
}

static struct timer victim;

static void stop_victim(void *arg)
{
	timer_stop(&victim);
}

static void a_callback_may_stop_one_that_is_due_too(void **state)
{
	struct timer a = {0};
	n_order = 0;
	timer_start(&a, 20, stop_victim, NULL);
	timer_start(&victim, 20, note, NULL);
	clock_test_advance(50);
	assert_int_equal(n_order, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(behaves_as_a_naive_model),
		cmocka_unit_test(long_timers_run_to_the_millisecond),
		cmocka_unit_test(run_in_order_of_due_time),
		cmocka_unit_test(a_callback_may_start_its_timer_again),
		cmocka_unit_test(a_callback_may_stop_one_that_is_due_too),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
