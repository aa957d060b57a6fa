// SPDX-License-Identifier: GPL-3.0-or-later
/* Trunks: who is found at an address, what a reload touches, what a registrar tells, what the operator has taken out of use. The peer is a wire in memory. */
#include "sip/wire.h"
#include "base/log.h"
#include "base/store.h"
#include "config/schema.h"
#include "routing/trunk_register.h"
#include <unistd.h>

static struct wire wire;
static struct trunks trunks;
static struct lines lines;

static int setup(void **state)
{
	memset(&trunks, 0, sizeof(trunks));
	wire_open(&wire);
	return lines_init(&lines);
}

static int teardown(void **state)
{
	trunks_free(&trunks);
	lines_fini(&lines);
	wire_close(&wire);
	return 0;
}

/* What a reload with that text does. */
static void load(const char *trunk_text)
{
	char text[1000];
	struct conf *conf = NULL;
	struct trunks now;
	struct buf why = buf_growing();
	snprintf(text, sizeof(text), "address inside {\n local = {\"192.0.2.1\"}\n}\n%s", trunk_text);
	if (config_load(&conf, "t", text, &why))
		fail_msg("%s", buf_z(&why));
	assert_int_equal(trunks_load(&now, conf, trunks.index ? &trunks : NULL), 0);
	trunks_replace(&trunks, &now);
	assert_int_equal(trunks_start(&trunks, wire.stack, NULL), 0);
	mem_deref(conf);
	buf_reset(&why);
}

static struct trunk *named(const char *name)
{
	struct trunk *t = trunks_find(&trunks, slice_str(name));
	assert_non_null(t);
	return t;
}

/* "carrier!": address and port are its. */
static const char *at(const char *address)
{
	static char text[80];
	struct addr a = test_addr(address);
	bool exact;
	const struct trunk *t = trunks_by_address(&trunks, &a, &exact);
	snprintf(text, sizeof(text), "%s%s", t ? t->name : "-", exact ? "!" : "");
	return text;
}

static void the_nearest_place_is_whose_a_request_is(void **state)
{
	load("trunk wide {\n networks = {\"10.0.0.0/8\", \"2001:db8::/32\"}\n peer = \"192.0.2.9:5070\"\n}\n"
	     "trunk near {\n networks = {\"10.1.0.0/16\"}\n peer = {\"192.0.2.9:5060\", \"10.1.2.3:5060\"}\n}\n"
	     "trunk twin {\n networks = {\"10.1.0.0/16\", \"2001:db8:6::/47\"}\n peer = \"10.1.2.3:5060\"\n}\n"
	     "trunk any {\n networks = {\"0.0.0.0/0\"}\n peer = \"198.51.100.1:5060\"\n}\n");
	assert_string_equal(at("192.0.2.9:5060"), "near!");
	assert_string_equal(at("192.0.2.9:5070"), "wide!");
	assert_string_equal(at("192.0.2.9:33333"), "wide"); /* the first of the configuration */
	assert_string_equal(at("10.1.2.3:5060"), "near!");
	assert_string_equal(at("10.1.2.3:1"), "near");
	assert_string_equal(at("10.1.9.9"), "near");
	assert_string_equal(at("10.9.9.9"), "wide");
	assert_string_equal(at("172.16.0.1"), "any");
	assert_string_equal(at("[2001:db8:6::1]"), "twin");
	assert_string_equal(at("[2001:db8:8::1]"), "wide");
	assert_string_equal(at("[2001:db9::1]"), "-");
	/* The first one moves away, as its name in DNS says, and comes back. */
	struct trunk_peer elsewhere = {.addr = test_addr("203.0.113.1:5060")}, back = {.addr = test_addr("10.1.2.3:5060")};
	trunk_set_peers(named("near"), &elsewhere, 1);
	assert_string_equal(at("10.1.2.3:5060"), "twin!");
	assert_string_equal(at("203.0.113.1"), "near!");
	assert_string_equal(at("192.0.2.9:5060"), "wide");
	trunk_set_peers(named("near"), &back, 1);
	assert_string_equal(at("10.1.2.3:5060"), "near!");
	load("trunk twin {\n peer = \"10.1.2.3:5060\"\n}\n");
	assert_string_equal(at("10.1.2.3:5060"), "twin!");
	assert_string_equal(at("10.1.9.9"), "-");
}

#define REGISTERING "trunk reg {\n peer = \"192.0.2.9:5070\"\n domain = d.example\n register = yes\n auth-user = u\n register-expiry = 100s\n%s}\n"

static void load_registering(const char *more)
{
	char text[400];
	snprintf(text, sizeof(text), REGISTERING, more);
	load(text);
	clock_test_advance(1);
}

static void registered(const char *more)
{
	load_registering("password = p\n");
	assert_int_equal(wire.n, 1);
	wire_answer(&wire, wire_last(&wire), 200, "r", more);
	assert_string_equal(trunk_register_state(named("reg")->registration), "registered");
}

static void a_registration_goes_on_across_a_reload(void **state)
{
	char first[600];
	registered("|Expires: 100");
	snprintf(first, sizeof(first), "%s", wire_hdr(wire.sent[0].text, "Call-ID"));
	load_registering("password = p\n max-calls = 7\n headers-pass = {\"X-A\"}\n");
	assert_int_equal(wire.n, 1); /* nothing that the registrar was told has changed */
	assert_string_equal(trunk_register_state(named("reg")->registration), "registered");
	assert_int_equal(named("reg")->limits.max_calls, 7);
	clock_test_advance(75000);
	assert_int_equal(wire.n, 2);
	assert_string_equal(wire_hdr(wire_last(&wire), "Call-ID"), first);
	wire_answer(&wire, wire_last(&wire), 200, "r", "|Expires: 100");
	/* Another password: the same binding, shown at once. */
	load_registering("password = q\n");
	assert_int_equal(wire.n, 3);
	assert_string_equal(wire_hdr(wire_last(&wire), "Call-ID"), first);
	wire_answer(&wire, wire_last(&wire), 200, "r", "|Expires: 100");
	/* Another Contact is another binding: the old one is taken away. */
	load_registering("password = q\n contact-user = c\n");
	assert_int_equal(wire.n, 5);
	assert_string_equal(wire_hdr(wire.sent[3].text, "Expires"), "0");
	assert_string_equal(wire_hdr(wire.sent[3].text, "Call-ID"), first);
	assert_string_equal(wire_hdr(wire.sent[4].text, "Expires"), "100");
	assert_string_equal(wire_hdr(wire.sent[4].text, "Contact"), "<sip:c@192.0.2.1:5060>");
	wire_answer(&wire, wire.sent[3].text, 200, "r", NULL);
	wire_answer(&wire, wire.sent[4].text, 200, "r", "|Expires: 100");
	assert_true(list_empty(&trunks.leaving));
	/* The trunk is gone. */
	load("");
	assert_int_equal(wire.n, 6);
	assert_string_equal(wire_hdr(wire_last(&wire), "Expires"), "0");
	/* Who is to take it away may want to be sure who asks, also when the answer is long in coming; once. */
	wire_answer(&wire, wire_last(&wire), 401, "r", "|WWW-Authenticate: Digest realm=\"d\", nonce=\"n\", stale=true");
	assert_int_equal(wire.n, 7);
	assert_string_equal(wire_hdr(wire_last(&wire), "Expires"), "0");
	assert_non_null(strstr(wire_hdr(wire_last(&wire), "Authorization"), "nonce=\"n\""));
	assert_false(list_empty(&trunks.leaving));
	wire_answer(&wire, wire_last(&wire), 403, "r", NULL);
	assert_int_equal(wire.n, 7);
	assert_true(list_empty(&trunks.leaving));
}

static void probes_go_on_across_a_reload(void **state)
{
	load("trunk p {\n peer = \"192.0.2.9:5070\"\n probe-interval = 10s\n probe-failures = 1\n}\n");
	clock_test_advance(50);
	assert_int_equal(wire.n, 1);
	wire_answer(&wire, wire_last(&wire), 503, "r", NULL);
	assert_string_equal(trunk_state(named("p"), &lines), "down");
	clock_test_advance(5000);
	load("trunk p {\n peer = \"192.0.2.9:5070\"\n probe-interval = 10s\n probe-failures = 1\n max-calls = 2\n}\n");
	assert_string_equal(trunk_state(named("p"), &lines), "down");
	clock_test_advance(4990);
	assert_int_equal(wire.n, 1);
	clock_test_advance(10);
	assert_int_equal(wire.n, 2); /* when it was due */
	wire_answer(&wire, wire_last(&wire), 503, "r", NULL);
	/* Without probes nobody would say that it is up again. */
	load("trunk p {\n peer = \"192.0.2.9:5070\"\n}\n");
	assert_string_equal(trunk_state(named("p"), &lines), "up");
	clock_test_advance(60000);
	assert_int_equal(wire.n, 2);
}

static void many_do_not_begin_at_once(void **state)
{
	load("trunk a {\n peer = \"192.0.2.9:5070\"\n domain = a.example\n register = yes\n auth-user = u\n password = p\n}\n"
	     "trunk idle {\n peer = \"192.0.2.9:5071\"\n}\n"
	     "trunk b {\n peer = \"192.0.2.9:5070\"\n domain = b.example\n register = yes\n auth-user = u\n password = p\n probe-interval = 60s\n}\n"
	     "trunk c {\n peer = \"192.0.2.9:5070\"\n domain = c.example\n register = yes\n auth-user = u\n password = p\n probe-interval = 60s\n}\n");
	clock_test_advance(100);
	assert_int_equal(wire.n, 5);
	assert_int_equal(wire.sent[2].at - wire.sent[1].at, 1);
	assert_int_equal(wire.sent[4].at - wire.sent[3].at, 1);
	for (unsigned i = 0; i < 5; i++)
		wire_answer(&wire, wire.sent[i].text, 200, "r", "|Expires: 1000");
	trunks_free(&trunks);
}

static void a_registrar_says_more_than_yes(void **state)
{
	registered("|Expires: 100|Service-Route: <sip:a.example;lr>, <sip:b.example;lr>|Service-Route: <sip:c.example;lr>"
		   "|P-Associated-URI: <sip:+4930@d.example>, <tel:+4931>");
	assert_string_equal(trunk_register_route(named("reg")->registration), "<sip:a.example;lr>, <sip:b.example;lr>, <sip:c.example;lr>");
	assert_string_equal(trunk_register_identities(named("reg")->registration), "<sip:+4930@d.example>, <tel:+4931>");
	assert_string_equal(wire_hdr(wire.sent[0].text, "Supported"), "path");
	/* RFC 3608 6.3: each answer replaces what was told before. */
	clock_test_advance(75000);
	wire_answer(&wire, wire_last(&wire), 200, "r", "|Expires: 100|Service-Route: <tel:+49>");
	assert_string_equal(trunk_register_route(named("reg")->registration), "");
	assert_string_equal(trunk_register_identities(named("reg")->registration), "");
}

/* Of bindings with our user, one of which is another box's, the one that ends first says when to refresh. */
static void it_is_refreshed_in_time(void **state)
{
	load_registering("password = p\n contact-user = \"a b\"\n");
	wire_answer(&wire, wire_last(&wire), 200, "r",
		    "|Contact: <sip:a%20b@192.0.2.1:5060>;expires=40, <sip:a%20b@203.0.113.1>;expires=900, <sip:other@203.0.113.1>;expires=4|Expires: 800");
	clock_test_advance(29999);
	assert_int_equal(wire.n, 1);
	clock_test_advance(2);
	assert_int_equal(wire.n, 2);
	wire_answer(&wire, wire_last(&wire), 200, "r", "|Expires: 100");
}

/* The connection ends while a refresh is under way, which goes on over another one and is answered late: the one behind it counts. */
static void a_lost_connection_overtakes_a_refresh(void **state)
{
	char first[20];
	registered("|Expires: 100");
	clock_test_advance(75000);
	assert_int_equal(wire.n, 2);
	snprintf(first, sizeof(first), "%s", wire_hdr(wire.sent[1].text, "CSeq"));
	trunks_disconnected(&trunks, SIP_UDP, &wire.sent[1].to);
	do
		clock_test_advance(1);
	while (!strcmp(wire_hdr(wire_last(&wire), "CSeq"), first) && wire.n < WIRE_MAX);
	unsigned n = wire.n;
	wire_answer(&wire, wire.sent[1].text, 403, "r", NULL);
	assert_string_equal(trunk_register_state(named("reg")->registration), "registered");
	wire_answer(&wire, wire.sent[n - 1].text, 200, "r", "|Expires: 100");
	clock_test_advance(60000);
	assert_int_equal(wire.n, n); /* both are over */
}

/* How long it takes until something more is sent. */
static unsigned wait_ms(void)
{
	unsigned ms = 0;
	for (unsigned n = wire.n; wire.n == n && ms < 60000; ms++)
		clock_test_advance(1);
	return ms;
}

static void a_registrar_cannot_keep_a_trunk_away(void **state)
{
	load_registering("password = p\n register-retry-min = 1s\n register-retry-max = 8s\n");
	/* 423 is followed once a try, not for ever. */
	wire_answer(&wire, wire_last(&wire), 423, "r", "|Min-Expires: 200");
	assert_int_equal(wire.n, 2);
	assert_string_equal(wire_hdr(wire_last(&wire), "Expires"), "200");
	wire_answer(&wire, wire_last(&wire), 423, "r", "|Min-Expires: 300");
	assert_int_equal(wire.n, 2);
	assert_string_equal(trunk_register_state(named("reg")->registration), "waiting");
	assert_true(wait_ms() <= 1000);
	/* Nor is a Retry-After of a hundred years. */
	wire_answer(&wire, wire_last(&wire), 503, "r", "|Retry-After: 3153600000");
	clock_test_advance(3600000);
	assert_int_equal(wire.n, 4);
	wire_answer(&wire, wire_last(&wire), 503, "r", "|Retry-After: 17 (a pause);duration=3");
	clock_test_advance(16999);
	assert_int_equal(wire.n, 4);
	clock_test_advance(2);
	assert_int_equal(wire.n, 5);
	/* Pauses grow, and never beyond the longest. */
	for (unsigned i = 0; i < 20; i++) {
		wire_answer(&wire, wire_last(&wire), 500, "r", NULL);
		unsigned waited = wait_ms();
		assert_true(waited <= 8000 && waited >= (i < 3 ? 500U << i : 4000));
	}
	wire_answer(&wire, wire_last(&wire), 200, "r", "|Expires: 100");
	assert_string_equal(trunk_state(named("reg"), &lines), "up");
}

static void what_is_drained_is_so_after_a_restart(void **state)
{
	static const char *const tables[] = {"trunks", NULL};
	static const char text[] = "trunk a {\n peer = \"192.0.2.9:5060\"\n}\ntrunk b {\n peer = \"192.0.2.10:5060\"\n}\n";
	char dir[] = "/tmp/trunk_test.XXXXXX", command[64];
	struct store *store;
	struct line *call;
	unsigned cause;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(store_open(&store, dir, tables, 1 << 20), 0);
	load(text);
	assert_int_equal(trunks_keep(&trunks, store, 0), 0);
	assert_int_equal(lines_take(&call, &lines, SLICE("a")), 0);
	assert_int_equal(trunks_drain(&trunks, named("a"), true), 0);
	assert_int_equal(trunks_drain(&trunks, named("b"), true), 0);
	assert_int_equal(trunks_drain(&trunks, named("b"), false), 0);
	assert_string_equal(trunk_state(named("a"), &lines), "draining");
	line_release(&lines, &call);
	assert_string_equal(trunk_state(named("a"), &lines), "drained");
	assert_non_null(trunk_refusal(named("a"), &lines, &cause));
	trunks_free(&trunks);
	mem_deref(store);

	assert_int_equal(store_open(&store, dir, tables, 1 << 20), 0);
	load(text);
	assert_int_equal(trunks_keep(&trunks, store, 0), 0);
	assert_string_equal(trunk_state(named("a"), &lines), "drained");
	assert_string_equal(trunk_state(named("b"), &lines), "up");
	/* Nothing is kept of a trunk that is gone from the configuration. */
	load("trunk b {\n peer = \"192.0.2.10:5060\"\n}\n");
	store_flush(store);
	assert_int_equal(store_count(store, 0), 0);
	trunks_free(&trunks);
	mem_deref(store);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	assert_int_equal(system(command), 0);
}

#define TRUNK_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TRUNK_TEST(the_nearest_place_is_whose_a_request_is),
		TRUNK_TEST(a_registration_goes_on_across_a_reload),
		TRUNK_TEST(probes_go_on_across_a_reload),
		TRUNK_TEST(many_do_not_begin_at_once),
		TRUNK_TEST(a_registrar_says_more_than_yes),
		TRUNK_TEST(it_is_refreshed_in_time),
		TRUNK_TEST(a_lost_connection_overtakes_a_refresh),
		TRUNK_TEST(a_registrar_cannot_keep_a_trunk_away),
		TRUNK_TEST(what_is_drained_is_so_after_a_restart),
	};
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
