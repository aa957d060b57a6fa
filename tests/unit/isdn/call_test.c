// SPDX-License-Identifier: GPL-2.0-or-later
/* Calls in both directions, between tandem-isdn and a libpri at the far end. */
#include "wire.h"

static int user_side(void **state)
{
	wire_start("spans = {\"1\"}", 1, PRI_NETWORK, PRI_SWITCH_EUROISDN_E1);
	wire_up();
	return 0;
}

static void the_link_comes_up_and_every_channel_is_restarted(void **state)
{
	assert_all_free();
	assert_int_equal(channels_in(BCHANNEL_IDLE), 30);
	unsigned restarts = 0;
	for (unsigned i = 0; i < wire.far[1].n; i++)
		restarts += wire.far[1].events[i].e == PRI_EVENT_RESTART;
	assert_int_equal(restarts, 30);
}

static void a_call_out(void **state)
{
	json_t *result;
	assert_int_equal(ask("isdn setup",
			     "{'call':'a','group':'pri','bearer':'audio','called':{'number':'3012345','type':'national','plan':'isdn'},"
			     "'calling':{'number':'891','type':'subscriber','plan':'isdn','presentation':'restricted','screening':'passed','name':'J\xc3\xb6rg'}}",
			     &result),
			 0);
	assert_string_equal(text_of(result, "endpoint"), "ds/e1-1/31"); /* the user side begins at the top */
	json_decref(result);
	wire_run();
	pri_event *e = far_expect(1, PRI_EVENT_RING);
	assert_string_equal(e->ring.callednum, "3012345");
	assert_int_equal(e->ring.calledplan, PRI_NATIONAL_ISDN);
	assert_string_equal(e->ring.callingnum, "891");
	assert_int_equal(e->ring.callingplan, PRI_LOCAL_ISDN);
	assert_int_equal(e->ring.callingpres, PRES_PROHIB_USER_NUMBER_PASSED_SCREEN);
	assert_int_equal(e->ring.ctype, PRI_TRANS_CAP_3_1K_AUDIO);
	assert_int_equal(e->ring.layer1, PRI_LAYER_1_ALAW);
	assert_int_equal(e->ring.complete, 1);
	assert_int_equal(e->ring.channel & 0xff, 31);
	q931_call *c = e->ring.call;
	int channel = e->ring.channel;
	pri_proceeding(wire.far[1].pri, c, channel, 0);
	wire_run();
	assert_string_equal(text_of(expect("proceeding"), "endpoint"), "ds/e1-1/31");
	pri_progress_with_cause(wire.far[1].pri, c, channel, 1, 31);
	wire_run();
	json_t *told = expect("progress");
	assert_int_equal(int_of(told, "progress"), 8);
	assert_int_equal(int_of(told, "cause"), 31);
	pri_acknowledge(wire.far[1].pri, c, channel, 1);
	wire_run();
	assert_int_equal(int_of(expect("alerting"), "progress"), 8);
	pri_answer(wire.far[1].pri, c, channel, 0);
	wire_run();
	assert_string_equal(text_of(expect("answer"), "call"), "a");
	assert_int_equal(channels_in(BCHANNEL_BUSY), 1);
	DO("isdn release", "{'call':'a','cause':16}");
	wire_run();
	e = far_expect(1, PRI_EVENT_HANGUP_REQ);
	assert_int_equal(e->hangup.cause, 16);
	expect_nothing(); /* the channel is not free before the far end says so */
	assert_int_equal(channels_in(BCHANNEL_BUSY), 1);
	pri_hangup(wire.far[1].pri, c, 16);
	wire_run();
	told = expect("release");
	assert_int_equal(int_of(told, "cause"), 16);
	assert_true(json_is_false(json_object_get(told, "remote")));
	assert_all_free();
}

static void a_call_in(void **state)
{
	struct pri_sr *sr = pri_sr_new();
	struct pri_party_redirecting diverted = {.from.number = {.valid = 1, .plan = PRI_NATIONAL_ISDN, .str = "30555"}, .count = 1, .reason = PRI_REDIR_FORWARD_ON_BUSY};
	char called[] = "42", caller[] = "1711234";
	q931_call *c = pri_new_call(wire.far[1].pri);
	pri_sr_set_channel(sr, 5, 0, 0);
	pri_sr_set_bearer(sr, PRI_TRANS_CAP_SPEECH, PRI_LAYER_1_ALAW);
	pri_sr_set_called(sr, called, PRI_LOCAL_ISDN, 1);
	pri_sr_set_caller(sr, caller, NULL, PRI_NATIONAL_ISDN, PRES_ALLOWED_NETWORK_NUMBER);
	pri_sr_set_redirecting_parties(sr, &diverted);
	pri_setup(wire.far[1].pri, c, sr);
	pri_sr_free(sr);
	wire_run();
	json_t *told = expect("setup");
	assert_string_equal(text_of(told, "call"), "in-1");
	assert_string_equal(text_of(told, "endpoint"), "ds/e1-1/5");
	assert_string_equal(text_of(told, "bearer"), "speech");
	assert_true(json_is_false(json_object_get(told, "overlap")));
	assert_string_equal(text_of(json_object_get(told, "called"), "number"), "42");
	assert_string_equal(text_of(json_object_get(told, "called"), "type"), "subscriber");
	const json_t *calling = json_object_get(told, "calling"), *redirecting = json_object_get(told, "redirecting");
	assert_string_equal(text_of(calling, "number"), "1711234");
	assert_string_equal(text_of(calling, "type"), "national");
	assert_string_equal(text_of(calling, "presentation"), "allowed");
	assert_string_equal(text_of(calling, "screening"), "network");
	assert_string_equal(text_of(redirecting, "number"), "30555");
	assert_string_equal(text_of(redirecting, "reason"), "busy");
	DO("isdn proceeding", "{'call':'in-1'}");
	wire_run();
	assert_int_equal(far_expect(1, PRI_EVENT_PROCEEDING)->proceeding.channel & 0xff, 5);
	DO("isdn alerting", "{'call':'in-1','progress':8}");
	wire_run();
	assert_int_equal(far_expect(1, PRI_EVENT_RINGING)->ringing.progressmask, PRI_PROG_INBAND_AVAILABLE);
	assert_int_equal(ask("isdn proceeding", "{'call':'in-1'}", NULL), -EPROTO);
	DO("isdn answer", "{'call':'in-1','connected':{'number':'4711','type':'subscriber','plan':'isdn'}}");
	wire_run();
	pri_event *e = far_expect(1, PRI_EVENT_ANSWER);
	const struct pri_subcommands *s = e->answer.subcmds;
	assert_true(s->counter_subcmd > 0);
	assert_int_equal(s->subcmd[s->counter_subcmd - 1].cmd, PRI_SUBCMD_CONNECTED_LINE);
	assert_string_equal(s->subcmd[s->counter_subcmd - 1].u.connected_line.id.number.str, "4711");
	pri_hangup(wire.far[1].pri, c, 17);
	wire_run();
	far_lets_go();
	told = expect("release");
	assert_int_equal(int_of(told, "cause"), 17);
	assert_true(json_is_true(json_object_get(told, "remote")));
	assert_all_free();
}

/* Of several diversions the first and the last go either way, and how many there were. */
static void diverted_several_times(void **state)
{
	DO("isdn setup", "{'call':'a','group':'pri','called':{'number':'1'},'redirecting':{'number':'222','reason':'busy','count':3,"
			 "'original':{'number':'333','reason':'unconditional'}}}");
	wire_run();
	pri_event *e = far_expect(1, PRI_EVENT_RING);
	const struct pri_subcommands *s = e->ring.subcmds;
	const struct pri_party_redirecting *by = NULL;
	for (int i = 0; i < s->counter_subcmd; i++)
		if (s->subcmd[i].cmd == PRI_SUBCMD_REDIRECTING)
			by = &s->subcmd[i].u.redirecting;
	assert_non_null(by);
	assert_string_equal(by->from.number.str, "222");
	assert_int_equal(by->reason, PRI_REDIR_FORWARD_ON_BUSY);
	assert_string_equal(by->orig_called.number.str, "333");
	assert_int_equal(by->count, 3);
	const struct pri_party_redirecting again = *by;
	struct pri_sr *sr = pri_sr_new();
	char called[] = "42";
	pri_sr_set_channel(sr, 5, 0, 0);
	pri_sr_set_bearer(sr, PRI_TRANS_CAP_SPEECH, PRI_LAYER_1_ALAW);
	pri_sr_set_called(sr, called, PRI_LOCAL_ISDN, 1);
	pri_sr_set_redirecting_parties(sr, &again);
	pri_setup(wire.far[1].pri, pri_new_call(wire.far[1].pri), sr);
	pri_sr_free(sr);
	wire_run();
	const json_t *redirecting = json_object_get(expect("setup"), "redirecting");
	assert_string_equal(text_of(redirecting, "number"), "222");
	assert_int_equal(int_of(redirecting, "count"), 3);
	assert_string_equal(text_of(json_object_get(redirecting, "original"), "number"), "333");
	DO("isdn release", "{'call':'a'}");
	DO("isdn release", "{'call':'in-1'}");
	wire_run();
	far_lets_go();
	expect("release");
	expect("release");
	assert_all_free();
}

/* --- refused ---------------------------------------------------------------------------------------------------------- */

static void nothing_comes_of_what_is_malformed(void **state)
{
	static const char *const bad[] = {
		"{'call':'a','group':'pri'}",
		"{'call':'','group':'pri','called':{'number':'1'}}",
		"{'call':'in-4','group':'pri','called':{'number':'1'}}",
		"{'call':'a','group':'none','called':{'number':'1'}}",
		"{'call':'a','group':'pri','called':{'number':'1x'}}",
		"{'call':'a','group':'pri','called':{'number':'1','type':'far'}}",
		"{'call':'a','group':'pri','called':{'number':'1'},'bearer':'video'}",
		"{'call':'a','group':'pri','called':{'number':'1'},'calling':{'number':'1','screening':1}}",
		"{'call':'a','group':'pri','called':{'number':'1'},'endpoint':'ds/e1-1/16'}",
		"{'call':'a','group':'pri','called':{'number':'1'},'redirecting':{'number':'1','reason':'whim'}}",
		"{'call':'a','group':'pri','called':{'number':'1'},'redirecting':{'number':'1','original':{'number':'x'}}}",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_not_equal(ask("isdn setup", bad[i], NULL), 0);
	assert_int_equal(ask("isdn release", "{'call':'a'}", NULL), -ENOENT);
	DO("isdn setup", SETUP);
	assert_int_equal(ask("isdn setup", SETUP, NULL), -EEXIST);
	assert_int_equal(ask("isdn answer", "{'call':'a'}", NULL), -EPROTO);
	assert_int_equal(ask("isdn release", "{'call':'a','cause':128}", NULL), -EINVAL);
	expect_nothing();
}

static void no_channel_is_cause_34(void **state)
{
	char args[160];
	for (int i = 0; i < 31; i++) {
		snprintf(args, sizeof(args), "{'call':'n%d','group':'pri','called':{'number':'1'}}", i);
		DO("isdn setup", args);
	}
	json_t *told = expect("release");
	assert_string_equal(text_of(told, "call"), "n30");
	assert_int_equal(int_of(told, "cause"), PRI_CAUSE_NORMAL_CIRCUIT_CONGESTION);
	assert_int_equal(channels_in(BCHANNEL_BUSY), 30);
}

static void other_bearers_are_cause_65(void **state)
{
	struct pri *far = wire.far[1].pri;
	static const int capabilities[] = {PRI_TRANS_CAP_RESTRICTED_DIGITAL, PRI_TRANS_CAP_7K_AUDIO, PRI_TRANS_CAP_VIDEO};
	for (int i = 0; i < 3; i++) {
		q931_call *c = pri_new_call(far);
		char number[] = "1";
		assert_int_equal(pri_call(far, c, capabilities[i], 1, 0, 0, NULL, 0, NULL, 0, number, PRI_UNKNOWN, PRI_LAYER_1_ALAW), 0);
		wire_run();
		pri_event *e = far_expect(1, PRI_EVENT_HANGUP);
		assert_int_equal(e->hangup.cause, PRI_CAUSE_BEARERCAPABILITY_NOTIMPL);
		pri_hangup(far, c, -1);
		wire_run();
	}
	expect_nothing();
	assert_all_free();
}

static void digital_calls_pass_both_ways(void **state)
{
	struct pri *far = wire.far[1].pri;
	DO("isdn setup", "{'call':'a','group':'pri','bearer':'digital','called':{'number':'1'}}");
	wire_run();
	assert_int_equal(far_expect(1, PRI_EVENT_RING)->ring.ctype, PRI_TRANS_CAP_DIGITAL);
	char number[] = "1";
	pri_call(far, pri_new_call(far), PRI_TRANS_CAP_DIGITAL, 1, 0, 0, NULL, 0, NULL, 0, number, PRI_UNKNOWN, -1);
	wire_run();
	assert_string_equal(text_of(expect("setup"), "bearer"), "digital");
}

/* --- channels ------------------------------------------------------------------------------------------------------------ */

static void a_taken_channel_is_replaced_or_refused(void **state)
{
	far_call(1, "1", 5, true, true);
	assert_string_equal(text_of(expect("setup"), "endpoint"), "ds/e1-1/5");
	far_call(1, "2", 5, false, true);
	assert_string_equal(text_of(expect("setup"), "endpoint"), "ds/e1-1/31");
	DO("isdn proceeding", "{'call':'in-2'}");
	wire_run();
	assert_int_equal(far_expect(1, PRI_EVENT_PROCEEDING)->proceeding.channel & 0xff, 31);
	far_call(1, "3", 5, true, true);
	assert_int_equal(far_expect(1, PRI_EVENT_HANGUP)->hangup.cause, PRI_CAUSE_REQUESTED_CHAN_UNAVAIL);
	expect_nothing();
}

static void the_far_end_may_choose_another_channel(void **state)
{
	DO("isdn setup", SETUP);
	wire_run();
	pri_event *e = far_expect(1, PRI_EVENT_RING);
	pri_proceeding(wire.far[1].pri, e->ring.call, 7, 0);
	wire_run();
	assert_string_equal(text_of(expect("proceeding"), "endpoint"), "ds/e1-1/7");
	assert_int_equal(channels_in(BCHANNEL_BUSY), 1);
}

/* Both take channel 31 at once: it is the network's. */
static void glare_is_won_by_the_network(void **state)
{
	DO("isdn setup", SETUP);
	q931_call *theirs = far_call(1, "1", 31, false, true);
	json_t *told = expect("setup");
	assert_string_equal(text_of(told, "endpoint"), "ds/e1-1/31");
	pri_event *e = far_expect(1, PRI_EVENT_RING);
	pri_proceeding(wire.far[1].pri, e->ring.call, 3, 0);
	wire_run();
	assert_string_equal(text_of(expect("proceeding"), "endpoint"), "ds/e1-1/3");
	assert_int_equal(channels_in(BCHANNEL_BUSY), 2);
	pri_hangup(wire.far[1].pri, theirs, 16);
	wire_run();
	far_lets_go();
	assert_string_equal(text_of(expect("release"), "call"), "in-1");
}

/* The same on the network side: ours keeps it, theirs gets another one, or is refused when no other will do. */
static void glare_is_not_lost_by_the_network_side(void **state)
{
	wire_start("spans = {\"1\"} side = network", 1, PRI_CPE, PRI_SWITCH_EUROISDN_E1);
	wire_up();
	DO("isdn setup", SETUP);
	far_call(1, "1", 1, false, true);
	assert_string_equal(text_of(expect("setup"), "endpoint"), "ds/e1-1/2");
	far_call(1, "2", 1, true, true);
	assert_int_equal(far_expect(1, PRI_EVENT_HANGUP)->hangup.cause, PRI_CAUSE_REQUESTED_CHAN_UNAVAIL);
	expect_nothing();
	assert_int_equal(channels_in(BCHANNEL_BUSY), 2);
}

/* --- release in every state ------------------------------------------------------------------------------------------------ */

/* Takes a call in, or out, so many steps far. */
static q931_call *walk(bool incoming, unsigned steps)
{
	struct pri *far = wire.far[1].pri;
	q931_call *c;
	if (incoming) {
		static const char *const verbs[] = {"isdn proceeding", "isdn alerting", "isdn answer"};
		char args[64];
		c = far_call(1, "1", 1, false, true);
		snprintf(args, sizeof(args), "{'call':'in-%u'}", wire.isdn->last_call);
		for (unsigned i = 0; i < steps; i++) {
			DO(verbs[i], args);
			wire_run();
		}
		return c;
	}
	DO("isdn setup", SETUP);
	wire_run();
	pri_event *e = far_expect(1, PRI_EVENT_RING);
	int channel = e->ring.channel;
	c = e->ring.call;
	if (steps > 0)
		pri_proceeding(far, c, channel, 0);
	if (steps > 1)
		pri_acknowledge(far, c, channel, 0);
	if (steps > 2)
		pri_answer(far, c, channel, 0);
	wire_run();
	return c;
}

static void a_call_is_released_in_every_state(void **state)
{
	for (int incoming = 0; incoming < 2; incoming++)
		for (unsigned steps = 0; steps < 4; steps++)
			for (int remote = 0; remote < 2; remote++) {
				char args[64], id[16] = "a";
				/* The far libpri answers a SETUP with few causes only. */
				int cause = remote && !incoming && !steps ? 34 : 21;
				q931_call *c = walk(incoming, steps);
				if (incoming)
					snprintf(id, sizeof(id), "in-%u", wire.isdn->last_call);
				json_array_clear(wire.told);
				snprintf(args, sizeof(args), "{'call':'%s','cause':%d}", id, cause);
				if (remote)
					pri_hangup(wire.far[1].pri, c, cause);
				else
					DO("isdn release", args);
				wire_run();
				far_lets_go();
				json_t *told = expect("release");
				assert_string_equal(text_of(told, "call"), id);
				assert_int_equal(int_of(told, "cause"), cause);
				assert_int_equal(json_is_true(json_object_get(told, "remote")), remote);
				if (remote)
					assert_string_equal(text_of(told, "why"), cause == 34 ? "no channel available" : "call rejected");
				expect_nothing();
				assert_all_free();
			}
}

static void both_may_release_at_once(void **state)
{
	q931_call *c = answered_out();
	DO("isdn release", "{'call':'a'}");
	pri_hangup(wire.far[1].pri, c, 16);
	wire_run();
	far_lets_go();
	expect("release");
	assert_all_free();
}

/* --- the agent ------------------------------------------------------------------------------------------------------------- */

static void ringing_calls_end_with_their_agent_and_answered_ones_go_on(void **state)
{
	answered_out();
	far_call(1, "1", 1, false, true);
	expect("setup");
	wire.agent = false;
	isdn_check_agent(wire.isdn);
	wire_run();
	far_lets_go();
	assert_int_equal(int_of(expect("release"), "cause"), PRI_CAUSE_NORMAL_TEMPORARY_FAILURE);
	far_call(1, "2", 2, false, true);
	assert_int_equal(far_expect(1, PRI_EVENT_HANGUP)->hangup.cause, PRI_CAUSE_NORMAL_TEMPORARY_FAILURE);
	expect_nothing();
	wire.agent = true;
	isdn_check_agent(wire.isdn);
	json_t *rows;
	assert_int_equal(ask("show isdn-calls", "{}", &rows), 0);
	assert_int_equal(json_array_size(rows), 1);
	assert_string_equal(text_of(json_array_get(rows, 0), "call"), "a");
	assert_string_equal(text_of(json_array_get(rows, 0), "state"), "active");
	assert_string_equal(text_of(json_array_get(rows, 0), "endpoint"), "ds/e1-1/31");
	assert_string_equal(text_of(json_array_get(rows, 0), "to"), "3012345");
	json_decref(rows);
	DO("isdn release", "{'call':'a'}");
	wire_run();
	far_lets_go();
	expect("release");
	assert_all_free();
}

/* --- every kind of exchange -------------------------------------------------------------------------------------------------- */

static void every_switch_type_and_side_makes_calls(void **state)
{
	static const struct {
		const char *name;
		int type;
	} types[] = {
		{"euroisdn", PRI_SWITCH_EUROISDN_E1}, {"euroisdn-t1", PRI_SWITCH_EUROISDN_T1}, {"ni2", PRI_SWITCH_NI2}, {"dms100", PRI_SWITCH_DMS100},
		{"5ess", PRI_SWITCH_LUCENT5E}, {"4ess", PRI_SWITCH_ATT4ESS}, {"ni1", PRI_SWITCH_NI1}, {"qsig", PRI_SWITCH_QSIG},
	};
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		for (int network = 0; network < 2; network++) {
			char section[128];
			snprintf(section, sizeof(section), "spans = {\"1\"} switch = \"%s\" side = %s", types[i].name, network ? "network" : "user");
			wire_start(section, 1, network ? PRI_CPE : PRI_NETWORK, types[i].type);
			wire_up();
			for (int incoming = 0; incoming < 2; incoming++) {
				q931_call *c = walk(incoming, 3);
				assert_int_equal(list_count(&wire.g->calls), 1);
				assert_int_equal(container_of(list_first(&wire.g->calls), struct call, link)->state, CALL_ACTIVE);
				wire_pass(100);
				pri_hangup(wire.far[1].pri, c, 16);
				wire_run();
				far_lets_go();
				assert_all_free();
			}
			wire_stop(state);
		}
}

/* Q.931 4.5.23: whatever description is asked for, and none when none is. */
static void progress_indicators_are_sent_as_asked(void **state)
{
	static const struct {
		int description, mask;
	} rows[] = {{0, 0}, {1, PRI_PROG_CALL_NOT_E2E_ISDN}, {2, PRI_PROG_CALLED_NOT_ISDN}, {4, PRI_PROG_CALLER_RETURNED_TO_ISDN}, {8, PRI_PROG_INBAND_AVAILABLE}};
	char args[100], id[16];
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *more = rows[i].description ? ",'progress':" : "";
		q931_call *c = far_call(1, "42", 5, false, true);
		snprintf(id, sizeof(id), "%s", text_of(expect("setup"), "call"));
		snprintf(args, sizeof(args), "{'call':'%s'%s%.0d}", id, more, rows[i].description);
		DO("isdn proceeding", args);
		if (rows[i].description)
			DO("isdn progress", args);
		DO("isdn alerting", args);
		wire_run();
		assert_int_equal(far_expect(1, PRI_EVENT_PROCEEDING)->proceeding.progressmask, rows[i].mask);
		if (rows[i].description)
			assert_int_equal(far_expect(1, PRI_EVENT_PROGRESS)->proceeding.progressmask, rows[i].mask);
		assert_int_equal(far_expect(1, PRI_EVENT_RINGING)->ringing.progressmask, rows[i].mask);
		pri_hangup(wire.far[1].pri, c, 16);
		wire_run();
		far_lets_go();
		expect("release");
	}
}

/* What was to go with a message that the lost link never took is not of the next call with that reference, as after a restart of the far end. */
static void an_indicator_that_was_not_sent_is_no_later_call_s(void **state)
{
	static const char progress[] = "{'call':'in-1','progress':1}";
	far_call(1, "42", 5, false, true);
	expect("setup");
	wire.far[1].deaf = wire.far[1].mute = true;
	for (unsigned i = 0; i < 10; i++) /* more than Q.921 sends without an answer */
		DO("isdn progress", progress);
	DO("isdn alerting", progress);
	wire_pass(20000);
	assert_false(group_is_up(wire.g));
	expect("release");
	wire.far[1].deaf = wire.far[1].mute = false;
	far_start(1, PRI_NETWORK, PRI_SWITCH_EUROISDN_E1);
	wire_pass(20000);
	assert_true(group_is_up(wire.g));
	far_call(1, "42", 5, false, true);
	expect("setup");
	DO("isdn alerting", "{'call':'in-2','progress':8}");
	wire_run();
	assert_int_equal(far_expect(1, PRI_EVENT_RINGING)->ringing.progressmask, PRI_PROG_INBAND_AVAILABLE);
}

/* A name that comes in FACILITY, before the answer and after it. */
static void a_name_comes_later(void **state)
{
	struct pri_party_connected_line named = {.id.name = {.valid = 1, .presentation = PRI_PRES_ALLOWED, .char_set = PRI_CHAR_SET_ISO8859_1, .str = "Zoe"},
						 .id.number = {.valid = 1, .plan = PRI_NATIONAL_ISDN, .presentation = PRES_ALLOWED_NETWORK_NUMBER, .str = "30555"}};
	wire_start("spans = {\"1\"} switch = qsig", 1, PRI_NETWORK, PRI_SWITCH_QSIG);
	wire_up();
	q931_call *c = answered_out();
	assert_int_equal(pri_connected_line_update(wire.far[1].pri, c, &named), 0);
	wire_run();
	json_t *told = expect("party");
	assert_string_equal(text_of(json_object_get(told, "party"), "name"), "Zoe");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_link_comes_up_and_every_channel_is_restarted, user_side, wire_stop),
		cmocka_unit_test_setup_teardown(a_call_out, user_side, wire_stop),
		cmocka_unit_test_setup_teardown(diverted_several_times, user_side, wire_stop),
		cmocka_unit_test_setup_teardown(a_call_in, user_side, wire_stop),
		cmocka_unit_test_setup_teardown(nothing_comes_of_what_is_malformed, user_side, wire_stop),
		cmocka_unit_test_setup_teardown(no_channel_is_cause_34, user_side, wire_stop),
		cmocka_unit_test_setup_teardown(other_bearers_are_cause_65, user_side, wire_stop),
		cmocka_unit_test_setup_teardown(digital_calls_pass_both_ways, user_side, wire_stop),
		cmocka_unit_test_setup_teardown(a_taken_channel_is_replaced_or_refused, user_side, wire_stop),
		cmocka_unit_test_setup_teardown(the_far_end_may_choose_another_channel, user_side, wire_stop),
		cmocka_unit_test_setup_teardown(glare_is_won_by_the_network, user_side, wire_stop),
		cmocka_unit_test_teardown(glare_is_not_lost_by_the_network_side, wire_stop),
		cmocka_unit_test_setup_teardown(a_call_is_released_in_every_state, user_side, wire_stop),
		cmocka_unit_test_setup_teardown(both_may_release_at_once, user_side, wire_stop),
		cmocka_unit_test_setup_teardown(ringing_calls_end_with_their_agent_and_answered_ones_go_on, user_side, wire_stop),
		cmocka_unit_test(every_switch_type_and_side_makes_calls),
		cmocka_unit_test_setup_teardown(progress_indicators_are_sent_as_asked, user_side, wire_stop),
		cmocka_unit_test_setup_teardown(an_indicator_that_was_not_sent_is_no_later_call_s, user_side, wire_stop),
		cmocka_unit_test_teardown(a_name_comes_later, wire_stop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
