// SPDX-License-Identifier: GPL-3.0-or-later
/* Client transactions: RFC 3261 figures 5 and 6, RFC 6026, CANCEL. */
#include "wire.h"
#include <errno.h>

struct user {
	unsigned calls, status;
	int err;
};

static void on_response(void *arg, int err, const struct sip_msg *rsp)
{
	struct user *u = arg;
	u->calls++;
	u->err = err;
	u->status = rsp ? rsp->status : 0;
}

static struct wire w;
static struct user u;

static struct sip_ctrans *send_request(enum sip_method method)
{
	struct sip_ctrans *ct;
	char headers[300];
	snprintf(headers, sizeof headers,
		 "Route: <sip:192.0.2.9:5070;lr>\r\nFrom: <sip:a@192.0.2.1>;tag=f\r\nTo: <sip:b@192.0.2.9>\r\nCall-ID: c1\r\n"
		 "CSeq: 7 %s\r\n", sip_method_name(method));
	struct sip_request_params p = {.method = method, .ruri = SLICE("sip:b@192.0.2.9"), .dst = w.peer, .headers = slice_str(headers)};
	u = (struct user){0};
	assert_int_equal(sip_request(&ct, w.stack, &p, on_response, &u), 0);
	return ct;
}

static void finish(struct sip_ctrans *ct)
{
	mem_deref(ct);
	clock_test_advance(64000);
	assert_int_equal(sip_stack_transactions(w.stack), 0);
	assert_int_equal(timer_count(), 0);
	wire_close(&w);
}

static void assert_schedule(const uint64_t *at, unsigned n)
{
	assert_int_equal(w.n, n);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(w.sent[i].at, at[i]);
}

static void invite_is_sent_by_timer_a_until_timer_b(void **state)
{
	wire_open(&w);
	struct sip_ctrans *ct = send_request(SIP_INVITE);
	clock_test_advance(31999);
	assert_int_equal(u.calls, 0);
	clock_test_advance(1);
	assert_int_equal(u.calls, 1);
	assert_int_equal(u.err, -ETIMEDOUT);
	assert_schedule((uint64_t[]){0, 500, 1500, 3500, 7500, 15500, 31500}, 7);
	for (unsigned i = 1; i < w.n; i++)
		assert_string_equal(w.sent[0].text, w.sent[i].text);
	finish(ct);
}

/* The process got no processor for a while, twice. */
static void a_late_repetition_does_not_delay_the_next(void **state)
{
	wire_open(&w);
	struct sip_ctrans *ct = send_request(SIP_INVITE);
	uint64_t began = clock_ms();
	clock_hold_to(began + 700);
	clock_test_advance(0);
	clock_test_advance(800);
	clock_hold_to(began + 7000);
	clock_test_advance(0);
	clock_test_advance(24999);
	assert_schedule((uint64_t[]){0, 700, 1500, 7000, 9000, 17000}, 6);
	clock_test_advance(1);
	assert_int_equal(u.err, -ETIMEDOUT);
	finish(ct);
}

static void other_requests_are_sent_by_timer_e_until_timer_f(void **state)
{
	wire_open(&w);
	struct sip_ctrans *ct = send_request(SIP_OPTIONS);
	clock_test_advance(32000);
	assert_int_equal(u.err, -ETIMEDOUT);
	assert_schedule((uint64_t[]){0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500}, 11);
	finish(ct);
}

static void a_provisional_slows_timer_e_to_t2(void **state)
{
	wire_open(&w);
	struct sip_ctrans *ct = send_request(SIP_OPTIONS);
	clock_test_advance(400);
	wire_answer(&w, w.sent[0].text, 100, NULL, NULL);
	clock_test_advance(9000);
	assert_schedule((uint64_t[]){0, 500, 4500, 8500}, 4);
	assert_int_equal(u.status, 100);
	wire_answer(&w, w.sent[0].text, 200, "t", NULL);
	wire_answer(&w, w.sent[0].text, 200, "t", NULL);
	assert_int_equal(u.calls, 2);
	assert_int_equal(u.status, 200);
	clock_test_advance(4999);
	assert_int_equal(sip_stack_transactions(w.stack), 1);
	clock_test_advance(1); /* Timer K */
	assert_int_equal(sip_stack_transactions(w.stack), 0);
	finish(ct);
}

static void a_provisional_stops_timers_a_and_b(void **state)
{
	wire_open(&w);
	struct sip_ctrans *ct = send_request(SIP_INVITE);
	wire_answer(&w, w.sent[0].text, 180, "t", NULL);
	clock_test_advance(100000);
	assert_int_equal(w.n, 1);
	assert_int_equal(u.calls, 1);
	assert_int_equal(sip_stack_transactions(w.stack), 1);
	wire_answer(&w, w.sent[0].text, 200, "t", NULL);
	finish(ct);
}

static void every_2xx_comes_until_timer_m(void **state)
{
	wire_open(&w);
	struct sip_ctrans *ct = send_request(SIP_INVITE);
	wire_answer(&w, w.sent[0].text, 200, "t1", NULL);
	wire_answer(&w, w.sent[0].text, 200, "t2", NULL);
	wire_answer(&w, w.sent[0].text, 180, "t3", NULL);
	wire_answer(&w, w.sent[0].text, 486, "t3", NULL);
	assert_int_equal(u.calls, 2);
	assert_int_equal(w.n, 1); /* ACKs are the user's */
	clock_test_advance(31999);
	assert_int_equal(sip_stack_transactions(w.stack), 1);
	clock_test_advance(1);
	assert_int_equal(sip_stack_transactions(w.stack), 0);
	wire_answer(&w, w.sent[0].text, 200, "t1", NULL);
	assert_int_equal(u.calls, 2);
	finish(ct);
}

static void a_refusal_is_acked_each_time_and_told_once(void **state)
{
	wire_open(&w);
	struct sip_ctrans *ct = send_request(SIP_INVITE);
	wire_answer(&w, w.sent[0].text, 486, "t", NULL);
	assert_int_equal(w.n, 2);
	const char *ack = wire_last(&w);
	assert_memory_equal(ack, "ACK sip:b@192.0.2.9 SIP/2.0\r\n", 29);
	assert_string_equal(wire_hdr(ack, "Via"), wire_hdr(w.sent[0].text, "Via"));
	assert_string_equal(wire_hdr(ack, "Route"), "<sip:192.0.2.9:5070;lr>");
	assert_string_equal(wire_hdr(ack, "To"), "<sip:b@192.0.2.9>;tag=t");
	assert_string_equal(wire_hdr(ack, "From"), "<sip:a@192.0.2.1>;tag=f");
	assert_string_equal(wire_hdr(ack, "CSeq"), "7 ACK");
	wire_answer(&w, w.sent[0].text, 486, "t", NULL);
	assert_int_equal(w.n, 3);
	assert_int_equal(u.calls, 1);
	clock_test_advance(31999);
	assert_int_equal(sip_stack_transactions(w.stack), 1);
	clock_test_advance(1); /* Timer D */
	assert_int_equal(sip_stack_transactions(w.stack), 0);
	finish(ct);
}

static void cancel_waits_for_a_provisional(void **state)
{
	wire_open(&w);
	struct sip_ctrans *ct = send_request(SIP_INVITE);
	assert_int_equal(sip_cancel(ct, SLICE("Reason: SIP;cause=200\r\n")), 0);
	assert_int_equal(w.n, 1);
	wire_answer(&w, w.sent[0].text, 100, NULL, NULL);
	assert_int_equal(w.n, 2);
	const char *cancel = wire_last(&w);
	assert_memory_equal(cancel, "CANCEL sip:b@192.0.2.9 ", 23);
	assert_string_equal(wire_hdr(cancel, "Via"), wire_hdr(w.sent[0].text, "Via"));
	assert_string_equal(wire_hdr(cancel, "To"), "<sip:b@192.0.2.9>");
	assert_string_equal(wire_hdr(cancel, "CSeq"), "7 CANCEL");
	assert_string_equal(wire_hdr(cancel, "Reason"), "SIP;cause=200");
	wire_answer(&w, cancel, 200, "t", NULL);
	wire_answer(&w, w.sent[0].text, 487, "t", NULL);
	assert_int_equal(u.status, 487);
	assert_int_equal(sip_cancel(ct, SLICE_NONE), -EALREADY);
	finish(ct);
}

static void a_cancelled_invite_without_answer_ends_after_64_t1(void **state)
{
	wire_open(&w);
	struct sip_ctrans *ct = send_request(SIP_INVITE);
	wire_answer(&w, w.sent[0].text, 180, "t", NULL);
	sip_cancel(ct, SLICE_NONE);
	clock_test_advance(31999);
	assert_int_equal(u.calls, 1);
	clock_test_advance(1);
	assert_int_equal(u.err, -ETIMEDOUT);
	finish(ct);
}

static void an_icmp_error_fails_the_request_it_quotes(void **state)
{
	wire_open(&w);
	struct sip_ctrans *ct = send_request(SIP_OPTIONS), *other;
	struct user first = u;
	other = send_request(SIP_OPTIONS);
	sip_stack_undelivered(w.stack, &w.peer, -ECONNREFUSED, slice_of(w.sent[1].text, 200));
	assert_int_equal(first.calls, 0);
	assert_int_equal(u.calls, 1);
	assert_int_equal(u.err, -ECONNREFUSED);
	assert_int_equal(sip_stack_transactions(w.stack), 1);
	sip_stack_undelivered(w.stack, &w.peer, -ECONNREFUSED, SLICE_NONE);
	assert_int_equal(sip_stack_transactions(w.stack), 0);
	mem_deref(other);
	finish(ct);
}

static void detached_means_no_more_calls(void **state)
{
	wire_open(&w);
	struct sip_ctrans *ct = send_request(SIP_OPTIONS);
	sip_ctrans_detach(ct);
	wire_answer(&w, w.sent[0].text, 200, "t", NULL);
	assert_int_equal(u.calls, 0);
	finish(ct);
}

/* Nobody is left to give up an INVITE that rings on: it must not stay for ever. */
static void a_detached_invite_that_is_never_answered_ends(void **state)
{
	wire_open(&w);
	struct sip_ctrans *ct = send_request(SIP_INVITE);
	wire_answer(&w, w.sent[0].text, 180, "t", NULL);
	sip_ctrans_detach(ct);
	finish(ct);
}

/* Each further fork costs an ACK and a BYE, both to where it says: there is an end to it. */
static void forks_without_end_are_not_all_ended(void **state)
{
	char tag[16];
	wire_open(&w);
	struct sip_ctrans *ct = send_request(SIP_INVITE);
	sip_ctrans_detach(ct);
	for (unsigned i = 0; i < 40; i++) {
		snprintf(tag, sizeof tag, "t%u", i);
		wire_answer(&w, w.sent[0].text, 200, tag, "|Contact: <sip:b@192.0.2.9:5070>");
	}
	assert_int_equal(w.n, 1 + 2 * 16);
	finish(ct);
}

static void timers_scale_with_t1(void **state)
{
	assert_int_equal(wire_try_open(&w, 20), 0);
	struct sip_ctrans *ct = send_request(SIP_INVITE);
	clock_test_advance(1280);
	assert_int_equal(u.err, -ETIMEDOUT);
	assert_schedule((uint64_t[]){0, 20, 60, 140, 300, 620, 1260}, 7);
	finish(ct);
}

static void whole_exchange(void *arg)
{
	if (wire_try_open(&w, 500))
		return;
	struct sip_request_params p = {.method = SIP_INVITE, .ruri = SLICE("sip:b@192.0.2.9"), .dst = w.peer,
				       .headers = SLICE("From: <sip:a@192.0.2.1>;tag=f\r\nTo: <sip:b@192.0.2.9>\r\nCall-ID: c\r\n"
							"CSeq: 1 INVITE\r\n")};
	struct sip_ctrans *ct = NULL;
	if (!sip_request(&ct, w.stack, &p, on_response, &u)) {
		wire_answer(&w, w.sent[0].text, 180, "t", NULL);
		sip_cancel(ct, SLICE("X: y\r\n"));
		wire_answer(&w, w.sent[0].text, 487, "t", NULL);
		mem_deref(ct);
		clock_test_advance(64000);
		assert_int_equal(sip_stack_transactions(w.stack), 0);
	}
	wire_close(&w);
}

static void survives_any_failed_allocation(void **state)
{
	each_allocation_fails(whole_exchange, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(invite_is_sent_by_timer_a_until_timer_b),
		cmocka_unit_test(a_late_repetition_does_not_delay_the_next),
		cmocka_unit_test(other_requests_are_sent_by_timer_e_until_timer_f),
		cmocka_unit_test(a_provisional_slows_timer_e_to_t2),
		cmocka_unit_test(a_provisional_stops_timers_a_and_b),
		cmocka_unit_test(every_2xx_comes_until_timer_m),
		cmocka_unit_test(a_refusal_is_acked_each_time_and_told_once),
		cmocka_unit_test(cancel_waits_for_a_provisional),
		cmocka_unit_test(a_cancelled_invite_without_answer_ends_after_64_t1),
		cmocka_unit_test(an_icmp_error_fails_the_request_it_quotes),
		cmocka_unit_test(detached_means_no_more_calls),
		cmocka_unit_test(a_detached_invite_that_is_never_answered_ends),
		cmocka_unit_test(forks_without_end_are_not_all_ended),
		cmocka_unit_test(timers_scale_with_t1),
		cmocka_unit_test(survives_any_failed_allocation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
