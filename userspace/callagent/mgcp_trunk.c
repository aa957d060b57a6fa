// SPDX-License-Identifier: GPL-3.0-or-later
/* Lines to an exchange and trunks with signalling of their own: FXO (package DO, and H for what that does not have), E&M by MF, by tones or pulses, feature
 * group D, operator (MS, DT, MD, MO). The gateway knows hooks and winks; here is what RFC 3064 5 has a call agent do: the same for all, a row each. */
#include "base/log.h"
#include "base/mem.h"
#include "callagent/agent.h"
#include "callagent/call.h"
#include "callagent/mgcp_line.h"
#include "callagent/mgcp_trunk.h"
#include "mgcp/caller.h"
#include "routing/causes.h"

#define T_RLC_MS     10000 /* for the endpoint to say that it is free */
#define T_REL_MS     500   /* for it to say why the number could not be sent */
#define T_SUSPEND_MS 10000 /* RFC 3064 5.1.2.2: for who was called to take the call up again */

enum trunk_state {
	TRUNK_OUT,       /* of service */
	TRUNK_IDLE,
	TRUNK_COLLECTS,  /* a call from there: digits are awaited */
	TRUNK_CALLING,   /* ... its leg is being called */
	TRUNK_REFUSED,   /* ... that failed: a tone until they hang up */
	TRUNK_DIALS,     /* a call from here: the number is going out */
	TRUNK_DIALLED,   /* it is out */
	TRUNK_UP,
	TRUNK_SUSPENDED, /* who was called there hung up, and may come back */
	TRUNK_RELEASES,  /* until it is free again */
};
static const char *const state_names[] = {"out of service", "idle", "collects", "calling", "refused", "dials", "dialled", "up", "suspended", "releases"};

struct signalling {
	const char *idle;      /* R: of a call from there */
	const char *collects;  /* R: of its digits, and of its end */
	const char *begins;    /* S: before them; NULL: nothing, or dial tone where the line is to have it */
	const char *in_call;   /* R: in one that has come, or is up */
	const char *outgoing;  /* R: of one to there */
	const char *setup;     /* S: its name */
	const char *answer;    /* S: to who called */
	const char *release, *confirm; /* S: we hang up; they have */
	const char *freed;     /* R: */
	const char *dial_tone, *ringback, *busy, *reorder; /* S: NULL: there is none */
	unsigned groups;       /* of digits that come: the last one is the number, the first of two who calls */
};

static const struct signalling fxo = {
	.idle = "DO/ci(A),DO/rg(N)", .collects = "D/[0-9*#T](D),DO/rel(N)", .begins = "DO/hd", .in_call = "DO/rel(N)",
	.setup = "DO/sup", .outgoing = "DO/oc(N),DO/of(N),DO/rel(N)", .answer = "DO/hd", .release = "DO/hu", .confirm = "DO/hu", .freed = "DO/rlc(N)",
	.dial_tone = "H/dl", .ringback = "G/rt", .busy = "H/bz", .reorder = "H/ro",
};
static const struct signalling em_mf = {
	.idle = "MS/sup(N)", .collects = "MS/inf(N),MS/rel(N)", .in_call = "MS/rel(N),MS/sus(N),MS/res(N)",
	.setup = "MS/sup", .outgoing = "MS/oc(N),MS/of(N),MS/rel(N),MS/ans(N),MS/sus(N)", .answer = "MS/ans", .release = "MS/rel", .confirm = "MS/rlc", .freed = "MS/rlc(N)",
	.ringback = "MS/rt", .busy = "MS/bz", .reorder = "MS/ro", .groups = 1,
};
static const struct signalling em = {
	.idle = "DT/sup(N)", .collects = "D/[0-9*#T](D),DT/rel(N)", .in_call = "DT/rel(N),DT/sus(N),DT/res(N)",
	.setup = "DT/sup", .outgoing = "DT/oc(N),DT/of(N),DT/rel(N),DT/ans(N),DT/sus(N)", .answer = "DT/ans", .release = "DT/rel", .confirm = "DT/rlc", .freed = "DT/rlc(N)",
	.dial_tone = "DT/dl", .ringback = "DT/rt", .busy = "DT/bz", .reorder = "DT/ro",
};
static const struct signalling fgd = {
	.idle = "MD/sup(N)", .collects = "MD/inf(N),MD/rel(N)", .in_call = "MD/rel(N),MD/sus(N),MD/res(N)",
	.setup = "MD/sup", .outgoing = "MD/oc(N),MD/of(N),MD/rel(N),MD/ans(N),MD/sus(N)", .answer = "MD/ans", .release = "MD/rel", .confirm = "MD/rlc", .freed = "MD/rlc(N)",
	.ringback = "MD/rt", .busy = "MD/bz", .reorder = "MD/ro", .groups = 2,
};
static const struct signalling operator = {
	.idle = "MO/rlc(N)", .in_call = "MO/rel(N)", .setup = "MO/sup", .outgoing = "MO/oc(N),MO/of(N),MO/rel(N),MO/ans(N)", .release = "MO/rel", .confirm = "MO/rlc",
	.freed = "MO/rlc(N)",
};

static const struct signalling *of(const struct mgcp_line *l)
{
	return l->kind->signalling;
}

/* --- what is asked for ---------------------------------------------------------------------------------------------- */

static void on_timer(void *arg);
static void hang_up(struct mgcp_line *l, bool theirs, const char *why);
static void is_answered(struct mgcp_line *l);

static bool answer_is(const struct mgcp_line *l, enum mgcp_answer rule)
{
	return of(l) == &fxo && mgcp_line_int(l, "answer") == (int64_t)rule;
}

static const char *wanted(const struct mgcp_line *l)
{
	const struct signalling *s = of(l);
	switch ((enum trunk_state)l->state) {
	case TRUNK_IDLE:
		return s->idle;
	case TRUNK_COLLECTS:
		return s->collects;
	case TRUNK_DIALS:
	case TRUNK_DIALLED:
		return answer_is(l, MGCP_ANSWER_TOLD) ? "DO/oc(N),DO/of(N),DO/rel(N),H/lsa(N)" : s->outgoing;
	case TRUNK_RELEASES:
		return s->freed;
	default:
		return s->in_call;
	}
}

static const char *digit_map(const struct mgcp_line *l)
{
	const char *map = mgcp_line_text(l, "digit-map");
	return *map ? map : "[0-9*#].T";
}

static void ask(struct mgcp_line *l, const char *signals)
{
	const struct mgcp_ask what = {
		.events = wanted(l), .signals = signals, .tag = l->state,
		.digitmap = l->state == TRUNK_COLLECTS && !of(l)->groups ? digit_map(l) : NULL,
		.quarantine = l->state == TRUNK_DIALS ? "process,loop" : NULL,
	};
	if (l->state != TRUNK_OUT)
		mgcp_line_ask(l, &what);
}

/* The one place where the state changes. */
static void enter(struct mgcp_line *l, enum trunk_state state, const char *signals, const char *why)
{
	if (l->state != state)
		log_debug(l->object, "%s -> %s: %s", state_names[l->state], state_names[state], why);
	l->state = state;
	l->tone = NULL;
	timer_stop(&l->timer);
	if (state == TRUNK_IDLE)
		l->digits[0] = l->caller[0] = l->caller_name[0] = '\0';
	if (state == TRUNK_RELEASES)
		timer_start(&l->timer, T_RLC_MS, on_timer, l);
	if (state == TRUNK_REFUSED)
		timer_start(&l->timer, (uint64_t)mgcp_line_int(l, "tone-time"), on_timer, l);
	ask(l, signals);
}

/* --- numbers as events and signals have them ------------------------------------------------------------------------ */

static bool by_mf(const struct mgcp_line *l)
{
	return of(l) != &fxo && of(l) != &em;
}

/* What sets a call up there: of feature group D and to an operator, the number of who calls goes along. */
static void write_setup(const struct mgcp_line *l, const struct mgcp_leg *g, struct buf *out)
{
	const char *id = g->hidden ? "" : g->number, *info = mgcp_line_text(l, "line-information");
	buf_printf(out, "%s(", of(l)->setup);
	if (of(l) == &fgd) {
		buf_str(out, "ct(nda),");
		mgcp_digits_write(out, "id", true, info, id);
		buf_char(out, ',');
	}
	mgcp_digits_write(out, "addr", by_mf(l), "", g->called);
	if (of(l) == &operator) {
		buf_char(out, ',');
		mgcp_digits_write(out, "id", true, info, id);
	}
	buf_char(out, ')');
}

static void take_caller(struct mgcp_line *l, struct slice params)
{
	struct mgcp_caller c;
	const struct line_numbers *n = &l->tel->numbers;
	mgcp_caller_read(&c, params);
	CDR_SET(l->caller_name, slice_str(c.name));
	if (number_read(&n->plan, n->in, slice_str(c.number), l->caller, sizeof(l->caller)))
		l->caller[0] = '\0';
}

/* --- calls from there ----------------------------------------------------------------------------------------------- */

/* What only rings there cannot be told. */
static bool is_heard(const struct mgcp_line *l)
{
	return of(l) != &fxo || l->off_hook;
}

static void refuse(struct mgcp_line *l, unsigned status)
{
	const char *tone = status == 486 || status == 600 ? of(l)->busy : of(l)->reorder;
	enter(l, TRUNK_REFUSED, is_heard(l) ? tone : NULL, "its call cannot be made");
}

static void dial(struct mgcp_line *l, const char *number)
{
	if (!*l->caller)
		CDR_SET(l->caller, slice_str(mgcp_line_text(l, "number")));
	if (!*l->caller_name)
		CDR_SET(l->caller_name, slice_str(mgcp_line_text(l, "display")));
	enter(l, TRUNK_CALLING, NULL, number);
	unsigned status = mgcp_line_dial(l, number);
	if (status)
		refuse(l, status);
}

/* It rings, or is seized: the number that all its calls go to, or one that is dialled now. */
static void begins(struct mgcp_line *l)
{
	const char *hotline = mgcp_line_text(l, "hotline");
	char signals[64];
	struct buf b = buf_fixed(signals, sizeof(signals));
	if (l->state != TRUNK_IDLE)
		return;
	if (*hotline) {
		dial(l, hotline);
		return;
	}
	if (of(l)->begins) {
		l->off_hook = true;
		buf_printf(&b, "%s,", of(l)->begins);
	}
	if (of(l)->dial_tone && (of(l)->begins || mgcp_line_flag(l, "dial-tone")))
		buf_str(&b, of(l)->dial_tone);
	l->digits[0] = '\0';
	enter(l, TRUNK_COLLECTS, b.len ? buf_z(&b) : NULL, "a call from there");
}

/* Digits by MF come in groups. */
static void group(struct mgcp_line *l, struct slice params)
{
	char digits[sizeof(l->digits)];
	mgcp_digits_read(digits, sizeof(digits), params);
	if (l->state != TRUNK_COLLECTS)
		return;
	if (of(l)->groups == 2 && !*l->caller) {
		/* Two digits of what kind of line that is go before its number. */
		CDR_SET(l->caller, slice_str(strlen(digits) > 2 ? digits + 2 : digits));
		if (!*l->caller)
			CDR_SET(l->caller, SLICE("anonymous"));
		return;
	}
	dial(l, digits);
}

static void notified(struct mgcp_line *l, bool asked)
{
	char number[sizeof(l->digits)];
	size_t n = strcspn(l->digits, "T");
	if (!*l->digits || l->state != TRUNK_COLLECTS)
		return;
	CDR_SET(number, slice_of(l->digits, n));
	l->digits[0] = '\0';
	if (*number)
		dial(l, number);
	else
		refuse(l, 484);
}

/* --- ends ----------------------------------------------------------------------------------------------------------- */

/* The endpoint hangs up, too; when it is free it says so. */
static void hang_up(struct mgcp_line *l, bool theirs, const char *why)
{
	l->off_hook = false;
	enter(l, TRUNK_RELEASES, theirs ? of(l)->confirm : of(l)->release, why);
}

static void drop_leg(struct mgcp_line *l, unsigned status, unsigned cause)
{
	if (l->leg)
		mgcp_line_hangs_up(l, l->leg, status, cause);
}

/* rel(CAUSE): the other side is done, or the call could not be set up. */
static void released(struct mgcp_line *l, struct slice params)
{
	uint32_t cause = 0;
	unsigned state = l->state;
	slice_u32(slice_trim(params), &cause);
	if (state == TRUNK_IDLE || state == TRUNK_RELEASES || state == TRUNK_OUT)
		return;
	hang_up(l, true, "released there");
	if (state == TRUNK_DIALS || state == TRUNK_DIALLED)
		drop_leg(l, cause ? causes_status(&l->tel->causes, cause) : 480, cause ? cause : 16);
	else
		drop_leg(l, l->leg && l->leg->answered ? 0 : 487, cause ? cause : 16);
}

static void freed(struct mgcp_line *l)
{
	if (l->state == TRUNK_RELEASES)
		enter(l, TRUNK_IDLE, NULL, "it is free");
}

/* Why, rel says, which follows. */
static void failed(struct mgcp_line *l)
{
	if (l->state == TRUNK_DIALS)
		timer_start(&l->timer, T_REL_MS, on_timer, l);
}

static void on_timer(void *arg)
{
	struct mgcp_line *l = arg;
	switch ((enum trunk_state)l->state) {
	case TRUNK_RELEASES:
		enter(l, TRUNK_IDLE, NULL, "it has not said that it is free");
		break;
	case TRUNK_DIALS:
		hang_up(l, false, "the number could not be sent");
		drop_leg(l, 503, 41);
		break;
	case TRUNK_DIALLED:
		is_answered(l);
		break;
	case TRUNK_SUSPENDED:
		hang_up(l, false, "not taken up again");
		drop_leg(l, 0, 16);
		break;
	case TRUNK_REFUSED:
		hang_up(l, false, "they do not hang up");
		break;
	default:
		break;
	}
}

/* --- calls to there ------------------------------------------------------------------------------------------------- */

static unsigned called(struct mgcp_line *l, struct mgcp_leg *g)
{
	if (l->state != TRUNK_IDLE || l->leg || mgcp_ep_service(l->ep) == MGCP_SERVICE_OUT || mgcp_ep_service(l->ep) == MGCP_SERVICE_LEAVING)
		return 503;
	l->leg = mem_ref(g);
	return 0;
}

static void ready(struct mgcp_line *l, struct mgcp_leg *g)
{
	char signals[512];
	struct buf b = buf_fixed(signals, sizeof(signals));
	if (g == l->leg && l->state != TRUNK_IDLE)
		mgcp_line_hangs_up(l, g, 503, 34); /* seized from there meanwhile */
	if (g != l->leg || l->state != TRUNK_IDLE)
		return;
	l->off_hook = true;
	if (*g->called || of(l) != &fxo) {
		write_setup(l, g, &b);
		enter(l, TRUNK_DIALS, buf_z(&b), g->called);
	} else {
		/* Only seized: whoever calls dials by tones of its own. */
		enter(l, TRUNK_UP, "DO/hd", "seized");
		mgcp_line_answers(l, g);
	}
}

/* The number is out: what is heard there is heard by who calls, until the answer. */
static void dialled(struct mgcp_line *l)
{
	if (l->state != TRUNK_DIALS)
		return;
	if (answer_is(l, MGCP_ANSWER_DIALLED)) {
		is_answered(l);
		return;
	}
	enter(l, TRUNK_DIALLED, NULL, "the number is out");
	mgcp_line_rings(l, l->leg, 183);
	if (answer_is(l, MGCP_ANSWER_AFTER))
		timer_start(&l->timer, (uint64_t)mgcp_line_int(l, "answer-after"), on_timer, l);
}

static void is_answered(struct mgcp_line *l)
{
	if (l->state != TRUNK_DIALS && l->state != TRUNK_DIALLED)
		return;
	enter(l, TRUNK_UP, NULL, "answered");
	mgcp_line_answers(l, l->leg);
}

static void supervised(struct mgcp_line *l, struct slice params)
{
	if (!slice_eq(slice_trim(params), SLICE("-")))
		is_answered(l);
}

static void suspended(struct mgcp_line *l)
{
	if (l->state != TRUNK_UP)
		return;
	enter(l, TRUNK_SUSPENDED, NULL, "who was called hung up");
	timer_start(&l->timer, T_SUSPEND_MS, on_timer, l);
}

static void resumed(struct mgcp_line *l)
{
	if (l->state == TRUNK_SUSPENDED)
		enter(l, TRUNK_UP, NULL, "taken up again");
}

/* --- events --------------------------------------------------------------------------------------------------------- */

static void event(struct mgcp_line *l, const struct mgcp_observed *o, bool asked)
{
	static const struct {
		const char *name;
		void (*fn)(struct mgcp_line *l);
		void (*with)(struct mgcp_line *l, struct slice params);
	} rows[] = {
		{"rg", begins, NULL},   {"sup", begins, NULL},  {"ci", NULL, take_caller}, {"inf", NULL, group},  {"oc", dialled, NULL},
		{"of", failed, NULL},   {"ans", is_answered, NULL}, {"lsa", NULL, supervised},  {"rel", NULL, released},
		{"rlc", freed, NULL},   {"sus", suspended, NULL}, {"res", resumed, NULL},
	};
	size_t n = strlen(l->digits);
	if (o->type->event & MGCP_DIGIT) {
		if (l->state == TRUNK_COLLECTS && n + 1 < sizeof(l->digits))
			l->digits[n] = o->type->name[0], l->digits[n + 1] = '\0';
		return;
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(o->type->name, rows[i].name))
			continue;
		if (rows[i].fn)
			rows[i].fn(l);
		else
			rows[i].with(l, o->params);
	}
}

static void again(struct mgcp_line *l)
{
	ask(l, l->tone);
}

/* A request that is refused makes the call that it was for fail; one for a tone that the gateway has not is made without it. */
static void answered(struct mgcp_line *l, unsigned tag, int err, unsigned code)
{
	if (err && err != -ETIMEDOUT && tag == TRUNK_CALLING && tag == l->state && l->tone) {
		l->tone = NULL;
		ask(l, NULL);
	}
	if (err && err != -ETIMEDOUT && tag == l->state && (tag == TRUNK_DIALS || tag == TRUNK_COLLECTS)) {
		hang_up(l, false, mgcp_code_text(code));
		drop_leg(l, 503, 41);
	}
}

/* What the channel's own hook is, the gateway knows. */
static void hook(struct mgcp_line *l, enum mgcp_hook where)
{
}

/* --- what calls do -------------------------------------------------------------------------------------------------- */

/* Ringback, when the called side gives none of its own (RFC 3960 3.2) and somebody is there to hear it. */
static void progress(struct mgcp_line *l, struct mgcp_leg *g, const struct leg_news *n)
{
	const char *tone = !slice_empty(n->sdp) ? NULL : n->status == 180 ? of(l)->ringback : l->tone;
	if (l->state != TRUNK_CALLING || g != l->leg || tone == l->tone || !is_heard(l))
		return;
	l->tone = tone;
	ask(l, tone);
}

static void taken(struct mgcp_line *l, struct mgcp_leg *g)
{
	l->off_hook = true;
	enter(l, TRUNK_UP, of(l)->answer, "answered");
}

static void ended(struct mgcp_line *l, struct mgcp_leg *g, unsigned status, unsigned cause)
{
	bool was = g == l->leg;
	mgcp_line_forget(l, g);
	if (was && l->state == TRUNK_CALLING)
		refuse(l, status);
	else if (was && l->state >= TRUNK_DIALS && l->state <= TRUNK_SUSPENDED)
		hang_up(l, false, "the call is over");
}

static void begin(struct mgcp_line *l, bool fresh)
{
	if (fresh || l->state == TRUNK_OUT)
		enter(l, TRUNK_IDLE, NULL, "in service");
	else
		ask(l, NULL);
}

static void stop(struct mgcp_line *l)
{
	if (!l->leg)
		enter(l, TRUNK_OUT, NULL, "out of service");
}

static void restored(struct mgcp_line *l, struct mgcp_leg *g)
{
	l->off_hook = true;
	l->state = g->answered ? TRUNK_UP : g->leg.side == SIDE_A ? TRUNK_CALLING : TRUNK_DIALLED;
}

#define COMMON                                                                                                                                      \
	.begin = begin, .stop = stop, .event = event, .notified = notified, .again = again, .answered = answered, .hook = hook, .called = called, \
	.ready = ready, .progress = progress, .taken = taken, .ended = ended, .restored = restored, .early = LINE_MEDIA_TALKS

static const struct mgcp_package *const fxo_packages[] = {&mgcp_package_do, &mgcp_package_h, &mgcp_package_d, &mgcp_package_g, NULL};
static const struct mgcp_package *const mf_packages[] = {&mgcp_package_ms, NULL};
static const struct mgcp_package *const em_packages[] = {&mgcp_package_dt, &mgcp_package_d, NULL};
static const struct mgcp_package *const fgd_packages[] = {&mgcp_package_md, NULL};
static const struct mgcp_package *const operator_packages[] = {&mgcp_package_mo, NULL};

const struct mgcp_line_kind mgcp_fxo = {.name = "fxo", .packages = fxo_packages, .signalling = &fxo, COMMON};
const struct mgcp_line_kind mgcp_em = {.name = "em", .packages = em_packages, .signalling = &em, COMMON};
const struct mgcp_line_kind mgcp_em_mf = {.name = "em-mf", .packages = mf_packages, .signalling = &em_mf, COMMON};
const struct mgcp_line_kind mgcp_fgd = {.name = "fgd", .packages = fgd_packages, .signalling = &fgd, COMMON};
const struct mgcp_line_kind mgcp_operator = {.name = "operator", .packages = operator_packages, .signalling = &operator, COMMON};
