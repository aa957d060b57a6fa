// SPDX-License-Identifier: GPL-3.0-or-later
#include "unit.h"
#include "base/buf.h"
#include <errno.h>

static void a_fixed_buffer_keeps_its_first_error(void **state)
{
	char mem[8];
	struct buf b = buf_fixed(mem, sizeof mem);
	buf_str(&b, "12345678");
	assert_int_equal(b.err, 0);
	assert_true(slice_eq(buf_text(&b), SLICE("12345678")));
	buf_char(&b, '9');
	assert_int_equal(b.err, -ENOSPC);
	assert_int_equal(b.len, 8);
	assert_string_equal(buf_z(&b), "");
	buf_reset(&b);
	assert_int_equal(b.err, 0);
	buf_printf(&b, "%d", 1234567);
	assert_int_equal(b.err, 0);
	assert_string_equal(buf_z(&b), "1234567");
	buf_printf(&b, "%s", "xy");
	assert_int_equal(b.err, -ENOSPC);
	buf_str(&b, "");
	buf_u64(&b, 7);
	assert_int_equal(b.err, -ENOSPC);
	assert_int_equal(b.len, 7);
}

static void a_growing_buffer_holds_everything(void **state)
{
	struct buf b = buf_growing();
	assert_string_equal(buf_z(&b), "");
	for (unsigned i = 0; i < 3000; i++)
		buf_printf(&b, "%u,", i);
	struct slice rest = buf_text(&b), one;
	for (unsigned i = 0; i < 3000; i++) {
		uint32_t v;
		one = slice_cut(&rest, ',');
		assert_int_equal(slice_u32(one, &v), 0);
		assert_int_equal(v, i);
	}
	assert_true(slice_empty(rest));
	buf_reset(&b);
	buf_u64(&b, 0);
	buf_char(&b, ' ');
	buf_u64(&b, UINT64_MAX);
	buf_slice(&b, SLICE(" end"));
	buf_slice(&b, SLICE_NONE);
	assert_string_equal(buf_z(&b), "0 18446744073709551615 end");
	buf_reset(&b);
}

static void write_much(void *arg)
{
	struct buf b = buf_growing();
	for (int i = 0; i < 200; i++)
		buf_printf(&b, "line %d\n", i);
	assert_true(b.err == 0 || b.err == -ENOMEM);
	if (!b.err)
		assert_int_equal(b.len, 10 * 7 + 90 * 8 + 100 * 9);
	buf_reset(&b);
}

static void memory_running_out(void **state)
{
	each_allocation_fails(write_much, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fixed_buffer_keeps_its_first_error),
		cmocka_unit_test(a_growing_buffer_holds_everything),
		cmocka_unit_test(memory_running_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
