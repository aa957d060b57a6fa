// SPDX-License-Identifier: GPL-3.0-or-later
/* Dialogs and forks (RFC 3261 12, 13.2.2.4, 22.2): our side is a session, the peers are played by text. */
#include "wire.h"
#include "sip/session.h"
#include <errno.h>

static struct wire w;
static struct sip_session *ss;
static unsigned progress, answered, closed, closed_status, acked;

static void on_progress(void *arg, const struct sip_msg *rsp)
{
	progress++;
}

static void on_answered(void *arg, const struct sip_msg *rsp)
{
	answered++;
}

static void on_acked(void *arg, const struct sip_msg *ack)
{
	acked++;
}

static void on_closed(void *arg, unsigned status, const struct sip_msg *msg)
{
	closed++;
	closed_status = status;
}

static unsigned outcome;

static void on_outcome(void *arg, int err, const struct sip_msg *rsp)
{
	outcome = rsp ? rsp->status : 0;
}

static const struct sip_session_handlers handlers = {
	.progress = on_progress, .answered = on_answered, .acked = on_acked, .closed = on_closed,
};

static void call(const char *user)
{
	wire_open(&w);
	progress = answered = closed = closed_status = acked = 0;
	struct sip_session_params p = {.ruri = SLICE("sip:b@192.0.2.9"), .dst = w.peer, .from_uri = SLICE("sip:a@192.0.2.1"),
				       .to_uri = SLICE("sip:b@192.0.2.9"), .contact_user = SLICE("a"), .sdp = SLICE("v=0"),
				       .login = {.user = slice_str(user), .password = SLICE("secret")}};
	assert_int_equal(sip_session_connect(&ss, w.stack, &p, &handlers, NULL), 0);
}

static void finish(void)
{
	ss = mem_deref(ss);
	clock_test_advance(200000);
	assert_int_equal(sip_stack_transactions(w.stack), 0);
	assert_int_equal(timer_count(), 0);
	wire_close(&w);
}

static bool starts(const char *text, const char *start)
{
	return !strncmp(text, start, strlen(start));
}

static void a_second_200_is_acked_and_ended_and_the_first_call_goes_on(void **state)
{
	call("");
	const char *invite = w.sent[0].text;
	wire_answer(&w, invite, 183, "t1", "|Contact: <sip:one@192.0.2.9:5071>");
	wire_answer(&w, invite, 180, "t2", "|Contact: <sip:two@192.0.2.9:5072>");
	assert_int_equal(progress, 2);
	wire_answer(&w, invite, 200, "t2", "|Contact: <sip:two@192.0.2.9:5072>");
	assert_int_equal(answered, 1);
	assert_true(starts(wire_last(&w), "ACK sip:two@192.0.2.9:5072 "));
	assert_int_equal(w.sent[w.n - 1].to.port, 5072);
	unsigned n = w.n;
	wire_answer(&w, invite, 200, "t1", "|Contact: <sip:one@192.0.2.9:5071>");
	assert_int_equal(w.n, n + 2);
	assert_true(starts(w.sent[n].text, "ACK sip:one@192.0.2.9:5071 "));
	assert_true(starts(w.sent[n + 1].text, "BYE sip:one@192.0.2.9:5071 "));
	wire_answer(&w, w.sent[n + 1].text, 200, NULL, NULL);
	n = w.n;
	wire_answer(&w, invite, 200, "t1", "|Contact: <sip:one@192.0.2.9:5071>");
	wire_answer(&w, invite, 200, "t2", "|Contact: <sip:two@192.0.2.9:5072>");
	assert_int_equal(w.n, n + 2); /* each ACKed again, no further BYE */
	assert_true(starts(w.sent[n].text, "ACK sip:one@"));
	assert_true(starts(w.sent[n + 1].text, "ACK sip:two@"));
	assert_int_equal(answered, 1);
	assert_int_equal(closed, 0);
	sip_session_bye(ss, 0, SLICE_NONE, SLICE_NONE);
	assert_true(starts(wire_last(&w), "BYE sip:two@192.0.2.9:5072 "));
	wire_answer(&w, wire_last(&w), 481, NULL, NULL);
	assert_int_equal(closed, 1);
	finish();
}

static void a_200_after_the_user_has_gone_is_ended_too(void **state)
{
	call("");
	wire_answer(&w, w.sent[0].text, 180, "t1", NULL);
	ss = mem_deref(ss);
	wire_answer(&w, w.sent[0].text, 200, "t1", "|Contact: <sip:one@192.0.2.9:5071>");
	assert_true(starts(w.sent[w.n - 2].text, "ACK sip:one@"));
	assert_true(starts(w.sent[w.n - 1].text, "BYE sip:one@"));
	finish();
}

static void requests_follow_routes_or_the_source(void **state)
{
	static const struct {
		const char *lines, *ruri, *route, *to;
	} rows[] = {
		{"|Contact: <sip:x@192.0.2.9:6000>", "sip:x@192.0.2.9:6000", "", "192.0.2.9:6000"},
		{"|Contact: <sip:x@10.0.0.1:6000>", "sip:x@10.0.0.1:6000", "", "192.0.2.9:5070"},
		{"|Contact: <sip:x@phone.example>", "sip:x@phone.example", "", "192.0.2.9:5070"},
		{"|Record-Route: <sip:198.51.100.2:5080;lr>, <sip:198.51.100.1;lr>|Contact: <sip:x@10.0.0.1>", "sip:x@10.0.0.1",
		 "<sip:198.51.100.1;lr>", "198.51.100.1:5060"},
		{"|Record-Route: <sip:198.51.100.2>|Record-Route: <sip:198.51.100.1>|Contact: <sip:x@10.0.0.1>", "sip:198.51.100.1",
		 "<sip:198.51.100.2>", "198.51.100.1:5060"},
	};
	for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char start[100], to[ADDR_STR_LEN];
		call("");
		wire_answer(&w, w.sent[0].text, 200, "t", rows[i].lines);
		snprintf(start, sizeof start, "ACK %s SIP/2.0\r\n", rows[i].ruri);
		assert_true(starts(wire_last(&w), start));
		assert_string_equal(wire_hdr(wire_last(&w), "Route"), rows[i].route);
		assert_string_equal(addr_str(&w.sent[w.n - 1].to, to), rows[i].to);
		assert_string_equal(wire_hdr(wire_last(&w), "To"), "<sip:b@192.0.2.9>;tag=t");
		finish();
	}
}

static void a_challenge_is_answered_once(void **state)
{
	call("alice");
	const char *challenge = "|WWW-Authenticate: Digest realm=\"r\", nonce=\"n1\", qop=\"auth\", algorithm=MD5";
	wire_answer(&w, w.sent[0].text, 401, "t", challenge);
	assert_int_equal(w.n, 3);
	assert_true(starts(w.sent[1].text, "ACK "));
	assert_true(starts(w.sent[2].text, "INVITE "));
	assert_non_null(strstr(wire_hdr(w.sent[2].text, "Authorization"), "username=\"alice\""));
	assert_string_equal(wire_hdr(w.sent[2].text, "Call-ID"), wire_hdr(w.sent[0].text, "Call-ID"));
	assert_int_equal(atoi(wire_hdr(w.sent[2].text, "CSeq")), atoi(wire_hdr(w.sent[0].text, "CSeq")) + 1);
	wire_answer(&w, w.sent[2].text, 401, "t", challenge);
	assert_int_equal(closed, 1);
	assert_int_equal(closed_status, 401);
	finish();
}

/* --- incoming ----------------------------------------------------------------------------------------------------------- */

static void answer_incoming(void)
{
	wire_open(&w);
	progress = answered = closed = acked = 0;
	wire_say(&w, "INVITE sip:b@192.0.2.1 SIP/2.0|Via: SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bKi|Record-Route: <sip:198.51.100.1;lr>|"
		 "Record-Route: <sip:198.51.100.2;lr>|From: <sip:a@h>;tag=f|To: <sip:b@h>|Call-ID: c|CSeq: 10 INVITE|Contact: <sip:a@192.0.2.9:6000>");
	assert_int_equal(sip_session_accept(&ss, w.st, SLICE("b"), &handlers, NULL), 0);
	assert_int_equal(sip_session_answer(ss, SLICE_NONE, SLICE("v=0")), 0);
}

static void in_dialog(const char *method, unsigned cseq, const char *more)
{
	char tag[SIP_TOKEN_LEN];
	slice_copy(sip_strans_tag(w.st), tag, sizeof tag);
	wire_say(&w, "%s sip:b@192.0.2.1:5060 SIP/2.0|Via: SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bK%s%u|From: <sip:a@h>;tag=f|"
		 "To: <sip:b@h>;tag=%s|Call-ID: c|CSeq: %u %s%s", method, method, cseq, tag, cseq, method, more);
}

static void the_callee_keeps_routes_in_order_and_checks_cseq(void **state)
{
	answer_incoming();
	assert_non_null(strstr(wire_last(&w), "Record-Route: <sip:198.51.100.1;lr>\r\nRecord-Route: <sip:198.51.100.2;lr>\r\n"));
	assert_string_equal(wire_hdr(wire_last(&w), "Contact"), "<sip:b@192.0.2.1:5060>");
	in_dialog("ACK", 10, "");
	assert_int_equal(acked, 1);
	in_dialog("OPTIONS", 9, "");
	assert_int_equal(wire_status(&w), 500);
	in_dialog("OPTIONS", 11, "");
	assert_int_equal(wire_status(&w), 200);
	in_dialog("OPTIONS", 12, "|Require: 100rel, x, y");
	assert_int_equal(wire_status(&w), 420);
	assert_string_equal(wire_hdr(wire_last(&w), "Unsupported"), "x, y");
	in_dialog("INFO", 13, "");
	assert_int_equal(wire_status(&w), 405);
	in_dialog("FOO", 14, "");
	assert_int_equal(wire_status(&w), 501);
	in_dialog("UPDATE", 15, "|Contact: <sip:moved@192.0.2.9:7000>");
	assert_int_equal(wire_status(&w), 200);
	sip_session_bye(ss, 0, SLICE("Reason: Q.850;cause=16\r\n"), SLICE_NONE);
	assert_true(starts(wire_last(&w), "BYE sip:moved@192.0.2.9:7000 "));
	assert_non_null(strstr(wire_last(&w), "Route: <sip:198.51.100.1;lr>\r\nRoute: <sip:198.51.100.2;lr>\r\n"));
	assert_string_equal(wire_hdr(wire_last(&w), "Reason"), "Q.850;cause=16");
	in_dialog("BYE", 16, "");
	assert_int_equal(wire_status(&w), 200);
	assert_int_equal(closed, 1);
	finish();
}

static void offers_before_the_ack_are_put_off(void **state)
{
	answer_incoming();
	in_dialog("INVITE", 11, "|Contact: <sip:a@192.0.2.9:6000>");
	assert_int_equal(wire_status(&w), 491);
	in_dialog("ACK", 11, "");
	in_dialog("ACK", 10, "");
	in_dialog("BYE", 12, "");
	assert_int_equal(closed, 1);
	in_dialog("BYE", 13, "");
	assert_int_equal(wire_status(&w), 481);
	finish();
}

static void a_call_without_contact_is_refused(void **state)
{
	wire_open(&w);
	wire_say(&w, "INVITE sip:b@192.0.2.1 SIP/2.0|Via: SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bKi|From: <sip:a@h>;tag=f|To: <sip:b@h>|"
		 "Call-ID: c|CSeq: 10 INVITE");
	if (w.st) {
		assert_int_equal(sip_session_accept(&ss, w.st, SLICE("b"), &handlers, NULL), -EBADMSG);
		ss = NULL;
	}
	assert_int_equal(wire_status(&w), 400);
	finish();
}

/* RFC 4475 3.4.1: no branch, no From tag, no Contact. */
static void a_caller_of_rfc_2543_is_called_back_at_its_from(void **state)
{
	wire_open(&w);
	closed = acked = 0;
	wire_say(&w, "INVITE sip:b@192.0.2.1 SIP/2.0|Via: SIP/2.0/UDP 192.0.2.9:5070|From: <sip:old@192.0.2.9:5070>|To: <sip:b@192.0.2.1>|"
		 "Call-ID: c|CSeq: 1 INVITE");
	assert_int_equal(sip_session_accept(&ss, w.st, SLICE("b"), &handlers, NULL), 0);
	assert_int_equal(sip_session_answer(ss, SLICE_NONE, SLICE("v=0")), 0);
	assert_int_equal(wire_status(&w), 200);
	wire_say(&w, "ACK sip:b@192.0.2.1 SIP/2.0|Via: SIP/2.0/UDP 192.0.2.9:5070|From: <sip:old@192.0.2.9:5070>|To: %s|Call-ID: c|CSeq: 1 ACK",
		 wire_hdr(wire_last(&w), "To"));
	assert_int_equal(acked, 1);
	sip_session_bye(ss, 0, SLICE_NONE, SLICE_NONE);
	assert_true(starts(wire_last(&w), "BYE sip:old@192.0.2.9:5070 SIP/2.0"));
	assert_string_equal(wire_hdr(wire_last(&w), "To"), "<sip:old@192.0.2.9:5070>");
	wire_answer(&w, wire_last(&w), 200, NULL, NULL);
	assert_int_equal(closed, 1);
	finish();
}

/* Whoever asks a password for INVITE asks for one in the dialog as well. */
static void a_challenge_inside_the_dialog_is_answered_once(void **state)
{
	const char *challenge = "|Proxy-Authenticate: Digest realm=\"r\", nonce=\"n1\", qop=\"auth\", algorithm=MD5";
	call("alice");
	wire_answer(&w, w.sent[0].text, 407, "t", challenge);
	unsigned invite = w.n - 1;
	wire_answer(&w, w.sent[invite].text, 183, "t", "|Contact: <sip:one@192.0.2.9>|Require: 100rel|RSeq: 7|Allow: UPDATE, PRACK|Content-Type: application/sdp||v=0");
	assert_true(starts(wire_last(&w), "PRACK "));
	assert_string_equal(wire_hdr(wire_last(&w), "Proxy-Authorization"), "");
	wire_answer(&w, wire_last(&w), 407, NULL, challenge);
	assert_true(starts(wire_last(&w), "PRACK "));
	assert_non_null(strstr(wire_last(&w), "Proxy-Authorization: Digest username=\"alice\""));
	assert_non_null(strstr(wire_last(&w), "RAck: 7 "));
	wire_answer(&w, wire_last(&w), 200, NULL, NULL);
	assert_int_equal(sip_session_offer(ss, SLICE_NONE, SLICE("v=0")), 0);
	assert_true(starts(wire_last(&w), "UPDATE "));
	wire_answer(&w, wire_last(&w), 407, NULL, challenge);
	assert_true(starts(wire_last(&w), "UPDATE "));
	assert_non_null(strstr(wire_last(&w), "Proxy-Authorization: "));
	wire_answer(&w, wire_last(&w), 200, NULL, NULL);
	wire_answer(&w, w.sent[invite].text, 200, "t", "|Contact: <sip:one@192.0.2.9>");
	assert_int_equal(sip_session_request(ss, SIP_INFO, SLICE("X: y\r\n"), SLICE("a/b"), SLICE("body"), on_outcome, NULL), 0);
	wire_answer(&w, wire_last(&w), 407, NULL, challenge);
	assert_int_equal(outcome, 0);
	assert_true(starts(wire_last(&w), "INFO "));
	assert_non_null(strstr(wire_last(&w), "Proxy-Authorization: "));
	assert_non_null(strstr(wire_last(&w), "\r\n\r\nbody"));
	assert_string_equal(wire_hdr(wire_last(&w), "X"), "y");
	wire_answer(&w, wire_last(&w), 407, NULL, challenge);
	assert_int_equal(outcome, 407);
	assert_int_equal(sip_session_request(ss, SIP_INFO, SLICE_NONE, SLICE_NONE, SLICE_NONE, on_outcome, NULL), 0);
	unsigned info = w.n - 1;
	sip_session_bye(ss, 0, SLICE_NONE, SLICE_NONE);
	unsigned n = w.n;
	wire_answer(&w, w.sent[info].text, 407, NULL, challenge);
	assert_int_equal(w.n, n); /* nobody is there to ask any more */
	wire_answer(&w, w.sent[n - 1].text, 200, NULL, NULL);
	finish();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_caller_of_rfc_2543_is_called_back_at_its_from),
		cmocka_unit_test(a_second_200_is_acked_and_ended_and_the_first_call_goes_on),
		cmocka_unit_test(a_200_after_the_user_has_gone_is_ended_too),
		cmocka_unit_test(requests_follow_routes_or_the_source),
		cmocka_unit_test(a_challenge_is_answered_once),
		cmocka_unit_test(a_challenge_inside_the_dialog_is_answered_once),
		cmocka_unit_test(the_callee_keeps_routes_in_order_and_checks_cseq),
		cmocka_unit_test(offers_before_the_ack_are_put_off),
		cmocka_unit_test(a_call_without_contact_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
