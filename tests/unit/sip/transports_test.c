// SPDX-License-Identifier: GPL-3.0-or-later
/* What differs between the transports: names, the timers of RFC 3261 17, where requests of a dialog go. */
#include "wire.h"
#include "sip/session.h"
#include <errno.h>

static struct wire w;

static void a_uri_says_its_transport(void **state)
{
	static const struct {
		const char *uri;
		int err;
		enum sip_transport transport;
		bool asked;
	} cases[] = {
		{"sip:a@b", 0, SIP_UDP, false},			{"sip:a@b;transport=UDP", 0, SIP_UDP, true},
		{"sip:a@b;transport=tcp", 0, SIP_TCP, true},	{"sip:a@b;transport=tls", 0, SIP_TLS, true},
		{"sips:a@b", 0, SIP_TLS, true},			{"sips:a@b;transport=tcp", 0, SIP_TLS, true},
		{"sip:a@b;transport=ws", 0, SIP_WS, true},	{"sips:a@b;transport=ws", 0, SIP_WSS, true},
		{"sip:a@b;transport=sctp", -EINVAL, 0, false},	{"sip:a@b;transport=", -EINVAL, 0, false},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct sip_uri u;
		enum sip_transport t = SIP_UDP;
		bool asked = false;
		assert_int_equal(sip_uri_parse(&u, slice_str(cases[i].uri)), 0);
		assert_int_equal(sip_uri_transport(&u, &t, &asked), cases[i].err);
		if (cases[i].err)
			continue;
		assert_int_equal(t, cases[i].transport);
		assert_int_equal(asked, cases[i].asked);
	}
}

static void on_response(void *arg, int err, const struct sip_msg *rsp)
{
	*(int *)arg = rsp ? (int)rsp->status : err;
}

static void open_tcp(void)
{
	wire_open(&w);
	wire_listen(&w, SIP_TCP);
	w.over = SIP_TCP;
}

static void finish(void)
{
	assert_int_equal(sip_stack_transactions(w.stack), 0);
	assert_int_equal(timer_count(), 0);
	wire_close(&w);
}

static struct sip_ctrans *ask(enum sip_method method, int *result)
{
	char headers[200];
	struct sip_ctrans *ct;
	snprintf(headers, sizeof headers, "From: <sip:a@x>;tag=f\r\nTo: <sip:b@x>\r\nCall-ID: c\r\nCSeq: 7 %s\r\n", sip_method_name(method));
	struct sip_request_params p = {.method = method, .ruri = SLICE("sip:b@192.0.2.9"), .dst = w.peer, .listener = &wire_place(&w)->l,
				       .headers = slice_str(headers)};
	assert_int_equal(sip_request(&ct, w.stack, &p, on_response, result), 0);
	return ct;
}

static void a_request_over_tcp_is_sent_once_and_times_out(void **state)
{
	static const enum sip_method methods[] = {SIP_INVITE, SIP_OPTIONS};
	for (size_t i = 0; i < 2; i++) {
		int result = 0;
		open_tcp();
		struct sip_ctrans *ct = ask(methods[i], &result);
		assert_non_null(strstr(wire_last(&w), "\r\nVia: SIP/2.0/TCP 192.0.2.1:5060;branch="));
		clock_test_advance(31999);
		assert_int_equal(result, 0);
		clock_test_advance(1);
		assert_int_equal(result, -ETIMEDOUT);
		assert_int_equal(w.n, 1);
		mem_deref(ct);
		finish();
	}
}

static void timers_d_and_k_are_zero_over_tcp(void **state)
{
	static const enum sip_method methods[] = {SIP_INVITE, SIP_OPTIONS};
	for (size_t i = 0; i < 2; i++) {
		int result = 0;
		open_tcp();
		struct sip_ctrans *ct = ask(methods[i], &result);
		wire_answer(&w, w.sent[0].text, 404, "t", NULL);
		assert_int_equal(result, 404);
		assert_int_equal(w.n, methods[i] == SIP_INVITE ? 2 : 1);
		mem_deref(ct);
		clock_test_advance(1);
		finish();
	}
}

static void say_request(const char *method)
{
	wire_say(&w, "%s sip:b@192.0.2.1 SIP/2.0|Via: SIP/2.0/TCP 192.0.2.9:5060;branch=z9hG4bKs|Max-Forwards: 70|"
		     "From: <sip:a@x>;tag=f|To: <sip:b@x>%s|Call-ID: c|CSeq: 7 %s|Contact: <sip:a@192.0.2.9:5060;transport=tcp>",
		 method, strcmp(method, "ACK") ? "" : wire_hdr(wire_last(&w), "To") + strlen("<sip:b@x>"), method);
}

static void answers_go_back_over_the_connection_and_timer_j_is_zero(void **state)
{
	open_tcp();
	w.answer = 200;
	say_request("OPTIONS");
	assert_int_equal(wire_status(&w), 200);
	/* No rport, and another port in Via: the connection counts. */
	assert_true(addr_eq(&w.sent[0].to, &w.peer));
	clock_test_advance(1);
	finish();
}

static void a_refusal_over_tcp_is_not_repeated_and_timer_i_is_zero(void **state)
{
	open_tcp();
	w.answer = 486;
	say_request("INVITE");
	assert_int_equal(wire_status(&w), 486);
	clock_test_advance(5000);
	assert_int_equal(w.n, 1);
	assert_int_equal(sip_stack_transactions(w.stack), 1);
	say_request("ACK");
	clock_test_advance(1);
	finish();
}

static void timer_h_ends_what_no_ack_came_for(void **state)
{
	open_tcp();
	w.answer = 486;
	say_request("INVITE");
	clock_test_advance(32000);
	assert_int_equal(w.n, 1);
	finish();
}

static void on_closed(void *arg, unsigned status, const struct sip_msg *msg)
{
	*(bool *)arg = true;
}

/* Accepts an INVITE over TCP whose Contact is `contact`, ends the call, and leaves the BYE as the last message. */
static void call_and_hang_up(const char *contact)
{
	static const struct sip_session_handlers handlers = {.closed = on_closed};
	struct sip_session *ss;
	bool closed = false;
	open_tcp();
	wire_say(&w, "INVITE sip:b@192.0.2.1 SIP/2.0|Via: SIP/2.0/TCP 192.0.2.9:5060;branch=z9hG4bKs|Max-Forwards: 70|"
		     "From: <sip:a@x>;tag=f|To: <sip:b@x>|Call-ID: c|CSeq: 7 INVITE|Contact: <%s>", contact);
	assert_int_equal(sip_session_accept(&ss, w.st, SLICE("b"), &handlers, &closed), 0);
	assert_int_equal(sip_session_answer(ss, SLICE_NONE, SLICE("v=0\r\n")), 0);
	assert_non_null(strstr(wire_last(&w), "Contact: <sip:b@192.0.2.1:5060;transport=tcp>"));
	wire_say(&w, "ACK sip:b@192.0.2.1 SIP/2.0|Via: SIP/2.0/TCP 192.0.2.9:5060;branch=z9hG4bKa|Max-Forwards: 70|"
		     "From: <sip:a@x>;tag=f|To: %s|Call-ID: c|CSeq: 7 ACK", wire_hdr(wire_last(&w), "To"));
	sip_session_bye(ss, 0, SLICE_NONE, SLICE_NONE);
	assert_true(slice_starts(slice_str(wire_last(&w)), SLICE("BYE ")));
	struct sent bye = w.sent[w.n - 1];
	wire_answer(&w, bye.text, 200, NULL, NULL);
	w.sent[w.n++] = bye;
	clock_test_advance(64000);
	mem_deref(ss);
	w.st = mem_deref(w.st);
}

static void a_dialog_stays_on_the_connection_of_its_peer(void **state)
{
	call_and_hang_up("sip:a@192.0.2.9:5060;transport=tcp");
	assert_non_null(strstr(wire_last(&w), "Via: SIP/2.0/TCP "));
	assert_true(addr_eq(&w.sent[w.n - 1].to, &w.peer));
	finish();
}

static void a_dialog_goes_where_its_contact_asks(void **state)
{
	call_and_hang_up("sip:a@192.0.2.9:5066;transport=udp");
	assert_non_null(strstr(wire_last(&w), "Via: SIP/2.0/UDP "));
	assert_int_equal(w.sent[w.n - 1].to.port, 5066);
	finish();
}

static void a_contact_for_a_transport_without_a_listener_stays_on_the_connection(void **state)
{
	call_and_hang_up("sip:a@192.0.2.9:5066;transport=tls");
	assert_non_null(strstr(wire_last(&w), "Via: SIP/2.0/TCP "));
	assert_true(addr_eq(&w.sent[w.n - 1].to, &w.peer));
	finish();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_uri_says_its_transport),
		cmocka_unit_test(a_request_over_tcp_is_sent_once_and_times_out),
		cmocka_unit_test(timers_d_and_k_are_zero_over_tcp),
		cmocka_unit_test(answers_go_back_over_the_connection_and_timer_j_is_zero),
		cmocka_unit_test(a_refusal_over_tcp_is_not_repeated_and_timer_i_is_zero),
		cmocka_unit_test(timer_h_ends_what_no_ack_came_for),
		cmocka_unit_test(a_dialog_stays_on_the_connection_of_its_peer),
		cmocka_unit_test(a_dialog_goes_where_its_contact_asks),
		cmocka_unit_test(a_contact_for_a_transport_without_a_listener_stays_on_the_connection),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
