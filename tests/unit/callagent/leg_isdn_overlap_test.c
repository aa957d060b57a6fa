// SPDX-License-Identifier: GPL-3.0-or-later
/* Calls of ISDN lines whose number comes digit by digit: gathered, or sent on as it comes. */
#include "isdn_calls.h"

/* RFC 3578: as far as the routing lists numbers it knows when one is whole; else T302 says so, in tandem-isdn. */
static void digits_are_gathered(void **state)
{
	isdn_says("calls", SETUP_IN("{'number':'6'}", ",'overlap':true"));
	in_says("digits", "'digits':'1'");
	assert_said("");
	in_says("digits", "'digits':'1'");
	assert_said("isdn: proceeding in-1\ngw: crcx 1 at ds/ds1-2/3 recvonly\n");
	isdn_gone();
	assert_over();
	isdn_up();
	isdn_says("calls", SETUP_IN("{'number':'0891'}", ",'overlap':true"));
	in_says("digits", "'digits':'23456'");
	assert_said("");
	in_says("digits", "'digits':'','complete':true");
	assert_non_null(strstr(said, "isdn: proceeding in-1\n"));
	gateway_answers();
	assert_non_null(strstr(said, "'number':'89123456'"));
	/* The caller gives up. */
	in_says("release", "'cause':16");
	isdn_gone();
	assert_over();
}

static void take_out_id(void)
{
	struct leg *l;
	call = the_call();
	list_foreach(l, &call->legs, link)
		b = l;
	snprintf(our_id, sizeof(our_id), "%s", isdn_leg_of(b)->call.id);
}

/* Dials 55 over tie, which leads to far whatever follows. */
static void dials_on(void)
{
	isdn_says("calls", SETUP_IN("{'number':'5'}", ",'overlap':true"));
	assert_said("");
	in_says("digits", "'digits':'5'");
	assert_non_null(strstr(said, "at ds/ds1-2/3 recvonly\n"));
	assert_null(strstr(said, "isdn: "));
	in_says("digits", "'digits':'1'"); /* while the channel is made */
	gateway_answers();
	assert_non_null(strstr(said, "isdn: setup OUT {'bearer':'speech','called':{'complete':false,'number':'551','plan':'isdn','type':'unknown'}"));
	take_out_id();
	said[0] = '\0';
}

/* Q.931 5.1.3 at a transit exchange: what is dialled goes on as it comes; the far end knows when it has enough. */
static void digits_go_on_to_a_group_that_takes_them(void **state)
{
	dials_on();
	in_says("digits", "'digits':'2'");
	assert_said("isdn: digits OUT {'complete':false,'digits':'2'}\n");
	out_says("setup-ack", "");
	assert_said("gw: crcx 4 at ds/e1-1/7 recvonly 20006\n");
	gateway_answers();
	in_says("digits", "'digits':'34'");
	assert_said("isdn: digits OUT {'complete':false,'digits':'34'}\n");
	out_says("proceeding", "");
	assert_said("isdn: proceeding in-1\n");
	said[0] = '\0';
	in_says("digits", "'digits':'5'"); /* crosses that */
	assert_said("");
	out_says("alerting", "'progress':8");
	gateway_answers();
	assert_non_null(strstr(said, "isdn: alerting in-1 {'progress':8}\n"));
	out_says("answer", "");
	gateway_answers();
	assert_string_equal(call->cdr.called, "551234");
	assert_string_equal(call->cdr.called_sent, "551234");
	isdn_gone();
	assert_over();
}

/* What the far end lets hear meanwhile is heard, and is not the end of the number (Q.931 5.1.3). */
static void a_second_dial_tone_is_heard(void **state)
{
	dials_on();
	out_says("setup-ack", "'progress':8");
	gateway_answers();
	assert_non_null(strstr(said, "isdn: progress in-1 {'progress':8}\n"));
	assert_null(strstr(said, "isdn: proceeding"));
	said[0] = '\0';
	in_says("digits", "'digits':'2'");
	assert_said("isdn: digits OUT {'complete':false,'digits':'2'}\n");
	out_says("proceeding", "");
	assert_said("isdn: proceeding in-1\n");
	isdn_gone();
	assert_over();
}

static void the_end_of_what_is_dialled_is_told(void **state)
{
	dials_on();
	in_says("digits", "'digits':'','complete':true"); /* T302 */
	assert_said("isdn: proceeding in-1\nisdn: digits OUT {'complete':true,'digits':''}\n");
	out_says("alerting", "");
	gateway_answers();
	assert_null(strstr(said, "isdn: proceeding"));
	assert_non_null(strstr(said, "isdn: alerting in-1"));
	isdn_gone();
	assert_over();
	/* Before there is a channel: as if it had come in one piece. */
	isdn_up();
	isdn_says("calls", SETUP_IN("{'number':'551'}", ",'overlap':true"));
	in_says("digits", "'digits':'2','complete':true");
	gateway_answers();
	assert_non_null(strstr(said, "isdn: proceeding in-1\n"));
	assert_non_null(strstr(said, "'called':{'number':'5512','plan':'isdn','type':'unknown'}"));
	isdn_gone();
	assert_over();
}

/* A number that is answered or refused needs no more. */
static void the_far_end_has_enough(void **state)
{
	static const struct {
		const char *event, *more, *told;
	} rows[] = {{"answer", "", "isdn: proceeding in-1\n"}, {"alerting", "", "isdn: proceeding in-1\n"}, {"release", "'cause':28", "isdn: release in-1 {'cause':28}\n"}};
	for (size_t i = 0; i < 3; i++) {
		dials_on();
		out_says(rows[i].event, rows[i].more);
		gateway_answers();
		assert_non_null(strstr(said, rows[i].told));
		said[0] = '\0';
		in_says("digits", "'digits':'2'");
		assert_said("");
		isdn_gone();
		assert_over();
		isdn_up();
	}
	dials_on();
	out_says("progress", "'progress':8"); /* a second dial tone is not the end */
	gateway_answers();
	said[0] = '\0';
	in_says("digits", "'digits':'2'");
	assert_said("isdn: digits OUT {'complete':false,'digits':'2'}\n");
	isdn_gone();
	assert_over();
}

/* Where what is dialled later may make a difference, the number is waited for. */
static void numbers_that_may_change_are_gathered(void **state)
{
	static const char *const numbers[] = {"", "1", "11", "0", "00", "+", "7", "61"};
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		char line[300];
		snprintf(line, sizeof(line), "{'event':'setup','call':'in-1','group':'tie','endpoint':'ds/ds1-2/3','overlap':true,'called':{'number':'%s'}}", numbers[i]);
		isdn_says("calls", line);
		assert_said("");
		isdn_gone();
		assert_over();
		isdn_up();
	}
}

/* What may become a number for help is waited for, also when it is a listed number, or is one of a group that takes the rest as it is dialled. */
static void what_may_become_a_call_for_help_is_gathered(void **state)
{
	static const char *const groups[] = {"tie", "pri"}, *const types[] = {"unknown", "subscriber"};
	for (size_t i = 0; i < 2; i++) {
		char line[300];
		snprintf(line, sizeof(line), "{'event':'setup','call':'in-1','group':'%s','endpoint':'ds/ds1-2/3','overlap':true,'called':{'number':'1','type':'%s'}}", groups[i], types[i]);
		isdn_says("calls", line);
		in_says("digits", "'digits':'1'");
		assert_said("");
		in_says("digits", "'digits':'2'");
		assert_non_null(strstr(said, "isdn: proceeding in-1\n"));
		gateway_answers();
		assert_string_equal(the_call()->cdr.called, "112");
		assert_int_equal(the_call()->cdr.emergency, EMERGENCY_CALL);
		isdn_gone();
		assert_over();
		isdn_up();
	}
	/* Another number begins like it: that goes on as soon as it is known. */
	isdn_says("calls", "{'event':'setup','call':'in-1','group':'pri','endpoint':'ds/ds1-2/3','overlap':true,'called':{'number':'1','type':'subscriber'}}");
	assert_said("");
	in_says("digits", "'digits':'3'");
	assert_non_null(strstr(said, "at ds/ds1-2/3 recvonly\n"));
	isdn_gone();
	assert_over();
}

/* Beyond a limit digits are taken as long as they may become a number for help. */
static void calls_for_help_digit_by_digit(void **state)
{
	static const struct {
		const char *number, *digits[3];
		bool helped;
	} rows[] = {{"", {"1", "1", "2"}, true}, {"11", {"2"}, true}, {"1", {"1", "3"}, false}, {"2", {NULL}, false}, {"11", {""}, false}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char line[300];
		tel_lines_find(&agent.tel_lines, SLICE("tie"))->limits.max_calls = 1;
		comes_in();
		snprintf(line, sizeof(line), "{'event':'setup','call':'in-2','group':'tie','endpoint':'ds/ds1-2/4','overlap':true,'called':{'number':'%s'}}", rows[i].number);
		said[0] = '\0';
		isdn_says("calls", line);
		for (size_t k = 0; k < 3 && rows[i].digits[k]; k++) {
			assert_string_equal(said, "");
			snprintf(line, sizeof(line), "{'event':'digits','call':'in-2','group':'tie','digits':'%s'%s}", rows[i].digits[k], *rows[i].digits[k] ? "" : ",'complete':true");
			isdn_says("calls", line);
		}
		assert_true(rows[i].helped == !!strstr(said, "isdn: proceeding in-2\n"));
		assert_true(rows[i].helped == !strstr(said, "isdn: release in-2 {'cause':34}\n"));
		isdn_gone();
		assert_over();
		isdn_up();
	}
}

/* A call that is being cleared begins no more, whatever is dialled. */
static void digits_that_cross_our_release(void **state)
{
	isdn_says("calls", SETUP_IN("{'number':'6'}", ",'overlap':true"));
	call_end(the_call(), CALL_BY_OPERATOR, &(struct leg_news){0});
	assert_said("isdn: release in-1 {'cause':16}\n");
	in_says("digits", "'digits':'11'");
	in_says("digits", "'digits':'','complete':true");
	assert_said("");
	in_says("release", "");
	assert_over();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ISDN_TEST(digits_are_gathered),
		ISDN_TEST(digits_go_on_to_a_group_that_takes_them),
		ISDN_TEST(a_second_dial_tone_is_heard),
		ISDN_TEST(the_end_of_what_is_dialled_is_told),
		ISDN_TEST(the_far_end_has_enough),
		ISDN_TEST(numbers_that_may_change_are_gathered),
		ISDN_TEST(what_may_become_a_call_for_help_is_gathered),
		ISDN_TEST(calls_for_help_digit_by_digit),
		ISDN_TEST(digits_that_cross_our_release),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
