// SPDX-License-Identifier: GPL-3.0-or-later
/* Callers and digits in parameters of events and signals. */
#include "unit.h"
#include <stdlib.h>
#include "mgcp/caller.h"

static void callers_are_read(void **state)
{
	static const struct {
		const char *text, *number, *name;
		bool hidden;
	} rows[] = {
		{"09/14/17/26,\"5551212\",\"John Doe\"", "5551212", "John Doe", false},
		{"09/14/17/26, 5551212 , \"Doe, John\"", "5551212", "Doe, John", false},
		{",\"5551212\"", "5551212", "", false},
		{"09/14/17/26,P,P", "", "", true},
		{"09/14/17/26,O,\"O\"", "", "", false},
		{"09/14/17/26", "", "", false},
		{"", "", "", false},
		{",\"0123456789012345678901234567890123456789012345678901234567890123456789\",", "012345678901234567890123456789012345678901234567890123456789012", "", false},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct mgcp_caller c;
		mgcp_caller_read(&c, slice_str(rows[i].text));
		assert_string_equal(c.number, rows[i].number);
		assert_string_equal(c.name, rows[i].name);
		assert_int_equal(c.hidden, rows[i].hidden);
	}
}

static const char *written(const struct mgcp_caller *c)
{
	static char text[256];
	struct buf b = buf_fixed(text, sizeof text);
	setenv("TZ", "UTC", 1);
	mgcp_caller_write(&b, c, 1789406760); /* 14 September 2026, 17:26 */
	return buf_z(&b);
}

static void callers_are_written(void **state)
{
	assert_string_equal(written(&(struct mgcp_caller){.number = "5551212", .name = "John Doe"}), "09/14/17/26,\"5551212\",\"John Doe\"");
	assert_string_equal(written(&(struct mgcp_caller){.number = "55\"5", .name = "a\\b\n(c)"}), "09/14/17/26,\"555\",\"abc\"");
	assert_string_equal(written(&(struct mgcp_caller){.number = "5551212", .name = "John", .hidden = true}), "09/14/17/26,\"P\",\"P\"");
	assert_string_equal(written(&(struct mgcp_caller){0}), "09/14/17/26,\"O\",\"O\"");
}

static void what_is_written_is_read(void **state)
{
	const struct mgcp_caller c = {.number = "+4930555", .name = "Anna, at home"};
	struct mgcp_caller back;
	mgcp_caller_read(&back, slice_str(written(&c)));
	assert_string_equal(back.number, c.number);
	assert_string_equal(back.name, c.name);
}

static void digits_are_read(void **state)
{
	char out[6];
	mgcp_digits_read(out, sizeof out, SLICE("k0, 5,5,5,s0"));
	assert_string_equal(out, "555");
	mgcp_digits_read(out, sizeof out, SLICE("1,2,*,#,5,6,7"));
	assert_string_equal(out, "12*#5");
	mgcp_digits_read(out, sizeof out, SLICE("55,,x"));
	assert_string_equal(out, "");
}

static void digits_are_written(void **state)
{
	static const struct {
		bool mf;
		const char *before, *digits, *text;
	} rows[] = {
		{false, "", "555#A", "addr(5,5,5,#,A)"}, {true, "", "555#A", "addr(k0,5,5,5,s0)"}, {true, "00", "+49", "addr(k0,0,0,4,9,s0)"}, {true, "", "", "addr(k0,s0)"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char text[64];
		struct buf b = buf_fixed(text, sizeof text);
		mgcp_digits_write(&b, "addr", rows[i].mf, rows[i].before, rows[i].digits);
		assert_string_equal(buf_z(&b), rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(callers_are_read), cmocka_unit_test(callers_are_written), cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(digits_are_read),  cmocka_unit_test(digits_are_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
