/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A circuit with its notifier, and neither card nor voice: what it does is a line of words, in order, that a test compares. */
#pragma once
#include "unit.h"
#include "base/log.h"
#include "base/timer.h"
#include "mediagw/circuit.h"
#include <errno.h>
#include <stdio.h>

static struct {
	struct circuit_settings settings;
	struct circuit *circuit;
	struct mgcp_notifier *notifier;
	mgcp_packages packages;
	unsigned listening, requests;
	bool refuses;  /* the line must not be used */
	bool playing, told;
	bool on_hook; /* whatever events say */
	bool voice_on_hook; /* the port was asked for it */
	int hook_err; /* of the driver */
	char said[2048];
	struct buf did;
	const char *why;
} bench;

static void __attribute__((format(printf, 1, 2))) did(const char *fmt, ...)
{
	va_list ap;
	if (bench.did.len)
		buf_str(&bench.did, "; ");
	va_start(ap, fmt);
	buf_vprintf(&bench.did, fmt, ap);
	va_end(ap);
}

/* --- the card ----------------------------------------------------------------------------------------------------- */

static int bench_hook(int fd, enum tdm_hook what)
{
	static const char *const names[] = {"on hook", "off hook", "wink", "flash", "start", "ring", "ring off"};
	did("%s", names[what]);
	return bench.hook_err;
}

static int bench_cadence(int fd, const unsigned ms[TDM_CADENCE])
{
	char text[64];
	struct buf b = buf_fixed(text, sizeof text);
	for (int i = 0; ms[i]; i++)
		buf_printf(&b, "%s%u", i ? "/" : "", ms[i]);
	did("cadence %s", buf_z(&b));
	return 0;
}

static int bench_pulses(int fd, const char *digits)
{
	did("pulses %s", digits);
	return 0;
}

static int bench_reverse(int fd, bool on)
{
	did("%s", on ? "reversed" : "normal");
	return 0;
}

static int bench_messages(int fd, unsigned count)
{
	did("lamp %u", count);
	return 0;
}

static int bench_onhook_voice(int fd, unsigned ms)
{
	bench.voice_on_hook = true;
	return 0;
}

static const struct tdm_driver bench_driver = {
	.hook = bench_hook, .cadence = bench_cadence, .dial_pulses = bench_pulses, .reverse = bench_reverse, .messages = bench_messages,
	.onhook_voice = bench_onhook_voice,
};

/* --- the circuit's owner ------------------------------------------------------------------------------------------ */

static void bench_event(void *arg, enum bearer_side side, const struct mgcp_package *package, const char *event, struct slice params)
{
	struct slice where = side == BEARER_NETWORK ? SLICE("1") : SLICE_NONE;
	mgcp_notifier_event(bench.notifier, package, mgcp_event_type_find(package, slice_str(event)), where, params);
}

static const struct mgcp_requested *bench_requested(void *arg, const struct mgcp_package *package, const char *event)
{
	const struct mgcp_event_type *type = mgcp_event_type_find(package, slice_str(event));
	struct slice where = type->event & MGCP_ON_CONNECTION ? SLICE("1") : SLICE_NONE;
	return bench.notifier ? mgcp_notifier_requested(bench.notifier, package, type, where) : NULL;
}

static void bench_signal_done(void *arg, const struct mgcp_signal *s, bool failed)
{
	mgcp_notifier_signal_done(bench.notifier, s, failed);
}

static bool bench_off_hook(void *arg)
{
	return !bench.on_hook;
}

static int bench_seize(void *arg, bool incoming)
{
	if (bench.refuses)
		return -EACCES;
	did("%s", incoming ? "used from there" : "used from here");
	return 0;
}

static void bench_idle(void *arg)
{
	did("free");
}

static void bench_blocked(void *arg, bool on)
{
	did(on ? "blocked there" : "not blocked there");
}

static void bench_play(void *arg, enum bearer_side side, const struct tone *t, bool pauses)
{
	char text[32] = "nothing";
	struct buf b = buf_fixed(text, sizeof text);
	if (!t && !bench.playing)
		return;
	for (int i = 0; t && i < TONE_FREQUENCIES && t->step[0].hz[i]; i++)
		buf_printf(&b, "%s%u", i ? "+" : "", t->step[0].hz[i]);
	bench.playing = t;
	did("plays %s%s%s", t ? buf_z(&b) : "no more", pauses ? " beside" : "", side == BEARER_NETWORK ? " to the peer" : "");
}

static void bench_pattern(void *arg, uint8_t octet)
{
	bench.playing = true;
	did("pattern %u", octet);
}

static void bench_test(void *arg, enum bearer_mode mode, int tone)
{
	did("%s %d", mode == BEARER_LOOPBACK ? "looped" : mode == BEARER_CONTTEST ? "transponder" : "as before", tone);
}

static int bench_dial(void *arg, enum digit_kind kind, struct slice digits)
{
	did("%s " SLICE_FMT, kind == DIGIT_MF ? "MF" : "DTMF", SLICE_ARG(digits));
	return 0;
}

/* Without being asked for it a port passes no voice to a telephone on hook. */
static int bench_tell_caller(void *arg, enum caller_id_modem modem, const struct caller_id *c, bool on_hook)
{
	assert_int_equal(bench.voice_on_hook, on_hook);
	bench.voice_on_hook = false;
	if (c->waiting) {
		did("tells %s of %s", modem == CALLER_ID_V23 ? "v23" : "bell", c->waiting == CALLER_ID_MESSAGES ? "messages" : "no messages");
		return 0;
	}
	did("tells %s %s%s%s%s", modem == CALLER_ID_V23 ? "v23" : "bell", c->number[0] ? c->number : c->number_absent == CALLER_ID_PRIVATE ? "private" : "unknown",
	    c->name[0] ? " " : "", c->name, on_hook ? "" : " in the call");
	return 0;
}

static void bench_flash(void *arg)
{
	did("flash to the peer");
}

static void bench_listen(void *arg, unsigned what)
{
	bench.listening = what;
}

static void bench_changed(void *arg)
{
}

static const struct circuit_handlers bench_handlers = {
	.event = bench_event, .requested = bench_requested, .signal_done = bench_signal_done, .off_hook = bench_off_hook, .seize = bench_seize, .idle = bench_idle, .blocked = bench_blocked, .play = bench_play, .pattern = bench_pattern, .test = bench_test,
	.dial = bench_dial, .tell_caller = bench_tell_caller, .flash = bench_flash, .listen = bench_listen,
	.changed = bench_changed,
};

/* --- the notifier ------------------------------------------------------------------------------------------------- */

static int bench_notify(void *arg, const struct mgcp_notifier *n)
{
	char text[512];
	struct buf b = buf_fixed(text, sizeof text);
	mgcp_notifier_audit(n, MGCP_P_OBSERVED_EVENTS, &b);
	did("NTFY %s", buf_z(&b));
	bench.told = true;
	return 0;
}

static void bench_start(void *arg, const struct mgcp_signal *s)
{
	circuit_signal_start(bench.circuit, s);
}

static void bench_stop(void *arg, const struct mgcp_signal *s)
{
	circuit_signal_stop(bench.circuit, s);
}

static enum mgcp_hook bench_where(void *arg)
{
	return circuit_hook(bench.circuit);
}

static unsigned bench_check(void *arg, const struct mgcp_script *s, const char **why)
{
	return circuit_check(bench.circuit, s, why);
}

static const struct mgcp_notifier_handlers bench_notifier = {
	.notify = bench_notify, .signal_start = bench_start, .signal_stop = bench_stop, .hook = bench_where, .check = bench_check,
};

/* The call agent answers each notification. */
static void settle(void)
{
	while (bench.told) {
		bench.told = false;
		mgcp_notifier_answered(bench.notifier, 0);
	}
}

/* --- what tests do ------------------------------------------------------------------------------------------------ */

static int bench_open(enum tdm_signalling signalling, const struct circuit_settings *s, bool off_hook)
{
	memset(&bench, 0, sizeof bench);
	bench.settings = s ? *s : circuit_defaults;
	bench.did = buf_fixed(bench.said, sizeof bench.said - 1);
	bench.packages = circuit_packages(signalling, &bench.settings);
	struct circuit_params p = {.object = "line", .signalling = signalling, .settings = &bench.settings, .driver = &bench_driver,
				   .h = &bench_handlers};
	int err = mgcp_notifier_new(&bench.notifier, "line", bench.packages, &mgcp_notifier_default_timers, &bench_notifier, NULL);
	if (!err)
		err = circuit_new(&bench.circuit, &p);
	if (!err)
		circuit_open(bench.circuit, 7, off_hook);
	return err;
}

static void bench_close(void)
{
	bench.circuit = mem_deref(bench.circuit);
	bench.notifier = mem_deref(bench.notifier);
	assert_int_equal(timer_count(), 0);
}

/* A request with these lines, which goes on observing: the response code. */
static unsigned ask(const char *lines)
{
	char text[1024];
	struct mgcp_msg m;
	struct mgcp_rqnt *r;
	unsigned code;
	snprintf(text, sizeof text, "RQNT 1 aaln/1@mg MGCP 1.0\r\nX: %u\r\nQ: loop\r\n%s\r\n", ++bench.requests, lines);
	struct slice s = slice_str(text);
	assert_int_equal(mgcp_parse(&m, &s, &code), 0);
	code = mgcp_rqnt_parse(&r, &m, bench.packages, SLICE_NONE, &bench.why);
	if (code)
		return code;
	code = mgcp_notifier_request(bench.notifier, r, &bench.why);
	mem_deref(r);
	if (!code) {
		circuit_asked(bench.circuit);
		mgcp_notifier_run(bench.notifier);
		settle();
	}
	return code ? code : 200;
}

static inline void line(enum tdm_event_kind kind)
{
	circuit_heard(bench.circuit, &(struct heard){.kind = HEARD_EVENT, .event = {.kind = kind}});
	settle();
}

static inline void pulse(char digit)
{
	circuit_heard(bench.circuit, &(struct heard){.kind = HEARD_EVENT, .event = {.kind = TDM_EV_PULSE_DIGIT, .digit = digit}});
	settle();
}

static inline void digits(const char *list)
{
	for (; *list; list++) {
		circuit_heard(bench.circuit, &(struct heard){.kind = HEARD_DIGIT, .digit = *list});
		settle();
		circuit_heard(bench.circuit, &(struct heard){.kind = HEARD_DIGIT});
		settle();
	}
}

static inline void played(void)
{
	circuit_heard(bench.circuit, &(struct heard){.kind = HEARD_PLAYED});
	settle();
}

static inline void tone(enum tone_signal t)
{
	circuit_heard(bench.circuit, &(struct heard){.kind = HEARD_TONE, .tone = t, .begun = true});
	settle();
}

static inline void test_tone(enum bearer_side side, enum test_tone t, bool begun)
{
	circuit_heard(bench.circuit, &(struct heard){.kind = HEARD_TEST_TONE, .side = side, .test_tone = t, .begun = begun});
	settle();
}

static inline void voice(bool begun)
{
	circuit_heard(bench.circuit, &(struct heard){.kind = HEARD_VOICE, .begun = begun});
	settle();
}

static void after(unsigned ms)
{
	clock_test_advance(ms);
	settle();
}

/* All that was done since the last time. */
#define expect(what)                                     \
	do {                                             \
		assert_string_equal(buf_z(&bench.did), what); \
		bench.did.len = 0;                       \
	} while (0)

static inline const char *event_states(void)
{
	static char text[64];
	struct buf b = buf_fixed(text, sizeof text);
	circuit_event_states(bench.circuit, &b);
	return buf_z(&b);
}

static int quiet_logs(void **state)
{
	(void)state;
	log_set_level(LOG_LEVEL_ERROR);
	return 0;
}
