// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/alarm.h"
#include "base/log.h"
#include "base/mem.h"
#include "isdn/call.h"
#include "isdn/q931.h"
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define POLL_MS    1000
#define PRIMARY_MS 5000 /* how long the primary D-channel may take to come up: as SABME is sent, N200 times each T200 (Q.921 5.9) */

const struct alarm_def alarm_dchannel = {
	.name = "isdn-d-channel",
	.severity = ALARM_MAJOR,
	.help = "A D-channel of an isdn section is down. Look at the span's alarms, at the far end, and whether both ends are of the same side (user, network).",
	.raise_ms = 2000,
};
const struct alarm_def alarm_group = {
	.name = "isdn-group",
	.severity = ALARM_CRITICAL,
	.help = "No D-channel of an isdn section is up: no calls can be made over it.",
	.raise_ms = 2000,
};

static const struct counter_def counter_defs[ISDN_COUNTERS] = {
	[ISDN_CALLS_IN] = {"calls-in", "calls that came in (SETUP)"},
	[ISDN_CALLS_OUT] = {"calls-out", "calls that the agent asked for"},
	[ISDN_ANSWERED] = {"answered", "calls answered, in and out"},
	[ISDN_NO_CHANNEL] = {"no-channel", "calls out that found no free channel (cause 34)"},
	[ISDN_GLARE] = {"glare", "calls out that lost their channel to one that came in at the same time"},
	[ISDN_BEARER] = {"bearer-refused", "calls in refused for their bearer capability (cause 65)"},
	[ISDN_NO_AGENT] = {"no-agent", "calls cleared or refused because no call agent was there (cause 41)"},
	[ISDN_LOST] = {"lost", "calls whose clearing the far end never confirmed"},
	[ISDN_RESTARTS_IN] = {"restarts-in", "RESTART messages received"},
	[ISDN_RESTARTS_OUT] = {"restarts-out", "channels restarted"},
	[ISDN_RESTARTS_FAILED] = {"restarts-failed", "RESTART messages that the far end did not answer (T316)"},
	[ISDN_FAILOVERS] = {"failovers", "times a backup D-channel took over"},
};
uint64_t isdn_counters[ISDN_COUNTERS];
static struct counter_group counter_group = COUNTER_GROUP("isdn", counter_defs, isdn_counters);

void group_publish(struct group *g, const char *topic, json_t *event)
{
	json_object_set_new(event, "group", json_string(g->name));
	g->isdn->p.publish(g->isdn->p.arg, topic, event);
}

/* Ends the calls that `end` does end: it is asked from the first of the list anew each time, since one that ends may take others along. */
static void end_calls(struct group *g, bool (*end)(struct call *c, void *arg), void *arg)
{
	struct call *c;
	for (bool again = true; again;) {
		again = false;
		list_foreach(c, &g->calls, link)
			if ((again = end(c, arg)))
				break;
	}
}

/* --- the D-channel in use ------------------------------------------------------------------------------------------- */

/* libpri has T309 for a D-channel that stands alone, not for those of a group. */
static void on_t309(void *arg)
{
	struct group *g = arg;
	struct call *c;
	log_warn(g->name, "no D-channel came back within T309");
	list_foreach_safe(c, &g->calls, link)
		call_over(c, PRI_CAUSE_DESTINATION_OUT_OF_ORDER, "T309");
}

static struct dchannel *best_of(struct group *g)
{
	if (g->active && g->active->up)
		return g->active;
	for (unsigned i = 0; i < g->n_dchannels; i++)
		if (g->dchannels[i].up)
			return &g->dchannels[i];
	return NULL;
}

static void tell_dchannels(struct group *g)
{
	for (unsigned i = 0; i < g->n_dchannels; i++) {
		struct dchannel *d = &g->dchannels[i];
		if (d->up)
			alarm_clear(&alarm_dchannel, d->endpoint);
		else
			alarm_raise(&alarm_dchannel, d->endpoint, d->why);
		group_publish(g, "spans", json_pack("{s:s, s:s, s:b, s:b}", "event", "dchannel", "endpoint", d->endpoint, "up", d->up, "active",
						    d == g->active));
	}
}

static void came_up(struct group *g, bool failover)
{
	timer_stop(&g->t309);
	if (failover)
		isdn_counters[ISDN_FAILOVERS]++;
	else
		restart_all(g, g->greeted ? "the data link was lost" : "start");
	g->greeted = true;
	/* Calls that went on belong to this D-channel now, and both sides say so. */
	if (g->n_dchannels > 1)
		audit(g);
	interface_clear_dead(g);
}

static void on_no_primary(void *arg);

/* Annex F.2.1: both sides begin with the primary, and what they hear on a backup then they may ignore. One of those has the calls only if the primary does not come up. */
static bool awaits_primary(struct group *g, const struct dchannel *best, bool patient)
{
	bool awaits = patient && !g->active && best && best->backup;
	if (!awaits)
		timer_stop(&g->primary);
	else if (!timer_running(&g->primary))
		timer_start(&g->primary, PRIMARY_MS, on_no_primary, g);
	return awaits;
}

/* 5.8.9: a call that is not active ends with the data link. Of one that was being cleared nobody knows whether the far end heard so. */
static bool ends_with_link(const struct call *c)
{
	return c->state == CALL_CLEARING ? group_is_lost(c->group) : c->state != CALL_ACTIVE;
}

static bool lose(struct call *c, void *arg)
{
	if (!ends_with_link(c))
		return false;
	c->cause = c->cause ? c->cause : PRI_CAUSE_DESTINATION_OUT_OF_ORDER;
	call_lost(c, "no D-channel is up");
	return true;
}

static void choose(struct group *g, bool patient)
{
	struct dchannel *was = g->active, *now = best_of(g);
	if (awaits_primary(g, now, patient))
		now = NULL;
	g->active = now;
	tell_dchannels(g);
	if (!now)
		alarm_raise(&alarm_group, g->name, g->dchannels[0].why);
	if (now == was)
		return;
	restart_stop(g);
	if (!now) {
		log_warn(g->name, "no D-channel is up");
		end_calls(g, lose, NULL);
		if (g->n_dchannels > 1)
			timer_start(&g->t309, (uint64_t)isdn_pri_timer(&g->settings, PRI_TIMER_T309), on_t309, g);
	} else {
		alarm_clear(&alarm_group, g->name);
		log_info(g->name, "calls go over D-channel %s", now->endpoint);
		came_up(g, was != NULL);
	}
	if (!was != !now)
		group_publish(g, "spans", json_pack("{s:s, s:b}", "event", "group", "up", now != NULL));
}

static void on_no_primary(void *arg)
{
	choose(arg, false);
}

void group_choose(struct group *g)
{
	choose(g, true);
}

/* --- calls ------------------------------------------------------------------------------------------------------------ */

/* Calls that libpri has no more are over. */
static bool settle_one(struct call *c, void *arg)
{
	if (c->state != CALL_PRESENT && c->state != CALL_CLEARING)
		return false;
	if (dchannel_has_call(&c->group->dchannels[0], c->pri, c->reference, c->mode))
		return false;
	c->remote |= !c->cause;
	call_over(c, c->cause ? c->cause : PRI_CAUSE_NORMAL_CLEARING, "libpri has ended it");
	return true;
}

static void settle(struct group *g)
{
	end_calls(g, settle_one, NULL);
}

void group_acted(struct group *g)
{
	settle(g);
	for (unsigned i = 0; i < g->n_dchannels; i++)
		dchannel_schedule(&g->dchannels[i]);
}

/* libpri says nothing of a DISCONNECT for a call that was told nothing yet: it answers with RELEASE COMPLETE, and then waits for one for ever. */
static void check_disconnect(struct group *g, struct dchannel *d)
{
	struct q931_head head;
	if (!d->last || !q931_head(d->last, d->last_len, &head) || head.type != Q931_DISCONNECT || head.answers)
		return;
	struct call *c = call_of_reference(g, true, head.reference);
	unsigned cause = q931_cause(d->last, d->last_len);
	if (!c || c->state != CALL_PRESENT)
		return;
	c->remote = true;
	call_over(c, cause ? (int)cause : PRI_CAUSE_NORMAL_UNSPECIFIED, "DISCONNECT");
}

static void on_settled(void *arg, struct dchannel *d)
{
	check_disconnect(arg, d);
	settle(arg);
}

static void on_frame(void *arg, struct dchannel *d, bool sent, const uint8_t *octets, size_t n)
{
	struct group *g = arg;
	if (g->isdn->p.wanted(g->isdn->p.arg, "trace"))
		group_trace(g, d, sent, octets, n);
}

static void on_lost(void *arg, struct dchannel *d, int err)
{
	interface_lost(arg, d, err);
}

static const struct dchannel_listener listener = {.event = signals_event, .settled = on_settled, .frame = on_frame, .lost = on_lost};

struct clearing {
	bool answered_too;
	int cause;
	const char *why;
};

static bool clear(struct call *c, void *arg)
{
	const struct clearing *how = arg;
	if (c->state == CALL_CLEARING || (!how->answered_too && c->state == CALL_ACTIVE))
		return false;
	call_clear(c, how->cause, how->why);
	return true;
}

static void clear_calls(struct group *g, bool answered_too, int cause, const char *why)
{
	end_calls(g, clear, &(struct clearing){answered_too, cause, why});
}

/* --- groups ----------------------------------------------------------------------------------------------------------- */

static void group_destroy(void *obj)
{
	struct group *g = obj;
	list_remove(&g->link);
	while (list_first(&g->calls))
		call_over(container_of(list_first(&g->calls), struct call, link), PRI_CAUSE_NORMAL_TEMPORARY_FAILURE, "the group ends");
	timer_stop(&g->t309);
	timer_stop(&g->t316);
	timer_stop(&g->audit);
	timer_stop(&g->primary);
	for (unsigned i = 0; i < g->n_dchannels; i++) {
		alarm_clear(&alarm_dchannel, g->dchannels[i].endpoint);
		dchannel_end(&g->dchannels[i]);
	}
	alarm_clear(&alarm_group, g->name);
	for (unsigned i = 0; i < ISDN_MAX_INTERFACES; i++)
		for (unsigned n = 0; n < ISDN_CHANNELS; n++)
			mem_deref(g->interfaces[i].channels[n]);
}

static int group_new(struct group **ret, struct isdn *isdn, const struct isdn_settings *s)
{
	struct group *g = mem_alloc(sizeof(*g), group_destroy);
	int err = g ? 0 : -ENOMEM;
	if (!g)
		return err;
	g->isdn = isdn;
	g->settings = *s;
	snprintf(g->name, sizeof(g->name), "%s", s->name);
	g->settings.name = g->name;
	g->n_dchannels = s->n_dchannels ? s->n_dchannels : 1;
	for (unsigned i = 0; i < s->n_spans; i++)
		g->interfaces[i].span = s->spans[i];
	for (unsigned i = 0; i < g->n_dchannels && !err; i++) {
		struct dchannel *d = &g->dchannels[i];
		dchannel_init(d, &g->settings, &listener, g);
		snprintf(d->endpoint, sizeof(d->endpoint), "d-channel %u of %.64s", i + 1, g->name);
		d->backup = i > 0;
		d->driver = isdn->watch ? isdn->p.driver : NULL;
		dchannel_update(d, "its span is not there");
		err = dchannel_start(d);
	}
	for (unsigned i = 1; i < g->n_dchannels && !err; i++)
		pri_enslave(g->dchannels[0].pri, g->dchannels[i].pri);
	if (err) {
		mem_deref(g);
		return err;
	}
	audit_start(g);
	*ret = g;
	return 0;
}

struct group *isdn_group(struct isdn *isdn, const char *name)
{
	struct group *g;
	list_foreach(g, &isdn->groups, link)
		if (!strcmp(g->name, name))
			return g;
	return NULL;
}

/* --- all of it -------------------------------------------------------------------------------------------------------- */

static void isdn_destroy(void *obj)
{
	struct isdn *isdn = obj;
	timer_stop(&isdn->poll);
	while (list_first(&isdn->groups))
		mem_deref(container_of(list_first(&isdn->groups), struct group, link));
	if (isdn->ctl >= 0)
		close(isdn->ctl);
	counter_unregister(&counter_group);
}

int isdn_new(struct isdn **ret, const struct isdn_params *p)
{
	struct isdn *isdn = mem_alloc(sizeof(*isdn), isdn_destroy);
	if (!isdn)
		return -ENOMEM;
	isdn->p = *p;
	isdn->ctl = -1;
	isdn->watch = p->watch;
	list_init(&isdn->groups);
	counter_register(&counter_group);
	isdn_check_agent(isdn);
	*ret = isdn;
	return 0;
}

/* What can follow does, for calls to come. */
static void follow(struct group *g, const struct isdn_settings *s)
{
	g->settings = *s;
	g->settings.name = g->name;
	for (unsigned i = 0; i < g->n_dchannels; i++)
		dchannel_follow(&g->dchannels[i]);
	audit_start(g);
}

static bool is_wanted(const struct group *g, const struct isdn_settings *all, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (isdn_settings_alike(&g->settings, &all[i]))
			return true;
	return false;
}

/* New ones first, so that a failure leaves everything as it was. */
static int replace(struct isdn *isdn, const struct isdn_settings *all, unsigned n)
{
	struct group *g, *made[ISDN_MAX_GROUPS];
	unsigned n_made = 0;
	int err = 0;
	for (unsigned i = 0; i < n && !err; i++) {
		g = isdn_group(isdn, all[i].name);
		if (g && isdn_settings_alike(&g->settings, &all[i]))
			continue;
		err = group_new(&made[n_made], isdn, &all[i]);
		n_made += !err;
	}
	while (err && n_made)
		mem_deref(made[--n_made]);
	if (err)
		return err;
	list_foreach_safe(g, &isdn->groups, link)
		if (!is_wanted(g, all, n))
			mem_deref(g);
	for (unsigned i = 0; i < n; i++)
		if ((g = isdn_group(isdn, all[i].name)))
			follow(g, &all[i]);
	for (unsigned i = 0; i < n_made; i++) {
		list_append(&isdn->groups, &made[i]->link);
		alarm_raise(&alarm_group, made[i]->name, made[i]->dchannels[0].why);
	}
	return 0;
}

int isdn_configure(struct isdn *isdn, const struct conf *c, struct buf *why)
{
	struct isdn_settings *all = mem_raw(ISDN_MAX_GROUPS * sizeof(*all));
	const struct conf_part *p;
	unsigned n = 0;
	int err = all ? 0 : -ENOMEM;
	for (unsigned i = 0; !err && (p = conf_titled(c, "isdn", i)); i++) {
		if (!conf_list_count(p, "spans"))
			continue;
		if (n == ISDN_MAX_GROUPS) {
			buf_printf(why, "%s: expected at most %d isdn sections\n", conf_where(p), ISDN_MAX_GROUPS);
			err = -EINVAL;
			break;
		}
		err = isdn_settings_read(&all[n++], p, why);
	}
	if (!err)
		err = replace(isdn, all, n);
	mem_free(all);
	if (!err)
		isdn_poll(isdn);
	return err;
}

void isdn_check_agent(struct isdn *isdn)
{
	bool was = isdn->agent;
	struct group *g;
	isdn->agent = isdn->p.wanted(isdn->p.arg, "calls");
	if (was && !isdn->agent)
		list_foreach(g, &isdn->groups, link) {
			log_warn(g->name, "the call agent has gone: calls that are not answered are cleared");
			clear_calls(g, false, PRI_CAUSE_NORMAL_TEMPORARY_FAILURE, "the call agent has gone");
		}
}

static void on_poll(void *arg)
{
	isdn_poll(arg);
}

void isdn_poll(struct isdn *isdn)
{
	struct group *g;
	if (isdn->ctl < 0)
		isdn->ctl = isdn->p.driver->open(0);
	list_foreach(g, &isdn->groups, link)
		interface_poll(g);
	if (isdn->appeared && isdn->p.appeared)
		isdn->p.appeared(isdn->p.arg);
	isdn->appeared = false;
	timer_start(&isdn->poll, POLL_MS, on_poll, isdn);
}

bool isdn_is_idle(const struct isdn *isdn)
{
	struct group *g;
	list_foreach(g, &isdn->groups, link)
		if (!list_empty(&g->calls))
			return false;
	return true;
}

bool isdn_clear(struct isdn *isdn, int cause)
{
	struct group *g;
	bool none = isdn_is_idle(isdn);
	list_foreach(g, &isdn->groups, link)
		clear_calls(g, true, cause, "the end");
	return none;
}
