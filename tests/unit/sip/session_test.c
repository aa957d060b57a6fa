// SPDX-License-Identifier: GPL-3.0-or-later
/* Sessions (RFC 3261 12 to 15, RFC 3264): two stacks on a wire in memory with delay and loss, on the test clock. */
#include "pair.h"
#include "sip/replaces.h"

/* --- calls ------------------------------------------------------------------------------------------------------------ */

static void a_call_rings_is_answered_and_hung_up(void **state)
{
	open_both();
	call(OFFER, 0);
	clock_test_advance(50);
	assert_int_equal(a.progress, 1);
	assert_true(slice_eq(sip_session_call_id(a.ss), sip_session_call_id(b.ss)));
	sip_session_answer(b.ss, SLICE_NONE, ANSWER);
	clock_test_advance(50);
	assert_int_equal(a.answered, 1);
	assert_int_equal(b.acked, 1);
	clock_test_advance(40000);
	assert_int_equal(a.closed + b.closed, 0);
	sip_session_bye(a.ss, 0, SLICE_NONE, SLICE_NONE);
	clock_test_advance(50);
	assert_true(b.by_bye);
	assert_int_equal(a.closed, 1);
	assert_int_equal(b.closed, 1);
	finish();
	assert_int_equal(a.closed, 1);
	assert_int_equal(b.closed, 1);
}

static void the_offer_may_come_in_the_200(void **state)
{
	establish(SLICE_NONE);
	sip_session_bye(b.ss, 0, SLICE_NONE, SLICE_NONE);
	clock_test_advance(50);
	assert_true(a.by_bye);
	finish();
}

static void calls_survive_loss(void **state)
{
	for (unsigned seed = 1; seed <= 40; seed++) {
		open_both();
		dice = seed;
		loss_percent = 20;
		b.answers_at_once = true;
		call(OFFER, 0);
		clock_test_advance(20000);
		assert_int_equal(a.answered, 1);
		assert_int_equal(b.acked, 1);
		sip_session_bye(seed & 1 ? a.ss : b.ss, 0, SLICE_NONE, SLICE_NONE);
		clock_test_advance(40000);
		assert_int_equal(a.closed, 1);
		assert_int_equal(b.closed, 1);
		finish();
	}
}

static void a_2xx_is_sent_again_until_its_ack(void **state)
{
	open_both();
	b.answers_at_once = true;
	drop_start = "ACK";
	drop_count = 3;
	call(OFFER, 0);
	clock_test_advance(3600);
	assert_int_equal(journal_count("SIP/2.0 200"), 4); /* 0, 0.5, 1.5, 3.5 s */
	assert_int_equal(b.acked, 1);
	clock_test_advance(20000);
	assert_int_equal(journal_count("SIP/2.0 200"), 4);
	sip_session_bye(a.ss, 0, SLICE_NONE, SLICE_NONE);
	finish();
}

static void without_ack_the_callee_hangs_up(void **state)
{
	open_both();
	b.answers_at_once = true;
	drop_start = "ACK";
	drop_count = 1000;
	call(OFFER, 0);
	clock_test_advance(33000);
	assert_int_equal(b.closed, 1);
	assert_int_equal(b.status, 408);
	assert_true(a.by_bye);
	finish();
}

static void bye_waits_for_the_ack(void **state)
{
	open_both();
	b.answers_at_once = true;
	drop_start = "ACK";
	drop_count = 1;
	call(OFFER, 0);
	clock_test_advance(50);
	sip_session_bye(b.ss, 0, SLICE_NONE, SLICE_NONE);
	clock_test_advance(300);
	assert_int_equal(journal_count("BYE"), 0);
	clock_test_advance(300);
	assert_int_equal(journal_count("BYE"), 1);
	assert_true(a.by_bye);
	finish();
}

/* --- giving up ---------------------------------------------------------------------------------------------------------- */

static void the_end_of_an_early_dialog_is_no_progress(void **state)
{
	assert_int_equal(open_both(), 0);
	call(OFFER, 0);
	clock_test_advance(50);
	assert_int_equal(a.progress, 1);
	assert_int_equal(a.ss->n_early, 1);
	sip_session_progress(b.ss, 199, NULL, SLICE_NONE, SLICE_NONE);
	clock_test_advance(50);
	assert_int_equal(a.progress, 1);
	assert_int_equal(a.ss->n_early, 0);
	sip_session_answer(b.ss, SLICE_NONE, ANSWER);
	clock_test_advance(50);
	assert_int_equal(a.answered, 1);
	sip_session_bye(a.ss, 0, SLICE_NONE, SLICE_NONE);
	finish();
}

static void say_180(const char *from_tag, const char *call_id, uint32_t cseq)
{
	char text[600];
	int n = snprintf(text, sizeof text,
			 "SIP/2.0 180 X\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=%s\r\nFrom: <sip:al@192.0.2.1>;tag=%s\r\n"
			 "To: <sip:bob@192.0.2.2>;tag=t\r\nCall-ID: %s\r\nCSeq: %u INVITE\r\nContact: <sip:bob@192.0.2.2>\r\n\r\n",
			 a.ss->invite->branch, from_tag, call_id, cseq);
	sip_stack_input(container_of(list_first(&a.stack->places), struct sip_place, link), &b.addr, &a.addr, text, (size_t)n);
}

static void a_peer_cannot_name_our_half_of_a_dialog(void **state)
{
	assert_int_equal(open_both(), 0);
	b.rings = false;
	call(OFFER, 0);
	say_180("another", a.ss->call_id, a.ss->cseq);
	say_180(a.ss->tag, "another", a.ss->cseq);
	say_180(a.ss->tag, a.ss->call_id, a.ss->cseq + 1);
	assert_int_equal(a.ss->n_early, 0);
	say_180(a.ss->tag, a.ss->call_id, a.ss->cseq);
	assert_int_equal(a.ss->n_early, 1);
	sip_session_bye(a.ss, 0, SLICE_NONE, SLICE_NONE);
	finish();
}

static void the_caller_gives_up(void **state)
{
	open_both();
	call(OFFER, 0);
	clock_test_advance(50);
	sip_session_bye(a.ss, 0, SLICE_NONE, SLICE_NONE);
	clock_test_advance(50);
	assert_true(b.by_cancel);
	assert_int_equal(a.closed, 1);
	assert_int_equal(a.status, 487);
	finish();
}

static void a_200_that_crosses_cancel_is_acked_and_ended(void **state)
{
	open_both();
	call(OFFER, 0);
	clock_test_advance(50);
	sip_session_answer(b.ss, SLICE_NONE, ANSWER);
	sip_session_bye(a.ss, 0, SLICE_NONE, SLICE_NONE);
	clock_test_advance(100);
	assert_int_equal(a.answered, 0);
	assert_int_equal(a.closed, 1);
	assert_int_equal(b.acked, 1);
	assert_true(b.by_bye);
	finish();
}

static void nobody_answers_within_the_ring_time(void **state)
{
	open_both();
	call(OFFER, 3000);
	clock_test_advance(3100);
	assert_int_equal(a.status, 408);
	assert_true(b.by_cancel);
	finish();
}

static void nobody_is_there(void **state)
{
	open_both();
	loss_percent = 100;
	call(OFFER, 0);
	clock_test_advance(32000);
	assert_int_equal(a.closed, 1);
	assert_int_equal(a.status, 408);
	finish();
}

static void a_dead_port_fails_at_once(void **state)
{
	open_both();
	loss_percent = 100;
	call(OFFER, 0);
	sip_stack_undelivered(a.stack, &b.addr, -ECONNREFUSED, SLICE_NONE);
	assert_int_equal(a.closed, 1);
	assert_int_equal(a.status, 503);
	finish();
}

static void the_callee_refuses(void **state)
{
	open_both();
	call(OFFER, 0);
	clock_test_advance(50);
	sip_session_bye(b.ss, 486, SLICE("Reason: Q.850;cause=17\r\n"), SLICE_NONE);
	clock_test_advance(50);
	assert_int_equal(a.status, 486);
	assert_int_equal(b.closed, 1);
	finish();
}

static void the_callees_user_leaves_while_it_rings(void **state)
{
	open_both();
	call(OFFER, 0);
	clock_test_advance(50);
	sip_session_bye(b.ss, 0, SLICE_NONE, SLICE_NONE);
	clock_test_advance(50);
	assert_int_equal(a.status, 480);
	assert_int_equal(b.closed, 1);
	finish();
}

/* RFC 3891 3: a dialog that is ending, or is over, is told apart from one that never was. */
static void a_dialog_is_known_by_name_after_its_end(void **state)
{
	char text[3][64];
	bool early = true;
	void *found = NULL;
	establish(OFFER);
	const struct sip_session_handlers *h = a.ss->h;
	const struct sip_dialog *d = a.ss->dialog;
	const struct slice parts[] = {d->call_id, d->local_tag, d->remote_tag};
	for (int i = 0; i < 3; i++)
		assert_int_equal(slice_copy(parts[i], text[i], sizeof text[i]), 0);
	struct sip_replaces name = {.call_id = slice_str(text[0]), .to_tag = slice_str(text[1]), .from_tag = slice_str(text[2])};
	assert_int_equal(sip_session_named(&found, a.stack, &name, h, &early), 0);
	assert_ptr_equal(found, &a);
	assert_false(early);
	sip_session_bye(a.ss, 0, SLICE_NONE, SLICE_NONE);
	assert_int_equal(sip_session_named(&found, a.stack, &name, h, &early), -ESHUTDOWN);
	clock_test_advance(50);
	assert_int_equal(a.closed, 1);
	assert_int_equal(sip_session_named(&found, a.stack, &name, h, &early), -ESHUTDOWN);
	name.from_tag = SLICE("another");
	assert_int_equal(sip_session_named(&found, a.stack, &name, h, &early), -ENOENT);
	finish();
}

static void both_hang_up_at_once(void **state)
{
	establish(OFFER);
	sip_session_bye(a.ss, 0, SLICE_NONE, SLICE_NONE);
	sip_session_bye(b.ss, 0, SLICE_NONE, SLICE_NONE);
	clock_test_advance(50);
	assert_int_equal(a.closed, 1);
	assert_int_equal(b.closed, 1);
	finish();
	assert_int_equal(a.closed + b.closed, 2);
}

static void a_bye_nobody_hears_ends_it_all_the_same(void **state)
{
	establish(OFFER);
	drop_start = "BYE";
	drop_count = 1000;
	sip_session_bye(a.ss, 0, SLICE_NONE, SLICE_NONE);
	clock_test_advance(32000);
	assert_int_equal(a.closed, 1);
	assert_int_equal(a.status, 0);
	drop_count = 0;
	sip_session_bye(b.ss, 0, SLICE_NONE, SLICE_NONE); /* answered 481 */
	clock_test_advance(100);
	assert_int_equal(b.closed, 1);
	finish();
}

/* --- offers ------------------------------------------------------------------------------------------------------------- */

static void offers_go_both_ways_again_and_again(void **state)
{
	establish(OFFER);
	for (unsigned i = 1; i <= 3; i++) {
		assert_int_equal(sip_session_offer(a.ss, SLICE_NONE, OFFER), 0);
		assert_int_equal(sip_session_offer(a.ss, SLICE_NONE, OFFER), -EINPROGRESS);
		clock_test_advance(100);
		assert_int_equal(a.offers_done, i);
		assert_int_equal(a.offer_status, 200);
		assert_int_equal(sip_session_offer(b.ss, SLICE_NONE, OFFER), 0);
		clock_test_advance(100);
		assert_int_equal(b.offers_done, i);
	}
	assert_int_equal(b.acked, 4);
	b.refuses_offers = true;
	sip_session_offer(a.ss, SLICE_NONE, OFFER);
	clock_test_advance(100);
	assert_int_equal(a.offer_status, 488);
	assert_int_equal(a.closed, 0);
	sip_session_bye(a.ss, 0, SLICE_NONE, SLICE_NONE);
	finish();
}

static void offers_that_cross_are_both_made_in_the_end(void **state)
{
	establish(OFFER);
	assert_int_equal(sip_session_offer(a.ss, SLICE_NONE, OFFER), 0);
	assert_int_equal(sip_session_offer(b.ss, SLICE_NONE, OFFER), 0);
	clock_test_advance(2 * DELAY_MS); /* the callee may draw a pause of nothing */
	assert_int_equal(journal_count("SIP/2.0 491"), 2);
	assert_int_equal(a.offers_done + b.offers_done, 0);
	clock_test_advance(2040); /* the callee's turn comes within 2 s */
	assert_int_equal(b.offers_done, 1);
	assert_int_equal(a.offers_done, 0);
	clock_test_advance(2000); /* the caller's within 4 */
	assert_int_equal(a.offers_done, 1);
	assert_int_equal(a.offer_status, 200);
	assert_int_equal(b.offer_status, 200);
	sip_session_bye(a.ss, 0, SLICE_NONE, SLICE_NONE);
	finish();
}

/* One that waits after a glare is nothing to its peer; one that is under way is cancelled. */
static void an_offer_is_taken_back(void **state)
{
	establish(OFFER);
	b.answers_offers = false;
	assert_int_equal(sip_session_offer(a.ss, SLICE_NONE, OFFER), 0);
	clock_test_advance(20);
	assert_int_equal(b.offers, 1);
	sip_session_reply_offer(b.ss, 491, NULL, SLICE_NONE, SLICE_NONE);
	clock_test_advance(20);
	assert_true(sip_session_withdraw(a.ss));
	clock_test_advance(5000);
	assert_int_equal(b.offers, 1);
	assert_int_equal(a.offers_done, 0);
	assert_int_equal(sip_session_offer(a.ss, SLICE_NONE, OFFER), 0);
	clock_test_advance(20);
	assert_false(sip_session_withdraw(a.ss));
	clock_test_advance(20);
	assert_int_equal(b.given_up, 1);
	assert_int_equal(a.offers_done, 1);
	assert_int_equal(a.offer_status, 487);
	sip_session_bye(a.ss, 0, SLICE_NONE, SLICE_NONE);
	finish();
}

static void an_offer_to_a_lost_dialog_ends_the_call(void **state)
{
	establish(OFFER);
	b.ss = mem_deref(b.ss); /* as after a restart without its store */
	sip_session_offer(a.ss, SLICE_NONE, OFFER);
	clock_test_advance(100);
	assert_int_equal(a.offer_status, 481);
	assert_int_equal(a.closed, 1);
	assert_int_equal(a.status, 481);
	finish();
}

/* --- signs of life ------------------------------------------------------------------------------------------------------- */

#define PROBE_MS 300000

static void establish_probed(void)
{
	probe_ms = PROBE_MS;
	establish(OFFER);
	probe_ms = 0;
}

static void a_peer_that_answers_goes_on(void **state)
{
	establish_probed();
	clock_test_advance(PROBE_MS / 10 + 100);
	assert_int_equal(journal_count("OPTIONS"), 2); /* each asks the other */
	clock_test_advance(3 * PROBE_MS);
	assert_int_equal(journal_count("OPTIONS"), 8);
	assert_int_equal(a.closed + b.closed, 0);
	sip_session_bye(a.ss, 0, SLICE_NONE, SLICE_NONE);
	finish();
}

static void a_peer_that_has_lost_the_dialog_ends_the_call(void **state)
{
	establish_probed();
	b.ss = mem_deref(b.ss);
	clock_test_advance(PROBE_MS / 10 + 100);
	assert_int_equal(a.closed, 1);
	assert_int_equal(a.status, 481);
	finish();
}

static void a_peer_that_falls_silent_ends_the_call(void **state)
{
	establish_probed();
	clock_test_advance(PROBE_MS / 10 + 100);
	loss_percent = 100;
	clock_test_advance(PROBE_MS);
	assert_int_equal(a.closed, 0);
	clock_test_advance(2 * 64 * 500); /* OPTIONS and BYE run out */
	assert_int_equal(a.closed, 1);
	assert_int_equal(a.status, 408);
	finish();
}

static void a_peer_that_never_answers_is_left_alone(void **state)
{
	establish_probed();
	loss_percent = 100;
	clock_test_advance(5 * PROBE_MS);
	assert_int_equal(a.closed + b.closed, 0);
	loss_percent = 0;
	sip_session_bye(a.ss, 0, SLICE_NONE, SLICE_NONE);
	finish();
}

static void a_bye_during_an_offer_ends_it(void **state)
{
	establish(OFFER);
	b.answers_offers = false;
	sip_session_offer(a.ss, SLICE_NONE, OFFER);
	clock_test_advance(50);
	sip_session_bye(a.ss, 0, SLICE_NONE, SLICE_NONE);
	clock_test_advance(50);
	assert_true(b.by_bye);
	assert_int_equal(journal_count("SIP/2.0 487"), 1);
	assert_int_equal(a.offers_done, 0);
	finish();
}

/* The peer takes its re-INVITE back before we have answered: the next one is as good as the first. */
static void a_cancelled_offer_makes_room_for_the_next(void **state)
{
	establish(OFFER);
	b.answers_offers = false;
	sip_session_offer(a.ss, SLICE_NONE, OFFER);
	clock_test_advance(50);
	assert_int_equal(sip_cancel(a.ss->invite, SLICE_NONE), 0);
	clock_test_advance(50);
	assert_int_equal(a.offer_status, 487);
	assert_int_not_equal(sip_session_reply_offer(b.ss, 200, NULL, SLICE_NONE, ANSWER), 0);
	b.answers_offers = true;
	assert_int_equal(sip_session_offer(a.ss, SLICE_NONE, OFFER), 0);
	clock_test_advance(50);
	assert_int_equal(b.offers, 2);
	assert_int_equal(a.offer_status, 200);
	assert_int_equal(sip_session_offer(b.ss, SLICE_NONE, OFFER), 0);
	clock_test_advance(50);
	assert_int_equal(b.offer_status, 200);
	sip_session_bye(a.ss, 0, SLICE_NONE, SLICE_NONE);
	finish();
}

/* A provisional answer stops Timer B: Timer C takes over, also within a call. */
static void an_offer_that_is_never_answered_is_given_up(void **state)
{
	establish(OFFER);
	b.answers_offers = false;
	sip_session_offer(a.ss, SLICE_NONE, OFFER);
	clock_test_advance(170000);
	assert_int_equal(a.offers_done, 0);
	clock_test_advance(11000);
	assert_int_equal(journal_count("CANCEL"), 1);
	assert_int_equal(a.offers_done, 1);
	assert_int_equal(a.offer_status, 487);
	assert_int_equal(a.closed, 0);
	sip_session_bye(a.ss, 0, SLICE_NONE, SLICE_NONE);
	finish();
}

/* --- without memory ------------------------------------------------------------------------------------------------------ */

static void whole_call(void *arg)
{
	if (!open_both()) {
		b.answers_at_once = true;
		if (!call(OFFER, 0)) {
			clock_test_advance(100);
			sip_session_offer(a.ss, SLICE_NONE, OFFER);
			clock_test_advance(5000);
			sip_session_bye(a.ss, 0, SLICE_NONE, SLICE_NONE);
		}
		clock_test_advance(100000);
		if (a.ss)
			assert_int_equal(a.closed, 1);
	}
	close_both();
}

static void survives_any_failed_allocation(void **state)
{
	each_allocation_fails(whole_call, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_rings_is_answered_and_hung_up),
		cmocka_unit_test(the_offer_may_come_in_the_200),
		cmocka_unit_test(calls_survive_loss),
		cmocka_unit_test(a_2xx_is_sent_again_until_its_ack),
		cmocka_unit_test(without_ack_the_callee_hangs_up),
		cmocka_unit_test(bye_waits_for_the_ack),
		cmocka_unit_test(the_end_of_an_early_dialog_is_no_progress),
		cmocka_unit_test(a_peer_cannot_name_our_half_of_a_dialog),
		cmocka_unit_test(the_caller_gives_up),
		cmocka_unit_test(a_200_that_crosses_cancel_is_acked_and_ended),
		cmocka_unit_test(nobody_answers_within_the_ring_time),
		cmocka_unit_test(nobody_is_there),
		cmocka_unit_test(a_dead_port_fails_at_once),
		cmocka_unit_test(the_callee_refuses),
		cmocka_unit_test(the_callees_user_leaves_while_it_rings),
		cmocka_unit_test(both_hang_up_at_once),
		cmocka_unit_test(a_dialog_is_known_by_name_after_its_end),
		cmocka_unit_test(a_bye_nobody_hears_ends_it_all_the_same),
		cmocka_unit_test(offers_go_both_ways_again_and_again),
		cmocka_unit_test(offers_that_cross_are_both_made_in_the_end),
		cmocka_unit_test(an_offer_is_taken_back),
		cmocka_unit_test(an_offer_to_a_lost_dialog_ends_the_call),
		cmocka_unit_test(a_peer_that_answers_goes_on),
		cmocka_unit_test(a_peer_that_has_lost_the_dialog_ends_the_call),
		cmocka_unit_test(a_peer_that_falls_silent_ends_the_call),
		cmocka_unit_test(a_peer_that_never_answers_is_left_alone),
		cmocka_unit_test(a_bye_during_an_offer_ends_it),
		cmocka_unit_test(a_cancelled_offer_makes_room_for_the_next),
		cmocka_unit_test(an_offer_that_is_never_answered_is_given_up),
		cmocka_unit_test(survives_any_failed_allocation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
