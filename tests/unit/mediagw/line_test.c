// SPDX-License-Identifier: GPL-3.0-or-later
#include "line_bench.h"

static void open_lines(void)
{
	bench_plug();
	assert_int_equal(bench_open(BENCH_LINES, NULL), 0);
}

static void endpoints_are_the_channels_that_carry_calls(void **state)
{
	(void)state;
	open_lines();
	static const struct {
		const char *name;
		enum name_kind kind;
		unsigned channel; /* NAME_ONE */
	} cases[] = {
		{"ds/ds1-1/7", NAME_ONE, 7},     {"DS/DS1-1/23", NAME_ONE, 23}, {"ds/e1-2/16", NAME_UNKNOWN, 0}, {"ds/e1-2/17", NAME_ONE, 41},
		{"ds/ds1-1/24", NAME_UNKNOWN, 0}, {"ds/e1-1/7", NAME_UNKNOWN, 0}, {"ds/ds1-2/7", NAME_UNKNOWN, 0}, {"aaln/7", NAME_UNKNOWN, 0},
		{"ds/ds1-1/$", NAME_ANY, 0},     {"ds/ds1-1/*", NAME_ALL, 0},   {"ds/e1-*/*", NAME_ALL, 0},       {"ds/e1-2/[1-5,9]", NAME_ALL, 0},
		{"*", NAME_ALL, 0},              {"ds/ds1-1", NAME_UNKNOWN, 0}, {"ds/*/*", NAME_UNKNOWN, 0},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct endpoint_name name = endpoint_name_parse(bench.gw, slice_str(cases[i].name));
		if (name.kind != cases[i].kind || (name.kind == NAME_ONE && endpoint_channel(bench.gw, name.place)->number != cases[i].channel))
			fail_msg("%s", cases[i].name);
	}
	assert_int_equal(run("AUEP 1 ds/e1-2/[14-18]@mg MGCP 1.0\r\n"), 200);
	assert_non_null(strstr(bench.answer, "Z: ds/e1-2/14@mg\r\nZ: ds/e1-2/15@mg\r\nZ: ds/e1-2/17@mg\r\nZ: ds/e1-2/18@mg\r\n"));
	assert_int_equal(run("AUEP 2 *@mg MGCP 1.0\r\nZM: 2\r\nZ: ds/ds1-1/20@mg\r\n"), 200);
	assert_non_null(strstr(bench.answer, "Z: ds/ds1-1/21@mg\r\nZ: ds/ds1-1/22@mg\r\nZN: 53\r\n"));
	bench_close();
}

static void a_span_that_comes_back_as_another_has_other_names(void **state)
{
	(void)state;
	open_lines();
	fake_unplug(1);
	fake_unplug(2);
	clock_test_advance(6000);
	assert_int_equal(run("CRCX 1 ds/ds1-1/7@mg MGCP 1.0\r\nC: 1\r\nM: recvonly\r\n"), 501);
	fake_plug(3, TDM_SPAN_T1, 24, 1);
	clock_test_advance(6000);
	assert_int_equal(run("CRCX 2 ds/ds1-1/7@mg MGCP 1.0\r\nC: 1\r\nM: recvonly\r\n"), 500);
	assert_int_equal(run("CRCX 3 ds/ds1-3/7@mg MGCP 1.0\r\nC: 1\r\nM: recvonly\r\n"), 200);
	bench_close();
}

static enum tdm_state state_of(unsigned channel)
{
	return tdm_channel(bench.tdm, channel)->state;
}

static void a_connection_takes_the_channel(void **state)
{
	(void)state;
	open_lines();
	assert_int_equal(run("CRCX 1 ds/ds1-1/7@mg MGCP 1.0\r\nC: 1\r\nM: recvonly\r\n"), 200);
	assert_int_equal(state_of(7), TDM_IN_USE);
	assert_int_equal(run("CRCX 2 ds/ds1-1/7@mg MGCP 1.0\r\nC: 1\r\nM: recvonly\r\n"), 540);
	assert_int_equal(run("DLCX 3 ds/ds1-1/7@mg MGCP 1.0\r\n"), 250);
	assert_int_equal(state_of(7), TDM_IN_SERVICE);
	/* Nor is it kept when the connection cannot be made. */
	assert_int_equal(run("CRCX 4 ds/ds1-1/7@mg MGCP 1.0\r\nC: 1\r\nM: sendrecv\r\n"), 527);
	assert_int_equal(state_of(7), TDM_IN_SERVICE);
	bench_close();
}

static void any_free_channel_is_given(void **state)
{
	(void)state;
	open_lines();
	assert_int_equal(run("CRCX 1 ds/ds1-1/$@mg MGCP 1.0\r\nC: 1\r\nM: recvonly\r\n"), 200);
	assert_non_null(strstr(bench.answer, "Z: ds/ds1-1/1@mg\r\n"));
	assert_int_equal(run("CRCX 2 ds/ds1-1/$@mg MGCP 1.0\r\nC: 1\r\nM: recvonly\r\n"), 200);
	assert_non_null(strstr(bench.answer, "Z: ds/ds1-1/2@mg\r\n"));
	assert_int_equal(run("CRCX 3 aaln/$@mg MGCP 1.0\r\nC: 1\r\nM: recvonly\r\n"), 410);
	assert_int_equal(run("DLCX 4 ds/*@mg MGCP 1.0\r\n"), 500);
	assert_int_equal(run("DLCX 5 ds/ds1-1/*@mg MGCP 1.0\r\n"), 250);
	assert_int_equal(mg_count[MG_CONNECTIONS], 0);
	bench_close();
}

static void what_is_out_of_service_is_not_ready(void **state)
{
	(void)state;
	open_lines();
	tdm_channel_lock(tdm_channel(bench.tdm, 7));
	assert_int_equal(run("CRCX 1 ds/ds1-1/7@mg MGCP 1.0\r\nC: 1\r\nM: recvonly\r\n"), 501);
	/* The far end's calls are taken where none are begun: a bearer channel is asked for by who knows. */
	tdm_channel_block(tdm_channel(bench.tdm, 8));
	assert_int_equal(run("CRCX 2 ds/ds1-1/8@mg MGCP 1.0\r\nC: 1\r\nM: recvonly\r\n"), 200);
	tdm_channel_block(tdm_channel(bench.tdm, 22));
	assert_int_equal(run("CRCX 3 ds/ds1-1/22@mg MGCP 1.0\r\nC: 1\r\nM: recvonly\r\n"), 501);
	cards.channels[22].off_hook = true;
	assert_int_equal(run("CRCX 4 ds/ds1-1/22@mg MGCP 1.0\r\nC: 1\r\nM: recvonly\r\n"), 200);
	bench_close();
}

static void a_call_ends_with_its_channel(void **state)
{
	(void)state;
	static const char crcx[] = "CRCX 1 ds/ds1-1/7@mg MGCP 1.0\r\nC: 1\r\nM: recvonly\r\n";
	struct tdm_channel *c;
	open_lines();
	c = tdm_channel(bench.tdm, 7);
	assert_int_equal(run(crcx), 200);
	tdm_channel_drain(c);
	assert_int_equal(mg_count[MG_CONNECTIONS], 1);
	tdm_channel_unlock(c);
	assert_int_equal(c->state, TDM_IN_USE);
	tdm_channel_lock(c);
	assert_int_equal(mg_count[MG_CONNECTIONS], 0);
	assert_int_equal(c->state, TDM_LOCKED);
	tdm_channel_unlock(c);
	assert_int_equal(run(crcx), 200);
	tdm_channel_reset(c);
	assert_int_equal(mg_count[MG_CONNECTIONS], 0);
	assert_int_equal(c->state, TDM_IN_SERVICE);
	assert_int_equal(run(crcx), 200);
	cards.spans[1].defects = 1 << TDM_LOS;
	clock_test_advance(2000);
	assert_int_equal(mg_count[MG_CONNECTIONS], 1); /* so short a loss is none */
	clock_test_advance(3000);
	assert_int_equal(mg_count[MG_CONNECTIONS], 0);
	assert_int_equal(c->state, TDM_OUT_OF_ORDER);
	cards.spans[1].defects = 0;
	clock_test_advance(12000);
	assert_int_equal(run(crcx), 200);
	fake_unplug(1);
	clock_test_advance(2000);
	assert_int_equal(mg_count[MG_CONNECTIONS], 0);
	bench_close();
}

static void what_an_operator_set_is_kept(void **state)
{
	(void)state;
	char dir[] = "/tmp/tandem-line-test-XXXXXX", text[64];
	assert_non_null(mkdtemp(dir));
	bench_plug();
	assert_int_equal(bench_open(BENCH_LINES, dir), 0);
	tdm_channel_lock(tdm_channel(bench.tdm, 7));
	tdm_channel_block(tdm_channel(bench.tdm, 8));
	tdm_channel_lock(tdm_channel(bench.tdm, 9));
	tdm_channel_unlock(tdm_channel(bench.tdm, 9));
	assert_int_equal(run("CRCX 1 ds/ds1-1/10@mg MGCP 1.0\r\nC: 1\r\nM: recvonly\r\n"), 200);
	tdm_channel_drain(tdm_channel(bench.tdm, 10)); /* which is locked when its call is over, and that is now */
	bench_end();
	assert_int_equal(bench_open(BENCH_LINES, dir), 0);
	assert_int_equal(state_of(7), TDM_LOCKED);
	assert_int_equal(state_of(8), TDM_BLOCKED);
	assert_int_equal(state_of(9), TDM_IN_SERVICE);
	assert_int_equal(state_of(10), TDM_LOCKED);
	bench_close();
	snprintf(text, sizeof text, "rm -r %s", dir);
	assert_int_equal(system(text), 0);
}

static void what_is_not_understood_sets_nothing_up(void **state)
{
	(void)state;
	bench_plug();
	assert_int_equal(bench_open("channels b { numbers = { \"1-20\" } signalling = \"bchannel\" }\n", NULL), 0);
	assert_true(alarm_is_on(&alarm_lines, "tdm"));
	assert_int_equal(run("CRCX 1 ds/ds1-1/7@mg MGCP 1.0\r\nC: 1\r\nM: recvonly\r\n"), 500);
	assert_int_equal(run("CRCX 2 rtpbridge/$@mg MGCP 1.0\r\nC: 1\r\nM: recvonly\r\n"), 200);
	bench_close();
}

static void lifecycle(void *arg)
{
	static const char *const script[] = {
		"CRCX 1 ds/ds1-1/1@mg MGCP 1.0\r\nC: a1\r\nM: recvonly\r\n",
		"CRCX 2 ds/e1-2/$@mg MGCP 1.0\r\nC: a1\r\nM: recvonly\r\n",
		"AUEP 4 *@mg MGCP 1.0\r\n",
		"DLCX 5 *@mg MGCP 1.0\r\n",
	};
	(void)arg;
	bench_plug();
	if (!bench_open(BENCH_LINES, NULL))
		for (size_t i = 0; i < sizeof script / sizeof script[0]; i++) {
			unsigned code = run(script[i]);
			assert_true(code == 200 || code == 250 || code == 400 || code == 410 || code == 500 || code == 501);
		}
	bench_close();
}

static void without_memory(void **state)
{
	(void)state;
	each_allocation_fails(lifecycle, NULL);
}

static int quiet(void **state)
{
	(void)state;
	log_set_level(LOG_LEVEL_ERROR);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(endpoints_are_the_channels_that_carry_calls),
		cmocka_unit_test(a_span_that_comes_back_as_another_has_other_names),
		cmocka_unit_test(a_connection_takes_the_channel),
		cmocka_unit_test(any_free_channel_is_given),
		cmocka_unit_test(what_is_out_of_service_is_not_ready),
		cmocka_unit_test(a_call_ends_with_its_channel),
		cmocka_unit_test(what_an_operator_set_is_kept),
		cmocka_unit_test(what_is_not_understood_sets_nothing_up),
		cmocka_unit_test(without_memory),
	};
	return cmocka_run_group_tests(tests, quiet, NULL);
}
