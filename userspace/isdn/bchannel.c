// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/log.h"
#include "isdn/call.h"

#define ANY_CHANNEL 0xff    /* libpri: the far end leaves it to us */
#define EXPLICIT    (1 << 16) /* libpri: the interface is named */

const char *const bchannel_state_names[BCHANNEL_STATES] = {
	[BCHANNEL_IDLE] = "idle", [BCHANNEL_BUSY] = "busy", [BCHANNEL_RESTARTING] = "restarting", [BCHANNEL_OUT_OF_SERVICE] = "out-of-service",
};

const char *const bchannel_fault_names[BCHANNEL_FAULTS] = {
	[BCHANNEL_OPERATOR] = "taken out of service here", [BCHANNEL_REMOTE] = "taken out of service by the far end",
	[BCHANNEL_SPAN] = "its span has an alarm", [BCHANNEL_GATEWAY] = "locked, tested or out of order at the gateway", [BCHANNEL_RESTART] = "the far end does not answer RESTART",
};

static enum bchannel_state state_of(const struct bchannel *b)
{
	if (b->call)
		return BCHANNEL_BUSY;
	if (b->faults)
		return BCHANNEL_OUT_OF_SERVICE;
	return b->restarting ? BCHANNEL_RESTARTING : BCHANNEL_IDLE;
}

static void check_barred(struct bchannel *b)
{
	const struct isdn_params *p = &b->group->isdn->p;
	bool barred = b->faults & (1u << BCHANNEL_REMOTE | 1u << BCHANNEL_RESTART);
	if (barred == b->barred)
		return;
	b->barred = barred;
	if (p->barred)
		p->barred(p->arg, b);
}

void bchannel_update(struct bchannel *b, const char *why)
{
	check_barred(b);
	enum bchannel_state now = state_of(b);
	if (now == b->state)
		return;
	log_debug(b->endpoint, "%s -> %s: %s", bchannel_state_names[b->state], bchannel_state_names[now], why);
	b->state = now;
	group_publish(b->group, "spans", json_pack("{s:s, s:s, s:s}", "event", "channel", "endpoint", b->endpoint, "state", bchannel_state_names[now]));
}

void bchannel_set_fault(struct bchannel *b, enum bchannel_fault fault, bool on, const char *why)
{
	b->faults = on ? b->faults | 1u << fault : b->faults & ~(1u << fault);
	bchannel_update(b, why);
}

/* 0 in service, 2 out of service (of the change status element of AT&T and National ISDN). */
void bchannel_service(struct bchannel *b, bool on)
{
	struct group *g = b->group;
	if (!g->settings.type->service || !group_is_up(g))
		return;
	pri_maintenance_service(g->active->pri, (int)b->interface, (int)b->position, on ? 0 : 2);
	dchannel_schedule(g->active);
}

bool bchannel_is_fit(const struct bchannel *b)
{
	return !(b->faults & (1u << BCHANNEL_SPAN | 1u << BCHANNEL_GATEWAY));
}

/* --- which is next -------------------------------------------------------------------------------------------------- */

/* All channels of a group in one row, by interface and place. */
static struct bchannel *at(struct group *g, unsigned i)
{
	return g->interfaces[i / ISDN_CHANNELS].channels[i % ISDN_CHANNELS];
}

static unsigned place_of(const struct bchannel *b)
{
	return b->interface * ISDN_CHANNELS + b->position;
}

struct bchannel *bchannel_choose(struct group *g)
{
	const unsigned n = g->settings.n_spans * ISDN_CHANNELS;
	unsigned first = g->settings.order == ISDN_ROUND_ROBIN && g->last ? place_of(g->last) + 1 : 0;
	for (unsigned i = 0; i < n; i++) {
		struct bchannel *b = at(g, g->settings.order == ISDN_DESCENDING ? n - 1 - i : (first + i) % n);
		if (b && b->state == BCHANNEL_IDLE && !b->blocked)
			return b;
	}
	return NULL;
}

/* --- names ---------------------------------------------------------------------------------------------------------- */

int bchannel_encode(const struct bchannel *b)
{
	bool named = b->group->settings.n_spans > 1;
	return (int)(b->position | b->interface << 8) | (named ? EXPLICIT : 0);
}

struct bchannel *bchannel_decode(struct group *g, const struct dchannel *d, int channel)
{
	unsigned position = (unsigned)channel & 0xff, interface = channel & EXPLICIT ? (unsigned)channel >> 8 & 0xff : d->interface;
	if (channel < 0 || position == ANY_CHANNEL || position >= ISDN_CHANNELS || interface >= g->settings.n_spans)
		return NULL;
	return g->interfaces[interface].channels[position];
}

struct bchannel *bchannel_find(struct isdn *isdn, const char *endpoint)
{
	struct group *g;
	list_foreach(g, &isdn->groups, link)
		for (unsigned i = 0; i < g->settings.n_spans * ISDN_CHANNELS; i++)
			if (at(g, i) && !strcmp(at(g, i)->endpoint, endpoint))
				return at(g, i);
	return NULL;
}
