// SPDX-License-Identifier: GPL-3.0-or-later
/* Concealment: nothing lost, nothing changed; what is lost sounds like what came before, and fades. */
#include "unit.h"
#include "media/conceal.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PACKET 160

/* Something voiced: a pitch of 100 Hz with harmonics. */
static void voice(uint8_t *out, unsigned from, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		double t = 2 * M_PI * 100 * (from + i) / 8000;
		out[i] = law_octet(LAW_A, (int16_t)(5000 * sin(t) + 3000 * sin(3 * t) + 1000 * sin(7 * t)));
	}
}

static double rms(const uint8_t *octets, unsigned n)
{
	double power = 0;
	for (unsigned i = 0; i < n; i++)
		power += (double)law_linear[LAW_A][octets[i]] * law_linear[LAW_A][octets[i]];
	return sqrt(power / n);
}

static void without_loss_octets_stay(void **state)
{
	struct conceal c;
	uint8_t in[PACKET], octets[PACKET];
	conceal_init(&c, LAW_A);
	for (unsigned at = 0; at < 8000; at += PACKET) {
		voice(in, at, PACKET);
		memcpy(octets, in, PACKET);
		for (unsigned i = 0; i < PACKET; i += 8)
			conceal_heard(&c, octets + i, 8);
		assert_memory_equal(octets, in, PACKET);
	}
}

/* A lost packet of a steady voice is filled by what comes near it: the difference is far weaker than silence would make it. */
static void a_lost_packet_is_filled(void **state)
{
	struct conceal c;
	uint8_t octets[PACKET], made[PACKET];
	conceal_init(&c, LAW_A);
	for (unsigned at = 0; at < 1600; at += PACKET) {
		voice(octets, at, PACKET);
		conceal_heard(&c, octets, PACKET);
	}
	voice(octets, 1600, PACKET);
	for (unsigned i = 0; i < PACKET; i += 8)
		conceal_fill(&c, made + i, 8);
	double error = 0;
	for (unsigned i = 0; i < PACKET; i++)
		error += pow(law_linear[LAW_A][octets[i]] - law_linear[LAW_A][made[i]], 2);
	assert_true(sqrt(error / PACKET) < rms(octets, PACKET) / 2);
	voice(octets, 1600 + PACKET, PACKET);
	uint8_t in[PACKET];
	memcpy(in, octets, PACKET);
	conceal_heard(&c, octets, PACKET);
	assert_memory_equal(octets + 40, in + 40, PACKET - 40);
	memcpy(octets, in, PACKET);
	conceal_heard(&c, octets, PACKET);
	assert_memory_equal(octets, in, PACKET);
}

static void a_long_loss_fades(void **state)
{
	struct conceal c;
	uint8_t octets[PACKET];
	conceal_init(&c, LAW_A);
	for (unsigned at = 0; at < 1600; at += PACKET) {
		voice(octets, at, PACKET);
		conceal_heard(&c, octets, PACKET);
	}
	double before = rms(octets, PACKET), now = 0;
	for (unsigned i = 0; i < 4; i++) {
		conceal_fill(&c, octets, PACKET);
		now = rms(octets, PACKET);
		assert_true(now < before * 1.2);
	}
	assert_true(now < before / 100);
}

static void a_loss_before_anything_came_is_silence(void **state)
{
	struct conceal c;
	uint8_t octets[PACKET];
	conceal_init(&c, LAW_U);
	conceal_fill(&c, octets, PACKET);
	for (unsigned i = 0; i < PACKET; i++)
		assert_in_range(abs(law_linear[LAW_U][octets[i]]), 0, 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_loss_octets_stay),
		cmocka_unit_test(a_lost_packet_is_filled),
		cmocka_unit_test(a_long_loss_fades),
		cmocka_unit_test(a_loss_before_anything_came_is_silence),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
