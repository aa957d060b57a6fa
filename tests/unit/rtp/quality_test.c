// SPDX-License-Identifier: GPL-3.0-or-later
#include "unit.h"
#include "rtp/mos.h"
#include "rtp/rtp.h"
#include "rtp/stats.h"

static double mos(const char *codec, double loss, double delay, double jitter)
{
	struct mos_input in = {.codec = slice_str(codec), .loss = loss, .delay_ms = delay, .jitter_ms = jitter};
	return mos_estimate(&in);
}

static void a_clean_call_scores_high_and_a_broken_one_low(void **state)
{
	(void)state;
	assert_true(mos("PCMU", 0, 10, 0) > 4.3);
	assert_true(mos("PCMU", 0, 10, 0) <= 4.5);
	assert_true(mos("G729", 0, 10, 0) > 3.8 && mos("G729", 0, 10, 0) < mos("PCMU", 0, 10, 0));
	assert_true(mos("PCMU", 1, 10, 0) < 1.7);
	assert_true(mos("unheard-of", 0, 10, 0) > 4.3);
}

static void never_rises_with_loss_delay_or_jitter(void **state)
{
	(void)state;
	static const char *const codecs[] = {"PCMU", "PCMA", "G729", "GSM", "G722", "opus", "iLBC", "G723"};
	for (size_t c = 0; c < sizeof codecs / sizeof codecs[0]; c++) {
		double loss = 5, delay = 5, jitter = 5;
		for (int i = 0; i <= 100; i++) {
			assert_true(mos(codecs[c], i / 100.0, 20, 2) <= loss);
			assert_true(mos(codecs[c], 0.01, i * 20, 2) <= delay);
			assert_true(mos(codecs[c], 0.01, 20, i * 5) <= jitter);
			loss = mos(codecs[c], i / 100.0, 20, 2);
			delay = mos(codecs[c], 0.01, i * 20, 2);
			jitter = mos(codecs[c], 0.01, 20, i * 5);
			assert_true(loss >= 1 && delay >= 1 && jitter >= 1);
		}
	}
}

static void figures_of_a_stream(void **state)
{
	(void)state;
	struct rtp_figures f;
	struct rtp_peer_view none = {0}, far = {.rtt_known = true, .rtt_ms = 600};
	struct rtp_received in = {.packets = 900, .lost = 100, .jitter = 80, .clock_hz = 8000};
	rtp_figures(&f, &in, &none, SLICE("PCMA"));
	assert_true(f.loss > 0.0999 && f.loss < 0.1001);
	assert_true(f.jitter_ms > 9.99 && f.jitter_ms < 10.01);
	double near_mos = f.mos;
	rtp_figures(&f, &in, &far, SLICE("PCMA"));
	assert_true(f.mos > 1 && f.mos < near_mos);
	rtp_figures(&f, &(struct rtp_received){0}, &none, SLICE("PCMA"));
	assert_true(f.mos == 0 && f.loss == 0);
}

static void a_report_gives_the_round_trip(void **state)
{
	(void)state;
	struct rtp_peer_view v = {0};
	struct rtcp_report r = {.fraction = 12, .lost = 7, .jitter = 40, .lsr = 0xabcd0001, .dlsr = 0x8000};
	rtp_peer_view_report(&v, &r, 0x18000 + 6554);
	assert_true(v.reported && !v.rtt_known); /* of a sender report we never passed on */
	for (uint32_t i = 0; i < 5; i++)
		rtp_peer_view_sent(&v, 0xabcd0000 + i, i ? 0x10000 * i : 1);
	rtp_peer_view_report(&v, &r, 0x18000 + 6554); /* 100 ms */
	assert_true(v.reported && v.rtt_known);
	assert_in_range(v.rtt_ms, 99, 101);
	assert_int_equal(v.lost, 7);
	rtp_peer_view_report(&v, &r, 0x18000 + 6554 * 9); /* smoothed */
	assert_in_range(v.rtt_ms, 190, 210);
	r.lsr = 0;
	rtp_peer_view_report(&v, &r, 0);
	assert_true(v.rtt_known);
}

static void static_payload_types(void **state)
{
	(void)state;
	assert_int_equal(rtp_clock(0), 8000);
	assert_int_equal(rtp_clock(9), 8000);
	assert_int_equal(rtp_clock(34), 90000);
	assert_int_equal(rtp_clock(72), 0);
	assert_int_equal(rtp_clock(255), 0);
	assert_true(slice_eq(rtp_encoding(18), SLICE("G729")));
	assert_false(slice_is_set(rtp_encoding(96)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_clean_call_scores_high_and_a_broken_one_low),
		cmocka_unit_test(never_rises_with_loss_delay_or_jitter),
		cmocka_unit_test(figures_of_a_stream),
		cmocka_unit_test(a_report_gives_the_round_trip),
		cmocka_unit_test(static_payload_types),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
