// SPDX-License-Identifier: GPL-2.0-or-later
/* Calls, and what a command makes libpri do with them. */
#include "switch.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- the table ----------------------------------------------------------------------------------------------------- */

struct call *call_new(struct line *l, const char *id, q931_call *q931, int channel)
{
	for (unsigned i = 0; i < MAX_CALLS; i++) {
		struct call *c = &l->calls[i];
		if (c->q931)
			continue;
		*c = (struct call){.q931 = q931, .channel = channel};
		snprintf(c->id, sizeof(c->id), "%s", id);
		return c;
	}
	return NULL;
}

struct call *call_by_q931(struct line *l, const q931_call *q931)
{
	for (unsigned i = 0; q931 && i < MAX_CALLS; i++)
		if (l->calls[i].q931 == q931)
			return &l->calls[i];
	return NULL;
}

static struct call *by_id(struct line *l, const char *id)
{
	for (unsigned i = 0; id && i < MAX_CALLS; i++)
		if (l->calls[i].q931 && !strcmp(l->calls[i].id, id))
			return &l->calls[i];
	return NULL;
}

void call_gone(struct call *c)
{
	*c = (struct call){0};
}

/* --- channels ------------------------------------------------------------------------------------------------------ */

bool is_bearer(const struct line *l, int channel)
{
	return channel >= 1 && channel <= (l->e1 ? 31 : 23) && !(l->e1 && channel == 16);
}

bool is_busy(const struct line *l, int channel)
{
	for (unsigned i = 0; i < MAX_CALLS; i++)
		if (l->calls[i].q931 && l->calls[i].channel == channel)
			return true;
	return false;
}

int idle_channel(const struct line *l)
{
	for (int channel = 1; channel < MAX_CHANNELS; channel++)
		if (is_bearer(l, channel) && !is_busy(l, channel))
			return channel;
	return 0;
}

/* --- words --------------------------------------------------------------------------------------------------------- */

static int bearer_of(const char *name)
{
	static const struct {
		const char *name;
		int capability;
	} bearers[] = {
		{"speech", PRI_TRANS_CAP_SPEECH}, {"audio", PRI_TRANS_CAP_3_1K_AUDIO}, {"digital", PRI_TRANS_CAP_DIGITAL},
		{"restricted", PRI_TRANS_CAP_RESTRICTED_DIGITAL}, {"tones", PRI_TRANS_CAP_7K_AUDIO}, {"video", PRI_TRANS_CAP_VIDEO},
	};
	for (size_t i = 0; name && i < sizeof(bearers) / sizeof(bearers[0]); i++)
		if (!strcmp(name, bearers[i].name))
			return bearers[i].capability;
	return PRI_TRANS_CAP_SPEECH;
}

static int plan_of(const char *name)
{
	static const struct {
		const char *name;
		int plan;
	} plans[] = {
		{"international", PRI_INTERNATIONAL_ISDN}, {"national", PRI_NATIONAL_ISDN}, {"local", PRI_LOCAL_ISDN}, {"private", PRI_PRIVATE}, {"unknown", PRI_UNKNOWN},
	};
	for (size_t i = 0; name && i < sizeof(plans) / sizeof(plans[0]); i++)
		if (!strcmp(name, plans[i].name))
			return plans[i].plan;
	return name ? (int)strtol(name, NULL, 0) : PRI_UNKNOWN;
}

static int presentation_of(const char *name)
{
	if (name && !strcmp(name, "restricted"))
		return PRES_PROHIB_USER_NUMBER_NOT_SCREENED;
	if (name && !strcmp(name, "unavailable"))
		return PRES_NUMBER_NOT_AVAILABLE;
	return name && !strcmp(name, "network") ? PRES_ALLOWED_NETWORK_NUMBER : PRES_ALLOWED_USER_NUMBER_NOT_SCREENED;
}

/* --- setting up ---------------------------------------------------------------------------------------------------- */

static void set_number(struct pri_party_number *n, const char *digits, int plan, int presentation)
{
	*n = (struct pri_party_number){.valid = 1, .plan = plan, .presentation = presentation};
	snprintf(n->str, sizeof(n->str), "%s", digits ? digits : "");
}

static void set_caller(struct pri_sr *sr, const struct command *c)
{
	const char *name = command_value(c, "name");
	struct pri_party_id caller = {0};
	if (!command_value(c, "calling") && !command_value(c, "presentation") && !name)
		return;
	int presentation = presentation_of(command_value(c, "presentation"));
	set_number(&caller.number, command_value(c, "calling"), plan_of(command_value(c, "calling-plan")), presentation);
	if (name) {
		caller.name = (struct pri_party_name){.valid = 1, .presentation = presentation & PRI_PRES_RESTRICTION, .char_set = PRI_CHAR_SET_ISO8859_1};
		snprintf(caller.name.str, sizeof(caller.name.str), "%s", name);
	}
	pri_sr_set_caller_party(sr, &caller);
}

static void set_redirecting(struct pri_sr *sr, const struct command *c)
{
	const char *number = command_value(c, "redirecting");
	struct pri_party_redirecting r = {.count = command_number(c, "count", 1), .reason = command_number(c, "reason", PRI_REDIR_UNCONDITIONAL)};
	if (!number)
		return;
	r.orig_reason = r.reason;
	set_number(&r.from.number, number, plan_of(command_value(c, "redirecting-plan")), presentation_of(command_value(c, "redirecting-presentation")));
	r.orig_called = r.from;
	set_number(&r.to.number, command_value(c, "called"), plan_of(command_value(c, "plan")), PRES_ALLOWED_USER_NUMBER_NOT_SCREENED);
	pri_sr_set_redirecting_parties(sr, &r);
}

static void place(struct line *l, const struct command *c)
{
	const char *id = command_word(c, 1), *called = command_value(c, "called");
	int channel = command_number(c, "channel", idle_channel(l)), bearer = bearer_of(command_value(c, "bearer"));
	q931_call *q931 = id && channel ? pri_new_call(l->pri) : NULL;
	struct pri_sr *sr = pri_sr_new();
	if (!q931 || !sr || !call_new(l, id, q931, channel)) {
		tell_error("cannot make a call", id ? id : "");
		return;
	}
	pri_sr_set_channel(sr, channel, command_has(c, "exclusive"), command_has(c, "nonisdn"));
	pri_sr_set_bearer(sr, bearer, bearer == PRI_TRANS_CAP_SPEECH || bearer == PRI_TRANS_CAP_3_1K_AUDIO ? l->law : 0);
	pri_sr_set_called(sr, (char *)(called ? called : ""), plan_of(command_value(c, "plan")), !command_has(c, "overlap"));
	set_caller(sr, c);
	set_redirecting(sr, c);
	if (command_value(c, "keypad"))
		pri_sr_set_keypad_digits(sr, command_value(c, "keypad"));
	if (pri_setup(l->pri, q931, sr))
		tell_error("SETUP was not sent", id);
	pri_sr_free(sr);
	tell(json_pack("{s:s, s:s, s:i}", "event", "placed", "call", id, "channel", channel));
}

/* --- what is done with one ----------------------------------------------------------------------------------------- */

/* The argument is the progress indicator asked for (0 for none), or the channel chosen, as the verb has it. */
static int say_proceeding(struct line *l, struct call *call, const struct command *c)
{
	return pri_proceeding(l->pri, call->q931, call->channel, command_number(c, "progress", 0) == 8);
}

static int say_progress(struct line *l, struct call *call, const struct command *c)
{
	int cause = command_number(c, "cause", -1);
	return pri_progress_with_cause(l->pri, call->q931, call->channel, command_number(c, "progress", 8) == 8, cause);
}

static int say_alerting(struct line *l, struct call *call, const struct command *c)
{
	return pri_acknowledge(l->pri, call->q931, call->channel, command_number(c, "progress", 0) == 8);
}

static int say_connect(struct line *l, struct call *call, const struct command *c)
{
	return pri_answer(l->pri, call->q931, call->channel, command_has(c, "nonisdn"));
}

static int say_setup_ack(struct line *l, struct call *call, const struct command *c)
{
	return pri_setup_ack(l->pri, call->q931, call->channel, command_has(c, "nonisdn"), command_has(c, "tone"));
}

static int say_digits(struct line *l, struct call *call, const struct command *c)
{
	int err = 0;
	for (const char *digits = command_word(c, 2); digits && *digits && !err; digits++)
		err = pri_information(l->pri, call->q931, *digits);
	return err;
}

/* Q.931 5.3.2: a call to which nothing was said yet is refused by RELEASE COMPLETE. libpri does so for a few causes only, and says nothing for others. */
static int hang_up(struct line *l, struct call *call, const struct command *c)
{
	int cause = command_number(c, "cause", PRI_CAUSE_NORMAL_CLEARING);
	bool refused = call->incoming && !call->answered_to;
	l->wire.refusal = refused ? cause : 0;
	int err = pri_hangup(l->pri, call->q931, refused ? PRI_CAUSE_NORMAL_CIRCUIT_CONGESTION : cause);
	if (refused) {
		tell(json_pack("{s:s, s:s, s:i, s:i}", "event", "released", "call", call->id, "channel", call->channel, "cause", cause));
		call_gone(call);
	}
	return err;
}

static int notify(struct line *l, struct call *call, const struct command *c)
{
	return pri_notify(l->pri, call->q931, call->channel, command_number(c, "info", PRI_NOTIFY_REMOTE_HOLD));
}

static int forget(struct line *l, struct call *call, const struct command *c)
{
	pri_destroycall(l->pri, call->q931);
	call_gone(call);
	return 0;
}

static const struct {
	const char *verb;
	int (*say)(struct line *l, struct call *call, const struct command *c);
} verbs[] = {
	{"proceeding", say_proceeding}, {"progress", say_progress}, {"alerting", say_alerting}, {"connect", say_connect}, {"setup-ack", say_setup_ack},
	{"digits", say_digits}, {"hangup", hang_up}, {"notify", notify}, {"forget", forget},
};

static bool about_one(struct line *l, const struct command *c)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(c->words[0], verbs[i].verb))
			continue;
		struct call *call = by_id(l, command_word(c, 1));
		if (!call) {
			tell_error("there is no such call", command_word(c, 1) ? command_word(c, 1) : "");
			return true;
		}
		if (command_value(c, "channel"))
			call->channel = command_number(c, "channel", call->channel);
		bool failed = verbs[i].say(l, call, c);
		call->answered_to = true; /* of one that is gone it does not matter */
		if (failed)
			tell_error("libpri did not", verbs[i].verb);
		return true;
	}
	return false;
}

bool calls_command(struct line *l, const struct command *c)
{
	if (!strcmp(c->words[0], "call")) {
		place(l, c);
	} else if (!strcmp(c->words[0], "restart")) {
		if (pri_reset(l->pri, command_number(c, "channel", 1)))
			tell_error("libpri did not", "restart");
	} else if (!strcmp(c->words[0], "service")) {
		if (pri_maintenance_service(l->pri, 0, command_number(c, "channel", 1), command_number(c, "status", 0)))
			tell_error("libpri did not", "service");
	} else {
		return about_one(l, c);
	}
	return true;
}
