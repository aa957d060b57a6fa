// SPDX-License-Identifier: GPL-3.0-or-later
/* Each return code of RFC 3435 2.4 that a command can be refused with, by a command that is: relays, bearer channels and telephones. What is refused
 * changes nothing. */
#include "line_bench.h"
#include <stdio.h>

#define RELAY "rtpbridge/1@mg"
#define TRUNK "ds/ds1-1/7@mg"
#define PHONE "ds/ds1-1/21@mg" /* fxoks */
#define V4(format) "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP " format "\r\n"
#define V6 "v=0\r\no=- 1 1 IN IP6 2001:db8::9\r\ns=-\r\nc=IN IP6 2001:db8::9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"

/* "%s" is the relay's connection, or the trunk's. */
static const struct {
	unsigned code;
	const char *command;
} on_relay[] = {
	{500, "AUEP 2 rtpbridge/9999@mg MGCP 1.0\r\n"},
	{500, "CRCX 2 nothing/1@mg MGCP 1.0\r\nC: 1\r\nM: inactive\r\n"},
	{503, "CRCX 2 rtpbridge/*@mg MGCP 1.0\r\nC: 1\r\nM: inactive\r\n"},
	{504, "ABCD 2 " RELAY " MGCP 1.0\r\n"},
	{505, "MDCX 2 " RELAY " MGCP 1.0\r\nC: 1\r\nI: %s\r\n\r\nv=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\nm=audio 4000 UDP/TLS/RTP/SAVP 0\r\n"},
	{506, "MDCX 2 " RELAY " MGCP 1.0\r\nC: 1\r\nI: %s\r\n\r\n" V6},
	{507, "CRCX 2 rtpbridge/$@mg MGCP 1.0\r\nC: 1\r\nM: inactive\r\nZ2: rtpbridge/$@mg\r\n"},
	{508, "RQNT 2 " RELAY " MGCP 1.0\r\nX: 1\r\nQ: sometimes\r\n"},
	{509, "MDCX 2 " RELAY " MGCP 1.0\r\nC: 1\r\nI: %s\r\n\r\nnonsense\r\n"},
	{510, "RQNT 2 " RELAY " MGCP 1.0\r\nR: D/5(N)\r\n"},
	{510, "RQNT 2 " RELAY " MGCP 1.0\r\nX: 1\r\nR: D/5(N\r\n"},
	{511, "MDCX 2 " RELAY " MGCP 1.0\r\nC: 1\r\nI: %s\r\nX+New: 1\r\n"},
	{512, "RQNT 2 " RELAY " MGCP 1.0\r\nX: 1\r\nR: R/iu(N)\r\n"},
	{513, "RQNT 2 " RELAY " MGCP 1.0\r\nX: 1\r\nS: D/5\r\n"},
	{515, "MDCX 2 " RELAY " MGCP 1.0\r\nC: 1\r\nI: ffff\r\nM: inactive\r\n"},
	{515, "DLCX 2 " RELAY " MGCP 1.0\r\nC: 1\r\nI: ffff\r\n"},
	{515, "AUCX 2 " RELAY " MGCP 1.0\r\nI: ffff\r\nF: C\r\n"},
	{515, "RQNT 2 " RELAY " MGCP 1.0\r\nX: 1\r\nR: R/ma@$(N)\r\n"},
	{516, "MDCX 2 " RELAY " MGCP 1.0\r\nC: dead\r\nI: %s\r\n"},
	{516, "CRCX 2 rtpbridge/$@mg MGCP 1.0\r\nM: inactive\r\n"},
	{517, "MDCX 2 " RELAY " MGCP 1.0\r\nC: 1\r\nI: %s\r\nM: loopback\r\n"},
	{517, "MDCX 2 " RELAY " MGCP 1.0\r\nC: 1\r\nI: %s\r\nM: sideways\r\n"},
	{518, "RQNT 2 " RELAY " MGCP 1.0\r\nX: 1\r\nR: L/hd(N)\r\n"},
	{519, "RQNT 2 " RELAY " MGCP 1.0\r\nX: 1\r\nR: D/[0-9](D)\r\n"},
	{522, "RQNT 2 " RELAY " MGCP 1.0\r\nX: 1\r\nR: D/zz(N)\r\n"},
	{523, "RQNT 2 " RELAY " MGCP 1.0\r\nX: 1\r\nR: D/5(Q)\r\n"},
	{523, "RQNT 2 " RELAY " MGCP 1.0\r\nX: 1\r\nR: D/5(N,I)\r\n"},
	{523, "RQNT 2 " RELAY " MGCP 1.0\r\nX: 1\r\nR: D/5(A,E(R(D/6(A,E(R(D/7(N)))))))\r\n"},
	{524, "MDCX 2 " RELAY " MGCP 1.0\r\nC: 1\r\nI: %s\r\nL: p:20, a:PCMU, p:30\r\n"},
	{525, "MDCX 2 " RELAY " MGCP 1.0\r\nC: 1\r\nI: %s\r\nL: x+new:1\r\n"},
	{527, "CRCX 2 rtpbridge/$@mg MGCP 1.0\r\nC: 1\r\nM: sendrecv\r\n"},
	{528, "AUEP 2 " RELAY " MGCP 2.0\r\n"},
	{532, "MDCX 2 " RELAY " MGCP 1.0\r\nC: 1\r\nI: %s\r\nL: nt:ATM\r\n"},
	{535, "MDCX 2 " RELAY " MGCP 1.0\r\nC: 1\r\nI: %s\r\nL: p:30-20\r\n"},
	{538, "RQNT 2 " RELAY " MGCP 1.0\r\nX: 1\r\nR: R/rto(N)(0)\r\n"},
	{539, "MDCX 2 " RELAY " MGCP 1.0\r\nC: 1\r\nI: %s\r\nX-Latch: sometimes\r\n"},
	{541, "MDCX 2 " RELAY " MGCP 1.0\r\nC: 1\r\nI: %s\r\nL: zz:1\r\n"},
}, on_trunk[] = {
	{500, "CRCX 2 ds/ds1-1/99@mg MGCP 1.0\r\nC: 1\r\nM: inactive\r\n"},
	{500, "CRCX 2 ds/ds1-1/24@mg MGCP 1.0\r\nC: 1\r\nM: inactive\r\n"}, /* its D-channel */
	{505, "MDCX 2 " TRUNK " MGCP 1.0\r\nC: 1\r\nI: %s\r\n\r\nv=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\nm=audio 4000 RTP/SAVP 0\r\n"},
	{513, "RQNT 2 " TRUNK " MGCP 1.0\r\nX: 1\r\nS: T/as\r\n"},
	{513, "RQNT 2 " TRUNK " MGCP 1.0\r\nX: 1\r\nS: R/co1\r\n"},
	{532, "MDCX 2 " TRUNK " MGCP 1.0\r\nC: 1\r\nI: %s\r\nL: e:sometimes\r\n"},
	{532, "MDCX 2 " TRUNK " MGCP 1.0\r\nC: 1\r\nI: %s\r\nL: gc:99\r\n"},
	{534, "MDCX 2 " TRUNK " MGCP 1.0\r\nC: 1\r\nI: %s\r\n\r\n" V4("18")},
	{535, "MDCX 2 " TRUNK " MGCP 1.0\r\nC: 1\r\nI: %s\r\nL: p:200\r\n"},
	{538, "RQNT 2 " TRUNK " MGCP 1.0\r\nX: 1\r\nS: T/tp(999)\r\n"},
}, on_phone[] = {
	{402, "RQNT 2 " PHONE " MGCP 1.0\r\nX: 1\r\nS: L/dl\r\n"},
	{402, "RQNT 2 " PHONE " MGCP 1.0\r\nX: 1\r\nR: L/hu(N)\r\n"},
	{402, "RQNT 2 " PHONE " MGCP 1.0\r\nX: 1\r\nR: L/hf(N)\r\n"},
	{537, "RQNT 2 " PHONE " MGCP 1.0\r\nX: 1\r\nR: D/[0-9](D)\r\nD: (1Y)\r\n"},
	{538, "RQNT 2 " PHONE " MGCP 1.0\r\nX: 1\r\nS: L/rg(rep=0)\r\n"},
};

static void made(const char *endpoint)
{
	char text[512];
	bench_plug();
	assert_int_equal(bench_open(BENCH_LINES, NULL), 0);
	snprintf(text, sizeof text, "CRCX 1 %s MGCP 1.0\r\nC: 1\r\nM: recvonly\r\n", endpoint);
	assert_int_equal(run(text), 200);
}

/* What cannot be read is refused by who reads it. */
static unsigned said(const char *text)
{
	static struct mgcp_msg m;
	struct slice s = slice_str(text);
	unsigned code;
	return mgcp_parse(&m, &s, &code) ? code : run(text);
}

static unsigned refusal(const char *command, unsigned want)
{
	char text[1024];
	snprintf(text, sizeof text, command, bench.id, bench.id);
	unsigned n = bench.gw->n_conns, code = said(text);
	bool same = code == want && bench.gw->n_conns == n;
	if (!same)
		print_error("%u instead of %u: %.*s\n", code, want, (int)strcspn(command, "\r"), command);
	return !same;
}

#define WALK(rows, endpoint)                                                       \
	do {                                                                       \
		unsigned wrong = 0;                                                \
		made(endpoint);                                                    \
		for (size_t i = 0; i < sizeof(rows) / sizeof *(rows); i++)         \
			wrong += refusal((rows)[i].command, (rows)[i].code);       \
		assert_int_equal(wrong, 0);                                        \
		bench_close();                                                     \
	} while (0)

static void relays_refuse(void **state)
{
	(void)state;
	WALK(on_relay, RELAY);
}

static void channels_refuse(void **state)
{
	(void)state;
	WALK(on_trunk, TRUNK);
}

static void telephones_refuse(void **state)
{
	(void)state;
	WALK(on_phone, PHONE);
}

/* What there is no more of: ports (403), relays and channels (410), connections of an endpoint (540), channels that are in order (501). */
static void what_has_run_out(void **state)
{
	(void)state;
	made(RELAY);
	assert_int_equal(run("CRCX 2 " RELAY " MGCP 1.0\r\nC: 1\r\nM: inactive\r\n"), 200);
	assert_int_equal(run("CRCX 3 " RELAY " MGCP 1.0\r\nC: 1\r\nM: inactive\r\n"), 540);
	assert_int_equal(run("CRCX 4 rtpbridge/2@mg MGCP 1.0\r\nC: 1\r\nM: inactive\r\n"), 200);
	assert_int_equal(run("CRCX 5 rtpbridge/2@mg MGCP 1.0\r\nC: 1\r\nM: inactive\r\n"), 200);
	assert_int_equal(run("CRCX 6 rtpbridge/$@mg MGCP 1.0\r\nC: 1\r\nM: inactive\r\n"), 410);
	assert_int_equal(run("CRCX 6 " TRUNK " MGCP 1.0\r\nC: 1\r\nM: inactive\r\n"), 403);
	tdm_channel_lock(tdm_channel(bench.tdm, 7));
	assert_int_equal(run("CRCX 7 " TRUNK " MGCP 1.0\r\nC: 1\r\nM: inactive\r\n"), 501);
	for (unsigned n = 1; n <= 24; n++)
		if (tdm_channel(bench.tdm, n))
			tdm_channel_lock(tdm_channel(bench.tdm, n));
	assert_int_equal(run("CRCX 8 ds/ds1-1/$@mg MGCP 1.0\r\nC: 1\r\nM: inactive\r\n"), 410);
	bench_close();
}

/* RFC 3435 2.3.10 and 2.3.11: every code of F: has a line. */
static void every_information_code_is_answered(void **state)
{
	(void)state;
	static const char *const endpoint[] = {"R", "D", "S", "X", "N", "I", "T", "O", "ES", "B", "RM", "RD", "A", "E", "PL", "MD", "Q"};
	static const char *const endpoints[] = {RELAY, TRUNK, PHONE};
	char text[256], head[8];
	made(RELAY);
	snprintf(text, sizeof text, "AUCX 2 " RELAY " MGCP 1.0\r\nI: %s\r\nF: C,N,L,M,P,LC,RC\r\n", bench.id);
	assert_int_equal(run(text), 200);
	for (const char *code = "CNLMP"; *code; code++) {
		snprintf(head, sizeof head, "\n%c: ", *code);
		assert_non_null(strstr(bench.answer, head));
	}
	assert_non_null(strstr(bench.answer, "\r\n\r\nv=0"));
	for (size_t e = 0; e < 3; e++)
		for (size_t i = 0; i < sizeof endpoint / sizeof *endpoint; i++) {
			snprintf(text, sizeof text, "AUEP 3 %s MGCP 1.0\r\nF: %s\r\n", endpoints[e], endpoint[i]);
			assert_int_equal(run(text), 200);
			snprintf(head, sizeof head, "\n%s:", endpoint[i]);
			assert_non_null(strstr(bench.answer, head));
		}
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
		cmocka_unit_test(relays_refuse),
		cmocka_unit_test(channels_refuse),
		cmocka_unit_test(telephones_refuse),
		cmocka_unit_test(what_has_run_out),
		cmocka_unit_test(every_information_code_is_answered),
	};
	return cmocka_run_group_tests(tests, quiet, NULL);
}
