// SPDX-License-Identifier: GPL-3.0-or-later
/* Judging events: the diagram of RFC 3435 4.4.1. While a NTFY is not answered the endpoint stays in the notification state even when a
 * request comes: the transaction layer does not repeat the old NTFY with a new one, so that only this keeps them in order (step f). */
#include "mgcp/notifier.h"
#include "base/log.h"
#include "base/mem.h"
#include "mgcp/notifier_internal.h"
#include <errno.h>

const struct mgcp_notifier_timers mgcp_notifier_default_timers = {.t_partial_ms = 16000, .t_critical_ms = 4000};

static const char *const states[] = {[MGCP_OBSERVING] = "observing", [MGCP_NOTIFYING] = "notifying", [MGCP_LOCKSTEP] = "lockstep"};

static void set_state(struct mgcp_notifier *n, enum mgcp_notifier_state state, const char *why)
{
	if (n->state != state)
		log_debug(n->object, "notifications: %s -> %s (%s)", states[n->state], states[state], why);
	n->state = state;
}

static void destroy(void *obj)
{
	struct mgcp_notifier *n = obj;
	dialling_stop(n);
	signals_drop(n, false);
	mem_deref(n->rqnt);
	mem_deref(n->detect);
	mem_deref(n->map);
}

int mgcp_notifier_new(struct mgcp_notifier **ret, const char *object, mgcp_packages packages, const struct mgcp_notifier_timers *timers,
		      const struct mgcp_notifier_handlers *h, void *arg)
{
	struct mgcp_notifier *n = mem_alloc(sizeof *n, destroy);
	if (!n)
		return -ENOMEM;
	n->object = object;
	n->packages = packages;
	n->timers = *timers;
	n->h = h;
	n->arg = arg;
	n->rqnt = mgcp_rqnt_none();
	if (!n->rqnt) {
		mem_deref(n);
		return -ENOMEM;
	}
	n->script = n->rqnt->script;
	*ret = n;
	return 0;
}

/* --- lists of events ---------------------------------------------------------------------------------------------- */

static struct slice params(const struct seen *e)
{
	return e->has_params ? slice_str(e->params) : SLICE_NONE;
}

static const struct mgcp_requested *find(const struct mgcp_requested *list, unsigned n, const struct mgcp_package *package,
					 const struct mgcp_event_type *type, struct slice connection)
{
	const struct mgcp_requested *group = NULL;
	for (unsigned i = 0; i < n; i++) {
		if (!mgcp_requested_matches(&list[i], package, type, connection))
			continue;
		/* What is named goes before what is meant with others. */
		if (list[i].type)
			return &list[i];
		group = group ? group : &list[i];
	}
	return group;
}

const struct mgcp_requested *mgcp_notifier_requested(const struct mgcp_notifier *n, const struct mgcp_package *package, const struct mgcp_event_type *type,
					   struct slice connection)
{
	return find(n->script->events, n->script->n_events, package, type, connection);
}

/* Adds an event. When only the last place is left that goes to the event of package B which says so, if somebody wants it. */
static bool add(struct mgcp_notifier *n, struct events *list, const struct seen *e, const char *full)
{
	if (list->n < EVENTS_MAX - 1) {
		list->at[list->n++] = *e;
		return true;
	}
	const struct mgcp_event_type *type = mgcp_event_type_find(&mgcp_package_b, slice_str(full));
	n->events_lost++;
	if (list->n == EVENTS_MAX || !mgcp_notifier_wants(n, &mgcp_package_b, type, SLICE_NONE))
		return false;
	list->at[list->n++] = (struct seen){.package = &mgcp_package_b, .type = type};
	return false;
}

/* --- notifying ---------------------------------------------------------------------------------------------------- */

static void notify(struct mgcp_notifier *n)
{
	dialling_stop(n);
	n->renewed = n->lost = n->unsent = false;
	set_state(n, MGCP_NOTIFYING, n->observed.n ? n->observed.at[n->observed.n - 1].type->name : "nothing");
	if (n->h->notify(n->arg, n)) {
		n->lost = n->unsent = true;
		n->unsent_at = clock_ms();
	}
}

/* The end of the notification state. */
static void notified(struct mgcp_notifier *n, const char *why)
{
	n->observed.n = 0;
	dialling_clear(n);
	set_state(n, n->rqnt->loop || n->renewed ? MGCP_OBSERVING : MGCP_LOCKSTEP, why);
	mgcp_notifier_run(n);
}

void mgcp_notifier_answered(struct mgcp_notifier *n, int err)
{
	if (n->state != MGCP_NOTIFYING)
		return;
	if (err)
		n->lost = true;
	else
		notified(n, "answered");
}

void mgcp_notifier_reconnected(struct mgcp_notifier *n)
{
	if (n->state != MGCP_NOTIFYING || !n->lost)
		return;
	/* 4.4.7: what could not be sent is kept for T-MAX. */
	if (n->unsent && clock_ms() - n->unsent_at <= mgcp_default_timers.t_max_ms)
		notify(n);
	else
		notified(n, "connected again");
}

/* --- requests ----------------------------------------------------------------------------------------------------- */

/* 4.4.2: an event that has happened already cannot be waited for. */
static unsigned check_hook(struct mgcp_notifier *n, enum mgcp_hook wanted, const char **why)
{
	enum mgcp_hook is = n->h->hook ? n->h->hook(n->arg) : MGCP_ANY_HOOK;
	if (wanted == MGCP_ANY_HOOK || is == MGCP_ANY_HOOK || is == wanted)
		return 0;
	*why = is == MGCP_OFF_HOOK ? "the phone is off hook" : "the phone is on hook";
	return is == MGCP_OFF_HOOK ? 401 : 402;
}

static unsigned check_map(const struct mgcp_script *s, const struct mgcp_digitmap *map, const char **why)
{
	unsigned code = 0;
	map = s->map ? s->map : map;
	for (unsigned i = 0; i < s->n_events && !code; i++) {
		*why = "the endpoint has no digit map";
		if (s->events[i].actions & MGCP_BY_DIGITMAP && !map)
			return 519;
		if (s->events[i].embedded)
			code = check_map(s->events[i].embedded, map, why);
	}
	return code;
}

static unsigned check(struct mgcp_notifier *n, const struct mgcp_script *s, const char **why)
{
	unsigned code = check_map(s, n->map, why);
	for (unsigned i = 0; i < s->n_events && !code; i++)
		if (s->events[i].type && !(s->events[i].actions & MGCP_IGNORE))
			code = check_hook(n, s->events[i].type->event_hook, why);
	for (unsigned i = 0; i < s->n_signals && !code; i++)
		if (!s->signals[i].off && !slice_is_set(s->signals[i].connection))
			code = check_hook(n, s->signals[i].type->signal_hook, why);
	return code || !n->h->check ? code : n->h->check(n->arg, s, why);
}

static void replace(void *slot, void *with)
{
	void **at = slot, *old = *at;
	*at = mem_ref(with);
	mem_deref(old);
}

/* A script takes effect: that of a request, or one inside of it. */
static void take_effect(struct mgcp_notifier *n, const struct mgcp_script *s, struct list *fresh)
{
	n->script = s;
	if (s->map)
		replace(&n->map, s->map);
	dialling_start(n);
	signals_apply(n, s, fresh);
}

void request_replace(struct mgcp_notifier *n, struct mgcp_rqnt *r, struct list *fresh)
{
	replace(&n->rqnt, r);
	if (r->detects)
		replace(&n->detect, r);
	take_effect(n, r->script, fresh);
}

/* What was observed and not yet told is judged again, unless it was told: then it is gone (4.4.1). */
static void requarantine(struct mgcp_notifier *n, bool discard)
{
	if (n->state == MGCP_NOTIFYING && !n->unsent)
		n->observed.n = 0;
	if (discard)
		n->observed.n = n->quarantine.n = 0;
	for (unsigned i = 0; n->observed.n && i < n->quarantine.n; i++)
		add(n, &n->observed, &n->quarantine.at[i], "qbo");
	if (n->observed.n)
		n->quarantine = n->observed;
	n->observed.n = 0;
}

unsigned mgcp_notifier_request(struct mgcp_notifier *n, struct mgcp_rqnt *r, const char **why)
{
	struct list fresh;
	unsigned code = check(n, r->script, why);
	if (code)
		return code;
	*why = "memory is out";
	if (signals_prepare(n, r->script, r, &fresh))
		return 403;
	n->running = true;
	requarantine(n, r->discard);
	request_replace(n, r, &fresh);
	n->running = false;
	if (n->state == MGCP_NOTIFYING && !n->lost)
		n->renewed = true;
	else
		set_state(n, MGCP_OBSERVING, "request");
	return 0;
}

int mgcp_notifier_reset(struct mgcp_notifier *n)
{
	struct mgcp_rqnt *none = mgcp_rqnt_none();
	if (!none)
		return -ENOMEM;
	dialling_stop(n);
	signals_drop(n, true);
	mem_deref(n->rqnt);
	n->rqnt = none;
	n->script = none->script;
	n->detect = mem_deref(n->detect);
	n->map = mem_deref(n->map);
	n->observed.n = n->quarantine.n = 0;
	set_state(n, MGCP_OBSERVING, "reset");
	return 0;
}

/* --- events ------------------------------------------------------------------------------------------------------- */

/* Accumulates. Whether the list is full now and somebody wants to be told so. */
static bool observe(struct mgcp_notifier *n, const struct seen *e)
{
	unsigned before = n->observed.n;
	if (add(n, &n->observed, e, "oef") || n->observed.n == before)
		return false;
	const struct seen *full = &n->observed.at[n->observed.n - 1];
	const struct mgcp_requested *r = mgcp_notifier_requested(n, full->package, full->type, SLICE_NONE);
	return r && r->actions & MGCP_NOTIFY;
}

/* An embedded request that cannot be done is told of if it asks for that itself (appendix B). */
static bool embedded_failed(struct mgcp_notifier *n, const struct mgcp_script *s, unsigned code)
{
	const struct mgcp_event_type *type = mgcp_event_type_find(&mgcp_package_b, SLICE("enf"));
	struct seen e = {.package = &mgcp_package_b, .type = type, .has_params = true};
	struct buf out = buf_fixed(e.params, sizeof e.params);
	const struct mgcp_requested *r = find(s->events, s->n_events, &mgcp_package_b, type, SLICE_NONE);
	log_info(n->object, "embedded request failed: %u", code);
	if (!r)
		r = mgcp_notifier_requested(n, &mgcp_package_b, type, SLICE_NONE);
	if (!r || r->actions & MGCP_IGNORE)
		return false;
	buf_u64(&out, code);
	buf_z(&out);
	return observe(n, &e) || r->actions & MGCP_NOTIFY;
}

/* Whether what became of it must be told. */
static bool embed(struct mgcp_notifier *n, const struct mgcp_script *s)
{
	struct list fresh;
	const char *why = NULL;
	unsigned code = check(n, s, &why);
	if (!code && signals_prepare(n, s, n->rqnt, &fresh))
		code = 403;
	if (code)
		return embedded_failed(n, s, code);
	take_effect(n, s, &fresh);
	return false;
}

static unsigned actions_for(const struct mgcp_notifier *n, const struct seen *e, const struct mgcp_requested **r)
{
	*r = mgcp_notifier_requested(n, e->package, e->type, seen_at(e));
	if (*r)
		return (*r)->actions;
	return e->type->event & MGCP_PERSISTENT ? MGCP_NOTIFY : 0;
}

/* The actions of 2.3.3. */
static void judge(struct mgcp_notifier *n, const struct seen *e)
{
	const struct mgcp_requested *r;
	unsigned actions = actions_for(n, e, &r);
	bool tell = actions & MGCP_NOTIFY;
	if (!actions)
		return;
	if (!(actions & MGCP_KEEP_SIGNALS))
		signals_interrupt(n);
	if (actions & MGCP_SWAP && n->h->swap)
		n->h->swap(n->arg);
	if (actions & (MGCP_NOTIFY | MGCP_ACCUMULATE | MGCP_BY_DIGITMAP))
		tell |= observe(n, e);
	if (actions & MGCP_BY_DIGITMAP)
		tell |= dialling_add(n, e->type);
	if (actions & MGCP_EMBEDDED)
		tell |= embed(n, r->embedded);
	if (tell)
		notify(n);
}

void mgcp_notifier_run(struct mgcp_notifier *n)
{
	if (n->running)
		return;
	n->running = true;
	while (n->state == MGCP_OBSERVING && n->quarantine.n) {
		struct seen e = n->quarantine.at[0];
		memmove(n->quarantine.at, n->quarantine.at + 1, --n->quarantine.n * sizeof e);
		judge(n, &e);
	}
	n->running = false;
}

bool mgcp_notifier_wants(const struct mgcp_notifier *n, const struct mgcp_package *package, const struct mgcp_event_type *type, struct slice connection)
{
	if (type->event & MGCP_PERSISTENT || mgcp_notifier_requested(n, package, type, connection))
		return true;
	return n->detect && find(n->detect->detect, n->detect->n_detect, package, type, connection);
}

void mgcp_notifier_event(struct mgcp_notifier *n, const struct mgcp_package *package, const struct mgcp_event_type *type, struct slice connection,
			 struct slice text)
{
	struct seen e = {.package = package, .type = type, .has_params = slice_is_set(text)};
	const struct mgcp_requested *r;
	dialling_heard(n, type);
	if (!mgcp_notifier_wants(n, package, type, connection))
		return;
	if (slice_copy(connection, e.connection, sizeof e.connection) || slice_copy(text, e.params, sizeof e.params)) {
		log_warn(n->object, "event %s/%s is too long to be told", package->name, type->name);
		n->events_lost++;
		return;
	}
	/* Signals stop when the event is seen, not when it is judged (2.3.3). */
	unsigned actions = actions_for(n, &e, &r);
	if (actions && !(actions & MGCP_KEEP_SIGNALS))
		signals_interrupt(n);
	add(n, &n->quarantine, &e, "qbo");
	mgcp_notifier_run(n);
}

/* --- what can be asked -------------------------------------------------------------------------------------------- */

enum mgcp_notifier_state mgcp_notifier_state(const struct mgcp_notifier *n)
{
	return n->state;
}

bool mgcp_notifier_idle(const struct mgcp_notifier *n)
{
	bool asked = n->script->n_events || (n->detect && n->detect->n_detect);
	return !asked && list_empty(&n->signals) && n->state != MGCP_NOTIFYING && !n->observed.n && !n->quarantine.n;
}

uint64_t mgcp_notifier_lost(const struct mgcp_notifier *n)
{
	return n->events_lost;
}

const char *mgcp_notifier_id(const struct mgcp_notifier *n)
{
	return n->rqnt->id;
}

void events_write(struct buf *out, const struct events *list)
{
	for (unsigned i = 0; i < list->n; i++) {
		if (i)
			buf_char(out, ',');
		mgcp_event_write(out, list->at[i].package, list->at[i].type, seen_at(&list->at[i]), params(&list->at[i]));
	}
}

static void write_signals(struct buf *out, const struct mgcp_notifier *n)
{
	struct active *a;
	bool first = true;
	list_foreach(a, &n->signals, link) {
		if (!first)
			buf_char(out, ',');
		first = false;
		mgcp_signals_write(out, a->signal, 1);
	}
}

void mgcp_notifier_audit(const struct mgcp_notifier *n, enum mgcp_param_id id, struct buf *out)
{
	switch (id) {
	case MGCP_P_REQUESTED_EVENTS:
		mgcp_requested_write(out, n->script->events, n->script->n_events, true);
		break;
	case MGCP_P_SIGNAL_REQUESTS:
		write_signals(out, n);
		break;
	case MGCP_P_DETECT_EVENTS:
		if (n->detect)
			mgcp_requested_write(out, n->detect->detect, n->detect->n_detect, false);
		break;
	case MGCP_P_DIGIT_MAP:
		if (n->map)
			buf_slice(out, mgcp_digitmap_text(n->map));
		break;
	case MGCP_P_QUARANTINE:
		mgcp_quarantine_write(out, n->rqnt);
		break;
	case MGCP_P_REQUEST_ID:
		buf_str(out, n->rqnt->id);
		break;
	case MGCP_P_OBSERVED_EVENTS:
		events_write(out, &n->observed);
		break;
	default:
		break;
	}
}
