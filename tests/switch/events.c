// SPDX-License-Identifier: GPL-2.0-or-later
/* What libpri says, as JSON, and what a switch does about it without being told. */
#include "switch.h"
#include <stdio.h>
#include <string.h>

#define CHANNEL(c) ((c) & 0xff)

static const char *bearer_name(int capability)
{
	switch (capability) {
	case PRI_TRANS_CAP_SPEECH:
		return "speech";
	case PRI_TRANS_CAP_3_1K_AUDIO:
		return "audio";
	case PRI_TRANS_CAP_DIGITAL:
		return "digital";
	}
	return "other";
}

/* Octets of a peer's may be no UTF-8: json_string() refuses those. */
static void set_text(json_t *e, const char *key, const char *text)
{
	json_t *s = json_string(text);
	if (!s) {
		char hex[2 * 256 + 1];
		to_hex((const uint8_t *)text, strnlen(text, 256), hex);
		s = json_string(hex);
	}
	json_object_set_new(e, key, s);
}

static void add_party(json_t *e, const char *key, const struct pri_party_id *id)
{
	if (!id->number.valid && !id->name.valid)
		return;
	json_t *p = json_pack("{s:i, s:i}", "plan", id->number.plan, "presentation", id->number.presentation);
	set_text(p, "number", id->number.valid ? id->number.str : "");
	set_text(p, "name", id->name.valid ? id->name.str : "");
	json_object_set_new(e, key, p);
}

static void add_subcommands(json_t *e, const struct pri_subcommands *s)
{
	for (int i = 0; s && i < s->counter_subcmd; i++) {
		const struct pri_subcommand *sub = &s->subcmd[i];
		if (sub->cmd == PRI_SUBCMD_CONNECTED_LINE) {
			add_party(e, "connected", &sub->u.connected_line.id);
		} else if (sub->cmd == PRI_SUBCMD_REDIRECTING) {
			add_party(e, "redirecting", &sub->u.redirecting.from);
			add_party(e, "redirected-to", &sub->u.redirecting.to);
			json_object_set_new(e, "redirecting-reason", json_integer(sub->u.redirecting.reason));
			json_object_set_new(e, "redirecting-count", json_integer(sub->u.redirecting.count));
		} else if (sub->cmd == PRI_SUBCMD_DISPLAY_TEXT) {
			set_text(e, "display", sub->u.display.text);
		}
	}
}

static json_t *about(const char *what, const struct call *c)
{
	return json_pack("{s:s, s:s, s:i}", "event", what, "call", c ? c->id : "", "channel", c ? CHANNEL(c->channel) : 0);
}

/* --- calls --------------------------------------------------------------------------------------------------------- */

/* Q.931 5.7: of two calls for one channel the network's has it; the user's gets another one, if that is allowed. */
static int channel_for(const struct line *l, const pri_event_ring *r)
{
	int channel = l->spare_pri ? r->channel : CHANNEL(r->channel); /* with its interface, where there are several */
	if (!l->network || !is_busy(l, channel))
		return channel;
	return r->flexible ? idle_channel(l) : 0;
}

static void rings(struct line *l, const pri_event_ring *r)
{
	char id[16];
	struct call *c = call_by_q931(l, r->call); /* one that is over without a word: libpri uses its memory again */
	snprintf(id, sizeof(id), "in-%u", ++l->incoming);
	if (c)
		call_gone(c);
	int channel = channel_for(l, r);
	if (!channel || !(c = call_new(l, id, r->call, channel))) {
		pri_hangup(l->pri, r->call, PRI_CAUSE_REQUESTED_CHAN_UNAVAIL);
		return;
	}
	c->incoming = true;
	json_t *e = about("setup", c);
	set_text(e, "called", r->callednum);
	set_text(e, "redirecting-number", r->redirectingnum);
	json_object_update_new(e, json_pack("{s:i, s:s, s:i, s:b, s:b, s:i, s:i}", "called-plan", r->calledplan, "bearer", bearer_name(r->ctype), "law", r->layer1, "complete",
					    r->complete, "flexible", r->flexible, "progress", r->progressmask, "reason", r->redirectingreason));
	add_party(e, "calling", &r->calling);
	add_subcommands(e, r->subcmds);
	tell(e);
	if (l->automatic == AUTO_NOTHING)
		return;
	c->answered_to = true;
	pri_proceeding(l->pri, c->q931, c->channel, 0);
	pri_acknowledge(l->pri, c->q931, c->channel, 0);
	if (l->automatic == AUTO_ANSWER)
		pri_answer(l->pri, c->q931, c->channel, 0);
}

static void digits_came(struct line *l, const pri_event_ring *r)
{
	json_t *e = about("digits", call_by_q931(l, r->call));
	set_text(e, "digits", r->callednum);
	json_object_set_new(e, "complete", json_boolean(r->complete));
	tell(e);
}

/* The channel of a first answer may be another than the one that was asked for. */
static void goes_on(struct line *l, const char *what, q931_call *q931, int channel, int progress, const struct pri_subcommands *s)
{
	struct call *c = call_by_q931(l, q931);
	if (c && CHANNEL(channel))
		c->channel = CHANNEL(channel);
	json_t *e = about(what, c);
	json_object_set_new(e, "progress", json_integer(progress));
	add_subcommands(e, s);
	tell(e);
}

static void ends(struct line *l, const char *what, const pri_event_hangup *h, bool over)
{
	struct call *c = call_by_q931(l, h->call);
	json_t *e = about(what, c);
	json_object_set_new(e, "cause", json_integer(h->cause));
	tell(e);
	if (!over && l->keep_disconnected)
		return;
	if (h->call)
		pri_hangup(l->pri, h->call, h->cause);
	if (over && c)
		call_gone(c);
}

static void restarted(struct line *l, int channel)
{
	tell(json_pack("{s:s, s:i}", "event", "restart", "channel", channel < 0 ? -1 : CHANNEL(channel)));
	for (unsigned i = 0; i < MAX_CALLS; i++) {
		struct call *c = &l->calls[i];
		if (!c->q931 || (channel >= 0 && c->channel != CHANNEL(channel)))
			continue;
		tell(about("restarted", c));
		pri_destroycall(l->pri, c->q931);
		call_gone(c);
	}
}

/* --- everything ---------------------------------------------------------------------------------------------------- */

static void told_of_line(struct line *l, pri_event *e)
{
	switch (e->e) {
	case PRI_EVENT_DCHAN_UP:
	case PRI_EVENT_DCHAN_DOWN:
		tell(json_pack("{s:s, s:b}", "event", "dchannel", "up", e->e == PRI_EVENT_DCHAN_UP));
		break;
	case PRI_EVENT_RESTART:
		restarted(l, e->restart.channel);
		break;
	case PRI_EVENT_RESTART_ACK:
		tell(json_pack("{s:s, s:i}", "event", "restart-ack", "channel", CHANNEL(e->restartack.channel)));
		break;
	case PRI_EVENT_SERVICE:
	case PRI_EVENT_SERVICE_ACK:
		tell(json_pack("{s:s, s:i, s:i}", "event", e->e == PRI_EVENT_SERVICE ? "service" : "service-ack", "channel", CHANNEL(e->service.channel), "status",
			       e->service.changestatus));
		break;
	case PRI_EVENT_CONFIG_ERR:
		tell_error("libpri", e->err.err);
		break;
	default:
		tell(json_pack("{s:s, s:s}", "event", "other", "what", pri_event2str(e->e)));
	}
}

void pri_told(struct line *l, pri_event *e)
{
	switch (e->e) {
	case PRI_EVENT_RING:
		rings(l, &e->ring);
		break;
	case PRI_EVENT_INFO_RECEIVED:
		digits_came(l, &e->ring);
		break;
	case PRI_EVENT_SETUP_ACK:
		goes_on(l, "setup-ack", e->setup_ack.call, e->setup_ack.channel, e->setup_ack.progressmask, e->setup_ack.subcmds);
		break;
	case PRI_EVENT_PROCEEDING:
		goes_on(l, "proceeding", e->proceeding.call, e->proceeding.channel, e->proceeding.progressmask, e->proceeding.subcmds);
		break;
	case PRI_EVENT_PROGRESS:
		goes_on(l, "progress", e->proceeding.call, e->proceeding.channel, e->proceeding.progressmask, e->proceeding.subcmds);
		break;
	case PRI_EVENT_RINGING:
		goes_on(l, "alerting", e->ringing.call, e->ringing.channel, e->ringing.progressmask, e->ringing.subcmds);
		break;
	case PRI_EVENT_ANSWER:
		goes_on(l, "connect", e->answer.call, e->answer.channel, e->answer.progressmask, e->answer.subcmds);
		break;
	case PRI_EVENT_CONNECT_ACK:
		goes_on(l, "connect-ack", e->connect_ack.call, e->connect_ack.channel, 0, e->connect_ack.subcmds);
		break;
	case PRI_EVENT_FACILITY:
		goes_on(l, "facility", e->facility.call, 0, 0, e->facility.subcmds);
		break;
	case PRI_EVENT_NOTIFY:
		goes_on(l, "notify", e->notify.call, 0, e->notify.info, e->notify.subcmds);
		break;
	case PRI_EVENT_HANGUP_REQ:
		ends(l, "disconnect", &e->hangup, false);
		break;
	case PRI_EVENT_HANGUP:
		ends(l, "release", &e->hangup, true);
		break;
	case PRI_EVENT_HANGUP_ACK:
		ends(l, "released", &e->hangup, true);
		break;
	default:
		told_of_line(l, e);
	}
}
