// SPDX-License-Identifier: GPL-3.0-or-later
/* Signals that are on (RFC 3435 2.1.7): on/off ones until they are turned off, time-out ones until an event, another request or their
 * time stops them, brief ones one after the other. */
#include "base/log.h"
#include "base/mem.h"
#include "mgcp/notifier_internal.h"
#include <errno.h>

static enum mgcp_signal_kind kind(const struct active *a)
{
	return a->signal->type->signal;
}

static void active_destroy(void *obj)
{
	struct active *a = obj;
	timer_stop(&a->timeout);
	list_remove(&a->link);
	mem_deref(a->owner);
}

static struct active *find(const struct mgcp_notifier *n, const struct mgcp_signal *s)
{
	struct active *a;
	list_foreach(a, &n->signals, link)
		if (mgcp_signal_same(a->signal, s))
			return a;
	return NULL;
}

static void stop(struct active *a)
{
	struct mgcp_notifier *n = a->n;
	list_remove(&a->link);
	if (!a->waits)
		n->h->signal_stop(n->arg, a->signal);
	mem_deref(a);
}

/* RFC 3435 2.1.7: "oc" and "of" name the signal, and the connection when it was on one; each package has its own. */
static void report(struct mgcp_notifier *n, const struct mgcp_signal *s, const char *event)
{
	char text[PARAMS_MAX];
	struct buf name = buf_fixed(text, sizeof text);
	const struct mgcp_event_type *type = mgcp_event_type_find(s->package, slice_str(event));
	mgcp_event_write(&name, s->package, s->type, s->connection, SLICE_NONE);
	if (type && !name.err)
		mgcp_notifier_event(n, s->package, type, SLICE_NONE, buf_text(&name));
}

static void timed_out(void *arg)
{
	struct active *a = arg;
	struct mgcp_notifier *n = a->n;
	list_remove(&a->link);
	n->h->signal_stop(n->arg, a->signal);
	report(n, a->signal, "oc");
	mem_deref(a);
}

static void start(struct active *a)
{
	a->waits = false;
	if (kind(a) == MGCP_TIME_OUT && a->signal->timeout_ms)
		timer_start(&a->timeout, a->signal->timeout_ms, timed_out, a);
	a->n->h->signal_start(a->n->arg, a->signal);
}

static bool brief_is_on(const struct mgcp_notifier *n)
{
	struct active *a;
	list_foreach(a, &n->signals, link)
		if (kind(a) == MGCP_BRIEF && !a->waits)
			return true;
	return false;
}

static void next_brief(struct mgcp_notifier *n)
{
	struct active *a;
	list_foreach(a, &n->signals, link)
		if (a->waits && !brief_is_on(n)) {
			start(a);
			return;
		}
}

static void forget(struct list *fresh)
{
	struct active *a;
	list_foreach_safe(a, fresh, link)
		mem_deref(a);
}

int signals_prepare(struct mgcp_notifier *n, const struct mgcp_script *script, struct mgcp_rqnt *owner, struct list *fresh)
{
	list_init(fresh);
	for (unsigned i = 0; i < script->n_signals; i++) {
		const struct mgcp_signal *s = &script->signals[i];
		/* What is on goes on as it is, with the parameters and the time it has. */
		if (s->off || (s->type->signal != MGCP_BRIEF && find(n, s)))
			continue;
		struct active *a = mem_alloc(sizeof *a, active_destroy);
		if (!a) {
			forget(fresh);
			return -ENOMEM;
		}
		a->n = n;
		a->signal = s;
		a->owner = mem_ref(owner);
		a->waits = true;
		list_append(fresh, &a->link);
	}
	return 0;
}

static bool listed(const struct mgcp_script *script, const struct mgcp_signal *s)
{
	for (unsigned i = 0; i < script->n_signals; i++)
		if (mgcp_signal_same(&script->signals[i], s))
			return true;
	return false;
}

static void turn_off(struct mgcp_notifier *n, const struct mgcp_signal *s)
{
	struct active *a = find(n, s);
	if (a)
		stop(a);
	else
		n->h->signal_stop(n->arg, s);
}

void signals_apply(struct mgcp_notifier *n, const struct mgcp_script *script, struct list *fresh)
{
	struct active *a;
	list_foreach_safe(a, &n->signals, link)
		if (a->waits || (kind(a) == MGCP_TIME_OUT && !listed(script, a->signal)))
			stop(a);
	for (unsigned i = 0; i < script->n_signals; i++)
		if (script->signals[i].off)
			turn_off(n, &script->signals[i]);
	list_foreach_safe(a, fresh, link) {
		list_remove(&a->link);
		list_append(&n->signals, &a->link);
		if (kind(a) != MGCP_BRIEF || !brief_is_on(n))
			start(a);
	}
}

void signals_interrupt(struct mgcp_notifier *n)
{
	struct active *a;
	list_foreach_safe(a, &n->signals, link)
		if (a->waits || (kind(a) == MGCP_TIME_OUT && !a->signal->type->pulsed))
			stop(a);
}

void signals_drop(struct mgcp_notifier *n, bool tell)
{
	struct active *a;
	list_foreach_safe(a, &n->signals, link) {
		if (tell)
			stop(a);
		else
			mem_deref(a);
	}
}

void mgcp_notifier_signal_done(struct mgcp_notifier *n, const struct mgcp_signal *s, bool failed)
{
	struct active *a = find(n, s);
	if (!a || a->waits)
		return;
	list_remove(&a->link);
	if (kind(a) == MGCP_BRIEF)
		next_brief(n);
	if (kind(a) == MGCP_TIME_OUT)
		report(n, a->signal, failed ? "of" : "oc");
	mem_deref(a);
}

static struct active *on(const struct mgcp_notifier *n, struct slice connection)
{
	struct active *a;
	list_foreach(a, &n->signals, link)
		if (slice_is_set(a->signal->connection) && slice_caseeq(a->signal->connection, connection))
			return a;
	return NULL;
}

void mgcp_notifier_connection_gone(struct mgcp_notifier *n, struct slice connection)
{
	for (struct active *a; (a = on(n, connection));) {
		bool failed = kind(a) == MGCP_TIME_OUT && !a->waits;
		mem_ref(a);
		stop(a);
		if (failed)
			report(n, a->signal, "of");
		mem_deref(a);
	}
}
