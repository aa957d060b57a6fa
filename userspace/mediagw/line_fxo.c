// SPDX-License-Identifier: GPL-3.0-or-later
/* A port on an exchange's line: packages DO (RFC 3064 2.4) and H (RFC 3660 2.5). We are its telephone. The exchange says little, so that some is
 * guessed: that there is dial tone before a number is sent, that a call is answered (H/lsa), that it is over (DO/rel). */
#include "mediagw/circuit_internal.h"
#include "base/log.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define T_RING_GAP_MS  8000 /* longer than any country's pause between rings: the caller has given up */
#define T_CALLER_MS    5000 /* for the ring that follows on a caller's number */
#define T_SETTLE_MS    500  /* from seizing to dialling where dial tone is not checked */
#define T_HANG_UP_MS   5000 /* for the call agent to hang up when the other side has */
#define T_FLASH_MS     100
#define FLASH_TRIES    20
#define T_GUARD_MS     1000 /* for the exchange to notice that we did */
#define T_POLARITY_MS  600  /* after answering a call: some exchanges reverse the polarity while it rings, and then back */

enum state { IDLE, CALLER, RINGING, SEIZED, DIALLING, DIALLED, UP, RELEASED, GUARD };
static const char *const states[] = {"idle", "caller", "ringing", "seized", "dialling", "dialled", "up", "released", "guard", NULL};

struct fxo {
	struct circuit c;
	const struct mgcp_signal *setup, *flash;
	char number[64];
	unsigned rings;
	bool told;          /* of the ring */
	char caller[32];    /* digits of it, as DTMF */
	bool answered;      /* by reversal: the next one is the end */
	uint64_t up_since;
	struct timer silence, longest, answer, flash_again;
	unsigned flashes;   /* tried */
};

static struct fxo *fxo(struct circuit *c)
{
	return (struct fxo *)c;
}

static bool in_call(const struct circuit *c)
{
	return c->state >= SEIZED && c->state <= UP;
}

/* --- the end ------------------------------------------------------------------------------------------------------ */

static void stop_timers(struct fxo *f)
{
	timer_stop(&f->silence);
	timer_stop(&f->longest);
	timer_stop(&f->answer);
	timer_stop(&f->flash_again);
	circuit_cut(&f->c, &f->flash);
}

/* On hook, and free as soon as the exchange has noticed. */
static void hang_up(struct circuit *c, const char *why)
{
	stop_timers(fxo(c));
	circuit_digits_stop(c);
	circuit_silence(c);
	circuit_hook_do(c, TDM_ONHOOK);
	circuit_set_state(c, GUARD, why);
	circuit_timer(c, T_GUARD_MS);
}

static void be_idle(struct circuit *c, const char *why)
{
	struct fxo *f = fxo(c);
	f->rings = 0;
	f->told = f->answered = false;
	f->caller[0] = '\0';
	circuit_set_state(c, IDLE, why);
	circuit_release(c);
}

static void release(struct circuit *c, const char *cause, const char *why)
{
	struct fxo *f = fxo(c);
	stop_timers(f);
	circuit_set_state(c, RELEASED, why);
	circuit_timer(c, T_HANG_UP_MS);
	circuit_done(c, &f->setup, true);
	circuit_event_with(c, &mgcp_package_do, "rel", cause);
}

static void silent_too_long(void *arg)
{
	release(arg, "0", "silence");
}

static void up_too_long(void *arg)
{
	release(arg, "0", "the longest time that a call may last");
}

/* --- answered ----------------------------------------------------------------------------------------------------- */

static void go_up(struct circuit *c, const char *why)
{
	struct fxo *f = fxo(c);
	timer_stop(&f->answer);
	circuit_set_state(c, UP, why);
	f->up_since = clock_ms();
	if (c->p.settings->longest_ms)
		timer_start(&f->longest, c->p.settings->longest_ms, up_too_long, c);
	if (c->p.settings->silence_ms)
		timer_start(&f->silence, c->p.settings->silence_ms, silent_too_long, c);
}

static void answered(struct circuit *c, const char *why)
{
	go_up(c, why);
	circuit_event_with(c, &mgcp_package_h, "lsa", "+");
}

static void answered_by_now(void *arg)
{
	answered(arg, "so long after it was dialled");
}

static void dialled(struct circuit *c)
{
	struct fxo *f = fxo(c);
	const struct circuit_settings *s = c->p.settings;
	circuit_set_state(c, DIALLED, "the number is out");
	if (s->answer == ANSWER_AFTER)
		timer_start(&f->answer, s->answer_ms, answered_by_now, c);
	circuit_done(c, &f->setup, false);
	if (s->answer == ANSWER_DIALLED && c->state == DIALLED)
		answered(c, "it counts as answered when it is dialled");
}

/* --- from here ---------------------------------------------------------------------------------------------------- */

static void dial(struct circuit *c)
{
	struct fxo *f = fxo(c);
	circuit_set_state(c, DIALLING, "the line is ready");
	if (circuit_dial(c, DIGIT_DTMF, f->number)) {
		hang_up(c, "the number cannot be sent");
		circuit_done(c, &f->setup, true);
	}
}

static int off_hook(struct circuit *c)
{
	return circuit_hook_do(c, c->p.signalling == TDM_FXSGS ? TDM_START : TDM_OFFHOOK);
}

/* DO/sup(addr(5,5,5)): seizes and dials. An incoming ring, or one that is expected, has the line (RFC 3064 4.2). */
static void setup_start(struct circuit *c, const struct mgcp_signal *s)
{
	struct fxo *f = fxo(c);
	f->setup = s;
	circuit_address(s->params, "addr", false, f->number, sizeof f->number);
	if (c->state != IDLE || circuit_seize(c, false)) {
		circuit_done(c, &f->setup, true);
		circuit_event_with(c, &mgcp_package_do, "rel", "44");
		return;
	}
	if (off_hook(c)) {
		be_idle(c, "it cannot be seized");
		circuit_done(c, &f->setup, true);
		return;
	}
	circuit_set_state(c, SEIZED, "a call from here");
	circuit_timer(c, c->p.settings->dial_tone_ms ? c->p.settings->dial_tone_ms : T_SETTLE_MS);
}

/* Nobody waits for its end any more; the call is ended by hu. */
static void setup_stop(struct circuit *c, const struct mgcp_signal *s)
{
	fxo(c)->setup = NULL;
}

static unsigned setup_check(const struct mgcp_signal *s, const char **why)
{
	char number[64];
	*why = "addr has the digits to dial";
	return circuit_address(s->params, "addr", false, number, sizeof number) ? 538 : 0;
}

/* hd: answers a call that rings, or only seizes: then the one who calls dials (two stages). */
static void hd_start(struct circuit *c, const struct mgcp_signal *s)
{
	if ((c->state == IDLE || c->state == RINGING || c->state == CALLER) && !circuit_seize(c, c->state != IDLE)) {
		if (!off_hook(c))
			go_up(c, "off hook");
		else if (c->state == IDLE)
			be_idle(c, "it cannot be seized");
	}
	circuit_done(c, &s, false);
}

static void hu_start(struct circuit *c, const struct mgcp_signal *s)
{
	if (in_call(c) || c->state == RELEASED)
		hang_up(c, "on hook");
	circuit_done(c, &s, false);
}

/* Just after the hook was lifted the driver does not flash yet. */
static void flash(void *arg)
{
	struct circuit *c = arg;
	struct fxo *f = fxo(c);
	int err = in_call(c) ? circuit_hook_do(c, TDM_FLASH) : -ENOTCONN;
	if (err == -EBUSY && f->flashes++ < FLASH_TRIES)
		timer_start(&f->flash_again, T_FLASH_MS, flash, c);
	else if (err)
		circuit_done(c, &f->flash, false);
}

static void hf_start(struct circuit *c, const struct mgcp_signal *s)
{
	fxo(c)->flash = s;
	fxo(c)->flashes = 0;
	flash(c);
}

static void hf_stop(struct circuit *c, const struct mgcp_signal *s)
{
	fxo(c)->flash = NULL;
}

/* --- from there --------------------------------------------------------------------------------------------------- */

static unsigned repetitions(const struct circuit *c)
{
	const struct mgcp_requested *r = c->p.h->requested(c->p.arg, &mgcp_package_h, "rg");
	uint32_t n;
	return r && !slice_u32(circuit_param(r->params, "rep"), &n) ? n : 0;
}

/* H/rg counts, if it was asked to; DO/rg is told once, when it is known who calls. */
static void tell_rings(struct circuit *c, bool caller_known)
{
	struct fxo *f = fxo(c);
	unsigned wanted = repetitions(c);
	char rep[16];
	snprintf(rep, sizeof rep, "rep=%u", wanted);
	if (wanted && f->rings == wanted)
		circuit_event_with(c, &mgcp_package_h, "rg", rep);
	if (f->told || (!caller_known && f->rings < 2 && c->p.settings->caller_id != TELLS_NOBODY))
		return;
	f->told = true;
	circuit_event(c, &mgcp_package_do, "rg");
	if (!wanted)
		circuit_event(c, &mgcp_package_h, "rg");
}

static void be_free(struct circuit *c, const char *why)
{
	be_idle(c, why);
	circuit_event(c, &mgcp_package_do, "rlc");
}

/* An exchange that rings has noticed that we hung up: who calls is told after this ring and no other. */
static void rings(struct circuit *c)
{
	struct fxo *f = fxo(c);
	if (c->state == GUARD)
		be_free(c, "it rings already");
	if (c->state != IDLE && c->state != CALLER && c->state != RINGING)
		return;
	if (circuit_seize(c, true))
		return;
	f->rings++;
	circuit_set_state(c, RINGING, "it rings");
	circuit_timer(c, T_RING_GAP_MS);
	tell_rings(c, f->caller[0]);
}

/* "09/14/17/26,"5551212","John Doe"" */
static void write_name(struct buf *b, const char *text, enum caller_id_absence absent)
{
	if (!text[0]) {
		buf_str(b, absent == CALLER_ID_PRIVATE ? ",P" : ",O");
		return;
	}
	buf_str(b, ",\"");
	for (; *text; text++)
		buf_char(b, *text == '"' ? '\'' : *text); /* it would end the string */
	buf_char(b, '"');
}

static void caller(struct circuit *c, const struct caller_id *id)
{
	char text[CALLER_ID_NUMBER + CALLER_ID_NAME + 32];
	struct buf b = buf_fixed(text, sizeof text);
	if (id->time[0])
		buf_printf(&b, "%.2s/%.2s/%.2s/%.2s", id->time, id->time + 2, id->time + 4, id->time + 6);
	write_name(&b, id->number, id->number_absent);
	write_name(&b, id->name, id->name_absent);
	fxo(c)->caller[0] = '?';
	circuit_event_with(c, &mgcp_package_do, "ci", buf_z(&b));
	circuit_event_with(c, &mgcp_package_h, "ci", buf_z(&b));
	if (c->state == RINGING)
		tell_rings(c, true);
}

static void caller_follows(struct circuit *c)
{
	circuit_set_state(c, CALLER, "a caller's number may follow");
	circuit_timer(c, T_CALLER_MS);
}

/* A caller's number as DTMF ends with C, or #. Not every exchange announces it by polarity. */
static void caller_digit(struct circuit *c, char digit)
{
	struct fxo *f = fxo(c);
	struct caller_id id;
	size_t n = strlen(f->caller);
	if (digit && c->state == IDLE)
		caller_follows(c);
	if (!digit || n + 1 >= sizeof f->caller)
		return;
	f->caller[n] = digit;
	f->caller[n + 1] = '\0';
	if ((digit == 'C' || digit == '#') && !caller_id_digits(&id, slice_str(f->caller)))
		caller(c, &id);
}

static void given_up(struct circuit *c)
{
	bool told = fxo(c)->told;
	be_idle(c, "it does not ring any more");
	if (!told)
		return;
	circuit_event_with(c, &mgcp_package_do, "rel", "0");
	circuit_event(c, &mgcp_package_do, "rlc");
}

/* --- what happens ------------------------------------------------------------------------------------------------- */

static void timeout(struct circuit *c)
{
	switch ((enum state)c->state) {
	case CALLER:
	case RINGING:
		given_up(c);
		break;
	case SEIZED:
		if (!c->p.settings->dial_tone_ms) {
			dial(c);
		} else {
			hang_up(c, "there is no dial tone");
			circuit_done(c, &fxo(c)->setup, true);
			circuit_event_with(c, &mgcp_package_do, "rel", "111");
		}
		break;
	case RELEASED:
		hang_up(c, "nobody has hung up");
		break;
	case GUARD:
		be_free(c, "it is free");
		break;
	default:
		break;
	}
}

/* A call that came from an exchange that signals by polarity ends so, too. */
static bool ends_by_polarity(const struct fxo *f)
{
	const bool came = f->rings && f->c.p.settings->answer == ANSWER_REVERSAL;
	return f->answered || (came && clock_ms() - f->up_since >= T_POLARITY_MS);
}

static void polarity(struct circuit *c)
{
	struct fxo *f = fxo(c);
	if (c->state == IDLE && c->p.settings->caller_id == TELLS_DTMF) {
		caller_follows(c);
	} else if (c->state == DIALLED && c->p.settings->answer == ANSWER_REVERSAL) {
		f->answered = true;
		answered(c, "the polarity was reversed");
	} else if (c->state == UP && ends_by_polarity(f)) {
		f->answered = false;
		circuit_event_with(c, &mgcp_package_h, "lsa", "-");
		release(c, "0", "the polarity was reversed again");
	}
}

static void line_event(struct circuit *c, const struct tdm_event *e)
{
	switch (e->kind) {
	case TDM_EV_RING_BEGIN:
		rings(c);
		break;
	case TDM_EV_POLARITY:
		polarity(c);
		break;
	case TDM_EV_ONHOOK: /* the loop is open */
		if (!in_call(c))
			break;
		circuit_event(c, &mgcp_package_h, "osi");
		release(c, "0", "the exchange has opened the loop");
		break;
	case TDM_EV_DIALLED:
		if (c->state == DIALLING)
			dialled(c);
		break;
	case TDM_EV_HOOK_DONE:
		circuit_done(c, &fxo(c)->flash, false);
		break;
	case TDM_EV_MESSAGES:
		circuit_event_with(c, &mgcp_package_h, "vmwi", "+");
		break;
	case TDM_EV_NO_MESSAGES:
		circuit_event_with(c, &mgcp_package_h, "vmwi", "-");
		break;
	default:
		break;
	}
}

static void progress(struct circuit *c, enum tone_signal tone, bool begun)
{
	if (!begun)
		return;
	if (tone == TONE_DIAL)
		circuit_event(c, &mgcp_package_h, "dl");
	if (tone == TONE_DIAL && c->state == SEIZED)
		dial(c);
	if (tone != TONE_BUSY && tone != TONE_REORDER)
		return;
	circuit_event(c, &mgcp_package_h, tone == TONE_BUSY ? "bz" : "ro");
	if (tone == TONE_REORDER)
		circuit_event(c, &mgcp_package_h, "nbz");
	if (c->p.settings->busy_tone && (c->state == DIALLED || c->state == UP))
		release(c, "0", "busy tone");
}

static void voice(struct circuit *c, bool begun)
{
	struct fxo *f = fxo(c);
	if (begun && c->state == DIALLED && c->p.settings->answer == ANSWER_VOICE)
		answered(c, "somebody speaks");
	timer_stop(&f->silence);
	if (!begun && c->state == UP && c->p.settings->silence_ms)
		timer_start(&f->silence, c->p.settings->silence_ms, silent_too_long, c);
}

static void heard(struct circuit *c, const struct heard *h)
{
	switch (h->kind) {
	case HEARD_EVENT:
		line_event(c, &h->event);
		break;
	case HEARD_DIGIT:
		if (c->state == UP)
			circuit_digit(c, h->digit);
		else if (c->state <= RINGING && c->p.settings->caller_id == TELLS_DTMF)
			caller_digit(c, h->digit);
		break;
	case HEARD_TONE:
		progress(c, h->tone, h->begun);
		break;
	case HEARD_CALLER_ID:
		if (h->caller.waiting)
			circuit_event_with(c, &mgcp_package_h, "vmwi", h->caller.waiting == CALLER_ID_MESSAGES ? "+" : "-");
		else if (c->state == RINGING || c->state == CALLER)
			caller(c, &h->caller);
		break;
	case HEARD_VOICE:
		voice(c, h->begun);
		break;
	case HEARD_PLAYED:
		if (c->state == DIALLING)
			dialled(c);
		break;
	case HEARD_FLASH:
		fxo(c)->flashes = 0;
		flash(c);
		break;
	default:
		break;
	}
}

static unsigned listens(const struct circuit *c)
{
	const struct circuit_settings *s = c->p.settings;
	switch ((enum state)c->state) {
	case IDLE:
	case CALLER:
		return s->caller_id == TELLS_DTMF ? LISTEN_DTMF : 0;
	case RINGING:
		return s->caller_id == TELLS_DTMF ? LISTEN_DTMF : s->caller_id == TELLS_NOBODY ? 0 : LISTEN_CALLER_ID;
	case SEIZED:
		return LISTEN_PROGRESS;
	case DIALLED:
		return LISTEN_PROGRESS | (s->answer == ANSWER_VOICE ? LISTEN_VOICE : 0);
	case UP:
		return LISTEN_DTMF | (s->busy_tone ? LISTEN_PROGRESS : 0) | (s->silence_ms ? LISTEN_VOICE : 0);
	default:
		return 0;
	}
}

static enum mgcp_hook hook(const struct circuit *c)
{
	return in_call(c) || c->state == RELEASED ? MGCP_OFF_HOOK : MGCP_ON_HOOK;
}

/* RFC 3064 2: whether a call is begun, or the line is free. */
static void event_states(const struct circuit *c, struct buf *out)
{
	bool rings = c->state == RINGING && ((const struct fxo *)c)->told;
	buf_printf(out, "%sH/%s", rings ? "DO/rg," : c->state == IDLE ? "DO/rlc," : "", hook(c) == MGCP_OFF_HOOK ? "hd" : "hu");
}

/* A call that was being set up is not known to anybody any more. */
static void restored(struct circuit *c)
{
	if (c->state == DIALLED || c->state == UP)
		go_up(c, "it goes on");
	else if (c->state != CALLER && c->state != RINGING)
		hang_up(c, "it was not up");
	else
		circuit_timer(c, T_RING_GAP_MS);
}

static void close_line(struct circuit *c)
{
	struct fxo *f = fxo(c);
	stop_timers(f);
	f->setup = f->flash = NULL;
	f->rings = 0;
	f->told = f->answered = false;
	f->caller[0] = '\0';
}

static void end(struct circuit *c)
{
	if (in_call(c))
		release(c, "0", "it may not be used any more");
	if (c->state == RELEASED)
		hang_up(c, "it may not be used any more");
}

#define HOOK(package, name, fn) {&mgcp_package_##package, name, fn, NULL, NULL}
static const struct circuit_signal signals[] = {
	{&mgcp_package_do, "sup", setup_start, setup_stop, setup_check},
	HOOK(do, "hd", hd_start), HOOK(do, "hu", hu_start), {&mgcp_package_do, "hf", hf_start, hf_stop, NULL},
	HOOK(do, "rlc", hu_start),
	HOOK(h, "hd", hd_start), HOOK(h, "hu", hu_start), {&mgcp_package_h, "hf", hf_start, hf_stop, NULL},
	{0},
};
static const struct circuit_events events[] = {
	{&mgcp_package_do, NULL}, {&mgcp_package_h, "rg ci lsa vmwi dl bz ro nbz sit osi oc of"}, {&mgcp_package_d, NULL},
	{&mgcp_package_g, "ft mt ld oc of"}, {&mgcp_package_r, STREAM_EVENTS}, {0},
};
static const struct mgcp_package *const packages[] = {&mgcp_package_do, &mgcp_package_h, &mgcp_package_d, &mgcp_package_dm1, &mgcp_package_g,
						      &mgcp_package_sst, &mgcp_package_r, &mgcp_package_b, NULL};

const struct circuit_kind circuit_fxo = {
	.size = sizeof(struct fxo), .packages = packages, .states = states, .signals = signals, .events = events, .close = close_line, .end = end,
	.heard = heard, .timeout = timeout, .hook = hook, .event_states = event_states, .restored = restored, .listens = listens,
};
