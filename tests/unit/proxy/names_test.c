// SPDX-License-Identifier: GPL-3.0-or-later
/* Targets and routes that are names (RFC 3263), and what is to go securely (RFC 5630). */
#include "proxied.h"
#include "net/dns_zone.h"

static const char *const lines[] = {
	"_sip._udp.far.example 600 SRV 1 0 5070 one.far.example", "_sip._udp.far.example 600 SRV 2 0 5080 two.far.example",
	"one.far.example 600 A 198.51.100.11", "two.far.example 600 A 198.51.100.12", "relay.example 600 A 192.0.2.33", NULL};
static struct zone z;

static int try_open(void)
{
	int err = zone_try_open(&z, lines);
	if (err)
		return err;
	err = x_try_open();
	if (!err)
		err = sip_locator_new(&x.locator, &(struct sip_locator_params){.dns = z.dns, .dead_ms = 60000});
	if (err) {
		if (x.proxy) {
			wire_close(&x.w);
			x.proxy = mem_deref(x.proxy);
		}
		zone_close(&z);
		return err;
	}
	struct proxy_params p = x_params();
	proxy_reconfigure(x.proxy, &p);
	return 0;
}

static void open_all(void)
{
	x = (struct proxied){0};
	assert_int_equal(try_open(), 0);
}

static void close_all(void)
{
	struct sip_locator *l = x.locator;
	clock_test_advance(64000);
	clock_test_advance(200000);
	clock_test_advance(64000);
	assert_int_equal(proxy_contexts(x.proxy), 0);
	assert_int_equal(sip_stack_transactions(x.w.stack), 0);
	wire_close(&x.w);
	x.proxy = mem_deref(x.proxy);
	mem_deref(l);
	zone_close(&z);
}

static void a_target_that_is_a_name_is_looked_for(void **state)
{
	open_all();
	x_ask("INVITE", "sip:b@far.example", "1", "");
	assert_true(x_is(0, "SIP/2.0 100") && x.w.n == 1);
	clock_test_advance(50);
	assert_true(x_is(1, "INVITE sip:b@far.example "));
	x_to(1, "198.51.100.11:5070");
	/* it will not have it: another server of the same domain, a transaction of its own */
	x_answer(1, 503, "t", "");
	assert_true(x_is(2, "ACK") && x_is(3, "INVITE sip:b@far.example "));
	x_to(3, "198.51.100.12:5080");
	assert_string_not_equal(wire_hdr(x_sent(1), "Via"), wire_hdr(x_sent(3), "Via"));
	x_answer(3, 200, "t", "|Contact: <sip:b@198.51.100.12>");
	assert_int_equal(wire_status(&x.w), 200);
	/* the ACK follows a name that is known by then; the first server comes last now */
	x_ask("ACK", "sip:b@far.example", "2", "");
	assert_true(x_is(5, "ACK sip:b@far.example "));
	x_ask("MESSAGE", "sip:b@far.example", "3", "");
	x_to(6, "198.51.100.12:5080");
	x_answer(6, 200, "t", "");
	close_all();
}

static void servers_that_are_silent_are_followed_by_the_next(void **state)
{
	open_all();
	x_ask("INVITE", "sip:b@far.example", "1", "");
	clock_test_advance(50);
	clock_test_advance(32000);
	x_to(x.w.n - 1, "198.51.100.12:5080");
	x_answer(x.w.n - 1, 180, "t", "");
	x_answer(x.w.n - 2, 486, "t", "");
	assert_int_equal(wire_status(&x.w), 486);
	close_all();
}

static void routes_may_be_names(void **state)
{
	open_all();
	x_ask("MESSAGE", "sip:b@192.0.2.20", "1", "|Route: <sip:192.0.2.1;lr>, <sip:relay.example;lr>");
	clock_test_advance(50);
	assert_true(x_is(0, "MESSAGE sip:b@192.0.2.20"));
	x_to(0, "192.0.2.33:5060");
	x_answer(0, 200, "t", "");
	x_ask("MESSAGE", "sip:b@nowhere.example", "2", "");
	clock_test_advance(50);
	assert_int_equal(wire_status(&x.w), 500);
	close_all();
}

static void cancel_ends_the_search(void **state)
{
	open_all();
	x_ask("INVITE", "sip:b@far.example", "1", "");
	x_ask("CANCEL", "sip:b@far.example", "1", "");
	assert_int_equal(wire_status(&x.w), 487);
	clock_test_advance(50);
	for (unsigned i = 0; i < x.w.n; i++)
		assert_false(x_is(i, "INVITE"));
	x_ask("ACK", "sip:b@far.example", "1", "");
	close_all();
}

static void what_is_asked_for_securely_does_not_go_otherwise(void **state)
{
	open_all();
	x.target[0].uri = "sips:b@192.0.2.20";
	x.target[0].addr = "192.0.2.20:5060";
	x_ask("INVITE", "sips:b@example.com", "1", "");
	for (unsigned i = 0; i < x.w.n; i++)
		assert_false(x_is(i, "INVITE"));
	assert_int_equal(wire_status(&x.w), 480);
	x_ask("ACK", "sips:b@example.com", "1", "");
	close_all();
}

static int end_dialog_at(const char *contact)
{
	return proxy_bye(x.proxy, &(struct proxy_dialog){.call_id = SLICE("c1"), .from = SLICE("<sip:a@example.com>;tag=f"), .to = SLICE("<sip:b@example.com>;tag=t"),
							 .contact = {SLICE("sip:a@192.0.2.9:5070"), slice_str(contact)}}, false, SLICE_NONE);
}

static void a_bye_of_ours_waits_for_the_name(void **state)
{
	open_all();
	assert_int_equal(end_dialog_at("sip:b@far.example"), 0);
	assert_int_equal(x.w.n, 0);
	clock_test_advance(50);
	assert_true(x_is(0, "BYE sip:b@far.example "));
	x_to(0, "198.51.100.11:5070");
	x_answer(0, 200, NULL, "");
	/* it is known now: at once */
	assert_int_equal(end_dialog_at("sip:b@far.example"), 0);
	assert_true(x_is(1, "BYE sip:b@far.example "));
	x_answer(1, 200, NULL, "");
	/* it leads nowhere */
	assert_int_equal(end_dialog_at("sip:b@nowhere.example"), 0);
	clock_test_advance(50);
	assert_int_equal(x.w.n, 2);
	close_all();
}

static void a_named_call(void *arg)
{
	x = (struct proxied){0};
	if (try_open())
		return;
	x_ask("INVITE", "sip:b@far.example", "1", "");
	clock_test_advance(50);
	for (unsigned i = 0; i < x.w.n && i < 20; i++)
		if (x_is(i, "INVITE"))
			x_answer(i, i > 1 ? 200 : 503, "t", "");
	x_ask("INVITE", "sip:b@nowhere.example", "2", "");
	x_ask("CANCEL", "sip:b@nowhere.example", "2", "");
	end_dialog_at("sip:b@relay.example");
	clock_test_advance(50);
	close_all();
}

static void survives_any_failed_allocation(void **state)
{
	each_allocation_fails(a_named_call, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_target_that_is_a_name_is_looked_for),
		cmocka_unit_test(servers_that_are_silent_are_followed_by_the_next),
		cmocka_unit_test(routes_may_be_names),
		cmocka_unit_test(cancel_ends_the_search),
		cmocka_unit_test(what_is_asked_for_securely_does_not_go_otherwise),
		cmocka_unit_test(a_bye_of_ours_waits_for_the_name),
		cmocka_unit_test(survives_any_failed_allocation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
