// SPDX-License-Identifier: GPL-3.0-or-later
/* Telephone-events (RFC 4733) are told of, and go on to the other side as they are. */
#include "wire.h"
#include <stdio.h>
#include <string.h>

#define EVENT_PT 101
#define MARKER   0x80

static char told[256];

static void on_event(void *arg, uint32_t slot, unsigned event, uint32_t value)
{
	size_t len = strlen(told);
	if (event == TANDEM_EV_DTMF)
		snprintf(told + len, sizeof told - len, "+%u ", value);
	else if (event == TANDEM_EV_DTMF_END)
		snprintf(told + len, sizeof told - len, "-%u/%u ", value >> 24, value & 0xffffff);
}

static const struct digit_case {
	const char *name;
	uint8_t event_pt, first;
	struct {
		uint8_t second, body[16];
		uint32_t timestamp;
	} sent[6];
	const char *told;
} cases[] = {
	{"a digit between voice", EVENT_PT, 0x80,
	 {{0, {9, 9, 9, 9}, 160}, {MARKER | EVENT_PT, {5, 10, 0, 160}, 320}, {EVENT_PT, {5, 10, 1, 64}, 320}, {EVENT_PT, {5, 0x8a, 1, 224}, 320},
	  {EVENT_PT, {5, 0x8a, 1, 224}, 320}, {0, {9, 9, 9, 9}, 800}}, "+5 -5/480 "},
	{"two, the end of the first one lost", EVENT_PT, 0x80,
	 {{MARKER | EVENT_PT, {11, 10, 0, 160}, 320}, {MARKER | EVENT_PT, {12, 10, 0, 160}, 3200}, {EVENT_PT, {12, 0x8a, 1, 64}, 3200}}, "+11 -11/160 +12 -12/320 "},
	{"behind a contributing source and a header extension", EVENT_PT, 0x91,
	 {{MARKER | EVENT_PT, {1, 2, 3, 4, 0xbe, 0xde, 0, 1, 7, 7, 7, 7, 3, 0x8a, 0, 160}, 320}}, "+3 -3/160 "},
	{"an extension longer than the packet", EVENT_PT, 0x90, {{MARKER | EVENT_PT, {0xbe, 0xde, 0xff, 0xff, 3, 0x8a, 0, 160}, 320}}, ""},
	{"another payload type", 96, 0x80, {{MARKER | EVENT_PT, {5, 0x8a, 0, 160}, 320}}, ""},
	{"none was agreed", 0, 0x80, {{MARKER, {5, 0x8a, 0, 160}, 320}, {0, {5, 0x8a, 0, 160}, 320}}, ""},
};

static const char *run_case(struct fastpath *fp, const struct digit_case *c, const bool v6[2], enum fp_engine engine)
{
	uint32_t slot[2];
	struct fp_stats stats;
	uint16_t n = 0;
	const char *wrong = NULL;
	start(fp, slot, v6, 46);
	struct fp_stream s = stream_to(peers[0].ip[v6[0]], true, 46);
	s.event_pt = c->event_pt;
	if (fastpath_upsert(fp, slot[0], &s))
		die("upsert");
	told[0] = '\0';
	for (; !wrong && n < 6 && c->sent[n].timestamp; n++) {
		struct frame in, out;
		build(&in, &peers[0], v6[0], &(struct shape){.seq = (uint16_t)(n + 1), .first = c->first, .second = c->sent[n].second, .payload = 28,
			.timestamp = c->sent[n].timestamp, .body = c->sent[n].body, .body_len = 16});
		put(&peers[0], &in);
		if (!receive(&peers[1], &out, SOON) || memcmp(out.b + out.udp_at + 8, in.b + in.udp_at + 8, 28))
			wrong = "it did not arrive as it was";
	}
	for (int i = 0; i < SOON && strlen(told) < strlen(c->told); i++)
		run_loop(1);
	run_loop(2);
	if (!wrong && strcmp(told, c->told)) {
		static char text[300];
		snprintf(text, sizeof text, "told \"%s\" instead of \"%s\"", told, c->told);
		wrong = text;
	}
	if (!wrong && (fastpath_read(fp, slot[0], &stats) || stats.by_engine[engine] != n))
		wrong = "another engine forwarded it";
	end(fp, slot);
	return wrong;
}

int test_digits(enum fp_engine engine)
{
	engine_handlers.event = on_event;
	struct fastpath *fp = open_engine(engine_wants[engine], NULL, PORTS);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		for (unsigned pair = 0; pair < 4; pair++) {
			const bool v6[2] = {pair & 1, pair & 2};
			char name[96];
			snprintf(name, sizeof name, "%s %c-%c", cases[i].name, v6[0] ? '6' : '4', v6[1] ? '6' : '4');
			result(name, run_case(fp, &cases[i], v6, engine));
		}
	}
	mem_deref(fp);
	return summary();
}
