// SPDX-License-Identifier: GPL-3.0-or-later
/* From a channel to packets: audio as it was, digits as events; and all the way to another channel. */
#include "unit.h"
#include "media/capture.h"
#include <errno.h>
#include <math.h>
#include <string.h>

static const struct capture_config plain = {.law = LAW_A, .format = PLAYOUT_PCMA, .ptime = 160, .seq = 65534, .timestamp = 0xffffff00};

static uint8_t content(uint32_t n)
{
	return (uint8_t)((n * 2654435761u ^ n >> 3) >> 24);
}

/* What the packets of a capture were. */
struct wire {
	struct capture_packet last;
	unsigned audio, noises, reports, digits, markers;
	uint16_t seq;
	bool begun;
	struct playout *to;
	struct playout *deaf; /* hears the audio alone */
	unsigned ptime; /* not 0: packets are expected to hold content() */
};

static void check_content(const struct wire *w, const struct capture_packet *k)
{
	uint32_t from = w->audio * w->ptime;
	assert_int_equal(k->len, w->ptime);
	assert_int_equal(k->timestamp, plain.timestamp + from);
	for (unsigned i = 0; i < k->len; i++)
		assert_int_equal(k->payload[i], content(from + i));
}

static void on_wire(struct wire *w, const struct capture_packet *k)
{
	assert_true(!w->begun || k->seq == w->seq);
	w->seq = (uint16_t)(k->seq + 1);
	w->begun = true;
	if (w->ptime)
		check_content(w, k);
	w->last = *k;
	w->markers += k->marker;
	if (k->format == PLAYOUT_EVENT) {
		w->reports++;
		w->digits += k->marker;
	} else if (k->format == PLAYOUT_NOISE) {
		w->noises++;
	} else {
		w->audio++;
	}
	const struct playout_packet p = {.format = k->format, .marker = k->marker, .seq = k->seq, .ssrc = 5, .timestamp = k->timestamp, .payload = k->payload,
		.len = k->len};
	if (w->to)
		playout_put(w->to, &p);
	if (w->deaf && k->format != PLAYOUT_EVENT)
		playout_put(w->deaf, &p);
}

static void put(struct capture *c, struct wire *w, const uint8_t *octets, size_t n)
{
	while (n) {
		struct capture_packet k;
		size_t part = capture_put(c, octets, n);
		assert_in_range(part, 1, n);
		while (capture_next(c, &k))
			on_wire(w, &k);
		octets += part;
		n -= part;
	}
}

static void octets_are_sent_as_they_came(void **state)
{
	static const unsigned ptimes[] = {40, 80, 160, 240, 1600}, chunks[] = {8, 24, 160, 400};
	for (unsigned p = 0; p < 5; p++)
		for (unsigned k = 0; k < 4; k++) {
			struct capture c;
			struct wire w = {0};
			struct capture_config config = plain;
			uint8_t octets[400];
			uint32_t n = 0;
			config.ptime = ptimes[p];
			assert_int_equal(capture_init(&c, &config), 0);
			w.ptime = config.ptime;
			while (w.audio < 20) {
				for (unsigned i = 0; i < chunks[k]; i++)
					octets[i] = content(n++);
				put(&c, &w, octets, chunks[k]);
			}
			assert_int_equal(w.markers, 1);
			assert_int_equal(w.reports, 0);
			capture_release(&c);
		}
}

static void the_law_is_converted_where_it_differs(void **state)
{
	struct capture c;
	struct wire w = {0};
	struct capture_config config = plain;
	uint8_t octets[160];
	config.format = PLAYOUT_PCMU;
	capture_init(&c, &config);
	for (unsigned i = 0; i < sizeof octets; i++)
		octets[i] = content(i);
	put(&c, &w, octets, sizeof octets);
	assert_int_equal(w.audio, 1);
	for (unsigned i = 0; i < sizeof octets; i++)
		assert_int_equal(w.last.payload[i], law_other[LAW_A][octets[i]]);
	capture_release(&c);
}

static void what_cannot_be_is_refused(void **state)
{
	struct capture c;
	struct capture_config config = plain;
	config.ptime = 7;
	assert_int_equal(capture_init(&c, &config), -EINVAL);
	config.ptime = CAPTURE_PTIME + 1;
	assert_int_equal(capture_init(&c, &config), -EINVAL);
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

/* Digits of 40 ms with pauses of 40 ms, from one channel over packets to another, for each packet time: each is one event, heard once at the other end; the
 * audio has too little left of any of them to be heard twice. */
static void digits_go_across_as_events(void **state)
{
	static const char digits[] = "1234567890*#ABCD55";
	static const unsigned ptimes[] = {80, 160, 480, 1600};
	for (unsigned i = 0; i < 4; i++) {
		struct capture c;
		struct playout p, q;
		struct wire w = {.to = &p, .deaf = &q};
		struct heard there = {0}, audio = {0};
		struct capture_config config = plain;
		struct digit_receiver *r = digit_receiver_new(DIGIT_DTMF, on_digit, &there), *beside = digit_receiver_new(DIGIT_DTMF, on_digit, &audio);
		struct digit_sender *s = digit_sender_new(DIGIT_DTMF);
		config.events = true;
		config.ptime = ptimes[i];
		config.format = PLAYOUT_PCMU;
		assert_int_equal(capture_init(&c, &config), 0);
		playout_init(&p, LAW_U, &(struct jitter_config){.fixed = true, .depth = 80});
		playout_init(&q, LAW_U, &(struct jitter_config){.fixed = true, .depth = 80});
		playout_transparent(&q);
		digit_sender_shape(s, 40, 40, -10);
		digit_sender_put(s, slice_str(digits));
		for (unsigned ms = 0; ms < 4000; ms++) {
			int16_t linear[8];
			uint8_t octets[8];
			digit_sender_make(s, linear, 8);
			law_encode(LAW_A, octets, linear, 8);
			put(&c, &w, octets, 8);
			playout_get(&p, octets, 8);
			law_decode(LAW_U, linear, octets, 8);
			digit_receiver_hear(r, linear, 8);
			playout_get(&q, octets, 8);
			law_decode(LAW_U, linear, octets, 8);
			digit_receiver_hear(beside, linear, 8);
		}
		assert_int_equal(c.digits, strlen(digits));
		assert_int_equal(w.digits, strlen(digits));
		assert_int_equal(c.late, 0);
		assert_int_equal(p.events.events, strlen(digits));
		assert_string_equal(there.digits, digits);
		assert_string_equal(audio.digits, "");
		mem_deref(r);
		mem_deref(beside);
		mem_deref(s);
		capture_release(&c);
	}
}

/* The end of a packet whose digit began within it is silence in the law that is sent. */
static void what_is_cut_is_silence_in_the_law_of_the_peer(void **state)
{
	struct capture c;
	struct wire w = {0};
	struct capture_config config = plain;
	struct digit_sender *s = digit_sender_new(DIGIT_DTMF);
	int16_t linear[160] = {0};
	uint8_t octets[160];
	config.events = true;
	config.format = PLAYOUT_PCMU;
	config.ptime = 480;
	assert_int_equal(capture_init(&c, &config), 0);
	law_encode(LAW_A, octets, linear, 160);
	put(&c, &w, octets, 160);
	digit_sender_shape(s, 200, 40, -10);
	digit_sender_put(s, SLICE("5"));
	for (unsigned i = 0; i < 2; i++) {
		digit_sender_make(s, linear, 160);
		law_encode(LAW_A, octets, linear, 160);
		put(&c, &w, octets, 160);
	}
	assert_int_equal(w.last.format, PLAYOUT_PCMU);
	assert_int_equal(w.last.len, 480);
	for (unsigned i = 470; i < 480; i++)
		assert_int_equal(w.last.payload[i], law_idle[LAW_U]);
	mem_deref(s);
	capture_release(&c);
}

static void data_is_not_listened_to(void **state)
{
	struct capture c;
	struct wire w = {0};
	struct capture_config config = plain;
	struct digit_sender *s = digit_sender_new(DIGIT_DTMF);
	config.events = true;
	assert_int_equal(capture_init(&c, &config), 0);
	digit_sender_put(s, SLICE("123"));
	capture_transparent(&c);
	for (unsigned ms = 0; ms < 1000; ms++) {
		int16_t linear[8];
		uint8_t octets[8];
		digit_sender_make(s, linear, 8);
		law_encode(LAW_A, octets, linear, 8);
		put(&c, &w, octets, 8);
	}
	assert_int_equal(w.reports, 0);
	assert_int_equal(w.audio, 50);
	mem_deref(s);
	capture_release(&c);
}

/* Two seconds of noise at -55 dBov, then a word at -20, and again: noise goes out as its level, the word as audio, whole; the other end plays both. */
static void silence_is_sent_as_its_level(void **state)
{
	struct capture c;
	struct playout p;
	struct wire w = {.to = &p};
	struct comfort noise;
	struct capture_config config = plain;
	config.suppress = true;
	assert_int_equal(capture_init(&c, &config), 0);
	playout_init(&p, LAW_A, &(struct jitter_config){.fixed = true, .depth = 80});
	comfort_init(&noise, 5);
	for (unsigned round = 0; round < 3; round++)
		for (unsigned tick = 0; tick < 150; tick++) {
			int16_t linear[160];
			uint8_t octets[160], out[160];
			unsigned before = w.audio;
			bool word = tick >= 100;
			if (tick == 0 || tick == 100)
				comfort_set(&noise, &(struct comfort_noise){.level = word ? 20 : 55});
			comfort_make(&noise, linear, 160);
			law_encode(LAW_A, octets, linear, 160);
			put(&c, &w, octets, 160);
			playout_get(&p, out, 160);
			law_decode(LAW_A, linear, out, 160);
			if (word)
				assert_int_equal(w.audio, before + 1);
			if (tick >= 15 && !word)
				assert_true(w.last.format == PLAYOUT_NOISE);
			if (tick == 50)
				assert_in_range(comfort_level(linear, 160), 51, 59);
			if (tick == 130)
				assert_in_range(comfort_level(linear, 160), 18, 22);
		}
	assert_in_range(w.noises, 6, 30);
	assert_in_range(w.audio, 150, 150 + 2 * 12 + 12);
	assert_int_equal(w.markers, 3);
	assert_int_equal(p.jitter.stats.stray, 0);
	assert_int_equal(jitter_lost(&p.jitter), 0);
	capture_release(&c);
}

static void init_one(void *arg)
{
	struct capture c = {0};
	struct capture_config config = plain;
	config.events = true;
	int rc = capture_init(&c, &config);
	assert_true(rc == 0 || rc == -ENOMEM);
	capture_release(&c);
}

static void memory_may_run_out(void **state)
{
	each_allocation_fails(init_one, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(octets_are_sent_as_they_came),
		cmocka_unit_test(the_law_is_converted_where_it_differs),
		cmocka_unit_test(what_cannot_be_is_refused),
		cmocka_unit_test(digits_go_across_as_events),
		cmocka_unit_test(what_is_cut_is_silence_in_the_law_of_the_peer),
		cmocka_unit_test(data_is_not_listened_to),
		cmocka_unit_test(silence_is_sent_as_its_level),
		cmocka_unit_test(memory_may_run_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
