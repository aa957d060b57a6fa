// SPDX-License-Identifier: GPL-3.0-or-later
/* What modems and fax machines begin with: each kind is known from the others, weak ones too; digits, tones and speech are none of it. */
#include "unit.h"
#include "media/digits.h"
#include "media/g711.h"
#include "media/tones.h"
#include "media/voiceband.h"
#include <spandsp/telephony.h>
#include <spandsp/super_tone_rx.h>
#include <spandsp/modem_connect_tones.h>
#include <spandsp/async.h>
#include <spandsp/fsk.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct heard {
	unsigned kinds[VOICEBAND_KINDS];
	enum voiceband last;
	unsigned at, first; /* ms */
};

static void on_heard(void *arg, enum voiceband kind)
{
	struct heard *h = arg;
	if (kind && !h->first)
		h->first = h->at;
	h->kinds[kind]++;
	h->last = kind;
}

static void hear(struct voiceband_detector *d, struct heard *h, int16_t *linear, int shift)
{
	for (unsigned i = 0; i < 8; i++)
		linear[i] = law_linear[LAW_U][law_octet(LAW_U, (int16_t)(linear[i] >> shift))];
	voiceband_hear(d, linear, 8);
	h->at++;
}

/* Three seconds of a tone that spandsp makes. */
static void listen(int tone, int shift, bool fax, struct heard *h)
{
	int16_t linear[8];
	modem_connect_tones_tx_state_t *tx = modem_connect_tones_tx_init(NULL, tone);
	memset(h, 0, sizeof *h);
	struct voiceband_detector *d = voiceband_new(fax, on_heard, h);
	for (unsigned ms = 0; ms < 3000; ms++) {
		memset(linear, 0, sizeof linear);
		modem_connect_tones_tx(tx, linear, 8);
		hear(d, h, linear, shift);
	}
	modem_connect_tones_tx_free(tx);
	mem_deref(d);
}

static void each_answer_tone_is_known(void **state)
{
	static const struct {
		int tone;
		enum voiceband want;
	} rows[] = {
		{MODEM_CONNECT_TONES_ANS, VOICEBAND_ANSWER},
		{MODEM_CONNECT_TONES_ANS_PR, VOICEBAND_ANSWER_REVERSED},
		{MODEM_CONNECT_TONES_ANSAM, VOICEBAND_V8},
		{MODEM_CONNECT_TONES_ANSAM_PR, VOICEBAND_V8_REVERSED},
	};
	for (unsigned i = 0; i < 4; i++)
		for (int shift = 0; shift < 4; shift++) {
			struct heard h;
			listen(rows[i].tone, shift, false, &h);
			assert_true(h.kinds[rows[i].want] >= 1);
			for (unsigned k = VOICEBAND_ANSWER; k <= VOICEBAND_V8_REVERSED; k++)
				assert_true(k == rows[i].want || !h.kinds[k]);
			assert_in_range(h.first, 1, 2600);
		}
}

/* 20 dB below the tone. */
static void a_noisy_line_hides_none(void **state)
{
	static const int tones[] = {MODEM_CONNECT_TONES_ANS, MODEM_CONNECT_TONES_ANSAM_PR, MODEM_CONNECT_TONES_FAX_CNG};
	for (unsigned i = 0; i < 3; i++) {
		struct heard h = {0};
		int16_t linear[8];
		modem_connect_tones_tx_state_t *tx = modem_connect_tones_tx_init(NULL, tones[i]);
		struct voiceband_detector *d = voiceband_new(true, on_heard, &h);
		uint32_t random = 1;
		for (unsigned ms = 0; ms < 3000; ms++) {
			memset(linear, 0, sizeof linear);
			modem_connect_tones_tx(tx, linear, 8);
			for (unsigned k = 0; k < 8; k++) {
				random = random * 1664525 + 1013904223;
				linear[k] = (int16_t)(linear[k] + (int16_t)(random >> 16) / 40);
			}
			hear(d, &h, linear, 1);
		}
		modem_connect_tones_tx_free(tx);
		mem_deref(d);
		assert_true(h.first);
	}
}

static void a_calling_fax_is_known(void **state)
{
	struct heard h;
	listen(MODEM_CONNECT_TONES_FAX_CNG, 1, true, &h);
	assert_true(h.kinds[VOICEBAND_FAX_CALLING] >= 1);
	assert_int_equal(h.kinds[VOICEBAND_ANSWER], 0);
}

/* Flags of HDLC, 01111110, as a fax machine sends them before its first frame. */
static int flag_bit(void *arg)
{
	unsigned *at = arg;
	unsigned bit = (*at)++ % 8;
	return bit > 0 && bit < 7;
}

static void the_first_frame_of_a_fax_is_known(void **state)
{
	struct heard h = {0};
	unsigned at = 0;
	int16_t linear[8];
	struct voiceband_detector *d = voiceband_new(true, on_heard, &h);
	fsk_tx_state_t *tx = fsk_tx_init(NULL, &preset_fsk_specs[FSK_V21CH2], flag_bit, &at);
	for (unsigned ms = 0; ms < 1000; ms++) {
		fsk_tx(tx, linear, 8);
		hear(d, &h, linear, 1);
	}
	fsk_tx_free(tx);
	mem_deref(d);
	assert_true(h.kinds[VOICEBAND_FAX] >= 1);
	assert_int_equal(h.kinds[VOICEBAND_ANSWER], 0);
}

static void nothing_else_is_taken_for_it(void **state)
{
	struct heard h = {0};
	struct voiceband_detector *d = voiceband_new(true, on_heard, &h);
	struct digit_sender *s = digit_sender_new(DIGIT_DTMF);
	int16_t linear[8];
	digit_sender_put(s, SLICE("1234567890*#ABCD"));
	while (digit_sender_make(s, linear, 8))
		hear(d, &h, linear, 0);
	for (unsigned signal = 0; signal < TONE_SIGNALS; signal++) {
		struct tone t;
		struct tone_player p;
		tone_of(&t, SLICE("us"), signal);
		tone_start(&p, &t);
		for (unsigned ms = 0; ms < 3000; ms++) {
			tone_make(&p, linear, 8);
			hear(d, &h, linear, 0);
		}
	}
	for (unsigned k = 1; k < VOICEBAND_KINDS; k++)
		assert_int_equal(h.kinds[k], 0);
	mem_deref(d);
	mem_deref(s);
}

static void speech_is_none(void **state)
{
	char path[300];
	int16_t linear[8];
	const char *dir = getenv("TANDEM_CORPORA");
	struct heard h = {0};
	snprintf(path, sizeof path, "%s/spandsp-local-voice/test-data/local/short_nb_voice.wav", dir ? dir : "../shared/corpora");
	FILE *f = fopen(path, "rb");
	if (!f) {
		print_message("SKIP: no %s\n", path);
		skip();
	}
	struct voiceband_detector *d = voiceband_new(true, on_heard, &h);
	fseek(f, 44, SEEK_SET);
	while (fread(linear, sizeof *linear, 8, f) == 8)
		hear(d, &h, linear, 0);
	fclose(f);
	mem_deref(d);
	for (unsigned k = 1; k < VOICEBAND_KINDS; k++)
		assert_int_equal(h.kinds[k], 0);
}

static void make_one(void *arg)
{
	struct heard h = {0};
	mem_deref(voiceband_new(true, on_heard, &h));
}

static void memory_may_run_out(void **state)
{
	each_allocation_fails(make_one, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_answer_tone_is_known),
		cmocka_unit_test(a_noisy_line_hides_none), cmocka_unit_test(a_calling_fax_is_known),
		cmocka_unit_test(the_first_frame_of_a_fax_is_known),
		cmocka_unit_test(nothing_else_is_taken_for_it),
		cmocka_unit_test(speech_is_none),
		cmocka_unit_test(memory_may_run_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
