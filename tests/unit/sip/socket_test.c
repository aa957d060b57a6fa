// SPDX-License-Identifier: GPL-3.0-or-later
/* A call between two stacks over real sockets on loopback. */
#include "unit.h"
#include "base/loop.h"
#include "base/timer.h"
#include "sip/session.h"

static struct sip_stack *a, *b;
static struct sip_session *out, *in;
static unsigned ended, status;
static struct timer patience;

static void out_of_patience(void *arg)
{
	loop_stop();
}

static void on_answered(void *arg, const struct sip_msg *rsp)
{
	assert_true(slice_eq(rsp->body, SLICE("v=0")));
}

static void on_acked(void *arg, const struct sip_msg *ack)
{
	sip_session_bye(in, 0, SLICE_NONE, SLICE_NONE);
}

static void on_closed(void *arg, unsigned code, const struct sip_msg *msg)
{
	status = code;
	ended += msg && msg->method == SIP_BYE ? 10 : 1;
	if (ended == 11 || status)
		loop_stop();
}

static const struct sip_session_handlers handlers = {.answered = on_answered, .acked = on_acked, .closed = on_closed};

static void on_request(void *arg, struct sip_strans *st, const struct sip_msg *req)
{
	assert_int_equal(sip_session_accept(&in, st, SLICE("b"), &handlers, NULL), 0);
	assert_int_equal(sip_session_answer(in, SLICE_NONE, SLICE("v=0")), 0);
}

static void open_stack(struct sip_stack **s, const char *ip)
{
	struct sip_stack_params p = {.timers = {20, 160, 200}, .on_request = on_request};
	struct sip_listener l = {.name = "test", .fd = -1, .dscp = 40};
	assert_int_equal(addr_parse_ip(&l.local, slice_str(ip)), 0);
	assert_int_equal(sip_stack_open(s, &p), 0);
	assert_int_equal(sip_stack_listen(*s, &l), 0);
	assert_true(sip_listener_fd(sip_stack_listener(*s, "test", SIP_UDP, &l.local)) >= 0);
}

static int dial(const struct addr *dst)
{
	struct sip_session_params p = {.ruri = SLICE("sip:b@test"), .dst = *dst, .from_uri = SLICE("sip:a@test"),
				       .to_uri = SLICE("sip:b@test"), .sdp = SLICE("v=0")};
	ended = status = 0;
	return sip_session_connect(&out, a, &p, &handlers, NULL);
}

static void run(void)
{
	timer_start(&patience, 20000, out_of_patience, NULL);
	loop_run();
	timer_stop(&patience);
}

static void call_over(const char *ip)
{
	struct addr any;
	open_stack(&a, ip);
	open_stack(&b, ip);
	addr_parse_ip(&any, slice_str(ip));
	struct addr dst = sip_stack_listener(b, "test", SIP_UDP, &any)->local;
	assert_int_equal(dial(&dst), 0);
	run();
	assert_int_equal(ended, 11); /* one was hung up on, the other's BYE is done */
	out = mem_deref(out);
	in = mem_deref(in);
	b = mem_deref(b);
	/* The port is closed now: the next call fails at once instead of after 64*T1. */
	uint64_t before = clock_ms();
	assert_int_equal(dial(&dst), 0);
	run();
	assert_int_equal(status, 503);
	assert_true(clock_ms() - before < 1280);
	out = mem_deref(out);
	a = mem_deref(a);
}

static void calls_over_ipv4_and_ipv6(void **state)
{
	assert_int_equal(loop_init(), 0);
	call_over("127.0.0.1");
	call_over("::1");
	loop_close();
	assert_int_equal(timer_count(), 0);
	assert_int_equal(mem_blocks(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(calls_over_ipv4_and_ipv6)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
