// SPDX-License-Identifier: GPL-3.0-or-later
#include "mediagw/line_trial.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/timer.h"
#include "mediagw/agent_call.h"
#include "mediagw/line_pair.h"
#include <errno.h>
#include <stdio.h>

enum trial_state {
	TRIAL_CALLING,   /* by ISDN */
	TRIAL_MEASURING, /* with a call by ISDN under it, or with the lines' own */
	TRIAL_CLEARING,  /* by ISDN */
	TRIAL_OVER,
	TRIAL_STATES
};

static const char *const state_names[TRIAL_STATES] = {
	[TRIAL_CALLING] = "calling", [TRIAL_MEASURING] = "measuring", [TRIAL_CLEARING] = "clearing", [TRIAL_OVER] = "over",
};

/* What others are to say in each state is said by then, or never: the call agent's own timers, and the steps of a test, end before. */
static const struct {
	uint64_t ms;
	const char *why;
} most[TRIAL_STATES] = {
	[TRIAL_CALLING] = {60000, "tandem-ca does not say what becomes of the call"},
	[TRIAL_MEASURING] = {120000, "the test does not end"},
	[TRIAL_CLEARING] = {30000, "tandem-ca does not say that the call is over"},
};

struct line_trial {
	struct line_trial_params p;
	enum trial_state state;
	char name[LOOP_SIDES][TDM_ENDPOINT_MAX];
	struct loop_result results[LOOP_CHECKS];
	struct line_pair *pair;
	struct agent_call *call; /* NULL: the lines have signalling of their own */
	bool called, busy;       /* the call came in; the channel had another one */
	struct timer timer;      /* of the state */
	struct timer told;
};

static void on_timer(void *arg);

static void set_state(struct line_trial *t, enum trial_state state, const char *why)
{
	log_debug(t->name[LOOP_CALLER], "test call to %s: %s -> %s: %s", t->name[LOOP_CALLED], state_names[t->state], state_names[state], why);
	t->state = state;
	if (most[state].ms)
		timer_start(&t->timer, most[state].ms, on_timer, t);
	else
		timer_stop(&t->timer);
}

static void tell(void *arg)
{
	struct line_trial *t = arg;
	t->p.over(t->p.arg);
}

static void finish(struct line_trial *t, const char *why)
{
	set_state(t, TRIAL_OVER, why);
	timer_start(&t->told, 0, tell, t);
}

static void destroy(void *obj)
{
	struct line_trial *t = obj;
	timer_stop(&t->told);
	timer_stop(&t->timer);
	mem_deref(t->pair);
	mem_deref(t->call);
}

/* --- the voice ------------------------------------------------------------------------------------------------------ */

/* The channels are free before their call is cleared: the next one may come at once. */
static void on_measured(void *arg)
{
	struct line_trial *t = arg;
	bool goes_on = t->call && t->state == TRIAL_MEASURING;
	for (unsigned c = 0; c < LOOP_CHECKS; c++) {
		const struct loop_result *r = loop_test_result(line_pair_test(t->pair), c);
		if (r->verdict != LOOP_NOT_MADE)
			t->results[c] = *r;
	}
	t->pair = mem_deref(t->pair);
	if (!goes_on) {
		finish(t, "the test is over");
		return;
	}
	set_state(t, TRIAL_CLEARING, "measured");
	agent_call_clear(t->call);
}

static int measure(struct line_trial *t, const struct tdm_channel *caller, const struct tdm_channel *called)
{
	return line_pair_begin(&t->pair, t->p.gw, caller->number, called->number, t->p.bound, on_measured, t);
}

/* --- a call by ISDN ------------------------------------------------------------------------------------------------- */

static void give_up(struct line_trial *t, enum loop_check c, const char *why)
{
	loop_failed(t->results, c, why);
	set_state(t, TRIAL_CLEARING, why);
	agent_call_clear(t->call);
}

static const struct tdm_channel *channel_of(const struct line_trial *t, const char *endpoint)
{
	struct tdm_channel *c = NULL;
	return tdm_endpoint_find(t->p.gw->p.tdm, slice_str(endpoint), &c) ? NULL : c;
}

/* Networks may show the number in another form than it was told in. */
static void check_caller(struct line_trial *t, const char *caller)
{
	size_t n = strlen(caller), k = strlen(LOOP_NUMBER);
	char why[160];
	if (n >= k && !strcmp(caller + n - k, LOOP_NUMBER)) {
		loop_found(t->results, t->p.bound, LOOP_CALLER_ID, 1);
		return;
	}
	snprintf(why, sizeof why, *caller ? "%s is told" : "no number is told", caller);
	loop_failed(t->results, LOOP_CALLER_ID, why);
}

static void on_seized(void *arg, const char *to, const char *caller, double ms)
{
	struct line_trial *t = arg;
	char why[160];
	if (t->state != TRIAL_CALLING)
		return;
	if (!tdm_target_has(t->p.gw->p.tdm, t->p.to, channel_of(t, to))) {
		snprintf(why, sizeof why, "the call came in on %s", to);
		give_up(t, LOOP_SEIZURE, why);
		return;
	}
	t->called = true;
	snprintf(t->name[LOOP_CALLED], sizeof t->name[LOOP_CALLED], "%s", to);
	loop_found(t->results, t->p.bound, LOOP_SEIZURE, ms);
	check_caller(t, caller);
}

static void on_answered(void *arg, const char *from, const char *to, double ms)
{
	struct line_trial *t = arg;
	const struct tdm_channel *caller = channel_of(t, from), *called = channel_of(t, to);
	if (t->state != TRIAL_CALLING)
		return;
	snprintf(t->name[LOOP_CALLER], sizeof t->name[LOOP_CALLER], "%s", from);
	loop_found(t->results, t->p.bound, LOOP_ANSWER, ms);
	int err = caller && called ? measure(t, caller, called) : -ENOENT;
	if (err)
		give_up(t, LOOP_LEVEL_FORTH, strerror(-err));
	else
		set_state(t, TRIAL_MEASURING, "answered");
}

static void on_call_over(void *arg, const char *why, bool busy, double ms)
{
	struct line_trial *t = arg;
	if (t->state == TRIAL_MEASURING) {
		set_state(t, TRIAL_CLEARING, why);
		line_pair_abort(t->pair, why);
		return;
	}
	if (t->state == TRIAL_CALLING) {
		t->busy = busy;
		loop_failed(t->results, t->called ? LOOP_ANSWER : LOOP_SEIZURE, why);
	} else if (t->results[LOOP_ANSWER].verdict != LOOP_NOT_MADE) {
		if (ms >= 0)
			loop_found(t->results, t->p.bound, LOOP_CLEARING, ms);
		else
			loop_failed(t->results, LOOP_CLEARING, *why ? why : "the called side hears nothing of it");
	}
	finish(t, why);
}

/* With its connection the call agent ends the call. */
static void on_timer(void *arg)
{
	struct line_trial *t = arg;
	const char *why = most[t->state].why;
	switch (t->state) {
	case TRIAL_CALLING:
		loop_failed(t->results, t->called ? LOOP_ANSWER : LOOP_SEIZURE, why);
		break;
	case TRIAL_MEASURING:
		set_state(t, TRIAL_CLEARING, why);
		line_pair_abort(t->pair, why);
		return;
	default:
		loop_failed(t->results, LOOP_CLEARING, why);
	}
	t->call = mem_deref(t->call);
	finish(t, why);
}

/* --- beginning ------------------------------------------------------------------------------------------------------ */

/* The isdn section whose span the channel is of; NULL: others signal it. */
static const char *group_of(const struct conf *conf, const struct tdm_channel *c)
{
	const struct conf_part *s;
	uint32_t span;
	if (tdm_use_of(c->signalling) != TDM_USE_BEARER)
		return NULL;
	for (unsigned i = 0; (s = conf_titled(conf, "isdn", i)); i++)
		for (unsigned k = 0; k < conf_list_count(s, "spans"); k++)
			if (!slice_u32(slice_str(conf_list_at(s, "spans", k)), &span) && span == c->span)
				return conf_title(s);
	return NULL;
}

static int call_by_isdn(struct line_trial *t, const char *from, const char *to)
{
	char path[256];
	const struct agent_call_params p = {
		.path = path, .group = {from, to}, .from = t->name[LOOP_CALLER], .number = t->p.number, .caller = LOOP_NUMBER,
		.seized = on_seized, .answered = on_answered, .over = on_call_over, .arg = t,
	};
	for (unsigned i = 0; i < LOOP_SIDES; i++)
		if (t->p.channel[i]->state != TDM_IN_SERVICE)
			return -EBUSY;
	snprintf(path, sizeof path, "%s/ca.sock", conf_string(conf_section(t->p.conf, "state"), "runtime"));
	return agent_call_begin(&t->call, &p);
}

int line_trial_begin(struct line_trial **ret, const struct line_trial_params *p)
{
	const char *from = group_of(p->conf, p->channel[LOOP_CALLER]), *to = group_of(p->conf, p->channel[LOOP_CALLED]);
	struct line_trial *t = mem_alloc(sizeof *t, destroy);
	if (!t)
		return -ENOMEM;
	t->p = *p;
	for (unsigned i = 0; i < LOOP_SIDES; i++)
		tdm_endpoint_name(p->channel[i], t->name[i]);
	int err = p->channel[LOOP_CALLER] == p->channel[LOOP_CALLED] || !from != !to ? -ENOTSUP
		  : from							       ? call_by_isdn(t, from, to)
										       : measure(t, p->channel[LOOP_CALLER], p->channel[LOOP_CALLED]);
	if (err) {
		mem_deref(t);
		return err;
	}
	set_state(t, from ? TRIAL_CALLING : TRIAL_MEASURING, "asked for");
	*ret = t;
	return 0;
}

const struct loop_result *line_trial_result(const struct line_trial *t, enum loop_check c)
{
	return &t->results[c];
}

bool line_trial_was_busy(const struct line_trial *t)
{
	return t->busy;
}

const char *line_trial_name(const struct line_trial *t, enum loop_side side)
{
	return t->name[side];
}

const char *line_trial_phase(const struct line_trial *t)
{
	return t->pair ? loop_test_phase(line_pair_test(t->pair)) : state_names[t->state];
}
