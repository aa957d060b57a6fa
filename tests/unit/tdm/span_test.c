// SPDX-License-Identifier: GPL-3.0-or-later
/* Spans that come, fail, recover and go. */
#include "box.h"

#define T1 "span=1,1,0,esf,b8zs\nbchan=1-23\ndchan=24\nechocanceller=mg2,1-23\n"

static void a_span_is_found_set_up_and_started(void **state)
{
	fake_plug(1, TDM_SPAN_T1, 24, 1);
	box_open(T1, true);
	assert_non_null(tdm_span(box.t, 1));
	assert_true(fake.started[1]);
	assert_int_equal(fake.set_up[23].signalling, TDM_BCHAN);
	assert_string_equal(fake.canceller[23], "mg2");
	assert_string_equal(fake.canceller[24], "");
	assert_int_equal(fake.set_up[24].signalling, TDM_DCHAN);
	struct tdm_channel *c = tdm_channel_at(box.t, 1, 7);
	assert_int_equal(c->number, 7);
	assert_int_equal(c->state, TDM_IN_SERVICE);
	assert_int_equal(c->signalling, TDM_BCHAN);
	assert_int_equal(c->law, TDM_LAW_MULAW);
}

static void what_another_program_has_set_up_is_taken_as_it_is(void **state)
{
	fake_plug(1, TDM_SPAN_T1, 24, 1);
	for (unsigned n = 1; n <= 24; n++)
		fake.channels[n].signalling = n == 24 ? TDM_DCHAN : n == 3 ? TDM_FXOKS : TDM_BCHAN;
	box_open(T1, false);
	assert_false(fake.started[1]);
	assert_int_equal(box_state(2), TDM_IN_SERVICE);
	assert_int_equal(box_state(3), TDM_OUT_OF_ORDER);
	assert_string_equal(box_alarm("span-setup", "span 1"), "channel 3 is fxoks, and configured is bchan");
}

/* The driver tells that it takes a span away, and shows it for a second still; it may be put back before anybody sees that it had gone. */
static void a_span_that_is_being_removed_is_gone_and_set_up_anew_when_it_is_back(void **state)
{
	fake_plug(1, TDM_SPAN_T1, 24, 1);
	box_open(T1, true);
	fake.started[1] = false;
	tdm_removed(tdm_channel(box.t, 7));
	assert_null(tdm_span(box.t, 1));
	assert_int_equal(box_state(1), TDM_OUT_OF_ORDER);
	assert_non_null(box_alarm("span-absent", "span 1"));
	assert_non_null(box_alarm("timing-lost", "timing"));
	tdm_removed(tdm_channel(box.t, 8));
	clock_test_advance(1000);
	assert_null(tdm_span(box.t, 1));
	assert_false(fake.started[1]);
	clock_test_advance(5000);
	assert_true(fake.started[1]);
	assert_int_equal(box_state(1), TDM_IN_SERVICE);
	assert_null(box_alarm("span-absent", "span 1"));
	assert_null(box_alarm("timing-lost", "timing"));
}

/* Once it has been seen to be missing it is back as soon as it is there: what its channels say until they are set up, the far ends take for calls. */
static void a_span_that_was_removed_is_set_up_as_soon_as_it_is_back(void **state)
{
	fake_plug(1, TDM_SPAN_T1, 24, 1);
	fake_plug(2, TDM_SPAN_T1, 24, 25);
	box_open(T1, true);
	tdm_removed(tdm_channel(box.t, 7));
	fake_unplug(1);
	tdm_poll(box.t);
	fake_plug(1, TDM_SPAN_T1, 24, 1);
	tdm_poll(box.t);
	assert_int_equal(box_state(1), TDM_IN_SERVICE);
}

static void a_failure_is_one_after_2500_ms_and_over_after_10_s(void **state)
{
	fake_plug(1, TDM_SPAN_T1, 24, 1);
	box_open(T1, true);
	fake.spans[1].defects = 1 << TDM_LOS;
	clock_test_advance(1000); /* seen */
	clock_test_advance(2400);
	assert_null(box_alarm("span-los", "span 1"));
	assert_int_equal(box_state(1), TDM_IN_SERVICE);
	clock_test_advance(1100);
	assert_non_null(box_alarm("span-los", "span 1"));
	assert_int_equal(box_state(1), TDM_OUT_OF_ORDER);
	assert_int_equal(box.told[TDM_OUT_OF_ORDER], 24);
	fake.spans[1].defects = 0;
	clock_test_advance(9000);
	assert_non_null(box_alarm("span-los", "span 1"));
	assert_int_equal(box_state(1), TDM_OUT_OF_ORDER);
	clock_test_advance(3000);
	assert_null(box_alarm("span-los", "span 1"));
	assert_int_equal(box_state(1), TDM_IN_SERVICE);
}

static void a_short_defect_is_no_failure(void **state)
{
	fake_plug(1, TDM_SPAN_T1, 24, 1);
	box_open(T1, true);
	for (int i = 0; i < 5; i++) {
		fake.spans[1].defects = 1 << TDM_LOF;
		clock_test_advance(2000);
		fake.spans[1].defects = 0;
		clock_test_advance(1000);
	}
	assert_null(box_alarm("span-lof", "span 1"));
	assert_int_equal(box.told[TDM_OUT_OF_ORDER], 0);
}

static void every_defect_has_its_alarm(void **state)
{
	static const char *const names[TDM_DEFECTS] = {"span-los", "span-lof", "span-lomf", "span-ais", "span-rai", "span-looped"};
	fake_plug(1, TDM_SPAN_T1, 24, 1);
	box_open(T1, true);
	for (unsigned i = 0; i < TDM_DEFECTS; i++) {
		fake.spans[1].defects = 1u << i;
		clock_test_advance(4000);
		assert_non_null(box_alarm(names[i], "span 1"));
		assert_int_equal(box_state(1), TDM_OUT_OF_ORDER);
		fake.spans[1].defects = 0;
		clock_test_advance(12000);
		assert_null(box_alarm(names[i], "span 1"));
		assert_int_equal(box_state(1), TDM_IN_SERVICE);
	}
}

static uint64_t counted(const char *group, const char *name)
{
	json_t *all = counter_json(), *c;
	size_t i;
	uint64_t value = UINT64_MAX;
	json_array_foreach(all, i, c)
		if (!strcmp(json_string_value(json_object_get(c, "group")), group) && !strcmp(json_string_value(json_object_get(c, "name")), name))
			value = json_integer_value(json_object_get(c, "value"));
	json_decref(all);
	return value;
}

static void errors_are_counted_from_when_we_came_also_past_a_reset(void **state)
{
	fake_plug(1, TDM_SPAN_T1, 24, 1);
	fake.spans[1].errors[TDM_CRC] = 1000;
	box_open(T1, true);
	assert_int_equal(counted("span-1", "crc"), 0);
	fake.spans[1].errors[TDM_CRC] = 1005;
	fake.spans[1].errors[TDM_BPV] = 2;
	clock_test_advance(1000);
	assert_int_equal(counted("span-1", "crc"), 5);
	assert_int_equal(counted("span-1", "bpv"), 2);
	fake.spans[1].errors[TDM_CRC] = 3; /* somebody reset the card's */
	clock_test_advance(1000);
	assert_int_equal(counted("span-1", "crc"), 8);
	tdm_count_slip(tdm_channel(box.t, 5));
	assert_int_equal(counted("span-1", "slips"), 1);
}

static void a_span_that_is_pulled_takes_its_channels_along_and_brings_them_back(void **state)
{
	fake_plug(1, TDM_SPAN_T1, 24, 1);
	fake_plug(2, TDM_SPAN_T1, 24, 25);
	box_open(T1 "span=2,0,0,esf,b8zs\nbchan=25-47\ndchan=48\n", true);
	struct tdm_channel *c = tdm_channel(box.t, 5);
	assert_int_equal(tdm_channel_take(c, false), 0);
	fake_unplug(1);
	clock_test_advance(1000);
	assert_int_equal(c->state, TDM_OUT_OF_ORDER);
	assert_int_equal(tdm_channel_take(c, false), -EBUSY);
	tdm_channel_release(c);
	assert_int_equal(tdm_channel_take(c, false), -EIO);
	assert_int_equal(box_state(30), TDM_IN_SERVICE);
	assert_null(tdm_span(box.t, 1));
	assert_non_null(box_alarm("span-absent", "span 1"));
	fake.started[1] = false;
	fake_plug(1, TDM_SPAN_T1, 24, 1);
	clock_test_advance(5000);
	assert_ptr_equal(tdm_channel(box.t, 5), c);
	assert_int_equal(c->state, TDM_IN_SERVICE);
	assert_true(fake.started[1]); /* set up again */
	assert_null(box_alarm("span-absent", "span 1"));
}

static void a_span_that_comes_late_is_found(void **state)
{
	box_open(T1, true);
	assert_string_equal(box_alarm("span-absent", "span 1"), "never seen");
	fake_plug(1, TDM_SPAN_T1, 24, 1);
	clock_test_advance(5000);
	assert_null(box_alarm("span-absent", "span 1"));
	assert_int_equal(box_state(1), TDM_IN_SERVICE);
}

static void without_a_driver_there_is_an_alarm_until_there_is_one(void **state)
{
	fake.absent = true;
	box_open(T1, true);
	assert_string_equal(box_alarm("tdm-driver", "fake"), "DAHDI is not there: no /dev/dahdi/ctl");
	fake.absent = false;
	fake_plug(1, TDM_SPAN_T1, 24, 1);
	clock_test_advance(1000);
	assert_null(box_alarm("tdm-driver", "fake"));
	assert_int_equal(box_state(1), TDM_IN_SERVICE);
}

static void without_lines_no_driver_is_no_alarm(void **state)
{
	fake.absent = true;
	box_open("loadzone=us\n", true);
	assert_null(box_alarm("tdm-driver", "fake"));
}

static void a_wrong_framing_and_a_busy_channel_are_one_alarm_each_and_the_rest_works(void **state)
{
	fake_plug(1, TDM_SPAN_E1, 31, 1);
	fake_plug(2, TDM_SPAN_T1, 24, 32);
	fake.fail_setup_of = 34;
	box_open("span=1,0,0,esf,b8zs\nbchan=1-31\nspan=2,0,0,esf,b8zs\nbchan=32-55\n", true);
	assert_string_equal(box_alarm("span-setup", "span 1"), "span 1: an E1 has framing ccs or cas, and coding hdb3 or ami");
	assert_string_equal(box_alarm("span-setup", "span 2"), "channel 34 as bchan: another program has it");
	assert_int_equal(box_state(34), TDM_OUT_OF_ORDER);
	assert_int_equal(box_state(35), TDM_IN_SERVICE);
}

/* As a card does whose port has the other kind of module. */
static void signalling_of_the_wrong_side_is_explained(void **state)
{
	fake_plug(1, TDM_SPAN_ANALOG, 4, 1);
	fake.wrong_side = 2;
	box_open("fxoks=1-2\nfxsks=3-4\n", true);
	assert_string_equal(box_alarm("span-setup", "span 1"), "channel 2 as fxoks: fxo signalling is for ports with a telephone, and no channel of a ccs span has it");
	assert_int_equal(box_state(1), TDM_IN_SERVICE);
	assert_int_equal(box_state(2), TDM_OUT_OF_ORDER);
}

static void without_its_canceller_a_channel_serves(void **state)
{
	fake_plug(1, TDM_SPAN_T1, 24, 1);
	box_open("bchan=1-24\nechocanceller=oslec,2-3\nechocanceller=mg2,4\n", true);
	assert_string_equal(box_alarm("span-setup", "span 1"), "channel 2: there is no echo canceller oslec");
	assert_int_equal(box_state(2), TDM_IN_SERVICE);
	assert_string_equal(fake.canceller[4], "mg2");
}

/* Each is joined to the other, once both are there. */
static void channels_of_two_spans_are_joined_both_ways(void **state)
{
	fake_plug(1, TDM_SPAN_T1, 24, 1);
	box_open("dacs=1-2:25\nbchan=3-24\n", true);
	assert_false(fake.set_up[1].set);
	assert_null(box_alarm("span-setup", "span 1"));
	fake_plug(2, TDM_SPAN_T1, 24, 25);
	clock_test_advance(5000);
	assert_int_equal(fake.set_up[1].dacs, 25);
	assert_int_equal(fake.set_up[25].dacs, 1);
	assert_int_equal(fake.set_up[25].signalling, TDM_DACS);
	assert_int_equal(fake.set_up[2].dacs, 26);
	assert_int_equal(fake.set_up[26].dacs, 2);
	assert_false(fake.set_up[27].set);
}

static void frames_have_56_kbits_where_bits_are_robbed(void **state)
{
	fake_plug(1, TDM_SPAN_T1, 24, 1);
	box_open("bchan=1-23\ndchan=24\n56k=24\n", true);
	assert_int_equal(fake.rate[24], 56);
	assert_int_equal(fake.rate[23], 0);
}

static void dynamic_spans_are_made_and_made_again(void **state)
{
	box_open("dynamic=loc,1:0,24,0\ndynamic=loc,1:1,24,1\nbchan=1-48\n", true);
	assert_non_null(tdm_span(box.t, 2));
	assert_int_equal(tdm_timing(box.t), 2);
	assert_int_equal(tdm_channel_at(box.t, 2, 1)->number, 25);
	assert_int_equal(box_state(48), TDM_IN_SERVICE);
	fake_unplug(2);
	clock_test_advance(1000);
	assert_null(tdm_span(box.t, 2));
	clock_test_advance(5000);
	assert_int_equal(box_state(48), TDM_IN_SERVICE);
}

static void a_dynamic_span_may_have_settings_of_a_span(void **state)
{
	box_open("dynamic=loc,1:0,24,0\ndynamic=loc,1:1,24,1\nspan=1,1,0,esf,b8zs\nspan=2,2,0,esf,b8zs\nbchan=1-48\n", true);
	assert_int_equal(tdm_timing(box.t), 1);
	fake.spans[1].defects = 1 << TDM_LOS;
	clock_test_advance(5000);
	assert_int_equal(tdm_timing(box.t), 2);
}

static void the_clock_falls_back_and_is_lost_and_comes_back(void **state)
{
	fake_plug(1, TDM_SPAN_T1, 24, 1);
	fake_plug(2, TDM_SPAN_T1, 24, 25);
	fake_plug(3, TDM_SPAN_T1, 24, 49);
	box_open("span=1,2,0,esf,b8zs\nspan=2,1,0,esf,b8zs\nspan=3,0,0,esf,b8zs\n", true);
	assert_int_equal(tdm_timing(box.t), 2);
	fake.spans[2].defects = 1 << TDM_LOS;
	clock_test_advance(5000);
	assert_int_equal(tdm_timing(box.t), 1);
	assert_string_equal(box_alarm("timing-fallback", "timing"), "span 1 gives the clock instead of span 2");
	fake.spans[1].defects = 1 << TDM_AIS;
	clock_test_advance(5000);
	assert_int_equal(tdm_timing(box.t), 0);
	assert_null(box_alarm("timing-fallback", "timing"));
	assert_string_equal(box_alarm("timing-lost", "timing"), "span 2 was the first choice");
	fake.spans[1].defects = fake.spans[2].defects = 0;
	clock_test_advance(12000);
	assert_int_equal(tdm_timing(box.t), 2);
	assert_null(box_alarm("timing-lost", "timing"));
	assert_null(box_alarm("timing-fallback", "timing"));
}

static void open_without_memory(void *arg)
{
	struct tdm_setup *s = tdm_setup_new();
	if (!s)
		return;
	struct tdm *t = NULL;
	struct buf why = buf_growing();
	s->spans[1].set = true;
	s->spans[1].framing = TDM_ESF;
	s->spans[1].coding = TDM_B8ZS;
	fake_plug(1, TDM_SPAN_T1, 3, 1);
	fake.spans[1].defects = 1 << TDM_LOS;
	int err = tdm_open(&t, &fake_driver, s, true, 1000, NULL, NULL);
	assert_true(err == 0 || err == -ENOMEM);
	if (!err) {
		tdm_poll(t);
		clock_test_advance(6000);
		fake_unplug(1);
		clock_test_advance(6000);
	}
	mem_deref(t);
	mem_deref(s);
	alarm_reset();
	buf_reset(&why);
}

static void memory_may_run_out(void **state)
{
	each_allocation_fails(open_without_memory, NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, box_close)
	const struct CMUnitTest tests[] = {
		TEST(a_span_is_found_set_up_and_started),
		TEST(what_another_program_has_set_up_is_taken_as_it_is),
		TEST(a_span_that_is_being_removed_is_gone_and_set_up_anew_when_it_is_back),
		TEST(a_span_that_was_removed_is_set_up_as_soon_as_it_is_back),
		TEST(a_failure_is_one_after_2500_ms_and_over_after_10_s),
		TEST(a_short_defect_is_no_failure),
		TEST(every_defect_has_its_alarm),
		TEST(errors_are_counted_from_when_we_came_also_past_a_reset),
		TEST(a_span_that_is_pulled_takes_its_channels_along_and_brings_them_back),
		TEST(a_span_that_comes_late_is_found),
		TEST(without_a_driver_there_is_an_alarm_until_there_is_one),
		TEST(without_lines_no_driver_is_no_alarm),
		TEST(a_wrong_framing_and_a_busy_channel_are_one_alarm_each_and_the_rest_works),
		TEST(signalling_of_the_wrong_side_is_explained),
		TEST(without_its_canceller_a_channel_serves),
		TEST(channels_of_two_spans_are_joined_both_ways),
		TEST(frames_have_56_kbits_where_bits_are_robbed),
		TEST(dynamic_spans_are_made_and_made_again),
		TEST(a_dynamic_span_may_have_settings_of_a_span),
		TEST(the_clock_falls_back_and_is_lost_and_comes_back),
		TEST(memory_may_run_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
