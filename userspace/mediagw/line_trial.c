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
	TRIAL_CALLING,   /* the call agent is: until a call between channels of ISDN is up, or one to ISDN is awaited */
	TRIAL_MEASURING, /* with such a call under it, or with the lines' own */
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
	[TRIAL_MEASURING] = {180000, "the test does not end"},
	[TRIAL_CLEARING] = {30000, "tandem-ca does not say that the call is over"},
};

struct line_trial {
	struct line_trial_params p;
	enum trial_state state;
	char name[LOOP_SIDES][TDM_ENDPOINT_MAX];
	struct loop_result results[LOOP_CHECKS];
	struct line_pair *pair;
	struct conf *conf;             /* as it was when it began */
	const char *group[LOOP_SIDES]; /* the isdn section that it is of; NULL: it has signalling of its own */
	struct agent_call *call; /* NULL: none yet, or none of ISDN */
	bool clearing, cleared;  /* it is to be; it is */
	bool called, busy;       /* it came in; a channel had another one */
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
	mem_deref(t->conf);
}

static void clear(struct line_trial *t)
{
	if (t->call && !t->clearing && !t->cleared)
		agent_call_clear(t->call);
	t->clearing = true;
}

/* --- the voice ------------------------------------------------------------------------------------------------------ */

/* One end is a line, the other a channel of ISDN: the call is the test's to make and to end. */
static bool is_mixed(const struct line_trial *t)
{
	return !t->group[LOOP_CALLER] != !t->group[LOOP_CALLED];
}

/* What is measured goes before what is only said of it: that those lines do not show it. */
static void take_results(struct line_trial *t)
{
	for (unsigned c = 0; c < LOOP_CHECKS; c++) {
		const struct loop_result *r = loop_test_result(line_pair_test(t->pair), c);
		if (r->verdict != LOOP_NOT_MADE || t->results[c].verdict == LOOP_NOT_MADE)
			t->results[c] = *r;
	}
}

/* The channels are free before their call is cleared: the next one may come at once. */
static void on_measured(void *arg)
{
	struct line_trial *t = arg;
	bool goes_on = t->call && !t->cleared && t->state == TRIAL_MEASURING;
	take_results(t);
	t->busy |= loop_test_was_disturbed(line_pair_test(t->pair));
	t->pair = mem_deref(t->pair);
	if (!goes_on) {
		finish(t, "the test is over");
		return;
	}
	set_state(t, TRIAL_CLEARING, "measured");
	clear(t);
}

static int signal_isdn(void *arg, enum loop_side side, enum tdm_hook what);

/* A channel of ISDN comes to it when its call is up. */
static int measure(struct line_trial *t, const struct tdm_channel *caller, const struct tdm_channel *called)
{
	const struct tdm_channel *const channel[LOOP_SIDES] = {caller, called};
	struct line_pair_params p = {
		.gw = t->p.gw, .number = t->group[LOOP_CALLER] && t->group[LOOP_CALLED] ? "" : t->p.number, .caller = t->p.caller, .bound = t->p.bound, .signal = signal_isdn,
		.over = on_measured, .arg = t,
	};
	for (unsigned i = 0; i < LOOP_SIDES; i++)
		p.channel[i] = is_mixed(t) && t->group[i] ? 0 : channel[i]->number;
	return line_pair_begin(&t->pair, &p);
}

/* --- a call by ISDN ------------------------------------------------------------------------------------------------- */

static void give_up(struct line_trial *t, enum loop_check c, const char *why)
{
	loop_failed(t->results, c, why);
	set_state(t, TRIAL_CLEARING, why);
	clear(t);
}

static const struct tdm_channel *channel_of(const struct line_trial *t, const char *endpoint)
{
	struct tdm_channel *c = NULL;
	return tdm_endpoint_find(t->p.gw->p.tdm, slice_str(endpoint), &c) ? NULL : c;
}

/* It is awaited: the line may dial. */
static void on_begun(void *arg)
{
	struct line_trial *t = arg;
	if (t->state != TRIAL_CALLING || t->group[LOOP_CALLER])
		return;
	int err = measure(t, t->p.channel[LOOP_CALLER], t->p.channel[LOOP_CALLED]);
	t->busy = err == -EBUSY;
	if (err)
		give_up(t, LOOP_SEIZURE, t->busy ? "the channel is not free" : err == -EINVAL ? "the number cannot be dialled there" : strerror(-err));
	else
		set_state(t, TRIAL_MEASURING, "the call is awaited");
}

/* Networks may show the number in another form than it was told in. */
static void check_caller(struct line_trial *t, const char *caller)
{
	char why[160];
	if (slice_ends(slice_str(caller), slice_str(t->p.caller))) {
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
	snprintf(why, sizeof why, "the call came in on %s", to);
	bool ours = tdm_target_has(t->p.gw->p.tdm, t->p.to, channel_of(t, to));
	if (t->pair && !ours) {
		line_pair_give_up(t->pair, LOOP_SEIZURE, why);
	} else if (!ours && t->state == TRIAL_CALLING) {
		give_up(t, LOOP_SEIZURE, why);
	} else if (t->pair || t->state == TRIAL_CALLING) {
		t->called = true;
		snprintf(t->name[LOOP_CALLED], sizeof t->name[LOOP_CALLED], "%s", to);
	}
	if (t->called && t->pair) {
		line_pair_caller(t->pair, caller);
		line_pair_event(t->pair, LOOP_CALLED, TDM_EV_OFFHOOK);
	} else if (t->called) {
		loop_found(t->results, t->p.bound, LOOP_SEIZURE, ms);
		check_caller(t, caller);
		agent_call_answer(t->call);
	}
}

/* Between two channels of ISDN. */
static void is_up(struct line_trial *t, const struct tdm_channel *caller, const struct tdm_channel *called, double ms)
{
	if (t->state != TRIAL_CALLING)
		return;
	loop_found(t->results, t->p.bound, LOOP_ANSWER, ms);
	int err = caller && called ? measure(t, caller, called) : -ENOENT;
	if (err)
		give_up(t, LOOP_LEVEL_FORTH, strerror(-err));
	else
		set_state(t, TRIAL_MEASURING, "answered");
}

/* Between one and a line: it is the channel's turn. */
static void joins(struct line_trial *t, enum loop_side side, const struct tdm_channel *c)
{
	if (side == LOOP_CALLER && loop_test_result(line_pair_test(t->pair), LOOP_SEIZURE)->verdict == LOOP_NOT_MADE) {
		line_pair_give_up(t->pair, LOOP_SEIZURE, "the call is answered elsewhere");
		return;
	}
	int err = c ? line_pair_join(t->pair, side, c->number) : -ENOENT;
	if (err)
		line_pair_give_up(t->pair, LOOP_ANSWER, strerror(-err));
	else
		line_pair_event(t->pair, side, TDM_EV_OFFHOOK);
}

static void on_answered(void *arg, const char *from, const char *to, double ms)
{
	struct line_trial *t = arg;
	enum loop_side side = t->group[LOOP_CALLER] ? LOOP_CALLER : LOOP_CALLED;
	if (*from)
		snprintf(t->name[LOOP_CALLER], sizeof t->name[LOOP_CALLER], "%s", from);
	if (!is_mixed(t))
		is_up(t, channel_of(t, from), channel_of(t, to), ms);
	else if (t->pair)
		joins(t, side, channel_of(t, side == LOOP_CALLER ? from : to));
}

static void check_clearing(struct line_trial *t, const char *why, double ms)
{
	if (is_mixed(t) || t->results[LOOP_ANSWER].verdict == LOOP_NOT_MADE)
		return;
	if (ms >= 0)
		loop_found(t->results, t->p.bound, LOOP_CLEARING, ms);
	else
		loop_failed(t->results, LOOP_CLEARING, *why ? why : "the called side hears nothing of it");
}

static void on_call_over(void *arg, const char *why, bool busy, double ms)
{
	struct line_trial *t = arg;
	t->cleared = true;
	t->busy |= busy;
	if (t->pair && is_mixed(t)) {
		line_pair_cleared(t->pair, t->group[LOOP_CALLER] ? LOOP_CALLER : LOOP_CALLED, why);
		return;
	}
	if (t->state == TRIAL_MEASURING) {
		set_state(t, TRIAL_CLEARING, why);
		line_pair_abort(t->pair, why);
		return;
	}
	if (t->state == TRIAL_CALLING)
		loop_failed(t->results, t->called ? LOOP_ANSWER : LOOP_SEIZURE, why);
	else
		check_clearing(t, why, ms);
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

static int call_by_isdn(struct line_trial *t)
{
	char path[256];
	const struct agent_call_params p = {
		.path = path, .group = {t->group[LOOP_CALLER], t->group[LOOP_CALLED]}, .from = t->group[LOOP_CALLER] ? t->name[LOOP_CALLER] : "", .number = t->p.number,
		.caller = t->p.caller, .begun = on_begun, .seized = on_seized, .answered = on_answered, .over = on_call_over, .arg = t,
	};
	snprintf(path, sizeof path, "%s/ca.sock", conf_string(conf_section(t->conf, "state"), "runtime"));
	return agent_call_begin(&t->call, &p);
}

/* Of a test between a channel of ISDN and a line: what it does with the former's call. */
static int signal_isdn(void *arg, enum loop_side side, enum tdm_hook what)
{
	struct line_trial *t = arg;
	if (what == TDM_ONHOOK)
		clear(t);
	else if (side == LOOP_CALLER)
		return call_by_isdn(t);
	else
		agent_call_answer(t->call);
	return 0;
}

static bool is_free(const struct line_trial *t)
{
	return t->p.channel[LOOP_CALLER]->state == TDM_IN_SERVICE && t->p.channel[LOOP_CALLED]->state == TDM_IN_SERVICE;
}

/* Channels that nobody signals make no calls. */
static bool is_mute(const struct line_trial *t, enum loop_side side)
{
	enum tdm_use use = tdm_use_of(t->p.channel[side]->signalling);
	return !t->group[side] && (use == TDM_USE_BEARER || use == TDM_USE_CAS);
}

/* Such are only joined; lines and ISDN never are. */
static int check(const struct line_trial *t)
{
	bool mute = is_mute(t, LOOP_CALLER) || is_mute(t, LOOP_CALLED);
	if (t->p.channel[LOOP_CALLER] == t->p.channel[LOOP_CALLED] || (mute && (*t->p.number || is_mixed(t))))
		return -ENOTSUP;
	if (is_mixed(t) && !*t->p.number)
		return -EDESTADDRREQ;
	return (t->group[LOOP_CALLER] || t->group[LOOP_CALLED]) && !is_free(t) ? -EBUSY : 0;
}

static int begin(struct line_trial *t)
{
	bool agent_first = t->group[LOOP_CALLED];
	set_state(t, agent_first ? TRIAL_CALLING : TRIAL_MEASURING, "asked for");
	return agent_first ? call_by_isdn(t) : measure(t, t->p.channel[LOOP_CALLER], t->p.channel[LOOP_CALLED]);
}

int line_trial_begin(struct line_trial **ret, const struct line_trial_params *p)
{
	struct line_trial *t = mem_alloc(sizeof *t, destroy);
	if (!t)
		return -ENOMEM;
	t->p = *p;
	t->conf = mem_ref((void *)(uintptr_t)p->conf);
	for (unsigned i = 0; i < LOOP_SIDES; i++) {
		tdm_endpoint_name(p->channel[i], t->name[i]);
		t->group[i] = group_of(p->conf, p->channel[i]);
	}
	if (!*t->p.caller && t->group[LOOP_CALLER])
		t->p.caller = LOOP_NUMBER;
	int err = check(t) ?: begin(t);
	if (err)
		mem_deref(t);
	else
		*ret = t;
	return err;
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
