// SPDX-License-Identifier: GPL-3.0-or-later
/* Sources and the guard: a bounded table that made-up senders cannot empty of others, buckets, who is banned and who never is. */
#include "unit.h"
#include "base/timer.h"
#include "guard/guard_priv.h"
#include "config/schema.h"
#include <stdio.h>

static struct addr addr(const char *text)
{
	struct addr a;
	assert_int_equal(addr_parse_ip(&a, slice_str(text)), 0);
	return a;
}

static struct addr made_up(unsigned i)
{
	struct addr a = {.family = AF_INET};
	a.v4.s_addr = i + 1;
	return a;
}

static void a_flood_of_made_up_sources(void **state)
{
	struct sources s;
	size_t before = mem_blocks();
	assert_int_equal(sources_init(&s, 64), 0);
	struct addr known = addr("198.51.100.1");
	sources_prove(&s, sources_seen(&s, &known));
	for (unsigned i = 0; i < 10000; i++) {
		struct addr a = made_up(i);
		assert_non_null(sources_seen(&s, &a));
		assert_true(s.by_key.count <= 64);
	}
	assert_non_null(sources_find(&s, &known));
	struct addr first = made_up(0), last = made_up(9999);
	assert_null(sources_find(&s, &first));
	assert_non_null(sources_find(&s, &last));
	assert_int_equal(s.forgotten, 10000 - 32);
	for (unsigned i = 0; i < 100; i++) {
		struct addr a = made_up(i);
		sources_prove(&s, sources_seen(&s, &a));
	}
	assert_int_equal(s.n[1], 32);
	assert_true(s.by_key.count <= 64);
	sources_fini(&s);
	assert_int_equal(mem_blocks(), before);
}

static void one_subscriber_one_source(void **state)
{
	struct sources s;
	char text[ADDR_STR_LEN];
	assert_int_equal(sources_init(&s, 64), 0);
	struct addr a = addr("2001:db8::1"), b = addr("2001:db8::ffff:2"), c = addr("2001:db8:0:1::1"), d = addr("192.0.2.1");
	struct origin *o = sources_seen(&s, &a);
	assert_ptr_equal(sources_seen(&s, &b), o);
	assert_ptr_not_equal(sources_seen(&s, &c), o);
	assert_string_equal(origin_str(o, text), "2001:db8::/64");
	assert_string_equal(origin_str(sources_seen(&s, &d), text), "192.0.2.1");
	sources_fini(&s);
}

static void buckets(void **state)
{
	struct bucket b = {0};
	const struct bucket_rate rate = {60, 3};
	uint64_t now = 1000000;
	for (int i = 0; i < 3; i++)
		assert_true(bucket_take(&b, &rate, now));
	assert_false(bucket_take(&b, &rate, now));
	/* Looking often does not keep it from filling. */
	for (int i = 0; i < 999; i++)
		assert_false(bucket_take(&b, &rate, ++now));
	assert_true(bucket_take(&b, &rate, ++now));
	assert_false(bucket_take(&b, &rate, now));
	now += 1000000;
	for (int i = 0; i < 3; i++)
		assert_true(bucket_take(&b, &rate, now));
	assert_false(bucket_take(&b, &rate, now));
}

static const char conf_text[] = "address inside {\n local = {\"192.0.2.1\"}\n}\nsecurity {\n failure-rate = 0\n failure-burst = 2\n malformed-rate = 0\n malformed-burst = 2\n message-rate = 1\n message-burst = 5\n"
				" ban-time = 1m\n ban-max = 3m\n trusted = {\"10.0.0.0/8\"}\n}\n";

static bool is_peer(void *arg, const struct addr *src)
{
	return addr_ip_eq(arg, src);
}

static bool is_emergency(void *arg, const struct sip_uri *uri, const struct addr *src)
{
	return slice_eq(uri->user, SLICE("112"));
}

static int open_guard(struct guard **ret, struct addr *peer)
{
	struct conf *c = NULL;
	struct buf why = buf_growing();
	int err = config_load(&c, "test", conf_text, &why);
	buf_reset(&why);
	if (err)
		return err;
	err = guard_new(ret, &(struct guard_params){.conf = c, .is_peer = is_peer, .is_emergency = is_emergency, .arg = peer});
	mem_deref(c);
	return err;
}

static bool banned(const struct guard *g, const struct addr *a)
{
	const struct origin *o = sources_find(&g->sources, a);
	return o && guard_is_banned(o, clock_ms());
}

static void guess(struct guard *g, const struct addr *a, bool here)
{
	for (int i = 0; i < 4; i++)
		guard_authenticated(g, a, false, here);
}

static void who_is_banned(void **state)
{
	struct addr peer = addr("192.0.2.1"), there = addr("192.0.2.2"), spoofed = addr("192.0.2.3"), trusted = addr("10.1.2.3");
	const struct slice message = SLICE("OPTIONS sip:a SIP/2.0\r\n");
	struct guard *g;
	assert_int_equal(open_guard(&g, &peer), 0);
	guess(g, &peer, true);
	guess(g, &trusted, true);
	guess(g, &spoofed, false);
	guess(g, &there, true);
	assert_false(banned(g, &peer) || banned(g, &trusted) || banned(g, &spoofed));
	assert_true(banned(g, &there));
	assert_false(guard_admits(g, &there, false, message));
	assert_true(guard_admits(g, &spoofed, false, message));
	/* Emergency calls and what belongs to them, and nothing else. */
	assert_false(guard_admits(g, &there, false, SLICE("ACK sip:a SIP/2.0\r\n")));
	assert_true(guard_admits(g, &there, false, SLICE("INVITE urn:service:sos.fire SIP/2.0\r\n")));
	assert_true(guard_admits(g, &there, false, SLICE("INVITE sip:112@a SIP/2.0\r\n")));
	assert_true(guard_admits(g, &there, false, SLICE("ACK sip:a SIP/2.0\r\n")));
	assert_false(guard_admits(g, &there, false, SLICE("INVITE urn:service:sosnot SIP/2.0\r\n")));
	assert_false(guard_admits(g, &there, false, message));
	/* It ends by itself; the next one is twice as long, up to the longest. */
	clock_test_advance(60001);
	assert_true(guard_admits(g, &there, false, message));
	static const unsigned long_s[] = {120, 180, 180};
	for (size_t i = 0; i < 3; i++) {
		guess(g, &there, true);
		assert_true(banned(g, &there));
		clock_test_advance(long_s[i] * 1000 - 1);
		assert_true(banned(g, &there));
		clock_test_advance(2);
		assert_false(banned(g, &there));
	}
	/* Who becomes known is heard again; not when an operator has said no. */
	guess(g, &there, true);
	peer = there;
	assert_true(guard_admits(g, &there, false, message));
	struct origin *o = sources_find(&g->sources, &there);
	o->by_operator = true;
	assert_false(guard_admits(g, &there, false, message));
	guard_unban(o);
	assert_true(guard_admits(g, &there, false, message));
	mem_deref(g);
}

static void what_is_too_much(void **state)
{
	struct addr peer = addr("192.0.2.1"), flood = addr("192.0.2.2"), connected = addr("192.0.2.3");
	const struct slice message = SLICE("OPTIONS sip:a SIP/2.0\r\n");
	struct guard *g;
	unsigned taken = 0;
	assert_int_equal(open_guard(&g, &peer), 0);
	for (int i = 0; i < 100; i++) {
		taken += guard_admits(g, &flood, false, message);
		assert_true(guard_admits(g, &peer, false, message));
	}
	assert_int_equal(taken, 5);
	assert_false(banned(g, &flood));
	clock_test_advance(1000);
	assert_true(guard_admits(g, &flood, false, message));
	/* Over a connection nobody pretends. */
	assert_true(guard_admits(g, &connected, true, message));
	for (int i = 0; i < 4; i++) {
		guard_malformed(g, &connected);
		guard_malformed(g, &flood);
	}
	assert_true(banned(g, &connected));
	assert_false(banned(g, &flood));
	/* A tag of ours came back. */
	guard_proven(g, &flood);
	guard_malformed(g, &flood);
	assert_true(banned(g, &flood));
	mem_deref(g);
}

static void once(void *arg)
{
	struct guard *g;
	struct addr a = addr("192.0.2.1");
	if (open_guard(&g, &a))
		return;
	guess(g, &a, true);
	guard_admits(g, &a, true, SLICE("x"));
	guard_proven(g, &a);
	mem_deref(g);
}

static void without_memory(void **state)
{
	once(NULL);
	each_allocation_fails(once, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flood_of_made_up_sources), cmocka_unit_test(one_subscriber_one_source), cmocka_unit_test(buckets),
		cmocka_unit_test(who_is_banned), cmocka_unit_test(what_is_too_much), cmocka_unit_test(without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
