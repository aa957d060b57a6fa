// SPDX-License-Identifier: GPL-3.0-or-later
/* Numbers read and written in each format. */
#include "unit.h"
#include "routing/number.h"

static const struct numbering berlin = {"49", "30", "00", "0"}, york = {"1", "", "011", ""}, rome = {"39", "", "00", ""}, none = {"", "", "", ""};

static void numbers_are_read(void **state)
{
	static const struct {
		const struct numbering *n;
		enum number_format f;
		const char *text, *wanted;
	} rows[] = {
		{&berlin, NUMBER_NATIONAL, "0301234567", "+49301234567"},  {&berlin, NUMBER_NATIONAL, "0012125551234", "+12125551234"},
		{&berlin, NUMBER_NATIONAL, "5551234", "+49305551234"},     {&berlin, NUMBER_NATIONAL, "1001", "1001"},
		{&berlin, NUMBER_NATIONAL, "+49-30 (123) 45", "+493012345"}, {&berlin, NUMBER_NATIONAL, "alice", "alice"},
		{&berlin, NUMBER_NATIONAL, "*21#", "*21#"},                {&york, NUMBER_NATIONAL, "2125551234", "+12125551234"},
		{&york, NUMBER_NATIONAL, "011493012345", "+493012345"},   {&rome, NUMBER_NATIONAL, "0612345678", "+390612345678"},
		{&none, NUMBER_NATIONAL, "0301234567", "0301234567"},      {&berlin, NUMBER_DIGITS, "4930123456", "+4930123456"},
		{&berlin, NUMBER_DIGITS, "112", "112"},                    {&berlin, NUMBER_E164, "+4930123456;npdi", "+4930123456"},
		{&berlin, NUMBER_AS_IS, "030-1", "030-1"},                 {&berlin, NUMBER_NATIONAL, "", ""},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char out[64];
		assert_int_equal(number_read(rows[i].n, rows[i].f, slice_str(rows[i].text), out, sizeof(out)), 0);
		assert_string_equal(out, rows[i].wanted);
	}
}

static void numbers_are_written(void **state)
{
	static const struct {
		const struct numbering *n;
		enum number_format f;
		const char *text, *wanted;
	} rows[] = {
		{&berlin, NUMBER_NATIONAL, "+49301234567", "0301234567"}, {&berlin, NUMBER_NATIONAL, "+12125551234", "0012125551234"},
		{&berlin, NUMBER_DIGITS, "+49301234567", "49301234567"},  {&berlin, NUMBER_INTERNATIONAL, "+49301234567", "0049301234567"},
		{&berlin, NUMBER_E164, "0301234567", "+49301234567"},     {&berlin, NUMBER_E164, "112", "112"},
		{&york, NUMBER_NATIONAL, "+12125551234", "2125551234"},   {&berlin, NUMBER_AS_IS, "+49 30", "+49 30"},
		{&berlin, NUMBER_NATIONAL, "alice", "alice"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char out[64];
		assert_int_equal(number_write(rows[i].n, rows[i].f, slice_str(rows[i].text), out, sizeof(out)), 0);
		assert_string_equal(out, rows[i].wanted);
	}
	char small[8];
	assert_int_not_equal(number_write(&berlin, NUMBER_E164, SLICE("0301234567"), small, sizeof(small)), 0);
}

static void numbers_stand_in_uris(void **state)
{
	static const struct {
		enum number_uri kind;
		const struct numbering *n;
		const char *number, *wanted;
	} rows[] = {
		{NUMBER_SIP, &berlin, "030 1", "sip:030%201@h"},      {NUMBER_PHONE, &berlin, "0301", "sip:0301@h;user=phone"},
		{NUMBER_PHONE, &berlin, "alice", "sip:alice@h"},      {NUMBER_TEL, &berlin, "+49301", "tel:+49301"},
		{NUMBER_TEL, &berlin, "0301", "tel:0301;phone-context=+49"}, {NUMBER_TEL, &none, "0301", "tel:0301;phone-context=h"},
		{NUMBER_TEL, &berlin, "alice", "sip:alice@h"},        {NUMBER_SIP, &berlin, "", "sip:h"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf b = buf_growing();
		number_uri(&b, rows[i].kind, rows[i].n, slice_str(rows[i].number), SLICE("h"));
		assert_string_equal(buf_z(&b), rows[i].wanted);
		buf_reset(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_read), cmocka_unit_test(numbers_are_written), cmocka_unit_test(numbers_stand_in_uris),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
