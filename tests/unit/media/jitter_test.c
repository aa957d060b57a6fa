// SPDX-License-Identifier: GPL-3.0-or-later
/* The de-jitter buffer between a simulated sender, a network and a channel's clock: what comes out, when, and what is counted. */
#include "unit.h"
#include "media/g711.h"
#include "media/jitter.h"
#include <stdlib.h>
#include <string.h>

#define FLIGHT 64 /* packets under way at once */

/* A sender whose octets tell their place: the n-th octet of a call is content(n). */
struct path {
	struct jitter j;
	unsigned ptime, chunk;      /* octets */
	double rate;                /* of the sender's clock against the channel's */
	unsigned spread;            /* octets of delay, evenly spread from 0 */
	uint32_t ssrc, ts0;
	uint16_t seq0;
	uint32_t sent, clock;       /* packets; octets of the channel */
	uint32_t random;
	struct {
		uint32_t n, due;
		bool used;
	} flight[FLIGHT];
	bool (*lose)(uint32_t n);
	/* What came out. */
	uint64_t kinds[5];
	uint32_t next;              /* octet that is to follow */
	uint64_t breaks;            /* places where it did not */
};

static uint8_t content(uint32_t n)
{
	n *= 2654435761u;
	n = (n ^ n >> 15) * 0x85ebca6b;
	return (uint8_t)(n >> 24);
}

static uint32_t rnd(struct path *s)
{
	s->random = s->random * 1664525 + 1013904223;
	return s->random >> 8;
}

static void start(struct path *s, bool fixed, unsigned depth)
{
	const struct jitter_config config = {.fixed = fixed, .depth = depth, .max = 1600};
	memset(s, 0, sizeof *s);
	jitter_init(&s->j, &config);
	s->ptime = 160;
	s->chunk = 8;
	s->rate = 1;
	s->ssrc = 7;
	s->ts0 = 1000;
	s->random = 1;
}

static bool deliver(struct path *s, uint32_t n)
{
	uint8_t payload[JITTER_PACKET];
	for (unsigned i = 0; i < s->ptime; i++)
		payload[i] = content(n * s->ptime + i);
	return jitter_put(&s->j, &(struct jitter_packet){.ssrc = s->ssrc, .timestamp = s->ts0 + n * s->ptime, .arrival = s->clock, .seq = (uint16_t)(s->seq0 + n),
			.kind = JITTER_VOICE, .payload = payload, .len = s->ptime}, NULL);
}

/* Finds where an octet run belongs, near where it is expected. */
static void check_voice(struct path *s, const uint8_t *out, size_t n)
{
	uint32_t at = s->next;
	for (unsigned i = 0; i < 16000; i++) {
		at = s->next + (i & 1 ? -(i + 1) / 2 : i / 2);
		size_t k = 0;
		while (k < n && out[k] == content(at + (uint32_t)k))
			k++;
		if (k == n)
			break;
		assert_true(i < 15999);
	}
	s->breaks += at != s->next;
	s->next = at + (uint32_t)n;
}

static void pull(struct path *s)
{
	uint8_t out[160];
	for (unsigned got = 0; got < s->chunk;) {
		enum jitter_kind kind = 99;
		size_t n = jitter_get(&s->j, out, s->chunk - got, &kind);
		assert_in_range(n, 1, s->chunk - got);
		assert_in_range(kind, JITTER_IDLE, JITTER_EVENT);
		s->kinds[kind] += n;
		if (kind == JITTER_VOICE)
			check_voice(s, out, n);
		got += (unsigned)n;
	}
	s->clock += s->chunk;
}

static void send(struct path *s)
{
	uint32_t n = s->sent++;
	if (s->lose && s->lose(n))
		return;
	uint32_t due = s->clock + (s->spread ? rnd(s) % s->spread : 0);
	for (unsigned i = 0; i < FLIGHT; i++)
		if (!s->flight[i].used) {
			s->flight[i].n = n;
			s->flight[i].due = due;
			s->flight[i].used = true;
			return;
		}
	fail_msg("too much under way");
}

static void simulate(struct path *s, unsigned ms)
{
	for (uint32_t until = s->clock + ms * 8; s->clock < until; pull(s)) {
		while (s->sent * (double)s->ptime < s->clock * s->rate)
			send(s);
		for (unsigned i = 0; i < FLIGHT; i++)
			if (s->flight[i].used && s->flight[i].due <= s->clock) {
				s->flight[i].used = false;
				deliver(s, s->flight[i].n);
			}
	}
}

static void without_jitter_octets_come_out_as_they_went_in(void **state)
{
	static const unsigned ptimes[] = {40, 80, 160, 240, 480}, chunks[] = {8, 16, 64, 80, 160};
	for (unsigned p = 0; p < 5; p++)
		for (unsigned c = 0; c < 5; c++) {
			struct path s;
			start(&s, true, 160);
			s.ptime = ptimes[p];
			s.chunk = chunks[c];
			simulate(&s, 1000);
			uint64_t waiting = s.kinds[JITTER_LOST] + s.kinds[JITTER_IDLE];
			s.kinds[JITTER_LOST] = s.kinds[JITTER_IDLE] = 0;
			simulate(&s, 10000);
			assert_int_equal(s.breaks, 0);
			assert_int_equal(s.kinds[JITTER_LOST], 0);
			assert_in_range(waiting, 160, 160 + 480 + 160);
			assert_int_equal(s.j.stats.late + s.j.stats.skipped + s.j.stats.repeated, 0);
			assert_int_equal(jitter_lost(&s.j), 0);
		}
}

/* Issue: the delay added on a jitter-free path is below 10 ms once settled. */
static void an_adaptive_buffer_settles_near_zero(void **state)
{
	struct path s;
	start(&s, false, 480);
	simulate(&s, 60000);
	assert_in_range(jitter_depth(&s.j), 1, 5 * 8);
	assert_int_equal(s.j.stats.late, 0);
	uint64_t slips = s.j.stats.skipped + s.j.stats.repeated, breaks = s.breaks;
	simulate(&s, 60000);
	assert_int_equal(s.j.stats.skipped + s.j.stats.repeated, slips);
	assert_int_equal(s.breaks, breaks);
}

static void forty_ms_of_jitter_make_few_late(void **state)
{
	struct path s;
	start(&s, false, 160);
	s.spread = 320;
	simulate(&s, 60000);
	uint64_t late = s.j.stats.late, received = s.j.stats.received;
	simulate(&s, 600000);
	assert_true((s.j.stats.late - late) * 1000 < s.j.stats.received - received);
	assert_in_range(jitter_depth(&s.j), 300, 480);
	assert_in_range(s.j.stats.jitter, 60, 160);
	assert_int_equal(jitter_lost(&s.j), 0);
}

static void numbers_wrap(void **state)
{
	struct path s;
	start(&s, true, 160);
	s.seq0 = 65530;
	s.ts0 = UINT32_MAX - 20 * 160 + 37;
	simulate(&s, 2000);
	assert_int_equal(s.breaks, 0);
	assert_int_equal(s.j.stats.stray + s.j.stats.jumps + s.j.stats.duplicate, 0);
	assert_int_equal(s.j.stats.received, s.sent);
	assert_int_equal(jitter_lost(&s.j), 0);
}

static bool every_tenth(uint32_t n)
{
	return n % 10 == 9;
}

static void what_is_lost_is_told_and_counted(void **state)
{
	struct path s;
	start(&s, true, 160);
	s.lose = every_tenth;
	simulate(&s, 10000);
	assert_int_equal(s.breaks, s.kinds[JITTER_VOICE] / (9 * 160));
	assert_in_range(jitter_lost(&s.j), 48, 50);
	assert_in_range(s.kinds[JITTER_LOST], 48 * 160, 51 * 160 + 160);
	assert_int_equal(s.j.stats.concealed, s.kinds[JITTER_LOST]);
}

static void order_and_copies_do_not_matter(void **state)
{
	struct path s;
	start(&s, true, 480);
	s.next = 0;
	for (uint32_t n = 0; n < 3000; n += 3) {
		static const unsigned order[] = {1, 0, 1, 2, 0, 2};
		for (unsigned i = 0; i < 6; i++)
			deliver(&s, n + order[i]);
		for (unsigned i = 0; i < 60; i++)
			pull(&s);
	}
	assert_int_equal(s.j.stats.duplicate, 3 * 1000);
	assert_int_equal(s.j.stats.received, 3000);
	assert_int_equal(jitter_lost(&s.j), 0);
	assert_int_equal(s.breaks, 0);
}

static void a_late_packet_is_counted(void **state)
{
	struct path s;
	start(&s, true, 80);
	for (uint32_t n = 0; n < 10; n++) {
		if (n != 5)
			deliver(&s, n);
		for (unsigned i = 0; i < 20; i++)
			pull(&s);
		if (n == 7)
			assert_false(deliver(&s, 5));
	}
	assert_int_equal(s.j.stats.late, 1);
	assert_int_equal(s.j.stats.dropped, 1);
	assert_int_equal(jitter_lost(&s.j), 0);
}

/* Of a fixed buffer's packet that is late by less than its length, the rest is played. */
static void the_rest_of_a_late_packet_is_played(void **state)
{
	struct path s;
	start(&s, true, 8);
	deliver(&s, 0);
	for (unsigned i = 0; i < 1 + 20 + 5; i++)
		pull(&s);
	s.kinds[JITTER_VOICE] = 0;
	s.next += 40;
	assert_true(deliver(&s, 1));
	for (unsigned i = 0; i < 20; i++)
		pull(&s);
	assert_int_equal(s.kinds[JITTER_VOICE], 120);
	assert_int_equal(s.breaks, 0);
	assert_int_equal(s.j.stats.late, 1);
	assert_int_equal(s.j.stats.dropped, 0);
}

static void an_adaptive_buffer_becomes_deeper_for_a_late_packet(void **state)
{
	struct path s;
	start(&s, false, 8);
	deliver(&s, 0);
	for (unsigned i = 0; i < 1 + 20 + 30; i++)
		pull(&s);
	s.kinds[JITTER_VOICE] = 0;
	assert_true(deliver(&s, 1));
	for (unsigned i = 0; i < 20; i++)
		pull(&s);
	assert_int_equal(s.kinds[JITTER_VOICE], 160);
	assert_int_equal(s.breaks, 0);
	assert_int_equal(s.j.stats.repeated, 1);
	assert_int_equal(s.j.stats.repeated_octets, 30 * 8);
}

static void a_new_source_goes_on_behind_the_old_one(void **state)
{
	struct path s;
	start(&s, true, 160);
	simulate(&s, 1000);
	uint64_t lost = s.kinds[JITTER_LOST];
	s.ssrc = 99;
	s.seq0 += 12345;
	s.ts0 += 0x12345678;
	simulate(&s, 1000);
	assert_int_equal(s.j.stats.jumps, 1);
	assert_int_equal(s.breaks, 0);
	assert_in_range(s.kinds[JITTER_LOST] - lost, 0, 8);
	assert_int_equal(jitter_lost(&s.j), 0);
}

static void timestamps_may_jump(void **state)
{
	static const uint32_t by[] = {80000, -80000u, 4000, -4000u, 0x80000000u};
	for (unsigned i = 0; i < 5; i++) {
		struct path s;
		start(&s, true, 160);
		simulate(&s, 1000);
		uint64_t lost = s.kinds[JITTER_LOST];
		s.ts0 += by[i];
		simulate(&s, 2000);
		assert_int_equal(s.j.stats.jumps, 1);
		assert_in_range(s.kinds[JITTER_LOST] - lost, 0, 2 * 160);
		assert_in_range(s.breaks, 0, 1);
		assert_int_equal(jitter_lost(&s.j), 0);
	}
}

/* A sender that stops and goes on where it was does not stay too late for ever, whatever the length of its pause. */
static void a_pause_in_time_is_survived(void **state)
{
	for (unsigned fixed = 0; fixed < 2; fixed++)
		for (unsigned pause = 10; pause < 5000; pause += pause / 3 + 7) {
			struct path s;
			start(&s, fixed, 160);
			simulate(&s, 3000);
			for (unsigned i = 0; i < pause; i++)
				pull(&s);
			s.clock -= pause * 8;
			simulate(&s, 1000);
			uint64_t heard = s.kinds[JITTER_VOICE];
			simulate(&s, 2000);
			assert_in_range(s.kinds[JITTER_VOICE] - heard, 2000 * 8 - 640, 2000 * 8);
		}
}

/* What was slipped in all is what the clocks differ by; nothing is late or concealed otherwise, and the delay stays. */
static void drift(bool fixed, double rate, unsigned depth_max)
{
	struct path s;
	start(&s, fixed, 160);
	s.rate = rate;
	simulate(&s, 60000);
	uint64_t late = s.j.stats.late, concealed = s.j.stats.concealed, repeated = s.j.stats.repeated_octets;
	int64_t before = (int64_t)(s.j.stats.skipped_octets - s.j.stats.repeated_octets), slips = 0;
	uint64_t breaks = s.breaks;
	for (unsigned minute = 0; minute < 30; minute++) {
		simulate(&s, 60000);
		assert_in_range(jitter_depth(&s.j), 1, depth_max);
	}
	slips = (int64_t)(s.j.stats.skipped_octets - s.j.stats.repeated_octets) - before;
	int64_t want = (int64_t)((rate - 1) * 30 * 60 * 8000);
	assert_true(llabs(slips - want) < depth_max + 100);
	assert_int_equal(s.j.stats.late, late);
	assert_int_equal(s.j.stats.concealed - concealed, s.j.stats.repeated_octets - repeated);
	if (rate > 1)
		assert_in_range(s.breaks - breaks, 1, s.j.stats.skipped);
	assert_int_equal(jitter_lost(&s.j), 0);
}

static void a_fast_sender_is_slipped(void **state)
{
	drift(false, 1.0001, 80);
	drift(true, 1.0001, 280);
}

static void a_slow_sender_is_slipped(void **state)
{
	drift(false, 0.9999, 80);
	drift(true, 0.9999, 280);
}

static void silence_is_noise_and_not_loss(void **state)
{
	struct path s;
	start(&s, true, 160);
	simulate(&s, 1000);
	uint64_t lost = s.kinds[JITTER_LOST];
	const uint8_t level[] = {50, 100};
	struct jitter_packet cn = {.ssrc = s.ssrc, .timestamp = s.ts0 + s.sent * 160, .seq = (uint16_t)(s.seq0 + s.sent), .kind = JITTER_NOISE, .payload = level,
		.len = sizeof level};
	assert_true(jitter_put(&s.j, &cn, NULL));
	for (unsigned i = 0; i < 500; i++)
		pull(&s);
	assert_int_equal(s.kinds[JITTER_LOST], lost);
	assert_in_range(s.kinds[JITTER_NOISE], 500 * 8 - 320, 500 * 8);
	assert_int_equal(jitter_noise(&s.j)->level, 50);
	assert_int_equal(jitter_noise(&s.j)->reflection[0], 100);
	s.sent = s.clock / 160;
	s.seq0 = (uint16_t)(cn.seq + 1 - s.sent);
	simulate(&s, 1000);
	assert_in_range(s.kinds[JITTER_LOST] - lost, 0, 8);
	assert_int_equal(jitter_lost(&s.j), 0);
}

static void an_event_is_no_loss(void **state)
{
	struct path s;
	start(&s, true, 160);
	simulate(&s, 1000);
	uint64_t lost = s.kinds[JITTER_LOST];
	uint32_t ts = s.ts0 + s.sent * 160;
	uint16_t seq = (uint16_t)(s.seq0 + s.sent);
	for (unsigned n = 0; n < 10; n++) {
		jitter_put(&s.j, &(struct jitter_packet){.ssrc = s.ssrc, .timestamp = ts, .seq = seq++, .kind = JITTER_EVENT}, NULL);
		for (unsigned i = 0; i < 20; i++)
			pull(&s);
	}
	s.sent += 10;
	simulate(&s, 1000);
	assert_int_equal(s.kinds[JITTER_LOST], lost);
	assert_int_equal(s.kinds[JITTER_EVENT], 10 * 160);
	assert_int_equal(s.j.stats.late + s.j.stats.jumps, 0);
	assert_int_equal(jitter_lost(&s.j), 0);
}

static void a_buffer_can_be_fixed_where_it_is(void **state)
{
	struct path s;
	start(&s, false, 160);
	s.spread = 320;
	simulate(&s, 60000);
	jitter_fix(&s.j);
	uint64_t late = s.j.stats.late, slips = s.j.stats.skipped + s.j.stats.repeated;
	simulate(&s, 300000);
	assert_int_equal(s.j.stats.skipped + s.j.stats.repeated, slips);
	assert_in_range(s.j.stats.late - late, 0, 15);
}

static void octets_are_converted_to_the_law_of_the_channel(void **state)
{
	struct path s;
	uint8_t in[160], out[160];
	enum jitter_kind kind;
	start(&s, true, 0);
	for (unsigned i = 0; i < sizeof in; i++)
		in[i] = (uint8_t)i;
	jitter_put(&s.j, &(struct jitter_packet){.kind = JITTER_VOICE, .payload = in, .len = sizeof in}, law_other[LAW_U]);
	assert_int_equal(jitter_get(&s.j, out, sizeof out, &kind), sizeof out);
	for (unsigned i = 0; i < sizeof in; i++)
		assert_int_equal(out[i], law_other[LAW_U][i]);
}

static void nothing_comes_of_nothing(void **state)
{
	struct path s;
	start(&s, false, 160);
	simulate(&s, 0);
	for (unsigned i = 0; i < 10; i++)
		pull(&s);
	assert_int_equal(s.kinds[JITTER_IDLE], 80);
	assert_false(jitter_put(&s.j, &(struct jitter_packet){.kind = JITTER_VOICE}, NULL));
	assert_int_equal(s.j.stats.stray, 1);
}

/* After a second without packets nothing is missed any more; days later the next one is heard as the first was. */
static void a_long_hold_is_idle(void **state)
{
	struct path s;
	start(&s, false, 160);
	simulate(&s, 1000);
	for (unsigned i = 0; i < 4000; i++)
		pull(&s);
	assert_in_range(s.j.stats.concealed, 0, 8000 + 640);
	assert_true(s.kinds[JITTER_IDLE] > 20000);
	uint8_t out[8000];
	enum jitter_kind kind;
	for (uint64_t n = 0; n < 3000000000u;)
		n += jitter_get(&s.j, out, 4096, &kind);
	uint64_t heard = s.kinds[JITTER_VOICE];
	s.next = s.sent * 160;
	s.clock = s.sent * 160;
	simulate(&s, 1000);
	assert_in_range(s.kinds[JITTER_VOICE] - heard, 8000 - 480, 8000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_jitter_octets_come_out_as_they_went_in),
		cmocka_unit_test(an_adaptive_buffer_settles_near_zero),
		cmocka_unit_test(forty_ms_of_jitter_make_few_late),
		cmocka_unit_test(numbers_wrap),
		cmocka_unit_test(what_is_lost_is_told_and_counted),
		cmocka_unit_test(order_and_copies_do_not_matter),
		cmocka_unit_test(a_late_packet_is_counted),
		cmocka_unit_test(the_rest_of_a_late_packet_is_played),
		cmocka_unit_test(an_adaptive_buffer_becomes_deeper_for_a_late_packet),
		cmocka_unit_test(a_new_source_goes_on_behind_the_old_one),
		cmocka_unit_test(timestamps_may_jump),
		cmocka_unit_test(a_pause_in_time_is_survived),
		cmocka_unit_test(a_fast_sender_is_slipped),
		cmocka_unit_test(a_slow_sender_is_slipped),
		cmocka_unit_test(silence_is_noise_and_not_loss),
		cmocka_unit_test(an_event_is_no_loss),
		cmocka_unit_test(a_buffer_can_be_fixed_where_it_is),
		cmocka_unit_test(octets_are_converted_to_the_law_of_the_channel),
		cmocka_unit_test(nothing_comes_of_nothing),
		cmocka_unit_test(a_long_hold_is_idle),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
