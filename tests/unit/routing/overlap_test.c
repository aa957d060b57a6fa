// SPDX-License-Identifier: GPL-3.0-or-later
/* When a number that comes a digit at a time is whole (RFC 3578): a table of what the routing lists. */
#include "unit.h"
#include "config/schema.h"
#include "routing/overlap.h"

static struct conf *conf;
static struct routing *routing;
static struct auth *auth;

static int setup(void **state)
{
	struct buf why = buf_growing();
	const char *text = "address inside {\n local = {\"127.0.0.1\"}\n}\nisdn pri {\n}\nisdn other {\n}\n"
			   "user 1001 {\n password = x\n numbers = {\"+4930555\", \"+49305551\"}\n}\nuser 1002 {\n password = x\n}\n"
			   "line desk {\n endpoint = \"aaln/1\"\n number = \"2001\"\n}\nline fax {\n endpoint = \"aaln/2\"\n number = \"10021\"\n}\n"
			   "line office {\n endpoint = \"aaln/3\"\n kind = fxo\n number = \"2002\"\n}\n"
			   "hunt team {\n members = {\"1001\"}\n numbers = {\"600\"}\n}\n"
			   "route all {\n to = pri\n}\nroute long {\n prefix = \"6001\"\n to = pri\n}\nroute some {\n called = {\"112\", \"70*\", \"/^8[0-9]$/\"}\n to = pri\n}\n"
			   "route theirs {\n called = \"900\"\n source = other\n to = pri\n}\n"
			   "route far {\n prefix = \"4\"\n strip = 2\n to = pri\n}\nroute odd {\n called = \"/^4.*9$/\"\n order = 1\n source = other\n to = pri\n}\n"
			   "route next {\n prefix = \"3\"\n continue = yes\n to = pri\n}\nroute made {\n prefix = \"5\"\n replace = \"/^5(.)/\"\n with = \"$1\"\n to = pri\n}\n";
	if (config_load(&conf, "t", text, &why))
		fail_msg("%s", buf_z(&why));
	return routing_new(&routing, conf) ?: auth_new(&auth, conf);
}

static int teardown(void **state)
{
	mem_deref(routing);
	mem_deref(auth);
	mem_deref(conf);
	return 0;
}

static void numbers_are_whole_or_not(void **state)
{
	static const struct {
		const char *called;
		bool whole;
	} rows[] = {
		{"", false},      {"1", false},    {"100", false},     {"1001", true},    {"10011", false}, {"1002", false},                  /* a telephone's begins like it */
		{"10021", true},  {"2001", true},  {"200", false},     {"2002", false},  /* an exchange's own */
		{"+4930555", false},                /* a longer one begins like it */
		{"+49305551", true},
		{"600", false},                     /* so does a route's prefix */
		{"112", true},    {"11", false},
		{"70", false},    {"701", false},   /* how many more there may be is not listed */
		{"81", false},    {"5", false},
		{"900", false},                     /* of another source */
	};
	const struct source from = {.kind = TARGET_LINE, .name = "pri"}, other = {.kind = TARGET_LINE, .name = "other"};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct query q = {.from = &from, .called = rows[i].called, .caller = "1", .utc = 1767609000};
		if (overlap_is_whole(routing, auth, &q) != rows[i].whole)
			fail_msg("%s: %s", rows[i].called, rows[i].whole ? "waits" : "does not wait");
	}
	const struct query q = {.from = &other, .called = "900", .caller = "1", .utc = 1767609000};
	assert_true(overlap_is_whole(routing, auth, &q));
}

static void numbers_lead_somewhere_however_they_go_on(void **state)
{
	static const struct {
		const char *called, *rule, *of_other; /* NULL: that is not known */
	} rows[] = {
		{"", NULL, NULL},
		{"1", NULL, NULL}, {"1001", NULL, NULL}, {"10", NULL, NULL}, /* users' numbers begin so */
		{"13", "all", "all"},
		{"9", "all", NULL}, {"900", "all", NULL}, {"91", "all", "all"},
		{"11", NULL, NULL}, {"112", NULL, NULL}, {"113", "all", "all"},
		{"7", NULL, NULL}, {"70", "some", "some"}, {"701", "some", "some"},
		{"600", NULL, NULL}, {"6001", "long", "long"}, {"602", "all", "all"},
		{"4", NULL, NULL}, {"40", NULL, NULL}, {"401", "far", NULL}, {"1401", "all", "all"}, /* the others' expression goes before */
		{"8", NULL, NULL}, {"81", NULL, NULL}, {"811", "all", "all"}, /* it ends there */
		{"31", NULL, NULL}, {"51", NULL, NULL},
	};
	const struct source from = {.kind = TARGET_LINE, .name = "pri"}, other = {.kind = TARGET_LINE, .name = "other"};
	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		const struct query q = {.from = i % 2 ? &other : &from, .called = rows[i / 2].called, .caller = "1", .utc = 1767609000};
		const char *wanted = i % 2 ? rows[i / 2].of_other : rows[i / 2].rule;
		const struct rule *led = overlap_led(routing, auth, &q);
		if (!led != !wanted || (led && strcmp(led->name, wanted)))
			fail_msg("%s from %s: %s", q.called, q.from->name, led ? led->name : "not known");
	}
}

/* 484 rather than 404. */
static void numbers_are_too_short_or_lead_nowhere(void **state)
{
	static const char *text = "address inside {\n local = {\"127.0.0.1\"}\n}\nisdn pri {\n}\nuser 1001 {\n password = x\n numbers = {\"+4930555\"}\n}\n"
				  "user far {\n password = x\n name = \"10\"\n domain = \"far.example\"\n}\ndomain far.example {\n}\n"
				  "route own {\n called = \"8\"\n caller = \"2\"\n to = pri\n}\nroute long {\n prefix = \"6001\"\n to = pri\n}\nroute some {\n called = {\"70*\", \"/^8[0-9]$/\"}\n to = pri\n}\n"
				  "route theirs {\n called = \"900\"\n source = pri\n to = pri\n}\n";
	static const struct {
		const char *called;
		bool is_short;
	} rows[] = {
		{"", true},     {"1", true},   {"100", true},  {"1001", false}, {"10011", false}, {"+4930", true}, {"+49305", true},
		{"60", true},   {"6001", false}, {"7", true},  {"70", false},   {"8", true},      {"81", false},   {"811", false},
		{"9", false},   {"900", false},  {"2", false},
	};
	const struct source from = {.kind = TARGET_USER, .name = "1001"};
	struct buf why = buf_growing();
	struct conf *c;
	struct routing *r;
	struct auth *users;
	if (config_load(&c, "t", text, &why))
		fail_msg("%s", buf_z(&why));
	assert_int_equal(routing_new(&r, c) ?: auth_new(&users, c), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct query q = {.from = &from, .called = rows[i].called, .caller = "1", .utc = 1767609000};
		if (overlap_is_short(r, users, &q) != rows[i].is_short)
			fail_msg("%s: %s", rows[i].called, rows[i].is_short ? "leads nowhere" : "is short");
	}
	/* It leads somewhere for another caller, and in another domain. */
	const struct sip_msg req = {.request = true, .ruri.host = SLICE("far.example")};
	const struct query of_another = {.from = &from, .called = "8", .caller = "2", .utc = 1767609000};
	const struct query far = {.from = &from, .called = "10", .caller = "1", .utc = 1767609000, .req = &req};
	assert_false(overlap_is_short(r, users, &of_another));
	assert_false(overlap_is_short(r, users, &far));
	mem_deref(r);
	mem_deref(users);
	mem_deref(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(numbers_are_whole_or_not), cmocka_unit_test(numbers_lead_somewhere_however_they_go_on),
					    cmocka_unit_test(numbers_are_too_short_or_lead_nowhere)};
	return cmocka_run_group_tests(tests, setup, teardown);
}
