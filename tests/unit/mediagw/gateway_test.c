// SPDX-License-Identifier: GPL-3.0-or-later
#include "unit.h"
#include "base/log.h"
#include "base/timer.h"
#include "mediagw/counters.h"
#include "mediagw/gateway.h"
#include "fake_fastpath.h"
#include <stdio.h>
#include <stdlib.h>

#define SDP(dir) "v=0\r\no=- 1 1 IN IP4 192.0.2.5\r\ns=-\r\nc=IN IP4 192.0.2.5\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=" dir "\r\n"

struct bench {
	struct addresses *addresses;
	struct gateway *gw;
	char answer[8192];
	char id[2][16];
};

static int bench_open(struct bench *b)
{
	struct config_address inside = {.name = "inside", .n_local = 2, .port_min = 20000, .port_max = 20007, .dscp_voice = 46};
	struct buf why = buf_growing();
	memset(b, 0, sizeof *b);
	addr_parse_ip(&inside.local[0], SLICE("192.0.2.1"));
	addr_parse_ip(&inside.local[1], SLICE("2001:db8::1"));
	int err = addresses_new(&b->addresses, &inside, 1, &why);
	buf_reset(&why);
	if (err)
		return err;
	struct gateway_params p = {.addresses = b->addresses, .domain = "mg"};
	return gateway_new(&b->gw, &p);
}

static void bench_close(struct bench *b)
{
	mem_deref(b->gw);
	mem_deref(b->addresses);
	assert_int_equal(fake_open_ports(), 0);
	assert_int_equal(timer_count(), 0);
	assert_int_equal(mg_count[MG_CONNECTIONS], 0);
	assert_int_equal(mg_count[MG_ENDPOINTS], 0);
	assert_int_equal(mg_count[MG_PORTS_USED], 0);
}

/* Executes `text` and returns the code. */
static unsigned run(struct bench *b, const char *text)
{
	static struct mgcp_msg m;
	struct slice s = slice_str(text);
	struct addr src = {0};
	unsigned code;
	struct buf out = buf_fixed(b->answer, sizeof b->answer - 1);
	assert_int_equal(mgcp_parse(&m, &s, &code), 0);
	gateway_execute(b->gw, &m, &src, &out);
	buf_z(&out);
	return (unsigned)atoi(b->answer);
}

static void take_id(struct bench *b, int i)
{
	const char *at = strstr(b->answer, "\nI: ");
	assert_non_null(at);
	snprintf(b->id[i], sizeof b->id[i], "%.8s", at + 4);
}

static void call(struct bench *b, const char *extra)
{
	char text[1024];
	for (int i = 0; i < 2; i++) {
		snprintf(text, sizeof text, "CRCX %d rtpbridge/1@mg MGCP 1.0\r\nC: a1\r\nM: sendrecv\r\n%s\r\n%s", i + 1, extra, SDP("sendrecv"));
		assert_int_equal(run(b, text), 200);
		take_id(b, i);
	}
}

static void endpoint_names(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		enum name_kind kind;
		uint32_t number;
	} cases[] = {
		{"rtpbridge/1", NAME_ONE, 1},   {"RtpBridge/8", NAME_ONE, 8}, {"rtpbridge/9", NAME_UNKNOWN, 0}, {"rtpbridge/0", NAME_UNKNOWN, 0},
		{"rtpbridge/01", NAME_UNKNOWN, 0}, {"rtpbridge/$", NAME_ANY, 0}, {"rtpbridge/*", NAME_ALL, 0}, {"*", NAME_ALL, 0},
		{"$", NAME_ANY, 0},             {"*/*", NAME_ALL, 0},         {"$/$", NAME_ANY, 0},             {"$/*", NAME_UNKNOWN, 0},
		{"rtpbridge", NAME_UNKNOWN, 0}, {"rtpbridge/", NAME_UNKNOWN, 0}, {"", NAME_UNKNOWN, 0},         {"aaln/1", NAME_UNKNOWN, 0},
		{"rtpbridge/1/2", NAME_UNKNOWN, 0}, {"rtpbridge/-1", NAME_UNKNOWN, 0}, {"rtpbridge/4294967297", NAME_UNKNOWN, 0},
	};
	struct gateway gw = {.relays = 8};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct endpoint_name name = endpoint_name_parse(&gw, slice_str(cases[i].name));
		if (name.kind != cases[i].kind || (name.kind == NAME_ONE && name.place + 1 != cases[i].number))
			fail_msg("%s", cases[i].name);
	}
}

static void two_connections_are_joined_and_marked(void **state)
{
	(void)state;
	struct bench b;
	assert_int_equal(bench_open(&b), 0);
	call(&b, "L: t:68\r\n");
	assert_int_equal(fake[20000].peer, 20002);
	assert_int_equal(fake[20002].peer, 20000);
	assert_int_equal(fake[20000].stream.dscp, 0x68 >> 2);
	assert_int_equal(fake[20000].stream.remote.port, 4000);
	assert_int_equal(fake[20001].stream.remote.port, 4001);
	assert_true(fake[20001].stream.rtcp);
	assert_int_equal(run(&b, "DLCX 9 rtpbridge/1@mg MGCP 1.0\r\nC: a1\r\n"), 250);
	bench_close(&b);
}

static void a_second_connection_may_be_asked_for_with_the_first(void **state)
{
	(void)state;
	struct bench b;
	assert_int_equal(bench_open(&b), 0);
	assert_int_equal(run(&b, "CRCX 5 rtpbridge/$@mg MGCP 1.0\r\nC: a1\r\nM: recvonly\r\n"), 200);
	assert_int_equal(run(&b, "CRCX 6 rtpbridge/$@mg MGCP 1.0\r\nC: b2\r\nX-With: 5\r\nM: recvonly\r\n"), 500); /* another call */
	assert_int_equal(run(&b, "CRCX 7 rtpbridge/$@mg MGCP 1.0\r\nC: a1\r\nX-With: 4\r\nM: recvonly\r\n"), 500); /* not the one before */
	assert_int_equal(run(&b, "CRCX 8 rtpbridge/$@mg MGCP 1.0\r\nC: a1\r\nX-With: 5\r\nM: recvonly\r\n"), 200);
	assert_non_null(strstr(b.answer, "Z: rtpbridge/1@mg\r\n"));
	assert_int_equal(fake[20000].peer, 20002);
	assert_int_equal(run(&b, "DLCX 9 rtpbridge/1@mg MGCP 1.0\r\nC: a1\r\n"), 250);
	assert_int_equal(run(&b, "CRCX 10 rtpbridge/$@mg MGCP 1.0\r\nC: a1\r\nX-With: 5\r\nM: recvonly\r\n"), 500); /* it is gone */
	bench_close(&b);
}

static void a_port_of_another_program_is_passed_over(void **state)
{
	(void)state;
	struct bench b;
	assert_int_equal(bench_open(&b), 0);
	fake_busy_port = 20001;
	assert_int_equal(run(&b, "CRCX 1 $@mg MGCP 1.0\r\nC: 1\r\nM: recvonly\r\n"), 200);
	assert_non_null(strstr(b.answer, "m=audio 20002 "));
	fake_busy_port = 0;
	bench_close(&b);
}

static void the_version_grows_only_when_the_text_changes(void **state)
{
	(void)state;
	struct bench b;
	char text[1024];
	assert_int_equal(bench_open(&b), 0);
	assert_int_equal(run(&b, "CRCX 1 rtpbridge/1@mg MGCP 1.0\r\nC: 1\r\nM: recvonly\r\n"), 200);
	take_id(&b, 0);
	static const char *const versions[] = {" 2 IN IP4", " 2 IN IP4"};
	for (int i = 0; i < 2; i++) {
		snprintf(text, sizeof text, "MDCX %d rtpbridge/1@mg MGCP 1.0\r\nC: 1\r\nI: %s\r\n\r\n%s", i + 2, b.id[0], SDP("sendrecv"));
		assert_int_equal(run(&b, text), 200);
		assert_non_null(strstr(b.answer, versions[i]));
	}
	snprintf(text, sizeof text, "MDCX 9 rtpbridge/1@mg MGCP 1.0\r\nC: 1\r\nI: %s\r\nM: inactive\r\n", b.id[0]);
	assert_int_equal(run(&b, text), 200);
	assert_null(strstr(b.answer, "v=0"));
	bench_close(&b);
}

static void refused_changes_change_nothing(void **state)
{
	(void)state;
	struct bench b;
	char text[1024];
	assert_int_equal(bench_open(&b), 0);
	call(&b, "");
	struct fp_stream before = fake[20000].stream;
	snprintf(text, sizeof text, "MDCX 3 rtpbridge/1@mg MGCP 1.0\r\nC: a1\r\nI: %s\r\nM: inactive\r\nL: zz:1\r\n", b.id[0]);
	assert_int_equal(run(&b, text), 541);
	snprintf(text, sizeof text, "MDCX 4 rtpbridge/1@mg MGCP 1.0\r\nC: a1\r\nI: %s\r\nM: inactive\r\nX: 1\r\nR: l/hd\r\n", b.id[0]);
	assert_int_equal(run(&b, text), 518);
	assert_memory_equal(&before, &fake[20000].stream, sizeof before);
	bench_close(&b);
}

static void silence(struct bench *b, const char *mode, const char *sdp, unsigned reports)
{
	char text[1024];
	uint64_t was = mg_count[MG_SILENCE];
	assert_int_equal(bench_open(b), 0);
	snprintf(text, sizeof text, "CRCX 1 rtpbridge/1@mg MGCP 1.0\r\nC: 1\r\nM: %s\r\nX-Silence: 10\r\n\r\n%s", mode, sdp);
	assert_int_equal(run(b, text), 200);
	for (int i = 0; i < 4; i++) /* comfort noise now and then */
		clock_test_advance(3000), fake[20000].stats.last_rx_ms = clock_ms();
	assert_int_equal(mg_count[MG_SILENCE], was);
	clock_test_advance(9000);
	gateway_rtcp(b->gw, 20001, &(struct addr){0}, (const uint8_t *)"\x80\xc9\0\1\0\0\0\1", 8);
	clock_test_advance(9500);
	assert_int_equal(mg_count[MG_SILENCE], was);
	clock_test_advance(60000);
	assert_int_equal(mg_count[MG_SILENCE], was + reports);
	bench_close(b);
}

static void silence_only_where_media_is_due(void **state)
{
	(void)state;
	struct bench b;
	silence(&b, "sendrecv", SDP("sendrecv"), 1);
	silence(&b, "sendrecv", SDP("sendonly"), 1);
	silence(&b, "sendrecv", SDP("recvonly"), 0);
	silence(&b, "sendrecv", SDP("inactive"), 0);
	silence(&b, "sendonly", SDP("sendrecv"), 0);
	silence(&b, "inactive", SDP("sendrecv"), 0);
}

static void statistics_count_both_ways(void **state)
{
	(void)state;
	struct bench b;
	char text[256];
	assert_int_equal(bench_open(&b), 0);
	call(&b, "");
	fake[20000].stats = (struct fp_stats){.rx_packets = 100, .rx_bytes = 17200, .lost = 5, .jitter = 80};
	fake[20002].stats = (struct fp_stats){.rx_packets = 50, .rx_bytes = 8600};
	snprintf(text, sizeof text, "DLCX 3 rtpbridge/1@mg MGCP 1.0\r\nC: a1\r\nI: %s\r\n", b.id[0]);
	assert_int_equal(run(&b, text), 250);
	assert_non_null(strstr(b.answer, "P: PS=50, OS=8000, PR=100, OR=16000, PL=5, JI=10, LA=0\r\n"));
	/* What the first one received was sent by the second, also after the first has gone. */
	snprintf(text, sizeof text, "DLCX 4 rtpbridge/1@mg MGCP 1.0\r\nC: a1\r\nI: %s\r\n", b.id[1]);
	assert_int_equal(run(&b, text), 250);
	assert_non_null(strstr(b.answer, "P: PS=100, OS=16000, PR=50, "));
	bench_close(&b);
}

static void lifecycle(void *arg)
{
	struct bench b;
	static const char *const script[] = {
		"CRCX 1 rtpbridge/1@mg MGCP 1.0\r\nC: a1\r\nM: sendrecv\r\nX: 5\r\nR: r/rto@$(N)(30)\r\n\r\n" SDP("sendrecv"),
		"CRCX 2 rtpbridge/1@mg MGCP 1.0\r\nC: a1\r\nM: recvonly\r\n",
		"RQNT 3 rtpbridge/2@mg MGCP 1.0\r\nX: 6\r\nN: ca@[192.0.2.9]:2727\r\nR: r/rto(N)(30)\r\n",
		"AUEP 4 *@mg MGCP 1.0\r\n",
		"DLCX 5 *@mg MGCP 1.0\r\n",
	};
	(void)arg;
	if (!bench_open(&b))
		for (size_t i = 0; i < sizeof script / sizeof script[0]; i++) {
			unsigned code = run(&b, script[i]);
			assert_true(code == 200 || code == 250 || code == 400 || code == 403 || code == 410);
		}
	bench_close(&b);
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
		cmocka_unit_test(endpoint_names),
		cmocka_unit_test(two_connections_are_joined_and_marked),
		cmocka_unit_test(a_second_connection_may_be_asked_for_with_the_first),
		cmocka_unit_test(a_port_of_another_program_is_passed_over),
		cmocka_unit_test(the_version_grows_only_when_the_text_changes),
		cmocka_unit_test(refused_changes_change_nothing),
		cmocka_unit_test(silence_only_where_media_is_due),
		cmocka_unit_test(statistics_count_both_ways),
		cmocka_unit_test(without_memory),
	};
	return cmocka_run_group_tests(tests, quiet, NULL);
}
