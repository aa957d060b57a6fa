// SPDX-License-Identifier: GPL-2.0-or-later
/* Overlap sending and receiving (Q.931 5.1.3, 5.2.4), and the timers of calls. */
#include "wire.h"

static int overlap(void **state)
{
	wire_start("spans = {\"1\"} overlap-send = yes overlap-receive = yes t302 = 5s t304 = 7s t310 = 8s t301 = 9s t306 = 3s", 1, PRI_NETWORK, PRI_SWITCH_EUROISDN_E1);
	pri_set_overlapdial(wire.far[1].pri, 1);
	wire_up();
	return 0;
}

static void far_dials(q931_call *c, const char *digits)
{
	for (; *digits; digits++)
		pri_information(wire.far[1].pri, c, *digits);
	wire_run();
}

static void digits_that_come_are_told_until_t302(void **state)
{
	q931_call *c = far_call(1, "30", 1, false, false);
	json_t *told = expect("setup");
	assert_true(json_is_true(json_object_get(told, "overlap")));
	assert_string_equal(text_of(json_object_get(told, "called"), "number"), "30");
	far_expect(1, PRI_EVENT_SETUP_ACK);
	wire_pass(4000);
	far_dials(c, "12");
	assert_string_equal(text_of(expect("digits"), "digits"), "1");
	assert_string_equal(text_of(expect("digits"), "digits"), "2");
	wire_pass(4000);
	expect_nothing();
	wire_pass(1100);
	told = expect("digits");
	assert_string_equal(text_of(told, "digits"), "");
	assert_true(json_is_true(json_object_get(told, "complete")));
	wire_pass(20000);
	expect_nothing();
	DO("isdn proceeding", "{'call':'in-1'}");
	wire_run();
	far_expect(1, PRI_EVENT_PROCEEDING);
}

static void t302_ends_when_the_number_is_known(void **state)
{
	far_call(1, "30", 1, false, false);
	expect("setup");
	DO("isdn alerting", "{'call':'in-1'}");
	wire_pass(20000);
	far_expect(1, PRI_EVENT_RINGING);
	expect_nothing();
}

static void a_number_that_comes_whole_is_told_so(void **state)
{
	far_call(1, "3012", 1, false, true);
	json_t *told = expect("setup");
	assert_true(json_is_false(json_object_get(told, "overlap")));
	assert_null(far_told(1, PRI_EVENT_SETUP_ACK));
}

static void digits_are_sent_and_wait_for_the_far_end(void **state)
{
	struct pri *far = wire.far[1].pri;
	DO("isdn setup", "{'call':'a','group':'pri','called':{'number':'30','complete':false}}");
	DO("isdn digits", "{'call':'a','digits':'12'}");
	wire_run();
	pri_event *e = far_expect(1, PRI_EVENT_RING);
	assert_string_equal(e->ring.callednum, "30");
	assert_int_equal(e->ring.complete, 0);
	q931_call *c = e->ring.call;
	assert_null(far_told(1, PRI_EVENT_INFO_RECEIVED));
	pri_setup_ack(far, c, e->ring.channel, 0, 1);
	wire_run();
	assert_int_equal(int_of(expect("setup-ack"), "progress"), 8);
	assert_string_equal(far_expect(1, PRI_EVENT_INFO_RECEIVED)->ring.callednum, "1");
	assert_string_equal(far_expect(1, PRI_EVENT_INFO_RECEIVED)->ring.callednum, "2");
	DO("isdn digits", "{'call':'a','digits':'3'}");
	wire_run();
	assert_string_equal(far_expect(1, PRI_EVENT_INFO_RECEIVED)->ring.callednum, "3");
	assert_int_equal(ask("isdn digits", "{'call':'a','digits':'x'}", NULL), -EINVAL);
	pri_answer(far, c, 31, 0);
	wire_run();
	expect("answer");
	assert_int_equal(ask("isdn digits", "{'call':'a','digits':'4'}", NULL), -EPROTO);
}

/* The last digit says that it is that (Sending complete, 4.5.27); or that is said alone, when no digit was the last one. */
static void the_end_of_the_number_is_sent(void **state)
{
	struct pri *far = wire.far[1].pri;
	for (int alone = 0; alone < 2; alone++) {
		DO("isdn setup", "{'call':'a','group':'pri','called':{'number':'30','complete':false}}");
		DO("isdn digits", alone ? "{'call':'a','digits':'12'}" : "{'call':'a','digits':'1'}");
		DO("isdn digits", alone ? "{'call':'a','complete':true}" : "{'call':'a','digits':'2','complete':true}");
		wire_run();
		pri_event *e = far_expect(1, PRI_EVENT_RING);
		q931_call *c = e->ring.call;
		pri_setup_ack(far, c, e->ring.channel, 0, 0);
		wire_run();
		expect("setup-ack");
		e = far_expect(1, PRI_EVENT_INFO_RECEIVED);
		assert_string_equal(e->ring.callednum, "1");
		assert_int_equal(e->ring.complete, 0);
		e = far_expect(1, PRI_EVENT_INFO_RECEIVED);
		assert_string_equal(e->ring.callednum, "2");
		assert_int_equal(e->ring.complete, 1);
		assert_int_equal(ask("isdn digits", "{'call':'a','digits':'4'}", NULL), -EPROTO);
		pri_hangup(far, c, 1);
		wire_run();
		far_lets_go();
		expect("release");
	}
	DO("isdn setup", "{'call':'a','group':'pri','called':{'number':'30','complete':false}}");
	wire_run();
	pri_setup_ack(far, far_expect(1, PRI_EVENT_RING)->ring.call, 31, 0, 0);
	wire_run();
	expect("setup-ack");
	DO("isdn digits", "{'call':'a','digits':'','complete':true}");
	wire_run();
	pri_event *e = far_expect(1, PRI_EVENT_INFO_RECEIVED);
	assert_string_equal(e->ring.callednum, "");
	assert_int_equal(e->ring.complete, 1);
	DO("isdn release", "{'call':'a'}");
	wire_run();
	far_lets_go();
	expect("release");
}

/* A frame that is sent once more (Q.921 5.5.7) says the same. */
static void the_end_of_the_number_is_sent_again(void **state)
{
	DO("isdn setup", "{'call':'a','group':'pri','called':{'number':'30','complete':false}}");
	wire_run();
	pri_setup_ack(wire.far[1].pri, far_expect(1, PRI_EVENT_RING)->ring.call, 31, 0, 0);
	wire_run();
	expect("setup-ack");
	wire.far[1].deaf = true;
	DO("isdn digits", "{'call':'a','digits':'7','complete':true}");
	wire_run();
	wire.far[1].deaf = false;
	assert_null(far_told(1, PRI_EVENT_INFO_RECEIVED));
	wire_pass(1500); /* T200 */
	pri_event *e = far_expect(1, PRI_EVENT_INFO_RECEIVED);
	assert_string_equal(e->ring.callednum, "7");
	assert_int_equal(e->ring.complete, 1);
	DO("isdn release", "{'call':'a'}");
	wire_run();
	far_lets_go();
	expect("release");
}

/* What a SETUP has no room for follows it, and then the number is complete. */
static void a_long_number_is_sent_in_parts(void **state)
{
	DO("isdn setup", "{'call':'a','group':'pri','called':{'number':'1234567890123456789012'}}");
	wire_run();
	pri_event *e = far_expect(1, PRI_EVENT_RING);
	assert_string_equal(e->ring.callednum, "12345678901234567890");
	assert_int_equal(e->ring.complete, 0);
	q931_call *c = e->ring.call;
	pri_setup_ack(wire.far[1].pri, c, e->ring.channel, 0, 0);
	wire_run();
	expect("setup-ack");
	assert_int_equal(far_expect(1, PRI_EVENT_INFO_RECEIVED)->ring.complete, 0);
	e = far_expect(1, PRI_EVENT_INFO_RECEIVED);
	assert_string_equal(e->ring.callednum, "2");
	assert_int_equal(e->ring.complete, 1);
	pri_answer(wire.far[1].pri, c, 31, 0);
	wire_run();
	expect("answer");
}

/* A group that sends in one piece knows nothing of more digits: the number waits until it is complete. */
static int en_bloc(void **state)
{
	wire_start("spans = {\"1\"} t302 = 5s", 1, PRI_NETWORK, PRI_SWITCH_EUROISDN_E1);
	wire_up();
	return 0;
}

static void a_group_without_overlap_sends_one_piece(void **state)
{
	assert_int_equal(ask("isdn setup", "{'call':'a','group':'pri','called':{'number':'30','complete':false}}", NULL), -EINVAL);
	DO("isdn setup", "{'call':'a','group':'pri','called':{'number':'1234567890123456789012'}}");
	wire_run();
	pri_event *e = far_expect(1, PRI_EVENT_RING);
	assert_string_equal(e->ring.callednum, "1234567890123456789012");
	assert_int_equal(e->ring.complete, 1);
	DO("isdn release", "{'call':'a'}");
	wire_run();
	far_lets_go();
	expect("release");
}

/* --- timers ------------------------------------------------------------------------------------------------------------ */

static void expect_clearing(uint64_t after, int cause)
{
	wire_pass(after - 100);
	expect_nothing();
	wire_pass(200);
	assert_int_equal(far_expect(1, PRI_EVENT_HANGUP_REQ)->hangup.cause, cause);
	pri_hangup(wire.far[1].pri, wire.far[1].events[wire.far[1].seen - 1].hangup.call, cause);
	wire_run();
	assert_int_equal(int_of(expect("release"), "cause"), cause);
	assert_all_free();
}

static q931_call *far_rung(void)
{
	DO("isdn setup", "{'call':'a','group':'pri','called':{'number':'30','complete':false}}");
	wire_run();
	return far_expect(1, PRI_EVENT_RING)->ring.call;
}

static void t304_ends_a_number_that_never_ends(void **state)
{
	pri_setup_ack(wire.far[1].pri, far_rung(), 31, 0, 0);
	wire_run();
	expect("setup-ack");
	wire_pass(5000);
	DO("isdn digits", "{'call':'a','digits':'3'}");
	expect_clearing(7000, PRI_CAUSE_RECOVERY_ON_TIMER_EXPIRE);
}

static void t310_ends_a_call_that_only_proceeds(void **state)
{
	pri_proceeding(wire.far[1].pri, far_rung(), 31, 0);
	wire_run();
	expect("proceeding");
	expect_clearing(8000, PRI_CAUSE_RECOVERY_ON_TIMER_EXPIRE);
}

static void progress_stops_t310(void **state)
{
	q931_call *c = far_rung();
	pri_proceeding(wire.far[1].pri, c, 31, 0);
	pri_progress(wire.far[1].pri, c, 31, 1);
	wire_run();
	expect("proceeding");
	expect("progress");
	wire_pass(60000);
	expect_nothing();
}

static void t301_ends_a_call_that_nobody_answers(void **state)
{
	pri_acknowledge(wire.far[1].pri, far_rung(), 31, 0);
	wire_run();
	expect("proceeding");
	expect("alerting");
	expect_clearing(9000, PRI_CAUSE_NO_ANSWER);
}

static void t303_sends_setup_again_and_gives_up(void **state)
{
	wire.far[1].mute = false;
	far_rung();
	wire_pass(4100); /* the far libpri takes the second SETUP for the first */
	expect_nothing();
	wire_pass(4000);
	far_lets_go();
	json_t *told = expect("release");
	assert_true(int_of(told, "cause") == PRI_CAUSE_RECOVERY_ON_TIMER_EXPIRE || int_of(told, "cause") == PRI_CAUSE_NO_USER_RESPONSE);
	assert_all_free();
}

/* A far end that never lets go: T305, then T308 twice, and the channel is ours again. */
static void t305_and_t308_end_what_the_far_end_does_not(void **state)
{
	answered_out();
	DO("isdn release", "{'call':'a'}");
	wire_pass(29000);
	far_expect(1, PRI_EVENT_HANGUP_REQ);
	assert_null(far_told(1, PRI_EVENT_HANGUP));
	wire_pass(1200);
	far_expect(1, PRI_EVENT_HANGUP);
	expect_nothing();
	wire_pass(10000);
	expect("release");
	wire_pass(1000);
	assert_all_free();
}

/* CONNECT is never acknowledged. */
static void t313_ends_an_answer_that_nobody_takes(void **state)
{
	pri_connect_ack_enable(wire.far[1].pri, 1);
	far_call(1, "30", 1, false, true);
	expect("setup");
	DO("isdn answer", "{'call':'in-1'}");
	wire_pass(3900);
	far_expect(1, PRI_EVENT_ANSWER);
	expect_nothing();
	wire_pass(200);
	far_lets_go();
	expect("release");
	assert_all_free();
}

/* --- an announcement before clearing ------------------------------------------------------------------------------------ */

/* DISCONNECT with a progress indicator, which the far libpri cannot send, in an unnumbered frame. */
static void far_announces(unsigned reference)
{
	uint8_t frame[] = {0x02, 0x01, 0x03, 0x08, 0x02, (uint8_t)(0x80 | reference >> 8), (uint8_t)reference, 0x45, 0x08, 0x02, 0x82, 0x81, 0x1e, 0x02, 0x82, 0x88, 0, 0};
	assert_int_equal(write(wire.far[1].fd, frame, sizeof(frame)), sizeof(frame));
	wire_run();
}

static void an_announcement_is_heard_until_the_agent_has_enough(void **state)
{
	for (int patient = 0; patient < 2; patient++) {
		pri_proceeding(wire.far[1].pri, far_rung(), 31, 0);
		wire_run();
		expect("proceeding");
		far_announces(patient + 1);
		json_t *told = expect("disconnect");
		assert_int_equal(int_of(told, "cause"), 1);
		assert_int_equal(int_of(told, "progress"), 8);
		if (patient)
			wire_pass(3100); /* T306 */
		else
			DO("isdn release", "{'call':'a'}");
		wire_run();
		far_lets_go();
		told = expect("release");
		assert_int_equal(int_of(told, "cause"), 1);
		assert_true(json_is_true(json_object_get(told, "remote")));
		assert_all_free();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(digits_that_come_are_told_until_t302, overlap, wire_stop),
		cmocka_unit_test_setup_teardown(t302_ends_when_the_number_is_known, overlap, wire_stop),
		cmocka_unit_test_setup_teardown(a_number_that_comes_whole_is_told_so, overlap, wire_stop),
		cmocka_unit_test_setup_teardown(digits_are_sent_and_wait_for_the_far_end, overlap, wire_stop),
		cmocka_unit_test_setup_teardown(the_end_of_the_number_is_sent, overlap, wire_stop),
		cmocka_unit_test_setup_teardown(the_end_of_the_number_is_sent_again, overlap, wire_stop),
		cmocka_unit_test_setup_teardown(a_long_number_is_sent_in_parts, overlap, wire_stop),
		cmocka_unit_test_setup_teardown(a_group_without_overlap_sends_one_piece, en_bloc, wire_stop),
		cmocka_unit_test_setup_teardown(t304_ends_a_number_that_never_ends, overlap, wire_stop),
		cmocka_unit_test_setup_teardown(t310_ends_a_call_that_only_proceeds, overlap, wire_stop),
		cmocka_unit_test_setup_teardown(progress_stops_t310, overlap, wire_stop),
		cmocka_unit_test_setup_teardown(t301_ends_a_call_that_nobody_answers, overlap, wire_stop),
		cmocka_unit_test_setup_teardown(t303_sends_setup_again_and_gives_up, overlap, wire_stop),
		cmocka_unit_test_setup_teardown(t305_and_t308_end_what_the_far_end_does_not, overlap, wire_stop),
		cmocka_unit_test_setup_teardown(t313_ends_an_answer_that_nobody_takes, overlap, wire_stop),
		cmocka_unit_test_setup_teardown(an_announcement_is_heard_until_the_agent_has_enough, overlap, wire_stop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
