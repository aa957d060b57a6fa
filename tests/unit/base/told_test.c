// SPDX-License-Identifier: GPL-3.0-or-later
/* What a daemon tells: counters, alarms, log lines. */
#include "unit.h"
#include "base/alarm.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/timer.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- counters ------------------------------------------------------------------------------------------------------ */

static const struct counter_def defs[] = {{"rx", "received"}, {"tx", NULL}};
static uint64_t values[2];

static void fetch(struct counter_group *g)
{
	g->values[1] = 99;
}

static void counters_are_listed_with_group_and_help(void **state)
{
	struct counter_group g = COUNTER_GROUP("unit", defs, values);
	g.refresh = fetch;
	values[0] = 7;
	counter_register(&g);
	counter_register(&g);
	json_t *all = counter_json(), *want = json_loads("[{\"group\":\"unit\",\"name\":\"rx\",\"value\":7,\"help\":\"received\"},"
							 "{\"group\":\"unit\",\"name\":\"tx\",\"value\":99,\"help\":\"\"}]",
							 0, NULL);
	assert_true(json_equal(all, want));
	json_decref(all);
	json_decref(want);
	counter_unregister(&g);
	all = counter_json();
	assert_int_equal(json_array_size(all), 0);
	json_decref(all);
}

/* --- alarms -------------------------------------------------------------------------------------------------------- */

static const struct alarm_def held_off = {"trunk-down", ALARM_MAJOR, "The trunk does not answer.", 1000, 5000};
static const struct alarm_def at_once = {"disk-full", ALARM_CRITICAL, "", 0, 0};
static int changes;
static char last[64];

static void on_change(const json_t *alarm, void *arg)
{
	changes++;
	snprintf(last, sizeof last, "%s %s %s", json_string_value(json_object_get(alarm, "name")),
		 json_string_value(json_object_get(alarm, "object")), json_is_null(json_object_get(alarm, "cleared")) ? "on" : "off");
}

static json_t *only_alarm(json_t *all)
{
	assert_int_equal(json_array_size(all), 1);
	return json_array_get(all, 0);
}

static size_t shown(void)
{
	json_t *all = alarm_json();
	size_t n = json_array_size(all);
	json_decref(all);
	return n;
}

static int quiet(void **state)
{
	log_set_level(LOG_LEVEL_ERROR);
	alarm_reset();
	changes = 0;
	alarm_on_change(on_change, NULL);
	return 0;
}

static int forget(void **state)
{
	alarm_reset();
	return mem_blocks() != 0 || timer_count() != 0;
}

static void an_alarm_is_shown_after_its_hold_off(void **state)
{
	alarm_raise(&held_off, "trunk carrier", "no answer to OPTIONS");
	clock_test_advance(999);
	assert_int_equal(shown(), 0);
	alarm_raise(&held_off, "trunk carrier", "no answer to OPTIONS"); /* holds still: the time goes on */
	clock_test_advance(1);
	assert_int_equal(changes, 1);
	assert_string_equal(last, "trunk-down trunk carrier on");
	json_t *all = alarm_json(), *a = only_alarm(all);
	assert_string_equal(json_string_value(json_object_get(a, "severity")), "major");
	assert_string_equal(json_string_value(json_object_get(a, "detail")), "no answer to OPTIONS");
	assert_true(json_is_null(json_object_get(a, "cleared")));
	assert_true(json_integer_value(json_object_get(a, "since")) > 1600000000000);
	assert_int_equal(json_integer_value(json_object_get(a, "count")), 1);
	json_decref(all);
}

static void a_short_condition_is_never_shown(void **state)
{
	alarm_raise(&held_off, "x", NULL);
	clock_test_advance(999);
	alarm_clear(&held_off, "x");
	clock_test_advance(100000);
	assert_int_equal(changes, 0);
	assert_int_equal(shown(), 0);
	alarm_clear(&held_off, "never raised");
}

static void a_short_recovery_does_not_clear(void **state)
{
	alarm_raise(&held_off, "x", NULL);
	clock_test_advance(1000);
	alarm_clear(&held_off, "x");
	clock_test_advance(4999);
	alarm_raise(&held_off, "x", "again");
	clock_test_advance(100000);
	assert_int_equal(changes, 1);
	alarm_clear(&held_off, "x");
	clock_test_advance(5000);
	assert_int_equal(changes, 2);
	assert_string_equal(last, "trunk-down x off");
	json_t *all = alarm_json();
	assert_true(json_is_integer(json_object_get(only_alarm(all), "cleared")));
	json_decref(all);
}

static void the_last_hundred_cleared_are_kept(void **state)
{
	char object[32];
	for (int i = 0; i < 130; i++) {
		snprintf(object, sizeof object, "disk %d", i);
		alarm_raise(&at_once, object, NULL);
		alarm_clear(&at_once, object);
	}
	assert_int_equal(changes, 260);
	assert_int_equal(shown(), 100);
	alarm_raise(&at_once, "disk 129", NULL);
	assert_int_equal(shown(), 100);
	json_t *all = alarm_json(), *a;
	size_t i;
	json_array_foreach(all, i, a)
		if (!strcmp(json_string_value(json_object_get(a, "object")), "disk 129"))
			assert_int_equal(json_integer_value(json_object_get(a, "count")), 2);
	json_decref(all);
}

static void raise_and_clear(void *arg)
{
	alarm_raise(&at_once, "object", "detail");
	alarm_clear(&at_once, "object");
	alarm_reset();
}

static void memory_running_out(void **state)
{
	FILE *was = stderr;
	stderr = fopen("/dev/null", "w"); /* the loss is logged */
	each_allocation_fails(raise_and_clear, NULL);
	fclose(stderr);
	stderr = was;
}

/* --- the log ------------------------------------------------------------------------------------------------------- */

static void a_peer_cannot_forge_a_line(void **state)
{
	char *text;
	size_t len;
	FILE *was = stderr;
	stderr = open_memstream(&text, &len);
	log_open("unit", LOG_TO_STDERR);
	log_set_level(LOG_LEVEL_INFO);
	log_remote("call 7", "User-Agent is %s", "x\r\n00:00:00.000 unit error: forged\033[2J");
	log_debug(NULL, "not shown");
	fclose(stderr);
	stderr = was;
	assert_int_equal(strchr(text, '\n') - text, (ptrdiff_t)len - 1);
	assert_null(strchr(text, '\033'));
	assert_non_null(strstr(text, " unit remote: call 7: User-Agent is x"));
	free(text);
	assert_int_equal(log_level_parse("warn"), LOG_LEVEL_WARN);
	assert_true(log_level_parse("loud") < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counters_are_listed_with_group_and_help),
		cmocka_unit_test_setup_teardown(an_alarm_is_shown_after_its_hold_off, quiet, forget),
		cmocka_unit_test_setup_teardown(a_short_condition_is_never_shown, quiet, forget),
		cmocka_unit_test_setup_teardown(a_short_recovery_does_not_clear, quiet, forget),
		cmocka_unit_test_setup_teardown(the_last_hundred_cleared_are_kept, quiet, forget),
		cmocka_unit_test_setup_teardown(memory_running_out, quiet, forget),
		cmocka_unit_test(a_peer_cannot_forge_a_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
