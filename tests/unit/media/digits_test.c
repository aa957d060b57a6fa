// SPDX-License-Identifier: GPL-3.0-or-later
/* Digits as tones: made and heard again, short, weak, fast; speech makes none. */
#include "unit.h"
#include "base/buf.h"
#include "media/digits.h"
#include "media/g711.h"
#include <stdio.h>
#include <stdlib.h>

struct heard {
	char digits[200];
	unsigned n, ends;
};

static void on_digit(void *arg, char digit, int level)
{
	struct heard *h = arg;
	if (!digit) {
		h->ends++;
		return;
	}
	assert_true(h->n < sizeof h->digits - 1);
	h->digits[h->n++] = digit;
	assert_in_range(level + 60, 0, 70);
}

/* Through A-law, as on a line, in chunks of a millisecond. */
static void hear(struct digit_receiver *r, int16_t *linear, size_t n)
{
	for (size_t i = 0; i < n; i++)
		linear[i] = law_linear[LAW_A][law_octet(LAW_A, linear[i])];
	digit_receiver_hear(r, linear, n);
}

static void send(struct digit_sender *s, struct digit_receiver *r, const char *digits, struct heard *h)
{
	int16_t linear[8];
	unsigned quiet = 0;
	memset(h, 0, sizeof *h);
	assert_int_equal(digit_sender_put(s, slice_str(digits)), strlen(digits));
	while (quiet < 100) {
		quiet = digit_sender_make(s, linear, 8) ? 0 : quiet + 1;
		hear(r, linear, 8);
	}
}

static void short_pauses_and_weak_tones(void **state)
{
	struct heard h;
	struct digit_receiver *r = digit_receiver_new(DIGIT_DTMF, on_digit, &h);
	for (int level = -4; level >= -24; level -= 4) {
		struct digit_sender *s = digit_sender_new(DIGIT_DTMF);
		digit_sender_shape(s, 40, 40, level);
		send(s, r, "1234567890*#ABCD1122334455", &h);
		assert_string_equal(h.digits, "1234567890*#ABCD1122334455");
		assert_int_equal(h.ends, h.n);
		assert_false(digit_receiver_suspects(r));
		mem_deref(s);
	}
	mem_deref(r);
}

/* A long digit is one, and is known to go on for all of its length. */
static void a_long_digit_is_one(void **state)
{
	struct heard h = {0};
	struct digit_receiver *r = digit_receiver_new(DIGIT_DTMF, on_digit, &h);
	struct digit_sender *s = digit_sender_new(DIGIT_DTMF);
	int16_t linear[8];
	unsigned on = 0;
	digit_sender_shape(s, 1000, 50, -10);
	digit_sender_put(s, SLICE("7"));
	for (unsigned ms = 0; ms < 1100; ms++) {
		digit_sender_make(s, linear, 8);
		hear(r, linear, 8);
		on += digit_receiver_suspects(r);
	}
	assert_string_equal(h.digits, "7");
	assert_int_equal(h.ends, 1);
	assert_in_range(on, 960, 1020);
	mem_deref(r);
	mem_deref(s);
}

static void mf_is_heard(void **state)
{
	struct heard h;
	struct digit_receiver *r = digit_receiver_new(DIGIT_MF, on_digit, &h);
	struct digit_sender *s = digit_sender_new(DIGIT_MF);
	send(s, r, "*1234567890#", &h);
	assert_string_equal(h.digits, "*1234567890#");
	mem_deref(r);
	mem_deref(s);
}

static void r2_is_compelled(void **state)
{
	for (enum digit_kind kind = DIGIT_R2_FORWARD; kind <= DIGIT_R2_BACKWARD; kind++) {
		struct heard h = {0};
		struct digit_receiver *r = digit_receiver_new(kind, on_digit, &h);
		struct digit_sender *s = digit_sender_new(kind);
		int16_t linear[8];
		for (const char *digit = "1234567890BCDEF"; *digit; digit++) {
			digit_sender_put(s, slice_of(digit, 1));
			for (unsigned ms = 0; ms < 150; ms++) {
				digit_sender_make(s, linear, 8);
				hear(r, linear, 8);
			}
			assert_true(digit_receiver_suspects(r));
			assert_int_equal(h.digits[h.n - 1], *digit);
			digit_sender_put(s, SLICE(""));
			for (unsigned ms = 0; ms < 100; ms++) {
				digit_sender_make(s, linear, 8);
				hear(r, linear, 8);
			}
			assert_false(digit_receiver_suspects(r));
		}
		assert_string_equal(h.digits, "1234567890BCDEF");
		mem_deref(r);
		mem_deref(s);
	}
}

static void speech_makes_no_digit(void **state)
{
	static const char *const files[] = {"dam9.wav", "short_nb_voice.wav"};
	const char *dir = getenv("TANDEM_CORPORA");
	for (unsigned i = 0; i < 2; i++) {
		char path[300];
		int16_t linear[80];
		struct heard h = {0};
		snprintf(path, sizeof path, "%s/spandsp-local-voice/test-data/local/%s", dir ? dir : "../shared/corpora", files[i]);
		FILE *f = fopen(path, "rb");
		if (!f) {
			print_message("SKIP: no %s\n", path);
			skip();
		}
		struct digit_receiver *r = digit_receiver_new(DIGIT_DTMF, on_digit, &h);
		size_t n, all = 0;
		fseek(f, 44, SEEK_SET);
		while ((n = fread(linear, sizeof *linear, 80, f)) > 0) {
			hear(r, linear, n);
			all += n;
		}
		fclose(f);
		mem_deref(r);
		assert_true(all > 8000);
		assert_int_equal(h.n, 0);
	}
}

static void make_all(void *arg)
{
	struct heard h = {0};
	for (enum digit_kind kind = DIGIT_DTMF; kind <= DIGIT_R2_BACKWARD; kind++) {
		mem_deref(digit_receiver_new(kind, on_digit, &h));
		mem_deref(digit_sender_new(kind));
	}
}

static void memory_may_run_out(void **state)
{
	each_allocation_fails(make_all, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_pauses_and_weak_tones), cmocka_unit_test(a_long_digit_is_one),
		cmocka_unit_test(mf_is_heard),                 cmocka_unit_test(r2_is_compelled),
		cmocka_unit_test(speech_makes_no_digit),       cmocka_unit_test(memory_may_run_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
