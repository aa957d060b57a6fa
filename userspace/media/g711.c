// SPDX-License-Identifier: GPL-3.0-or-later
#include "media/g711.h"
#include <spandsp/telephony.h>
#include <spandsp/bit_operations.h>
#include <spandsp/g711.h>

#define SIGN       0x80
#define EVEN_BITS  0x55 /* inverted in A-law */
#define ULAW_BIAS  33   /* of 14 bit magnitudes: makes every segment begin at a power of two */
#define ULAW_CLIP  0x1fff

int16_t law_linear[LAWS][256];
uint8_t law_other[LAWS][256];
const uint8_t law_idle[LAWS] = {[LAW_U] = 0xff, [LAW_A] = 0xd5};

/* Magnitudes of negative values are those of the one's complement, so that both signs have intervals of one size. */
static unsigned magnitude(int16_t linear)
{
	return (unsigned)(linear < 0 ? ~linear : linear);
}

static unsigned highest_bit(unsigned v)
{
	return 31 - (unsigned)__builtin_clz(v);
}

static uint8_t alaw_octet(int16_t linear)
{
	unsigned m = magnitude(linear) >> 4; /* 11 bits */
	unsigned segment = m > 31 ? highest_bit(m) - 3 : m >> 4;
	unsigned step = m > 31 ? m >> (segment - 1) & 15 : m & 15;
	return (uint8_t)((segment << 4 | step | (linear < 0 ? 0 : SIGN)) ^ EVEN_BITS);
}

static uint8_t ulaw_octet(int16_t linear)
{
	unsigned m = (magnitude(linear) >> 2) + ULAW_BIAS; /* 13 bits */
	if (m > ULAW_CLIP)
		m = ULAW_CLIP;
	unsigned segment = highest_bit(m) - 5;
	return (uint8_t)~(segment << 4 | (m >> (segment + 1) & 15) | (linear < 0 ? SIGN : 0));
}

static int16_t alaw_linear(uint8_t octet)
{
	unsigned segment = (octet ^ EVEN_BITS) >> 4 & 7, step = (octet ^ EVEN_BITS) & 15;
	unsigned m = (step << 4) + 8;
	if (segment)
		m = (m + 0x100) << (segment - 1);
	return (int16_t)(octet & SIGN ? (int)m : -(int)m);
}

static int16_t ulaw_linear(uint8_t octet)
{
	unsigned segment = ~octet >> 4 & 7, step = ~octet & 15;
	unsigned m = ((step << 1) + ULAW_BIAS) << segment;
	m = (m - ULAW_BIAS) << 2;
	return (int16_t)(octet & SIGN ? (int)m : -(int)m);
}

__attribute__((constructor)) static void make_tables(void)
{
	for (unsigned i = 0; i < 256; i++) {
		uint8_t octet = (uint8_t)i;
		law_linear[LAW_A][i] = alaw_linear(octet);
		law_linear[LAW_U][i] = ulaw_linear(octet);
		law_other[LAW_A][i] = alaw_to_ulaw(octet);
		law_other[LAW_U][i] = ulaw_to_alaw(octet);
	}
}

uint8_t law_octet(enum law law, int16_t linear)
{
	return law == LAW_A ? alaw_octet(linear) : ulaw_octet(linear);
}

void law_decode(enum law law, int16_t *out, const uint8_t *in, size_t n)
{
	const int16_t *table = law_linear[law];
	for (size_t i = 0; i < n; i++)
		out[i] = table[in[i]];
}

void law_encode(enum law law, uint8_t *out, const int16_t *in, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = law_octet(law, in[i]);
}

void law_convert(enum law law, uint8_t *out, const uint8_t *in, size_t n)
{
	const uint8_t *table = law_other[law];
	for (size_t i = 0; i < n; i++)
		out[i] = table[in[i]];
}
