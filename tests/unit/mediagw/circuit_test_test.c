// SPDX-License-Identifier: GPL-3.0-or-later
/* Tests of trunks by package T (RFC 3660 2.3) and of connections by R (2.10). */
#include "circuit_bench.h"

#define TRUNK TDM_BCHAN /* signalled elsewhere */

static void opened(void)
{
	assert_int_equal(bench_open(TRUNK, NULL, false), 0);
}

/* The example of 2.3: success is the return tone that goes when the go tone does. */
static void a_continuity_test_succeeds(void **state)
{
	(void)state;
	opened();
	assert_int_equal(ask("S: T/co1\r\nR: T/co2(N),T/oc(N),T/of(N)\r\n"), 200);
	expect("plays 2010");
	assert_true(bench.listening & LISTEN_TESTS);
	test_tone(BEARER_LINE, TEST_CO2, true);
	expect("plays no more");
	after(100);
	test_tone(BEARER_LINE, TEST_CO2, false);
	expect("NTFY T/co2");
	bench_close();
}

static void a_return_tone_that_stays_is_a_failure(void **state)
{
	(void)state;
	opened();
	assert_int_equal(ask("S: T/co1\r\nR: T/co2(N),T/oc(N),T/of(N)\r\n"), 200);
	test_tone(BEARER_LINE, TEST_CO2, true);
	after(1100);
	expect("plays 2010; plays no more; NTFY T/of(T/co1)");
	bench_close();
}

static void no_return_tone_is_a_time_out(void **state)
{
	(void)state;
	opened();
	assert_int_equal(ask("S: T/co1(to=2000)\r\nR: T/co1(N),T/oc(N),T/of(N)\r\n"), 200);
	test_tone(BEARER_LINE, TEST_CO2, true);
	after(2100);
	expect("plays 2010; plays no more; NTFY T/oc(T/co1)");
	bench_close();
}

/* A single tone goes round a loop: it is its own return tone. */
static void a_loop_returns_the_same_tone(void **state)
{
	(void)state;
	opened();
	assert_int_equal(ask("S: R/co1@1\r\nR: R/co1@1(N)\r\n"), 200);
	assert_true(bench.listening & LISTEN_NETWORK_TESTS);
	test_tone(BEARER_LINE, TEST_CO1, true); /* on the other side it is none */
	test_tone(BEARER_NETWORK, TEST_CO1, true);
	test_tone(BEARER_NETWORK, TEST_CO1, false);
	expect("plays 2010 to the peer; plays no more to the peer; NTFY R/co1@1");
	bench_close();
}

static void a_channel_is_looped_and_a_transponder(void **state)
{
	(void)state;
	opened();
	assert_int_equal(ask("S: T/lb\r\n"), 200);
	assert_int_equal(ask("S: T/ct(in=co1,out=co2,+)\r\n"), 200);
	assert_int_equal(ask("S: T/lb(-)\r\n"), 200); /* whose place the transponder has */
	assert_int_equal(ask("S: T/ct(-)\r\n"), 200);
	assert_int_equal(ask("S: T/ct(out=co1)\r\n"), 200);
	expect("looped -1; transponder 0; as before -1; transponder 1");
	assert_int_equal(ask("S: T/ct(in=co1,out=co1)\r\n"), 538);
	assert_int_equal(ask("S: T/ct(in=co3)\r\n"), 538);
	bench_close();
}

static void patterns_have_95_if_nothing_else_is_said(void **state)
{
	(void)state;
	opened();
	assert_int_equal(ask("S: T/tp\r\nR: T/tp(N),T/oc(N)\r\n"), 200);
	expect("pattern 95");
	assert_int_equal(bench.listening, LISTEN_PATTERN | 95 * LISTEN_OCTET);
	circuit_heard(bench.circuit, &(struct heard){.kind = HEARD_PATTERN});
	settle();
	expect("plays no more; NTFY T/tp(95)");
	assert_int_equal(ask("S: T/tp(170,to=500)\r\nR: T/tp(N)(170),T/oc(N)\r\n"), 200);
	assert_int_equal(bench.listening, LISTEN_PATTERN | 170 * LISTEN_OCTET);
	after(600);
	expect("pattern 170; plays no more; NTFY T/oc(T/tp)");
	assert_int_equal(ask("S: T/tp(256)\r\n"), 538);
	assert_int_equal(ask("R: T/tp(N)(x)\r\n"), 538);
	bench_close();
}

static void test_lines_and_special_information_are_told(void **state)
{
	(void)state;
	opened();
	assert_int_equal(ask("R: T/nm(N),T/om(N),T/mm(N),T/tl(N),T/sit(N)(2),T/zz(N),T/ro(N)\r\n"), 200);
	assert_int_equal(bench.listening, LISTEN_TESTS | LISTEN_PROGRESS);
	test_tone(BEARER_LINE, TEST_NEW_MILLIWATT, true);
	test_tone(BEARER_LINE, TEST_NEW_MILLIWATT, false);
	test_tone(BEARER_LINE, TEST_OLD_MILLIWATT, true);
	test_tone(BEARER_LINE, TEST_NEWEST_MILLIWATT, true);
	test_tone(BEARER_LINE, TEST_LINE, true);
	test_tone(BEARER_LINE, TEST_SPECIAL, true);
	test_tone(BEARER_LINE, TEST_SPECIAL + 1, true);
	tone(TONE_REORDER);
	expect("NTFY T/nm; NTFY T/om; NTFY T/mm; NTFY T/tl; NTFY T/sit(2); NTFY T/zz; NTFY T/ro");
	assert_int_equal(ask("R: T/sit(N)\r\n"), 538);
	assert_int_equal(ask("R: T/sit(N)(8)\r\n"), 538);
	bench_close();
}

/* Numbers of special information tones have a meaning in North America. */
static void special_information_is_as_the_standard_numbers_it(void **state)
{
	(void)state;
	opened();
	assert_int_equal(ask("S: T/sit(3,to=1000)\r\n"), 200);
	assert_int_equal(ask("R: T/oc(N)\r\n"), 200);
	assert_int_equal(ask("S: T/sit(1)\r\n"), 200);
	assert_int_equal(ask("S: T/zz\r\n"), 200);
	expect("plays 985; plays no more; plays 914; plays no more; plays 985");
	assert_int_equal(ask("S: T/sit(8)\r\n"), 538);
	bench_close();
}

static void who_is_asked_for_a_timer_plays_nothing(void **state)
{
	(void)state;
	opened();
	assert_int_equal(ask("S: D/T(to=500)\r\nR: D/oc(N)\r\n"), 200);
	after(600);
	expect("NTFY D/oc(D/T)");
	bench_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_continuity_test_succeeds),
		cmocka_unit_test(a_return_tone_that_stays_is_a_failure),
		cmocka_unit_test(no_return_tone_is_a_time_out),
		cmocka_unit_test(a_loop_returns_the_same_tone),
		cmocka_unit_test(a_channel_is_looped_and_a_transponder),
		cmocka_unit_test(patterns_have_95_if_nothing_else_is_said),
		cmocka_unit_test(test_lines_and_special_information_are_told),
		cmocka_unit_test(special_information_is_as_the_standard_numbers_it),
		cmocka_unit_test(who_is_asked_for_a_timer_plays_nothing),
	};
	return cmocka_run_group_tests(tests, quiet_logs, NULL);
}
