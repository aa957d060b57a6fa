// SPDX-License-Identifier: GPL-3.0-or-later
#include "line_bench.h"
#include "mediagw/record.h"

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
		{"*", NAME_ALL, 0},              {"ds/ds1-1", NAME_UNKNOWN, 0}, {"ds/*/*", NAME_ALL, 0},          {"ds/*", NAME_ALL, 0},
		{"ds/$", NAME_ANY, 0},           {"ds/$/*", NAME_UNKNOWN, 0},   {"ds/*/*/*", NAME_UNKNOWN, 0},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct endpoint_name name = endpoint_name_parse(bench.gw, slice_str(cases[i].name));
		if (name.kind != cases[i].kind || (name.kind == NAME_ONE && endpoint_channel(bench.gw, name.place)->number != cases[i].channel))
			fail_msg("%s", cases[i].name);
	}
	assert_int_equal(run("AUEP 1 ds/e1-2/[14-18]@mg MGCP 1.0\r\n"), 200);
	assert_non_null(strstr(bench.answer, "Z: ds/e1-2/14@mg\r\nZ: ds/e1-2/15@mg\r\nZ: ds/e1-2/17@mg\r\nZ: ds/e1-2/18@mg\r\n"));
	assert_int_equal(run("AUEP 3 ds/*@mg MGCP 1.0\r\nZM: 1\r\n"), 200);
	assert_non_null(strstr(bench.answer, "Z: ds/ds1-1/1@mg\r\nZN: 53\r\n"));
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

/* 2.3.2: the coding of a line is told, and asked for in any command; it is the configuration's. */
static void the_bearer_is_coded_as_it_is(void **state)
{
	(void)state;
	open_lines();
	static const struct {
		unsigned code;
		const char *command;
	} cases[] = {
		{200, "EPCF 1 ds/ds1-1/7@mg MGCP 1.0\r\nB: e:mu\r\n"},
		{507, "EPCF 2 ds/ds1-1/7@mg MGCP 1.0\r\nB: e:A\r\n"},
		{507, "EPCF 3 ds/ds1-1/7@mg MGCP 1.0\r\nB: x:1\r\n"},
		{200, "EPCF 4 ds/e1-2/*@mg MGCP 1.0\r\nB: e:mu\r\n"},
		{507, "EPCF 5 ds/*@mg MGCP 1.0\r\nB: e:A\r\n"},
		{200, "EPCF 6 *@mg MGCP 1.0\r\nB:\r\n"},
		{507, "CRCX 7 ds/ds1-1/7@mg MGCP 1.0\r\nC: 1\r\nM: recvonly\r\nB: e:A\r\n"},
		{200, "CRCX 8 ds/ds1-1/7@mg MGCP 1.0\r\nC: 1\r\nM: recvonly\r\nB: e:mu\r\n"},
		{507, "EPCF 9 rtpbridge/1@mg MGCP 1.0\r\nB: e:mu\r\n"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (run(cases[i].command) != cases[i].code)
			fail_msg("%s: %s", cases[i].command, bench.answer);
	assert_int_equal(run("AUEP 10 ds/e1-2/1@mg MGCP 1.0\r\nF: B,A\r\n"), 200);
	assert_non_null(strstr(bench.answer, "B: e:mu\r\n"));
	assert_null(strstr(bench.answer, "v:;"));
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
	for (unsigned i = 1; i < BEARER_STREAMS; i++)
		assert_int_equal(run("CRCX 2 ds/ds1-1/7@mg MGCP 1.0\r\nC: 1\r\nM: recvonly\r\n"), 200);
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
	assert_int_equal(run("DLCX 4 ds/e1-2/*@mg MGCP 1.0\r\n"), 250);
	assert_int_equal(mg_count[MG_CONNECTIONS], 2);
	assert_int_equal(run("DLCX 5 ds/*@mg MGCP 1.0\r\n"), 250);
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
	cards.channels[22].off_hook = true;
	assert_int_equal(run("CRCX 1 ds/ds1-1/22@mg MGCP 1.0\r\nC: 1\r\nM: recvonly\r\n"), 200);
	cards.spans[1].defects = 1 << TDM_LOS;
	clock_test_advance(2000);
	assert_int_equal(mg_count[MG_CONNECTIONS], 2);
	assert_int_equal(state_of(8), TDM_IN_SERVICE); /* so short a loss is none */
	clock_test_advance(3000);
	assert_int_equal(state_of(8), TDM_OUT_OF_ORDER);
	assert_int_equal(state_of(22), TDM_OUT_OF_ORDER);
	assert_int_equal(c->state, TDM_IN_USE); /* who signals for it decides */
	assert_int_equal(mg_count[MG_CONNECTIONS], 1);
	fake_unplug(1);
	clock_test_advance(2000);
	assert_int_equal(mg_count[MG_CONNECTIONS], 0);
	bench_close();
}

#define PCMA "v=0\r\no=- 1 1 IN IP4 192.0.2.5\r\ns=-\r\nc=IN IP4 192.0.2.5\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8 96\r\na=rtpmap:96 telephone-event/8000\r\n"

static const struct bearer *bearer_of(unsigned channel)
{
	const struct endpoint *e = endpoint_find(bench.gw, endpoint_channel_place(bench.gw, channel));
	return e->line->bearer;
}

static void media_is_as_agreed(void **state)
{
	(void)state;
	char text[512];
	open_lines();
	assert_int_equal(run("CRCX 1 ds/ds1-1/7@mg MGCP 1.0\r\nC: 1\r\nM: sendrecv\r\nL: p:30, s:on, gc:-3\r\n\r\n" PCMA), 200);
	assert_non_null(strstr(bench.answer, "m=audio 20000 RTP/AVP 8 96\r\n"));
	const struct bearer *b = bearer_of(7);
	assert_int_equal(b->p.law, LAW_U);
	assert_true(b->p.digital);
	assert_int_equal(b->c.slot, 20000);
	assert_int_equal(b->c.mode, BEARER_SENDRECV);
	assert_int_equal(b->c.format, PLAYOUT_PCMA);
	assert_int_equal(b->c.event_pt, 96);
	assert_int_equal(b->c.ptime, 30);
	assert_true(b->c.echo && b->c.suppress && !b->c.noise);
	assert_true(b->c.gain == -3 && b->c.gain_sent == 3);
	assert_int_equal(fake[20000].stream.deliver, bearer_deliver(b));
	snprintf(text, sizeof text, "MDCX 2 ds/ds1-1/7@mg MGCP 1.0\r\nC: 1\r\nI: %s\r\nM: recvonly\r\nL: e:off\r\n", bench.id);
	assert_int_equal(run(text), 200);
	assert_int_equal(b->c.mode, BEARER_RECVONLY);
	assert_false(b->c.echo);
	assert_int_equal(b->c.format, PLAYOUT_PCMA);
	/* What the peer described then still holds. */
	snprintf(text, sizeof text, "MDCX 4 ds/ds1-1/7@mg MGCP 1.0\r\nC: 1\r\nI: %s\r\nL: a:PCMU\r\n", bench.id);
	assert_int_equal(run(text), 534);
	snprintf(text, sizeof text, "MDCX 5 ds/ds1-1/7@mg MGCP 1.0\r\nC: 1\r\nI: %s\r\nL: a:PCMU;PCMA\r\n", bench.id);
	assert_int_equal(run(text), 200);
	assert_int_equal(b->c.format, PLAYOUT_PCMA);
	assert_int_equal(b->c.event_pt_sent, 96);
	static const struct {
		const char *name;
		enum bearer_mode mode;
	} modes[] = {{"loopback", BEARER_LOOPBACK}, {"conttest", BEARER_CONTTEST}, {"netwloop", BEARER_NETWLOOP}, {"netwtest", BEARER_NETWTEST}, {"inactive", BEARER_INACTIVE}};
	for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
		snprintf(text, sizeof text, "MDCX 1%zu ds/ds1-1/7@mg MGCP 1.0\r\nC: 1\r\nI: %s\r\nM: %s\r\n", i, bench.id, modes[i].name);
		assert_int_equal(run(text), 200);
		assert_int_equal(b->c.mode, modes[i].mode);
	}
	snprintf(text, sizeof text, "DLCX 3 ds/ds1-1/7@mg MGCP 1.0\r\nC: 1\r\nI: %s\r\n", bench.id);
	assert_int_equal(run(text), 250);
	assert_non_null(strstr(bench.answer, "P: PS=7, OS=1120, "));
	assert_null(bearer_of(7));
	bench_close();
}

/* The packets of the RTCP that was sent last, by type, and what the first says of the peer's stream. */
static void sent_reports(uint32_t slot, unsigned types[3], struct rtcp_report *block)
{
	const uint8_t *p = fake[slot].sent;
	size_t left = fake[slot].sent_len;
	struct rtcp_packet k;
	memset(types, 0, 3 * sizeof *types);
	for (unsigned i = 0; i < 3 && rtcp_next(&p, &left, &k) > 0; i++) {
		types[i] = k.type;
		if (!i && rtcp_report(&k, 0, block))
			*block = (struct rtcp_report){0};
	}
}

static void a_connection_reports_by_rtcp(void **state)
{
	(void)state;
	static const uint8_t theirs[] = {0x80, 200, 0, 6, 1, 2, 3, 4, 0, 0, 0x11, 0x22, 0x33, 0x44, 0, 0, 0, 0, 0, 9, 0, 0, 0, 9, 0, 0, 0, 9};
	unsigned types[3];
	struct rtcp_report block;
	open_lines();
	assert_int_equal(run("CRCX 1 ds/ds1-1/7@mg MGCP 1.0\r\nC: 1\r\nM: sendrecv\r\n\r\n" PCMA), 200);
	clock_test_advance(3100);
	sent_reports(20001, types, &block);
	assert_int_equal(types[0], RTCP_SR);
	assert_int_equal(types[1], RTCP_SDES);
	assert_int_equal(block.about, 0); /* nothing has come */
	fake[20000].stats = (struct fp_stats){.rx_packets = 8, .ssrc = 0x01020304, .base_seq = 100, .ext_max_seq = 109, .jitter = 33};
	gateway_rtcp(bench.gw, 20001, &(struct addr){0}, theirs, sizeof theirs);
	clock_test_advance(30000);
	sent_reports(20001, types, &block);
	assert_int_equal(types[0], RTCP_RR); /* nor is anything new sent */
	assert_int_equal(block.about, 0x01020304);
	assert_int_equal(block.lost, 2);
	assert_int_equal(block.jitter, 33);
	assert_int_equal(block.lsr, 0x11223344);
	assert_int_equal(run("DLCX 2 ds/ds1-1/7@mg MGCP 1.0\r\n"), 250);
	sent_reports(20001, types, &block);
	assert_int_equal(types[2], RTCP_BYE);
	bench_close();
}

static void lines_with_signalling_are_always_open(void **state)
{
	(void)state;
	open_lines();
	assert_non_null(bearer_of(21));
	assert_non_null(bearer_of(22));
	assert_non_null(bearer_of(23));
	assert_null(bearer_of(20));
	assert_int_equal(run("CRCX 1 ds/ds1-1/21@mg MGCP 1.0\r\nC: 1\r\nM: sendrecv\r\n\r\n" PCMA), 200);
	assert_non_null(strstr(bench.answer, "a=fmtp:96 0-16\r\n"));
	assert_int_equal(run("DLCX 2 ds/ds1-1/21@mg MGCP 1.0\r\n"), 250);
	assert_int_equal(bearer_of(21)->c.slot, BEARER_NO_SLOT);
	fake_unplug(1);
	clock_test_advance(6000);
	assert_null(bearer_of(21));
	fake_plug(1, TDM_SPAN_T1, 24, 1);
	clock_test_advance(6000);
	assert_non_null(bearer_of(21));
	bench_close();
}

/* RFC 3435 2.3: the line's voice goes to both, and those in conference hear each other. */
static void two_connections_of_a_telephone_confer(void **state)
{
	(void)state;
	char text[256], first[CONN_ID_LEN + 1];
	open_lines();
	assert_int_equal(run("CRCX 1 ds/ds1-1/21@mg MGCP 1.0\r\nC: 1\r\nM: sendrecv\r\n\r\n" PCMA), 200);
	memcpy(first, strstr(bench.answer, "\nI: ") + 4, CONN_ID_LEN);
	first[CONN_ID_LEN] = '\0';
	assert_int_equal(run("CRCX 2 ds/ds1-1/21@mg MGCP 1.0\r\nC: 2\r\nM: confrnce\r\n"), 527);
	assert_int_equal(run("CRCX 3 ds/ds1-1/21@mg MGCP 1.0\r\nC: 2\r\nM: confrnce\r\n\r\n" PCMA), 200);
	snprintf(text, sizeof text, "MDCX 4 ds/ds1-1/21@mg MGCP 1.0\r\nC: 1\r\nI: %s\r\nM: confrnce\r\n", first);
	assert_int_equal(run(text), 200);
	const struct bearer *b = bearer_of(21);
	/* A test would have the channel for itself. */
	snprintf(text, sizeof text, "MDCX 7 ds/ds1-1/21@mg MGCP 1.0\r\nC: 1\r\nI: %s\r\nM: loopback\r\n", first);
	assert_int_equal(run(text), 517);
	assert_int_equal(run("CRCX 8 ds/ds1-1/21@mg MGCP 1.0\r\nC: 3\r\nM: netwloop\r\n\r\n" PCMA), 517);
	assert_int_equal(b->c.mode, BEARER_CONFRNCE);
	assert_int_equal(b->more[0].mode, BEARER_CONFRNCE);
	const uint32_t second = b->more[0].slot;
	snprintf(text, sizeof text, "DLCX 5 ds/ds1-1/21@mg MGCP 1.0\r\nC: 1\r\nI: %s\r\n", first);
	assert_int_equal(run(text), 250);
	assert_int_equal(b->c.slot, second);
	assert_int_equal(state_of(21), TDM_IN_USE);
	assert_int_equal(run("DLCX 6 ds/ds1-1/21@mg MGCP 1.0\r\n"), 250);
	assert_int_equal(b->c.slot, BEARER_NO_SLOT);
	assert_int_equal(state_of(21), TDM_IN_SERVICE);
	bench_close();
}

static void a_channel_of_another_program_is_refused_until_it_is_free(void **state)
{
	(void)state;
	bench_plug();
	cards.taken_by_other[7] = cards.taken_by_other[21] = true;
	assert_int_equal(bench_open(BENCH_LINES, NULL), 0);
	assert_true(alarm_is_on(&alarm_channel, "channel 21"));
	assert_int_equal(run("CRCX 1 ds/ds1-1/7@mg MGCP 1.0\r\nC: 1\r\nM: recvonly\r\n"), 501);
	assert_int_equal(run("CRCX 2 ds/ds1-1/21@mg MGCP 1.0\r\nC: 1\r\nM: recvonly\r\n"), 501);
	assert_true(alarm_is_on(&alarm_channel, "channel 7"));
	assert_int_equal(mg_count[MG_CONNECTIONS], 0);
	cards.taken_by_other[7] = cards.taken_by_other[21] = false;
	clock_test_advance(10000);
	assert_false(alarm_is_on(&alarm_channel, "channel 7") || alarm_is_on(&alarm_channel, "channel 21"));
	assert_int_equal(run("CRCX 3 ds/ds1-1/7@mg MGCP 1.0\r\nC: 1\r\nM: recvonly\r\n"), 200);
	assert_int_equal(run("CRCX 4 ds/ds1-1/21@mg MGCP 1.0\r\nC: 1\r\nM: recvonly\r\n"), 200);
	bench_close();
}

static void a_channel_whose_voice_cannot_be_had_is_tried_again(void **state)
{
	(void)state;
	bench_plug();
	fake_bearer_err = -EAGAIN; /* of the first one that is opened */
	assert_int_equal(bench_open(BENCH_LINES, NULL), 0);
	assert_null(bearer_of(21));
	assert_true(alarm_is_on(&alarm_channel, "channel 21"));
	assert_int_equal(state_of(21), TDM_OUT_OF_ORDER);
	clock_test_advance(10000);
	assert_non_null(bearer_of(21));
	assert_false(alarm_is_on(&alarm_channel, "channel 21"));
	assert_int_equal(state_of(21), TDM_IN_SERVICE);
	bench_close();
}

static void a_channel_that_is_lost_as_its_span_comes_back_as_another(void **state)
{
	(void)state;
	static const struct heard lost = {.kind = HEARD_LOST};
	open_lines();
	const struct bearer *b = bearer_of(21);
	fake_unplug(1);
	fake_plug(3, TDM_SPAN_T1, 24, 1);
	b->p.heard(b->p.arg, &lost);
	assert_non_null(bearer_of(21));
	assert_false(alarm_is_on(&alarm_channel, "channel 21"));
	assert_int_equal(run("CRCX 1 ds/ds1-3/21@mg MGCP 1.0\r\nC: 1\r\nM: recvonly\r\n"), 200);
	bench_close();
}

/* While a driver removes a span, it tells so, and still shows it as if nothing were wrong. */
static void a_channel_that_is_being_removed_ends_its_call_as_a_failed_span_does(void **state)
{
	(void)state;
	static const struct heard removed = {.kind = HEARD_EVENT, .event = {.kind = TDM_EV_REMOVED}};
	open_lines();
	assert_int_equal(run("CRCX 1 ds/ds1-1/7@mg MGCP 1.0\r\nC: 1\r\nM: recvonly\r\n"), 200);
	const struct bearer *b = bearer_of(7);
	b->p.heard(b->p.arg, &removed);
	assert_int_equal(mg_count[MG_CONNECTIONS], 0);
	assert_int_equal(line_end_reason(tdm_channel(bench.tdm, 7)), CONN_LOWER_LAYER);
	assert_false(alarm_is_on(&alarm_channel, "channel 7"));
	assert_int_equal(state_of(8), TDM_OUT_OF_ORDER);
	clock_test_advance(1000);
	assert_int_equal(run("CRCX 2 ds/ds1-1/8@mg MGCP 1.0\r\nC: 1\r\nM: recvonly\r\n"), 501);
	clock_test_advance(6000);
	assert_int_equal(state_of(7), TDM_IN_SERVICE);
	bench_close();
}

static void a_channel_that_cannot_be_read_ends_its_call(void **state)
{
	(void)state;
	static const struct heard lost = {.kind = HEARD_LOST};
	const struct bearer *b;
	open_lines();
	assert_int_equal(run("CRCX 1 ds/ds1-1/7@mg MGCP 1.0\r\nC: 1\r\nM: recvonly\r\n"), 200);
	b = bearer_of(7);
	b->p.heard(b->p.arg, &lost);
	assert_int_equal(mg_count[MG_CONNECTIONS], 0);
	assert_int_equal(state_of(7), TDM_OUT_OF_ORDER);
	assert_true(alarm_is_on(&alarm_channel, "channel 7"));
	clock_test_advance(10000);
	assert_int_equal(state_of(7), TDM_IN_SERVICE);
	assert_false(alarm_is_on(&alarm_channel, "channel 7"));
	assert_null(bearer_of(7));
	/* Of a span that is gone there is one alarm, and it is in service when it is back. */
	assert_int_equal(run("CRCX 2 ds/ds1-1/7@mg MGCP 1.0\r\nC: 1\r\nM: recvonly\r\n"), 200);
	fake_unplug(1);
	b = bearer_of(7);
	b->p.heard(b->p.arg, &lost);
	assert_int_equal(mg_count[MG_CONNECTIONS], 0);
	assert_false(alarm_is_on(&alarm_channel, "channel 7"));
	fake_plug(1, TDM_SPAN_T1, 24, 1);
	clock_test_advance(6000);
	assert_int_equal(state_of(7), TDM_IN_SERVICE);
	assert_non_null(bearer_of(22));
	bench_close();
}

static void an_open_line_is_lent_for_a_loop(void **state)
{
	(void)state;
	struct tdm_channel *c;
	open_lines();
	c = tdm_channel(bench.tdm, 21);
	assert_non_null(bearer_of(21));
	assert_int_equal(tdm_channel_loop(c), 0);
	assert_null(bearer_of(21));
	assert_int_equal(run("CRCX 1 ds/ds1-1/21@mg MGCP 1.0\r\nC: 1\r\nM: recvonly\r\n"), 501);
	fake_unplug(2); /* spans come and go meanwhile */
	fake_plug(2, TDM_SPAN_E1, 31, 25);
	clock_test_advance(20000);
	assert_null(bearer_of(21));
	assert_int_equal(tdm_channel_unloop(c), 0);
	assert_non_null(bearer_of(21));
	assert_int_equal(run("CRCX 2 ds/ds1-1/21@mg MGCP 1.0\r\nC: 1\r\nM: recvonly\r\n"), 200);
	assert_int_equal(tdm_channel_loop(c), -EBUSY);
	assert_non_null(bearer_of(21));
	bench_close();
}

static void calls_outlive_the_process(void **state)
{
	(void)state;
	char dir[] = "/tmp/tandem-line-test-XXXXXX", text[256];
	struct adoption left;
	assert_non_null(mkdtemp(dir));
	bench_plug();
	assert_int_equal(bench_open(BENCH_LINES, dir), 0);
	assert_int_equal(record_adopt(bench.gw, SLICE("boot"), &left), 0);
	assert_int_equal(run("CRCX 1 ds/ds1-1/7@mg MGCP 1.0\r\nC: 1\r\nM: sendrecv\r\nL: p:30, e:off\r\n\r\n" PCMA), 200);
	tdm_channel_drain(tdm_channel(bench.tdm, 7));
	tdm_channel_drain(tdm_channel(bench.tdm, 8));
	fake[20000].stats = (struct fp_stats){.rx_packets = 3, .rx_bytes = 3 * 172, .lost = 2};
	clock_test_advance(10000); /* each report keeps the figures */
	bench_end();
	memset(cards.set_up, 0, sizeof cards.set_up);
	assert_int_equal(bench_open(BENCH_LINES, dir), 0);
	assert_int_equal(record_adopt(bench.gw, SLICE("boot"), &left), 0);
	lines_adopted(bench.lines);
	assert_int_equal(left.restored, 1);
	assert_int_equal(bearer_of(7)->c.slot, 20000);
	assert_int_equal(bearer_of(7)->c.ptime, 30);
	assert_int_equal(bearer_of(7)->c.event_pt, 96);
	assert_false(bearer_of(7)->c.echo);
	assert_int_equal(state_of(7), TDM_DRAINING);
	assert_int_equal(state_of(8), TDM_LOCKED);
	assert_int_equal(cards.set_up[7].signalling, TDM_UNUSED); /* nobody has touched what was set up */
	fake[20000].stats = (struct fp_stats){.rx_packets = 1, .rx_bytes = 172};
	snprintf(text, sizeof text, "AUCX 3 ds/ds1-1/7@mg MGCP 1.0\r\nI: %s\r\nF: P\r\n", container_of(list_first(&bench.gw->conns), struct conn, all)->id);
	assert_int_equal(run(text), 200);
	assert_non_null(strstr(bench.answer, "P: PS=14, OS=2240, PR=4, OR=640, PL=2,"));
	assert_int_equal(run("DLCX 2 ds/ds1-1/7@mg MGCP 1.0\r\n"), 250);
	assert_int_equal(state_of(7), TDM_LOCKED);
	bench_close();
	snprintf(text, sizeof text, "rm -r %s", dir);
	assert_int_equal(system(text), 0);
}

#define OTHER_TRUNK                                                                                             \
	"span 1 { framing = esf coding = b8zs }\nspan 2 { framing = ccs coding = hdb3 }\n"                       \
	"channels b { numbers = { \"1-20\", \"25-39\", \"41-55\" } signalling = \"bchan\" }\n"                    \
	"channels phone { numbers = { \"21\", \"22\" } signalling = \"fxoks\" }\n"

/* Setting a channel up hangs it up: one that is something else now takes nobody's call with it. */
static void a_call_outlives_the_change_of_another_channel(void **state)
{
	(void)state;
	char dir[] = "/tmp/tandem-line-test-XXXXXX", text[256];
	struct adoption left;
	assert_non_null(mkdtemp(dir));
	bench_plug();
	assert_int_equal(bench_open(BENCH_LINES, dir), 0);
	assert_int_equal(record_adopt(bench.gw, SLICE("boot"), &left), 0);
	assert_int_equal(run("CRCX 1 ds/ds1-1/7@mg MGCP 1.0\r\nC: 1\r\nM: sendrecv\r\n\r\n" PCMA), 200);
	bench_end();
	memset(cards.set_up, 0, sizeof cards.set_up);
	assert_int_equal(bench_open(OTHER_TRUNK, dir), 0);
	assert_int_equal(record_adopt(bench.gw, SLICE("boot"), &left), 0);
	assert_int_equal(left.restored, 1);
	assert_int_equal(cards.set_up[7].signalling, TDM_UNUSED);
	assert_int_equal(cards.set_up[21].signalling, TDM_UNUSED);
	assert_int_equal(cards.set_up[22].signalling, TDM_FXOKS);
	assert_int_equal(state_of(22), TDM_IN_SERVICE);
	bench_close();
	snprintf(text, sizeof text, "rm -r %s", dir);
	assert_int_equal(system(text), 0);
}

/* What each call asks for anew is taken at once; what a channel is stays as it is until the next start. */
static void a_reload_takes_what_it_can(void **state)
{
	(void)state;
	struct buf why = buf_growing();
	bench_plug();
	assert_int_equal(bench_open(BENCH_LINES, NULL), 0);
	struct conf *conf = bench_conf("span 1 { framing = d4 coding = ami }\nspan 2 { framing = ccs coding = hdb3 }\n"
				       "channels b { numbers = { \"1-20\", \"25-39\", \"41-55\" } signalling = \"bchan\" rx-gain = 30 }\n"
				       "channels phone { numbers = { \"21\" } signalling = \"fxoks\" country = \"de\" attached = \"pbx\" tone-patterns = { \"1=440\" } }\n"
				       "channels em { numbers = { \"22\" } signalling = \"fxsks\" }\n");
	assert_non_null(conf);
	assert_int_equal(lines_reload(bench.lines, conf, &why), 0);
	const struct circuit_settings *phone = lines_settings(tdm_channel(bench.tdm, 21));
	assert_string_equal(phone->country, "de");
	assert_non_null(phone->patterns);
	assert_false(phone->pbx);
	assert_int_equal(bench.tdm->setup->channels[7].rx_gain, 30);
	assert_int_equal(bench.tdm->setup->channels[22].signalling, TDM_EM);
	assert_int_equal(run("CRCX 1 ds/ds1-1/7@mg MGCP 1.0\r\nC: 1\r\nM: recvonly\r\n"), 200);
	assert_true(bearer_of(7)->c.gain_sent == 3);
	mem_deref(conf);
	conf = bench_conf("channels phone { numbers = { \"21\" } signalling = \"fxoks\" country = \"xx\" }\n");
	assert_int_equal(lines_reload(bench.lines, conf, &why), -EINVAL);
	assert_non_null(strstr(buf_z(&why), ":3: channels.country: expected a country whose tones are known, not \"xx\": ae ar at"));
	assert_string_equal(lines_settings(tdm_channel(bench.tdm, 21))->country, "de");
	mem_deref(conf);
	buf_reset(&why);
	conf = bench_conf("tdm { zone = zz }\n");
	assert_int_equal(lines_reload(bench.lines, conf, &why), -EINVAL);
	assert_non_null(strstr(buf_z(&why), "tdm.zone, or defaultzone of system.conf: expected a country whose tones are known, not \"zz\": ae"));
	mem_deref(conf);
	conf = bench_conf("tdm { zone = uk }\n");
	assert_int_equal(lines_reload(bench.lines, conf, &why), 0);
	assert_string_equal(lines_settings(tdm_channel(bench.tdm, 21))->country, "gb");
	mem_deref(conf);
	buf_reset(&why);
	bench_close();
}

#define RELOADED "channels b { numbers = { \"1-20\", \"25-39\", \"41-55\" } signalling = \"bchan\" law = \"alaw\" }\n" \
		 "channels phone { numbers = { \"21\" } signalling = \"fxoks\" echo-canceller = \"mg2\" echo-tail = 32 }\n" \
		 "channels em { numbers = { \"22\" } signalling = \"e&m\" }\n"

static void reload(const char *text)
{
	struct buf why = buf_growing();
	struct conf *conf = bench_conf(text);
	assert_int_equal(lines_reload(bench.lines, conf, &why), 0);
	clock_test_advance(1);
	mem_deref(conf);
}

/* How a channel's voice is coded and freed of echo: at once where it is idle, else when its call is over. */
static void a_reload_sets_channels_up_when_they_are_idle(void **state)
{
	(void)state;
	bench_plug();
	assert_int_equal(bench_open(BENCH_LINES, NULL), 0);
	assert_int_equal(run("CRCX 1 ds/ds1-1/7@mg MGCP 1.0\r\nC: 1\r\nM: recvonly\r\n"), 200);
	reload(RELOADED);
	assert_int_equal(cards.set_up[7].law, TDM_LAW_DEFAULT);
	assert_int_equal(bearer_of(7)->p.law, LAW_U);
	assert_int_equal(cards.set_up[8].law, TDM_LAW_ALAW);
	assert_int_equal(run("CRCX 2 ds/ds1-1/8@mg MGCP 1.0\r\nC: 1\r\nM: recvonly\r\n"), 200);
	assert_int_equal(bearer_of(8)->p.law, LAW_A);
	/* A telephone's channel is open between calls, too. */
	assert_string_equal(cards.set_up[21].canceller, "mg2");
	assert_int_equal(bearer_of(21)->p.tail, 32 * 8);
	assert_int_equal(run("DLCX 3 ds/ds1-1/7@mg MGCP 1.0\r\n"), 250);
	clock_test_advance(1);
	assert_int_equal(cards.set_up[7].law, TDM_LAW_ALAW);
	assert_int_equal(run("CRCX 4 ds/ds1-1/7@mg MGCP 1.0\r\nC: 1\r\nM: recvonly\r\n"), 200);
	assert_int_equal(bearer_of(7)->p.law, LAW_A);
	bench_close();
}

/* No RSIP tells of that. */
static void what_a_telephone_was_asked_for_holds_when_it_is_set_up_again(void **state)
{
	(void)state;
	bench_plug();
	assert_int_equal(bench_open(BENCH_LINES, NULL), 0);
	assert_int_equal(run("RQNT 1 ds/ds1-1/21@mg MGCP 1.0\r\nX: 1\r\nR: L/hd(N)\r\n"), 200);
	reload(RELOADED);
	assert_string_equal(cards.set_up[21].canceller, "mg2");
	assert_int_equal(bearer_of(21)->p.tail, 32 * 8);
	assert_int_equal(run("AUEP 2 ds/ds1-1/21@mg MGCP 1.0\r\nF: R\r\n"), 200);
	assert_non_null(strstr(bench.answer, "R: L/hd(N)"));
	bench_close();
}

static void one_that_cannot_be_set_up_again_is_out_of_order(void **state)
{
	(void)state;
	bench_plug();
	assert_int_equal(bench_open(BENCH_LINES, NULL), 0);
	cards.fail_setup_of = 8;
	reload(RELOADED);
	cards.fail_setup_of = 0;
	assert_int_equal(state_of(8), TDM_OUT_OF_ORDER);
	assert_int_equal(run("CRCX 1 ds/ds1-1/8@mg MGCP 1.0\r\nC: 1\r\nM: recvonly\r\n"), 501);
	assert_int_equal(run("CRCX 2 ds/ds1-1/9@mg MGCP 1.0\r\nC: 1\r\nM: recvonly\r\n"), 200);
	/* The mistake is mended. */
	reload(BENCH_LINES);
	assert_int_equal(state_of(8), TDM_IN_SERVICE);
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
	lines_adopted(bench.lines);
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
		cmocka_unit_test(two_connections_of_a_telephone_confer), cmocka_unit_test(the_bearer_is_coded_as_it_is), cmocka_unit_test(a_connection_takes_the_channel),
		cmocka_unit_test(any_free_channel_is_given),
		cmocka_unit_test(what_is_out_of_service_is_not_ready),
		cmocka_unit_test(a_call_ends_with_its_channel),
		cmocka_unit_test(media_is_as_agreed),
		cmocka_unit_test(a_connection_reports_by_rtcp),
		cmocka_unit_test(lines_with_signalling_are_always_open),
		cmocka_unit_test(a_channel_of_another_program_is_refused_until_it_is_free),
		cmocka_unit_test(a_channel_that_is_being_removed_ends_its_call_as_a_failed_span_does),
		cmocka_unit_test(a_channel_that_cannot_be_read_ends_its_call),
		cmocka_unit_test(a_channel_whose_voice_cannot_be_had_is_tried_again),
		cmocka_unit_test(a_channel_that_is_lost_as_its_span_comes_back_as_another),
		cmocka_unit_test(an_open_line_is_lent_for_a_loop),
		cmocka_unit_test(a_call_outlives_the_change_of_another_channel),
		cmocka_unit_test(a_reload_takes_what_it_can),
		cmocka_unit_test(calls_outlive_the_process),
		cmocka_unit_test(a_reload_sets_channels_up_when_they_are_idle),
		cmocka_unit_test(what_a_telephone_was_asked_for_holds_when_it_is_set_up_again),
		cmocka_unit_test(one_that_cannot_be_set_up_again_is_out_of_order),
		cmocka_unit_test(what_an_operator_set_is_kept),
		cmocka_unit_test(what_is_not_understood_sets_nothing_up),
		cmocka_unit_test(without_memory),
	};
	return cmocka_run_group_tests(tests, quiet, NULL);
}
