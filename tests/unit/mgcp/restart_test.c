// SPDX-License-Identifier: GPL-3.0-or-later
/* RSIP: what is sent when, by RFC 3435 4.4.5 to 4.4.7. */
#include "unit.h"
#include "base/buf.h"
#include "base/timer.h"
#include "mgcp/restart.h"
#include <errno.h>
#include <string.h>

struct gw {
	struct mgcp_restart *r;
	struct buf log;
	bool unreachable;
	char mem[1024];
};

static int on_send(void *arg, enum mgcp_restart_method m, uint32_t delay_s, unsigned reason)
{
	struct gw *g = arg;
	buf_str(&g->log, mgcp_restart_method_name(m));
	if (delay_s)
		buf_printf(&g->log, " RD %u", delay_s);
	if (reason)
		buf_printf(&g->log, " E %u", reason);
	buf_str(&g->log, "; ");
	return g->unreachable ? -ENETUNREACH : 0;
}

static void on_connected(void *arg)
{
	struct gw *g = arg;
	buf_str(&g->log, "connected; ");
}

static void on_out(void *arg)
{
	struct gw *g = arg;
	buf_str(&g->log, "out; ");
}

static int gw_new(struct gw *g)
{
	*g = (struct gw){0};
	g->log = buf_fixed(g->mem, sizeof g->mem);
	struct mgcp_restart_handlers h = {.send = on_send, .connected = on_connected, .out = on_out, .arg = g};
	struct mgcp_restart_timers t = mgcp_restart_default_timers;
	t.mwd_ms = 2500;
	return mgcp_restart_new(&g->r, "gateway", &t, &h);
}

static void start(struct gw *g, enum mgcp_restart_method m)
{
	assert_int_equal(gw_new(g), 0);
	mgcp_restart_begin(g->r, m);
}

static void assert_noted_at(struct gw *g, const char *want, int at)
{
	if (strcmp(buf_z(&g->log), want))
		fail_msg("line %d: \"%s\" instead of \"%s\"", at, buf_z(&g->log), want);
	buf_reset(&g->log);
}
#define assert_noted(g, want) assert_noted_at(g, want, __LINE__)

static void answer(struct gw *g, unsigned code)
{
	mgcp_restart_answered(g->r, 0, code, false);
}

static void silence(struct gw *g)
{
	mgcp_restart_answered(g->r, -ETIMEDOUT, 0, false);
}

/* Milliseconds until something is sent. */
static uint32_t wait(struct gw *g, uint32_t most)
{
	for (uint32_t ms = 0; ms <= most; ms++) {
		if (g->log.len)
			return ms;
		clock_test_advance(1);
	}
	fail_msg("nothing within %u ms", most);
	return 0;
}

static void assert_audit(struct gw *g, const char *method, uint32_t delay)
{
	uint32_t d;
	assert_string_equal(mgcp_restart_method_name(mgcp_restart_audit(g->r, &d)), method);
	assert_int_equal(d, delay);
}

static void done(struct gw *g)
{
	mem_deref(g->r);
	assert_int_equal(timer_count(), 0);
}

/* Many gateways that start at once spread over MWD. */
static void a_start_waits_up_to_mwd(void **state)
{
	uint32_t least = 2500, most = 0;
	for (int i = 0; i < 100; i++) {
		struct gw g;
		start(&g, MGCP_RESTART);
		assert_audit(&g, "restart", 0);
		uint32_t ms = wait(&g, 2501);
		assert_noted(&g, "restart; ");
		least = ms < least ? ms : least;
		most = ms > most ? ms : most;
		answer(&g, 200);
		assert_noted(&g, "connected; ");
		assert_true(mgcp_restart_is_connected(g.r));
		clock_test_advance(1000000);
		assert_noted(&g, "");
		done(&g);
	}
	/* Not so once in 10^9 runs. */
	assert_true(least < 500 && most > 2000);
}

static void a_command_or_somebody_on_a_line_ends_the_wait(void **state)
{
	struct gw g;
	start(&g, MGCP_RESTART);
	mgcp_restart_command(g.r);
	mgcp_restart_command(g.r);
	assert_noted(&g, "restart; ");
	done(&g);
	start(&g, MGCP_RESTART);
	mgcp_restart_activity(g.r);
	assert_noted(&g, "restart; ");
	done(&g);
}

static void refusals_are_retried_by_their_kind(void **state)
{
	struct gw g;
	start(&g, MGCP_RESTART);
	mgcp_restart_command(g.r);
	answer(&g, 409);
	assert_noted(&g, "restart; ");
	wait(&g, 15001);
	assert_noted(&g, "restart; ");
	/* Redirected to another call agent. */
	mgcp_restart_answered(g.r, 0, 521, true);
	assert_noted(&g, "restart; ");
	/* For good: until a command comes. */
	answer(&g, 500);
	clock_test_advance(10000000);
	mgcp_restart_activity(g.r);
	assert_noted(&g, "");
	mgcp_restart_command(g.r);
	assert_noted(&g, "restart; ");
	answer(&g, 521);
	clock_test_advance(10000000);
	assert_noted(&g, "");
	assert_false(mgcp_restart_is_connected(g.r));
	done(&g);
}

/* Two call agents that point to each other are not asked without end. */
static void redirections_in_circles_slow_down(void **state)
{
	struct gw g;
	start(&g, MGCP_RESTART);
	mgcp_restart_command(g.r);
	for (int i = 0; i < 20; i++)
		mgcp_restart_answered(g.r, 0, 521, true);
	assert_noted(&g, "restart; restart; restart; restart; restart; restart; ");
	wait(&g, 15001);
	mgcp_restart_answered(g.r, 0, 200, false);
	assert_noted(&g, "restart; connected; ");
	done(&g);
}

static void a_lost_association_is_told_after_longer_and_longer_waits(void **state)
{
	struct gw g;
	assert_int_equal(gw_new(&g), 0);
	mgcp_restart_lost(g.r);
	assert_noted(&g, "");
	uint32_t first = wait(&g, 15001), ms = first;
	buf_reset(&g.log);
	for (int i = 0; i < 3; i++) {
		silence(&g);
		ms = wait(&g, 600001);
		assert_int_equal(ms, first << (i + 1));
		buf_reset(&g.log);
	}
	for (int i = 0; i < 25; i++) {
		silence(&g);
		ms = wait(&g, 600001);
		buf_reset(&g.log);
	}
	assert_int_equal(ms, 600000);
	answer(&g, 200);
	assert_noted(&g, "connected; ");
	/* The next time it begins anew. */
	mgcp_restart_lost(g.r);
	assert_true(wait(&g, 15001) <= 15000);
	done(&g);
}

static void how_long_one_was_disconnected_is_said(void **state)
{
	struct gw g;
	assert_int_equal(gw_new(&g), 0);
	mgcp_restart_lost(g.r);
	mgcp_restart_command(g.r);
	assert_noted(&g, "disconnected; ");
	clock_test_advance(30000);
	assert_audit(&g, "disconnected", 30);
	/* What else is lost meanwhile changes nothing. */
	mgcp_restart_lost(g.r);
	silence(&g);
	mgcp_restart_lost(g.r);
	mgcp_restart_command(g.r);
	assert_noted(&g, "disconnected RD 30; ");
	answer(&g, 200);
	assert_audit(&g, "restart", 0);
	done(&g);
}

static void somebody_on_a_line_is_heeded_every_tdmin(void **state)
{
	struct gw g;
	assert_int_equal(gw_new(&g), 0);
	mgcp_restart_lost(g.r);
	mgcp_restart_activity(g.r);
	assert_noted(&g, "");
	/* The timer is at most as long as Tdmin at first, so it goes off before. */
	wait(&g, 15001);
	buf_reset(&g.log);
	for (int i = 0; i < 20; i++) {
		silence(&g);
		mgcp_restart_command(g.r);
	}
	buf_reset(&g.log);
	silence(&g);
	clock_test_advance(14999);
	mgcp_restart_activity(g.r);
	assert_noted(&g, "");
	clock_test_advance(1);
	mgcp_restart_activity(g.r);
	assert_true(slice_starts(buf_text(&g.log), SLICE("disconnected RD ")));
	done(&g);
}

static void a_restart_that_nobody_hears_stays_one(void **state)
{
	struct gw g;
	start(&g, MGCP_RESTART);
	mgcp_restart_command(g.r);
	silence(&g);
	assert_noted(&g, "restart; ");
	assert_audit(&g, "restart", 0);
	wait(&g, 15001);
	assert_noted(&g, "restart; ");
	done(&g);
	/* After connections were taken over. */
	start(&g, MGCP_DISCONNECTED);
	mgcp_restart_command(g.r);
	assert_noted(&g, "disconnected; ");
	done(&g);
}

static void what_cannot_be_sent_is_tried_again(void **state)
{
	struct gw g;
	start(&g, MGCP_RESTART);
	g.unreachable = true;
	mgcp_restart_command(g.r);
	assert_noted(&g, "restart; ");
	g.unreachable = false;
	wait(&g, 15001);
	answer(&g, 200);
	assert_noted(&g, "restart; connected; ");
	done(&g);
}

static void going_out_of_service_takes_its_time(void **state)
{
	struct gw g;
	assert_int_equal(gw_new(&g), 0);
	mgcp_restart_graceful(g.r, 300, 901);
	assert_noted(&g, "graceful RD 300 E 901; ");
	answer(&g, 200);
	clock_test_advance(100000);
	assert_audit(&g, "graceful", 200);
	assert_int_equal(mgcp_restart_gate(g.r, false), 0);
	clock_test_advance(200000);
	assert_noted(&g, "connected; forced E 901; out; ");
	assert_audit(&g, "forced", 0);
	assert_int_equal(mgcp_restart_gate(g.r, false), 501);
	assert_int_equal(mgcp_restart_gate(g.r, true), 0);
	answer(&g, 200);
	mgcp_restart_in_service(g.r, 20);
	assert_noted(&g, "connected; restart RD 20; ");
	assert_int_equal(mgcp_restart_gate(g.r, false), 501);
	assert_audit(&g, "restart", 20);
	answer(&g, 200);
	clock_test_advance(20000);
	assert_noted(&g, "connected; restart; ");
	assert_int_equal(mgcp_restart_gate(g.r, false), 0);
	done(&g);
}

static void graceful_can_be_cancelled(void **state)
{
	struct gw g;
	assert_int_equal(gw_new(&g), 0);
	mgcp_restart_cancel_graceful(g.r);
	assert_noted(&g, "");
	mgcp_restart_graceful(g.r, 0, 0);
	answer(&g, 200);
	assert_audit(&g, "graceful", 0);
	mgcp_restart_cancel_graceful(g.r);
	answer(&g, 200);
	assert_noted(&g, "graceful; connected; cancel-graceful; connected; ");
	assert_audit(&g, "restart", 0);
	clock_test_advance(1000000);
	assert_noted(&g, "");
	done(&g);
}

static void going_while_disconnected_is_told_in_order(void **state)
{
	struct gw g;
	assert_int_equal(gw_new(&g), 0);
	mgcp_restart_graceful(g.r, 100, 0);
	silence(&g);
	mgcp_restart_command(g.r);
	assert_noted(&g, "graceful RD 100; disconnected; ");
	answer(&g, 200);
	assert_noted(&g, "connected; graceful RD 100; ");
	answer(&g, 200);
	buf_reset(&g.log);
	mgcp_restart_lost(g.r);
	mgcp_restart_forced(g.r, 905);
	assert_noted(&g, "forced E 905; ");
	silence(&g);
	wait(&g, 15001);
	assert_noted(&g, "forced E 905; ");
	answer(&g, 200);
	mgcp_restart_lost(g.r);
	mgcp_restart_command(g.r);
	assert_noted(&g, "connected; forced E 905; ");
	done(&g);
}

static void methods_are_read_in_either_case(void **state)
{
	enum mgcp_restart_method m;
	for (unsigned i = 0; i <= MGCP_CANCEL_GRACEFUL; i++) {
		assert_int_equal(mgcp_restart_method_parse(slice_str(mgcp_restart_method_name(i)), &m), 0);
		assert_int_equal(m, i);
	}
	assert_int_equal(mgcp_restart_method_parse(SLICE("Cancel-Graceful"), &m), 0);
	assert_int_equal(mgcp_restart_method_parse(SLICE("reboot"), &m), -ENOENT);
	assert_int_equal(mgcp_restart_method_parse(SLICE(""), &m), -ENOENT);
}

static void try(void *arg)
{
	struct gw g;
	int err = gw_new(&g);
	assert_true(!err || err == -ENOMEM);
	mem_deref(g.r);
}

static void without_memory_there_is_none(void **state)
{
	each_allocation_fails(try, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_start_waits_up_to_mwd),
		cmocka_unit_test(a_command_or_somebody_on_a_line_ends_the_wait),
		cmocka_unit_test(refusals_are_retried_by_their_kind),
		cmocka_unit_test(redirections_in_circles_slow_down),
		cmocka_unit_test(a_lost_association_is_told_after_longer_and_longer_waits),
		cmocka_unit_test(how_long_one_was_disconnected_is_said),
		cmocka_unit_test(somebody_on_a_line_is_heeded_every_tdmin),
		cmocka_unit_test(a_restart_that_nobody_hears_stays_one),
		cmocka_unit_test(what_cannot_be_sent_is_tried_again),
		cmocka_unit_test(going_out_of_service_takes_its_time),
		cmocka_unit_test(graceful_can_be_cancelled),
		cmocka_unit_test(going_while_disconnected_is_told_in_order),
		cmocka_unit_test(methods_are_read_in_either_case),
		cmocka_unit_test(without_memory_there_is_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
