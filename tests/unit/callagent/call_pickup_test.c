// SPDX-License-Identifier: GPL-3.0-or-later
/* Somebody answers in the place of one who still rings, and transfers to one who still rings. */
#include "transfer.h"

static void a_ringing_call_is_picked_up(void **state)
{
	struct leg *a, *b, *d;
	struct call *c = ringing("a", &a, &b, &d, AUDIO(4000));
	struct leg *n = party_new("n", SIDE_A, AF_INET);
	assert_int_equal(asks_for_place(call_pick_up, b, n), 0);
	gateway_answers();
	assert_said("b: release 200\nd: release 200\ngw: mdcx 2 sendrecv 9000 arm 2\nn: answer 200 20004\na: answer 200 20002\n");
	closed(b);
	closed(d);
	assert_ptr_equal(c->winner, n);
	assert_int_equal(c->state, CALL_ACTIVE);
	news(call_on_confirmed, n, 0, SLICE_NONE);
	news(call_on_confirmed, a, 0, SLICE_NONE);
	assert_int_equal(call_may_transfer(n), 0);
	closed(a);
	closed(n);
	assert_over(c);
}

/* The one who has come is reached another way: its media are its own. */
static void a_pick_up_from_elsewhere(void **state)
{
	struct leg *a, *b;
	struct call *c = ringing("a", &a, &b, NULL, AUDIO(4000) "a=sendonly\r\n");
	struct leg *n = party_new("n", SIDE_A, AF_INET6);
	assert_int_equal(asks_for_place(call_pick_up, b, n), 0);
	gateway_answers();
	assert_non_null(strstr(said, "n: answer 200 20008/sendonly\na: answer 200 20006/recvonly\n"));
	closed(b);
	closed(n);
	closed(a);
	assert_over(c);
}

/* The caller has made no offer: it gets that of who has come, whose answer is the caller's. */
static void a_call_without_offer_is_picked_up(void **state)
{
	struct leg *a, *b;
	struct call *c = ringing("a", &a, &b, NULL, NULL);
	struct leg *n = party_new("n", SIDE_A, AF_INET), *none = party_new("none", SIDE_A, AF_INET);
	assert_int_equal(call_pick_up(b, none, &(struct leg_news){0}), 488);
	mem_deref(none);
	assert_int_equal(asks_for_place(call_pick_up, b, n), 0);
	gateway_answers();
	assert_said("b: release 200\ngw: crcx 1 sendrecv 9000\ngw: crcx 2 with 1 recvonly\na: answer 200 20004\n");
	closed(b);
	news(call_on_confirmed, a, 0, sdp("192.0.2.1", AUDIO(4000)));
	gateway_answers();
	assert_non_null(strstr(said, "n: answer 200 20002\n"));
	news(call_on_confirmed, n, 0, SLICE_NONE);
	assert_int_equal(n->state, LEG_ACTIVE);
	closed(a);
	closed(n);
	assert_over(c);
}

/* Who comes has made no offer: it gets the caller's, and answers with its confirmation. */
static void a_pick_up_without_offer(void **state)
{
	struct leg *a, *b;
	for (int answers = 0; answers < 2; answers++) {
		struct call *c = ringing("a", &a, &b, NULL, AUDIO(4000));
		struct leg *n = party_new("n", SIDE_A, AF_INET);
		assert_int_equal(call_pick_up(b, n, &(struct leg_news){0}), 0);
		gateway_answers();
		assert_non_null(strstr(said, "b: release 200\nn: answer 200 2000"));
		closed(b);
		news(call_on_confirmed, n, 0, answers ? sdp("192.0.2.9", AUDIO(9000)) : SLICE_NONE);
		gateway_answers();
		assert_non_null(strstr(said, answers ? "a: answer 200" : "a: release 502"));
		assert_int_equal(c->state, answers ? CALL_ACTIVE : CALL_ENDING);
		closed(a);
		closed(n);
		assert_over(c);
	}
}

static void a_pick_up_that_fails_lets_it_ring(void **state)
{
	struct leg *a, *b;
	struct call *c = ringing("a", &a, &b, NULL, AUDIO(4000));
	struct leg *n = party_new("n", SIDE_A, AF_INET);
	assert_int_equal(asks_for_place(call_pick_up, a, n), 481);
	assert_int_equal(call_pick_up(b, n, &(struct leg_news){.sdp = sdp("192.0.2.9", "m=audio 9000 RTP/AVP 9\r\n")}), 488);
	assert_int_equal(call_pick_up(b, n, &(struct leg_news){.sdp = sdp("192.0.2.9", "m=audio 9000 RTP/AVP 0\r\nm=video 9002 RTP/AVP 31\r\n")}), 488);
	/* No ports for it. */
	struct leg *v6 = party_new("v6", SIDE_A, AF_INET6);
	gateway_err = -EIO;
	gateway_err_from = 3;
	assert_int_equal(asks_for_place(call_pick_up, b, v6), 0);
	gateway_answers();
	assert_non_null(strstr(said, "v6: release 503\n"));
	closed(v6);
	gateway_err = 0;
	/* Too late. */
	v6 = party_new("w6", SIDE_A, AF_INET6);
	said[0] = '\0';
	news(call_on_answered, b, 200, sdp("192.0.2.2", AUDIO(6000)));
	gateway_answers();
	assert_non_null(strstr(said, "a: answer 200"));
	assert_int_equal(asks_for_place(call_pick_up, b, v6), 481);
	mem_deref(v6);
	mem_deref(n);
	closed(a);
	closed(b);
	assert_over(c);
}

static void a_transfer_waits_for_who_still_rings(void **state)
{
	struct leg *a, *b, *b2, *x;
	struct call *c = answered("a", "b", &a, &b), *other = ringing("b2", &b2, &x, NULL, AUDIO(5000));
	named = b2;
	ask(b, "of b2");
	assert_said("b: transfer 180\n");
	assert_int_equal(call_may_transfer(b), 491);
	comes(x);
	said[0] = '\0';
	news(call_on_confirmed, b2, 0, SLICE_NONE);
	gateway_answers();
	assert_non_null(strstr(said, "b: reoffer"));
	news(call_on_reoffer_done, x, 200, sdp("192.0.2.9", AUDIO(9000)));
	gateway_answers();
	assert_ptr_equal(c->winner, x);
	assert_non_null(strstr(said, "b: transfer 200\nb: release\n"));
	closed(b);
	closed(b2);
	mem_deref(other);
	closed(x);
	closed(a);
	assert_over(c);
}

static void a_transfer_that_waited_in_vain(void **state)
{
	struct leg *a, *b, *b2, *x;
	struct call *c = answered("a", "b", &a, &b), *other = ringing("b2", &b2, &x, NULL, AUDIO(5000));
	named = b2;
	ask(b, "of b2");
	said[0] = '\0';
	news(call_on_closed, x, 486, SLICE_NONE);
	assert_non_null(strstr(said, "b: transfer 486\n"));
	assert_int_equal(call_may_transfer(b), 0);
	closed(b2);
	mem_deref(other);
	/* It rings for somebody else. */
	other = ringing("b2", &b2, &x, NULL, AUDIO(5000));
	snprintf(b2->target, sizeof(b2->target), "somebody");
	named = b2;
	ask(b, "of b2");
	assert_said("b: transfer 403\n");
	*b2->target = '\0';
	/* The call whose party was to go there ends first: what rings goes on. */
	ask(b, "of b2");
	closed(a);
	closed(b);
	mem_deref(c);
	gateway_answers();
	comes(x);
	news(call_on_confirmed, b2, 0, SLICE_NONE);
	assert_int_equal(other->state, CALL_ACTIVE);
	closed(b2);
	closed(x);
	assert_over(other);
}

/* Somebody answers in the place of one whom a transfer rings. */
static void a_transfer_is_picked_up(void **state)
{
	struct leg *a, *b;
	for (int offers = 0; offers < 2; offers++) {
		struct call *c = answered("a", "b", &a, &b);
		struct leg *n = party_new("n", SIDE_A, AF_INET);
		x1 = party_new("x", SIDE_B, AF_INET);
		assert_int_equal(asks_for_place(call_pick_up, b, n), 481);
		transfers(b);
		said[0] = '\0';
		assert_int_equal(offers ? asks_for_place(call_pick_up, x1, n) : call_pick_up(x1, n, &(struct leg_news){0}), 0);
		assert_non_null(strstr(said, "x: release 200\n"));
		closed(x1);
		gateway_answers();
		if (offers)
			follows(a);
		else
			news(call_on_confirmed, n, 0, sdp("192.0.2.9", AUDIO(9000)));
		gateway_answers();
		assert_non_null(strstr(said, "b: transfer 200\nb: release\n"));
		assert_ptr_equal(c->winner, n);
		closed(b);
		if (!offers)
			follows(a);
		closed(n);
		closed(a);
		assert_over(c);
	}
}

static void picked_up(void *arg)
{
	struct leg *a, *b, *n = NULL;
	gw = mem_alloc(sizeof(*gw), NULL);
	struct call *c = !gw || open_calls() ? NULL : ringing("a", &a, &b, NULL, AUDIO(4000));
	if (!c)
		goto out;
	n = c->state == CALL_RINGING ? party_new("n", SIDE_A, AF_INET6) : NULL;
	if (n && asks_for_place(call_pick_up, b, n))
		n = mem_deref(n);
	gateway_answers();
	close_if_open(n);
	close_if_open(b);
	close_if_open(a);
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
	each_allocation_fails(picked_up, NULL);
}

#define CALL_TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CALL_TEST(a_ringing_call_is_picked_up),
		CALL_TEST(a_pick_up_from_elsewhere),
		CALL_TEST(a_call_without_offer_is_picked_up),
		CALL_TEST(a_pick_up_without_offer),
		CALL_TEST(a_pick_up_that_fails_lets_it_ring),
		CALL_TEST(a_transfer_waits_for_who_still_rings),
		CALL_TEST(a_transfer_that_waited_in_vain),
		CALL_TEST(a_transfer_is_picked_up),
		cmocka_unit_test(memory_runs_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
