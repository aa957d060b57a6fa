// SPDX-License-Identifier: GPL-3.0-or-later
/* Lines of a configuration: what a reload leaves alone, which causes stand for which statuses, what is limited. */
#include "unit.h"
#include "base/alarm.h"
#include "config/schema.h"
#include "routing/line.h"
#include <stdio.h>

static struct tel_lines tel;
static struct lines lines;

static int setup(void **state)
{
	tel = (struct tel_lines){0};
	list_init(&tel.all);
	return lines_init(&lines);
}

static int teardown(void **state)
{
	tel_lines_free(&tel);
	lines_fini(&lines);
	alarm_reset();
	return 0;
}

/* What a reload with that text does. */
static void load(const char *text)
{
	char whole[1000];
	struct conf *conf = NULL;
	struct tel_lines now;
	struct buf why = buf_growing();
	snprintf(whole, sizeof(whole), "address inside {\n local = {\"192.0.2.1\"}\n}\n%s", text);
	if (config_load(&conf, "t", whole, &why))
		fail_msg("%s", buf_z(&why));
	assert_int_equal(tel_lines_load(&now, conf, &tel), 0);
	tel_lines_replace(&tel, &now);
	mem_deref(conf);
	buf_reset(&why);
}

static struct tel_line *named(const char *name)
{
	struct tel_line *l = tel_lines_find(&tel, slice_str(name));
	assert_non_null(l);
	return l;
}

static const char *refusal(const char *name)
{
	unsigned cause;
	return tel_line_refusal(named(name), &lines, &cause);
}

static void state_outlives_a_reload(void **state)
{
	load("isdn pri {\n}\nisdn other {\n}\n");
	assert_string_equal(refusal("pri"), "is not served yet");
	tel_line_state(named("pri"), NULL);
	tel_line_state(named("other"), "the span is down");
	struct tel_line *kept = mem_ref(named("pri"));
	load("isdn pri {\n max-calls = 1\n}\nline hall {\n endpoint = \"aaln/1\"\n}\n");
	assert_null(tel_lines_find(&tel, SLICE("other")));
	assert_null(refusal("pri"));
	assert_string_equal(refusal("hall"), "is not served yet");
	/* A call goes on with what it began with. */
	assert_string_equal(kept->name, "pri");
	assert_int_equal(kept->limits.max_calls, 0);
	mem_deref(kept);
	json_t *shown = tel_line_json(named("pri"), &lines);
	assert_string_equal(json_string_value(json_object_get(shown, "state")), "up");
	json_decref(shown);
}

static void causes_are_those_of_the_standard_or_its_own(void **state)
{
	load("isdn plain {\n}\nisdn odd {\n cause-status = {\"17=600\", \"1=410\"}\n status-cause = {\"486=34\"}\n}\n");
	const struct causes *plain = &named("plain")->causes, *odd = &named("odd")->causes;
	assert_int_equal(causes_status(plain, 17), 486);
	assert_int_equal(causes_status(odd, 17), 600);
	assert_int_equal(causes_status(odd, 1), 410);
	assert_int_equal(causes_status(odd, 21), 403);
	assert_int_equal(causes_cause(plain, 486), 17);
	assert_int_equal(causes_cause(odd, 486), 34);
	assert_int_equal(causes_cause(odd, 404), 1);
}

static void limits_hold(void **state)
{
	struct line *one = NULL;
	unsigned cause;
	load("isdn pri {\n max-calls = 1\n}\n");
	tel_line_state(named("pri"), NULL);
	assert_int_equal(lines_take(&one, &lines, SLICE("pri")), 0);
	assert_string_equal(tel_line_refusal(named("pri"), &lines, &cause), "has no free line");
	assert_int_equal(cause, 34);
	line_release(&lines, &one);
	assert_null(refusal("pri"));
}

static void telephones_are_called_at_their_numbers(void **state)
{
	load("line desk {\n endpoint = \"aaln/1\"\n number = \"2001\"\n}\nline city {\n endpoint = \"aaln/2\"\n kind = fxo\n number = \"2002\"\n}\nline bare {\n endpoint = \"aaln/3\"\n}\n");
	assert_ptr_equal(tel_lines_called(&tel, SLICE("2001")), named("desk"));
	assert_null(tel_lines_called(&tel, SLICE("2002"))); /* the exchange's */
	assert_null(tel_lines_called(&tel, SLICE("")));
	load("line desk {\n endpoint = \"aaln/1\"\n number = \"2003\"\n}\n");
	assert_null(tel_lines_called(&tel, SLICE("2001")));
	assert_ptr_equal(tel_lines_called(&tel, SLICE("2003")), named("desk"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(telephones_are_called_at_their_numbers, setup, teardown),
		cmocka_unit_test_setup_teardown(state_outlives_a_reload, setup, teardown),
		cmocka_unit_test_setup_teardown(causes_are_those_of_the_standard_or_its_own, setup, teardown),
		cmocka_unit_test_setup_teardown(limits_hold, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
