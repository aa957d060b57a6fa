// SPDX-License-Identifier: GPL-3.0-or-later
/* Slots of earlier layouts as today's. */
#include "unit.h"
#include "fastpath/layouts.h"
#include "tandem/stats.h"
#include <string.h>

static void from_1(void **state)
{
	struct slot_1 old = {
		.in = {.flags = TANDEM_OPEN | TANDEM_LATCHED, .src_port = 7, .ssrc = 8, .clock = 9, .peer = 10},
		.out = {.hop = 3, .dst_port = 4, .tos = 0xb8, .family = 6},
		.stats = {.bytes = 1000, .last_ns = 5, .packets = {1, 20, 300}, .base_packets = 2, .ext_max = 0x10400, .base_seq = 0xfff0, .bad_seq = 0x10000,
			  .jitter = 11, .transit = 12, .reordered = 13, .lost_before = 14, .running = 1},
		.policy = {.prev_port = 15, .tos = 16, .arm = 17, .hop_media = 18, .hop_signalling = 19, .refused = 20, .moved_ns = ~0ull},
	};
	struct tandem_slot s;
	layout_slot(1, &old, &s);
	assert_memory_equal(&s.out, &old.out, sizeof s.out);
	assert_int_equal(s.in.flags, old.in.flags);
	assert_int_equal(s.in.peer, 10);
	assert_int_equal(s.in.event_pt, 0);
	assert_int_equal(s.stats.packets[TANDEM_BY_NULL], 1);
	assert_int_equal(s.stats.packets[TANDEM_BY_KMOD], 0);
	assert_int_equal(s.stats.packets[TANDEM_BY_XDP_GENERIC], 20);
	assert_int_equal(s.stats.packets[TANDEM_BY_XDP_NATIVE], 300);
	assert_int_equal(s.stats.bytes, 1000);
	assert_true(s.stats.running && !s.stats.jumped);
	assert_int_equal(tandem_stats_lost(&s.stats), 14 + (0x10400 - 0xfff0 + 1) - (321 - 2));
	assert_int_equal(s.policy.prev_port, 15);
	assert_int_equal(s.policy.arm, 17);
	assert_int_equal(s.policy.hop_signalling, 19);
	assert_int_equal(s.policy.refused, 20);
	assert_int_equal(s.policy.event_ts, 0);
	old.stats.bad_seq = 0x1234;
	layout_slot(1, &old, &s);
	assert_true(s.stats.jumped && s.stats.bad_seq == 0x1234);
}

static void versions(void **state)
{
	struct tandem_slot same = {.in.ssrc = 5}, s;
	assert_true(layout_known(TANDEM_LAYOUT) && layout_known(1));
	assert_false(layout_known(0) || layout_known(TANDEM_LAYOUT + 1));
	layout_slot(TANDEM_LAYOUT, &same, &s);
	assert_memory_equal(&s, &same, sizeof s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(from_1), cmocka_unit_test(versions)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
