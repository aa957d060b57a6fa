// SPDX-License-Identifier: GPL-3.0-or-later
#include "callagent/isdn_test.h"
#include "base/log.h"
#include "base/mem.h"
#include "callagent/agent.h"
#include "callagent/isdn_link.h"
#include "callagent/isdn_party.h"
#include "callagent/line_call.h"
#include <errno.h>

#define TOPIC            "test-calls"
#define NUMBER           "5550198" /* that is called when none is given */
#define CAUSE_NORMAL     16 /* Q.850 */
#define CAUSE_NO_CHANNEL 34
#define ARRIVES_MS       20000
#define ALONE_MS         60000 /* ... of one whose other end is a line, which has to be dialled, or to hear who calls */
#define TAKEN_UP_MS      10000
#define ANSWERS_MS       10000
#define TALKS_MS         120000 /* whoever measures it has ended it by then, or never will */
#define CLEARS_MS        5000 /* until the other side is cleared, too, which has heard nothing of it */
#define RELEASES_MS      10000 /* for tandem-isdn, which has T308 twice, to say that both are */

enum test_state {
	TEST_CALLING,   /* the SETUP is out, or is awaited */
	TEST_ARRIVED,   /* it has come in: whoever measures it is to say that it be answered */
	TEST_ANSWERING, /* it is, which the other side is to hear */
	TEST_TALKING,
	TEST_CLEARING,  /* one side is cleared, and the other one is to hear of it */
	TEST_RELEASING, /* it has not, and is cleared as well */
	TEST_STATES
};

static const char *const state_names[TEST_STATES] = {
	[TEST_CALLING] = "calling", [TEST_ARRIVED] = "arrived", [TEST_ANSWERING] = "answering", [TEST_TALKING] = "talking", [TEST_CLEARING] = "clearing",
	[TEST_RELEASING] = "releasing",
};

/* A call of tandem-isdn: that which goes out, and that which comes in. */
struct test_side {
	struct isdn_test *test;
	struct isdn_call call;
	char group[65], endpoint[64]; /* group empty: no call of ISDN, but one of a line */
	bool there; /* tandem-isdn has it */
};

struct isdn_test {
	struct agent *agent;
	enum test_state state;
	char id[64];                  /* that of the call which goes out, too */
	struct test_side out, in;
	char called[64], calling[64]; /* digits that the network was given */
	bool any;                     /* nobody has said which number is for tests */
	uint64_t since;               /* when the state began */
	struct timer timer;
	int64_t cleared_ms;           /* until the other side heard of the clearing; -1: it has not */
	bool busy;                    /* the channel had another call */
	char why[160];                /* it has ended; empty: it was to */
};

static const char *text_of(const json_t *o, const char *name)
{
	const char *text = json_string_value(json_object_get(o, name));
	return text ? text : "";
}

/* --- what is told --------------------------------------------------------------------------------------------------- */

/* `more` is stolen. */
static void tell(const struct isdn_test *t, const char *event, json_t *more)
{
	if (more && !json_object_set_new(more, "event", json_string(event)) && !json_object_set_new(more, "call", json_string(t->id)) && t->agent->publish)
		t->agent->publish(TOPIC, more);
	else
		json_decref(more);
}

static int64_t lasted(const struct isdn_test *t)
{
	return (int64_t)(clock_ms() - t->since);
}

static void on_timer(void *arg);

static void set_state(struct isdn_test *t, enum test_state state, const char *why)
{
	static const uint64_t most[TEST_STATES] = {
		[TEST_CALLING] = ARRIVES_MS, [TEST_ARRIVED] = TAKEN_UP_MS, [TEST_ANSWERING] = ANSWERS_MS, [TEST_TALKING] = TALKS_MS, [TEST_CLEARING] = CLEARS_MS, [TEST_RELEASING] = RELEASES_MS,
	};
	bool alone = !*t->in.group || !*t->out.group;
	log_debug(t->id, "%s -> %s: %s", state_names[t->state], state_names[state], why);
	t->state = state;
	t->since = clock_ms();
	timer_start(&t->timer, alone && state == TEST_CALLING ? ALONE_MS : most[state], on_timer, t);
}

/* --- its end -------------------------------------------------------------------------------------------------------- */

static void destroy(void *obj)
{
	struct isdn_test *t = obj;
	timer_stop(&t->timer);
	if (t->agent->isdn) {
		isdn_link_remove(t->agent->isdn, &t->out.call);
		isdn_link_remove(t->agent->isdn, &t->in.call);
	}
	if (t->agent->isdn_test == t)
		t->agent->isdn_test = NULL;
}

static void check_over(struct isdn_test *t)
{
	if (t->out.there || t->in.there || t->agent->isdn_test != t)
		return;
	tell(t, "over", json_pack("{s:I, s:b, s:s}", "ms", (json_int_t)t->cleared_ms, "busy", t->busy, "why", t->why));
	log_info(t->id, "test call from %s to %s: %s", *t->out.group ? t->out.endpoint : "a line", *t->in.group ? t->in.endpoint : "a line", *t->why ? t->why : "cleared");
	t->agent->isdn_test = NULL;
	mem_deref(t);
}

static void gone(struct test_side *s)
{
	s->there = false;
	isdn_link_remove(s->test->agent->isdn, &s->call);
}

static void release(struct test_side *s)
{
	if (s->there && isdn_link_say(s->test->agent->isdn, &s->call, "isdn release", json_pack("{s:i}", "cause", CAUSE_NORMAL)))
		gone(s);
}

/* By the calling side, which the other one is to hear; `why` is empty when it was to be. */
static void clear(struct isdn_test *t, const char *why)
{
	if (t->state >= TEST_CLEARING)
		return;
	snprintf(t->why, sizeof t->why, "%s", why);
	set_state(t, TEST_CLEARING, *why ? why : "it was measured");
	release(t->out.there ? &t->out : &t->in);
	check_over(t);
}

/* The calls are tandem-isdn's alone from now on. */
static void abandon(struct isdn_test *t)
{
	gone(&t->out);
	gone(&t->in);
	if (!*t->why)
		snprintf(t->why, sizeof t->why, "tandem-isdn does not say that it is clear");
}

static void on_timer(void *arg)
{
	struct isdn_test *t = arg;
	char why[160];
	switch (t->state) {
	case TEST_CALLING:
		if (!*t->in.group)
			snprintf(why, sizeof why, "the call is not answered");
		else
			snprintf(why, sizeof why, "the call went out, and did not come in over %s", t->in.group);
		clear(t, why);
		return;
	case TEST_ARRIVED:
		clear(t, "whoever measures it does not take it up");
		return;
	case TEST_ANSWERING:
		clear(t, "the calling side does not hear the answer");
		return;
	case TEST_TALKING:
		clear(t, "whoever measures it does not end it");
		return;
	case TEST_CLEARING:
		set_state(t, TEST_RELEASING, "the other side hears nothing of it");
		release(&t->in);
		release(&t->out);
		break;
	default:
		abandon(t);
	}
	check_over(t);
}

/* --- what tandem-isdn says ------------------------------------------------------------------------------------------ */

static void on_answer(struct isdn_test *t)
{
	int64_t ms = lasted(t);
	if (t->state != (*t->in.group ? TEST_ANSWERING : TEST_CALLING))
		return;
	set_state(t, TEST_TALKING, "CONNECT");
	tell(t, "answered", json_pack("{s:s, s:s, s:I}", "from", t->out.endpoint, "to", t->in.endpoint, "ms", (json_int_t)ms));
}

/* One of both ends: how, in words. */
static void on_release(struct test_side *s, const json_t *event)
{
	struct isdn_test *t = s->test;
	unsigned cause = (unsigned)json_integer_value(json_object_get(event, "cause"));
	bool remote = json_is_true(json_object_get(event, "remote"));
	char why[160];
	snprintf(why, sizeof why, "%scleared with cause %u: %s", s == &t->in ? "the called side is " : "", cause, text_of(event, "why"));
	gone(s);
	if (s == &t->in && t->state == TEST_CLEARING && t->cleared_ms < 0)
		t->cleared_ms = lasted(t);
	t->busy = s == &t->out && t->state == TEST_CALLING && !remote && cause == CAUSE_NO_CHANNEL;
	clear(t, t->busy ? "the channel is not free" : why);
	check_over(t);
}

static void on_event(void *arg, const char *name, const json_t *event)
{
	struct test_side *s = arg;
	struct isdn_test *t = mem_ref(s->test);
	if (*text_of(event, "endpoint"))
		CDR_SET(s->endpoint, slice_str(text_of(event, "endpoint")));
	if (!strcmp(name, "answer") && s == &t->out)
		on_answer(t);
	else if (!strcmp(name, "disconnect"))
		release(s);
	else if (!strcmp(name, "release"))
		on_release(s, event);
	mem_deref(t);
}

static void end_side(struct test_side *s, const char *why)
{
	struct isdn_test *t = mem_ref(s->test);
	gone(s);
	clear(t, why);
	check_over(t);
	mem_deref(t);
}

static void on_lost(void *arg, const char *why)
{
	end_side(arg, why);
}

/* Only a SETUP that is refused makes no call; what else is said too late has its release on the way. */
static void on_refused(void *arg, const char *why)
{
	struct test_side *s = arg;
	if (s == &s->test->out && s->test->state == TEST_CALLING)
		end_side(s, why);
}

static void init_side(struct isdn_test *t, struct test_side *s, const char *group)
{
	s->test = t;
	CDR_SET(s->group, slice_str(group));
	s->call.event = on_event;
	s->call.lost = on_lost;
	s->call.refused = on_refused;
	s->call.arg = s;
}

/* --- it comes in ---------------------------------------------------------------------------------------------------- */

static bool ends_with(const char *text, const char *tail)
{
	return *tail && slice_ends(slice_str(text), slice_str(tail));
}

/* Networks change numbers on the way: they may show who calls as they like, and of the called number what they count as the line's. A number of which more is to
 * come may yet be anybody's. */
static bool is_ours(const struct isdn_test *t, const json_t *event)
{
	const char *called = text_of(json_object_get(event, "called"), "number"), *calling = text_of(json_object_get(event, "calling"), "number");
	bool cut = !t->any && !json_is_true(json_object_get(event, "overlap")) && ends_with(t->called, called);
	return ends_with(calling, t->calling) || ends_with(called, t->called) || cut;
}

/* The test's number may end like one for help. */
static bool is_emergency(struct agent *a, const char *group, const json_t *event)
{
	struct tel_line *l = tel_lines_find(&a->tel_lines, slice_str(group));
	return l && line_call_is_emergency(a, l, text_of(json_object_get(event, "called"), "number"));
}

bool isdn_test_takes(struct agent *a, const char *id, const char *group, const json_t *event)
{
	struct isdn_test *t = a->isdn_test;
	if (!t || t->state != TEST_CALLING || !*t->in.group || !is_ours(t, event) || is_emergency(a, group, event) ||
	    slice_copy(slice_str(id), t->in.call.id, sizeof(t->in.call.id)))
		return false;
	int64_t ms = lasted(t);
	CDR_SET(t->in.endpoint, slice_str(text_of(event, "endpoint")));
	t->in.there = true;
	isdn_link_add(a->isdn, &t->in.call);
	set_state(t, TEST_ARRIVED, "SETUP");
	tell(t, "seized", json_pack("{s:s, s:s, s:s, s:I}", "to", t->in.endpoint, "group", group, "caller", text_of(json_object_get(event, "calling"), "number"), "ms",
				    (json_int_t)ms));
	return true;
}

/* --- it is asked for ------------------------------------------------------------------------------------------------ */

/* An isdn section that can be called; *ret is NULL when the other end of the call is a line. */
static int group_of(struct tel_line **ret, struct agent *a, const json_t *args, const char *key, struct buf *why)
{
	const char *name = text_of(args, key);
	struct tel_line *l = *name ? tel_lines_find(&a->tel_lines, slice_str(name)) : NULL;
	*ret = l;
	if (!*name)
		return 0;
	if (!l || l->kind != TEL_ISDN)
		buf_printf(why, "%s: there is no isdn section \"%s\"", key, name);
	else if (*l->down)
		buf_printf(why, "%s: %s", name, l->down);
	else
		return 0;
	return -ENOENT;
}

/* The SETUP; what it says of numbers is known then. */
static json_t *make_setup(struct isdn_test *t, const struct tel_line *line, const json_t *args)
{
	const char *number = text_of(args, "number");
	json_t *called = isdn_number_write(line, *number ? number : NUMBER);
	json_t *calling = isdn_party_write(line, text_of(args, "caller"), "LINE TEST", false, ISDN_PASSED);
	t->any = !*number;
	if (called && calling) {
		CDR_SET(t->called, slice_str(text_of(called, "number")));
		CDR_SET(t->calling, slice_str(text_of(args, "caller")));
		return json_pack("{s:s, s:s, s:o, s:o, s:s}", "group", line->name, "endpoint", t->out.endpoint, "called", called, "calling", calling, "bearer", "speech");
	}
	json_decref(called);
	json_decref(calling);
	return NULL;
}

static int place(struct isdn_test *t, const struct tel_line *line, const json_t *args, struct buf *why)
{
	struct agent *a = t->agent;
	json_t *setup = make_setup(t, line, args);
	if (!setup) {
		buf_str(why, "number: cannot be dialled");
		return -EINVAL;
	}
	t->out.there = true;
	isdn_link_add(a->isdn, &t->out.call);
	set_state(t, TEST_CALLING, "asked for");
	int err = isdn_link_say(a->isdn, &t->out.call, "isdn setup", setup);
	if (err)
		buf_str(why, "tandem-isdn is not there");
	return err;
}

/* A line dials it, and it is to come in. */
static int await(struct isdn_test *t, const json_t *args)
{
	CDR_SET(t->called, slice_str(text_of(args, "number")));
	CDR_SET(t->calling, slice_str(text_of(args, "caller")));
	set_state(t, TEST_CALLING, "awaited");
	return 0;
}

static int check(struct agent *a, const json_t *args, struct buf *why)
{
	bool out = *text_of(args, "from-group"), in = *text_of(args, "to-group");
	bool told = out ? *text_of(args, "from") && *text_of(args, "caller") && (in || *text_of(args, "number")) : in && *text_of(args, "number");
	if (slice_starts(slice_str(text_of(args, "call")), SLICE("in-")) || !*text_of(args, "call") || !told) {
		buf_str(why, "expected call, which does not begin with in-, from, from-group, to-group and caller; number where one of the groups is not there");
		return -EINVAL;
	}
	if (!isdn_link_is_up(a->isdn)) {
		buf_str(why, "tandem-isdn is not there");
		return -ENOTCONN;
	}
	if (a->isdn_test || a->stopping) {
		buf_str(why, a->stopping ? "tandem-ca is shutting down" : "another test call is being made");
		return -EBUSY;
	}
	return 0;
}

static int begin(void *arg, json_t *args, json_t **result, struct buf *why)
{
	struct agent *a = arg;
	int err = check(a, args, why);
	if (err)
		return err;
	struct tel_line *from, *to;
	err = group_of(&from, a, args, "from-group", why) ?: group_of(&to, a, args, "to-group", why);
	if (err)
		return err;
	struct isdn_test *t = mem_alloc(sizeof *t, destroy);
	if (!t)
		return -ENOMEM;
	t->agent = a;
	t->cleared_ms = -1;
	init_side(t, &t->out, from ? from->name : "");
	init_side(t, &t->in, to ? to->name : "");
	CDR_SET(t->id, slice_str(text_of(args, "call")));
	CDR_SET(t->out.call.id, slice_str(text_of(args, "call")));
	CDR_SET(t->out.endpoint, slice_str(text_of(args, "from")));
	err = from ? place(t, from, args, why) : await(t, args);
	if (err) {
		mem_deref(t);
		return err;
	}
	a->isdn_test = t;
	*result = json_null();
	return 0;
}

static struct isdn_test *find(const struct agent *a, const json_t *args, struct buf *why)
{
	if (a->isdn_test && !strcmp(a->isdn_test->id, text_of(args, "call")))
		return a->isdn_test;
	buf_str(why, "there is no such test call");
	return NULL;
}

static void take_up(struct isdn_test *t)
{
	set_state(t, TEST_ANSWERING, "it is taken up");
	if (isdn_link_say(t->agent->isdn, &t->in.call, "isdn answer", NULL)) {
		end_side(&t->in, "tandem-isdn cannot be told the answer");
	} else if (!*t->out.group) {
		set_state(t, TEST_TALKING, "answered");
		tell(t, "answered", json_pack("{s:s, s:s, s:I}", "from", "", "to", t->in.endpoint, "ms", (json_int_t)0));
	}
}

static int answer(void *arg, json_t *args, json_t **result, struct buf *why)
{
	struct isdn_test *t = find(arg, args, why);
	if (!t)
		return -ENOENT;
	if (t->state != TEST_ARRIVED) {
		buf_str(why, "the call has not come in, or is answered");
		return -EINVAL;
	}
	take_up(t);
	*result = json_null();
	return 0;
}

static int end(void *arg, json_t *args, json_t **result, struct buf *why)
{
	if (!find(arg, args, why))
		return -ENOENT;
	isdn_test_end(arg, "");
	*result = json_null();
	return 0;
}

void isdn_test_end(struct agent *a, const char *why)
{
	if (a->isdn_test)
		clear(a->isdn_test, why);
}

bool isdn_test_yields(struct agent *a, const char *group)
{
	struct isdn_test *t = a->isdn_test;
	bool has = t && t->state < TEST_CLEARING && ((t->out.there && !strcmp(t->out.group, group)) || (t->in.there && !strcmp(t->in.group, group)));
	if (has)
		clear(t, "a call for help needs the channel");
	return has;
}

void isdn_test_close(struct agent *a)
{
	a->isdn_test = mem_deref(a->isdn_test);
}

const struct ctl_verb isdn_test_verbs[] = {
	{"test-call", "makes a test call over ISDN, which whoever asks for it measures and ends; events of the topic test-calls say what becomes of it", begin,
	 "call=ID from=ENDPOINT from-group=NAME to-group=NAME caller=NUMBER number=NUMBER", NULL},
	{"test-call answer", "answers it, once it has come in", answer, "call=ID", NULL},
	{"test-call end", "clears it", end, "call=ID", NULL},
	{0},
};
