// SPDX-License-Identifier: GPL-3.0-or-later
/* A line and its call agent: what is notified and which signals start and stop, in order, as RFC 3435 2.3.3, 2.1.7 and 4.4.1 say. */
#include "unit.h"
#include "base/timer.h"
#include "mgcp/notifier.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct mgcp_package *const packages[] = {&mgcp_package_l, &mgcp_package_d, &mgcp_package_g, &mgcp_package_bl, &mgcp_package_b, NULL};

struct line {
	struct mgcp_notifier *n;
	struct buf log; /* "+L/dl" started, "-L/dl" stopped, "NTFY 1 L/hd" */
	enum mgcp_hook hook;
	unsigned requests;
	bool disconnected;
	char mem[2048];
};

static void note(struct line *l, char what, const struct mgcp_signal *s)
{
	buf_char(&l->log, what);
	mgcp_signals_write(&l->log, s, 1);
	buf_char(&l->log, ' ');
}

static int on_notify(void *arg, const struct mgcp_notifier *n)
{
	struct line *l = arg;
	buf_printf(&l->log, "NTFY %s ", mgcp_notifier_id(n));
	mgcp_notifier_audit(n, MGCP_P_OBSERVED_EVENTS, &l->log);
	buf_char(&l->log, ' ');
	return l->disconnected ? -ENOTCONN : 0;
}

static void on_start(void *arg, const struct mgcp_signal *s)
{
	note(arg, '+', s);
}

static void on_stop(void *arg, const struct mgcp_signal *s)
{
	note(arg, '-', s);
}

static void on_swap(void *arg)
{
	struct line *l = arg;
	buf_str(&l->log, "swap ");
}

static enum mgcp_hook where(void *arg)
{
	struct line *l = arg;
	return l->hook;
}

static unsigned check(void *arg, const struct mgcp_script *s, const char **why)
{
	*why = "no rings here";
	return s->n_signals && !strcmp(s->signals[0].type->name, "r7") ? 513 : 0;
}

static const struct mgcp_notifier_handlers handlers = {
	.notify = on_notify, .signal_start = on_start, .signal_stop = on_stop, .swap = on_swap, .hook = where, .check = check};

static int line_new(struct line *l)
{
	*l = (struct line){.hook = MGCP_ON_HOOK};
	l->log = buf_fixed(l->mem, sizeof l->mem);
	return mgcp_notifier_new(&l->n, "endpoint aaln/1", packages, &mgcp_notifier_default_timers, &handlers, l);
}

/* What was noted since the last time. */
static void assert_noted_at(struct line *l, const char *want, int at)
{
	if (strcmp(buf_z(&l->log), want))
		fail_msg("line %d: \"%s\" instead of \"%s\"", at, buf_z(&l->log), want);
	buf_reset(&l->log);
}
#define assert_noted(l, want) assert_noted_at(l, want, __LINE__)

/* An RQNT whose identifier is its number, without what is sent after the response. */
static unsigned ask_only(struct line *l, const char *lines)
{
	char text[1024];
	struct mgcp_msg m;
	struct mgcp_rqnt *r = NULL;
	unsigned code;
	const char *why = NULL;
	snprintf(text, sizeof text, "RQNT 1 aaln/1@mg MGCP 1.0\nX: %u\n%s", ++l->requests, lines);
	struct slice s = slice_str(text);
	assert_int_equal(mgcp_parse(&m, &s, &code), 0);
	code = mgcp_rqnt_parse(&r, &m, packages, SLICE_NONE, &why);
	if (!code)
		code = mgcp_notifier_request(l->n, r, &why);
	mem_deref(r);
	return code;
}

static unsigned ask(struct line *l, const char *lines)
{
	unsigned code = ask_only(l, lines);
	mgcp_notifier_run(l->n);
	return code;
}

static void see_with(struct line *l, const char *name, struct slice connection, struct slice params)
{
	const struct mgcp_package *p;
	const struct mgcp_event_type *t;
	if (mgcp_event_lookup(packages, slice_str(name), &p, &t))
		fail_msg("%s", name);
	if (!strcmp(name, "L/hd"))
		l->hook = MGCP_OFF_HOOK;
	if (!strcmp(name, "L/hu"))
		l->hook = MGCP_ON_HOOK;
	mgcp_notifier_event(l->n, p, t, connection, params);
}

static void see(struct line *l, const char *name)
{
	see_with(l, name, SLICE_NONE, SLICE_NONE);
}

static void dial(struct line *l, const char *digits)
{
	for (; *digits; digits++) {
		char name[] = {'D', '/', *digits, 0};
		see(l, name);
	}
}

static void answer(struct line *l)
{
	mgcp_notifier_answered(l->n, 0);
}

static void assert_audit(struct line *l, enum mgcp_param_id id, const char *want)
{
	char text[512];
	struct buf out = buf_fixed(text, sizeof text);
	mgcp_notifier_audit(l->n, id, &out);
	assert_string_equal(buf_z(&out), want);
}

static void done(struct line *l)
{
	mem_deref(l->n);
	assert_int_equal(timer_count(), 0);
}

/* Ringing stops when the phone is lifted, and what happens before the next request is kept for it. */
static void a_call_in_lockstep(void **state)
{
	struct line l;
	assert_int_equal(line_new(&l), 0);
	assert_int_equal(ask(&l, "R: L/hd(N)\nS: L/rg\nT: L/hu,D/[0-9]\n"), 0);
	assert_noted(&l, "+L/rg ");
	see(&l, "L/hd");
	assert_noted(&l, "-L/rg NTFY 1 L/hd ");
	assert_int_equal(mgcp_notifier_state(l.n), MGCP_NOTIFYING);
	dial(&l, "5");
	answer(&l);
	assert_int_equal(mgcp_notifier_state(l.n), MGCP_LOCKSTEP);
	dial(&l, "6");
	see(&l, "L/hf");
	assert_noted(&l, "");
	/* Not before the response to the request has been sent. */
	assert_int_equal(ask_only(&l, "R: L/hu(N),D/[0-9](A),L/hf\n"), 0);
	assert_noted(&l, "");
	mgcp_notifier_run(l.n);
	assert_noted(&l, "");
	see(&l, "L/hu");
	assert_noted(&l, "NTFY 2 D/5,D/6,L/hu ");
	answer(&l);
	done(&l);
}

static void what_is_quarantined_can_be_discarded(void **state)
{
	struct line l;
	assert_int_equal(line_new(&l), 0);
	assert_int_equal(ask(&l, "R: L/hd(N)\nT: L/hf\n"), 0);
	see(&l, "L/hd");
	see(&l, "L/hf");
	answer(&l);
	assert_noted(&l, "NTFY 1 L/hd ");
	assert_int_equal(ask(&l, "R: L/hf(N)\nQ: discard\n"), 0);
	assert_noted(&l, "");
	see(&l, "L/hf");
	assert_noted(&l, "NTFY 2 L/hf ");
	done(&l);
}

static void several_notifications_go_one_after_the_other(void **state)
{
	struct line l;
	assert_int_equal(line_new(&l), 0);
	ask(&l, "R: D/[0-9](N)\nQ: loop\n");
	dial(&l, "123");
	assert_noted(&l, "NTFY 1 D/1 ");
	answer(&l);
	assert_noted(&l, "NTFY 1 D/2 ");
	answer(&l);
	answer(&l);
	assert_noted(&l, "NTFY 1 D/3 ");
	assert_int_equal(mgcp_notifier_state(l.n), MGCP_OBSERVING);
	done(&l);
}

/* 4.4.1 f: the notification is still waited for, so that the next one cannot overtake it. */
static void a_request_in_the_notification_state_waits_for_the_answer(void **state)
{
	struct line l;
	assert_int_equal(line_new(&l), 0);
	assert_int_equal(ask(&l, "R: L/hd(N)\nT: L/hf\n"), 0);
	see(&l, "L/hd");
	see(&l, "L/hf");
	assert_noted(&l, "NTFY 1 L/hd ");
	assert_int_equal(ask(&l, "R: L/hf(N),L/hu\nS: L/dl\n"), 0);
	assert_noted(&l, "+L/dl ");
	assert_int_equal(mgcp_notifier_state(l.n), MGCP_NOTIFYING);
	answer(&l);
	assert_noted(&l, "-L/dl NTFY 2 L/hf ");
	answer(&l);
	assert_int_equal(mgcp_notifier_state(l.n), MGCP_LOCKSTEP);
	done(&l);
}

static void what_was_accumulated_is_judged_by_the_next_request(void **state)
{
	struct line l;
	assert_int_equal(line_new(&l), 0);
	l.hook = MGCP_OFF_HOOK;
	ask(&l, "R: L/hf(A),D/[0-9](A)\n");
	see(&l, "L/hf");
	dial(&l, "12");
	assert_audit(&l, MGCP_P_OBSERVED_EVENTS, "L/hf,D/1,D/2");
	ask(&l, "R: D/[0-9](D),L/hu\nD: (12)\n");
	assert_noted(&l, "NTFY 2 D/1,D/2 ");
	answer(&l);
	ask(&l, "R: L/hf(A)\n");
	see(&l, "L/hf");
	ask(&l, "R: L/hf(N)\nQ: discard\n");
	assert_noted(&l, "");
	done(&l);
}

static void a_lost_notification_is_over_when_connected_again(void **state)
{
	struct line l;
	assert_int_equal(line_new(&l), 0);
	ask(&l, "R: L/hd(N)\n");
	see(&l, "L/hd");
	mgcp_notifier_answered(l.n, -ETIMEDOUT);
	assert_int_equal(mgcp_notifier_state(l.n), MGCP_NOTIFYING);
	mgcp_notifier_reconnected(l.n);
	assert_int_equal(mgcp_notifier_state(l.n), MGCP_LOCKSTEP);
	assert_noted(&l, "NTFY 1 L/hd ");
	/* A request that comes first takes it out as well. */
	ask(&l, "R: L/hf(N)\n");
	see(&l, "L/hf");
	mgcp_notifier_answered(l.n, -ETIMEDOUT);
	assert_int_equal(ask(&l, "R: L/hf(N)\n"), 0);
	assert_int_equal(mgcp_notifier_state(l.n), MGCP_OBSERVING);
	assert_noted(&l, "NTFY 2 L/hf ");
	done(&l);
}

/* 4.4.7: what could not be sent is kept for a while. */
static void what_could_not_be_sent_is_sent_when_connected(void **state)
{
	struct line l;
	assert_int_equal(line_new(&l), 0);
	ask(&l, "R: L/hd(N)\n");
	l.disconnected = true;
	see(&l, "L/hd");
	assert_noted(&l, "NTFY 1 L/hd ");
	l.disconnected = false;
	clock_test_advance(20000);
	mgcp_notifier_reconnected(l.n);
	assert_noted(&l, "NTFY 1 L/hd ");
	mgcp_notifier_reconnected(l.n);
	answer(&l);
	assert_int_equal(mgcp_notifier_state(l.n), MGCP_LOCKSTEP);
	/* A request may come first, and judges it. */
	ask(&l, "R: L/hf(N)\n");
	l.disconnected = true;
	see(&l, "L/hf");
	l.disconnected = false;
	ask(&l, "R: L/hf(A),L/hu(N)\n");
	see(&l, "L/hu");
	assert_noted(&l, "NTFY 2 L/hf NTFY 3 L/hf,L/hu ");
	answer(&l);
	ask(&l, "R: L/hd(N)\n");
	l.disconnected = true;
	see(&l, "L/hd");
	l.disconnected = false;
	clock_test_advance(20001);
	mgcp_notifier_reconnected(l.n);
	assert_noted(&l, "NTFY 4 L/hd ");
	assert_int_equal(mgcp_notifier_state(l.n), MGCP_LOCKSTEP);
	done(&l);
}

#define COLLECT "R: L/hu(N),D/[0-9#*T](D)\nS: L/dl\nD: (0T|00T|[1-7]xxx|8xxxxxxx|#xxxxxxx|*xx|91xxxxxxxxxx|9011x.T)\n"

static void digits_are_collected_by_the_map(void **state)
{
	struct line l;
	assert_int_equal(line_new(&l), 0);
	l.hook = MGCP_OFF_HOOK;
	assert_int_equal(ask(&l, COLLECT), 0);
	/* The timer waits for the first digit. */
	clock_test_advance(10000);
	assert_noted(&l, "+L/dl ");
	dial(&l, "4");
	assert_noted(&l, "-L/dl ");
	dial(&l, "12");
	clock_test_advance(15999);
	assert_noted(&l, "");
	dial(&l, "3");
	assert_noted(&l, "NTFY 1 D/4,D/1,D/2,D/3 ");
	clock_test_advance(60000);
	assert_noted(&l, "");
	done(&l);
}

static void the_timer_between_digits_ends_the_number(void **state)
{
	struct line l;
	assert_int_equal(line_new(&l), 0);
	l.hook = MGCP_OFF_HOOK;
	/* All that lacks is the timer: T-critical. */
	ask(&l, COLLECT);
	dial(&l, "0");
	clock_test_advance(3999);
	assert_noted(&l, "+L/dl -L/dl ");
	clock_test_advance(1);
	assert_noted(&l, "NTFY 1 D/0,D/T ");
	answer(&l);
	/* More digits are needed: T-partial, anew after each digit. */
	ask(&l, COLLECT);
	dial(&l, "4");
	clock_test_advance(15999);
	dial(&l, "1");
	clock_test_advance(15999);
	assert_noted(&l, "+L/dl -L/dl ");
	clock_test_advance(1);
	assert_noted(&l, "NTFY 2 D/4,D/1,D/T ");
	answer(&l);
	/* The map is kept; the dial string is not. Without T nothing ends it. */
	ask(&l, "R: D/[0-9](D)\n");
	dial(&l, "0");
	clock_test_advance(60000);
	assert_noted(&l, "");
	dial(&l, "5");
	assert_noted(&l, "NTFY 3 D/0,D/5 ");
	done(&l);
}

static void a_timer_without_map_runs_until_the_first_digit(void **state)
{
	struct line l;
	assert_int_equal(line_new(&l), 0);
	ask(&l, "R: D/[0-9](A),D/T(N)\n");
	clock_test_advance(3999);
	assert_noted(&l, "");
	clock_test_advance(1);
	assert_noted(&l, "NTFY 1 D/T ");
	answer(&l);
	ask(&l, "R: D/[0-9](A),D/T(N)\n");
	dial(&l, "1");
	clock_test_advance(60000);
	assert_noted(&l, "");
	done(&l);
}

static void other_events_stand_between_the_digits(void **state)
{
	struct line l;
	assert_int_equal(line_new(&l), 0);
	l.hook = MGCP_OFF_HOOK;
	ask(&l, "R: D/[0-9](D),L/hf(A)\nD: (xxxx)\n");
	dial(&l, "123");
	see(&l, "L/hf");
	dial(&l, "4");
	assert_noted(&l, "NTFY 1 D/1,D/2,D/3,L/hf,D/4 ");
	answer(&l);
	/* An event that is no digit is an impossible match. */
	ask(&l, "R: D/[0-9](D),L/hf(D)\n");
	dial(&l, "1");
	see(&l, "L/hf");
	assert_noted(&l, "NTFY 2 D/1,L/hf ");
	done(&l);
}

static void an_embedded_request_takes_the_place_of_its_own(void **state)
{
	struct line l;
	assert_int_equal(line_new(&l), 0);
	assert_int_equal(ask(&l, "R: L/hd(A,E(R(D/[0-9#T](D),L/hu(N)),S(L/dl),D(xx)))\nS: L/rg\n"), 0);
	see(&l, "L/hd");
	assert_noted(&l, "+L/rg -L/rg +L/dl ");
	assert_audit(&l, MGCP_P_REQUESTED_EVENTS, "D/[0-9#T](D),L/hu(N)");
	assert_audit(&l, MGCP_P_SIGNAL_REQUESTS, "L/dl");
	assert_audit(&l, MGCP_P_DIGIT_MAP, "xx");
	dial(&l, "12");
	assert_noted(&l, "-L/dl NTFY 1 L/hd,D/1,D/2 ");
	answer(&l);
	assert_int_equal(mgcp_notifier_state(l.n), MGCP_LOCKSTEP);
	done(&l);
}

static void a_notification_goes_along_with_an_embedded_request(void **state)
{
	struct line l;
	assert_int_equal(line_new(&l), 0);
	assert_int_equal(ask(&l, "R: L/hd(N,E(R(L/hu(N)),S(L/dl)))\nQ: loop\n"), 0);
	see(&l, "L/hd");
	assert_noted(&l, "+L/dl NTFY 1 L/hd ");
	see(&l, "L/hu");
	assert_noted(&l, "-L/dl ");
	answer(&l);
	assert_noted(&l, "NTFY 1 L/hu ");
	done(&l);
}

static void an_embedded_request_that_fails_is_told(void **state)
{
	struct line l;
	assert_int_equal(line_new(&l), 0);
	assert_int_equal(ask(&l, "R: L/hf(A),L/hd(E(R(L/hd(N),B/enf),S(L/dl)))\n"), 402);
	assert_int_equal(ask(&l, "R: L/hd(A,E(R(L/hd(N),B/enf),S(L/dl)))\n"), 0);
	see(&l, "L/hd");
	assert_noted(&l, "NTFY 2 L/hd,B/enf(401) ");
	answer(&l);
	l.hook = MGCP_ON_HOOK;
	assert_int_equal(ask(&l, "R: L/hd(A,E(S(L/r7)))\n"), 0);
	see(&l, "L/hd");
	assert_noted(&l, "");
	assert_audit(&l, MGCP_P_REQUESTED_EVENTS, "L/hd(A,E(S(L/r7)))");
	done(&l);
}

static void the_hook_is_looked_at_before(void **state)
{
	struct line l;
	assert_int_equal(line_new(&l), 0);
	assert_int_equal(ask(&l, "R: L/hu\n"), 402);
	assert_int_equal(ask(&l, "R: L/hf(A)\n"), 402);
	assert_int_equal(ask(&l, "S: L/dl\n"), 402);
	assert_int_equal(ask(&l, "R: L/hu(I)\nS: G/rt@1f\n"), 0);
	assert_noted(&l, "+G/rt@1f ");
	see(&l, "L/hd");
	assert_int_equal(ask(&l, "R: L/hd\n"), 401);
	assert_int_equal(ask(&l, "S: L/rg\n"), 401);
	assert_int_equal(ask(&l, "S: L/r7\n"), 401);
	see(&l, "L/hu");
	assert_int_equal(ask(&l, "S: L/r7\n"), 513);
	/* None of these has changed anything. */
	assert_noted(&l, "-G/rt@1f ");
	assert_audit(&l, MGCP_P_REQUEST_ID, "4");
	assert_int_equal(ask(&l, "R: D/[0-9](D)\n"), 519);
	assert_int_equal(ask(&l, "R: L/hd(E(R(D/[0-9](D))))\n"), 519);
	assert_int_equal(ask(&l, "R: L/hd(E(R(D/[0-9](D)),D(x)))\n"), 0);
	done(&l);
}

static void signals_last_as_long_as_their_kind_says(void **state)
{
	struct line l;
	assert_int_equal(line_new(&l), 0);
	ask(&l, "R: L/hd,L/oc\nS: L/rg(to=6000),L/vmwi(+),L/rs\n");
	assert_noted(&l, "+L/rg(to=6000) +L/vmwi(+) +L/rs ");
	/* What is on goes on with the time and the parameters it has. */
	clock_test_advance(5000);
	ask(&l, "R: L/hd,L/oc\nS: L/rg(to=9000),L/vmwi\n");
	assert_noted(&l, "");
	assert_audit(&l, MGCP_P_SIGNAL_REQUESTS, "L/rg(to=6000),L/vmwi(+),L/rs");
	clock_test_advance(1000);
	assert_noted(&l, "-L/rg(to=6000) NTFY 2 L/oc(L/rg) ");
	answer(&l);
	/* A brief one ends by itself, an on/off one when it is told to. */
	ask(&l, "");
	assert_noted(&l, "");
	ask(&l, "S: L/vmwi(-)\n");
	assert_noted(&l, "-L/vmwi(+) ");
	ask(&l, "S: L/vmwi(-)\n");
	assert_noted(&l, "-L/vmwi(-) ");
	ask(&l, "S: L/rg\n");
	ask(&l, "");
	assert_noted(&l, "+L/rg -L/rg ");
	done(&l);
}

static const struct mgcp_signal *on(const char *text)
{
	static struct mgcp_signal s;
	s = (struct mgcp_signal){0};
	assert_int_equal(mgcp_event_lookup(packages, slice_str(text), &s.package, &s.type), 0);
	return &s;
}

static void brief_signals_wait_for_each_other(void **state)
{
	struct line l;
	assert_int_equal(line_new(&l), 0);
	l.hook = MGCP_OFF_HOOK;
	ask(&l, "R: L/hu\nS: D/1,D/2,D/3\n");
	assert_noted(&l, "+D/1 ");
	mgcp_notifier_signal_done(l.n, on("D/1"), false);
	assert_noted(&l, "+D/2 ");
	/* An event lets the one that plays end, and cancels the others. */
	see(&l, "L/hu");
	assert_noted(&l, "NTFY 1 L/hu ");
	mgcp_notifier_signal_done(l.n, on("D/2"), false);
	mgcp_notifier_signal_done(l.n, on("D/2"), false);
	assert_noted(&l, "");
	done(&l);
}

static void signals_that_end_or_fail_are_told(void **state)
{
	struct line l;
	assert_int_equal(line_new(&l), 0);
	ask(&l, "R: */oc,*/of\nQ: loop\nS: L/rg(rep=2),G/rt@1F,G/it\n");
	mgcp_notifier_signal_done(l.n, on("L/rg"), false);
	assert_noted(&l, "+L/rg(rep=2) +G/rt@1F +G/it -G/rt@1F -G/it NTFY 1 L/oc(L/rg) ");
	answer(&l);
	ask(&l, "R: L/oc(N,K),G/of(N,K)\nS: G/rt@1F,G/it\nQ: loop\n");
	mgcp_notifier_connection_gone(l.n, SLICE("2f"));
	mgcp_notifier_connection_gone(l.n, SLICE("1f"));
	assert_noted(&l, "+G/rt@1F +G/it -G/rt@1F NTFY 2 G/of(G/rt@1F) ");
	mgcp_notifier_signal_done(l.n, on("G/it"), true);
	answer(&l);
	assert_noted(&l, "NTFY 2 G/of(G/it) ");
	done(&l);
}

static void signals_can_be_kept_and_audio_swapped(void **state)
{
	struct line l;
	assert_int_equal(line_new(&l), 0);
	l.hook = MGCP_OFF_HOOK;
	ask(&l, "R: L/hf(S,I),D/1(A,K),D/2(I),D/3(I,K),L/hu\nS: L/wt\n");
	dial(&l, "13");
	assert_noted(&l, "+L/wt ");
	dial(&l, "2");
	assert_noted(&l, "-L/wt ");
	see(&l, "L/hf");
	assert_noted(&l, "swap ");
	see(&l, "L/hu");
	assert_noted(&l, "NTFY 1 D/1,L/hu ");
	done(&l);
}

static void persistent_events_are_told_unasked(void **state)
{
	struct line l;
	assert_int_equal(line_new(&l), 0);
	see(&l, "L/hd");
	assert_noted(&l, "");
	see(&l, "BL/hd");
	assert_noted(&l, "NTFY 0 BL/hd ");
	answer(&l);
	see(&l, "BL/hu");
	ask(&l, "R: BL/hf(I),D/1(A)\n");
	assert_noted(&l, "NTFY 1 BL/hu ");
	answer(&l);
	ask(&l, "R: BL/hf(I),D/1(A)\n");
	see(&l, "BL/hf");
	assert_noted(&l, "");
	ask(&l, "");
	see(&l, "BL/hf");
	assert_noted(&l, "NTFY 3 BL/hf ");
	done(&l);
}

static void full_lists_are_told_where_asked(void **state)
{
	struct line l;
	assert_int_equal(line_new(&l), 0);
	l.hook = MGCP_OFF_HOOK;
	ask(&l, "R: D/[0-9](A),B/oef\n");
	for (int i = 0; i < 39; i++)
		dial(&l, "1");
	assert_noted(&l, "");
	dial(&l, "2");
	size_t len = l.log.len;
	assert_true(len > 10 && !strcmp(buf_z(&l.log) + len - 10, "D/1,B/oef "));
	buf_reset(&l.log);
	for (int i = 0; i < 60; i++)
		dial(&l, "3");
	answer(&l);
	ask(&l, "R: D/[0-9](A),B/qbo(N),L/hu\nT: B/qbo\n");
	assert_noted(&l, "");
	see(&l, "L/hu");
	buf_reset(&l.log);
	for (int i = 0; i < 60; i++)
		dial(&l, "3");
	answer(&l);
	l.hook = MGCP_OFF_HOOK;
	ask(&l, "R: D/[0-9](I),B/qbo(N)\n");
	assert_noted(&l, "NTFY 3 B/qbo ");
	/* Of each list what came after the 39th. */
	assert_int_equal(mgcp_notifier_lost(l.n), 1 + 21 + 1 + 21);
	done(&l);
}

static void a_restart_ends_all(void **state)
{
	struct line l;
	assert_int_equal(line_new(&l), 0);
	ask(&l, "R: L/hd,D/T(N)\nS: L/vmwi,L/rg\nT: L/hf\nD: xx\n");
	assert_int_equal(mgcp_notifier_reset(l.n), 0);
	assert_noted(&l, "+L/vmwi +L/rg -L/vmwi -L/rg ");
	assert_audit(&l, MGCP_P_DIGIT_MAP, "");
	assert_audit(&l, MGCP_P_DETECT_EVENTS, "");
	assert_audit(&l, MGCP_P_REQUESTED_EVENTS, "");
	assert_audit(&l, MGCP_P_QUARANTINE, "step,process");
	assert_int_equal(timer_count(), 0);
	done(&l);
}

static void events_on_connections_carry_their_name(void **state)
{
	struct line l;
	assert_int_equal(line_new(&l), 0);
	ask(&l, "R: G/ld@*(N)\n");
	see(&l, "G/ld");
	assert_noted(&l, "");
	see_with(&l, "G/ld", SLICE("1f2e"), SLICE_NONE);
	assert_noted(&l, "NTFY 1 G/ld@1f2e ");
	done(&l);
}

/* The process dies and another one takes the endpoint over. */
static void reborn(struct line *l)
{
	char record[2048];
	struct buf out = buf_fixed(record, sizeof record);
	enum mgcp_hook hook = l->hook;
	mgcp_notifier_save(l->n, &out);
	assert_int_equal(out.err, 0);
	mem_deref(l->n);
	assert_int_equal(line_new(l), 0);
	l->hook = hook;
	assert_int_equal(mgcp_notifier_load(l->n, buf_text(&out)), 0);
}

static void an_endpoint_outlives_its_process(void **state)
{
	struct line l;
	assert_int_equal(line_new(&l), 0);
	reborn(&l);
	assert_audit(&l, MGCP_P_REQUEST_ID, "0");
	ask(&l, "R: L/hd(A,E(R(D/[0-9#T](D),L/hu(N)),S(L/dl)))\nS: L/rg,L/vmwi,L/rs\nT: L/hf\nD: (12|3xT)\n");
	assert_noted(&l, "+L/rg +L/vmwi +L/rs ");
	reborn(&l);
	assert_noted(&l, "+L/rg +L/vmwi ");
	assert_audit(&l, MGCP_P_REQUESTED_EVENTS, "L/hd(A,E(R(D/[0-9#T](D),L/hu(N)),S(L/dl)))");
	see(&l, "L/hd");
	dial(&l, "3");
	assert_noted(&l, "-L/rg +L/dl -L/dl ");
	/* In the middle of a number. */
	reborn(&l);
	assert_noted(&l, "+L/vmwi ");
	dial(&l, "4");
	clock_test_advance(3999);
	reborn(&l);
	clock_test_advance(3999);
	assert_noted(&l, "+L/vmwi ");
	clock_test_advance(1);
	assert_noted(&l, "NTFY 1 L/hd,D/3,D/4,D/T ");
	/* The answer is awaited by nobody any more. */
	see(&l, "L/hf");
	reborn(&l);
	assert_audit(&l, MGCP_P_OBSERVED_EVENTS, "L/hd,D/3,D/4,D/T");
	mgcp_notifier_reconnected(l.n);
	assert_int_equal(mgcp_notifier_state(l.n), MGCP_LOCKSTEP);
	reborn(&l);
	assert_int_equal(mgcp_notifier_state(l.n), MGCP_LOCKSTEP);
	ask(&l, "R: L/hf\n");
	assert_noted(&l, "+L/vmwi NTFY 1 L/hf ");
	done(&l);
}

static void damaged_records_are_refused(void **state)
{
	static const char *const bad[] = {"", "observing", "dreaming\n\n\nX: 1\n", "observing\nL/\n\nX: 1\n", "observing\n\n\nX: \n", "observing\n\n\nX: 1\nR: L/xyz\n",
					  "observing\n\nL/hd(\nX: 1\n", "observing\n\n\nnonsense\n"};
	struct line l;
	assert_int_equal(line_new(&l), 0);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (mgcp_notifier_load(l.n, slice_str(bad[i])) != -EBADMSG)
			fail_msg("%s", bad[i]);
	assert_audit(&l, MGCP_P_REQUEST_ID, "0");
	done(&l);
}

static void try_load(void *arg)
{
	struct line l;
	int err = line_new(&l);
	if (!err)
		err = mgcp_notifier_load(l.n, SLICE("observing\nL/hd\n\nX: 1\nQ: step\nR: L/hu,D/x(D)\nD: xx\nS: L/dl\n"));
	assert_true(!err || err == -ENOMEM);
	mem_deref(l.n);
}

static void without_memory_nothing_is_taken_over(void **state)
{
	each_allocation_fails(try_load, NULL);
	assert_int_equal(timer_count(), 0);
}

static void try(void *arg)
{
	struct line l;
	if (line_new(&l)) {
		assert_null(l.n);
		return;
	}
	unsigned code = ask(&l, "R: L/hd(A,E(R(D/[0-9](D)),S(L/dl),D(xx)))\nS: L/rg,L/vmwi\nT: L/hu\n");
	assert_true(!code || code == 403);
	see(&l, "L/hd");
	dial(&l, "12");
	mgcp_notifier_reset(l.n);
	mem_deref(l.n);
}

static void without_memory_nothing_changes(void **state)
{
	each_allocation_fails(try, NULL);
	assert_int_equal(timer_count(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_in_lockstep),
		cmocka_unit_test(what_is_quarantined_can_be_discarded),
		cmocka_unit_test(several_notifications_go_one_after_the_other),
		cmocka_unit_test(a_request_in_the_notification_state_waits_for_the_answer),
		cmocka_unit_test(what_was_accumulated_is_judged_by_the_next_request),
		cmocka_unit_test(a_lost_notification_is_over_when_connected_again),
		cmocka_unit_test(what_could_not_be_sent_is_sent_when_connected),
		cmocka_unit_test(digits_are_collected_by_the_map),
		cmocka_unit_test(the_timer_between_digits_ends_the_number),
		cmocka_unit_test(a_timer_without_map_runs_until_the_first_digit),
		cmocka_unit_test(other_events_stand_between_the_digits),
		cmocka_unit_test(an_embedded_request_takes_the_place_of_its_own),
		cmocka_unit_test(a_notification_goes_along_with_an_embedded_request),
		cmocka_unit_test(an_embedded_request_that_fails_is_told),
		cmocka_unit_test(the_hook_is_looked_at_before),
		cmocka_unit_test(signals_last_as_long_as_their_kind_says),
		cmocka_unit_test(brief_signals_wait_for_each_other),
		cmocka_unit_test(signals_that_end_or_fail_are_told),
		cmocka_unit_test(signals_can_be_kept_and_audio_swapped),
		cmocka_unit_test(persistent_events_are_told_unasked),
		cmocka_unit_test(full_lists_are_told_where_asked),
		cmocka_unit_test(a_restart_ends_all),
		cmocka_unit_test(events_on_connections_carry_their_name),
		cmocka_unit_test(an_endpoint_outlives_its_process),
		cmocka_unit_test(damaged_records_are_refused),
		cmocka_unit_test(without_memory_nothing_is_taken_over),
		cmocka_unit_test(without_memory_nothing_changes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
