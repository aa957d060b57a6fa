// SPDX-License-Identifier: GPL-3.0-or-later
#include "callagent/leg.h"
#include "base/log.h"
#include "base/mem.h"

static const char *const names[] = {
	[LEG_NEW] = "new",           [LEG_OFFERED] = "offered", [LEG_ALERTING] = "alerting", [LEG_ANSWERED] = "answered",
	[LEG_ACTIVE] = "active",     [LEG_CLOSING] = "closing", [LEG_CLOSED] = "closed",
};

const char *leg_state_name(enum leg_state s)
{
	return names[s];
}

void leg_state(struct leg *l, enum leg_state state, const char *why)
{
	if (l->state == state)
		return;
	log_debug(l->object, "%s -> %s: %s", names[l->state], names[state], why);
	l->state = state;
	if (state >= LEG_ANSWERED)
		timer_stop(&l->patience);
}

void leg_init(struct leg *l, const struct leg_kind *kind, enum side side)
{
	l->kind = kind;
	l->side = side;
	sdp_origin_init(&l->origin);
}

void leg_fini(struct leg *l)
{
	timer_stop(&l->patience);
	mem_deref(l->said);
	mem_deref((void *)(uintptr_t)l->last);
}
