// SPDX-License-Identifier: GPL-3.0-or-later
/* What may be done on a channel in which state, and what operators do to that. */
#include "box.h"
#include "tdm/show.h"
#include "tdm/verb.h"

static int plug(void **state)
{
	fake_plug(1, TDM_SPAN_T1, 24, 1);
	fake_plug(2, TDM_SPAN_E1, 31, 25);
	fake_plug(3, TDM_SPAN_ANALOG, 4, 56);
	box_open("span=1,1,0,esf,b8zs\nbchan=1-23\ndchan=24\nspan=2,0,0,ccs,hdb3,crc4\nbchan=25-39,41-55\ndchan=40\nfxoks=56-57\nfxsks=58-59\n", true);
	return 0;
}

/* That an operator's command does what it should, and says so. */
static void assert_done(const char *verb, const char *target, int err, const char *said)
{
	struct buf told = buf_growing();
	assert_int_equal(tdm_do(box.t, slice_str(verb), slice_str(target), &told), err);
	assert_string_equal(buf_z(&told), said);
	buf_reset(&told);
}

static void assert_all_done(const char *verb, const char *target)
{
	struct buf told = buf_growing();
	assert_int_equal(tdm_do(box.t, slice_str(verb), slice_str(target), &told), 0);
	buf_reset(&told);
}

static void a_channel_has_one_call(void **state)
{
	struct tdm_channel *c = tdm_channel(box.t, 1);
	assert_int_equal(tdm_channel_take(c, false), 0);
	assert_int_equal(c->state, TDM_IN_USE);
	assert_int_equal(tdm_channel_take(c, true), -EBUSY);
	tdm_channel_release(c);
	assert_int_equal(c->state, TDM_IN_SERVICE);
	assert_int_equal(tdm_channel_take(c, true), 0);
	tdm_channel_release(c);
	assert_int_equal(tdm_channel_take(tdm_channel(box.t, 24), false), -ENOTSUP); /* frames */
}

static void a_locked_channel_ends_its_call_and_takes_none(void **state)
{
	struct tdm_channel *c = tdm_channel(box.t, 1);
	assert_int_equal(tdm_channel_take(c, false), 0);
	assert_done("lock", "channel 1", 0, "lock: 1 channel done, 0 failed\n");
	assert_int_equal(c->state, TDM_LOCKED);
	assert_int_equal(box.told[TDM_LOCKED], 1); /* the owner ends the call */
	tdm_channel_release(c);
	assert_int_equal(tdm_channel_take(c, true), -EACCES);
	assert_all_done("unlock", "channel 1");
	assert_int_equal(c->state, TDM_IN_SERVICE);
}

static void a_drained_channel_keeps_its_call_and_is_locked_after_it(void **state)
{
	struct tdm_channel *c = tdm_channel(box.t, 1);
	assert_int_equal(tdm_channel_take(c, false), 0);
	assert_done("drain", "span 1", 0, "drain: 23 channels done, 0 failed\n");
	assert_int_equal(c->state, TDM_DRAINING);
	assert_int_equal(box_state(2), TDM_LOCKED);
	tdm_channel_release(c);
	assert_int_equal(c->state, TDM_LOCKED);
	assert_all_done("unlock", "span 1");
	assert_int_equal(tdm_channel_take(c, false), 0);
	assert_all_done("drain", "channel 1");
	assert_all_done("unlock", "channel 1");
	tdm_channel_release(c);
	assert_int_equal(c->state, TDM_IN_SERVICE);
}

static void a_blocked_channel_takes_only_calls_that_come_in(void **state)
{
	struct tdm_channel *c = tdm_channel(box.t, 1);
	assert_all_done("block", "channel 1");
	assert_int_equal(c->state, TDM_BLOCKED);
	assert_int_equal(tdm_channel_take(c, false), -EACCES);
	assert_int_equal(tdm_channel_take(c, true), 0);
	tdm_channel_release(c);
	tdm_channel_set_blocked_there(c, true);
	assert_all_done("unblock", "channel 1");
	assert_int_equal(c->state, TDM_BLOCKED); /* by the far end */
	json_t *shown = tdm_channel_json(c), *by = json_object_get(shown, "blocked");
	assert_int_equal(json_array_size(by), 1);
	assert_string_equal(json_string_value(json_array_get(by, 0)), "far-end");
	json_decref(shown);
	tdm_channel_set_blocked_there(c, false);
	assert_int_equal(c->state, TDM_IN_SERVICE);
}

static void what_an_operator_set_is_to_be_kept_and_given_back(void **state)
{
	assert_int_equal(tdm_channel_take(tdm_channel(box.t, 3), false), 0);
	assert_all_done("block", "channel 3"); /* changes no state, and is kept */
	assert_int_equal(box.kept, 1);
	tdm_channel_set_blocked_there(tdm_channel(box.t, 4), true);
	assert_int_equal(box.kept, 1);
	assert_all_done("lock", "channel 5");
	assert_int_equal(box.kept, 2);
	struct tdm_setup *s = mem_ref(box.t->setup);
	s->channels[3].blocked = s->channels[5].locked = true;
	mem_deref(box.t); /* a restart */
	assert_int_equal(tdm_open(&box.t, &fake_driver, s, true, 1000, &box_listener, NULL), 0);
	mem_deref(s);
	tdm_poll(box.t);
	assert_int_equal(box_state(3), TDM_BLOCKED);
	assert_int_equal(box_state(4), TDM_IN_SERVICE);
	assert_int_equal(box_state(5), TDM_LOCKED);
}

static void a_fault_goes_before_all_and_hides_nothing(void **state)
{
	struct tdm_channel *c = tdm_channel(box.t, 1);
	assert_all_done("lock", "channel 1");
	tdm_channel_set_fault(c, TDM_FAULT_SIGNALLING, true, "its D-channel is down");
	tdm_channel_set_fault(c, TDM_FAULT_OPEN, true, "another program has it");
	assert_int_equal(c->state, TDM_OUT_OF_ORDER);
	tdm_channel_set_fault(c, TDM_FAULT_SIGNALLING, false, "its D-channel is up");
	assert_int_equal(c->state, TDM_OUT_OF_ORDER);
	tdm_channel_set_fault(c, TDM_FAULT_OPEN, false, "it can be opened");
	assert_int_equal(c->state, TDM_LOCKED);
}

static void a_reset_ends_the_call_and_forgets_that_another_had_it(void **state)
{
	struct tdm_channel *c = tdm_channel(box.t, 1);
	assert_int_equal(tdm_channel_take(c, false), 0);
	tdm_channel_set_fault(c, TDM_FAULT_OPEN, true, "another program has it");
	assert_all_done("reset", "channel 1");
	assert_int_equal(box.resets, 1);
	assert_int_equal(c->state, TDM_IN_SERVICE);
}

static void a_looped_channel_is_tested_and_no_other(void **state)
{
	struct tdm_channel *c = tdm_channel(box.t, 1);
	assert_all_done("loop", "channel 1");
	assert_true(fake.looped[1]);
	assert_int_equal(c->state, TDM_TESTED);
	assert_int_equal(tdm_channel_take(c, false), -EACCES);
	assert_done("loop", "channel 1", -EBUSY, "channel 1: it is looped; loop: 0 channels done, 1 failed\n");
	assert_all_done("unloop", "channel 1");
	assert_false(fake.looped[1]);
	assert_int_equal(c->state, TDM_IN_SERVICE);
	fake.taken_by_other[2] = true;
	assert_done("loop", "channel 2", -EBUSY, "channel 2: another program has it; loop: 0 channels done, 1 failed\n");
	assert_int_equal(box_state(2), TDM_IN_SERVICE);
}

static void a_looped_span_carries_no_calls(void **state)
{
	assert_done("loop", "span 1", 0, "loop: span 1: done\n");
	assert_int_equal(fake.maintained[1], TDM_LOOP_LINE);
	assert_non_null(box_alarm("span-looped", "span 1"));
	assert_int_equal(box_state(1), TDM_OUT_OF_ORDER);
	assert_int_equal(box_state(25), TDM_IN_SERVICE);
	assert_done("unloop", "span 1", 0, "unloop: span 1: done\n");
	assert_int_equal(fake.maintained[1], TDM_NORMAL);
	assert_null(box_alarm("span-looped", "span 1"));
	assert_int_equal(box_state(1), TDM_IN_SERVICE);
}

static void a_target_that_is_none_is_told(void **state)
{
	assert_done("lock", "span 4", -ENOENT, "span 4: no such span, group, channel or endpoint\n");
	assert_done("lock", "group x", -ENOENT, "group x: no such span, group, channel or endpoint\n");
	assert_done("lock", "channel 1024", -ENOENT, "channel 1024: no such span, group, channel or endpoint\n");
	assert_done("lock", "everything", -ENOENT, "everything: no such span, group, channel or endpoint\n");
	assert_done("lock", "ds/ds1-9/1", -ENOENT, "ds/ds1-9/1: no channel that carries calls\n");
	assert_done("lock", "channel 24", -ENOENT, "channel 24: no channel that carries calls\n"); /* a D-channel */
	assert_done("sing", "span 1", -EINVAL, "no verb sing\n");
}

static void groups_are_targets_too(void **state)
{
	struct tdm_setup *s = box.t->setup;
	s->groups[0] = (struct tdm_group_setup){.name = "desks"};
	s->groups[1] = (struct tdm_group_setup){.name = "pstn", .spans = {1 << 1}};
	s->n_groups = 2;
	s->channels[56].group = s->channels[57].group = 1;
	assert_done("lock", "group desks", 0, "lock: 2 channels done, 0 failed\n");
	assert_int_equal(box_state(57), TDM_LOCKED);
	assert_int_equal(box_state(1), TDM_IN_SERVICE);
	assert_done("block", "group pstn", 0, "block: 23 channels done, 0 failed\n");
	assert_int_equal(box_state(23), TDM_BLOCKED);
	assert_int_equal(box_state(25), TDM_IN_SERVICE);
}

static void endpoints_are_targets_too(void **state)
{
	assert_done("lock", "ds/ds1-1/[2-4,7]", 0, "lock: 4 channels done, 0 failed\n");
	assert_int_equal(box_state(1), TDM_IN_SERVICE);
	assert_int_equal(box_state(3), TDM_LOCKED);
	assert_int_equal(box_state(7), TDM_LOCKED);
	assert_done("lock", "aaln/57", 0, "lock: 1 channel done, 0 failed\n");
	assert_int_equal(box_state(57), TDM_LOCKED);
}

static void every_state_fault_and_verb_has_its_words(void **state)
{
	for (unsigned i = 0; i < TDM_STATES; i++)
		assert_non_null(tdm_state_names[i]);
	for (unsigned i = 0; i < TDM_FAULTS; i++)
		assert_non_null(tdm_fault_names[i]);
	for (const struct tdm_verb *v = tdm_verbs; v->name; v++) {
		assert_true(strlen(v->help) > 8);
		assert_non_null(v->channel);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, plug, box_close)
	const struct CMUnitTest tests[] = {
		TEST(a_channel_has_one_call),
		TEST(a_locked_channel_ends_its_call_and_takes_none),
		TEST(a_drained_channel_keeps_its_call_and_is_locked_after_it),
		TEST(a_blocked_channel_takes_only_calls_that_come_in),
		TEST(what_an_operator_set_is_to_be_kept_and_given_back),
		TEST(a_fault_goes_before_all_and_hides_nothing),
		TEST(a_reset_ends_the_call_and_forgets_that_another_had_it),
		TEST(a_looped_channel_is_tested_and_no_other),
		TEST(a_looped_span_carries_no_calls),
		TEST(a_target_that_is_none_is_told),
		TEST(groups_are_targets_too),
		TEST(endpoints_are_targets_too),
		TEST(every_state_fault_and_verb_has_its_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
