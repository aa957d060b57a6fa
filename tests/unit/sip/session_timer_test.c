// SPDX-License-Identifier: GPL-3.0-or-later
/* Session timers (RFC 4028). */
#include "pair.h"

static void open_call(uint32_t expires, uint32_t min_b)
{
	expires_s = expires;
	min_se_s[0] = min_se_s[1] = min_b;
	establish(OFFER);
	n_journal = 0;
}

static void over(void)
{
	expires_s = min_se_s[0] = min_se_s[1] = 0;
	methods_of_b = NULL;
	finish();
}

static void hang_up(void)
{
	drop_count = 0;
	sip_session_bye(a.ss, 0, SLICE_NONE, SLICE_NONE);
	clock_test_advance(50);
	over();
}

static void the_caller_refreshes_at_half_the_time(void **state)
{
	open_call(100, 0);
	clock_test_advance(49000);
	assert_int_equal(journal_count("UPDATE"), 0);
	clock_test_advance(2000);
	assert_int_equal(journal_count("UPDATE"), 1);
	clock_test_advance(500000);
	assert_int_equal(a.closed + b.closed, 0);
	assert_in_range(journal_count("UPDATE"), 10, 12);
	assert_int_equal(a.offers + b.offers, 0);
	hang_up();
}

static void who_knows_no_update_is_offered_what_it_was(void **state)
{
	static const char *const few[] = {"INVITE", "ACK", "BYE", "CANCEL", NULL};
	methods_of_b = few;
	open_call(100, 0);
	clock_test_advance(51000);
	assert_int_equal(a.refreshes, 1);
	assert_int_equal(b.offers, 1);
	clock_test_advance(300000);
	assert_int_equal(journal_count("UPDATE"), 0);
	assert_int_equal(a.closed + b.closed, 0);
	hang_up();
}

/* Each side that hears nothing any more hangs up by itself, before the end. */
static void without_a_refresh_the_session_ends(void **state)
{
	open_call(100, 0);
	drop_start = "UPDATE";
	drop_count = 100000;
	clock_test_advance(50000 + 16000);
	assert_int_equal(b.closed, 0);
	clock_test_advance(4000);
	assert_int_equal(b.closed, 1);
	assert_int_equal(b.status, 408);
	assert_true(a.by_bye || a.status == 408);
	over();
}

static void a_session_too_short_is_asked_for_anew(void **state)
{
	expires_s = 100;
	min_se_s[1] = 300;
	establish(OFFER);
	assert_int_equal(a.ss->expires_s, 300);
	assert_true(a.ss->refresher);
	assert_false(b.ss->refresher);
	n_journal = 0;
	clock_test_advance(140000);
	assert_int_equal(journal_count("UPDATE"), 0);
	clock_test_advance(20000);
	assert_int_equal(journal_count("UPDATE"), 1);
	hang_up();
}

static void who_answers_may_bring_it_down_to_its_own(void **state)
{
	open_call(100, 0);
	assert_int_equal(b.ss->expires_s, 100);
	hang_up();
	expires_s = 0;
	establish(OFFER);
	assert_int_equal(a.ss->expires_s, 0);
	hang_up();
}

static void a_changed_session_stays_timed(void **state)
{
	open_call(100, 0);
	clock_test_advance(45000);
	assert_int_equal(sip_session_offer(b.ss, SLICE_NONE, OFFER), 0);
	clock_test_advance(100);
	assert_int_equal(b.offers_done, 1);
	clock_test_advance(45000);
	assert_int_equal(journal_count("UPDATE"), 0); /* the offer was a refresh */
	assert_true(a.ss->refresher);
	assert_false(b.ss->refresher);
	clock_test_advance(10000);
	assert_int_equal(journal_count("UPDATE"), 1);
	hang_up();
}

static void timed_call(void *arg)
{
	expires_s = 100;
	min_se_s[1] = 300;
	if (!open_both()) {
		b.answers_at_once = true;
		if (!call(OFFER, 0)) {
			clock_test_advance(200000);
			sip_session_bye(a.ss, 0, SLICE_NONE, SLICE_NONE);
		}
		clock_test_advance(400000);
	}
	close_both();
}

static void survives_any_failed_allocation(void **state)
{
	each_allocation_fails(timed_call, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_caller_refreshes_at_half_the_time),
		cmocka_unit_test(who_knows_no_update_is_offered_what_it_was),
		cmocka_unit_test(without_a_refresh_the_session_ends),
		cmocka_unit_test(a_session_too_short_is_asked_for_anew),
		cmocka_unit_test(who_answers_may_bring_it_down_to_its_own),
		cmocka_unit_test(a_changed_session_stays_timed),
		cmocka_unit_test(survives_any_failed_allocation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
