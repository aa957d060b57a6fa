// SPDX-License-Identifier: GPL-3.0-or-later
/* Caller ID: messages there and back, damaged ones, what came by DTMF, and by modem across a line. */
#include "unit.h"
#include "media/callerid.h"
#include "media/g711.h"
#include <errno.h>

static const struct caller_id full = {.number = "+15125550123", .name = "O'Brien, J & Co", .time = "11290845"};

static void assert_same(const struct caller_id *a, const struct caller_id *b)
{
	assert_string_equal(a->number, b->number);
	assert_string_equal(a->name, b->name);
	assert_string_equal(a->time, b->time);
	assert_int_equal(a->number_absent, b->number_absent);
	assert_int_equal(a->name_absent, b->name_absent);
	assert_int_equal(a->waiting, b->waiting);
}

static void a_message_there_and_back(void **state)
{
	static const struct caller_id withheld = {.number_absent = CALLER_ID_PRIVATE, .name_absent = CALLER_ID_UNAVAILABLE, .time = "01020304"}, none;
	const struct caller_id *all[] = {&full, &withheld, &none};
	for (unsigned i = 0; i < 3; i++) {
		uint8_t msg[CALLER_ID_MESSAGE];
		struct caller_id back;
		size_t n = caller_id_write(all[i], msg);
		assert_int_equal(caller_id_read(&back, msg, n), 0);
		assert_same(&back, all[i]);
	}
}

/* GR-1401: a lamp on or off, in the newer format and the older one. */
static void that_messages_wait(void **state)
{
	static const struct caller_id all[] = {{.waiting = CALLER_ID_MESSAGES}, {.waiting = CALLER_ID_NO_MESSAGES}};
	static const uint8_t bytes[2][5] = {{0x82, 3, 0x0b, 1, 0xff}, {0x82, 3, 0x0b, 1, 0}}, old[2][5] = {{6, 3, 'B', 'B', 'B'}, {6, 3, 'o', 'o', 'o'}};
	struct caller_id back;
	for (unsigned i = 0; i < 2; i++) {
		uint8_t msg[CALLER_ID_MESSAGE];
		assert_int_equal(caller_id_write(&all[i], msg), 5);
		assert_memory_equal(msg, bytes[i], 5);
		assert_int_equal(caller_id_read(&back, msg, 5), 0);
		assert_same(&back, &all[i]);
		assert_int_equal(caller_id_read(&back, old[i], 5), 0);
		assert_same(&back, &all[i]);
	}
	assert_int_equal(caller_id_read(&back, (const uint8_t[]){6, 3, 'B', 'o', 'B'}, 5), -EBADMSG);
	assert_int_equal(caller_id_read(&back, (const uint8_t[]){0x82, 3, 2, 1, '1'}, 5), -EBADMSG);
}

static void the_old_format_is_read(void **state)
{
	static const uint8_t number[] = "\x04\x12" "112908455125550123", withheld[] = "\x04\x09" "11290845P";
	struct caller_id c;
	assert_int_equal(caller_id_read(&c, number, sizeof number - 1), 0);
	assert_string_equal(c.number, "5125550123");
	assert_string_equal(c.time, "11290845");
	assert_int_equal(caller_id_read(&c, withheld, sizeof withheld - 1), 0);
	assert_string_equal(c.number, "");
	assert_int_equal(c.number_absent, CALLER_ID_PRIVATE);
}

static void damaged_messages_are_refused(void **state)
{
	uint8_t msg[CALLER_ID_MESSAGE];
	size_t n = caller_id_write(&full, msg);
	struct caller_id c = {.number = "unchanged"};
	for (size_t i = 0; i < n; i++)
		assert_int_equal(caller_id_read(&c, msg, i), -EBADMSG);
	msg[3] = 200;
	assert_int_equal(caller_id_read(&c, msg, n), -EBADMSG);
	msg[0] = 0x81;
	assert_int_equal(caller_id_read(&c, msg, n), -EBADMSG);
	assert_string_equal(c.number, "unchanged");
}

static void what_is_too_long_or_not_printable_is_cut(void **state)
{
	uint8_t msg[255] = {0x80, 200, 7, 198};
	struct caller_id c;
	memset(msg + 4, 'x', 198);
	msg[5] = 0;
	msg[6] = '\n';
	msg[7] = 0xe9;
	assert_int_equal(caller_id_read(&c, msg, 202), 0);
	assert_int_equal(strlen(c.name), CALLER_ID_NAME - 1);
	assert_int_equal(strspn(c.name, "x"), CALLER_ID_NAME - 1);
}

static void digits_of_dtmf(void **state)
{
	static const struct {
		const char *digits, *number;
		enum caller_id_absence absent;
		int rc;
	} rows[] = {
		{"A0123456C", "0123456", CALLER_ID_KNOWN, 0}, {"D123#", "123", CALLER_ID_KNOWN, 0}, {"B10C", "", CALLER_ID_PRIVATE, 0},
		{"D1C", "", CALLER_ID_PRIVATE, 0}, {"D2#", "", CALLER_ID_UNAVAILABLE, 0},
		{"B00C", "", CALLER_ID_UNAVAILABLE, 0}, {"A12", "", 0, -EBADMSG}, {"12C", "", 0, -EBADMSG}, {"A1*2C", "", 0, -EBADMSG},
		{"C", "", 0, -EBADMSG}, {"", "", 0, -EBADMSG},
	};
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct caller_id c = {0};
		assert_int_equal(caller_id_digits(&c, slice_str(rows[i].digits)), rows[i].rc);
		assert_string_equal(c.number, rows[i].number);
		assert_int_equal(c.number_absent, rows[i].absent);
	}
}

struct heard {
	struct caller_id last;
	unsigned n;
};

static void on_caller_id(void *arg, const struct caller_id *c)
{
	struct heard *h = arg;
	h->last = *c;
	h->n++;
}

/* Across a line's A-law, in chunks of a millisecond, weaker too, with either modem, between rings and while talking. */
static void across_a_line(void **state)
{
	for (enum caller_id_modem modem = CALLER_ID_BELL; modem <= CALLER_ID_V23; modem++)
		for (unsigned variant = 0; variant < 4; variant++) {
			struct heard h = {0};
			struct caller_id_receiver *r = caller_id_receiver_new(modem, on_caller_id, &h);
			struct caller_id_sender *s = caller_id_sender_new(modem, &full, variant & 1);
			unsigned busy = 0;
			for (unsigned ms = 0; ms < 3000; ms++) {
				int16_t linear[8];
				busy += caller_id_sender_make(s, linear, 8) == 8;
				for (unsigned i = 0; i < 8; i++)
					linear[i] = law_linear[LAW_A][law_octet(LAW_A, (int16_t)(variant & 2 ? linear[i] / 4 : linear[i]))];
				caller_id_receiver_hear(r, linear, 8);
			}
			assert_int_equal(h.n, 1);
			assert_same(&h.last, &full);
			assert_in_range(busy, 250, 1500);
			mem_deref(r);
			mem_deref(s);
		}
}

static void make_all(void *arg)
{
	mem_deref(caller_id_receiver_new(CALLER_ID_BELL, on_caller_id, NULL));
	mem_deref(caller_id_sender_new(CALLER_ID_V23, &full, true));
}

static void memory_may_run_out(void **state)
{
	each_allocation_fails(make_all, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_there_and_back),     cmocka_unit_test(that_messages_wait), cmocka_unit_test(the_old_format_is_read),
		cmocka_unit_test(damaged_messages_are_refused), cmocka_unit_test(what_is_too_long_or_not_printable_is_cut),
		cmocka_unit_test(digits_of_dtmf),               cmocka_unit_test(across_a_line),
		cmocka_unit_test(memory_may_run_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
