// SPDX-License-Identifier: GPL-3.0-or-later
/* Server transactions (RFC 3261 figures 7 and 8, RFC 6026) and what the stack answers by itself. */
#include "wire.h"
#include <errno.h>

static struct wire w;

static void ask_more(const char *method, const char *via, const char *to_tag, const char *more)
{
	wire_say(&w, "%s sip:b@192.0.2.1 SIP/2.0|Via: SIP/2.0/UDP %s|Max-Forwards: 70|From: <sip:a@192.0.2.9>;tag=f|"
		 "To: <sip:b@192.0.2.1>%s|Call-ID: c1|CSeq: 3 %s|Contact: <sip:a@192.0.2.9:5070>%s",
		 method, via, to_tag, method, more);
}

static void ask(const char *method, const char *branch)
{
	char via[100];
	snprintf(via, sizeof via, "192.0.2.9:5070;branch=%s", branch);
	ask_more(method, via, "", "");
}

static void reply(unsigned status)
{
	assert_int_equal(sip_reply(w.st, status, NULL, SLICE_NONE, SLICE_NONE, SLICE_NONE), 0);
}

static void finish(void)
{
	clock_test_advance(64000);
	assert_int_equal(sip_stack_transactions(w.stack), 0);
	assert_int_equal(timer_count(), 0);
	wire_close(&w);
}

static void an_unanswered_invite_gets_100_and_its_copies_the_last_answer(void **state)
{
	wire_open(&w);
	ask("INVITE", "z9hG4bKa");
	assert_int_equal(wire_status(&w), 100);
	assert_string_equal(wire_hdr(wire_last(&w), "To"), "<sip:b@192.0.2.1>");
	ask("INVITE", "z9hG4bKa");
	assert_int_equal(w.requests, 1);
	assert_int_equal(w.n, 2);
	reply(180);
	assert_non_null(strstr(wire_hdr(wire_last(&w), "To"), ";tag="));
	ask("INVITE", "z9hG4bKa");
	assert_int_equal(wire_status(&w), 180);
	assert_int_equal(w.n, 4);
	reply(200);
	finish();
}

static void a_refusal_is_sent_by_timer_g_until_ack(void **state)
{
	wire_open(&w);
	ask("INVITE", "z9hG4bKa");
	reply(486);
	assert_int_equal(sip_reply(w.st, 200, NULL, SLICE_NONE, SLICE_NONE, SLICE_NONE), -EALREADY);
	clock_test_advance(8000);
	const uint64_t at[] = {0, 0, 500, 1500, 3500, 7500};
	assert_int_equal(w.n, 6);
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(w.sent[i].at, at[i]);
	ask("INVITE", "z9hG4bKa");
	assert_int_equal(w.n, 7);
	ask("ACK", "z9hG4bKa");
	clock_test_advance(4999);
	assert_int_equal(w.n, 7);
	ask("INVITE", "z9hG4bKa"); /* confirmed: absorbed */
	assert_int_equal(w.n, 7);
	assert_int_equal(sip_stack_transactions(w.stack), 1);
	clock_test_advance(1); /* Timer I */
	assert_int_equal(sip_stack_transactions(w.stack), 0);
	finish();
}

static void an_answer_given_once_leaves_nothing_behind(void **state)
{
	char tag[600];
	wire_open(&w);
	ask("INVITE", "z9hG4bKa");
	assert_int_equal(sip_reply_once(w.st, 407, NULL, SLICE("X: y\r\n")), 0);
	assert_int_equal(wire_status(&w), 407);
	assert_string_equal(wire_hdr(wire_last(&w), "X"), "y");
	assert_int_equal(sip_reply_once(w.st, 407, NULL, SLICE_NONE), -EALREADY);
	snprintf(tag, sizeof tag, "%s", wire_hdr(wire_last(&w), "To"));
	assert_non_null(strstr(tag, ";tag="));
	assert_int_equal(sip_stack_transactions(w.stack), 0);
	assert_int_equal(timer_count(), 0);
	unsigned n = w.n;
	clock_test_advance(32000);
	assert_int_equal(w.n, n);
	/* A copy is a request like the first, and its answer one of the same peer. */
	ask("INVITE", "z9hG4bKa");
	assert_int_equal(w.requests, 2);
	sip_reply_once(w.st, 407, NULL, SLICE_NONE);
	assert_string_equal(wire_hdr(wire_last(&w), "To"), tag);
	/* Nothing waits for the ACK, and it is harmless. */
	ask_more("ACK", "192.0.2.9:5070;branch=z9hG4bKa", ";tag=x", "");
	finish();
}

static void timer_h_ends_it_without_ack(void **state)
{
	wire_open(&w);
	ask("INVITE", "z9hG4bKa");
	reply(486);
	clock_test_advance(31999);
	assert_int_equal(sip_stack_transactions(w.stack), 1);
	assert_int_equal(w.n, 2 + 10);
	clock_test_advance(1);
	assert_int_equal(sip_stack_transactions(w.stack), 0);
	finish();
}

static void after_a_2xx_copies_are_absorbed_until_timer_l(void **state)
{
	wire_open(&w);
	ask("INVITE", "z9hG4bKa");
	reply(200);
	unsigned n = w.n;
	ask("INVITE", "z9hG4bKa");
	clock_test_advance(31999);
	ask("INVITE", "z9hG4bKa");
	assert_int_equal(w.n, n);
	assert_int_equal(w.requests, 1);
	clock_test_advance(1);
	assert_int_equal(sip_stack_transactions(w.stack), 0);
	finish();
}

static void other_requests_are_answered_again_until_timer_j(void **state)
{
	wire_open(&w);
	ask("OPTIONS", "z9hG4bKa");
	assert_int_equal(w.n, 0);
	ask("OPTIONS", "z9hG4bKa"); /* trying: discarded */
	assert_int_equal(w.n, 0);
	reply(200);
	clock_test_advance(31999);
	ask("OPTIONS", "z9hG4bKa");
	assert_int_equal(w.n, 2);
	assert_string_equal(w.sent[0].text, w.sent[1].text);
	clock_test_advance(1);
	assert_int_equal(sip_stack_transactions(w.stack), 0);
	finish();
}

static unsigned cancelled;
/* Nobody holds the transaction any more: its request is let go, what tells it from others is kept. */
static void an_answered_request_is_known_without_its_text(void **state)
{
	wire_open(&w);
	ask("OPTIONS", "z9hG4bKa");
	reply(200);
	ask_more("INFO", "192.0.2.9:5070", "", "");
	reply(200);
	w.st = mem_deref(w.st);
	size_t before = mem_blocks();
	clock_test_advance(1);
	assert_int_equal(mem_blocks(), before); /* a message less, a short text more, twice */
	ask("OPTIONS", "z9hG4bKa");
	ask_more("INFO", "192.0.2.9:5070", "", "");
	assert_int_equal(w.requests, 2);
	assert_int_equal(w.n, 4);
	assert_int_equal(wire_status(&w), 200);
	ask("OPTIONS", "z9hG4bKb");
	assert_int_equal(wire_status(&w), 482);
	ask_more("INFO", "192.0.2.9:5071", "", "");
	assert_int_equal(wire_status(&w), 482);
	finish();
}

static void on_cancel(void *arg, const struct sip_msg *cancel)
{
	assert_int_equal(cancel->method, SIP_CANCEL);
	cancelled++;
	reply(487);
}

static void cancel_reaches_the_user_once(void **state)
{
	wire_open(&w);
	cancelled = 0;
	ask("INVITE", "z9hG4bKa");
	sip_strans_on_cancel(w.st, on_cancel, NULL);
	ask("CANCEL", "z9hG4bKa");
	assert_int_equal(cancelled, 1);
	assert_int_equal(w.n, 3);
	assert_memory_equal(w.sent[1].text, "SIP/2.0 200", 11);
	assert_string_equal(wire_hdr(w.sent[1].text, "CSeq"), "3 CANCEL");
	assert_memory_equal(w.sent[2].text, "SIP/2.0 487", 11);
	assert_string_equal(wire_hdr(w.sent[1].text, "To"), wire_hdr(w.sent[2].text, "To"));
	ask("CANCEL", "z9hG4bKa");
	assert_int_equal(cancelled, 1);
	finish();
}

static void cancel_of_nothing_gets_481_and_too_late_has_no_effect(void **state)
{
	wire_open(&w);
	ask("CANCEL", "z9hG4bKx");
	assert_int_equal(wire_status(&w), 481);
	cancelled = 0;
	ask("INVITE", "z9hG4bKa");
	sip_strans_on_cancel(w.st, on_cancel, NULL);
	reply(200);
	ask("CANCEL", "z9hG4bKa");
	assert_int_equal(wire_status(&w), 200);
	assert_int_equal(cancelled, 0);
	finish();
}

/* Whoever has guessed a branch, or has seen all but is elsewhere, ends nothing. */
static void cancel_of_another_gets_481(void **state)
{
	wire_open(&w);
	cancelled = 0;
	ask("INVITE", "z9hG4bKa");
	sip_strans_on_cancel(w.st, on_cancel, NULL);
	wire_say(&w, "CANCEL sip:b@192.0.2.1 SIP/2.0|Via: SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bKa|Max-Forwards: 70|From: <sip:a@192.0.2.9>;tag=f|"
		 "To: <sip:b@192.0.2.1>|Call-ID: c2|CSeq: 3 CANCEL");
	assert_int_equal(wire_status(&w), 481);
	struct addr there = w.peer;
	addr_parse(&w.peer, SLICE("192.0.2.10:5070"), 0);
	ask("CANCEL", "z9hG4bKa");
	assert_int_equal(cancelled, 0);
	clock_test_advance(64000); /* the 481 is forgotten */
	w.peer = there;
	w.peer.port = 5099; /* a NAT may have moved it */
	ask("CANCEL", "z9hG4bKa");
	assert_int_equal(cancelled, 1);
	finish();
}

static void the_same_request_on_two_paths_gets_482(void **state)
{
	wire_open(&w);
	ask("INVITE", "z9hG4bKa");
	ask("INVITE", "z9hG4bKb");
	assert_int_equal(wire_status(&w), 482);
	assert_int_equal(w.requests, 1);
	reply(200);
	finish();
}

static void our_own_request_coming_back_gets_482_and_a_spiral_not(void **state)
{
	struct sip_request_params p = {.method = SIP_INVITE, .ruri = SLICE("sip:b@192.0.2.9"), .dst = test_addr("192.0.2.9:5070"),
				       .headers = SLICE("From: <sip:z@192.0.2.1>;tag=q\r\nTo: <sip:b@192.0.2.9>\r\nCall-ID: q\r\n"
							"CSeq: 1 INVITE\r\n")};
	char more[300];
	wire_open(&w);
	assert_int_equal(sip_request(NULL, w.stack, &p, NULL, NULL), 0);
	snprintf(more, sizeof more, "|Via: %s", wire_hdr(w.sent[0].text, "Via"));
	ask_more("INVITE", "192.0.2.9:5070;branch=z9hG4bKp", "", more);
	assert_int_equal(wire_status(&w), 482);
	wire_say(&w, "INVITE sip:forwarded@192.0.2.1 SIP/2.0|Via: SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bKs%s|Max-Forwards: 60|"
		 "From: <sip:a@x>;tag=s|To: <sip:b@x>|Call-ID: s|CSeq: 1 INVITE|Contact: <sip:a@x>", more);
	assert_int_equal(w.requests, 1);
	reply(486);
	finish();
}

static void peers_of_rfc_2543_are_matched_without_a_branch(void **state)
{
	wire_open(&w);
	ask_more("INVITE", "192.0.2.9:5070", "", "");
	ask_more("INVITE", "192.0.2.9:5070", "", "");
	assert_int_equal(w.requests, 1);
	reply(486);
	unsigned n = w.n;
	char tag[40];
	snprintf(tag, sizeof tag, ";tag=" SLICE_FMT, SLICE_ARG(sip_strans_tag(w.st)));
	ask_more("ACK", "192.0.2.9:5070", tag, "");
	clock_test_advance(4000);
	assert_int_equal(w.n, n);
	ask_more("OPTIONS", "192.0.2.9:5070", "", "");
	assert_int_equal(w.requests, 2);
	reply(200);
	finish();
}

static void answers_go_where_via_and_source_say(void **state)
{
	static const struct {
		const char *via, *to, *expect;
	} rows[] = {
		{"192.0.2.9:5070;branch=z9hG4bK1", "192.0.2.9:5070", "SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bK1"},
		{"192.0.2.9;branch=z9hG4bK2", "192.0.2.9:5060", "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK2"},
		{"10.0.0.1:5099;branch=z9hG4bK3", "192.0.2.9:5099",
		 "SIP/2.0/UDP 10.0.0.1:5099;branch=z9hG4bK3;received=192.0.2.9"},
		{"10.0.0.1:5099;rport;branch=z9hG4bK4", "192.0.2.9:5070",
		 "SIP/2.0/UDP 10.0.0.1:5099;branch=z9hG4bK4;received=192.0.2.9;rport=5070"},
		{"phone.example;branch=z9hG4bK5;received=1.2.3.4;x=\"a;b\"", "192.0.2.9:5060",
		 "SIP/2.0/UDP phone.example;branch=z9hG4bK5;x=\"a;b\";received=192.0.2.9"},
		{"192.0.2.9;maddr=203.0.113.5;branch=z9hG4bK6", "192.0.2.9:5060",
		 "SIP/2.0/UDP 192.0.2.9;maddr=203.0.113.5;branch=z9hG4bK6"},
		{"192.0.2.9;branch=z9hG4bK7, SIP/2.0/UDP h2;branch=z9hG4bK8", "192.0.2.9:5060",
		 "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK7, SIP/2.0/UDP h2;branch=z9hG4bK8"},
	};
	for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char to[ADDR_STR_LEN];
		wire_open(&w);
		w.answer = 200;
		ask_more("OPTIONS", rows[i].via, "", "|Via: SIP/2.0/UDP h9;branch=z9hG4bKh9");
		assert_int_equal(w.n, 1);
		assert_string_equal(addr_str(&w.sent[0].to, to), rows[i].to);
		assert_string_equal(wire_hdr(w.sent[0].text, "Via"), rows[i].expect);
		assert_non_null(strstr(w.sent[0].text, "\r\nVia: SIP/2.0/UDP h9;branch=z9hG4bKh9\r\n"));
		finish();
	}
}

static void what_belongs_to_nothing(void **state)
{
	wire_open(&w);
	ask_more("ACK", "192.0.2.9:5070;branch=z9hG4bKa", ";tag=x", "");
	assert_int_equal(w.n, 0);
	ask_more("BYE", "192.0.2.9:5070;branch=z9hG4bKb", ";tag=x", "");
	assert_int_equal(wire_status(&w), 481);
	assert_int_equal(w.requests, 0);
	w.answer = 200;
	ask_more("REGISTER", "192.0.2.9:5070;branch=z9hG4bKc", ";tag=x", "");
	assert_int_equal(w.requests, 1);
	finish();
}

static void noise_is_counted_and_never_answered(void **state)
{
	static const struct {
		enum sip_count count;
		const char *text;
		size_t len;
	} rows[] = {
		{SIP_CNT_KEEPALIVE, "\r\n\r\n", 4},
		{SIP_CNT_KEEPALIVE, "\0\0\0\0", 4},
		{SIP_CNT_KEEPALIVE, "", 0},
		{SIP_CNT_STUN, "\0\x11\0\0\x21\x12\xa4\x42" "0123456789ab", 20},
		{SIP_CNT_JUNK, "jaK\xff\xff", 5},
		{SIP_CNT_MALFORMED_DROPPED, "INVITE sip:x SIP/2.0\r\n\r\n", 24},
		{SIP_CNT_MALFORMED_DROPPED, "SIP/2.0 200 OK\r\n\r\n", 18},
	};
	wire_open(&w);
	for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		uint64_t before = sip_counts[rows[i].count];
		wire_in(&w, &w.peer, rows[i].text, rows[i].len);
		assert_int_equal(sip_counts[rows[i].count], before + 1);
	}
	assert_int_equal(w.n, 0);
	finish();
}

static void a_malformed_request_gets_the_same_400_each_time(void **state)
{
	wire_open(&w);
	for (int i = 0; i < 2; i++)
		wire_say(&w, "OPTIONS sip:b@192.0.2.1 SIP/2.0|Via: SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bKa|Max-Forwards: 999|"
			 "From: <sip:a@192.0.2.9>;tag=f|To: <sip:b@192.0.2.1>|Call-ID: c1|CSeq: 3 INVITE");
	assert_int_equal(w.n, 2);
	assert_int_equal(wire_status(&w), 400);
	assert_non_null(strstr(wire_hdr(wire_last(&w), "To"), ";tag="));
	assert_string_equal(w.sent[0].text, w.sent[1].text);
	finish();
}

static void a_user_agent_core_refuses_by_table(void **state)
{
	static const char *const methods[] = {"INVITE", "ACK", "OPTIONS", NULL}, *const types[] = {"application/sdp", NULL},
					    *const extensions[] = {"timer", NULL};
	static const struct sip_check rules = {.methods = methods, .types = types, .extensions = extensions, .body_max = 4, .forwards = true};
	static const struct {
		unsigned status;
		const char *method, *uri, *more, *header, *value;
	} rows[] = {
		{501, "NEWFANGLED", "sip:b@h", "", NULL, NULL},
		{405, "SUBSCRIBE", "sip:b@h", "", "Allow", "INVITE, ACK, OPTIONS"},
		{416, "OPTIONS", "nobody:b", "", NULL, NULL},
		{483, "INVITE", "sip:b@h", "|Max-Forwards: 0", NULL, NULL},
		{200, "OPTIONS", "sip:b@h", "|Max-Forwards: 0", NULL, NULL},
		{413, "INVITE", "sip:b@h", "|Content-Type: application/sdp|Content-Length: 5||v=0..", NULL, NULL},
		{420, "OPTIONS", "sip:b@h", "|Require: timer, foo|Require: bar", "Unsupported", "foo, bar"},
		{415, "INVITE", "sip:b@h", "|Content-Type: text/plain|Content-Length: 2||hi", "Accept", "application/sdp"},
		{415, "INVITE", "sip:b@h", "|Content-Type: application/sdp|Content-Encoding: gzip|Content-Length: 2||hi", "Accept-Encoding",
		 "identity"},
		{406, "INVITE", "sip:b@h", "|Accept: text/html", NULL, NULL},
		{200, "INVITE", "sip:b@h", "|Accept: text/html, application/*;q=0.1|Require: timer", NULL, NULL},
		{200, "INVITE", "sip:b@h",
		 "|Content-Disposition: x;handling=optional|Content-Type: text/plain|Content-Length: 2||hi", NULL, NULL},
	};
	for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		wire_open(&w);
		w.rules = &rules;
		w.answer = 200;
		wire_say(&w, "%s %s SIP/2.0|Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK%u|From: <sip:a@h>;tag=f|To: <sip:b@h>|"
			 "Call-ID: c|CSeq: 1 %s|Contact: <sip:a@h>%s", rows[i].method, rows[i].uri, i, rows[i].method, rows[i].more);
		assert_int_equal(w.n, 1);
		assert_int_equal(wire_status(&w), rows[i].status);
		if (rows[i].header)
			assert_string_equal(wire_hdr(wire_last(&w), rows[i].header), rows[i].value);
		finish();
	}
}

static void whole_exchange(void *arg)
{
	if (wire_try_open(&w, 500))
		return;
	ask("INVITE", "z9hG4bKa");
	ask("CANCEL", "z9hG4bKa");
	w.answer = 200;
	ask("OPTIONS", "z9hG4bKb");
	w.st = mem_deref(w.st);
	clock_test_advance(64000);
	/* An INVITE whose 487 could not be built waits for its next CANCEL: the test ends the stack under it. */
	wire_close(&w);
}

static void survives_any_failed_allocation(void **state)
{
	each_allocation_fails(whole_exchange, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_unanswered_invite_gets_100_and_its_copies_the_last_answer),
		cmocka_unit_test(a_refusal_is_sent_by_timer_g_until_ack),
		cmocka_unit_test(an_answer_given_once_leaves_nothing_behind),
		cmocka_unit_test(timer_h_ends_it_without_ack),
		cmocka_unit_test(after_a_2xx_copies_are_absorbed_until_timer_l),
		cmocka_unit_test(other_requests_are_answered_again_until_timer_j),
		cmocka_unit_test(an_answered_request_is_known_without_its_text),
		cmocka_unit_test(cancel_reaches_the_user_once),
		cmocka_unit_test(cancel_of_nothing_gets_481_and_too_late_has_no_effect),
		cmocka_unit_test(cancel_of_another_gets_481),
		cmocka_unit_test(the_same_request_on_two_paths_gets_482),
		cmocka_unit_test(our_own_request_coming_back_gets_482_and_a_spiral_not),
		cmocka_unit_test(peers_of_rfc_2543_are_matched_without_a_branch),
		cmocka_unit_test(answers_go_where_via_and_source_say),
		cmocka_unit_test(what_belongs_to_nothing),
		cmocka_unit_test(noise_is_counted_and_never_answered),
		cmocka_unit_test(a_malformed_request_gets_the_same_400_each_time),
		cmocka_unit_test(a_user_agent_core_refuses_by_table),
		cmocka_unit_test(survives_any_failed_allocation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
