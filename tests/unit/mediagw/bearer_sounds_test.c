// SPDX-License-Identifier: GPL-3.0-or-later
/* What a channel's voice path plays and hears besides voice: digits both ways, modems, tones, the modes of tests, and what the driver is told. */
#include "bearer_bed.h"
#include "media/digits.h"
#include "media/voiceband.h"
#include <stdio.h>

static void talk(enum law law)
{
	assert_int_equal(bed_open(law), 0);
	assert_int_equal(bearer_connect(bed.bearer, &bed.c), 0);
}

/* --- ears of a test ------------------------------------------------------------------------------------------------ */

static char dialled[32];
static unsigned n_dialled;

static void on_digit(void *arg, char digit, int level)
{
	if (digit && n_dialled < sizeof dialled - 1)
		dialled[n_dialled++] = digit;
}

/* The digits among what the line heard since `from`. */
static const char *digits_heard(uint64_t from)
{
	struct digit_receiver *r = digit_receiver_new(DIGIT_DTMF, on_digit, NULL);
	memset(dialled, 0, sizeof dialled);
	n_dialled = 0;
	for (uint64_t i = from; i < bed.n_heard; i++) {
		int16_t linear = law_linear[LAW_A][bed.heard[i % BED_KEPT]];
		digit_receiver_hear(r, &linear, 1);
	}
	mem_deref(r);
	return dialled;
}

/* Octets since `from` that are no silence. */
static unsigned loud(uint64_t from)
{
	unsigned n = 0;
	for (uint64_t i = from; i < bed.n_heard; i++) {
		int16_t v = law_linear[LAW_A][bed.heard[i % BED_KEPT]];
		n += v > 500 || v < -500;
	}
	return n;
}

/* How much of what the line heard since `from` is at this frequency, 0 to 1. */
static double share(uint64_t from, double hz)
{
	double k = 2 * __builtin_cos(2 * 3.14159265358979 * hz / 8000), s1 = 0, s2 = 0, energy = 0, n = (double)(bed.n_heard - from);
	for (uint64_t i = from; i < bed.n_heard; i++) {
		double x = law_linear[LAW_A][bed.heard[i % BED_KEPT]], s = x + k * s1 - s2;
		energy += x * x;
		s2 = s1;
		s1 = s;
	}
	return energy < n ? 0 : 2 * (s1 * s1 + s2 * s2 - k * s1 * s2) / (n * energy);
}

/* --- the line speaks ----------------------------------------------------------------------------------------------- */

static struct digit_sender *dialler;
static struct tone_player player;
static struct tone tone;

static void speak_digits(uint8_t *octets, size_t n, uint64_t at)
{
	int16_t linear[8];
	digit_sender_make(dialler, linear, n);
	law_encode(LAW_A, octets, linear, n);
}

static void speak_tone(uint8_t *octets, size_t n, uint64_t at)
{
	int16_t linear[8];
	tone_make(&player, linear, n);
	law_encode(LAW_A, octets, linear, n);
}

static void line_plays(const char *text)
{
	assert_int_equal(tone_read(&tone, slice_str(text)), 0);
	tone_start(&player, &tone);
	bed.speak = speak_tone;
}

static void speak_pattern(uint8_t *octets, size_t n, uint64_t at)
{
	memset(octets, 95, n);
}

static void line_dials(const char *digits)
{
	dialler = digit_sender_new(DIGIT_DTMF);
	digit_sender_shape(dialler, 60, 60, -10);
	assert_int_equal(digit_sender_put(dialler, slice_str(digits)), strlen(digits));
	bed.speak = speak_digits;
}

/* --- digits -------------------------------------------------------------------------------------------------------- */

static void event(uint8_t code, bool marker, bool end, uint16_t duration, uint32_t timestamp)
{
	const uint8_t payload[4] = {code, (uint8_t)((end ? 0x80 : 0) | 10), (uint8_t)(duration >> 8), (uint8_t)duration};
	assert_true(bed_packet(101, marker, bed.seq++, timestamp, payload, sizeof payload));
}

static void an_event_whose_end_is_lost_is_played_once_and_ends(void **state)
{
	talk(LAW_A);
	bed_run(50);
	uint64_t from = bed.n_heard;
	for (uint16_t i = 1; i <= 4; i++) {
		event(5, i == 1, false, (uint16_t)(160 * i), 1000);
		bed_run(20);
	}
	bed_run(1000);
	assert_string_equal(digits_heard(from), "5");
	assert_in_range(loud(from), 400, 640 + 3 * 160 + 320); /* as long as is known, and three packet times (2.5.2.2) */
	assert_int_equal(bed_count(BEARER_EVENTS), 1);
	assert_int_equal(bed_count(BEARER_LAPSED), 1);
	bed_close();
}

static void the_peers_hook_flash_is_told(void **state)
{
	talk(LAW_A);
	bed_run(50);
	event(16, true, false, 160, 1000);
	bed_run(20);
	event(16, false, true, 320, 1000);
	bed_run(500);
	assert_int_equal(bed_events(HEARD_FLASH), 1);
	bed_close();
}

struct told_digits {
	unsigned events, ends, others; /* timestamps, packets with the end bit, packets of audio */
	char keys[8];
};

static struct told_digits digits_sent(void)
{
	struct told_digits t = {0};
	uint32_t last = 0;
	for (unsigned i = 0; i < fake_n_out; i++) {
		struct rtp_packet r;
		assert_int_equal(rtp_read(&r, fake_out[i].data, fake_out[i].len), 0);
		if (r.pt != 101) {
			t.others++;
			continue;
		}
		assert_int_equal(r.len, 4);
		if (!t.events || r.timestamp != last)
			t.keys[t.events++ % 8] = "0123456789*#ABCD"[r.payload[0]];
		assert_int_equal(r.marker, !t.events || r.timestamp != last);
		t.ends += r.payload[1] >> 7;
		last = r.timestamp;
	}
	return t;
}

static void a_tone_heard_is_one_event_and_cut(void **state)
{
	static const struct bearer_ears ears = {.dtmf = true};
	talk(LAW_A);
	assert_int_equal(bearer_listen(bed.bearer, &ears), 0);
	bed_run(100);
	fake_n_out = 0;
	line_dials("5#");
	bed_run(600);
	struct told_digits t = digits_sent();
	assert_int_equal(t.events, 2);
	assert_string_equal(t.keys, "5#");
	assert_int_equal(t.ends, 6);
	/* What is left of them in the audio is too short for anybody to hear it again. */
	struct digit_receiver *r = digit_receiver_new(DIGIT_DTMF, on_digit, NULL);
	n_dialled = 0;
	for (unsigned i = 0; i < fake_n_out; i++) {
		int16_t linear[160];
		if (fake_out[i].len != 172)
			continue;
		law_decode(LAW_A, linear, fake_out[i].data + 12, 160);
		digit_receiver_hear(r, linear, 160);
	}
	assert_int_equal(n_dialled, 0);
	mem_deref(r);
	char told_keys[8] = "";
	for (unsigned i = 0; i < bed.n_events; i++)
		if (bed.events[i].kind == HEARD_DIGIT && bed.events[i].digit)
			strncat(told_keys, &bed.events[i].digit, 1);
	assert_string_equal(told_keys, "5#");
	assert_int_equal(bed_count(BEARER_DIGITS), 2);
	dialler = mem_deref(dialler);
	bed_close();
}

/* The shortest there are (Q.24): 40 ms, and 40 ms between them. */
static void short_digits_are_all_sent(void **state)
{
	talk(LAW_A);
	bed_run(100);
	fake_n_out = 0;
	dialler = digit_sender_new(DIGIT_DTMF);
	digit_sender_shape(dialler, 40, 40, -10);
	assert_int_equal(digit_sender_put(dialler, SLICE("1590*#ADD1234567")), 16);
	bed.speak = speak_digits;
	bed_run(16 * 80 + 200);
	char keys[32] = "";
	uint32_t last = 0;
	for (unsigned i = 0; i < fake_n_out; i++) {
		struct rtp_packet r;
		assert_int_equal(rtp_read(&r, fake_out[i].data, fake_out[i].len), 0);
		if (r.pt == 101 && (!*keys || r.timestamp != last))
			strncat(keys, &"0123456789*#ABCD"[r.payload[0]], 1);
		last = r.pt == 101 ? r.timestamp : last;
	}
	assert_string_equal(keys, "1590*#ADD1234567");
	assert_int_equal(bed_count(BEARER_DIGITS), 16);
	assert_int_equal(bed_count(BEARER_UNTOLD), 0);
	dialler = mem_deref(dialler);
	bed_close();
}

/* As a phone sends them: an update each 20 ms, the last three times. */
static void short_events_are_all_played(void **state)
{
	static const char keys[] = "159ADD*#";
	talk(LAW_A);
	bed_run(60);
	uint64_t from = bed.n_heard;
	uint32_t timestamp = 1000;
	for (unsigned i = 0; i < sizeof keys - 1; i++, timestamp += 640) {
		uint8_t code = (uint8_t)event_code(keys[i]);
		event(code, true, false, 160, timestamp);
		bed_run(20);
		for (unsigned k = 0; k < 3; k++) {
			event(code, false, true, 320, timestamp);
			bed_run(20);
		}
	}
	bed_run(600);
	assert_string_equal(digits_heard(from), keys);
	assert_int_equal(bed_count(BEARER_LAPSED), 0);
	bed_close();
}

static void digits_are_heard_where_nothing_is_sent(void **state)
{
	static const struct bearer_ears ears = {.dtmf = true};
	assert_int_equal(bed_open(LAW_A), 0);
	assert_int_equal(bearer_listen(bed.bearer, &ears), 0);
	bed_run(100);
	line_dials("7");
	bed_run(300);
	assert_int_equal(bed_events(HEARD_DIGIT), 2);
	assert_int_equal(bed.events[0].digit, '7');
	assert_int_equal(bed.events[1].digit, '\0');
	assert_int_equal(fake_n_out, 0);
	dialler = mem_deref(dialler);
	bed_close();
}

/* Noise that comes and goes, as syllables do. */
static void speak_syllables(uint8_t *octets, size_t n, uint64_t at)
{
	for (size_t i = 0; i < n; i++)
		octets[i] = law_octet(LAW_A, (int16_t)((at + i) % 1600 < 1000 ? rand() % 8001 - 4000 : 0));
}

/* Ringing is nobody; and what was told of who speaks is not forgotten when something else is listened for, too. */
static void who_speaks_is_heard(void **state)
{
	static const struct bearer_ears ears = {.voice = true}, more = {.voice = true, .dtmf = true};
	assert_int_equal(bed_open(LAW_A), 0);
	assert_int_equal(bearer_listen(bed.bearer, &ears), 0);
	line_plays("425/1000,0/1000");
	bed_run(5000);
	assert_int_equal(bed_events(HEARD_VOICE), 0);
	bed.speak = speak_syllables;
	bed_run(500);
	assert_int_equal(bed_events(HEARD_VOICE), 1);
	assert_true(bed.events[bed.n_events - 1].begun);
	bed.speak = bed_silence;
	bed_run(200);
	assert_int_equal(bearer_listen(bed.bearer, &more), 0);
	bed_run(2500);
	assert_int_equal(bed_events(HEARD_VOICE), 1);
	bed_run(1000);
	assert_int_equal(bed_events(HEARD_VOICE), 2);
	assert_false(bed.events[bed.n_events - 1].begun);
	bed_close();
}

static void a_flash_is_sent_as_an_event(void **state)
{
	talk(LAW_A);
	bed_run(100);
	fake_n_out = 0;
	assert_int_equal(bearer_tell(bed.bearer, EVENT_FLASH, 100), 0);
	assert_int_equal(bearer_tell(bed.bearer, EVENT_FLASH, 100), -EBUSY);
	bed_run(400);
	unsigned flashes = 0, ends = 0, duration = 0;
	for (unsigned i = 0; i < fake_n_out; i++)
		if (fake_out[i].len == 16) {
			flashes++;
			ends += fake_out[i].data[13] >> 7;
			duration = fake_out[i].data[14] << 8 | fake_out[i].data[15];
		}
	assert_in_range(flashes, 7, 9);
	assert_int_equal(ends, 3);
	assert_int_equal(duration, 800);
	bed.c.flash_sent = false; /* the peer does not know it */
	assert_int_equal(bearer_connect(bed.bearer, &bed.c), 0);
	assert_int_equal(bearer_tell(bed.bearer, EVENT_FLASH, 100), -ENOTCONN);
	bed_close();
}

/* --- voiceband data ------------------------------------------------------------------------------------------------ */

/* Every other packet is lost. */
static unsigned octets_played(void)
{
	uint64_t from = bed.n_heard;
	unsigned played = 0;
	for (unsigned i = 0; i < 40; i++) {
		if (i % 2) {
			bed.seq++;
			bed.timestamp += 160;
		} else {
			bed_voice();
		}
		bed_run(20);
	}
	for (uint64_t i = from; i < bed.n_heard; i++)
		played += bed.heard[i % BED_KEPT] != law_idle[LAW_A];
	return played;
}

static void modem_heard(void)
{
	assert_true(bed_events(HEARD_VOICEBAND) >= 1);
	assert_false(told.canceller);
	assert_true(bearer_transparent(bed.bearer));
	/* Lost octets are not made up any more, and silence is sent as any other. */
	bed.speak = bed_silence;
	assert_in_range(octets_played(), 2500, 20 * 160 + 160);
	fake_n_out = 0;
	bed_run(3000);
	assert_in_range(fake_n_out, 148, 152);
}

static void talk_with_pauses(void)
{
	assert_int_equal(bed_open(LAW_A), 0);
	bed.c.suppress = true;
	assert_int_equal(bearer_connect(bed.bearer, &bed.c), 0);
	assert_in_range(octets_played(), 40 * 160 - 800, 40 * 160); /* what is lost is made up */
}

static void an_answer_tone_from_the_line_makes_it_a_data_call(void **state)
{
	talk_with_pauses();
	assert_true(told.canceller);
	assert_int_equal(told.tail, 128);
	line_plays("2100");
	bed_run(1500);
	modem_heard();
	bed_close();
}

static void an_answer_tone_from_the_peer_too(void **state)
{
	talk_with_pauses();
	assert_int_equal(tone_read(&tone, slice_str("2100")), 0);
	tone_start(&player, &tone);
	for (unsigned i = 0; i < 75; i++) {
		int16_t linear[160];
		uint8_t payload[160];
		tone_make(&player, linear, 160);
		law_encode(LAW_A, payload, linear, 160);
		assert_true(bed_packet(8, false, bed.seq++, bed.timestamp, payload, 160));
		bed.timestamp += 160;
		bed_run(20);
	}
	modem_heard();
	bed_close();
}

static void another_connection_is_a_voice_call_again(void **state)
{
	talk(LAW_A);
	line_plays("2100");
	bed_run(1500);
	assert_false(told.canceller);
	bed.speak = bed_silence;
	struct bearer_connection none = {.slot = BEARER_NO_SLOT, .ptime = 20};
	assert_int_equal(bearer_connect(bed.bearer, &none), 0);
	bed.c.slot = BED_SLOT + 1;
	assert_int_equal(bearer_connect(bed.bearer, &bed.c), 0);
	assert_true(told.canceller);
	assert_false(bearer_transparent(bed.bearer));
	bed_close();
}

/* Its slot may be another call's soon. */
static void a_connection_ends_whatever_fails(void **state)
{
	const struct bearer_connection none = {.slot = BEARER_NO_SLOT, .ptime = 20};
	const struct bearer_ears ears = {.dtmf = true};
	for (unsigned i = 0; i < 2; i++) {
		talk(LAW_A);
		bed.c.ptime = 10;
		assert_int_equal(bearer_connect(bed.bearer, &bed.c), 0);
		assert_int_equal(bearer_listen(bed.bearer, &ears), 0);
		bed_run(100);
		assert_true(fake_n_out > 0);
		mem_fail_nth(i ? 1 : 0);
		told.refuse = i ? 0 : -EIO;
		assert_int_equal(bearer_connect(bed.bearer, &none), 0);
		mem_fail_nth(0);
		fake_n_out = 0;
		bed_run(100);
		assert_int_equal(fake_n_out, 0);
		bed_close();
	}
}

/* Whatever the packet time was. */
static void nothing_is_read_without_a_connection(void **state)
{
	const struct bearer_connection none = {.slot = BEARER_NO_SLOT, .ptime = 20};
	for (unsigned ptime = 10; ptime <= 30; ptime += 10) {
		struct pollfd unread;
		talk(LAW_A);
		bed.c.ptime = ptime;
		assert_int_equal(bearer_connect(bed.bearer, &bed.c), 0);
		bed_run(100);
		assert_int_equal(bearer_connect(bed.bearer, &none), 0);
		bed_run(100);
		unread = (struct pollfd){.fd = bed.fd[0], .events = POLLIN};
		assert_int_equal(poll(&unread, 1, 0), 1);
		bed_close();
	}
}

static void digital_calls_are_left_alone(void **state)
{
	talk(LAW_A);
	assert_true(told.audio);
	bed.c.format = PLAYOUT_CLEAR;
	bed.c.pt = 97;
	bed.c.gain = 6;
	assert_int_equal(bearer_connect(bed.bearer, &bed.c), 0);
	assert_false(told.audio);
	assert_false(told.canceller);
	assert_false(told.gains);
	bed_run(100);
	fake_n_out = 0;
	line_dials("5");
	bed_run(300);
	for (unsigned i = 0; i < fake_n_out; i++) {
		assert_int_equal(fake_out[i].data[1] & 0x7f, 97);
		assert_int_equal(fake_out[i].len, 172);
	}
	assert_in_range(fake_n_out, 14, 16);
	dialler = mem_deref(dialler);
	bed_close();
}

/* --- sounds -------------------------------------------------------------------------------------------------------- */

static void a_tone_is_played_to_the_line_until_it_is_over(void **state)
{
	struct sound *s;
	assert_int_equal(bed_open(LAW_A), 0);
	assert_int_equal(tone_read(&tone, SLICE("!440/500")), 0);
	assert_int_equal(sound_tone(&s, &tone, false), 0);
	assert_int_equal(bearer_play(bed.bearer, BEARER_LINE, s), 0);
	mem_deref(s);
	bed_run(100);
	uint64_t from = bed.n_heard;
	bed_run(300);
	assert_true(share(from, 440) > 0.95);
	bed_run(500);
	from = bed.n_heard;
	bed_run(200);
	assert_int_equal(loud(from), 0);
	assert_int_equal(bed_events(HEARD_PLAYED), 1);
	assert_int_equal(bearer_play(bed.bearer, BEARER_LINE, NULL), 0);
	bed_close();
}

static void a_sound_is_instead_of_the_peer_and_its_pauses_are_not(void **state)
{
	struct sound *s;
	talk(LAW_A);
	assert_int_equal(tone_read(&tone, SLICE("440/300,0/700")), 0);
	assert_int_equal(sound_tone(&s, &tone, true), 0);
	bed_run(40);
	for (unsigned i = 0; i < 73; i++) {
		if (i == 25)
			assert_int_equal(bearer_play(bed.bearer, BEARER_LINE, s), 0);
		bed_voice();
		bed_run(20);
		if (i == 37)
			assert_true(share(bed.n_heard - 1200, 440) > 0.9);
	}
	/* In the pause the peer's octets come through as they are. */
	unsigned follows = 0;
	for (uint64_t i = bed.n_heard - 2400; i < bed.n_heard; i++)
		follows += bed.heard[i % BED_KEPT] == (bed.heard[(i - 1) % BED_KEPT] + 1) % 251;
	assert_true(follows > 2300);
	mem_deref(s);
	bed_close();
}

static void a_sound_on_the_connection_is_sent(void **state)
{
	struct sound *s;
	bed_open(LAW_A);
	bed.c.mode = BEARER_RECVONLY;
	assert_int_equal(bearer_connect(bed.bearer, &bed.c), 0);
	bed_run(200);
	assert_int_equal(fake_n_out, 0);
	assert_int_equal(tone_read(&tone, SLICE("440")), 0);
	assert_int_equal(sound_tone(&s, &tone, false), 0);
	assert_int_equal(bearer_play(bed.bearer, BEARER_NETWORK, s), 0);
	mem_deref(s);
	bed_run(200);
	assert_in_range(fake_n_out, 8, 11);
	int16_t linear[160];
	law_decode(LAW_A, linear, fake_out[5].data + 12, 160);
	unsigned high = 0;
	for (unsigned i = 0; i < 160; i++)
		high += linear[i] > 1000 || linear[i] < -1000;
	assert_true(high > 80);
	bed_close();
}

/* --- modes of tests ------------------------------------------------------------------------------------------------ */

static void the_line_is_looped_by_its_driver(void **state)
{
	talk(LAW_A);
	bed.c.mode = BEARER_LOOPBACK;
	assert_int_equal(bearer_connect(bed.bearer, &bed.c), 0);
	assert_true(told.looped);
	bed.c.mode = BEARER_SENDRECV;
	assert_int_equal(bearer_connect(bed.bearer, &bed.c), 0);
	assert_false(told.looped);
	bed_close();
}

static void a_continuity_test_hears_the_other_tone(void **state)
{
	bed_open(LAW_A);
	bed.c.mode = BEARER_CONTTEST;
	assert_int_equal(bearer_connect(bed.bearer, &bed.c), 0);
	line_plays("2010");
	bed_run(300);
	uint64_t from = bed.n_heard;
	bed_run(300);
	assert_true(share(from, 1780) > 0.95);
	line_plays("1780");
	bed_run(300);
	from = bed.n_heard;
	bed_run(300);
	assert_true(share(from, 2010) > 0.95);
	line_plays("0");
	bed_run(300);
	from = bed.n_heard;
	bed_run(300);
	assert_int_equal(loud(from), 0);
	assert_int_equal(fake_n_out, 0);
	bed_close();
}

/* RFC 3660 2.3: T/ct and T/lb need no connection, and keep the network out while there is one. */
static void a_channel_is_tested_without_a_connection(void **state)
{
	bed_open(LAW_A);
	assert_int_equal(bearer_test(bed.bearer, BEARER_LOOPBACK, -1), 0);
	assert_true(told.looped);
	assert_int_equal(bearer_test(bed.bearer, BEARER_CONTTEST, TRANSPONDER_CO2), 0);
	assert_false(told.looped);
	line_plays("2010");
	bed_run(300);
	uint64_t from = bed.n_heard;
	bed_run(300);
	assert_int_equal(loud(from), 0);
	line_plays("1780");
	bed_run(300);
	from = bed.n_heard;
	bed_run(300);
	assert_true(share(from, 2010) > 0.95);
	assert_int_equal(bearer_connect(bed.bearer, &bed.c), 0);
	bed_run(100);
	assert_int_equal(fake_n_out, 0);
	assert_int_equal(bearer_test(bed.bearer, BEARER_INACTIVE, -1), 0);
	bed_run(100);
	assert_true(fake_n_out > 0);
	bed_close();
}

static void a_pattern_is_sent_and_heard_octet_by_octet(void **state)
{
	struct bearer_ears ears = {.pattern = true, .octet = 95};
	struct sound *s;
	bed_open(LAW_A);
	assert_int_equal(bearer_listen(bed.bearer, &ears), 0);
	assert_int_equal(sound_pattern(&s, 95), 0);
	assert_int_equal(bearer_play(bed.bearer, BEARER_LINE, s), 0);
	mem_deref(s);
	bed_run(200);
	uint64_t from = bed.n_heard;
	bed_run(50);
	for (uint64_t i = from; i < bed.n_heard; i++)
		assert_int_equal(bed.heard[i % BED_KEPT], 95);
	assert_int_equal(bed_events(HEARD_PATTERN), 0);
	bed.speak = speak_pattern;
	bed_run(100);
	assert_int_equal(bed_events(HEARD_PATTERN), 1);
	bed_close();
}

static void tones_of_tests_are_heard_from_both_sides(void **state)
{
	struct bearer_ears ears = {.test_tones = {true, true}};
	int16_t linear[160];
	uint8_t octets[160];
	talk(LAW_A);
	bed.c.mode = BEARER_INACTIVE;
	assert_int_equal(bearer_connect(bed.bearer, &bed.c), 0);
	assert_int_equal(bearer_listen(bed.bearer, &ears), 0);
	line_plays("!2010/300,0");
	bed_run(500);
	assert_int_equal(bed_events(HEARD_TEST_TONE), 2);
	assert_int_equal(bed.events[0].test_tone, TEST_CO1);
	assert_int_equal(bed.events[0].side, BEARER_LINE);
	line_plays("1780");
	bed.speak = bed_silence;
	for (unsigned i = 0; i < 10; i++) {
		tone_make(&player, linear, 160);
		law_encode(LAW_A, octets, linear, 160);
		bed_packet(8, false, bed.seq++, bed.timestamp += 160, octets, sizeof octets);
		bed_run(20);
	}
	assert_int_equal(bed_events(HEARD_TEST_TONE), 3);
	assert_int_equal(bed.events[bed.n_events - 1].test_tone, TEST_CO2);
	assert_int_equal(bed.events[bed.n_events - 1].side, BEARER_NETWORK);
	assert_int_equal(bearer_heard(bed.bearer, BED_SLOT).pt, 8);
	assert_int_equal(bearer_heard(bed.bearer, BED_SLOT).ptime, 20);
	bed_close();
}

static void the_network_hears_itself(void **state)
{
	bed_open(LAW_A);
	bed.c.mode = BEARER_NETWLOOP;
	bed.c.event_pt_sent = 0;
	assert_int_equal(bearer_connect(bed.bearer, &bed.c), 0);
	line_plays("440");
	bed_run(50);
	for (unsigned i = 0; i < 50; i++) {
		bed_voice();
		bed_run(20);
	}
	assert_in_range(fake_n_out, 50, 53);
	for (unsigned i = 20; i < 50; i++)
		for (unsigned k = 13; k < 172; k++)
			assert_int_equal(fake_out[i].data[k], (fake_out[i].data[k - 1] + 1) % 251);
	assert_int_equal(loud(800), 0);
	bed_close();
}

/* --- the rest ------------------------------------------------------------------------------------------------------ */

static void gains_go_to_the_driver(void **state)
{
	bed_open(LAW_U);
	bed.c.gain = -6;
	assert_int_equal(bearer_connect(bed.bearer, &bed.c), 0);
	assert_true(told.gains);
	for (unsigned i = 0; i < 256; i++)
		assert_int_equal(told.table.rx[i], i);
	int before = law_linear[LAW_U][0x90], after = law_linear[LAW_U][told.table.tx[0x90]];
	assert_in_range(after, before * 47 / 100, before * 53 / 100);
	bed_close();
}

static void a_thread_that_was_late_is_counted(void **state)
{
	talk(LAW_A);
	bed_run(200);
	for (unsigned i = 0; i < 100; i++) {
		bed.asleep = i >= 50 && i < 55;
		bed_voice();
		bed_run(20);
	}
	assert_in_range(bed_count(BEARER_UNDERRUNS), 1, 2);
	/* No more waits to be sent than before. */
	size_t least = sizeof bed.queue;
	for (unsigned i = 0; i < 40; i++) {
		bed_run(1);
		least = bed.queued < least ? bed.queued : least;
	}
	assert_true(least <= 40);
	for (unsigned i = 0; i < 40; i++) {
		bed_voice();
		bed_run(20);
	}
	assert_true(bed.ran_dry > 500);
	/* and what comes then is heard again */
	unsigned follows = 0;
	for (uint64_t i = bed.n_heard - 2400; i < bed.n_heard; i++)
		follows += bed.heard[i % BED_KEPT] == (bed.heard[(i - 1) % BED_KEPT] + 1) % 251;
	assert_true(follows > 2200);
	bed_close();
}

static void silence_is_not_sent_where_that_is_agreed(void **state)
{
	bed_open(LAW_A);
	bed.c.suppress = true;
	assert_int_equal(bearer_connect(bed.bearer, &bed.c), 0);
	bed_run(3000);
	unsigned noise = 0, audio = 0;
	for (unsigned i = fake_n_out < 256 ? 0 : fake_n_out - 256; i < fake_n_out; i++)
		if ((fake_out[i % 256].data[1] & 0x7f) == 13)
			noise++;
		else
			audio++;
	assert_true(noise >= 2 && audio < 30);
	fake_n_out = 0;
	line_plays("440");
	bed_run(400);
	assert_in_range(fake_n_out, 18, 21);
	bed_close();
}

static void the_peers_silence_is_noise(void **state)
{
	const uint8_t level[] = {40};
	talk(LAW_A);
	bed_run(40);
	for (unsigned i = 0; i < 25; i++) {
		bed_voice();
		bed_run(20);
	}
	assert_true(bed_packet(13, false, bed.seq++, bed.timestamp, level, 1));
	bed_run(200);
	uint64_t from = bed.n_heard;
	bed_run(500);
	double energy = 0;
	for (uint64_t i = from; i < bed.n_heard; i++)
		energy += (double)law_linear[LAW_A][bed.heard[i % BED_KEPT]] * law_linear[LAW_A][bed.heard[i % BED_KEPT]];
	energy /= (double)(bed.n_heard - from);
	assert_true(energy > 40e3 && energy < 300e3); /* -40 dBov are 327 */
	assert_true(bed_count(BEARER_NOISE) > 3000);
	bed_close();
}

static void another_ssrc_and_other_timestamps_are_survived(void **state)
{
	talk(LAW_A);
	bed_run(40);
	for (unsigned i = 0; i < 150; i++) {
		if (i == 50)
			bed.timestamp += 1000000;
		bed_voice();
		bed_run(20);
	}
	assert_int_equal(bed_count(BEARER_JUMPS), 1);
	unsigned follows = 0;
	for (uint64_t i = bed.n_heard - 8000; i < bed.n_heard; i++)
		follows += bed.heard[i % BED_KEPT] == (bed.heard[(i - 1) % BED_KEPT] + 1) % 251;
	assert_true(follows > 7900);
	bed_close();
}

static void who_was_on_hold_is_heard_from_the_first_packet_on(void **state)
{
	talk(LAW_A);
	bed_run(40);
	for (unsigned i = 0; i < 300; i++) {
		if (i == 50 || i == 200) {
			bed.c.mode = i == 50 ? BEARER_SENDONLY : BEARER_SENDRECV;
			assert_int_equal(bearer_connect(bed.bearer, &bed.c), 0);
		}
		if (i < 50 || i >= 200) {
			bed_voice();
		} else { /* the fast path refuses it */
			bed.seq++;
			bed.timestamp += 160;
		}
		bed_run(20);
	}
	assert_int_equal(bed_count(BEARER_STRAY) + bed_count(BEARER_JUMPS) + bed_count(BEARER_LATE), 0);
	unsigned follows = 0;
	for (uint64_t i = bed.n_heard - 100 * 160; i < bed.n_heard; i++)
		follows += bed.heard[i % BED_KEPT] == (bed.heard[(i - 1) % BED_KEPT] + 1) % 251;
	assert_true(follows > 100 * 160 - 500);
	bed_close();
}

static void a_channel_that_goes_away_is_told_of(void **state)
{
	talk(LAW_A);
	bed_run(100);
	shutdown(bed.fd[1], SHUT_RDWR);
	bed_turn();
	assert_int_equal(bed_events(HEARD_LOST), 1);
	bed_turn();
	assert_int_equal(bed_events(HEARD_LOST), 1);
	bed_close();
}

/* Of a channel that is gone the driver may tell by its failing alone, which nothing is read from to see it. */
static void an_idle_channel_that_fails_is_told_of(void **state)
{
	bed_open(LAW_A);
	close(bed.fd[1]);
	bed.fd[1] = -1;
	bed_turn();
	bed_turn();
	assert_int_equal(bed.n_events, 1);
	assert_int_equal(bed.events[0].kind, HEARD_LOST);
	bed_close();
}

static void what_the_driver_refuses_changes_nothing(void **state)
{
	bed_open(LAW_A);
	told.refuse = -ENOTTY;
	assert_int_equal(bearer_connect(bed.bearer, &bed.c), -ENOTTY);
	bed.c.ptime = 201;
	assert_int_equal(bearer_connect(bed.bearer, &bed.c), -EINVAL);
	told.refuse = 0;
	bed.c.ptime = 30;
	assert_int_equal(bearer_connect(bed.bearer, &bed.c), 0);
	assert_int_equal(told.block, 240);
	bed.c.ptime = 60;
	assert_int_equal(bearer_connect(bed.bearer, &bed.c), 0);
	bed_run(1000);
	assert_in_range(fake_n_out, 15, 17);
	assert_int_equal(bed_count(BEARER_SENT_OCTETS), fake_n_out * 480ull);
	bed_close();
}

static void open_all(void *arg)
{
	static const struct bearer_ears ears = {.dtmf = true, .register_tones = true, .kind = DIGIT_MF, .caller_id = true, .voice = true, .country = "de"};
	int err = bed_open(LAW_A);
	if (!err)
		err = bearer_connect(bed.bearer, &bed.c);
	if (!err)
		err = bearer_listen(bed.bearer, &ears);
	if (!err)
		bed_run(100);
	assert_true(!err || err == -ENOMEM);
	bed_close();
}

static void survives_lack_of_memory(void **state)
{
	each_allocation_fails(open_all, NULL);
}

static int start(void **state)
{
	return loop_init();
}

static int stop(void **state)
{
	loop_close();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_whose_end_is_lost_is_played_once_and_ends), cmocka_unit_test(the_peers_hook_flash_is_told),
		cmocka_unit_test(a_tone_heard_is_one_event_and_cut), cmocka_unit_test(digits_are_heard_where_nothing_is_sent),
		cmocka_unit_test(who_speaks_is_heard), cmocka_unit_test(a_flash_is_sent_as_an_event), cmocka_unit_test(an_answer_tone_from_the_line_makes_it_a_data_call),
		cmocka_unit_test(an_answer_tone_from_the_peer_too), cmocka_unit_test(another_connection_is_a_voice_call_again),
		cmocka_unit_test(a_connection_ends_whatever_fails), cmocka_unit_test(nothing_is_read_without_a_connection),
		cmocka_unit_test(digital_calls_are_left_alone), cmocka_unit_test(a_tone_is_played_to_the_line_until_it_is_over),
		cmocka_unit_test(a_sound_is_instead_of_the_peer_and_its_pauses_are_not), cmocka_unit_test(a_sound_on_the_connection_is_sent),
		cmocka_unit_test(the_line_is_looped_by_its_driver), cmocka_unit_test(a_continuity_test_hears_the_other_tone),
		cmocka_unit_test(a_channel_is_tested_without_a_connection), cmocka_unit_test(a_pattern_is_sent_and_heard_octet_by_octet),
		cmocka_unit_test(tones_of_tests_are_heard_from_both_sides),
		cmocka_unit_test(the_network_hears_itself), cmocka_unit_test(gains_go_to_the_driver),
		cmocka_unit_test(a_thread_that_was_late_is_counted), cmocka_unit_test(another_ssrc_and_other_timestamps_are_survived),
		cmocka_unit_test(an_idle_channel_that_fails_is_told_of),
		cmocka_unit_test(a_channel_that_goes_away_is_told_of), cmocka_unit_test(what_the_driver_refuses_changes_nothing),
		cmocka_unit_test(short_digits_are_all_sent), cmocka_unit_test(short_events_are_all_played),
		cmocka_unit_test(silence_is_not_sent_where_that_is_agreed), cmocka_unit_test(the_peers_silence_is_noise),
		cmocka_unit_test(who_was_on_hold_is_heard_from_the_first_packet_on), cmocka_unit_test(survives_lack_of_memory),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
