// SPDX-License-Identifier: GPL-3.0-or-later
/* A bit error rate test on a channel, and what is shown of spans and channels. */
#include "box.h"
#include "base/loop.h"
#include "tdm/show.h"
#include "tdm/tester.h"
#include "tdm/verb.h"

static int plug(void **state)
{
	fake.wired = true;
	fake_plug(1, TDM_SPAN_T1, 24, 1);
	if (loop_init())
		return -1;
	box_open("span=1,1,0,esf,b8zs\nbchan=1-23\ndchan=24\n", true);
	return 0;
}

static int unplug(void **state)
{
	box.t = mem_deref(box.t);
	loop_close();
	return box_close(state);
}

static struct {
	struct loop_watch *watch;
	unsigned octets, spoilt;
} far_end;

/* The far end sends back what comes; bits that are to be wrong are turned. */
static void echo(void *arg, int events)
{
	uint8_t octets[160];
	ssize_t n = read(fake.far, octets, sizeof(octets));
	if (n <= 0)
		return;
	for (; far_end.spoilt && far_end.octets > 1000; far_end.spoilt--)
		octets[far_end.spoilt] ^= 1;
	assert_int_equal(write(fake.far, octets, n), n);
	far_end.octets += n;
	if (far_end.octets > 8000)
		loop_stop();
}

static void tell(const char *verb, int err)
{
	struct buf told = buf_growing();
	assert_int_equal(tdm_do(box.t, slice_str(verb), SLICE("channel 5"), &told), err);
	buf_reset(&told);
}

/* What is shown of channel 5. */
static json_t *shown(void)
{
	json_t *all = tdm_channels_json(box.t, 1), *c = json_incref(json_array_get(all, 4));
	assert_int_equal(json_array_size(all), 24);
	json_decref(all);
	return c;
}

static void measure(unsigned spoilt)
{
	far_end.octets = 0;
	far_end.spoilt = spoilt;
	tell("bert", 0);
	assert_int_equal(box_state(5), TDM_TESTED);
	tell("bert", -EBUSY);
	tell("loop", -EBUSY);
	assert_int_equal(loop_watch(&far_end.watch, fake.far, UV_READABLE, echo, NULL), 0);
	loop_run();
	json_t *c = shown(), *bert = json_object_get(c, "bert");
	assert_true(json_is_true(json_object_get(bert, "sync")));
	assert_true(json_integer_value(json_object_get(bert, "bits")) > 7000 * 8);
	assert_int_equal(json_integer_value(json_object_get(bert, "errors")), spoilt);
	json_decref(c);
	far_end.watch = mem_deref(far_end.watch);
	close(fake.far);
	tell("unbert", 0);
	assert_int_equal(box_state(5), TDM_IN_SERVICE);
}

static void a_channel_that_is_looped_far_away_has_no_errors(void **state)
{
	measure(0);
}

static void wrong_bits_are_counted(void **state)
{
	measure(7);
}

static void a_reset_ends_a_test(void **state)
{
	tell("bert", 0);
	assert_int_equal(box_state(5), TDM_TESTED);
	tell("reset", 0);
	assert_int_equal(box_state(5), TDM_IN_SERVICE);
	json_t *c = shown();
	assert_true(json_is_null(json_object_get(c, "bert")));
	json_decref(c);
	close(fake.far);
}

static void a_channel_with_a_call_is_not_tested(void **state)
{
	assert_int_equal(tdm_channel_take(tdm_channel(box.t, 5), false), 0);
	tell("bert", -EBUSY);
	assert_int_equal(box_state(5), TDM_IN_USE);
}

static void spans_and_channels_are_shown(void **state)
{
	json_t *spans = tdm_spans_json(box.t), *s = json_array_get(spans, 0);
	assert_int_equal(json_array_size(spans), 1);
	assert_string_equal(json_string_value(json_object_get(s, "kind")), "ds1");
	assert_int_equal(json_integer_value(json_object_get(s, "timing")), 1);
	assert_true(json_is_true(json_object_get(s, "clock")));
	assert_int_equal(json_integer_value(json_object_get(s, "free")), 23);
	assert_int_equal(json_integer_value(json_object_get(s, "crc")), 0);
	json_decref(spans);
	fake.spans[1].errors[TDM_CRC] = 3;
	fake.spans[1].errors[TDM_BPV] = 4;
	fake.spans[1].errors[TDM_IRQ_MISSES] = 5;
	tdm_count_slip(tdm_channel(box.t, 5));
	clock_test_advance(1000);
	spans = tdm_spans_json(box.t);
	s = json_array_get(spans, 0);
	assert_int_equal(json_integer_value(json_object_get(s, "crc")), 3);
	assert_int_equal(json_integer_value(json_object_get(s, "bpv")), 4);
	assert_int_equal(json_integer_value(json_object_get(s, "slips")), 1);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(s, "counters"), "irq-misses")), 5);
	json_decref(spans);
	json_t *c = shown();
	assert_string_equal(json_string_value(json_object_get(c, "endpoint")), "ds/ds1-1/5");
	assert_string_equal(json_string_value(json_object_get(c, "signalling")), "bchan");
	assert_string_equal(json_string_value(json_object_get(c, "state")), "in-service");
	assert_true(json_is_null(json_object_get(c, "bert")));
	json_decref(c);
	tdm_channel_set_fault(tdm_channel(box.t, 5), TDM_FAULT_OPEN, true, "another program has it");
	c = shown();
	assert_string_equal(json_string_value(json_object_get(c, "state")), "out-of-order");
	assert_string_equal(json_string_value(json_array_get(json_object_get(c, "faults"), 0)), "used-by-another");
	json_decref(c);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, plug, unplug)
	const struct CMUnitTest tests[] = {
		TEST(a_channel_that_is_looped_far_away_has_no_errors),
		TEST(wrong_bits_are_counted),
		TEST(a_reset_ends_a_test),
		TEST(a_channel_with_a_call_is_not_tested),
		TEST(spans_and_channels_are_shown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
