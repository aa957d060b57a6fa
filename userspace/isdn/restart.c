// SPDX-License-Identifier: GPL-2.0-or-later
/* RESTART (Q.931 5.5), one channel at a time, and the audit: that both sides know of the same calls. */
#include "base/log.h"
#include "isdn/call.h"
#include "isdn/q931.h"

static uint64_t patience_ms(const struct isdn_settings *s)
{
	return (uint64_t)isdn_pri_timer(s, PRI_TIMER_T316) * (uint64_t)isdn_pri_timer(s, PRI_TIMER_N316);
}

static void ended(struct group *g, bool answered)
{
	struct bchannel *b = g->restarting;
	g->restarting = NULL;
	timer_stop(&g->t316);
	if (!b)
		return;
	b->restarting = false;
	bchannel_set_fault(b, BCHANNEL_RESTART, !answered, answered ? "RESTART ACKNOWLEDGE" : "T316");
	restart_next(g);
}

/* 5.5.1: it is not used until the far end says something about it, or is asked again by the audit. */
static void on_t316(void *arg)
{
	struct group *g = arg;
	isdn_counters[ISDN_RESTARTS_FAILED]++;
	log_remote(g->restarting->endpoint, "RESTART is not answered");
	ended(g, false);
}

static bool is_due(const struct bchannel *b)
{
	return b && b->restart_due && !b->call && !(b->faults & (1u << BCHANNEL_SPAN));
}

static struct bchannel *next_due(struct group *g)
{
	for (unsigned i = 0; i < g->settings.n_spans; i++)
		for (unsigned n = 0; n < ISDN_CHANNELS; n++)
			if (is_due(g->interfaces[i].channels[n]))
				return g->interfaces[i].channels[n];
	return NULL;
}

void restart_next(struct group *g)
{
	struct bchannel *b = g->active && !g->restarting ? next_due(g) : NULL;
	if (!b)
		return;
	g->restarting = b;
	b->restart_due = false;
	b->restarting = true;
	bchannel_update(b, "RESTART");
	isdn_counters[ISDN_RESTARTS_OUT]++;
	pri_reset(g->active->pri, bchannel_encode(b));
	timer_start(&g->t316, patience_ms(&g->settings), on_t316, g);
	dchannel_schedule(g->active);
}

void restart_all(struct group *g, const char *why)
{
	if (!g->settings.restart)
		return;
	log_info(g->name, "RESTART of every channel without a call: %s", why);
	for (unsigned i = 0; i < g->settings.n_spans; i++)
		for (unsigned n = 0; n < ISDN_CHANNELS; n++)
			if (g->interfaces[i].channels[n] && !g->interfaces[i].channels[n]->call)
				g->interfaces[i].channels[n]->restart_due = true;
	restart_next(g);
}

void restart_stop(struct group *g)
{
	struct bchannel *b = g->restarting;
	timer_stop(&g->t316);
	g->restarting = NULL;
	if (b) {
		b->restarting = false;
		b->restart_due = true;
		bchannel_update(b, "the data link is lost");
	}
}

void restart_acknowledged(struct group *g, const struct dchannel *d, int channel)
{
	if (g->restarting && bchannel_decode(g, d, channel) == g->restarting)
		ended(g, true);
}

/* libpri acknowledges it. */
static void received(struct bchannel *b)
{
	b->faults &= ~(1u << BCHANNEL_REMOTE | 1u << BCHANNEL_RESTART);
	b->restart_due = false;
	if (b->call) {
		b->call->remote = true;
		call_over(b->call, PRI_CAUSE_NORMAL_TEMPORARY_FAILURE, "RESTART");
	}
	bchannel_update(b, "RESTART");
}

static void received_of(struct group *g, unsigned interface)
{
	for (unsigned n = 0; n < ISDN_CHANNELS; n++)
		if (g->interfaces[interface].channels[n])
			received(g->interfaces[interface].channels[n]);
}

void restart_received(struct group *g, const struct dchannel *d, int channel)
{
	int named;
	enum q931_class of = q931_restart_class(d->last, d->last_len, &named);
	struct bchannel *b = of == Q931_CHANNELS ? bchannel_decode(g, d, channel) : NULL;
	unsigned which = named < 0 ? d->interface : (unsigned)named;
	if (b)
		received(b);
	else if (of == Q931_CHANNELS)
		log_remote(g->name, "RESTART of a channel that is none of ours");
	for (unsigned i = 0; of != Q931_CHANNELS && i < g->settings.n_spans; i++)
		if (of == Q931_ALL || i == which)
			received_of(g, i);
}

/* --- the audit ------------------------------------------------------------------------------------------------------- */

/* Each answered call, once: what comes of asking may end calls, so the list is begun anew each time. */
static void enquire_all(struct group *g)
{
	struct call *c;
	list_foreach(c, &g->calls, link)
		c->enquired = c->state != CALL_ACTIVE;
	for (bool more = true; more;) {
		more = false;
		list_foreach(c, &g->calls, link)
			if (!c->enquired) {
				c->enquired = more = true;
				call_enquire(c);
				break;
			}
	}
}

void audit(struct group *g)
{
	if (g->active)
		enquire_all(g);
	for (unsigned i = 0; i < g->settings.n_spans; i++)
		for (unsigned n = 0; n < ISDN_CHANNELS; n++) {
			struct bchannel *b = g->interfaces[i].channels[n];
			if (b && b->faults & 1u << BCHANNEL_RESTART)
				b->restart_due = true;
		}
	restart_next(g);
	audit_start(g);
}

static void on_audit(void *arg)
{
	audit(arg);
}

void audit_start(struct group *g)
{
	timer_stop(&g->audit);
	if (g->settings.audit_ms)
		timer_start(&g->audit, g->settings.audit_ms, on_audit, g);
}
