// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/pack.h"
#include "callagent/call.h"
#include "callagent/leg_isdn_priv.h"
#include "callagent/leg_sip_news.h"
#include "callagent/outcome.h"

/* What a channel carries: voice as it is on the line, digits as events; or 64 kbit/s as they are (RFC 4040). */
static const char *const voice[] = {"PCMA", "PCMU"}, *const voice_mu[] = {"PCMU", "PCMA"}, *const data[] = {"CLEARMODE"}, *const any[] = {"PCMA", "PCMU", "CLEARMODE"};

#define VOICE_OPTIONS    "a:PCMA;PCMU;telephone-event"
#define VOICE_MU_OPTIONS "a:PCMU;PCMA;telephone-event"
#define DATA_OPTIONS     "a:CLEARMODE, e:off, s:off"

static const struct leg_kind kind_isdn;

static const char *options_of(const struct isdn_leg *s)
{
	bool t1 = slice_casestarts(slice_str(s->endpoint), SLICE("ds/ds1-"));
	return s->digital ? DATA_OPTIONS : t1 ? VOICE_MU_OPTIONS : VOICE_OPTIONS;
}

void isdn_leg_bearer(struct isdn_leg *s, bool digital)
{
	bool t1 = slice_casestarts(slice_str(s->endpoint), SLICE("ds/ds1-"));
	s->digital = digital;
	s->leg.codecs = digital ? data : t1 ? voice_mu : voice;
	s->leg.n_codecs = digital ? 1 : 2;
}

int isdn_leg_say(struct isdn_leg *s, const char *verb, json_t *args)
{
	if (!s->agent->isdn || !s->call.by_id.pprev) {
		json_decref(args);
		return -ENOTCONN;
	}
	return isdn_link_say(s->agent->isdn, &s->call, verb, args);
}

struct mgcp_gw *isdn_gateway(struct agent *a, const struct tel_line *line)
{
	const char *name = conf_string(line->conf, "gateway");
	return *name ? gateways_find(&a->gateways, slice_str(name)) : gateways_own(&a->gateways);
}

/* --- the channel ---------------------------------------------------------------------------------------------------- */

static void on_media_lost(void *arg, enum mgcp_loss what, const char *why)
{
	struct isdn_leg *s = arg;
	log_warn(s->leg.object, "the channel %s is lost: %s", s->endpoint, why);
	isdn_leg_ended(s, 503, outcome_loss_cause(what), "the channel is lost at the gateway");
}

static struct line_media_params media_params(struct isdn_leg *s)
{
	return (struct line_media_params){
		.gw = isdn_gateway(s->agent, s->line), .endpoint = s->endpoint, .options = options_of(s), .object = s->leg.object, .party = s->leg.party,
		.lost = on_media_lost, .arg = s,
	};
}

int isdn_leg_open_media(struct isdn_leg *s, struct sdp *offer, enum line_media_way way, line_media_done_fn fn)
{
	const struct line_media_params p = media_params(s);
	s->opening = true;
	s->talks = way == LINE_MEDIA_TALKS;
	return p.gw ? line_media_open(&s->media, &p, offer, way, fn, s) : -EHOSTUNREACH;
}

/* Nothing of it is asked for; what goes wrong is heard. */
static void on_signalled(void *arg, unsigned tag, int err, unsigned code)
{
	struct isdn_leg *s = arg;
	if (err)
		log_warn(s->leg.object, "the gateway plays no tone at %s: code %u, %s", s->endpoint, code, strerror(-err));
}

static void on_event_there(void *arg, const struct mgcp_observed *o, bool asked) {}
static void on_notified(void *arg, bool asked) {}
static void on_service(void *arg, enum mgcp_service service, bool fresh) {}
static void on_audited(void *arg, int err, enum mgcp_hook hook) {}

void isdn_leg_signal(struct isdn_leg *s, const char *signal)
{
	static const struct mgcp_package *const packages[] = {&mgcp_package_g, &mgcp_package_d, NULL};
	static const struct mgcp_ep_handlers handlers = {
		.event = on_event_there, .notified = on_notified, .answered = on_signalled, .service = on_service, .audited = on_audited,
	};
	struct mgcp_gw *gw = isdn_gateway(s->agent, s->line);
	int err = s->ep ? 0 : gw ? mgcp_ep_new(&s->ep, gw, s->endpoint, packages, &handlers, s) : -EHOSTUNREACH;
	err = err ? err : mgcp_ep_request(s->ep, &(struct mgcp_ask){.signals = signal});
	if (err)
		log_warn(s->leg.object, "no tone at %s: %s", s->endpoint, strerror(-err));
}

static void set_ringback(struct isdn_leg *s, bool on)
{
	if (on != s->ringback)
		isdn_leg_signal(s, on ? "G/rt" : "");
	s->ringback = on;
}

int isdn_leg_read_sdp(struct sdp **ret, const struct isdn_leg *s, struct slice text)
{
	const char *why;
	struct sdp *all;
	int err = sdp_parse(&all, text, &why);
	if (err)
		return err;
	err = sdp_select(ret, all, s->leg.codecs, s->leg.n_codecs);
	mem_deref(all);
	return err;
}

/* --- verbs ---------------------------------------------------------------------------------------------------------- */

static bool has_codec(const struct sdp *sdp, const char *name)
{
	for (unsigned i = 0; i < sdp->n_media; i++)
		for (unsigned k = 0; sdp->media[i].port && k < sdp->media[i].n_formats; k++)
			if (slice_caseeq(sdp->media[i].formats[k].name, slice_str(name)))
				return true;
	return false;
}

/* Voice if that can be, else data (RFC 4040). */
static int take_offer(struct isdn_leg *s, struct slice text)
{
	struct sdp *sdp = NULL;
	int err = slice_empty(text) ? 0 : isdn_leg_read_sdp(&sdp, s, text);
	if (err)
		return err;
	isdn_leg_bearer(s, sdp && !has_codec(sdp, "PCMA") && !has_codec(sdp, "PCMU"));
	mem_deref(sdp);
	return sdp ? isdn_leg_read_sdp(&s->offered, s, text) : 0;
}

/* As the caller's network says, or the configuration. */
static bool wants_audio(const struct isdn_leg *s)
{
	const struct leg *caller = s->leg.call->a;
	return caller->kind == &kind_isdn ? isdn_leg_of(caller)->audio : conf_int(s->line->conf, "bearer") == 1;
}

int isdn_leg_call(struct isdn_leg *s)
{
	if (!s->agent->isdn)
		return -ENOTCONN;
	s->tries++;
	isdn_link_add(s->agent->isdn, &s->call);
	return isdn_leg_say(s, "isdn setup", json_incref(s->setup));
}

/* The number of a call that began before it was complete: with what has been dialled since. */
static int take_number(struct isdn_leg *s)
{
	const struct call *c = s->leg.call;
	json_t *called = json_object_get(s->setup, "called");
	char number[192];
	struct buf b = buf_fixed(number, sizeof(number));
	buf_printf(&b, "%s%s", json_string_value(json_object_get(called, "number")), c->dialled);
	if (b.err)
		return b.err;
	if (*c->dialled && json_object_set_new(called, "number", json_string(buf_z(&b))))
		return -ENOMEM;
	s->whole = !c->overlap;
	return s->whole ? 0 : json_object_set_new(called, "complete", json_false()) ? -ENOMEM : 0;
}

static int verb_offer(struct leg *l, const struct leg_news *n)
{
	struct isdn_leg *s = isdn_leg_of(l);
	int err = take_offer(s, n->sdp) ?: s->setup ? take_number(s) : -EINVAL;
	if (err)
		return err;
	isdn_setup_dress(s, n->native);
	s->audio = wants_audio(s);
	json_object_set_new(s->setup, "bearer", json_string(s->digital ? "digital" : s->audio ? "audio" : "speech"));
	return isdn_leg_call(s);
}

/* Called: more of the number. Calling: the far side has all of it. */
static void verb_digits(struct leg *l, const char *digits, bool whole)
{
	struct isdn_leg *s = isdn_leg_of(l);
	if (l->side == SIDE_A) {
		s->overlap = false;
		isdn_leg_say(s, "isdn proceeding", NULL);
	} else if (!s->whole) {
		s->whole = whole;
		isdn_leg_say(s, "isdn digits", json_pack("{s:s, s:b}", "digits", digits, "complete", whole));
	}
}

static void on_told(void *arg, int err, unsigned code)
{
	struct isdn_leg *s = arg;
	if (err && err != -ECANCELED)
		log_warn(s->leg.object, "the gateway does not take a description: code %u, %s", code, strerror(-err));
	call_on_changed(&s->leg);
}

/* What the other side describes before the answer, or with it: the line hears it, and is heard. */
static int cut_through(struct isdn_leg *s, struct slice text, line_media_done_fn fn)
{
	struct sdp *sdp = NULL;
	if (!s->media)
		return -ENOTCONN;
	int err = slice_empty(text) ? 0 : isdn_leg_read_sdp(&sdp, s, text);
	if (!err)
		err = line_media_set(s->media, sdp, false, LINE_MEDIA_TALKS, fn, s);
	if (!err) {
		s->talks = true;
		set_ringback(s, false);
	}
	mem_deref(sdp);
	return err;
}

/* RFC 4497 8.2.1.3, RFC 3960 3.2: without media of the called side, ringing is heard from here; also when who was heard before has given up. */
static int verb_progress(struct leg *l, const struct leg_news *n)
{
	struct isdn_leg *s = isdn_leg_of(l);
	bool media = n->sdp.len && !cut_through(s, n->sdp, on_told);
	if (n->status == 180 && !media && !l->call->early && !s->digital)
		set_ringback(s, true);
	if (n->status == 180 && !s->alerted) {
		s->alerted = true;
		return isdn_leg_say(s, "isdn alerting", s->digital ? NULL : json_pack("{s:i}", "progress", PROGRESS_IN_BAND));
	}
	if (n->status <= 180 || s->alerted || s->progressed)
		return 0;
	s->progressed = true;
	return isdn_leg_say(s, "isdn progress", json_pack("{s:i}", "progress", media ? PROGRESS_IN_BAND : PROGRESS_NOT_ISDN));
}

static void on_answer_media(void *arg, int err, unsigned code)
{
	struct isdn_leg *s = mem_ref(arg);
	if (err == -ECANCELED)
		goto out;
	if (err) {
		isdn_leg_ended(s, 503, CAUSE_NO_RESOURCE, media_failure(err));
		goto out;
	}
	s->connected = true;
	call_on_changed(&s->leg);
	json_t *connected = *s->who.number || s->who.presentation == PRESENT_RESTRICTED
				    ? isdn_party_write(s->line, s->who.number, s->who.display, s->who.presentation == PRESENT_RESTRICTED, ISDN_NETWORK)
				    : NULL;
	err = isdn_leg_say(s, "isdn answer", json_pack("{s:o*}", "connected", connected));
	if (err)
		isdn_leg_ended(s, 503, CAUSE_TEMPORARY, "tandem-isdn cannot be told the answer");
	else
		call_on_confirmed(&s->leg, &(struct leg_news){0});
	isdn_leg_tell_name(s);
out:
	mem_deref(s);
}

static int verb_answer(struct leg *l, const struct leg_news *n)
{
	struct isdn_leg *s = isdn_leg_of(l);
	isdn_answer_read(s, n);
	return cut_through(s, n->sdp, on_answer_media);
}

static int verb_confirm(struct leg *l, struct slice sdp)
{
	return cut_through(isdn_leg_of(l), sdp, on_told);
}

static void reoffer_done(struct isdn_leg *s, unsigned status)
{
	struct buf sdp = buf_growing();
	if (status == 200 && line_media_describe(s->media, &sdp))
		status = 500;
	call_on_changed(&s->leg);
	call_on_reoffer_done(&s->leg, &(struct leg_news){.status = status, .sdp = status == 200 ? buf_text(&sdp) : SLICE_NONE, .from = &s->leg});
	buf_reset(&sdp);
}

static void on_reoffered(void *arg, int err, unsigned code)
{
	struct isdn_leg *s = mem_ref(arg);
	if (!err)
		isdn_leg_tell_hold(s, line_media_is_held(s->media));
	if (err != -ECANCELED)
		reoffer_done(s, err ? 500 : 200);
	mem_deref(s);
}

static void on_refuse(void *arg)
{
	struct isdn_leg *s = mem_ref(arg);
	reoffer_done(s, s->refuse);
	mem_deref(s);
}

/* RFC 4497 8.5: what the channel cannot carry is refused, and nothing changes. */
static int verb_reoffer(struct leg *l, const struct leg_news *n)
{
	struct isdn_leg *s = isdn_leg_of(l);
	struct sdp *sdp = NULL;
	if (!s->media)
		return -ENOTCONN;
	int err = isdn_leg_read_sdp(&sdp, s, n->sdp);
	if (!err)
		err = line_media_set(s->media, sdp, true, LINE_MEDIA_TALKS, on_reoffered, s);
	mem_deref(sdp);
	if (err == -EINVAL) {
		s->refuse = 488;
		timer_start(&s->later, 0, on_refuse, s);
		return 0;
	}
	return err;
}

/* A digit that came as a message is a tone in the channel. */
static int verb_info(struct leg *l, const struct leg_news *n)
{
	struct isdn_leg *s = isdn_leg_of(l);
	char signal[8];
	char digit = n->digit ? n->digit : n->native ? sip_news_digit(n->native) : 0;
	if (!digit || !s->media)
		return -ENOTSUP;
	struct buf b = buf_fixed(signal, sizeof(signal));
	buf_printf(&b, "D/%c", digit);
	isdn_leg_signal(s, buf_z(&b));
	if (n->reply)
		sip_info_answer(n->reply, 200);
	return 0;
}

/* --- the end -------------------------------------------------------------------------------------------------------- */

static void check_over(struct isdn_leg *s)
{
	if (s->leg.state == LEG_CLOSING && s->released && s->media_over)
		call_on_closed(&s->leg, &(struct leg_news){0});
}

static void on_media_over(void *arg, const struct cdr_quality *q)
{
	struct isdn_leg *s = mem_ref(arg);
	s->media_over = true;
	check_over(s);
	mem_deref(s);
}

void isdn_leg_drop(struct isdn_leg *s, unsigned cause)
{
	timer_stop(&s->announcement);
	timer_stop(&s->later);
	timer_stop(&s->again);
	memset(s->due, 0, sizeof(s->due));
	if (s->ep)
		s->ep = mgcp_ep_end(s->ep);
	s->media_over = !s->media;
	if (s->media)
		line_media_close(s->media, on_media_over, s);
	/* Who is shutting down waits for nobody. */
	if (cause)
		s->released = isdn_leg_say(s, "isdn release", json_pack("{s:i}", "cause", (int)cause)) || s->agent->stopping;
	else
		s->released = true;
	if (s->released && s->agent->isdn)
		isdn_link_remove(s->agent->isdn, &s->call);
}

/* 0 when the other side has told none: what stands there then is what its status means to everybody. */
static unsigned cause_told(const struct leg_news *n)
{
	bool meant = n->from && !n->from->cause && n->cause == outcome_cause(n->from->status);
	return meant ? 0 : n->cause;
}

/* RFC 3326: the cause that the other side has told goes before the table's (RFC 3398 8.2.6.1), where a Warning tells of the bearer. */
static unsigned cause_of(const struct isdn_leg *s, const struct leg_news *n)
{
	unsigned told = cause_told(n);
	if (told)
		return told;
	if ((n->status == 488 || n->status == 606) && n->native && sip_news_wants_bearer(n->native))
		return CAUSE_BEARER;
	return n->status < 300 || !s->line ? CAUSE_NORMAL : causes_cause(&s->line->causes, n->status);
}

static void verb_release(struct leg *l, const struct leg_news *n)
{
	struct isdn_leg *s = mem_ref(isdn_leg_of(l));
	isdn_leg_drop(s, cause_of(s, n));
	check_over(s);
	mem_deref(s);
}

static void verb_describe(const struct leg *l, struct cdr_leg *out)
{
	const struct isdn_leg *s = isdn_leg_of(l);
	CDR_SET(out->call_id, slice_str(s->call.id));
	CDR_SET(out->number, slice_str(s->number));
	CDR_SET(out->peer, slice_str(*s->endpoint ? s->endpoint : l->target));
}

/* --- in a store ----------------------------------------------------------------------------------------------------- */

struct kept {
	char id[64], endpoint[64], address[64], number[128];
	struct addr signalling;
	bool digital, held, holds;
	struct slice media;
};

enum { TAG_MEDIA = 10 };

#define FIELD(tag, type, member) PACK_FIELD(tag, type, struct kept, member)
static const struct pack_field fields[] = {
	FIELD(1, PACK_TEXT, id),     FIELD(2, PACK_TEXT, endpoint),    FIELD(3, PACK_TEXT, address),
	FIELD(4, PACK_TEXT, number), FIELD(5, PACK_BYTES, signalling), FIELD(6, PACK_BOOL, digital), FIELD(7, PACK_BOOL, held),
	FIELD(8, PACK_BOOL, holds),
	FIELD(TAG_MEDIA, PACK_SLICE, media),
};
#define FIELDS (sizeof(fields) / sizeof(fields[0]))

static void verb_save(const struct leg *l, struct buf *out)
{
	const struct isdn_leg *s = isdn_leg_of(l);
	struct kept k = {.signalling = l->party.signalling, .digital = s->digital, .held = s->told_held, .holds = s->holds};
	CDR_SET(k.id, slice_str(s->call.id));
	CDR_SET(k.endpoint, slice_str(s->endpoint));
	CDR_SET(k.address, slice_str(s->address));
	CDR_SET(k.number, slice_str(s->number));
	pack_write(out, fields, FIELDS, &k);
	if (s->media) {
		size_t at = pack_begin(out, TAG_MEDIA);
		line_media_save(s->media, out);
		pack_end(out, at);
	}
}

static const struct leg_kind kind_isdn = {
	.name = "isdn",
	.offer = verb_offer,
	.progress = verb_progress,
	.answer = verb_answer,
	.confirm = verb_confirm,
	.digits = verb_digits,
	.reoffer = verb_reoffer,
	.reoffer_reply = isdn_leg_reoffer_reply,
	.info = verb_info,
	.release = verb_release,
	.describe = verb_describe,
	.save = verb_save,
};

/* --- making --------------------------------------------------------------------------------------------------------- */

static void destroy(void *obj)
{
	struct isdn_leg *s = obj;
	timer_stop(&s->announcement);
	timer_stop(&s->later);
	timer_stop(&s->again);
	if (s->ep)
		mgcp_ep_end(s->ep);
	if (s->agent->isdn)
		isdn_link_remove(s->agent->isdn, &s->call);
	mem_deref(s->media);
	mem_deref(s->offered);
	mem_deref(s->line);
	json_decref(s->setup);
	leg_fini(&s->leg);
}

int isdn_leg_new(struct isdn_leg **ret, struct agent *a, struct tel_line *line, enum side side, const char *id)
{
	struct isdn_leg *s = mem_alloc(sizeof(*s), destroy);
	if (!s)
		return -ENOMEM;
	leg_init(&s->leg, &kind_isdn, side);
	s->agent = a;
	s->line = mem_ref(line);
	s->leg.codecs = any;
	s->leg.n_codecs = 3;
	s->leg.party.address = s->address;
	CDR_SET(s->leg.target, slice_str(line ? line->name : ""));
	s->call.event = isdn_leg_event;
	s->call.lost = isdn_leg_lost;
	s->call.refused = isdn_leg_refused;
	s->call.arg = s;
	int err = slice_copy(slice_str(id), s->call.id, sizeof(s->call.id)) ? -EINVAL : 0;
	if (err)
		mem_deref(s);
	else
		*ret = s;
	return err;
}

int leg_isdn_restore(struct leg **ret, enum side side, const char *target, struct slice record, void *arg)
{
	struct agent *a = arg;
	struct kept k = {0};
	struct isdn_leg *s;
	struct tel_line *line = tel_lines_find(&a->tel_lines, slice_str(target));
	if (pack_read(&k, fields, FIELDS, record))
		return -EBADMSG;
	if (record.len && (!line || line->kind != TEL_ISDN))
		return -EADDRNOTAVAIL;
	int err = isdn_leg_new(&s, a, line, side, k.id);
	if (err)
		return err == -EINVAL ? -EBADMSG : err;
	CDR_SET(s->endpoint, slice_str(k.endpoint));
	CDR_SET(s->address, slice_str(k.address));
	CDR_SET(s->number, slice_str(k.number));
	s->leg.party.signalling = k.signalling;
	isdn_leg_bearer(s, k.digital);
	s->talks = s->started = s->connected = true;
	s->held = s->told_held = k.held;
	s->holds = k.holds;
	if (*k.id && a->isdn)
		isdn_link_add(a->isdn, &s->call);
	if (k.media.len) {
		const struct line_media_params p = media_params(s);
		err = p.gw ? line_media_restore(&s->media, &p, k.media) : -EBADMSG;
	}
	if (err)
		mem_deref(s);
	else
		*ret = &s->leg;
	return err;
}
