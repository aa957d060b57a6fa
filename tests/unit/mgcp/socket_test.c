// SPDX-License-Identifier: GPL-3.0-or-later
/* Two peers on real sockets of the loopback. */
#include "unit.h"
#include "base/loop.h"
#include "base/timer.h"
#include "mgcp/mgcp.h"
#include <errno.h>
#include <unistd.h>

struct end {
	struct mgcp_peer *peer;
	unsigned commands, responses, code, datagrams;
};

static void on_command(void *arg, struct mgcp_incoming *in, const struct mgcp_msg *cmd, const struct addr *src)
{
	struct end *e = arg;
	e->commands++;
	mgcp_reply_code(in, 200, NULL);
}

static void on_trace(void *arg, bool sent, const struct addr *peer, struct slice text)
{
	struct end *e = arg;
	e->datagrams += sent;
}

static void on_response(void *arg, int err, const struct mgcp_msg *rsp)
{
	struct end *e = arg;
	e->responses++;
	e->code = rsp ? rsp->code : 0;
}

static int end_open(struct end *e, const char *local)
{
	struct mgcp_peer_params p = {.fd = -1, .timers = mgcp_default_timers, .on_command = on_command, .on_trace = on_trace, .arg = e};
	addr_parse(&p.local, slice_str(local), 0);
	int err = mgcp_peer_open(&e->peer, &p);
	if (!err)
		mgcp_peer_trace(e->peer, true);
	return err;
}

static void two_peers_talk_over(const char *local)
{
	struct end agent = {0}, gateway = {0};
	assert_int_equal(end_open(&agent, local), 0);
	assert_int_equal(end_open(&gateway, local), 0);
	assert_true(mgcp_peer_fd(agent.peer) >= 0);
	assert_true(mgcp_peer_local(gateway.peer)->port != 0);
	for (int i = 0; i < 3; i++) {
		char mem[128];
		struct buf b = buf_fixed(mem, sizeof mem);
		uint32_t tid = mgcp_next_tid(agent.peer);
		mgcp_write_command(&b, MGCP_AUEP, tid, "rtpbridge/1@mg");
		assert_int_equal(mgcp_command(agent.peer, mgcp_peer_local(gateway.peer), tid, buf_text(&b), on_response, &agent), 0);
	}
	for (int i = 0; i < 40000 && agent.responses < 3; i++) {
		uv_run(loop_uv(), UV_RUN_NOWAIT);
		usleep(500);
	}
	assert_int_equal(gateway.commands, 3);
	assert_int_equal(agent.responses, 3);
	assert_int_equal(agent.code, 200);
	/* Three commands of one turn and their answers: a datagram each way. */
	assert_int_equal(agent.datagrams, 1);
	assert_int_equal(gateway.datagrams, 1);
	mem_deref(agent.peer);
	mem_deref(gateway.peer);
}

static void over_ipv4(void **state)
{
	two_peers_talk_over("127.0.0.1");
}

static void over_ipv6(void **state)
{
	two_peers_talk_over("[::1]");
}

static void a_port_in_use_is_told(void **state)
{
	struct end a = {0}, b = {0};
	char text[ADDR_STR_LEN];
	assert_int_equal(end_open(&a, "127.0.0.1"), 0);
	assert_int_equal(end_open(&b, addr_str(mgcp_peer_local(a.peer), text)), -EADDRINUSE);
	mem_deref(a.peer);
}

static void open_and_close(void *arg)
{
	struct end e = {0};
	int err = end_open(&e, "127.0.0.1");
	assert_true(err == 0 || err == -ENOMEM);
	mem_deref(e.peer);
	/* libuv gives a closed handle's memory back in its next turn. */
	uv_run(loop_uv(), UV_RUN_NOWAIT);
}

static void out_of_memory_is_clean(void **state)
{
	uv_run(loop_uv(), UV_RUN_NOWAIT);
	each_allocation_fails(open_and_close, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(over_ipv4),
		cmocka_unit_test(over_ipv6),
		cmocka_unit_test(a_port_in_use_is_told),
		cmocka_unit_test(out_of_memory_is_clean),
	};
	if (loop_init())
		return 1;
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	loop_close();
	return failed;
}
