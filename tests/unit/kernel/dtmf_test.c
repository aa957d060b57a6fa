// SPDX-License-Identifier: GPL-3.0-or-later
/* Telephone-events (RFC 4733): told of once at their beginning and once at their end, whatever the network does. */
#include "unit.h"
#include "tandem/dtmf.h"
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct heard {
	uint32_t timestamp;
	uint8_t code;
	bool end;
	uint16_t duration;
	bool marker;
};

/* What is told, as text: "+5" begins, "-5/800" ends after 800 units. */
static void hear(const struct heard *h, size_t n, char *told, size_t size)
{
	struct tandem_policy s = {0};
	size_t len = 0;
	told[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		struct tandem_packet p = {.timestamp = h[i].timestamp, .pt = 101, .marker = h[i].marker};
		struct tandem_dtmf_news news;
		tandem_dtmf_hear(&s, &p, (uint32_t)h[i].code << 24 | (uint32_t)h[i].end << 23 | 10u << 16 | h[i].duration, &news);
		for (uint32_t k = 0; k < news.n; k++) {
			uint32_t v = news.event[k].value;
			if (news.event[k].kind == TANDEM_EV_DTMF)
				len += (size_t)snprintf(told + len, size - len, "+%u ", v);
			else
				len += (size_t)snprintf(told + len, size - len, "-%u/%u ", v >> 24, v & 0xffffff);
		}
	}
}

static void events_are_told_once(void **state)
{
	static const struct {
		const char *name;
		struct heard heard[9];
		size_t n;
		const char *told;
	} rows[] = {
		{"a digit", {{1000, 5, 0, 160, 1}, {1000, 5, 0, 320, 0}, {1000, 5, 1, 480, 0}, {1000, 5, 1, 480, 0}, {1000, 5, 1, 480, 0}}, 5, "+5 -5/480 "},
		{"its first packets are lost", {{1000, 5, 0, 480, 0}, {1000, 5, 1, 640, 0}}, 2, "+5 -5/640 "},
		{"all but the last are lost", {{1000, 11, 1, 640, 0}, {1000, 11, 1, 640, 0}}, 2, "+11 -11/640 "},
		{"late ones", {{1000, 5, 0, 160, 1}, {1000, 5, 1, 480, 0}, {1000, 5, 0, 320, 0}}, 3, "+5 -5/480 "},
		{"the end is lost, another follows", {{1000, 5, 0, 160, 1}, {1000, 5, 0, 320, 0}, {9000, 6, 0, 160, 1}, {9000, 6, 1, 320, 0}}, 4,
		 "+5 -5/320 +6 -6/320 "},
		{"the end is lost, the same follows", {{1000, 5, 0, 160, 1}, {9000, 5, 0, 160, 1}, {9000, 5, 1, 320, 0}}, 3, "+5 -5/160 +5 -5/320 "},
		{"the next overtakes the end", {{1000, 5, 0, 160, 1}, {9000, 6, 0, 160, 1}, {1000, 5, 1, 480, 0}, {9000, 6, 1, 320, 0}}, 4,
		 "+5 -5/160 +6 -6/320 "},
		{"the same twice", {{1000, 5, 0, 160, 1}, {1000, 5, 1, 480, 0}, {3000, 5, 0, 160, 1}, {3000, 5, 1, 480, 0}}, 4, "+5 -5/480 +5 -5/480 "},
		{"segments", {{1000, 5, 0, 160, 1}, {1000, 5, 0, 0xffff, 0}, {1000 + 0xffff, 5, 0, 160, 0}, {1000 + 0xffff, 5, 1, 480, 0}}, 4,
		 "+5 -5/66015 "},
		{"a segment's last packets are lost",
		 {{1000, 5, 0, 160, 1}, {1000, 5, 0, 60000, 0}, {1000 + 0xffff, 5, 0, 160, 0}, {1000 + 0xffff, 5, 1, 480, 0}}, 4, "+5 -5/66015 "},
		{"shorter segments", {{1000, 5, 0, 0x3fff, 1}, {1000 + 0x3fff, 5, 0, 160, 0}, {1000 + 0x3fff, 5, 1, 480, 0}}, 3, "+5 -5/16863 "},
		{"a packet of the segment before comes late",
		 {{1000, 5, 0, 0xffff, 1}, {1000 + 0xffff, 5, 0, 160, 0}, {1000, 5, 0, 0xffff, 0}, {1000 + 0xffff, 5, 1, 480, 0}}, 4, "+5 -5/66015 "},
		{"timestamps wrap", {{0xffffff00, 1, 0, 160, 1}, {0xffffff00, 1, 1, 480, 0}, {0x300, 2, 0, 160, 1}, {0x300, 2, 1, 320, 0}}, 4,
		 "+1 -1/480 +2 -2/320 "},
		{"another sender's timestamps", {{0x70000000, 1, 1, 160, 1}, {0x100, 2, 1, 160, 1}}, 2, "+1 -1/160 +2 -2/160 "},
		{"the first event at timestamp 0", {{0, 0, 0, 0, 1}, {0, 0, 1, 160, 0}}, 2, "+0 -0/160 "},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char told[128];
		hear(rows[i].heard, rows[i].n, told, sizeof told);
		if (strcmp(told, rows[i].told))
			fail_msg("%s: \"%s\", not \"%s\"", rows[i].name, told, rows[i].told);
	}
}

static void an_endless_event_counts_no_further(void **state)
{
	struct tandem_policy s = {0};
	struct tandem_dtmf_news news;
	for (uint32_t i = 0; i < 1000; i++) {
		struct tandem_packet p = {.timestamp = i * 0xffff};
		tandem_dtmf_hear(&s, &p, 3u << 24 | 0xffff, &news);
		assert_int_equal(news.n, !i);
	}
	struct tandem_packet p = {.timestamp = 1000 * 0xffff};
	tandem_dtmf_hear(&s, &p, 3u << 24 | 0x800000 | 0xffff, &news);
	assert_int_equal(news.n, 1);
	assert_int_equal(news.event[0].value, 3u << 24 | 0xffffff);
}

static void payload_types_are_told_apart(void **state)
{
	struct tandem_in in = {.event_pt = TANDEM_EVENT_PT | 101}, none = {0};
	assert_true(tandem_dtmf_is(&in, 101));
	assert_true(tandem_dtmf_is(&in, 0x80 | 101));
	assert_false(tandem_dtmf_is(&in, 0));
	assert_false(tandem_dtmf_is(&none, 0));
	assert_false(tandem_dtmf_is(&none, 0x80));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_are_told_once),
		cmocka_unit_test(an_endless_event_counts_no_further),
		cmocka_unit_test(payload_types_are_told_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
