// SPDX-License-Identifier: GPL-3.0-or-later
#include "callagent/emergency_call.h"
#include "base/alarm.h"
#include "base/log.h"
#include "base/mem.h"
#include "callagent/call_priv.h"
#include "callagent/callbacks.h"

#define CAUSE_PREEMPTION 8 /* Q.850: preemption */

static const struct alarm_def alarm_emergency = {
	.name = "emergency-call",
	.severity = ALARM_CRITICAL,
	.help = "Somebody has made an emergency call: see that help is on its way and finds its way in. It is over when the call is.",
	.raise_ms = 0,
	.clear_ms = 0,
};

static void alarm_of(const struct call *c, const char *where)
{
	char detail[200];
	struct buf b = buf_fixed(detail, sizeof(detail));
	buf_printf(&b, "%s has called %.64s (%s)", c->cdr.caller, c->cdr.called, where);
	log_warn(c->object, "emergency%s: %s", c->cdr.emergency == EMERGENCY_TEST ? " test" : "", buf_z(&b));
	if (c->cdr.emergency == EMERGENCY_CALL)
		alarm_raise(&alarm_emergency, "emergency", detail);
}

void emergency_count(struct call *c)
{
	c->calls->emergencies += c->cdr.emergency == EMERGENCY_CALL;
}

void emergency_began(struct call *c, const struct emergency *e)
{
	c->cdr.emergency = e->kind;
	emergency_count(c);
	alarm_of(c, e->site ? conf_title(e->site) : "no site");
}

void emergency_taken_over(const struct calls *cs)
{
	const struct call *c;
	list_foreach(c, &cs->all, link)
		if (c->cdr.emergency && !call_over(c))
			alarm_of(c, "it goes on after a restart");
}

void emergency_over(const struct call *c)
{
	const struct leg *l;
	if (c->cdr.emergency != EMERGENCY_CALL)
		return;
	c->calls->emergencies--;
	/* Whoever has heard of it may call back, also of one that was given up. */
	list_foreach(l, &c->legs, link)
		if (c->calls->callbacks && l->state > LEG_NEW)
			callbacks_expect(c->calls->callbacks, c->cdr.source, l->target);
	if (!c->calls->emergencies)
		alarm_clear(&alarm_emergency, "emergency");
}

bool emergency_preempt(struct calls *cs, const char *trunk)
{
	struct call *c, *newest = NULL;
	list_foreach(c, &cs->all, link)
		if (!c->cdr.emergency && !call_over(c) && (!strcmp(c->cdr.source, trunk) || !strcmp(c->cdr.target, trunk)))
			newest = c;
	if (!newest)
		return cs->preempt && cs->preempt(cs->arg, trunk);
	call_end(newest, CALL_BY_TANDEM, &(struct leg_news){.status = 503, .cause = CAUSE_PREEMPTION, .words = "released for an emergency call"});
	return true;
}

bool emergency_engages(const struct calls *cs, const char *user, const char *from)
{
	const struct call *c;
	if (!cs->emergencies) /* nearly always: each call to a user asks */
		return false;
	list_foreach(c, &cs->all, link)
		if (c->cdr.emergency == EMERGENCY_CALL && !call_over(c) && !strcmp(c->cdr.source, user) && strcmp(c->cdr.target, from))
			return true;
	return false;
}
