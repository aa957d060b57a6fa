// SPDX-License-Identifier: GPL-3.0-or-later
/* What the network does in a call, as tandem-isdn tells it (userspace/isdn/README.md), and what the call hears of that (RFC 4497 8.3). */
#include "callagent/call.h"
#include "callagent/emergency_call.h"
#include "callagent/leg_isdn_priv.h"

#define CHANNEL_WAIT_MS 200 /* of a call for help, for a channel */
#define CHANNEL_TRIES   20

static const char *text_of(const json_t *o, const char *name)
{
	const char *text = json_string_value(json_object_get(o, name));
	return text ? text : "";
}

static unsigned number_of(const json_t *o, const char *name)
{
	json_int_t n = json_integer_value(json_object_get(o, name));
	return n > 0 && n < 1000 ? (unsigned)n : 0;
}

/* --- to the call ---------------------------------------------------------------------------------------------------- */

void isdn_leg_ended(struct isdn_leg *s, unsigned status, unsigned cause, const char *words)
{
	mem_ref(s);
	bool closing = s->leg.state >= LEG_CLOSING;
	isdn_leg_drop(s, s->call.by_id.pprev ? cause : 0);
	if (!closing)
		call_on_closed(&s->leg, &(struct leg_news){.status = status, .cause = cause, .words = words, .from = &s->leg});
	mem_deref(s);
}

/* RFC 3398 7.2.4.1; an answered call is simply over. */
static void closed_by_network(struct isdn_leg *s, unsigned cause, const char *words)
{
	bool answered = s->leg.state == LEG_ANSWERED || s->leg.state == LEG_ACTIVE;
	unsigned status = answered ? 0 : s->leg.side == SIDE_A ? 487 : causes_status(&s->line->causes, cause);
	isdn_leg_ended(s, status, cause, words);
}

static void tell(struct isdn_leg *s, const struct isdn_due *d)
{
	struct buf sdp = buf_growing();
	int err = d->media ? line_media_describe(s->media, &sdp) : 0;
	if (err)
		log_warn(s->leg.object, "cannot be described: %s", strerror(-err));
	const struct leg_news n = {
		.status = d->status, .cause = d->cause, .sdp = buf_text(&sdp), .offers = sdp.len && s->leg.offers, .from = &s->leg, .who = d->status == 200 ? &s->who : NULL,
	};
	if (d->status == 200)
		call_on_answered(&s->leg, &n);
	else
		call_on_progress(&s->leg, &n);
	buf_reset(&sdp);
}

static void run(struct isdn_leg *s);

static void on_cut_through(void *arg, int err, unsigned code)
{
	struct isdn_leg *s = mem_ref(arg);
	s->opening = false;
	if (err && err != -ECANCELED) {
		log_warn(s->leg.object, "no channel at %s: code %u, %s", s->endpoint, code, strerror(-err));
		isdn_leg_ended(s, 503, CAUSE_NO_RESOURCE, media_failure(err));
	} else if (!err) {
		call_on_changed(&s->leg);
		run(s);
	}
	mem_deref(s);
}

/* Before something is described the channel is there, and cut through. True: it is. */
static bool is_ready(struct isdn_leg *s)
{
	int err = 0;
	if (s->opening)
		return false;
	if (s->media && s->talks)
		return true;
	if (s->media) {
		s->opening = s->talks = true;
		err = line_media_set(s->media, NULL, false, LINE_MEDIA_TALKS, on_cut_through, s);
	} else {
		err = *s->endpoint ? isdn_leg_open_media(s, s->offered, LINE_MEDIA_TALKS, on_cut_through) : -EADDRNOTAVAIL;
	}
	if (err)
		on_cut_through(s, err, 0);
	return false;
}

/* Tells in order what is due. */
static void run(struct isdn_leg *s)
{
	mem_ref(s);
	while (s->due[0].status && s->leg.state < LEG_ANSWERED) {
		const struct isdn_due d = s->due[0];
		if (d.media && !is_ready(s))
			break;
		if (!s->due[0].status)
			break;
		memmove(s->due, s->due + 1, sizeof(s->due) - sizeof(s->due[0]));
		s->due[ISDN_DUE - 1] = (struct isdn_due){0};
		tell(s, &d);
	}
	mem_deref(s);
}

static bool is_due(const struct isdn_due *d, unsigned status, bool media)
{
	return d->status == status && d->media == media;
}

/* What is still to be told is told once. What there is no room for is less than what has come since. */
static void add(struct isdn_leg *s, unsigned status, bool media, unsigned cause)
{
	unsigned i = 0;
	while (i + 1 < ISDN_DUE && s->due[i].status && !is_due(&s->due[i], status, media))
		i++;
	s->due[i] = (struct isdn_due){status, media, cause};
	run(s);
}

/* --- from the network ----------------------------------------------------------------------------------------------- */

/* RFC 4497 8.3.3, 8.3.4. */
static bool is_in_band(const json_t *event)
{
	unsigned progress = number_of(event, "progress");
	return progress == PROGRESS_NOT_ISDN || progress == PROGRESS_IN_BAND;
}

/* The channel is known: its connection is made, for the answer may come any time. */
static void take_channel(struct isdn_leg *s, const json_t *event, bool talks)
{
	const char *endpoint = text_of(event, "endpoint");
	call_on_heard(&s->leg);
	if (!*endpoint || *s->endpoint || s->media || s->opening)
		return;
	CDR_SET(s->endpoint, slice_str(endpoint));
	isdn_leg_bearer(s, s->digital);
	int err = isdn_leg_open_media(s, s->offered, talks ? LINE_MEDIA_TALKS : LINE_MEDIA_HEARS, on_cut_through);
	if (err)
		on_cut_through(s, err, 0);
}

static bool is_over(const struct isdn_leg *s)
{
	return s->leg.state >= LEG_CLOSING;
}

/* The network has all of the number that it needs. */
static void take_whole(struct isdn_leg *s)
{
	s->whole = true;
	call_on_whole(&s->leg);
}

/* Dial tone, or whatever else there is to hear while more digits are wanted (Q.931 5.1.3), is heard as with PROGRESS (RFC 4497 8.3.3). */
static void on_setup_ack(struct isdn_leg *s, const json_t *event)
{
	bool media = is_in_band(event);
	take_channel(s, event, media);
	if (media && !is_over(s))
		add(s, 183, true, 0);
}

static void on_proceeding(struct isdn_leg *s, const json_t *event)
{
	take_whole(s);
	on_setup_ack(s, event);
}

static void on_alerting(struct isdn_leg *s, const json_t *event)
{
	bool media = is_in_band(event);
	take_whole(s);
	take_channel(s, event, media);
	if (!is_over(s))
		add(s, 180, media, 0);
}

static void on_heard_out(void *arg)
{
	struct isdn_leg *s = arg;
	closed_by_network(s, s->cause, "the network's announcement was heard");
}

/* RFC 4497 8.3.3: an announcement that says why the call cannot be completed is heard, for so long. */
static void announce(struct isdn_leg *s, unsigned cause)
{
	int64_t ms = conf_int(s->line->conf, "announcement-time");
	s->cause = cause;
	add(s, 183, true, 0);
	if (!is_over(s) && !timer_running(&s->announcement))
		timer_start(&s->announcement, (uint64_t)ms, on_heard_out, s);
}

static void on_progress(struct isdn_leg *s, const json_t *event)
{
	unsigned cause = number_of(event, "cause");
	bool media = is_in_band(event);
	take_channel(s, event, media);
	if (is_over(s))
		return;
	if (cause && media)
		announce(s, cause);
	else
		add(s, 183, media, 0);
}

/* A name may have come before. */
static void read_answer(struct isdn_leg *s, const json_t *event)
{
	char name[sizeof(s->who.display)];
	const json_t *connected = json_object_get(event, "connected");
	memcpy(name, s->who.display, sizeof(name));
	if (!connected || isdn_party_read(s->line, connected, &s->who))
		s->who = (struct shown){0};
	s->leg.hidden = s->who.presentation == PRESENT_RESTRICTED;
	if (!*name || *s->who.display || s->who.presentation == PRESENT_RESTRICTED)
		return;
	memcpy(s->who.display, name, sizeof(name));
	if (!*s->who.number)
		CDR_SET(s->who.number, slice_str(s->number));
}

static void on_answer(struct isdn_leg *s, const json_t *event)
{
	take_whole(s);
	take_channel(s, event, true);
	timer_stop(&s->announcement);
	s->cause = 0;
	if (is_over(s))
		return;
	read_answer(s, event);
	add(s, 200, true, 0);
}

/* The far end clears, and says why in the channel. */
static void on_disconnect(struct isdn_leg *s, const json_t *event)
{
	unsigned cause = number_of(event, "cause");
	bool heard = s->leg.side == SIDE_B && s->leg.state < LEG_ANSWERED && is_in_band(event) && conf_int(s->line->conf, "announcement-time");
	if (is_over(s))
		return;
	if (heard)
		take_channel(s, event, true);
	if (heard && !is_over(s))
		announce(s, cause ? cause : CAUSE_NORMAL);
	else if (!is_over(s))
		closed_by_network(s, cause ? cause : CAUSE_NORMAL, "cleared by the network");
}

static void released(struct isdn_leg *s)
{
	s->released = true;
	if (s->leg.state == LEG_CLOSING && s->media_over)
		call_on_closed(&s->leg, &(struct leg_news){0});
}

static void on_again(void *arg)
{
	struct isdn_leg *s = arg;
	if (isdn_leg_call(s))
		isdn_leg_ended(s, 503, CAUSE_TEMPORARY, "tandem-isdn cannot be told the call");
}

/* A call for help that finds no channel free has one that another call has, as soon as the network has let go of it. Where calls are limited, one has
 * been released before, which is waited for first. */
static bool takes_a_channel(struct isdn_leg *s, const json_t *event, unsigned cause)
{
	struct call *c = s->leg.call;
	bool full = cause == CAUSE_NO_CHANNEL && !json_is_true(json_object_get(event, "remote")) && s->leg.side == SIDE_B && !s->leg.heard;
	if (!full || c->cdr.emergency != EMERGENCY_CALL || s->tries > CHANNEL_TRIES || s->leg.state >= LEG_CLOSING)
		return false;
	if (s->tries == (s->line->limits.max_calls ? CHANNEL_TRIES / 2 : 1) && !isdn_test_yields(s->agent, s->line->name) && !emergency_preempt(c->calls, s->line->name))
		return false;
	timer_start(&s->later, CHANNEL_WAIT_MS, on_again, s);
	return true;
}

static void on_release(struct isdn_leg *s, const json_t *event)
{
	unsigned cause = number_of(event, "cause");
	isdn_link_remove(s->agent->isdn, &s->call);
	if (takes_a_channel(s, event, cause))
		return;
	if (s->leg.state < LEG_CLOSING) {
		closed_by_network(s, s->cause ? s->cause : cause ? cause : CAUSE_NORMAL, "cleared by the network");
		return;
	}
	released(s);
}

static const struct {
	const char *name;
	void (*fn)(struct isdn_leg *s, const json_t *event);
} events[] = {
	{"digits", isdn_leg_digits}, {"setup-ack", on_setup_ack}, {"proceeding", on_proceeding}, {"alerting", on_alerting},
	{"progress", on_progress},   {"answer", on_answer},   {"disconnect", on_disconnect}, {"release", on_release},
	{"keypad", isdn_leg_keypad}, {"notify", isdn_leg_notify}, {"party", isdn_leg_party},
};

/* What crosses our release changes nothing. */
void isdn_leg_event(void *arg, const char *name, const json_t *event)
{
	struct isdn_leg *s = mem_ref(arg);
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (!strcmp(events[i].name, name) && (!is_over(s) || events[i].fn == on_release))
			events[i].fn(s, event);
	mem_deref(s);
}

void isdn_leg_lost(void *arg, const char *why)
{
	struct isdn_leg *s = mem_ref(arg);
	if (is_over(s))
		released(s);
	else
		isdn_leg_ended(s, 503, CAUSE_TEMPORARY, why);
	mem_deref(s);
}

void isdn_leg_refused(void *arg, const char *why)
{
	struct isdn_leg *s = mem_ref(arg);
	log_warn(s->leg.object, "tandem-isdn refuses: %s", why);
	/* What is said of a call that is ending there comes too late, and its release is on the way; unless there has never been such a call. */
	bool never = s->leg.side == SIDE_B && !s->leg.heard;
	if (never && s->leg.state == LEG_OFFERED)
		isdn_leg_ended(s, 503, CAUSE_OUT_OF_ORDER, "tandem-isdn refuses the call");
	else if (never && is_over(s))
		released(s);
	mem_deref(s);
}
