// SPDX-License-Identifier: GPL-3.0-or-later
/* A telephone: what its hook, its digits and its flash do (RFC 3660 2.4, package L), and what calls do to it. */
#include "base/log.h"
#include "base/mem.h"
#include "callagent/agent.h"
#include "callagent/call.h"
#include "callagent/mgcp_phone.h"

static const char *const state_names[] = {"out of service", "idle", "ringing", "dialling", "calling", "talking", "three-way", "tone", "on hook in a call"};

static void on_timer(void *arg);

/* The one place where the state changes; the endpoint is asked for what goes with it. */
static void enter(struct mgcp_line *l, enum phone_state state, const char *why)
{
	if (l->state != state)
		log_debug(l->object, "%s -> %s: %s", state_names[l->state], state_names[state], why);
	l->state = state;
	l->scripted &= state == PHONE_IDLE || state == PHONE_RINGING;
	timer_stop(&l->timer);
	if (state == PHONE_DIALLING)
		l->digits[0] = '\0';
	if (state == PHONE_TONE)
		timer_start(&l->timer, (uint64_t)mgcp_line_int(l, "tone-time"), on_timer, l);
	phone_ask(l, true);
}

/* --- tones ---------------------------------------------------------------------------------------------------------- */

/* What a call's failure sounds like. */
static const char *tone_of(unsigned status)
{
	switch (status) {
	case 486:
	case 600:
		return "L/bz";
	case 0:
	case 200:
	case 487:
		return "L/ro";
	default:
		return status >= 500 && status < 600 ? "G/cg" : "L/ro";
	}
}

/* The other party has hung up: told by tone, or by opening the loop, as answering machines want it. */
static const char *over_tone(const struct mgcp_line *l)
{
	return mgcp_line_flag(l, "open-loop") ? "L/osi" : "L/ro";
}

static void play(struct mgcp_line *l, const char *tone, const char *why)
{
	l->tone = tone;
	enter(l, PHONE_TONE, why);
}

/* Nobody has listened to it: the howler, until it is on hook. */
static void on_timer(void *arg)
{
	struct mgcp_line *l = arg;
	if (l->state == PHONE_ON_HOOK) {
		enter(l, PHONE_IDLE, "not taken up again");
		mgcp_line_hangs_up(l, l->leg, 0, 16);
	} else if (l->state == PHONE_TONE) {
		l->tone = "L/ot";
		phone_ask(l, true);
	}
}

/* --- calls of its user ---------------------------------------------------------------------------------------------- */

static void dial(struct mgcp_line *l, const char *number)
{
	l->tone = NULL;
	CDR_SET(l->caller, slice_str(mgcp_line_text(l, "number")));
	CDR_SET(l->caller_name, slice_str(mgcp_line_text(l, "display")));
	enter(l, PHONE_CALLING, number);
	unsigned status = mgcp_line_dial(l, number);
	if (!status)
		l->added = l->held ? l->leg : NULL;
	else
		play(l, tone_of(status), "cannot call");
}

/* Digits come together when the map is satisfied, or cannot be any more. */
static void notified(struct mgcp_line *l, bool asked)
{
	size_t n = strcspn(l->digits, "T");
	bool timed_out = l->digits[n] == 'T';
	if (!*l->digits)
		return;
	/* While a call was about to ring, its user has dialled. */
	bool crossed = l->state == PHONE_RINGING && l->scripted;
	bool may = l->state == PHONE_IDLE || l->state == PHONE_DIALLING || crossed;
	char number[sizeof(l->digits)];
	CDR_SET(number, slice_of(l->digits, n));
	l->digits[0] = '\0';
	if (!may || !asked)
		return;
	l->off_hook = true;
	if (crossed)
		mgcp_line_hangs_up(l, l->leg, 486, 17);
	if (*number)
		dial(l, number);
	else if (timed_out)
		play(l, "L/ro", "nothing was dialled");
}

/* --- hold, and several parties -------------------------------------------------------------------------------------- */

static void talk_to(struct mgcp_line *l, struct mgcp_leg *g, const char *why)
{
	l->leg = g;
	l->tone = NULL;
	if (l->held == g)
		l->held = NULL;
	if (l->waiting == g)
		l->waiting = NULL;
	bool rings = !g->answered;
	enter(l, PHONE_TALKING, why);
	leg_mgcp_keep(g, false);
	if (rings)
		mgcp_line_answers(l, g);
	else
		mgcp_line_sync(l);
}

static void put_on_hold(struct mgcp_line *l)
{
	struct mgcp_leg *g = l->leg;
	l->held = g;
	l->leg = NULL;
	leg_mgcp_keep(g, true);
}

/* Who was on hold talks, who talked is on hold. */
static void swap(struct mgcp_line *l, struct mgcp_leg *to, const char *why)
{
	put_on_hold(l);
	talk_to(l, to, why);
}

static void back_to(struct mgcp_line *l)
{
	struct mgcp_leg *g = l->held ? l->held : l->waiting;
	if (g && !l->leg)
		talk_to(l, g, "back to who waits");
}

/* --- three-way calls ------------------------------------------------------------------------------------------------ */

/* Only whom the user has called to join the first one: a call that waited is none of that one's business. */
static bool may_confer(const struct mgcp_line *l)
{
	return mgcp_line_flag(l, "three-way") && !l->unmixed && l->held && l->leg == l->added && l->held->answered && l->held->wait == MGCP_WAIT_NOTHING;
}

static void confer(struct mgcp_line *l)
{
	enter(l, PHONE_CONFERS, "all three");
	mgcp_line_confer(l);
}

/* The first call goes on, and the user hears that there is no more. */
static void apart(struct mgcp_line *l)
{
	struct mgcp_leg *first = l->held;
	mgcp_line_part(l);
	l->unmixed = true;
	if (l->state != PHONE_CONFERS || !first)
		return;
	swap(l, first, "the gateway joins nobody");
	l->tone = "L/e";
	phone_ask(l, true);
	l->tone = NULL;
}

/* One has left, or is let go: the other goes on. */
static void two_again(struct mgcp_line *l, const char *why)
{
	talk_to(l, l->leg, why);
	call_on_changed(&l->leg->leg);
}

static void let_last_go(struct mgcp_line *l)
{
	mgcp_line_hangs_up(l, l->leg, 0, 16);
	two_again(l, "lets the last one go");
}

/* --- the flash ------------------------------------------------------------------------------------------------------ */

static void flash(struct mgcp_line *l)
{
	switch ((enum phone_state)l->state) {
	case PHONE_TALKING:
		if (l->waiting && !l->held) {
			swap(l, l->waiting, "takes the call that waited");
		} else if (may_confer(l)) {
			confer(l);
		} else if (l->held) {
			swap(l, l->held, "changes over");
		} else if (mgcp_line_flag(l, "flash")) {
			put_on_hold(l);
			enter(l, PHONE_DIALLING, "flash");
			mgcp_line_sync(l);
		}
		break;
	case PHONE_CONFERS:
		let_last_go(l);
		break;
	case PHONE_CALLING:
		if (l->held)
			mgcp_line_hangs_up(l, l->leg, 487, 16);
		back_to(l);
		break;
	case PHONE_DIALLING:
	case PHONE_TONE:
		back_to(l);
		break;
	default:
		break;
	}
}

/* Hanging up with somebody on hold, or with two, joins them. */
static bool transfer(struct mgcp_line *l)
{
	struct mgcp_leg *from = l->held, *to = l->leg;
	if (!from || !to || !mgcp_line_flag(l, "allow-transfer"))
		return false;
	mem_ref(from);
	mem_ref(to);
	bool joined = leg_mgcp_join(from, to);
	if (joined) {
		mgcp_line_forget(l, from);
		mgcp_line_forget(l, to);
	}
	mem_deref(from);
	mem_deref(to);
	return joined;
}

/* --- the hook ------------------------------------------------------------------------------------------------------- */

static void off_hook(struct mgcp_line *l)
{
	l->off_hook = true;
	if (l->state == PHONE_RINGING || l->state == PHONE_ON_HOOK)
		talk_to(l, l->leg, "off hook");
	else if (l->state == PHONE_IDLE && *mgcp_line_text(l, "hotline"))
		dial(l, mgcp_line_text(l, "hotline"));
	else if (l->state == PHONE_IDLE)
		enter(l, PHONE_DIALLING, "off hook");
}

/* Who still waits when the user hangs up is put through to the bell. */
static void ring_back(struct mgcp_line *l)
{
	struct mgcp_leg *g = l->waiting ? l->waiting : l->held;
	if (!g) {
		enter(l, PHONE_IDLE, "on hook");
		return;
	}
	l->leg = g;
	if (l->waiting == g)
		l->waiting = NULL;
	else
		l->held = NULL;
	enter(l, PHONE_RINGING, "somebody still waits");
}

static bool may_take_up_again(const struct mgcp_line *l)
{
	return l->state == PHONE_TALKING && l->leg->leg.side == SIDE_B && !l->held && !l->waiting && mgcp_line_int(l, "re-answer-time");
}

static void on_hook(struct mgcp_line *l)
{
	l->off_hook = false;
	if (l->state == PHONE_IDLE || l->state == PHONE_OUT || l->state == PHONE_ON_HOOK || l->state == PHONE_RINGING)
		return;
	if (may_take_up_again(l)) {
		enter(l, PHONE_ON_HOOK, "on hook");
		timer_start(&l->timer, (uint64_t)mgcp_line_int(l, "re-answer-time"), on_timer, l);
		return;
	}
	const bool conferred = l->state == PHONE_CONFERS;
	if (!transfer(l) && l->leg)
		mgcp_line_hangs_up(l, l->leg, l->leg->answered ? 0 : 487, 16);
	if (conferred && l->leg)
		mgcp_line_hangs_up(l, l->leg, 0, 16);
	ring_back(l);
}

static void event(struct mgcp_line *l, const struct mgcp_observed *o, bool asked)
{
	static const struct {
		const char *name;
		void (*fn)(struct mgcp_line *l);
	} rows[] = {{"hd", off_hook}, {"hu", on_hook}, {"hf", flash}};
	size_t n = strlen(l->digits);
	if (o->type->event & MGCP_DIGIT) {
		if (n + 1 < sizeof(l->digits))
			l->digits[n] = o->type->name[0], l->digits[n + 1] = '\0';
		return;
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!strcmp(o->type->name, rows[i].name))
			rows[i].fn(l);
}

static void again(struct mgcp_line *l)
{
	phone_ask(l, false);
}

/* It rings, or it cannot: 401 is a phone off hook, whose user goes on with what the endpoint was asked for before. */
static void rings(struct mgcp_line *l, int err, unsigned code)
{
	struct mgcp_leg *g = l->leg;
	if (!err) {
		l->scripted = false;
		if (!g->answered)
			mgcp_line_rings(l, g, 180);
		return;
	}
	bool dials = code == 401 && l->scripted;
	if (dials)
		l->state = PHONE_IDLE;
	else
		enter(l, code == 401 ? PHONE_DIALLING : PHONE_IDLE, "does not ring");
	mgcp_line_hangs_up(l, g, g->answered ? 0 : code == 401 ? 486 : 480, code == 401 ? 17 : 27);
}

/* 401: it is off hook, 402: on hook, other than we thought (RFC 3435 4.4.2). */
static void answered(struct mgcp_line *l, unsigned tag, int err, unsigned code)
{
	if (tag != l->state) /* it has been asked for something else since */
		return;
	if (l->state == PHONE_RINGING)
		rings(l, err, code);
	else if (l->state == PHONE_IDLE && !err)
		l->scripted = true;
	else if (l->state == PHONE_IDLE && code == 401 && !l->scripted)
		off_hook(l);
	else if (code == 402 && l->state != PHONE_IDLE && l->state != PHONE_ON_HOOK)
		on_hook(l);
}

static void hook(struct mgcp_line *l, enum mgcp_hook where)
{
	bool talks = l->state != PHONE_IDLE && l->state != PHONE_OUT && l->state != PHONE_RINGING && l->state != PHONE_ON_HOOK;
	l->off_hook = where == MGCP_OFF_HOOK;
	if (where == MGCP_ON_HOOK && talks)
		on_hook(l);
	else if (where == MGCP_OFF_HOOK && (l->state == PHONE_RINGING || l->state == PHONE_ON_HOOK))
		off_hook(l);
}

/* --- what calls do -------------------------------------------------------------------------------------------------- */

static unsigned called(struct mgcp_line *l, struct mgcp_leg *g)
{
	if (mgcp_ep_service(l->ep) == MGCP_SERVICE_OUT || mgcp_ep_service(l->ep) == MGCP_SERVICE_LEAVING)
		return 480;
	if (l->state == PHONE_IDLE && !l->leg) {
		l->leg = mem_ref(g);
		return 0;
	}
	if (l->state == PHONE_TALKING && !l->waiting && !l->held && !phone_is_pbx(l) && mgcp_line_flag(l, "call-waiting")) {
		l->waiting = mem_ref(g);
		return 0;
	}
	return 486;
}

static void ready(struct mgcp_line *l, struct mgcp_leg *g)
{
	if (g == l->leg && l->state == PHONE_IDLE) {
		enter(l, PHONE_RINGING, "called");
	} else if (g == l->leg) {
		mgcp_line_hangs_up(l, g, 486, 17); /* its user was faster */
	} else if (g == l->waiting) {
		phone_ask(l, true);
		mgcp_line_rings(l, g, 180);
	}
}

/* Ringback, when the called side gives none of its own (RFC 3960 3.2). */
static void progress(struct mgcp_line *l, struct mgcp_leg *g, const struct leg_news *n)
{
	const char *tone = !slice_empty(n->sdp) ? NULL : n->status == 180 ? "G/rt" : l->tone;
	if (l->state != PHONE_CALLING || g != l->leg || tone == l->tone)
		return;
	l->tone = tone;
	phone_ask(l, true);
}

static void taken(struct mgcp_line *l, struct mgcp_leg *g)
{
	if (g != l->leg)
		return;
	l->tone = NULL;
	enter(l, PHONE_TALKING, "answered");
}

static void ended(struct mgcp_line *l, struct mgcp_leg *g, unsigned status, unsigned cause)
{
	const bool was = g == l->leg, waited = g == l->waiting;
	mgcp_line_forget(l, g);
	if (l->state == PHONE_CONFERS && l->leg) {
		two_again(l, "one has left");
		return;
	}
	if (waited)
		phone_ask(l, false);
	if (!was)
		return;
	switch ((enum phone_state)l->state) {
	case PHONE_RINGING:
	case PHONE_ON_HOOK:
		ring_back(l);
		break;
	case PHONE_CALLING:
	case PHONE_TALKING:
	case PHONE_CONFERS:
		play(l, status ? tone_of(status) : over_tone(l), "the other party has gone");
		break;
	default:
		break;
	}
}

static void begin(struct mgcp_line *l, bool fresh)
{
	if (fresh || l->state == PHONE_OUT)
		enter(l, PHONE_IDLE, "in service");
	else
		phone_ask(l, true);
}

static void stop(struct mgcp_line *l)
{
	if (!l->leg && !l->held && !l->waiting)
		enter(l, PHONE_OUT, "out of service");
}

static void restored(struct mgcp_line *l, struct mgcp_leg *g)
{
	l->off_hook = g->answered || g->leg.side == SIDE_A;
	if (l->confers && l->leg)
		l->state = PHONE_CONFERS;
	else if (g == l->leg)
		l->state = g->answered ? PHONE_TALKING : g->leg.side == SIDE_A ? PHONE_CALLING : PHONE_RINGING;
	else if (!l->leg)
		l->state = PHONE_DIALLING;
}

#define COMMON                                                                                                                                  \
	.begin = begin, .stop = stop, .event = event, .notified = notified, .again = again, .answered = answered, .hook = hook, .called = called, \
	.ready = ready, .progress = progress, .taken = taken, .ended = ended, .apart = apart, .restored = restored, .early = LINE_MEDIA_RESTS

static const struct mgcp_package *const packages[] = {&mgcp_package_l, &mgcp_package_d, &mgcp_package_g, NULL};
static const struct mgcp_package *const pbx_packages[] = {&mgcp_package_bl, &mgcp_package_d, &mgcp_package_g, NULL};

const struct mgcp_line_kind mgcp_phone = {.name = "phone", .packages = packages, COMMON};
const struct mgcp_line_kind mgcp_pbx = {.name = "pbx", .packages = pbx_packages, COMMON};
