/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tandem-isdn under the test's hand: what it is asked is written into the transcript, its events come when the test says so. */
#pragma once
#include "base/ctl_link.h"
#include "base/mem.h"
#include "transcript.h"
#include <errno.h>
#include <stdlib.h>

struct ctl_link {
	struct ctl_link_handlers h;
	void *arg;
	bool up;
	ctl_answer_fn answer[16];
	void *answer_arg[16];
	char verb[16][32];
	unsigned n;
};

static struct ctl_link *isdn;
static bool isdn_hangs;

static void isdn_destroy(void *obj)
{
	isdn = NULL;
}

int ctl_link_open(struct ctl_link **ret, const char *path, unsigned retry_ms, const struct ctl_link_handlers *h, void *arg)
{
	struct ctl_link *l = mem_alloc(sizeof(*l), isdn_destroy);
	if (!l)
		return -ENOMEM;
	l->h = *h;
	l->arg = arg;
	*ret = isdn = l;
	return 0;
}

bool ctl_link_is_up(const struct ctl_link *l)
{
	return l->up;
}

static void say_value(const json_t *v)
{
	char *text = json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS);
	for (char *c = text; c && *c; c++)
		if (*c == '"')
			*c = '\'';
	say("%s", text ? text : "?");
	free(text);
}

/* "isdn: answer CALL {...}": identifiers of our own calls are random. */
int ctl_link_ask(struct ctl_link *l, const char *verb, json_t *args, ctl_answer_fn fn, void *arg)
{
	if (!l->up) {
		json_decref(args);
		return -ENOTCONN;
	}
	if (!strncmp(verb, "isdn ", 5)) {
		const char *id = json_string_value(json_object_get(args, "call"));
		say("isdn: %s %s", verb + 5, !strncmp(id, "ca-", 3) ? "OUT" : id);
		json_object_del(args, "call");
		if (json_object_size(args)) {
			say(" ");
			say_value(args);
		}
		say("\n");
	}
	json_decref(args);
	if (!strcmp(verb, "ping")) {
		if (!isdn_hangs)
			fn(arg, json_true(), NULL);
		return 0;
	}
	if (l->n < 16) {
		snprintf(l->verb[l->n], sizeof(l->verb[0]), "%s", verb);
		l->answer[l->n] = fn;
		l->answer_arg[l->n++] = arg;
	}
	return 0;
}

void ctl_link_forget(struct ctl_link *l, const void *arg)
{
	for (unsigned i = 0; i < l->n; i++)
		if (l->answer_arg[i] == arg)
			l->answer[i] = NULL;
}

/* The oldest question of that verb is answered: with `result` (stolen), or refused. */
static void isdn_answers(const char *verb, json_t *result, const char *why)
{
	for (unsigned i = 0; i < isdn->n; i++)
		if (!strcmp(isdn->verb[i], verb)) {
			isdn->verb[i][0] = '\0';
			if (isdn->answer[i])
				isdn->answer[i](isdn->answer_arg[i], result, why);
			break;
		}
	json_decref(result);
}

void ctl_link_break(struct ctl_link *l, const char *why)
{
	l->up = false;
	say("isdn: given up\n");
	l->h.down(l->arg, why);
}

static json_t *json_of(const char *text)
{
	json_error_t e;
	char copy[1000];
	snprintf(copy, sizeof(copy), "%s", text);
	for (char *c = copy; *c; c++)
		if (*c == '\'')
			*c = '"';
	json_t *j = json_loads(copy, 0, &e);
	if (!j)
		fail_msg("%s: %s", copy, e.text);
	return j;
}

/* An event, its quotes written as '. */
static void isdn_says(const char *topic, const char *text)
{
	json_t *event = json_of(text);
	isdn->h.event(isdn->arg, topic, event, 0);
	json_decref(event);
}

static void isdn_up(void)
{
	isdn->up = true;
	isdn->n = 0;
	isdn->h.up(isdn->arg);
	isdn_answers("show isdn", json_of("[{'group':'pri','state':'up'},{'group':'tie','state':'up'},{'group':'far','state':'up'}]"), NULL);
}

static void isdn_gone(void)
{
	isdn->up = false;
	isdn->h.down(isdn->arg, "the other side has gone");
}
