// SPDX-License-Identifier: GPL-3.0-or-later
/* Records of fields: there and back, with fields more and less, and damaged. */
#include "unit.h"
#include "base/pack.h"
#include <errno.h>

struct thing {
	uint8_t small;
	uint64_t big;
	int32_t negative;
	bool yes, no;
	char text[8];
	struct slice slice, none;
	uint8_t bytes[6];
};

#define FIELD(tag, type, member) PACK_FIELD(tag, type, struct thing, member)
static const struct pack_field fields[] = {
	FIELD(1, PACK_NUMBER, small), FIELD(2, PACK_NUMBER, big), FIELD(3, PACK_NUMBER, negative), FIELD(4, PACK_BOOL, yes),
	FIELD(5, PACK_BOOL, no),      FIELD(6, PACK_TEXT, text),  FIELD(7, PACK_SLICE, slice),     FIELD(8, PACK_SLICE, none),
	FIELD(9, PACK_BYTES, bytes),
};
#define N (sizeof fields / sizeof fields[0])

static char long_text[700];
static const struct thing sample = {.small = 7, .big = 0x0102030405060708, .negative = -3, .yes = true, .text = "seven..",
				    .slice = {long_text, sizeof long_text}, .bytes = {0, 1, 0, 2}};

static void there_and_back(void **state)
{
	struct buf b = buf_growing();
	struct thing back = {0};
	memset(long_text, 'x', sizeof long_text);
	pack_write(&b, fields, N, &sample);
	assert_int_equal(pack_read(&back, fields, N, buf_text(&b)), 0);
	assert_true(slice_eq(back.slice, sample.slice));
	assert_false(slice_is_set(back.none));
	back.slice = sample.slice;
	assert_memory_equal(&back, &sample, sizeof back);
	buf_reset(&b);
}

static void fields_may_come_and_go(void **state)
{
	struct buf b = buf_growing();
	struct thing old = {0}, now = {0};
	pack_write(&b, fields, N, &sample);
	/* An older reader knows the first two only, a newer one is content with them. */
	assert_int_equal(pack_read(&old, fields, 2, buf_text(&b)), 0);
	assert_true(old.big == sample.big && !old.negative);
	b.len = 0;
	pack_write(&b, fields, 2, &sample);
	assert_int_equal(pack_read(&now, fields, N, buf_text(&b)), 0);
	assert_true(now.small == 7 && !now.text[0]);
	buf_reset(&b);
}

static void records_hold_records(void **state)
{
	struct buf b = buf_growing();
	uint8_t tag;
	struct slice rest, value;
	struct thing back = {0};
	size_t at = pack_begin(&b, 20);
	pack_write(&b, fields, N, &sample);
	pack_end(&b, at);
	pack_put(&b, 21, SLICE("after"));
	rest = buf_text(&b);
	assert_int_equal(pack_next(&rest, &tag, &value), 1);
	assert_int_equal(tag, 20);
	assert_int_equal(pack_read(&back, fields, N, value), 0);
	assert_true(back.big == sample.big);
	assert_int_equal(pack_next(&rest, &tag, &value), 1);
	assert_true(tag == 21 && slice_eq(value, SLICE("after")));
	assert_int_equal(pack_next(&rest, &tag, &value), 0);
	buf_reset(&b);
}

static void what_does_not_fit_is_refused(void **state)
{
	static const struct slice bad[] = {
		SLICE("\x01"), SLICE("\x01\x05xx"), SLICE("\x01\x02xx"), SLICE("\x02\x09xxxxxxxxx"), SLICE("\x04\x01\x02"),
		SLICE("\x04\x02\x01\x01"), SLICE("\x06\x08xxxxxxxx"), SLICE("\x06\x03x\0x"), SLICE("\x07\xff\x01\x00"),
		SLICE("\x07\xff\xff\xff\xff\xffxx"), SLICE("\x09\x07xxxxxxx"),
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct thing back = {0};
		assert_int_equal(pack_read(&back, fields, N, bad[i]), -EBADMSG);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(fields_may_come_and_go),
		cmocka_unit_test(records_hold_records),
		cmocka_unit_test(what_does_not_fit_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
