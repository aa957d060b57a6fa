// SPDX-License-Identifier: GPL-2.0-or-later
#include "isdn/control.h"
#include "isdn/call.h"
#include "isdn/q931_print.h"
#include <errno.h>

static struct isdn *isdn_of(void *arg)
{
	return *(struct isdn **)arg;
}

/* --- calls ------------------------------------------------------------------------------------------------------------ */

static int setup(void *arg, json_t *args, json_t **result, struct buf *why)
{
	return isdn_of(arg) ? call_setup(isdn_of(arg), args, result, why) : -EAGAIN;
}

#define CALL_VERB(fn_name, verb)                                                          \
	static int fn_name(void *arg, json_t *args, json_t **result, struct buf *why)     \
	{                                                                                 \
		return isdn_of(arg) ? call_verb(isdn_of(arg), verb, args, why) : -EAGAIN; \
	}
CALL_VERB(digits, "isdn digits")
CALL_VERB(proceeding, "isdn proceeding")
CALL_VERB(alerting, "isdn alerting")
CALL_VERB(progress, "isdn progress")
CALL_VERB(answer, "isdn answer")
CALL_VERB(notify, "isdn notify")
CALL_VERB(release, "isdn release")

static int show_calls(void *arg, json_t *args, json_t **result, struct buf *why)
{
	struct isdn *isdn = isdn_of(arg);
	json_t *all = json_array();
	struct group *g;
	struct call *c;
	if (isdn)
		list_foreach(g, &isdn->groups, link)
			list_foreach(c, &g->calls, link)
				json_array_append_new(all, call_json(c));
	*result = all;
	return all ? 0 : -ENOMEM;
}

/* --- groups and channels ----------------------------------------------------------------------------------------------- */

static json_t *dchannel_json(const struct group *g, const struct dchannel *d)
{
	return json_pack("{s:s, s:s, s:b, s:b, s:s}", "endpoint", d->endpoint, "role", d->backup ? "backup" : "primary", "up", d->up, "active",
			 d == g->active, "why", d->why);
}

static json_t *group_json(const struct group *g)
{
	unsigned states[BCHANNEL_STATES] = {0}, channels = 0;
	const struct dchannel *shown = g->active ? g->active : &g->dchannels[0];
	json_t *dchannels = json_array();
	for (unsigned i = 0; i < g->n_dchannels; i++)
		json_array_append_new(dchannels, dchannel_json(g, &g->dchannels[i]));
	for (unsigned i = 0; i < g->settings.n_spans; i++)
		for (unsigned n = 0; n < ISDN_CHANNELS; n++)
			if (g->interfaces[i].channels[n]) {
				states[g->interfaces[i].channels[n]->state]++;
				channels++;
			}
	return json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:i, s:o, s:s, s:s}", "group", g->name, "switch", g->settings.type->name, "side",
			 g->settings.network ? "network" : "user", "state", group_is_up(g) ? "up" : "down", "calls", (int)list_count(&g->calls), "channels",
			 (int)channels, "free", (int)states[BCHANNEL_IDLE], "out_of_service", (int)states[BCHANNEL_OUT_OF_SERVICE], "dchannels", dchannels,
			 "d_channel", shown->endpoint, "why", shown->why);
}

static int show_groups(void *arg, json_t *args, json_t **result, struct buf *why)
{
	struct isdn *isdn = isdn_of(arg);
	json_t *all = json_array();
	struct group *g;
	if (isdn)
		list_foreach(g, &isdn->groups, link)
			json_array_append_new(all, group_json(g));
	*result = all;
	return all ? 0 : -ENOMEM;
}

static json_t *channel_json(const struct bchannel *b)
{
	const char *reason = "";
	for (unsigned f = BCHANNEL_FAULTS; f-- > 0;)
		if (b->faults & 1u << f)
			reason = bchannel_fault_names[f];
	return json_pack("{s:s, s:s, s:s, s:s?, s:s}", "endpoint", b->endpoint, "group", b->group->name, "state", bchannel_state_names[b->state], "call",
			 b->call ? b->call->id : NULL, "why", reason);
}

static int show_channels(void *arg, json_t *args, json_t **result, struct buf *why)
{
	struct isdn *isdn = isdn_of(arg);
	const char *only = json_string_value(json_object_get(args, "group"));
	json_t *all = json_array();
	struct group *g;
	if (isdn)
		list_foreach(g, &isdn->groups, link)
			for (unsigned i = 0; (!only || !strcmp(only, g->name)) && i < g->settings.n_spans; i++)
				for (unsigned n = 0; n < ISDN_CHANNELS; n++)
					if (g->interfaces[i].channels[n])
						json_array_append_new(all, channel_json(g->interfaces[i].channels[n]));
	*result = all;
	return all ? 0 : -ENOMEM;
}

static struct bchannel *channel_named(void *arg, json_t *args, struct buf *why)
{
	const char *endpoint = json_string_value(json_object_get(args, "endpoint"));
	struct bchannel *b = endpoint && isdn_of(arg) ? bchannel_find(isdn_of(arg), endpoint) : NULL;
	if (!b)
		buf_printf(why, "endpoint: %s is no B-channel of an isdn section", endpoint ? endpoint : "\"\"");
	return b;
}

static int restart(void *arg, json_t *args, json_t **result, struct buf *why)
{
	struct bchannel *b = channel_named(arg, args, why);
	if (!b)
		return -ENOENT;
	if (!group_is_up(b->group)) {
		buf_printf(why, "no D-channel of %s is up", b->group->name);
		return -ENOTCONN;
	}
	b->restart_due = true;
	if (b->call)
		call_over(b->call, PRI_CAUSE_NORMAL_TEMPORARY_FAILURE, "restarted by an operator");
	restart_next(b->group);
	return 0;
}

/* true and false, or as one types them. */
static int read_on(const json_t *given, bool *ret)
{
	const char *text = json_string_value(given);
	*ret = json_is_true(given) || (text && !strcmp(text, "on"));
	return json_is_boolean(given) || (text && (*ret || !strcmp(text, "off"))) ? 0 : -EINVAL;
}

static int service(void *arg, json_t *args, json_t **result, struct buf *why)
{
	struct bchannel *b = channel_named(arg, args, why);
	bool on;
	if (!b)
		return -ENOENT;
	if (read_on(json_object_get(args, "on"), &on)) {
		buf_str(why, "on: expected on or off");
		return -EINVAL;
	}
	bchannel_set_fault(b, BCHANNEL_OPERATOR, !on, "an operator");
	bchannel_service(b, on);
	return 0;
}

/* --- the trace ---------------------------------------------------------------------------------------------------------- */

void group_trace(struct group *g, const struct dchannel *d, bool sent, const uint8_t *octets, size_t n)
{
	struct buf text = buf_growing(), hex = buf_growing();
	q921_print(&text, octets, n);
	buf_hex(&hex, octets, n);
	json_t *e = json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:b}", "time", (json_int_t)clock_utc_ms(), "dir", sent ? "out" : "in", "proto", "isdn",
			      "local", d->endpoint, "peer", g->name, "text", buf_z(&text), "octets", buf_z(&hex), "network", g->settings.network);
	buf_reset(&text);
	buf_reset(&hex);
	if (e)
		group_publish(g, "trace", e);
}

const struct ctl_verb control_verbs[] = {
	{"isdn setup", "makes a call (userspace/isdn/README.md)", setup, "call=ID group=NAME called={number,type,plan,complete} ...", NULL},
	{"isdn digits", "more digits of a call out", digits, "call=ID digits=DIGITS", NULL},
	{"isdn proceeding", "the number of a call in is complete", proceeding, "call=ID", NULL},
	{"isdn alerting", "the called user is rung", alerting, "call=ID progress=N", NULL},
	{"isdn progress", "PROGRESS with in-band information", progress, "call=ID progress=N cause=N", NULL},
	{"isdn answer", "answers a call in", answer, "call=ID connected={number,...}", NULL},
	{"isdn notify", "NOTIFY in an answered call, such as remote hold (121)", notify, "call=ID notify=N", NULL},
	{"isdn release", "clears a call", release, "call=ID cause=N", NULL},
	{"isdn restart", "restarts a channel, which clears its call", restart, "endpoint=NAME", NULL},
	{"isdn service", "takes a channel out of service or back", service, "endpoint=NAME on=BOOL", NULL},
	{"show isdn", "trunk groups and their D-channels", show_groups, NULL, NULL},
	{"show isdn-channels", "B-channels", show_channels, "group=NAME", NULL},
	{"show isdn-calls", "calls of ISDN", show_calls, NULL, NULL},
	{0},
};
