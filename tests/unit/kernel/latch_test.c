// SPDX-License-Identifier: GPL-3.0-or-later
/* The packet logic by itself: sources, statistics, checksums. */
#include "unit.h"
#include "tandem/classify.h"
#include "tandem/slot.h"
#include "tandem/stats.h"
#include <arpa/inet.h>
#include <string.h>

static struct tandem_ip ip(uint8_t last)
{
	return (struct tandem_ip){{0, 0, htonl(0xffff), htonl(0x0a000000u | last)}};
}

static struct tandem_packet from(uint8_t host, uint16_t port, uint16_t seq, uint32_t ssrc)
{
	return (struct tandem_packet){.src = ip(host), .src_port = htons(port), .seq = seq, .ssrc = ssrc, .len = 172};
}

/* Signalled media at 10.0.0.5:4000, signalling from 10.0.0.9. */
static struct tandem_slot armed(uint16_t more)
{
	struct tandem_slot s = {.in = {.flags = (uint16_t)(TANDEM_OPEN | TANDEM_RECEIVE | TANDEM_REMOTE | TANDEM_ARMED | more),
				       .media = ip(5), .media_port = htons(4000), .peer = TANDEM_NONE}};
	s.policy.signalling = ip(9);
	return s;
}

static enum tandem_reason feed(struct tandem_slot *s, struct tandem_packet p, uint64_t now)
{
	uint32_t update = 0;
	enum tandem_reason why = tandem_judge(&s->in, &s->policy, s->stats.ext_max, &p, now, &update);
	if (why != TANDEM_FORWARDED)
		return why;
	if (update)
		assert_true(tandem_commit(s, NULL, s->in.seq, &p, update));
	tandem_stats_rtp(&s->stats, &p, s->in.clock, now, TANDEM_BY_NULL, update & TANDEM_UP_SSRC);
	return why;
}

static void strict_takes_only_what_was_signalled(void **state)
{
	struct tandem_slot s = armed(0);
	assert_int_equal(feed(&s, from(9, 4000, 1, 7), 1), TANDEM_STRANGER);
	assert_int_equal(feed(&s, from(5, 4001, 1, 7), 1), TANDEM_STRANGER);
	assert_int_equal(feed(&s, from(5, 4000, 1, 7), 1), TANDEM_FORWARDED);
	assert_int_equal(feed(&s, from(5, 4001, 2, 7), 1), TANDEM_STRANGER);
	assert_int_equal(feed(&s, from(5, 4000, 2, 8), 1), TANDEM_FORWARDED);
}

static void latches_once_from_the_signalling_address(void **state)
{
	struct tandem_slot s = armed(TANDEM_LATCH);
	assert_int_equal(feed(&s, from(77, 4000, 1, 7), 1), TANDEM_STRANGER);
	assert_int_equal(feed(&s, from(9, 31000, 1, 7), 1), TANDEM_FORWARDED);
	assert_true(tandem_remote_is_latched(&s.in));
	assert_int_equal(feed(&s, from(9, 31001, 2, 8), 1), TANDEM_STRANGER);
	assert_int_equal(feed(&s, from(5, 4000, 2, 8), 1), TANDEM_STRANGER);
}

static void rebinds_with_the_same_stream_only(void **state)
{
	struct tandem_slot s = armed(TANDEM_LATCH);
	assert_int_equal(feed(&s, from(9, 31000, 65534, 7), 1), TANDEM_FORWARDED);
	assert_int_equal(feed(&s, from(66, 5, 9000, 7), 1), TANDEM_BAD_SEQUENCE);
	assert_int_equal(feed(&s, from(66, 5, 65534, 7), 1), TANDEM_BAD_SEQUENCE);
	assert_int_equal(feed(&s, from(66, 5, 65535, 8), 1), TANDEM_STRANGER);
	assert_int_equal(feed(&s, from(66, 5, 1, 7), 1), TANDEM_FORWARDED);
	assert_int_equal(feed(&s, from(9, 31000, 2, 7), 1), TANDEM_OLD_SOURCE);
	assert_int_equal(feed(&s, from(66, 5, 2, 7), 1), TANDEM_FORWARDED);
}

static void old_source_is_heard_until_the_new_one_speaks(void **state)
{
	struct tandem_slot s = armed(0);
	assert_int_equal(feed(&s, from(5, 4000, 1, 7), 1), TANDEM_FORWARDED);
	s.in.media = ip(6);
	s.in.flags |= TANDEM_ARMED | TANDEM_MOVED;
	assert_int_equal(feed(&s, from(5, 4000, 2, 7), 1), TANDEM_FORWARDED);
	assert_int_equal(feed(&s, from(6, 4000, 100, 8), 1), TANDEM_FORWARDED);
	assert_int_equal(feed(&s, from(5, 4000, 3, 7), 1), TANDEM_OLD_SOURCE);
}

static void counts_loss_and_reordering(void **state)
{
	static const uint16_t seq[] = {65533, 65534, 0, 65535, 3};
	struct tandem_slot s = armed(0);
	for (size_t i = 0; i < sizeof seq / sizeof seq[0]; i++)
		assert_int_equal(feed(&s, from(5, 4000, seq[i], 7), i + 1), TANDEM_FORWARDED);
	assert_int_equal(s.stats.ext_max, 65539);
	assert_int_equal(tandem_stats_lost(&s.stats), 2);
	assert_int_equal(s.stats.reordered, 1);
	assert_int_equal(feed(&s, from(5, 4000, 9, 8), 9), TANDEM_FORWARDED);
	assert_int_equal(tandem_stats_lost(&s.stats), 2);
}

static void jitter_is_that_of_the_clock(void **state)
{
	struct tandem_slot s = armed(0);
	s.in.clock = (uint32_t)((8000ull << 32) / 1000000000u);
	for (uint32_t i = 0; i < 200; i++) {
		struct tandem_packet p = from(5, 4000, (uint16_t)i, 7);
		p.timestamp = i * 160;
		/* Every second packet 10 ms late: |D| is 80 units. */
		feed(&s, p, 1000000000ull + i * 20000000ull + (i & 1) * 10000000ull);
	}
	assert_in_range(s.stats.jitter >> 4, 77, 80);
}

static void a_busy_line_is_left_alone(void **state)
{
	struct tandem_slot s = armed(0), peer = {.out = {.seq = 1, .family = 4}};
	struct tandem_packet p = from(5, 4000, 1, 7);
	assert_int_equal(tandem_commit(&s, &peer, s.in.seq, &p, TANDEM_UP_SOURCE), 0);
	assert_int_equal(tandem_commit(&s, NULL, s.in.seq - 2, &p, TANDEM_UP_SOURCE), 0);
	assert_false(s.in.flags & TANDEM_LATCHED);
	assert_int_equal(s.in.seq & 1, 0);
}

static void classifies_by_first_bytes(void **state)
{
	static const struct {
		uint8_t b0, b1;
		uint32_t len;
		enum tandem_kind kind;
	} rows[] = {
		{0x80, 0, 172, TANDEM_KIND_RTP},     {0x80, 0x80, 12, TANDEM_KIND_RTP},  {0x80, 0, 11, TANDEM_KIND_RUNT},
		{0x8f, 0, 71, TANDEM_KIND_RUNT},     {0x80, 200, 28, TANDEM_KIND_RTCP},  {0x81, 192, 8, TANDEM_KIND_RTCP},
		{0x81, 223, 7, TANDEM_KIND_RUNT},    {0x80, 224, 12, TANDEM_KIND_RTP},   {0, 1, 20, TANDEM_KIND_STUN},
		{22, 254, 13, TANDEM_KIND_DTLS},     {64, 0, 100, TANDEM_KIND_OTHER},    {0xff, 0, 100, TANDEM_KIND_OTHER},
		{0, 0, 0, TANDEM_KIND_RUNT},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_int_equal(tandem_classify(rows[i].b0, rows[i].b1, rows[i].len), rows[i].kind);
}

/* An updated checksum is the one computed afresh, for every value of a word, and is never 0. */
static void checksum_update_agrees_with_the_full_one(void **state)
{
	uint8_t data[16] = {1, 2, 3, 4, 5};
	for (uint32_t v = 0; v < 65536; v++) {
		uint16_t was = htons(0x1234), is = (uint16_t)v;
		memcpy(data + 6, &was, 2);
		uint16_t check = (uint16_t)~tandem_csum_fold(tandem_csum_bytes(data, 16));
		memcpy(data + 6, &is, 2);
		check = tandem_csum_update(check, was, is);
		assert_int_not_equal(check, 0);
		assert_int_equal(tandem_csum_fold(tandem_csum_bytes(data, 16) + check), 0xffff);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strict_takes_only_what_was_signalled),
		cmocka_unit_test(latches_once_from_the_signalling_address),
		cmocka_unit_test(rebinds_with_the_same_stream_only),
		cmocka_unit_test(old_source_is_heard_until_the_new_one_speaks),
		cmocka_unit_test(counts_loss_and_reordering),
		cmocka_unit_test(jitter_is_that_of_the_clock),
		cmocka_unit_test(a_busy_line_is_left_alone),
		cmocka_unit_test(classifies_by_first_bytes),
		cmocka_unit_test(checksum_update_agrees_with_the_full_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
