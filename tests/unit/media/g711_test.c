// SPDX-License-Identifier: GPL-3.0-or-later
/* G.711: the reference's sweep bit by bit, the properties of its tables, conversion between the laws. */
#include "unit.h"
#include "media/g711.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SWEEP 65536

/* A file of the reference, which has one 16 bit word for each sample. */
static void sweep(const char *name, int16_t *out)
{
	char path[300];
	const char *dir = getenv("TANDEM_CORPORA");
	uint8_t raw[2];
	snprintf(path, sizeof path, "%s/itu-stl-codec-vectors/src/g711/test_data/%s", dir ? dir : "../shared/corpora", name);
	FILE *f = fopen(path, "rb");
	if (!f) {
		print_message("SKIP: no %s\n", path);
		skip();
	}
	for (size_t i = 0; i < SWEEP; i++) {
		assert_int_equal(fread(raw, 1, 2, f), 2);
		out[i] = (int16_t)(raw[0] | raw[1] << 8);
	}
	fclose(f);
}

static void every_value_as_the_reference_has_it(enum law law, const char *coded_file, const char *decoded_file)
{
	static int16_t source[SWEEP], coded[SWEEP], decoded[SWEEP], linear[SWEEP];
	static uint8_t octets[SWEEP];
	sweep("sweep.src", source);
	sweep(coded_file, coded);
	sweep(decoded_file, decoded);
	law_encode(law, octets, source, SWEEP);
	for (size_t i = 0; i < SWEEP; i++)
		assert_int_equal(octets[i], coded[i]);
	law_decode(law, linear, octets, SWEEP);
	assert_memory_equal(linear, decoded, sizeof linear);
}

static void alaw_is_that_of_the_reference(void **state)
{
	every_value_as_the_reference_has_it(LAW_A, "sweep-r.a", "sweep-r.rea");
}

static void ulaw_is_that_of_the_reference(void **state)
{
	every_value_as_the_reference_has_it(LAW_U, "sweep-r.u", "sweep-r.reu");
}

/* Decoder output values of tables 1a, 1b, 2a and 2b. */
static void values_of_the_recommendation(void **state)
{
	static const struct {
		enum law law;
		uint8_t octet;
		int linear;
	} rows[] = {
		{LAW_A, 0xaa, 4032 * 8}, {LAW_A, 0xa5, 2112 * 8}, {LAW_A, 0xd5, 1 * 8}, {LAW_A, 0x55, -1 * 8}, {LAW_A, 0x2a, -4032 * 8},
		{LAW_U, 0x80, 8031 * 4}, {LAW_U, 0x8f, 4191 * 4}, {LAW_U, 0xff, 0},     {LAW_U, 0xfe, 2 * 4},  {LAW_U, 0x00, -8031 * 4},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(law_linear[rows[i].law][rows[i].octet], rows[i].linear);
		assert_int_equal(law_octet(rows[i].law, (int16_t)rows[i].linear), rows[i].octet);
	}
}

static void every_octet_survives_linear(void **state)
{
	for (unsigned i = 0; i < 256; i++) {
		assert_int_equal(law_octet(LAW_A, law_linear[LAW_A][i]), i);
		if (i != 0x7f) /* mu-law's negative zero */
			assert_int_equal(law_octet(LAW_U, law_linear[LAW_U][i]), i);
	}
}

/* Tables 3 and 4: a conversion keeps the sign and hits the neighbourhood; there and back it changes few octets. The reference has 8 A-law values
 * that A-mu-A changes, and mu-A-mu changes the eight even ones nearest to zero. */
static void conversions_between_the_laws(void **state)
{
	for (unsigned law = 0; law < LAWS; law++) {
		unsigned changed = 0;
		for (unsigned i = 0; i < 256; i++) {
			uint8_t octet = (uint8_t)i, other, back;
			law_convert(law, &other, &octet, 1);
			law_convert(!law, &back, &other, 1);
			int from = law_linear[law][octet], to = law_linear[!law][other];
			assert_int_equal(other & 0x80, octet & 0x80);
			assert_in_range(abs(from - to), 0, 8 + abs(from) / 32);
			changed += back != octet;
		}
		assert_int_equal(changed, 16);
	}
	for (unsigned value = 0; value < 16; value++) {
		uint8_t octet = (uint8_t)(0xff - value), other = law_other[LAW_U][octet];
		assert_int_equal(law_other[LAW_A][other], value & 1 ? octet : octet - 1);
	}
	assert_int_equal(law_other[LAW_U][law_idle[LAW_U]], law_idle[LAW_A]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alaw_is_that_of_the_reference),
		cmocka_unit_test(ulaw_is_that_of_the_reference),
		cmocka_unit_test(values_of_the_recommendation),
		cmocka_unit_test(every_octet_survives_linear),
		cmocka_unit_test(conversions_between_the_laws),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
