// SPDX-License-Identifier: GPL-3.0-or-later
/* The packet logic by itself: sources, kinds, checksums. */
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

static struct tandem_slot side; /* the joined slot */

/* Signalled media at 10.0.0.5:4000, signalling from 10.0.0.9. */
static struct tandem_slot armed(uint16_t more)
{
	struct tandem_slot s = {.in = {.flags = (uint16_t)(TANDEM_OPEN | TANDEM_RECEIVE | TANDEM_REMOTE | TANDEM_ARMED | more),
				       .media = ip(5), .media_port = htons(4000), .peer = TANDEM_NONE}};
	s.policy.signalling = ip(9);
	memset(&side, 0, sizeof side);
	side.out.family = 4;
	tandem_out_point(&side.out, &s.in.media, s.in.media_port, TANDEM_NONE);
	return s;
}

/* An offer/answer that leaves everything as it is, and one that moves the media address. */
static void rearm(struct tandem_slot *s)
{
	s->in.flags |= TANDEM_ARMED;
}

static void move(struct tandem_slot *s, uint8_t host, uint16_t port)
{
	s->in.media = ip(host);
	s->in.media_port = htons(port);
	s->in.flags |= TANDEM_ARMED | TANDEM_MOVED;
	tandem_out_point(&side.out, &s->in.media, s->in.media_port, TANDEM_NONE);
}

static void assert_goes_to(uint8_t host, uint16_t port)
{
	struct tandem_ip to = ip(host);
	assert_int_equal(ntohs(side.out.dst_port), port);
	assert_true(tandem_ip_eq(&side.out.dst, &to));
}

static enum tandem_reason feed(struct tandem_slot *s, struct tandem_packet p, uint64_t now)
{
	uint32_t update = 0;
	enum tandem_reason why = tandem_judge(&s->in, &s->policy, s->stats.ext_max, &p, &update);
	if (why != TANDEM_FORWARDED)
		return why;
	if (update)
		assert_true(tandem_commit(s, &side, s->in.seq, &p, update));
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

/* The port of the signalled media says nothing about who has its address behind a NAT. */
static void media_address_with_another_port_is_a_stranger(void **state)
{
	struct tandem_slot s = armed(TANDEM_LATCH);
	assert_int_equal(feed(&s, from(5, 4001, 1, 7), 1), TANDEM_STRANGER);
	assert_goes_to(5, 4000);
	assert_int_equal(feed(&s, from(5, 4000, 1, 7), 1), TANDEM_FORWARDED);
}

static void each_offer_answer_latches_once_more(void **state)
{
	struct tandem_slot s = armed(TANDEM_LATCH);
	assert_int_equal(feed(&s, from(9, 31000, 1, 7), 1), TANDEM_FORWARDED);
	assert_int_equal(feed(&s, from(9, 31001, 500, 8), 1), TANDEM_STRANGER);
	rearm(&s);
	assert_int_equal(feed(&s, from(77, 31001, 2, 8), 1), TANDEM_STRANGER);
	assert_int_equal(feed(&s, from(9, 31001, 500, 8), 1), TANDEM_FORWARDED);
	assert_goes_to(9, 31001);
	assert_int_equal(feed(&s, from(9, 31002, 1, 9), 1), TANDEM_STRANGER);
	/* The latched source itself uses an arming up as well. */
	rearm(&s);
	assert_int_equal(feed(&s, from(9, 31001, 501, 8), 1), TANDEM_FORWARDED);
	assert_int_equal(feed(&s, from(9, 31002, 1, 9), 1), TANDEM_STRANGER);
}

static void lost_source_does_not_win_the_next_arming(void **state)
{
	struct tandem_slot s = armed(TANDEM_LATCH);
	assert_int_equal(feed(&s, from(9, 31000, 1, 7), 1), TANDEM_FORWARDED);
	rearm(&s);
	assert_int_equal(feed(&s, from(9, 31001, 1, 8), 1), TANDEM_FORWARDED);
	rearm(&s);
	assert_int_equal(feed(&s, from(9, 31000, 2, 7), 1), TANDEM_OLD_SOURCE);
	assert_int_equal(feed(&s, from(9, 31001, 2, 8), 1), TANDEM_FORWARDED);
	assert_goes_to(9, 31001);
	/* Unless an offer/answer moves the stream, perhaps to there. */
	move(&s, 5, 4002);
	assert_int_equal(feed(&s, from(9, 31000, 3, 7), 1), TANDEM_FORWARDED);
	assert_goes_to(9, 31000);
}

static void old_source_is_heard_until_the_new_one_speaks(void **state)
{
	for (uint16_t latch = 0; latch < 2; latch++) {
		struct tandem_slot s = armed(latch ? TANDEM_LATCH : 0);
		s.policy.signalling = ip(5);
		assert_int_equal(feed(&s, from(5, 4000, 1, 7), 1), TANDEM_FORWARDED);
		move(&s, 6, 4000);
		for (uint16_t i = 0; i < 1000; i++)
			assert_int_equal(feed(&s, from(5, 4000, (uint16_t)(2 + i), 7), i * 20000000ull), TANDEM_FORWARDED);
		assert_goes_to(6, 4000);
		assert_int_equal(feed(&s, from(6, 4000, 100, 8), 1), TANDEM_FORWARDED);
		assert_int_equal(feed(&s, from(5, 4000, 1002, 7), 1), TANDEM_OLD_SOURCE);
		assert_int_equal(feed(&s, from(5, 4000, 101, 8), 1), TANDEM_OLD_SOURCE);
		assert_goes_to(6, 4000);
	}
}

/* After a move the old source may change its port and is heard, but what was signalled stays. */
static void rebind_of_the_old_source_does_not_undo_a_move(void **state)
{
	struct tandem_slot s = armed(TANDEM_LATCH);
	assert_int_equal(feed(&s, from(9, 31000, 1, 7), 1), TANDEM_FORWARDED);
	move(&s, 6, 4000);
	assert_int_equal(feed(&s, from(66, 31001, 2, 7), 1), TANDEM_FORWARDED);
	assert_goes_to(6, 4000);
	assert_int_equal(feed(&s, from(6, 4000, 100, 8), 1), TANDEM_FORWARDED);
	assert_int_equal(feed(&s, from(66, 31001, 3, 7), 1), TANDEM_OLD_SOURCE);
	assert_goes_to(6, 4000);
}

/* What could not be answered turns no stream to itself, whatever it knows. */
static void impossible_sources_are_strangers(void **state)
{
	static const uint32_t v4[] = {0, 0x7f000001, 0xe0000001, 0xffffffff};
	struct tandem_slot s = armed(TANDEM_LATCH);
	struct tandem_packet p = from(9, 31000, 1, 7);
	assert_int_equal(feed(&s, from(9, 0, 1, 7), 1), TANDEM_STRANGER);
	assert_int_equal(feed(&s, p, 1), TANDEM_FORWARDED);
	p.seq = 2;
	for (size_t i = 0; i < sizeof v4 / sizeof v4[0]; i++) {
		p.src.w[3] = htonl(v4[i]);
		assert_int_equal(feed(&s, p, 1), TANDEM_STRANGER);
	}
	p.src = (struct tandem_ip){{htonl(0xff020000), 0, 0, htonl(1)}};
	assert_int_equal(feed(&s, p, 1), TANDEM_STRANGER);
	p.src = (struct tandem_ip){{0, 0, 0, htonl(1)}};
	assert_int_equal(feed(&s, p, 1), TANDEM_STRANGER);
	p.src = (struct tandem_ip){{htonl(0x20010db8), 0, 0, htonl(1)}};
	assert_int_equal(feed(&s, p, 1), TANDEM_FORWARDED);
	/* No signalling address is not the address ::. */
	s = armed(TANDEM_LATCH);
	memset(&s.policy.signalling, 0, sizeof s.policy.signalling);
	p.src = s.policy.signalling;
	assert_int_equal(feed(&s, p, 1), TANDEM_STRANGER);
}

/* --- RTCP ----------------------------------------------------------------------------------------------------------- */

static enum tandem_reason feed_rtcp(struct tandem_slot *s, const struct tandem_in *rtp, struct tandem_packet p)
{
	uint32_t update = 0;
	enum tandem_reason why = tandem_judge_rtcp(&s->in, &s->policy, rtp, &p, &update);
	if (why == TANDEM_RTCP && update)
		assert_true(tandem_commit(s, &side, s->in.seq, &p, update));
	return why;
}

static void rtcp_is_held_to_its_sources(void **state)
{
	struct tandem_slot rtp = armed(TANDEM_LATCH), s = armed(TANDEM_LATCH | TANDEM_IS_RTCP);
	s.in.media_port = htons(4001);
	assert_int_equal(feed_rtcp(&s, &rtp.in, from(77, 4001, 0, 7)), TANDEM_RTCP_STRANGER);
	assert_int_equal(feed(&rtp, from(9, 31000, 1, 7), 1), TANDEM_FORWARDED);
	assert_int_equal(feed_rtcp(&s, &rtp.in, from(9, 31001, 0, 7)), TANDEM_RTCP);
	assert_goes_to(9, 31001);
	/* Latched: another port of the address is heard with the stream's SSRC only, another address not at all. */
	assert_int_equal(feed_rtcp(&s, &rtp.in, from(9, 31005, 0, 8)), TANDEM_RTCP_STRANGER);
	assert_int_equal(feed_rtcp(&s, &rtp.in, from(5, 4001, 0, 8)), TANDEM_RTCP_STRANGER);
	assert_int_equal(feed_rtcp(&s, &rtp.in, from(66, 31001, 0, 7)), TANDEM_RTCP_STRANGER);
	assert_goes_to(9, 31001);
	assert_int_equal(feed_rtcp(&s, &rtp.in, from(9, 31006, 0, 7)), TANDEM_RTCP);
	assert_goes_to(9, 31006);
	/* It follows its RTP to another address. */
	assert_int_equal(feed(&rtp, from(66, 5, 2, 7), 1), TANDEM_FORWARDED);
	assert_int_equal(feed_rtcp(&s, &rtp.in, from(66, 6, 0, 7)), TANDEM_RTCP);
	/* An arming is used up by the same source too. */
	rearm(&s);
	assert_int_equal(feed_rtcp(&s, &rtp.in, from(66, 6, 0, 1)), TANDEM_RTCP);
	assert_int_equal(feed_rtcp(&s, &rtp.in, from(9, 31007, 0, 8)), TANDEM_RTCP_STRANGER);
}

static void strict_rtcp_comes_from_where_it_was_signalled(void **state)
{
	struct tandem_slot rtp = armed(0), s = armed(TANDEM_IS_RTCP);
	s.in.media_port = htons(4001);
	assert_int_equal(feed(&rtp, from(5, 4000, 1, 7), 1), TANDEM_FORWARDED);
	assert_int_equal(feed_rtcp(&s, &rtp.in, from(5, 4003, 0, 7)), TANDEM_RTCP_STRANGER);
	assert_int_equal(feed_rtcp(&s, &rtp.in, from(5, 4001, 0, 7)), TANDEM_RTCP);
	assert_int_equal(feed_rtcp(&s, &rtp.in, from(5, 4003, 0, 7)), TANDEM_RTCP_STRANGER);
}

/* --- the rest ------------------------------------------------------------------------------------------------------- */

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
		cmocka_unit_test(media_address_with_another_port_is_a_stranger),
		cmocka_unit_test(each_offer_answer_latches_once_more),
		cmocka_unit_test(lost_source_does_not_win_the_next_arming),
		cmocka_unit_test(old_source_is_heard_until_the_new_one_speaks),
		cmocka_unit_test(rebind_of_the_old_source_does_not_undo_a_move),
		cmocka_unit_test(impossible_sources_are_strangers),
		cmocka_unit_test(rtcp_is_held_to_its_sources),
		cmocka_unit_test(strict_rtcp_comes_from_where_it_was_signalled),
		cmocka_unit_test(a_busy_line_is_left_alone),
		cmocka_unit_test(classifies_by_first_bytes),
		cmocka_unit_test(checksum_update_agrees_with_the_full_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
