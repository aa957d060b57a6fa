// SPDX-License-Identifier: GPL-2.0-or-later
#include "isdn/call.h"
#include "base/log.h"
#include "base/mem.h"
#include "isdn/q931_names.h"
#include <errno.h>
#include <stdio.h>

#define CLEARING_SLACK_MS 1000

const char *const call_state_names[CALL_STATES] = {
	[CALL_INITIATED] = "initiated",       [CALL_SENDING] = "overlap",	      [CALL_OUT_PROCEEDING] = "proceeding",
	[CALL_DELIVERED] = "alerting",	      [CALL_PRESENT] = "present",	      [CALL_RECEIVING] = "overlap",
	[CALL_IN_PROCEEDING] = "proceeding",  [CALL_RECEIVED] = "alerting",	      [CALL_ACTIVE] = "active",
	[CALL_DISCONNECTED] = "disconnected", [CALL_CLEARING] = "clearing",
};

const char *const bearer_names[BEARERS] = {[BEARER_SPEECH] = "speech", [BEARER_AUDIO] = "audio", [BEARER_DIGITAL] = "digital"};

/* --- finding -------------------------------------------------------------------------------------------------------- */

/* Its call reference value, which libpri cuts in two. */
static unsigned reference_of(const struct call *c)
{
	return (unsigned)(c->reference << 3 | c->mode) & 0x7fff;
}

struct call *call_find(struct isdn *isdn, const char *id)
{
	struct group *g;
	struct call *c;
	list_foreach(g, &isdn->groups, link)
		list_foreach(c, &g->calls, link)
			if (!strcmp(c->id, id))
				return c;
	return NULL;
}

struct call *call_of_reference(struct group *g, bool incoming, unsigned reference)
{
	struct call *c;
	list_foreach(c, &g->calls, link)
		if (c->incoming == incoming && reference_of(c) == reference)
			return c;
	return NULL;
}

struct call *call_of(struct group *g, const q931_call *pri)
{
	struct call *c;
	list_foreach(c, &g->calls, link)
		if (pri && c->pri == pri)
			return c;
	return NULL;
}

struct dchannel *call_dchannel(const struct call *c)
{
	struct group *g = c->group;
	return g->active ? g->active : &g->dchannels[0];
}

struct pri *call_controller(const struct call *c)
{
	return call_dchannel(c)->pri;
}

/* --- its life ------------------------------------------------------------------------------------------------------- */

static void call_destroy(void *obj)
{
	struct call *c = obj;
	timer_stop(&c->timer);
	list_remove(&c->link);
	call_set_channel(c, NULL);
	json_decref(c->called);
	json_decref(c->calling);
}

struct call *call_new(struct group *g, const char *id, bool incoming)
{
	struct call *c = mem_alloc(sizeof(*c), call_destroy);
	if (!c)
		return NULL;
	c->group = g;
	c->incoming = incoming;
	c->state = incoming ? CALL_PRESENT : CALL_INITIATED;
	c->since = clock_ms();
	snprintf(c->id, sizeof(c->id), "%s", id);
	snprintf(c->object, sizeof(c->object), "call %s", c->id);
	list_append(&g->calls, &c->link);
	return c;
}

void call_set_pri(struct call *c, q931_call *pri)
{
	c->pri = pri;
	c->reference = pri_get_crv(call_controller(c), pri, &c->mode);
}

void call_set_channel(struct call *c, struct bchannel *b)
{
	struct bchannel *was = c->channel;
	if (was == b)
		return;
	c->channel = b;
	if (was) {
		was->call = NULL;
		bchannel_update(was, c->id);
		restart_next(c->group);
	}
	if (b) {
		b->call = c;
		/* The far end uses it, so it is in service there. */
		b->faults &= ~(1u << BCHANNEL_REMOTE | 1u << BCHANNEL_RESTART);
		bchannel_update(b, c->id);
	}
}

void call_tell(struct call *c, const char *event, json_t *more)
{
	json_t *e = more ? more : json_object();
	json_object_set_new(e, "event", json_string(event));
	json_object_set_new(e, "call", json_string(c->id));
	json_object_set_new(e, "endpoint", c->channel ? json_string(c->channel->endpoint) : json_null());
	group_publish(c->group, "calls", e);
}

static bool is_known(const struct call *c)
{
	return dchannel_has_call(&c->group->dchannels[0], c->pri, c->reference, c->mode);
}

void call_over(struct call *c, int cause, const char *why)
{
	log_info(c->object, "over, cause %d: %s", cause, why);
	if (is_known(c))
		pri_destroycall(call_controller(c), c->pri);
	/* The channel is free before the agent hears of it, and may take it again. */
	struct bchannel *b = c->channel;
	call_set_channel(c, NULL);
	c->channel = b;
	const char *name = q931_name(q931_causes, (unsigned)cause);
	call_tell(c, "release", json_pack("{s:i, s:b, s:s}", "cause", cause, "remote", c->remote, "why", c->remote && name ? name : why));
	c->channel = NULL;
	struct isdn *isdn = c->group->isdn;
	mem_deref(c);
	if (isdn->p.idle && isdn_is_idle(isdn))
		isdn->p.idle(isdn->p.arg);
}

/* 5.3.3: what the far end makes of the channel is not known; RESTART settles it. */
void call_lost(struct call *c, const char *why)
{
	struct group *g = c->group;
	struct bchannel *b = c->channel;
	isdn_counters[ISDN_LOST]++;
	if (b)
		b->restart_due = g->settings.restart;
	call_over(c, c->cause, why);
	restart_next(g);
}

void call_clear(struct call *c, int cause, const char *why)
{
	if (!c->cause)
		c->cause = cause;
	struct group *g = c->group;
	if (group_is_lost(g)) {
		call_lost(c, why);
		return;
	}
	bool unanswered = c->state == CALL_PRESENT;
	call_set_state(c, CALL_CLEARING, why);
	if (unanswered)
		dchannel_refuse(call_dchannel(c), c->pri, cause);
	else
		pri_hangup(call_controller(c), c->pri, cause);
	group_acted(g);
}

/* libpri sends STATUS when it is asked, and not otherwise; and a call stays with the D-channel that its last message came from, until another comes.
 * So it is given an enquiry that the far end never sent, in an unnumbered frame, which disturbs no sequence. */
void call_enquire(struct call *c)
{
	struct dchannel *d = c->group->active;
	/* The flag says that the sender has not chosen the reference (4.3): it is the far end's for our own calls. */
	uint8_t flag = c->incoming ? 0 : 0x80;
	unsigned value = reference_of(c);
	uint8_t frame[] = {c->group->settings.network ? 0x00 : 0x02, 0x01, 0x03, 0x08, 2, (uint8_t)(flag | value >> 8),
			   (uint8_t)value, 0x75, 0, 0};
	if (d)
		dchannel_inject(d, frame, sizeof(frame));
}

/* --- timers --------------------------------------------------------------------------------------------------------- */

/* Nobody has said for too long what becomes of it. */
static void on_timer(void *arg)
{
	struct call *c = arg;
	switch (c->state) {
	case CALL_RECEIVING: /* T302: the number has ended */
		c->complete = true;
		call_tell(c, "digits", json_pack("{s:s, s:b}", "digits", "", "complete", true));
		return;
	case CALL_SENDING: /* T304, T310, T301: Q.931 5.2.4, 9.5 */
	case CALL_OUT_PROCEEDING:
		call_clear(c, PRI_CAUSE_RECOVERY_ON_TIMER_EXPIRE, c->state == CALL_SENDING ? "T304" : "T310");
		return;
	case CALL_DELIVERED:
		call_clear(c, PRI_CAUSE_NO_ANSWER, "T301");
		return;
	case CALL_DISCONNECTED:
		call_clear(c, c->cause, "T306");
		return;
	case CALL_CLEARING:
		call_lost(c, "the far end never said that its channel is free");
		return;
	default:
		return;
	}
}

static uint64_t clearing_ms(const struct isdn_settings *s)
{
	return (uint64_t)isdn_pri_timer(s, PRI_TIMER_T305) + 2 * (uint64_t)isdn_pri_timer(s, PRI_TIMER_T308) + CLEARING_SLACK_MS;
}

static uint64_t timeout_of(const struct call *c)
{
	const struct isdn_settings *s = &c->group->settings;
	switch (c->state) {
	case CALL_RECEIVING:
		return c->complete ? 0 : s->timers[ISDN_T302];
	case CALL_SENDING:
		return s->timers[ISDN_T304];
	case CALL_OUT_PROCEEDING:
		return s->timers[ISDN_T310];
	case CALL_DELIVERED:
		return s->timers[ISDN_T301];
	case CALL_DISCONNECTED:
		return s->timers[ISDN_T306];
	case CALL_CLEARING:
		return clearing_ms(s);
	default:
		return 0;
	}
}

static void start_timer(struct call *c)
{
	uint64_t ms = timeout_of(c);
	timer_stop(&c->timer);
	if (ms)
		timer_start(&c->timer, ms, on_timer, c);
}

void call_wait_for_digits(struct call *c)
{
	start_timer(c);
}

void call_set_state(struct call *c, enum call_state state, const char *why)
{
	log_debug(c->object, "%s -> %s: %s", call_state_names[c->state], call_state_names[state], why);
	c->state = state;
	start_timer(c);
}

/* --- shown ---------------------------------------------------------------------------------------------------------- */

static json_t *number_of(json_t *party)
{
	json_t *number = json_object_get(party, "number");
	return number ? number : json_null();
}

json_t *call_json(const struct call *c)
{
	json_t *row = json_pack("{s:s, s:s, s:s, s:s, s:s, s:I}", "call", c->id, "group", c->group->name, "direction", c->incoming ? "in" : "out",
				"state", call_state_names[c->state], "bearer", bearer_names[c->bearer], "age_ms",
				(json_int_t)(clock_ms() - c->since));
	json_object_set_new(row, "endpoint", c->channel ? json_string(c->channel->endpoint) : json_null());
	json_object_set(row, "from", number_of(c->calling));
	json_object_set(row, "to", number_of(c->called));
	json_object_set(row, "called", c->called ? c->called : json_null());
	json_object_set(row, "calling", c->calling ? c->calling : json_null());
	return row;
}
