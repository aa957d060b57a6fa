// SPDX-License-Identifier: GPL-3.0-or-later
/* An E&M trunk: packages MS, DT, MD or MO (RFC 3064), as numbers are sent there. Who seizes goes off hook; the other side winks when it wants digits, unless it
 * starts at once; off hook for long is the answer. On hook from who called ends a call (rel), from who was called only suspends it (sus). */
#include "mediagw/circuit_internal.h"
#include <errno.h>
#include <string.h>

#define T_WINK_MS       5000  /* for the wink, or for digits to be wanted again */
#define T_IMMEDIATE_MS  150   /* from seizing to the digits of an immediate start */
#define T_AFTER_WINK_MS 100  /* at least 70 ms */
#define T_GLARE_MS      4000  /* RFC 3064 4.1 */
#define T_GLARE_END_MS  16000
#define T_INTERDIGIT_MS 5000
#define T_CONFIRM_MS    30000 /* for the call agent to confirm a release */
#define T_GUARD_MS      500
#define T_BLOCKED_MS    10000 /* off hook for so long after the end of a call, and for none, the other side blocks the trunk */

enum state {
	IDLE,
	BLOCKED,   /* off hook for no call, by bl */
	SEIZED,    /* from there: digits come, until the call agent says that it is answered */
	STARTS,    /* from here: until the other side wants digits */
	GLARE,     /* so did the other side: it gives way, or we do */
	OUTPULSES,
	WAITS,     /* for a wink or off hook before the next digits */
	DIALLED,
	UP,        /* a call from here, answered */
	ANSWERED,  /* one from there */
	SUSPENDED, /* who was called hung up, or we did so for it */
	RELEASED,  /* the other side is done: the call agent confirms it with rlc */
	RELEASES,  /* we are: until the other side is on hook */
	GUARD,
};
static const char *const states[] = {"idle", "blocked", "seized", "starts", "glare", "outpulses", "waits", "dialled", "up", "answered", "suspended",
				     "released", "releases", "guard", NULL};

#define STAGES 3

/* Digits, and what has to come before them. */
struct stage {
	enum { ON_WINK, ON_OFF_HOOK } after;
	char digits[96];
};

struct em {
	struct circuit c;
	const struct mgcp_signal *setup, *wink; /* sup or inf; a brief one */
	struct stage stages[STAGES];
	unsigned n_stages, stage;
	bool ready;          /* what the next stage comes after has come */
	bool incoming, there; /* who called; the other side is off hook */
	bool blocked;        /* ... for no call */
	char heard[64];
	struct timer interdigit;
};

static struct em *em(struct circuit *c)
{
	return (struct em *)c;
}

static const struct mgcp_package *package(const struct circuit *c)
{
	return c->kind->packages[0];
}

static bool has_event(const struct circuit *c, const char *name)
{
	const struct mgcp_event_type *t = mgcp_event_type_find(package(c), slice_str(name));
	return t && t->event;
}

static void tell(struct circuit *c, const char *event, const char *params)
{
	if (!has_event(c, event))
		return;
	if (params)
		circuit_event_with(c, package(c), event, params);
	else
		circuit_event(c, package(c), event);
}

static bool by_mf(const struct circuit *c)
{
	return package(c) != &mgcp_package_dt;
}

/* --- the end ------------------------------------------------------------------------------------------------------ */

static void set_blocked(struct circuit *c, bool on)
{
	if (em(c)->blocked != on)
		c->p.h->blocked(c->p.arg, on);
	em(c)->blocked = on;
}

static void be_free(struct circuit *c, const char *why)
{
	set_blocked(c, false);
	em(c)->heard[0] = '\0';
	timer_stop(&em(c)->interdigit);
	circuit_set_state(c, GUARD, why);
	circuit_timer(c, T_GUARD_MS);
}

/* On hook, and free when both are. */
static void let_go(struct circuit *c, const char *why)
{
	circuit_digits_stop(c);
	circuit_cut(c, &em(c)->wink);
	circuit_silence(c);
	circuit_hook_do(c, TDM_ONHOOK);
	if (em(c)->there) {
		circuit_set_state(c, RELEASES, why);
		circuit_timer(c, T_BLOCKED_MS);
	} else {
		be_free(c, why);
	}
}

/* RFC 3064 table 12: the call agent hears why. */
static void fail(struct circuit *c, const char *cause, const char *why)
{
	let_go(c, why);
	circuit_done(c, &em(c)->setup, true);
	tell(c, "rel", cause);
}

static void released(struct circuit *c, const char *why)
{
	circuit_set_state(c, RELEASED, why);
	circuit_timer(c, T_CONFIRM_MS);
	circuit_done(c, &em(c)->setup, true);
	tell(c, "rel", "0");
}

/* --- from here ---------------------------------------------------------------------------------------------------- */

static int add_stage(struct em *m, struct slice params, const char *name, int after)
{
	struct stage *s = &m->stages[m->n_stages];
	int err = m->n_stages == STAGES ? -1 : circuit_address(params, name, by_mf(&m->c), s->digits, sizeof s->digits);
	if (err)
		return err;
	s->after = after;
	m->n_stages++;
	return 0;
}

/* Digits that are sent with those before. */
static int join_stage(struct em *m, struct slice params, const char *name)
{
	char *to = m->stages[m->n_stages - 1].digits;
	size_t n = strlen(to);
	return circuit_address(params, name, by_mf(&m->c), to + n, sizeof m->stages[0].digits - n);
}

/* Tables 13, 15 and 16: "addr(...)" alone; "ct(nda),id(...),addr(...)" at once; "ct(nta),ca(...),id(...),addr(...)" with a wink between; an operator
 * wants the number called at its wink and the caller's at its off hook. */
static int read_stages(struct em *m, const struct mgcp_signal *s)
{
	m->n_stages = m->stage = 0;
	if (s->package == &mgcp_package_mo)
		return add_stage(m, s->params, "addr", ON_WINK) ? -1 : add_stage(m, s->params, "id", ON_OFF_HOOK);
	if (s->package != &mgcp_package_md)
		return add_stage(m, s->params, "addr", ON_WINK);
	add_stage(m, s->params, "ca", ON_WINK);
	if (add_stage(m, s->params, "id", ON_WINK))
		return -1;
	join_stage(m, s->params, "addr"); /* overlap sending has none, yet */
	return 0;
}

static void outpulse(struct circuit *c)
{
	struct em *m = em(c);
	m->ready = false;
	circuit_set_state(c, OUTPULSES, "the other side wants digits");
	if (circuit_dial(c, by_mf(c) ? DIGIT_MF : DIGIT_DTMF, m->stages[m->stage].digits))
		fail(c, "111", "the digits cannot be sent");
}

static void outpulsed(struct circuit *c)
{
	struct em *m = em(c);
	if (++m->stage < m->n_stages) {
		circuit_set_state(c, WAITS, "more digits");
		circuit_timer(c, T_WINK_MS);
		if (m->stages[m->stage].after == ON_OFF_HOOK && m->there)
			outpulse(c);
		return;
	}
	circuit_set_state(c, m->there ? UP : DIALLED, "all digits are out");
	circuit_done(c, &m->setup, false);
}

static void setup_start(struct circuit *c, const struct mgcp_signal *s)
{
	struct em *m = em(c);
	m->setup = s;
	if (c->state != IDLE || m->there || read_stages(m, s) || circuit_seize(c, false)) {
		circuit_done(c, &m->setup, true);
		tell(c, "rel", "44");
		return;
	}
	m->incoming = false;
	circuit_set_state(c, STARTS, "a call from here");
	circuit_timer(c, c->p.settings->immediate ? T_IMMEDIATE_MS : T_WINK_MS);
	if (circuit_hook_do(c, TDM_OFFHOOK))
		fail(c, "111", "it cannot be seized");
}

/* Nobody waits for its end any more; the call is ended by rel. */
static void setup_stop(struct circuit *c, const struct mgcp_signal *s)
{
	em(c)->setup = NULL;
}

static unsigned setup_check(const struct mgcp_signal *s, const char **why)
{
	static const struct {
		const struct mgcp_package *package;
		const char *name;
	} needs[] = {
		{&mgcp_package_ms, "addr"}, {&mgcp_package_dt, "addr"}, {&mgcp_package_mo, "addr"}, {&mgcp_package_mo, "id"}, {&mgcp_package_md, "id"},
	};
	static const char *const all[] = {"addr", "id", "ca"};
	char digits[96];
	bool mf = s->package != &mgcp_package_dt;
	*why = "a parameter with the digits to send is missing (RFC 3064 2.7)";
	for (size_t i = 0; i < sizeof needs / sizeof *needs; i++)
		if (needs[i].package == s->package && circuit_address(s->params, needs[i].name, mf, digits, sizeof digits) == -ENOENT)
			return 538;
	*why = "these digits cannot be sent";
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (circuit_address(s->params, all[i], mf, digits, sizeof digits) == -EINVAL)
			return 538;
	return 0;
}

/* MD/inf(...): the rest of what was sent in part. */
static void inf_start(struct circuit *c, const struct mgcp_signal *s)
{
	struct em *m = em(c);
	char list[128];
	struct buf b = buf_fixed(list, sizeof list);
	buf_str(&b, "addr(");
	buf_slice(&b, s->params);
	buf_char(&b, ')');
	m->setup = s;
	m->n_stages = m->stage = 0;
	if (c->state != DIALLED || b.err || add_stage(m, buf_text(&b), "addr", ON_WINK))
		circuit_done(c, &m->setup, true);
	else
		outpulse(c);
}

/* --- from there --------------------------------------------------------------------------------------------------- */

static void seized(struct circuit *c)
{
	struct em *m = em(c);
	if (package(c) == &mgcp_package_mo) {
		tell(c, "rbz", NULL);
		return;
	}
	if (c->p.h->requested(c->p.arg, package(c), "bl")) {
		tell(c, "bl", NULL);
		return;
	}
	if (circuit_seize(c, true))
		return;
	m->incoming = true;
	m->heard[0] = '\0';
	circuit_set_state(c, SEIZED, "a call from there");
	tell(c, "sup", NULL);
	if (!c->p.settings->immediate)
		circuit_hook_do(c, TDM_WINK);
}

/* RFC 3064 2.7, inf: what was heard up to ST, or until nothing followed. */
static void tell_digits(void *arg)
{
	struct circuit *c = arg;
	struct em *m = em(c);
	char text[160];
	struct buf b = buf_fixed(text, sizeof text);
	timer_stop(&m->interdigit);
	circuit_mf_write(&b, slice_str(m->heard));
	m->heard[0] = '\0';
	if (c->state == SEIZED)
		tell(c, "inf", buf_z(&b));
}

static void mf_digit(struct circuit *c, char digit)
{
	struct em *m = em(c);
	size_t n = strlen(m->heard);
	if (!digit || n + 1 >= sizeof m->heard)
		return;
	m->heard[n] = digit;
	m->heard[n + 1] = '\0';
	if (strchr("#ABC", digit))
		tell_digits(c);
	else
		timer_start(&m->interdigit, T_INTERDIGIT_MS, tell_digits, c);
}

/* --- what happens ------------------------------------------------------------------------------------------------- */

static void be_ready(struct circuit *c, const char *why)
{
	em(c)->ready = true;
	circuit_set_state(c, WAITS, why);
	circuit_timer(c, T_AFTER_WINK_MS);
}

static void went_off_hook(struct circuit *c)
{
	struct em *m = em(c);
	m->there = true;
	switch ((enum state)c->state) {
	case IDLE:
		seized(c);
		break;
	case STARTS:
		if (package(c) == &mgcp_package_mo || c->p.settings->immediate)
			break;
		circuit_set_state(c, GLARE, "both sides have seized");
		circuit_timer(c, T_GLARE_MS);
		break;
	case WAITS:
		if (m->stages[m->stage].after != ON_OFF_HOOK)
			break;
		tell(c, "ans", NULL);
		be_ready(c, "off hook");
		break;
	case OUTPULSES:
	case DIALLED:
		circuit_set_state(c, c->state == DIALLED ? UP : OUTPULSES, "answered");
		tell(c, "ans", NULL);
		circuit_event(c, &mgcp_package_t, "as");
		break;
	case SUSPENDED:
		circuit_set_state(c, UP, "off hook again");
		tell(c, "res", NULL);
		break;
	default:
		break;
	}
}

static void went_on_hook(struct circuit *c)
{
	struct em *m = em(c);
	m->there = false;
	switch ((enum state)c->state) {
	case GLARE:
		outpulse(c); /* it gave way */
		break;
	case SEIZED:
	case ANSWERED:
		released(c, "who called hung up");
		break;
	case UP:
	case SUSPENDED:
		if (m->incoming || package(c) == &mgcp_package_mo) {
			released(c, "who called hung up");
		} else if (c->state == UP) {
			circuit_set_state(c, SUSPENDED, "who was called hung up");
			tell(c, "sus", NULL);
		}
		break;
	case RELEASES:
		be_free(c, "both are on hook");
		break;
	default:
		break;
	}
}

static void winked(struct circuit *c)
{
	struct em *m = em(c);
	if ((c->state == STARTS && !c->p.settings->immediate) || (c->state == WAITS && m->stages[m->stage].after == ON_WINK)) {
		tell(c, "swk", NULL);
		be_ready(c, "a wink");
	} else if (c->state == DIALLED) {
		tell(c, package(c) == &mgcp_package_mo ? "orbk" : "awk", NULL);
	}
}

static void timeout(struct circuit *c)
{
	struct em *m = em(c);
	switch ((enum state)c->state) {
	case IDLE:
		if (m->there)
			seized(c);
		break;
	case STARTS:
		if (c->p.settings->immediate)
			outpulse(c);
		else
			fail(c, "111", "no wink");
		break;
	case WAITS:
		if (m->ready)
			outpulse(c);
		else
			fail(c, "111", "no more digits are wanted");
		break;
	case GLARE:
		/* On hook now might be taken for a wink: not before the other side is, or much later. */
		circuit_set_state(c, RELEASED, "the other side does not give way");
		circuit_timer(c, T_GLARE_END_MS);
		circuit_done(c, &m->setup, true);
		tell(c, "rel", "44");
		break;
	case RELEASED:
		let_go(c, "it was not confirmed");
		break;
	case RELEASES:
		set_blocked(c, true);
		break;
	case GUARD:
		circuit_set_state(c, IDLE, "it is free");
		circuit_release(c);
		tell(c, "rlc", NULL);
		if (m->there)
			seized(c);
		break;
	default:
		break;
	}
}

static void line_event(struct circuit *c, const struct tdm_event *e)
{
	switch (e->kind) {
	case TDM_EV_OFFHOOK:
		/* DAHDI's debouncing of our own off hook ends with this event, too. */
		if (c->p.h->off_hook(c->p.arg))
			went_off_hook(c);
		break;
	case TDM_EV_ONHOOK:
		went_on_hook(c);
		break;
	case TDM_EV_WINK_FLASH:
		winked(c);
		break;
	case TDM_EV_PULSE_DIGIT:
		if (c->state == SEIZED)
			circuit_digit(c, e->digit);
		circuit_digit(c, '\0');
		break;
	case TDM_EV_DIALLED:
		if (c->state == OUTPULSES)
			outpulsed(c);
		break;
	case TDM_EV_HOOK_DONE:
		circuit_done(c, &em(c)->wink, false);
		break;
	default:
		break;
	}
}

static void heard(struct circuit *c, const struct heard *h)
{
	if (h->kind == HEARD_EVENT)
		line_event(c, &h->event);
	else if (h->kind == HEARD_PLAYED && c->state == OUTPULSES)
		outpulsed(c);
	else if (h->kind == HEARD_DIGIT && by_mf(c) && c->state == SEIZED)
		mf_digit(c, h->digit);
	else if (h->kind == HEARD_DIGIT && !by_mf(c))
		circuit_digit(c, h->digit);
}

/* --- the other signals -------------------------------------------------------------------------------------------- */

/* Off hook towards who called. */
static void ans_start(struct circuit *c, const struct mgcp_signal *s)
{
	if ((c->state == SEIZED || c->state == SUSPENDED) && em(c)->incoming && !circuit_hook_do(c, TDM_OFFHOOK))
		circuit_set_state(c, ANSWERED, s->type->name);
	circuit_done(c, &s, false);
}

static void sus_start(struct circuit *c, const struct mgcp_signal *s)
{
	if ((c->state == UP || c->state == ANSWERED) && !circuit_hook_do(c, TDM_ONHOOK))
		circuit_set_state(c, SUSPENDED, "sus");
	circuit_done(c, &s, false);
}

/* To an operator, who was called from here. */
static void res_start(struct circuit *c, const struct mgcp_signal *s)
{
	if (c->state == SUSPENDED && !circuit_hook_do(c, TDM_OFFHOOK))
		circuit_set_state(c, UP, "res");
	circuit_done(c, &s, false);
}

static void rel_start(struct circuit *c, const struct mgcp_signal *s)
{
	if (c->state != IDLE && c->state != GUARD && c->state != RELEASES)
		let_go(c, s->type->name);
	circuit_done(c, &s, false);
}

static void bl_start(struct circuit *c, const struct mgcp_signal *s)
{
	if (c->state == IDLE && !circuit_seize(c, false)) {
		if (circuit_hook_do(c, TDM_OFFHOOK))
			circuit_release(c);
		else
			circuit_set_state(c, BLOCKED, "bl");
	}
	circuit_done(c, &s, false);
}

/* A wink of ours: acknowledgement, or more digits are wanted. */
static void wink_start(struct circuit *c, const struct mgcp_signal *s)
{
	em(c)->wink = s;
	if (c->state != SEIZED || circuit_hook_do(c, TDM_WINK))
		circuit_done(c, &em(c)->wink, false);
}

/* MO/rcl: the operator comes back at a flash. */
static void rcl_start(struct circuit *c, const struct mgcp_signal *s)
{
	em(c)->wink = s;
	if (c->state != UP || circuit_hook_do(c, TDM_FLASH))
		circuit_done(c, &em(c)->wink, false);
}

static void wink_stop(struct circuit *c, const struct mgcp_signal *s)
{
	em(c)->wink = NULL;
}

static unsigned inf_check(const struct mgcp_signal *s, const char **why)
{
	char list[128], digits[96];
	struct buf b = buf_fixed(list, sizeof list);
	buf_str(&b, "addr(");
	buf_slice(&b, s->params);
	buf_char(&b, ')');
	*why = "these digits cannot be sent";
	return b.err || circuit_address(buf_text(&b), "addr", true, digits, sizeof digits) ? 538 : 0;
}

/* --- the kind ----------------------------------------------------------------------------------------------------- */

/* A call that waits there already; but the other side's equipment may only just come up. */
static void open_line(struct circuit *c)
{
	em(c)->there = c->off_hook;
	if (c->off_hook)
		circuit_timer(c, T_GUARD_MS);
}

static void close_line(struct circuit *c)
{
	struct em *m = em(c);
	set_blocked(c, false);
	timer_stop(&m->interdigit);
	m->setup = m->wink = NULL;
	m->there = m->incoming = false;
	m->heard[0] = '\0';
}

static void end(struct circuit *c)
{
	if (c->state == IDLE || c->state == GUARD || c->state == RELEASES)
		return;
	let_go(c, "it may not be used any more");
	circuit_done(c, &em(c)->setup, true);
	tell(c, "rel", "0");
}

static void restored(struct circuit *c)
{
	struct em *m = em(c);
	m->there = c->off_hook;
	m->incoming = c->state == ANSWERED;
	if ((c->state == UP || c->state == ANSWERED) && !m->there)
		went_on_hook(c);
	else if (c->state != UP && c->state != ANSWERED && c->state != DIALLED && c->state != SUSPENDED && c->state != BLOCKED)
		fail(c, "111", "it was not up");
}

static enum mgcp_hook hook(const struct circuit *c)
{
	return MGCP_ANY_HOOK;
}

static void event_states(const struct circuit *c, struct buf *out)
{
	const struct em *m = (const struct em *)c;
	if (c->state == IDLE)
		buf_printf(out, "%s/rlc", package(c)->name);
	else if (m->incoming && has_event(c, "sup"))
		buf_printf(out, "%s/sup", package(c)->name);
}

static unsigned listens(const struct circuit *c)
{
	if (c->state == SEIZED)
		return by_mf(c) ? LISTEN_MF : LISTEN_DTMF;
	return (c->state == UP || c->state == ANSWERED) && !by_mf(c) ? LISTEN_DTMF : 0;
}

#define BRIEF(package, name, fn) {&mgcp_package_##package, name, fn, NULL, NULL}
#define TRUNK(package) \
	{&mgcp_package_##package, "sup", setup_start, setup_stop, setup_check}, BRIEF(package, "ans", ans_start), BRIEF(package, "sus", sus_start), \
	BRIEF(package, "res", ans_start), BRIEF(package, "rel", rel_start), BRIEF(package, "rlc", rel_start), BRIEF(package, "bl", bl_start)

static const struct circuit_signal signals[] = {
	TRUNK(ms), TRUNK(dt), TRUNK(md), BRIEF(t, "as", ans_start), BRIEF(t, "bl", bl_start), CIRCUIT_TESTS,
	{&mgcp_package_md, "inf", inf_start, setup_stop, inf_check},
	{&mgcp_package_md, "awk", wink_start, wink_stop, NULL}, {&mgcp_package_md, "cwk", wink_start, wink_stop, NULL},
	{&mgcp_package_mo, "sup", setup_start, setup_stop, setup_check},
	BRIEF(mo, "sus", sus_start), BRIEF(mo, "res", res_start), BRIEF(mo, "rel", rel_start), BRIEF(mo, "rlc", rel_start), {&mgcp_package_mo, "rcl", rcl_start, wink_stop, NULL},
	{0},
};
static const struct circuit_events events[] = {
	{&mgcp_package_ms, NULL}, {&mgcp_package_dt, NULL}, {&mgcp_package_md, NULL}, {&mgcp_package_mo, NULL}, {&mgcp_package_d, NULL},
	{&mgcp_package_t, "as co1 co2 om nm mm tl ro sit zz tp oc of"}, {&mgcp_package_g, "ft mt ld oc of"}, {&mgcp_package_r, STREAM_EVENTS}, {0},
};

#define REST &mgcp_package_t, &mgcp_package_g, &mgcp_package_sst, &mgcp_package_r, &mgcp_package_b, NULL
static const struct mgcp_package *const mf_packages[] = {&mgcp_package_ms, REST};
static const struct mgcp_package *const tones_packages[] = {&mgcp_package_dt, &mgcp_package_d, &mgcp_package_dm1, REST};
static const struct mgcp_package *const feature_d_packages[] = {&mgcp_package_md, REST};
static const struct mgcp_package *const operator_packages[] = {&mgcp_package_mo, REST};

#define EM \
	.size = sizeof(struct em), .states = states, .signals = signals, .events = events, .open = open_line, .close = close_line, .end = end, \
	.heard = heard, .timeout = timeout, .hook = hook, .event_states = event_states, .restored = restored, .listens = listens
const struct circuit_kind circuit_em_tones = {EM, .packages = tones_packages};
const struct circuit_kind circuit_em_mf = {EM, .packages = mf_packages};
const struct circuit_kind circuit_em_feature_d = {EM, .packages = feature_d_packages};
const struct circuit_kind circuit_em_operator = {EM, .packages = operator_packages};
