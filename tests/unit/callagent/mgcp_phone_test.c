// SPDX-License-Identifier: GPL-3.0-or-later
/* Telephones driven by MGCP: what their endpoints are asked for and what the other party is told, in order. Each request is read by a gateway's parser. */
#include "mgcp_lines.h"

static const char text[] =
	"address inside {\n local = {\"127.0.0.1\"}\n}\n"
	"line desk {\n endpoint = \"aaln/1\"\n number = \"2001\"\n digit-map = \"xxx\"\n}\n"
	"line hall {\n endpoint = \"aaln/2\"\n number = \"2002\"\n hotline = \"2001\"\n caller-id = no\n call-waiting = no\n flash = no\n re-answer-time = 5s\n ring = r4\n}\n"
	"line pbx {\n endpoint = \"ds/1\"\n kind = pbx\n digit-map = \"xxx\"\n}\n"
	"line pay {\n endpoint = \"aaln/3\"\n reversal = yes\n open-loop = yes\n digit-map = \"xxx\"\n}\n"
	"site here {\n emergency = {\"112\"}\n emergency-to = \"hall\"\n}\n"
	"route desk {\n called = \"2001\"\n to = \"desk\"\n}\n"
	"route hall {\n called = \"202\"\n to = \"hall\"\n}\n";

#define IDLE   "aaln/1: R L/hd(E(R(L/hu(N),D/[0-9*#T](D)),S(L/dl),D(xxx)))"
#define TALKS  "R L/hu(N),L/hf(N)"
#define PLAIN  "R L/hu(N)" /* without a service by flash */

static int setup(void **state)
{
	lines_open(text);
	/* 12 January 2026, noon, wherever the test runs. */
	setenv("TZ", "UTC", 1);
	static const char *const names[] = {"aaln/1", "aaln/2"};
	for (size_t i = 0; i < 2; i++) {
		serve(names[i], MGCP_SERVICE_IN, true);
		all_answered(names[i]);
	}
	assert_said(IDLE "\naaln/2: R L/hd(N)\n");
	return 0;
}

static int teardown(void **state)
{
	return lines_close();
}

/* Without the time of day in it. */
static const char *without_time(void)
{
	char *at;
	while ((at = strstr(said, "L/ci(")) && strncmp(at + 5, "T,", 2)) {
		char *comma = strchr(at, ',');
		at[5] = 'T';
		memmove(at + 6, comma, strlen(comma) + 1);
	}
	return said;
}

static void it_rings_with_who_calls_and_answers(void **state)
{
	call_line("desk", "2001");
	assert_non_null(strstr(without_time(), "aaln/1: R L/hd(N) S L/rg,L/ci(T,\"555\",\"Anna\")\n"));
	said[0] = '\0';
	all_answered("aaln/1");
	assert_said("a: progress 180\n");
	happens("aaln/1", "L/hd");
	assert_said("aaln/1: " TALKS "\ngw: mdcx 3 sendrecv arm 1\n");
	gateway_answers();
	assert_non_null(strstr(said, "a: answer 200"));
	news(call_on_confirmed, a, 0, SLICE_NONE);
	said[0] = '\0';
	happens("aaln/1", "L/hu");
	assert_said("gw: drop 3\na: release\ngw: dlcx 1\ngw: dlcx 2\n" IDLE "\n");
	news(call_on_closed, a, 0, SLICE_NONE);
	assert_over();
}

/* A call that is about to ring there, and its user who begins one of its own: off hook, or with the number already. */
static void a_user_may_be_faster_than_a_call(void **state)
{
	for (int dialled = 0; dialled < 2; dialled++) {
		all_answered("aaln/1");
		gateway_slow_from = conns_made + 3;
		call_line("desk", "2001");
		happens("aaln/1", dialled ? "D/2,D/0,D/2" : "L/hd");
		gateway_slow_from = 0;
		gateway_answers();
		assert_non_null(strstr(said, "a: release 486\n"));
		news(call_on_closed, a, 0, SLICE_NONE);
		gateway_answers();
		assert_int_equal(calls_count(&agent.calls), dialled);
		happens("aaln/1", "L/hu");
		assert_over();
	}
}

static void a_call_for_help_is_beyond_any_limit(void **state)
{
	agent.calls.most = 0;
	happens("aaln/1", "L/hd");
	happens("aaln/1", "D/1,D/1,D/2");
	gateway_answers();
	assert_int_equal(calls_count(&agent.calls), 1);
	happens("aaln/1", "L/hu");
	happens("aaln/1", "D/2,D/0,D/2");
	gateway_answers();
	assert_int_equal(calls_count(&agent.calls), 0);
	assert_over();
}

static void nobody_is_told_of_a_hidden_caller(void **state)
{
	static const struct shown hidden = {.number = "555", .display = "Anna", .presentation = PRESENT_RESTRICTED}, odd = {.number = "555", .display = "A\\b\"c"}, named = {.number = "anna"};
	call_line_from("desk", "2001", &hidden);
	assert_non_null(strstr(without_time(), "L/ci(T,\"P\",\"P\")"));
	news(call_on_closed, a, 487, SLICE_NONE);
	assert_over();
	call_line_from("desk", "2001", &odd);
	assert_non_null(strstr(without_time(), "L/ci(T,\"555\",\"Abc\")"));
	news(call_on_closed, a, 487, SLICE_NONE);
	assert_over();
	call_line_from("desk", "2001", &named);
	assert_non_null(strstr(without_time(), "L/ci(T,\"O\",\"anna\")"));
	news(call_on_closed, a, 487, SLICE_NONE);
	assert_over();
	/* A line of its own ring, without caller ID. */
	call_line("hall", "202");
	assert_non_null(strstr(said, "aaln/2: R L/hd(N) S L/r4\n"));
	news(call_on_closed, a, 487, SLICE_NONE);
	assert_over();
}

static void a_phone_off_hook_is_busy(void **state)
{
	call_line("desk", "2001");
	said[0] = '\0';
	answered("aaln/1", 401);
	/* What it does is not disturbed. */
	assert_string_equal(said, "gw: drop 3\na: release 486\ngw: dlcx 1\ngw: dlcx 2\n");
	news(call_on_closed, a, 0, SLICE_NONE);
	assert_over();
	happens_to("aaln/1", "D/2,D/0,D/9", true);
	assert_non_null(strstr(said, "aaln/1: R L/hu(N),L/hf(N)\n"));
	assert_over();
}

static void one_that_cannot_ring_is_unavailable(void **state)
{
	call_line("desk", "2001");
	said[0] = '\0';
	answered("aaln/1", 513);
	assert_non_null(strstr(said, "a: release 480"));
	assert_non_null(strstr(said, IDLE));
	news(call_on_closed, a, 0, SLICE_NONE);
	assert_over();
	/* Nor has its user a call without one. */
	gateway_err = -EBUSY;
	gateway_err_from = conns_made + 1;
	happens("aaln/1", "D/2,D/0,D/2");
	gateway_answers();
	said[0] = '\0';
	clock_test_advance(1);
	assert_said("aaln/1: " TALKS " S G/cg\n");
	happens("aaln/1", "L/hu");
	gateway_err = 0;
	assert_over();
	/* No connection: no call. */
	gateway_err = -EBUSY;
	gateway_err_from = conns_made + 3;
	call_line("desk", "2001");
	clock_test_advance(1);
	assert_non_null(strstr(said, "a: release 503"));
	news(call_on_closed, a, 0, SLICE_NONE);
	gateway_err = 0;
	assert_over();
}

static void out_of_service_it_takes_no_calls(void **state)
{
	serve("aaln/1", MGCP_SERVICE_LEAVING, false);
	call_line("desk", "2001");
	clock_test_advance(1);
	assert_non_null(strstr(said, "a: release 480"));
	news(call_on_closed, a, 0, SLICE_NONE);
	assert_over();
	serve("aaln/1", MGCP_SERVICE_OUT, false);
	assert_string_equal(tel_lines_find(&agent.tel_lines, SLICE("desk"))->down, "out of service");
	/* Back, but nobody knows where its hook is. */
	serve("aaln/1", MGCP_SERVICE_IN, false);
	assert_said(IDLE "\naaln/1: audit\n");
	answered("aaln/1", 401);
	assert_said("aaln/1: R L/hu(N),L/hf(N),D/[0-9*#T](D) S L/dl D xxx\n");
}

/* From the desk to the hall, both ours. */
static void talk(void)
{
	happens("aaln/1", "D/2,D/0,D/2");
	gateway_answers();
	all_answered("aaln/2");
	gateway_answers();
	happens("aaln/2", "L/hd");
	gateway_answers();
	clock_test_advance(1);
	gateway_answers();
	clock_test_advance(1);
	all_answered("aaln/1");
	all_answered("aaln/2");
}

static void one_calls_the_other(void **state)
{
	happens("aaln/1", "D/2,D/0,D/2");
	assert_said("aaln/1: " TALKS "\ngw: crcx 1 at aaln/1 recvonly\n");
	gateway_answers();
	assert_non_null(strstr(said, "aaln/2: R L/hd(N) S L/r4\n"));
	said[0] = '\0';
	all_answered("aaln/2");
	assert_said("aaln/1: " TALKS " S G/rt\n");
	happens("aaln/2", "L/hd");
	gateway_answers();
	clock_test_advance(1);
	gateway_answers();
	assert_non_null(strstr(said, "aaln/1: " TALKS "\n"));
	said[0] = '\0';
	happens("aaln/2", "L/hu");
	/* It may be taken up again. */
	assert_said("aaln/2: R L/hd(N)\n");
	happens("aaln/2", "L/hd");
	assert_said("aaln/2: " PLAIN "\n");
	happens("aaln/2", "L/hu");
	said[0] = '\0';
	clock_test_advance(5000);
	assert_non_null(strstr(said, "aaln/1: " TALKS " S L/ro\n"));
	said[0] = '\0';
	clock_test_advance(30000);
	assert_said("aaln/1: " TALKS " S L/ot\n");
	happens("aaln/1", "L/hu");
	assert_over();
}

static void what_failed_calls_sound_like(void **state)
{
	static const struct {
		const char *digits, *tone;
	} rows[] = {{"D/T", "L/ro"}, {"D/9,D/9,D/9", "L/ro"}, {"D/2,D/T", "L/ro"}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char want[64];
		happens("aaln/1", rows[i].digits);
		gateway_answers();
		snprintf(want, sizeof(want), "S %s\n", rows[i].tone);
		assert_non_null(strstr(said, want));
		happens("aaln/1", "L/hu");
		assert_over();
	}
}

static void flash_without_the_service_does_nothing(void **state)
{
	talk();
	said[0] = '\0';
	happens("aaln/2", "L/hf");
	assert_said("aaln/2: " PLAIN "\n");
	happens("aaln/1", "L/hf");
	assert_non_null(strstr(said, "aaln/1: R L/hu(N),L/hf(N),D/[0-9*#T](D) S L/dl D xxx\n"));
	gateway_answers();
	clock_test_advance(1);
	gateway_answers();
	/* Nobody else: it rings back when the handset is put down. */
	said[0] = '\0';
	happens("aaln/1", "L/hu");
	assert_non_null(strstr(without_time(), "aaln/1: R L/hd(N) S L/rg,L/ci("));
	happens("aaln/1", "L/hd");
	gateway_answers();
	happens("aaln/1", "L/hu");
	gateway_answers();
	happens("aaln/2", "L/hu");
	assert_over();
}

/* The one who has called hears that it is on hold, and the telephone's user may dial. */
static void hold_the_first(void)
{
	call_line("desk", "2001");
	all_answered("aaln/1");
	happens("aaln/1", "L/hd");
	gateway_answers();
	news(call_on_confirmed, a, 0, SLICE_NONE);
	clock_test_advance(1);
	happens("aaln/1", "L/hf");
	gateway_answers();
	news(call_on_reoffer_done, a, 200, sdp("192.0.2.1", AUDIO(4000) "a=inactive\r\n"));
	gateway_answers();
}

/* There was nothing to ask of the gateway for the first call; for the second one there is. */
static void a_call_waits_for_its_connection_whatever_was_before(void **state)
{
	hold_the_first();
	said[0] = '\0';
	happens("aaln/1", "D/2,D/0,D/2");
	clock_test_advance(1);
	assert_said("aaln/1: " TALKS "\ngw: mdcx 3 recvonly arm 1\n");
	gateway_answers();
	assert_non_null(strstr(said, "aaln/2: R L/hd(N) S L/r4\n"));
	happens("aaln/1", "L/hu");
	happens("aaln/1", "L/hd");
	happens("aaln/1", "L/hu");
	news(call_on_closed, a, 0, SLICE_NONE);
	assert_over();
}

/* Package BL has less, and its own names. */
static void a_telephone_system_is_asked_by_package_bl(void **state)
{
	serve("ds/1", MGCP_SERVICE_IN, true);
	assert_said("ds/1: R BL/hd(E(R(BL/hu(N),D/[0-9*#T](D)),S(BL/dl),D(xxx)))\n");
	mgcp_line_messages(mgcp_lines_find(&agent.mgcp_lines, SLICE("pbx")), true);
	assert_said("ds/1: R BL/hd(E(R(BL/hu(N),D/[0-9*#T](D)),S(BL/dl),D(xxx)))\n");
	all_answered("ds/1");
	call_line("pbx", "1");
	assert_non_null(strstr(said, "ds/1: R BL/hd(N) S BL/rg\n"));
	said[0] = '\0';
	happens("ds/1", "BL/hd");
	gateway_answers();
	assert_non_null(strstr(said, "ds/1: R BL/hu(N),BL/hf(N)\n"));
	said[0] = '\0';
	news(call_on_closed, a, 0, SLICE_NONE);
	gateway_answers();
	assert_non_null(strstr(said, "S BL/ro\n"));
	happens("ds/1", "BL/hu");
	assert_over();
}

/* Its polarity says that it is answered, and an open loop that the other party has gone. */
static void a_pay_station_is_told_by_the_loop(void **state)
{
	serve("aaln/3", MGCP_SERVICE_IN, true);
	all_answered("aaln/3");
	happens("aaln/3", "D/2,D/0,D/2");
	gateway_answers();
	all_answered("aaln/2");
	said[0] = '\0';
	happens("aaln/2", "L/hd");
	gateway_answers();
	clock_test_advance(1);
	gateway_answers();
	assert_non_null(strstr(said, "aaln/3: " TALKS " S L/lsa(+)\n"));
	happens("aaln/3", "L/hf");
	happens("aaln/3", "L/hf");
	gateway_answers();
	said[0] = '\0';
	happens("aaln/2", "L/hu");
	clock_test_advance(5000);
	assert_non_null(strstr(said, "aaln/3: " TALKS " S L/osi,L/lsa(-)\n"));
	happens("aaln/3", "L/hu");
	assert_over();
}

static void messages_light_the_lamp_once(void **state)
{
	struct mgcp_line *l = mgcp_lines_find(&agent.mgcp_lines, SLICE("desk"));
	mgcp_line_messages(l, true);
	assert_said("aaln/1: R L/hd(E(R(L/hu(N),D/[0-9*#T](D)),S(L/mwi),D(xxx))) S L/vmwi(+)\n");
	serve("aaln/1", MGCP_SERVICE_IN, false);
	assert_said("aaln/1: R L/hd(E(R(L/hu(N),D/[0-9*#T](D)),S(L/mwi),D(xxx)))\naaln/1: audit\n");
	mgcp_line_messages(l, false);
	assert_said(IDLE " S L/vmwi(-)\n");
}

static void a_restart_of_the_gateway_ends_its_calls(void **state)
{
	talk();
	said[0] = '\0';
	serve("aaln/2", MGCP_SERVICE_IN, true);
	gateway_answers();
	assert_non_null(strstr(said, "aaln/2: R L/hd(N)\n"));
	assert_non_null(strstr(said, "aaln/1: " TALKS " S "));
	happens("aaln/1", "L/hu");
	assert_over();
}

static void settle(void)
{
	for (int i = 0; i < 3; i++) {
		gateway_answers();
		all_answered("aaln/1");
		all_answered("aaln/2");
		clock_test_advance(1);
	}
}

/* The first party is on hold, and the second one has answered; its connections come after `gateway_slow_from`. */
static void consult(void)
{
	hold_the_first();
	happens("aaln/1", "D/2,D/0,D/2");
	settle();
	happens("aaln/2", "L/hd");
	settle();
	said[0] = '\0';
}

static void all_hang_up(void)
{
	happens("aaln/1", "L/hu");
	settle();
	happens("aaln/2", "L/hu");
	clock_test_advance(6000);
	settle();
	news(call_on_closed, a, 0, SLICE_NONE);
	assert_over();
}

/* The gateway has not answered yet when the second one is let go: nobody is to be joined to the first, whose own wishes are heard again. */
static void who_is_left_before_they_are_joined_is_heard(void **state)
{
	consult();
	gateway_slow_from = 3;
	happens("aaln/1", "L/hf");
	assert_non_null(strstr(said, "gw: mdcx 3 confrnce"));
	happens("aaln/1", "L/hf");
	gateway_answers();
	news(call_on_reoffer_done, a, 200, sdp("192.0.2.1", AUDIO(4000)));
	gateway_answers();
	news(call_on_reoffer, a, 0, sdp("192.0.2.1", AUDIO(4002)));
	gateway_answers();
	assert_null(strstr(said, "a: reply"));
	gateway_slow_from = 0;
	settle();
	assert_non_null(strstr(said, "a: reply 200"));
	all_hang_up();
}

/* In a three-way call the gateway cannot do what one party describes: that is told to that one alone. */
static void a_failure_is_told_to_whom_it_concerns(void **state)
{
	consult();
	happens("aaln/1", "L/hf");
	settle();
	news(call_on_reoffer_done, a, 200, sdp("192.0.2.1", AUDIO(4000)));
	settle();
	struct leg *second = &mgcp_lines_find(&agent.mgcp_lines, SLICE("hall"))->leg->leg;
	gateway_err = -EINVAL;
	gateway_err_from = gateway_err_to = 3;
	gateway_slow_from = 3;
	said[0] = '\0';
	news(call_on_reoffer, second, 0, sdp("192.0.2.1", AUDIO(4100)));
	news(call_on_reoffer, a, 0, sdp("192.0.2.1", AUDIO(4002)));
	gateway_answers();
	assert_non_null(strstr(said, "gw: mdcx 3 confrnce"));
	gateway_slow_from = 0;
	gateway_answers();
	assert_non_null(strstr(said, "a: reply 200"));
	gateway_err = 0;
	all_hang_up();
}

/* Another process has no such line, or it talks to somebody else: what is left is a leg that is over, not a call that nobody is in. */
static void a_leg_without_its_line_is_not_taken_over(void **state)
{
	struct buf record = buf_growing();
	struct leg *l;
	call_line("desk", "2001");
	happens("aaln/1", "L/hd");
	gateway_answers();
	news(call_on_confirmed, a, 0, SLICE_NONE);
	b->kind->save(b, &record);
	assert_true(record.len > 0);
	assert_int_equal(leg_mgcp_restore(&l, SIDE_B, "gone", buf_text(&record), &agent.mgcp_lines), -EADDRNOTAVAIL);
	assert_int_equal(leg_mgcp_restore(&l, SIDE_B, "desk", buf_text(&record), &agent.mgcp_lines), -EADDRNOTAVAIL);
	assert_int_equal(leg_mgcp_restore(&l, SIDE_B, "gone", SLICE_NONE, &agent.mgcp_lines), 0);
	mem_deref(l);
	buf_reset(&record);
	happens("aaln/1", "L/hu");
	news(call_on_closed, a, 0, SLICE_NONE);
	assert_over();
}

/* A call, on hold and back, and hung up: whatever memory is missing, everybody can call again. */
static void whole_life(void *arg)
{
	static const char *const steps[][2] = {
		{"aaln/1", "D/2,D/0,D/2"}, {"aaln/2", "L/hd"}, {"aaln/1", "L/hf"}, {"aaln/1", "L/hf"}, {"aaln/1", "L/hu"}, {"aaln/2", "L/hu"},
	};
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		happens(steps[i][0], steps[i][1]);
		settle();
		said[0] = '\0';
	}
	clock_test_advance(6000);
	/* A telephone that still rings for somebody on hold is taken, and put back. */
	for (size_t i = 0; i < 4; i++) {
		happens(i % 2 ? "aaln/2" : "aaln/1", i < 2 ? "L/hd" : "L/hu");
		settle();
		said[0] = '\0';
	}
	for (size_t i = 0; i < 2; i++) {
		happens(i ? "aaln/2" : "aaln/1", "L/hu");
		clock_test_advance(6000);
		settle();
	}
	assert_over();
}

static void out_of_memory_is_clean(void **state)
{
	each_allocation_fails(whole_life, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(it_rings_with_who_calls_and_answers),
		T(a_user_may_be_faster_than_a_call),
		T(a_call_for_help_is_beyond_any_limit),
		T(nobody_is_told_of_a_hidden_caller),
		T(a_phone_off_hook_is_busy),
		T(one_that_cannot_ring_is_unavailable),
		T(out_of_service_it_takes_no_calls),
		T(one_calls_the_other),
		T(what_failed_calls_sound_like),
		T(flash_without_the_service_does_nothing),
		T(a_call_waits_for_its_connection_whatever_was_before),
		T(a_telephone_system_is_asked_by_package_bl),
		T(a_pay_station_is_told_by_the_loop),
		T(messages_light_the_lamp_once),
		T(a_restart_of_the_gateway_ends_its_calls),
		T(who_is_left_before_they_are_joined_is_heard),
		T(a_failure_is_told_to_whom_it_concerns),
		T(a_leg_without_its_line_is_not_taken_over),
		T(out_of_memory_is_clean),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
