// SPDX-License-Identifier: GPL-2.0-or-later
/* Frames and messages in words; and what is read from them. */
#include "isdn/q931.h"
#include "isdn/q931_print.h"
#include "wire.h"

static struct buf out;

/* A frame in hexadecimal, in words. */
static const char *printed(const char *hex)
{
	uint8_t octets[512];
	size_t n = 0;
	for (unsigned v; sscanf(hex, "%2x", &v) == 1; hex += 2) {
		octets[n++] = (uint8_t)v;
		hex += hex[2] == ' ';
	}
	buf_reset(&out);
	q921_print(&out, octets, n);
	return buf_z(&out);
}

static int reset(void **state)
{
	buf_reset(&out);
	return 0;
}

static void frames_are_named(void **state)
{
	assert_string_equal(printed("00 01 7f"), "SABME P/F=1, SAPI 0, TEI 0, C/R 0\n");
	assert_string_equal(printed("02 01 73"), "UA P/F=1, SAPI 0, TEI 0, C/R 1\n");
	assert_string_equal(printed("00 01 01 0b"), "RR N(R)=5 P/F=1, SAPI 0, TEI 0, C/R 0\n");
	assert_string_equal(printed("00 01 09 04"), "REJ N(R)=2 P/F=0, SAPI 0, TEI 0, C/R 0\n");
	assert_string_equal(printed("fc ff 03 0f 00 17 01 ff"), "UI P/F=0, SAPI 63, TEI 127, C/R 0\nTEI management: identity request, reference 23, TEI 127\n");
	assert_string_equal(printed("00 01"), "frame cut short: 0001\n");
}

static void a_setup_is_shown_element_by_element(void **state)
{
	assert_string_equal(printed("02 01 06 0a 08 02 01 23 05 04 03 90 90 a3 18 04 e9 81 83 85 1e 02 81 83 28 03 4a 6f 65 6c 05 21 a3 33 30 31"
				    "70 03 c1 34 32 74 05 21 01 8f 35 35 a1"),
			    "I N(S)=3 N(R)=5 P=0, SAPI 0, TEI 0, C/R 1\n"
			    "SETUP, call 291 of the sender\n"
			    "    Bearer capability: 3.1 kHz audio, 64 kbit/s, A-law\n"
			    "    Channel identification: exclusive, interface 1, channel 5\n"
			    "    Progress indicator: 3, calling party is not ISDN, from: private network here\n"
			    "    Display: \"Joe\"\n"
			    "    Calling party number: \"301\", national, ISDN plan, presentation restricted, network provided\n"
			    "    Called party number: \"42\", subscriber, ISDN plan\n"
			    "    Redirecting number: \"55\", national, ISDN plan, presentation allowed, screening passed, unconditional\n"
			    "    Sending complete\n");
}

static void other_messages_are_shown(void **state)
{
	assert_string_equal(printed("00 01 00 00 08 02 81 23 45 08 02 82 91"),
			    "I N(S)=0 N(R)=0 P=0, SAPI 0, TEI 0, C/R 0\nDISCONNECT, call 291 of the receiver\n    Cause: 17, user busy, from: public network here\n");
	assert_string_equal(printed("00 01 00 00 08 02 00 00 46 18 03 a9 83 81 79 01 80"),
			    "I N(S)=0 N(R)=0 P=0, SAPI 0, TEI 0, C/R 0\nRESTART, global call reference\n"
			    "    Channel identification: exclusive, channel 1\n    Restart indicator: channels named\n");
	assert_string_equal(printed("00 01 00 00 03 02 00 00 0f 01 01 c2 18 03 a9 83 9f"),
			    "I N(S)=0 N(R)=0 P=0, SAPI 0, TEI 0, C/R 0\nSERVICE, global call reference\n    Change status: out of service\n"
			    "    Channel identification: exclusive, channel 31\n");
	assert_string_equal(printed("00 01 00 00 08 02 00 07 7d 08 02 80 9e 14 01 0a 9e 01 01 63 55 05 66"),
			    "I N(S)=0 N(R)=0 P=0, SAPI 0, TEI 0, C/R 0\nSTATUS, call 7 of the sender\n    Cause: 30, response to STATUS ENQUIRY, from: user\n"
			    "    Call state: 10, active\n    Originating line information: 63\n    cut short: 550566\n");
}

static void nothing_malformed_upsets_it(void **state)
{
	uint8_t frame[] = {0x02, 0x01, 0x06, 0x0a, 0x08, 0x02, 0x01, 0x23, 0x05, 0x04, 0x03, 0x90, 0x90, 0xa3, 0x18, 0x04, 0xe9, 0x81, 0x83, 0x85, 0x1e, 0x02, 0x81,
			   0x83, 0x08, 0x03, 0x01, 0x80, 0x90, 0x6c, 0x05, 0x21, 0xa3, 0x33, 0x30, 0x31, 0x7e, 0x02, 0x04, 0x41, 0x29, 0x02, 0x17, 0x01, 0x95, 0xa1};
	struct q931_head head;
	for (size_t n = 0; n <= sizeof(frame); n++) {
		uint8_t *exact = malloc(n + 1); /* so that the sanitizer sees a read behind its end */
		assert_non_null(exact);
		for (size_t at = 0; at < n; at++)
			for (unsigned v = 0; v < 256; v += 17) {
				memcpy(exact + 1, frame, n);
				exact[1 + at] = (uint8_t)v;
				buf_reset(&out);
				q921_print(&out, exact + 1, n);
				assert_true(out.len > 0);
				q931_head(exact + 1, n, &head);
				q931_cause(exact + 1, n);
				q931_has_progress(exact + 1, n, 8);
			}
		free(exact);
	}
}

static void a_cause_is_read_and_changed(void **state)
{
	uint8_t frame[] = {0x02, 0x01, 0x00, 0x00, 0x08, 0x02, 0x81, 0x23, 0x5a, 0x08, 0x03, 0x01, 0x80, 0xa2, 0x1e, 0x02, 0x82, 0x88};
	struct q931_head head;
	assert_true(q931_head(frame, sizeof(frame), &head));
	assert_int_equal(head.type, Q931_RELEASE_COMPLETE);
	assert_int_equal(head.reference, 0x123);
	assert_true(head.answers);
	assert_int_equal(q931_cause(frame, sizeof(frame)), 34);
	q931_set_value(frame, sizeof(frame), Q931_CAUSE, 65);
	assert_int_equal(q931_cause(frame, sizeof(frame)), 65);
	assert_true(q931_has_progress(frame, sizeof(frame), 8));
	assert_false(q931_has_progress(frame, sizeof(frame), 1));
}

/* All that libpri says in a life of each switch type is understood. */
static void what_libpri_says_is_understood(void **state)
{
	static const struct {
		const char *name;
		int type;
	} types[] = {{"euroisdn", PRI_SWITCH_EUROISDN_E1}, {"ni2", PRI_SWITCH_NI2}, {"dms100", PRI_SWITCH_DMS100}, {"5ess", PRI_SWITCH_LUCENT5E},
		     {"4ess", PRI_SWITCH_ATT4ESS}, {"ni1", PRI_SWITCH_NI1}, {"qsig", PRI_SWITCH_QSIG}};
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		char section[64];
		snprintf(section, sizeof(section), "spans = {\"1\"} switch = \"%s\"", types[i].name);
		wire_start(section, 1, PRI_NETWORK, types[i].type);
		wire.traced = true;
		wire_up();
		DO("isdn setup", "{'call':'b','group':'pri','called':{'number':'301','type':'national','plan':'isdn'},"
				 "'calling':{'number':'891','type':'subscriber','plan':'isdn','name':'Ann'}}");
		wire_run();
		DO("isdn release", "{'call':'b'}");
		wire_run();
		far_lets_go();
		expect("release");
		answered_out();
		wire_pass(15000);
		size_t n;
		json_t *e;
		json_array_foreach(wire.traces, n, e) {
			const char *text = text_of(e, "text");
			if (strstr(text, "cut short") || strstr(text, "unknown") || strstr(text, "of type") || strstr(text, " of codeset"))
				fail_msg("%s: %s", types[i].name, text);
		}
		assert_true(n > 60);
		wire_stop(state);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(frames_are_named, reset),
		cmocka_unit_test_teardown(a_setup_is_shown_element_by_element, reset),
		cmocka_unit_test_teardown(other_messages_are_shown, reset),
		cmocka_unit_test_teardown(nothing_malformed_upsets_it, reset),
		cmocka_unit_test_teardown(a_cause_is_read_and_changed, reset),
		cmocka_unit_test(what_libpri_says_is_understood),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
