// SPDX-License-Identifier: GPL-2.0-or-later
/* Setting up what the driver offers as the configuration says, what dahdi_cfg would do. */
#include "base/alarm.h"
#include "base/log.h"
#include "tdm/tdm.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct alarm_def not_set_up = {"span-setup", ALARM_MAJOR, "A span or channels of it could not be set up as configured. The detail says which and why.", 0, 0};

static int set_rate(struct tdm *t, unsigned channel, unsigned kbit)
{
	int fd = t->driver->open(channel);
	if (fd < 0)
		return fd;
	int err = t->driver->hdlc_rate(fd, kbit);
	close(fd);
	return err;
}

static int configure_channel(struct tdm *t, struct tdm_channel *c)
{
	const struct tdm_channel_setup *setup = &t->setup->channels[c->number];
	struct tdm_channel_status status;
	int err = t->driver->channel_setup(t->ctl, c->number, setup);
	if (!err && setup->kbit56)
		err = set_rate(t, c->number, 56);
	if (!err)
		err = t->driver->channel_read(t->ctl, c->number, &status);
	if (!err) {
		c->signalling = setup->signalling;
		c->law = tdm_law_of(t, &status);
	}
	tdm_channel_set_fault(c, TDM_FAULT_SETUP, err, err ? "it could not be set up" : "it is set up");
	return err;
}

/* A span of which something failed is told of once, by what failed first. */
static void __attribute__((format(printf, 3, 4))) told(struct tdm_span *s, bool *failed, const char *fmt, ...)
{
	char detail[160];
	va_list ap;
	if (*failed)
		return;
	*failed = true;
	va_start(ap, fmt);
	vsnprintf(detail, sizeof(detail), fmt, ap);
	va_end(ap);
	log_warn(s->object, "could not be set up: %s", detail);
	alarm_raise(&not_set_up, s->object, detail);
}

/* What a driver means that refuses a setting as invalid. */
static const char *span_wants(const struct tdm_span *s)
{
	static const char *const by_kind[TDM_SPAN_KINDS] = {
		[TDM_SPAN_ANALOG] = "an analog card has no settings of spans", [TDM_SPAN_T1] = "a T1 has framing esf or d4, and coding b8zs or ami",
		[TDM_SPAN_E1] = "an E1 has framing ccs or cas, and coding hdb3 or ami", [TDM_SPAN_BRI] = "a BRI has framing ccs and coding ami",
	};
	return by_kind[s->now.kind];
}

static const char *channel_wants(enum tdm_signalling signalling)
{
	switch (tdm_use_of(signalling)) {
	case TDM_USE_FXS:
		return "fxo signalling is for ports with a telephone, and no channel of a ccs span has it";
	case TDM_USE_FXO:
		return "fxs signalling is for ports towards an exchange, and no channel of a ccs span has it";
	case TDM_USE_EM:
		return "a T1 has e&m, an E1 with cas e&me1, a ccs span neither";
	case TDM_USE_CAS:
		return "cas is for channels of a T1, or of an E1 with framing cas";
	case TDM_USE_FRAMES:
		return "some drivers want hardhdlc, others dchan";
	default:
		return "its driver does not take that";
	}
}

static const char *reason(int err, const char *wants)
{
	return err == -EINVAL ? wants : err == -EBUSY ? "another program has it" : strerror(-err);
}

/* A channel whose canceller cannot be had serves without. */
static void attach_canceller(struct tdm_span *s, unsigned channel, bool *failed)
{
	const struct tdm *t = s->tdm;
	const struct tdm_channel_setup *setup = &t->setup->channels[channel];
	int err = tdm_carries_calls(setup->signalling) ? t->driver->canceller(t->ctl, channel, setup->canceller) : 0;
	if (err == -ENOENT)
		told(s, failed, "channel %u: there is no echo canceller %s", channel, setup->canceller);
	else if (err)
		told(s, failed, "channel %u: echo canceller %s: %s", channel, setup->canceller, strerror(-err));
}

/* A channel and what calls on it need. What fails is told of `s`; 0 when it can serve. */
static int configure(struct tdm_span *s, unsigned channel, bool *failed)
{
	struct tdm *t = s->tdm;
	enum tdm_signalling signalling = t->setup->channels[channel].signalling;
	int err = configure_channel(t, t->channels[channel]);
	if (err)
		told(s, failed, "channel %u as %s: %s", channel, tdm_signalling_defs[signalling].name, reason(err, channel_wants(signalling)));
	else
		attach_canceller(s, channel, failed);
	return err;
}

/* To be set up when this span is there: its channels, and those that are joined to one of them. A channel that is joined to one that is not there waits for it. */
static bool is_of(const struct tdm *t, unsigned channel, unsigned span)
{
	const struct tdm_channel *c = t->channels[channel];
	const struct tdm_channel_setup *setup = &t->setup->channels[channel];
	const struct tdm_channel *joined = setup->dacs ? t->channels[setup->dacs] : NULL;
	if (!c || !setup->set || (setup->dacs && !joined))
		return false;
	return c->span == span || (joined && joined->span == span);
}

static bool all_set_up(const struct tdm_span *s)
{
	for (unsigned n = 1; n <= TDM_MAX_CHANNELS; n++) {
		const struct tdm_channel *c = s->tdm->channels[n];
		if (c && c->span == s->now.number && c->faults & 1u << TDM_FAULT_SETUP)
			return false;
	}
	return true;
}

int tdm_channel_configure(struct tdm_channel *c)
{
	struct tdm_span *s = tdm_span(c->tdm, c->span);
	bool failed = false;
	if (!s)
		return configure_channel(c->tdm, c);
	int err = configure(s, c->number, &failed);
	if (!failed && all_set_up(s))
		alarm_clear(&not_set_up, s->object);
	return err;
}

/* Bundled channels are their master's, and one clear channel is like another. */
static bool is_as_configured(const struct tdm_channel *c, const struct tdm_channel_setup *setup)
{
	if (setup->master != c->number || tdm_use_of(setup->signalling) == TDM_USE_BEARER)
		return setup->master != c->number || tdm_use_of(c->signalling) == TDM_USE_BEARER;
	return c->signalling == setup->signalling;
}

/* All channels, or those that are something else than configured. */
static void configure_channels(struct tdm_span *s, bool others_only, bool *failed)
{
	struct tdm *t = s->tdm;
	for (unsigned n = 1; n <= TDM_MAX_CHANNELS; n++)
		if (is_of(t, n, s->now.number) && !(others_only && is_as_configured(t->channels[n], &t->setup->channels[n])))
			(void)configure(s, n, failed);
}

void tdm_span_configure(struct tdm_span *s)
{
	static const unsigned ring[TDM_CADENCE] = {2000, 4000};
	struct tdm *t = s->tdm;
	unsigned number = s->now.number;
	const struct tdm_span_setup *setup = &t->setup->spans[number];
	bool failed = false;
	int err = setup->set ? t->driver->span_setup(t->ctl, number, setup) : 0;
	if (err)
		told(s, &failed, "span %u: %s", number, reason(err, span_wants(s)));
	t->driver->ringing(t->ctl, ring);
	configure_channels(s, false, &failed);
	err = t->driver->span_start(t->ctl, number);
	if (err)
		told(s, &failed, "start of span %u: %s", number, strerror(-err));
	if (!failed)
		alarm_clear(&not_set_up, s->object);
}

void tdm_span_resume(struct tdm_span *s)
{
	bool failed = false;
	configure_channels(s, true, &failed);
	if (!failed)
		alarm_clear(&not_set_up, s->object);
}

bool tdm_span_was_set_up(const struct tdm_span *s)
{
	const struct tdm *t = s->tdm;
	for (unsigned n = 1; n <= TDM_MAX_CHANNELS; n++) {
		const struct tdm_channel *c = t->channels[n];
		const struct tdm_channel_setup *setup = &t->setup->channels[n];
		if (c && c->span == s->now.number && setup->set && setup->signalling != TDM_UNUSED && is_as_configured(c, setup))
			return true;
	}
	return false;
}

void tdm_span_verify(struct tdm_span *s)
{
	struct tdm *t = s->tdm;
	bool failed = false;
	for (unsigned n = 1; n <= TDM_MAX_CHANNELS; n++) {
		struct tdm_channel *c = t->channels[n];
		const struct tdm_channel_setup *setup = &t->setup->channels[n];
		if (!c || c->span != s->now.number || !setup->set)
			continue;
		bool right = is_as_configured(c, setup);
		tdm_channel_set_fault(c, TDM_FAULT_SETUP, !right, right ? "it is as configured" : "it is set up as something else");
		if (right || failed)
			continue;
		char detail[96];
		snprintf(detail, sizeof(detail), "channel %u is %s, and configured is %s", n, tdm_signalling_defs[c->signalling].name,
			 tdm_signalling_defs[setup->signalling].name);
		alarm_raise(&not_set_up, s->object, detail);
		failed = true;
	}
	if (!failed)
		alarm_clear(&not_set_up, s->object);
}

/* The description that the driver gives such a span, as much of it as there is room for. */
static bool is_called(const struct tdm_span *s, const struct tdm_dynamic_setup *d)
{
	char description[sizeof(d->driver) + sizeof(d->address) + 24];
	snprintf(description, sizeof(description), "Dynamic '%s' span at '%s'", d->driver, d->address);
	return !strncmp(description, s->now.description, sizeof(s->now.description) - 1);
}

const struct tdm_dynamic_setup *tdm_dynamic_of(const struct tdm_span *s)
{
	const struct tdm_setup *setup = s->tdm->setup;
	for (unsigned i = 0; i < setup->n_dynamics; i++)
		if (is_called(s, &setup->dynamics[i]))
			return &setup->dynamics[i];
	return NULL;
}

static bool is_there(const struct tdm *t, const struct tdm_dynamic_setup *d)
{
	for (unsigned n = 1; n <= TDM_MAX_SPANS; n++)
		if (t->spans[n] && is_called(t->spans[n], d))
			return true;
	return false;
}

void tdm_dynamic_configure(struct tdm *t)
{
	for (unsigned i = 0; i < t->setup->n_dynamics; i++) {
		const struct tdm_dynamic_setup *d = &t->setup->dynamics[i];
		char object[sizeof(d->driver) + sizeof(d->address) + 16];
		unsigned span;
		if (is_there(t, d))
			continue;
		snprintf(object, sizeof(object), "dynamic %s,%s", d->driver, d->address);
		int err = t->driver->dynamic_add(t->ctl, d, &span);
		if (err && err != -EEXIST)
			alarm_raise(&not_set_up, object, strerror(-err));
		else
			alarm_clear(&not_set_up, object);
	}
}
