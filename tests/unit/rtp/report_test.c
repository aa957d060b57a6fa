// SPDX-License-Identifier: GPL-3.0-or-later
#include "unit.h"
#include "rtp/report.h"

static void a_sender_says_what_it_sent_and_heard(void **state)
{
	uint8_t out[RTCP_REPORT_MAX];
	const struct rtcp_own o = {.ssrc = 0x01020304, .sends = true, .utc_ms = 1700000000500, .rtp_time = 8000, .packets = 50, .octets = 8000, .hears = true,
		.heard = {.about = 0xaabbccdd, .fraction = 64, .lost = -2, .ext_max_seq = 0x10005, .jitter = 7, .lsr = 9, .dlsr = 65536}, .cname = SLICE("me"), .bye = true};
	size_t len = rtcp_report_write(&o, out), left = len;
	const uint8_t *p = out;
	struct rtcp_packet k;
	struct rtcp_sender s;
	struct rtcp_report r;
	assert_int_equal(rtcp_check(out, len), 0);
	assert_int_equal(rtcp_next(&p, &left, &k), 1);
	assert_int_equal(rtcp_sender(&k, &s), 0);
	assert_int_equal(s.ssrc, 0x01020304);
	assert_int_equal(s.ntp_mid, rtcp_ntp_mid(o.utc_ms));
	assert_int_equal(s.rtp_time, 8000);
	assert_int_equal(s.packets, 50);
	assert_int_equal(s.octets, 8000);
	assert_int_equal(rtcp_report(&k, 0, &r), 0);
	assert_int_equal(r.about, 0xaabbccdd);
	assert_int_equal(r.fraction, 64);
	assert_int_equal(r.lost, -2);
	assert_int_equal(r.ext_max_seq, 0x10005);
	assert_int_equal(r.jitter, 7);
	assert_int_equal(r.lsr, 9);
	assert_int_equal(r.dlsr, 65536);
	assert_int_equal(rtcp_next(&p, &left, &k), 1);
	assert_int_equal(k.type, RTCP_SDES);
	assert_memory_equal(k.body, "\1\2\3\4\1\2me\0\0\0\0", 12);
	assert_int_equal(rtcp_next(&p, &left, &k), 1);
	assert_int_equal(k.type, RTCP_BYE);
	assert_int_equal(rtcp_next(&p, &left, &k), 0);
}

static void who_sends_nothing_reports_what_it_hears(void **state)
{
	uint8_t out[RTCP_REPORT_MAX];
	char name[300];
	memset(name, 'x', sizeof name);
	const struct rtcp_own o = {.ssrc = 1, .cname = {name, sizeof name}};
	size_t len = rtcp_report_write(&o, out), left = len;
	const uint8_t *p = out;
	struct rtcp_packet k;
	assert_int_equal(rtcp_check(out, len), 0);
	assert_int_equal(rtcp_next(&p, &left, &k), 1);
	assert_int_equal(k.type, RTCP_RR);
	assert_int_equal(k.count, 0);
}

static void loss_is_told_by_interval(void **state)
{
	struct rtcp_reception in = {0};
	struct rtcp_report r = {0};
	rtcp_reception_report(&in, 100, 100, 5, &r);
	assert_int_equal(r.fraction, 0);
	assert_int_equal(r.lost, 0);
	assert_int_equal(r.dlsr, 0);
	in.lsr = 77;
	in.lsr_at = 100;
	rtcp_reception_report(&in, 200, 150, 165, &r);
	assert_int_equal(r.fraction, 128);
	assert_int_equal(r.lost, 50);
	assert_int_equal(r.lsr, 77);
	assert_int_equal(r.dlsr, 65);
	rtcp_reception_report(&in, 300, 260, 200, &r); /* some of them came late */
	assert_int_equal(r.fraction, 0);
	assert_int_equal(r.lost, 40);
	rtcp_reception_report(&in, 400, 260, 200, &r);
	assert_int_equal(r.fraction, 255);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sender_says_what_it_sent_and_heard),
		cmocka_unit_test(who_sends_nothing_reports_what_it_hears),
		cmocka_unit_test(loss_is_told_by_interval),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
