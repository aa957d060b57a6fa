// SPDX-License-Identifier: GPL-3.0-or-later
#include "unit.h"
#include "base/slice.h"
#include <errno.h>

#define assert_slice(s, text) assert_true(slice_eq((s), slice_str(text)))

static void cutting_keeps_empty_parts_and_ends_absent(void **state)
{
	struct slice s = SLICE("a,,b,");
	assert_slice(slice_cut(&s, ','), "a");
	assert_slice(slice_cut(&s, ','), "");
	assert_slice(slice_cut(&s, ','), "b");
	struct slice last = slice_cut(&s, ',');
	assert_true(slice_is_set(last) && slice_empty(last));
	assert_false(slice_is_set(slice_cut(&s, ',')));
	assert_false(slice_is_set(slice_cut(&s, ',')));
}

static void lines_end_at_any_line_end(void **state)
{
	struct slice s = SLICE("one\r\ntwo\nthree\r\rfive");
	const char *want[] = {"one", "two", "three", "", "five"};
	for (size_t i = 0; i < 5; i++) {
		struct slice line = slice_line(&s);
		assert_true(slice_is_set(line));
		assert_slice(line, want[i]);
	}
	assert_false(slice_is_set(slice_line(&s)));
	s = SLICE("x\r");
	assert_slice(slice_line(&s), "x");
	assert_false(slice_is_set(slice_line(&s)));
}

static void numbers_stop_at_their_bound(void **state)
{
	static const struct {
		const char *text;
		uint64_t max;
		int err;
		uint64_t value;
	} rows[] = {
		{"0", 0, 0, 0},
		{"1", 0, -EINVAL, 0},
		{"7", 5, -EINVAL, 0},
		{"5", 5, 0, 5},
		{"10", 9, -EINVAL, 0},
		{"18446744073709551615", UINT64_MAX, 0, UINT64_MAX},
		{"18446744073709551616", UINT64_MAX, -EINVAL, 0},
		{"99999999999999999999999", UINT64_MAX, -EINVAL, 0},
		{"", 9, -EINVAL, 0},
		{"-1", 9, -EINVAL, 0},
		{"1 ", 9, -EINVAL, 0},
		{"0000000000000000000000000007", 9, 0, 7},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		uint64_t v = 42;
		assert_int_equal(slice_u64(slice_str(rows[i].text), rows[i].max, &v), rows[i].err);
		assert_int_equal(v, rows[i].err ? 42 : rows[i].value);
	}
	uint16_t small = 1;
	uint32_t word = 1;
	assert_int_equal(slice_u16(SLICE("65536"), &small), -EINVAL);
	assert_int_equal(slice_u16(SLICE("65535"), &small), 0);
	assert_int_equal(small, 65535);
	assert_int_equal(slice_u32(SLICE("4294967296"), &word), -EINVAL);
	assert_int_equal(slice_hex32(SLICE("DEADbeef"), &word), 0);
	assert_int_equal(word, 0xdeadbeef);
	assert_int_equal(slice_hex32(SLICE("123456789"), &word), -EINVAL);
	assert_int_equal(slice_hex32(SLICE("12g"), &word), -EINVAL);
	assert_int_equal(slice_hex32(SLICE_NONE, &word), -EINVAL);
}

static void comparing_takes_absent_for_empty(void **state)
{
	assert_true(slice_eq(SLICE_NONE, SLICE("")));
	assert_true(slice_caseeq(SLICE("VIA"), SLICE("via")));
	assert_false(slice_caseeq(SLICE("[]"), SLICE("{}"))); /* only letters fold */
	assert_true(slice_cmp(SLICE("a"), SLICE("ab")) < 0);
	assert_true(slice_cmp(SLICE("b"), SLICE("ab")) > 0);
	assert_true(slice_starts(SLICE("abc"), SLICE("ab")));
	assert_false(slice_starts(SLICE("a"), SLICE("ab")));
	assert_true(slice_ends(SLICE("abc"), SLICE("bc")));
	assert_true(slice_ends(SLICE("abc"), SLICE("")));
	assert_false(slice_ends(SLICE("abc"), SLICE("ab")));
	assert_false(slice_ends(SLICE("c"), SLICE("bc")));
	assert_true(slice_casestarts(SLICE("SIP:x"), SLICE("sip:")));
	assert_int_equal(slice_hash(SLICE("Ab"), true), slice_hash(SLICE("aB"), true));
	assert_int_not_equal(slice_hash(SLICE("Ab"), false), slice_hash(SLICE("aB"), false));
}

static void a_sum_notices_every_bit(void **state)
{
	char text[75];
	struct slice s = slice_of(text, sizeof text);
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = (char)(i * 37);
	uint32_t sum = slice_sum(s);
	for (size_t i = 0; i < 8 * sizeof text; i++) {
		text[i / 8] = (char)(text[i / 8] ^ 1 << i % 8);
		assert_int_not_equal(slice_sum(s), sum);
		text[i / 8] = (char)(text[i / 8] ^ 1 << i % 8);
	}
	assert_int_equal(slice_sum(s), sum);
	assert_int_not_equal(slice_sum(SLICE("")), slice_sum(SLICE("\0")));
	assert_int_not_equal(slice_sum(slice_of(text, 64)), slice_sum(slice_of(text, 63)));
}

static void finding_and_trimming(void **state)
{
	assert_slice(slice_trim(SLICE(" \t\r\n x y \n")), "x y");
	assert_slice(slice_trim(SLICE(" \t ")), "");
	assert_int_equal(slice_find(SLICE("abc"), 'c'), 2);
	assert_int_equal(slice_find(SLICE("abc"), 'd'), -1);
	assert_int_equal(slice_find(SLICE_NONE, 'd'), -1);
	assert_int_equal(slice_search(SLICE("abcbcd"), SLICE("bcd")), 3);
	assert_int_equal(slice_search(SLICE("abc"), SLICE("")), 0);
	assert_int_equal(slice_search(SLICE("ab"), SLICE("abc")), -1);
	assert_slice(slice_from(SLICE("abc"), 1), "bc");
	assert_slice(slice_from(SLICE("abc"), 9), "");
}

static void copying_checks_the_bound(void **state)
{
	char four[4] = "zzz";
	assert_int_equal(slice_copy(SLICE("abc"), four, sizeof four), 0);
	assert_string_equal(four, "abc");
	assert_int_equal(slice_copy(SLICE("abcd"), four, sizeof four), -ENOSPC);
	assert_string_equal(four, "");
	assert_int_equal(slice_copy(SLICE_NONE, four, 1), 0);
	char *d = slice_dup(SLICE("xy"));
	assert_string_equal(d, "xy");
	mem_free(d);
	d = slice_dup(SLICE_NONE);
	assert_string_equal(d, "");
	mem_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cutting_keeps_empty_parts_and_ends_absent),
		cmocka_unit_test(lines_end_at_any_line_end),
		cmocka_unit_test(numbers_stop_at_their_bound),
		cmocka_unit_test(comparing_takes_absent_for_empty),
		cmocka_unit_test(a_sum_notices_every_bit),
		cmocka_unit_test(finding_and_trimming),
		cmocka_unit_test(copying_checks_the_bound),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
