// SPDX-License-Identifier: GPL-3.0-or-later
/* Where numbers lead, with a registrar that says what the test wants. */
#include "unit.h"
#include "base/mem.h"
#include "callagent/cdr.h"
#include "callagent/route.h"
#include "config/schema.h"
#include <errno.h>

static const char text[] =
	"address inside {\n local = {\"127.0.0.1\"}\n}\n"
	"user 1001 {\n password = x\n numbers = {\"+4930123\"}\n address = inside\n}\n"
	"user 1002 {\n password = x\n latch = no\n}\n"
	"trunk carrier {\n peer = \"192.0.2.9:5060\"\n latch = yes\n max-calls = 3\n from-domain = carrier.example\n}\n"
	"trunk carrier2 {\n peer = \"192.0.2.9:5070\"\n}\n"
	"trunk office {\n peer = \"[2001:db8::9]:5080\"\n}\n"
	"route all {\n to = carrier\n}\n"
	"route office {\n prefix = \"8\"\n to = office\n strip = 1\n prepend = \"+49\"\n}\n"
	"route help {\n prefix = \"811\"\n to = 1002\n}\n"
	"route from-carrier {\n prefix = \"9\"\n source = carrier\n to = office\n}\n";

/* --- the registrar's side -------------------------------------------------------------------------------------------- */

struct user {
	const struct conf_part *conf;
};
static struct user users[2];
static unsigned contacts;

const char *user_name(const struct user *u)
{
	return conf_title(u->conf);
}

const struct conf_part *user_conf(const struct user *u)
{
	return u->conf;
}

struct auth *registrar_auth(struct registrar *r)
{
	return NULL;
}

const struct user *auth_user(const struct auth *a, const char *name)
{
	for (int i = 0; i < 2; i++)
		if (!strcmp(name, user_name(&users[i])))
			return &users[i];
	return NULL;
}

const struct user *auth_user_by_number(const struct auth *a, const char *number)
{
	return !strcmp(number, "+4930123") ? &users[0] : NULL;
}

unsigned registrar_contacts(const struct registrar *r, const char *user, struct binding *out, unsigned max)
{
	unsigned n = contacts < max ? contacts : max;
	for (unsigned i = 0; i < n; i++) {
		out[i] = (struct binding){.uri = SLICE("sip:phone@10.0.0.1:5062"), .listener = "inside"};
		addr_parse(&out[i].source, SLICE("198.51.100.7:40000"), 0);
	}
	return n;
}

/* --- tests ----------------------------------------------------------------------------------------------------------- */

static struct conf *conf;
static struct routing *routing;
static struct target t[ROUTE_TARGETS];

static int setup(void **state)
{
	struct buf why = buf_growing();
	if (config_load(&conf, "test.conf", text, &why))
		fail_msg("%s", buf_z(&why));
	users[0].conf = conf_find(conf, "user", "1001");
	users[1].conf = conf_find(conf, "user", "1002");
	contacts = 2;
	return routing_new(&routing, conf);
}

static int teardown(void **state)
{
	mem_deref(routing);
	mem_deref(conf);
	return 0;
}

static int route(const char *number, const char *source)
{
	struct source from = {0};
	cdr_text(from.name, sizeof(from.name), slice_str(source));
	return route_number(routing, NULL, number, true, &from, t, ROUTE_TARGETS);
}

static void users_ring_at_all_their_phones(void **state)
{
	char text_of[ADDR_STR_LEN];
	assert_int_equal(route("1001", "1002"), 2);
	assert_string_equal(t[1].uri, "sip:phone@10.0.0.1:5062");
	/* Behind NAT a phone is where its REGISTER came from. */
	assert_string_equal(addr_str(&t[1].dst, text_of), "198.51.100.7:40000");
	assert_string_equal(t[1].name, "1001");
	assert_string_equal(t[1].address, "inside");
	assert_true(t[1].latch);
	assert_int_equal(route("+4930123", "carrier"), 2);
	assert_int_equal(route("1002", "1001"), 2);
	assert_false(t[0].latch);
	contacts = 0;
	assert_int_equal(route("1001", "1002"), -EHOSTUNREACH);
}

static void the_longest_prefix_wins(void **state)
{
	assert_int_equal(route("0049", "1001"), 1);
	assert_string_equal(t[0].uri, "sip:0049@192.0.2.9:5060");
	assert_string_equal(t[0].domain, "carrier.example");
	assert_int_equal(route("8300", "1001"), 1);
	assert_string_equal(t[0].uri, "sip:+49300@[2001:db8::9]:5080");
	assert_string_equal(t[0].number, "+49300");
	assert_int_equal(route("8110", "1001"), 2);
	assert_string_equal(t[0].name, "1002");
}

static void routes_may_be_for_one_source(void **state)
{
	assert_int_equal(route("99", "1001"), 1);
	assert_string_equal(t[0].name, "carrier");
	assert_int_equal(route("99", "carrier"), 1);
	assert_string_equal(t[0].name, "office");
}

static void what_is_odd_in_a_number_is_escaped(void **state)
{
	assert_int_equal(route("a b@c", "1001"), 1);
	assert_string_equal(t[0].uri, "sip:a%20b%40c@192.0.2.9:5060");
	char longest[200];
	memset(longest, '1', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(route(longest, "1001"), -ENOSPC);
}

static void trunks_are_known_by_their_address(void **state)
{
	struct source s = {0};
	struct addr a;
	addr_parse(&a, SLICE("192.0.2.9:5070"), 0);
	assert_int_equal(route_trunk(routing, &a, &s), 0);
	assert_string_equal(s.name, "carrier2");
	assert_true(s.exact);
	addr_parse(&a, SLICE("192.0.2.9:33333"), 0);
	assert_int_equal(route_trunk(routing, &a, &s), 0);
	assert_string_equal(s.name, "carrier");
	assert_false(s.exact);
	assert_int_equal(s.max_calls, 3);
	addr_parse(&a, SLICE("192.0.2.10:5060"), 0);
	assert_int_equal(route_trunk(routing, &a, &s), -ENOENT);
	assert_int_equal(route_trunk_limit(routing, "carrier"), 3);
	assert_int_equal(route_trunk_limit(routing, "nobody"), 0);
}

static void body(void *arg)
{
	struct routing *r = NULL;
	int err = routing_new(&r, conf);
	assert_true(err == 0 || err == -ENOMEM);
	mem_deref(r);
}

static void memory_runs_out(void **state)
{
	each_allocation_fails(body, NULL);
}

#define ROUTE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROUTE_TEST(users_ring_at_all_their_phones), ROUTE_TEST(the_longest_prefix_wins),
		ROUTE_TEST(routes_may_be_for_one_source),   ROUTE_TEST(what_is_odd_in_a_number_is_escaped),
		ROUTE_TEST(trunks_are_known_by_their_address), ROUTE_TEST(memory_runs_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
