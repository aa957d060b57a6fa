// SPDX-License-Identifier: GPL-3.0-or-later
#include "mediagw/agent_call.h"
#include "base/ctl_link.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/slice.h"
#include <errno.h>
#include <stdio.h>

#define RETRY_MS 1000 /* of a connection that is given up with the first failure */

struct agent_call {
	struct agent_call_params p;
	struct ctl_link *link;
	char id[32];
	json_t *ask;
	bool over;
};

static const char *text_of(const json_t *o, const char *name)
{
	const char *text = json_string_value(json_object_get(o, name));
	return text ? text : "";
}

static void end(struct agent_call *c, const char *why, bool busy, double ms)
{
	if (c->over)
		return;
	c->over = true;
	c->p.over(c->p.arg, why, busy, ms);
}

static void on_asked(void *arg, const json_t *result, const char *why)
{
	struct agent_call *c = arg;
	if (!result)
		end(c, why, false, -1);
	else if (!c->over && c->p.begun)
		c->p.begun(c->p.arg);
}

static void on_up(void *arg)
{
	struct agent_call *c = arg;
	if (c->over)
		return;
	ctl_link_ask(c->link, "subscribe", json_pack("{s:s}", "topic", "test-calls"), NULL, NULL);
	if (ctl_link_ask(c->link, "test-call", json_incref(c->ask), on_asked, c))
		end(c, "out of memory", false, -1);
}

static void on_down(void *arg, const char *why)
{
	char text[160];
	snprintf(text, sizeof text, "tandem-ca cannot be reached: %s", why);
	end(arg, text, false, -1);
}

static void on_event(void *arg, const char *topic, const json_t *event, unsigned dropped)
{
	struct agent_call *c = arg;
	const char *name = text_of(event, "event");
	double ms = (double)json_integer_value(json_object_get(event, "ms"));
	if (c->over || strcmp(text_of(event, "call"), c->id) != 0)
		return;
	if (!strcmp(name, "seized"))
		c->p.seized(c->p.arg, text_of(event, "to"), text_of(event, "caller"), ms);
	else if (!strcmp(name, "answered"))
		c->p.answered(c->p.arg, text_of(event, "from"), text_of(event, "to"), ms);
	else if (!strcmp(name, "over"))
		end(c, text_of(event, "why"), json_is_true(json_object_get(event, "busy")), ms);
}

static void destroy(void *obj)
{
	struct agent_call *c = obj;
	c->over = true;
	mem_deref(c->link);
	json_decref(c->ask);
}

int agent_call_begin(struct agent_call **ret, const struct agent_call_params *p)
{
	static const struct ctl_link_handlers handlers = {.up = on_up, .down = on_down, .event = on_event};
	struct agent_call *c = mem_alloc(sizeof *c, destroy);
	char random[17];
	if (!c)
		return -ENOMEM;
	c->p = *p;
	int err = random_id(random, sizeof random);
	snprintf(c->id, sizeof c->id, "test-%s", random);
	c->ask = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "call", c->id, "from", p->from, "from-group", p->group[0] ? p->group[0] : "", "to-group",
			   p->group[1] ? p->group[1] : "", "caller", p->caller, "number", p->number);
	if (!err)
		err = c->ask ? ctl_link_open(&c->link, p->path, RETRY_MS, &handlers, c) : -ENOMEM;
	if (err)
		mem_deref(c);
	else
		*ret = c;
	return err;
}

void agent_call_answer(struct agent_call *c)
{
	ctl_link_ask(c->link, "test-call answer", json_pack("{s:s}", "call", c->id), NULL, NULL);
}

void agent_call_clear(struct agent_call *c)
{
	ctl_link_ask(c->link, "test-call end", json_pack("{s:s}", "call", c->id), NULL, NULL);
}
