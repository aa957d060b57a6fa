// SPDX-License-Identifier: GPL-3.0-or-later
/* The two tables of RFC 3398, row by row as it prints them. */
#include "unit.h"
#include "sip/msg.h"

/* 7.2.4.1 */
static const struct { uint16_t cause, status; } to_sip[] = {
	{1, 404}, {2, 404}, {3, 404}, {17, 486}, {18, 408}, {19, 480}, {20, 480}, {21, 403}, {22, 410}, {23, 410}, {26, 404}, {27, 502},
	{28, 484}, {29, 501}, {31, 480}, {34, 503}, {38, 503}, {41, 503}, {42, 503}, {47, 503}, {55, 403}, {57, 403}, {58, 503}, {65, 488},
	{70, 488}, {79, 501}, {87, 403}, {88, 503}, {102, 504}, {111, 500}, {127, 500}, {99, 500},
};

/* 8.2.6.1; that of 488 and 606 depends on a Warning: 31 without */
static const struct { uint16_t status, cause; } to_isup[] = {
	{400, 41}, {401, 21}, {402, 21}, {403, 21}, {404, 1}, {405, 63}, {406, 79}, {407, 21}, {408, 102}, {410, 22}, {413, 127}, {414, 127},
	{415, 79}, {416, 127}, {420, 127}, {421, 127}, {423, 127}, {480, 18}, {481, 41}, {482, 25}, {483, 25}, {484, 28}, {485, 1}, {486, 17},
	{488, 31}, {500, 41}, {501, 79}, {502, 38}, {503, 41}, {504, 102}, {505, 127}, {513, 127}, {580, 47}, {600, 17}, {603, 21}, {604, 1}, {606, 31},
};

static void causes_become_statuses(void **state)
{
	for (size_t i = 0; i < sizeof to_sip / sizeof to_sip[0]; i++)
		assert_int_equal(sip_status_of_cause(to_sip[i].cause), to_sip[i].status);
}

static void statuses_become_causes(void **state)
{
	for (size_t i = 0; i < sizeof to_isup / sizeof to_isup[0]; i++)
		assert_int_equal(sip_cause_of_status(to_isup[i].status), to_isup[i].cause);
	assert_int_equal(sip_cause_of_status(200), 16);
	assert_int_equal(sip_cause_of_status(499), 31);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(causes_become_statuses),
		cmocka_unit_test(statuses_become_causes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
