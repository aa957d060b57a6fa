// SPDX-License-Identifier: GPL-3.0-or-later
/* The sequence of O.152, and what is told of one that came. */
#include "unit.h"
#include "tdm/bert.h"
#include <string.h>

#define OCTETS 2047 /* eight times round */

static void the_sequence_is_of_2047_bits_and_nearly_balanced(void **state)
{
	struct tdm_bert b = {0};
	uint8_t sent[2 * OCTETS];
	unsigned ones = 0, run = 0, longest = 0;
	tdm_bert_fill(&b, sent, sizeof(sent));
	assert_memory_equal(sent, sent + OCTETS, OCTETS);
	for (unsigned i = 0; i < 2047; i++) {
		unsigned bit = sent[i / 8] >> (7 - i % 8) & 1;
		ones += bit;
		run = bit ? 0 : run + 1;
		longest = run > longest ? run : longest;
	}
	assert_int_equal(ones, 1024);
	assert_int_equal(longest, 10); /* zeroes in a row, O.150 5.3 */
}

static void what_comes_back_is_found_and_right(void **state)
{
	struct tdm_bert b = {0};
	uint8_t sent[OCTETS];
	tdm_bert_fill(&b, sent, sizeof(sent));
	tdm_bert_check(&b, sent + 777, sizeof(sent) - 777); /* from anywhere */
	assert_true(b.in_sync);
	assert_int_equal(b.errors, 0);
	assert_true(b.bits >= (OCTETS - 777) * 8 - 80);
}

static void each_wrong_bit_is_one_error(void **state)
{
	struct tdm_bert b = {0};
	uint8_t sent[OCTETS];
	tdm_bert_fill(&b, sent, sizeof(sent));
	for (unsigned i = 100; i < 200; i += 10)
		sent[i] ^= 0x10;
	sent[150] ^= 0x03;
	tdm_bert_check(&b, sent, sizeof(sent));
	assert_true(b.in_sync);
	assert_int_equal(b.errors, 12);
	assert_int_equal(b.losses, 0);
}

static void a_slip_is_a_loss_and_the_sequence_is_found_again(void **state)
{
	struct tdm_bert b = {0};
	uint8_t sent[OCTETS];
	tdm_bert_fill(&b, sent, sizeof(sent));
	tdm_bert_check(&b, sent, 500);
	tdm_bert_check(&b, sent + 501, sizeof(sent) - 501); /* an octet is missing */
	assert_true(b.in_sync);
	assert_int_equal(b.losses, 1);
}

static void silence_noise_and_constants_are_not_the_sequence(void **state)
{
	static const uint8_t constants[] = {0x00, 0xff, 0xd5, 0x7f, 0x55};
	for (size_t i = 0; i < sizeof(constants); i++) {
		struct tdm_bert b = {0};
		uint8_t heard[OCTETS];
		memset(heard, constants[i], sizeof(heard));
		tdm_bert_check(&b, heard, sizeof(heard));
		assert_false(b.in_sync);
		assert_int_equal(b.bits, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_sequence_is_of_2047_bits_and_nearly_balanced),
		cmocka_unit_test(what_comes_back_is_found_and_right),
		cmocka_unit_test(each_wrong_bit_is_one_error),
		cmocka_unit_test(a_slip_is_a_loss_and_the_sequence_is_found_again),
		cmocka_unit_test(silence_noise_and_constants_are_not_the_sequence),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
