// SPDX-License-Identifier: GPL-3.0-or-later
/* Test calls that the configuration repeats: when they are due, what becomes of the channels, and the alarm. */
#include "line_bench.h"
#include "base/ctl_link.h"
#include "base/loop.h"
#include "mediagw/line_plan.h"

static struct line_tests *tests;
static struct line_plans *plans;

static void open_tests_of(const char *lines, const char *section)
{
	cards.wired = true;
	bench_plug();
	assert_int_equal(bench_open(lines, NULL), 0);
	struct conf *conf = bench_conf(section);
	assert_non_null(conf);
	assert_int_equal(line_tests_open(&tests, bench.gw, conf) ?: line_plans_open(&plans, tests, conf), 0);
	mem_deref(conf);
}

static void open_tests(const char *section)
{
	open_tests_of(BENCH_LINES, section);
}

static void close_tests(void)
{
	plans = mem_deref(plans);
	tests = mem_deref(tests);
	bench_close();
}

static enum tdm_state state_of(unsigned channel)
{
	return tdm_channel(bench.tdm, channel)->state;
}

static void one_that_is_due_takes_a_pair_of_channels(void **state)
{
	(void)state;
	open_tests("line-test night { from = \"1\" to = \"2\" every = \"1h\" }\n");
	clock_test_advance(3599 * 1000);
	assert_int_equal(state_of(1), TDM_IN_SERVICE);
	clock_test_advance(1000);
	clock_test_advance(1);
	assert_int_equal(state_of(1), TDM_IN_USE);
	assert_int_equal(state_of(25), TDM_IN_USE);
	assert_int_equal(state_of(2), TDM_IN_SERVICE);
	assert_int_equal(run("CRCX 1 ds/ds1-1/1@mg MGCP 1.0\r\nC: 1\r\nM: recvonly\r\n"), 540);
	struct buf why = buf_growing();
	assert_int_equal(line_tests_begin(tests, &(struct line_test_params){.from = SLICE("1"), .to = SLICE("2")}, &why), -EBUSY);
	buf_reset(&why);
	/* These cards say nothing. */
	clock_test_advance(3100);
	clock_test_advance(1);
	assert_int_equal(state_of(1), TDM_IN_SERVICE);
	assert_int_equal(state_of(25), TDM_IN_SERVICE);
	assert_true(alarm_is_on(&alarm_line_test, "night"));
	close_tests();
}

static void one_that_cannot_be_made_is_an_alarm(void **state)
{
	(void)state;
	open_tests("line-test night { from = \"1\" to = \"9\" every = \"1h\" }\n");
	clock_test_advance(3600 * 1000);
	assert_true(alarm_is_on(&alarm_line_test, "night"));
	close_tests();
	/* No two of them call one another. */
	open_tests("line-test odd { from = \"channel 21\" to = \"channel 25\" every = \"1h\" }\n");
	clock_test_advance(3600 * 1000);
	clock_test_advance(1);
	assert_true(alarm_is_on(&alarm_line_test, "odd"));
	close_tests();
}

/* It is always open, but for its test. */
static void a_line_that_is_locked_in_its_test_is_open_again(void **state)
{
	(void)state;
	open_tests_of("span 1 { framing = esf coding = b8zs }\nchannels em { numbers = { \"22-23\" } signalling = \"e&m\" }\n",
		      "line-test em { from = \"channel 22\" to = \"channel 23\" every = \"1h\" }\n");
	clock_test_advance(3600 * 1000);
	clock_test_advance(1);
	const struct line *l = endpoint_find(bench.gw, endpoint_channel_place(bench.gw, 22))->line;
	assert_true(l->uses & LINE_TESTED);
	assert_true(l->fd < 0);
	tdm_channel_lock(tdm_channel(bench.tdm, 22));
	clock_test_advance(3100);
	clock_test_advance(1);
	assert_true(l->fd >= 0);
	tdm_channel_unlock(tdm_channel(bench.tdm, 22));
	assert_int_equal(state_of(22), TDM_IN_SERVICE);
	close_tests();
}

/* Its driver still shows it, and lets it be opened: whoever did so would be left with nothing. */
static void a_line_that_is_removed_in_its_test_is_not_opened_again(void **state)
{
	(void)state;
	static const struct heard removed = {.kind = HEARD_EVENT, .event = {.kind = TDM_EV_REMOVED}};
	open_tests_of("span 1 { framing = esf coding = b8zs }\nchannels em { numbers = { \"22-24\" } signalling = \"e&m\" }\n",
		      "line-test em { from = \"channel 22\" to = \"channel 23\" every = \"1h\" }\n");
	clock_test_advance(3600 * 1000);
	clock_test_advance(1);
	const struct line *l = endpoint_find(bench.gw, endpoint_channel_place(bench.gw, 22))->line;
	assert_true(l->uses & LINE_TESTED);
	const struct bearer *b = endpoint_find(bench.gw, endpoint_channel_place(bench.gw, 24))->line->bearer;
	b->p.heard(b->p.arg, &removed);
	plans = mem_deref(plans);
	tests = mem_deref(tests);
	assert_true(l->fd < 0);
	clock_test_advance(6000);
	assert_true(l->fd >= 0);
	bench_close();
}

/* Who calls there next is heard of as if there had been none. */
static void what_a_line_was_asked_for_holds_after_its_test(void **state)
{
	(void)state;
	open_tests_of("span 1 { framing = esf coding = b8zs }\nchannels em { numbers = { \"22-23\" } signalling = \"e&m\" }\n",
		      "line-test em { from = \"channel 22\" to = \"channel 23\" every = \"1h\" }\n");
	assert_int_equal(run("RQNT 1 ds/ds1-1/22@mg MGCP 1.0\r\nX: 1\r\nR: DT/sup(N)\r\n"), 200);
	clock_test_advance(3600 * 1000);
	clock_test_advance(1);
	assert_int_equal(state_of(22), TDM_IN_USE);
	clock_test_advance(3100);
	clock_test_advance(1);
	assert_int_equal(state_of(22), TDM_IN_SERVICE);
	assert_int_equal(run("AUEP 2 ds/ds1-1/22@mg MGCP 1.0\r\nF: R\r\n"), 200);
	assert_non_null(strstr(bench.answer, "R: DT/sup(N)"));
	close_tests();
}

static void reload(const char *section)
{
	struct conf *conf = bench_conf(section);
	assert_non_null(conf);
	assert_int_equal(line_plans_reload(plans, conf), 0);
	mem_deref(conf);
}

static void others_come_with_a_reload(void **state)
{
	(void)state;
	open_tests("line-test night { from = \"1\" to = \"9\" every = \"1h\" }\n");
	reload("");
	clock_test_advance(3600 * 1000);
	assert_false(alarm_is_on(&alarm_line_test, "night"));
	close_tests();
}

/* A reload that is about something else neither puts a test off nor takes its alarm away. */
static void what_has_not_changed_goes_on(void **state)
{
	(void)state;
	open_tests("line-test night { from = \"1\" to = \"9\" every = \"1h\" }\n");
	clock_test_advance(3000 * 1000);
	reload("line-test other { from = \"1\" to = \"2\" every = \"9h\" }\nline-test night { from = \"1\" to = \"9\" every = \"1h\" }\n");
	clock_test_advance(600 * 1000);
	assert_true(alarm_is_on(&alarm_line_test, "night"));
	reload("line-test night { from = \"1\" to = \"9\" every = \"1h\" }\n");
	assert_true(alarm_is_on(&alarm_line_test, "night"));
	close_tests();
}

static void an_alarm_goes_with_its_section(void **state)
{
	(void)state;
	static const char *const later[] = {"", "line-test night { from = \"1\" to = \"2\" every = \"1h\" }\n"};
	for (unsigned i = 0; i < 2; i++) {
		open_tests("line-test night { from = \"1\" to = \"9\" every = \"1h\" }\n");
		clock_test_advance(3600 * 1000);
		assert_true(alarm_is_on(&alarm_line_test, "night"));
		reload(later[i]);
		assert_false(alarm_is_on(&alarm_line_test, "night"));
		close_tests();
	}
}

/* What a test finds that was taken out of the configuration while it ran is told to nobody. */
static void one_that_runs_outlives_its_section(void **state)
{
	(void)state;
	open_tests("line-test night { from = \"1\" to = \"2\" every = \"1h\" }\n");
	clock_test_advance(3600 * 1000);
	clock_test_advance(1);
	assert_int_equal(state_of(1), TDM_IN_USE);
	reload("");
	clock_test_advance(3100);
	clock_test_advance(1);
	assert_int_equal(state_of(1), TDM_IN_SERVICE);
	assert_false(alarm_is_on(&alarm_line_test, "night"));
	close_tests();
}

static enum line_test_end ended;
static char told[400];

static void on_over(void *arg, enum line_test_end how, const char *what)
{
	ended = how;
	snprintf(told, sizeof told, "%s", what);
}

/* A call is not disturbed: the test is refused, and is no fault of the line. */
static void a_channel_that_is_busy_is_left_alone(void **state)
{
	(void)state;
	open_tests("line-test seven { from = \"channel 7\" to = \"channel 31\" every = \"1h\" }\n");
	assert_int_equal(run("CRCX 1 ds/ds1-1/7@mg MGCP 1.0\r\nC: 1\r\nM: recvonly\r\n"), 200);
	struct buf why = buf_growing();
	assert_int_equal(line_tests_begin(tests, &(struct line_test_params){.from = SLICE("channel 7"), .to = SLICE("channel 31"), .over = on_over}, &why), 0);
	buf_reset(&why);
	clock_test_advance(1);
	assert_int_equal(ended, LINE_TEST_BUSY);
	assert_string_equal(told, "no pair of free channels: ds/ds1-1/7 is in-use");
	clock_test_advance(3600 * 1000);
	clock_test_advance(1);
	assert_false(alarm_is_on(&alarm_line_test, "seven"));
	assert_int_equal(state_of(31), TDM_IN_SERVICE);
	/* It is due again before long. */
	assert_int_equal(run("DLCX 2 ds/ds1-1/7@mg MGCP 1.0\r\nC: 1\r\n"), 250);
	clock_test_advance(60 * 1000);
	clock_test_advance(1);
	assert_int_equal(state_of(31), TDM_IN_USE);
	close_tests();
}

/* --- calls that the call agent makes ------------------------------------------------------------------------------------ */

/* Its control socket, under the test's hand. */
struct ctl_link {
	struct ctl_link_handlers h;
	void *arg;
	ctl_answer_fn answer;
	void *answer_arg;
};

static struct ctl_link *agent;
static char asked[1000], agent_path[256];
static json_t *call_args; /* of the test call that it was asked for */

static void agent_destroy(void *obj)
{
	agent = NULL;
}

int ctl_link_open(struct ctl_link **ret, const char *path, unsigned retry_ms, const struct ctl_link_handlers *h, void *arg)
{
	*ret = agent = mem_alloc(sizeof *agent, agent_destroy);
	if (!agent)
		return -ENOMEM;
	agent->h = *h;
	agent->arg = arg;
	snprintf(agent_path, sizeof agent_path, "%s", path);
	return 0;
}

int ctl_link_ask(struct ctl_link *l, const char *verb, json_t *args, ctl_answer_fn fn, void *arg)
{
	snprintf(asked + strlen(asked), sizeof asked - strlen(asked), "%s\n", verb);
	if (!strcmp(verb, "test-call")) {
		json_decref(call_args);
		call_args = json_incref(args);
		l->answer = fn;
		l->answer_arg = arg;
	}
	json_decref(args);
	return 0;
}

static void assert_asked(const char *verbs)
{
	assert_string_equal(asked, verbs);
	asked[0] = '\0';
}

/* Its quotes are written as '. */
static void agent_says(const char *text)
{
	char copy[400];
	snprintf(copy, sizeof copy, "%s", text);
	for (char *c = copy; *c; c++)
		*c = *c == '\'' ? '"' : *c;
	json_t *event = json_loads(copy, 0, NULL);
	assert_non_null(event);
	json_object_set(event, "call", json_object_get(call_args, "call"));
	agent->h.event(agent->arg, "test-calls", event, 0);
	json_decref(event);
}

#define GROUPS "isdn east { spans = { \"1\" } }\nisdn west { spans = { \"2\" } switch = ni2 side = network }\n"

static void begin_test(const char *sections, const char *from, const char *to, bool all)
{
	struct buf why = buf_growing();
	asked[0] = told[0] = '\0';
	open_tests(sections);
	const struct line_test_params p = {.from = slice_str(from), .to = slice_str(to), .all = all, .number = SLICE("0301"), .over = on_over};
	assert_int_equal(line_tests_begin(tests, &p, &why), 0);
	buf_reset(&why);
	clock_test_advance(1);
}

/* The call agent is asked for the call. */
static void begin_call(void)
{
	begin_test(GROUPS, "1", "2", false);
	assert_non_null(agent);
	agent->h.up(agent->arg);
	assert_asked("subscribe\ntest-call\n");
}

static void end_call(void)
{
	close_tests();
	json_decref(call_args);
	call_args = NULL;
	assert_null(agent);
}

/* "ok", "failed", or "" when it was not made. */
static const char *result_of(const char *check, char *why, size_t size)
{
	json_t *all = line_tests_json(tests), *row;
	const char *result = "";
	size_t i;
	json_array_foreach(json_object_get(all, "rows"), i, row)
		if (!strcmp(json_string_value(json_object_get(row, "check")), check)) {
			result = !strcmp(json_string_value(json_object_get(row, "result")), "ok") ? "ok" : "failed";
			snprintf(why, size, "%s", json_string_value(json_object_get(row, "why")));
		}
	json_decref(all);
	return result;
}

static void assert_result(const char *check, const char *result)
{
	char why[200] = "";
	assert_string_equal(result_of(check, why, sizeof why), result);
}

static void assert_arg(const char *name, const char *value)
{
	assert_string_equal(json_string_value(json_object_get(call_args, name)), value);
}

/* The channels are its own before they are lent to the test, and after they were given back. */
static void a_call_by_isdn_is_made_by_the_call_agent(void **state)
{
	(void)state;
	begin_call();
	assert_non_null(strstr(agent_path, "/ca.sock"));
	assert_arg("from", "ds/ds1-1/1");
	assert_arg("from-group", "east");
	assert_arg("to-group", "west");
	assert_arg("number", "0301");
	assert_int_equal(state_of(1), TDM_IN_SERVICE);
	agent_says("{'event':'seized','to':'ds/e1-2/7','caller':'495550199','ms':120}");
	assert_asked("test-call answer\n");
	assert_int_equal(state_of(31), TDM_IN_SERVICE);
	agent_says("{'event':'answered','from':'ds/ds1-1/1','to':'ds/e1-2/7','ms':30}");
	assert_int_equal(state_of(1), TDM_IN_USE);
	assert_int_equal(state_of(31), TDM_IN_USE);
	/* These cards say nothing. */
	clock_test_advance(3100);
	clock_test_advance(1);
	assert_int_equal(state_of(1), TDM_IN_SERVICE);
	assert_int_equal(state_of(31), TDM_IN_SERVICE);
	assert_asked("test-call end\n");
	agent_says("{'event':'over','ms':40,'busy':false,'why':''}");
	clock_test_advance(1);
	clock_test_advance(1);
	assert_int_equal(ended, LINE_TEST_FAILED);
	assert_non_null(strstr(told, "ds/ds1-1/1 to ds/e1-2/7: digits-forth: nothing comes from the channel"));
	static const char *const passed[] = {"seizure", "caller-id", "answer", "clearing"};
	for (size_t i = 0; i < sizeof passed / sizeof *passed; i++)
		assert_result(passed[i], "ok");
	assert_result("level-back", "failed");
	end_call();
}

/* One line says why there is no call, and nothing else was checked. */
static void why_there_is_no_call_is_told(void **state)
{
	(void)state;
	static const struct {
		const char *event, *told;
	} rows[] = {
		{"{'event':'over','ms':-1,'busy':false,'why':'cleared with cause 17: user busy'}", "ds/ds1-1/1 to ds/e1-2/1: seizure: cleared with cause 17: user busy"},
		{NULL, "ds/ds1-1/1 to ds/e1-2/1: seizure: west: no D-channel is up"},
		{"", "ds/ds1-1/1 to ds/e1-2/1: seizure: tandem-ca cannot be reached: nobody is there"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		begin_call();
		if (!rows[i].event)
			agent->answer(agent->answer_arg, NULL, "west: no D-channel is up");
		else if (!*rows[i].event)
			agent->h.down(agent->arg, "nobody is there");
		else
			agent_says(rows[i].event);
		clock_test_advance(1);
		clock_test_advance(1);
		assert_string_equal(told, rows[i].told);
		assert_int_equal(ended, LINE_TEST_FAILED);
		assert_result("answer", "");
		assert_result("digits-forth", "");
		assert_asked("");
		end_call();
	}
}

static void a_channel_that_isdn_has_in_use_is_left_alone(void **state)
{
	(void)state;
	begin_call();
	agent_says("{'event':'over','ms':-1,'busy':true,'why':'the channel is not free'}");
	clock_test_advance(1);
	clock_test_advance(1);
	/* The next one is tried. */
	assert_non_null(agent);
	agent->h.up(agent->arg);
	assert_arg("from", "ds/ds1-1/2");
	end_call();

	begin_test(GROUPS, "channel 1", "channel 25", false);
	agent->h.up(agent->arg);
	agent_says("{'event':'over','ms':-1,'busy':true,'why':'the channel is not free'}");
	clock_test_advance(1);
	clock_test_advance(1);
	assert_int_equal(ended, LINE_TEST_BUSY);
	assert_string_equal(told, "no pair of free channels: ds/ds1-1/1: the channel is not free");
	end_call();
}

static void a_call_that_goes_elsewhere_or_is_lost(void **state)
{
	(void)state;
	begin_test(GROUPS, "channel 1", "channel 25", false);
	agent->h.up(agent->arg);
	asked[0] = '\0';
	agent_says("{'event':'seized','to':'ds/e1-2/7','caller':'5550199','ms':120}");
	assert_asked("test-call end\n");
	agent_says("{'event':'over','ms':5,'busy':false,'why':''}");
	clock_test_advance(1);
	clock_test_advance(1);
	assert_string_equal(told, "ds/ds1-1/1 to ds/e1-2/1: seizure: the call came in on ds/e1-2/7");
	end_call();

	begin_call();
	agent_says("{'event':'seized','to':'ds/e1-2/1','caller':'','ms':24000}");
	assert_asked("test-call answer\n");
	agent_says("{'event':'answered','from':'ds/ds1-1/1','to':'ds/e1-2/1','ms':30}");
	agent_says("{'event':'over','ms':-1,'busy':false,'why':'cleared with cause 41: temporary failure'}");
	clock_test_advance(1);
	assert_int_equal(state_of(1), TDM_IN_SERVICE);
	clock_test_advance(1);
	clock_test_advance(1);
	assert_asked("");
	assert_string_equal(told, "ds/ds1-1/1 to ds/e1-2/1: seizure: 24000 ms, not 0 to 20000 ms");
	char why[200] = "";
	assert_string_equal(result_of("caller-id", why, sizeof why), "failed");
	assert_string_equal(why, "no number is told");
	assert_string_equal(result_of("digits-forth", why, sizeof why), "failed");
	assert_string_equal(why, "cleared with cause 41: temporary failure");
	end_call();
}

static void it_ends_whatever_the_call_agent_does_not_say(void **state)
{
	(void)state;
	for (unsigned silent = 0; silent < 3; silent++) {
		begin_call();
		if (silent > 0)
			agent_says("{'event':'seized','to':'ds/e1-2/1','caller':'5550199','ms':120}");
		if (silent > 1)
			agent_says("{'event':'answered','from':'ds/ds1-1/1','to':'ds/e1-2/1','ms':30}");
		/* These cards say nothing for 3 s; the call is cleared then. */
		for (unsigned i = 0; i < 2 && silent > 1; i++)
			clock_test_advance(i ? 1 : 3100);
		clock_test_advance(silent > 1 ? 30000 : 60000);
		clock_test_advance(1);
		clock_test_advance(1);
		assert_null(agent);
		assert_int_equal(ended, LINE_TEST_FAILED);
		assert_int_equal(state_of(1), TDM_IN_SERVICE);
		assert_result(silent == 0 ? "seizure" : silent == 1 ? "answer" : "clearing", "failed");
		end_call();
	}
}

/* --- a line and a channel of ISDN, with a network between them ------------------------------------------------------------ */

/* Some seconds of silence come from the channel that was opened last. */
static void hear_nothing(void)
{
	static const uint8_t silence[160] = {0};
	for (unsigned i = 0; i < 130; i++) {
		assert_int_equal(write(cards.far, silence, sizeof silence), sizeof silence);
		uv_run(loop_uv(), UV_RUN_NOWAIT);
	}
}

static void over_with(enum line_test_end how, const char *why)
{
	for (unsigned i = 0; i < 3; i++)
		clock_test_advance(1);
	assert_int_equal(ended, how);
	if (!strstr(told, why))
		fail_msg("%s, not %s", told, why);
	assert_int_equal(state_of(1), TDM_IN_SERVICE);
	assert_int_equal(state_of(22), TDM_IN_SERVICE);
	end_call();
}

static void isdn_calls_a_line(void)
{
	begin_test(GROUPS, "channel 1", "channel 22", false);
	assert_int_equal(state_of(22), TDM_IN_USE);
	assert_int_equal(state_of(1), TDM_IN_SERVICE);
	assert_null(agent);
	hear_nothing();
	assert_non_null(agent);
	agent->h.up(agent->arg);
	assert_asked("subscribe\ntest-call\n");
	assert_arg("from", "ds/ds1-1/1");
	assert_arg("from-group", "east");
	assert_arg("to-group", "");
	assert_arg("number", "0301");
	assert_arg("caller", "5550199");
}

static void one_that_goes_out_by_isdn(void **state)
{
	(void)state;
	isdn_calls_a_line();
	agent_says("{'event':'over','ms':-1,'busy':false,'why':'cleared with cause 1: unallocated number'}");
	over_with(LINE_TEST_FAILED, "ds/ds1-1/1 to ds/ds1-1/22: seizure: cleared with cause 1: unallocated number");
	isdn_calls_a_line();
	agent_says("{'event':'over','ms':-1,'busy':true,'why':'the channel is not free'}");
	over_with(LINE_TEST_BUSY, "the channel is not free");
	/* The number is somebody else's. */
	isdn_calls_a_line();
	agent_says("{'event':'answered','from':'ds/ds1-1/1','to':'','ms':30}");
	clock_test_advance(1);
	assert_asked("test-call end\n");
	agent_says("{'event':'over','ms':-1,'busy':false,'why':''}");
	over_with(LINE_TEST_FAILED, "seizure: the call is answered elsewhere");
	/* The call agent dies with the call. */
	isdn_calls_a_line();
	agent->h.down(agent->arg, "the other side has gone");
	over_with(LINE_TEST_FAILED, "seizure: tandem-ca cannot be reached");
	/* The line's card does. */
	isdn_calls_a_line();
	clock_test_advance(3000);
	clock_test_advance(1);
	assert_asked("test-call end\n");
	agent_says("{'event':'over','ms':-1,'busy':false,'why':''}");
	over_with(LINE_TEST_FAILED, "nothing comes from the channel");
}

/* The line may dial once the call is awaited. */
static void line_calls_isdn(void)
{
	begin_test(GROUPS, "channel 22", "channel 1", false);
	assert_int_equal(state_of(22), TDM_IN_SERVICE);
	agent->h.up(agent->arg);
	assert_asked("subscribe\ntest-call\n");
	assert_arg("from-group", "");
	assert_arg("to-group", "east");
	assert_arg("caller", "");
	agent->answer(agent->answer_arg, json_true(), NULL);
	assert_int_equal(state_of(22), TDM_IN_USE);
}

static void one_that_comes_in_by_isdn(void **state)
{
	(void)state;
	line_calls_isdn();
	agent_says("{'event':'seized','to':'ds/e1-2/7','caller':'','ms':120}");
	clock_test_advance(1);
	assert_asked("test-call end\n");
	agent_says("{'event':'over','ms':5,'busy':false,'why':''}");
	over_with(LINE_TEST_FAILED, "ds/ds1-1/22 to ds/ds1-1/1: seizure: the call came in on ds/e1-2/7");
	/* Locked meanwhile. */
	line_calls_isdn();
	tdm_channel_lock(tdm_channel(bench.tdm, 22));
	clock_test_advance(3100);
	clock_test_advance(1);
	agent_says("{'event':'over','ms':5,'busy':false,'why':''}");
	tdm_channel_unlock(tdm_channel(bench.tdm, 22));
	over_with(LINE_TEST_FAILED, "nothing comes from the channel");
	/* It is taken before the call agent is ready. */
	begin_test(GROUPS, "channel 22", "channel 1", false);
	agent->h.up(agent->arg);
	assert_asked("subscribe\ntest-call\n");
	assert_int_equal(run("CRCX 1 ds/ds1-1/22@mg MGCP 1.0\r\nC: 1\r\nM: recvonly\r\n"), 200);
	agent->answer(agent->answer_arg, json_true(), NULL);
	assert_asked("test-call end\n");
	agent_says("{'event':'over','ms':5,'busy':false,'why':''}");
	assert_int_equal(run("DLCX 2 ds/ds1-1/22@mg MGCP 1.0\r\nC: 1\r\n"), 250);
	over_with(LINE_TEST_BUSY, "the channel is not free");
}

/* The same two in the configuration say which number it is, and whom it shows. */
static void the_number_may_be_configured(void **state)
{
	(void)state;
	open_tests(GROUPS "line-test a { from = \"channel 22\" to = \"ds/ds1-1/1\" every = \"9h\" number = \"0301234\" caller = \"030777\" }\n");
	struct buf why = buf_growing();
	asked[0] = '\0';
	assert_int_equal(line_tests_begin(tests, &(struct line_test_params){.from = SLICE("channel 22"), .to = SLICE("ds/ds1-1/1"), .over = on_over}, &why), 0);
	buf_reset(&why);
	clock_test_advance(1);
	agent->h.up(agent->arg);
	assert_arg("number", "0301234");
	assert_arg("caller", "030777");
	end_call();
}

static void nobody_is_called_for_help(void **state)
{
	(void)state;
	open_tests(GROUPS "site home { emergency = { \"112\" } emergency-to = { \"east\" } }\n");
	struct buf why = buf_growing();
	const struct line_test_params p = {.from = SLICE("channel 1"), .to = SLICE("channel 22"), .number = SLICE("112")};
	assert_int_equal(line_tests_begin(tests, &p, &why), -EINVAL);
	assert_string_equal(buf_z(&why), "that is a number for help, which no test calls");
	buf_reset(&why);
	close_tests();
}

static void what_has_no_way_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *sections, *from, *to, *number, *why;
	} rows[] = {
		{GROUPS, "channel 1", "channel 22", "", "only a network joins ds/ds1-1/1 and ds/ds1-1/22: number NUMBER"},
		{GROUPS, "channel 22", "channel 1", "", "only a network joins ds/ds1-1/22 and ds/ds1-1/1: number NUMBER"},
		{GROUPS, "channel 22", "channel 22", "0301", "no pair of channels that call one another"},
		{GROUPS, "channel 1", "channel 1", "0301", "no pair of channels that call one another"},
		{GROUPS, "channel 21", "channel 22", "03x1", "03x1 cannot be dialled on ds/ds1-1/21"},
		{GROUPS, "channel 23", "channel 1", "0301", "ds/ds1-1/23 and ds/ds1-1/1 do not"},
		{GROUPS, "channel 22", "channel 1", "03x1", "seizure: the number cannot be dialled there"},
		/* Nobody signals these. */
		{"", "channel 1", "channel 25", "0301", "ds/ds1-1/1 and ds/e1-2/1 do not"},
		{"isdn east { spans = { \"1\" } }\n", "channel 1", "channel 25", "", "ds/ds1-1/1 and ds/e1-2/1 do not"},
		{"", "channel 22", "channel 1", "0301", "ds/ds1-1/22 and ds/ds1-1/1 do not"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct buf why = buf_growing();
		open_tests(rows[i].sections);
		const struct line_test_params p = {.from = slice_str(rows[i].from), .to = slice_str(rows[i].to), .number = slice_str(rows[i].number), .over = on_over};
		assert_int_equal(line_tests_begin(tests, &p, &why), 0);
		buf_reset(&why);
		for (unsigned k = 0; k < 2; k++)
			clock_test_advance(1);
		if (agent) {
			agent->h.up(agent->arg);
			agent->answer(agent->answer_arg, json_true(), NULL);
			agent_says("{'event':'over','ms':5,'busy':false,'why':''}");
			for (unsigned k = 0; k < 2; k++)
				clock_test_advance(1);
		}
		if (!strstr(told, rows[i].why))
			fail_msg("%s, not %s", told, rows[i].why);
		assert_int_equal(ended, LINE_TEST_FAILED);
		end_call();
	}
}

static int group_open(void **state)
{
	(void)state;
	return loop_init();
}

static int group_close(void **state)
{
	(void)state;
	loop_close();
	return 0;
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(one_that_is_due_takes_a_pair_of_channels),
		cmocka_unit_test(one_that_cannot_be_made_is_an_alarm),
		cmocka_unit_test(a_line_that_is_locked_in_its_test_is_open_again),
		cmocka_unit_test(a_line_that_is_removed_in_its_test_is_not_opened_again),
		cmocka_unit_test(what_a_line_was_asked_for_holds_after_its_test),
		cmocka_unit_test(others_come_with_a_reload),
		cmocka_unit_test(what_has_not_changed_goes_on),
		cmocka_unit_test(an_alarm_goes_with_its_section),
		cmocka_unit_test(one_that_runs_outlives_its_section),
		cmocka_unit_test(a_channel_that_is_busy_is_left_alone),
		cmocka_unit_test(a_call_by_isdn_is_made_by_the_call_agent),
		cmocka_unit_test(why_there_is_no_call_is_told),
		cmocka_unit_test(a_channel_that_isdn_has_in_use_is_left_alone),
		cmocka_unit_test(a_call_that_goes_elsewhere_or_is_lost),
		cmocka_unit_test(it_ends_whatever_the_call_agent_does_not_say),
		cmocka_unit_test(one_that_goes_out_by_isdn),
		cmocka_unit_test(one_that_comes_in_by_isdn),
		cmocka_unit_test(the_number_may_be_configured),
		cmocka_unit_test(nobody_is_called_for_help),
		cmocka_unit_test(what_has_no_way_is_refused),
	};
	return cmocka_run_group_tests(all, group_open, group_close);
}
