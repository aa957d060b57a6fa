// SPDX-License-Identifier: GPL-3.0-or-later
/* UDP sockets on loopback, on the real loop. */
#include "unit.h"
#include "base/loop.h"
#include "base/timer.h"
#include "net/udp.h"
#include <errno.h>
#include <stdlib.h>

static struct udp *one, *two;
static unsigned got, want, errors;
static size_t got_bytes;
static int last_error;
static struct udp_packet last;
static struct timer patience;

static void out_of_patience(void *arg)
{
	loop_stop();
}

static void run(void)
{
	timer_start(&patience, 20000, out_of_patience, NULL);
	loop_run();
	timer_stop(&patience);
}

static void on_packet(void *arg, const struct udp_packet *p)
{
	assert_int_equal(p->data[p->len], 0);
	/* In order: each begins with its number. */
	assert_int_equal((unsigned char)p->data[0], got % 251);
	last = *p;
	got_bytes += p->len;
	if (++got == want)
		loop_stop();
}

static void on_error(void *arg, const struct addr *dst, int err, struct slice sent)
{
	last_error = err;
	errors++;
	loop_stop();
}

static int open_one(struct udp **u, const char *local)
{
	struct udp_params p = {.fd = -1, .dscp = 40, .rcvbuf = 4 << 20, .recv = on_packet, .error = on_error};
	addr_parse(&p.local, slice_str(local), 0);
	return udp_open(u, &p);
}

static void exchange(const char *local, const char *to_ip)
{
	char data[3000];
	struct addr to;
	assert_int_equal(open_one(&one, local), 0);
	assert_int_equal(open_one(&two, local), 0);
	addr_parse(&to, slice_str(to_ip), udp_local(two)->port);
	got = got_bytes = 0;
	want = 300;
	size_t bytes = 0;
	for (unsigned i = 0; i < want; i++) {
		memset(data, (int)(i % 251), sizeof data);
		assert_int_equal(udp_send(one, &to, slice_of(data, 1 + i * 7)), 0);
		bytes += 1 + i * 7;
	}
	run();
	assert_int_equal(got, want);
	assert_int_equal(got_bytes, bytes);
	assert_true(addr_eq(&last.dst, &to));
	assert_int_equal(last.src.port, udp_local(one)->port);
	assert_int_equal(last.tos >> 2, 40);
	one = mem_deref(one);
	two = mem_deref(two);
}

static void batches_arrive_in_order(void **state)
{
	exchange("127.0.0.1:0", "127.0.0.1");
	exchange("0.0.0.0:0", "127.0.0.2"); /* the local address comes with the packet */
	exchange("[::1]:0", "::1");
}

static void the_source_can_be_chosen(void **state)
{
	struct addr src, to;
	assert_int_equal(open_one(&one, "0.0.0.0:0"), 0);
	assert_int_equal(open_one(&two, "127.0.0.1:0"), 0);
	addr_parse(&src, SLICE("127.0.0.3"), 0);
	to = *udp_local(two);
	got = 0;
	want = 1;
	udp_send_from(one, &src, &to, slice_of("\0x", 2));
	run();
	assert_int_equal(got, 1);
	assert_true(addr_ip_eq(&last.src, &src));
	one = mem_deref(one);
	two = mem_deref(two);
}

static void the_longest_datagram_passes_and_no_longer_one(void **state)
{
	char *data = calloc(1, 65508);
	assert_int_equal(open_one(&one, "127.0.0.1:0"), 0);
	assert_int_equal(udp_send(one, udp_local(one), slice_of(data, 65508)), -EMSGSIZE);
	assert_int_equal(udp_send(one, udp_local(one), slice_of(data, 65507)), 0);
	got = 0;
	want = 1;
	run();
	assert_int_equal(got, 1);
	assert_int_equal(last.len, 65507);
	free(data);
	one = mem_deref(one);
}

static void a_dead_port_is_reported_and_the_socket_lives_on(void **state)
{
	assert_int_equal(open_one(&one, "127.0.0.1:0"), 0);
	assert_int_equal(open_one(&two, "127.0.0.1:0"), 0);
	struct addr dead = *udp_local(two);
	two = mem_deref(two);
	for (unsigned i = 1; i <= 2; i++) {
		errors = 0;
		udp_send(one, &dead, SLICE("hello"));
		run();
		assert_int_equal(errors, 1);
		assert_int_equal(last_error, -ECONNREFUSED);
	}
	got = 0;
	want = 1;
	udp_send(one, udp_local(one), slice_of("\0", 1));
	run();
	assert_int_equal(got, 1);
	one = mem_deref(one);
}

/* libuv frees a closed watch in its next turn. */
static void settle(void)
{
	uv_run(loop_uv(), UV_RUN_NOWAIT);
	uv_run(loop_uv(), UV_RUN_NOWAIT);
}

static void open_and_send(void *arg)
{
	struct udp *u = NULL;
	if (open_one(&u, "127.0.0.1:0"))
		goto out;
	int err = udp_send(u, udp_local(u), slice_of("\0", 1));
	assert_true(!err || err == -ENOMEM);
	mem_deref(u);
out:
	settle();
}

static void survives_any_failed_allocation(void **state)
{
	settle();
	each_allocation_fails(open_and_send, NULL);
}

static int setup(void **state)
{
	return loop_init();
}

static int teardown(void **state)
{
	loop_close();
	return mem_blocks() ? -1 : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(batches_arrive_in_order),
		cmocka_unit_test(the_source_can_be_chosen),
		cmocka_unit_test(the_longest_datagram_passes_and_no_longer_one),
		cmocka_unit_test(a_dead_port_is_reported_and_the_socket_lives_on),
		cmocka_unit_test(survives_any_failed_allocation),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
