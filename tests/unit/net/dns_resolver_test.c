// SPDX-License-Identifier: GPL-3.0-or-later
/* c-ares on the real loop: servers on loopback that answer, fail, refuse or are silent, and what changes while something is asked. */
#include "dns_zone.h"
#include "base/loop.h"
#include "net/udp.h"

static struct dns *d;
static struct timer patience;
static int last_err;
static unsigned told, last_n;

struct server {
	struct udp *udp;
	unsigned asked;
	int rcode; /* -1: silent */
};
static struct server one, two;

static const char *const lines[] = {"a.example 60 A 192.0.2.1", "a.example 60 A 192.0.2.2", NULL};

static void on_question(void *arg, const struct udp_packet *p)
{
	struct server *s = arg;
	struct zone z = {.lines = lines};
	char text[2000];
	struct buf b = buf_fixed(text, sizeof text);
	s->asked++;
	if (s->rcode < 0)
		return;
	zone_answer(&z, &b, "a.example", DNS_A);
	memcpy(text, p->data, 2);
	if (s->rcode) {
		text[3] = (char)(0x80 | s->rcode);
		text[7] = 0;
		b.len = 12 + 11 + 4;
	}
	udp_send(s->udp, &p->src, buf_text(&b));
}

static void serve(struct server *s, int rcode)
{
	struct udp_params p = {.fd = -1, .recv = on_question, .arg = s};
	addr_parse(&p.local, SLICE("127.0.0.1"), 0);
	*s = (struct server){.rcode = rcode};
	assert_int_equal(udp_open(&s->udp, &p), 0);
}

static void open_both(int first, int second)
{
	serve(&one, first);
	serve(&two, second);
	const struct addr servers[] = {*udp_local(one.udp), *udp_local(two.udp)};
	const struct dns_params p = {.servers = servers, .n_servers = 2, .attempt_ms = 100, .timeout_ms = 1000, .cache_max = 100};
	assert_int_equal(dns_open(&d, &p), 0);
	told = 0;
}

static void close_both(void)
{
	d = mem_deref(d);
	one.udp = mem_deref(one.udp);
	two.udp = mem_deref(two.udp);
}

static void on_answer(void *arg, int err, struct dns_answer *a)
{
	told++;
	last_err = err;
	last_n = a ? a->n : 0;
	loop_stop();
}

static void out_of_patience(void *arg)
{
	loop_stop();
}

static void turn(unsigned ms)
{
	timer_start(&patience, ms, out_of_patience, NULL);
	loop_run();
	timer_stop(&patience);
}

static int look(const char *name)
{
	struct dns_query *q;
	assert_int_equal(dns_ask(&q, d, slice_str(name), DNS_A, on_answer, NULL), 0);
	told = 0;
	turn(4000);
	assert_int_equal(told, 1);
	mem_deref(q);
	return last_err;
}

static void a_server_that_fails_refuses_or_is_silent_is_followed_by_the_next(void **state)
{
	static const int bad[] = {2, 5, -1};
	for (unsigned i = 0; i < 3; i++) {
		open_both(bad[i], 0);
		assert_int_equal(look("a.example"), 0);
		assert_int_equal(last_n, 2);
		assert_true(one.asked && two.asked);
		close_both();
	}
}

static void a_silent_server_is_asked_last_for_a_while(void **state)
{
	open_both(-1, 0);
	assert_int_equal(look("a.example"), 0);
	unsigned before = one.asked;
	assert_true(before);
	for (unsigned i = 0; i < 3; i++) {
		dns_flush(d);
		assert_int_equal(look("a.example"), 0);
	}
	assert_int_equal(one.asked, before);
	/* Later it gets another chance. */
	one.rcode = 0;
	clock_skip_to(clock_ms() + 30000);
	dns_flush(d);
	assert_int_equal(look("a.example"), 0);
	assert_int_equal(one.asked, before + 1);
	/* The other one is silent now; then both, and one comes back. */
	two.rcode = -1;
	dns_flush(d);
	assert_int_equal(look("a.example"), 0);
	one.rcode = -1;
	dns_flush(d);
	assert_int_equal(look("a.example"), -ETIMEDOUT);
	two.rcode = 0;
	dns_flush(d);
	assert_int_equal(look("a.example"), 0);
	close_both();
}

static void all_fail(void **state)
{
	open_both(2, 5);
	assert_int_equal(look("a.example"), -EREMOTEIO);
	close_both();
	open_both(-1, -1);
	uint64_t from = clock_ms();
	assert_int_equal(look("a.example"), -ETIMEDOUT);
	assert_in_range(clock_ms() - from, 200, 1100);
	close_both();
}

static void servers_may_change_while_they_are_asked(void **state)
{
	struct dns_query *q;
	open_both(-1, -1);
	assert_int_equal(dns_ask(&q, d, SLICE("a.example"), DNS_A, on_answer, NULL), 0);
	turn(20);
	two.rcode = 0;
	const struct addr server = *udp_local(two.udp);
	const struct dns_params p = {.servers = &server, .n_servers = 1, .attempt_ms = 100, .timeout_ms = 1000, .cache_max = 100};
	assert_int_equal(dns_reconfigure(d, &p), 0);
	told = 0;
	turn(3000);
	assert_int_equal(told, 1);
	assert_int_equal(last_err, 0);
	mem_deref(q);
	unsigned before = one.asked;
	dns_flush(d);
	assert_int_equal(look("a.example"), 0);
	assert_int_equal(one.asked, before);
	turn(50);
	close_both();
}

static void the_end_while_something_is_asked(void **state)
{
	struct dns_query *q;
	open_both(-1, -1);
	assert_int_equal(dns_ask(&q, d, SLICE("a.example"), DNS_A, on_answer, NULL), 0);
	turn(20);
	told = 0;
	close_both();
	assert_int_equal(told, 1);
	assert_int_equal(last_err, -ECANCELED);
	mem_deref(q);
	turn(1); /* what on_answer() has stopped */
}

static void names_of_the_hosts_file_are_not_asked_for(void **state)
{
	open_both(-1, -1);
	assert_int_equal(look("localhost"), 0);
	assert_int_equal(one.asked + two.asked, 0);
	close_both();
}

static int start(void **state)
{
	return loop_init();
}

static int end(void **state)
{
	loop_close();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_server_that_fails_refuses_or_is_silent_is_followed_by_the_next),
		cmocka_unit_test(a_silent_server_is_asked_last_for_a_while),
		cmocka_unit_test(all_fail),
		cmocka_unit_test(servers_may_change_while_they_are_asked),
		cmocka_unit_test(the_end_while_something_is_asked),
		cmocka_unit_test(names_of_the_hosts_file_are_not_asked_for),
	};
	return cmocka_run_group_tests(tests, start, end);
}
