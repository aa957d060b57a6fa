// SPDX-License-Identifier: GPL-3.0-or-later
/* Without transactions (RFC 3261 16.11), and a redirect server (8.3). */
#include "proxied.h"

static void open_as(enum sip_core core)
{
	x_open();
	x.core = core;
	x.target[0].uri = "sip:b1@192.0.2.21";
	x.target[0].addr = "192.0.2.21:5060";
	x.target[0].q = 900;
	x.target[1].uri = "sip:b2@198.51.100.22";
	x.target[1].addr = "198.51.100.22:5060";
	x.target[1].q = 1000;
}

static void repetitions_cancel_and_ack_take_the_same_way(void **state)
{
	open_as(SIP_CORE_STATELESS);
	x_ask("INVITE", "sip:b@example.com", "1", "");
	assert_true(x_is(0, "INVITE sip:b2@198.51.100.22 ") && x.w.n == 1); /* the best target only, and no 100 */
	assert_int_equal(sip_stack_transactions(x.w.stack), 0);
	assert_int_equal(proxy_contexts(x.proxy), 0);
	x_ask("INVITE", "sip:b@example.com", "1", "");
	assert_string_equal(x_sent(1), x_sent(0));
	x_answer(0, 100, NULL, "");
	assert_int_equal(x.w.n, 2);
	x_answer(0, 180, "t", "");
	assert_true(x_is(2, "SIP/2.0 180"));
	x_to(2, CALLER);
	x_ask("CANCEL", "sip:b@example.com", "1", "");
	assert_true(x_is(3, "CANCEL sip:b2@198.51.100.22"));
	/* wherever the INVITE may have gone */
	assert_true(x_is(4, "CANCEL sip:b1@192.0.2.21") && x.w.n == 5);
	assert_string_equal(wire_hdr(x_sent(3), "Via"), wire_hdr(x_sent(0), "Via"));
	x_answer(3, 200, NULL, "");
	x_answer(0, 487, "t", "");
	assert_true(x_is(6, "SIP/2.0 487") && x.w.n == 7);
	x_ask("ACK", "sip:b@example.com", "1", "");
	assert_true(x_is(7, "ACK sip:b2@198.51.100.22"));
	assert_string_equal(wire_hdr(x_sent(7), "Via"), wire_hdr(x_sent(0), "Via"));
	/* another request of the same caller has another branch */
	x_ask("INVITE", "sip:b@example.com", "2", "");
	assert_string_not_equal(wire_hdr(x_sent(8), "Via"), wire_hdr(x_sent(0), "Via"));
	x_close();
}

static void what_is_wrong_is_answered_and_forgotten(void **state)
{
	open_as(SIP_CORE_STATELESS);
	x_ask("MESSAGE", "pigeon:b@example.com", "1", "");
	assert_int_equal(wire_status(&x.w), 416);
	x.status = 404;
	x_ask("MESSAGE", "sip:b@example.com", "2", "");
	assert_int_equal(wire_status(&x.w), 404);
	x.refuse = true;
	x_ask("MESSAGE", "sip:b@example.com", "3", "");
	assert_int_equal(x.w.n, 2);
	assert_int_equal(sip_stack_transactions(x.w.stack), 0);
	x_close();
}

/* An answer to what was never forwarded would make us send wherever its second Via says. */
static void made_up_answers_go_nowhere(void **state)
{
	open_as(SIP_CORE_STATELESS);
	x_ask("INVITE", "sip:b@example.com", "1", "");
	char via[300];
	snprintf(via, sizeof via, "%s", wire_hdr(x_sent(0), "Via"));
	x_from("192.0.2.66:5060", "SIP/2.0 200 OK|Via: %s|Via: SIP/2.0/UDP 203.0.113.1;branch=z9hG4bK1|From: <sip:a@example.com>;tag=f|To: <sip:b@example.com>;tag=q|"
	       "Call-ID: c1|CSeq: 3 INVITE", via);
	x_from("192.0.2.66:5060", "SIP/2.0 200 OK|Via: %s|Via: SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bK1|From: <sip:a@example.com>;tag=f|To: <sip:b@example.com>;tag=q|"
	       "Call-ID: c2|CSeq: 3 INVITE", via);
	x_from("192.0.2.66:5060", "SIP/2.0 200 OK|Via: %s|From: <sip:a@example.com>;tag=f|To: <sip:b@example.com>;tag=q|Call-ID: c1|CSeq: 3 INVITE", via);
	assert_int_equal(x.w.n, 1);
	x_answer(0, 200, "t", "|Contact: <sip:b2@198.51.100.22>");
	assert_int_equal(x.w.n, 2);
	x_close();
}

static void a_redirect_server_tells_where(void **state)
{
	open_as(SIP_CORE_PROXY);
	x.redirects = true;
	x_ask("INVITE", "sip:b@example.com", "1", "");
	assert_int_equal(wire_status(&x.w), 302);
	assert_string_equal(x_all(wire_last(&x.w), "Contact"), "<sip:b2@198.51.100.22> | <sip:b1@192.0.2.21>;q=0.900");
	x_ask("ACK", "sip:b@example.com", "1", "");
	x_ask("INVITE", "sip:b@elsewhere.example", "2", "");
	assert_int_equal(wire_status(&x.w), 404);
	x.status = 480;
	x_ask("MESSAGE", "sip:b@example.com", "3", "");
	assert_int_equal(wire_status(&x.w), 480);
	x_ask("MESSAGE", "sip:b@example.com", "4", "|Proxy-Require: foo");
	assert_int_equal(wire_status(&x.w), 420);
	x_close();
}

static void all_of_it(void *arg)
{
	if (x_try_open())
		return;
	x.core = SIP_CORE_STATELESS;
	x.target[0].uri = "sip:b1@192.0.2.21";
	x.target[0].addr = "192.0.2.21:5060";
	x_ask("INVITE", "sip:b@example.com", "1", "");
	if (x.w.n)
		x_answer(0, 200, "t", "");
	x_ask("CANCEL", "sip:b@example.com", "1", "");
	x.core = SIP_CORE_PROXY;
	x.redirects = true;
	x_ask("INVITE", "sip:b@example.com", "2", "");
	x_close();
}

static void survives_any_failed_allocation(void **state)
{
	each_allocation_fails(all_of_it, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(repetitions_cancel_and_ack_take_the_same_way),
		cmocka_unit_test(what_is_wrong_is_answered_and_forgotten),
		cmocka_unit_test(made_up_answers_go_nowhere),
		cmocka_unit_test(a_redirect_server_tells_where),
		cmocka_unit_test(survives_any_failed_allocation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
