// SPDX-License-Identifier: GPL-3.0-or-later
#include "unit.h"
#include "base/mem.h"
#include "mediagw/codecs.h"
#include <stdio.h>

/* An audio stream with these formats and attributes. */
static const struct sdp_media *audio(struct sdp **s, const char *formats, const char *attributes)
{
	char text[512];
	const char *why;
	snprintf(text, sizeof text, "v=0\r\no=- 1 1 IN IP4 192.0.2.5\r\ns=-\r\nc=IN IP4 192.0.2.5\r\nt=0 0\r\nm=audio 4000 RTP/AVP %s\r\n%s", formats,
		 attributes);
	assert_int_equal(sdp_parse(s, slice_str(text), &why), 0);
	return &(*s)->media[0];
}

static unsigned select_by(struct codecs *c, enum law law, const char *options, const char *formats, const char *attributes)
{
	struct options o;
	struct sdp *s = NULL;
	const char *why;
	unsigned code = options_parse(&o, slice_str(options), &why);
	if (!code)
		code = codecs_select(c, law, &o, formats ? audio(&s, formats, attributes) : NULL, &why);
	mem_deref(s);
	return code;
}

static void expect(const struct codecs *c, const char *text)
{
	struct buf b = buf_growing();
	codecs_write(c, &b);
	assert_string_equal(buf_z(&b), text);
	buf_reset(&b);
}

static void the_channels_law_comes_first(void **state)
{
	(void)state;
	struct codecs c;
	codecs_init(&c, false);
	assert_int_equal(select_by(&c, LAW_A, "", NULL, NULL), 0);
	expect(&c, " 8 0 13 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:13 CN/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
		   "a=fmtp:101 0-15\r\na=ptime:20\r\n");
	codecs_init(&c, true);
	assert_int_equal(select_by(&c, LAW_U, "p:30", NULL, NULL), 0);
	expect(&c, " 0 8 13 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:13 CN/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
		   "a=fmtp:101 0-16\r\na=ptime:30\r\n");
}

static void a_flash_is_for_who_takes_it(void **state)
{
	static const struct {
		const char *fmtp;
		bool takes;
	} peers[] = {{"", false}, {"a=fmtp:96 0-15\r\n", false}, {"a=fmtp:96 0-16\r\n", true}, {"a=fmtp:96 0-11,16\r\n", true}, {"a=fmtp:96 0-15, 16-20\r\n", true},
		{"a=fmtp:96 16-\r\n", false}, {"a=fmtp:96 -,17\r\n", false}};
	for (unsigned i = 0; i < sizeof peers / sizeof peers[0]; i++) {
		struct codecs c;
		char attributes[100];
		codecs_init(&c, true);
		snprintf(attributes, sizeof attributes, "a=rtpmap:96 telephone-event/8000\r\n%s", peers[i].fmtp);
		assert_int_equal(select_by(&c, LAW_A, "", "8 96", attributes), 0);
		assert_int_equal(c.flash_taken, peers[i].takes);
	}
}

static void what_the_peer_cannot_is_left_out(void **state)
{
	(void)state;
	struct codecs c;
	codecs_init(&c, false);
	assert_int_equal(select_by(&c, LAW_A, "", "0 96", "a=rtpmap:96 telephone-event/8000\r\na=ptime:40\r\n"), 0);
	expect(&c, " 0 96\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:96 telephone-event/8000\r\na=fmtp:96 0-15\r\na=ptime:40\r\n");
	assert_int_equal(select_by(&c, LAW_A, "", "9 18", ""), 534);
	assert_int_equal(c.list[0].format, PLAYOUT_PCMU); /* as it was */
	/* No conversion where the peer leaves the choice. */
	assert_int_equal(select_by(&c, LAW_A, "", "0 8", ""), 0);
	assert_int_equal(c.list[0].format, PLAYOUT_PCMA);
	assert_int_equal(c.events.theirs, NO_PT);
}

static void the_call_agents_order_counts(void **state)
{
	(void)state;
	struct codecs c;
	codecs_init(&c, false);
	assert_int_equal(select_by(&c, LAW_A, "a:G729;PCMU;PCMA, p:10-15", "8 0", ""), 0);
	assert_int_equal(c.n, 2);
	assert_int_equal(c.list[0].format, PLAYOUT_PCMU);
	assert_int_equal(c.ptime_ms, 15);
	assert_int_equal(select_by(&c, LAW_A, "a:G729", "8 0", ""), 534);
	assert_int_equal(select_by(&c, LAW_A, "p:100", "8 0", ""), 535);
	assert_int_equal(select_by(&c, LAW_A, "p:10-100", "8 0", ""), 0);
	assert_int_equal(c.ptime_ms, 20);
}

static void data_is_for_who_asks(void **state)
{
	(void)state;
	struct codecs c;
	codecs_init(&c, false);
	assert_int_equal(select_by(&c, LAW_A, "a:CLEARMODE", NULL, NULL), 0);
	expect(&c, " 97\r\na=rtpmap:97 CLEARMODE/8000\r\na=ptime:20\r\n");
	/* The answer has a number of its own: ours stays. */
	assert_int_equal(select_by(&c, LAW_A, "a:CLEARMODE", "120", "a=rtpmap:120 CLEARMODE/8000\r\n"), 0);
	assert_int_equal(c.list[0].ours, 97);
	assert_int_equal(c.list[0].theirs, 120);
	codecs_init(&c, false);
	assert_int_equal(select_by(&c, LAW_A, "", "120 8", "a=rtpmap:120 CLEARMODE/8000\r\n"), 0);
	assert_int_equal(c.list[0].format, PLAYOUT_CLEAR);
	assert_int_equal(c.list[0].ours, 120);
	assert_int_equal(select_by(&c, LAW_A, "", "8 120", "a=rtpmap:120 CLEARMODE/8000\r\n"), 0);
	assert_int_equal(c.list[0].format, PLAYOUT_PCMA);
}

static void switches_stay_until_they_are_set_again(void **state)
{
	(void)state;
	struct codecs c;
	codecs_init(&c, false);
	assert_true(c.echo);
	assert_false(c.suppress);
	assert_int_equal(select_by(&c, LAW_A, "e:off, s:on, gc:-3", NULL, NULL), 0);
	assert_int_equal(select_by(&c, LAW_A, "p:20", "8", ""), 0);
	assert_false(c.echo);
	assert_true(c.suppress);
	assert_int_equal(c.gain_db, -3);
	assert_int_equal(select_by(&c, LAW_A, "e:on, s:off, gc:auto", NULL, NULL), 0);
	assert_true(c.echo);
	assert_false(c.suppress);
	assert_int_equal(c.gain_db, 0);
	assert_int_equal(select_by(&c, LAW_A, "e:maybe", NULL, NULL), 532);
	assert_int_equal(select_by(&c, LAW_A, "gc:99", NULL, NULL), 532);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_channels_law_comes_first),
		cmocka_unit_test(a_flash_is_for_who_takes_it), cmocka_unit_test(what_the_peer_cannot_is_left_out),
		cmocka_unit_test(the_call_agents_order_counts),
		cmocka_unit_test(data_is_for_who_asks),
		cmocka_unit_test(switches_stay_until_they_are_set_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
