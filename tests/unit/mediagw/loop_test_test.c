// SPDX-License-Identifier: GPL-3.0-or-later
/* Test calls over a path that is known: each fault shows in the check that is about it, and in no other. */
#include "unit.h"
#include "base/mem.h"
#include "media/measure.h"
#include "mediagw/loop_test.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 160
#define PATH  2400 /* octets that a path can hold */

/* A way from one channel to the other, of octets. */
struct way {
	uint8_t octets[PATH];
	size_t delay, at;
	bool cut;
	int loss;   /* dB */
	int slip_at; /* block at which an octet is lost */
};

struct lines {
	struct loop_test *test;
	struct way way[LOOP_SIDES]; /* by who speaks */
	int echo[LOOP_SIDES];       /* dB, 0: none */
	unsigned blocks, hooks;
	int mute;                   /* a hook that nobody sees, by number; -1: none */
	enum loop_side later_side;
	enum tdm_event_kind later[2]; /* what comes of the last one, and what follows */
};

/* What the far end of each kind of line sees. */
static int on_hook(void *arg, enum loop_side side, enum tdm_hook what)
{
	static const struct {
		enum tdm_hook what;
		enum tdm_event_kind sees, then;
	} rows[] = {{TDM_RING, TDM_EV_RING_BEGIN, TDM_EV_OFFHOOK}, {TDM_OFFHOOK, TDM_EV_OFFHOOK, 0}, {TDM_ONHOOK, TDM_EV_ONHOOK, 0}, {TDM_WINK, TDM_EV_WINK_FLASH, 0}};
	struct lines *l = arg;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].what == what && (int)l->hooks != l->mute) {
			l->later_side = side == LOOP_CALLER ? LOOP_CALLED : LOOP_CALLER;
			l->later[0] = rows[i].sees;
			l->later[1] = rows[i].then;
		}
	l->hooks++;
	return 0;
}

static void carry(struct lines *l, enum loop_side from, const uint8_t *said, uint8_t *heard)
{
	struct way *w = &l->way[from];
	int16_t linear[BLOCK];
	law_decode(LAW_A, linear, said, BLOCK);
	for (size_t i = 0; i < BLOCK; i++)
		linear[i] = w->cut ? 0 : (int16_t)(linear[i] >> w->loss);
	if ((int)l->blocks == w->slip_at)
		w->delay--;
	for (size_t i = 0; i < BLOCK; i++) {
		w->octets[(w->at + w->delay) % PATH] = law_octet(LAW_A, linear[i]);
		heard[i] = w->octets[w->at % PATH];
		w->at++;
	}
}

static void add(uint8_t *to, const uint8_t *what, int loss)
{
	for (size_t i = 0; loss && i < BLOCK; i++)
		to[i] = law_octet(LAW_A, (int16_t)(law_linear[LAW_A][to[i]] + (law_linear[LAW_A][what[i]] >> loss)));
}

static void events(struct lines *l)
{
	if (!l->later[0] || l->blocks % 5)
		return;
	enum tdm_event_kind kind = l->later[0];
	l->later[0] = l->later[1];
	l->later[1] = TDM_NO_EVENT;
	loop_test_event(l->test, l->later_side, kind);
}

static int run(struct lines *l, enum tdm_use caller, enum tdm_use called)
{
	struct loop_params p = {.end = {{.use = caller, .law = LAW_A}, {.use = called, .law = LAW_A}}, .hook = on_hook, .arg = l};
	uint8_t in[LOOP_SIDES][BLOCK], out[LOOP_SIDES][BLOCK];
	loop_bounds(p.bound);
	int err = loop_test_new(&l->test, &p);
	if (err)
		return err;
	memset(in, law_idle[LAW_A], sizeof in);
	for (unsigned side = 0; side < LOOP_SIDES; side++)
		memset(l->way[side].octets, law_idle[LAW_A], PATH);
	while (!loop_test_over(l->test) && l->blocks < 2000) {
		uint8_t heard[LOOP_SIDES][BLOCK];
		events(l);
		loop_test_block(l->test, (const uint8_t *const[]){in[0], in[1]}, (uint8_t *const[]){out[0], out[1]}, BLOCK);
		carry(l, LOOP_CALLER, out[LOOP_CALLER], heard[LOOP_CALLED]);
		carry(l, LOOP_CALLED, out[LOOP_CALLED], heard[LOOP_CALLER]);
		for (unsigned side = 0; side < LOOP_SIDES; side++)
			add(heard[side], out[side], l->echo[side]);
		memcpy(in, heard, sizeof in);
		l->blocks++;
	}
	assert_true(loop_test_over(l->test));
	return 0;
}

static struct lines good(void)
{
	return (struct lines){.way = {{.delay = 163, .slip_at = -1}, {.delay = 240, .slip_at = -1}}, .mute = -1};
}

/* The checks that failed, as a set. */
static unsigned failures(const struct lines *l)
{
	unsigned set = 0;
	for (unsigned c = 0; c < LOOP_CHECKS; c++)
		set |= (unsigned)(loop_test_result(l->test, c)->verdict == LOOP_FAILED) << c;
	return set;
}

static unsigned made(const struct lines *l)
{
	unsigned set = 0;
	for (unsigned c = 0; c < LOOP_CHECKS; c++)
		set |= (unsigned)(loop_test_result(l->test, c)->verdict != LOOP_NOT_MADE) << c;
	return set;
}

#define SET(c) (1u << (c))
#define VOICE  (SET(LOOP_SLIPS + 1) - SET(LOOP_DIGITS_FORTH))

static void each_kind_of_line_has_its_checks(void **state)
{
	static const struct {
		enum tdm_use use[2];
		unsigned made;
	} kinds[] = {
		{{TDM_USE_BEARER, TDM_USE_BEARER}, VOICE},
		{{TDM_USE_FXS, TDM_USE_FXO}, VOICE | SET(LOOP_SEIZURE) | SET(LOOP_CALLER_ID) | SET(LOOP_ANSWER) | SET(LOOP_CLEARING)},
		{{TDM_USE_FXO, TDM_USE_FXS}, VOICE | SET(LOOP_SEIZURE) | SET(LOOP_CLEARING)},
		{{TDM_USE_EM, TDM_USE_EM}, VOICE | SET(LOOP_SEIZURE) | SET(LOOP_START) | SET(LOOP_ANSWER) | SET(LOOP_CLEARING)},
	};
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		struct lines l = good();
		int err = run(&l, kinds[i].use[0], kinds[i].use[1]);
		if (err == -ENOMEM)
			return;
		assert_int_equal(failures(&l), 0);
		assert_int_equal(made(&l), kinds[i].made);
		/* What was handed over is heard one block later, and the path's delay. */
		assert_int_equal((int)(loop_test_result(l.test, LOOP_DELAY_FORTH)->value * 8), 163 + BLOCK);
		assert_int_equal((int)(loop_test_result(l.test, LOOP_DELAY_BACK)->value * 8), 240 + BLOCK);
		assert_int_equal((int)loop_test_result(l.test, LOOP_ECHO_CALLER)->value, MEASURE_NO_ECHO);
		mem_deref(l.test);
	}
	struct lines l = good();
	assert_int_equal(run(&l, TDM_USE_FXS, TDM_USE_FXS), -ENOTSUP);
}

static void expect(struct lines *l, enum tdm_use caller, enum tdm_use called, unsigned failed)
{
	assert_int_equal(run(l, caller, called), 0);
	assert_int_equal(failures(l), failed);
	mem_deref(l->test);
}

static void each_fault_shows_where_it_belongs(void **state)
{
	struct lines l = good();
	l.way[LOOP_CALLED].cut = true;
	expect(&l, TDM_USE_BEARER, TDM_USE_BEARER, SET(LOOP_DIGITS_BACK) | SET(LOOP_LEVEL_BACK) | SET(LOOP_DELAY_BACK) | SET(LOOP_SLIPS));
	l = good();
	l.way[LOOP_CALLER].loss = 1; /* 6 dB */
	expect(&l, TDM_USE_BEARER, TDM_USE_BEARER, SET(LOOP_LEVEL_FORTH));
	l = good();
	l.way[LOOP_CALLER].delay = 1600;
	expect(&l, TDM_USE_BEARER, TDM_USE_BEARER, SET(LOOP_DELAY_FORTH));
	l = good();
	l.echo[LOOP_CALLED] = 2; /* 12 dB */
	expect(&l, TDM_USE_BEARER, TDM_USE_BEARER, SET(LOOP_ECHO_CALLED));
	l = good();
	l.way[LOOP_CALLER].slip_at = 250; /* while digits are sent */
	expect(&l, TDM_USE_BEARER, TDM_USE_BEARER, SET(LOOP_SLIPS));
}

static void signals_that_stay_away_are_told(void **state)
{
	struct lines l = good();
	l.mute = 0;
	assert_int_equal(run(&l, TDM_USE_FXS, TDM_USE_FXO), 0);
	assert_true(failures(&l) & SET(LOOP_SEIZURE));
	assert_string_equal(loop_test_result(l.test, LOOP_SEIZURE)->why, "nothing is heard of it");
	mem_deref(l.test);
	l = good();
	l.mute = 1;
	expect(&l, TDM_USE_FXS, TDM_USE_FXO, SET(LOOP_ANSWER));
	l = good();
	l.mute = 1;
	expect(&l, TDM_USE_EM, TDM_USE_EM, SET(LOOP_START));
}

static void what_was_not_checked_fails_with_the_channel(void **state)
{
	struct lines l = good();
	struct loop_params p = {.end = {{.use = TDM_USE_EM}, {.use = TDM_USE_EM}}, .hook = on_hook, .arg = &l};
	loop_bounds(p.bound);
	assert_int_equal(loop_test_new(&l.test, &p), 0);
	loop_test_abort(l.test, "the channel is gone");
	assert_true(loop_test_over(l.test));
	assert_int_equal(failures(&l), VOICE | SET(LOOP_SEIZURE) | SET(LOOP_START) | SET(LOOP_ANSWER) | SET(LOOP_CLEARING));
	assert_string_equal(loop_test_result(l.test, LOOP_SLIPS)->why, "the channel is gone");
	mem_deref(l.test);
}

static void make(void *arg)
{
	struct lines l = good();
	if (!run(&l, TDM_USE_FXS, TDM_USE_FXO))
		mem_deref(l.test);
}

/* What cannot be sent or heard for want of memory fails its check. */
static void out_of_memory_is_clean(void **state)
{
	each_allocation_fails(make, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_of_line_has_its_checks), cmocka_unit_test(each_fault_shows_where_it_belongs),
		cmocka_unit_test(signals_that_stay_away_are_told),  cmocka_unit_test(what_was_not_checked_fails_with_the_channel),
		cmocka_unit_test(out_of_memory_is_clean),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
