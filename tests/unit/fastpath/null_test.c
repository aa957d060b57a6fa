// SPDX-License-Identifier: GPL-3.0-or-later
/* The null engine with a socket a port, on one machine: two peers talk through two joined slots. In a network namespace of its own, for nobody may speak
 * from a loopback address. */
#include "unit.h"
#include "base/loop.h"
#include "fastpath/fastpath.h"
#include "tandem/reasons.h"
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOW 28400
#define TOP 28419

struct bed {
	struct fastpath *fp;
	uint32_t a, b; /* slots */
	int pa, pb;    /* the peers' sockets */
	struct addr la, lb, ra, rb; /* local ports, peers' addresses */
	unsigned events, rtcp;
	uint8_t rtcp_bytes[64];
	size_t rtcp_len;
};

static void on_event(void *arg, uint32_t slot, unsigned event, uint32_t value)
{
	struct bed *b = arg;
	b->events |= 1u << event;
}

static void on_rtcp(void *arg, uint32_t slot, const struct addr *src, const uint8_t *data, size_t len)
{
	struct bed *b = arg;
	b->rtcp++;
	b->rtcp_len = len < sizeof b->rtcp_bytes ? len : sizeof b->rtcp_bytes;
	memcpy(b->rtcp_bytes, data, b->rtcp_len);
}

static struct addr host(const char *ip, uint16_t port)
{
	struct addr a;
	assert_int_equal(addr_parse(&a, slice_str(ip), port), 0);
	return a;
}

static int peer_open(const char *ip, struct addr *ret)
{
	struct addr any = host(ip, 0);
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(&any, &ss);
	int fd = socket(any.family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&ss, len), 0);
	len = sizeof ss;
	getsockname(fd, (struct sockaddr *)&ss, &len);
	assert_int_equal(addr_from_sockaddr(ret, (struct sockaddr *)&ss), 0);
	return fd;
}

static void send_to(int fd, const struct addr *dst, const void *data, size_t len)
{
	struct sockaddr_storage ss;
	socklen_t n = addr_to_sockaddr(dst, &ss);
	assert_int_equal(sendto(fd, data, len, 0, (struct sockaddr *)&ss, n), (ssize_t)len);
}

static void send_rtp(int fd, const struct addr *dst, uint16_t seq, uint32_t ssrc)
{
	uint8_t p[172] = {0x80, 0, (uint8_t)(seq >> 8), (uint8_t)seq, 0, 0, (uint8_t)(seq >> 8), (uint8_t)seq};
	uint32_t s = htonl(ssrc);
	memcpy(p + 8, &s, 4);
	send_to(fd, dst, p, sizeof p);
}

/* Lets the loop work off what is there, and returns what then waits at `fd`: its length, or -1. */
static ssize_t received(int fd, uint8_t *buf, size_t size, struct addr *src)
{
	for (int i = 0; i < 3; i++)
		uv_run(loop_uv(), UV_RUN_NOWAIT);
	struct sockaddr_storage ss;
	socklen_t len = sizeof ss;
	ssize_t n = recvfrom(fd, buf, size, MSG_DONTWAIT, (struct sockaddr *)&ss, &len);
	if (n >= 0 && src)
		addr_from_sockaddr(src, (struct sockaddr *)&ss);
	return n;
}

static int open_bed(struct bed *b, const char *ip_a, const char *ip_b)
{
	struct fp_local locals[2] = {{host(ip_a, 0), LOW, TOP}, {host(ip_b, 0), LOW, TOP}};
	struct fp_params params = {
		.locals = locals,
		.n_locals = strcmp(ip_a, ip_b) ? 2 : 1,
		.want = FP_WANT_NULL,
		.plain = true,
		.handlers = {on_rtcp, on_event},
		.arg = b,
	};
	b->la = host(ip_a, LOW);
	b->lb = host(ip_b, LOW + 2);
	int err = fastpath_open(&b->fp, &params);
	if (err)
		return err;
	assert_int_equal(fastpath_slot(b->fp, &b->la, &b->a), 0);
	assert_int_equal(fastpath_slot(b->fp, &b->lb, &b->b), 0);
	err = fastpath_open_port(b->fp, b->a);
	return err ? err : fastpath_open_port(b->fp, b->b);
}

static void set_stream(struct bed *b, uint32_t slot, const struct addr *remote, bool latch, uint32_t arm)
{
	struct fp_stream s = {
		.remote = *remote, .signalling = *remote, .latch = latch, .send = true, .receive = true,
		.dscp = 46, .clock_hz = 8000, .arm = arm,
	};
	assert_int_equal(fastpath_upsert(b->fp, slot, &s), 0);
}

static void close_bed(struct bed *b)
{
	close(b->pa);
	close(b->pb);
	b->fp = mem_deref(b->fp);
	uv_run(loop_uv(), UV_RUN_NOWAIT);
}

static void setup(struct bed *b, const char *ip_a, const char *ip_b)
{
	*b = (struct bed){0};
	b->pa = peer_open(ip_a, &b->ra);
	b->pb = peer_open(ip_b, &b->rb);
	assert_int_equal(open_bed(b, ip_a, ip_b), 0);
	set_stream(b, b->a, &b->ra, false, 1);
	set_stream(b, b->b, &b->rb, false, 1);
	assert_int_equal(fastpath_join(b->fp, b->a, b->b), 0);
}

static void relays(const char *ip_a, const char *ip_b)
{
	struct bed b;
	struct addr src;
	struct fp_stats st;
	uint8_t got[2048];
	setup(&b, ip_a, ip_b);
	for (uint16_t i = 0; i < 10; i++) {
		send_rtp(b.pa, &b.la, (uint16_t)(65530 + i), 0x1234);
		assert_int_equal(received(b.pb, got, sizeof got, &src), 172);
		assert_true(addr_eq(&src, &b.lb));
		send_rtp(b.pb, &b.lb, i, 0x4321);
		assert_int_equal(received(b.pa, got, sizeof got, &src), 172);
		assert_true(addr_eq(&src, &b.la));
	}
	assert_int_equal(fastpath_read(b.fp, b.a, &st), 0);
	assert_int_equal(st.rx_packets, 10);
	assert_int_equal(st.by_engine[FP_NULL], 10);
	assert_int_equal(st.rx_bytes, 1720);
	assert_int_equal(st.ssrc, 0x1234);
	assert_int_equal(st.lost, 0);
	assert_int_equal(st.ext_max_seq, 65539);
	assert_true(st.latched && addr_eq(&st.remote, &b.ra) && st.last_rx_ms);
	assert_true(b.events & 1u << TANDEM_EV_LATCH);
	close_bed(&b);
}

static void relays_between_families(void **state)
{
	relays("10.77.8.1", "10.77.8.1");
	relays("10.77.8.1", "fd77:8::1");
	relays("fd77:8::1", "fd77:8::1");
}

static void refuses_strangers(void **state)
{
	struct bed b;
	struct addr other;
	struct fp_stats st;
	uint8_t got[2048];
	setup(&b, "10.77.8.1", "10.77.8.1");
	int stranger = peer_open("10.77.8.1", &other);
	send_rtp(stranger, &b.la, 1, 0x1234);
	assert_int_equal(received(b.pb, got, sizeof got, NULL), -1);
	send_rtp(b.pa, &b.la, 1, 0x1234);
	assert_int_equal(received(b.pb, got, sizeof got, NULL), 172);
	send_rtp(stranger, &b.la, 2, 0x1234);
	assert_int_equal(received(b.pb, got, sizeof got, NULL), -1);
	assert_int_equal(fastpath_read(b.fp, b.a, &st), 0);
	assert_int_equal(st.refused, 2);
	assert_int_equal(st.rx_packets, 1);
	close(stranger);
	close_bed(&b);
}

/* A phone behind a NAT: signalled private address, the same source IP as its signalling. What goes to it goes to
 * the signalled address first and to the latched one then. */
static void latches_and_answers_there(void **state)
{
	struct bed b;
	struct addr from, elsewhere;
	uint8_t got[2048];
	setup(&b, "10.77.8.1", "10.77.8.1");
	int signalled = peer_open("10.77.8.2", &elsewhere), other = peer_open("10.77.8.1", &from);
	struct fp_stream s = {.remote = elsewhere, .signalling = b.ra, .latch = true, .send = true, .receive = true, .arm = 2};
	assert_int_equal(fastpath_upsert(b.fp, b.a, &s), 0);
	send_rtp(b.pb, &b.lb, 1, 7);
	assert_int_equal(received(signalled, got, sizeof got, NULL), 172);
	send_rtp(b.pa, &b.la, 1, 8);
	assert_int_equal(received(b.pb, got, sizeof got, NULL), 172);
	send_rtp(b.pb, &b.lb, 2, 7);
	assert_int_equal(received(b.pa, got, sizeof got, NULL), 172);
	/* Another port of the same host does not take it over, unless it goes on with the same stream. */
	send_rtp(other, &b.la, 9000, 8);
	assert_int_equal(received(b.pb, got, sizeof got, NULL), -1);
	send_rtp(other, &b.la, 2, 8);
	assert_int_equal(received(b.pb, got, sizeof got, NULL), 172);
	send_rtp(b.pb, &b.lb, 3, 7);
	assert_int_equal(received(other, got, sizeof got, NULL), 172);
	assert_true(b.events & 1u << TANDEM_EV_REBIND);
	send_rtp(b.pa, &b.la, 3, 8);
	assert_int_equal(received(b.pb, got, sizeof got, NULL), -1);
	close(signalled);
	close(other);
	close_bed(&b);
}

static void holds(void **state)
{
	struct bed b;
	uint8_t got[2048];
	setup(&b, "10.77.8.1", "10.77.8.1");
	struct fp_stream s = {.remote = b.ra, .send = false, .receive = true, .arm = 1};
	assert_int_equal(fastpath_upsert(b.fp, b.a, &s), 0);
	send_rtp(b.pb, &b.lb, 1, 7);
	assert_int_equal(received(b.pa, got, sizeof got, NULL), -1);
	send_rtp(b.pa, &b.la, 1, 8);
	assert_int_equal(received(b.pb, got, sizeof got, NULL), 172);
	s.receive = false;
	assert_int_equal(fastpath_upsert(b.fp, b.a, &s), 0);
	send_rtp(b.pa, &b.la, 2, 8);
	assert_int_equal(received(b.pb, got, sizeof got, NULL), -1);
	s.send = s.receive = true;
	assert_int_equal(fastpath_upsert(b.fp, b.a, &s), 0);
	send_rtp(b.pb, &b.lb, 2, 7);
	assert_int_equal(received(b.pa, got, sizeof got, NULL), 172);
	close_bed(&b);
}

static void rtcp_goes_to_the_handler(void **state)
{
	static const uint8_t rr[8] = {0x80, 201, 0, 1, 1, 2, 3, 4};
	struct bed b;
	struct addr other;
	uint8_t got[2048];
	setup(&b, "10.77.8.1", "10.77.8.1");
	int stranger = peer_open("10.77.8.3", &other);
	struct fp_stream s = {.remote = b.ra, .send = true, .receive = true, .rtcp_mux = true, .arm = 1};
	send_to(b.pa, &b.la, rr, sizeof rr);
	assert_int_equal(received(b.pb, got, sizeof got, NULL), -1);
	assert_int_equal(b.rtcp, 0);
	assert_int_equal(fastpath_upsert(b.fp, b.a, &s), 0);
	send_to(stranger, &b.la, rr, sizeof rr);
	assert_int_equal(received(b.pb, got, sizeof got, NULL), -1);
	assert_int_equal(b.rtcp, 0);
	send_to(b.pa, &b.la, rr, sizeof rr);
	assert_int_equal(received(b.pb, got, sizeof got, NULL), -1);
	assert_int_equal(b.rtcp, 1);
	assert_memory_equal(b.rtcp_bytes, rr, sizeof rr);
	assert_int_equal(fastpath_send(b.fp, b.b, rr, sizeof rr), 0);
	assert_int_equal(received(b.pb, got, sizeof got, NULL), sizeof rr);
	close(stranger);
	close_bed(&b);
}

static void ports_end_with_the_stream(void **state)
{
	struct bed b;
	struct fp_stats st;
	uint8_t got[64];
	setup(&b, "10.77.8.1", "10.77.8.1");
	fastpath_remove(b.fp, b.a);
	assert_int_equal(fastpath_read(b.fp, b.a, &st), -ENOENT);
	send_rtp(b.pb, &b.lb, 1, 7);
	assert_int_equal(received(b.pa, got, sizeof got, NULL), -1);
	assert_int_equal(fastpath_read(b.fp, b.b, &st), 0);
	assert_int_equal(st.rx_packets, 1);
	fastpath_close_port(b.fp, b.a);
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(&b.la, &ss);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	uv_run(loop_uv(), UV_RUN_NOWAIT);
	assert_int_equal(bind(fd, (struct sockaddr *)&ss, len), 0);
	assert_int_equal(fastpath_open_port(b.fp, b.a), -EADDRINUSE);
	close(fd);
	close_bed(&b);
}

static void bad_addresses_are_told(void **state)
{
	struct fastpath *fp;
	struct fp_local l = {host("203.0.113.7", 0), LOW, TOP};
	struct fp_params p = {.locals = &l, .n_locals = 1, .want = FP_WANT_NULL, .plain = true};
	assert_int_equal(fastpath_open(&fp, &p), -EADDRNOTAVAIL);
	l.ip = host("10.77.8.1", 0);
	l.port_max = LOW - 1;
	assert_int_equal(fastpath_open(&fp, &p), -EADDRNOTAVAIL);
}

static void open_and_close(void *arg)
{
	struct bed b = {.pa = -1, .pb = -1};
	int err = open_bed(&b, "10.77.8.1", "fd77:8::1");
	assert_true(!err || err == -ENOMEM);
	if (!err) {
		json_t *engines = fastpath_engines(b.fp);
		json_decref(engines);
	}
	b.fp = mem_deref(b.fp);
	uv_run(loop_uv(), UV_RUN_NOWAIT);
}

static void survives_lack_of_memory(void **state)
{
	each_allocation_fails(open_and_close, NULL);
}

static int start(void **state)
{
	if (unshare(CLONE_NEWNET) && unshare(CLONE_NEWUSER | CLONE_NEWNET))
		return -1;
	if (system("ip link set lo up && for i in 1 2 3; do ip addr add 10.77.8.$i/32 dev lo; done && ip addr add fd77:8::1/128 dev lo nodad"))
		return -1;
	return loop_init();
}

static int stop(void **state)
{
	loop_close();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(relays_between_families),
		cmocka_unit_test(refuses_strangers),
		cmocka_unit_test(latches_and_answers_there),
		cmocka_unit_test(holds),
		cmocka_unit_test(rtcp_goes_to_the_handler),
		cmocka_unit_test(ports_end_with_the_stream),
		cmocka_unit_test(bad_addresses_are_told),
		cmocka_unit_test(survives_lack_of_memory),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
