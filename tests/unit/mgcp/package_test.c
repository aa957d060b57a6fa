// SPDX-License-Identifier: GPL-3.0-or-later
/* The tables of packages hold together, and are looked up as RFC 3435 2.1.7 says. */
#include "unit.h"
#include "mgcp/package.h"
#include <string.h>

static const struct mgcp_event_type *type(const char *name, const struct mgcp_package **package)
{
	const struct mgcp_event_type *t = NULL;
	if (mgcp_event_lookup(mgcp_packages_all, slice_str(name), package, &t))
		fail_msg("%s is not known", name);
	return t;
}

static void every_name_is_found_as_itself_and_once(void **state)
{
	for (mgcp_packages p = mgcp_packages_all; *p; p++) {
		assert_ptr_equal(mgcp_package_find(slice_str((*p)->name)), *p);
		for (unsigned i = 0; i < (*p)->n; i++)
			if (mgcp_event_type_find(*p, slice_str((*p)->types[i].name)) != &(*p)->types[i])
				fail_msg("%s/%s is there twice", (*p)->name, (*p)->types[i].name);
	}
}

static void every_row_says_something(void **state)
{
	for (mgcp_packages p = mgcp_packages_all; *p; p++)
		for (unsigned i = 0; i < (*p)->n; i++) {
			const struct mgcp_event_type *t = &(*p)->types[i];
			bool sound = (t->event || t->signal) && (t->signal == MGCP_TIME_OUT || !t->timeout_ms) && (t->event & MGCP_DETECTED || !t->event_hook) &&
				     (t->signal || !t->signal_hook) && t->event_params[0] <= t->event_params[1] && t->signal_params[0] <= t->signal_params[1];
			if (!sound)
				fail_msg("%s/%s", (*p)->name, t->name);
			/* 2.1.7: only digits may look like digits. */
			if (strspn(t->name, "0123456789ABCDTX*#") == strlen(t->name))
				assert_true(t->event & MGCP_DIGIT);
		}
}

static void every_package_with_time_outs_tells_their_end(void **state)
{
	for (mgcp_packages p = mgcp_packages_all; *p; p++)
		for (unsigned i = 0; i < (*p)->n; i++)
			if ((*p)->types[i].signal == MGCP_TIME_OUT) {
				assert_non_null(mgcp_event_type_find(*p, SLICE("oc")));
				assert_non_null(mgcp_event_type_find(*p, SLICE("of")));
			}
}

static void time_outs_are_those_of_the_standards(void **state)
{
	static const struct {
		const char *name;
		uint32_t ms;
	} rows[] = {{"L/rg", 180000}, {"L/dl", 16000}, {"l/wt3", 12000}, {"L/OSI", 900},  {"L/ot", 0},      {"G/rt", 180000}, {"G/cg", 0},  {"D/T", 16000},
		    {"D/dd", 3000},   {"T/co1", 3000}, {"T/sit", 2000},  {"SST/cw", 30000}, {"BL/rg", 180000}, {"MS/sup", 0},    {"DT/ro", 30000}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct mgcp_package *p;
		const struct mgcp_event_type *t = type(rows[i].name, &p);
		assert_int_equal(t->signal, MGCP_TIME_OUT);
		assert_int_equal(t->timeout_ms, rows[i].ms);
	}
}

static void trunks_tell_of_seizure_unasked_and_lines_do_not(void **state)
{
	const struct mgcp_package *p;
	static const char *const persistent[] = {"MS/sup", "DT/rel", "MD/ans", "MO/rbz", "BL/hd", "BL/hf", "BL/hu", "DO/rg"};
	static const char *const asked[] = {"L/hd", "L/hu", "D/5", "MS/inf", "MD/swk", "DO/ci", "G/ft"};
	for (size_t i = 0; i < sizeof persistent / sizeof *persistent; i++)
		assert_true(type(persistent[i], &p)->event & MGCP_PERSISTENT);
	for (size_t i = 0; i < sizeof asked / sizeof *asked; i++)
		assert_int_equal(type(asked[i], &p)->event & (MGCP_PERSISTENT | MGCP_DETECTED), MGCP_DETECTED);
	assert_true(type("L/hd", &p)->event & MGCP_HAS_STATE);
}

static void the_default_package_needs_no_name(void **state)
{
	static const struct mgcp_package *const line[] = {&mgcp_package_l, &mgcp_package_d, &mgcp_package_g, NULL};
	const struct mgcp_package *p = NULL;
	const struct mgcp_event_type *t = NULL;
	assert_int_equal(mgcp_event_lookup(line, SLICE("HD"), &p, &t), 0);
	assert_ptr_equal(p, &mgcp_package_l);
	assert_string_equal(t->name, "hd");
	assert_int_equal(mgcp_event_lookup(line, SLICE("d/#"), &p, &t), 0);
	assert_int_equal(mgcp_event_lookup(line, SLICE("ft"), &p, &t), 522);
	assert_int_equal(mgcp_event_lookup(line, SLICE("G/xy"), &p, &t), 522);
	assert_int_equal(mgcp_event_lookup(line, SLICE("MS/sup"), &p, &t), 518);
	assert_int_equal(mgcp_event_lookup(line, SLICE("/hd"), &p, &t), 518);
	assert_int_equal(mgcp_event_lookup(line, SLICE("L/"), &p, &t), 522);
	assert_true(mgcp_packages_have(line, &mgcp_package_g));
	assert_false(mgcp_packages_have(line, &mgcp_package_ms));
}

static void time_outs_can_be_given_where_the_package_says_so(void **state)
{
	const struct mgcp_package *p;
	const struct mgcp_event_type *t = type("L/rg", &p);
	assert_true(mgcp_signal_takes_timeout(p, t));
	t = type("SST/cw", &p);
	assert_true(mgcp_signal_takes_timeout(p, t));
	t = type("MS/sup", &p);
	assert_false(mgcp_signal_takes_timeout(p, t));
	t = type("L/vmwi", &p);
	assert_false(mgcp_signal_takes_timeout(p, t));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_name_is_found_as_itself_and_once),
		cmocka_unit_test(every_row_says_something),
		cmocka_unit_test(every_package_with_time_outs_tells_their_end),
		cmocka_unit_test(time_outs_are_those_of_the_standards),
		cmocka_unit_test(trunks_tell_of_seizure_unasked_and_lines_do_not),
		cmocka_unit_test(the_default_package_needs_no_name),
		cmocka_unit_test(time_outs_can_be_given_where_the_package_says_so),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
