// SPDX-License-Identifier: GPL-3.0-or-later
/* The routing table: its index finds what a look at every rule finds, whatever the rules; nothing that a number or a rule can be makes it slow or wrong. */
#include "unit.h"
#include "base/log.h"
#include "config/schema.h"
#include "routing/route.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static struct conf *conf;
static struct routing *routing;
static const struct source from_t = {.name = "t"}, from_u = {.name = "u"};

static void load(const char *routes)
{
	struct buf text = buf_growing(), why = buf_growing();
	buf_str(&text, "address inside {\n local = {\"127.0.0.1\"}\n}\ntrunk t {\n peer = \"192.0.2.9:5060\"\n}\ntrunk u {\n peer = \"192.0.2.10:5060\"\n}\n"
		       "list some {\n entries = {\"12*\", \"3\", \"*\"}\n}\n");
	buf_str(&text, routes);
	if (config_load(&conf, "t", buf_z(&text), &why))
		fail_msg("%s", buf_z(&why));
	assert_int_equal(routing_new(&routing, conf), 0);
	buf_reset(&text);
	buf_reset(&why);
}

static void unload(void)
{
	mem_deref(routing);
	mem_deref(conf);
	routing = NULL;
	conf = NULL;
}

static const struct rule *find(const struct source *from, const char *called, const struct rule *after)
{
	const struct query q = {.from = from, .called = called, .caller = "1", .utc = 1767609000};
	return routing_find(routing, &q, after, false, NULL, NULL);
}

/* The same by the words of the law alone. */
static const struct rule *find_slowly(const struct source *from, const char *called, const struct rule *after)
{
	const struct query q = {.from = from, .called = called, .caller = "1", .utc = 1767609000};
	const struct rule *best = NULL;
	int of_best = 0, of_after = after ? rule_match(after, &q, NULL) : 0;
	for (unsigned i = 0; i < routing->n_rules; i++) {
		const struct rule *r = &routing->rules[i];
		int n = r->before_users ? -1 : rule_match(r, &q, NULL);
		if (n >= 0 && (!after || rule_comes_before(after, of_after, r, n)) && (!best || rule_comes_before(r, n, best, of_best))) {
			best = r;
			of_best = n;
		}
	}
	return best;
}

static uint32_t seed;

static uint32_t draw(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (uint32_t)(((uint64_t)seed * below) >> 32);
}

/* Up to `most` digits of a few, so that many rules meet. */
static const char *digits(unsigned most)
{
	static char text[8][16];
	static unsigned turn;
	char *at = text[turn++ % 8];
	unsigned n = draw(most + 1);
	for (unsigned i = 0; i < n; i++)
		at[i] = (char)('1' + draw(3));
	at[n] = '\0';
	return at;
}

static void write_random_rules(struct buf *b, unsigned n)
{
	static const char *const ways[] = {"", " called = {\"%s\"}\n", " called = {\"%s*\"}\n", " called = {\"/%s$/\"}\n", " called = {\"@some\"}\n",
					   " called = {\"%s*\", \"/^1/\", \"2%s\"}\n"};
	for (unsigned i = 0; i < n; i++) {
		char called[80];
		snprintf(called, sizeof(called), ways[draw(6)], digits(4), digits(3));
		buf_printf(b, "route r%u {\n to = t\n prefix = \"%s\"\n order = %u\n%s%s%s}\n", i, digits(3), draw(4) ? 100 : draw(3), called,
			   draw(3) ? "" : draw(2) ? " source = {\"t\"}\n" : " source = {\"u\", \"t\", \"u\"}\n", draw(5) ? "" : " caller = {\"2*\"}\n");
	}
}

static void the_index_finds_what_the_law_says(void **state)
{
	for (seed = 1; seed < 40000; seed += 1000) {
		struct buf b = buf_growing();
		write_random_rules(&b, 1 + draw(60));
		load(buf_z(&b));
		for (unsigned i = 0; i < 200; i++) {
			const struct source *from = draw(2) ? &from_t : &from_u;
			const char *called = digits(7);
			const struct rule *after = NULL, *r;
			do { /* and each one that goes on behind it */
				r = find(from, called, after);
				if (r != find_slowly(from, called, after))
					fail_msg("%s from %s: %s, not %s in\n%s", called, from->name, r ? r->name : "none",
						 find_slowly(from, called, after) ? find_slowly(from, called, after)->name : "none", buf_z(&b));
				after = r;
			} while (r);
		}
		unload();
		buf_reset(&b);
	}
}

static void hunt_groups_and_groups_are_found(void **state)
{
	load("hunt a {\n members = {\"1\"}\n numbers = {\"600\", \"601\"}\n}\nhunt b {\n members = {\"1\"}\n numbers = {\"601\", \"602\"}\n}\n"
	     "group g {\n members = {\"t\", \"u\"}\n}\n");
	assert_string_equal(routing_hunt_by_number(routing, "600")->name, "a");
	assert_string_equal(routing_hunt_by_number(routing, "601")->name, "a"); /* the first in the file */
	assert_string_equal(routing_hunt_by_number(routing, "602")->name, "b");
	assert_null(routing_hunt_by_number(routing, "60"));
	assert_string_equal(routing_hunt(routing, "b")->name, "b");
	assert_null(routing_hunt(routing, "g"));
	assert_int_equal(routing_group(routing, "g")->n, 2);
	assert_null(routing_group(routing, "a"));
	unload();
}

static uint64_t cpu_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* An expression that tries without end is given up: it is one that does not match, and the next rule is taken. */
static void an_expression_cannot_hold_a_call_up(void **state)
{
	char called[128];
	load("route bad {\n called = {\"/^(1+)+$/\", \"/^(1|11)*[24]$/\", \"/^(.*)(.*)(.*)(.*)(.*)x$/\"}\n to = u\n}\nroute rest {\n to = t\n}\n");
	memset(called, '1', sizeof(called) - 2);
	called[sizeof(called) - 2] = '3';
	called[sizeof(called) - 1] = '\0';
	uint64_t began = cpu_ms();
	for (int i = 0; i < 10; i++)
		assert_string_equal(find(&from_t, called, NULL)->name, "rest");
	assert_true(cpu_ms() - began < 2000);
	unload();
}

static void a_number_that_cannot_be_rewritten_is_none(void **state)
{
	char out[128], called[120];
	struct shown caller = {.number = "123"};
	memset(called, '7', sizeof(called) - 1);
	called[sizeof(called) - 1] = '\0';
	load("route long {\n prepend = \"12345678901234567890\"\n to = t\n}\n"
	     "route twice {\n replace = \"/^(.*)$/\"\n with = \"$1$1$1$1$1$1$1$1$1$1\"\n to = t\n}\n"
	     "route endless {\n replace = \"/^((7+)+)+[89]$/\"\n with = \"0\"\n to = t\n}\n"
	     "route caller {\n caller-replace = \"/^(.*)$/\"\n caller-with = \"$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1\"\n to = t\n}\n"
	     "route strip {\n strip = 32\n prepend = \"0\"\n to = t\n}\n");
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(rule_rewrite_called(&routing->rules[i], called, out, sizeof(out)), -ENOSPC);
	assert_int_equal(rule_rewrite_caller(&routing->rules[3], &caller), -ENOSPC);
	assert_string_equal(caller.number, "123");
	assert_int_equal(rule_rewrite_called(&routing->rules[4], "12", out, sizeof(out)), 0);
	assert_string_equal(out, "0");
	unload();
}

static void body(void *arg)
{
	struct routing *r = NULL;
	if (!routing_new(&r, conf))
		mem_deref(r);
}

static void memory_runs_out(void **state)
{
	struct buf b = buf_growing();
	seed = 7;
	write_random_rules(&b, 12);
	buf_str(&b, "hunt a {\n members = {\"1\"}\n numbers = {\"600\", \"601\"}\n}\ngroup g {\n members = {\"t\", \"u\"}\n}\n");
	load(buf_z(&b));
	each_allocation_fails(body, NULL);
	unload();
	buf_reset(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_index_finds_what_the_law_says),
		cmocka_unit_test(hunt_groups_and_groups_are_found),
		cmocka_unit_test(an_expression_cannot_hold_a_call_up),
		cmocka_unit_test(a_number_that_cannot_be_rewritten_is_none),
		cmocka_unit_test(memory_runs_out),
	};
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
