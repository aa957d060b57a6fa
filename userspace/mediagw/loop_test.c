// SPDX-License-Identifier: GPL-3.0-or-later
#include "mediagw/loop_private.h"
#include "base/mem.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define PROBE_LEVEL (-13.0)
#define OPENED      (2500 * MS) /* a channel that was just opened tells its far end that it is on hook, and hears no ring for 2 s */
#define SETTLE      (300 * MS)
#define CUT_THROUGH (1000 * MS) /* ... and for a network, from the answer on */
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

/* --- the test ----------------------------------------------------------------------------------------------------- */

static void destroy(void *obj)
{
	struct loop_test *t = obj;
	loop_call_free(t);
	mem_deref(t->sends);
	mem_deref(t->receives);
}

void loop_bounds(struct loop_bound ret[LOOP_CHECKS])
{
	for (unsigned i = 0; i < LOOP_CHECKS; i++)
		ret[i] = loop_checks[i].bound;
}

void loop_found(struct loop_result results[LOOP_CHECKS], const struct loop_bound bound[LOOP_CHECKS], enum loop_check c, double value)
{
	struct loop_result *r = &results[c];
	if (c == LOOP_CHECKS)
		return;
	r->value = value;
	r->why[0] = '\0';
	r->verdict = value >= bound[c].min && value <= bound[c].max ? LOOP_PASSED : LOOP_FAILED;
}

void loop_failed(struct loop_result results[LOOP_CHECKS], enum loop_check c, const char *why)
{
	if (c == LOOP_CHECKS)
		return;
	results[c].verdict = LOOP_FAILED;
	snprintf(results[c].why, sizeof results[c].why, "%s", why);
}

static uint32_t in_phase(const struct loop_test *t)
{
	return t->now - t->since;
}

/* --- voice -------------------------------------------------------------------------------------------------------- */

static bool opened(struct loop_test *t)
{
	return t->signalling.begin[0].deed == LOOP_NOTHING || in_phase(t) >= OPENED;
}

static void begin_call(struct loop_test *t)
{
	loop_call_begin(t, t->signalling.begin);
}

static bool settled(struct loop_test *t)
{
	return in_phase(t) >= (*t->number ? CUT_THROUGH : SETTLE);
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

static void begin_clearing(struct loop_test *t)
{
	if (t->p.measured)
		t->p.measured(t->p.arg);
	loop_call_begin(t, t->signalling.end);
}

/* --- the order of things ------------------------------------------------------------------------------------------ */

static const struct phase {
	const char *name;
	void (*begin)(struct loop_test *t);
	bool (*over)(struct loop_test *t); /* NULL: the last one */
} phases[] = {
	{"opening", NULL, opened},
	{"calling", begin_call, loop_call_goes_on},
	{"settling", NULL, settled},
	{"speaking", speak_forth, spoken},
	{"speaking back", speak_back, spoken},
	{"digits", dial_forth, dialled},
	{"digits back", dial_back, dialled},
	{"settling again", last_round, settled},
	{"speaking again", speak_forth, spoken},
	{"speaking back again", speak_back, spoken},
	{"judging", judge, judged},
	{"clearing", begin_clearing, loop_call_goes_on},
	{"over", NULL, NULL},
};

static void enter(struct loop_test *t, unsigned phase)
{
	t->phase = phase;
	t->since = t->now;
	if (phases[phase].begin)
		phases[phase].begin(t);
}

/* MF and pulses have digits only. */
static bool can_dial(const struct loop_params *p)
{
	const struct loop_end *e = &p->end[LOOP_CALLER];
	const char *digits = e->use == TDM_USE_BEARER ? "+0123456789" : e->digits == DIGIT_DTMF ? "0123456789*#ABCD" : "0123456789";
	return !p->number || !p->number[strspn(p->number, digits)];
}

int loop_test_new(struct loop_test **ret, const struct loop_params *p)
{
	struct loop_signalling s;
	int err = can_dial(p) ? loop_signalling_of(&s, p) : -EINVAL;
	if (err)
		return err;
	struct loop_test *t = mem_alloc(sizeof *t, destroy);
	if (!t)
		return -ENOMEM;
	t->p = *p;
	t->signalling = s;
	snprintf(t->number, sizeof t->number, "%s", p->number ? p->number : "");
	snprintf(t->caller, sizeof t->caller, "%s", p->caller ? p->caller : "");
	for (unsigned c = 0; c < LOOP_CHECKS; c++)
		if (!loop_signalling_shows(&s, c))
			snprintf(t->results[c].why, sizeof t->results[c].why, "%s", loop_signalling_lacks(c));
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
	loop_call_hears(t, side, linear, n);
}

static void say(struct loop_test *t, enum loop_side side, int16_t *linear, size_t n)
{
	memset(linear, 0, n * sizeof *linear);
	loop_call_says(t, side, linear, n);
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
		law_decode(t->p.end[side].law, linear, in[side], n);
		hear(t, side, linear, n);
	}
	if (t->probing)
		t->recorded = t->recorded + n < RECORD ? t->recorded + n : RECORD;
	t->now += (uint32_t)n;
	for (unsigned side = 0; side < LOOP_SIDES; side++) {
		say(t, side, linear, n);
		law_encode(t->p.end[side].law, out[side], linear, n);
	}
	while (phases[t->phase].over && phases[t->phase].over(t))
		enter(t, t->phase + 1);
}

static void finish(struct loop_test *t)
{
	t->probing = false;
	t->phase = sizeof phases / sizeof *phases - 1;
}

void loop_test_abort(struct loop_test *t, const char *why)
{
	if (loop_test_over(t))
		return;
	for (unsigned c = 0; c < LOOP_CHECKS; c++)
		if (t->results[c].verdict == LOOP_NOT_MADE && loop_signalling_shows(&t->signalling, c))
			failed(t, c, why);
	finish(t);
}

void loop_test_give_up(struct loop_test *t, enum loop_check c, const char *why)
{
	if (loop_test_over(t))
		return;
	for (unsigned i = 0; i < LOOP_CHECKS; i++)
		if (t->results[i].verdict == LOOP_NOT_MADE)
			t->results[i].why[0] = '\0';
	failed(t, c, why);
	finish(t);
}

void loop_test_cleared(struct loop_test *t, enum loop_side side, const char *why)
{
	if (phases[t->phase].begin == begin_clearing)
		loop_test_event(t, side, TDM_EV_ONHOOK);
	else if (phases[t->phase].over == opened || phases[t->phase].begin == begin_call)
		loop_test_give_up(t, t->results[LOOP_SEIZURE].verdict == LOOP_NOT_MADE ? LOOP_SEIZURE : LOOP_ANSWER, why);
	else
		loop_test_abort(t, why);
}

void loop_test_law(struct loop_test *t, enum loop_side side, enum law law)
{
	t->p.end[side].law = law;
}

bool loop_test_was_disturbed(const struct loop_test *t)
{
	return t->disturbed;
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
