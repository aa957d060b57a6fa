// SPDX-License-Identifier: GPL-3.0-or-later
/* Calls with parties and a gateway under the test's hand: what each is asked, in order. */
#include "base/log.h"
#include "fakes.h"

static struct calls calls;
static struct mgcp_gw *gw;
static struct call *call;
static struct leg *a, *b1, *b2;

static int setup(void **state)
{
	calls = (struct calls){.silence_s = 30, .longest_ms = 60000, .ring_ms = 20000};
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
	a = b1 = b2 = NULL;
	return list_empty(&conns) ? 0 : -1;
}

static void make_call(unsigned called, sa_family_t second)
{
	assert_int_equal(call_new(&call, &calls, gw), 0);
	a = party_new("a", SIDE_A, AF_INET);
	b1 = party_new("b1", SIDE_B, AF_INET);
	assert_int_equal(call_add_leg(call, a), 0);
	assert_int_equal(call_add_leg(call, b1), 0);
	if (called > 1) {
		b2 = party_new("b2", SIDE_B, second);
		assert_int_equal(call_add_leg(call, b2), 0);
	}
}

static void start(void)
{
	call_start(call, &(struct leg_news){.sdp = sdp("192.0.2.1", AUDIO(4000))});
}

/* All parties have gone and so have the media: nothing is left. */
static void assert_over(void)
{
	gateway_answers();
	assert_int_equal(calls_count(&calls), 0);
	assert_true(list_empty(&conns));
}

static void answered_call(void)
{
	make_call(1, 0);
	start();
	gateway_answers();
	news(call_on_answered, b1, 200, sdp("192.0.2.2", AUDIO(6000)));
	gateway_answers();
	news(call_on_confirmed, a, 0, SLICE_NONE);
	said[0] = '\0';
}

static void close_both(void)
{
	news(call_on_closed, a, 0, SLICE_NONE);
	news(call_on_closed, b1, 0, SLICE_NONE);
	assert_over();
}

static void a_plain_call(void **state)
{
	make_call(1, 0);
	start();
	assert_said("gw: crcx 1 sendrecv 4000\ngw: crcx 2 with 1 recvonly\n");
	gateway_answers();
	assert_said("b1: offer 20004\n");
	news(call_on_progress, b1, 180, SLICE_NONE);
	assert_said("a: progress 180\n");
	news(call_on_answered, b1, 200, sdp("192.0.2.2", AUDIO(6000)));
	assert_said("gw: mdcx 2 sendrecv 6000 arm 2\n");
	gateway_answers();
	assert_said("a: answer 200 20002\n");
	news(call_on_confirmed, a, 0, SLICE_NONE);
	assert_int_equal(call->state, CALL_ACTIVE);
	news(call_on_closed, a, 0, SLICE_NONE);
	assert_said("b1: release\ngw: dlcx 1\ngw: dlcx 2\n");
	news(call_on_closed, b1, 0, SLICE_NONE);
	assert_int_equal(calls_count(&calls), 1); /* the statistics are still awaited */
	assert_over();
}

static void both_hang_up_at_once(void **state)
{
	answered_call();
	news(call_on_closed, a, 0, SLICE_NONE);
	news(call_on_closed, b1, 0, SLICE_NONE);
	assert_over();
	assert_said("b1: release\ngw: dlcx 1\ngw: dlcx 2\n");
}

static void early_media_then_answer_elsewhere(void **state)
{
	make_call(2, AF_INET);
	start();
	gateway_answers();
	assert_said("gw: crcx 1 sendrecv 4000\ngw: crcx 2 with 1 recvonly\nb1: offer 20004\nb2: offer 20004\n");
	news(call_on_progress, b1, 183, sdp("192.0.2.2", AUDIO(6000)));
	gateway_answers();
	assert_said("gw: mdcx 2 sendrecv 6000 arm 2\na: progress 183 20002\n");
	/* The second to speak is not heard. */
	news(call_on_progress, b2, 183, sdp("192.0.2.3", AUDIO(7000)));
	assert_said("");
	news(call_on_answered, b2, 200, sdp("192.0.2.3", AUDIO(7000)));
	gateway_answers();
	assert_said("b1: release 200\ngw: mdcx 2 sendrecv 7000 arm 3\na: answer 200 20002\n");
	news(call_on_closed, b1, 487, SLICE_NONE);
	assert_int_equal(call->state, CALL_ACTIVE);
	news(call_on_closed, a, 0, SLICE_NONE);
	news(call_on_closed, b2, 0, SLICE_NONE);
	assert_over();
}

/* IPv4 and IPv6 contacts cannot share a port: each family has media of its own, the loser's go. */
static void two_families_ring_at_once(void **state)
{
	make_call(2, AF_INET6);
	start();
	gateway_answers();
	assert_said("gw: crcx 1 sendrecv 4000\ngw: crcx 2 with 1 recvonly\ngw: crcx 3 sendrecv 4000\ngw: crcx 4 with 3 recvonly\n"
		    "b1: offer 20004\nb2: offer 20008\n");
	news(call_on_answered, b2, 200, sdp("192.0.2.3", AUDIO(7000)));
	gateway_answers();
	assert_non_null(strstr(said, "b1: release 200\ngw: dlcx 1\ngw: dlcx 2\n"));
	assert_non_null(strstr(said, "a: answer 200 20006\n"));
	news(call_on_closed, b1, 487, SLICE_NONE);
	news(call_on_closed, a, 0, SLICE_NONE);
	news(call_on_closed, b2, 0, SLICE_NONE);
	assert_over();
}

static void two_answers_at_once(void **state)
{
	make_call(2, AF_INET);
	start();
	gateway_answers();
	news(call_on_answered, b1, 200, sdp("192.0.2.2", AUDIO(6000)));
	said[0] = '\0';
	news(call_on_answered, b2, 200, sdp("192.0.2.3", AUDIO(7000)));
	assert_said("");
	assert_int_equal(b2->state, LEG_CLOSING);
	gateway_answers();
	assert_said("a: answer 200 20002\n");
	news(call_on_closed, b2, 0, SLICE_NONE);
	news(call_on_closed, a, 0, SLICE_NONE);
	news(call_on_closed, b1, 0, SLICE_NONE);
	assert_over();
}

static void best_refusal_is_told(void **state)
{
	make_call(2, AF_INET);
	start();
	gateway_answers();
	said[0] = '\0';
	news(call_on_closed, b1, 503, SLICE_NONE);
	assert_said("");
	news(call_on_closed, b2, 486, SLICE_NONE);
	assert_said("a: release 486\ngw: dlcx 1\ngw: dlcx 2\n");
	news(call_on_closed, a, 0, SLICE_NONE);
	assert_over();
}

static void a_6xx_ends_the_search(void **state)
{
	make_call(2, AF_INET);
	start();
	gateway_answers();
	said[0] = '\0';
	news(call_on_closed, b1, 603, SLICE_NONE);
	assert_said("b2: release 603\na: release 603\ngw: dlcx 1\ngw: dlcx 2\n");
	news(call_on_closed, a, 0, SLICE_NONE);
	news(call_on_closed, b2, 487, SLICE_NONE);
	assert_over();
}

/* A plan of two parties, one after the other. */
static unsigned asked;
static struct leg_news told;

static int two_in_turn(void *plan, struct call *c, const struct leg_news *how, struct leg_news *end)
{
	static const char *const names_of[] = {"b1", "b2"};
	if (how)
		told = *how;
	if (asked == 2)
		return -ENOENT;
	struct leg *l = party_new(names_of[asked++], SIDE_B, AF_INET);
	l->first_ms = 4000;
	l->answer_ms = 10000;
	*(asked == 1 ? &b1 : &b2) = l;
	return call_add_leg(c, l);
}

static void planned(void)
{
	asked = 0;
	assert_int_equal(call_new(&call, &calls, gw), 0);
	a = party_new("a", SIDE_A, AF_INET);
	assert_int_equal(call_add_leg(call, a), 0);
	call->plan.next = two_in_turn;
	start();
	gateway_answers();
	assert_said("gw: crcx 1 sendrecv 4000\ngw: crcx 2 with 1 recvonly\nb1: offer 20004\n");
}

static void the_next_one_is_tried_while_the_caller_rings(void **state)
{
	planned();
	news(call_on_progress, b1, 183, sdp("192.0.2.2", AUDIO(6000)));
	gateway_answers();
	assert_said("gw: mdcx 2 sendrecv 6000 arm 2\na: progress 183 20002\n");
	news(call_on_closed, b1, 503, SLICE_NONE);
	assert_int_equal(told.status, 503);
	assert_said("b2: offer 20004\n");
	news(call_on_progress, b2, 180, SLICE_NONE);
	assert_said("a: progress 180\n");
	news(call_on_answered, b2, 200, sdp("192.0.2.3", AUDIO(7000)));
	gateway_answers();
	assert_said("gw: mdcx 2 sendrecv 7000 arm 3\na: answer 200 20002\n");
	news(call_on_closed, a, 0, SLICE_NONE);
	news(call_on_closed, b2, 0, SLICE_NONE);
	assert_over();
}

static void each_has_its_time(void **state)
{
	planned();
	clock_test_advance(3999);
	assert_said("");
	clock_test_advance(1);
	assert_said("b1: release 408\nb2: offer 20004\n");
	assert_int_equal(told.cause, 102);
	/* 100 is an answer: what is left is the time to answer. */
	call_on_heard(b2);
	news(call_on_closed, b1, 487, SLICE_NONE);
	clock_test_advance(9999);
	assert_said("");
	clock_test_advance(1);
	assert_said("b2: release 408\na: release 408\ngw: dlcx 1\ngw: dlcx 2\n");
	assert_int_equal(told.cause, 19);
	news(call_on_closed, a, 0, SLICE_NONE);
	news(call_on_closed, b2, 487, SLICE_NONE);
	assert_over();
}

static void a_503_of_all_is_a_500(void **state)
{
	planned();
	news(call_on_closed, b1, 503, SLICE_NONE);
	news(call_on_closed, b2, 503, SLICE_NONE);
	assert_said("b2: offer 20004\na: release 500\ngw: dlcx 1\ngw: dlcx 2\n");
	news(call_on_closed, a, 0, SLICE_NONE);
	assert_over();
	/* Lines that are wanting are no failure of ours. */
	conns_made = 0;
	planned();
	call_on_closed(b1, &(struct leg_news){.status = 503, .cause = 34});
	call_on_closed(b2, &(struct leg_news){.status = 503, .cause = 34});
	assert_said("b2: offer 20004\na: release 503\ngw: dlcx 1\ngw: dlcx 2\n");
	news(call_on_closed, a, 0, SLICE_NONE);
	assert_over();
}

static void nobody_answers(void **state)
{
	make_call(1, 0);
	start();
	gateway_answers();
	said[0] = '\0';
	clock_test_advance(20001);
	assert_said("a: release 408\nb1: release 408\ngw: dlcx 1\ngw: dlcx 2\n");
	news(call_on_closed, a, 0, SLICE_NONE);
	news(call_on_closed, b1, 487, SLICE_NONE);
	assert_over();
}

static void given_up_while_ports_are_had(void **state)
{
	make_call(1, 0);
	start();
	said[0] = '\0';
	news(call_on_closed, a, 487, SLICE_NONE);
	assert_said("gw: dlcx 1\ngw: dlcx 2\n");
	assert_over();
	assert_said("");
}

static void no_ports(void **state)
{
	make_call(1, 0);
	start();
	said[0] = '\0';
	gateway_err = -EBUSY;
	gateway_answers();
	assert_said("alarm: 403\na: release 503\n");
	assert_string_equal(call->cdr.released_by, "gateway");
	news(call_on_closed, a, 0, SLICE_NONE);
	assert_over();
}

static void offer_in_the_answer(void **state)
{
	make_call(1, 0);
	call_start(call, &(struct leg_news){0});
	assert_said("b1: offer\n");
	news(call_on_answered, b1, 200, sdp("192.0.2.2", AUDIO(6000)));
	assert_said("gw: crcx 1 sendrecv 6000\ngw: crcx 2 with 1 recvonly\n");
	gateway_answers();
	assert_said("a: answer 200 20004\n");
	news(call_on_confirmed, a, 0, sdp("192.0.2.1", AUDIO(4000)));
	gateway_answers();
	assert_said("gw: mdcx 2 sendrecv 4000 arm 2\nb1: confirm 20002\n");
	close_both();
}

static void hold_and_resume(void **state)
{
	answered_call();
	news(call_on_reoffer, a, 0, sdp("192.0.2.1", AUDIO(4000) "a=sendonly\r\n"));
	assert_said("b1: reoffer 20004/sendonly\n");
	news(call_on_reoffer_done, b1, 200, sdp("192.0.2.2", AUDIO(6000) "a=recvonly\r\n"));
	gateway_answers();
	assert_said("gw: mdcx 1 recvonly arm 2\ngw: mdcx 2 sendonly arm 3\na: reply 200 20002/recvonly\n");
	news(call_on_reoffer, a, 0, sdp("0.0.0.0", AUDIO(4000)));
	assert_said("b1: reoffer 20004/sendonly\n");
	news(call_on_reoffer_done, b1, 200, sdp("192.0.2.2", AUDIO(6000) "a=recvonly\r\n"));
	gateway_answers();
	assert_non_null(strstr(said, "a: reply 200 20002/recvonly\n"));
	said[0] = '\0';
	news(call_on_reoffer, b1, 0, sdp("192.0.2.2", AUDIO(6000)));
	assert_said("a: reoffer 20002\n");
	news(call_on_reoffer_done, a, 200, sdp("192.0.2.1", AUDIO(4000)));
	gateway_answers();
	assert_said("gw: mdcx 2 sendrecv arm 5\ngw: mdcx 1 sendrecv arm 4\nb1: reply 200 20004\n");
	close_both();
}

static void a_stream_added_and_refused(void **state)
{
	answered_call();
	news(call_on_reoffer, a, 0, sdp("192.0.2.1", AUDIO(4000) "m=video 4002 RTP/AVP 31\r\n"));
	assert_said("gw: crcx 3 sendrecv 4002\ngw: crcx 4 with 3 recvonly\n");
	gateway_answers();
	assert_said("b1: reoffer 20004,20008\n");
	news(call_on_reoffer_done, b1, 488, SLICE_NONE);
	assert_said("gw: dlcx 3\ngw: dlcx 4\na: reply 488\n");
	gateway_answers();
	assert_int_equal(call->state, CALL_ACTIVE);
	close_both();
}

static void a_rejected_stream_has_no_ports(void **state)
{
	make_call(1, 0);
	call_start(call, &(struct leg_news){.sdp = sdp("192.0.2.1", AUDIO(4000) "m=video 4002 RTP/AVP 31\r\n")});
	gateway_answers();
	assert_said("gw: crcx 1 sendrecv 4000\ngw: crcx 2 with 1 recvonly\ngw: crcx 3 sendrecv 4002\ngw: crcx 4 with 3 recvonly\nb1: offer 20004,20008\n");
	news(call_on_answered, b1, 200, sdp("192.0.2.2", AUDIO(6000) "m=video 0 RTP/AVP 31\r\n"));
	gateway_answers();
	assert_said("gw: mdcx 2 sendrecv 6000 arm 2\ngw: dlcx 3\ngw: dlcx 4\na: answer 200 20002,0\n");
	close_both();
}

static void a_stream_the_gateway_cannot_do(void **state)
{
	make_call(1, 0);
	gateway_err = -EINVAL;
	gateway_err_from = 3;
	call_start(call, &(struct leg_news){.sdp = sdp("192.0.2.1", AUDIO(4000) "m=video 4002 RTP/AVP 31\r\n")});
	said[0] = '\0';
	gateway_answers();
	assert_said("b1: offer 20004,0\n");
	gateway_err = 0;
	news(call_on_answered, b1, 200, sdp("192.0.2.2", AUDIO(6000) "m=video 0 RTP/AVP 31\r\n"));
	gateway_answers();
	assert_non_null(strstr(said, "a: answer 200 20002,0\n"));
	close_both();
}

static void glare_is_refused(void **state)
{
	answered_call();
	news(call_on_reoffer, a, 0, sdp("192.0.2.1", AUDIO(4000)));
	said[0] = '\0';
	news(call_on_reoffer, b1, 0, sdp("192.0.2.2", AUDIO(6000)));
	assert_said("b1: withdraw\nb1: reply 491\n");
	news(call_on_reoffer_done, b1, 200, sdp("192.0.2.2", AUDIO(6000)));
	gateway_answers();
	assert_non_null(strstr(said, "a: reply 200 20002\n"));
	close_both();
}

/* Who is about another exchange of ours is asked when that is over, by its response or its confirmation. */
static void one_offer_at_a_time(void **state)
{
	for (int confirms = 0; confirms < 2; confirms++) {
		answered_call();
		container_of(b1, struct party, leg)->refuse = -EINPROGRESS;
		news(call_on_reoffer, a, 0, sdp("192.0.2.1", AUDIO(4000) "a=sendonly\r\n"));
		assert_said("b1: reoffer 20004/sendonly\n");
		if (confirms)
			news(call_on_confirmed, b1, 0, SLICE_NONE);
		else
			news(call_on_reoffer_done, b1, 200, sdp("192.0.2.2", AUDIO(6000)));
		assert_said("b1: reoffer 20004/sendonly\n");
		news(call_on_reoffer_done, b1, 200, sdp("192.0.2.2", AUDIO(6000) "a=recvonly\r\n"));
		gateway_answers();
		assert_non_null(strstr(said, "a: reply 200"));
		said[0] = '\0';
		close_both();
		conns_made = 0;
		said[0] = '\0';
	}
}

/* RFC 3261 14.1: after a glare the side that tries again first goes first. */
static void who_tries_again_first_goes_first(void **state)
{
	answered_call();
	news(call_on_reoffer, a, 0, sdp("192.0.2.1", AUDIO(4000) "a=sendonly\r\n"));
	said[0] = '\0';
	nothing_went_out = true;
	news(call_on_reoffer, b1, 0, sdp("192.0.2.2", AUDIO(6000) "a=inactive\r\n"));
	assert_said("b1: withdraw\na: reply 491\na: reoffer 20002/inactive\n");
	nothing_went_out = false;
	news(call_on_reoffer_done, a, 200, sdp("192.0.2.1", AUDIO(4000) "a=inactive\r\n"));
	gateway_answers();
	assert_non_null(strstr(said, "b1: reply 200 20004/inactive\n"));
	said[0] = '\0';
	close_both();
}

static void a_reoffer_is_given_up(void **state)
{
	answered_call();
	for (int answered_anyway = 0; answered_anyway < 2; answered_anyway++) {
		news(call_on_reoffer, a, 0, sdp("192.0.2.1", AUDIO(4000) "a=sendonly\r\n"));
		said[0] = '\0';
		call_on_reoffer_given_up(a);
		assert_said("b1: withdraw\n");
		news(call_on_reoffer_done, b1, answered_anyway ? 200 : 487, sdp("192.0.2.2", AUDIO(6000) "a=recvonly\r\n"));
		assert_said(answered_anyway ? "b1: reoffer 20004\n" : "");
	}
	news(call_on_reoffer_done, b1, 200, sdp("192.0.2.2", AUDIO(6000)));
	assert_said("");
	close_both();
}

static void asked_for_an_offer(void **state)
{
	answered_call();
	news(call_on_reoffer, a, 0, SLICE_NONE);
	assert_said("a: reply 200 20002\n");
	news(call_on_confirmed, a, 0, sdp("192.0.2.1", AUDIO(4000) "a=sendonly\r\n"));
	assert_said("b1: reoffer 20004/sendonly\n");
	news(call_on_reoffer_done, b1, 200, sdp("192.0.2.2", AUDIO(6000) "a=recvonly\r\n"));
	gateway_answers();
	assert_said("gw: mdcx 1 recvonly arm 2\ngw: mdcx 2 sendonly arm 3\n");
	close_both();
}

/* The other party is still to follow when this one offers again: that is refused, and what is under way is not lost. */
static void an_impatient_party_is_refused(void **state)
{
	answered_call();
	news(call_on_reoffer, a, 0, SLICE_NONE);
	news(call_on_confirmed, a, 0, sdp("192.0.2.1", AUDIO(4000) "a=sendonly\r\n"));
	said[0] = '\0';
	news(call_on_reoffer, a, 0, sdp("192.0.2.1", AUDIO(4000)));
	assert_said("a: reply 491\n");
	news(call_on_reoffer_done, b1, 200, sdp("192.0.2.2", AUDIO(6000) "a=recvonly\r\n"));
	gateway_answers();
	assert_said("gw: mdcx 1 recvonly arm 2\ngw: mdcx 2 sendonly arm 3\n");
	close_both();
}

static void lost_media_end_the_call(void **state)
{
	answered_call();
	struct mgcp_conn *c = container_of(list_first(&conns), struct mgcp_conn, link);
	c->h.lost(c->arg, c, MGCP_LOSS_SILENCE, "no media for 30 s");
	assert_said("a: release 503\nb1: release 503\ngw: dlcx 1\ngw: dlcx 2\n");
	assert_int_equal(call->cdr.cause, 102);
	close_both();
	answered_call();
	c = container_of(list_first(&conns), struct mgcp_conn, link);
	c->h.lost(c->arg, c, MGCP_LOSS_CONNECTION, "the gateway has lost the connection");
	assert_int_equal(call->cdr.cause, 41);
	said[0] = '\0';
	close_both();
	answered_call();
	c = container_of(list_first(&conns), struct mgcp_conn, link);
	c->h.lost(c->arg, c, MGCP_LOSS_LINE, "902 loss of lower layer connectivity");
	assert_int_equal(call->cdr.cause, 27);
	said[0] = '\0';
	close_both();
}

/* RFC 3398 8.2.6.1: no peer's silence is a normal clearing. */
static void a_peer_that_is_gone_is_no_normal_end(void **state)
{
	static const struct { unsigned status, cause; } ends[] = {{408, 102}, {481, 41}};
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		answered_call();
		mem_ref(call);
		news(call_on_closed, b1, ends[i].status, SLICE_NONE);
		assert_int_equal(call->cdr.cause, ends[i].cause);
		assert_string_equal(call->cdr.released_by, "called");
		said[0] = '\0';
		news(call_on_closed, a, 0, SLICE_NONE);
		gateway_answers();
		mem_deref(call);
		assert_over();
	}
}

static void a_call_ends_at_its_longest(void **state)
{
	answered_call();
	clock_test_advance(60001);
	assert_said("a: release 503\nb1: release 503\ngw: dlcx 1\ngw: dlcx 2\n");
	close_both();
}

static void a_wrong_answer_fails_the_call(void **state)
{
	make_call(1, 0);
	start();
	gateway_answers();
	said[0] = '\0';
	news(call_on_answered, b1, 200, SLICE("not a description"));
	assert_said("a: release 502\nb1: release 502\ngw: dlcx 1\ngw: dlcx 2\n");
	close_both();
}

static void an_unusable_offer_is_refused(void **state)
{
	make_call(1, 0);
	call_start(call, &(struct leg_news){.sdp = SLICE("rubbish")});
	assert_said("a: release 400\n");
	news(call_on_closed, a, 0, SLICE_NONE);
	assert_over();
}

static void information_crosses(void **state)
{
	answered_call();
	assert_true(call_on_info(a, &(struct leg_news){0}));
	assert_said("b1: info\n");
	close_both();
	make_call(1, 0);
	assert_false(call_on_info(a, &(struct leg_news){0}));
	call_end(call, CALL_BY_OPERATOR, &(struct leg_news){.status = 480});
	news(call_on_closed, a, 0, SLICE_NONE);
	assert_over();
}

/* A caller and a called party that hear each other before the answer. */
static void early_call(void)
{
	make_call(1, 0);
	start();
	gateway_answers();
	news(call_on_progress, b1, 183, sdp("192.0.2.2", AUDIO(6000)));
	gateway_answers();
	said[0] = '\0';
}

/* RFC 3311: either party may change what was agreed on before the answer; the answer is then what was agreed on last. */
static void changed_before_the_answer(void **state)
{
	for (int by_caller = 0; by_caller < 2; by_caller++) {
		struct leg *asker, *other;
		early_call();
		asker = by_caller ? a : b1;
		other = by_caller ? b1 : a;
		news(call_on_reoffer, asker, 0, sdp("192.0.2.7", AUDIO(7000) "a=sendonly\r\n"));
		assert_non_null(strstr(said, by_caller ? "b1: reoffer" : "a: reoffer"));
		news(call_on_reoffer_done, other, 200, sdp("192.0.2.8", AUDIO(8000) "a=recvonly\r\n"));
		gateway_answers();
		assert_non_null(strstr(said, by_caller ? "a: reply 200" : "b1: reply 200"));
		/* An old description in a late response changes nothing any more. */
		news(call_on_progress, b1, 183, sdp("192.0.2.2", AUDIO(6000)));
		said[0] = '\0';
		news(call_on_answered, b1, 200, SLICE_NONE);
		gateway_answers();
		assert_non_null(strstr(said, "a: answer 200 2"));
		assert_non_null(strstr(said, by_caller ? "/recvonly" : "/sendonly"));
		assert_int_equal(call->state, CALL_ACTIVE);
		news(call_on_confirmed, a, 0, SLICE_NONE);
		close_both();
		said[0] = '\0';
	}
}

/* Who cannot be asked before the answer (504, RFC 3311 5.2), or has just answered (491: come back). */
static void not_changed_before_the_answer(void **state)
{
	early_call();
	container_of(b1, struct party, leg)->refuse = -ENOTCONN;
	news(call_on_reoffer, a, 0, sdp("192.0.2.7", AUDIO(7000)));
	assert_said("b1: reoffer 20004\na: reply 504\n");
	news(call_on_reoffer, a, 0, sdp("192.0.2.7", AUDIO(7000)));
	assert_said("b1: reoffer 20004\n");
	news(call_on_answered, b1, 200, sdp("192.0.2.2", AUDIO(6000)));
	assert_true(!strncmp(said, "a: reply 491\n", 13));
	gateway_answers();
	assert_null(strstr(said, "7000")); /* it is the first offer that was answered */
	assert_int_equal(call->state, CALL_ACTIVE);
	news(call_on_confirmed, a, 0, SLICE_NONE);
	said[0] = '\0';
	close_both();
}

/* RFC 4028: the same description again, to one party only. */
static void a_refresh_changes_nothing(void **state)
{
	answered_call();
	call_on_refresh(b1);
	assert_said("b1: reoffer 20004\n");
	news(call_on_reoffer_done, b1, 200, sdp("192.0.2.2", AUDIO(6000)));
	assert_said("");
	close_both();
}

/* --- memory runs out -------------------------------------------------------------------------------------------------- */

static void close_if_open(struct leg *l)
{
	if (l->state != LEG_CLOSED)
		news(call_on_closed, l, 0, SLICE_NONE);
}

static void body(void *arg)
{
	calls = (struct calls){.ring_ms = 20000};
	struct mgcp_gw *g = mem_alloc(sizeof(*g), NULL);
	struct leg *la = party_new("a", SIDE_A, AF_INET), *lb = party_new("b1", SIDE_B, AF_INET);
	struct call *c = NULL;
	conns_made = 0;
	int err = calls_init(&calls);
	if (!err && g && la && lb)
		err = call_new(&c, &calls, g);
	if (!c || call_add_leg(c, la)) {
		mem_deref(la);
		mem_deref(lb);
		goto out;
	}
	mem_ref(la);
	mem_ref(lb);
	if (call_add_leg(c, lb)) {
		mem_deref(lb);
		call_end(c, CALL_BY_TANDEM, &(struct leg_news){.status = 500});
		close_if_open(la);
	} else {
		mem_ref(c);
		call_start(c, &(struct leg_news){.sdp = sdp("192.0.2.1", AUDIO(4000))});
		gateway_answers();
		if (c->state == CALL_RINGING)
			news(call_on_answered, lb, 200, sdp("192.0.2.2", AUDIO(6000)));
		gateway_answers();
		if (c->state == CALL_ACTIVE) {
			news(call_on_confirmed, la, 0, SLICE_NONE);
			news(call_on_reoffer, la, 0, sdp("192.0.2.1", AUDIO(4000) "a=sendonly\r\n"));
			news(call_on_reoffer_done, lb, 200, sdp("192.0.2.2", AUDIO(6000) "a=recvonly\r\n"));
			gateway_answers();
		}
		close_if_open(la);
		close_if_open(lb);
		mem_deref(c);
	}
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
	each_allocation_fails(body, NULL);
}

#define CALL_TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CALL_TEST(a_plain_call),
		CALL_TEST(both_hang_up_at_once),
		CALL_TEST(early_media_then_answer_elsewhere),
		CALL_TEST(two_families_ring_at_once),
		CALL_TEST(two_answers_at_once),
		CALL_TEST(best_refusal_is_told),
		CALL_TEST(a_6xx_ends_the_search),
		CALL_TEST(the_next_one_is_tried_while_the_caller_rings),
		CALL_TEST(each_has_its_time),
		CALL_TEST(a_503_of_all_is_a_500),
		CALL_TEST(nobody_answers),
		CALL_TEST(given_up_while_ports_are_had),
		CALL_TEST(no_ports),
		CALL_TEST(offer_in_the_answer),
		CALL_TEST(hold_and_resume),
		CALL_TEST(a_stream_added_and_refused),
		CALL_TEST(a_rejected_stream_has_no_ports),
		CALL_TEST(a_stream_the_gateway_cannot_do),
		CALL_TEST(glare_is_refused),
		CALL_TEST(one_offer_at_a_time),
		CALL_TEST(who_tries_again_first_goes_first),
		CALL_TEST(a_reoffer_is_given_up),
		CALL_TEST(asked_for_an_offer),
		CALL_TEST(changed_before_the_answer),
		CALL_TEST(not_changed_before_the_answer),
		CALL_TEST(a_refresh_changes_nothing),
		CALL_TEST(an_impatient_party_is_refused),
		CALL_TEST(lost_media_end_the_call),
		CALL_TEST(a_peer_that_is_gone_is_no_normal_end),
		CALL_TEST(a_call_ends_at_its_longest),
		CALL_TEST(a_wrong_answer_fails_the_call),
		CALL_TEST(an_unusable_offer_is_refused),
		CALL_TEST(information_crosses),
		cmocka_unit_test(memory_runs_out),
	};
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
