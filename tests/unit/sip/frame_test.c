// SPDX-License-Identifier: GPL-3.0-or-later
/* Where messages end in a stream: whole, in parts, several at once, and lengths that lie. */
#include "unit.h"
#include "sip/frame.h"
#include <stdio.h>
#include <string.h>

#define START "OPTIONS sip:a@b SIP/2.0\r\n"

static struct sip_frame frame(const char *text)
{
	return sip_frame(slice_str(text), 1000);
}

static void a_message_ends_where_its_length_says(void **state)
{
	static const struct {
		const char *text;
		size_t more; /* bytes of what comes after it */
	} cases[] = {
		{START "Content-Length: 0\r\n\r\n", 0},	{START "Content-Length: 4\r\n\r\nabcd", 0},
		{START "Content-Length: 4\r\n\r\nabcdXXX", 3}, {START "l:4\r\n\r\nabcd\r\n\r\n", 4},
		{START "L : 4\r\n\r\nabcd", 0},		{START "content-length:\r\n 4\r\n\r\nabcd", 0},
		{START "l: 4\r\nContent-Length: 4\r\n\r\nabcd" START, sizeof START - 1},
		{"SIP/2.0 200 OK\r\nl: 0\r\n\r\n", 0},		{START "X: l: 9\r\nl: 2\r\n\r\nabc", 1},
		{START "X: a\r\n l: 9\r\nl: 2\r\n\r\nab", 0},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct sip_frame f = frame(cases[i].text);
		assert_int_equal(f.kind, SIP_FRAME_MESSAGE);
		assert_int_equal(f.len, strlen(cases[i].text) - cases[i].more);
	}
}

static void a_part_is_not_a_message_yet(void **state)
{
	const char *text = START "Via: SIP/2.0/TCP x\r\nContent-Length: 4\r\n\r\nabcd";
	for (size_t n = 0; n < strlen(text); n++)
		assert_int_equal(sip_frame(slice_of(text, n), 1000).kind, SIP_FRAME_MORE);
	assert_int_equal(sip_frame(slice_of(text, strlen(text)), 1000).len, strlen(text));
}

static void a_length_that_lies_is_told(void **state)
{
	static const struct {
		const char *lines;
		unsigned status;
	} cases[] = {
		{"", 400}, {"l: \r\n", 400}, {"l: x\r\n", 400}, {"l: -1\r\n", 400}, {"l: +1\r\n", 400}, {"l: 1 2\r\n", 400}, {"l: 1\r\n 2\r\n", 400},
		{"l: 0x4\r\n", 400}, {"l: 99999999999\r\n", 400}, {"l: 1\r\nl: 2\r\n", 400}, {"l: 1, 2\r\n", 400}, {"l: 4294967295\r\n", 513}, {"l: 2000\r\n", 513},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char text[300];
		snprintf(text, sizeof text, START "%s\r\nabcd", cases[i].lines);
		struct sip_frame f = frame(text);
		assert_int_equal(f.kind, SIP_FRAME_BAD);
		assert_int_equal(f.status, cases[i].status);
		assert_int_equal(f.header.len, strlen(text) - 4);
	}
}

static void what_is_no_sip_is_told_early(void **state)
{
	static const char *const texts[] = {"GET / HTTP/1.1\r\n", "\x16\x03\x01\x02\r\n", " " START, "\n" START, "\rx", "abc\r\n"};
	char endless[9000];
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		struct sip_frame f = frame(texts[i]);
		assert_int_equal(f.kind, SIP_FRAME_BAD);
		assert_int_equal(f.status, 0);
	}
	memset(endless, 'x', sizeof endless);
	assert_int_equal(sip_frame(slice_of(endless, sizeof endless), 65535).kind, SIP_FRAME_BAD);
}

static void a_header_without_an_end_is_bounded(void **state)
{
	char text[1200] = START;
	memset(text + strlen(START), 'x', sizeof text - strlen(START));
	assert_int_equal(sip_frame(slice_of(text, 900), 1000).kind, SIP_FRAME_MORE);
	assert_int_equal(sip_frame(slice_of(text, 1100), 1000).kind, SIP_FRAME_BAD);
}

static void line_ends_between_messages_are_frames(void **state)
{
	struct sip_frame f = frame("\r\n\r\n");
	assert_int_equal(f.kind, SIP_FRAME_CRLF);
	assert_int_equal(f.len, 2);
	assert_int_equal(frame("\r").kind, SIP_FRAME_MORE);
	assert_int_equal(frame("").kind, SIP_FRAME_MORE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_ends_where_its_length_says),
		cmocka_unit_test(a_part_is_not_a_message_yet),
		cmocka_unit_test(a_length_that_lies_is_told),
		cmocka_unit_test(what_is_no_sip_is_told_early),
		cmocka_unit_test(a_header_without_an_end_is_bounded),
		cmocka_unit_test(line_ends_between_messages_are_frames),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
