// SPDX-License-Identifier: GPL-3.0-or-later
/* Parties that give their place away (RFC 5589), or have it taken (RFC 3891). */
#include "transfer.h"

static void the_callee_gives_its_place_away(void **state)
{
	struct leg *a, *b;
	struct call *c = answered("a", "b", &a, &b);
	x1 = party_new("x", SIDE_B, AF_INET);
	assert_int_equal(call_may_transfer(b), 0);
	ask(b, "");
	assert_said("gw: crcx 3 sendrecv 4000\ngw: crcx 4 with 3 recvonly\n");
	assert_int_equal(call_may_transfer(b), 491);
	gateway_answers();
	assert_said("x: offer 20008\n");
	news(call_on_progress, x1, 180, SLICE_NONE);
	assert_said("b: transfer 180\n");
	news(call_on_answered, x1, 200, sdp("192.0.2.9", AUDIO(9000)));
	assert_said("gw: mdcx 4 sendrecv 9000 arm 2\n");
	gateway_answers();
	assert_said("gw: dlcx 1\ngw: dlcx 2\nb: transfer 200\nb: release\na: reoffer 20006\n");
	closed(b);
	assert_int_equal(c->state, CALL_ACTIVE);
	follows(a);
	said[0] = '\0';
	assert_int_equal(calls_count(&calls), 1);
	closed(x1);
	assert_said("a: release\ngw: dlcx 3\ngw: dlcx 4\n");
	closed(a);
	assert_over(c);
}

static void the_caller_gives_its_place_away(void **state)
{
	struct leg *a, *b;
	struct call *c = answered("a", "b", &a, &b);
	x1 = party_new("x", SIDE_B, AF_INET);
	transfers(a);
	comes(x1);
	closed(a);
	follows(b);
	assert_ptr_equal(c->a, x1);
	assert_ptr_equal(c->winner, b);
	said[0] = '\0';
	closed(b);
	assert_said("x: release\ngw: dlcx 4\ngw: dlcx 3\n");
	closed(x1);
	assert_over(c);
}

/* The first of two that answers has it; the hold that the transferor had asked for is not passed to them. */
static void several_may_come(void **state)
{
	struct leg *a, *b;
	struct call *c = answered("a", "b", &a, &b);
	news(call_on_reoffer, b, 0, sdp("192.0.2.2", AUDIO(6000) "a=sendonly\r\n"));
	news(call_on_reoffer_done, a, 200, sdp("192.0.2.1", AUDIO(4000) "a=recvonly\r\n"));
	gateway_answers();
	x1 = party_new("x", SIDE_B, AF_INET);
	x2 = party_new("y", SIDE_B, AF_INET);
	ask(b, "");
	said[0] = '\0';
	gateway_answers();
	assert_said("x: offer 20008\ny: offer 20008\n");
	news(call_on_closed, x1, 486, SLICE_NONE);
	assert_said("");
	comes(x2);
	assert_non_null(strstr(said, "b: transfer 200\n"));
	assert_ptr_equal(c->winner, x2);
	closed(b);
	closed(a);
	closed(x2);
	assert_over(c);
}

static void nobody_comes_and_the_call_is_as_it_was(void **state)
{
	struct leg *a, *b;
	struct call *c = answered("a", "b", &a, &b);
	refusal = 404;
	ask(b, "");
	assert_said("b: transfer 404\n");
	refusal = 0;
	x1 = party_new("x", SIDE_B, AF_INET);
	transfers(b);
	said[0] = '\0';
	news(call_on_closed, x1, 486, SLICE_NONE);
	assert_said("plan: 486\nb: transfer 486\ngw: dlcx 3\ngw: dlcx 4\n");
	gateway_answers();
	assert_int_equal(call_may_transfer(b), 0);
	assert_true(call_on_info(a, &(struct leg_news){0}));
	closed(a);
	closed(b);
	assert_over(c);
}

static void a_transferor_may_leave_first(void **state)
{
	struct leg *a, *b;
	for (int one = 0; one < 2; one++) {
		struct call *c = answered("a", "b", &a, &b);
		x1 = party_new("x", SIDE_B, AF_INET);
		transfers(b);
		closed(b);
		assert_int_equal(c->state, CALL_ACTIVE);
		said[0] = '\0';
		if (one) {
			comes(x1);
			assert_non_null(strstr(said, "a: reoffer"));
			closed(x1);
		} else {
			news(call_on_closed, x1, 486, SLICE_NONE);
			assert_non_null(strstr(said, "a: release 486\n"));
		}
		closed(a);
		assert_over(c);
	}
}

/* Hunting, as a call does it: the next round when the last one has failed, also by saying nothing in its time. */
static void the_next_ones_are_tried(void **state)
{
	struct leg *a, *b;
	struct call *c = answered("a", "b", &a, &b);
	x1 = party_new("x", SIDE_B, AF_INET);
	x1->answer_ms = 5000;
	later = party_new("y", SIDE_B, AF_INET);
	transfers(b);
	said[0] = '\0';
	clock_test_advance(6000);
	assert_non_null(strstr(said, "x: release 408\n"));
	assert_non_null(strstr(said, "plan: 408\n"));
	closed(x1);
	gateway_answers();
	assert_non_null(strstr(said, "y: offer"));
	call_tell_forwarded(c);
	assert_non_null(strstr(said, "b: transfer 181\n"));
	comes(later);
	assert_ptr_equal(c->winner, later);
	closed(b);
	follows(a);
	closed(later);
	closed(a);
	assert_over(c);
}

/* However many rounds there are, with targets in both families: they share what media there are room for. */
static int endless_round(void *plan, struct call *c, const struct leg_news *how, struct leg_news *end)
{
	static const sa_family_t family[] = {AF_INET, AF_INET6};
	struct leg **all[] = {&x1, &x2};
	for (int i = 0; i < 2; i++) {
		*all[i] = party_new("x", SIDE_B, family[i]);
		if (call_transfer_join(c, *all[i]))
			fail_msg("no room for round %u", c->round);
	}
	return 0;
}

static unsigned endless_transfer(void *arg, struct call *c, struct leg *by, const struct leg_transfer *t)
{
	c->transfer_plan.next = endless_round;
	return 0;
}

static void rounds_share_their_media(void **state)
{
	struct leg *a, *b;
	struct call *c = answered("a", "b", &a, &b);
	calls.transfer = endless_transfer;
	ask(b, "");
	for (int i = 0; i < 3 * CALL_GROUPS; i++) {
		struct leg *one = x1, *other = x2;
		gateway_answers();
		news(call_on_closed, one, 486, SLICE_NONE);
		news(call_on_closed, other, 486, SLICE_NONE);
	}
	gateway_answers();
	comes(x2);
	assert_ptr_equal(c->winner, x2);
	closed(x1);
	closed(b);
	follows(a);
	closed(x2);
	closed(a);
	assert_over(c);
}

/* A 6xx speaks for those who ring with it, and the plan says what that means for the next. */
static void one_refuses_for_all(void **state)
{
	struct leg *a, *b;
	struct call *c = answered("a", "b", &a, &b);
	x1 = party_new("x", SIDE_B, AF_INET);
	x2 = party_new("y", SIDE_B, AF_INET);
	transfers(b);
	said[0] = '\0';
	news(call_on_closed, x1, 603, SLICE_NONE);
	assert_non_null(strstr(said, "y: release 603\n"));
	assert_non_null(strstr(said, "plan: 603\nb: transfer 603\n"));
	closed(x2);
	gateway_answers();
	assert_int_equal(call_may_transfer(b), 0);
	closed(a);
	closed(b);
	assert_over(c);
}

static void nobody_answers_in_time(void **state)
{
	struct leg *a, *b;
	struct call *c = answered("a", "b", &a, &b);
	x1 = party_new("x", SIDE_B, AF_INET);
	transfers(b);
	said[0] = '\0';
	clock_test_advance(20001);
	assert_non_null(strstr(said, "x: release 408\n"));
	assert_non_null(strstr(said, "b: transfer 408\n"));
	closed(x1);
	gateway_answers();
	assert_int_equal(c->state, CALL_ACTIVE);
	closed(a);
	closed(b);
	assert_over(c);
}

static void the_one_who_stays_may_leave(void **state)
{
	struct leg *a, *b;
	struct call *c = answered("a", "b", &a, &b);
	x1 = party_new("x", SIDE_B, AF_INET);
	transfers(b);
	said[0] = '\0';
	closed(a);
	assert_said("b: transfer 487\nb: release\nx: release\ngw: dlcx 1\ngw: dlcx 2\ngw: dlcx 3\ngw: dlcx 4\n");
	closed(b);
	closed(x1);
	assert_over(c);
}

static void who_cannot_follow_ends_it(void **state)
{
	struct leg *a, *b;
	struct call *c = answered("a", "b", &a, &b);
	x1 = party_new("x", SIDE_B, AF_INET);
	transfers(b);
	comes(x1);
	closed(b);
	said[0] = '\0';
	news(call_on_reoffer_done, a, 488, SLICE_NONE);
	assert_non_null(strstr(said, "a: release 488\nx: release 488\n"));
	closed(a);
	closed(x1);
	assert_over(c);
}

/* What the one who stays still answers: a re-INVITE of the transferor's, or of ours. */
static void who_is_busy_with_another_offer_follows_after_it(void **state)
{
	struct leg *a, *b;
	for (int confirms = 0; confirms < 2; confirms++) {
		struct call *c = answered("a", "b", &a, &b);
		x1 = party_new("x", SIDE_B, AF_INET);
		ask(b, "");
		gateway_answers();
		news(call_on_reoffer, b, 0, sdp("192.0.2.2", AUDIO(6000) "a=sendonly\r\n"));
		said[0] = '\0';
		news(call_on_answered, x1, 200, sdp("192.0.2.9", AUDIO(9000)));
		container_of(a, struct party, leg)->refuse = -EINPROGRESS;
		gateway_answers();
		assert_non_null(strstr(said, "b: reply 491\n"));
		assert_non_null(strstr(said, "b: transfer 200\nb: release\na: reoffer"));
		closed(b);
		assert_int_equal(c->state, CALL_ACTIVE);
		said[0] = '\0';
		news(call_on_reoffer, x1, 0, sdp("192.0.2.9", AUDIO(9000)));
		assert_said("x: reply 491\n");
		if (confirms)
			news(call_on_confirmed, a, 0, SLICE_NONE);
		else
			news(call_on_reoffer_done, a, 200, sdp("192.0.2.1", AUDIO(4000) "a=recvonly\r\n"));
		assert_non_null(strstr(said, "a: reoffer"));
		news(call_on_reoffer_done, a, 200, sdp("192.0.2.1", AUDIO(4000)));
		gateway_answers();
		assert_int_equal(c->state, CALL_ACTIVE);
		said[0] = '\0';
		news(call_on_reoffer, x1, 0, sdp("192.0.2.9", AUDIO(9000)));
		assert_non_null(strstr(said, "a: reoffer"));
		closed(x1);
		closed(a);
		assert_over(c);
	}
}

/* Media of transfers that are over make room for the next. */
static void one_after_another(void **state)
{
	struct leg *a, *b;
	struct call *c = answered("a", "b", &a, &b);
	for (int i = 0; i < 3 * CALL_GROUPS; i++) {
		struct leg *gone = b;
		b = x1 = party_new("x", SIDE_B, AF_INET);
		transfers(gone);
		comes(b);
		closed(gone);
		follows(a);
		assert_ptr_equal(c->winner, b);
	}
	closed(a);
	closed(b);
	assert_over(c);
}

static void after_consultation_the_other_call_ends(void **state)
{
	struct leg *a, *b, *b2, *x;
	struct call *c = answered("a", "b", &a, &b), *other = answered("b2", "x", &b2, &x);
	named = b2;
	ask(b, "of b2");
	gateway_answers();
	assert_said("gw: crcx 5 sendrecv 4000\ngw: crcx 6 with 5 recvonly\nx: reoffer 20012\n");
	news(call_on_reoffer_done, x, 200, sdp("192.0.2.9", AUDIO(9000)));
	gateway_answers();
	assert_ptr_equal(c->winner, x);
	assert_ptr_equal(x->call, c);
	assert_non_null(strstr(said, "b2: release\n"));
	assert_non_null(strstr(said, "b: transfer 200\nb: release\na: reoffer 20010\n"));
	closed(b);
	closed(b2);
	gateway_answers();
	assert_int_equal(calls_count(&calls), 1);
	mem_deref(other);
	closed(x);
	closed(a);
	assert_over(c);
}

static void a_consultation_that_fails_leaves_both(void **state)
{
	struct leg *a, *b, *b2, *x;
	struct call *c = answered("a", "b", &a, &b), *other = answered("b2", "x", &b2, &x);
	named = b2;
	ask(b, "of b2");
	gateway_answers();
	said[0] = '\0';
	news(call_on_reoffer_done, x, 488, SLICE_NONE);
	assert_said("b: transfer 488\ngw: dlcx 5\ngw: dlcx 6\n");
	assert_int_equal(call_may_transfer(b), 0);
	assert_int_equal(call_may_transfer(b2), 0);
	/* Its other party leaves meanwhile. */
	ask(b, "of b2");
	gateway_answers();
	closed(x);
	closed(b2);
	assert_non_null(strstr(said, "b: transfer 480\n"));
	mem_deref(other);
	/* The call that was asked for ends meanwhile. */
	other = answered("b2", "x", &b2, &x);
	named = b2;
	ask(b, "of b2");
	gateway_answers();
	closed(a);
	closed(b);
	mem_deref(c);
	assert_null(x->joins);
	news(call_on_reoffer_done, x, 200, sdp("192.0.2.9", AUDIO(9000)));
	closed(x);
	closed(b2);
	assert_over(other);
}

static void a_caller_takes_a_place(void **state)
{
	struct leg *a, *b;
	struct call *c = answered("a", "b", &a, &b);
	struct leg *n = party_new("n", SIDE_A, AF_INET);
	assert_int_equal(asks_for_place(call_replace, b, n), 0);
	gateway_answers();
	assert_said("gw: crcx 3 sendrecv 9000\ngw: crcx 4 with 3 recvonly\na: reoffer 20008\n");
	follows(a);
	assert_said("gw: mdcx 4 sendrecv 4000 arm 2\nn: answer 200 20006\ngw: dlcx 1\ngw: dlcx 2\nb: transfer 200\nb: release\n");
	closed(b);
	news(call_on_confirmed, n, 0, SLICE_NONE);
	assert_ptr_equal(c->winner, n);
	closed(n);
	closed(a);
	assert_over(c);
}

static void a_place_that_is_not_given(void **state)
{
	struct leg *a, *b;
	struct call *c = answered("a", "b", &a, &b);
	struct leg *n = party_new("n", SIDE_A, AF_INET);
	assert_int_equal(call_replace(b, n, &(struct leg_news){.sdp = SLICE("nonsense")}), 488);
	assert_int_equal(asks_for_place(call_replace, b, n), 0);
	gateway_answers();
	news(call_on_reoffer_done, a, 488, SLICE_NONE);
	assert_non_null(strstr(said, "n: release 488\n"));
	closed(n);
	gateway_answers();
	/* Given up by the caller itself. */
	n = party_new("n", SIDE_A, AF_INET);
	assert_int_equal(asks_for_place(call_replace, b, n), 0);
	gateway_answers();
	news(call_on_closed, n, 487, SLICE_NONE);
	said[0] = '\0';
	news(call_on_reoffer_done, a, 200, sdp("192.0.2.1", AUDIO(4000)));
	assert_said("a: reoffer 20002\n"); /* what it was before */
	news(call_on_reoffer_done, a, 200, sdp("192.0.2.1", AUDIO(4000)));
	assert_said("");
	gateway_answers();
	assert_int_equal(c->state, CALL_ACTIVE);
	closed(a);
	closed(b);
	assert_over(c);
}

/* It is offered what the one who stays has said, and answers with the confirmation. */
static void a_caller_without_offer_takes_a_place(void **state)
{
	struct leg *a, *b;
	struct call *c = answered("a", "b", &a, &b);
	struct leg *n = party_new("n", SIDE_A, AF_INET);
	assert_int_equal(call_replace(b, n, &(struct leg_news){0}), 0);
	gateway_answers();
	assert_said("gw: crcx 3 sendrecv 4000\ngw: crcx 4 with 3 recvonly\nn: answer 200 20008\n");
	news(call_on_confirmed, n, 0, sdp("192.0.2.9", AUDIO(9000)));
	gateway_answers();
	assert_non_null(strstr(said, "b: transfer 200\nb: release\na: reoffer 20006\n"));
	closed(b);
	follows(a);
	assert_ptr_equal(c->winner, n);
	/* One whose answer is none leaves everything as it is. */
	struct leg *m = party_new("m", SIDE_A, AF_INET);
	assert_int_equal(call_replace(n, m, &(struct leg_news){0}), 0);
	gateway_answers();
	news(call_on_confirmed, m, 0, SLICE_NONE);
	assert_non_null(strstr(said, "m: release 488\n"));
	closed(m);
	assert_ptr_equal(c->winner, n);
	closed(n);
	closed(a);
	assert_over(c);
}

/* Who gives up before the one who stays was asked has misled nobody. */
static void a_caller_gives_up_at_once(void **state)
{
	struct leg *a, *b;
	struct call *c = answered("a", "b", &a, &b);
	struct leg *n = party_new("n", SIDE_A, AF_INET);
	assert_int_equal(asks_for_place(call_replace, b, n), 0);
	news(call_on_closed, n, 487, SLICE_NONE);
	gateway_answers();
	said[0] = '\0';
	news(call_on_reoffer, b, 0, sdp("192.0.2.2", AUDIO(6000) "a=sendonly\r\n"));
	news(call_on_reoffer_done, a, 200, sdp("192.0.2.1", AUDIO(4000) "a=recvonly\r\n"));
	gateway_answers();
	assert_non_null(strstr(said, "b: reply 200"));
	closed(a);
	closed(b);
	assert_over(c);
}

/* --- memory runs out -------------------------------------------------------------------------------------------------- */

static void transferred(void *arg)
{
	struct leg *a, *b, *b2 = NULL, *x = NULL, *n = NULL;
	gw = mem_alloc(sizeof(*gw), NULL);
	struct call *c = !gw || open_calls() ? NULL : answered("a", "b", &a, &b), *other = NULL;
	if (!c)
		goto out;
	if (c->state == CALL_ACTIVE && arg && (other = answered("b2", "x", &b2, &x)) && other->state == CALL_ACTIVE) {
		named = b2;
		ask(b, "of b2");
		gateway_answers();
		if (x->joins)
			news(call_on_reoffer_done, x, 200, sdp("192.0.2.9", AUDIO(9000)));
		gateway_answers();
	} else if (c->state == CALL_ACTIVE && !arg) {
		x1 = party_new("x", SIDE_B, AF_INET);
		transfers(b);
		if (x1 && !x1->call)
			x1 = mem_deref(x1);
		x = x1;
		if (x && x->joins && x->state == LEG_OFFERED)
			comes(x);
	}
	close_if_open(b);
	if (c->state == CALL_ACTIVE && c->reofferer && c->must_follow)
		follows(a);
	n = c->state == CALL_ACTIVE ? party_new("n", SIDE_A, AF_INET) : NULL;
	if (n && asks_for_place(call_replace, a, n))
		n = mem_deref(n);
	gateway_answers();
	if (c->reofferer && c->winner)
		news(call_on_reoffer_done, c->winner, 200, sdp("192.0.2.1", AUDIO(4000)));
	gateway_answers();
	close_if_open(a);
	close_if_open(x);
	close_if_open(n);
	close_if_open(b2);
	mem_deref(c);
	mem_deref(other);
	gateway_answers();
	assert_int_equal(calls_count(&calls), 0);
out:
	if (gw)
		calls_fini(&calls);
	mem_deref(gw);
	said[0] = '\0';
}

/* Nobody of the first round comes; a caller without an offer takes the place then. */
static void looked_for(void *arg)
{
	struct leg *a, *b, *n = NULL;
	gw = mem_alloc(sizeof(*gw), NULL);
	struct call *c = !gw || open_calls() ? NULL : answered("a", "b", &a, &b);
	if (!c)
		goto out;
	if (c->state == CALL_ACTIVE) {
		x1 = party_new("x", SIDE_B, AF_INET);
		later = party_new("y", SIDE_B, AF_INET6);
		transfers(b);
		if (x1 && x1->call && x1->joins)
			news(call_on_closed, x1, 486, SLICE_NONE);
		gateway_answers();
		if (later && later->call && later->joins && later->state == LEG_OFFERED)
			news(call_on_closed, later, 503, SLICE_NONE);
		gateway_answers();
		if (x1 && !x1->call)
			x1 = mem_deref(x1);
		if (later && !later->call)
			later = mem_deref(later);
	}
	n = c->state == CALL_ACTIVE ? party_new("n", SIDE_A, AF_INET) : NULL;
	if (n && call_replace(b, n, &(struct leg_news){0}))
		n = mem_deref(n);
	gateway_answers();
	if (n && n->joins && n->state == LEG_ANSWERED)
		news(call_on_confirmed, n, 0, sdp("192.0.2.9", AUDIO(9000)));
	gateway_answers();
	close_if_open(n);
	close_if_open(b);
	close_if_open(a);
	close_if_open(x1);
	close_if_open(later);
	mem_deref(c);
	gateway_answers();
	assert_int_equal(calls_count(&calls), 0);
out:
	if (gw)
		calls_fini(&calls);
	mem_deref(gw);
	said[0] = '\0';
}

static void memory_runs_out(void **state)
{
	list_init(&conns);
	each_allocation_fails(looked_for, NULL);
	each_allocation_fails(transferred, NULL);
	each_allocation_fails(transferred, "after consultation");
}

#define CALL_TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CALL_TEST(the_callee_gives_its_place_away),
		CALL_TEST(the_caller_gives_its_place_away),
		CALL_TEST(several_may_come),
		CALL_TEST(nobody_comes_and_the_call_is_as_it_was),
		CALL_TEST(a_transferor_may_leave_first),
		CALL_TEST(the_next_ones_are_tried),
		CALL_TEST(rounds_share_their_media),
		CALL_TEST(one_refuses_for_all),
		CALL_TEST(nobody_answers_in_time),
		CALL_TEST(the_one_who_stays_may_leave),
		CALL_TEST(who_cannot_follow_ends_it),
		CALL_TEST(who_is_busy_with_another_offer_follows_after_it),
		CALL_TEST(one_after_another),
		CALL_TEST(after_consultation_the_other_call_ends),
		CALL_TEST(a_consultation_that_fails_leaves_both),
		CALL_TEST(a_caller_takes_a_place),
		CALL_TEST(a_place_that_is_not_given),
		CALL_TEST(a_caller_without_offer_takes_a_place),
		CALL_TEST(a_caller_gives_up_at_once),
		cmocka_unit_test(memory_runs_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
