// SPDX-License-Identifier: GPL-3.0-or-later
/* From packets to a channel: what is heard on it, octet by octet, for voice, loss, silence and events. */
#include "unit.h"
#include "media/digits.h"
#include "media/playout.h"
#include <math.h>
#include <string.h>

#define PTIME 160

struct sender {
	struct playout p;
	struct playout_packet k;
	uint8_t payload[PTIME];
	unsigned at; /* octets sent */
};

static void start(struct sender *s, enum law law, enum playout_format format)
{
	memset(s, 0, sizeof *s);
	playout_init(&s->p, law, &(struct jitter_config){.fixed = true, .depth = 80});
	s->k = (struct playout_packet){.format = format, .ssrc = 7, .timestamp = 4000, .seq = 100, .payload = s->payload, .len = PTIME};
}

static void voice(uint8_t *out, enum law law, unsigned from, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		double t = 2 * M_PI * 100 * (from + i) / 8000;
		out[i] = law_octet(law, (int16_t)(5000 * sin(t) + 3000 * sin(3 * t)));
	}
}

static void put(struct sender *s, bool lost)
{
	voice(s->payload, s->k.format == PLAYOUT_PCMA ? LAW_A : LAW_U, s->at, PTIME);
	if (!lost)
		playout_put(&s->p, &s->k);
	s->k.seq++;
	s->k.timestamp += PTIME;
	s->k.arrival += PTIME;
	s->at += PTIME;
}

static void get(struct sender *s, uint8_t *out, size_t n)
{
	for (size_t i = 0; i < n; i += 8)
		playout_get(&s->p, out + i, 8);
}

static void of_one_law_bit_by_bit(void **state)
{
	for (unsigned format = PLAYOUT_PCMU; format <= PLAYOUT_CLEAR; format++) {
		struct sender s;
		uint8_t out[PTIME], want[PTIME];
		start(&s, format == PLAYOUT_PCMA ? LAW_A : LAW_U, format);
		for (unsigned i = 0; i < 50; i++) {
			put(&s, false);
			get(&s, out, PTIME);
			voice(want, format == PLAYOUT_PCMA ? LAW_A : LAW_U, i * PTIME - 80, PTIME);
			if (i)
				assert_memory_equal(out, want, PTIME);
		}
	}
}

static void of_the_other_law_by_the_tables(void **state)
{
	struct sender s;
	uint8_t out[PTIME], want[PTIME];
	start(&s, LAW_A, PLAYOUT_PCMU);
	for (unsigned i = 0; i < 50; i++) {
		put(&s, false);
		get(&s, out, PTIME);
		voice(want, LAW_U, i * PTIME - 80, PTIME);
		law_convert(LAW_U, want, want, PTIME);
		if (i)
			assert_memory_equal(out, want, PTIME);
	}
}

static double rms(const uint8_t *octets, size_t n, enum law law)
{
	double power = 0;
	for (size_t i = 0; i < n; i++)
		power += (double)law_linear[law][octets[i]] * law_linear[law][octets[i]];
	return sqrt(power / (double)n);
}

static void loss_is_concealed_unless_it_is_data(void **state)
{
	for (unsigned transparent = 0; transparent < 2; transparent++) {
		struct sender s;
		uint8_t out[12 * PTIME];
		start(&s, LAW_A, PLAYOUT_PCMA);
		if (transparent)
			playout_transparent(&s.p);
		for (unsigned i = 0; i < 12; i++) {
			put(&s, i == 10);
			get(&s, out + i * PTIME, PTIME);
		}
		const uint8_t *hole = out + 10 * PTIME + 80, *after = out + 11 * PTIME + 80;
		if (transparent) {
			uint8_t want[80];
			for (unsigned i = 0; i < PTIME; i++)
				assert_int_equal(hole[i], law_idle[LAW_A]);
			voice(want, LAW_A, 11 * PTIME, 80);
			assert_memory_equal(after, want, 80);
		} else {
			assert_true(rms(hole, PTIME, LAW_A) > 0.5 * rms(out + PTIME * 5, PTIME, LAW_A));
		}
	}
}

static void silence_has_the_noise_of_the_other_side(void **state)
{
	struct sender s;
	uint8_t out[8000];
	start(&s, LAW_U, PLAYOUT_PCMU);
	for (unsigned i = 0; i < 10; i++) {
		put(&s, false);
		get(&s, out, PTIME);
	}
	s.k.format = PLAYOUT_NOISE;
	s.k.payload = (const uint8_t[]){45};
	s.k.len = 1;
	playout_put(&s.p, &s.k);
	get(&s, out, sizeof out);
	double level = 20 * log10(rms(out + 400, sizeof out - 400, LAW_U) / 32767);
	assert_true(level > -46.5 && level < -43.5);
}

struct heard {
	char digits[40];
	unsigned n;
};

static void on_digit(void *arg, char digit, int level)
{
	struct heard *h = arg;
	if (digit && h->n < sizeof h->digits - 1)
		h->digits[h->n++] = digit;
}

/* Every key, with voice beside the events or not, all of the final packets lost every other time: heard on the channel once each, and nothing else. */
static void events_become_tones_of_their_own(void **state)
{
	static const char keys[] = "0123456789*#ABCD";
	for (unsigned beside = 0; beside < 2; beside++) {
		struct sender s;
		struct heard h = {0};
		struct digit_receiver *r = digit_receiver_new(DIGIT_DTMF, on_digit, &h);
		start(&s, LAW_A, PLAYOUT_PCMU);
		for (unsigned tick = 0; tick < 16 * 12; tick++) {
			unsigned i = tick % 12;
			uint8_t payload[EVENT_PAYLOAD], out[PTIME];
			int16_t linear[PTIME];
			if (i < 7 && !(i >= 4 && tick / 12 % 2)) {
				struct playout_packet e = s.k;
				event_write(&(struct event_report){.code = (uint8_t)(tick / 12), .end = i >= 4, .volume = 10,
						.duration = (uint16_t)((i < 4 ? i + 1 : 5) * PTIME)}, payload);
				e.format = PLAYOUT_EVENT;
				e.timestamp -= i * PTIME;
				e.payload = payload;
				e.len = sizeof payload;
				e.marker = i == 0;
				playout_put(&s.p, &e);
				s.k.seq++;
			}
			put(&s, !beside && i < 5);
			s.k.seq -= !beside && i < 5;
			get(&s, out, PTIME);
			law_decode(LAW_A, linear, out, PTIME);
			digit_receiver_hear(r, linear, PTIME);
		}
		assert_string_equal(h.digits, keys);
		assert_int_equal(s.p.flashes, 0);
		mem_deref(r);
	}
}

static void a_flash_is_told_once(void **state)
{
	struct sender s;
	uint8_t out[PTIME], payload[EVENT_PAYLOAD];
	start(&s, LAW_A, PLAYOUT_EVENT);
	s.k.payload = payload;
	s.k.len = sizeof payload;
	for (unsigned i = 0; i < 20; i++) {
		event_write(&(struct event_report){.code = EVENT_FLASH, .end = i >= 4, .duration = (uint16_t)((i < 4 ? i + 1 : 5) * PTIME)}, payload);
		s.k.marker = i == 0;
		if (i < 7)
			playout_put(&s.p, &s.k);
		s.k.seq++;
		get(&s, out, PTIME);
		assert_int_equal(s.p.flashes, 1);
		for (unsigned k = 0; k < PTIME; k++)
			assert_int_equal(out[k], law_idle[LAW_A]);
	}
}

static void before_anything_comes_the_channel_is_idle(void **state)
{
	struct sender s;
	uint8_t out[PTIME];
	start(&s, LAW_A, PLAYOUT_PCMU);
	get(&s, out, PTIME);
	for (unsigned i = 0; i < PTIME; i++)
		assert_int_equal(out[i], law_idle[LAW_A]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_one_law_bit_by_bit),
		cmocka_unit_test(of_the_other_law_by_the_tables),
		cmocka_unit_test(loss_is_concealed_unless_it_is_data),
		cmocka_unit_test(silence_has_the_noise_of_the_other_side),
		cmocka_unit_test(events_become_tones_of_their_own),
		cmocka_unit_test(a_flash_is_told_once),
		cmocka_unit_test(before_anything_comes_the_channel_is_idle),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
