// SPDX-License-Identifier: GPL-3.0-or-later
/* The DNS cache: what it asks, for how long it believes the answers, and what it makes of bad ones. */
#include "net/dns_zone.h"

static struct zone z;

struct asker {
	struct dns_query *q;
	unsigned told;
	int err;
	unsigned n;
	struct dns_answer *a;
};

static void on_answer(void *arg, int err, struct dns_answer *a)
{
	struct asker *s = arg;
	s->told++;
	s->err = err;
	s->q = mem_deref(s->q);
	mem_deref(s->a);
	s->a = mem_ref(a);
	s->n = a ? a->n : 0;
}

static int ask(struct asker *s, const char *name, enum dns_type type)
{
	return dns_ask(&s->q, z.dns, slice_str(name), type, on_answer, s);
}

/* Asks and waits. */
static int look(struct asker *s, const char *name, enum dns_type type)
{
	mem_deref(s->a);
	*s = (struct asker){0};
	assert_int_equal(ask(s, name, type), 0);
	clock_test_advance(z.delay_ms + 1);
	assert_int_equal(s->told, 1);
	return s->err;
}

static void done(struct asker *s)
{
	mem_deref(s->q);
	mem_deref(s->a);
	*s = (struct asker){0};
}

static void an_answer_is_asked_for_once_and_known_for_its_time(void **state)
{
	static const char *const lines[] = {"a.example 60 A 192.0.2.1", "a.example 30 A 192.0.2.2", NULL};
	struct asker s = {0};
	zone_open(&z, lines);
	assert_null(dns_known(z.dns, SLICE("a.example"), DNS_A));
	assert_int_equal(look(&s, "A.Example.", DNS_A), 0);
	assert_int_equal(s.n, 2);
	assert_string_equal(s.a->name, "a.example");
	clock_test_advance(29000);
	struct dns_answer *known = dns_known(z.dns, SLICE("a.EXAMPLE"), DNS_A);
	assert_ptr_equal(known, s.a);
	mem_deref(known);
	assert_int_equal(z.asked, 1);
	clock_test_advance(1000);
	assert_null(dns_known(z.dns, SLICE("a.example"), DNS_A));
	assert_int_equal(look(&s, "a.example", DNS_A), 0);
	assert_int_equal(z.asked, 2);
	done(&s);
	zone_close(&z);
}

static void many_who_ask_make_one_question(void **state)
{
	static const char *const lines[] = {"a.example 60 A 192.0.2.1", NULL};
	struct asker s[50] = {0};
	zone_open(&z, lines);
	for (unsigned i = 0; i < 50; i++)
		assert_int_equal(ask(&s[i], "a.example", DNS_A), 0);
	s[7].q = mem_deref(s[7].q);
	clock_test_advance(11);
	assert_int_equal(z.asked, 1);
	for (unsigned i = 0; i < 50; i++) {
		assert_int_equal(s[i].told, i == 7 ? 0 : 1);
		done(&s[i]);
	}
	zone_close(&z);
}

static void what_is_not_there_is_remembered(void **state)
{
	static const char *const lines[] = {"a.example 60 A 192.0.2.1", NULL};
	struct asker s = {0};
	zone_open(&z, lines);
	z.no_name = true;
	assert_int_equal(look(&s, "a.example", DNS_AAAA), -ENODATA);
	assert_int_equal(look(&s, "b.example", DNS_A), -ENOENT);
	assert_int_equal(look(&s, "b.example", DNS_A), -ENOENT);
	assert_int_equal(z.asked, 2);
	clock_test_advance(5000);
	assert_int_equal(look(&s, "b.example", DNS_A), -ENOENT);
	assert_int_equal(z.asked, 3);
	done(&s);
	zone_close(&z);
}

static void aliases_are_followed_as_far_as_they_lead_somewhere(void **state)
{
	static const char *const lines[] = {
		"www.example 20 CNAME web.example", "web.example 60 CNAME host.example", "host.example 90 A 192.0.2.7",
		"loop.example 60 CNAME pool.example", "pool.example 60 CNAME loop.example", "self.example 60 CNAME self.example",
		"_sip._udp.example 60 CNAME _sip._udp.real.example", "_sip._udp.real.example 60 SRV 1 2 5060 host.example", NULL};
	struct asker s = {0};
	zone_open(&z, lines);
	assert_int_equal(look(&s, "www.example", DNS_A), 0);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.a->expires - clock_ms(), 20000 - 1);
	assert_int_equal(look(&s, "_sip._udp.example", DNS_SRV), 0);
	assert_string_equal(s.a->record[0].srv.target, "host.example");
	uint64_t before = dns_counts[DNS_CNT_LOOP];
	assert_int_equal(look(&s, "loop.example", DNS_A), -EBADMSG);
	assert_int_equal(look(&s, "self.example", DNS_A), -EBADMSG);
	assert_int_equal(dns_counts[DNS_CNT_LOOP], before + 2);
	done(&s);
	zone_close(&z);
}

static void servers_that_fail_or_are_silent(void **state)
{
	static const char *const lines[] = {"a.example 10 A 192.0.2.1", NULL};
	struct asker s = {0};
	zone_open(&z, lines);
	z.fails = -EREMOTEIO;
	assert_int_equal(look(&s, "a.example", DNS_A), -EREMOTEIO);
	z.fails = 0;
	/* Remembered for a moment, so that a failing server is not stormed. */
	assert_int_equal(look(&s, "a.example", DNS_A), -EREMOTEIO);
	clock_test_advance(5000);
	assert_int_equal(look(&s, "a.example", DNS_A), 0);
	clock_test_advance(11000);
	/* What was true until lately is better than nothing (RFC 8767). */
	z.fails = -EREMOTEIO;
	assert_int_equal(look(&s, "a.example", DNS_A), 0);
	clock_test_advance(25 * 3600 * 1000);
	assert_int_equal(look(&s, "a.example", DNS_A), -EREMOTEIO);
	clock_test_advance(6000);
	z.fails = 0;
	z.delay_ms = 60000;
	done(&s);
	assert_int_equal(ask(&s, "a.example", DNS_A), 0);
	clock_test_advance(2999);
	assert_int_equal(s.told, 0);
	clock_test_advance(1);
	assert_int_equal(s.err, -ETIMEDOUT);
	/* The answer that comes late is not lost. */
	clock_test_advance(57001);
	struct dns_answer *a = dns_known(z.dns, SLICE("a.example"), DNS_A);
	assert_non_null(a);
	assert_int_equal(a->n, 1);
	mem_deref(a);
	done(&s);
	zone_close(&z);
}

static void names_that_are_none(void **state)
{
	static const char *const bad[] = {"", ".", "a..b", ".a", "a b", "a\\b",
		"a123456789a123456789a123456789a123456789a123456789a123456789a123.example", NULL};
	static const char *const lines[] = {NULL};
	struct asker s = {0};
	zone_open(&z, lines);
	for (unsigned i = 0; bad[i]; i++)
		assert_int_equal(ask(&s, bad[i], DNS_A), -EINVAL);
	assert_int_equal(z.asked, 0);
	zone_close(&z);
}

static void memory_is_bounded(void **state)
{
	static const char *const lines[] = {NULL};
	struct asker s = {0};
	char name[32];
	struct dns_params p = {.timeout_ms = 3000, .cache_max = 10};
	zone_open(&z, lines);
	struct zone **holder = mem_alloc(sizeof *holder, NULL);
	*holder = &z;
	mem_deref(z.dns);
	assert_int_equal(dns_new(&z.dns, &p, zone_ask, holder), 0);
	mem_deref(holder);
	for (unsigned i = 0; i < 30; i++) {
		snprintf(name, sizeof name, "n%u.example", i);
		assert_int_equal(look(&s, name, DNS_A), -ENODATA);
	}
	assert_int_equal(dns_counts[DNS_CNT_ENTRIES_NOW], 10);
	struct asker many[11] = {0};
	for (unsigned i = 0; i < 11; i++) {
		snprintf(name, sizeof name, "m%u.example", i);
		assert_int_equal(ask(&many[i], name, DNS_A), i < 10 ? 0 : -EBUSY);
	}
	clock_test_advance(11);
	for (unsigned i = 0; i < 11; i++)
		done(&many[i]);
	done(&s);
	zone_close(&z);
}

static void who_waits_for_what_ends_is_told(void **state)
{
	static const char *const lines[] = {"a.example 60 A 192.0.2.1", NULL};
	struct asker s = {0};
	zone_open(&z, lines);
	assert_int_equal(ask(&s, "a.example", DNS_A), 0);
	zone_close(&z);
	assert_int_equal(s.told, 1);
	assert_int_equal(s.err, -ECANCELED);
	done(&s);
}

/* An answer of 1000 records: some of them, and counted. */
static void an_answer_without_end(void **state)
{
	static char text[30000];
	struct buf b = buf_fixed(text, sizeof text);
	struct dns_answer *a;
	uint64_t before = dns_counts[DNS_CNT_TOO_MANY];
	zone_u16(&b, 1);
	zone_u16(&b, 0x8180);
	zone_u16(&b, 1);
	zone_u16(&b, 1000);
	zone_u16(&b, 0);
	zone_u16(&b, 0);
	zone_name(&b, SLICE("a.example"));
	zone_u16(&b, DNS_A);
	zone_u16(&b, 1);
	for (unsigned i = 0; i < 1000; i++) {
		zone_name(&b, SLICE("a.example"));
		zone_u16(&b, DNS_A);
		zone_u16(&b, 1);
		zone_u16(&b, 0);
		zone_u16(&b, 60);
		zone_u16(&b, 4);
		zone_u16(&b, 0x0a00);
		zone_u16(&b, i);
	}
	assert_int_equal(dns_message_read(&a, "a.example", DNS_A, (uint8_t *)b.p, b.len), 0);
	assert_in_range(a->n, 1, 64);
	assert_true(dns_counts[DNS_CNT_TOO_MANY] > before);
	mem_deref(a);
	/* Cut anywhere it is refused, or read; never beyond its end. */
	for (size_t len = 0; len < 200; len++) {
		char *copy = malloc(len ? len : 1);
		memcpy(copy, b.p, len);
		int err = dns_message_read(&a, "a.example", DNS_A, (uint8_t *)copy, len);
		assert_int_equal(err, -EBADMSG);
		free(copy);
	}
}

static void search_body(void *arg)
{
	static const char *const lines[] = {"a.example 60 A 192.0.2.1", NULL};
	struct asker s = {0};
	if (zone_try_open(&z, lines))
		return;
	if (!ask(&s, "a.example", DNS_A))
		clock_test_advance(3001);
	done(&s);
	zone_close(&z);
}

static void memory_may_run_out(void **state)
{
	each_allocation_fails(search_body, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_is_asked_for_once_and_known_for_its_time),
		cmocka_unit_test(many_who_ask_make_one_question),
		cmocka_unit_test(what_is_not_there_is_remembered),
		cmocka_unit_test(aliases_are_followed_as_far_as_they_lead_somewhere),
		cmocka_unit_test(servers_that_fail_or_are_silent),
		cmocka_unit_test(names_that_are_none),
		cmocka_unit_test(memory_is_bounded),
		cmocka_unit_test(who_waits_for_what_ends_is_told),
		cmocka_unit_test(an_answer_without_end),
		cmocka_unit_test(memory_may_run_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
