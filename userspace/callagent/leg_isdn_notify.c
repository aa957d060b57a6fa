// SPDX-License-Identifier: GPL-3.0-or-later
/* What the network tells of its party in an answered call: that it is held and is back (NOTIFY, Q.931 4.5.22), what it dials as information (keypad), its name
 * (FACILITY); and is told: hold. */
#include "callagent/call.h"
#include "callagent/leg_isdn_priv.h"

#define RETRY_MS 500 /* after a re-offer that crossed another one */

enum { NOTIFY_REMOTE_HOLD = 121, NOTIFY_REMOTE_RETRIEVAL = 122 };

/* Notification descriptions of Q.931 4.5.22, and of Q.932: what of them is hold. */
static const struct {
	int description;
	bool held;
} notices[] = {{0, true} /* user suspended */, {1, false} /* user resumed */, {NOTIFY_REMOTE_HOLD, true}, {NOTIFY_REMOTE_RETRIEVAL, false}};

static void tell_hold(struct isdn_leg *s)
{
	struct buf sdp = buf_growing();
	if (s->leg.state == LEG_ACTIVE && s->media && !s->asking && s->held != s->told_held) {
		s->asking = !line_media_offer(s->media, s->held ? SDP_SENDONLY : SDP_SENDRECV, &sdp);
		if (s->asking)
			call_on_reoffer(&s->leg, &(struct leg_news){.sdp = buf_text(&sdp), .from = &s->leg});
	}
	buf_reset(&sdp);
}

/* What could not be told while descriptions were exchanged. */
static void on_again(void *arg)
{
	struct isdn_leg *s = mem_ref(arg);
	tell_hold(s);
	isdn_leg_tell_name(s);
	mem_deref(s);
}

void isdn_leg_notify(struct isdn_leg *s, const json_t *event)
{
	int what = (int)json_integer_value(json_object_get(event, "notify"));
	mem_ref(s);
	for (size_t i = 0; i < sizeof(notices) / sizeof(notices[0]); i++)
		if (notices[i].description == what) {
			s->held = notices[i].held;
			call_on_changed(&s->leg);
			tell_hold(s);
		}
	mem_deref(s);
}

static void on_told_hold(void *arg, int err, unsigned code)
{
	struct isdn_leg *s = arg;
	if (err && err != -ECANCELED)
		log_warn(s->leg.object, "the gateway does not take a description: code %u, %s", code, strerror(-err));
	call_on_changed(&s->leg);
}

int isdn_leg_reoffer_reply(struct leg *l, const struct leg_news *n)
{
	struct isdn_leg *s = isdn_leg_of(l);
	struct sdp *sdp = NULL;
	bool taken = n->status >= 200 && n->status < 300;
	s->asking = false;
	if (taken) {
		s->told_held = !s->told_held;
		int err = isdn_leg_read_sdp(&sdp, s, n->sdp) ?: line_media_set(s->media, sdp, false, LINE_MEDIA_TALKS, on_told_hold, s);
		if (err)
			log_warn(l->object, "its channel does not follow: %s", strerror(-err));
		mem_deref(sdp);
	} else if (n->status != 491) {
		s->held = s->told_held; /* its party does not care */
	}
	if (s->held != s->told_held)
		timer_start(&s->again, taken ? 0 : RETRY_MS, on_again, s);
	return 0;
}

/* RFC 3398 9.2, EN 300 141-1. */
void isdn_leg_tell_hold(struct isdn_leg *s, bool holds)
{
	if (holds == s->holds || s->leg.state != LEG_ACTIVE || !conf_bool(s->line->conf, "notify-hold"))
		return;
	s->holds = holds;
	isdn_leg_say(s, "isdn notify", json_pack("{s:i}", "notify", holds ? NOTIFY_REMOTE_HOLD : NOTIFY_REMOTE_RETRIEVAL));
}

void isdn_leg_keypad(struct isdn_leg *s, const json_t *event)
{
	const char *digits = json_string_value(json_object_get(event, "digits"));
	for (; digits && *digits; digits++)
		call_on_info(&s->leg, &(struct leg_news){.digit = *digits, .from = &s->leg});
}

/* Who calls is told by the INVITE when it comes before that, who is called by its answer; later it is news of its own. */
void isdn_leg_party(struct isdn_leg *s, const json_t *event)
{
	struct shown *known = s->leg.side == SIDE_A ? &s->shown : &s->who;
	const json_t *party = json_object_get(event, "party");
	const char *name = json_string_value(json_object_get(party, "name")), *how = json_string_value(json_object_get(party, "presentation"));
	bool hidden = known->presentation == PRESENT_RESTRICTED || (how && !strcmp(how, "restricted"));
	if (!name || !*name || hidden || !strcmp(known->display, name))
		return;
	CDR_SET(known->display, slice_str(name));
	if (!*known->number)
		CDR_SET(known->number, slice_str(s->number));
	s->named = s->leg.side == SIDE_A ? s->started : s->leg.state >= LEG_ANSWERED;
	isdn_leg_tell_name(s);
}

void isdn_leg_tell_name(struct isdn_leg *s)
{
	if (!s->named || s->leg.state != LEG_ACTIVE)
		return;
	s->named = call_on_named(&s->leg, s->leg.side == SIDE_A ? &s->shown : &s->who) == -EINPROGRESS;
	if (s->named && !timer_running(&s->again))
		timer_start(&s->again, RETRY_MS, on_again, s);
}
