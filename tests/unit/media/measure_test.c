// SPDX-License-Identifier: GPL-3.0-or-later
/* A path that is known: what is measured of it is what it is, through either law and with noise on it. */
#include "unit.h"
#include "media/g711.h"
#include "media/measure.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define N 2000
#define M 6000

static int16_t sent[N], heard[M];

/* Adds what was sent, `delay` later and `gain` louder. */
static void path(size_t delay, double gain)
{
	for (size_t i = 0; i < N && i + delay < M; i++)
		heard[i + delay] = (int16_t)(heard[i + delay] + lround(sent[i] * pow(10, gain / 20)));
}

static void noise(double level)
{
	static int16_t other[M];
	measure_probe(other, M, level, 77);
	for (size_t i = 0; i < M; i++)
		heard[i] = (int16_t)(heard[i] + other[i]);
}

static void coded(enum law law)
{
	static uint8_t octets[M];
	law_encode(law, octets, heard, M);
	law_decode(law, heard, octets, M);
}

static void begin(void)
{
	measure_probe(sent, N, -13, 1);
	memset(heard, 0, sizeof heard);
}

static void near(double got, double want, double by)
{
	if (fabs(got - want) > by)
		fail_msg("%.2f, wanted %.2f", got, want);
}

static void a_probe_has_its_level_and_resembles_only_itself(void **state)
{
	static int16_t twice[2 * N];
	begin();
	double power = 0;
	for (unsigned i = 0; i < N; i++)
		power += (double)sent[i] * sent[i] / N;
	near(10 * log10(2 * power / (32767.0 * 32767.0)) + 3.14, -13, 0.2);
	measure_probe(twice, 2 * N, -13, 1);
	assert_memory_equal(twice, sent, sizeof sent);
	assert_int_equal(measure_find(sent, N, twice, 2 * N).delay, 0);
	assert_false(measure_find(sent, N, twice + 1, 2 * N - 1).found);
	measure_probe(twice, 2 * N, -13, 2);
	assert_false(measure_find(sent, N, twice, 2 * N).found);
	near(measure_echo_return(sent, N, twice, 2 * N), MEASURE_NO_ECHO, 0);
}

static void delay_and_gain_are_found(void **state)
{
	static const struct {
		size_t delay;
		double gain, noise;
		enum law law;
	} paths[] = {{0, 0, -80, LAW_U}, {1, -3, -80, LAW_A}, {163, -7, -50, LAW_A}, {M - N, 2, -50, LAW_U}, {3000, -20, -40, LAW_U}};
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		begin();
		path(paths[i].delay, paths[i].gain);
		noise(paths[i].noise);
		coded(paths[i].law);
		struct measure_match found = measure_find(sent, N, heard, M);
		assert_true(found.found);
		assert_int_equal(found.delay, paths[i].delay);
		near(found.gain, paths[i].gain, 0.2);
	}
}

static void what_is_not_there_is_not_found(void **state)
{
	begin();
	assert_false(measure_find(sent, N, heard, M).found);
	noise(-20);
	assert_false(measure_find(sent, N, heard, M).found);
	assert_false(measure_find(sent, N, heard, N - 1).found);
	assert_false(measure_find(heard, 0, heard, M).found);
}

static void an_echo_has_its_loss_also_in_parts(void **state)
{
	begin();
	path(40, -12);
	coded(LAW_A);
	near(measure_echo_return(sent, N, heard, M), 12, 0.5);
	/* Two reflections of -12 dB are one of -9. */
	begin();
	path(40, -12);
	path(55, -12);
	noise(-60);
	coded(LAW_U);
	near(measure_echo_return(sent, N, heard, M), 9, 0.5);
	/* The other side's voice is no echo. */
	begin();
	noise(-20);
	near(measure_echo_return(sent, N, heard, M), MEASURE_NO_ECHO, 0);
	memset(heard, 0, sizeof heard);
	near(measure_echo_return(sent, N, heard, M), MEASURE_NO_ECHO, 0);
}

/* A slip is a change of delay. */
static void a_lost_sample_is_seen(void **state)
{
	begin();
	path(100, 0);
	memmove(heard + 50, heard + 51, (M - 51) * sizeof *heard);
	coded(LAW_A);
	assert_int_equal(measure_find(sent, N, heard, M).delay, 99);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_probe_has_its_level_and_resembles_only_itself),
		cmocka_unit_test(delay_and_gain_are_found),
		cmocka_unit_test(what_is_not_there_is_not_found),
		cmocka_unit_test(an_echo_has_its_loss_also_in_parts),
		cmocka_unit_test(a_lost_sample_is_seen),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
