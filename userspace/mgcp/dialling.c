// SPDX-License-Identifier: GPL-3.0-or-later
/* The current dial string and timer T (RFC 3435 2.1.5, RFC 3660 2.2). */
#include "mgcp/notifier_internal.h"

static const struct mgcp_event_type *type_t(void)
{
	return mgcp_event_type_find(&mgcp_package_d, SLICE("T"));
}

static void expired(void *arg)
{
	mgcp_notifier_event(arg, &mgcp_package_d, type_t(), SLICE_NONE, SLICE_NONE);
}

/* How timer T is asked for: its actions, or none. */
static unsigned actions_of_t(const struct mgcp_notifier *n)
{
	const struct mgcp_requested *r = mgcp_notifier_requested(n, &mgcp_package_d, type_t(), SLICE_NONE);
	return r ? r->actions : 0;
}

void dialling_clear(struct mgcp_notifier *n)
{
	if (n->map)
		mgcp_dial_start(&n->dial, n->map);
}

void dialling_start(struct mgcp_notifier *n)
{
	unsigned actions = actions_of_t(n);
	dialling_stop(n);
	dialling_clear(n);
	/* Not part of a dial string it runs from the beginning. */
	if (actions && !(actions & (MGCP_BY_DIGITMAP | MGCP_IGNORE)))
		timer_start(&n->timer_t, n->timers.t_critical_ms, expired, n);
}

void dialling_stop(struct mgcp_notifier *n)
{
	timer_stop(&n->timer_t);
}

bool dialling_add(struct mgcp_notifier *n, const struct mgcp_event_type *type)
{
	enum mgcp_dialled verdict = n->map && type->event & MGCP_DIGIT ? mgcp_dial_add(&n->dial, type->name[0]) : MGCP_DIALLED_NEVER;
	timer_stop(&n->timer_t);
	if (verdict == MGCP_DIALLED_MATCH || verdict == MGCP_DIALLED_NEVER)
		return true;
	if (actions_of_t(n) & MGCP_BY_DIGITMAP)
		timer_start(&n->timer_t, verdict == MGCP_DIALLED_CRITICAL ? n->timers.t_critical_ms : n->timers.t_partial_ms, expired, n);
	return false;
}

void dialling_heard(struct mgcp_notifier *n, const struct mgcp_event_type *type)
{
	if (type->event & MGCP_DIGIT && type != type_t() && !(actions_of_t(n) & MGCP_BY_DIGITMAP))
		timer_stop(&n->timer_t);
}
