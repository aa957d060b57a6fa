// SPDX-License-Identifier: GPL-3.0-or-later
/* Test calls over ISDN: what tandem-isdn and whoever asked for the call are told, in order. */
#include "fake_isdn.h"
#include "base/alarm.h"
#include "base/log.h"
#include "callagent/agent.h"
#include "callagent/leg_isdn.h"
#include "config/schema.h"

static struct agent agent;

/* "told: over {...}" */
static void publish(const char *topic, json_t *event)
{
	assert_string_equal(topic, "test-calls");
	say("told: %s ", json_string_value(json_object_get(event, "event")));
	json_object_del(event, "event");
	json_object_del(event, "call");
	say_value(event);
	say("\n");
	json_decref(event);
}

static int setup(void **state)
{
	struct conf *conf;
	struct buf why = buf_growing();
	if (config_load(&conf, "t", "sip {\n country = \"49\"\n}\naddress inside {\n local = {\"127.0.0.1\"}\n}\nisdn pri {\n area = \"30\"\n}\nisdn tie {\n}\nsite here {\n emergency-to = pri\n}\n", &why))
		fail_msg("%s", buf_z(&why));
	agent = (struct agent){.conf = conf, .publish = publish};
	calls_init(&agent.calls);
	said[0] = '\0';
	assert_int_equal(tel_lines_load(&agent.tel_lines, conf, NULL) ?: leg_isdn_open(&agent), 0);
	isdn_up();
	return 0;
}

static int teardown(void **state)
{
	isdn_test_close(&agent);
	agent.isdn = mem_deref(agent.isdn);
	tel_lines_free(&agent.tel_lines);
	calls_fini(&agent.calls);
	mem_deref(agent.conf);
	alarm_reset();
	return 0;
}

/* 0, or what is said to it; quotes are written as '. */
static int ask(const char *verb, const char *args, char *why, size_t size)
{
	const struct ctl_verb *v = isdn_test_verbs;
	struct buf b = buf_growing();
	json_t *result = NULL, *a = json_of(args);
	while (v->name && strcmp(v->name, verb) != 0)
		v++;
	int err = v->fn(&agent, a, &result, &b);
	snprintf(why, size, "%s", b.len ? buf_z(&b) : "");
	buf_reset(&b);
	json_decref(a);
	json_decref(result);
	return err;
}

static void asked(const char *verb, const char *args)
{
	char why[200];
	if (ask(verb, args, why, sizeof why))
		fail_msg("%s: %s", verb, why);
}

static void refused(const char *args, const char *words)
{
	char why[200];
	assert_true(ask("test-call", args, why, sizeof why) < 0);
	if (!strstr(why, words))
		fail_msg("%s, not %s", why, words);
}

#define FROM  "'call':'t1','from':'ds/e1-1/7','from-group':'pri','to-group':'tie','caller':'5550199'"
#define CALL  "{" FROM "}"
#define SETUP "{'bearer':'speech','called':{'number':'305550198','plan':'isdn','type':'national'}," \
	      "'calling':{'name':'LINE TEST','number':'305550199','plan':'isdn','presentation':'allowed','screening':'passed','type':'national'}," \
	      "'endpoint':'ds/e1-1/7','group':'pri'}\n"

static void out(const char *event, const char *more)
{
	char line[300];
	snprintf(line, sizeof line, "{'event':'%s','call':'t1','group':'pri','endpoint':'ds/e1-1/7'%s}", event, more);
	isdn_says("calls", line);
}

static void in(const char *event, const char *more)
{
	char line[300];
	snprintf(line, sizeof line, "{'event':'%s','call':'in-3','group':'tie','endpoint':'ds/e1-2/9'%s}", event, more);
	isdn_says("calls", line);
}

static void comes_in(void)
{
	in("setup", ",'called':{'number':'305550198'},'calling':{'number':'305550199'}");
}

static void talks(void)
{
	asked("test-call", CALL);
	comes_in();
	asked("test-call answer", "{'call':'t1'}");
	out("answer", "");
	said[0] = '\0';
}

static void a_call_goes_out_comes_in_and_is_cleared(void **state)
{
	asked("test-call", CALL);
	assert_said("isdn: setup t1 " SETUP);
	out("proceeding", "");
	clock_test_advance(120);
	comes_in();
	assert_said("told: seized {'caller':'305550199','group':'tie','ms':120,'to':'ds/e1-2/9'}\n");
	clock_test_advance(500);
	asked("test-call answer", "{'call':'t1'}");
	assert_said("isdn: answer in-3\n");
	clock_test_advance(30);
	out("answer", "");
	assert_said("told: answered {'from':'ds/e1-1/7','ms':30,'to':'ds/e1-2/9'}\n");
	clock_test_advance(60000);
	asked("test-call end", "{'call':'t1'}");
	assert_said("isdn: release t1 {'cause':16}\n");
	clock_test_advance(40);
	in("release", ",'cause':16,'remote':true,'why':'normal clearing'");
	assert_said("");
	out("release", ",'cause':16,'remote':false,'why':'the agent'");
	assert_said("told: over {'busy':false,'ms':40,'why':''}\n");
	assert_null(agent.isdn_test);
}

static void why_it_fails_is_told(void **state)
{
	asked("test-call", CALL);
	said[0] = '\0';
	out("release", ",'cause':17,'remote':true,'why':'user busy'");
	assert_said("told: over {'busy':false,'ms':-1,'why':'cleared with cause 17: user busy'}\n");
	/* The channel is left to the call that it has. */
	asked("test-call", CALL);
	said[0] = '\0';
	out("release", ",'cause':34,'remote':false,'why':'no channel is free'");
	assert_said("told: over {'busy':true,'ms':-1,'why':'the channel is not free'}\n");
}

static void what_tandem_isdn_refuses_is_no_call(void **state)
{
	asked("test-call", CALL);
	said[0] = '\0';
	isdn_answers("isdn setup", NULL, "endpoint: ds/e1-1/7 is no B-channel of pri");
	assert_said("told: over {'busy':false,'ms':-1,'why':'endpoint: ds/e1-1/7 is no B-channel of pri'}\n");
	assert_null(agent.isdn_test);
}

static void one_that_does_not_come_in_is_given_up(void **state)
{
	asked("test-call", CALL);
	out("alerting", "");
	said[0] = '\0';
	clock_test_advance(20000);
	assert_said("isdn: release t1 {'cause':16}\n");
	out("release", ",'cause':16,'remote':false,'why':'the agent'");
	assert_said("told: over {'busy':false,'ms':-1,'why':'the call went out, and did not come in over tie'}\n");
}

static void an_answer_that_is_not_heard_ends_it(void **state)
{
	asked("test-call", CALL);
	comes_in();
	asked("test-call answer", "{'call':'t1'}");
	said[0] = '\0';
	clock_test_advance(10000);
	assert_said("isdn: release t1 {'cause':16}\n");
	/* The other side hears nothing of that, either. */
	out("release", ",'cause':16,'remote':false,'why':'the agent'");
	clock_test_advance(5000);
	assert_said("isdn: release in-3 {'cause':16}\n");
	in("release", ",'cause':16,'remote':false,'why':'the agent'");
	assert_non_null(strstr(said, "the calling side does not hear the answer"));
	assert_null(agent.isdn_test);
	said[0] = '\0';
}

/* Whatever tandem-isdn does not say, it comes to an end. */
static void one_that_is_not_cleared_is_forgotten(void **state)
{
	talks();
	asked("test-call end", "{'call':'t1'}");
	clock_test_advance(5000);
	assert_said("isdn: release t1 {'cause':16}\nisdn: release in-3 {'cause':16}\nisdn: release t1 {'cause':16}\n");
	refused(CALL, "another test call");
	clock_test_advance(10000);
	assert_said("told: over {'busy':false,'ms':-1,'why':'tandem-isdn does not say that it is clear'}\n");
	assert_null(agent.isdn_test);
	/* Nor has whoever began it to say anything. */
	talks();
	clock_test_advance(120000);
	assert_said("isdn: release t1 {'cause':16}\n");
	in("release", ",'cause':16,'remote':true,'why':''");
	out("release", ",'cause':16,'remote':false,'why':''");
	assert_said("told: over {'busy':false,'ms':0,'why':'whoever measures it does not end it'}\n");
}

static void either_side_may_be_cleared_meanwhile(void **state)
{
	talks();
	in("release", ",'cause':41,'remote':true,'why':'temporary failure'");
	assert_said("isdn: release t1 {'cause':16}\n");
	out("release", ",'cause':41,'remote':false,'why':'the agent'");
	assert_said("told: over {'busy':false,'ms':-1,'why':'the called side is cleared with cause 41: temporary failure'}\n");

	talks();
	isdn_gone();
	assert_said("told: over {'busy':false,'ms':-1,'why':'tandem-isdn is gone'}\n");
	assert_null(agent.isdn_test);
	refused(CALL, "tandem-isdn is not there");
}

#define OUT_ONLY "{'call':'t1','from':'ds/e1-1/7','from-group':'pri','caller':'5550199','number':'0301234'}"
#define IN_ONLY  "{'call':'t1','to-group':'tie','caller':'0891010','number':'305550198'}"

/* Whoever asks has the line that it leads to. */
static void one_that_goes_out_to_a_line(void **state)
{
	asked("test-call", OUT_ONLY);
	assert_non_null(strstr(said, "isdn: setup t1"));
	said[0] = '\0';
	/* A call that comes in meanwhile is another's. */
	json_t *event = json_of("{'endpoint':'ds/e1-2/9','called':{'number':'0301234'},'calling':{'number':'5550199'}}");
	assert_false(isdn_test_takes(&agent, "in-3", "tie", event));
	json_decref(event);
	clock_test_advance(9000);
	out("answer", "");
	assert_said("told: answered {'from':'ds/e1-1/7','ms':9000,'to':''}\n");
	asked("test-call end", "{'call':'t1'}");
	out("release", ",'cause':16,'remote':false,'why':'the agent'");
	assert_said("isdn: release t1 {'cause':16}\ntold: over {'busy':false,'ms':-1,'why':''}\n");
	/* Nobody answers. */
	asked("test-call", OUT_ONLY);
	said[0] = '\0';
	clock_test_advance(60000);
	assert_said("isdn: release t1 {'cause':16}\n");
	out("release", ",'cause':16,'remote':false,'why':'the agent'");
	assert_said("told: over {'busy':false,'ms':-1,'why':'the call is not answered'}\n");
}

/* A line dials, and the call is awaited; it is cleared by the line, or from here. */
static void one_that_comes_in_from_a_line(void **state)
{
	for (unsigned from_here = 0; from_here < 2; from_here++) {
		asked("test-call", IN_ONLY);
		assert_said("");
		clock_test_advance(8000);
		in("setup", ",'called':{'number':'5550198'},'calling':{'number':'49891010'}");
		assert_said("told: seized {'caller':'49891010','group':'tie','ms':8000,'to':'ds/e1-2/9'}\n");
		asked("test-call answer", "{'call':'t1'}");
		assert_said("isdn: answer in-3\ntold: answered {'from':'','ms':0,'to':'ds/e1-2/9'}\n");
		char why[200];
		assert_int_equal(ask("test-call answer", "{'call':'t1'}", why, sizeof why), -EINVAL);
		if (from_here)
			asked("test-call end", "{'call':'t1'}");
		else
			in("disconnect", ",'cause':16");
		assert_said("isdn: release in-3 {'cause':16}\n");
		in("release", ",'cause':16,'remote':true,'why':'normal clearing'");
		assert_non_null(strstr(said, from_here ? "'why':''" : "the called side is cleared with cause 16"));
		assert_null(agent.isdn_test);
		said[0] = '\0';
	}
	/* One that is not taken up is let go. */
	asked("test-call", IN_ONLY);
	in("setup", ",'called':{'number':'5550198'},'calling':{}");
	said[0] = '\0';
	clock_test_advance(10000);
	assert_said("isdn: release in-3 {'cause':16}\n");
	in("release", ",'cause':16,'remote':false,'why':''");
	assert_said("told: over {'busy':false,'ms':0,'why':'whoever measures it does not take it up'}\n");
	/* None comes. */
	asked("test-call", IN_ONLY);
	clock_test_advance(60000);
	assert_non_null(strstr(said, "did not come in over tie"));
	assert_null(agent.isdn_test);
	said[0] = '\0';
}

/* Calls of others meanwhile are what they are without a test: here they find nobody to call. */
static void other_calls_are_not_taken(void **state)
{
	static const struct {
		const char *number, *event;
		bool ours;
	} rows[] = {
		{"", ",'called':{'number':'5550198'},'calling':{'number':'891234567'}", false},      /* part of the number that is called unasked */
		{"", ",'called':{'number':'49305550198'},'calling':{}", true},                       /* with more before it */
		{"", ",'called':{'number':'12'},'calling':{'number':'00495550199'}", true},          /* who calls is the test */
		{"030777812", ",'called':{'number':'12'},'calling':{'number':'30777'}", true},       /* what the network passes on of it */
		{"030777812", ",'called':{'number':'13'},'calling':{'number':'30777'}", false},
		{"030777812", ",'called':{},'calling':{}", false},
		{"030777812", ",'called':{'number':'12'},'calling':{},'overlap':true", false},       /* somebody dials, and it goes on */
		{"030777812", ",'called':{'number':'777812'},'calling':{},'overlap':true", false},
		{"030777812", ",'called':{'number':'30777812'},'calling':{},'overlap':true", true},
		{"030777112", ",'called':{'number':'112'},'calling':{}", false},                     /* a call for help */
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char args[300], line[300];
		struct agent *a = &agent;
		snprintf(args, sizeof args, "{" FROM ",'number':'%s'}", rows[i].number);
		asked("test-call", args);
		snprintf(line, sizeof line, "{'endpoint':'ds/e1-2/9'%s}", rows[i].event);
		json_t *event = json_of(line);
		if (isdn_test_takes(a, "in-3", "tie", event) != rows[i].ours)
			fail_msg("row %zu", i);
		/* The next one is another's in any case. */
		if (rows[i].ours)
			assert_false(isdn_test_takes(a, "in-4", "tie", event));
		json_decref(event);
		isdn_test_close(a);
	}
	said[0] = '\0';
}

static void what_cannot_be_called_is_refused(void **state)
{
	refused("{'call':'t1'}", "expected call");
	refused("{'call':'t1','to-group':'tie'}", "number where one of the groups is not there");
	refused("{'call':'t1','from':'ds/e1-1/7','from-group':'pri','caller':'5550199'}", "number where one of the groups is not there");
	refused("{'call':'in-1','from':'ds/e1-1/7','from-group':'pri','to-group':'tie','caller':'5550199'}", "does not begin with in-");
	refused("{'call':'t1','from':'ds/e1-1/7','from-group':'pri','to-group':'nothing','caller':'5550199'}", "no isdn section \"nothing\"");
	refused("{" FROM ",'number':'abc'}", "cannot be dialled");
	isdn_says("spans", "{'event':'group','group':'tie','up':false}");
	refused(CALL, "tie: no D-channel is up");
	isdn_says("spans", "{'event':'group','group':'tie','up':true}");
	asked("test-call", CALL);
	refused(CALL, "another test call");
	char why[200];
	assert_int_equal(ask("test-call end", "{'call':'t2'}", why, sizeof why), -ENOENT);
	said[0] = '\0';
}

/* Who asked for it is gone; a call for help needs the channel. */
static void it_gives_way(void **state)
{
	talks();
	isdn_test_end(&agent, "nobody measures it");
	assert_said("isdn: release t1 {'cause':16}\n");
	in("release", ",'cause':16,'remote':true,'why':''");
	out("release", ",'cause':16,'remote':false,'why':''");
	assert_said("told: over {'busy':false,'ms':0,'why':'nobody measures it'}\n");
	assert_false(isdn_test_yields(&agent, "tie"));
	talks();
	assert_false(isdn_test_yields(&agent, "other"));
	assert_true(isdn_test_yields(&agent, "tie"));
	assert_false(isdn_test_yields(&agent, "tie"));
	said[0] = '\0';
}

int main(void)
{
	const struct CMUnitTest all[] = {
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
		T(a_call_goes_out_comes_in_and_is_cleared), T(why_it_fails_is_told), T(what_tandem_isdn_refuses_is_no_call), T(one_that_does_not_come_in_is_given_up), T(an_answer_that_is_not_heard_ends_it),
		T(one_that_is_not_cleared_is_forgotten), T(either_side_may_be_cleared_meanwhile), T(one_that_goes_out_to_a_line), T(one_that_comes_in_from_a_line), T(other_calls_are_not_taken), T(what_cannot_be_called_is_refused), T(it_gives_way),
	};
	return cmocka_run_group_tests(all, NULL, NULL);
}
