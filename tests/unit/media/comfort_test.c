// SPDX-License-Identifier: GPL-3.0-or-later
/* Comfort noise (RFC 3389): payloads there and back, what is refused, and noise of the level and colour that was asked for. */
#include "unit.h"
#include "media/comfort.h"
#include <errno.h>

#define SECOND 8000

static void a_payload_there_and_back(void **state)
{
	const uint8_t in[] = {45, 127, 0, 254};
	uint8_t out[1 + COMFORT_ORDER];
	struct comfort_noise c;
	assert_int_equal(comfort_read(&c, in, sizeof in), 0);
	assert_int_equal(c.level, 45);
	assert_int_equal(c.order, 3);
	assert_int_equal(comfort_write(&c, out), sizeof in);
	assert_memory_equal(out, in, sizeof in);
	assert_int_equal(comfort_read(&c, in, 1), 0);
	assert_int_equal(c.order, 0);
}

static void a_higher_order_is_cut(void **state)
{
	uint8_t in[40] = {30};
	struct comfort_noise c;
	assert_int_equal(comfort_read(&c, in, sizeof in), 0);
	assert_int_equal(c.order, COMFORT_ORDER);
}

static void what_is_reserved_is_refused(void **state)
{
	const uint8_t level[] = {128}, index[] = {30, 127, 255};
	struct comfort_noise c = {.level = 99};
	assert_int_equal(comfort_read(&c, level, 0), -EBADMSG);
	assert_int_equal(comfort_read(&c, level, sizeof level), -EBADMSG);
	assert_int_equal(comfort_read(&c, index, sizeof index), -EBADMSG);
	assert_int_equal(c.level, 99);
}

static void noise(const struct comfort_noise *c, int16_t *out)
{
	struct comfort g;
	comfort_init(&g, 7);
	comfort_set(&g, c);
	for (unsigned i = 0; i < SECOND; i += 8)
		comfort_make(&g, out + i, 8);
}

static void noise_has_the_level_asked_for(void **state)
{
	static int16_t out[SECOND];
	for (uint8_t level = 20; level <= 70; level += 10) {
		const struct comfort_noise white = {.level = level}, coloured = {.level = level, .order = 2, .reflection = {200, 100}};
		noise(&white, out);
		assert_in_range(comfort_level(out, SECOND), level - 1, level + 1);
		noise(&coloured, out);
		assert_in_range(comfort_level(out, SECOND), level - 2, level + 2);
	}
	noise(&(struct comfort_noise){.level = COMFORT_SILENCE}, out);
	assert_int_equal(comfort_level(out, SECOND), COMFORT_SILENCE);
}

/* A model of one coefficient k makes neighbouring samples correlate by -k. */
static void noise_has_the_colour_asked_for(void **state)
{
	static int16_t out[SECOND];
	for (unsigned index = 47; index <= 207; index += 160) {
		const struct comfort_noise c = {.level = 30, .order = 1, .reflection = {(uint8_t)index}};
		double power = 0, neighbours = 0;
		noise(&c, out);
		for (unsigned i = 1; i < SECOND; i++) {
			power += (double)out[i] * out[i];
			neighbours += (double)out[i] * out[i - 1];
		}
		double want = -258.0 * ((int)index - 127) / 32768;
		assert_true(neighbours / power > want - 0.05 && neighbours / power < want + 0.05);
	}
}

/* The highest coefficients do not make the filter run away. */
static void extreme_spectra_stay_bounded(void **state)
{
	static int16_t out[SECOND];
	struct comfort_noise c = {.level = 0, .order = COMFORT_ORDER};
	for (unsigned i = 0; i < COMFORT_ORDER; i++)
		c.reflection[i] = i & 1 ? 254 : 0;
	noise(&c, out);
	assert_true(comfort_level(out, SECOND) <= COMFORT_SILENCE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_payload_there_and_back),    cmocka_unit_test(a_higher_order_is_cut),
		cmocka_unit_test(what_is_reserved_is_refused), cmocka_unit_test(noise_has_the_level_asked_for),
		cmocka_unit_test(noise_has_the_colour_asked_for), cmocka_unit_test(extreme_spectra_stay_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
