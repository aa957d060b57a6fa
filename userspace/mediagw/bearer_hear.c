// SPDX-License-Identifier: GPL-3.0-or-later
/* What is heard: on the line what was asked for, and on both sides whether a modem begins. */
#include "mediagw/bearer_private.h"
#include "base/mem.h"
#include <errno.h>

#define PATTERN 160 /* octets that make one */

/* --- ears ---------------------------------------------------------------------------------------------------------- */

void bearer_tell_digit(struct bearer *b, char digit)
{
	span_thread_heard(b, &(struct heard){.kind = HEARD_DIGIT, .digit = digit});
}

void bearer_hear_digit(void *bearer, char digit, int level)
{
	struct bearer *b = bearer;
	if (!b->mix)
		bearer_tell_digit(b, digit);
}

static void on_register_tone(void *arg, char digit, int level)
{
	struct ears *e = arg;
	e->bearer->first.count[BEARER_DIGITS] += digit != '\0';
	bearer_tell_digit(e->bearer, digit);
}

static void on_caller(void *arg, const struct caller_id *c)
{
	struct ears *e = arg;
	span_thread_heard(e->bearer, &(struct heard){.kind = HEARD_CALLER_ID, .caller = *c});
}

static void on_tone(void *arg, enum tone_signal signal, bool begun)
{
	struct ears *e = arg;
	span_thread_heard(e->bearer, &(struct heard){.kind = HEARD_TONE, .tone = signal, .begun = begun});
}

static void on_voice(void *arg, bool speaks)
{
	struct ears *e = arg;
	span_thread_heard(e->bearer, &(struct heard){.kind = HEARD_VOICE, .begun = speaks});
}

static void on_test_tone(struct bearer *b, enum bearer_side side, enum test_tone tone, bool begun)
{
	span_thread_heard(b, &(struct heard){.kind = HEARD_TEST_TONE, .side = side, .test_tone = tone, .begun = begun});
}

static void on_line_test(void *arg, enum test_tone tone, bool begun)
{
	struct ears *e = arg;
	on_test_tone(e->bearer, BEARER_LINE, tone, begun);
}

static void on_network_test(void *arg, enum test_tone tone, bool begun)
{
	struct ears *e = arg;
	on_test_tone(e->bearer, BEARER_NETWORK, tone, begun);
}

static void ears_destroy(void *obj)
{
	struct ears *e = obj;
	mem_deref(e->digits);
	mem_deref(e->caller);
	mem_deref(e->progress);
}

int ears_new(struct ears **ret, struct bearer *b, const struct bearer_ears *want)
{
	struct ears *e = mem_alloc(sizeof *e, ears_destroy);
	if (!e)
		return -ENOMEM;
	e->bearer = b;
	e->want = *want;
	test_tones_init(&e->tests[BEARER_LINE], on_line_test, e);
	test_tones_init(&e->tests[BEARER_NETWORK], on_network_test, e);
	voice_init(&e->voice, on_voice, e);
	if (want->register_tones)
		e->digits = digit_receiver_new(want->kind, on_register_tone, e);
	if (want->caller_id)
		e->caller = caller_id_receiver_new(want->modem, on_caller, e);
	int err = (want->register_tones && !e->digits) || (want->caller_id && !e->caller) ? -ENOMEM : 0;
	if (!err && *want->country)
		err = progress_new(&e->progress, slice_str(want->country), on_tone, e);
	if (err)
		mem_deref(e);
	else
		*ret = e;
	return err;
}

void ears_go_on(struct ears *e, const struct ears *was)
{
	if (!e->want.voice || !was->want.voice)
		return;
	e->voice = was->voice;
	e->voice.arg = e;
}

static void hear_pattern(struct ears *e, const uint8_t *octets, size_t n)
{
	for (size_t i = 0; i < n; i++)
		e->repeated = octets[i] == e->want.octet ? e->repeated + 1 : 0;
	if (e->repeated >= PATTERN && !e->pattern_told)
		span_thread_heard(e->bearer, &(struct heard){.kind = HEARD_PATTERN});
	e->pattern_told = e->repeated >= PATTERN;
}

static void hear_all(struct ears *e, const int16_t *linear, size_t n)
{
	if (e->digits)
		digit_receiver_hear(e->digits, linear, n);
	if (e->caller)
		caller_id_receiver_hear(e->caller, linear, n);
	if (e->progress)
		progress_hear(e->progress, linear, n);
	if (e->want.test_tones[BEARER_LINE])
		test_tones_hear(&e->tests[BEARER_LINE], linear, n);
	if (e->want.voice)
		voice_hear(&e->voice, linear, n);
}

/* --- modems -------------------------------------------------------------------------------------------------------- */

void bearer_cancel_echo(struct bearer *b)
{
	bool on = bearer_connected(b) && b->first.c.echo && b->p.tail && !b->transparent && !b->lost;
	if (on != b->cancelling && !b->p.driver->cancel_echo(b->p.fd, on ? b->p.tail : 0))
		b->cancelling = on;
}

/* RFC 3435 2.3.5: canceller, concealment and silence suppression off, and the buffer as it is, until the call ends. A fax machine that calls says only what it is. */
static void on_voiceband(void *arg, enum voiceband kind)
{
	struct bearer *b = arg;
	if (kind == VOICEBAND_NONE)
		return;
	span_thread_heard(b, &(struct heard){.kind = HEARD_VOICEBAND, .voiceband = kind});
	if (kind == VOICEBAND_FAX_CALLING || b->transparent)
		return;
	b->transparent = true;
	playout_transparent(&b->first.playout);
	capture_transparent(b->first.capture);
	bearer_cancel_echo(b);
}

int bearer_detectors(struct voiceband_detector *ret[BEARER_SIDES], struct bearer *b)
{
	for (unsigned i = 0; i < BEARER_SIDES; i++) {
		ret[i] = voiceband_new(true, on_voiceband, b);
		if (!ret[i])
			return -ENOMEM;
	}
	return 0;
}

/* Of a call that carries data it is known, and several parties cannot. */
static struct voiceband_detector *detector_of(const struct bearer *b, enum bearer_side side)
{
	return bearer_connected(b) && !b->transparent && !b->mix ? b->detector[side] : NULL;
}

void bearer_hear_line(struct bearer *b, const uint8_t *octets, size_t n)
{
	struct voiceband_detector *d = detector_of(b, BEARER_LINE);
	int16_t linear[BLOCK_MAX];
	if (!d && !b->ears)
		return;
	law_decode(b->p.law, linear, octets, n);
	if (d)
		voiceband_hear(d, linear, n);
	if (b->ears)
		hear_all(b->ears, linear, n);
	if (b->ears && b->ears->want.pattern)
		hear_pattern(b->ears, octets, n);
}

void bearer_hear_network(struct bearer *b, const uint8_t *octets, size_t n)
{
	struct voiceband_detector *d = detector_of(b, BEARER_NETWORK);
	int16_t linear[BLOCK_MAX];
	if (!d)
		return;
	law_decode(b->p.law, linear, octets, n);
	voiceband_hear(d, linear, n);
}

void bearer_hear_packet(struct bearer *b, enum law law, const uint8_t *octets, size_t n)
{
	int16_t linear[CAPTURE_PTIME];
	if (!b->ears || !b->ears->want.test_tones[BEARER_NETWORK] || n > CAPTURE_PTIME)
		return;
	law_decode(law, linear, octets, n);
	test_tones_hear(&b->ears->tests[BEARER_NETWORK], linear, n);
}
