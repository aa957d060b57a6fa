// SPDX-License-Identifier: GPL-3.0-or-later
/* Where numbers lead and who is tried when, with a registrar that says what the test wants. A plan is written as one line: its attempts in order,
 * each supposed to fail as the test says. */
#include "unit.h"
#include "base/log.h"
#include "callagent/plan.h"
#include <errno.h>
#include <stdio.h>

static const char text[] =
	"sip {\n first-response = 4s\n time-zone = UTC\n}\n"
	"address inside {\n local = {\"127.0.0.1\"}\n}\n"
	"user 1001 {\n password = x\n numbers = {\"+4930123\"}\n address = inside\n}\n"
	"user 1002 {\n password = x\n latch = no\n forward-busy = \"1001\"\n forward-no-answer = \"00777\"\n no-answer-time = 15s\n}\n"
	"user 1003 {\n password = x\n forward-all = \"1002\"\n}\n"
	"user 1004 {\n password = x\n forward-all = \"1005\"\n}\n"
	"user 1005 {\n password = x\n forward-all = \"1004\"\n}\n"
	"trunk carrier {\n peer = \"192.0.2.9:5060\"\n latch = yes\n max-calls = 3\n max-rate = 2\n from-domain = carrier.example\n}\n"
	"trunk carrier2 {\n peer = \"192.0.2.9:5070\"\n networks = {\"198.51.100.0/24\"}\n}\n"
	"trunk office {\n peer = {\"[2001:db8::9]:5080\", \"[2001:db8::10]:5080\"}\n first-response = 1s\n answer-time = 30s\n}\n"
	"trunk t1 {\n peer = \"192.0.2.11:5060\"\n}\ntrunk t2 {\n peer = \"192.0.2.12:5060\"\n failover = {\"486\"}\n}\ntrunk t3 {\n peer = \"192.0.2.13:5060\"\n}\n"
	"group turns {\n members = {\"t1\", \"t3\"}\n strategy = round-robin\n}\n"
	"group loads {\n members = {\"t1\", \"t3 weight=2\", \"t2 priority=5\"}\n strategy = least-loaded\n}\n"
	"group weights {\n members = {\"t1 weight=1\", \"t3 weight=9\"}\n strategy = weight\n}\n"
	"hunt team {\n members = {\"1001\", \"1002\", \"00333\"}\n numbers = {\"600\"}\n strategy = sequence\n ring-time = 10s\n then = \"1003\"\n}\n"
	"hunt crew {\n members = {\"1001\", \"1002\"}\n numbers = {\"601\"}\n}\n"
	"hunt rota {\n members = {\"1001\", \"1002\"}\n numbers = {\"602\"}\n strategy = least-recent\n}\n"
	"list spam {\n entries = {\"+49666\", \"+4977*\"}\n}\n"
	"route all {\n to = carrier\n}\n"
	"route office {\n prefix = \"8\"\n to = office\n strip = 1\n prepend = \"+49\"\n}\n"
	"route help {\n prefix = \"811\"\n to = 1002\n}\n"
	"route from-carrier {\n prefix = \"9\"\n source = carrier\n to = office\n}\n"
	"route spam {\n caller = {\"@spam\"}\n to = block\n}\n"
	"route premium {\n called = {\"/^0190/\"}\n to = \"block:cause=21\"\n}\n"
	"route turns {\n prefix = \"71\"\n to = turns\n}\n"
	"route loads {\n prefix = \"72\"\n to = loads\n}\n"
	"route weights {\n prefix = \"73\"\n to = weights\n}\n"
	"route list {\n prefix = \"74\"\n to = {t1, t2, \"1001\", carrier}\n}\n"
	"route night {\n prefix = \"75\"\n time = {\"mon-fri 18:00-08:00\", \"sat,sun\"}\n time-zone = \"Europe/Berlin\"\n to = t1\n}\n"
	"route day {\n prefix = \"75\"\n to = t2\n}\n"
	"route header {\n prefix = \"76\"\n header = {\"X-Line: gold*\"}\n to = t1\n}\n"
	"route shown {\n prefix = \"77\"\n to = t1\n replace = \"/^77(.)/\"\n with = \"+$1\"\n caller-replace = \"/^0/\"\n caller-with = \"+49\"\n presentation = restricted\n}\n"
	"route first {\n prefix = \"78\"\n to = t1\n continue = yes\n}\n"
	"route circle {\n prefix = \"79\"\n to = {\"number:7901\", \"t1\"}\n}\n"
	"route spiral {\n prefix = \"70\"\n to = {\"t1\", \"number:7002\"}\n}\n"
	"route fork {\n prefix = \"6\"\n to = {\"number:61\", \"number:62\", \"number:63\"}\n}\n"
	"hunt ring {\n members = {\"604\"}\n numbers = {\"604\"}\n strategy = sequence\n then = \"604\"\n}\n"
	"route narrow {\n prefix = \"67\"\n to = t1\n max-calls = 2\n}\nroute wide {\n prefix = \"68\"\n to = t1\n max-calls = 1\n continue = yes\n}\n"
	"isdn pri {\n max-calls = 1\n country = \"49\"\n numbers-out = national\n answer-time = 40s\n}\nline hall {\n endpoint = \"aaln/3\"\n failover = {\"17\"}\n}\n"
	"group lines {\n members = {\"pri\", \"t1\"}\n}\n"
	"route pri {\n prefix = \"51\"\n to = {pri, hall, t1}\n strip = 2\n}\nroute lines {\n prefix = \"52\"\n to = lines\n}\n"
	"route from-pri {\n prefix = \"53\"\n source = pri\n to = hall\n}\n"
	"route urgent {\n order = 1\n called = {\"7811\"}\n to = t3\n}\n";

/* --- the registrar's side -------------------------------------------------------------------------------------------- */

#define USERS 5
struct user {
	const struct conf_part *conf;
};
static struct user users[USERS];
static unsigned contacts[USERS];

const char *user_name(const struct user *u)
{
	return conf_title(u->conf);
}

const char *user_part(const struct user *u)
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
	for (int i = 0; i < USERS; i++)
		if (!strcmp(name, user_name(&users[i])))
			return &users[i];
	return strcmp(name, "+4930123") ? NULL : &users[0];
}

const struct user *auth_user_in(const struct auth *a, struct slice domain, const char *name)
{
	return auth_user(a, name);
}

int registrar_lookup(const struct registrar *r, const struct sip_uri *uri, const struct user **user, struct binding *out, unsigned max)
{
	return -ENOENT;
}

unsigned registrar_contacts(const struct registrar *r, const char *user, struct binding *out, unsigned max)
{
	unsigned n = contacts[user[3] - '1'];
	for (unsigned i = 0; i < n && i < max; i++) {
		out[i] = (struct binding){.uri = SLICE("sip:phone@10.0.0.1:5062"), .listener = "inside"};
		addr_parse(&out[i].source, SLICE("198.51.100.7:40000"), 0);
	}
	return n < max ? n : max;
}

/* --- plans ----------------------------------------------------------------------------------------------------------- */

static struct conf *conf;
static struct routing *routing;
static struct trunks trunks;
static struct tel_lines tel_lines;
static struct lines lines;
static struct attempt t;
static char walk_text[1024];
static uint32_t drawn;
static int64_t now = 1767609000; /* Monday, 5 January 2026, 10:30 UTC */
static const char *extra[1];

static uint32_t draw(uint32_t below)
{
	return drawn % below;
}

static int setup(void **state)
{
	struct buf why = buf_growing();
	if (config_load(&conf, "test.conf", text, &why))
		fail_msg("%s", buf_z(&why));
	for (int i = 0; i < USERS; i++) {
		users[i].conf = conf_titled(conf, "user", (unsigned)i);
		contacts[i] = 1;
	}
	contacts[0] = 2;
	lines_init(&lines);
	return trunks_load(&trunks, conf, NULL) ?: tel_lines_load(&tel_lines, conf, NULL) ?: routing_new(&routing, conf);
}

static int teardown(void **state)
{
	lines_fini(&lines);
	trunks_free(&trunks);
	tel_lines_free(&tel_lines);
	mem_deref(routing);
	mem_deref(conf);
	return 0;
}

static struct plan *plan_from(const char *called, const char *source, const char *caller)
{
	struct plan *p = NULL;
	struct source from = {0};
	const struct shown shown = {.number = ""};
	const struct plan_params params = {
		.routing = routing, .trunks = &trunks, .tel_lines = &tel_lines, .registrar = NULL, .lines = &lines, .random = draw, .first_ms = 4000,
	};
	struct trunk *trunk = trunks_find(&trunks, slice_str(source));
	struct tel_line *line = tel_lines_find(&tel_lines, slice_str(source));
	if (trunk)
		source_of_trunk(&from, trunk, true);
	else if (line)
		source_of_line(&from, line);
	else
		source_of_user(&from, auth_user(NULL, source));
	struct query q = {.from = &from, .called = called, .caller = caller, .utc = now, .lines = extra, .n_lines = extra[0] != NULL};
	struct shown s = shown;
	snprintf(s.number, sizeof(s.number), "%s", caller);
	assert_int_equal(plan_new(&p, &params, &q, true, &s), 0);
	return p;
}

/* Walks a plan; each attempt ends with `status`. "t1 1001*2 603": whom, how many phones, and the outcome when nobody was tried. */
static const char *walk_as(const char *called, const char *source, const char *caller, unsigned status, unsigned cause)
{
	struct plan *p = plan_from(called, source, caller);
	struct buf b = buf_fixed(walk_text, sizeof(walk_text));
	const char *words;
	int err;
	while (!(err = plan_next(p, &t))) {
		buf_printf(&b, "%s%s", b.len ? " " : "", t.target[0].name);
		if (t.n > 1)
			buf_printf(&b, "*%u", t.n);
		plan_failed(p, status, cause);
	}
	unsigned how = plan_outcome(p, &cause, &words);
	if (how)
		buf_printf(&b, "%s%u/%u", b.len ? " " : "", how, cause);
	mem_deref(p);
	return buf_z(&b);
}

static const char *walk(const char *called, const char *source, unsigned status)
{
	return walk_as(called, source, "1001", status, 0);
}

/* Only the first attempt, which stays in `t`. */
static void first(const char *called, const char *source)
{
	struct plan *p = plan_from(called, source, "1001");
	assert_int_equal(plan_next(p, &t), 0);
	mem_deref(p);
}

static void calls_go_to_lines_and_come_from_them(void **state)
{
	struct tel_line *pri = tel_lines_find(&tel_lines, SLICE("pri")), *hall = tel_lines_find(&tel_lines, SLICE("hall"));
	struct line *call = NULL;
	/* Nobody serves them yet. */
	assert_string_equal(walk("51+4930123", "1001", 503), "t1");
	tel_line_state(pri, NULL);
	tel_line_state(hall, NULL);
	first("51+4930123", "1001");
	assert_string_equal(t.target[0].name, "pri");
	assert_int_equal(t.target[0].kind, TARGET_LINE);
	assert_string_equal(t.target[0].number, "030123");
	assert_string_equal(t.target[0].called, "+4930123");
	assert_int_equal(t.answer_ms, 40000);
	assert_string_equal(walk("51+4930123", "1001", 503), "pri hall");
	assert_string_equal(walk_as("51+4930123", "1001", "", 503, 17), "pri hall t1");
	assert_string_equal(walk("51+4930123", "1001", 404), "pri");
	assert_string_equal(walk("52", "1001", 503), "pri t1");
	assert_string_equal(walk("53", "pri", 503), "hall");
	assert_string_equal(walk("1002", "hall", 404), "1002");
	/* It has one channel. */
	assert_int_equal(lines_take(&call, &lines, SLICE("pri")), 0);
	assert_string_equal(walk("52", "1001", 503), "t1");
	line_release(&lines, &call);
	tel_line_state(pri, "D-channel down");
	assert_string_equal(walk("52", "1001", 503), "t1");
	tel_line_state(pri, "is not served yet");
	tel_line_state(hall, "is not served yet");
}

static void users_ring_at_all_their_phones(void **state)
{
	char addr[ADDR_STR_LEN];
	first("1001", "1002");
	assert_int_equal(t.n, 2);
	assert_string_equal(t.target[1].uri, "sip:phone@10.0.0.1:5062");
	/* Behind NAT a phone is where its REGISTER came from. */
	assert_string_equal(addr_str(&t.target[1].dst, addr), "198.51.100.7:40000");
	assert_string_equal(t.target[0].address, "inside");
	assert_true(t.target[0].latch);
	assert_int_equal(t.first_ms, 4000);
	assert_string_equal(walk("+4930123", "carrier", 486), "1001*2");
	first("1002", "1001");
	assert_false(t.target[0].latch);
	assert_int_equal(t.answer_ms, 15000);
	contacts[0] = 0;
	assert_string_equal(walk("1001", "1002", 486), "480/20");
}

static void the_most_specific_rule_wins(void **state)
{
	first("0049", "1001");
	assert_string_equal(t.target[0].uri, "sip:0049@192.0.2.9:5060");
	assert_string_equal(t.target[0].domain, "carrier.example");
	first("8300", "1001");
	assert_string_equal(t.target[0].uri, "sip:+49300@[2001:db8::9]:5080");
	assert_string_equal(t.target[0].number, "+49300");
	assert_int_equal(t.first_ms, 1000);
	assert_int_equal(t.answer_ms, 30000);
	assert_string_equal(walk("8110", "1001", 404), "1002");
	assert_string_equal(walk("99", "1001", 404), "carrier");
	assert_string_equal(walk("99", "carrier", 404), "office");
	assert_string_equal(walk("7811", "1001", 404), "t3");
}

/* Rules and hunt groups that lead to one another: the call ends, and says why. */
static void circles_end(void **state)
{
	static const char *const called[] = {"79", "6", "604"};
	for (size_t i = 0; i < sizeof(called) / sizeof(called[0]); i++)
		assert_string_equal(walk(called[i], "1001", 503), "500/25");
	struct plan *p = plan_from("70", "1001", "1");
	unsigned attempts = 0;
	while (!plan_next(p, &t)) {
		attempts++;
		plan_failed(p, 503, 0);
	}
	assert_in_range(attempts, 2, 101);
	mem_deref(p);
}

static void a_rule_may_let_the_next_one_go_on(void **state)
{
	assert_string_equal(walk("7822", "1001", 503), "t1 carrier");
	assert_string_equal(walk("7822", "1001", 404), "t1");
}

static void rules_look_at_callers_times_and_headers(void **state)
{
	assert_string_equal(walk_as("1001", "carrier", "+49666", 0, 0), "603/0");
	assert_string_equal(walk_as("1001", "carrier", "+49771", 0, 0), "603/0");
	assert_string_equal(walk_as("1001", "carrier", "+49661", 404, 0), "1001*2");
	assert_string_equal(walk("01905", "1001", 0), "403/21");
	assert_string_equal(walk("755", "1001", 404), "t2");
	now += 7 * 3600; /* 18:30 in Berlin */
	assert_string_equal(walk("755", "1001", 404), "t1");
	now += 4 * 86400 + 6 * 3600; /* Saturday */
	assert_string_equal(walk("755", "1001", 404), "t1");
	now = 1767609000;
	assert_string_equal(walk("765", "1001", 404), "carrier");
	extra[0] = "x-line: golden";
	assert_string_equal(walk("765", "1001", 404), "t1");
	extra[0] = NULL;
}

static void numbers_are_rewritten(void **state)
{
	struct plan *p = plan_from("7712", "1001", "030555");
	assert_int_equal(plan_next(p, &t), 0);
	assert_string_equal(t.target[0].number, "+12");
	assert_string_equal(t.caller->number, "+4930555");
	assert_int_equal(t.caller->presentation, PRESENT_RESTRICTED);
	mem_deref(p);
	first("a b@c", "1001");
	assert_string_equal(t.target[0].uri, "sip:a%20b%40c@192.0.2.9:5060");
}

static void targets_are_tried_in_order(void **state)
{
	/* t2 fails over when it is busy, and then only. */
	assert_string_equal(walk("741", "1001", 503), "t1 t2");
	assert_string_equal(walk_as("741", "1001", "", 480, 34), "t1 t2");
	trunks_find(&trunks, SLICE("t2"))->limits.failover[0] = 503;
	assert_string_equal(walk("741", "1001", 503), "t1 t2 1001*2 carrier");
	assert_string_equal(walk("741", "1001", 486), "t1");
	assert_string_equal(walk("741", "1001", 603), "t1");
	/* Each peer of a trunk in turn. */
	assert_string_equal(walk("8300", "1001", 408), "office office");
	trunks_find(&trunks, SLICE("t1"))->drained = true;
	trunks_find(&trunks, SLICE("t2"))->peer[0].down = true;
	clock_test_advance(5000);
	assert_string_equal(walk("741", "1001", 503), "1001*2 carrier");
	assert_string_equal(walk("7822", "1001", 404), "carrier");
}

static void trunks_have_limits(void **state)
{
	struct line *l[3];
	for (int i = 0; i < 3; i++)
		lines_take(&l[i], &lines, SLICE("carrier"));
	assert_string_equal(walk("0049", "1001", 404), "503/34");
	for (int i = 0; i < 3; i++)
		line_release(&lines, &l[i]);
	clock_test_advance(5000);
	assert_string_equal(walk("0049", "1001", 404), "carrier");
	assert_string_equal(walk("0049", "1001", 404), "carrier");
	assert_string_equal(walk("0049", "1001", 404), "503/42");
	clock_test_advance(500);
	assert_string_equal(walk("0049", "1001", 404), "carrier");
	assert_string_equal(walk("0049", "1001", 404), "503/42");
}

static void routes_have_limits(void **state)
{
	struct line *l[2];
	lines_take(&l[0], &lines, SLICE("route narrow"));
	assert_string_equal(walk("67", "1001", 404), "t1");
	lines_take(&l[1], &lines, SLICE("route narrow"));
	assert_string_equal(walk("67", "1001", 404), "503/34");
	line_release(&lines, &l[1]);
	lines_take(&l[1], &lines, SLICE("route wide"));
	assert_string_equal(walk("68", "1001", 404), "500/25"); /* on to the next, which goes round in circles */
	line_release(&lines, &l[0]);
	line_release(&lines, &l[1]);
	assert_string_equal(walk("68", "1001", 404), "t1");
}

static void groups_choose(void **state)
{
	struct line *a, *b, *c;
	assert_string_equal(walk("711", "1001", 503), "t1 t3");
	assert_string_equal(walk("711", "1001", 503), "t3 t1");
	assert_string_equal(walk("711", "1001", 503), "t1 t3");
	assert_string_equal(walk("721", "1001", 503), "t1 t3 t2");
	lines_take(&a, &lines, SLICE("t1"));
	assert_string_equal(walk("721", "1001", 503), "t3 t1 t2");
	lines_take(&b, &lines, SLICE("t3"));
	assert_string_equal(walk("721", "1001", 503), "t3 t1 t2"); /* one of two is less than one of one */
	lines_take(&c, &lines, SLICE("t3"));
	assert_string_equal(walk("721", "1001", 503), "t1 t3 t2");
	line_release(&lines, &a);
	line_release(&lines, &b);
	line_release(&lines, &c);
	drawn = 0;
	assert_string_equal(walk("731", "1001", 503), "t1 t3");
	for (drawn = 1; drawn < 10; drawn++)
		assert_string_equal(walk("731", "1001", 503), "t3 t1");
}

static void peers_that_let_calls_go_unanswered_come_last(void **state)
{
	struct trunk *office = trunks_find(&trunks, SLICE("office"));
	char addr[ADDR_STR_LEN];
	trunk_heard(office, &office->peer[0].addr, false);
	first("8300", "1001");
	assert_string_equal(addr_str(&t.target[0].dst, addr), "[2001:db8::10]:5080");
	clock_test_advance(31000);
	first("8300", "1001");
	assert_string_equal(addr_str(&t.target[0].dst, addr), "[2001:db8::9]:5080");
}

static void users_pass_calls_on(void **state)
{
	struct plan *p = plan_from("1003", "carrier", "+49661");
	assert_int_equal(plan_next(p, &t), 0);
	assert_string_equal(t.target[0].name, "1002");
	assert_true(t.forwarded);
	assert_int_equal(t.diversions->n, 1);
	assert_string_equal(t.diversions->d[0].reason, "unconditional");
	plan_failed(p, 486, 17);
	assert_int_equal(plan_next(p, &t), 0);
	assert_string_equal(t.target[0].name, "1001");
	assert_int_equal(t.diversions->n, 2);
	assert_string_equal(t.diversions->d[1].number, "1002");
	assert_string_equal(t.diversions->d[1].reason, "user-busy");
	plan_failed(p, 486, 17);
	assert_int_equal(plan_next(p, &t), -ENOENT);
	mem_deref(p);
	assert_string_equal(walk("1002", "1001", 408), "1002 carrier");
	assert_string_equal(walk("1002", "1001", 603), "1002");
	/* 1004 and 1005 pass calls to each other: they ring nowhere, and that ends. */
	assert_string_equal(walk("1004", "1001", 486), "1004");
}

static void hunt_groups_ring(void **state)
{
	/* Members pass nothing on, and a refusal for good speaks for one of them. */
	assert_string_equal(walk("600", "carrier", 603), "1001*2 1002 carrier 1002");
	first("600", "carrier");
	assert_int_equal(t.answer_ms, 10000);
	assert_true(t.one_of_many);
	assert_string_equal(walk("601", "carrier", 603), "1001*3");
	assert_string_equal(walk("602", "carrier", 486), "1001*2 1002");
	clock_test_advance(10);
	first("602", "carrier"); /* only 1001 rings */
	clock_test_advance(10);
	assert_string_equal(walk("602", "carrier", 486), "1002 1001*2");
	contacts[0] = contacts[1] = 0;
	assert_string_equal(walk("601", "carrier", 486), "480/20");
}

static void trunks_are_known_by_their_address(void **state)
{
	static const struct {
		const char *src, *trunk;
		bool exact;
	} rows[] = {
		{"192.0.2.9:5070", "carrier2", true}, {"192.0.2.9:33333", "carrier", false}, {"192.0.2.10:5060", NULL, false},
		{"198.51.100.99:5060", "carrier2", false}, {"[2001:db8::10]:5080", "office", true},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct addr a;
		bool exact;
		addr_parse(&a, slice_str(rows[i].src), 0);
		const struct trunk *found = trunks_by_address(&trunks, &a, &exact);
		assert_true(found ? rows[i].trunk && !strcmp(found->name, rows[i].trunk) : !rows[i].trunk);
		assert_int_equal(exact, rows[i].exact);
	}
}

static void what_a_trunk_knows_outlives_a_reload(void **state)
{
	struct trunks fresh;
	trunks_drain(&trunks, trunks_find(&trunks, SLICE("t1")), true);
	assert_int_equal(trunks_load(&fresh, conf, &trunks), 0);
	trunks_replace(&trunks, &fresh);
	assert_string_equal(trunk_state(trunks_find(&trunks, SLICE("t1")), &lines), "drained");
	assert_string_equal(trunk_state(trunks_find(&trunks, SLICE("office")), &lines), "up");
}

static void body(void *arg)
{
	struct routing *r = NULL;
	struct trunks ts = {0};
	struct plan *p = NULL;
	struct source from = {.name = "1001"};
	const struct shown shown = {.number = "1001"};
	int err = routing_new(&r, conf) ?: trunks_load(&ts, conf, NULL);
	if (!err) {
		const struct plan_params params = {.routing = r, .trunks = &ts, .lines = &lines, .random = draw};
		const struct query q = {.from = &from, .called = "600", .caller = "1001", .utc = now};
		err = plan_new(&p, &params, &q, true, &shown);
	}
	while (!err) {
		err = plan_next(p, &t);
		if (!err)
			plan_failed(p, 503, 0);
	}
	assert_true(err == -ENOENT || err == -ENOMEM);
	mem_deref(p);
	trunks_free(&ts);
	mem_deref(r);
}

static void memory_runs_out(void **state)
{
	each_allocation_fails(body, NULL);
}

#define PLAN_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLAN_TEST(calls_go_to_lines_and_come_from_them),
		PLAN_TEST(users_ring_at_all_their_phones),
		PLAN_TEST(the_most_specific_rule_wins),
		PLAN_TEST(circles_end),
		PLAN_TEST(a_rule_may_let_the_next_one_go_on),
		PLAN_TEST(rules_look_at_callers_times_and_headers),
		PLAN_TEST(numbers_are_rewritten),
		PLAN_TEST(targets_are_tried_in_order),
		PLAN_TEST(trunks_have_limits),
		PLAN_TEST(routes_have_limits),
		PLAN_TEST(groups_choose),
		PLAN_TEST(peers_that_let_calls_go_unanswered_come_last),
		PLAN_TEST(users_pass_calls_on),
		PLAN_TEST(hunt_groups_ring),
		PLAN_TEST(trunks_are_known_by_their_address),
		PLAN_TEST(what_a_trunk_knows_outlives_a_reload),
		PLAN_TEST(memory_runs_out),
	};
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
