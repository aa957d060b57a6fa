// SPDX-License-Identifier: GPL-3.0-or-later
#include "mediagw/circuit_internal.h"
#include "base/log.h"
#include "base/mem.h"
#include <errno.h>
#include <string.h>

const struct circuit_settings circuit_defaults = {
	.country = "us", .caller_id = TELLS_BELL, .answer = ANSWER_REVERSAL, .answer_ms = 10000, .dial_tone_ms = 3000, .busy_tone = true,
};

/* --- kinds -------------------------------------------------------------------------------------------------------- */

static const struct circuit_kind *kind_of(enum tdm_signalling signalling, const struct circuit_settings *s)
{
	static const struct circuit_kind *const trunks[] = {
		[ADDRESS_TONES] = &circuit_em_tones, [ADDRESS_PULSES] = &circuit_em_tones, [ADDRESS_MF] = &circuit_em_mf,
		[ADDRESS_FEATURE_D] = &circuit_em_feature_d, [ADDRESS_OPERATOR] = &circuit_em_operator,
	};
	switch (tdm_use_of(signalling)) {
	case TDM_USE_FXS:
		return s->pbx || signalling == TDM_FXOGS ? &circuit_fxs_pbx : &circuit_fxs;
	case TDM_USE_FXO:
		return &circuit_fxo;
	case TDM_USE_EM:
		return trunks[s->address];
	default:
		return &circuit_bearer;
	}
}

mgcp_packages circuit_packages(enum tdm_signalling signalling, const struct circuit_settings *s)
{
	return kind_of(signalling, s)->packages;
}

static bool signalled_elsewhere(const struct circuit *c)
{
	return c->kind == &circuit_bearer;
}

static void start_over(struct circuit *c)
{
	timer_stop(&c->timer);
	circuit_digits_stop(c);
	circuit_tests_stop(c);
	if (c->kind->close)
		c->kind->close(c);
	circuit_release(c);
}

static void destroy(void *obj)
{
	struct circuit *c = obj;
	start_over(c);
	timer_stop(&c->cut_over);
}

int circuit_new(struct circuit **ret, const struct circuit_params *p)
{
	const struct circuit_kind *kind = kind_of(p->signalling, p->settings);
	struct circuit *c = mem_alloc(kind->size, destroy);
	if (!c)
		return -ENOMEM;
	c->kind = kind;
	c->p = *p;
	c->fd = -1;
	*ret = c;
	return 0;
}

static bool is_pattern(const struct mgcp_signal *s)
{
	return s && s->package == &mgcp_package_t && !strcmp(s->type->name, "tp");
}

/* D/T (RFC 3660 2.2) */
static bool is_timer(const struct mgcp_signal *s)
{
	return s->package == &mgcp_package_d && !strcmp(s->type->name, "T");
}

static void sound(struct circuit *c, enum bearer_side side, bool pauses)
{
	if (side == BEARER_LINE && is_pattern(c->sounding[side]))
		c->p.h->pattern(c->p.arg, (uint8_t)circuit_pattern(c->sounding[side]->params));
	else
		c->p.h->play(c->p.arg, side, &c->tone[side], pauses);
}

void circuit_open(struct circuit *c, int fd, bool off_hook)
{
	c->fd = fd;
	c->off_hook = off_hook;
	c->listening = 0;
	if (c->kind->open)
		c->kind->open(c);
	circuit_listen(c);
	for (enum bearer_side side = 0; side < BEARER_SIDES; side++)
		if (c->sounding[side])
			sound(c, side, false);
}

void circuit_close(struct circuit *c)
{
	start_over(c);
	circuit_cut(c, &c->sending);
	/* It is closed when nobody uses it: the next call hears nothing of this one's tones. */
	for (enum bearer_side side = 0; signalled_elsewhere(c) && side < BEARER_SIDES; side++)
		circuit_done(c, &c->sounding[side], true);
	c->fd = -1;
	if (c->state)
		circuit_set_state(c, 0, "the channel is closed");
}

void circuit_end(struct circuit *c)
{
	if (c->kind->end && c->fd >= 0)
		c->kind->end(c);
}

/* --- states ------------------------------------------------------------------------------------------------------- */

void circuit_set_state(struct circuit *c, unsigned state, const char *why)
{
	timer_stop(&c->timer);
	if (c->state != state)
		log_debug(c->p.object, "line: %s -> %s (%s)", c->kind->states[c->state], c->kind->states[state], why);
	bool other = c->state != state;
	c->state = state;
	circuit_listen(c);
	if (other)
		c->p.h->changed(c->p.arg);
}

static void expired(void *arg)
{
	struct circuit *c = arg;
	c->kind->timeout(c);
}

void circuit_timer(struct circuit *c, uint32_t ms)
{
	timer_start(&c->timer, ms, expired, c);
}

const char *circuit_state(const struct circuit *c)
{
	return c->state ? c->kind->states[c->state] : "";
}

void circuit_restore(struct circuit *c, struct slice state)
{
	for (unsigned i = 1; c->kind->states[i]; i++)
		if (slice_eq(slice_str(c->kind->states[i]), state)) {
			circuit_set_state(c, i, "an earlier process left it so");
			c->seized = true;
			c->p.h->seize(c->p.arg, false);
			if (c->kind->restored)
				c->kind->restored(c);
			return;
		}
}

int circuit_seize(struct circuit *c, bool incoming)
{
	int err = c->seized ? 0 : c->p.h->seize(c->p.arg, incoming);
	if (err)
		log_info(c->p.object, "the line is not to be used now");
	else
		c->seized = true;
	return err;
}

void circuit_release(struct circuit *c)
{
	bool was = c->seized;
	c->seized = false;
	if (was)
		c->p.h->idle(c->p.arg);
}

/* --- what goes out ------------------------------------------------------------------------------------------------ */

void circuit_event_with(struct circuit *c, const struct mgcp_package *package, const char *event, const char *params)
{
	c->p.h->event(c->p.arg, BEARER_LINE, package, event, slice_str(params));
}

void circuit_event(struct circuit *c, const struct mgcp_package *package, const char *event)
{
	c->p.h->event(c->p.arg, BEARER_LINE, package, event, SLICE_NONE);
}

void circuit_done(struct circuit *c, const struct mgcp_signal **s, bool failed)
{
	const struct mgcp_signal *was = *s;
	*s = NULL;
	if (was)
		c->p.h->signal_done(c->p.arg, was, failed);
}

static void cut_is_over(void *arg)
{
	struct circuit *c = arg;
	circuit_done(c, &c->cut, false);
}

void circuit_cut(struct circuit *c, const struct mgcp_signal **s)
{
	if (*s && (*s)->type->signal == MGCP_BRIEF) {
		c->cut = *s;
		timer_start(&c->cut_over, 0, cut_is_over, c);
	}
	*s = NULL;
}

int circuit_hook_do(struct circuit *c, enum tdm_hook what)
{
	static const char *const names[] = {"on hook", "off hook", "wink", "flash", "start", "ring", "ring no more"};
	int err = c->fd < 0 ? -EBADF : c->p.driver->hook(c->fd, what);
	if (!err || err == -EBUSY)
		log_debug(c->p.object, "line: %s%s", names[what], err ? ", not yet" : "");
	else if (c->fd >= 0)
		log_warn(c->p.object, "the line did not go \"%s\": %s", names[what], strerror(-err));
	if (!err && c->p.h->hooked)
		c->p.h->hooked(c->p.arg, names[what]);
	return err;
}

int circuit_dial(struct circuit *c, enum digit_kind kind, const char *digits)
{
	if (kind == DIGIT_DTMF && c->p.settings->address == ADDRESS_PULSES)
		return c->p.driver->dial_pulses(c->fd, digits);
	return c->p.h->dial(c->p.arg, kind, slice_str(digits));
}

void circuit_reverse(struct circuit *c, bool on)
{
	int err = c->fd < 0 ? 0 : c->p.driver->reverse(c->fd, on);
	if (err)
		log_debug(c->p.object, "the polarity cannot be reversed: %s", strerror(-err));
}

void circuit_lamp(struct circuit *c, bool on)
{
	int err = c->fd < 0 ? 0 : c->p.driver->messages(c->fd, on);
	if (err)
		log_debug(c->p.object, "there is no lamp: %s", strerror(-err));
}

void circuit_play(struct circuit *c, const char *notation)
{
	if (!tone_read(&c->tone[BEARER_LINE], slice_str(notation)))
		sound(c, BEARER_LINE, false);
}

void circuit_silence(struct circuit *c)
{
	circuit_cut(c, &c->sounding[BEARER_LINE]);
	circuit_cut(c, &c->sending);
	c->p.h->play(c->p.arg, BEARER_LINE, NULL, false);
}

/* --- listening ---------------------------------------------------------------------------------------------------- */

static bool asks(const struct circuit *c, const struct mgcp_package *package, const char *event)
{
	return mgcp_packages_have(c->kind->packages, package) && c->p.h->requested(c->p.arg, package, event);
}

static unsigned asked_for(const struct circuit *c)
{
	unsigned what = 0;
	if (asks(c, &mgcp_package_g, "ft") || asks(c, &mgcp_package_g, "mt"))
		what |= LISTEN_VOICEBAND;
	for (const char *d = "0123456789*#ABCD"; *d && mgcp_packages_have(c->kind->packages, &mgcp_package_d); d++)
		if (c->p.h->requested(c->p.arg, &mgcp_package_d, (const char[]){*d, '\0'}))
			what |= LISTEN_DTMF;
	if (asks(c, &mgcp_package_d, "dd"))
		what |= LISTEN_DTMF;
	return what | circuit_tests_listen(c);
}

void circuit_listen(struct circuit *c)
{
	unsigned what = (c->kind->listens ? c->kind->listens(c) : 0) | asked_for(c);
	/* On hook there is nothing to hear but what the state wants, and what comes from the network. */
	if (c->kind->hook && c->kind->hook(c) == MGCP_ON_HOOK)
		what = c->kind->listens(c) | (what & LISTEN_NETWORK_TESTS);
	if (what == c->listening || c->fd < 0)
		return;
	c->listening = what;
	c->p.h->listen(c->p.arg, what);
}

void circuit_asked(struct circuit *c)
{
	circuit_listen(c);
}

static void heard_voiceband(struct circuit *c, enum voiceband kind)
{
	if (kind == VOICEBAND_FAX || kind == VOICEBAND_FAX_CALLING)
		circuit_event(c, &mgcp_package_g, "ft");
	else if (kind != VOICEBAND_NONE)
		circuit_event(c, &mgcp_package_g, "mt");
}

/* A channel that is signalled elsewhere is open only while it is used: what is to be heard on it uses it, too. */
static bool hold(struct circuit *c)
{
	return c->fd >= 0 || !signalled_elsewhere(c) || !circuit_seize(c, false);
}

static void let_go(struct circuit *c)
{
	if (signalled_elsewhere(c) && !c->testing && !c->sounding[BEARER_LINE] && !c->sending)
		circuit_release(c);
}

/* What was sent by a signal is out. */
static bool sent(struct circuit *c, enum bearer_side side)
{
	if (c->sounding[side])
		circuit_done(c, &c->sounding[side], false);
	else if (side == BEARER_LINE && c->sending)
		circuit_done(c, &c->sending, false);
	else
		return side != BEARER_LINE;
	let_go(c);
	return true;
}

void circuit_heard(struct circuit *c, const struct heard *h)
{
	mem_ref(c);
	if (h->kind == HEARD_EVENT)
		log_debug(c->p.object, "line: the other side: %s", tdm_event_names[h->event.kind]);
	if (h->kind == HEARD_VOICEBAND)
		heard_voiceband(c, h->voiceband);
	else if (h->kind == HEARD_TEST_TONE)
		circuit_test_tone(c, h->side, h->test_tone, h->begun);
	else if (h->kind == HEARD_PATTERN)
		circuit_pattern_heard(c);
	else if (h->kind != HEARD_PLAYED || !sent(c, h->side))
		c->kind->heard(c, h);
	if (h->kind == HEARD_TONE && h->begun)
		circuit_progress_heard(c, h->tone);
	mem_deref(c);
}

/* --- signals ------------------------------------------------------------------------------------------------------ */

static const struct circuit_signal *row_of(const struct circuit *c, const struct mgcp_signal *s)
{
	for (const struct circuit_signal *r = c->kind->signals; r->package; r++)
		if (r->package == s->package && !strcmp(r->name, s->type->name))
			return r;
	return NULL;
}

static enum bearer_side side_of(const struct mgcp_signal *s)
{
	return slice_is_set(s->connection) ? BEARER_NETWORK : BEARER_LINE;
}

static void start_tone(struct circuit *c, const struct mgcp_signal *s)
{
	enum bearer_side side = side_of(s);
	bool pauses = false;
	if (!is_pattern(s) && circuit_tone(&c->tone[side], &pauses, s, c->p.settings))
		return;
	circuit_cut(c, &c->sounding[side]);
	if (side == BEARER_LINE)
		circuit_cut(c, &c->sending);
	c->sounding[side] = s;
	c->returned[side] = 0;
	sound(c, side, pauses);
}

static void start_digit(struct circuit *c, const struct mgcp_signal *s)
{
	const char digit[] = {circuit_signal_digit(s), '\0'};
	c->sounding[BEARER_LINE] = NULL;
	c->sending = s;
	if (c->p.h->dial(c->p.arg, DIGIT_DTMF, slice_str(digit)))
		circuit_done(c, &c->sending, true);
}

void circuit_signal_start(struct circuit *c, const struct mgcp_signal *s)
{
	const struct circuit_signal *row = row_of(c, s);
	if (side_of(s) == BEARER_LINE && !hold(c))
		circuit_done(c, &s, true);
	else if (row)
		row->start(c, s);
	else if (is_timer(s))
		return; /* it is only waited for */
	else if (s->package == &mgcp_package_d && s->type->event & MGCP_DIGIT)
		start_digit(c, s);
	else
		start_tone(c, s);
}

static bool is_on(const struct mgcp_signal *on, const struct mgcp_signal *s)
{
	return on && mgcp_signal_same(on, s);
}

void circuit_signal_stop(struct circuit *c, const struct mgcp_signal *s)
{
	const struct circuit_signal *row = row_of(c, s);
	if (row && row->stop) {
		row->stop(c, s);
	} else if (is_on(c->sounding[BEARER_NETWORK], s)) {
		c->sounding[BEARER_NETWORK] = NULL;
		timer_stop(&c->return_over[BEARER_NETWORK]);
		c->p.h->play(c->p.arg, BEARER_NETWORK, NULL, false);
	} else if (is_on(c->sounding[BEARER_LINE], s) || is_on(c->sending, s)) {
		circuit_silence(c);
	}
	if (is_on(c->cut, s))
		c->cut = NULL;
	let_go(c);
}

/* --- what can be asked for ---------------------------------------------------------------------------------------- */

static bool named(const char *names, const char *name)
{
	size_t len = strlen(name);
	for (const char *at = names; (at = strstr(at, name)); at += len)
		if ((at == names || at[-1] == ' ') && (at[len] == ' ' || !at[len]))
			return true;
	return false;
}

static bool detects(const struct circuit *c, const struct mgcp_requested *r)
{
	if (!r->type)
		return r->digits || slice_caseeq(r->name, SLICE("all"));
	for (const struct circuit_events *e = c->kind->events; e->package; e++)
		if (e->package == r->package)
			return !e->names || named(e->names, r->type->name);
	return named("oc of", r->type->name) || r->package == &mgcp_package_b;
}

static unsigned check_signal(const struct circuit *c, const struct mgcp_signal *s, const char **why)
{
	const struct circuit_signal *row = row_of(c, s);
	struct tone t;
	bool pauses;
	if (row)
		return row->check ? row->check(s, why) : 0;
	*why = "this line cannot give the signal";
	if (is_timer(s))
		return 0;
	if (s->off || (s->package == &mgcp_package_d && s->type->event & MGCP_DIGIT && circuit_signal_digit(s)))
		return 0;
	*why = s->package == &mgcp_package_r ? "a signal of package R is given on a connection" : *why;
	if (s->package == &mgcp_package_r && !slice_is_set(s->connection))
		return 513;
	int err = !is_pattern(s) ? circuit_tone(&t, &pauses, s, c->p.settings) : circuit_pattern(s->params) < 0 ? -EINVAL : 0;
	return !err ? 0 : err == -EINVAL ? 538 : 513;
}

unsigned circuit_check(const struct circuit *c, const struct mgcp_script *s, const char **why)
{
	unsigned code = 0;
	for (unsigned i = 0; i < s->n_events && !code; i++) {
		*why = "the event cannot be seen on this line";
		code = detects(c, &s->events[i]) ? 0 : 512;
		if (!code && !circuit_test_params(&s->events[i])) {
			*why = "the event does not take these parameters";
			code = 538;
		}
		if (!code && s->events[i].embedded)
			code = circuit_check(c, s->events[i].embedded, why);
	}
	for (unsigned i = 0; i < s->n_signals && !code; i++)
		code = check_signal(c, &s->signals[i], why);
	return code;
}

enum mgcp_hook circuit_hook(const struct circuit *c)
{
	return c->kind->hook ? c->kind->hook(c) : MGCP_ANY_HOOK;
}

void circuit_event_states(const struct circuit *c, struct buf *out)
{
	if (c->kind->event_states)
		c->kind->event_states(c, out);
}
