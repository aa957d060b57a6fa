/* SPDX-License-Identifier: GPL-3.0-or-later */
/* G.711 (ITU-T, 11/88): A-law and mu-law, to and from 16 bit linear and to each other. Octets are as on the wire: even bits of A-law
 * inverted, mu-law complemented. The tables are there before main() runs. */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum law {
	LAW_U,
	LAW_A,
	LAWS,
};

/* The linear value of an octet (tables 1 and 2), left-justified in 16 bits. */
extern int16_t law_linear[LAWS][256];
/* The octet of the other law (tables 3 and 4): what is exact without going over linear. */
extern uint8_t law_other[LAWS][256];
/* What an idle channel carries. */
extern const uint8_t law_idle[LAWS];

/* The octet whose interval a linear value falls into. */
uint8_t law_octet(enum law law, int16_t linear);

void law_decode(enum law law, int16_t *out, const uint8_t *in, size_t n);
void law_encode(enum law law, uint8_t *out, const int16_t *in, size_t n);
/* From law `law` to the other one; `out` may be `in`. */
void law_convert(enum law law, uint8_t *out, const uint8_t *in, size_t n);
