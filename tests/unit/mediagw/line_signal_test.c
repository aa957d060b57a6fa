// SPDX-License-Identifier: GPL-3.0-or-later
/* Telephone channels with signalling under a call agent: what is asked of their endpoints, what their bearers hear. */
#include "line_bench.h"
#include "mediagw/line_trace.h"
#include "mediagw/record.h"

#define PHONE "ds/ds1-1/21@mg" /* fxoks */
#define TRUNK "ds/ds1-1/22@mg" /* e&m */

static void opened(void)
{
	bench_plug();
	assert_int_equal(bench_open(BENCH_LINES, NULL), 0);
}

static struct line *line_of(unsigned channel)
{
	return endpoint_find(bench.gw, endpoint_channel_place(bench.gw, channel))->line;
}

static void hear(unsigned channel, enum tdm_event_kind kind)
{
	struct line *l = line_of(channel);
	cards.channels[channel].off_hook = kind == TDM_EV_OFFHOOK;
	l->bearer->p.heard(l->bearer->p.arg, &(struct heard){.kind = HEARD_EVENT, .event = {.kind = kind}});
}

static void hear_digit(unsigned channel, char digit)
{
	struct line *l = line_of(channel);
	l->bearer->p.heard(l->bearer->p.arg, &(struct heard){.kind = HEARD_DIGIT, .digit = digit});
}

/* One line of what AUEP tells. */
static const char *audited(const char *endpoint, const char *code)
{
	static char value[512];
	char text[128], head[8];
	snprintf(text, sizeof text, "AUEP 99 %s MGCP 1.0\r\nF: %s\r\n", endpoint, code);
	assert_int_equal(run(text), 200);
	snprintf(head, sizeof head, "\n%s: ", code);
	const char *at = strstr(bench.answer, head);
	assert_non_null(at);
	snprintf(value, sizeof value, "%.*s", (int)strcspn(at + strlen(head), "\r"), at + strlen(head));
	return value;
}

static void signalling_bits_are_shown_both_ways(void **state)
{
	(void)state;
	struct buf text = buf_growing();
	line_trace_bits(&text, &(struct tdm_channel_status){.tx_bits = 0xf, .rx_bits = 0x5});
	assert_string_equal(buf_z(&text), "ABCD sent 1111, received 0101");
	buf_reset(&text);
}

static void each_line_has_its_packages(void **state)
{
	(void)state;
	opened();
	assert_string_equal(audited(PHONE, "PL"), "L:1,D:1,DM1:0,G:1,SST:0,R:1,B:0");
	assert_string_equal(audited(TRUNK, "PL"), "DT:0,D:1,DM1:0,T:1,G:1,SST:0,R:1,B:0");
	assert_string_equal(audited("ds/ds1-1/7@mg", "PL"), "T:1,D:1,DM1:0,G:1,SST:0,R:1,B:0");
	assert_int_equal(run("RQNT 1 " TRUNK " MGCP 1.0\r\nX: 1\r\nS: L/rg\r\n"), 518);
	assert_non_null(strstr(bench.answer, "PL: DT:0,"));
	bench_close();
}

static void a_telephone_makes_a_call(void **state)
{
	(void)state;
	opened();
	assert_string_equal(audited(PHONE, "ES"), "L/hu");
	assert_int_equal(run("RQNT 1 " PHONE " MGCP 1.0\r\nX: a1\r\nR: L/hd(A,E(R(L/hu(N),D/[0-9](D)),S(L/dl),D(1xx)))\r\n"), 200);
	hear(21, TDM_EV_OFFHOOK);
	assert_string_equal(audited(PHONE, "ES"), "L/hd");
	assert_string_equal(audited(PHONE, "S"), "L/dl");
	assert_int_equal(line_of(21)->channel->state, TDM_IN_USE);
	assert_string_equal(cards.hook[21], "1");
	assert_non_null(line_of(21)->bearer->sound[BEARER_LINE]);
	assert_true(line_of(21)->bearer->ears.dtmf);
	hear_digit(21, '1');
	assert_null(line_of(21)->bearer->sound[BEARER_LINE]);
	hear_digit(21, '2');
	assert_string_equal(audited(PHONE, "O"), "L/hd,D/1,D/2");
	assert_int_equal(run("CRCX 2 " PHONE " MGCP 1.0\r\nC: 1\r\nM: recvonly\r\n"), 200);
	hear(21, TDM_EV_ONHOOK);
	assert_string_equal(audited(PHONE, "ES"), "L/hu");
	assert_int_equal(line_of(21)->channel->state, TDM_IN_USE);
	assert_int_equal(run("DLCX 3 " PHONE " MGCP 1.0\r\n"), 250);
	assert_int_equal(line_of(21)->channel->state, TDM_IN_SERVICE);
	assert_false(line_of(21)->bearer->ears.dtmf);
	bench_close();
}

static void a_telephone_is_called(void **state)
{
	(void)state;
	opened();
	assert_int_equal(run("CRCX 1 " PHONE " MGCP 1.0\r\nC: 1\r\nM: recvonly\r\nX: a1\r\nS: L/rg\r\nR: L/hd(N)\r\n"), 200);
	assert_string_equal(cards.hook[21], "5");
	hear(21, TDM_EV_OFFHOOK);
	assert_string_equal(cards.hook[21], "51");
	assert_string_equal(audited(PHONE, "O"), "L/hd");
	assert_int_equal(run("RQNT 2 " PHONE " MGCP 1.0\r\nX: a2\r\nR: L/hd(N)\r\n"), 401);
	bench_close();
}

/* G/rt@CONNECTION: he who calls hears it, whoever rings. */
static void ringback_to_the_network(void **state)
{
	(void)state;
	char text[256];
	opened();
	assert_int_equal(run("CRCX 1 ds/ds1-1/7@mg MGCP 1.0\r\nC: 1\r\nM: recvonly\r\n"), 200);
	snprintf(text, sizeof text, "RQNT 2 ds/ds1-1/7@mg MGCP 1.0\r\nX: a1\r\nS: G/rt@%s\r\n", bench.id);
	assert_int_equal(run(text), 200);
	assert_non_null(line_of(7)->bearer->sound[BEARER_NETWORK]);
	assert_null(line_of(7)->bearer->sound[BEARER_LINE]);
	assert_int_equal(run("RQNT 3 ds/ds1-1/7@mg MGCP 1.0\r\nX: a2\r\nS: G/rt\r\n"), 200);
	assert_null(line_of(7)->bearer->sound[BEARER_NETWORK]);
	assert_non_null(line_of(7)->bearer->sound[BEARER_LINE]);
	bench_close();
}

/* Who calls next hears nothing of it. */
static void a_tone_ends_with_its_call(void **state)
{
	(void)state;
	opened();
	assert_int_equal(run("CRCX 1 ds/ds1-1/7@mg MGCP 1.0\r\nC: 1\r\nM: recvonly\r\n"), 200);
	assert_int_equal(run("RQNT 2 ds/ds1-1/7@mg MGCP 1.0\r\nX: a1\r\nS: G/rt\r\n"), 200);
	assert_non_null(line_of(7)->bearer->sound[BEARER_LINE]);
	assert_int_equal(run("DLCX 3 ds/ds1-1/7@mg MGCP 1.0\r\nC: 1\r\n"), 250);
	assert_string_equal(audited("ds/ds1-1/7@mg", "S"), "");
	assert_int_equal(run("CRCX 4 ds/ds1-1/7@mg MGCP 1.0\r\nC: 2\r\nM: recvonly\r\n"), 200);
	assert_null(line_of(7)->bearer->sound[BEARER_LINE]);
	bench_close();
}

static void an_operator_locks_a_line(void **state)
{
	(void)state;
	opened();
	hear(21, TDM_EV_OFFHOOK);
	assert_int_equal(line_of(21)->channel->state, TDM_IN_USE);
	tdm_channel_lock(line_of(21)->channel);
	assert_int_equal(line_of(21)->channel->state, TDM_LOCKED);
	hear(21, TDM_EV_ONHOOK);
	assert_int_equal(run("RQNT 1 " PHONE " MGCP 1.0\r\nX: a1\r\nS: L/rg\r\nR: L/of(N)\r\n"), 200);
	assert_string_equal(cards.hook[21], "10"); /* it does not ring */
	assert_string_equal(audited(PHONE, "S"), "");
	bench_close();
}

static void calls_outlive_the_process(void **state)
{
	(void)state;
	char dir[] = "/tmp/tandem-signal-test-XXXXXX", text[64];
	struct adoption left;
	assert_non_null(mkdtemp(dir));
	bench_plug();
	assert_int_equal(bench_open(BENCH_LINES, dir), 0);
	assert_int_equal(record_adopt(bench.gw, SLICE("boot"), &left), 0);
	assert_int_equal(run("RQNT 1 " PHONE " MGCP 1.0\r\nX: a1\r\nR: L/hd(A,E(R(L/hu(N),D/[0-9](D)),S(L/dl),D(1xx)))\r\n"), 200);
	hear(21, TDM_EV_OFFHOOK);
	hear_digit(21, '1');
	hear(22, TDM_EV_OFFHOOK);
	assert_int_equal(run("RQNT 2 " TRUNK " MGCP 1.0\r\nX: a2\r\nS: DT/ans\r\n"), 200);
	bench_end();
	memset(cards.hook, 0, sizeof cards.hook);
	cards.channels[21].off_hook = cards.channels[22].off_hook = true;
	assert_int_equal(bench_open(BENCH_LINES, dir), 0);
	assert_int_equal(record_adopt(bench.gw, SLICE("boot"), &left), 0);
	lines_adopted(bench.lines);
	assert_string_equal(audited(PHONE, "ES"), "L/hd");
	assert_string_equal(audited(PHONE, "O"), "L/hd,D/1");
	assert_int_equal(line_of(21)->channel->state, TDM_IN_USE);
	assert_int_equal(line_of(22)->channel->state, TDM_IN_USE);
	hear_digit(21, '2');
	assert_string_equal(audited(PHONE, "O"), "L/hd,D/1,D/2");
	clock_test_advance(1000);
	assert_string_equal(cards.hook[22], ""); /* the trunk does not wink again */
	assert_string_equal(audited(TRUNK, "ES"), "DT/sup");
	bench_close();
	snprintf(text, sizeof text, "rm -r %s", dir);
	assert_int_equal(system(text), 0);
}

static void lifecycle(void *arg)
{
	(void)arg;
	bench_plug();
	if (!bench_open(BENCH_LINES, NULL)) {
		unsigned code = run("RQNT 1 " PHONE " MGCP 1.0\r\nX: a1\r\nR: L/hd(A,E(R(L/hu(N),D/[0-9](D)),S(L/dl),D(1xx)))\r\n");
		assert_true(code == 200 || code == 400 || code == 403 || code == 500);
		struct endpoint *e = endpoint_find(bench.gw, endpoint_channel_place(bench.gw, 21));
		if (e && e->line->bearer) {
			hear(21, TDM_EV_OFFHOOK);
			hear_digit(21, '1');
			hear(21, TDM_EV_ONHOOK);
		}
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
		cmocka_unit_test(signalling_bits_are_shown_both_ways),
		cmocka_unit_test(each_line_has_its_packages),
		cmocka_unit_test(a_telephone_makes_a_call),
		cmocka_unit_test(a_telephone_is_called),
		cmocka_unit_test(ringback_to_the_network),
		cmocka_unit_test(a_tone_ends_with_its_call),
		cmocka_unit_test(an_operator_locks_a_line),
		cmocka_unit_test(calls_outlive_the_process),
		cmocka_unit_test(without_memory),
	};
	return cmocka_run_group_tests(tests, quiet, NULL);
}
