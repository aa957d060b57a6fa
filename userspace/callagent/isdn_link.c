// SPDX-License-Identifier: GPL-3.0-or-later
#include "callagent/isdn_link.h"
#include "base/counter.h"
#include "base/ctl_link.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/slice.h"
#include "base/timer.h"
#include <errno.h>

#define RETRY_MS    200
#define PING_MS     1000 /* how often it is asked for a sign of life */
#define PATIENCE_MS 4000 /* ... which comes in this time, or it hangs */
#define OBJECT      "isdn"

static const char hangs[] = "it answers nothing";

struct isdn_link {
	struct isdn_link_params p;
	struct ctl_link *ctl;
	struct hash calls;
	struct timer ping;
	uint64_t asked; /* when, for a sign of life that has not come; 0: none is awaited */
	bool answers;   /* it does since it was connected to */
	bool warned;    /* that it cannot be reached */
};

enum { CNT_EVENTS, CNT_STRAY, CNT_ADOPTED, CNT_RELEASED, CNT_LOST, CNT_HUNG, CNT_MAX };
static const struct counter_def defs[CNT_MAX] = {
	[CNT_EVENTS] = {"events", "events of calls from tandem-isdn"},
	[CNT_STRAY] = {"events-stray", "events of calls that are not known here"},
	[CNT_ADOPTED] = {"calls-adopted", "calls that tandem-isdn still had when it was connected to"},
	[CNT_RELEASED] = {"calls-released", "calls that only tandem-isdn had, released"},
	[CNT_LOST] = {"calls-lost", "calls that tandem-isdn had no more, or took with it"},
	[CNT_HUNG] = {"hung", "times tandem-isdn was connected to and answered nothing"},
};
static uint64_t counts[CNT_MAX];
static struct counter_group counters = COUNTER_GROUP("isdn", defs, counts);

static uint32_t hash_of(const char *id)
{
	return slice_hash(slice_str(id), false);
}

static struct isdn_call *find(const struct isdn_link *l, const char *id)
{
	struct isdn_call *c;
	uint32_t h = hash_of(id);
	hash_foreach_match(c, &l->calls, h, by_id)
		if (!strcmp(c->id, id))
			return c;
	return NULL;
}

static const char *text_of(const json_t *o, const char *name)
{
	const char *text = json_string_value(json_object_get(o, name));
	return text ? text : "";
}

static void release(struct isdn_link *l, const char *id, unsigned cause)
{
	ctl_link_ask(l->ctl, "isdn release", json_pack("{s:s, s:i}", "call", id, "cause", (int)cause), NULL, NULL);
}

/* --- events --------------------------------------------------------------------------------------------------------- */

static void on_setup(struct isdn_link *l, const char *id, const json_t *event)
{
	unsigned cause = l->p.setup(l->p.arg, id, text_of(event, "group"), event);
	if (cause)
		release(l, id, cause);
}

static void on_call(struct isdn_link *l, const json_t *event)
{
	const char *name = text_of(event, "event"), *id = text_of(event, "call");
	struct isdn_call *c = find(l, id);
	counts[CNT_EVENTS]++;
	if (!c && !strcmp(name, "setup"))
		on_setup(l, id, event);
	else if (!c)
		counts[CNT_STRAY]++;
	else
		c->event(c->arg, name, event);
}

static void on_span(struct isdn_link *l, const json_t *event)
{
	if (!strcmp(text_of(event, "event"), "group"))
		l->p.group(l->p.arg, text_of(event, "group"), json_is_true(json_object_get(event, "up")) ? NULL : "no D-channel is up");
}

/* --- agreeing on what there is ---------------------------------------------------------------------------------------- */

/* Any of those it ends may take others along: begins anew after each. */
static struct isdn_call *next_lost(const struct isdn_link *l, bool all)
{
	struct isdn_call *c;
	hash_foreach(c, &l->calls, by_id)
		if (all || c->listed)
			return c;
	return NULL;
}

static void lose(struct isdn_link *l, bool all, const char *why)
{
	struct isdn_call *c;
	while ((c = next_lost(l, all))) {
		counts[CNT_LOST]++;
		isdn_link_remove(l, c);
		c->lost(c->arg, why);
	}
}

static void on_groups(void *arg, const json_t *result, const char *why)
{
	struct isdn_link *l = arg;
	size_t i;
	json_t *g;
	l->answers |= result != NULL;
	json_array_foreach(result, i, g)
		l->p.group(l->p.arg, text_of(g, "group"), !strcmp(text_of(g, "state"), "up") ? NULL : "no D-channel is up");
}

/* Those marked were known here when it was asked. */
static void on_calls(void *arg, const json_t *result, const char *why)
{
	struct isdn_link *l = mem_ref(arg);
	size_t i;
	json_t *k;
	if (!result) {
		mem_deref(l); /* the connection is lost, and they with it */
		return;
	}
	json_array_foreach(result, i, k) {
		struct isdn_call *c = find(l, text_of(k, "call"));
		if (c) {
			counts[CNT_ADOPTED] += c->listed;
			c->listed = false;
		} else {
			counts[CNT_RELEASED]++;
			release(l, text_of(k, "call"), 41);
		}
	}
	lose(l, false, "tandem-isdn has it no more");
	mem_deref(l);
}

static void agree(struct isdn_link *l)
{
	struct isdn_call *c;
	hash_foreach(c, &l->calls, by_id)
		c->listed = true;
	isdn_link_refresh(l);
	ctl_link_ask(l->ctl, "show isdn-calls", NULL, on_calls, l);
}

static void on_alive(void *arg, const json_t *result, const char *why)
{
	struct isdn_link *l = arg;
	l->asked = 0;
}

static void ping(struct isdn_link *l)
{
	l->asked = clock_ms();
	if (ctl_link_ask(l->ctl, "ping", NULL, on_alive, l))
		l->asked = 0;
}

static void on_ping(void *arg)
{
	struct isdn_link *l = mem_ref(arg);
	timer_start(&l->ping, PING_MS, on_ping, l);
	if (l->asked && clock_ms() - l->asked >= PATIENCE_MS) {
		counts[CNT_HUNG]++;
		ctl_link_break(l->ctl, hangs);
	} else if (!l->asked && ctl_link_is_up(l->ctl)) {
		ping(l);
	}
	mem_deref(l);
}

static void on_up(void *arg)
{
	struct isdn_link *l = arg;
	log_info(OBJECT, "connected to tandem-isdn");
	ping(l);
	ctl_link_ask(l->ctl, "subscribe", json_pack("{s:s}", "topic", "calls"), NULL, NULL);
	ctl_link_ask(l->ctl, "subscribe", json_pack("{s:s}", "topic", "spans"), NULL, NULL);
	agree(l);
}

static void on_down(void *arg, const char *why)
{
	struct isdn_link *l = mem_ref(arg);
	log_at(l->answers || !l->warned ? LOG_LEVEL_WARN : LOG_LEVEL_DEBUG, OBJECT, "tandem-isdn cannot be reached: %s", why);
	l->warned = true;
	l->answers = false;
	l->asked = 0;
	l->p.gone(l->p.arg, why == hangs ? "tandem-isdn hangs" : "tandem-isdn is not there");
	lose(l, true, "tandem-isdn is gone");
	mem_deref(l);
}

static void on_event(void *arg, const char *topic, const json_t *event, unsigned dropped)
{
	struct isdn_link *l = mem_ref(arg);
	if (dropped) {
		log_error(OBJECT, "%u events of tandem-isdn were lost", dropped);
		agree(l);
	}
	if (event && !strcmp(topic, "calls"))
		on_call(l, event);
	else if (event && !strcmp(topic, "spans"))
		on_span(l, event);
	mem_deref(l);
}

/* --- the interface -------------------------------------------------------------------------------------------------- */

static void destroy(void *obj)
{
	struct isdn_link *l = obj;
	struct isdn_call *c;
	timer_stop(&l->ping);
	while (l->ctl && (c = next_lost(l, true)))
		isdn_link_remove(l, c);
	mem_deref(l->ctl);
	hash_free(&l->calls);
}

int isdn_link_open(struct isdn_link **ret, const struct isdn_link_params *p)
{
	static const struct ctl_link_handlers handlers = {.up = on_up, .down = on_down, .event = on_event};
	struct isdn_link *l = mem_alloc(sizeof(*l), destroy);
	if (!l)
		return -ENOMEM;
	l->p = *p;
	counter_register(&counters);
	int err = hash_init(&l->calls, 64) ?: ctl_link_open(&l->ctl, p->path, RETRY_MS, &handlers, l);
	if (err) {
		mem_deref(l);
	} else {
		timer_start(&l->ping, PING_MS, on_ping, l);
		*ret = l;
	}
	return err;
}

bool isdn_link_is_up(const struct isdn_link *l)
{
	return l && l->answers && ctl_link_is_up(l->ctl);
}

void isdn_link_refresh(struct isdn_link *l)
{
	ctl_link_ask(l->ctl, "show isdn", NULL, on_groups, l);
}

void isdn_link_add(struct isdn_link *l, struct isdn_call *c)
{
	hash_insert(&l->calls, &c->by_id, hash_of(c->id));
}

void isdn_link_remove(struct isdn_link *l, struct isdn_call *c)
{
	if (!c->by_id.pprev)
		return;
	hash_remove(&l->calls, &c->by_id);
	ctl_link_forget(l->ctl, c);
}

static void on_said(void *arg, const json_t *result, const char *why)
{
	struct isdn_call *c = arg;
	if (!result && c->refused)
		c->refused(c->arg, why);
}

int isdn_link_say(struct isdn_link *l, struct isdn_call *c, const char *verb, json_t *args)
{
	if (!args)
		args = json_object();
	if (!args || json_object_set_new(args, "call", json_string(c->id))) {
		json_decref(args);
		return -ENOMEM;
	}
	return ctl_link_ask(l->ctl, verb, args, c->refused ? on_said : NULL, c);
}
