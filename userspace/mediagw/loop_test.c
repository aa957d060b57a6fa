// SPDX-License-Identifier: GPL-3.0-or-later
#include "mediagw/loop_test.h"
#include "base/log.h"
#include "base/mem.h"
#include "media/callerid.h"
#include "media/digits.h"
#include "media/measure.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define MS          8     /* octets */
#define PROBE       1000  /* 125 ms */
#define RECORD      3400  /* a delay of 300 ms is found yet */
#define PROBE_LEVEL (-13.0)
#define OPENED      (2500 * MS) /* a channel that was just opened tells its far end that it is on hook, and hears no ring for 2 s */
#define SETTLE      (300 * MS)
#define DIGITS      "1234567890*#ABCD"
#define DIGITS_MAX  (5000 * MS)
#define BLOCK_MAX   160

#define ANY HUGE_VAL

const struct loop_check_def loop_checks[LOOP_CHECKS] = {
	[LOOP_SEIZURE] = {"seizure", "ms", "the called line hears that it is called", {0, 3000}},
	[LOOP_START] = {"start", "ms", "the called line is ready for digits", {0, 3000}},
	[LOOP_CALLER_ID] = {"caller-id", "right", "the called line is told who calls", {1, 1}},
	[LOOP_ANSWER] = {"answer", "ms", "the calling line hears the answer", {0, 3000}},
	[LOOP_DIGITS_FORTH] = {"digits-forth", "of 16", "tones that the called line hears", {16, 16}},
	[LOOP_DIGITS_BACK] = {"digits-back", "of 16", "tones that the calling line hears", {16, 16}},
	[LOOP_LEVEL_FORTH] = {"level-forth", "dB", "gain from the calling line to the called one", {-3, 1}},
	[LOOP_LEVEL_BACK] = {"level-back", "dB", "and back", {-3, 1}},
	[LOOP_DELAY_FORTH] = {"delay-forth", "ms", "one-way delay to the called line, with our own buffers", {0, 100}},
	[LOOP_DELAY_BACK] = {"delay-back", "ms", "and back", {0, 100}},
	[LOOP_ECHO_CALLER] = {"echo-caller", "dB", "echo return loss that the calling line sees", {20, ANY}},
	[LOOP_ECHO_CALLED] = {"echo-called", "dB", "echo return loss that the called line sees", {20, ANY}},
	[LOOP_SLIPS] = {"slips", "samples", "by which the delay changed during the call", {0, 0}},
	[LOOP_CLEARING] = {"clearing", "ms", "the line that is hung up on hears it", {0, 3000}},
};

/* --- signalling: what one line does and the other one is to see, a row each --------------------------------------- */

struct signal_step {
	bool acts;
	enum loop_side who;
	enum tdm_hook what;
	enum tdm_event_kind awaits; /* on the other side; TDM_NO_EVENT: nothing */
	enum loop_check check;      /* that it comes; LOOP_CHECKS: it is waited for only */
	bool caller_id;             /* is sent by `who` instead */
};

struct signalling {
	enum tdm_use use[LOOP_SIDES];
	const struct signal_step *begin, *end; /* each ends with a step of nothing */
};

#define ACT(side, hook, event, shows) {.acts = true, .who = side, .what = hook, .awaits = event, .check = shows}
#define AWAIT(side, event)            {.who = side, .awaits = event, .check = LOOP_CHECKS}
#define NOTHING                       {.check = LOOP_CHECKS}

static const struct signal_step none[] = {NOTHING};

/* An exchange's line rings a telephone. */
static const struct signal_step rings[] = {
	ACT(LOOP_CALLER, TDM_RING, TDM_EV_RING_BEGIN, LOOP_SEIZURE),
	AWAIT(LOOP_CALLER, TDM_EV_OFFHOOK), /* so is the end of a ring called */
	{.who = LOOP_CALLER, .caller_id = true, .check = LOOP_CALLER_ID},
	ACT(LOOP_CALLED, TDM_OFFHOOK, TDM_EV_OFFHOOK, LOOP_ANSWER),
	ACT(LOOP_CALLER, TDM_OFFHOOK, TDM_NO_EVENT, LOOP_CHECKS), /* rings no more */
	NOTHING,
};
static const struct signal_step phone_hangs_up[] = {
	ACT(LOOP_CALLED, TDM_ONHOOK, TDM_EV_ONHOOK, LOOP_CLEARING),
	ACT(LOOP_CALLER, TDM_ONHOOK, TDM_NO_EVENT, LOOP_CHECKS),
	NOTHING,
};

/* A telephone calls its exchange: there is no answer to be seen. */
static const struct signal_step seizes[] = {
	ACT(LOOP_CALLER, TDM_OFFHOOK, TDM_EV_OFFHOOK, LOOP_SEIZURE),
	ACT(LOOP_CALLED, TDM_OFFHOOK, TDM_NO_EVENT, LOOP_CHECKS),
	NOTHING,
};
static const struct signal_step caller_hangs_up[] = {
	ACT(LOOP_CALLER, TDM_ONHOOK, TDM_EV_ONHOOK, LOOP_CLEARING),
	ACT(LOOP_CALLED, TDM_ONHOOK, TDM_NO_EVENT, LOOP_CHECKS),
	NOTHING,
};

static const struct signal_step winks[] = {
	ACT(LOOP_CALLER, TDM_OFFHOOK, TDM_EV_OFFHOOK, LOOP_SEIZURE),
	ACT(LOOP_CALLED, TDM_WINK, TDM_EV_WINK_FLASH, LOOP_START),
	ACT(LOOP_CALLED, TDM_OFFHOOK, TDM_EV_OFFHOOK, LOOP_ANSWER),
	NOTHING,
};

static const struct signalling signallings[] = {
	{{TDM_USE_FXS, TDM_USE_FXO}, rings, phone_hangs_up},
	{{TDM_USE_FXO, TDM_USE_FXS}, seizes, caller_hangs_up},
	{{TDM_USE_EM, TDM_USE_EM}, winks, caller_hangs_up},
	/* Signalled elsewhere: a call has them already (line_trial.h), or none is made. */
	{{TDM_USE_BEARER, TDM_USE_BEARER}, none, none},
	{{TDM_USE_CAS, TDM_USE_CAS}, none, none},
};

/* --- the test ----------------------------------------------------------------------------------------------------- */

struct loop_test {
	struct loop_params p;
	const struct signalling *signalling;
	struct loop_result results[LOOP_CHECKS];
	unsigned phase;
	uint32_t now, since; /* octets; when the phase began */
	/* Signalling. */
	const struct signal_step *step;
	bool acted, seen;
	uint32_t acted_at;
	struct caller_id_sender *tells;
	struct caller_id_receiver *hears;
	/* Voice. */
	bool probing;
	enum loop_side speaker;
	unsigned round;  /* at the beginning of the call 0, at its end 1 */
	bool judging;    /* nobody listens any more */
	unsigned judged; /* of what was heard */
	int16_t probe[PROBE];
	struct {
		int16_t heard[LOOP_SIDES][RECORD];
		struct measure_match match;
	} spoken[LOOP_SIDES][2]; /* by who spoke, in which round */
	size_t probed, recorded;
	struct digit_sender *sends;
	struct digit_receiver *receives;
	unsigned digits;
	size_t slipped;
};

static void destroy(void *obj)
{
	struct loop_test *t = obj;
	mem_deref(t->tells);
	mem_deref(t->hears);
	mem_deref(t->sends);
	mem_deref(t->receives);
}

void loop_bounds(struct loop_bound ret[LOOP_CHECKS])
{
	for (unsigned i = 0; i < LOOP_CHECKS; i++)
		ret[i] = loop_checks[i].bound;
}

static enum loop_side other(enum loop_side side)
{
	return side == LOOP_CALLER ? LOOP_CALLED : LOOP_CALLER;
}

void loop_found(struct loop_result results[LOOP_CHECKS], const struct loop_bound bound[LOOP_CHECKS], enum loop_check c, double value)
{
	struct loop_result *r = &results[c];
	if (c == LOOP_CHECKS)
		return;
	r->value = value;
	r->verdict = value >= bound[c].min && value <= bound[c].max ? LOOP_PASSED : LOOP_FAILED;
}

void loop_failed(struct loop_result results[LOOP_CHECKS], enum loop_check c, const char *why)
{
	if (c == LOOP_CHECKS)
		return;
	results[c].verdict = LOOP_FAILED;
	snprintf(results[c].why, sizeof results[c].why, "%s", why);
}

static void found(struct loop_test *t, enum loop_check c, double value)
{
	loop_found(t->results, t->p.bound, c, value);
}

static void failed(struct loop_test *t, enum loop_check c, const char *why)
{
	loop_failed(t->results, c, why);
}

static uint32_t in_phase(const struct loop_test *t)
{
	return t->now - t->since;
}

/* --- signalling --------------------------------------------------------------------------------------------------- */

static void on_caller_id(void *arg, const struct caller_id *c)
{
	struct loop_test *t = arg;
	t->seen = true;
	found(t, LOOP_CALLER_ID, !strcmp(c->number, LOOP_NUMBER));
}

static int tell_caller_id(struct loop_test *t)
{
	const struct caller_id id = {.number = LOOP_NUMBER, .name = "LINE TEST"};
	mem_deref(t->tells);
	mem_deref(t->hears);
	t->tells = caller_id_sender_new(CALLER_ID_BELL, &id, true);
	t->hears = caller_id_receiver_new(CALLER_ID_BELL, on_caller_id, t);
	return t->tells && t->hears ? 0 : -ENOMEM;
}

static int act(struct loop_test *t, const struct signal_step *s)
{
	t->acted = true;
	t->seen = false;
	t->acted_at = t->now;
	if (s->caller_id)
		return tell_caller_id(t);
	return s->acts ? t->p.hook(t->p.arg, s->who, s->what) : 0;
}

static void next_step(struct loop_test *t)
{
	t->step++;
	t->acted = false;
	t->tells = mem_deref(t->tells);
	t->hears = mem_deref(t->hears);
}

static bool is_nothing(const struct signal_step *s)
{
	return !s->acts && !s->caller_id && s->awaits == TDM_NO_EVENT;
}

/* Whether such lines show that. */
static bool is_made(const struct signalling *s, enum loop_check c)
{
	if (c >= LOOP_DIGITS_FORTH && c <= LOOP_SLIPS)
		return true;
	for (const struct signal_step *step = s->begin; !is_nothing(step); step++)
		if (step->check == c)
			return true;
	for (const struct signal_step *step = s->end; !is_nothing(step); step++)
		if (step->check == c)
			return true;
	return false;
}

/* Whether all steps have been taken. One that fails is not waited for any longer: the ones behind it may do. */
static bool signal_on(struct loop_test *t)
{
	while (!is_nothing(t->step)) {
		const struct signal_step *s = t->step;
		int err = t->acted ? 0 : act(t, s);
		uint32_t waited = t->now - t->acted_at, most = s->check == LOOP_CHECKS ? 5000 * MS : (uint32_t)(t->p.bound[s->check].max * MS) + 1;
		if (s->caller_id)
			most = 3000 * MS;
		if (err)
			failed(t, s->check, strerror(-err));
		else if (s->awaits != TDM_NO_EVENT || s->caller_id) {
			if (!t->seen && waited <= most)
				return false;
			if (!t->seen)
				failed(t, s->check, "nothing is heard of it");
			else if (!s->caller_id)
				found(t, s->check, (double)waited / MS);
		}
		next_step(t);
	}
	return true;
}

void loop_test_event(struct loop_test *t, enum loop_side side, enum tdm_event_kind kind)
{
	if ((kind == TDM_EV_READ_OVERRUN || kind == TDM_EV_WRITE_UNDERRUN) && !t->judging)
		t->slipped++;
	if (t->step && t->acted && t->step->awaits == kind && kind != TDM_NO_EVENT && side == other(t->step->who))
		t->seen = true;
}

static void begin_call(struct loop_test *t)
{
	t->step = t->signalling->begin;
	t->acted = false;
}

static void begin_clearing(struct loop_test *t)
{
	t->step = t->signalling->end;
	t->acted = false;
}

/* --- voice -------------------------------------------------------------------------------------------------------- */

static bool opened(struct loop_test *t)
{
	return is_nothing(t->signalling->begin) || in_phase(t) >= OPENED;
}

static bool settled(struct loop_test *t)
{
	return in_phase(t) >= SETTLE;
}

static void last_round(struct loop_test *t)
{
	t->round = 1;
}

static void speak(struct loop_test *t, enum loop_side who)
{
	t->speaker = who;
	t->probing = true;
	t->probed = t->recorded = 0;
}

/* What slipped while the call was made is no fault of it. */
static void speak_forth(struct loop_test *t)
{
	if (!t->round)
		t->slipped = 0;
	speak(t, LOOP_CALLER);
}

static void speak_back(struct loop_test *t)
{
	speak(t, LOOP_CALLED);
}

static bool spoken(struct loop_test *t)
{
	t->probing = t->recorded < RECORD;
	return !t->probing;
}

static void judge_voice(struct loop_test *t, enum loop_side who, unsigned round)
{
	static const enum loop_check levels[] = {LOOP_LEVEL_FORTH, LOOP_LEVEL_BACK}, delays[] = {LOOP_DELAY_FORTH, LOOP_DELAY_BACK},
				     echoes[] = {LOOP_ECHO_CALLER, LOOP_ECHO_CALLED};
	struct measure_match *m = &t->spoken[who][round].match;
	*m = measure_find(t->probe, PROBE, t->spoken[who][round].heard[other(who)], RECORD);
	if (round)
		return;
	found(t, echoes[who], measure_echo_return(t->probe, PROBE, t->spoken[who][round].heard[who], RECORD));
	if (m->found) {
		found(t, levels[who], m->gain);
		found(t, delays[who], (double)m->delay / MS);
	} else {
		failed(t, levels[who], "the other side does not hear it");
		failed(t, delays[who], "the other side does not hear it");
	}
}

static void judge_slips(struct loop_test *t)
{
	double samples = (double)t->slipped;
	for (unsigned who = 0; who < LOOP_SIDES; who++) {
		const struct measure_match *first = &t->spoken[who][0].match, *last = &t->spoken[who][1].match;
		if (!first->found || !last->found) {
			failed(t, LOOP_SLIPS, "one side does not hear the other");
			return;
		}
		samples += fabs((double)last->delay - (double)first->delay);
	}
	found(t, LOOP_SLIPS, samples);
}

static void judge(struct loop_test *t)
{
	t->judging = true;
}

/* One a block: it is much to do, and nothing is heard meanwhile. */
static bool judged(struct loop_test *t)
{
	if (t->judged < 2 * LOOP_SIDES) {
		judge_voice(t, t->judged % LOOP_SIDES, t->judged / LOOP_SIDES);
		t->judged++;
		return false;
	}
	judge_slips(t);
	return true;
}

static void on_digit(void *arg, char digit, int level)
{
	struct loop_test *t = arg;
	if (digit && t->digits < sizeof DIGITS - 1 && DIGITS[t->digits] == digit)
		t->digits++;
}

static void dial(struct loop_test *t, enum loop_side who)
{
	t->speaker = who;
	t->digits = 0;
	mem_deref(t->sends);
	mem_deref(t->receives);
	t->sends = digit_sender_new(DIGIT_DTMF);
	t->receives = digit_receiver_new(DIGIT_DTMF, on_digit, t);
	if (!t->sends)
		return;
	digit_sender_shape(t->sends, 60, 60, -10);
	digit_sender_put(t->sends, SLICE(DIGITS));
}

static void dial_forth(struct loop_test *t)
{
	dial(t, LOOP_CALLER);
}

static void dial_back(struct loop_test *t)
{
	dial(t, LOOP_CALLED);
}

static bool dialled(struct loop_test *t)
{
	if (t->digits < sizeof DIGITS - 1 && in_phase(t) < DIGITS_MAX)
		return false;
	found(t, t->speaker == LOOP_CALLER ? LOOP_DIGITS_FORTH : LOOP_DIGITS_BACK, t->digits);
	t->sends = mem_deref(t->sends);
	t->receives = mem_deref(t->receives);
	return true;
}

/* --- the order of things ------------------------------------------------------------------------------------------ */

static const struct phase {
	const char *name;
	void (*begin)(struct loop_test *t);
	bool (*over)(struct loop_test *t); /* NULL: the last one */
} phases[] = {
	{"opening", NULL, opened},
	{"calling", begin_call, signal_on},
	{"settling", NULL, settled},
	{"speaking", speak_forth, spoken},
	{"speaking back", speak_back, spoken},
	{"digits", dial_forth, dialled},
	{"digits back", dial_back, dialled},
	{"settling again", last_round, settled},
	{"speaking again", speak_forth, spoken},
	{"speaking back again", speak_back, spoken},
	{"judging", judge, judged},
	{"clearing", begin_clearing, signal_on},
	{"over", NULL, NULL},
};

static void enter(struct loop_test *t, unsigned phase)
{
	t->phase = phase;
	t->since = t->now;
	if (phases[phase].begin)
		phases[phase].begin(t);
}

int loop_test_new(struct loop_test **ret, const struct loop_params *p)
{
	const struct signalling *s = NULL;
	for (size_t i = 0; i < sizeof signallings / sizeof *signallings; i++)
		if (signallings[i].use[LOOP_CALLER] == p->use[LOOP_CALLER] && signallings[i].use[LOOP_CALLED] == p->use[LOOP_CALLED])
			s = &signallings[i];
	if (!s)
		return -ENOTSUP;
	struct loop_test *t = mem_alloc(sizeof *t, destroy);
	if (!t)
		return -ENOMEM;
	t->p = *p;
	t->signalling = s;
	measure_probe(t->probe, PROBE, PROBE_LEVEL, 1);
	enter(t, 0);
	*ret = t;
	return 0;
}

static void hear(struct loop_test *t, enum loop_side side, const int16_t *linear, size_t n)
{
	for (size_t i = 0; t->probing && i < n && t->recorded + i < RECORD; i++)
		t->spoken[t->speaker][t->round].heard[side][t->recorded + i] = linear[i];
	if (t->receives && side == other(t->speaker))
		digit_receiver_hear(t->receives, linear, n);
	if (t->hears && t->step && side == other(t->step->who))
		caller_id_receiver_hear(t->hears, linear, n);
}

static void say(struct loop_test *t, enum loop_side side, int16_t *linear, size_t n)
{
	memset(linear, 0, n * sizeof *linear);
	if (t->tells && t->step && side == t->step->who)
		caller_id_sender_make(t->tells, linear, n);
	if (side != t->speaker)
		return;
	if (t->sends)
		digit_sender_make(t->sends, linear, n);
	for (size_t i = 0; t->probing && i < n && t->probed < PROBE; i++)
		linear[i] = t->probe[t->probed++];
}

void loop_test_block(struct loop_test *t, const uint8_t *const in[LOOP_SIDES], uint8_t *const out[LOOP_SIDES], size_t n)
{
	int16_t linear[BLOCK_MAX];
	n = n < BLOCK_MAX ? n : BLOCK_MAX;
	for (unsigned side = 0; side < LOOP_SIDES; side++) {
		law_decode(t->p.law[side], linear, in[side], n);
		hear(t, side, linear, n);
	}
	if (t->probing)
		t->recorded = t->recorded + n < RECORD ? t->recorded + n : RECORD;
	t->now += (uint32_t)n;
	for (unsigned side = 0; side < LOOP_SIDES; side++) {
		say(t, side, linear, n);
		law_encode(t->p.law[side], out[side], linear, n);
	}
	while (phases[t->phase].over && phases[t->phase].over(t))
		enter(t, t->phase + 1);
}

void loop_test_abort(struct loop_test *t, const char *why)
{
	if (loop_test_over(t))
		return;
	for (unsigned c = 0; c < LOOP_CHECKS; c++)
		if (t->results[c].verdict == LOOP_NOT_MADE && is_made(t->signalling, c))
			failed(t, c, why);
	t->probing = false;
	t->phase = sizeof phases / sizeof *phases - 1;
}

bool loop_test_over(const struct loop_test *t)
{
	return !phases[t->phase].over;
}

const struct loop_result *loop_test_result(const struct loop_test *t, enum loop_check c)
{
	return &t->results[c];
}

const char *loop_test_phase(const struct loop_test *t)
{
	return phases[t->phase].name;
}
