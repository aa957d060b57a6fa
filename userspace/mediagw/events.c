// SPDX-License-Identifier: GPL-3.0-or-later
#include "mediagw/events.h"
#include "base/mem.h"
#include "mediagw/counters.h"
#include "mediagw/notified.h"
#include "mediagw/record.h"
#include "mediagw/rsip.h"
#include <errno.h>

/* --- NTFY (2.3.4) ------------------------------------------------------------------------------------------------- */

static int send_ntfy(struct endpoint *e, const char *id, struct slice observed, mgcp_response_fn fn, void *arg)
{
	struct gateway *gw = e->gw;
	char name[300];
	struct buf out = buf_growing(), full = buf_fixed(name, sizeof name);
	if (!gw->p.peer) {
		mg_count[MG_NOTIFY_LOST]++;
		return -ENOTCONN;
	}
	uint32_t tid = mgcp_next_tid(gw->p.peer);
	buf_printf(&full, "%s@%s", e->name, gw->p.domain);
	mgcp_write_command(&out, MGCP_NTFY, tid, buf_z(&full));
	if (e->notified != gw->notified)
		mgcp_write_text(&out, MGCP_P_NOTIFIED_ENTITY, mgcp_entities_text(&e->notified->entities));
	mgcp_write_text(&out, MGCP_P_REQUEST_ID, slice_str(id));
	mgcp_write_text(&out, MGCP_P_OBSERVED_EVENTS, observed);
	mgcp_write_end(&out, SLICE_NONE);
	int err = out.err ? out.err : notified_command(e->notified, tid, buf_text(&out), fn, arg);
	if (err)
		mg_count[MG_NOTIFY_LOST]++;
	buf_reset(&out);
	return err;
}

static void told(void *arg, int err, const struct mgcp_msg *rsp)
{
	if (err)
		mg_count[MG_NOTIFY_LOST]++;
}

void events_tell(struct endpoint *e, const char *observed)
{
	send_ntfy(e, e->notifier ? mgcp_notifier_id(e->notifier) : "0", slice_str(observed), told, NULL);
}

/* --- the notifier's handlers -------------------------------------------------------------------------------------- */

/* What holds now outlives this process. */
void events_changed(struct endpoint *e)
{
	if (!e->busy)
		record_put_request(e);
}

/* Between these the notifier is at work. */
static bool enter(struct endpoint *e)
{
	bool was = e->busy;
	e->busy = true;
	return was;
}

static void leave(struct endpoint *e, bool was)
{
	e->busy = was;
	events_changed(e);
}

static void answered(void *arg, int err, const struct mgcp_msg *rsp)
{
	struct endpoint *e = arg;
	told(NULL, err, rsp);
	mgcp_notifier_answered(e->notifier, err);
	events_changed(e);
	endpoint_release_idle(e);
}

static int notify(void *arg, const struct mgcp_notifier *n)
{
	struct endpoint *e = arg;
	struct buf observed = buf_growing();
	mgcp_notifier_audit(n, MGCP_P_OBSERVED_EVENTS, &observed);
	/* "The first non-audit message that the Call Agent sees MUST inform it that the endpoint is disconnected" (4.4.7). */
	int err = observed.err ? observed.err : !rsip_ready(e->notified->rsip) ? -ENOTCONN : send_ntfy(e, mgcp_notifier_id(n), buf_text(&observed), answered, e);
	buf_reset(&observed);
	events_changed(e);
	return err;
}

static void signal_start(void *arg, const struct mgcp_signal *s)
{
	struct endpoint *e = arg;
	if (e->events->signal_start)
		e->events->signal_start(e, s);
}

static void signal_stop(void *arg, const struct mgcp_signal *s)
{
	struct endpoint *e = arg;
	if (e->events->signal_stop)
		e->events->signal_stop(e, s);
	events_changed(e);
}

static enum mgcp_hook hook(void *arg)
{
	const struct endpoint *e = arg;
	return e->events->hook ? e->events->hook(e) : MGCP_ANY_HOOK;
}

static unsigned check(void *arg, const struct mgcp_script *s, const char **why)
{
	const struct endpoint *e = arg;
	return e->events->check ? e->events->check(e, s, why) : 0;
}

int events_notifier(struct endpoint *e, struct mgcp_notifier **ret)
{
	static const struct mgcp_notifier_handlers handlers = {
		.notify = notify, .signal_start = signal_start, .signal_stop = signal_stop, .hook = hook, .check = check,
	};
	int err = e->notifier ? 0 : mgcp_notifier_new(&e->notifier, e->name, e->packages, &mgcp_notifier_default_timers, &handlers, e);
	if (!err)
		*ret = e->notifier;
	return err;
}

static void run(void *arg)
{
	struct endpoint *e = arg;
	if (!e->notifier)
		return;
	bool was = enter(e);
	mgcp_notifier_run(e->notifier);
	leave(e, was);
}

void events_asked(struct endpoint *e)
{
	events_changed(e);
	timer_start(&e->run, 0, run, e);
}

bool events_idle(const struct endpoint *e)
{
	return slice_empty(endpoint_notified_text(e)) && (!e->notifier || mgcp_notifier_idle(e->notifier));
}

/* --- what happens ------------------------------------------------------------------------------------------------- */

void events_seen(struct endpoint *e, const struct mgcp_package *package, const char *event, struct slice connection, struct slice params)
{
	if (!e->notifier)
		return;
	bool was = enter(e);
	mgcp_notifier_event(e->notifier, package, mgcp_event_type_find(package, slice_str(event)), connection, params);
	leave(e, was);
}

void events_connection_gone(struct endpoint *e, const struct conn *c)
{
	if (!e->notifier)
		return;
	bool was = enter(e);
	mgcp_notifier_connection_gone(e->notifier, slice_str(c->id));
	leave(e, was);
}

void events_signal_done(struct endpoint *e, const struct mgcp_signal *s, bool failed)
{
	if (!e->notifier)
		return;
	bool was = enter(e);
	mgcp_notifier_signal_done(e->notifier, s, failed);
	leave(e, was);
}

void events_reset(struct endpoint *e)
{
	if (!e->notifier)
		return;
	bool was = enter(e);
	mgcp_notifier_reset(e->notifier);
	leave(e, was);
}

void events_reconnected(struct gateway *gw, const struct notified *n)
{
	struct endpoint *e;
	list_foreach(e, &gw->endpoints, link)
		if (e->notifier && e->notified == n)
			mgcp_notifier_reconnected(e->notifier);
}

void events_free(struct endpoint *e)
{
	timer_stop(&e->run);
	if (e->notified)
		notified_forget(e->notified, e);
	e->busy = true;
	e->notifier = mem_deref(e->notifier);
}
