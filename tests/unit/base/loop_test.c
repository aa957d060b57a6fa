// SPDX-License-Identifier: GPL-3.0-or-later
#include "unit.h"
#include "base/loop.h"
#include "base/timer.h"
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

static int calls, pair[2];
static struct loop_watch *watch;

static int open_loop(void **state)
{
	calls = 0;
	return loop_init() || pipe(pair);
}

/* The loop must be closable in any state, and leave no memory. */
static int close_loop(void **state)
{
	loop_close();
	close(pair[0]);
	close(pair[1]);
	return mem_blocks() != 0 || timer_count() != 0;
}

static void stop(void *arg)
{
	calls++;
	loop_stop();
}

static void read_one(void *arg, int events)
{
	char c;
	assert_true(events & UV_READABLE);
	assert_int_equal(read(pair[0], &c, 1), 1);
	if (c == '2')
		loop_stop();
	calls++;
}

static void write_next(void *arg)
{
	assert_int_equal(write(pair[1], arg, 1), 1);
}

static void a_watch_tells_that_a_descriptor_is_ready(void **state)
{
	struct timer a = {0}, b = {0};
	assert_int_equal(loop_watch(&watch, pair[0], UV_READABLE, read_one, NULL), 0);
	timer_start(&a, 1, write_next, "1");
	timer_start(&b, 30, write_next, "2");
	uint64_t before = clock_ms();
	loop_run();
	assert_int_equal(calls, 2);
	assert_true(clock_ms() - before >= 30);
	mem_deref(watch);
}

static void end_watch(void *arg)
{
	watch = mem_deref(watch);
}

static void never(void *arg, int events)
{
	fail();
}

static void a_timer_may_end_the_watch_that_is_ready(void **state)
{
	struct timer t = {0}, later = {0};
	assert_int_equal(loop_watch(&watch, pair[0], UV_READABLE, never, NULL), 0);
	timer_start(&t, 5, end_watch, NULL);
	timer_start(&later, 30, stop, NULL);
	usleep(20000); /* both are due when the loop looks, without any waiting on it */
	assert_int_equal(write(pair[1], "x", 1), 1);
	loop_run();
	assert_int_equal(calls, 1);
}

static struct timer patience;
static char awaited[2];

static void give_up(void *arg)
{
	fail();
}

/* One byte a turn: there is more to read than one turn takes. */
static void answer(void *arg, int events)
{
	assert_int_equal(read(pair[0], awaited, 1), 1);
	if (*awaited != '9')
		return;
	timer_stop(&patience);
	calls++;
}

static void after_a_stall_what_has_come_is_read_before_what_is_due_runs(void **state)
{
	struct timer due = {0};
	assert_int_equal(loop_watch(&watch, pair[0], UV_READABLE, answer, NULL), 0);
	timer_start(&patience, 20, give_up, NULL);
	timer_start(&due, 30, stop, NULL);
	usleep(200000);
	assert_int_equal(write(pair[1], "123456789", 9), 9);
	uint64_t before = clock_ms();
	loop_run();
	assert_int_equal(calls, 2);
	assert_true(clock_ms() - before >= 200); /* and the clock is right all the while */
	mem_deref(watch);
}

static void repeat(void *arg)
{
	struct timer *t = arg;
	if (++calls < 3)
		timer_start(t, 10, repeat, t);
	else
		loop_stop();
}

static void always(void *arg, int events)
{
}

static void what_is_due_runs_though_reading_has_no_end(void **state)
{
	struct timer t = {0};
	assert_int_equal(loop_watch(&watch, pair[0], UV_READABLE, always, NULL), 0);
	assert_int_equal(write(pair[1], "x", 1), 1);
	timer_start(&t, 1, repeat, &t);
	usleep(200000);
	loop_run();
	assert_int_equal(calls, 3);
	mem_deref(watch);
}

static void what_passed_before_the_beginning_counts_for_no_timer(void **state)
{
	struct timer t = {0};
	timer_start(&t, 30, stop, NULL);
	usleep(40000);
	uint64_t began = uv_hrtime();
	loop_begin();
	loop_run();
	assert_true(uv_hrtime() - began > 25000000);
}

static struct loop_deferred early, first, second;
static int order[4], n_order;

static void note_early(void *arg)
{
	order[n_order++] = 1;
}

static void note_second(void *arg)
{
	order[n_order++] = 3;
	loop_stop();
}

static void note_first(void *arg)
{
	order[n_order++] = 2;
	loop_defer(&second, note_second, NULL); /* still this turn */
}

static void defer_twice(void *arg)
{
	loop_defer(&first, note_first, NULL);
	loop_defer(&first, note_first, NULL);
	loop_defer_first(&early, note_early, NULL);
	order[n_order++] = 0;
}

static void deferred_work_runs_once_after_the_turn(void **state)
{
	struct timer t = {0};
	struct loop_deferred cancelled = {0};
	timer_start(&t, 1, defer_twice, NULL);
	loop_defer(&cancelled, stop, NULL);
	loop_defer_cancel(&cancelled);
	loop_run();
	assert_int_equal(n_order, 4);
	for (int i = 0; i < 4; i++)
		assert_int_equal(order[i], i);
	assert_int_equal(calls, 0);
}

static void raise_signal(void *arg)
{
	kill(getpid(), SIGUSR1);
}

static void signals_come_from_the_loop(void **state)
{
	struct timer t = {0};
	assert_int_equal(loop_signal(SIGUSR1, stop, NULL), 0);
	timer_start(&t, 1, raise_signal, NULL);
	loop_run();
	assert_int_equal(calls, 1);
}

static void a_watch_may_outlive_the_loop(void **state)
{
	assert_int_equal(loop_watch(&watch, pair[0], UV_READABLE, never, NULL), 0);
	loop_close();
	watch = mem_deref(watch);
}

/* What the callback of a socket received, or the error it found there. */
static int heard[4];

static void hear(void *arg, int events)
{
	char c;
	int fd = *(int *)arg;
	heard[calls++] = recv(fd, &c, 1, MSG_DONTWAIT) == 1 ? c : -errno;
	loop_stop();
}

/* An error of the moment, as a netlink socket has when messages were lost; here nobody listens yet where it sends to. */
static void a_failed_descriptor_is_watched_on(void **state)
{
	struct sockaddr_in there = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}, here = there;
	socklen_t len = sizeof there;
	int a = socket(AF_INET, SOCK_DGRAM, 0), b = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(bind(b, (struct sockaddr *)&there, len) || getsockname(b, (struct sockaddr *)&there, &len), 0);
	close(b);
	assert_int_equal(connect(a, (struct sockaddr *)&there, len) || getsockname(a, (struct sockaddr *)&here, &len), 0);
	assert_int_equal(loop_watch(&watch, a, UV_READABLE, hear, &a), 0);
	assert_int_equal(send(a, "x", 1, 0), 1);
	loop_run();
	assert_int_equal(heard[0], -ECONNREFUSED);
	b = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(bind(b, (struct sockaddr *)&there, len), 0);
	assert_int_equal(sendto(b, "y", 1, 0, (struct sockaddr *)&here, len), 1);
	loop_run();
	assert_int_equal(calls, 2);
	assert_int_equal(heard[1], 'y');
	mem_deref(watch);
	close(a);
	close(b);
}

static void a_bad_descriptor_is_refused(void **state)
{
	struct loop_watch *w = NULL;
	assert_true(loop_watch(&w, 9999, UV_READABLE, never, NULL) < 0);
	assert_null(w);
}

static void watch_and_end(void *arg)
{
	struct loop_watch *w = NULL;
	int err = loop_watch(&w, pair[0], UV_READABLE, never, NULL);
	assert_true(err == 0 || err == -ENOMEM);
	mem_deref(w);
	uv_run(loop_uv(), UV_RUN_NOWAIT);
}

static void memory_running_out(void **state)
{
	each_allocation_fails(watch_and_end, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_watch_tells_that_a_descriptor_is_ready, open_loop, close_loop),
		cmocka_unit_test_setup_teardown(a_timer_may_end_the_watch_that_is_ready, open_loop, close_loop),
		cmocka_unit_test_setup_teardown(after_a_stall_what_has_come_is_read_before_what_is_due_runs, open_loop, close_loop),
		cmocka_unit_test_setup_teardown(what_is_due_runs_though_reading_has_no_end, open_loop, close_loop),
		cmocka_unit_test_setup_teardown(what_passed_before_the_beginning_counts_for_no_timer, open_loop, close_loop),
		cmocka_unit_test_setup_teardown(deferred_work_runs_once_after_the_turn, open_loop, close_loop),
		cmocka_unit_test_setup_teardown(signals_come_from_the_loop, open_loop, close_loop),
		cmocka_unit_test_setup_teardown(a_watch_may_outlive_the_loop, open_loop, close_loop),
		cmocka_unit_test_setup_teardown(a_failed_descriptor_is_watched_on, open_loop, close_loop),
		cmocka_unit_test_setup_teardown(a_bad_descriptor_is_refused, open_loop, close_loop),
		cmocka_unit_test_setup_teardown(memory_running_out, open_loop, close_loop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
