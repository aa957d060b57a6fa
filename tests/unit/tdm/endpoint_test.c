// SPDX-License-Identifier: GPL-3.0-or-later
/* Names of RFC 3435 appendix E, to channels and back. */
#include "box.h"
#include "tdm/endpoint.h"

static int plug(void **state)
{
	fake_plug(1, TDM_SPAN_T1, 24, 1);
	fake_plug(2, TDM_SPAN_E1, 31, 25);
	fake_plug(3, TDM_SPAN_ANALOG, 4, 56);
	fake_plug(4, TDM_SPAN_BRI, 3, 60);
	box_open("bchan=1-23\ndchan=24\nbchan=25-39,41-55\ndchan=40\nfxoks=56-57\nfxsks=58-59\nbchan=60,61\nhardhdlc=62\n", true);
	return 0;
}

static void names_lead_to_channels_and_back(void **state)
{
	static const struct {
		const char *name;
		unsigned channel;
	} all[] = {{"ds/ds1-1/1", 1}, {"ds/ds1-1/23", 23}, {"ds/e1-2/1", 25}, {"ds/e1-2/17", 41}, {"ds/e1-2/31", 55}, {"aaln/56", 56}, {"aaln/59", 59}, {"bri/4/2", 61}};
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct tdm_channel *c = NULL;
		char name[TDM_ENDPOINT_MAX];
		assert_int_equal(tdm_endpoint_find(box.t, slice_str(all[i].name), &c), 0);
		assert_int_equal(c->number, all[i].channel);
		tdm_endpoint_name(c, name);
		assert_string_equal(name, all[i].name);
	}
}

static void names_are_read_in_any_case(void **state)
{
	struct tdm_channel *c = NULL;
	assert_int_equal(tdm_endpoint_find(box.t, SLICE("DS/DS1-1/7"), &c), 0);
	assert_int_equal(c->number, 7);
	assert_int_equal(tdm_endpoint_find(box.t, SLICE("AALN/57"), &c), 0);
}

static void what_is_not_there_or_carries_no_calls_is_not_found(void **state)
{
	static const char *const absent[] = {"ds/ds1-1/24", "ds/ds1-1/25", "ds/ds1-2/1", "ds/e1-1/1", "ds/ds1-9/1", "aaln/1", "aaln/60", "bri/4/3", "ds/e1-2/16"};
	for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++) {
		struct tdm_channel *c = NULL;
		assert_int_equal(tdm_endpoint_find(box.t, slice_str(absent[i]), &c), -ENOENT);
	}
}

static void what_is_no_name_is_refused(void **state)
{
	static const char *const wrong[] = {"", "ds", "ds/", "ds/ds1", "ds/ds1-1", "ds/ds1-1/", "ds/ds1-01/1", "ds/ds1-1/07", "ds/ds1-0/1", "ds/ds3-1/1", "ds/ds1-1/7/1", "ds/aaln-1/1",
					    "aaln", "aaln/", "aaln/x", "aaln/1/2", "ds/ds1-*/7", "ds/ds1-1/[", "ds/ds1-1/[]", "ds/ds1-1/[1 -2]", "ds/ds1-1/[3-1]", "rtpbridge/1", "bri/4"};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct tdm_endpoint e;
		if (!tdm_endpoint_parse(slice_str(wrong[i]), &e))
			fail_msg("%s was taken", wrong[i]);
	}
	struct tdm_channel *c = NULL;
	assert_int_equal(tdm_endpoint_find(box.t, SLICE("ds/ds1-1/*"), &c), -EINVAL); /* not just one */
}

static unsigned matching(const char *name)
{
	struct tdm_endpoint e;
	unsigned n = 0;
	assert_int_equal(tdm_endpoint_parse(slice_str(name), &e), 0);
	for (unsigned i = 1; i <= TDM_MAX_CHANNELS; i++)
		n += tdm_channel(box.t, i) && tdm_endpoint_matches(&e, tdm_channel(box.t, i));
	return n;
}

static void wildcards_name_several(void **state)
{
	struct tdm_endpoint e;
	assert_int_equal(matching("ds/ds1-1/*"), 23); /* not the D-channel */
	assert_int_equal(matching("ds/e1-*/*"), 30);
	assert_int_equal(matching("ds/e1-2/[1-5,17]"), 6);
	assert_int_equal(matching("aaln/*"), 4);
	assert_int_equal(matching("bri/*/*"), 2);
	assert_int_equal(tdm_endpoint_parse(SLICE("ds/ds1-1/$"), &e), 0);
	assert_int_equal(e.channel.kind, TDM_TERM_ANY);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, plug, box_close)
	const struct CMUnitTest tests[] = {
		TEST(names_lead_to_channels_and_back),
		TEST(names_are_read_in_any_case),
		TEST(what_is_not_there_or_carries_no_calls_is_not_found),
		TEST(what_is_no_name_is_refused),
		TEST(wildcards_name_several),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
