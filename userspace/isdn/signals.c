// SPDX-License-Identifier: GPL-2.0-or-later
/* What libpri tells, a row for each of its events. */
#include "base/alarm.h"
#include "base/log.h"
#include "base/mem.h"
#include "isdn/call.h"
#include "isdn/party.h"
#include "isdn/q931.h"
#include <stdio.h>

#define IN(state) (1u << (state))

/* --- parts ---------------------------------------------------------------------------------------------------------- */

/* Of several progress descriptions (4.5.23) the one that matters to media; 0: none. */
static int progress_of(int mask)
{
	static const struct {
		int bit, description;
	} order[] = {
		{PRI_PROG_INBAND_AVAILABLE, 8}, {PRI_PROG_CALL_NOT_E2E_ISDN, 1}, {PRI_PROG_CALLED_NOT_ISDN, 2}, {PRI_PROG_CALLER_NOT_ISDN, 3},
		{PRI_PROG_CALLER_RETURNED_TO_ISDN, 4},
	};
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if (mask > 0 && mask & order[i].bit)
			return order[i].description;
	return 0;
}

static json_t *with_progress(json_t *o, int mask)
{
	int progress = progress_of(mask);
	if (progress)
		json_object_set_new(o, "progress", json_integer(progress));
	return o;
}

static void put(json_t *o, const char *key, json_t *value)
{
	if (value)
		json_object_set_new(o, key, value);
}

static int cause_of(int cause)
{
	return cause > 0 && cause < 128 ? cause : PRI_CAUSE_NORMAL_UNSPECIFIED;
}

/* --- a call in ------------------------------------------------------------------------------------------------------ */

static int bearer_of(const pri_event_ring *r, enum bearer *ret)
{
	switch (r->ctype) {
	case PRI_TRANS_CAP_SPEECH:
		*ret = BEARER_SPEECH;
		return 0;
	case PRI_TRANS_CAP_3_1K_AUDIO:
		*ret = BEARER_AUDIO;
		return 0;
	case PRI_TRANS_CAP_DIGITAL:
		*ret = BEARER_DIGITAL;
		return 0;
	default:
		return PRI_CAUSE_BEARERCAPABILITY_NOTIMPL;
	}
}

/* Both sides took the same channel at once (5.7): the network's call has it. Ours gets another one from the network, or is cleared by it. */
static bool wins_glare(const struct bchannel *b)
{
	const struct call *ours = b->call;
	return ours && !ours->incoming && ours->state == CALL_INITIATED && !b->group->settings.network;
}

/* The channel for a call that comes in (5.2.3): 0, or the cause to refuse it with. */
static int channel_for(struct group *g, const struct dchannel *d, const pri_event_ring *r, struct bchannel **ret)
{
	struct bchannel *b = bchannel_decode(g, d, r->channel);
	bool any = r->channel < 0 || (r->channel & 0xff) == 0xff;
	if (b && b->call && wins_glare(b)) {
		isdn_counters[ISDN_GLARE]++;
		log_info(b->endpoint, "call collision: %s gives way to the network's", b->call->id);
		call_set_channel(b->call, NULL);
	}
	if (b && !b->call && bchannel_is_fit(b) && !b->restarting) {
		*ret = b;
		return 0;
	}
	if (!r->flexible && !any)
		return b ? PRI_CAUSE_REQUESTED_CHAN_UNAVAIL : PRI_CAUSE_IDENTIFIED_CHANNEL_NOTEXIST;
	*ret = bchannel_choose(g);
	return *ret ? 0 : PRI_CAUSE_NORMAL_CIRCUIT_CONGESTION;
}

static void refuse(struct dchannel *d, const pri_event_ring *r, int cause)
{
	log_info(d->endpoint, "a call from \"%s\" is refused with cause %d", r->callingnum, cause);
	dchannel_refuse(d, r->call, cause);
}

static void tell_setup(struct call *c, const pri_event_ring *r, bool overlap)
{
	struct pri_party_redirecting by = {.reason = r->redirectingreason};
	by.from.number = (struct pri_party_number){.valid = r->redirectingnum[0], .plan = r->callingplanrdnis, .presentation = PRI_PRES_ALLOWED};
	slice_copy(slice_str(r->redirectingnum), by.from.number.str, sizeof(by.from.number.str));
	for (int i = 0; r->subcmds && i < r->subcmds->counter_subcmd; i++)
		if (r->subcmds->subcmd[i].cmd == PRI_SUBCMD_REDIRECTING)
			by = r->subcmds->subcmd[i].u.redirecting;
	json_t *e = json_pack("{s:O, s:s, s:b}", "called", c->called, "bearer", bearer_names[c->bearer], "overlap", overlap);
	put(e, "calling", json_incref(c->calling));
	put(e, "redirecting", party_redirecting_json(&by));
	call_tell(c, "setup", with_progress(e, r->progressmask));
}

static void on_ring(struct group *g, struct dchannel *d, pri_event *e)
{
	const pri_event_ring *r = &e->ring;
	enum bearer bearer;
	struct bchannel *b = NULL;
	char id[CALL_ID_MAX];
	int cause = bearer_of(r, &bearer);
	isdn_counters[ISDN_CALLS_IN]++;
	if (cause)
		isdn_counters[ISDN_BEARER]++;
	if (!cause && !g->isdn->agent) {
		isdn_counters[ISDN_NO_AGENT]++;
		cause = PRI_CAUSE_NORMAL_TEMPORARY_FAILURE;
	}
	if (!cause)
		cause = channel_for(g, d, r, &b);
	snprintf(id, sizeof(id), "in-%u", ++g->isdn->last_call);
	struct call *c = cause ? NULL : call_new(g, id, true);
	if (!c) {
		refuse(d, r, cause ? cause : PRI_CAUSE_SWITCH_CONGESTION);
		return;
	}
	c->bearer = bearer;
	c->called = party_number_json(r->callednum, r->calledplan);
	c->calling = party_id_json(&r->calling);
	c->complete = r->complete || !g->settings.overlap_receive;
	call_set_pri(c, r->call);
	call_set_channel(c, b);
	log_info(c->object, "from \"%s\" to \"%s\" on %s", r->callingnum, r->callednum, b->endpoint);
	tell_setup(c, r, !c->complete);
	if (!c->complete && c->state == CALL_PRESENT) {
		pri_setup_ack(d->pri, c->pri, bchannel_encode(b), 0, 0);
		call_set_state(c, CALL_RECEIVING, "SETUP without Sending complete");
	}
}

static void on_information(struct group *g, struct dchannel *d, pri_event *e)
{
	struct call *c = call_of(g, e->ring.call);
	if (!c || c->state != CALL_RECEIVING)
		return;
	c->complete = e->ring.complete;
	json_t *more = json_pack("{s:o, s:b}", "digits", party_text(e->ring.callednum, PRI_CHAR_SET_ISO8859_1), "complete", c->complete);
	call_wait_for_digits(c);
	call_tell(c, "digits", more);
}

static void on_keypad(struct group *g, struct dchannel *d, pri_event *e)
{
	struct call *c = call_of(g, e->digit.call);
	if (!c)
		return;
	json_t *text = party_text(e->digit.digits, PRI_CHAR_SET_ISO8859_1);
	if (c->state == CALL_RECEIVING) {
		call_wait_for_digits(c);
		call_tell(c, "digits", json_pack("{s:o, s:b}", "digits", text, "complete", false));
	} else {
		call_tell(c, "keypad", json_pack("{s:o}", "digits", text));
	}
}

/* --- a call out ------------------------------------------------------------------------------------------------------ */

/* The far end's choice of the channel (5.1.2): false when it cannot be, and the call is cleared. */
static bool take_channel(struct call *c, const struct dchannel *d, int channel)
{
	struct bchannel *b = bchannel_decode(c->group, d, channel);
	if (b && b == c->channel)
		return true;
	if (b && !b->call && bchannel_is_fit(b)) {
		call_set_channel(c, b);
		return true;
	}
	if (c->channel && (channel < 0 || (channel & 0xff) == 0xff))
		return true;
	call_clear(c, PRI_CAUSE_CHANNEL_UNACCEPTABLE, "the channel that the far end chose cannot be used");
	return false;
}

/* The call of a message that says how a call out gets on, with its channel: NULL when there is none, or it may not be now. */
static struct call *outgoing(struct group *g, const struct dchannel *d, const q931_call *pri, int channel)
{
	struct call *c = call_of(g, pri);
	bool waits = c && IN(c->state) & (IN(CALL_INITIATED) | IN(CALL_SENDING) | IN(CALL_OUT_PROCEEDING) | IN(CALL_DELIVERED));
	return waits && take_channel(c, d, channel) ? c : NULL;
}

static void on_setup_ack(struct group *g, struct dchannel *d, pri_event *e)
{
	struct call *c = outgoing(g, d, e->setup_ack.call, e->setup_ack.channel);
	if (!c)
		return;
	call_set_state(c, CALL_SENDING, "SETUP ACKNOWLEDGE");
	call_tell(c, "setup-ack", with_progress(json_object(), e->setup_ack.progressmask));
	call_send_digits(c);
}

static void on_proceeding(struct group *g, struct dchannel *d, pri_event *e)
{
	struct call *c = outgoing(g, d, e->proceeding.call, e->proceeding.channel);
	if (!c)
		return;
	if (c->state != CALL_DELIVERED)
		call_set_state(c, CALL_OUT_PROCEEDING, "CALL PROCEEDING");
	call_tell(c, "proceeding", with_progress(json_object(), e->proceeding.progressmask));
}

static void on_progress(struct group *g, struct dchannel *d, pri_event *e)
{
	struct call *c = outgoing(g, d, e->proceeding.call, e->proceeding.channel);
	if (!c)
		return;
	json_t *more = with_progress(json_object(), e->proceeding.progressmask);
	if (e->proceeding.cause > 0)
		json_object_set_new(more, "cause", json_integer(e->proceeding.cause));
	/* 5.1.6: the supervision of CALL PROCEEDING ends. */
	timer_stop(&c->timer);
	call_tell(c, "progress", more);
}

static void on_ringing(struct group *g, struct dchannel *d, pri_event *e)
{
	struct call *c = outgoing(g, d, e->ringing.call, e->ringing.channel);
	if (!c)
		return;
	call_set_state(c, CALL_DELIVERED, "ALERTING");
	call_tell(c, "alerting", with_progress(json_object(), e->ringing.progressmask));
}

static void on_answer(struct group *g, struct dchannel *d, pri_event *e)
{
	const struct pri_subcommands *s = e->answer.subcmds;
	struct call *c = outgoing(g, d, e->answer.call, e->answer.channel);
	if (!c)
		return;
	json_t *more = with_progress(json_object(), e->answer.progressmask);
	for (int i = 0; s && i < s->counter_subcmd; i++)
		if (s->subcmd[i].cmd == PRI_SUBCMD_CONNECTED_LINE)
			put(more, "connected", party_id_json(&s->subcmd[i].u.connected_line.id));
	call_set_state(c, CALL_ACTIVE, "CONNECT");
	isdn_counters[ISDN_ANSWERED]++;
	call_tell(c, "answer", more);
}

/* A name, or who is there now, that comes after SETUP or the answer (Q.SIG name identification; "name follows" of National ISDN and DMS-100). */
static void on_facility(struct group *g, struct dchannel *d, pri_event *e)
{
	const struct pri_subcommands *s = e->facility.subcmds;
	struct call *c = call_of(g, e->facility.call);
	for (int i = 0; c && s && i < s->counter_subcmd; i++) {
		if (s->subcmd[i].cmd != PRI_SUBCMD_CONNECTED_LINE)
			continue;
		json_t *party = party_id_json(&s->subcmd[i].u.connected_line.id);
		if (party)
			call_tell(c, "party", json_pack("{s:o}", "party", party));
	}
}

static void on_notify(struct group *g, struct dchannel *d, pri_event *e)
{
	struct call *c = call_of(g, e->notify.call);
	if (c)
		call_tell(c, "notify", json_pack("{s:i}", "notify", e->notify.info));
}

/* --- clearing (5.3) -------------------------------------------------------------------------------------------------- */

/* DISCONNECT: with an announcement, the agent says how long it is heard. */
static void on_disconnect(struct group *g, struct dchannel *d, pri_event *e)
{
	struct call *c = call_of(g, e->hangup.call);
	int cause = cause_of(e->hangup.cause);
	if (!c) {
		pri_hangup(d->pri, e->hangup.call, cause);
		return;
	}
	c->remote = true;
	c->cause = cause;
	if (q931_has_progress(d->last, d->last_len, 8) && g->isdn->agent && c->state != CALL_CLEARING) {
		call_set_state(c, CALL_DISCONNECTED, "DISCONNECT with an announcement");
		call_tell(c, "disconnect", json_pack("{s:i, s:i}", "cause", cause, "progress", 8));
	} else {
		call_clear(c, cause, "DISCONNECT");
	}
}

/* RELEASE or RELEASE COMPLETE, or libpri has given the call up. */
static void on_release(struct group *g, struct dchannel *d, pri_event *e)
{
	struct call *c = call_of(g, e->hangup.call);
	int cause = cause_of(e->hangup.cause);
	pri_hangup(d->pri, e->hangup.call, cause);
	if (!c)
		return;
	if (!c->cause) {
		c->remote = d->last_len > 0;
		c->cause = cause;
	}
	call_over(c, c->cause, "RELEASE");
}

static void on_released(struct group *g, struct dchannel *d, pri_event *e)
{
	struct call *c = call_of(g, e->hangup.call);
	if (!c)
		return;
	if (!c->cause)
		c->cause = cause_of(e->hangup.cause);
	if (d->last_len)
		call_over(c, c->cause, "RELEASE COMPLETE");
	else
		call_lost(c, "T308");
}

/* --- the link and its channels ---------------------------------------------------------------------------------------- */

static void on_up(struct group *g, struct dchannel *d, pri_event *e)
{
	d->linked = true;
	dchannel_update(d, "");
	group_choose(g);
}

static void on_down(struct group *g, struct dchannel *d, pri_event *e)
{
	d->linked = false;
	if (!d->up)
		return;
	dchannel_update(d, "the data link is lost");
	group_choose(g);
}

static void on_mistake(struct group *g, struct dchannel *d, pri_event *e)
{
	struct slice said = slice_trim(slice_of(e->err.err, strnlen(e->err.err, sizeof(d->why) - 1))); /* libpri ends its lines */
	slice_copy(said, d->why, sizeof(d->why));
	log_warn(d->endpoint, "%s", d->why);
	alarm_raise(&alarm_dchannel, d->endpoint, d->why);
}

static void on_restart(struct group *g, struct dchannel *d, pri_event *e)
{
	isdn_counters[ISDN_RESTARTS_IN]++;
	restart_received(g, d, e->restart.channel);
}

static void on_restart_ack(struct group *g, struct dchannel *d, pri_event *e)
{
	restart_acknowledged(g, d, e->restartack.channel);
}

static void on_service(struct group *g, struct dchannel *d, pri_event *e)
{
	struct bchannel *b = bchannel_decode(g, d, e->service.channel);
	if (b)
		bchannel_set_fault(b, BCHANNEL_REMOTE, e->service.changestatus != 0, "SERVICE");
}

static const struct {
	int event;
	void (*fn)(struct group *g, struct dchannel *d, pri_event *e);
} rows[] = {
	{PRI_EVENT_RING, on_ring},
	{PRI_EVENT_INFO_RECEIVED, on_information},
	{PRI_EVENT_KEYPAD_DIGIT, on_keypad},
	{PRI_EVENT_SETUP_ACK, on_setup_ack},
	{PRI_EVENT_PROCEEDING, on_proceeding},
	{PRI_EVENT_PROGRESS, on_progress},
	{PRI_EVENT_RINGING, on_ringing},
	{PRI_EVENT_ANSWER, on_answer},
	{PRI_EVENT_NOTIFY, on_notify},
	{PRI_EVENT_FACILITY, on_facility},
	{PRI_EVENT_HANGUP_REQ, on_disconnect},
	{PRI_EVENT_HANGUP, on_release},
	{PRI_EVENT_HANGUP_ACK, on_released},
	{PRI_EVENT_DCHAN_UP, on_up},
	{PRI_EVENT_DCHAN_DOWN, on_down},
	{PRI_EVENT_CONFIG_ERR, on_mistake},
	{PRI_EVENT_RESTART, on_restart},
	{PRI_EVENT_RESTART_ACK, on_restart_ack},
	{PRI_EVENT_SERVICE, on_service},
};

void signals_event(void *arg, struct dchannel *d, pri_event *e)
{
	struct group *g = arg;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].event == e->e) {
			rows[i].fn(g, d, e);
			return;
		}
	log_debug(d->endpoint, "libpri tells event %d, which changes nothing", e->e);
}
