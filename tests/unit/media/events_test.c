// SPDX-License-Identifier: GPL-3.0-or-later
/* Telephone-events (RFC 4733): what a channel carries for packets that come, are lost, late or repeated; what packets a tone on it becomes. */
#include "unit.h"
#include "media/events.h"
#include <errno.h>
#include <string.h>

#define PTIME 160

static void hear(struct event_player *p, uint32_t ts, uint8_t code, bool marker, bool end, uint16_t duration)
{
	uint8_t payload[EVENT_PAYLOAD];
	event_write(&(struct event_report){.code = code, .end = end, .volume = 10, .duration = duration}, payload);
	event_hear(p, 1, ts, marker, payload, sizeof payload);
}

/* Plays `n` octets: how many of them were of `want`. */
static unsigned play(struct event_player *p, unsigned n, int want)
{
	unsigned of = 0;
	while (n) {
		int code;
		size_t got = event_play(p, n < 8 ? n : 8, &code);
		assert_in_range(got, 1, 8);
		of += code == want ? (unsigned)got : 0;
		n -= (unsigned)got;
	}
	return of;
}

/* A digit of `packets` updates, of which bit i of `lost` says that the i-th does not arrive; the last of them, and two more, have the E bit. */
static unsigned digit(struct event_player *p, uint32_t ts, uint8_t code, unsigned packets, uint32_t lost)
{
	unsigned heard = 0;
	for (unsigned i = 0; i < packets + 2; i++) {
		unsigned k = i < packets ? i : packets - 1;
		if (!(lost >> i & 1))
			hear(p, ts, code, i == 0, k == packets - 1, (uint16_t)((k + 1) * PTIME));
		heard += play(p, PTIME, code);
	}
	return heard + play(p, 4000, code);
}

static void an_event_lasts_as_long_as_it_was_sent(void **state)
{
	struct event_player p;
	event_player_init(&p);
	for (unsigned packets = 2; packets < 20; packets++) {
		assert_int_equal(digit(&p, packets * 10000, 5, packets, 0), packets * PTIME);
		assert_int_equal(p.lapsed, 0);
		assert_int_equal(p.events, packets - 1);
	}
}

/* Whichever of its packets but the final ones are lost, the duration is the same; one of the final ones is enough,
 * which is a packet time too late when it is the third. */
static void losses_leave_the_duration(void **state)
{
	for (uint32_t lost = 0; lost < 1u << 7; lost++) {
		struct event_player p;
		unsigned run = 0, worst = 0;
		event_player_init(&p);
		if ((lost & 0x70) == 0x70)
			continue;
		for (unsigned i = 0; i < 7; i++) {
			run = lost >> i & 1 ? run + 1 : 0;
			worst = run > worst ? run : worst;
		}
		if (worst > 3)
			continue;
		assert_in_range(digit(&p, 1000, 11, 5, lost), 5 * PTIME, (lost & 0x30) == 0x30 ? 6 * PTIME : 5 * PTIME);
		assert_int_equal(p.events, 1);
	}
}

/* With all of the final packets lost: by what follows, and otherwise after three packet times. */
static void a_lost_end_does_not_make_a_tone_stick(void **state)
{
	struct event_player p;
	event_player_init(&p);
	assert_int_equal(digit(&p, 1000, 3, 5, 0x70), 4 * PTIME + 3 * PTIME);
	assert_int_equal(p.lapsed, 1);

	event_player_init(&p);
	for (unsigned i = 1; i <= 4; i++) {
		hear(&p, 1000, 3, i == 1, false, (uint16_t)(i * PTIME));
		assert_int_equal(play(&p, PTIME, 3), PTIME);
	}
	event_audio(&p, 1, 1000 + 5 * PTIME);
	assert_int_equal(play(&p, 4000, 3), PTIME);
	assert_int_equal(p.lapsed, 0);

	event_player_init(&p);
	for (unsigned i = 1; i <= 4; i++)
		hear(&p, 1000, 3, i == 1, false, (uint16_t)(i * PTIME));
	hear(&p, 3000, 4, true, false, PTIME);
	assert_int_equal(play(&p, 4 * PTIME, 3), 4 * PTIME);
	assert_int_equal(play(&p, 320, EVENT_PAUSE), 320);
	assert_true(play(&p, 4000, 4) >= 320);
}

static void an_event_is_played_alone_where_audio_comes_too(void **state)
{
	struct event_player p;
	event_player_init(&p);
	for (unsigned i = 1; i <= 10; i++) {
		hear(&p, 1000, 3, i == 1, i == 10, (uint16_t)(i * PTIME));
		event_audio(&p, 1, 1000 + (i - 1) * PTIME);
		event_audio(&p, 1, 1000 + i * PTIME - 1);
		event_audio(&p, 1, 1000 + i * PTIME);
		assert_int_equal(play(&p, PTIME, 3), PTIME);
	}
	assert_int_equal(play(&p, 4000, 3), 0);
	assert_int_equal(p.events, 1);
}

/* Audio that runs ahead of the reports does not cut the event. */
static void audio_beside_and_ahead_does_not_end_an_event(void **state)
{
	struct event_player p;
	event_player_init(&p);
	for (unsigned i = 1; i <= 10; i++) {
		hear(&p, 1000, 3, i == 1, i == 10, (uint16_t)(i * PTIME));
		event_audio(&p, 1, 1000 + i * PTIME);
		assert_int_equal(play(&p, PTIME, 3), PTIME);
	}
	assert_int_equal(play(&p, 4000, 3), 0);
	assert_int_equal(p.events, 1);
}

static void late_and_repeated_reports_change_nothing(void **state)
{
	struct event_player p;
	event_player_init(&p);
	assert_int_equal(digit(&p, 1000, 7, 5, 0), 5 * PTIME);
	hear(&p, 1000, 7, true, false, PTIME);
	hear(&p, 1000, 7, false, true, 5 * PTIME);
	hear(&p, 500, 8, true, true, 5 * PTIME);
	assert_int_equal(play(&p, 4000, EVENT_NONE), 4000);
	assert_int_equal(p.events, 1);
}

static void quick_digits_are_all_played_apart(void **state)
{
	struct event_player p;
	event_player_init(&p);
	for (unsigned i = 0; i < 10; i++)
		hear(&p, 1000 + i * 640, (uint8_t)i, true, true, 320);
	for (unsigned i = 0; i < 10; i++) {
		assert_int_equal(play(&p, 320, (int)i), 320);
		assert_int_equal(play(&p, 320, i < 9 ? EVENT_PAUSE : EVENT_NONE), 320);
	}
	assert_int_equal(p.dropped, 0);
	for (unsigned i = 0; i < EVENT_QUEUE + 3; i++)
		hear(&p, 100000 + i * 640, 1, true, true, 320);
	assert_int_equal(p.dropped, 3);
}

static void a_short_event_becomes_long_enough_to_be_heard(void **state)
{
	struct event_player p;
	event_player_init(&p);
	hear(&p, 1000, 1, true, true, 80);
	assert_int_equal(play(&p, 4000, 1), 320);
}

static void what_is_not_understood_is_not_played(void **state)
{
	struct event_player p;
	event_player_init(&p);
	hear(&p, 1000, 17, true, true, 800);
	hear(&p, 2000, 5, true, false, 0);
	event_hear(&p, 1, 3000, true, (const uint8_t[]){1, 0, 1}, 3);
	assert_int_equal(play(&p, 4000, EVENT_NONE), 4000);
}

static void segments_make_one_event(void **state)
{
	struct event_player p;
	event_player_init(&p);
	uint32_t ts = 1000, heard = 0;
	for (unsigned segment = 0; segment < 3; segment++, ts += 0xffff)
		for (uint32_t d = 800; d < 0xffff + 800; d += 800) {
			hear(&p, ts, 9, segment == 0 && d == 800, false, (uint16_t)(d < 0xffff ? d : 0xffff));
			heard += play(&p, d <= 0xffff ? 800 : 0xffff % 800, 9);
		}
	hear(&p, ts, 9, false, true, 800);
	heard += play(&p, 10000, 9);
	assert_int_equal(heard, 3 * 0xffff + 800);
	assert_int_equal(p.events, 1);
}

static void several_reports_of_one_packet(void **state)
{
	struct event_player p;
	uint8_t payload[2 * EVENT_PAYLOAD];
	event_player_init(&p);
	event_write(&(struct event_report){.code = 1, .end = true, .duration = 400}, payload);
	event_write(&(struct event_report){.code = 2, .end = true, .duration = 480}, payload + EVENT_PAYLOAD);
	event_hear(&p, 1, 1000, true, payload, sizeof payload);
	assert_int_equal(play(&p, 400, 1), 400);
	assert_int_equal(play(&p, 320, EVENT_PAUSE), 320);
	assert_int_equal(play(&p, 4000, 2), 480);
}

static void a_new_source_may_have_any_time(void **state)
{
	struct event_player p;
	uint8_t payload[EVENT_PAYLOAD];
	event_player_init(&p);
	assert_int_equal(digit(&p, 100000, 7, 5, 0), 5 * PTIME);
	event_write(&(struct event_report){.code = 4, .end = true, .duration = 800}, payload);
	event_hear(&p, 2, 90000, true, payload, sizeof payload);
	assert_int_equal(play(&p, 4000, 4), 800);
}

static void codes_and_keys(void **state)
{
	for (int code = 0; code <= EVENT_FLASH; code++)
		assert_int_equal(event_code(event_key(code)), code);
	assert_int_equal(event_key(10), '*');
	assert_int_equal(event_code('d'), 15);
	assert_int_equal(event_code('x'), -ENOENT);
	assert_int_equal(event_key(17), 0);
}

/* The sender's packets, one each packet time, end to end into the player. */
static void what_is_sent_is_played(void **state)
{
	for (uint32_t length = 320; length < 200000; length += length / 2) {
		struct event_sender s = {0};
		struct event_player p;
		struct event_packet k;
		uint32_t now = 5000, finals = 0, heard = 0, markers = 0;
		event_player_init(&p);
		assert_int_equal(event_begin(&s, EVENT_FLASH, 0, now), 0);
		assert_int_equal(event_begin(&s, 1, 0, now), -EBUSY);
		for (uint32_t packets = 0; packets < 2000; packets++) {
			if (now + PTIME > 5000 + length)
				event_end(&s, 5000 + length);
			now += PTIME;
			if (event_send(&s, now, &k)) {
				struct event_report r;
				event_read(&r, k.payload, sizeof k.payload);
				markers += k.marker;
				finals += r.end;
				assert_int_equal(k.instead, finals <= 1);
				event_hear(&p, 1, k.ts, k.marker, k.payload, sizeof k.payload);
			}
			heard += play(&p, PTIME, EVENT_FLASH);
		}
		assert_int_equal(heard, length);
		assert_int_equal(finals, 3);
		assert_int_equal(markers, 1);
		assert_int_equal(p.events, 1);
		assert_int_equal(s.state, EVENT_IDLE);
	}
}

/* A digit that ended within its first packet time has a packet all the same; the next one may begin once the end was told. */
static void a_new_event_may_cut_the_repetitions_short(void **state)
{
	struct event_sender s = {0};
	struct event_packet k;
	event_begin(&s, 1, 10, 1000);
	event_end(&s, 1100);
	assert_int_equal(event_begin(&s, 2, 10, 1120), -EBUSY);
	assert_true(event_send(&s, 1160, &k));
	assert_true(k.marker);
	assert_memory_equal(k.payload, ((const uint8_t[]){1, 0x80 | 10, 0, 100}), 4);
	assert_int_equal(event_begin(&s, 2, 10, 1200), 0);
	assert_true(event_send(&s, 1320, &k));
	assert_int_equal(k.ts, 1200);
	assert_memory_equal(k.payload, ((const uint8_t[]){2, 10, 0, 120}), 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_lasts_as_long_as_it_was_sent),
		cmocka_unit_test(losses_leave_the_duration),
		cmocka_unit_test(a_lost_end_does_not_make_a_tone_stick),
		cmocka_unit_test(an_event_is_played_alone_where_audio_comes_too),
		cmocka_unit_test(audio_beside_and_ahead_does_not_end_an_event),
		cmocka_unit_test(late_and_repeated_reports_change_nothing),
		cmocka_unit_test(quick_digits_are_all_played_apart),
		cmocka_unit_test(a_short_event_becomes_long_enough_to_be_heard),
		cmocka_unit_test(what_is_not_understood_is_not_played),
		cmocka_unit_test(segments_make_one_event),
		cmocka_unit_test(several_reports_of_one_packet),
		cmocka_unit_test(a_new_source_may_have_any_time),
		cmocka_unit_test(codes_and_keys),
		cmocka_unit_test(what_is_sent_is_played),
		cmocka_unit_test(a_new_event_may_cut_the_repetitions_short),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
