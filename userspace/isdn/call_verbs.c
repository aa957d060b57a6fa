// SPDX-License-Identifier: GPL-2.0-or-later
/* What the agent asks of calls: a row each, with the states in which it may be asked. */
#include "base/mem.h"
#include "isdn/call.h"
#include "isdn/party.h"
#include <errno.h>

#define IN(state) (1u << (state))
#define IN_BAND   8 /* Q.931 4.5.23 */

/* A cause or progress description among `args`: `absent` when there is none. -EINVAL. */
static int read_int(json_t *args, const char *key, int min, int max, int absent, int *ret, struct buf *why)
{
	const json_t *given = json_object_get(args, key);
	*ret = absent;
	if (!given || json_is_null(given))
		return 0;
	if (!json_is_integer(given) || json_integer_value(given) < min || json_integer_value(given) > max) {
		buf_printf(why, "%s: expected %d to %d", key, min, max);
		return -EINVAL;
	}
	*ret = (int)json_integer_value(given);
	return 0;
}

static int channel_of(const struct call *c)
{
	return c->channel ? bchannel_encode(c->channel) : 0;
}

/* --- a call out ----------------------------------------------------------------------------------------------------- */

struct setup {
	const char *id;
	struct group *group;
	char number[CALL_DIGITS_MAX];
	int plan;
	bool complete;
	struct pri_party_id calling;
	struct pri_party_redirecting redirecting;
	enum bearer bearer;
	struct bchannel *only;
};

static int read_bearer(json_t *args, enum bearer *ret, struct buf *why)
{
	const char *name = json_string_value(json_object_get(args, "bearer"));
	*ret = BEARER_SPEECH;
	for (unsigned i = 0; name && i < BEARERS; i++)
		if (!strcmp(name, bearer_names[i])) {
			*ret = i;
			return 0;
		}
	if (name)
		buf_str(why, "bearer: expected speech, audio or digital");
	return name ? -EINVAL : 0;
}

static int read_names(struct isdn *isdn, json_t *args, struct setup *s, struct buf *why)
{
	const char *group = json_string_value(json_object_get(args, "group")), *endpoint = json_string_value(json_object_get(args, "endpoint"));
	s->id = json_string_value(json_object_get(args, "call"));
	if (!s->id || !*s->id || strlen(s->id) >= CALL_ID_MAX || !strncmp(s->id, "in-", 3)) {
		buf_printf(why, "call: expected 1 to %d characters, not beginning with in-", CALL_ID_MAX - 1);
		return -EINVAL;
	}
	if (call_find(isdn, s->id)) {
		buf_printf(why, "call: there is one called \"%s\"", s->id);
		return -EEXIST;
	}
	s->group = group ? isdn_group(isdn, group) : NULL;
	s->only = endpoint ? bchannel_find(isdn, endpoint) : NULL;
	if (!s->group)
		buf_printf(why, "group: there is no isdn section \"%s\"", group ? group : "");
	else if (endpoint && (!s->only || s->only->group != s->group))
		buf_printf(why, "endpoint: %s is no B-channel of %s", endpoint, s->group->name);
	else
		return 0;
	return -ENOENT;
}

static int read_setup(struct isdn *isdn, json_t *args, struct setup *s, struct buf *why)
{
	json_t *called = json_object_get(args, "called"), *redirecting = json_object_get(args, "redirecting");
	int err = read_names(isdn, args, s, why);
	if (!err)
		err = party_number_read(called, "called", s->number, sizeof(s->number), &s->plan, why);
	if (!err)
		err = party_id_read(json_object_get(args, "calling"), "calling", &s->calling, why);
	if (!err && json_is_object(redirecting))
		err = party_redirecting_read(redirecting, &s->redirecting, why);
	if (!err)
		err = read_bearer(args, &s->bearer, why);
	s->complete = !json_is_false(json_object_get(called, "complete"));
	if (!err && !s->complete && !s->group->settings.overlap_send) {
		buf_printf(why, "called: expected to be complete, %s has no overlap-send", s->group->name);
		return -EINVAL;
	}
	return err;
}

/* Bearer capability, 4.5.5. */
static void set_bearer(struct pri_sr *sr, const struct call *c)
{
	static const int capabilities[BEARERS] = {PRI_TRANS_CAP_SPEECH, PRI_TRANS_CAP_3_1K_AUDIO, PRI_TRANS_CAP_DIGITAL};
	const struct interface *i = &c->group->interfaces[c->channel->interface];
	int layer1 = i->law == TDM_LAW_ALAW || (i->law == TDM_LAW_DEFAULT && i->kind == TDM_SPAN_E1) ? PRI_LAYER_1_ALAW : PRI_LAYER_1_ULAW;
	pri_sr_set_bearer(sr, capabilities[c->bearer], c->bearer == BEARER_DIGITAL ? -1 : layer1);
}

/* What of the called number SETUP has room for; the rest follows it. */
static const char *divide(const struct call *c, const char *called, char *first, size_t size)
{
	const struct isdn_settings *s = &c->group->settings;
	size_t len = strlen(called), most = s->overlap_send && s->setup_digits < size ? s->setup_digits : size - 1, n = len < most ? len : most;
	memcpy(first, called, n);
	first[n] = '\0';
	return called + n;
}

static int send_setup(struct call *c, const struct setup *s)
{
	struct pri *pri = call_controller(c);
	q931_call *q = pri_new_call(pri);
	struct pri_sr *sr = pri_sr_new();
	int err = q && sr ? 0 : -ENOMEM;
	if (!err) {
		char number[CALL_DIGITS_MAX];
		const char *rest = divide(c, s->number, number, sizeof(number));
		call_set_pri(c, q);
		pri_sr_set_channel(sr, channel_of(c), s->only || c->group->settings.exclusive, 0);
		set_bearer(sr, c);
		pri_sr_set_called(sr, number, s->plan, c->complete && !*rest);
		memcpy(c->digits, rest, strlen(rest) + 1);
		if (s->calling.number.valid || s->calling.name.valid)
			pri_sr_set_caller_party(sr, &s->calling);
		if (s->redirecting.from.number.valid)
			pri_sr_set_redirecting_parties(sr, &s->redirecting);
		err = pri_setup(pri, q, sr) ? -EIO : 0;
	}
	pri_sr_free(sr);
	return err;
}

int call_setup(struct isdn *isdn, json_t *args, json_t **result, struct buf *why)
{
	struct setup s = {0};
	int err = read_setup(isdn, args, &s, why);
	struct call *c = err ? NULL : call_new(s.group, s.id, false);
	if (!c)
		return err ? err : -ENOMEM;
	c->bearer = s.bearer;
	c->complete = s.complete;
	c->called = json_incref(json_object_get(args, "called"));
	c->calling = json_incref(json_object_get(args, "calling"));
	isdn_counters[ISDN_CALLS_OUT]++;
	struct bchannel *b = !group_is_up(s.group) ? NULL : !s.only ? bchannel_choose(s.group) : s.only->state == BCHANNEL_IDLE ? s.only : NULL;
	if (b) {
		s.group->last = b;
		call_set_channel(c, b);
	}
	*result = json_pack("{s:o}", "endpoint", b ? json_string(b->endpoint) : json_null());
	if (!b) {
		isdn_counters[ISDN_NO_CHANNEL]++;
		call_over(c, PRI_CAUSE_NORMAL_CIRCUIT_CONGESTION, group_is_up(s.group) ? "no channel is free" : "no D-channel is up");
	} else if (send_setup(c, &s)) {
		call_over(c, PRI_CAUSE_NORMAL_TEMPORARY_FAILURE, "SETUP could not be sent");
	} else {
		group_acted(s.group);
	}
	return 0;
}

/* --- the others ------------------------------------------------------------------------------------------------------ */

void call_send_digits(struct call *c)
{
	const char *digit = c->digits;
	for (; *digit && digit[1]; digit++)
		dchannel_digit(call_dchannel(c), c->pri, *digit, false);
	if (*digit || c->complete)
		dchannel_digit(call_dchannel(c), c->pri, *digit, c->complete);
	c->digits[0] = '\0';
}

/* Overlap sending, 5.1.3: digits go one by one, those that are dialled too early wait. */
static int digits(struct call *c, json_t *args, struct buf *why)
{
	const json_t *given = json_object_get(args, "digits");
	const char *text = given ? json_string_value(given) : "";
	size_t had = strlen(c->digits), n = text ? strlen(text) : 0;
	if (!text || text[strspn(text, "0123456789*#ABCDabcd")] || had + n >= sizeof(c->digits)) {
		buf_printf(why, "digits: expected digits, at most %zu", sizeof(c->digits) - 1);
		return -EINVAL;
	}
	if (c->complete) {
		buf_str(why, "digits: the number is complete");
		return -EPROTO;
	}
	memcpy(c->digits + had, text, n + 1);
	c->complete = json_is_true(json_object_get(args, "complete"));
	if (c->state == CALL_INITIATED)
		return 0;
	call_send_digits(c);
	call_set_state(c, CALL_SENDING, "digits"); /* T304 begins anew */
	return 0;
}

/* Whether the message that follows has a progress indicator; libpri knows only that in-band information is there now. */
static bool indicated(struct call *c, enum q931_type type, int progress)
{
	if (progress && progress != IN_BAND)
		dchannel_amend(call_dchannel(c), c->pri, type, Q931_PROGRESS_INDICATOR, (unsigned)progress);
	return progress;
}

static int proceeding(struct call *c, json_t *args, struct buf *why)
{
	int progress, err = read_int(args, "progress", 1, 127, 0, &progress, why);
	if (err)
		return err;
	pri_proceeding(call_controller(c), c->pri, channel_of(c), indicated(c, Q931_PROCEEDING, progress));
	call_set_state(c, CALL_IN_PROCEEDING, "the agent");
	return 0;
}

static int alerting(struct call *c, json_t *args, struct buf *why)
{
	int progress, err = read_int(args, "progress", 1, 127, 0, &progress, why);
	if (err)
		return err;
	pri_acknowledge(call_controller(c), c->pri, channel_of(c), indicated(c, Q931_ALERTING, progress));
	call_set_state(c, CALL_RECEIVED, "the agent");
	return 0;
}

/* A PROGRESS without CALL PROCEEDING before it would leave T303 of the far end running; where more digits may come it has been stopped by SETUP ACKNOWLEDGE. */
static int progress(struct call *c, json_t *args, struct buf *why)
{
	int cause, description, err = read_int(args, "cause", 1, 127, 0, &cause, why);
	err = err ? err : read_int(args, "progress", 1, 127, IN_BAND, &description, why);
	if (err)
		return err;
	if (c->state == CALL_PRESENT) {
		pri_proceeding(call_controller(c), c->pri, channel_of(c), 0);
		call_set_state(c, CALL_IN_PROCEEDING, "the agent");
	}
	indicated(c, Q931_PROGRESS, description);
	if (cause)
		pri_progress_with_cause(call_controller(c), c->pri, channel_of(c), 1, cause);
	else
		pri_progress(call_controller(c), c->pri, channel_of(c), 1);
	return 0;
}

static int answer(struct call *c, json_t *args, struct buf *why)
{
	struct pri_party_connected_line connected = {0};
	int err = party_id_read(json_object_get(args, "connected"), "connected", &connected.id, why);
	if (err)
		return err;
	if (connected.id.number.valid || connected.id.name.valid)
		pri_connected_line_update(call_controller(c), c->pri, &connected);
	pri_answer(call_controller(c), c->pri, channel_of(c), 0);
	call_set_state(c, CALL_ACTIVE, "the agent");
	isdn_counters[ISDN_ANSWERED]++;
	return 0;
}

/* libpri has the messages of hold for EuroISDN only. */
static int notify(struct call *c, json_t *args, struct buf *why)
{
	int what, err = read_int(args, "notify", 0, 127, -1, &what, why);
	if (err)
		return err;
	if (what < 0) {
		buf_str(why, "notify: is missing");
		return -EINVAL;
	}
	pri_notify(call_controller(c), c->pri, channel_of(c), what);
	return 0;
}

static int release(struct call *c, json_t *args, struct buf *why)
{
	int cause, err = read_int(args, "cause", 1, 127, PRI_CAUSE_NORMAL_CLEARING, &cause, why);
	if (!err)
		call_clear(c, cause, "the agent");
	return err;
}

#define RINGING_IN (IN(CALL_PRESENT) | IN(CALL_RECEIVING) | IN(CALL_IN_PROCEEDING))
#define ANY        (IN(CALL_CLEARING) - 1)

static const struct {
	const char *verb;
	unsigned states;
	int (*fn)(struct call *c, json_t *args, struct buf *why);
} verbs[] = {
	{"isdn digits", IN(CALL_INITIATED) | IN(CALL_SENDING), digits},
	{"isdn proceeding", IN(CALL_PRESENT) | IN(CALL_RECEIVING), proceeding},
	{"isdn alerting", RINGING_IN, alerting},
	{"isdn progress", RINGING_IN | IN(CALL_RECEIVED), progress},
	{"isdn answer", RINGING_IN | IN(CALL_RECEIVED), answer},
	{"isdn notify", IN(CALL_ACTIVE), notify},
	{"isdn release", ANY, release},
};

int call_verb(struct isdn *isdn, const char *verb, json_t *args, struct buf *why)
{
	const char *id = json_string_value(json_object_get(args, "call"));
	struct call *c = id ? call_find(isdn, id) : NULL;
	if (!c) {
		buf_printf(why, "call: there is none called \"%s\"", id ? id : "");
		return -ENOENT;
	}
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(verbs[i].verb, verb))
			continue;
		if (!(verbs[i].states & IN(c->state))) {
			buf_printf(why, "%s: not possible, the call is %s", verb, call_state_names[c->state]);
			return -EPROTO;
		}
		struct group *g = c->group;
		int err = verbs[i].fn(c, args, why);
		group_acted(g);
		return err;
	}
	return -ENOENT;
}
