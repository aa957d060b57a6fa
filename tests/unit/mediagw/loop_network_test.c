// SPDX-License-Identifier: GPL-3.0-or-later
/* Test calls through an exchange: it gives dial tone or winks, takes a number, rings or seizes the other end, says who calls, and tells of the answer and the end. */
#include "unit.h"
#include "base/mem.h"
#include "media/progress.h"
#include "mediagw/loop_test.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK  160
#define BEGINS 200 /* blocks: the lines are at rest before */
#define NUMBER "2121"
#define CALLER "5550199"

#define SET(c) (1u << (c))
#define VOICE  (SET(LOOP_SLIPS + 1) - SET(LOOP_DIGITS_FORTH))

struct exchange {
	struct loop_test *test;
	unsigned blocks;
	enum tdm_use use[LOOP_SIDES];
	/* What is wrong with it. */
	bool mute, no_dial_tone, no_caller;
	const char *shows, *leads_to; /* somebody else */
	/* Its calls. */
	bool off_hook[LOOP_SIDES], up;
	unsigned hooks[LOOP_SIDES];
	unsigned due, event_side;     /* block at which ... */
	enum tdm_event_kind event;    /* ... this is seen there */
	char dialled[16];
	struct digit_receiver *receiver;
	struct digit_sender *sender;
	struct caller_id_sender *teller;
	unsigned tells_at;
	struct tone tone;
	struct tone_player player;
	bool dial_tone;
};

static void later(struct exchange *x, unsigned blocks, enum loop_side side, enum tdm_event_kind event)
{
	assert_int_equal(x->event, TDM_NO_EVENT);
	x->due = x->blocks + blocks;
	x->event_side = side;
	x->event = event;
}

/* The number is known: the other end hears of it. */
static void lead(struct exchange *x)
{
	bool rings = x->use[LOOP_CALLED] == TDM_USE_FXO;
	const struct caller_id id = {.number_absent = CALLER_ID_KNOWN};
	struct caller_id who = id;
	snprintf(who.number, sizeof who.number, "%s", x->shows ? x->shows : CALLER);
	if (x->mute)
		return;
	if (x->use[LOOP_CALLED] == TDM_USE_BEARER)
		loop_test_caller(x->test, x->no_caller ? "" : who.number);
	later(x, 10, LOOP_CALLED, rings ? TDM_EV_RING_BEGIN : TDM_EV_OFFHOOK);
	if (rings && !x->no_caller) {
		x->teller = caller_id_sender_new(CALLER_ID_BELL, &who, true);
		x->tells_at = x->blocks + 120;
	}
}

static void on_digit(void *arg, char digit, int level)
{
	struct exchange *x = arg;
	size_t n = strlen(x->dialled);
	if (!digit || n + 1 >= sizeof x->dialled)
		return;
	x->dial_tone = false;
	x->dialled[n] = digit;
	x->dialled[n + 1] = '\0';
	if (!strcmp(x->dialled, NUMBER))
		lead(x);
}

static void collect(struct exchange *x)
{
	x->receiver = digit_receiver_new(DIGIT_DTMF, on_digit, x);
	if (x->use[LOOP_CALLER] == TDM_USE_EM)
		later(x, 5, LOOP_CALLER, TDM_EV_WINK_FLASH);
	x->dial_tone = x->use[LOOP_CALLER] == TDM_USE_FXO && !x->no_dial_tone;
	if (x->dial_tone && !tone_of(&x->tone, SLICE("us"), TONE_DIAL))
		tone_start(&x->player, &x->tone);
}

static void goes_off_hook(struct exchange *x, enum loop_side side)
{
	static const enum tdm_event_kind answers[] = {[TDM_USE_BEARER] = TDM_EV_OFFHOOK, [TDM_USE_EM] = TDM_EV_OFFHOOK, [TDM_USE_FXO] = TDM_EV_POLARITY};
	x->off_hook[side] = true;
	if (side == LOOP_CALLER && x->use[side] == TDM_USE_BEARER)
		lead(x);
	else if (side == LOOP_CALLER && x->use[side] != TDM_USE_FXS)
		collect(x);
	else if (side == LOOP_CALLED)
		later(x, 5, LOOP_CALLER, answers[x->use[LOOP_CALLER]]);
}

/* What is the line's of the number. */
static void dial(struct exchange *x)
{
	x->sender = digit_sender_new(DIGIT_DTMF);
	if (x->sender)
		digit_sender_put(x->sender, slice_str(x->leads_to ? x->leads_to : NUMBER + 2));
}

static int on_hook(void *arg, enum loop_side side, enum tdm_hook what)
{
	struct exchange *x = arg;
	x->hooks[side]++;
	if (what == TDM_RING) { /* it goes off hook, and may be dialled */
		collect(x);
		later(x, 5, side, TDM_EV_OFFHOOK);
	}
	if (what == TDM_OFFHOOK)
		goes_off_hook(x, side);
	if (what == TDM_WINK)
		dial(x);
	if (what == TDM_ONHOOK && side == (x->use[LOOP_CALLER] == TDM_USE_FXS ? LOOP_CALLED : LOOP_CALLER))
		later(x, 5, side == LOOP_CALLER ? LOOP_CALLED : LOOP_CALLER, TDM_EV_ONHOOK);
	if (what == TDM_ONHOOK)
		x->off_hook[side] = false;
	return 0;
}

static void carry(struct exchange *x, const int16_t *said, int16_t *heard, enum loop_side to)
{
	memset(heard, 0, BLOCK * sizeof *heard);
	if (x->off_hook[LOOP_CALLED])
		memcpy(heard, said, BLOCK * sizeof *heard);
	if (to == LOOP_CALLED && x->teller && !x->off_hook[LOOP_CALLED] && x->blocks >= x->tells_at)
		caller_id_sender_make(x->teller, heard, BLOCK);
	if (to == LOOP_CALLED && x->sender && !x->off_hook[LOOP_CALLED])
		digit_sender_make(x->sender, heard, BLOCK);
	if (to == LOOP_CALLER && x->dial_tone)
		tone_make(&x->player, heard, BLOCK);
	if (to == LOOP_CALLED && x->receiver && !x->off_hook[LOOP_CALLED])
		digit_receiver_hear(x->receiver, said, BLOCK);
}

static void block(struct exchange *x, uint8_t in[LOOP_SIDES][BLOCK])
{
	uint8_t out[LOOP_SIDES][BLOCK];
	int16_t said[LOOP_SIDES][BLOCK], heard[BLOCK];
	if (x->event && x->blocks >= x->due) {
		enum tdm_event_kind event = x->event;
		x->event = TDM_NO_EVENT;
		if (event == TDM_EV_OFFHOOK && x->event_side == LOOP_CALLED && x->use[LOOP_CALLED] == TDM_USE_FXS)
			dial(x);
		loop_test_event(x->test, x->event_side, event);
	}
	loop_test_block(x->test, (const uint8_t *const[]){in[0], in[1]}, (uint8_t *const[]){out[0], out[1]}, BLOCK);
	for (unsigned side = 0; side < LOOP_SIDES; side++)
		law_decode(LAW_U, said[side], out[side], BLOCK);
	for (unsigned side = 0; side < LOOP_SIDES; side++) {
		carry(x, said[side == LOOP_CALLER ? LOOP_CALLED : LOOP_CALLER], heard, side);
		law_encode(LAW_U, in[side], heard, BLOCK);
	}
	x->blocks++;
}

static struct loop_end end_of(enum tdm_use use)
{
	return (struct loop_end){
		.use = use, .law = LAW_U, .tells_caller = true, .tells_answer = true, .tells_end = true, .modem = CALLER_ID_BELL, .dial_tone_ms = 3000, .country = "us",
	};
}

static void finish(struct exchange *x)
{
	mem_deref(x->test);
	mem_deref(x->receiver);
	mem_deref(x->sender);
	mem_deref(x->teller);
}

/* 0, and the test is over; or what loop_test_new() says. */
static int run_with(struct exchange *x, struct loop_params *p)
{
	uint8_t in[LOOP_SIDES][BLOCK];
	x->use[0] = p->end[0].use;
	x->use[1] = p->end[1].use;
	p->hook = on_hook;
	p->arg = x;
	if (!p->number)
		p->number = NUMBER;
	loop_bounds(p->bound);
	int err = loop_test_new(&x->test, p);
	if (err)
		return err;
	memset(in, law_idle[LAW_U], sizeof in);
	while (!loop_test_over(x->test) && x->blocks < 4000)
		block(x, in);
	assert_true(loop_test_over(x->test));
	return 0;
}

static struct loop_params pair(enum tdm_use caller, enum tdm_use called)
{
	return (struct loop_params){.end = {end_of(caller), end_of(called)}, .caller = CALLER};
}

static int run(struct exchange *x, enum tdm_use caller, enum tdm_use called)
{
	struct loop_params p = pair(caller, called);
	return run_with(x, &p);
}

static unsigned checks(const struct exchange *x, enum loop_verdict verdict)
{
	unsigned set = 0;
	for (unsigned c = 0; c < LOOP_CHECKS; c++)
		set |= (unsigned)(loop_test_result(x->test, c)->verdict == verdict) << c;
	return set;
}

/* Everything that such a pair shows is checked; of everything else it is said why not. */
static void each_pair_has_its_checks(void **state)
{
	static const unsigned always = VOICE | SET(LOOP_SEIZURE) | SET(LOOP_CLEARING), answer = SET(LOOP_ANSWER);
	static const struct {
		enum tdm_use use[2];
		unsigned more;
	} rows[] = {
		{{TDM_USE_BEARER, TDM_USE_FXO}, answer | SET(LOOP_CALLER_ID)},
		{{TDM_USE_BEARER, TDM_USE_EM}, answer},
		{{TDM_USE_BEARER, TDM_USE_FXS}, answer},
		{{TDM_USE_FXO, TDM_USE_BEARER}, answer | SET(LOOP_START) | SET(LOOP_CALLER_ID)},
		{{TDM_USE_EM, TDM_USE_BEARER}, answer | SET(LOOP_START) | SET(LOOP_CALLER_ID)},
		{{TDM_USE_FXS, TDM_USE_BEARER}, SET(LOOP_START) | SET(LOOP_CALLER_ID)},
		{{TDM_USE_FXO, TDM_USE_FXO}, answer | SET(LOOP_START) | SET(LOOP_CALLER_ID)},
		{{TDM_USE_FXO, TDM_USE_EM}, answer | SET(LOOP_START)},
		{{TDM_USE_EM, TDM_USE_FXO}, answer | SET(LOOP_START) | SET(LOOP_CALLER_ID)},
		{{TDM_USE_EM, TDM_USE_EM}, answer | SET(LOOP_START)},
		{{TDM_USE_FXS, TDM_USE_FXS}, SET(LOOP_START)},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct exchange x = {0};
		assert_int_equal(run(&x, rows[i].use[0], rows[i].use[1]), 0);
		for (unsigned c = 0; c < LOOP_CHECKS; c++) {
			const struct loop_result *r = loop_test_result(x.test, c);
			if (r->verdict == LOOP_FAILED)
				fail_msg("row %zu: %s: %f %s", i, loop_checks[c].name, r->value, r->why);
			if (r->verdict == LOOP_NOT_MADE && !*r->why)
				fail_msg("row %zu: it is not said why %s is not checked", i, loop_checks[c].name);
		}
		if (checks(&x, LOOP_PASSED) != (always | rows[i].more))
			fail_msg("row %zu: %#x, not %#x", i, checks(&x, LOOP_PASSED), always | rows[i].more);
		assert_false(x.off_hook[LOOP_CALLER] || x.off_hook[LOOP_CALLED]);
		finish(&x);
	}
}

static void what_lines_do_not_tell_is_not_checked(void **state)
{
	struct exchange x = {0};
	struct loop_params p = pair(TDM_USE_FXO, TDM_USE_FXO);
	p.end[LOOP_CALLER].tells_answer = p.end[LOOP_CALLED].tells_end = p.end[LOOP_CALLED].tells_caller = false;
	assert_int_equal(run_with(&x, &p), 0);
	assert_int_equal(checks(&x, LOOP_NOT_MADE), SET(LOOP_ANSWER) | SET(LOOP_CALLER_ID) | SET(LOOP_CLEARING));
	assert_string_equal(loop_test_result(x.test, LOOP_ANSWER)->why, "these lines do not tell of an answer");
	finish(&x);
	/* Who is right is not known. */
	x = (struct exchange){0};
	p = pair(TDM_USE_FXO, TDM_USE_BEARER);
	p.caller = "";
	assert_int_equal(run_with(&x, &p), 0);
	assert_int_equal(checks(&x, LOOP_NOT_MADE), SET(LOOP_CALLER_ID));
	assert_string_equal(loop_test_result(x.test, LOOP_CALLER_ID)->why, "5550199 is told, and nobody has said who it is to be");
	finish(&x);
	x = (struct exchange){.shows = ""};
	p = pair(TDM_USE_EM, TDM_USE_FXO);
	p.caller = "";
	assert_int_equal(run_with(&x, &p), 0);
	assert_int_equal(checks(&x, LOOP_NOT_MADE), SET(LOOP_CALLER_ID));
	assert_int_equal(checks(&x, LOOP_FAILED), 0);
	finish(&x);
}

static void expect(struct exchange *x, enum tdm_use caller, enum tdm_use called, enum loop_check failed, const char *why)
{
	assert_int_equal(run(x, caller, called), 0);
	assert_int_equal(checks(x, LOOP_FAILED), SET(failed));
	assert_string_equal(loop_test_result(x->test, failed)->why, why);
	assert_false(loop_test_was_disturbed(x->test));
	/* Nothing else was tried. */
	assert_false(checks(x, LOOP_PASSED) & VOICE);
	assert_false(x->off_hook[LOOP_CALLED]);
	finish(x);
}

static void one_reason_is_told_when_there_is_no_call(void **state)
{
	struct exchange x = {.mute = true};
	expect(&x, TDM_USE_BEARER, TDM_USE_FXO, LOOP_SEIZURE, "nothing is heard of it");
	x = (struct exchange){.mute = true};
	expect(&x, TDM_USE_EM, TDM_USE_BEARER, LOOP_SEIZURE, "nothing is heard of it");
	x = (struct exchange){.no_dial_tone = true};
	expect(&x, TDM_USE_FXO, TDM_USE_BEARER, LOOP_START, "there is no dial tone");
}

/* Somebody else's call is not answered by a test. */
static void another_call_is_left_alone(void **state)
{
	struct exchange x = {.shows = "0891234"};
	expect(&x, TDM_USE_BEARER, TDM_USE_FXO, LOOP_CALLER_ID, "0891234 is told");
	x = (struct exchange){.leads_to = "77"};
	expect(&x, TDM_USE_BEARER, TDM_USE_EM, LOOP_SEIZURE, "a call came in for 77");
	/* It comes before the test has begun. */
	static const enum tdm_event_kind kinds[] = {TDM_EV_RING_BEGIN, TDM_EV_OFFHOOK};
	for (size_t i = 0; i < 2; i++) {
		x = (struct exchange){.event = kinds[i], .event_side = LOOP_CALLED, .due = 20};
		assert_int_equal(run(&x, TDM_USE_BEARER, TDM_USE_FXO), 0);
		assert_true(loop_test_was_disturbed(x.test));
		assert_int_equal(x.hooks[LOOP_CALLER] + x.hooks[LOOP_CALLED], 0);
		finish(&x);
	}
}

/* An exchange that tells nobody's number; the call is the test's as far as anybody can tell. */
static void a_number_that_is_not_shown_fails_only_that(void **state)
{
	static const enum tdm_use called[] = {TDM_USE_FXO, TDM_USE_BEARER};
	for (size_t i = 0; i < 2; i++) {
		struct exchange x = {.no_caller = true};
		assert_int_equal(run(&x, i ? TDM_USE_FXO : TDM_USE_BEARER, called[i]), 0);
		assert_int_equal(checks(&x, LOOP_FAILED), SET(LOOP_CALLER_ID));
		assert_string_equal(loop_test_result(x.test, LOOP_CALLER_ID)->why, "no number is told");
		finish(&x);
	}
}

/* What the call's other signalling says of its end. */
static void a_call_that_is_cleared_elsewhere(void **state)
{
	static const struct {
		unsigned blocks;
		unsigned failed;
	} rows[] = {{BEGINS, SET(LOOP_SEIZURE)}, {BEGINS + 200, VOICE}};
	for (size_t i = 0; i < 2; i++) {
		struct exchange x = {.use = {TDM_USE_BEARER, TDM_USE_EM}, .mute = i == 0};
		struct loop_params p = pair(TDM_USE_BEARER, TDM_USE_EM);
		uint8_t in[LOOP_SIDES][BLOCK];
		p.hook = on_hook;
		p.arg = &x;
		p.number = NUMBER;
		loop_bounds(p.bound);
		assert_int_equal(loop_test_new(&x.test, &p), 0);
		memset(in, law_idle[LAW_U], sizeof in);
		while (x.blocks < rows[i].blocks && !loop_test_over(x.test))
			block(&x, in);
		if (!loop_test_over(x.test))
			loop_test_cleared(x.test, LOOP_CALLER, "cleared with cause 41");
		assert_true(loop_test_over(x.test));
		assert_true(checks(&x, LOOP_FAILED) & rows[i].failed);
		finish(&x);
	}
}

static void what_cannot_be_dialled_is_refused(void **state)
{
	static const struct {
		enum tdm_use caller;
		enum digit_kind digits;
		const char *number;
		int err;
	} rows[] = {
		{TDM_USE_FXO, DIGIT_DTMF, "21x1", -EINVAL}, {TDM_USE_EM, DIGIT_MF, "21#", -EINVAL}, {TDM_USE_FXO, DIGIT_DTMF, "+49", -EINVAL},
		{TDM_USE_CAS, DIGIT_DTMF, "2121", -ENOTSUP},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct exchange x = {0};
		struct loop_params p = pair(rows[i].caller, TDM_USE_BEARER);
		p.end[LOOP_CALLER].digits = rows[i].digits;
		p.number = rows[i].number;
		assert_int_equal(run_with(&x, &p), rows[i].err);
	}
}

static void make(void *arg)
{
	struct exchange x = {0};
	run(&x, TDM_USE_FXO, TDM_USE_EM);
	finish(&x);
}

static void out_of_memory_is_clean(void **state)
{
	each_allocation_fails(make, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_pair_has_its_checks), cmocka_unit_test(what_lines_do_not_tell_is_not_checked), cmocka_unit_test(one_reason_is_told_when_there_is_no_call),
		cmocka_unit_test(another_call_is_left_alone), cmocka_unit_test(a_number_that_is_not_shown_fails_only_that), cmocka_unit_test(a_call_that_is_cleared_elsewhere),
		cmocka_unit_test(what_cannot_be_dialled_is_refused), cmocka_unit_test(out_of_memory_is_clean),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
