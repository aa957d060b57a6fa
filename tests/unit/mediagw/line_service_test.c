// SPDX-License-Identifier: GPL-3.0-or-later
#include "../mgcp/wire.h"
#include "line_bench.h"
#include "mediagw/notified.h"
#include "mediagw/rsip.h"

static struct wire wire;

/* Writes down a line of what the call agent is sent, without what is not of interest; a command is answered. */
static void hear(struct buf *b, struct slice line)
{
	struct slice rest = line, verb = slice_cut(&rest, ' '), tid = slice_cut(&rest, ' '), name = slice_cut(&rest, '@');
	char answer[64];
	if (slice_eq(verb, SLICE("RSIP")) || slice_eq(verb, SLICE("DLCX"))) {
		buf_printf(b, SLICE_FMT " " SLICE_FMT, SLICE_ARG(verb), SLICE_ARG(name));
		snprintf(answer, sizeof answer, "200 " SLICE_FMT " OK\r\n", SLICE_ARG(tid));
		wire_receive(&wire, "192.0.2.9:2727", answer);
	} else if (slice_starts(line, SLICE("RM: ")) || slice_starts(line, SLICE("E: "))) {
		buf_printf(b, ", " SLICE_FMT, SLICE_ARG(line));
	} else if (slice_eq(line, SLICE("--")) || slice_eq(line, SLICE("."))) {
		buf_char(b, ';');
	}
}

/* What it is sent meanwhile. */
static const char *told(unsigned ms)
{
	static char text[4096];
	struct buf b = buf_fixed(text, sizeof text - 1);
	for (unsigned passed = 0; passed < ms; passed += 100) {
		clock_test_advance(ms < 100 ? ms : 100);
		struct slice sent = slice_str(wire_take(&wire));
		for (struct slice line = slice_line(&sent); slice_is_set(line); line = slice_line(&sent))
			hear(&b, line);
	}
	return buf_z(&b);
}

static void open_lines(void)
{
	assert_int_equal(wire_open(&wire, (struct mgcp_peer_params){0}), 0);
	bench.peer = wire.peer;
	bench_plug();
	assert_int_equal(bench_open(BENCH_LINES, NULL), 0);
	rsip_begin(bench.gw, MGCP_RESTART);
}

static void close_lines(void)
{
	struct mgcp_peer *peer = bench.peer;
	mem_deref(bench.gw);
	bench.gw = NULL;
	mem_deref(peer);
	wire = (struct wire){0};
	bench_close();
}

static void channels_are_told_of_one_by_one(void **state)
{
	(void)state;
	open_lines();
	assert_string_equal(told(1), "RSIP *, RM: restart;");
	assert_string_equal(told(1000), ""); /* which says it all */
	struct tdm_channel *c = tdm_channel(bench.tdm, 7);
	tdm_channel_lock(c);
	assert_string_equal(told(1), "RSIP ds/ds1-1/7, RM: forced, E: 901;");
	assert_int_equal(run("AUEP 1 ds/ds1-1/7@mg MGCP 1.0\r\nF: RM, E\r\n"), 200);
	assert_non_null(strstr(bench.answer, "RM: forced\r\n"));
	tdm_channel_unlock(c);
	assert_string_equal(told(1), "RSIP ds/ds1-1/7, RM: restart;");
	assert_int_equal(run("CRCX 2 ds/ds1-1/7@mg MGCP 1.0\r\nC: 1\r\nM: recvonly\r\n"), 200);
	tdm_channel_drain(c);
	assert_string_equal(told(1), "RSIP ds/ds1-1/7, RM: graceful, E: 901;");
	tdm_channel_unlock(c);
	assert_string_equal(told(1), "RSIP ds/ds1-1/7, RM: cancel-graceful;");
	tdm_channel_drain(c);
	assert_string_equal(told(1), "RSIP ds/ds1-1/7, RM: graceful, E: 901;");
	assert_int_equal(run("DLCX 3 ds/ds1-1/7@mg MGCP 1.0\r\n"), 250);
	assert_string_equal(told(1), "RSIP ds/ds1-1/7, RM: forced, E: 901;");
	/* Calls come and go without a word. */
	assert_int_equal(run("CRCX 4 ds/ds1-1/8@mg MGCP 1.0\r\nC: 1\r\nM: recvonly\r\n"), 200);
	assert_string_equal(told(1), "");
	close_lines();
}

static void a_span_is_told_of_at_once(void **state)
{
	(void)state;
	open_lines();
	assert_string_equal(told(1), "RSIP *, RM: restart;");
	cards.spans[2].defects = 1 << TDM_LOS;
	assert_string_equal(told(4000), "RSIP ds/e1-2/*, RM: forced, E: 902;");
	cards.spans[2].defects = 0;
	assert_string_equal(told(15000), "RSIP ds/e1-2/*, RM: restart;");
	/* One of another kind is told apart. */
	tdm_channel_lock(tdm_channel(bench.tdm, 25));
	assert_string_equal(told(1), "RSIP ds/e1-2/1, RM: forced, E: 901;");
	close_lines();
}

static void what_a_restart_does_not_say_is_said_behind_it(void **state)
{
	(void)state;
	assert_int_equal(wire_open(&wire, (struct mgcp_peer_params){0}), 0);
	bench.peer = wire.peer;
	bench_plug();
	cards.taken_by_other[21] = true;
	assert_int_equal(bench_open(BENCH_LINES, NULL), 0);
	rsip_begin(bench.gw, MGCP_RESTART);
	assert_string_equal(told(1), "RSIP *, RM: restart;");
	assert_string_equal(told(1), "RSIP ds/ds1-1/21, RM: forced, E: 900;");
	/* A span that is plugged in later is new. */
	fake_plug(3, TDM_SPAN_T1, 4, 101);
	assert_string_equal(told(6000), "");
	close_lines();
}

static bool is_silent(const char *agent)
{
	return alarm_is_on(&alarm_agent, agent);
}

static void wait_in_vain(void)
{
	for (unsigned s = 0; s < 60; s++) {
		clock_test_advance(1000);
		wire_take(&wire);
	}
}

/* Of whom nobody is told any more it does not matter whether he answers. */
static void a_silent_agent_that_nobody_has_any_more_is_no_alarm(void **state)
{
	(void)state;
	open_lines();
	assert_string_equal(told(1), "RSIP *, RM: restart;");
	assert_int_equal(run("RQNT 1 ds/ds1-1/21@mg MGCP 1.0\r\nX: 1\r\nN: [192.0.2.77]\r\nR: L/hd(N)\r\n"), 200);
	tdm_channel_lock(tdm_channel(bench.tdm, 21));
	wait_in_vain();
	assert_true(is_silent("[192.0.2.77]"));
	assert_int_equal(run("RQNT 2 ds/ds1-1/21@mg MGCP 1.0\r\nX: 2\r\nN: [192.0.2.78]\r\nR: L/hd(N)\r\n"), 200);
	assert_false(is_silent("[192.0.2.77]"));
	/* Nor who has another name now. */
	tdm_channel_lock(tdm_channel(bench.tdm, 7));
	wait_in_vain();
	assert_true(is_silent("192.0.2.9:2727"));
	assert_int_equal(notified_redirect(bench.gw->notified, SLICE("[192.0.2.10]")), 0);
	assert_false(is_silent("192.0.2.9:2727"));
	close_lines();
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
		cmocka_unit_test(channels_are_told_of_one_by_one),
		cmocka_unit_test(a_span_is_told_of_at_once),
		cmocka_unit_test(what_a_restart_does_not_say_is_said_behind_it),
		cmocka_unit_test(a_silent_agent_that_nobody_has_any_more_is_no_alarm),
	};
	return cmocka_run_group_tests(tests, quiet, NULL);
}
