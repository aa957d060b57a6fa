// SPDX-License-Identifier: GPL-3.0-or-later
#include "mediagw/loop_signalling.h"
#include <errno.h>
#include <string.h>

#define AFTER_WINK_MS 100 /* at least 70 */
#define WINK_MS       400 /* until the next thing with the hook */
#define GUARD_MS      1000 /* for an exchange to notice that a line is on hook: a call may come next */
#define IMMEDIATE_MS  150 /* from seizing to the digits of an immediate start */

#define CALLER LOOP_CALLER
#define CALLED LOOP_CALLED

/* --- joined directly: a row a pair ---------------------------------------------------------------------------------- */

/* `side` acts, the other one sees. */
#define ACT(side, hook, event, shows)                                                                                                                \
	{.deed = LOOP_HOOK, .who = side, .what = hook, .sees = side == LOOP_CALLER ? LOOP_CALLED : LOOP_CALLER, .awaits = event, .check = shows}
#define DO(side, hook)     {.deed = LOOP_HOOK, .who = side, .what = hook, .check = LOOP_CHECKS}
#define AWAIT(side, event) {.deed = LOOP_WAITS, .sees = side, .awaits = event, .check = LOOP_CHECKS}

static const struct {
	enum tdm_use use[LOOP_SIDES];
	struct loop_signalling s;
} direct[] = {
	/* An exchange's line rings a telephone. */
	{{TDM_USE_FXS, TDM_USE_FXO},
	 {.begin = {ACT(CALLER, TDM_RING, TDM_EV_RING_BEGIN, LOOP_SEIZURE), AWAIT(CALLED, TDM_EV_OFFHOOK), /* so is the end of a ring called */
		    {.deed = LOOP_TELLS, .who = CALLER, .check = LOOP_CALLER_ID},
		    ACT(CALLED, TDM_OFFHOOK, TDM_EV_OFFHOOK, LOOP_ANSWER), DO(CALLER, TDM_OFFHOOK)}, /* rings no more */
	  .end = {ACT(CALLED, TDM_ONHOOK, TDM_EV_ONHOOK, LOOP_CLEARING), DO(CALLER, TDM_ONHOOK)}}},
	/* A telephone calls its exchange: there is no answer to be seen. */
	{{TDM_USE_FXO, TDM_USE_FXS},
	 {.begin = {ACT(CALLER, TDM_OFFHOOK, TDM_EV_OFFHOOK, LOOP_SEIZURE), DO(CALLED, TDM_OFFHOOK)},
	  .end = {ACT(CALLER, TDM_ONHOOK, TDM_EV_ONHOOK, LOOP_CLEARING), DO(CALLED, TDM_ONHOOK)}}},
	{{TDM_USE_EM, TDM_USE_EM},
	 {.begin = {ACT(CALLER, TDM_OFFHOOK, TDM_EV_OFFHOOK, LOOP_SEIZURE), ACT(CALLED, TDM_WINK, TDM_EV_WINK_FLASH, LOOP_START),
		    ACT(CALLED, TDM_OFFHOOK, TDM_EV_OFFHOOK, LOOP_ANSWER)},
	  .end = {ACT(CALLER, TDM_ONHOOK, TDM_EV_ONHOOK, LOOP_CLEARING), DO(CALLED, TDM_ONHOOK)}}},
	/* Signalled elsewhere: a call has them already (line_trial.h), or none is made. */
	{{TDM_USE_BEARER, TDM_USE_BEARER}, {.begin = {{0}}}},
	{{TDM_USE_CAS, TDM_USE_CAS}, {.begin = {{0}}}},
};

/* --- a network between them: a row an end ---------------------------------------------------------------------------- */

/* What an end does and sees of a call, as an exchange has it. A bearer channel is signalled by somebody else (loop_params.hook), who knows seizure, answer and
 * clearing. */
struct end {
	enum tdm_use use;
	enum tdm_event_kind seized, answered, cleared; /* what is seen of what the other end does */
	bool hangs_up;                                 /* called by it, the other end has to: it has no hook that anybody sees */
};

static const struct end ends[] = {
	{.use = TDM_USE_BEARER, .seized = TDM_EV_OFFHOOK, .answered = TDM_EV_OFFHOOK, .cleared = TDM_EV_ONHOOK},
	{.use = TDM_USE_EM, .seized = TDM_EV_OFFHOOK, .answered = TDM_EV_OFFHOOK, .cleared = TDM_EV_ONHOOK},
	{.use = TDM_USE_FXO, .seized = TDM_EV_RING_BEGIN, .answered = TDM_EV_POLARITY, .cleared = TDM_EV_ONHOOK},
	/* What is at a telephone's port is an exchange, too, that takes calls there by dialling tones (DISA), and makes them by going off hook. */
	{.use = TDM_USE_FXS, .seized = TDM_EV_OFFHOOK, .cleared = TDM_EV_ONHOOK, .hangs_up = true},
};

static const struct end *end_of(enum tdm_use use)
{
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		if (ends[i].use == use)
			return &ends[i];
	return NULL;
}

static struct loop_step *add(struct loop_step **at, enum loop_deed deed, enum loop_side who, enum loop_check check)
{
	struct loop_step *s = (*at)++;
	*s = (struct loop_step){.deed = deed, .who = who, .check = check};
	return s;
}

static struct loop_step *add_hook(struct loop_step **at, enum loop_side who, enum tdm_hook what)
{
	struct loop_step *s = add(at, LOOP_HOOK, who, LOOP_CHECKS);
	s->what = what;
	return s;
}

static void sees(struct loop_step *s, enum loop_side who, enum tdm_event_kind what, enum loop_check check)
{
	s->sees = who;
	s->awaits = what;
	s->check = what == TDM_NO_EVENT ? LOOP_CHECKS : check;
	s->ends = check != LOOP_CLEARING && what != TDM_NO_EVENT;
}

/* Up to what the other end hears of it. */
static struct loop_step *goes_out(struct loop_step **at, const struct loop_end *e)
{
	struct loop_step *s;
	switch (e->use) {
	case TDM_USE_EM:
		s = add_hook(at, CALLER, TDM_OFFHOOK);
		s->pause = e->immediate ? IMMEDIATE_MS : AFTER_WINK_MS;
		if (!e->immediate)
			sees(s, CALLER, TDM_EV_WINK_FLASH, LOOP_START);
		return add(at, LOOP_DIALS, CALLER, LOOP_CHECKS);
	case TDM_USE_FXO:
		add_hook(at, CALLER, e->ground_start ? TDM_START : TDM_OFFHOOK);
		add(at, LOOP_DIAL_TONE, CALLER, e->dial_tone_ms ? LOOP_START : LOOP_CHECKS)->ends = true;
		return add(at, LOOP_DIALS, CALLER, LOOP_CHECKS);
	case TDM_USE_FXS:
		sees(add_hook(at, CALLER, TDM_RING), CALLER, TDM_EV_OFFHOOK, LOOP_START);
		add_hook(at, CALLER, TDM_OFFHOOK)->pause = 1000;
		return add(at, LOOP_DIALS, CALLER, LOOP_CHECKS);
	default:
		return add_hook(at, CALLER, TDM_OFFHOOK);
	}
}

/* From when it is heard of up to the answer. */
static void comes_in(struct loop_step **at, const struct loop_end *e)
{
	if (e->use == TDM_USE_BEARER || (e->use == TDM_USE_FXO && e->tells_caller))
		add(at, LOOP_HEARS, CALLED, LOOP_CALLER_ID);
	if (e->use == TDM_USE_EM && !e->immediate)
		add_hook(at, CALLED, TDM_WINK);
	if (e->use == TDM_USE_EM || e->use == TDM_USE_FXS)
		add(at, LOOP_GATHERS, CALLED, LOOP_CHECKS);
	if (e->use == TDM_USE_EM && e->acknowledges)
		add_hook(at, CALLED, TDM_WINK)->pause = WINK_MS;
}

static void by_network(struct loop_signalling *ret, const struct loop_params *p)
{
	const struct loop_end *caller = &p->end[CALLER], *called = &p->end[CALLED];
	const struct end *out = end_of(caller->use), *in = end_of(called->use);
	enum loop_side first = out->hangs_up ? CALLED : CALLER, last = first == CALLER ? CALLED : CALLER;
	struct loop_step *at = ret->begin;
	sees(goes_out(&at, caller), CALLED, in->seized, LOOP_SEIZURE);
	comes_in(&at, called);
	sees(add_hook(&at, CALLED, called->use == TDM_USE_FXO && called->ground_start ? TDM_START : TDM_OFFHOOK), CALLER, caller->tells_answer ? out->answered : TDM_NO_EVENT,
	     LOOP_ANSWER);
	at = ret->end;
	sees(add_hook(&at, first, TDM_ONHOOK), last, p->end[last].tells_end ? end_of(p->end[last].use)->cleared : TDM_NO_EVENT, LOOP_CLEARING);
	add_hook(&at, last, TDM_ONHOOK)->pause = GUARD_MS;
}

/* --- both ------------------------------------------------------------------------------------------------------------- */

int loop_signalling_of(struct loop_signalling *ret, const struct loop_params *p)
{
	memset(ret, 0, sizeof *ret);
	if (p->number && *p->number) {
		if (!end_of(p->end[CALLER].use) || !end_of(p->end[CALLED].use))
			return -ENOTSUP;
		by_network(ret, p);
		return 0;
	}
	for (size_t i = 0; i < sizeof direct / sizeof *direct; i++)
		if (direct[i].use[CALLER] == p->end[CALLER].use && direct[i].use[CALLED] == p->end[CALLED].use) {
			*ret = direct[i].s;
			return 0;
		}
	return -ENOTSUP;
}

static bool shows(const struct loop_step *s, enum loop_check c)
{
	for (; s->deed != LOOP_NOTHING; s++)
		if (s->check == c)
			return true;
	return false;
}

bool loop_signalling_shows(const struct loop_signalling *s, enum loop_check c)
{
	return (c >= LOOP_DIGITS_FORTH && c <= LOOP_SLIPS) || shows(s->begin, c) || shows(s->end, c);
}

const char *loop_signalling_lacks(enum loop_check c)
{
	static const char *const rows[LOOP_CHECKS] = {
		[LOOP_SEIZURE] = "these channels have no signalling of their own",
		[LOOP_START] = "nothing tells these lines when to send digits",
		[LOOP_CALLER_ID] = "these lines do not tell who calls",
		[LOOP_ANSWER] = "these lines do not tell of an answer",
		[LOOP_CLEARING] = "these lines do not tell that a call is over",
	};
	return rows[c] ? rows[c] : "";
}
