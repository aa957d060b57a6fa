// SPDX-License-Identifier: GPL-3.0-or-later
/* A port with a telephone: packages L (RFC 3660 2.4), or BL (RFC 3064 2.3) for a telephone system. We are its exchange: the driver feeds the loop, counts
 * pulses and tells flashes from hanging up. */
#include "mediagw/circuit_internal.h"
#include "base/log.h"
#include "mgcp/gateway.h"
#include <ctype.h>
#include <string.h>

#define T_CALLER_ID_MS 600  /* GR-30: its data begins 500 to 1500 ms after the first ring */
#define T_ON_HOOK_MS   3500 /* so long may it last */
#define T_SPLASH_MS    500  /* GR-586: a reminder ring */
#define T_ALERT_MS     500  /* call waiting tone comes before the alerting signal of the caller's number */
#define T_ACK_MS       300  /* GR-30: the telephone answers to it within 160 ms */
#define T_REVERSED_MS  250  /* a caller in DTMF comes so long after the polarity was reversed */
#define T_LAMP_MS      1000 /* on the hook before a telephone is told that messages wait */
#define ALERTING       "!2130+2750/80" /* CAS of GR-30, DT-AS of EN 300 659-2 */

enum state { ON_HOOK, RINGING, OFF_HOOK };
static const char *const states[] = {"on-hook", "ringing", "off-hook", NULL};

/* Telling who calls: before or between rings, or in a call; or that messages wait, when nothing else goes on. */
enum telling { TELLS_NOT, TELLS_WAITS, TELLS_ALERT, TELLS_ACK, TELLS_SENDS, TELLS_LAMP_SOON, TELLS_LAMP };

struct fxs {
	struct circuit c;
	const struct mgcp_signal *ring;
	unsigned per_cycle, bursts, most; /* bursts of one cycle of the cadence, so far, and cycles at most (0: no limit) */
	const struct mgcp_signal *ci;
	enum telling telling;
	struct caller_id caller;
	bool reversed; /* to say that a caller's digits follow */
	bool lamp, lamp_due;
};

static struct fxs *fxs(struct circuit *c)
{
	return (struct fxs *)c;
}

static const struct mgcp_package *package(const struct circuit *c)
{
	return c->kind->packages[0];
}

/* --- ringing ------------------------------------------------------------------------------------------------------ */

/* On, off, ... in ms. Countries whose ringing is other than a long and a pause; distinctive rings are those of GR-506 14. */
struct ring {
	char name[3];
	unsigned ms[6];
};
static const struct ring countries[] = {
	{"us", {2000, 4000}}, {"ca", {2000, 4000}}, {"gb", {400, 200, 400, 2000}}, {"au", {400, 200, 400, 2000}}, {"nz", {400, 200, 400, 2000}},
	{"in", {400, 200, 400, 2000}}, {"fr", {1500, 3500}}, {"es", {1500, 3000}}, {"be", {1000, 3000}}, {"it", {1000, 4000}}, {"jp", {1000, 2000}},
	{"at", {1000, 5000}}, {"se", {1000, 5000}}, {"ru", {800, 3200}},
};
static const struct ring anywhere = {"", {1000, 4000}};
static const struct ring distinctive[] = {
	{"r1", {2000, 4000}}, {"r2", {800, 400, 800, 4000}}, {"r3", {400, 200, 400, 200, 800, 4000}}, {"r4", {300, 200, 1000, 200, 300, 4000}},
	{"r5", {500, 60000}}, {"rs", {T_SPLASH_MS, 60000}},
};

static const struct ring *find_ring(const struct ring *list, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(list[i].name, name))
			return &list[i];
	return NULL;
}

static const struct ring *ring_of(const struct circuit *c, const char *signal)
{
	const struct ring *r = find_ring(distinctive, sizeof distinctive / sizeof *distinctive, signal);
	if (!r)
		r = find_ring(countries, sizeof countries / sizeof *countries, c->p.settings->country);
	return r ? r : &anywhere;
}

static void set_cadence(struct circuit *c, const struct ring *r)
{
	unsigned ms[TDM_CADENCE] = {0};
	fxs(c)->per_cycle = 0;
	for (unsigned i = 0; i < 6 && r->ms[i]; i++) {
		ms[i] = r->ms[i];
		fxs(c)->per_cycle += i % 2 == 0;
	}
	if (c->fd >= 0)
		c->p.driver->cadence(c->fd, ms);
}

static void light(struct circuit *c, uint64_t in_ms);

/* Digits of a caller are announced so (EN 300 659-1), where the driver can do that. */
static void announce(struct circuit *c, bool on)
{
	if (fxs(c)->reversed != on)
		circuit_reverse(c, on);
	fxs(c)->reversed = on;
}

/* The telephone is left alone. */
static void quiet(struct circuit *c, const char *why)
{
	struct fxs *f = fxs(c);
	f->telling = TELLS_NOT;
	announce(c, false);
	circuit_cut(c, &f->ci);
	circuit_silence(c);
	circuit_set_state(c, ON_HOOK, why);
	circuit_release(c);
	if (f->lamp_due)
		light(c, T_LAMP_MS);
}

/* What is told of messages is told another time. */
static void clear_way(struct circuit *c)
{
	struct fxs *f = fxs(c);
	if (f->telling < TELLS_LAMP_SOON)
		return;
	if (f->telling == TELLS_LAMP)
		circuit_silence(c);
	f->telling = TELLS_NOT;
	f->lamp_due = true;
}

static void ring_now(struct circuit *c)
{
	struct fxs *f = fxs(c);
	f->bursts = 0;
	if (!circuit_hook_do(c, TDM_RING))
		return;
	const struct mgcp_signal *ring = f->ring;
	f->ring = NULL;
	quiet(c, "it cannot be rung");
	circuit_done(c, &ring, true);
}

static void ring_start(struct circuit *c, const struct mgcp_signal *s)
{
	struct fxs *f = fxs(c);
	struct slice rep = circuit_param(s->params, "rep");
	clear_way(c);
	f->ring = s;
	if (slice_u32(rep, &f->most))
		f->most = s->type->signal == MGCP_BRIEF ? 1 : 0;
	if (circuit_seize(c, false)) {
		circuit_done(c, &f->ring, true);
		return;
	}
	set_cadence(c, ring_of(c, s->type->name));
	circuit_set_state(c, RINGING, s->type->name);
	if (f->telling == TELLS_WAITS && c->p.settings->caller_id == TELLS_DTMF) {
		announce(c, true); /* it is told before the first ring, then */
		circuit_timer(c, T_REVERSED_MS);
	} else {
		ring_now(c);
	}
}

static void ring_stop(struct circuit *c, const struct mgcp_signal *s)
{
	if (c->state != RINGING)
		return;
	fxs(c)->ring = NULL;
	circuit_hook_do(c, TDM_RING_OFF);
	quiet(c, "it rings no more");
}

static unsigned ring_check(const struct mgcp_signal *s, const char **why)
{
	struct slice rep = circuit_param(s->params, "rep");
	uint32_t n;
	*why = "rep is 1 to 255";
	return slice_is_set(rep) && (slice_u32(rep, &n) || n < 1 || n > 255) ? 538 : 0;
}

/* A burst is over: between two cycles there is time to say who calls. */
static void burst_over(struct circuit *c)
{
	struct fxs *f = fxs(c);
	if (c->state != RINGING || ++f->bursts % f->per_cycle)
		return;
	if (f->most && f->bursts / f->per_cycle >= f->most) {
		const struct mgcp_signal *ring = f->ring;
		ring_stop(c, ring);
		circuit_done(c, &ring, false);
	} else if (f->telling == TELLS_WAITS) {
		circuit_timer(c, T_CALLER_ID_MS);
	}
}

/* --- who calls ---------------------------------------------------------------------------------------------------- */

/* "John Doe" or a bare word; P and O are reasons for there being none. */
static void name_of(struct slice text, char *out, size_t size, enum caller_id_absence *absent)
{
	size_t n = 0;
	bool quoted = text.len >= 2 && text.p[0] == '"';
	*absent = CALLER_ID_KNOWN;
	if (slice_eq(text, SLICE("P")) || slice_eq(text, SLICE("O")))
		*absent = text.p[0] == 'P' ? CALLER_ID_PRIVATE : CALLER_ID_UNAVAILABLE;
	else
		for (size_t i = quoted; i < text.len - quoted && n + 1 < size; i++)
			if (isprint((unsigned char)text.p[i]))
				out[n++] = text.p[i];
	out[n] = '\0';
	if (!n && *absent == CALLER_ID_KNOWN)
		*absent = CALLER_ID_UNAVAILABLE;
}

/* "MM/DD/HH/MM" */
static void time_of(struct slice text, char out[9])
{
	size_t n = 0;
	for (size_t i = 0; i < text.len && n < 8; i++)
		if (isdigit((unsigned char)text.p[i]))
			out[n++] = text.p[i];
	out[n == 8 ? 8 : 0] = '\0';
}

/* "09/14/17/26,"555 1212",somename" (RFC 3660 2.4). */
static void caller_read(struct caller_id *ret, struct slice params)
{
	struct slice time = mgcp_list_next(&params), number = mgcp_list_next(&params), name = mgcp_list_next(&params);
	char *to = ret->number;
	*ret = (struct caller_id){.number_absent = CALLER_ID_UNAVAILABLE};
	time_of(time, ret->time);
	name_of(number, ret->number, sizeof ret->number, &ret->number_absent);
	name_of(name, ret->name, sizeof ret->name, &ret->name_absent);
	for (const char *from = ret->number; *from; from++)
		if (*from != ' ')
			*to++ = *from;
	*to = '\0';
}

static void told(struct circuit *c)
{
	struct fxs *f = fxs(c);
	bool rings = c->state == RINGING && c->p.settings->caller_id == TELLS_DTMF;
	f->telling = TELLS_NOT;
	announce(c, false);
	circuit_done(c, &f->ci, false);
	if (rings && f->ring)
		ring_now(c);
}

static enum caller_id_modem modem(const struct circuit *c)
{
	return c->p.settings->caller_id == TELLS_V23 ? CALLER_ID_V23 : CALLER_ID_BELL;
}

static void tell_caller(struct circuit *c)
{
	struct fxs *f = fxs(c);
	bool on_hook = c->state != OFF_HOOK;
	f->telling = TELLS_SENDS;
	if (on_hook)
		c->p.driver->onhook_voice(c->fd, T_ON_HOOK_MS);
	if (on_hook && c->p.settings->caller_id == TELLS_DTMF) {
		char digits[CALLER_ID_NUMBER + 3];
		struct buf b = buf_fixed(digits, sizeof digits);
		buf_printf(&b, "%c%sC", f->caller.number[0] ? 'A' : 'D', f->caller.number[0] ? f->caller.number : f->caller.number_absent == CALLER_ID_PRIVATE ? "1" : "2");
		if (c->p.h->dial(c->p.arg, DIGIT_DTMF, buf_text(&b)))
			told(c);
	} else if (c->p.h->tell_caller(c->p.arg, modem(c), &f->caller, on_hook)) {
		told(c);
	}
}

/* In a call the telephone is asked whether it wants to know. */
static void ci_start(struct circuit *c, const struct mgcp_signal *s)
{
	struct fxs *f = fxs(c);
	clear_way(c);
	caller_read(&f->caller, s->params);
	f->ci = s;
	f->telling = c->p.settings->caller_id == TELLS_NOBODY ? TELLS_NOT : TELLS_WAITS;
	if (c->state == OFF_HOOK && f->telling)
		circuit_timer(c, T_ALERT_MS);
	else
		circuit_done(c, &f->ci, false); /* with the next ring */
}

static void ci_stop(struct circuit *c, const struct mgcp_signal *s)
{
	fxs(c)->ci = NULL;
}

/* By voltage, where the driver can do that; by modem, where that tells who calls. */
static void tell_lamp(struct circuit *c)
{
	struct fxs *f = fxs(c);
	const struct caller_id message = {.waiting = f->lamp ? CALLER_ID_MESSAGES : CALLER_ID_NO_MESSAGES};
	const bool fsk = c->p.settings->caller_id == TELLS_BELL || c->p.settings->caller_id == TELLS_V23;
	f->lamp_due = false;
	f->telling = TELLS_NOT;
	circuit_lamp(c, f->lamp);
	if (!fsk || c->fd < 0)
		return;
	f->telling = TELLS_LAMP;
	c->p.driver->onhook_voice(c->fd, T_ON_HOOK_MS);
	if (c->p.h->tell_caller(c->p.arg, modem(c), &message, true))
		f->telling = TELLS_NOT;
}

static void light(struct circuit *c, uint64_t in_ms)
{
	clear_way(c);
	if (!in_ms) {
		tell_lamp(c);
		return;
	}
	fxs(c)->telling = TELLS_LAMP_SOON;
	circuit_timer(c, in_ms);
}

static void timeout(struct circuit *c)
{
	struct fxs *f = fxs(c);
	if (f->telling == TELLS_LAMP_SOON) {
		tell_lamp(c);
	} else if (c->state == RINGING) {
		tell_caller(c);
	} else if (f->telling == TELLS_WAITS) {
		f->telling = TELLS_ALERT;
		c->sounding[BEARER_LINE] = NULL;
		circuit_play(c, ALERTING);
	} else if (f->telling == TELLS_ACK) {
		log_debug(c->p.object, "the telephone does not ask who calls");
		told(c);
	}
}

static void sent(struct circuit *c)
{
	struct fxs *f = fxs(c);
	if (f->telling == TELLS_LAMP) {
		f->telling = TELLS_NOT;
	} else if (f->telling == TELLS_SENDS) {
		told(c);
	} else if (f->telling == TELLS_ALERT) {
		f->telling = TELLS_ACK;
		circuit_timer(c, T_ACK_MS);
	}
}

/* --- the hook ----------------------------------------------------------------------------------------------------- */

static void off_hook(struct circuit *c)
{
	struct fxs *f = fxs(c);
	if (c->state == OFF_HOOK)
		return;
	/* Whoever called is connected by whoever asked for the ring. */
	circuit_cut(c, &f->ring);
	circuit_cut(c, &f->ci);
	clear_way(c);
	f->telling = TELLS_NOT;
	announce(c, false);
	circuit_silence(c);
	circuit_hook_do(c, TDM_OFFHOOK);
	circuit_set_state(c, OFF_HOOK, "the receiver was lifted");
	if (!circuit_seize(c, true))
		circuit_event(c, package(c), "hd");
}

static void on_hook(struct circuit *c)
{
	bool used = c->seized;
	if (c->state != OFF_HOOK)
		return;
	circuit_digits_stop(c);
	circuit_hook_do(c, TDM_ONHOOK);
	quiet(c, "it was hung up");
	if (used)
		circuit_event(c, package(c), "hu");
}

/* Told to whoever wants to know; else it is the peer's matter. */
static void flash(struct circuit *c)
{
	if (c->state != OFF_HOOK || !c->seized)
		return;
	if (package(c) == &mgcp_package_bl || c->p.h->requested(c->p.arg, package(c), "hf"))
		circuit_event(c, package(c), "hf");
	else
		c->p.h->flash(c->p.arg);
}

static void line_event(struct circuit *c, const struct tdm_event *e)
{
	switch (e->kind) {
	case TDM_EV_OFFHOOK:
		off_hook(c);
		break;
	case TDM_EV_ONHOOK:
		on_hook(c);
		break;
	case TDM_EV_WINK_FLASH:
		flash(c);
		break;
	case TDM_EV_PULSE_DIGIT:
		if (c->state == OFF_HOOK && c->seized)
			circuit_digit(c, e->digit);
		circuit_digit(c, '\0');
		break;
	case TDM_EV_RINGER_OFF:
		burst_over(c);
		break;
	default:
		break;
	}
}

static void heard(struct circuit *c, const struct heard *h)
{
	struct fxs *f = fxs(c);
	if (h->kind == HEARD_EVENT)
		line_event(c, &h->event);
	else if (h->kind == HEARD_PLAYED)
		sent(c);
	else if (h->kind == HEARD_DIGIT && f->telling == TELLS_ACK && h->digit == 'D')
		tell_caller(c);
	else if (h->kind == HEARD_DIGIT && c->state == OFF_HOOK && c->seized && f->telling != TELLS_ACK && f->telling != TELLS_SENDS)
		circuit_digit(c, h->digit);
}

static void open_line(struct circuit *c)
{
	if (!c->off_hook)
		return;
	circuit_hook_do(c, TDM_OFFHOOK);
	circuit_set_state(c, OFF_HOOK, "it is");
	circuit_seize(c, true);
}

static void close_line(struct circuit *c)
{
	struct fxs *f = fxs(c);
	f->ring = f->ci = NULL;
	f->telling = TELLS_NOT;
}

/* Whoever is off hook hears nothing until the receiver was back on it. */
static void end(struct circuit *c)
{
	const struct mgcp_signal *ring = fxs(c)->ring;
	ring_stop(c, ring);
	circuit_done(c, &ring, true);
	circuit_silence(c);
	circuit_release(c);
}

/* After a kill: it may have been hung up meanwhile, or it rings no more. */
static void restored(struct circuit *c)
{
	if (c->state == RINGING) {
		fxs(c)->reversed = c->p.settings->caller_id == TELLS_DTMF; /* it may be */
		circuit_hook_do(c, TDM_RING_OFF);
	}
	if (c->state == RINGING || !c->off_hook)
		quiet(c, "it was not off hook");
}

static enum mgcp_hook hook(const struct circuit *c)
{
	return c->state == OFF_HOOK ? MGCP_OFF_HOOK : MGCP_ON_HOOK;
}

static void event_states(const struct circuit *c, struct buf *out)
{
	buf_printf(out, "%s/%s", package(c)->name, c->state == OFF_HOOK ? "hd" : "hu");
}

static unsigned listens(const struct circuit *c)
{
	return c->state == OFF_HOOK ? LISTEN_DTMF : 0;
}

/* --- the other signals -------------------------------------------------------------------------------------------- */

/* RFC 3660 2.4, osi: the loop is open for a while. */
static void open_loop(struct circuit *c, const struct mgcp_signal *s)
{
	circuit_hook_do(c, TDM_ONHOOK);
}

static void close_loop(struct circuit *c, const struct mgcp_signal *s)
{
	if (c->state == OFF_HOOK)
		circuit_hook_do(c, TDM_OFFHOOK);
}

/* BL/rel: the same, once. */
static void release_loop(struct circuit *c, const struct mgcp_signal *s)
{
	circuit_hook_do(c, TDM_ONHOOK);
	circuit_done(c, &s, false);
}

static void reverse(struct circuit *c, const struct mgcp_signal *s)
{
	circuit_reverse(c, true);
}

static void reverse_back(struct circuit *c, const struct mgcp_signal *s)
{
	circuit_reverse(c, false);
}

/* Told to the telephone when its line is idle. */
static void lamp(struct circuit *c, bool on)
{
	struct fxs *f = fxs(c);
	f->lamp = on;
	f->lamp_due = true;
	if (c->state == ON_HOOK)
		light(c, 0);
}

static void lamp_on(struct circuit *c, const struct mgcp_signal *s)
{
	lamp(c, true);
}

static void lamp_off(struct circuit *c, const struct mgcp_signal *s)
{
	lamp(c, false);
}

#define RING(name) {&mgcp_package_l, name, ring_start, ring_stop, ring_check}
static const struct circuit_signal signals[] = {
	RING("rg"), RING("r0"), RING("r1"), RING("r2"), RING("r3"), RING("r4"), RING("r5"), RING("r6"), RING("r7"), RING("rs"),
	{&mgcp_package_bl, "rg", ring_start, ring_stop, NULL},
	{&mgcp_package_bl, "rel", release_loop, NULL, NULL},
	{&mgcp_package_l, "ci", ci_start, ci_stop, NULL},
	{&mgcp_package_l, "lsa", reverse, reverse_back, NULL},
	{&mgcp_package_l, "osi", open_loop, close_loop, NULL},
	{&mgcp_package_l, "vmwi", lamp_on, lamp_off, NULL},
	{0},
};

static const struct circuit_events events[] = {
	{&mgcp_package_l, "hd hf hu oc of"}, {&mgcp_package_bl, NULL}, {&mgcp_package_d, NULL}, {&mgcp_package_g, "ft mt ld oc of"},
	{&mgcp_package_r, STREAM_EVENTS}, {0},
};
static const struct mgcp_package *const phone_packages[] = {&mgcp_package_l, &mgcp_package_d, &mgcp_package_dm1, &mgcp_package_g,
							    &mgcp_package_sst, &mgcp_package_r, &mgcp_package_b, NULL};
static const struct mgcp_package *const pbx_packages[] = {&mgcp_package_bl, &mgcp_package_d, &mgcp_package_dm1, &mgcp_package_g,
							  &mgcp_package_sst, &mgcp_package_r, &mgcp_package_b, NULL};

#define FXS \
	.size = sizeof(struct fxs), .states = states, .signals = signals, .events = events, .open = open_line, .close = close_line, .end = end, \
	.heard = heard, .timeout = timeout, .hook = hook, .event_states = event_states, .restored = restored, .listens = listens
const struct circuit_kind circuit_fxs = {FXS, .packages = phone_packages};
const struct circuit_kind circuit_fxs_pbx = {FXS, .packages = pbx_packages};
