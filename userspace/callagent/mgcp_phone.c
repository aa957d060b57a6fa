// SPDX-License-Identifier: GPL-3.0-or-later
/* A telephone: what its endpoint is asked for in each state (RFC 3660 2.4, package L), and what its hook, its digits and its flash do. While nobody talks
 * the gateway gives dial tone and gathers digits by itself: that is asked for inside the request for the hook (RFC 3435 2.3.3). */
#include "base/log.h"
#include "base/mem.h"
#include "callagent/agent.h"
#include "callagent/call.h"
#include "callagent/mgcp_line.h"
#include "mgcp/caller.h"

enum phone_state {
	PHONE_OUT,      /* of service */
	PHONE_IDLE,     /* on hook, as far as we know: digits may be being dialled */
	PHONE_RINGING,  /* l->leg rings; or it is on hold and is called back */
	PHONE_DIALLING, /* off hook, with dial tone */
	PHONE_CALLING,  /* l->leg is being called */
	PHONE_TALKING,  /* to l->leg */
	PHONE_TONE,     /* nobody there: tone, then the howler */
	PHONE_ON_HOOK,  /* in a call that it may take up again */
};

#define DIGITS ",D/[0-9*#T](D)"

static const char *const state_names[] = {"out of service", "idle", "ringing", "dialling", "calling", "talking", "tone", "on hook in a call"};

static void ask(struct mgcp_line *l, bool first);
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
	ask(l, true);
}

/* --- what is asked for ---------------------------------------------------------------------------------------------- */

/* What package BL (RFC 3064 2.3), of telephone systems, has for the signals of package L, where that is not of the same name; NULL: nothing. */
static const char *const pbx_signals[][2] = {
	{"L/mwi", "BL/dl"}, {"L/ot", "BL/ro"}, {"L/osi", "BL/rel"}, {"L/wt", NULL}, {"L/vmwi(+)", NULL}, {"L/vmwi(-)", NULL}, {"L/lsa(+)", NULL}, {"L/lsa(-)", NULL},
};

static bool is_pbx(const struct mgcp_line *l)
{
	return l->kind == &mgcp_pbx;
}

/* One signal more. */
static void give(const struct mgcp_line *l, struct buf *out, const char *signal)
{
	bool other = is_pbx(l) && slice_starts(slice_str(signal), SLICE("L/"));
	for (size_t i = 0; other && i < sizeof(pbx_signals) / sizeof(pbx_signals[0]); i++)
		if (!strcmp(pbx_signals[i][0], signal)) {
			signal = pbx_signals[i][1];
			other = false;
		}
	if (signal && *signal)
		buf_printf(out, "%s%s%s", out->len ? "," : "", other ? "B" : "", signal);
}

/* The line's own, or its gateway's. */
static const char *digit_map(const struct mgcp_line *l)
{
	const char *own = mgcp_line_text(l, "digit-map");
	const struct conf_part *gw = *own ? NULL : conf_find(l->tel->holder, "gateway", mgcp_line_text(l, "gateway"));
	const char *map = gw ? conf_string(gw, "digit-map") : own;
	return *map ? map : "[0-9*#].T";
}

/* A flash that nobody asks for is not ours: the gateway may pass it to the other party. */
static bool may_flash(const struct mgcp_line *l)
{
	return mgcp_line_flag(l, "flash") || l->held || l->waiting;
}

/* Off hook: dial tone, or the one that says that messages wait, and digits by the map, all without asking us. */
static void write_events(const struct mgcp_line *l, struct buf *out)
{
	const char *p = is_pbx(l) ? "BL" : "L";
	char tone[16];
	struct buf t = buf_fixed(tone, sizeof(tone));
	switch ((enum phone_state)l->state) {
	case PHONE_IDLE:
		give(l, &t, l->messages ? "L/mwi" : "L/dl");
		if (*mgcp_line_text(l, "hotline"))
			buf_printf(out, "%s/hd(N)", p);
		else
			buf_printf(out, "%s/hd(E(R(%s/hu(N)" DIGITS "),S(%s),D(%s)))", p, p, buf_z(&t), digit_map(l));
		break;
	case PHONE_OUT:
	case PHONE_RINGING:
	case PHONE_ON_HOOK:
		buf_printf(out, "%s/hd(N)", p);
		break;
	default:
		buf_printf(out, "%s/hu(N)", p);
		if (may_flash(l))
			buf_printf(out, ",%s/hf(N)", p);
		buf_str(out, l->state == PHONE_DIALLING ? DIGITS : "");
	}
}

/* L/ci(time, number, name): RFC 3660 2.4. */
static void write_caller(const struct mgcp_line *l, const struct mgcp_leg *g, struct buf *out)
{
	struct mgcp_caller c = {.hidden = g->hidden};
	if (is_pbx(l) || !mgcp_line_flag(l, "caller-id"))
		return;
	CDR_SET(c.number, slice_str(g->number));
	CDR_SET(c.name, slice_str(g->display));
	buf_str(out, ",L/ci(");
	mgcp_caller_write(out, &c, (time_t)(clock_utc_ms() / 1000));
	buf_char(out, ')');
}

static void write_ring(const struct mgcp_line *l, struct buf *out)
{
	char ring[8];
	struct buf b = buf_fixed(ring, sizeof(ring));
	buf_printf(&b, "L/%s", is_pbx(l) ? "rg" : l->leg->ring[0] ? l->leg->ring : mgcp_line_text(l, "ring"));
	give(l, out, buf_z(&b));
}

/* The lamp, and the polarity while a call of its user's is answered: they stay as they were told last. */
static void write_lasting(struct mgcp_line *l, struct buf *out)
{
	bool reversed = l->state == PHONE_TALKING && l->leg->answered && l->leg->leg.side == SIDE_A && mgcp_line_flag(l, "reversal");
	if (reversed != l->reversed)
		give(l, out, reversed ? "L/lsa(+)" : "L/lsa(-)");
	if (l->state == PHONE_IDLE && l->messages != l->told_messages)
		give(l, out, l->messages ? "L/vmwi(+)" : "L/vmwi(-)");
	if (l->state == PHONE_IDLE)
		l->told_messages = l->messages;
	l->reversed = reversed;
}

/* `first`: signals that are given once are, too. */
static void write_signals(struct mgcp_line *l, struct buf *out, bool first)
{
	switch ((enum phone_state)l->state) {
	case PHONE_RINGING:
		write_ring(l, out);
		if (first)
			write_caller(l, l->leg, out);
		break;
	case PHONE_DIALLING:
		give(l, out, l->messages ? "L/mwi" : "L/dl");
		break;
	case PHONE_CALLING:
	case PHONE_TONE:
		give(l, out, l->tone ? l->tone : "");
		break;
	case PHONE_TALKING:
		if (l->waiting)
			give(l, out, "L/wt");
		if (l->waiting && first)
			write_caller(l, l->waiting, out);
		break;
	default:
		break;
	}
	write_lasting(l, out);
}

static void ask(struct mgcp_line *l, bool first)
{
	char events[2600], signals[512];
	struct buf r = buf_fixed(events, sizeof(events)), s = buf_fixed(signals, sizeof(signals));
	if (l->state == PHONE_OUT)
		return;
	write_events(l, &r);
	write_signals(l, &s, first);
	const struct mgcp_ask what = {.events = buf_z(&r), .signals = buf_z(&s), .digitmap = l->state == PHONE_DIALLING ? digit_map(l) : NULL, .tag = l->state};
	mgcp_line_ask(l, &what);
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
		ask(l, true);
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
	if (status)
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

static void flash(struct mgcp_line *l)
{
	switch ((enum phone_state)l->state) {
	case PHONE_TALKING:
		if (l->waiting && !l->held) {
			swap(l, l->waiting, "takes the call that waited");
		} else if (l->held) {
			swap(l, l->held, "changes over");
		} else if (mgcp_line_flag(l, "flash")) {
			put_on_hold(l);
			enter(l, PHONE_DIALLING, "flash");
			mgcp_line_sync(l);
		}
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

/* Hanging up with somebody on hold joins the two. */
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
	if (!transfer(l) && l->leg)
		mgcp_line_hangs_up(l, l->leg, l->leg->answered ? 0 : 487, 16);
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
	ask(l, false);
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
	if (l->state == PHONE_TALKING && !l->waiting && !l->held && !is_pbx(l) && mgcp_line_flag(l, "call-waiting")) {
		l->waiting = mem_ref(g);
		return 0;
	}
	return 486;
}

static void ready(struct mgcp_line *l, struct mgcp_leg *g)
{
	if (g == l->leg && l->state == PHONE_IDLE) {
		enter(l, PHONE_RINGING, "called");
	} else if (g == l->waiting) {
		ask(l, true);
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
	ask(l, true);
}

static void taken(struct mgcp_line *l, struct mgcp_leg *g)
{
	if (g == l->leg)
		enter(l, PHONE_TALKING, "answered");
}

static void ended(struct mgcp_line *l, struct mgcp_leg *g, unsigned status, unsigned cause)
{
	bool was = g == l->leg, waited = g == l->waiting;
	mgcp_line_forget(l, g);
	if (waited)
		ask(l, false);
	if (!was)
		return;
	switch ((enum phone_state)l->state) {
	case PHONE_RINGING:
	case PHONE_ON_HOOK:
		ring_back(l);
		break;
	case PHONE_CALLING:
	case PHONE_TALKING:
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
		ask(l, true);
}

static void stop(struct mgcp_line *l)
{
	if (!l->leg && !l->held && !l->waiting)
		enter(l, PHONE_OUT, "out of service");
}

static void restored(struct mgcp_line *l, struct mgcp_leg *g)
{
	l->off_hook = g->answered || g->leg.side == SIDE_A;
	if (g == l->leg)
		l->state = g->answered ? PHONE_TALKING : g->leg.side == SIDE_A ? PHONE_CALLING : PHONE_RINGING;
	else if (!l->leg)
		l->state = PHONE_DIALLING;
}

#define COMMON                                                                                                                                  \
	.begin = begin, .stop = stop, .event = event, .notified = notified, .again = again, .answered = answered, .hook = hook, .called = called, \
	.ready = ready, .progress = progress, .taken = taken, .ended = ended, .restored = restored, .early = LINE_MEDIA_RESTS

static const struct mgcp_package *const packages[] = {&mgcp_package_l, &mgcp_package_d, &mgcp_package_g, NULL};
static const struct mgcp_package *const pbx_packages[] = {&mgcp_package_bl, &mgcp_package_d, &mgcp_package_g, NULL};

const struct mgcp_line_kind mgcp_phone = {.name = "phone", .packages = packages, COMMON};
const struct mgcp_line_kind mgcp_pbx = {.name = "pbx", .packages = pbx_packages, COMMON};
