// SPDX-License-Identifier: GPL-3.0-or-later
/* Limits against toll fraud: by user, destination and time; calls a minute, at a time, and talking time a day; across restarts. */
#include "unit.h"
#include "base/alarm.h"
#include "base/log.h"
#include "base/timer.h"
#include "callagent/fraud.h"
#include "callagent/leg.h"
#include "config/schema.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define TEXT                                                                                                                  \
	"address in {\n local = {\"127.0.0.1\"}\n}\nuser alice {\n password = x\n}\nuser bob {\n password = x\n}\n"            \
	"destination premium {\n prefix = {\"0900\"}\n}\ndestination mobile {\n prefix = {\"017\", \"+4917\"}\n}\n"           \
	"fraud dear {\n destinations = {\"premium\"}\n calls = 2\n talk-per-day = 60s\n}\n"                                   \
	"fraud often {\n sources = {\"alice\"}\n destinations = {\"mobile\"}\n calls-per-minute = 2\n}\n"                     \
	"fraud night {\n destinations = {\"mobile\"}\n calls = 1\n time = {\"22:00-06:00\"}\n}\n"

static const char *const tables[] = {"fraud", NULL};
static char dir[] = "/tmp/tandem-fraud-XXXXXX";
static struct store *store;
/* A call as the limits see it. */
static struct one {
	struct fraud_call fraud;
	int64_t setup, answered;
	unsigned cause; /* of its end; 0: it is on */
} ones[16];
static unsigned n_ones;
static struct conf *conf;
static struct fraud *fraud;

/* A zone in which it is noon now, so that no midnight comes in between; or another day. */
static struct conf *conf_at(bool another_day)
{
	struct buf why = buf_growing(), text = buf_growing();
	struct conf *c;
	time_t now = time(NULL);
	int east = 12 - gmtime(&now)->tm_hour;
	if (another_day)
		east += east <= 2 ? 12 : -13;
	buf_printf(&text, TEXT "sip {\n time-zone = \"Etc/GMT%s%d\"\n}\n", east > 0 ? "-" : "+", east > 0 ? east : -east);
	if (config_load(&c, "test.conf", buf_z(&text), &why))
		fail_msg("%s", buf_z(&why));
	buf_reset(&text);
	return c;
}

static void open_fraud(void)
{
	assert_int_equal(fraud_new(&fraud, &(struct fraud_params){.conf = conf, .store = store}), 0);
}

static int setup(void **state)
{
	memcpy(dir + sizeof(dir) - 7, "XXXXXX", 6);
	if (!mkdtemp(dir) || store_open(&store, dir, tables, 8 << 20))
		return -1;
	n_ones = 0;
	conf = conf_at(false);
	open_fraud();
	return 0;
}

static int teardown(void **state)
{
	char command[128];
	while (n_ones)
		fraud_release(&ones[--n_ones].fraud, false);
	mem_deref(fraud);
	mem_deref(conf);
	mem_deref(store);
	alarm_reset();
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

/* The process dies, and the next one has taken over. */
static void restart(void)
{
	for (unsigned i = 0; i < n_ones; i++)
		fraud_release(&ones[i].fraud, false);
	mem_deref(fraud);
	store_flush(store);
	open_fraud();
}

static void on_end(struct fraud_call *fc, const struct leg_news *why)
{
	struct one *c = container_of(fc, struct one, fraud);
	c->cause = why->cause;
	fraud_release(fc, true);
}

static struct one *call_at(int hour)
{
	struct tm tm = {.tm_year = 126, .tm_mon = 0, .tm_mday = 5, .tm_hour = hour};
	time_t now = time(NULL);
	struct one *c = &ones[n_ones++];
	/* In the zone of the configuration. */
	*c = (struct one){.setup = ((int64_t)timegm(&tm) - (12 - gmtime(&now)->tm_hour) * 3600) * 1000};
	c->fraud = (struct fraud_call){.setup = &c->setup, .answered = &c->answered, .end = on_end};
	return c;
}

static void over(struct one *c)
{
	fraud_release(&c->fraud, true);
}

/* Which rule refuses a new call by day; "": none. */
static const char *refusal_at(const char *source, const char *number, int hour, struct one **ret)
{
	const char *rule = NULL;
	struct one *c = call_at(hour);
	bool taken = fraud_admits(fraud, &c->fraud, source, number, false, &rule);
	if (!taken)
		over(c);
	if (ret)
		*ret = c;
	return taken ? "" : rule;
}

static const char *refusal(const char *source, const char *number)
{
	return refusal_at(source, number, 12, NULL);
}

static bool alarmed(const char *object)
{
	json_t *all = alarm_json(), *a;
	size_t i;
	bool on = false;
	json_array_foreach(all, i, a)
		on |= !strcmp(json_string_value(json_object_get(a, "object")), object) && !json_integer_value(json_object_get(a, "cleared"));
	json_decref(all);
	return on;
}

static void calls_a_minute(void **state)
{
	assert_string_equal(refusal("alice", "01711"), "");
	assert_string_equal(refusal("alice", "+49171"), "");
	assert_string_equal(refusal("alice", "01712"), "often");
	assert_true(alarmed("often alice"));
	assert_string_equal(refusal("bob", "01711"), "");
	assert_string_equal(refusal("alice", "0301"), "");
	clock_test_advance(30000);
	assert_string_equal(refusal("alice", "01711"), "");
	assert_false(alarmed("often alice"));
	assert_string_equal(refusal("alice", "01711"), "often");
}

static void calls_at_a_time(void **state)
{
	struct one *c;
	assert_string_equal(refusal("alice", "0900"), "");
	assert_string_equal(refusal_at("alice", "0900", 12, &c), "");
	assert_string_equal(refusal("alice", "09001"), "dear");
	assert_string_equal(refusal("bob", "0900"), "");
	/* Each target of a call that moves on is looked at; it counts once. */
	const char *rule;
	assert_true(fraud_admits(fraud, &c->fraud, "alice", "09009", false, &rule));
	over(c);
	assert_string_equal(refusal("alice", "0900"), "");
	assert_string_equal(refusal("alice", "0900"), "dear");
}

static void talking_time_a_day(void **state)
{
	struct one *c;
	assert_string_equal(refusal_at("alice", "0900", 12, &c), "");
	c->answered = (int64_t)clock_utc_ms() - 59000;
	over(c);
	assert_string_equal(refusal_at("alice", "0900", 12, &c), "");
	c->answered = (int64_t)clock_utc_ms() - 1000;
	assert_string_equal(refusal("alice", "0900"), "dear");
	assert_int_equal(c->cause, 0);
	/* The one that is on ends, too, within a second. */
	clock_test_advance(1000);
	assert_int_equal(c->cause, 21);
	assert_string_equal(refusal("alice", "0900"), "dear");
	assert_string_equal(refusal("bob", "0900"), "");
}

static void another_day_begins_anew(void **state)
{
	struct one *c;
	assert_string_equal(refusal_at("alice", "0900", 12, &c), "");
	c->answered = (int64_t)clock_utc_ms() - 60000;
	over(c);
	assert_string_equal(refusal("alice", "0900"), "dear");
	struct conf *other = conf_at(true);
	assert_int_equal(fraud_reconfigure(fraud, other), 0);
	assert_string_equal(refusal("alice", "0900"), "");
	mem_deref(other);
}

static void by_time_of_day(void **state)
{
	assert_string_equal(refusal_at("bob", "01711", 23, NULL), "");
	assert_string_equal(refusal_at("bob", "01711", 5, NULL), "night");
	assert_string_equal(refusal_at("bob", "01711", 6, NULL), "");
	assert_string_equal(refusal_at("bob", "01711", 12, NULL), "");
}

static void a_restart_forgives_nothing(void **state)
{
	struct one *talks;
	const char *rule;
	assert_string_equal(refusal("alice", "01711"), "");
	assert_string_equal(refusal("alice", "01711"), "");
	assert_string_equal(refusal_at("alice", "0900", 12, &talks), "");
	talks->answered = (int64_t)clock_utc_ms() - 50000;
	over(talks);
	assert_string_equal(refusal_at("alice", "0900", 12, &talks), "");
	talks->answered = (int64_t)clock_utc_ms() - 8000;
	restart();
	assert_string_equal(refusal("alice", "01711"), "often");
	/* The call that is still on counts again: it is not asked whether it may. */
	assert_true(fraud_admits(fraud, &talks->fraud, "alice", "0900", true, &rule));
	assert_string_equal(refusal("alice", "0900"), "");
	assert_string_equal(refusal("alice", "0900"), "dear");
	over(talks);
	/* 58 of 60 seconds. */
	struct one *last;
	assert_string_equal(refusal_at("alice", "0900", 12, &last), "");
	last->answered = (int64_t)clock_utc_ms() - 2000;
	clock_test_advance(1000);
	assert_int_equal(last->cause, 21);
}

static void an_operator_gives_limits_anew(void **state)
{
	const struct ctl_verb *v = fraud_verbs;
	struct buf why = buf_growing();
	json_t *args = json_pack("{s:s}", "source", "alice"), *nobody = json_pack("{s:s}", "source", "carol"), *result = NULL;
	assert_string_equal(refusal("alice", "01711"), "");
	assert_string_equal(refusal("alice", "01711"), "");
	assert_string_equal(refusal("alice", "01711"), "often");
	while (strcmp(v->name, "fraud reset"))
		v++;
	assert_int_equal(v->fn(fraud, nobody, &result, &why), -ENOENT);
	assert_int_equal(v->fn(fraud, args, &result, &why), 0);
	assert_false(alarmed("often alice"));
	assert_string_equal(refusal("alice", "01711"), "");
	restart();
	assert_string_equal(refusal("alice", "01711"), "");
	assert_string_equal(refusal("alice", "01711"), "often");
	json_decref(args);
	json_decref(nobody);
	buf_reset(&why);
}

static void what_is_no_record_is_dropped(void **state)
{
	store_put(store, 0, SLICE("often"), SLICE("\x01\xff\xff\xff"));
	store_put(store, 0, SLICE("often/alice"), SLICE("\x03\xff\xff\xff"));
	restart();
	assert_string_equal(refusal("alice", "01711"), "");
}

static void one_call(void *arg)
{
	struct fraud *f = NULL;
	struct one *c = arg;
	const char *rule = NULL;
	int err = fraud_new(&f, &(struct fraud_params){.conf = conf});
	assert_true(!err || err == -ENOMEM);
	if (!err && !fraud_admits(f, &c->fraud, "alice", "0900", false, &rule))
		assert_null(rule); /* it may not be told that nothing limits it */
	fraud_release(&c->fraud, true);
	mem_deref(f);
}

static void memory_that_is_out_refuses(void **state)
{
	each_allocation_fails(one_call, call_at(12));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(calls_a_minute, setup, teardown),
		cmocka_unit_test_setup_teardown(calls_at_a_time, setup, teardown),
		cmocka_unit_test_setup_teardown(talking_time_a_day, setup, teardown),
		cmocka_unit_test_setup_teardown(another_day_begins_anew, setup, teardown),
		cmocka_unit_test_setup_teardown(by_time_of_day, setup, teardown),
		cmocka_unit_test_setup_teardown(a_restart_forgives_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(an_operator_gives_limits_anew, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_no_record_is_dropped, setup, teardown),
		cmocka_unit_test_setup_teardown(memory_that_is_out_refuses, setup, teardown),
	};
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
