// SPDX-License-Identifier: GPL-2.0-or-later
/* The spans of a group as the driver shows them: which channels they have, and whether they are fit for calls. */
#include "base/alarm.h"
#include "base/log.h"
#include "base/mem.h"
#include "isdn/call.h"
#include <errno.h>
#include <stdio.h>

#define POLLS_TO_FAIL 3 /* a defect must last, RFC 4805 3.4.4 */
#define POLLS_TO_HEAL 3
#define POLLS_TO_LEAVE 2 /* DAHDI tells of a removal, and goes on as if nothing were for a second */
#define DEFECTS       (1u << TDM_LOS | 1u << TDM_LOF | 1u << TDM_LOMF | 1u << TDM_AIS | 1u << TDM_RAI)

/* Its calls hear nothing any more, and the far end may be told so. While it is the D-channel's own span, that is lost with it, or will be: then T309
 * decides (5.8.9). */
static bool is_dead(const struct group *g, const struct interface *i)
{
	return i->failed && group_is_up(g) && i != &g->interfaces[g->active->interface];
}

static void clear_dead(struct interface *i)
{
	for (unsigned n = 0; n < ISDN_CHANNELS; n++) {
		struct bchannel *b = i->channels[n];
		if (b && b->call && b->call->state != CALL_CLEARING)
			call_clear(b->call, PRI_CAUSE_DESTINATION_OUT_OF_ORDER, "its span has failed");
	}
}

void interface_clear_dead(struct group *g)
{
	for (unsigned i = 0; i < g->settings.n_spans; i++)
		if (is_dead(g, &g->interfaces[i]))
			clear_dead(&g->interfaces[i]);
}

static void set_failed(struct group *g, struct interface *i, bool failed, const char *why)
{
	if (i->failed == failed)
		return;
	i->failed = failed;
	log_info(g->name, "span %u is %s: %s", i->span, failed ? "not fit for calls" : "fit for calls", why);
	for (unsigned n = 0; n < ISDN_CHANNELS; n++) {
		struct bchannel *b = i->channels[n];
		if (!b)
			continue;
		bchannel_set_fault(b, BCHANNEL_SPAN, failed, why);
		b->restart_due |= !failed && g->settings.restart;
	}
	if (failed)
		interface_clear_dead(g);
	else
		restart_next(g);
}

static int add_channel(struct group *g, unsigned id, const struct tdm_channel_status *s)
{
	struct interface *i = &g->interfaces[id];
	struct bchannel *b = i->channels[s->position];
	if (!b) {
		b = mem_alloc(sizeof(*b), NULL);
		g->isdn->appeared = true;
	}
	if (!b)
		return -ENOMEM;
	i->channels[s->position] = b;
	i->law = s->law;
	b->group = g;
	b->number = s->number;
	b->interface = id;
	b->position = s->position;
	snprintf(b->endpoint, sizeof(b->endpoint), "ds/%s-%u/%u", tdm_span_kind_names[i->kind], i->span, s->position);
	return 0;
}

/* The D-channel that a channel of frames is: NULL when it is none of the group's. */
static struct dchannel *dchannel_for(struct group *g, unsigned id, unsigned number)
{
	const struct isdn_settings *s = &g->settings;
	if (!s->n_dchannels)
		return id == 0 ? &g->dchannels[0] : NULL;
	for (unsigned i = 0; i < s->n_dchannels; i++)
		if (s->dchannels[i] == number)
			return &g->dchannels[i];
	return NULL;
}

/* Looks for the channels of a span that appeared. */
static int scan(struct group *g, unsigned id)
{
	struct interface *i = &g->interfaces[id];
	int err = 0;
	for (unsigned number = 1; number <= TDM_MAX_CHANNELS && !err; number++) {
		struct tdm_channel_status s;
		if (g->isdn->p.driver->channel_read(g->isdn->ctl, number, &s) || s.span != i->span || s.position >= ISDN_CHANNELS)
			continue;
		struct dchannel *d = tdm_use_of(s.signalling) == TDM_USE_FRAMES ? dchannel_for(g, id, number) : NULL;
		if (d) {
			alarm_clear(&alarm_dchannel, d->endpoint);
			dchannel_place(d, number, id, i->kind, i->span, s.position);
		} else if (tdm_use_of(s.signalling) == TDM_USE_BEARER) {
			err = add_channel(g, id, &s);
		}
	}
	return err;
}

static bool has_channels(const struct interface *i)
{
	for (unsigned n = 0; n < ISDN_CHANNELS; n++)
		if (i->channels[n])
			return true;
	return false;
}

/* Whether it is there, and how it is; not one that the driver still shows, and takes away. */
static bool see(const struct isdn *isdn, struct interface *i, struct tdm_span_status *ret)
{
	if (isdn->ctl < 0 || isdn->p.driver->span_read(isdn->ctl, i->span, ret)) {
		i->leaving = 0;
		return false;
	}
	return !i->leaving || !i->leaving--;
}

static void poll_one(struct group *g, unsigned id)
{
	struct interface *i = &g->interfaces[id];
	struct tdm_span_status s;
	if (!see(g->isdn, i, &s)) {
		i->present = false;
		i->bad = i->good = 0;
		set_failed(g, i, true, "it is not there");
		return;
	}
	i->kind = s.kind;
	/* Until whoever sets channels up has done so, there are none. */
	if (!i->present || !has_channels(i))
		scan(g, id);
	if (!i->present) {
		i->present = true;
		set_failed(g, i, s.defects & DEFECTS, "it is there");
	}
	i->bad = s.defects & DEFECTS ? i->bad + 1 : 0;
	i->good = s.defects & DEFECTS ? 0 : i->good + 1;
	if (i->bad >= POLLS_TO_FAIL)
		set_failed(g, i, true, "it has an alarm");
	else if (i->good >= POLLS_TO_HEAL)
		set_failed(g, i, false, "it has no alarm");
}

/* Its descriptor came, or went, or is still missing. */
static void changed(struct group *g, struct dchannel *d, const char *why)
{
	if (d->fd < 0 && !strcmp(d->why, why))
		return;
	dchannel_update(d, why);
	group_choose(g);
}

/* A channel that is open when its span is taken away would leave a descriptor with the driver that nobody has any more: it is closed, and not opened again
 * before the span has gone. */
void interface_lost(struct group *g, struct dchannel *d, int err)
{
	log_warn(d->endpoint, "D-channel is closed: %s", strerror(-err));
	if (err == -ENODEV && g->interfaces[d->interface].present)
		g->interfaces[d->interface].leaving = POLLS_TO_LEAVE;
	dchannel_detach(d);
	changed(g, d, err == -ENODEV ? "its span is not there" : "its channel was closed");
}

/* A span that comes back is there before its channels are what they were: one that is open then could not be set up any more. */
static bool is_set_up(const struct group *g, const struct dchannel *d)
{
	struct tdm_channel_status s;
	return !g->isdn->p.driver->channel_read(g->isdn->ctl, d->number, &s) && tdm_use_of(s.signalling) == TDM_USE_FRAMES;
}

static void open_dchannel(struct group *g, struct dchannel *d)
{
	if (!is_set_up(g, d)) {
		changed(g, d, "its channel is not set up");
		return;
	}
	int fd = g->isdn->p.driver->open(d->number);
	int err = fd < 0 ? fd : dchannel_attach(d, fd, g->isdn->watch);
	char why[sizeof(d->why)] = "the far end does not answer";
	if (err)
		snprintf(why, sizeof(why), "it cannot be opened: %s", strerror(-err));
	changed(g, d, why);
}

void interface_poll(struct group *g)
{
	for (unsigned i = 0; i < g->settings.n_spans; i++)
		poll_one(g, i);
	for (unsigned i = 0; i < g->n_dchannels; i++) {
		struct dchannel *d = &g->dchannels[i];
		bool present = g->interfaces[d->interface].present;
		if (d->fd >= 0 && !present)
			interface_lost(g, d, -ENODEV);
		else if (d->number && d->fd < 0 && present)
			open_dchannel(g, d);
		else if (!d->number && g->interfaces[0].present)
			changed(g, d, "there is no such channel of the signalling dchan or hardhdlc");
	}
}
