// SPDX-License-Identifier: GPL-3.0-or-later
/* Test calls that the configuration repeats: when they are due, what becomes of the channels, and the alarm. */
#include "line_bench.h"
#include "base/loop.h"
#include "mediagw/line_test.h"

static struct line_tests *tests;

static void open_tests_of(const char *lines, const char *section)
{
	cards.wired = true;
	bench_plug();
	assert_int_equal(bench_open(lines, NULL), 0);
	struct conf *conf = bench_conf(section);
	assert_non_null(conf);
	assert_int_equal(line_tests_open(&tests, bench.gw, conf), 0);
	mem_deref(conf);
}

static void open_tests(const char *section)
{
	open_tests_of(BENCH_LINES, section);
}

static void close_tests(void)
{
	tests = mem_deref(tests);
	bench_close();
}

static enum tdm_state state_of(unsigned channel)
{
	return tdm_channel(bench.tdm, channel)->state;
}

static void one_that_is_due_takes_a_pair_of_channels(void **state)
{
	(void)state;
	open_tests("line-test night { from = \"1\" to = \"2\" every = \"1h\" }\n");
	clock_test_advance(3599 * 1000);
	assert_int_equal(state_of(1), TDM_IN_SERVICE);
	clock_test_advance(1000);
	clock_test_advance(1);
	assert_int_equal(state_of(1), TDM_IN_USE);
	assert_int_equal(state_of(25), TDM_IN_USE);
	assert_int_equal(state_of(2), TDM_IN_SERVICE);
	assert_int_equal(run("CRCX 1 ds/ds1-1/1@mg MGCP 1.0\r\nC: 1\r\nM: recvonly\r\n"), 540);
	struct buf why = buf_growing();
	assert_int_equal(line_tests_begin(tests, SLICE("1"), SLICE("2"), false, &why), -EBUSY);
	buf_reset(&why);
	/* These cards say nothing. */
	clock_test_advance(3100);
	clock_test_advance(1);
	assert_int_equal(state_of(1), TDM_IN_SERVICE);
	assert_int_equal(state_of(25), TDM_IN_SERVICE);
	assert_true(alarm_is_on(&alarm_line_test, "1 to 2"));
	close_tests();
}

static void one_that_cannot_be_made_is_an_alarm(void **state)
{
	(void)state;
	open_tests("line-test night { from = \"1\" to = \"9\" every = \"1h\" }\n");
	clock_test_advance(3600 * 1000);
	assert_true(alarm_is_on(&alarm_line_test, "night"));
	close_tests();
	/* No two of them call one another. */
	open_tests("line-test odd { from = \"channel 21\" to = \"channel 25\" every = \"1h\" }\n");
	clock_test_advance(3600 * 1000);
	clock_test_advance(1);
	assert_true(alarm_is_on(&alarm_line_test, "channel 21 to channel 25"));
	close_tests();
}

/* It is always open, but for its test. */
static void a_line_that_is_locked_in_its_test_is_open_again(void **state)
{
	(void)state;
	open_tests_of("span 1 { framing = esf coding = b8zs }\nchannels em { numbers = { \"22-23\" } signalling = \"e&m\" }\n",
		      "line-test em { from = \"channel 22\" to = \"channel 23\" every = \"1h\" }\n");
	clock_test_advance(3600 * 1000);
	clock_test_advance(1);
	const struct line *l = endpoint_find(bench.gw, endpoint_channel_place(bench.gw, 22))->line;
	assert_true(l->uses & LINE_TESTED);
	assert_true(l->fd < 0);
	tdm_channel_lock(tdm_channel(bench.tdm, 22));
	clock_test_advance(3100);
	clock_test_advance(1);
	assert_true(l->fd >= 0);
	tdm_channel_unlock(tdm_channel(bench.tdm, 22));
	assert_int_equal(state_of(22), TDM_IN_SERVICE);
	close_tests();
}

static void others_come_with_a_reload(void **state)
{
	(void)state;
	open_tests("line-test night { from = \"1\" to = \"9\" every = \"1h\" }\n");
	struct conf *none = bench_conf("");
	assert_int_equal(line_tests_reload(tests, none), 0);
	mem_deref(none);
	clock_test_advance(3600 * 1000);
	assert_false(alarm_is_on(&alarm_line_test, "night"));
	close_tests();
}

static int group_open(void **state)
{
	(void)state;
	return loop_init();
}

static int group_close(void **state)
{
	(void)state;
	loop_close();
	return 0;
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(one_that_is_due_takes_a_pair_of_channels),
		cmocka_unit_test(one_that_cannot_be_made_is_an_alarm),
		cmocka_unit_test(a_line_that_is_locked_in_its_test_is_open_again),
		cmocka_unit_test(others_come_with_a_reload),
	};
	return cmocka_run_group_tests(all, group_open, group_close);
}
