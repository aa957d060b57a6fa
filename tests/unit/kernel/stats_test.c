// SPDX-License-Identifier: GPL-3.0-or-later
/* A receiver's statistics: RFC 3550 A.1, A.3 and A.8. */
#include "unit.h"
#include "tandem/stats.h"
#include <string.h>

#define MS 1000000ull

static const uint32_t clock_8k = (uint32_t)((8000ull << 32) / 1000000000u);

static void hear(struct tandem_stats *s, uint16_t seq, uint32_t timestamp, uint64_t now, enum tandem_engine by, int restart)
{
	struct tandem_packet p = {.seq = seq, .timestamp = timestamp, .len = 172};
	tandem_stats_rtp(s, &p, clock_8k, now, by, restart);
}

/* Sequence numbers in order, each 20 ms after the one before. */
static void hear_all(struct tandem_stats *s, const uint16_t *seq, size_t n)
{
	for (size_t i = 0; i < n; i++)
		hear(s, seq[i], 0, i, TANDEM_BY_NULL, 0);
}

static void loss_and_order_by_sequence_numbers(void **state)
{
	static const struct {
		const char *name;
		uint16_t seq[8];
		size_t n;
		uint32_t lost, reordered, ext_max;
	} rows[] = {
		{"in order", {1, 2, 3, 4}, 4, 0, 0, 4},
		{"two lost", {1, 2, 5, 6}, 4, 2, 0, 6},
		{"late, over the wrap", {65533, 65534, 0, 65535, 3}, 5, 2, 1, 65539},
		{"wrap with loss", {65534, 65535, 1, 2}, 4, 1, 0, 65538},
		{"a duplicate makes up for nothing lost", {1, 2, 2, 3}, 4, 0, 0, 3},
		{"many duplicates do not count backwards", {7, 7, 7, 7, 8}, 5, 0, 0, 8},
		{"late before the first", {101, 100, 102}, 3, 0, 1, 102},
		{"a burst almost as long as may be", {1, 3000, 3001}, 3, 2998, 0, 3001},
		{"restarted without telling", {1, 2, 30000, 30001, 30002}, 5, 0, 0, 30002},
		{"restarted without telling, with loss", {1, 3, 30000, 30001, 30003}, 5, 2, 0, 30003},
		{"one stray packet", {1, 2, 30000, 3, 4}, 5, 0, 0, 4},
		{"stray packets that are no sequence", {1, 30000, 50000, 2, 4}, 5, 1, 0, 4},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct tandem_stats s = {0};
		hear_all(&s, rows[i].seq, rows[i].n);
		if (tandem_stats_lost(&s) != rows[i].lost || s.reordered != rows[i].reordered || s.ext_max != rows[i].ext_max ||
		    tandem_stats_packets(&s) != rows[i].n)
			fail_msg("%s: lost %u, reordered %u, highest %u", rows[i].name, tandem_stats_lost(&s), s.reordered, s.ext_max);
	}
}

static void a_new_source_keeps_what_was_lost(void **state)
{
	struct tandem_stats s = {0};
	hear_all(&s, (uint16_t[]){1, 2, 5}, 3);
	hear(&s, 40000, 0, 10, TANDEM_BY_NULL, 1);
	assert_int_equal(tandem_stats_lost(&s), 2);
	hear(&s, 40002, 0, 11, TANDEM_BY_NULL, 0);
	assert_int_equal(tandem_stats_lost(&s), 3);
	assert_int_equal(s.base_seq, 40000);
}

static void a_stream_is_one_whoever_carries_it(void **state)
{
	struct tandem_stats s = {0};
	for (uint16_t i = 0; i < 40; i++)
		hear(&s, (uint16_t)(65520 + i), 0, i, (enum tandem_engine)(i % TANDEM_ENGINES), 0);
	assert_int_equal(tandem_stats_lost(&s), 0);
	assert_int_equal(tandem_stats_packets(&s), 40);
	assert_int_equal(s.packets[TANDEM_BY_XDP_NATIVE], 10);
	assert_int_equal(s.bytes, 40 * 172);
	assert_int_equal(s.last_ns, 39);
}

/* Every second packet 10 ms late: |D| is 80 units. */
static void shaky(struct tandem_stats *s, uint32_t from, uint32_t n, uint32_t timestamp)
{
	for (uint32_t i = from; i < from + n; i++)
		hear(s, (uint16_t)i, timestamp + i * 160, 1000 * MS + i * 20 * MS + (i & 1) * 10 * MS, TANDEM_BY_NULL, 0);
}

static void jitter_is_that_of_the_clock(void **state)
{
	struct tandem_stats s = {0};
	shaky(&s, 0, 200, 0);
	assert_in_range(s.jitter >> 4, 77, 80);
}

/* Timestamps of another sequence say nothing about the network. */
static void jitter_survives_restarts_and_strays(void **state)
{
	struct tandem_stats s = {0};
	shaky(&s, 0, 200, 0);
	hear(&s, 30000, 0xdeadbeef, 5000 * MS, TANDEM_BY_NULL, 0);
	shaky(&s, 200, 2, 0);
	assert_in_range(s.jitter >> 4, 76, 81);
	shaky(&s, 40000, 50, 0x12345678);
	assert_in_range(s.jitter >> 4, 75, 81);
	hear(&s, 9, 0xcafe, 900000 * MS, TANDEM_BY_NULL, 1);
	assert_in_range(s.jitter >> 4, 75, 81);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loss_and_order_by_sequence_numbers),
		cmocka_unit_test(a_new_source_keeps_what_was_lost),
		cmocka_unit_test(a_stream_is_one_whoever_carries_it),
		cmocka_unit_test(jitter_is_that_of_the_clock),
		cmocka_unit_test(jitter_survives_restarts_and_strays),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
