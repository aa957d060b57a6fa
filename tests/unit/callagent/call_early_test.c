// SPDX-License-Identifier: GPL-3.0-or-later
/* What is agreed on with a caller before the answer (RFC 3262 5, RFC 6337 2.2): later descriptions are offers to it. */
#include "base/log.h"
#include "fakes.h"

static struct calls calls;
static struct mgcp_gw *gw;
static struct call *call;
static struct leg *a, *b1, *b2;

static void offers(struct leg *l, struct slice body)
{
	call_on_progress(l, &(struct leg_news){.status = 183, .sdp = body, .offers = true});
}

static int setup(void **state)
{
	calls = (struct calls){.ring_ms = 20000};
	calls_init(&calls);
	gw = mem_alloc(sizeof(*gw), NULL);
	list_init(&conns);
	conns_made = 0;
	gateway_err = 0;
	gateway_err_from = 0;
	said[0] = '\0';
	return 0;
}

static int teardown(void **state)
{
	calls_fini(&calls);
	mem_deref(gw);
	return list_empty(&conns) ? 0 : -1;
}

static void ring(struct slice offer)
{
	assert_int_equal(call_new(&call, &calls, gw), 0);
	a = party_new("a", SIDE_A, AF_INET);
	b1 = party_new("b1", SIDE_B, AF_INET);
	b2 = party_new("b2", SIDE_B, AF_INET);
	assert_int_equal(call_add_leg(call, a), 0);
	assert_int_equal(call_add_leg(call, b1), 0);
	assert_int_equal(call_add_leg(call, b2), 0);
	call_start(call, &(struct leg_news){.sdp = offer});
	gateway_answers();
	said[0] = '\0';
}

static void over(void)
{
	struct leg *const legs[] = {a, b1, b2};
	for (int i = 0; i < 3; i++)
		mem_ref(legs[i]);
	for (int i = 0; i < 3; i++) {
		if (legs[i]->state != LEG_CLOSED)
			news(call_on_closed, legs[i], 0, SLICE_NONE);
		mem_deref(legs[i]);
	}
	gateway_answers();
	assert_int_equal(calls_count(&calls), 0);
	assert_true(list_empty(&conns));
}

static void the_callee_offers_and_the_caller_answers_before_the_answer(void **state)
{
	ring(SLICE_NONE);
	offers(b1, sdp("192.0.2.2", AUDIO(6000)));
	gateway_answers();
	assert_said("gw: crcx 1 sendrecv 6000\ngw: crcx 2 with 1 recvonly\na: progress 183 20004\n");
	news(call_on_agreed, a, 0, sdp("192.0.2.1", AUDIO(4000)));
	gateway_answers();
	assert_said("gw: mdcx 2 sendrecv 4000 arm 2\nb1: confirm 20002\n");
	news(call_on_answered, b1, 200, SLICE_NONE);
	gateway_answers();
	assert_non_null(strstr(said, "a: answer 200 20004\n"));
	assert_null(strstr(said, "confirm"));
	news(call_on_confirmed, a, 0, SLICE_NONE);
	assert_int_equal(call->state, CALL_ACTIVE);
	over();
}

/* One who answers after the caller has agreed with another: the caller is offered that first, and then told. */
static void another_one_answers(void **state)
{
	for (int with_offer = 0; with_offer < 2; with_offer++) {
		ring(with_offer ? sdp("192.0.2.1", AUDIO(4000)) : SLICE_NONE);
		if (with_offer)
			news(call_on_progress, b1, 183, sdp("192.0.2.2", AUDIO(6000)));
		else
			offers(b1, sdp("192.0.2.2", AUDIO(6000)));
		gateway_answers();
		news(call_on_agreed, a, 0, with_offer ? SLICE_NONE : sdp("192.0.2.1", AUDIO(4000)));
		gateway_answers();
		said[0] = '\0';
		news(call_on_answered, b2, 200, sdp("192.0.2.3", "m=audio 8000 RTP/AVP 8\r\n"));
		gateway_answers();
		assert_non_null(strstr(said, "a: reoffer 2000"));
		assert_null(strstr(said, "a: answer"));
		said[0] = '\0';
		news(call_on_reoffer_done, a, 200, sdp("192.0.2.1", "m=audio 4000 RTP/AVP 8\r\n"));
		gateway_answers();
		assert_non_null(strstr(said, "a: answer 200\n"));
		assert_true((strstr(said, "b2: confirm 2000") != NULL) == !with_offer);
		assert_int_equal(call->state, CALL_ACTIVE);
		news(call_on_confirmed, a, 0, SLICE_NONE);
		over();
		said[0] = '\0';
		conns_made = 0;
	}
}

static void a_caller_that_refuses_that_has_no_call(void **state)
{
	ring(SLICE_NONE);
	offers(b1, sdp("192.0.2.2", AUDIO(6000)));
	gateway_answers();
	news(call_on_agreed, a, 0, sdp("192.0.2.1", AUDIO(4000)));
	gateway_answers();
	news(call_on_closed, b1, 486, SLICE_NONE);
	news(call_on_answered, b2, 200, sdp("192.0.2.3", "m=audio 8000 RTP/AVP 8\r\n"));
	gateway_answers();
	said[0] = '\0';
	news(call_on_reoffer_done, a, 488, SLICE_NONE);
	assert_non_null(strstr(said, "a: release 488\n"));
	assert_non_null(strstr(said, "b2: release 488\n"));
	over();
}

/* Who cannot be offered anything before the answer is told with it, as ever. */
static void a_caller_without_update(void **state)
{
	ring(sdp("192.0.2.1", AUDIO(4000)));
	news(call_on_progress, b1, 183, sdp("192.0.2.2", AUDIO(6000)));
	gateway_answers();
	news(call_on_agreed, a, 0, SLICE_NONE);
	container_of(a, struct party, leg)->refuse = -ENOTCONN;
	news(call_on_answered, b2, 200, sdp("192.0.2.3", "m=audio 8000 RTP/AVP 8\r\n"));
	gateway_answers();
	assert_non_null(strstr(said, "a: reoffer"));
	assert_non_null(strstr(said, "a: answer 200 2000"));
	news(call_on_confirmed, a, 0, SLICE_NONE);
	assert_int_equal(call->state, CALL_ACTIVE);
	over();
}

static void a_stand_in_until_somebody_describes_something(void **state)
{
	ring(SLICE_NONE);
	container_of(a, struct party, leg)->refuse = -ENODATA;
	news(call_on_progress, b1, 180, SLICE_NONE);
	assert_said("a: progress 180\ngw: crcx 1 recvonly\ngw: crcx 2 with 1 recvonly\n");
	gateway_answers();
	assert_said("a: progress 180 20004\n");
	/* An answer before the caller has acknowledged that waits for it. */
	news(call_on_answered, b1, 200, sdp("192.0.2.2", AUDIO(6000)));
	gateway_answers();
	assert_null(strstr(said, "a: "));
	news(call_on_agreed, a, 0, sdp("192.0.2.1", AUDIO(4000)));
	gateway_answers();
	assert_non_null(strstr(said, "a: reoffer 20004\n"));
	said[0] = '\0';
	news(call_on_reoffer_done, a, 200, sdp("192.0.2.1", AUDIO(4000)));
	gateway_answers();
	assert_said("gw: mdcx 1 sendrecv 6000 arm 2\ngw: mdcx 2 sendrecv 4000 arm 2\nb1: confirm 20002\na: answer 200\n");
	news(call_on_confirmed, a, 0, SLICE_NONE);
	over();
}

/* --- preconditions (RFC 3312) of a caller, and a called party that knows none ----------------------------------------- */

#define NEEDS(now) AUDIO(4000) "a=curr:qos local " now "\r\na=des:qos mandatory local sendrecv\r\n"

static void ring_conditional(struct slice offer)
{
	assert_int_equal(call_new(&call, &calls, gw), 0);
	a = party_new("a", SIDE_A, AF_INET);
	b1 = party_new("b1", SIDE_B, AF_INET);
	b2 = party_new("b2", SIDE_B, AF_INET);
	a->origin.conditions = true;
	assert_int_equal(call_add_leg(call, a), 0);
	assert_int_equal(call_add_leg(call, b1), 0);
	assert_int_equal(call_add_leg(call, b2), 0);
	call_start(call, &(struct leg_news){.sdp = offer});
	gateway_answers();
	said[0] = '\0';
}

static void called_once_the_callers_part_is_reserved(void **state)
{
	ring_conditional(sdp("192.0.2.1", NEEDS("none")));
	assert_true(call_on_unconditional(b1));
	assert_said("a: progress 183 20002\n");
	news(call_on_agreed, a, 0, SLICE_NONE);
	assert_true(call_on_unconditional(b2));
	assert_said("");
	news(call_on_reoffer, a, 0, sdp("192.0.2.1", NEEDS("send")));
	gateway_answers();
	assert_said("a: reply 200 20002\n");
	news(call_on_reoffer, a, 0, sdp("192.0.2.1", NEEDS("sendrecv")));
	gateway_answers();
	assert_said("a: reply 200 20002\nb1: offer 20004\nb2: offer 20004\n");
	news(call_on_answered, b2, 200, sdp("192.0.2.3", "m=audio 8000 RTP/AVP 8\r\n"));
	gateway_answers();
	assert_non_null(strstr(said, "a: reoffer 20002\n"));
	news(call_on_reoffer_done, a, 200, sdp("192.0.2.1", "m=audio 4000 RTP/AVP 8\r\n"));
	gateway_answers();
	assert_non_null(strstr(said, "a: answer 200\n"));
	over();
}

static void called_at_once_when_it_is(void **state)
{
	ring_conditional(sdp("192.0.2.1", NEEDS("sendrecv")));
	assert_true(call_on_unconditional(b1));
	assert_said("b1: offer 20004\n");
	news(call_on_answered, b1, 200, sdp("192.0.2.2", AUDIO(6000)));
	gateway_answers();
	assert_non_null(strstr(said, "a: answer 200 20002\n"));
	over();
}

/* Somebody else knows them: what that one and the caller agree on serves the one who waits, too. */
static void another_one_agrees(void **state)
{
	ring_conditional(sdp("192.0.2.1", NEEDS("none")));
	news(call_on_progress, b2, 183, sdp("192.0.2.3", AUDIO(8000) "a=curr:qos remote none\r\n"));
	gateway_answers();
	news(call_on_agreed, a, 0, SLICE_NONE);
	said[0] = '\0';
	assert_true(call_on_unconditional(b1));
	assert_said("");
	news(call_on_reoffer, a, 0, sdp("192.0.2.1", NEEDS("sendrecv")));
	assert_said("b2: reoffer 20004\n");
	news(call_on_reoffer_done, b2, 200, sdp("192.0.2.3", AUDIO(8000)));
	gateway_answers();
	assert_non_null(strstr(said, "a: reply 200"));
	assert_non_null(strstr(said, "b1: offer 20004\n"));
	over();
}

static void what_nobody_can_vouch_for_is_refused(void **state)
{
	ring_conditional(sdp("192.0.2.1", AUDIO(4000) "a=curr:foo e2e none\r\na=des:foo mandatory e2e sendrecv\r\n"));
	assert_false(call_on_unconditional(b1));
	assert_said("");
	news(call_on_closed, b1, 420, SLICE_NONE);
	news(call_on_closed, b2, 420, SLICE_NONE);
	assert_non_null(strstr(said, "a: release 420\n"));
	over();
}

/* A call that the caller gives up while its answer waits leaves nothing. */
static void given_up_meanwhile(void **state)
{
	ring(SLICE_NONE);
	container_of(a, struct party, leg)->refuse = -ENODATA;
	news(call_on_progress, b1, 180, SLICE_NONE);
	gateway_answers();
	news(call_on_answered, b1, 200, sdp("192.0.2.2", AUDIO(6000)));
	gateway_answers();
	news(call_on_closed, a, 487, SLICE_NONE);
	over();
}

/* --- memory runs out -------------------------------------------------------------------------------------------------- */

static void close_if_open(struct leg *l)
{
	if (l->call && l->state != LEG_CLOSED)
		news(call_on_closed, l, 0, SLICE_NONE);
}

static void talk_conditional(struct call *c, struct leg *la, struct leg *lb)
{
	call_start(c, &(struct leg_news){.sdp = sdp("192.0.2.1", NEEDS("none"))});
	gateway_answers();
	if (c->state != CALL_RINGING || !call_on_unconditional(lb))
		return;
	news(call_on_agreed, la, 0, SLICE_NONE);
	news(call_on_reoffer, la, 0, sdp("192.0.2.1", NEEDS("sendrecv")));
	gateway_answers();
	if (lb->state == LEG_OFFERED)
		news(call_on_answered, lb, 200, sdp("192.0.2.3", "m=audio 6002 RTP/AVP 8\r\n"));
	gateway_answers();
	if (c->reofferer)
		news(call_on_reoffer_done, la, 200, sdp("192.0.2.1", "m=audio 4000 RTP/AVP 8\r\n"));
	gateway_answers();
}

enum { OFFERS, STANDS_IN, CONDITIONAL };

static void talk(struct call *c, struct leg *la, struct leg *lb, bool stands_in)
{
	container_of(la, struct party, leg)->refuse = stands_in ? -ENODATA : 0;
	call_start(c, &(struct leg_news){0});
	if (stands_in)
		news(call_on_progress, lb, 180, SLICE_NONE);
	else
		offers(lb, sdp("192.0.2.2", AUDIO(6000)));
	gateway_answers();
	if (c->offered)
		news(call_on_agreed, la, 0, sdp("192.0.2.1", AUDIO(4000)));
	gateway_answers();
	if (c->state == CALL_RINGING)
		news(call_on_answered, lb, 200, sdp("192.0.2.3", AUDIO(6002)));
	gateway_answers();
	if (c->reofferer)
		news(call_on_reoffer_done, la, 200, sdp("192.0.2.1", AUDIO(4000)));
	gateway_answers();
}

static void body(void *arg)
{
	struct mgcp_gw *g = mem_alloc(sizeof(*g), NULL);
	struct leg *la = party_new("a", SIDE_A, AF_INET), *lb = party_new("b1", SIDE_B, AF_INET);
	struct call *c = NULL;
	calls = (struct calls){.ring_ms = 20000};
	conns_made = 0;
	int err = calls_init(&calls);
	if (!err && g && la && lb)
		err = call_new(&c, &calls, g);
	if (!c || call_add_leg(c, la)) {
		mem_deref(la);
		mem_deref(lb);
		goto out;
	}
	la->origin.conditions = *(int *)arg == CONDITIONAL;
	mem_ref(la);
	mem_ref(lb);
	if (call_add_leg(c, lb)) {
		mem_deref(lb);
		call_end(c, CALL_BY_TANDEM, &(struct leg_news){.status = 500});
	} else {
		mem_ref(c);
		if (*(int *)arg == CONDITIONAL)
			talk_conditional(c, la, lb);
		else
			talk(c, la, lb, *(int *)arg == STANDS_IN);
		mem_deref(c);
	}
	close_if_open(la);
	close_if_open(lb);
	gateway_answers();
	assert_int_equal(calls_count(&calls), 0);
	mem_deref(la);
	mem_deref(lb);
out:
	calls_fini(&calls);
	mem_deref(g);
	said[0] = '\0';
}

static void memory_runs_out(void **state)
{
	list_init(&conns);
	for (int how = OFFERS; how <= CONDITIONAL; how++)
		each_allocation_fails(body, &how);
}

#define CALL_TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CALL_TEST(the_callee_offers_and_the_caller_answers_before_the_answer),
		CALL_TEST(another_one_answers),
		CALL_TEST(a_caller_that_refuses_that_has_no_call),
		CALL_TEST(a_caller_without_update),
		CALL_TEST(a_stand_in_until_somebody_describes_something),
		CALL_TEST(given_up_meanwhile),
		CALL_TEST(called_once_the_callers_part_is_reserved),
		CALL_TEST(called_at_once_when_it_is),
		CALL_TEST(another_one_agrees),
		CALL_TEST(what_nobody_can_vouch_for_is_refused),
		cmocka_unit_test(memory_runs_out),
	};
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
