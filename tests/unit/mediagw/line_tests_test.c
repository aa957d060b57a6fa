// SPDX-License-Identifier: GPL-3.0-or-later
/* Test calls that the configuration repeats: when they are due, what becomes of the channels, and the alarm. */
#include "line_bench.h"
#include "base/loop.h"
#include "mediagw/line_plan.h"

static struct line_tests *tests;
static struct line_plans *plans;

static void open_tests_of(const char *lines, const char *section)
{
	cards.wired = true;
	bench_plug();
	assert_int_equal(bench_open(lines, NULL), 0);
	struct conf *conf = bench_conf(section);
	assert_non_null(conf);
	assert_int_equal(line_tests_open(&tests, bench.gw) ?: line_plans_open(&plans, tests, conf), 0);
	mem_deref(conf);
}

static void open_tests(const char *section)
{
	open_tests_of(BENCH_LINES, section);
}

static void close_tests(void)
{
	plans = mem_deref(plans);
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
	assert_int_equal(line_tests_begin(tests, &(struct line_test_params){.from = SLICE("1"), .to = SLICE("2")}, &why), -EBUSY);
	buf_reset(&why);
	/* These cards say nothing. */
	clock_test_advance(3100);
	clock_test_advance(1);
	assert_int_equal(state_of(1), TDM_IN_SERVICE);
	assert_int_equal(state_of(25), TDM_IN_SERVICE);
	assert_true(alarm_is_on(&alarm_line_test, "night"));
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
	assert_true(alarm_is_on(&alarm_line_test, "odd"));
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

static void reload(const char *section)
{
	struct conf *conf = bench_conf(section);
	assert_non_null(conf);
	assert_int_equal(line_plans_reload(plans, conf), 0);
	mem_deref(conf);
}

static void others_come_with_a_reload(void **state)
{
	(void)state;
	open_tests("line-test night { from = \"1\" to = \"9\" every = \"1h\" }\n");
	reload("");
	clock_test_advance(3600 * 1000);
	assert_false(alarm_is_on(&alarm_line_test, "night"));
	close_tests();
}

/* A reload that is about something else neither puts a test off nor takes its alarm away. */
static void what_has_not_changed_goes_on(void **state)
{
	(void)state;
	open_tests("line-test night { from = \"1\" to = \"9\" every = \"1h\" }\n");
	clock_test_advance(3000 * 1000);
	reload("line-test other { from = \"1\" to = \"2\" every = \"9h\" }\nline-test night { from = \"1\" to = \"9\" every = \"1h\" }\n");
	clock_test_advance(600 * 1000);
	assert_true(alarm_is_on(&alarm_line_test, "night"));
	reload("line-test night { from = \"1\" to = \"9\" every = \"1h\" }\n");
	assert_true(alarm_is_on(&alarm_line_test, "night"));
	close_tests();
}

static void an_alarm_goes_with_its_section(void **state)
{
	(void)state;
	static const char *const later[] = {"", "line-test night { from = \"1\" to = \"2\" every = \"1h\" }\n"};
	for (unsigned i = 0; i < 2; i++) {
		open_tests("line-test night { from = \"1\" to = \"9\" every = \"1h\" }\n");
		clock_test_advance(3600 * 1000);
		assert_true(alarm_is_on(&alarm_line_test, "night"));
		reload(later[i]);
		assert_false(alarm_is_on(&alarm_line_test, "night"));
		close_tests();
	}
}

/* What a test finds that was taken out of the configuration while it ran is told to nobody. */
static void one_that_runs_outlives_its_section(void **state)
{
	(void)state;
	open_tests("line-test night { from = \"1\" to = \"2\" every = \"1h\" }\n");
	clock_test_advance(3600 * 1000);
	clock_test_advance(1);
	assert_int_equal(state_of(1), TDM_IN_USE);
	reload("");
	clock_test_advance(3100);
	clock_test_advance(1);
	assert_int_equal(state_of(1), TDM_IN_SERVICE);
	assert_false(alarm_is_on(&alarm_line_test, "night"));
	close_tests();
}

static enum line_test_end ended;
static char told[400];

static void on_over(void *arg, enum line_test_end how, const char *what)
{
	ended = how;
	snprintf(told, sizeof told, "%s", what);
}

/* A call is not disturbed: the test is refused, and is no fault of the line. */
static void a_channel_that_is_busy_is_left_alone(void **state)
{
	(void)state;
	open_tests("line-test seven { from = \"channel 7\" to = \"channel 31\" every = \"1h\" }\n");
	assert_int_equal(run("CRCX 1 ds/ds1-1/7@mg MGCP 1.0\r\nC: 1\r\nM: recvonly\r\n"), 200);
	struct buf why = buf_growing();
	assert_int_equal(line_tests_begin(tests, &(struct line_test_params){.from = SLICE("channel 7"), .to = SLICE("channel 31"), .over = on_over}, &why), 0);
	buf_reset(&why);
	clock_test_advance(1);
	assert_int_equal(ended, LINE_TEST_BUSY);
	assert_string_equal(told, "no pair of free channels: ds/ds1-1/7 is in-use");
	clock_test_advance(3600 * 1000);
	clock_test_advance(1);
	assert_false(alarm_is_on(&alarm_line_test, "seven"));
	assert_int_equal(state_of(31), TDM_IN_SERVICE);
	/* It is due again before long. */
	assert_int_equal(run("DLCX 2 ds/ds1-1/7@mg MGCP 1.0\r\nC: 1\r\n"), 250);
	clock_test_advance(60 * 1000);
	clock_test_advance(1);
	assert_int_equal(state_of(31), TDM_IN_USE);
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
		cmocka_unit_test(what_has_not_changed_goes_on),
		cmocka_unit_test(an_alarm_goes_with_its_section),
		cmocka_unit_test(one_that_runs_outlives_its_section),
		cmocka_unit_test(a_channel_that_is_busy_is_left_alone),
	};
	return cmocka_run_group_tests(all, group_open, group_close);
}
