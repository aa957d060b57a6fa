// SPDX-License-Identifier: GPL-3.0-or-later
#include "mediagw/loop_private.h"
#include "base/mem.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SETTLES      (500 * MS)  /* from seizing to dialling where dial tone is not waited for */
#define RING_PAUSE   (6000 * MS) /* within which an exchange tells who calls */
#define FIRST_DIGIT  (5000 * MS) /* exchanges may send no number */
#define DIGITS_PAUSE (1500 * MS)

/* Networks show numbers in a longer form, or only what is the line's of them. */
static bool is_same(const char *number, const char *seen)
{
	struct slice a = slice_str(number), b = slice_str(seen);
	return !slice_empty(a) && !slice_empty(b) && (slice_ends(a, b) || slice_ends(b, a));
}

static uint32_t waited(const struct loop_test *t)
{
	return t->now - t->acted_at;
}

void loop_call_free(struct loop_test *t)
{
	t->tells = mem_deref(t->tells);
	t->hears = mem_deref(t->hears);
	t->gathers = mem_deref(t->gathers);
	t->progress = mem_deref(t->progress);
	t->dials = mem_deref(t->dials);
}

/* --- what is begun ---------------------------------------------------------------------------------------------------- */

static void on_told(struct loop_test *t, const struct caller_id *c)
{
	if (c->waiting)
		return;
	t->heard = true;
	snprintf(t->told, sizeof t->told, "%s", c->number);
}

static void on_caller_id(void *arg, const struct caller_id *c)
{
	on_told(arg, c);
}

static void on_gathered(void *arg, char digit, int level)
{
	struct loop_test *t = arg;
	const struct loop_end *e = &t->p.end[LOOP_CALLED];
	struct caller_id id;
	size_t n = strlen(t->gathered);
	if (!digit || n + 1 >= sizeof t->gathered || (e->digits != DIGIT_DTMF && !strchr("0123456789", digit)))
		return;
	t->gathered[n] = digit;
	t->gathered[n + 1] = '\0';
	t->gathered_at = t->now;
	/* A caller's number ends so. */
	if (e->use == TDM_USE_FXO && (digit == 'C' || digit == '#') && !caller_id_digits(&id, slice_str(t->gathered)))
		on_told(t, &id);
}

static int listen_for_digits(struct loop_test *t, enum digit_kind kind)
{
	t->gathered[0] = '\0';
	t->gathered_at = t->now;
	mem_deref(t->gathers);
	t->gathers = digit_receiver_new(kind, on_gathered, t);
	return t->gathers ? 0 : -ENOMEM;
}

static void on_tone(void *arg, enum tone_signal signal, bool begun)
{
	struct loop_test *t = arg;
	t->dial_tone |= begun && signal == TONE_DIAL;
}

static int tell_caller(struct loop_test *t)
{
	const struct caller_id id = {.number = LOOP_NUMBER, .name = "LINE TEST"};
	mem_deref(t->tells);
	mem_deref(t->hears);
	t->tells = caller_id_sender_new(CALLER_ID_BELL, &id, true);
	t->hears = caller_id_receiver_new(CALLER_ID_BELL, on_caller_id, t);
	return t->tells && t->hears ? 0 : -ENOMEM;
}

static int hear_caller(struct loop_test *t, const struct loop_end *e)
{
	if (e->use == TDM_USE_BEARER || e->caller_by_digits)
		return 0;
	t->hears = caller_id_receiver_new(e->modem, on_caller_id, t);
	return t->hears ? 0 : -ENOMEM;
}

/* MF has its number between KP and ST. */
static int dial_number(struct loop_test *t, const struct loop_step *s)
{
	const struct loop_end *e = &t->p.end[s->who];
	bool mf = e->digits == DIGIT_MF;
	char digits[sizeof t->number + 2];
	snprintf(digits, sizeof digits, "%s%s%s", mf ? "*" : "", t->number, mf ? "#" : "");
	mem_deref(t->dials);
	t->dials = digit_sender_new(e->digits);
	if (!t->dials)
		return -ENOMEM;
	digit_sender_put(t->dials, slice_str(digits));
	return 0;
}

static int gather(struct loop_test *t, const struct loop_end *e)
{
	if (e->use == TDM_USE_FXS && !tone_of(&t->tone, slice_str(e->country), TONE_DIAL))
		tone_start(&t->player, &t->tone);
	return listen_for_digits(t, e->digits);
}

static int act(struct loop_test *t, const struct loop_step *s)
{
	const struct loop_end *e = &t->p.end[s->who];
	t->acted = true;
	t->seen = t->done = false;
	t->acted_at = t->now;
	switch (s->deed) {
	case LOOP_HOOK:
		return t->p.hook(t->p.arg, s->who, s->what);
	case LOOP_TELLS:
		return tell_caller(t);
	case LOOP_HEARS:
		return hear_caller(t, e);
	case LOOP_DIAL_TONE:
		t->dial_tone = false;
		return e->dial_tone_ms ? progress_new(&t->progress, slice_str(e->country), on_tone, t) : 0;
	case LOOP_DIALS:
		return dial_number(t, s);
	case LOOP_GATHERS:
		return gather(t, e);
	default:
		return 0;
	}
}

/* --- what is waited for ------------------------------------------------------------------------------------------------ */

/* Each of these is over (true), or is not yet. */

static bool is_seen(struct loop_test *t, const struct loop_step *s)
{
	uint32_t most = s->check == LOOP_CHECKS ? 5000 * MS : (uint32_t)(t->p.bound[s->check].max * MS) + 1;
	if (t->dials)
		return false;
	if (s->awaits != TDM_NO_EVENT && !t->seen && waited(t) <= most)
		return false;
	if (s->awaits == TDM_NO_EVENT)
		return true;
	if (t->seen)
		found(t, s->check, (double)waited(t) / MS);
	else if (s->ends)
		loop_test_give_up(t, s->check, "nothing is heard of it");
	else
		failed(t, s->check, "nothing is heard of it");
	return true;
}

static bool is_told(struct loop_test *t, const struct loop_step *s)
{
	if (!t->heard && waited(t) <= 3000 * MS)
		return false;
	if (t->heard)
		found(t, LOOP_CALLER_ID, !strcmp(t->told, LOOP_NUMBER));
	else
		failed(t, LOOP_CALLER_ID, "nothing is heard of it");
	return true;
}

/* A ring that shows somebody else is somebody else's, who is not answered by a test; ISDN has told by the number called that it is ours. */
static bool is_heard(struct loop_test *t, const struct loop_step *s)
{
	bool line = t->p.end[s->who].use != TDM_USE_BEARER;
	char why[100];
	if (line && !t->heard && !t->seen && waited(t) <= RING_PAUSE)
		return false;
	if (*t->told)
		snprintf(why, sizeof why, "%s is told", t->told);
	else
		snprintf(why, sizeof why, "no number is told");
	if (is_same(t->caller, t->told))
		found(t, LOOP_CALLER_ID, 1);
	else if (!*t->caller)
		snprintf(t->results[LOOP_CALLER_ID].why, sizeof t->results[0].why, "%s, and nobody has said who it is to be", why);
	else if (line && t->heard)
		loop_test_give_up(t, LOOP_CALLER_ID, why);
	else
		failed(t, LOOP_CALLER_ID, why);
	return true;
}

static bool has_dial_tone(struct loop_test *t, const struct loop_step *s)
{
	uint32_t most = t->p.end[s->who].dial_tone_ms * MS;
	if (t->dial_tone)
		found(t, s->check, (double)waited(t) / MS);
	else if (waited(t) <= (most ? most : SETTLES))
		return false;
	else if (most)
		loop_test_give_up(t, s->check, "there is no dial tone");
	return true;
}

/* The number, or its end; a call with another one is somebody else's. */
static bool has_number(struct loop_test *t, const struct loop_step *s)
{
	char why[160];
	uint32_t most = *t->gathered ? DIGITS_PAUSE : FIRST_DIGIT;
	if (t->now - t->gathered_at <= most && strcmp(t->gathered, t->number) != 0)
		return false;
	if (!*t->gathered || is_same(t->number, t->gathered))
		return true;
	snprintf(why, sizeof why, "a call came in for %s", t->gathered);
	loop_test_give_up(t, LOOP_SEIZURE, why);
	return true;
}

static bool is_over(struct loop_test *t, const struct loop_step *s)
{
	switch (s->deed) {
	case LOOP_TELLS:
		return is_told(t, s);
	case LOOP_HEARS:
		return is_heard(t, s);
	case LOOP_DIAL_TONE:
		return has_dial_tone(t, s);
	case LOOP_GATHERS:
		return has_number(t, s);
	default:
		return is_seen(t, s);
	}
}

/* --- the steps -------------------------------------------------------------------------------------------------------- */

void loop_call_begin(struct loop_test *t, const struct loop_step *steps)
{
	const struct loop_end *called = &t->p.end[LOOP_CALLED];
	t->step = steps;
	t->acted = false;
	/* Who calls is told before it rings there. */
	if (called->use == TDM_USE_FXO && called->caller_by_digits && steps == t->signalling.begin)
		listen_for_digits(t, DIGIT_DTMF);
}

static void next_step(struct loop_test *t)
{
	bool keeps = t->p.end[LOOP_CALLED].caller_by_digits;
	struct digit_receiver *gathers = keeps ? t->gathers : NULL;
	if (keeps)
		t->gathers = NULL;
	loop_call_free(t);
	t->gathers = gathers;
	t->step++;
	t->acted = false;
}

static bool is_done(struct loop_test *t, const struct loop_step *s)
{
	if (!t->done && !is_over(t, s))
		return false;
	if (!t->done)
		t->done_at = t->now;
	t->done = true;
	return t->now - t->done_at >= s->pause * MS;
}

bool loop_call_goes_on(struct loop_test *t)
{
	while (t->step->deed != LOOP_NOTHING && !loop_test_over(t)) {
		const struct loop_step *s = t->step;
		int err = t->acted ? 0 : act(t, s);
		if (err && s->ends)
			loop_test_give_up(t, s->check, strerror(-err));
		else if (err)
			failed(t, s->check, strerror(-err));
		else if (!is_done(t, s))
			return false;
		if (!loop_test_over(t))
			next_step(t);
	}
	loop_call_free(t);
	return !loop_test_over(t);
}

/* What a line shows before anything was done there is somebody else's call. */
void loop_test_event(struct loop_test *t, enum loop_side side, enum tdm_event_kind kind)
{
	if (loop_test_over(t))
		return;
	if ((kind == TDM_EV_READ_OVERRUN || kind == TDM_EV_WRITE_UNDERRUN) && !t->judging)
		t->slipped++;
	if (!t->step && *t->number && (kind == TDM_EV_RING_BEGIN || kind == TDM_EV_OFFHOOK)) {
		t->disturbed = true;
		loop_test_give_up(t, LOOP_SEIZURE, "another call came in");
		return;
	}
	if (!t->step || !t->acted || kind == TDM_NO_EVENT)
		return;
	if (t->step->awaits == kind && side == t->step->sees)
		t->seen = true;
	/* The next ring: nobody is told of any more. */
	if (t->step->deed == LOOP_HEARS && kind == TDM_EV_RING_BEGIN && side == t->step->who)
		t->seen = true;
}

void loop_test_caller(struct loop_test *t, const char *number)
{
	t->heard = true;
	snprintf(t->told, sizeof t->told, "%s", number);
}

/* --- octets ------------------------------------------------------------------------------------------------------------ */

void loop_call_hears(struct loop_test *t, enum loop_side side, const int16_t *linear, size_t n)
{
	if (!t->step)
		return;
	if (t->hears && side == LOOP_CALLED)
		caller_id_receiver_hear(t->hears, linear, n);
	if (t->gathers && side == LOOP_CALLED)
		digit_receiver_hear(t->gathers, linear, n);
	if (t->progress && side == LOOP_CALLER)
		progress_hear(t->progress, linear, n);
}

void loop_call_says(struct loop_test *t, enum loop_side side, int16_t *linear, size_t n)
{
	if (!t->step || !t->acted)
		return;
	if (t->tells && side == t->step->who)
		caller_id_sender_make(t->tells, linear, n);
	if (t->step->deed == LOOP_GATHERS && side == t->step->who && t->player.tone && !*t->gathered)
		tone_make(&t->player, linear, n);
	if (t->dials && side == t->step->who && digit_sender_make(t->dials, linear, n) < n) {
		t->dials = mem_deref(t->dials);
		t->acted_at = t->now;
	}
}
