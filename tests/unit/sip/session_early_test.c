// SPDX-License-Identifier: GPL-3.0-or-later
/* What is agreed on before the answer: reliable provisional responses (RFC 3262) and UPDATE (RFC 3311). */
#include "pair.h"

static void ring(struct slice sdp)
{
	assert_int_equal(open_both(), 0);
	b.rings = false;
	assert_int_equal(call(OFFER, 0), 0);
	clock_test_advance(20);
	assert_int_equal(sip_session_progress(b.ss, 183, NULL, SLICE_NONE, sdp), 0);
}

static void hang_up_and_finish(void)
{
	sip_session_bye(a.ss, 0, SLICE_NONE, SLICE_NONE);
	clock_test_advance(50);
	finish();
}

static void a_description_is_acknowledged(void **state)
{
	ring(ANSWER);
	clock_test_advance(40000);
	assert_true(a.early_sdp);
	assert_int_equal(journal_count("SIP/2.0 183"), 1);
	assert_int_equal(journal_count("PRACK"), 1);
	assert_int_equal(journal_count("SIP/2.0 200"), 1);
	sip_session_answer(b.ss, SLICE_NONE, ANSWER);
	clock_test_advance(50);
	assert_int_equal(a.answered, 1);
	assert_int_equal(b.acked, 1);
	hang_up_and_finish();
}

static void what_describes_nothing_is_not(void **state)
{
	ring(SLICE_NONE);
	clock_test_advance(1000);
	assert_int_equal(a.progress, 1);
	assert_int_equal(journal_count("PRACK"), 0);
	hang_up_and_finish();
}

static void a_lost_one_comes_again_and_is_told_once(void **state)
{
	ring(SLICE_NONE);
	drop_start = "SIP/2.0 183";
	drop_count = 3;
	sip_session_progress(b.ss, 183, NULL, SLICE_NONE, ANSWER);
	clock_test_advance(500 + 1000 + 1900);
	assert_int_equal(a.progress, 1);
	clock_test_advance(200);
	assert_int_equal(a.progress, 2);
	clock_test_advance(40000);
	assert_int_equal(a.progress, 2);
	assert_int_equal(journal_count("PRACK"), 1);
	hang_up_and_finish();
}

/* The repetition of a response is answered by the repetition of its PRACK alone. */
static void a_lost_prack_comes_again(void **state)
{
	ring(SLICE_NONE);
	drop_start = "PRACK";
	drop_count = 1;
	sip_session_progress(b.ss, 183, NULL, SLICE_NONE, ANSWER);
	clock_test_advance(40000);
	assert_int_equal(a.progress, 2);
	assert_int_equal(journal_count("PRACK"), 1);
	hang_up_and_finish();
}

static void without_prack_the_call_is_refused(void **state)
{
	ring(SLICE_NONE);
	drop_start = "PRACK";
	drop_count = 1000;
	sip_session_progress(b.ss, 183, NULL, SLICE_NONE, ANSWER);
	clock_test_advance(31900);
	assert_int_equal(b.closed, 0);
	clock_test_advance(200);
	assert_int_equal(b.closed, 1);
	assert_int_equal(b.status, 504);
	assert_int_equal(a.closed, 1);
	assert_int_equal(a.status, 504);
	finish();
}

/* RFC 3262 3: no 2xx before the PRACK of a description; the next provisional one waits as well. */
static void what_follows_waits_its_turn(void **state)
{
	ring(SLICE_NONE);
	drop_start = "PRACK";
	drop_count = 1;
	sip_session_progress(b.ss, 183, NULL, SLICE_NONE, ANSWER);
	sip_session_progress(b.ss, 180, NULL, SLICE_NONE, SLICE_NONE);
	assert_int_equal(sip_session_answer(b.ss, SLICE_NONE, ANSWER), 0);
	clock_test_advance(400);
	assert_int_equal(a.progress, 2);
	assert_int_equal(a.answered, 0);
	clock_test_advance(200);
	assert_int_equal(a.progress, 3);
	assert_int_equal(a.answered, 1);
	assert_int_equal(b.acked, 1);
	hang_up_and_finish();
}

static void an_answer_that_waits_is_given_up_with_the_call(void **state)
{
	ring(ANSWER);
	sip_session_answer(b.ss, SLICE_NONE, ANSWER);
	sip_session_bye(a.ss, 0, SLICE_NONE, SLICE_NONE);
	clock_test_advance(100);
	assert_int_equal(a.closed, 1);
	assert_int_equal(b.closed, 1);
	finish();
}

static void update_changes_what_was_agreed_on(void **state)
{
	ring(ANSWER);
	assert_int_equal(sip_session_offer(b.ss, SLICE_NONE, OFFER), -ENOTCONN);
	assert_int_equal(sip_session_offer(a.ss, SLICE_NONE, OFFER), -ENOTCONN);
	clock_test_advance(50);
	assert_int_equal(sip_session_offer(a.ss, SLICE_NONE, OFFER), 0);
	assert_int_equal(sip_session_offer(a.ss, SLICE_NONE, OFFER), -EINPROGRESS);
	clock_test_advance(50);
	assert_int_equal(b.offers, 1);
	assert_int_equal(a.offer_status, 200);
	assert_int_equal(sip_session_offer(b.ss, SLICE_NONE, OFFER), 0);
	clock_test_advance(50);
	assert_int_equal(a.offers, 1);
	assert_int_equal(b.offer_status, 200);
	assert_int_equal(journal_count("UPDATE"), 2);
	sip_session_answer(b.ss, SLICE_NONE, ANSWER);
	clock_test_advance(50);
	assert_int_equal(a.answered, 1);
	/* The answered call knows all CSeq numbers of the early one. */
	assert_int_equal(sip_session_offer(a.ss, SLICE_NONE, OFFER), 0);
	clock_test_advance(50);
	assert_int_equal(a.offers_done, 2);
	assert_int_equal(a.offer_status, 200);
	hang_up_and_finish();
}

/* RFC 5407 3.1 in the early dialog: both get 491, both make theirs in the end. */
static void updates_that_cross_are_both_made_in_the_end(void **state)
{
	ring(ANSWER);
	clock_test_advance(50);
	assert_int_equal(sip_session_offer(a.ss, SLICE_NONE, OFFER), 0);
	assert_int_equal(sip_session_offer(b.ss, SLICE_NONE, OFFER), 0);
	clock_test_advance(2 * DELAY_MS); /* the callee may draw a pause of nothing */
	assert_int_equal(a.offers + b.offers, 0);
	assert_int_equal(journal_count("SIP/2.0 491"), 2);
	clock_test_advance(9000);
	assert_int_equal(a.offers_done, 1);
	assert_int_equal(b.offers_done, 1);
	assert_int_equal(a.offers, 1);
	assert_int_equal(b.offers, 1);
	hang_up_and_finish();
}

static void an_update_that_is_not_answered_ends_with_the_call(void **state)
{
	ring(ANSWER);
	clock_test_advance(50);
	b.answers_offers = false;
	assert_int_equal(sip_session_offer(a.ss, SLICE_NONE, OFFER), 0);
	clock_test_advance(50);
	sip_session_bye(b.ss, 486, SLICE_NONE, SLICE_NONE);
	clock_test_advance(50);
	assert_int_equal(journal_count("SIP/2.0 487"), 1);
	assert_int_equal(a.closed, 1);
	assert_int_equal(a.status, 486);
	finish();
}

static void without_update_there_is_none(void **state)
{
	static const char *const few[] = {"INVITE", "ACK", "BYE", "CANCEL", "PRACK", NULL};
	methods_of_b = few;
	ring(ANSWER);
	methods_of_b = NULL;
	clock_test_advance(50);
	assert_int_equal(sip_session_offer(a.ss, SLICE_NONE, OFFER), -ENOTCONN);
	hang_up_and_finish();
}

/* --- a peer by text --------------------------------------------------------------------------------------------------- */

#define PEER_INVITE \
	"INVITE sip:bob@192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKinv\r\nMax-Forwards: 70\r\n" \
	"From: <sip:al@x>;tag=ft\r\nTo: <sip:bob@x>\r\nCall-ID: raw\r\nCSeq: 7 INVITE\r\nContact: <sip:al@192.0.2.9>\r\n"

static void say(const char *text)
{
	struct addr from;
	char copy[1500];
	addr_parse(&from, SLICE("192.0.2.9"), 5060);
	snprintf(copy, sizeof copy, "%s", text);
	sip_stack_input(container_of(list_first(&b.stack->places), struct sip_place, link), &from, &b.addr, copy, strlen(copy));
}

static void say_in_dialog(const char *method, unsigned cseq, const char *more)
{
	char text[1500];
	snprintf(text, sizeof text,
		 "%s sip:bob@192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK%u\r\nMax-Forwards: 70\r\nFrom: <sip:al@x>;tag=ft\r\n"
		 "To: <sip:bob@x>;tag=" SLICE_FMT "\r\nCall-ID: raw\r\nCSeq: %u %s\r\nContact: <sip:al@192.0.2.9>\r\n%s",
		 method, cseq, SLICE_ARG(b.ss->dialog->local_tag), cseq, method, more);
	say(text);
}

static unsigned last_status(unsigned cseq, const char *method)
{
	struct sip_strans *st;
	unsigned status = 0;
	hash_foreach(st, &b.stack->strans, by_branch)
		if (st->req->cseq.number == cseq && !strcmp(sip_method_name(st->req->method), method) && st->last)
			sscanf(st->last->text, "SIP/2.0 %u", &status);
	return status;
}

static uint32_t last_rseq(void)
{
	struct slice lines = sip_block_text(b.ss->uas->last);
	uint32_t rseq = 0;
	slice_line(&lines);
	slice_u32(sip_text_hdr(lines, SLICE("RSeq")), &rseq);
	return rseq;
}

static void raw_finish(void)
{
	sip_session_bye(b.ss, 480, SLICE_NONE, SLICE_NONE);
	finish();
}

static void every_response_is_reliable_when_that_is_required(void **state)
{
	char rack[100];
	open_both();
	b.rings = false;
	say(PEER_INVITE "Require: 100rel\r\nContent-Type: application/sdp\r\nContent-Length: 3\r\n\r\nv=0");
	sip_session_progress(b.ss, 180, NULL, SLICE_NONE, SLICE_NONE);
	uint32_t rseq = last_rseq();
	assert_int_not_equal(rseq, 0);
	sip_session_progress(b.ss, 183, NULL, SLICE_NONE, ANSWER);
	assert_int_equal(last_rseq(), rseq); /* the first has to be acknowledged first */
	snprintf(rack, sizeof rack, "RAck: %u 7 INVITE\r\nContent-Length: 0\r\n\r\n", rseq + 1);
	say_in_dialog("PRACK", 8, rack);
	assert_int_equal(last_status(8, "PRACK"), 481);
	snprintf(rack, sizeof rack, "RAck: %u 6 INVITE\r\nContent-Length: 0\r\n\r\n", rseq);
	say_in_dialog("PRACK", 9, rack);
	assert_int_equal(last_status(9, "PRACK"), 481);
	/* An offer has to wait for the answer to the first one (RFC 3311 5.2). */
	say_in_dialog("UPDATE", 10, "Content-Type: application/sdp\r\nContent-Length: 3\r\n\r\nv=0");
	assert_int_equal(last_status(10, "UPDATE"), 500);
	snprintf(rack, sizeof rack, "RAck: %u 7 INVITE\r\nContent-Length: 0\r\n\r\n", rseq);
	say_in_dialog("PRACK", 11, rack);
	assert_int_equal(last_status(11, "PRACK"), 200);
	assert_int_equal(last_rseq(), rseq + 1);
	raw_finish();
}

static void an_offer_in_prack_is_answered_in_its_200(void **state)
{
	char rack[200];
	open_both();
	b.rings = false;
	say(PEER_INVITE "Supported: 100rel\r\nContent-Type: application/sdp\r\nContent-Length: 3\r\n\r\nv=0");
	sip_session_progress(b.ss, 183, NULL, SLICE_NONE, ANSWER);
	snprintf(rack, sizeof rack, "RAck: %u 7 INVITE\r\nContent-Type: application/sdp\r\nContent-Length: 3\r\n\r\nv=0", last_rseq());
	say_in_dialog("PRACK", 8, rack);
	assert_int_equal(b.offers, 1);
	assert_int_equal(last_status(8, "PRACK"), 200);
	raw_finish();
}

/* RFC 3262 5: an offer in the first reliable response, the answer in its PRACK; nothing is left for the 200 and its ACK. */
static void without_an_offer_the_callee_makes_it(void **state)
{
	assert_int_equal(open_both(), 0);
	b.rings = false;
	assert_int_equal(call(SLICE_NONE, 0), 0);
	clock_test_advance(20);
	assert_int_equal(sip_session_progress(b.ss, 183, NULL, SLICE_NONE, OFFER), 0);
	assert_int_equal(sip_session_answer(b.ss, SLICE_NONE, SLICE_NONE), 0);
	clock_test_advance(2000);
	assert_int_equal(journal_count("PRACK"), 1);
	assert_int_equal(b.agreed, 1);
	assert_true(b.answer_in_prack);
	assert_int_equal(b.offers, 0);
	assert_int_equal(a.answered, 1);
	assert_int_equal(b.acked, 1);
	assert_int_equal(sip_session_ack(a.ss, ANSWER), -ENOTCONN);
	assert_int_equal(sip_session_offer(a.ss, SLICE_NONE, OFFER), 0);
	clock_test_advance(50);
	assert_int_equal(a.offer_status, 200);
	hang_up_and_finish();
}

static void a_caller_that_requires_it_gets_nothing_before_an_offer(void **state)
{
	char rack[200];
	open_both();
	b.rings = false;
	say(PEER_INVITE "Require: 100rel\r\nContent-Length: 0\r\n\r\n");
	assert_int_equal(sip_session_progress(b.ss, 180, NULL, SLICE_NONE, SLICE_NONE), -ENODATA);
	assert_int_equal(sip_session_progress(b.ss, 180, NULL, SLICE_NONE, OFFER), 0);
	snprintf(rack, sizeof rack, "RAck: %u 7 INVITE\r\nContent-Length: 0\r\n\r\n", last_rseq());
	say_in_dialog("PRACK", 8, rack);
	assert_int_equal(last_status(8, "PRACK"), 400);
	assert_int_equal(b.agreed, 0);
	snprintf(rack, sizeof rack, "RAck: %u 7 INVITE\r\nContent-Type: application/sdp\r\nContent-Length: 3\r\n\r\nv=0", last_rseq());
	say_in_dialog("PRACK", 9, rack);
	assert_int_equal(last_status(9, "PRACK"), 200);
	assert_int_equal(b.agreed, 1);
	raw_finish();
}

/* ... so that one without a description is not sent as a reliable one. */
static void a_call_without_an_offer_has_none(void **state)
{
	open_both();
	b.rings = false;
	say(PEER_INVITE "Supported: 100rel\r\nContent-Length: 0\r\n\r\n");
	sip_session_progress(b.ss, 180, NULL, SLICE_NONE, SLICE_NONE);
	assert_int_equal(last_rseq(), 0);
	assert_int_equal(last_status(7, "INVITE"), 180);
	raw_finish();
}

/* --- without memory --------------------------------------------------------------------------------------------------- */

static void whole_call(void *arg)
{
	const bool offers = *(const bool *)arg;
	if (!open_both()) {
		b.rings = false;
		if (!call(offers ? OFFER : SLICE_NONE, 0)) {
			clock_test_advance(20);
			if (b.ss) {
				sip_session_progress(b.ss, 183, NULL, SLICE_NONE, ANSWER);
				sip_session_progress(b.ss, 180, NULL, SLICE_NONE, SLICE_NONE);
			}
			clock_test_advance(3000);
			sip_session_offer(a.ss, SLICE_NONE, OFFER);
			clock_test_advance(3000);
			if (b.ss)
				sip_session_answer(b.ss, SLICE_NONE, ANSWER);
			clock_test_advance(100);
			sip_session_bye(a.ss, 0, SLICE_NONE, SLICE_NONE);
		}
		clock_test_advance(100000);
	}
	close_both();
}

static void survives_any_failed_allocation(void **state)
{
	for (int offers = 0; offers < 2; offers++)
		each_allocation_fails(whole_call, &(bool){offers});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_description_is_acknowledged),
		cmocka_unit_test(what_describes_nothing_is_not),
		cmocka_unit_test(a_lost_one_comes_again_and_is_told_once),
		cmocka_unit_test(a_lost_prack_comes_again),
		cmocka_unit_test(without_prack_the_call_is_refused),
		cmocka_unit_test(what_follows_waits_its_turn),
		cmocka_unit_test(an_answer_that_waits_is_given_up_with_the_call),
		cmocka_unit_test(update_changes_what_was_agreed_on),
		cmocka_unit_test(updates_that_cross_are_both_made_in_the_end),
		cmocka_unit_test(an_update_that_is_not_answered_ends_with_the_call),
		cmocka_unit_test(without_update_there_is_none),
		cmocka_unit_test(every_response_is_reliable_when_that_is_required),
		cmocka_unit_test(an_offer_in_prack_is_answered_in_its_200),
		cmocka_unit_test(without_an_offer_the_callee_makes_it),
		cmocka_unit_test(a_caller_that_requires_it_gets_nothing_before_an_offer),
		cmocka_unit_test(a_call_without_an_offer_has_none),
		cmocka_unit_test(survives_any_failed_allocation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
