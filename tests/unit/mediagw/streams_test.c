// SPDX-License-Identifier: GPL-3.0-or-later
/* What call agents are told of the streams of connections (RFC 3660 2.10, and G/ld of 2.1), of relays and of lines. */
#include "line_bench.h"
#include <stdio.h>

static void opened(void)
{
	bench_plug();
	assert_int_equal(bench_open(BENCH_LINES, NULL), 0);
}

static void received(const struct conn *c, uint64_t packets, uint32_t lost)
{
	fake[c->rtp.slot].stats.rx_packets = packets;
	fake[c->rtp.slot].stats.lost = lost;
}

static struct conn *connected(const char *endpoint, const char *asked)
{
	char text[256];
	snprintf(text, sizeof text, "CRCX 1 %s@mg MGCP 1.0\r\nC: 1\r\nM: recvonly\r\nX: 1\r\nQ: loop\r\nR: %s\r\n", endpoint, asked);
	assert_int_equal(run(text), 200);
	return container_of(list_first(&bench.gw->conns), struct conn, all);
}

/* What is waiting to be told, without the connections' names. */
static const char *observed(const char *endpoint)
{
	static char value[256];
	char text[128];
	size_t n = 0;
	snprintf(text, sizeof text, "AUEP 99 %s@mg MGCP 1.0\r\nF: O\r\n", endpoint);
	assert_int_equal(run(text), 200);
	for (const char *at = strstr(bench.answer, "\nO: ") + 4; *at != '\r'; at++) {
		if (*at == '@')
			at += 9;
		value[n++] = *at;
		if (*at == '\r')
			break;
	}
	value[n] = '\0';
	value[strcspn(value, "\r")] = '\0';
	return value;
}

static void media_that_starts_is_told_at_once(void **state)
{
	(void)state;
	opened();
	struct conn *c = connected("rtpbridge/1", "R/ma(N)");
	clock_test_advance(2500);
	assert_string_equal(observed("rtpbridge/1"), "");
	received(c, 1, 0);
	gateway_event(bench.gw, c->rtp.slot, TANDEM_EV_LATCH, 0);
	assert_string_equal(observed("rtpbridge/1"), "R/ma");
	clock_test_advance(2500);
	assert_string_equal(observed("rtpbridge/1"), "R/ma");
	bench_close();
}

static void losses_beyond_a_limit_are_told_once(void **state)
{
	(void)state;
	opened();
	struct conn *c = connected("rtpbridge/1", "R/pl(N)(1000)");
	received(c, 1000, 10);
	clock_test_advance(1100);
	assert_string_equal(observed("rtpbridge/1"), "");
	received(c, 2000, 40);
	clock_test_advance(1100);
	assert_string_equal(observed("rtpbridge/1"), "R/pl(1000)");
	received(c, 3000, 90);
	clock_test_advance(1100);
	assert_string_equal(observed("rtpbridge/1"), "R/pl(1000)");
	assert_int_equal(run("RQNT 2 rtpbridge/1@mg MGCP 1.0\r\nX: 2\r\nR: R/pl(N)\r\n"), 538);
	assert_int_equal(run("RQNT 2 rtpbridge/1@mg MGCP 1.0\r\nX: 2\r\nR: R/pl(N)(100001)\r\n"), 538);
	bench_close();
}

static void bad_quality_is_told(void **state)
{
	(void)state;
	opened();
	struct conn *c = connected("rtpbridge/1", "R/qa(N)");
	received(c, 1000, 0);
	clock_test_advance(1100);
	assert_string_equal(observed("rtpbridge/1"), "");
	received(c, 1000, 500);
	clock_test_advance(1100);
	assert_string_equal(observed("rtpbridge/1"), "R/qa");
	bench_close();
}

static void an_hour_is_long(void **state)
{
	(void)state;
	opened();
	connected("ds/ds1-1/7", "G/ld(N)");
	clock_test_advance(3590000);
	assert_string_equal(observed("ds/ds1-1/7"), "");
	clock_test_advance(11000);
	assert_string_equal(observed("ds/ds1-1/7"), "G/ld");
	bench_close();
}

static void changes_of_a_lines_stream_are_told(void **state)
{
	(void)state;
	opened();
	struct conn *c = connected("ds/ds1-1/7", "R/ji(A),R/sr(A),R/uc(A)");
	struct bearer *b = c->line->bearer;
	b->heard = (struct bearer_heard){.pt = 0, .ptime = 20};
	b->depth = 160;
	clock_test_advance(1100);
	assert_string_equal(observed("ds/ds1-1/7"), "");
	b->heard = (struct bearer_heard){.pt = 8, .ptime = 30};
	b->depth = 400;
	clock_test_advance(1100);
	assert_string_equal(observed("ds/ds1-1/7"), "R/ji(50),R/sr(30),R/uc(8)");
	bench_close();
}

/* A channel that is signalled elsewhere is opened for what is to be heard on it, and given back. */
static void a_trunk_is_tested_without_a_connection(void **state)
{
	(void)state;
	opened();
	struct line *l = endpoint_find(bench.gw, endpoint_channel_place(bench.gw, 7))->line;
	assert_int_equal(run("RQNT 1 ds/ds1-1/7@mg MGCP 1.0\r\nX: 1\r\nS: T/lb\r\n"), 200);
	assert_non_null(l->bearer);
	assert_int_equal(l->bearer->test, BEARER_LOOPBACK);
	assert_int_equal(l->channel->state, TDM_IN_USE);
	assert_int_equal(run("RQNT 2 ds/ds1-1/7@mg MGCP 1.0\r\nX: 2\r\nS: T/lb(-),T/co1\r\nR: T/co2,T/oc\r\n"), 200);
	assert_non_null(l->bearer->sound[BEARER_LINE]);
	assert_true(l->bearer->ears.test_tones[BEARER_LINE]);
	assert_int_equal(l->bearer->test, BEARER_INACTIVE);
	clock_test_advance(3100);
	assert_null(l->bearer);
	assert_int_equal(l->channel->state, TDM_IN_SERVICE);
	bench_close();
}

/* RFC 3660 2.1: whatever the connection's mode, a signal on it is heard. */
static void ringback_is_sent_in_any_mode(void **state)
{
	(void)state;
	char text[256];
	opened();
	assert_int_equal(run("CRCX 1 ds/ds1-1/7@mg MGCP 1.0\r\nC: 1\r\nM: inactive\r\n\r\n"
			     "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"), 200);
	struct conn *c = container_of(list_first(&bench.gw->conns), struct conn, all);
	snprintf(text, sizeof text, "RQNT 2 ds/ds1-1/7@mg MGCP 1.0\r\nX: 2\r\nS: G/rbk(%s)\r\n", bench.id);
	assert_int_equal(run(text), 200);
	assert_non_null(c->line->bearer->sound[BEARER_NETWORK]);
	assert_true(fake[c->rtp.slot].stream.send);
	bench_close();
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
		cmocka_unit_test(media_that_starts_is_told_at_once),
		cmocka_unit_test(losses_beyond_a_limit_are_told_once),
		cmocka_unit_test(bad_quality_is_told),
		cmocka_unit_test(an_hour_is_long),
		cmocka_unit_test(changes_of_a_lines_stream_are_told),
		cmocka_unit_test(a_trunk_is_tested_without_a_connection),
		cmocka_unit_test(ringback_is_sent_in_any_mode),
	};
	return cmocka_run_group_tests(tests, quiet, NULL);
}
